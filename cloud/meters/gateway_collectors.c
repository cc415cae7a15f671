/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Presence and configuration of the collectors. The database says which there are; their own
 * retained state says which of them live, and what epoch their journals have. A configuration's
 * version is the hash of its content, so the same content is sent once, whoever restarted.
 */

#include <stdlib.h>
#include <string.h>

#include <openssl/evp.h>

#include "cloud/catalog/catalog.h"
#include "cloud/meters/gateway_internal.h"
#include "common/bytes.h"
#include "common/log.h"
#include "common/must.h"
#include "common/str.h"
#include "protocol/bus/config.h"

enum {
    VERSION_BYTES = 8,
    SENT_MS = 3000,         /* after a connect state and hello both tell the old version */
    DOUBLE_TOLD_MS = 60000, /* two that push each other aside do so every second */
};

struct collector *gateway_find(struct gateway *gateway, const char *collector_id)
{
    for (size_t i = 0; i < gateway->collector_count; i++) {
        if (str_equal(gateway->collectors[i].id, collector_id)) {
            return &gateway->collectors[i];
        }
    }
    return NULL;
}

struct collector_list {
    bool keys_wanted;
    struct collector *collectors;
    size_t count;
};

static enum err load_list(struct db *db, void *arg)
{
    struct collector_list *list = arg;
    struct sql *sql = sql_begin(db, "SELECT collector_id, epoch, coalesce(boot, ''),"
                                    " EXISTS (SELECT 1 FROM device_key k WHERE k.kind = 'collector'"
                                    " AND k.name = collector_id AND k.revoked = 0) FROM collector"
                                    " WHERE collector_id <> '" CATALOG_CARD_COLLECTOR "'"
                                    " ORDER BY collector_id");
    bool row = false;
    enum err err = sql_next(sql, &row);
    while (err == OK && row) {
        if (list->count == GATEWAY_COLLECTORS_MAX) {
            return ERR_FULL;
        }
        struct collector *collector = &list->collectors[list->count++];
        /* Offline until the broker tells its state; the epoch serves what was ordered before. */
        collector->epoch = (uint32_t)sql_i64(sql, 1);
        collector->trusted = !list->keys_wanted || sql_bool(sql, 3);
        if (!sql_copy_text(sql, 0, collector->id, sizeof(collector->id)) ||
            !sql_copy_text(sql, 2, collector->boot, sizeof(collector->boot))) {
            return ERR_RANGE;
        }
        err = sql_next(sql, &row);
    }
    return err;
}

void gateway_load_collectors(struct gateway *gateway)
{
    /* Without TLS nobody has a key, and the broker is on this machine. */
    struct collector_list list = {.keys_wanted = gateway->config.ca_path != NULL,
                                  .collectors =
                                      calloc(GATEWAY_COLLECTORS_MAX, sizeof(*list.collectors))};
    enum err err =
        list.collectors != NULL ? store_read(gateway->config.store, load_list, &list) : ERR_MEMORY;
    if (err != OK) {
        log_error("gateway: the collectors cannot be loaded (%s); going on with the old list",
                  err_name(err));
        free(list.collectors);
        return;
    }
    monitor_enter(&gateway->monitor);
    for (size_t i = 0; i < list.count; i++) {
        const struct collector *old = gateway_find(gateway, list.collectors[i].id);
        bool trusted = list.collectors[i].trusted;
        if (old != NULL) {
            list.collectors[i] = *old;
            list.collectors[i].trusted = trusted;
            list.collectors[i].online = old->online && trusted;
        }
    }
    memcpy(gateway->collectors, list.collectors, list.count * sizeof(*list.collectors));
    gateway->collector_count = list.count;
    monitor_leave(&gateway->monitor);
    free(list.collectors);
}

bool gateway_admits(struct gateway *gateway, const char *collector_id)
{
    monitor_enter(&gateway->monitor);
    const struct collector *collector = gateway_find(gateway, collector_id);
    bool known = collector != NULL;
    bool admits = known ? collector->trusted : gateway->config.ca_path == NULL;
    gateway->counters.strangers += admits ? 0 : 1;
    monitor_leave(&gateway->monitor);
    if (!admits) {
        log_warn("gateway: collector %s is not heard: %s", collector_id,
                 known ? "it has no key that is enrolled and not revoked"
                       : "it is not in the catalogue");
    }
    return admits;
}

/* --- what they say of themselves, kept in the database for people and for the next start --- */

struct presence {
    char id[BUS_COLLECTOR_SIZE];
    struct bus_state state;
};

static enum err keep_presence(struct db *db, void *arg)
{
    const struct presence *presence = arg;
    struct sql *sql =
        sql_begin(db, "UPDATE collector SET online = ?2, epoch = coalesce(?3, epoch),"
                      " boot = coalesce(?4, boot), version = coalesce(?5, version),"
                      " config_version = coalesce(?6, config_version), changed_at = ?7"
                      " WHERE collector_id = ?1");
    const struct bus_state *state = &presence->state;
    sql_bind_text(sql, 1, presence->id);
    sql_bind_bool(sql, 2, state->online);
    if (state->online) {
        sql_bind_i64(sql, 3, state->epoch);
        sql_bind_text(sql, 4, state->boot);
        sql_bind_text(sql, 5, state->version);
        sql_bind_text(sql, 6, state->config);
    }
    sql_bind_i64(sql, 7, db_wall_s(db));
    return sql_run(sql);
}

static void presence_kept(enum err err, void *arg)
{
    (void)err; /* it is said again on the next connect */
    free(arg);
}

/*
 * Inside the monitor: another journal under a name that never went offline, or a run that speaks
 * again after another one did (a restart never brings an old run back; copies of one machine take
 * turns). The broker of Debian 12 does not tell a client that it was pushed aside, so only this
 * shows it.
 */
static bool is_double(const struct gateway *gateway, struct collector *collector,
                      const struct bus_state *state)
{
    int64_t now_ms = clock_mono_ms(gateway->config.clock);
    bool told =
        collector->double_told_ms != 0 && now_ms - collector->double_told_ms < DOUBLE_TOLD_MS;
    bool again =
        !str_equal(collector->boot, state->boot) && str_equal(collector->boot_before, state->boot);
    if (!collector->online || (collector->epoch == state->epoch && !again) || told) {
        return false;
    }
    collector->double_told_ms = now_ms;
    return true;
}

/* Inside the monitor. */
static void note_state(struct collector *collector, const struct bus_state *state)
{
    collector->online = state->online;
    if (!state->online) {
        collector->boot_before[0] = '\0';
        return;
    }
    collector->epoch = state->epoch;
    MUST(str_copy(collector->config, sizeof(collector->config), state->config));
    if (!str_equal(collector->boot, state->boot)) {
        MUST(str_copy(collector->boot_before, ID_TEXT_SIZE, collector->boot));
        MUST(str_copy(collector->boot, ID_TEXT_SIZE, state->boot));
    }
}

void gateway_forget_presence(struct gateway *gateway)
{
    monitor_enter(&gateway->monitor);
    for (size_t i = 0; i < gateway->collector_count; i++) {
        gateway->collectors[i].online = false;
        gateway->collectors[i].boot_before[0] = '\0';
    }
    monitor_leave(&gateway->monitor);
}

void gateway_on_state(struct gateway *gateway, const char *collector_id, const char *text,
                      size_t size)
{
    struct bus_fault fault = {0};
    struct presence *presence = calloc(1, sizeof(*presence));
    if (presence == NULL || bus_state_decode(text, size, &presence->state, &fault) != OK ||
        !str_copy(presence->id, sizeof(presence->id), collector_id)) {
        gateway_refuse(gateway, collector_id, "the state", &fault);
        free(presence);
        return;
    }
    bool online = presence->state.online;
    monitor_enter(&gateway->monitor);
    struct collector *collector = gateway_find(gateway, collector_id);
    bool changed = collector != NULL && collector->online != online;
    bool twice = collector != NULL && online && is_double(gateway, collector, &presence->state);
    if (collector != NULL) {
        note_state(collector, &presence->state);
        gateway->counters.doubles += twice ? 1 : 0;
    }
    monitor_leave(&gateway->monitor);
    if (changed) {
        log_info("gateway: collector %s is %s", collector_id, online ? "online" : "offline");
    }
    if (twice) {
        log_warn("gateway: collector %s is there twice: do two machines use its certificate, or "
                 "one a copy of the other's disk? Stop one, and enrol it under a name of its own",
                 collector_id);
    }
    if (store_submit(gateway->config.store, keep_presence, presence_kept, presence) != OK) {
        free(presence);
    }
    if (collector != NULL && online) {
        gateway_push_config(gateway, collector_id);
    }
}

void gateway_on_hello(struct gateway *gateway, const char *collector_id, const char *text,
                      size_t size)
{
    struct bus_fault fault = {0};
    struct bus_hello hello;
    if (bus_hello_decode(text, size, &hello, &fault) != OK) {
        gateway_refuse(gateway, collector_id, "the hello", &fault);
        return;
    }
    monitor_enter(&gateway->monitor);
    struct collector *collector = gateway_find(gateway, collector_id);
    if (collector != NULL) {
        collector->epoch = hello.epoch;
        MUST(str_copy(collector->config, sizeof(collector->config), hello.config));
    }
    monitor_leave(&gateway->monitor);
    if (collector == NULL) {
        log_warn("gateway: collector %s is not in the catalogue; it gets no configuration",
                 collector_id);
        return;
    }
    gateway_push_config(gateway, collector_id);
}

/* --- their configuration --- */

struct meter_list {
    const char *collector_id;
    struct bus_config config; /* meters: BUS_METERS_MAX of them */
};

static bool read_code(const struct sql *sql, int column, uint8_t ret_code[4])
{
    const char *text = sql_text(sql, column);
    size_t size = 0;
    return hex_parse(text, strlen(text), ret_code, 4, &size, NULL) && size == 4;
}

static bool read_items(const char *text, struct bus_meter *meter)
{
    while (*text != '\0') {
        size_t len = strcspn(text, ",");
        if (meter->item_count == BUS_ITEMS_MAX ||
            !str_copy_bytes(meter->items[meter->item_count], BUS_ITEM_SIZE, text, len)) {
            return false;
        }
        meter->item_count += 1;
        text += len + (text[len] == ',' ? 1 : 0);
    }
    return true;
}

static enum bus_meter_kind kind_of(const char *word)
{
    if (str_equal(word, "count")) {
        return BUS_METER_COUNT;
    }
    return str_equal(word, "order") ? BUS_METER_ORDER : BUS_METER_CLOUD;
}

static bool read_meter(const struct sql *sql, struct bus_meter *meter)
{
    *meter = (struct bus_meter){.baud = (uint32_t)sql_i64(sql, 3),
                                .kind = kind_of(sql_text(sql, 4)),
                                .schedule_s = (uint32_t)sql_i64(sql, 7)};
    return sql_copy_text(sql, 0, meter->meter, sizeof(meter->meter)) &&
           sql_copy_text(sql, 1, meter->bus, sizeof(meter->bus)) &&
           sql_copy_text(sql, 2, meter->protocol, sizeof(meter->protocol)) &&
           read_code(sql, 5, meter->password) && read_code(sql, 6, meter->operator_code) &&
           read_items(sql_text(sql, 8), meter);
}

static enum err load_meters(struct db *db, void *arg)
{
    struct meter_list *list = arg;
    struct sql *sql = sql_begin(
        db, "SELECT m.address, m.bus, p.protocol, p.baud, p.kind, p.password, p.operator_code,"
            " p.schedule_s, p.items FROM meter m"
            " JOIN meter_profile p ON p.profile_id = m.profile_id"
            " WHERE m.collector_id = ?1 ORDER BY m.address");
    sql_bind_text(sql, 1, list->collector_id);
    bool row = false;
    enum err err = sql_next(sql, &row);
    while (err == OK && row) {
        if (list->config.meter_count == BUS_METERS_MAX) {
            return ERR_FULL;
        }
        if (!read_meter(sql, &list->config.meters[list->config.meter_count++])) {
            return ERR_RANGE;
        }
        err = sql_next(sql, &row);
    }
    return err;
}

/* Encode with an empty version first: its hash is the version. */
static enum err encode_config(struct bus_config *config, char *text, size_t *ret_size)
{
    uint8_t digest[EVP_MAX_MD_SIZE];
    unsigned digest_size = 0;
    MUST(str_copy(config->version, sizeof(config->version), "0"));
    enum err err = bus_config_encode(config, text, BUS_CONFIG_TEXT_SIZE_MAX, ret_size);
    if (err != OK) {
        return err;
    }
    if (EVP_Digest(text, *ret_size, digest, &digest_size, EVP_sha256(), NULL) != 1 ||
        !hex_format(digest, VERSION_BYTES, /* separator= */ 0, config->version,
                    sizeof(config->version))) {
        return ERR_INTERNAL;
    }
    return bus_config_encode(config, text, BUS_CONFIG_TEXT_SIZE_MAX, ret_size);
}

/* True if the collector lacks this version and it is not just on its way; it is noted as sent. */
static bool wants_version(struct gateway *gateway, const char *collector_id, const char *version)
{
    int64_t now_ms = clock_mono_ms(gateway->config.clock);
    bool wants = false;
    monitor_enter(&gateway->monitor);
    struct collector *collector = gateway_find(gateway, collector_id);
    if (collector != NULL && !str_equal(collector->config, version)) {
        wants = !str_equal(collector->sent, version) || now_ms - collector->sent_ms > SENT_MS;
    }
    if (wants) {
        MUST(str_copy(collector->sent, sizeof(collector->sent), version));
        collector->sent_ms = now_ms;
    }
    monitor_leave(&gateway->monitor);
    return wants;
}

void gateway_push_config(struct gateway *gateway, const char *collector_id)
{
    struct meter_list list = {.collector_id = collector_id};
    size_t size = 0;
    list.config.meters = calloc(BUS_METERS_MAX, sizeof(*list.config.meters));
    char *text = malloc(BUS_CONFIG_TEXT_SIZE_MAX);
    enum err err = list.config.meters != NULL && text != NULL
                       ? store_read(gateway->config.store, load_meters, &list)
                       : ERR_MEMORY;
    if (err == OK) {
        err = encode_config(&list.config, text, &size);
    }
    if (err == OK && wants_version(gateway, collector_id, list.config.version)) {
        err = gateway_publish(gateway, collector_id, BUS_TOPIC_CONFIG, text, size,
                              /* expiry_s= */ 0);
    }
    if (err != OK) {
        log_warn("gateway: no configuration for collector %s (%s); it will ask again", collector_id,
                 err_name(err));
    }
    free(text);
    free(list.config.meters);
}
