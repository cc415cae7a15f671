/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SHILLING_DRIVERS_SQLITE_OPEN_H
#define SHILLING_DRIVERS_SQLITE_OPEN_H

#include <sqlite3.h>

#include "common/compiler.h"

/* How a database is opened that is written to, so that what it promised stays true. */

/**
 * As sqlite3_open_v2(), but until sqlite_settle_log() has succeeded a close leaves the write-ahead
 * log alone. SQLite's own way is to bring it into the file at the last close, although its sync may
 * have failed a moment before, and then to delete it.
 *
 * @param vfs     NULL: the system's files
 * @param ret_db  @own given, after an error as well; sqlite3_close(). NULL: no memory
 * @return an SQLite result code. Blocks: opens a file. Allocates: SQLite.
 */
MUST_CHECK int sqlite_open(const char *path, int flags, const char *vfs, sqlite3 **ret_db);

/**
 * Bring what the write-ahead log holds into the file, synced, and begin an empty log. To be done
 * at each start, before anything is promised: after a sync that failed the kernel shows the bytes
 * of the log that it could not write and takes them for written. A program that starts again, as
 * it should after such an error, would append behind that hole, and the next power cut would end
 * the log there and take away all that came later. Here every page is written anew: first the log
 * itself, because a power cut while its pages are brought into the file would leave some of them
 * there, and no log to mend it with.
 *
 * @return SQLITE_OK, also where there is no log; else the error (sqlite_why() has words): nothing
 *         may be promised. Blocks: until synced. Allocates: SQLite.
 */
MUST_CHECK int sqlite_settle_log(sqlite3 *db);

/**
 * Words for @p code, a result of the last call on @p db: SQLite's own message if it is about that,
 * else the code's general one. Borrowed until the next call on @p db. Blocks: no. Allocates: no.
 */
const char *sqlite_why(sqlite3 *db, int code);

#endif
