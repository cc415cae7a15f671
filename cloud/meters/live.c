/* SPDX-License-Identifier: Apache-2.0 */

/*
 * A flight is one question on its way to one meter with everybody who waits for it. It is made by
 * the first request, joined by others, ended by the gateway's answer (always exactly one), and its
 * memory goes when that answer has been stored and told. A waiter is a ticket: who has been
 * answered by his own timeout is simply not there any more.
 */

#include "cloud/meters/live.h"

#include <stdlib.h>
#include <string.h>

#include "cloud/catalog/catalog.h"
#include "cloud/meters/values.h"
#include "common/id.h"
#include "common/must.h"
#include "common/str.h"
#include "drivers/clock/clock_system.h"
#include "drivers/thread/monitor.h"
#include "protocol/api/error.h"
#include "protocol/api/read.h"

enum {
    FLIGHTS_MAX = 256,
    WAITERS_MAX = 16, /* of one meter; more screens than that do not look at one meter */
    WAIT_S_DEFAULT = 8,
    WAIT_S_MIN = 1,
    REPLY_MARGIN_MS = 150, /* between the collector's deadline and ours: the way back */
    ANSWER_SIZE = 1024,
};

struct waiter {
    struct http_ticket ticket;
    int64_t begun_ms;
};

struct flight {
    struct live *live;
    bool used;
    struct catalog_meter meter;
    struct waiter waiters[WAITERS_MAX];
    size_t waiter_count;
    bool landed; /* the answer is here; nobody joins any more */

    /* Set by the answer, read in the transaction and when telling. */
    struct bus_value values[BUS_VALUES_MAX];
    size_t value_count;
    const char *reason; /* NULL: live */
    struct api_read_answer answer;
};

struct live {
    struct live_config config;
    struct monitor monitor; /* guards flights' use, waiters and landing */
    struct flight *flights; /* FLIGHTS_MAX */
};

enum err live_create(const struct live_config *config, struct live **ret_live)
{
    struct live *live = calloc(1, sizeof(*live));
    struct flight *flights = calloc(FLIGHTS_MAX, sizeof(*flights));
    if (live == NULL || flights == NULL) {
        free(live);
        free(flights);
        return ERR_MEMORY;
    }
    live->config = *config;
    live->flights = flights;
    monitor_init(&live->monitor);
    *ret_live = live;
    return OK;
}

void live_destroy(struct live *live)
{
    if (live == NULL) {
        return;
    }
    monitor_finish(&live->monitor);
    free(live->flights);
    free(live);
}

/* --- answers --- */

struct stored {
    struct live *live;
    const char *site_id;
    const char *meter_id;
    struct catalog_meter meter;
    struct api_read_answer answer;
    char items[BUS_ITEMS_MAX * BUS_ITEM_SIZE]; /* what a live read asks for */
};

static enum err fill_stored(struct db *db, const struct live *live,
                            const struct catalog_meter *meter, struct api_read_answer *answer)
{
    struct catalog_state state;
    struct account_view account = {0};
    const struct account_port *accounts = live->config.accounts;
    enum err err = catalog_state_get(db, meter->meter_id, &state);
    if (err == OK && meter->profile.kind == BUS_METER_CLOUD) {
        err = accounts->look(accounts->self, db, meter->meter_id, &account);
    }
    if (err != OK) {
        return err;
    }
    bool in_cloud = meter->profile.kind == BUS_METER_CLOUD;
    int64_t now_s = db_wall_s(db);
    *answer = (struct api_read_answer){.relay = state.relay};
    answer->has_values = in_cloud ? state.has_energy : state.has_balance;
    answer->balance_fen = in_cloud ? account.balance_fen : state.balance_fen;
    answer->read_at = in_cloud ? state.energy_at : state.balance_at;
    answer->age_s = now_s > answer->read_at ? now_s - answer->read_at : 0;
    str_format_cut(answer->energy, sizeof(answer->energy), "%s", state.energy);
    str_format_cut(answer->energy_unit, sizeof(answer->energy_unit), "%s",
                   state.has_energy ? meter->profile.energy_unit : "");
    return OK;
}

static enum err load_items(struct db *db, const char *meter_id, char *ret_items, size_t size)
{
    struct sql *sql = sql_begin(db, "SELECT p.live_items FROM meter m JOIN meter_profile p"
                                    " ON p.profile_id = m.profile_id WHERE m.meter_id = ?1");
    sql_bind_text(sql, 1, meter_id);
    enum err err = sql_one(sql);
    if (err == OK && !sql_copy_text(sql, 0, ret_items, size)) {
        err = ERR_RANGE;
    }
    return err;
}

static enum err load_stored(struct db *db, void *arg)
{
    struct stored *stored = arg;
    enum err err = catalog_meter_get(db, stored->meter_id, &stored->meter);
    if (err == OK && !str_equal(stored->meter.site_id, stored->site_id)) {
        err = ERR_NOT_FOUND; /* another site's meters do not exist here */
    }
    if (err == OK) {
        err = load_items(db, stored->meter_id, stored->items, sizeof(stored->items));
    }
    return err == OK ? fill_stored(db, stored->live, &stored->meter, &stored->answer) : err;
}

static void reply_answer(struct http_request *request, const struct api_read_answer *answer)
{
    char text[ANSWER_SIZE];
    size_t size = 0;
    enum err err = api_read_answer_encode(answer, text, sizeof(text), &size);
    MUST(err == OK);
    http_reply_text(request, 200, "application/json", text, size);
}

static void reply_error(struct http_request *request, enum err err)
{
    if (err == ERR_NOT_FOUND) {
        http_reply_error(request, 404, API_ERROR_NOT_FOUND, "no such meter here", NULL);
    } else {
        http_reply_error(request, 503, API_ERROR_OUT_OF_SERVICE, err_name(err), NULL);
    }
}

static int64_t now_of(const struct live *live)
{
    return clock_mono_ms(live->config.clock);
}

static void reply_stored(struct http_request *request, struct stored *stored, const char *reason,
                         int64_t begun_ms)
{
    stored->answer.took_ms = now_of(stored->live) - begun_ms;
    if (reason != NULL) {
        str_format_cut(stored->answer.reason, sizeof(stored->answer.reason), "%s", reason);
    }
    reply_answer(request, &stored->answer);
}

/* The wait is over and the meter, or the bus before it, still has not answered. */
static void on_timeout(struct http_request *request, void *self)
{
    struct live *live = self;
    struct stored stored = {.live = live,
                            .site_id = http_peer(request)->site_id,
                            .meter_id = http_param(request, "meter_id")};
    const int64_t *begun_ms = http_note(request);
    enum err err = store_read(live->config.store, load_stored, &stored);
    if (err == OK) {
        reply_stored(request, &stored, API_READ_BUSY, *begun_ms);
    } else {
        reply_error(request, err);
    }
}

/* --- flights --- */

/* Inside the monitor. */
static struct flight *find_flight(struct live *live, const char *meter_id)
{
    for (size_t i = 0; i < FLIGHTS_MAX; i++) {
        struct flight *flight = &live->flights[i];
        if (flight->used && !flight->landed && str_equal(flight->meter.meter_id, meter_id)) {
            return flight;
        }
    }
    return NULL;
}

/* Inside the monitor: a free place, made ours; NULL if all fly. */
static struct flight *begin_flight(struct live *live, const struct catalog_meter *meter)
{
    for (size_t i = 0; i < FLIGHTS_MAX; i++) {
        struct flight *flight = &live->flights[i];
        if (!flight->used) {
            *flight = (struct flight){.live = live, .used = true, .meter = *meter};
            return flight;
        }
    }
    return NULL;
}

static void end_flight(struct flight *flight)
{
    monitor_enter(&flight->live->monitor);
    flight->used = false;
    monitor_leave(&flight->live->monitor);
}

/* In the writer thread, after the commit: tell everybody who still waits. */
static void tell(enum err err, void *arg)
{
    struct flight *flight = arg;
    struct live *live = flight->live;
    int64_t now_ms = now_of(live);
    for (size_t i = 0; i < flight->waiter_count; i++) {
        struct http_request *request = http_take(live->config.server, flight->waiters[i].ticket);
        if (request == NULL) {
            continue;
        }
        if (err == OK) {
            flight->answer.took_ms = now_ms - flight->waiters[i].begun_ms;
            reply_answer(request, &flight->answer);
        } else {
            reply_error(request, err);
        }
    }
    end_flight(flight);
}

static void fill_quantity(const struct flight *flight, const char *item,
                          char ret_text[API_DECIMAL_SIZE])
{
    const char *text = values_find(flight->values, flight->value_count, BUS_WHEN_NOW, item);
    if (text != NULL && api_decimal_is_valid(text)) {
        str_format_cut(ret_text, API_DECIMAL_SIZE, "%s", text);
    }
}

static void fill_live(const struct flight *flight, int64_t now_s, struct api_read_answer *answer)
{
    answer->is_live = true;
    answer->read_at = now_s;
    answer->age_s = 0;
    fill_quantity(flight, ITEM_VOLTAGE, answer->voltage);
    fill_quantity(flight, ITEM_CURRENT, answer->current);
    fill_quantity(flight, ITEM_POWER, answer->power);
}

/* True if the reply has what makes it a live answer: the register, or the balance inside. */
static bool has_key_value(const struct flight *flight)
{
    int64_t balance_fen = 0;
    if (flight->meter.profile.kind == BUS_METER_CLOUD) {
        const char *energy =
            values_find(flight->values, flight->value_count, BUS_WHEN_NOW, ITEM_ENERGY);
        return energy != NULL && api_decimal_is_valid(energy);
    }
    return values_balance(flight->values, flight->value_count, BUS_WHEN_NOW, &balance_fen);
}

/* In the writer's transaction: keep what came, then answer from what is kept. */
static enum err land(struct db *db, void *arg)
{
    struct flight *flight = arg;
    struct live *live = flight->live;
    enum err err = OK;
    if (flight->value_count > 0) {
        struct values values = {.meter_id = flight->meter.meter_id,
                                .kind = flight->meter.profile.kind,
                                .values = flight->values,
                                .count = flight->value_count,
                                .read_at = db_wall_s(db)};
        err = values_apply(db, live->config.accounts, &values);
    } else if (flight->reason != NULL && str_equal(flight->reason, API_READ_METER_SILENT)) {
        err = values_note_silence(db, flight->meter.meter_id);
    }
    if (err == OK) {
        err = fill_stored(db, live, &flight->meter, &flight->answer);
    }
    if (err != OK) {
        return err;
    }
    if (flight->reason == NULL) {
        fill_live(flight, db_wall_s(db), &flight->answer);
    } else {
        str_format_cut(flight->answer.reason, sizeof(flight->answer.reason), "%s", flight->reason);
    }
    return OK;
}

/* The contract's word for why there is no live value. */
static const char *reason_of(const struct bus_reply *reply, enum err why)
{
    if (reply == NULL) {
        return why == ERR_TIMEOUT ? API_READ_BUSY : API_READ_COLLECTOR_OFFLINE;
    }
    if (str_equal(reply->error, BUS_ERROR_BUSY)) {
        return API_READ_BUSY;
    }
    if (str_equal(reply->error, BUS_ERROR_METER_SILENT) ||
        str_equal(reply->error, BUS_ERROR_GARBLED) ||
        str_equal(reply->error, BUS_ERROR_METER_REFUSED) || reply->outcome == OUTCOME_DONE) {
        return API_READ_METER_SILENT; /* DONE: it told other things than the one that counts */
    }
    return API_READ_COLLECTOR_OFFLINE;
}

static void on_answer(void *self, const struct bus_reply *reply, enum err why)
{
    struct flight *flight = self;
    struct live *live = flight->live;
    monitor_enter(&live->monitor);
    flight->landed = true;
    monitor_leave(&live->monitor);
    if (reply != NULL && reply->value_count > 0) {
        memcpy(flight->values, reply->values, reply->value_count * sizeof(reply->values[0]));
        flight->value_count = reply->value_count;
    }
    /* Part of the items may be there; it is a live answer if the important one is. */
    flight->reason = has_key_value(flight) ? NULL : reason_of(reply, why);
    enum err err = store_submit(live->config.store, land, tell, flight);
    if (err != OK) {
        tell(err, flight);
    }
}

static void fill_items(const char *text, struct bus_read *read)
{
    while (*text != '\0' && read->item_count < BUS_ITEMS_MAX) {
        size_t len = strcspn(text, ",");
        bool fits = str_copy_bytes(read->items[read->item_count], BUS_ITEM_SIZE, text, len);
        MUST(fits); /* the seed let only data identifiers in */
        read->item_count += 1;
        text += len + (text[len] == ',' ? 1 : 0);
    }
}

static enum err ask(struct live *live, struct flight *flight, const char *items,
                    uint32_t deadline_ms)
{
    struct bus_command command = {.op = BUS_OP_READ, .deadline_ms = deadline_ms};
    command.u.read.prio = BUS_PRIO_LIVE;
    id_make(live->config.rng, clock_system_wall_ms(), command.id);
    fill_items(items, &command.u.read);
    bool fits = str_copy(command.meter, sizeof(command.meter), flight->meter.address);
    MUST(fits);
    return gateway_ask(live->config.gateway, flight->meter.collector_id, &command, on_answer,
                       flight);
}

enum boarding { BOARDED_NEW, BOARDED_OTHER, BOARDED_NONE };

/* Park the request on the meter's flight, or on a new one. */
static enum boarding board(struct live *live, struct http_request *request,
                           const struct catalog_meter *meter, uint32_t wait_ms, int64_t begun_ms,
                           struct flight **ret_flight)
{
    enum boarding boarding = BOARDED_OTHER;
    monitor_enter(&live->monitor);
    struct flight *flight = find_flight(live, meter->meter_id);
    if (flight == NULL) {
        flight = begin_flight(live, meter);
        boarding = BOARDED_NEW;
    }
    if (flight == NULL || flight->waiter_count == WAITERS_MAX) {
        boarding = BOARDED_NONE;
    } else {
        flight->waiters[flight->waiter_count++] = (struct waiter){
            .ticket = http_park(request, wait_ms, on_timeout, live), .begun_ms = begun_ms};
    }
    monitor_leave(&live->monitor);
    *ret_flight = flight;
    return boarding;
}

/* The new flight did not start: everybody on it gets the stored value. */
static void abandon(struct live *live, struct flight *flight, struct stored *stored,
                    const char *reason)
{
    monitor_enter(&live->monitor);
    flight->landed = true;
    monitor_leave(&live->monitor);
    for (size_t i = 0; i < flight->waiter_count; i++) {
        struct http_request *request = http_take(live->config.server, flight->waiters[i].ticket);
        if (request != NULL) {
            reply_stored(request, stored, reason, flight->waiters[i].begun_ms);
        }
    }
    end_flight(flight);
}

static void fly(struct live *live, struct http_request *request, struct stored *stored,
                int64_t wait_s, int64_t begun_ms)
{
    struct flight *flight = NULL;
    uint32_t wait_ms = (uint32_t)wait_s * 1000;
    switch (board(live, request, &stored->meter, wait_ms, begun_ms, &flight)) {
    case BOARDED_NEW: {
        enum err err = ask(live, flight, stored->items, wait_ms - REPLY_MARGIN_MS);
        if (err != OK) {
            abandon(live, flight, stored,
                    err == ERR_FULL ? API_READ_BUSY : API_READ_COLLECTOR_OFFLINE);
        }
        break;
    }
    case BOARDED_OTHER:
        break;
    case BOARDED_NONE:
        reply_stored(request, stored, API_READ_BUSY, begun_ms);
        break;
    }
}

static void handle(struct http_request *request, void *self)
{
    struct live *live = self;
    struct api_read_request asked;
    struct api_fault fault;
    size_t size = 0;
    int64_t wait_s = 0;
    int64_t *begun_ms = http_alloc(request, sizeof(*begun_ms));
    *begun_ms = now_of(live);
    http_set_note(request, begun_ms);
    const char *body = http_body_raw(request, &size);
    if (api_read_request_decode(body, size, &asked, &fault) != OK) {
        http_reply_bad_request(request, fault.field);
        return;
    }
    if (!http_query_int(request, "wait_s", API_READ_WAIT_S_MAX, WAIT_S_DEFAULT, &wait_s) ||
        wait_s < WAIT_S_MIN) {
        http_reply_bad_request(request, "wait_s");
        return;
    }
    struct stored stored = {.live = live,
                            .site_id = http_peer(request)->site_id,
                            .meter_id = http_param(request, "meter_id")};
    enum err err = store_read(live->config.store, load_stored, &stored);
    if (err != OK) {
        reply_error(request, err);
    } else if (asked.max_age_s > 0 && stored.answer.has_values &&
               stored.answer.age_s <= asked.max_age_s) {
        reply_stored(request, &stored, NULL, *begun_ms);
    } else {
        fly(live, request, &stored, wait_s, *begun_ms);
    }
}

void live_add_routes(struct live *live)
{
    const struct http_route routes[] = {{.method = HTTP_POST,
                                         .pattern = "/v1/terminal/meters/{meter_id}/reads",
                                         .permission = HTTP_FOR_TERMINAL,
                                         .body = HTTP_BODY_JSON,
                                         .handler = handle,
                                         .self = live}};
    http_route_add(live->config.server, routes, ARRAY_COUNT(routes));
}
