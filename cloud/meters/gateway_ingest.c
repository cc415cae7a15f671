/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Readings and events into the database. Neither the broker's acknowledgement nor the library's
 * proves anything, so the collector keeps each reading until our own says that it is committed.
 * Readings are numbered without gaps; the acknowledgement says "all up to n", so n is the last one
 * before the first gap. A gap whose readings the collector no longer has would hold everything up:
 * when it repeats readings from beyond a gap that is older than GAP_MS, the gap is given up.
 */

#include <inttypes.h>
#include <stdlib.h>

#include <jansson.h>

#include "cloud/catalog/catalog.h"
#include "cloud/meters/gateway_internal.h"
#include "cloud/meters/values.h"
#include "common/log.h"
#include "common/must.h"
#include "common/str.h"

enum { GAP_MS = 90000 /* three repetitions of the collector's 30 s */ };

struct ingest {
    struct gateway *gateway;
    char collector_id[BUS_COLLECTOR_SIZE];
    struct bus_readings readings;
    uint64_t acked; /* result: all up to this */
};

static enum err find_meter(struct db *db, const char *collector_id, const char *address,
                           char ret_meter_id[API_ID_SIZE], enum bus_meter_kind *ret_kind)
{
    struct sql *sql = sql_begin(db, "SELECT m.meter_id, p.kind = 'cloud' FROM meter m"
                                    " JOIN meter_profile p ON p.profile_id = m.profile_id"
                                    " WHERE m.collector_id = ?1 AND m.address = ?2");
    sql_bind_text(sql, 1, collector_id);
    sql_bind_text(sql, 2, address);
    enum err err = sql_one(sql);
    if (err == OK) {
        *ret_kind = sql_bool(sql, 1) ? BUS_METER_CLOUD : BUS_METER_COUNT;
        err = sql_copy_text(sql, 0, ret_meter_id, API_ID_SIZE) ? OK : ERR_RANGE;
    }
    return err;
}

/* The values as one JSON text. @own */
static char *values_text(const struct bus_reading *reading)
{
    json_t *json = json_object();
    for (size_t i = 0; i < reading->value_count; i++) {
        json_t *value = json_string(reading->values[i].v);
        if (json_object_set_new(json, reading->values[i].item, value) != 0) {
            json_decref(json);
            return NULL;
        }
    }
    char *text = json_dumps(json, JSON_COMPACT);
    json_decref(json);
    return text;
}

/* Insert the raw reading; @p ret_new is false if it was there. */
static enum err insert_reading(struct db *db, const struct ingest *ingest, size_t part,
                               const char *meter_id, bool *ret_new)
{
    const struct bus_reading *reading = &ingest->readings.d[part];
    char *text = values_text(reading);
    if (text == NULL) {
        return ERR_MEMORY;
    }
    struct sql *sql = sql_begin(
        db, "INSERT INTO reading (collector_id, epoch, seq, part, meter_id, address, read_at,"
            " quality, vals) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9) ON CONFLICT DO NOTHING");
    sql_bind_text(sql, 1, ingest->collector_id);
    sql_bind_i64(sql, 2, ingest->readings.epoch);
    sql_bind_i64(sql, 3, (int64_t)ingest->readings.seq);
    sql_bind_i64(sql, 4, (int64_t)part);
    sql_bind_text(sql, 5, meter_id);
    sql_bind_text(sql, 6, reading->meter);
    sql_bind_i64(sql, 7, reading->ts);
    sql_bind_text(sql, 8, reading->silent ? "silent" : "ok");
    sql_bind_text(sql, 9, text);
    free(text);
    int64_t changed = 0;
    enum err err = sql_run_counted(sql, &changed);
    if (err == OK) {
        *ret_new = changed > 0;
    }
    return err;
}

static enum err ingest_one(struct db *db, const struct ingest *ingest, size_t part, bool *ret_new)
{
    const struct bus_reading *reading = &ingest->readings.d[part];
    char meter_id[API_ID_SIZE];
    enum bus_meter_kind kind = BUS_METER_CLOUD;
    enum err err = find_meter(db, ingest->collector_id, reading->meter, meter_id, &kind);
    if (err != OK && err != ERR_NOT_FOUND) {
        return err;
    }
    /* An address that is not in the catalogue (any more) is kept as evidence and no more. */
    bool known = err == OK;
    err = insert_reading(db, ingest, part, known ? meter_id : NULL, ret_new);
    if (err != OK || !*ret_new || !known) {
        return err;
    }
    if (reading->silent) {
        return values_note_silence(db, meter_id);
    }
    struct values values = {.meter_id = meter_id,
                            .kind = kind,
                            .values = reading->values,
                            .count = reading->value_count,
                            .read_at = reading->ts};
    return values_apply(db, ingest->gateway->config.accounts, &values);
}

struct progress {
    bool known;
    int64_t seq;
    int64_t gap_since_ms; /* service clock; 0: no gap */
};

static enum err load_progress(struct db *db, const struct ingest *ingest,
                              struct progress *ret_progress)
{
    struct sql *sql = sql_begin(db, "SELECT seq, gap_since_ms FROM reading_progress"
                                    " WHERE collector_id = ?1 AND epoch = ?2");
    sql_bind_text(sql, 1, ingest->collector_id);
    sql_bind_i64(sql, 2, ingest->readings.epoch);
    enum err err = sql_one(sql);
    *ret_progress = (struct progress){0};
    if (err == OK) {
        *ret_progress = (struct progress){
            .known = true, .seq = sql_i64(sql, 0), .gap_since_ms = sql_i64(sql, 1)};
    }
    return err == ERR_NOT_FOUND ? OK : err;
}

static enum err keep_progress(struct db *db, const struct ingest *ingest,
                              const struct progress *progress)
{
    struct sql *sql =
        sql_begin(db, "INSERT INTO reading_progress (collector_id, epoch, seq, gap_since_ms)"
                      " VALUES (?1, ?2, ?3, ?4) ON CONFLICT (collector_id, epoch)"
                      " DO UPDATE SET seq = ?3, gap_since_ms = ?4");
    sql_bind_text(sql, 1, ingest->collector_id);
    sql_bind_i64(sql, 2, ingest->readings.epoch);
    sql_bind_i64(sql, 3, progress->seq);
    sql_bind_i64(sql, 4, progress->gap_since_ms);
    return sql_run(sql);
}

static enum err has_seq(struct db *db, const struct ingest *ingest, int64_t seq, bool *ret_has)
{
    struct sql *sql = sql_begin(db, "SELECT 1 FROM reading WHERE collector_id = ?1 AND epoch = ?2"
                                    " AND seq = ?3 LIMIT 1");
    sql_bind_text(sql, 1, ingest->collector_id);
    sql_bind_i64(sql, 2, ingest->readings.epoch);
    sql_bind_i64(sql, 3, seq);
    enum err err = sql_one(sql);
    *ret_has = err == OK;
    return err == ERR_NOT_FOUND ? OK : err;
}

/* Move on over everything that is there without a gap. */
static enum err advance(struct db *db, const struct ingest *ingest, struct progress *progress)
{
    bool has = true;
    enum err err = OK;
    while (has && err == OK) {
        err = has_seq(db, ingest, progress->seq + 1, &has);
        progress->seq += err == OK && has ? 1 : 0;
    }
    return err;
}

static enum err note_progress(struct db *db, struct ingest *ingest, bool is_new)
{
    struct progress progress;
    int64_t seq = (int64_t)ingest->readings.seq;
    enum err err = load_progress(db, ingest, &progress);
    if (err != OK) {
        return err;
    }
    if (!progress.known) {
        /* The oldest it still has comes first: what was before it, nobody has. */
        progress.seq = seq - 1;
    }
    bool beyond_gap = seq > progress.seq + 1;
    if (beyond_gap && progress.gap_since_ms == 0) {
        progress.gap_since_ms = db_service_ms(db);
    }
    if (beyond_gap && !is_new && db_service_ms(db) - progress.gap_since_ms > GAP_MS) {
        log_warn("gateway: collector %s has lost readings %" PRId64 " to %" PRId64
                 "; going on behind them",
                 ingest->collector_id, progress.seq + 1, seq - 1);
        progress.seq = seq;
    }
    int64_t before = progress.seq;
    err = advance(db, ingest, &progress);
    if (progress.seq > before) {
        progress.gap_since_ms = 0;
    }
    ingest->acked = (uint64_t)progress.seq;
    return err == OK ? keep_progress(db, ingest, &progress) : err;
}

static enum err ingest_all(struct db *db, void *arg)
{
    struct ingest *ingest = arg;
    bool any_new = false;
    for (size_t i = 0; i < ingest->readings.count; i++) {
        bool is_new = false;
        enum err err = ingest_one(db, ingest, i, &is_new);
        if (err != OK) {
            return err;
        }
        any_new = any_new || is_new;
    }
    return note_progress(db, ingest, any_new);
}

/* Durable now: say so. */
static void acknowledge(enum err err, void *arg)
{
    struct ingest *ingest = arg;
    struct gateway *gateway = ingest->gateway;
    if (err == OK && ingest->acked > 0) {
        char text[128];
        size_t size = 0;
        struct bus_ack ack = {.epoch = ingest->readings.epoch, .seq = ingest->acked};
        if (bus_ack_encode(&ack, text, sizeof(text), &size) == OK &&
            gateway_publish(gateway, ingest->collector_id, BUS_TOPIC_ACK, text, size, 0) != OK) {
            log_debug("gateway: readings of %s not acknowledged; they come again",
                      ingest->collector_id);
        }
    }
    if (err == OK) {
        monitor_enter(&gateway->monitor);
        gateway->counters.readings += 1;
        monitor_leave(&gateway->monitor);
    } else {
        log_warn("gateway: readings of %s not stored (%s); they come again", ingest->collector_id,
                 err_name(err));
    }
    free(ingest);
}

/*
 * What is left of a nearly full disk is for orders that were paid. The collector keeps and repeats
 * what is not acknowledged; events it has said, and the log has them.
 */
static bool has_room(struct gateway *gateway)
{
    bool room = store_has_room(gateway->config.store);
    if (!room && !gateway->said_full) {
        log_warn("gateway: the disk is nearly full: readings stay with the collectors");
    }
    gateway->said_full = !room;
    return room;
}

void gateway_on_readings(struct gateway *gateway, const char *collector_id, const char *text,
                         size_t size)
{
    struct bus_fault fault = {0};
    if (!has_room(gateway)) {
        return;
    }
    struct ingest *ingest = calloc(1, sizeof(*ingest));
    if (ingest == NULL) {
        return; /* it comes again */
    }
    ingest->gateway = gateway;
    if (bus_readings_decode(text, size, &ingest->readings, &fault) != OK ||
        ingest->readings.seq < 1 || ingest->readings.seq > INT64_MAX ||
        !str_copy(ingest->collector_id, sizeof(ingest->collector_id), collector_id)) {
        gateway_refuse(gateway, collector_id, "a reading", &fault);
        free(ingest);
        return;
    }
    if (store_submit(gateway->config.store, ingest_all, acknowledge, ingest) != OK) {
        free(ingest);
    }
}

struct event_row {
    char collector_id[BUS_COLLECTOR_SIZE];
    struct bus_event event;
};

static enum err insert_event(struct db *db, void *arg)
{
    const struct event_row *row = arg;
    struct sql *sql =
        sql_begin(db, "INSERT INTO event (collector_id, at, kind, address, bus, detail, stored_at)"
                      " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)");
    sql_bind_text(sql, 1, row->collector_id);
    sql_bind_i64(sql, 2, row->event.ts);
    sql_bind_text(sql, 3, row->event.kind);
    sql_bind_text(sql, 4, row->event.meter);
    sql_bind_text(sql, 5, row->event.bus);
    sql_bind_text(sql, 6, row->event.detail);
    sql_bind_i64(sql, 7, db_wall_s(db));
    return sql_run(sql);
}

static void event_kept(enum err err, void *arg)
{
    if (err != OK) {
        log_warn("gateway: an event was not stored (%s)", err_name(err));
    }
    free(arg);
}

void gateway_on_event(struct gateway *gateway, const char *collector_id, const char *text,
                      size_t size)
{
    struct bus_fault fault = {0};
    struct event_row *row = calloc(1, sizeof(*row));
    if (row == NULL) {
        return;
    }
    if (bus_event_decode(text, size, &row->event, &fault) != OK ||
        !str_copy(row->collector_id, sizeof(row->collector_id), collector_id)) {
        gateway_refuse(gateway, collector_id, "an event", &fault);
        free(row);
        return;
    }
    log_info("gateway: %s: %s meter=%s bus=%s %s", collector_id, row->event.kind, row->event.meter,
             row->event.bus, row->event.detail);
    if (!has_room(gateway) ||
        store_submit(gateway->config.store, insert_event, event_kept, row) != OK) {
        free(row);
    }
}
