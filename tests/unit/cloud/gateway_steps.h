/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SHILLING_TESTS_UNIT_CLOUD_GATEWAY_STEPS_H
#define SHILLING_TESTS_UNIT_CLOUD_GATEWAY_STEPS_H

/* A gateway, its broker, and a collector that the test plays by hand. */

#include <stdatomic.h>

#include "cloud/catalog/catalog.h"
#include "cloud/catalog/seed.h"
#include "cloud/meters/gateway.h"
#include "common/str.h"
#include "drivers/clock/clock_system.h"
#include "drivers/mqtt/mqtt.h"
#include "drivers/rng/rng_system.h"
#include "protocol/bus/report.h"
#include "protocol/bus/topic.h"
#include "tests/unit/cloud/temp_folder.h"
#include "tests/unit/drivers/broker.h"
#include "tests/unit/test.h"

enum { WAIT_MS = 10000, STEP_MS = 10, EPOCH = 7 };

#define UUID "018f3a1c-0000-7000-8000-00000000000"

static const char seed_text[] =
    "tariffs = ( { id = \"home\"; price_yuan = \"0.5\"; } );\n"
    "profiles = ( { id = \"cloud\"; kind = \"cloud\"; password = \"02123456\"; } );\n"
    "collectors = ( { id = \"c1\"; } );\n"
    "sites = ( { id = \"s1\"; name = \"n\"; company = \"c\"; service_phone = \"1\";\n"
    "  amounts_yuan = [20]; rooms = ( { id = \"r1\"; label = \"101\"; meter = { id = \"m1\";\n"
    "  address = \"000000000001\"; bus = \"b\"; profile = \"cloud\"; tariff = \"home\";\n"
    "  collector = \"c1\"; }; } ); } );\n";

struct bench {
    struct broker broker;
    struct clock_port clock;
    struct rng_port rng;
    struct account_port accounts;
    struct store *store;
    struct gateway *gateway;
    struct mqtt *collector;
    /* What the collector got last, by topic. */
    char config[4096];
    char command[4096];
    char replied[256];
    struct bus_ack ack;
    atomic_int configs;
    atomic_int acks;
};

static struct bench bench;

/* What the callbacks saw. */
static atomic_int answers;
static enum err answer_why;
static char answer_value[BUS_VALUE_SIZE];
static atomic_int sunk;
static char sunk_id[ID_TEXT_SIZE];
static atomic_int_fast64_t charged_e4;

static inline enum err look(void *self, struct db *db, const char *meter_id,
                            struct account_view *ret_view)
{
    (void)self;
    (void)db;
    (void)meter_id;
    *ret_view = (struct account_view){.balance_fen = 100};
    return OK;
}

static inline enum err use(void *self, struct db *db, const char *meter_id, int64_t energy_e4,
                           int64_t read_at)
{
    (void)self;
    (void)db;
    (void)meter_id;
    (void)read_at;
    charged_e4 = energy_e4;
    return OK;
}

static inline enum err open_nothing(struct db *db, const char *meter_id, int64_t balance_fen)
{
    (void)db;
    (void)meter_id;
    (void)balance_fen;
    return OK;
}

static inline void on_answer(void *self, const struct bus_reply *reply, enum err why)
{
    (void)self;
    answer_why = why;
    answer_value[0] = '\0';
    if (reply != NULL && reply->value_count > 0) {
        (void)snprintf(answer_value, sizeof(answer_value), "%s", reply->values[0].v);
    }
    answers += 1;
}

static inline void on_sink(void *self, const char *collector_id, const struct bus_reply *reply)
{
    (void)snprintf(sunk_id, sizeof(sunk_id), "%s", reply->id);
    sunk += 1;
    gateway_confirm(self, collector_id, reply->id);
}

/* --- the collector --- */

/* Take what came for the collector. */
static inline void collector_turn(void)
{
    struct mqtt_event event;
    while (mqtt_next(bench.collector, &event)) {
        struct bus_fault fault;
        if (event.kind == MQTT_EVENT_MESSAGE && str_equal(event.topic, "down/c1/config")) {
            bench.configs += 1;
            (void)snprintf(bench.config, sizeof(bench.config), "%s", event.payload);
        } else if (event.kind == MQTT_EVENT_MESSAGE && str_equal(event.topic, "down/c1/cmd")) {
            (void)snprintf(bench.command, sizeof(bench.command), "%s", event.payload);
        } else if (event.kind == MQTT_EVENT_MESSAGE && str_equal(event.topic, "down/c1/replied")) {
            (void)snprintf(bench.replied, sizeof(bench.replied), "%s", event.payload);
        } else if (event.kind == MQTT_EVENT_MESSAGE && str_equal(event.topic, "down/c1/ack")) {
            bench.acks +=
                bus_ack_decode(event.payload, event.size, &bench.ack, &fault) == OK ? 1 : 0;
        }
        mqtt_event_finish(&event);
    }
}

/* Wait until *counter reaches @p count, turning the collector meanwhile. */
static inline bool wait_for(const atomic_int *counter, int count)
{
    for (int waited = 0; waited < WAIT_MS && *counter < count; waited += STEP_MS) {
        collector_turn();
        clock_system_wait_ms(STEP_MS);
    }
    return *counter >= count;
}

static inline bool wait_online(bool online)
{
    struct gateway_collector collector = {.online = !online};
    for (int waited = 0; waited < WAIT_MS && collector.online != online; waited += STEP_MS) {
        collector_turn();
        clock_system_wait_ms(STEP_MS);
        if (gateway_collector_get(bench.gateway, "c1", &collector) != OK) {
            return false;
        }
    }
    return collector.online == online;
}

static inline bool say(const char *topic, const char *text, bool retain)
{
    struct mqtt_message message = {
        .topic = topic, .payload = text, .size = strlen(text), .retain = retain};
    enum err err = ERR_UNAVAILABLE;
    for (int waited = 0; waited < WAIT_MS && err == ERR_UNAVAILABLE; waited += STEP_MS) {
        err = mqtt_publish(bench.collector, &message);
        clock_system_wait_ms(STEP_MS);
    }
    return err == OK;
}

static inline bool say_online(void)
{
    return say("up/c1/state",
               "{\"online\":true,\"epoch\":7,\"boot\":\"" UUID "9\",\"version\":\"0.1\","
               "\"config\":null}",
               true) &&
           wait_online(true);
}

static uint64_t disk_free_min; /* of the stores opened from now on */

static inline bool open_all(void)
{
    static char folder[TEMP_PATH_SIZE];
    static char path[TEMP_PATH_SIZE];
    char message[CONFIG_MESSAGE_SIZE];
    bool changed = false;
    memset(&bench, 0, sizeof(bench));
    bench.clock = clock_system();
    bench.rng = rng_system();
    bench.accounts = (struct account_port){look, use, NULL};
    answers = 0;
    sunk = 0;
    struct store_config store = {.path = temp_path(temp_folder_make(folder), "g.db", path),
                                 .clock = &bench.clock,
                                 .disk_free_bytes_min = disk_free_min,
                                 .reader_count = 1};
    struct seed_source source = {.text = seed_text, .name = "seed", .opening = open_nothing};
    if (!broker_start(&bench.broker) || store_open(&store, &bench.store, message) != OK ||
        seed_apply(bench.store, &source, &changed, message) != OK) {
        return false;
    }
    struct gateway_config gateway = {.host = "127.0.0.1",
                                     .port = bench.broker.port,
                                     .client_id = "cloud",
                                     .store = bench.store,
                                     .clock = &bench.clock,
                                     .rng = &bench.rng,
                                     .accounts = &bench.accounts};
    struct mqtt_config collector = {.host = "127.0.0.1",
                                    .port = bench.broker.port,
                                    .client_id = "c1",
                                    .keep_alive_s = 30,
                                    .reconnect_ms_max = 1000,
                                    .subscriptions = {"down/c1/#"},
                                    .subscription_count = 1,
                                    .rng = bench.rng};
    if (gateway_create(&gateway, &bench.gateway) != OK) {
        return false;
    }
    gateway_set_sink(bench.gateway, on_sink, bench.gateway);
    return gateway_start(bench.gateway) == OK && mqtt_create(&collector, &bench.collector) == OK;
}

static inline void close_all(void)
{
    gateway_stop(bench.gateway);
    store_close(bench.store);
    gateway_destroy(bench.gateway);
    mqtt_destroy(bench.collector);
    broker_stop(&bench.broker);
}

static inline struct bus_command read_command(uint32_t deadline_ms)
{
    struct bus_command command = {
        .id = UUID "1", .op = BUS_OP_READ, .meter = "000000000001", .deadline_ms = deadline_ms};
    command.u.read.item_count = 1;
    (void)snprintf(command.u.read.items[0], BUS_ITEM_SIZE, "00010000");
    return command;
}

/* The id of the last command on the wire. */
static inline const char *command_id(void)
{
    static struct bus_command command;
    struct bus_fault fault;
    return bus_command_decode(bench.command, strlen(bench.command), &command, &fault) == OK
               ? command.id
               : "";
}

static inline bool say_reply(const char *id, const char *value)
{
    char text[512];
    (void)snprintf(text, sizeof(text),
                   "{\"id\":\"%s\",\"epoch\":7,\"outcome\":\"done\",\"error\":null,\"detail\":null,"
                   "\"values\":{\"00010000\":{\"v\":\"%s\",\"unit\":\"kWh\"}},\"raw\":null,"
                   "\"sent\":false,\"ms\":1}",
                   id, value);
    return say("up/c1/reply", text, false);
}

#endif
