/* SPDX-License-Identifier: Apache-2.0 */
#include "cloud/orders/alarm.h"

#include "common/log.h"

enum err alarm_raise(struct db *db, const char *kind, const char *subject, const char *text)
{
    struct sql *sql = sql_begin(
        db, "INSERT INTO alarm (kind, subject, text, first_at, last_at) VALUES (?1, ?2, ?3, ?4, ?4)"
            " ON CONFLICT (kind, subject) DO UPDATE SET count = count + 1, text = excluded.text,"
            " last_at = excluded.last_at RETURNING count");
    sql_bind_text(sql, 1, kind);
    sql_bind_text(sql, 2, subject);
    sql_bind_text(sql, 3, text);
    sql_bind_i64(sql, 4, db_wall_s(db));
    enum err err = sql_one(sql);
    if (err == OK && sql_i64(sql, 0) == 1) {
        log_error("alarm %s %s: %s", kind, subject, text);
    }
    sql_end(sql);
    return err;
}
