/* SPDX-License-Identifier: Apache-2.0 */
#include "drivers/sqlite/open.h"

#include <stdbool.h>
#include <stddef.h>

enum { PIECE_SIZE = 4096 };

int sqlite_open(const char *path, int flags, const char *vfs, sqlite3 **ret_db)
{
    int code = sqlite3_open_v2(path, ret_db, flags, vfs);
    if (*ret_db != NULL) {
        (void)sqlite3_db_config(*ret_db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
    }
    return code;
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
    code = sqlite3_wal_checkpoint_v2(db, NULL, SQLITE_CHECKPOINT_TRUNCATE, NULL, NULL);
    if (code == SQLITE_OK) {
        (void)sqlite3_db_config(db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 0, NULL);
    }
    return code;
}

const char *sqlite_why(sqlite3 *db, int code)
{
    const bool told = (sqlite3_errcode(db) & 0xFF) == (code & 0xFF);
    return told ? sqlite3_errmsg(db) : sqlite3_errstr(code);
}
