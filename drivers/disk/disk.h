/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SHILLING_DRIVERS_DISK_DISK_H
#define SHILLING_DRIVERS_DISK_DISK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/compiler.h"
#include "common/err.h"

/* What a program must know of the disk under its files. */

/**
 * Bytes that an unprivileged process may still write on the file system of @p path.
 * @return ERR_NOT_FOUND, ERR_IO. Blocks: one statvfs. Allocates: no.
 */
MUST_CHECK enum err disk_free_bytes(const char *path, uint64_t *ret_bytes);

/**
 * True if @p path lies on a network file system, where locks and shared memory of a database
 * cannot be trusted. False also if it cannot be found out. Blocks: one statfs. Allocates: no.
 */
bool disk_is_network(const char *path);

/**
 * True if the device gives every byte of the file @p path, or there is no such file. SQLite says
 * "malformed" also where a read failed: only what can be read, and is wrong, is damage.
 * Blocks: reads the file. Allocates: no.
 */
MUST_CHECK bool disk_can_be_read(const char *path);

/**
 * Make the creation, renaming or removal of the file @p path durable: sync its folder.
 * @return ERR_IO. Blocks: until synced. Allocates: no.
 */
MUST_CHECK enum err disk_sync_folder_of(const char *path);

/**
 * Replace or create @p path durably with @p size bytes and rights @p mode (0600 for secrets): a
 * new file beside it is written, synced and renamed.
 * @return ERR_DENIED, ERR_FULL, ERR_IO, ERR_RANGE (path too long). Blocks: until synced.
 *         Allocates: no.
 */
MUST_CHECK enum err disk_write_file(const char *path, const void *bytes, size_t size,
                                    unsigned mode);

/**
 * Read a whole file of at most @p size_max bytes; a NUL is added behind them.
 * @param ret_bytes  @own, free()
 * @return ERR_NOT_FOUND, ERR_DENIED, ERR_FULL (longer than @p size_max), ERR_IO, ERR_MEMORY.
 *         Blocks: reads the file. Allocates: yes.
 */
MUST_CHECK enum err disk_read_file(const char *path, size_t size_max, char **ret_bytes,
                                   size_t *ret_size);

#endif
