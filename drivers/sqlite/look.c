/* SPDX-License-Identifier: Apache-2.0 */
#include "drivers/sqlite/look.h"

#include <stddef.h>

#include "drivers/disk/disk.h"

enum { PIECE_SIZE = 4096 };

static bool look_once(sqlite3 *db, const char *text, int64_t *ret_value)
{
    sqlite3_stmt *stmt = NULL;
    bool found = sqlite3_prepare_v2(db, text, -1, &stmt, NULL) == SQLITE_OK &&
                 sqlite3_step(stmt) == SQLITE_ROW;
    if (found) {
        *ret_value = sqlite3_column_int64(stmt, 0);
    }
    (void)sqlite3_finalize(stmt);
    return found;
}

bool sqlite_look(sqlite3 *db, const char *text, int64_t *ret_value)
{
    return look_once(db, text, ret_value) || look_once(db, text, ret_value);
}

bool sqlite_is_damaged(sqlite3 *db, const char *path)
{
    int code = sqlite3_errcode(db) & 0xFF;
    return (code == SQLITE_CORRUPT || code == SQLITE_NOTADB) && disk_can_be_read(path);
}

/* The log's file; NULL: there is none. */
static sqlite3_file *log_of(sqlite3 *db)
{
    sqlite3_file *log = NULL;
    int code = sqlite3_file_control(db, "main", SQLITE_FCNTL_JOURNAL_POINTER, (void *)&log);
    return code == SQLITE_OK && log != NULL && log->pMethods != NULL ? log : NULL;
}

/* The same bytes once more: a hole is closed, and nobody who reads meanwhile sees anything. */
static int write_anew(sqlite3_file *log)
{
    unsigned char piece[PIECE_SIZE];
    sqlite3_int64 size = 0;
    int code = log->pMethods->xFileSize(log, &size);
    for (sqlite3_int64 at = 0; at < size && code == SQLITE_OK; at += PIECE_SIZE) {
        const int count = size - at < PIECE_SIZE ? (int)(size - at) : PIECE_SIZE;
        code = log->pMethods->xRead(log, piece, count, at);
        if (code == SQLITE_OK) {
            code = log->pMethods->xWrite(log, piece, count, at);
        }
    }
    return code == SQLITE_OK && size > 0 ? log->pMethods->xSync(log, SQLITE_SYNC_NORMAL) : code;
}

int sqlite_settle_log(sqlite3 *db)
{
    /* Nobody else writes meanwhile; and it opens the log. */
    int code = sqlite3_exec(db, "BEGIN IMMEDIATE", NULL, NULL, NULL);
    if (code != SQLITE_OK) {
        return code;
    }
    sqlite3_file *log = log_of(db);
    const int written = log != NULL ? write_anew(log) : SQLITE_OK;
    code = sqlite3_exec(db, "COMMIT", NULL, NULL, NULL);
    if (written != SQLITE_OK || code != SQLITE_OK) {
        return written != SQLITE_OK ? written : code;
    }
    return sqlite3_wal_checkpoint_v2(db, NULL, SQLITE_CHECKPOINT_TRUNCATE, NULL, NULL);
}
