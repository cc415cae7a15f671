/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SHILLING_PRINTER_LINK_LINK_H
#define SHILLING_PRINTER_LINK_LINK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/compiler.h"
#include "common/err.h"

/*
 * The wire to the printer: TCP (port 9100) or a device file: a serial line, a pseudo-terminal, or
 * a printer-class device. Nothing here ever blocks: a printer without paper takes no bytes for
 * hours.
 */

enum { LINK_ADDRESS_SIZE = 64, LINK_DEVICE_SIZE = 256 };

enum link_flow {
    LINK_FLOW_NONE,
    LINK_FLOW_RTS, /* RTS/CTS; the printer's DTR wired to our CTS */
    LINK_FLOW_XON, /* XON/XOFF from the printer; status bytes are never 11h or 13h */
    LINK_FLOW_COUNT
};

struct link_config {
    bool is_tcp;
    char address[LINK_ADDRESS_SIZE]; /* of the printer, IPv4 or IPv6 in numbers */
    uint16_t port;
    char device[LINK_DEVICE_SIZE];
    uint32_t baud; /* serial lines only: 9600, 19200, 38400, 57600, 115200 */
    enum link_flow flow;
};

/** True if @p address is one: names are not looked up, a dead name server must not stop a till. */
bool link_address_is_valid(const char *address);
bool link_baud_is_valid(uint32_t baud);

/**
 * Begin to open. A device is open at once; for TCP wait until the descriptor is writable, then
 * call link_finish_open().
 *
 * @param ret_fd  @own, link_close()
 * @return ERR_NOT_FOUND (no such device), ERR_DENIED, ERR_CONFLICT (in use), ERR_UNAVAILABLE
 *         (refused), ERR_IO. Blocks: no. Allocates: no.
 */
MUST_CHECK enum err link_open(const struct link_config *config, int *ret_fd);

/** OK if the connection stands. Blocks: no. Allocates: no. */
MUST_CHECK enum err link_finish_open(const struct link_config *config, int fd);

/** @return OK (@p ret_size >= 1), ERR_TIMEOUT (nothing now), ERR_IO (the link is gone) */
MUST_CHECK enum err link_read(int fd, uint8_t *ret_bytes, size_t bytes_size, size_t *ret_size);
MUST_CHECK enum err link_write(int fd, const uint8_t *bytes, size_t size, size_t *ret_size);

/** Close in order: TCP says goodbye first. -1 is fine. Blocks: no. */
void link_close(const struct link_config *config, int fd);

#endif
