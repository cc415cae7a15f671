/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The relay job of a meter as a row. Each change is one commit with its reason: a posting, a
 * reading. What follows - sending - is a job, so a crash in between loses nothing.
 */
#include "cloud/orders/relay_store.h"

#include "cloud/catalog/catalog.h"
#include "cloud/orders/alarm.h"
#include "cloud/orders/number.h"
#include "common/must.h"
#include "common/str.h"

enum { EPOCH_SHIFT = 24 /* sixteen million wishes for each of 36 epochs, in 32 bits */ };

enum err relay_store_load(struct db *db, const char *meter_id, struct relay_row *ret_row)
{
    struct sql *sql =
        sql_begin(db, "SELECT want, seen, generation, tries, settled, button, alarmed, wanted_ms,"
                      " order_no FROM relay_job WHERE meter_id = ?1");
    sql_bind_text(sql, 1, meter_id);
    enum err err = sql_one(sql);
    if (err == ERR_NOT_FOUND) {
        *ret_row = (struct relay_row){0};
        return OK;
    }
    if (err != OK) {
        return err;
    }
    const int64_t want = sql_i64(sql, 0);
    const int64_t seen = sql_i64(sql, 1);
    struct relay_row row = {.wanted_ms = sql_i64(sql, 7)};
    row.job = (struct relay_job){
        .want = (enum relay_state)want,
        .seen = (enum relay_state)seen,
        .generation = (uint32_t)sql_i64(sql, 2),
        .tries = (uint32_t)sql_i64(sql, 3),
        .settled = sql_bool(sql, 4),
        .button = sql_bool(sql, 5),
        .alarmed = sql_bool(sql, 6),
    };
    bool good = sql_copy_text(sql, 8, row.order_no, sizeof(row.order_no)) &&
                row.job.want < RELAY_STATE_COUNT && row.job.seen < RELAY_STATE_COUNT;
    sql_end(sql);
    *ret_row = row;
    return good ? OK : ERR_CHECKSUM;
}

static enum err save(struct db *db, const char *meter_id, const struct relay_row *row)
{
    struct sql *sql = sql_begin(
        db, "INSERT INTO relay_job (meter_id, want, seen, generation, tries, settled, button,"
            " alarmed, wanted_ms, order_no) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)"
            " ON CONFLICT (meter_id) DO UPDATE SET want = ?2, seen = ?3, generation = ?4,"
            " tries = ?5, settled = ?6, button = ?7, alarmed = ?8, wanted_ms = ?9, order_no = ?10");
    sql_bind_text(sql, 1, meter_id);
    sql_bind_i64(sql, 2, (int64_t)row->job.want);
    sql_bind_i64(sql, 3, (int64_t)row->job.seen);
    sql_bind_i64(sql, 4, row->job.generation);
    sql_bind_i64(sql, 5, row->job.tries);
    sql_bind_bool(sql, 6, row->job.settled);
    sql_bind_bool(sql, 7, row->job.button);
    sql_bind_bool(sql, 8, row->job.alarmed);
    sql_bind_i64(sql, 9, row->wanted_ms);
    sql_bind_text(sql, 10, row->order_no);
    return sql_run(sql);
}

/* The order whose payment asked for supply shows the relay: it has news, too. */
static enum err wake_order(struct orders *orders, struct db *db, const char *order_no)
{
    if (order_no[0] == '\0') {
        return OK;
    }
    struct sql *sql =
        sql_begin(db, "UPDATE pay_order SET version = version + 1 WHERE order_no = ?1");
    sql_bind_text(sql, 1, order_no);
    enum err err = sql_run(sql);
    news_changed(orders->news, db, order_no);
    return err;
}

static enum err carry_out(struct orders *orders, struct db *db, const char *meter_id,
                          const struct relay_row *row, uint32_t intents)
{
    const struct relay_waits *waits = &orders_timers(orders)->relay;
    const int64_t now_ms = db_service_ms(db);
    enum err err = OK;
    if (row->job.settled) {
        err = job_delete(db, JOB_RELAY, meter_id);
    } else if ((intents & RELAY_DO_SEND) != 0) {
        err = job_put(orders->setup.jobs, db, JOB_RELAY, meter_id, now_ms);
    } else if ((intents & RELAY_DO_WAIT) != 0) {
        err = job_put(orders->setup.jobs, db, JOB_RELAY, meter_id,
                      now_ms + relay_wait_ms(&row->job, waits));
    }
    if (err == OK && (intents & RELAY_DO_ALARM) != 0) {
        err = alarm_raise(db, "relay_stuck", meter_id, "supply was not switched for 15 minutes");
    }
    return err == OK && (intents & RELAY_DO_NEWS) != 0 ? wake_order(orders, db, row->order_no)
                                                       : err;
}

/* A wish that is new begins its own time. */
static enum err begin_wish(struct db *db, const char *meter_id, struct relay_row *row,
                           const char *order_no)
{
    struct catalog_meter meter;
    enum err err = catalog_meter_get(db, meter_id, &meter);
    if (err != OK) {
        return err;
    }
    row->wanted_ms = db_service_ms(db);
    row->job.button = meter.profile.relay_how == CATALOG_RELAY_1B;
    bool fits = str_copy(row->order_no, sizeof(row->order_no), order_no);
    MUST(fits);
    return OK;
}

/*
 * Collectors carry out no wish below the newest they know, and that may be one which a restored
 * database has lost. So each epoch's wishes begin above all that the epochs before it had.
 */
static enum err raise_generation(struct db *db, struct relay_row *row, bool *ret_changed)
{
    int64_t epoch = 0;
    enum err err = number_epoch(db, &epoch);
    const uint32_t first = (uint32_t)epoch << EPOCH_SHIFT;
    if (err == OK && row->job.generation < first) {
        row->job.generation = first;
        *ret_changed = true;
    }
    return err;
}

enum err relay_store_tell(struct orders *orders, struct db *db, const char *meter_id,
                          enum relay_event event, const char *order_no)
{
    struct relay_row row;
    enum err err = relay_store_load(db, meter_id, &row);
    if (err != OK) {
        return err;
    }
    const uint32_t generation = row.job.generation;
    struct relay_step step = {0};
    row.job = relay_apply(&row.job, event, db_service_ms(db) - row.wanted_ms,
                          &orders_timers(orders)->relay, &step);
    if (row.job.generation != generation) {
        err = begin_wish(db, meter_id, &row, order_no);
    }
    if (err == OK && row.job.want != RELAY_UNKNOWN && !row.job.settled) {
        err = raise_generation(db, &row, &step.changed);
    }
    if (err == OK && step.changed) {
        err = save(db, meter_id, &row);
    }
    return err == OK ? carry_out(orders, db, meter_id, &row, step.intents) : err;
}

/* True if the meter's supply is off or was ordered off, as far as we know. */
static enum err is_cut_off(struct db *db, const char *meter_id, bool *ret_cut_off)
{
    struct relay_row row;
    struct catalog_state state;
    enum err err = relay_store_load(db, meter_id, &row);
    if (err == OK) {
        err = catalog_state_get(db, meter_id, &state);
    }
    if (err == OK) {
        *ret_cut_off = state.relay == API_RELAY_OPEN || row.job.want == RELAY_OPEN ||
                       row.job.seen == RELAY_OPEN;
    }
    return err;
}

enum err relay_store_paid(struct orders *orders, struct db *db, const char *meter_id,
                          const char *order_no, struct money balance)
{
    struct catalog_meter meter;
    bool cut_off = false;
    enum err err = catalog_meter_get(db, meter_id, &meter);
    if (err != OK || meter.profile.relay_how == CATALOG_RELAY_NONE || balance.fen <= 0) {
        return err;
    }
    err = is_cut_off(db, meter_id, &cut_off);
    return err == OK && cut_off
               ? relay_store_tell(orders, db, meter_id, RELAY_EV_WANT_CLOSED, order_no)
               : err;
}

enum err relay_store_used(struct orders *orders, struct db *db, const char *meter_id,
                          struct money balance)
{
    struct catalog_meter meter;
    struct relay_row row;
    if (!orders->setup.options.cut_off || balance.fen > 0) {
        return OK;
    }
    enum err err = catalog_meter_get(db, meter_id, &meter);
    if (err == OK) {
        err = relay_store_load(db, meter_id, &row);
    }
    if (err != OK || meter.profile.relay_how == CATALOG_RELAY_NONE || row.job.want == RELAY_OPEN) {
        return err;
    }
    return relay_store_tell(orders, db, meter_id, RELAY_EV_WANT_OPEN, "");
}
