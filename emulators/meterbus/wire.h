/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SHILLING_EMULATORS_METERBUS_WIRE_H
#define SHILLING_EMULATORS_METERBUS_WIRE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/compiler.h"

/*
 * The wire: a pseudo-terminal that behaves like a half-duplex RS-485 line. A pty hands over bytes
 * at once, so every byte gets the moment at which its stop bit would have ended, and exists for
 * the emulator or for the host only from then on. Moments are absolute: a late wake-up makes one
 * byte late, never the next ones.
 */
enum {
    WIRE_BITS_PER_BYTE = 11,      /* start, 8 data, even parity, stop */
    WIRE_RECEIVED_MAX = 4096,     /* bytes on their way in: what one write to a pty can hold */
    WIRE_TRANSMISSIONS_MAX = 16,  /* two meters with one address and late replies under way */
    WIRE_TRANSMISSION_BYTES = 512 /* FE, noise, a frame of 267 bytes, trailing bytes */
};

struct wire_byte {
    uint8_t byte;
    bool garbled;     /* collided, or came at a speed that is no one's */
    int64_t start_ns; /* its start bit began */
    int64_t end_ns;   /* its stop bit ended: now it is heard */
    uint32_t baud;    /* the host's speed */
};

struct transmission {
    int64_t start_ns;
    uint32_t baud;
    size_t size;   /* 0 = free */
    size_t at;     /* the next byte */
    size_t gap_at; /* a pause before this byte */
    int64_t gap_ns;
    uint8_t bytes[WIRE_TRANSMISSION_BYTES];
};

struct wire_stats {
    uint64_t received;
    uint64_t sent;
    uint64_t garbled;
    uint64_t dropped; /* nobody took them, or too many at once */
    int64_t received_ns;
    int64_t sent_ns;
    int64_t late_ns_max; /* the latest byte sent */
    int64_t late_ns_sum;
};

struct wire {
    int master_fd;
    int slave_fd;          /* held open, so that the host may come and go */
    const char *link_path; /* borrowed; NULL = none */
    int64_t free_ns;       /* the host's last byte has ended */
    int64_t busy_until_ns; /* our last byte has ended */
    struct wire_byte received[WIRE_RECEIVED_MAX];
    size_t received_at;
    size_t received_count;
    struct transmission transmissions[WIRE_TRANSMISSIONS_MAX];
    struct wire_stats stats;
};

/** Duration of one byte. */
int64_t wire_byte_ns(uint32_t baud);

/** Open the pty; @p link_path (may be NULL) becomes a symbolic link to it. False: errno. */
MUST_CHECK bool wire_open(struct wire *wire, const char *link_path);
void wire_close(struct wire *wire);

/** The pty's name, valid until the wire is closed; NULL on failure. */
const char *wire_slave_name(const struct wire *wire);

/** Take what the host has written, at @p now_ns. */
void wire_receive(struct wire *wire, int64_t now_ns);

/** The next byte whose stop bit has ended by @p now_ns; false if there is none. */
MUST_CHECK bool wire_byte_take(struct wire *wire, int64_t now_ns, struct wire_byte *ret_byte);

/** Queue a transmission (its `at` is set here); false if too many are under way. */
MUST_CHECK bool wire_send(struct wire *wire, const struct transmission *transmission);

/** Hand the host the bytes that have ended by @p now_ns. */
void wire_transmit(struct wire *wire, int64_t now_ns);

/** The next moment at which a byte ends, in or out; INT64_MAX if the wire is silent. */
int64_t wire_next_ns(const struct wire *wire);

#endif
