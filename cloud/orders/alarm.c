/* SPDX-License-Identifier: Apache-2.0 */
#include "cloud/orders/alarm.h"

#include "common/log.h"

static enum err raise_again(struct db *db, const char *kind, const char *subject, const char *text,
                            int64_t *ret_open)
{
    struct sql *sql = sql_begin(db, "UPDATE alarm SET count = count + 1, text = ?3, last_at = ?4"
                                    " WHERE kind = ?1 AND subject = ?2 AND ended_at IS NULL");
    sql_bind_text(sql, 1, kind);
    sql_bind_text(sql, 2, subject);
    sql_bind_text(sql, 3, text);
    sql_bind_i64(sql, 4, db_wall_s(db));
    return sql_run_counted(sql, ret_open);
}

enum err alarm_raise(struct db *db, const char *kind, const char *subject, const char *text)
{
    int64_t open = 0;
    enum err err = raise_again(db, kind, subject, text, &open);
    if (err != OK || open > 0) {
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
    if (err == OK) {
        log_error("alarm %s %s: %s", kind, subject, text);
    }
    return err;
}

enum err alarm_begin(struct db *db, const char *kind, const char *subject, const char *text)
{
    struct sql *sql =
        sql_begin(db, "SELECT 1 FROM alarm WHERE kind = ?1 AND subject = ?2 AND ended_at IS NULL");
    sql_bind_text(sql, 1, kind);
    sql_bind_text(sql, 2, subject);
    enum err err = sql_one(sql);
    sql_end(sql);
    return err == ERR_NOT_FOUND ? alarm_raise(db, kind, subject, text) : err;
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
