/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SHILLING_DRIVERS_SQLITE_LOOK_H
#define SHILLING_DRIVERS_SQLITE_LOOK_H

#include <stdbool.h>
#include <stdint.h>

#include <sqlite3.h>

#include "common/compiler.h"

/*
 * A first look into a database file that may be damaged, or lie on a disk that fails. The two need
 * different advice, and SQLite says "malformed" for both.
 */

/**
 * First column of the first row of @p text, a statement without parameters. A read that the device
 * failed once is asked for once more.
 *
 * @return false if there is no row; sqlite3_errcode() says why. Blocks: reads the file.
 *         Allocates: SQLite.
 */
MUST_CHECK bool sqlite_look(sqlite3 *db, const char *text, int64_t *ret_value);

/**
 * After a statement failed: true if the file @p path of @p db holds wrong bytes, false if the
 * device does not give them, or something else was the matter.
 *
 * Blocks: reads the file. Allocates: no.
 */
MUST_CHECK bool sqlite_is_damaged(sqlite3 *db, const char *path);

#endif
