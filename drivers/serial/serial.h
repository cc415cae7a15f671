/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SHILLING_DRIVERS_SERIAL_SERIAL_H
#define SHILLING_DRIVERS_SERIAL_SERIAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/compiler.h"
#include "common/err.h"

/*
 * A serial line to meters: raw bytes, 8 data bits, even parity, one stop bit (DL/T 645-2007 5.1.2),
 * no flow control. The port is a file descriptor for poll(); reads and writes never block.
 */

enum { SERIAL_BITS_PER_BYTE = 11 /* start, 8 data, parity, stop */ };

/** What the system made of the settings. */
struct serial_report {
    bool parity_kept; /* false on a pseudo-terminal, and on adapters without parity: only warn */
    bool speed_kept;
};

/**
 * True if @p baud is a rate that serial_open() can set (300..115200 in the usual steps).
 * Blocks: no. Allocates: no.
 */
bool serial_baud_is_valid(uint32_t baud);

/**
 * Open @p device for this process alone and set it up.
 *
 * Exclusive: TIOCEXCL, and an advisory lock because TIOCEXCL does not stop root. Close with
 * serial_close().
 *
 * @return OK; ERR_NOT_FOUND (no such device), ERR_DENIED (rights), ERR_CONFLICT (another process
 *         has it), ERR_FORMAT (not a serial line), ERR_RANGE (@p baud), ERR_IO
 * Blocks: no. Allocates: no.
 */
MUST_CHECK enum err serial_open(const char *device, uint32_t baud, struct serial_report *ret_report,
                                int *ret_fd);

/** Change the speed. Bytes in the buffers are dropped. Blocks: no. Allocates: no. */
MUST_CHECK enum err serial_set_baud(int fd, uint32_t baud);

/** Forget received bytes that nobody read. Blocks: no. Allocates: no. */
void serial_discard_input(int fd);

/**
 * Hand all @p size bytes to the line. They leave it over the following serial_wire_ms().
 *
 * @return OK; ERR_IO (the device is gone; some bytes may have left), ERR_TIMEOUT (it takes none)
 * Blocks: until the driver's buffer has taken them, at most @p timeout_ms. Allocates: no.
 */
MUST_CHECK enum err serial_write(int fd, const uint8_t *bytes, size_t size, int timeout_ms);

/**
 * Wait for bytes and read what is there.
 *
 * @param timeout_ms  0: do not wait
 * @return OK; ERR_TIMEOUT (nothing came), ERR_IO (the device is gone)
 * Blocks: at most @p timeout_ms. Allocates: no.
 */
MUST_CHECK enum err serial_read(int fd, uint8_t *ret_bytes, size_t bytes_size, int timeout_ms,
                                size_t *ret_size);

/** Close; -1 is fine. Blocks: no (what is still to be sent is dropped). Allocates: no. */
void serial_close(int fd);

/** Milliseconds that @p size bytes take on the wire, rounded up. Blocks: no. Allocates: no. */
int64_t serial_wire_ms(size_t size, uint32_t baud);

#endif
