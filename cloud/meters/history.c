/* SPDX-License-Identifier: Apache-2.0 */

/*
 * One job looks every few seconds for meters that answer and whose past is not read yet, and asks
 * a few of them for a part of it: eight freezes, each with its own time, because a meter that was
 * without power skips days. What a meter does not have it refuses, and then it is done.
 */

#include "cloud/meters/history.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "cloud/catalog/decimal.h"
#include "cloud/catalog/usage.h"
#include "cloud/meters/values.h"
#include "common/civil.h"
#include "common/id.h"
#include "common/log.h"
#include "common/must.h"
#include "common/parse.h"
#include "common/str.h"
#include "drivers/clock/clock_system.h"
#include "protocol/api/value.h"

enum {
    FREEZES = 32,        /* a month and a day, for the use of this month */
    PART = 8,            /* freezes a question: two items each */
    METERS_AT_ONCE = 4,  /* live reads and commands go first anyway */
    ASK_MS = 60000,      /* they wait behind everything else on the bus */
    AGAIN_MS = 120000,   /* for a meter that did not answer */
    SILENT_MS = 1800000, /* ... or nothing: meanwhile the schedule finds out whether it lives */
    TRIES_MAX = 3,       /* some meters say nothing to what they do not have: then there is none */
    LOOK_BUSY_MS = 5000, /* while there is something to do */
    LOOK_IDLE_MS = 60000,
    LEASE_MS = 60000,
    DATE_TEXT_SIZE = 17, /* "2026-11-20 00:00" */
};

static_assert(PART * 2 <= BUS_ITEMS_MAX, "time and value of each");

#define JOB_HISTORY "history"
#define JOB_KEY "look"

struct history {
    struct history_config config;
};

/* A meter that is being asked. */
struct past {
    struct history *history;
    char meter_id[API_ID_SIZE];
    char collector_id[BUS_COLLECTOR_SIZE];
    char address[BUS_METER_SIZE];
    uint32_t first; /* number of the newest freeze asked for, 1.. */
    bool refused;   /* it has none */
    bool silent;    /* it stopped answering on the way */
    struct bus_value values[BUS_VALUES_MAX];
    size_t value_count;
};

/* One look: whom to ask. */
struct look {
    struct history *history;
    struct past *pasts[METERS_AT_ONCE];
    size_t count;
};

static enum err note_asked(struct db *db, const struct past *past)
{
    struct sql *sql =
        sql_begin(db, "INSERT INTO meter_history (meter_id, next, asked_ms, done)"
                      " VALUES (?1, 1, ?2, 0) ON CONFLICT (meter_id) DO UPDATE SET asked_ms = ?2");
    sql_bind_text(sql, 1, past->meter_id);
    sql_bind_i64(sql, 2, db_service_ms(db));
    return sql_run(sql);
}

static enum err take_candidate(struct db *db, struct look *look, const struct sql *sql)
{
    struct past *past = calloc(1, sizeof(*past));
    if (past == NULL) {
        return ERR_MEMORY;
    }
    look->pasts[look->count++] = past;
    past->history = look->history;
    past->first = (uint32_t)sql_i64(sql, 3);
    if (!sql_copy_text(sql, 0, past->meter_id, sizeof(past->meter_id)) ||
        !sql_copy_text(sql, 1, past->collector_id, sizeof(past->collector_id)) ||
        !sql_copy_text(sql, 2, past->address, sizeof(past->address))) {
        return ERR_RANGE;
    }
    return note_asked(db, past);
}

static enum err find_meters(struct db *db, void *arg)
{
    struct look *look = arg;
    struct sql *sql = sql_begin(
        db, "SELECT m.meter_id, m.collector_id, m.address, coalesce(h.next, 1) FROM meter m"
            " JOIN meter_profile p ON p.profile_id = m.profile_id"
            " JOIN meter_state s ON s.meter_id = m.meter_id"
            " LEFT JOIN meter_history h ON h.meter_id = m.meter_id"
            " WHERE p.protocol = '645-2007' AND p.service = 'electricity'"
            " AND s.energy_at IS NOT NULL AND s.silent_since IS NULL"
            " AND (h.meter_id IS NULL OR (h.done = 0 AND coalesce(h.asked_ms <"
            " CASE WHEN h.tries > 0 THEN ?3 ELSE ?1 END, 1)))"
            " ORDER BY coalesce(h.asked_ms, 0) LIMIT ?2");
    sql_bind_i64(sql, 1, db_service_ms(db) - AGAIN_MS);
    sql_bind_i64(sql, 2, METERS_AT_ONCE);
    sql_bind_i64(sql, 3, db_service_ms(db) - SILENT_MS);
    bool row = false;
    enum err err = sql_next(sql, &row);
    while (err == OK && row) {
        err = take_candidate(db, look, sql);
        if (err == OK) {
            err = sql_next(sql, &row);
        }
    }
    int64_t wait_ms = look->count > 0 ? LOOK_BUSY_MS : LOOK_IDLE_MS;
    return err == OK ? job_retry(look->history->config.jobs, db, JOB_HISTORY, JOB_KEY,
                                 db_service_ms(db) + wait_ms)
                     : err;
}

/* --- what came --- */

/* "2026-11-20 00:00" in Beijing. */
static bool parse_midnight(const char *text, int64_t *ret_wall_s)
{
    static const struct {
        size_t at;
        size_t len;
    } parts[] = {{0, 4}, {5, 2}, {8, 2}, {11, 2}, {14, 2}};
    uint32_t numbers[ARRAY_COUNT(parts)];
    if (strlen(text) != DATE_TEXT_SIZE - 1) {
        return false;
    }
    for (size_t i = 0; i < ARRAY_COUNT(parts); i++) {
        char part[8];
        if (!str_copy_bytes(part, sizeof(part), text + parts[i].at, parts[i].len) ||
            !parse_u32(part, 9999, &numbers[i])) {
            return false;
        }
    }
    struct civil civil = {
        .year = (int32_t)numbers[0], .month = (uint8_t)numbers[1], .day = (uint8_t)numbers[2]};
    /* Only midnights end a day; a meter may freeze at other times too. */
    return numbers[3] == 0 && numbers[4] == 0 && numbers[1] <= 12 && numbers[2] <= 31 &&
           civil_to_wall_s(&civil, ret_wall_s);
}

/* The total stands before the tariffs: "1560.65,0.00,...". */
static bool parse_total(const char *text, int64_t *ret_e4)
{
    char total[DECIMAL_TEXT_SIZE];
    return str_copy_bytes(total, sizeof(total), text, strcspn(text, ",")) &&
           decimal_parse_e4(total, ret_e4);
}

static void item_of(uint32_t kind, uint32_t number, char ret_item[BUS_ITEM_SIZE])
{
    MUST(str_format(ret_item, BUS_ITEM_SIZE, "0506%02X%02X", kind, number));
}

static enum err keep_freeze(struct db *db, const struct past *past, uint32_t number,
                            bool *ret_found)
{
    char item[BUS_ITEM_SIZE];
    int64_t midnight_s = 0;
    int64_t energy_e4 = 0;
    item_of(0x00, number, item);
    const char *when = values_find(past->values, past->value_count, BUS_WHEN_NOW, item);
    item_of(0x01, number, item);
    const char *value = values_find(past->values, past->value_count, BUS_WHEN_NOW, item);
    *ret_found = when != NULL && value != NULL;
    if (!*ret_found || !parse_midnight(when, &midnight_s) || !parse_total(value, &energy_e4) ||
        midnight_s > db_wall_s(db)) {
        return OK; /* a clock that was never set makes such dates */
    }
    return usage_note_midnight(db, past->meter_id, energy_e4, midnight_s);
}

/* The freezes that were answered are kept; the first that was not is asked for again, a few times.
 */
static enum err keep_place(struct db *db, const struct past *past, uint32_t found)
{
    uint32_t next = past->first + (past->silent ? found : (uint32_t)PART);
    bool done = past->refused || next > FREEZES || (!past->silent && found == 0);
    struct sql *sql =
        sql_begin(db, "UPDATE meter_history SET next = ?2, tries = CASE WHEN ?4 THEN"
                      " (CASE WHEN next = ?2 THEN tries + 1 ELSE 1 END) ELSE 0 END,"
                      " done = ?3 OR (?4 AND next = ?2 AND tries + 1 >= ?5),"
                      " asked_ms = CASE WHEN ?4 THEN asked_ms END WHERE meter_id = ?1");
    sql_bind_text(sql, 1, past->meter_id);
    sql_bind_i64(sql, 2, next);
    sql_bind_bool(sql, 3, done);
    sql_bind_bool(sql, 4, past->silent);
    sql_bind_i64(sql, 5, TRIES_MAX);
    return sql_run(sql);
}

static enum err keep_past(struct db *db, void *arg)
{
    const struct past *past = arg;
    uint32_t found = 0;
    bool more = true;
    for (uint32_t i = 0; i < PART; i++) {
        bool there = false;
        enum err err = keep_freeze(db, past, past->first + i, &there);
        if (err != OK) {
            return err;
        }
        more = more && (there || !past->silent);
        found += more && there ? 1 : 0;
    }
    return keep_place(db, past, found);
}

static void past_kept(enum err err, void *arg)
{
    struct past *past = arg;
    if (err != OK) {
        log_warn("history of meter %s was not stored (%s); it is read again", past->meter_id,
                 err_name(err));
    }
    free(past);
}

static void on_answer(void *self, const struct bus_reply *reply, enum err why)
{
    struct past *past = self;
    (void)why;
    bool refused = reply != NULL && str_equal(reply->error, BUS_ERROR_METER_REFUSED);
    bool silent = reply != NULL && (str_equal(reply->error, BUS_ERROR_METER_SILENT) ||
                                    str_equal(reply->error, BUS_ERROR_GARBLED));
    if (reply == NULL || (reply->outcome != OUTCOME_DONE && !refused && !silent)) {
        free(past); /* that says nothing about the meter: asked again after a while */
        return;
    }
    past->refused = refused;
    past->silent = silent;
    memcpy(past->values, reply->values, reply->value_count * sizeof(reply->values[0]));
    past->value_count = reply->value_count;
    if (store_submit(past->history->config.store, keep_past, past_kept, past) != OK) {
        free(past);
    }
}

static void ask(struct past *past)
{
    const struct history_config *config = &past->history->config;
    struct bus_command command = {.op = BUS_OP_READ, .deadline_ms = ASK_MS};
    struct bus_read *read = &command.u.read;
    read->prio = BUS_PRIO_SCHEDULE;
    for (uint32_t i = 0; i < PART; i++) {
        item_of(0x00, past->first + i, read->items[read->item_count++]);
        item_of(0x01, past->first + i, read->items[read->item_count++]);
    }
    id_make(config->rng, clock_system_wall_ms(), command.id);
    MUST(str_copy(command.meter, sizeof(command.meter), past->address));
    if (gateway_ask(config->gateway, past->collector_id, &command, on_answer, past) != OK) {
        free(past);
    }
}

static void found(enum err err, void *arg)
{
    struct look *look = arg;
    for (size_t i = 0; i < look->count; i++) {
        if (err == OK) {
            ask(look->pasts[i]);
        } else {
            free(look->pasts[i]);
        }
    }
    free(look);
}

static void on_job(const struct job *job, void *self)
{
    (void)job;
    struct history *history = self;
    struct look *look = calloc(1, sizeof(*look));
    if (look == NULL) {
        return; /* the lease brings the job again */
    }
    look->history = history;
    if (store_submit(history->config.store, find_meters, found, look) != OK) {
        free(look);
    }
}

enum err history_create(const struct history_config *config, struct history **ret_history)
{
    struct history *history = calloc(1, sizeof(*history));
    if (history == NULL) {
        return ERR_MEMORY;
    }
    history->config = *config;
    struct job_kind kind = {
        .kind = JOB_HISTORY, .lease_ms = LEASE_MS, .handler = on_job, .self = history};
    jobs_register(config->jobs, &kind);
    *ret_history = history;
    return OK;
}

static enum err put_look(struct db *db, void *arg)
{
    const struct history *history = arg;
    return job_put(history->config.jobs, db, JOB_HISTORY, JOB_KEY,
                   db_service_ms(db) + LOOK_BUSY_MS);
}

enum err history_start(struct history *history)
{
    return store_run(history->config.store, put_look, history);
}

void history_destroy(struct history *history)
{
    free(history);
}
