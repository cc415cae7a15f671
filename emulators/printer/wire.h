/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SHILLING_EMULATORS_PRINTER_WIRE_H
#define SHILLING_EMULATORS_PRINTER_WIRE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/compiler.h"

/*
 * The far end of the cable: a TCP port for one host at a time, or a pseudo-terminal with a link to
 * it. Bytes are taken no faster than the line carries them and the printer has room for.
 */
enum { WIRE_NAME_SIZE = 4096 };

struct wire {
    bool is_tcp;
    char name[WIRE_NAME_SIZE]; /* host:port, or the link's path */
    uint32_t baud;             /* 0: as fast as they come */
    int listen_fd;             /* TCP */
    int fd;                    /* -1: nobody is connected */
    int slave_fd;              /* kept open, so that a host may come and go without a hang-up */
    int64_t paid_until_us;     /* the line is busy until then */
};

/** Listen on loopback; port 0: the system chooses. False with errno set. */
MUST_CHECK bool wire_open_tcp(struct wire *wire, uint16_t port, uint32_t baud);
/** Make a pseudo-terminal and a symbolic link to it. */
MUST_CHECK bool wire_open_pty(struct wire *wire, const char *link_path, uint32_t baud);
void wire_close(struct wire *wire);
/** What to wait on: the host if one is there, else the port. */
int wire_fd(const struct wire *wire);
/** Let a host in if one knocks. */
void wire_accept(struct wire *wire);
/** The cable is pulled, or the power of the printer: a host notices. */
void wire_hang_up(struct wire *wire);
/** At most @p room bytes that have come by now. */
size_t wire_read(struct wire *wire, uint8_t *ret_bytes, size_t room, int64_t now_us);
/** True if all was sent or the host is gone; false: try again. */
bool wire_write(struct wire *wire, const uint8_t *bytes, size_t size);
/** True if the line's speed, not the host, is what keeps the next byte. */
bool wire_is_paced(const struct wire *wire, int64_t now_us);

#endif
