/* SPDX-License-Identifier: Apache-2.0 */
#include "drivers/sqlite/look.h"

#include <stddef.h>

#include "drivers/disk/disk.h"

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
