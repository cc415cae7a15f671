/* SPDX-License-Identifier: Apache-2.0 */
#include "cloud/catalog/usage.h"

#include "common/civil.h"

enum {
    DAY_S = 86400,
    /* The days of a month and one before, so that the first day's use can be told. */
    ROWS_MAX = 33,
};

struct day_row {
    int64_t day;
    bool has_first;
    int64_t first_e4;
    int64_t last_e4;
};

static int64_t day_of(int64_t wall_s)
{
    return (wall_s + CIVIL_BEIJING_OFFSET_S) / DAY_S;
}

static enum err load_rows(struct db *db, const char *meter_id, int64_t from_day, int64_t to_day,
                          struct day_row rows[ROWS_MAX], size_t *ret_count)
{
    struct sql *sql = sql_begin(db, "SELECT day, first_e4, last_e4 FROM meter_day"
                                    " WHERE meter_id = ?1 AND day BETWEEN ?2 AND ?3 ORDER BY day");
    sql_bind_text(sql, 1, meter_id);
    sql_bind_i64(sql, 2, from_day);
    sql_bind_i64(sql, 3, to_day);
    size_t count = 0;
    bool row = false;
    enum err err = sql_next(sql, &row);
    while (err == OK && row && count < ROWS_MAX) {
        rows[count++] = (struct day_row){.day = sql_i64(sql, 0),
                                         .has_first = !sql_is_null(sql, 1),
                                         .first_e4 = sql_i64(sql, 1),
                                         .last_e4 = sql_i64(sql, 2)};
        err = sql_next(sql, &row);
    }
    *ret_count = count;
    return err;
}

/* A register that fell belongs to another meter now. */
static int64_t rise(int64_t from_e4, int64_t to_e4)
{
    return to_e4 > from_e4 ? to_e4 - from_e4 : 0;
}

/*
 * What a bar shows. False if it cannot be told: only the day's end is known, and nothing of the day
 * before.
 */
static bool use_of(const struct day_row *row, const struct day_row *before, int64_t *ret_use_e4)
{
    bool adjacent = before != NULL && before->day == row->day - 1;
    if (!adjacent && !row->has_first) {
        return false;
    }
    *ret_use_e4 = rise(adjacent ? before->last_e4 : row->first_e4, row->last_e4);
    return true;
}

/*
 * What the month's sum takes: since the last day that is known, however long ago. Days without a
 * reading make no tall bar, but what was used in them was used. False as above.
 */
static bool use_since(const struct day_row *row, const struct day_row *before, int64_t *ret_use_e4)
{
    if (before == NULL && !row->has_first) {
        return false;
    }
    *ret_use_e4 = rise(before != NULL ? before->last_e4 : row->first_e4, row->last_e4);
    return true;
}

static void add_day(struct usage *usage, int64_t today, const struct day_row *row, int64_t use_e4)
{
    usage->days[usage->day_count++] = (struct usage_day){row->day, use_e4};
    if (row->day == today) {
        usage->has_today = true;
        usage->today_e4 = use_e4;
    } else {
        usage->whole_day_count += 1;
        usage->whole_days_e4 += use_e4;
    }
}

enum err usage_get(struct db *db, const char *meter_id, int64_t wall_s, struct usage *ret_usage)
{
    struct day_row rows[ROWS_MAX];
    size_t count = 0;
    int64_t today = day_of(wall_s);
    struct civil now = civil_beijing(wall_s);
    int64_t month_first = today - (now.day - 1);
    int64_t bars_first = today - (USAGE_DAYS - 1);
    int64_t first = month_first < bars_first ? month_first : bars_first;
    enum err err = load_rows(db, meter_id, first - 1, today, rows, &count);
    if (err != OK) {
        return err;
    }
    struct usage usage = {0};
    for (size_t i = 0; i < count; i++) {
        const struct day_row *before = i > 0 ? &rows[i - 1] : NULL;
        int64_t use_e4 = 0;
        if (rows[i].day >= bars_first && use_of(&rows[i], before, &use_e4)) {
            add_day(&usage, today, &rows[i], use_e4);
        }
        if (rows[i].day >= month_first && use_since(&rows[i], before, &use_e4)) {
            usage.has_month = true;
            usage.month_e4 += use_e4;
        }
    }
    *ret_usage = usage;
    return OK;
}

enum err usage_note(struct db *db, const char *meter_id, int64_t energy_e4, int64_t read_at)
{
    struct sql *sql =
        sql_begin(db, "INSERT INTO meter_day (meter_id, day, first_e4, last_e4, last_at)"
                      " VALUES (?1, ?2, ?3, ?3, ?4) ON CONFLICT (meter_id, day) DO UPDATE SET"
                      " last_e4 = ?3, last_at = ?4, first_e4 = min(coalesce(first_e4, ?3), ?3) "
                      "WHERE last_at <= ?4");
    sql_bind_text(sql, 1, meter_id);
    sql_bind_i64(sql, 2, day_of(read_at));
    sql_bind_i64(sql, 3, energy_e4);
    sql_bind_i64(sql, 4, read_at);
    return sql_run(sql);
}

enum err usage_note_midnight(struct db *db, const char *meter_id, int64_t energy_e4,
                             int64_t midnight_s)
{
    struct sql *sql =
        sql_begin(db, "INSERT INTO meter_day (meter_id, day, first_e4, last_e4, last_at)"
                      " VALUES (?1, ?2, NULL, ?3, ?4) ON CONFLICT (meter_id, day) DO UPDATE SET"
                      " last_e4 = ?3, last_at = ?4 WHERE last_at <= ?4 AND last_e4 <= ?3");
    sql_bind_text(sql, 1, meter_id);
    sql_bind_i64(sql, 2, day_of(midnight_s) - 1);
    sql_bind_i64(sql, 3, energy_e4);
    sql_bind_i64(sql, 4, midnight_s);
    return sql_run(sql);
}
