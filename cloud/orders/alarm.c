/* SPDX-License-Identifier: Apache-2.0 */
#include "cloud/orders/alarm.h"

#include "common/log.h"

static enum err look_open(struct db *db, const char *kind, const char *subject, bool *ret_is_open)
{
    struct sql *sql =
        sql_begin(db, "SELECT 1 FROM alarm WHERE kind = ?1 AND subject = ?2 AND ended_at IS NULL");
    sql_bind_text(sql, 1, kind);
    sql_bind_text(sql, 2, subject);
    enum err err = sql_one(sql);
    sql_end(sql);
    *ret_is_open = err == OK;
    return err == ERR_NOT_FOUND ? OK : err;
}

enum err alarm_raise(struct db *db, const char *kind, const char *subject, const char *text)
{
    bool was_open = false;
    enum err err = look_open(db, kind, subject, &was_open);
    if (err != OK) {
        return err;
    }
    struct sql *sql = sql_begin(
        db, "INSERT INTO alarm (kind, subject, text, first_at, last_at) VALUES (?1, ?2, ?3, ?4, ?4)"
            " ON CONFLICT (kind, subject) DO UPDATE SET count = count + 1, text = excluded.text,"
            " last_at = excluded.last_at, ended_at = NULL");
    sql_bind_text(sql, 1, kind);
    sql_bind_text(sql, 2, subject);
    sql_bind_text(sql, 3, text);
    sql_bind_i64(sql, 4, db_wall_s(db));
    err = sql_run(sql);
    if (err == OK && !was_open) {
        log_error("alarm %s %s: %s", kind, subject, text);
    }
    return err;
}

enum err alarm_begin(struct db *db, const char *kind, const char *subject, const char *text)
{
    bool is_open = false;
    enum err err = look_open(db, kind, subject, &is_open);
    return err != OK || is_open ? err : alarm_raise(db, kind, subject, text);
}

enum err alarm_end(struct db *db, const char *kind, const char *subject)
{
    struct sql *sql = sql_begin(db, "UPDATE alarm SET ended_at = ?3"
                                    " WHERE kind = ?1 AND subject = ?2 AND ended_at IS NULL");
    sql_bind_text(sql, 1, kind);
    sql_bind_text(sql, 2, subject);
    sql_bind_i64(sql, 3, db_wall_s(db));
    int64_t ended = 0;
    enum err err = sql_run_counted(sql, &ended);
    if (err == OK && ended > 0) {
        log_info("alarm %s %s: over", kind, subject);
    }
    return err;
}
