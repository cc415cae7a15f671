/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The gateway with a real broker (mosquitto on loopback, without TLS) and a collector that the test
 * plays by hand: configuration, questions and their deadlines, replies of journalled commands, and
 * that no reading is acknowledged before it and all before it are in the database.
 */

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
#include "tests/unit/cloud/broker.h"
#include "tests/unit/cloud/temp_folder.h"
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

static enum err look(void *self, struct db *db, const char *meter_id, struct account_view *ret_view)
{
    (void)self;
    (void)db;
    (void)meter_id;
    *ret_view = (struct account_view){.balance_fen = 100};
    return OK;
}

static enum err use(void *self, struct db *db, const char *meter_id, int64_t energy_e4,
                    int64_t read_at)
{
    (void)self;
    (void)db;
    (void)meter_id;
    (void)read_at;
    charged_e4 = energy_e4;
    return OK;
}

static enum err open_nothing(struct db *db, const char *meter_id, int64_t balance_fen)
{
    (void)db;
    (void)meter_id;
    (void)balance_fen;
    return OK;
}

static void on_answer(void *self, const struct bus_reply *reply, enum err why)
{
    (void)self;
    answer_why = why;
    answer_value[0] = '\0';
    if (reply != NULL && reply->value_count > 0) {
        (void)snprintf(answer_value, sizeof(answer_value), "%s", reply->values[0].v);
    }
    answers += 1;
}

static void on_sink(void *self, const char *collector_id, const struct bus_reply *reply)
{
    (void)snprintf(sunk_id, sizeof(sunk_id), "%s", reply->id);
    sunk += 1;
    gateway_confirm(self, collector_id, reply->id);
}

/* --- the collector --- */

/* Take what came for the collector. */
static void collector_turn(void)
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
static bool wait_for(const atomic_int *counter, int count)
{
    for (int waited = 0; waited < WAIT_MS && *counter < count; waited += STEP_MS) {
        collector_turn();
        clock_system_wait_ms(STEP_MS);
    }
    return *counter >= count;
}

static bool wait_online(bool online)
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

static bool say(const char *topic, const char *text, bool retain)
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

static bool say_online(void)
{
    return say("up/c1/state",
               "{\"online\":true,\"epoch\":7,\"boot\":\"" UUID "9\",\"version\":\"0.1\","
               "\"config\":null}",
               true) &&
           wait_online(true);
}

static uint64_t disk_free_min; /* of the stores opened from now on */

static bool open_all(void)
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

static void close_all(void)
{
    gateway_stop(bench.gateway);
    store_close(bench.store);
    gateway_destroy(bench.gateway);
    mqtt_destroy(bench.collector);
    broker_stop(&bench.broker);
}

static struct bus_command read_command(uint32_t deadline_ms)
{
    struct bus_command command = {
        .id = UUID "1", .op = BUS_OP_READ, .meter = "000000000001", .deadline_ms = deadline_ms};
    command.u.read.item_count = 1;
    (void)snprintf(command.u.read.items[0], BUS_ITEM_SIZE, "00010000");
    return command;
}

/* The id of the last command on the wire. */
static const char *command_id(void)
{
    static struct bus_command command;
    struct bus_fault fault;
    return bus_command_decode(bench.command, strlen(bench.command), &command, &fault) == OK
               ? command.id
               : "";
}

static bool say_reply(const char *id, const char *value)
{
    char text[512];
    (void)snprintf(text, sizeof(text),
                   "{\"id\":\"%s\",\"epoch\":7,\"outcome\":\"done\",\"error\":null,\"detail\":null,"
                   "\"values\":{\"00010000\":{\"v\":\"%s\",\"unit\":\"kWh\"}},\"raw\":null,"
                   "\"sent\":false,\"ms\":1}",
                   id, value);
    return say("up/c1/reply", text, false);
}

TEST(a_collector_gets_its_meters_once)
{
    CHECK(open_all());
    bool online = say_online();
    bool sent = wait_for(&bench.configs, 1);
    bool hello = say("up/c1/hello", "{\"epoch\":7,\"boot\":\"" UUID "9\",\"config\":null}", false);
    clock_system_wait_ms(300);
    collector_turn();
    int configs = bench.configs;
    struct bus_meter meters[4];
    struct bus_config config = {.meters = meters};
    struct bus_fault fault;
    enum err read = bus_config_decode(bench.config, strlen(bench.config), 4, &config, &fault);
    close_all();
    CHECK(online && sent && hello);
    CHECK_EQ_I64(configs, 1);
    CHECK_EQ_I64(read, OK);
    CHECK_EQ_U64(config.meter_count, 1);
    CHECK_EQ_STR(meters[0].meter, "000000000001");
    CHECK_EQ_I64(meters[0].kind, BUS_METER_CLOUD);
    CHECK_EQ_I64(meters[0].password[0], 0x02);
    CHECK_EQ_STR(meters[0].items[0], "00010000");
}

/* Say the state of a run and wait until the gateway knows it. */
static bool say_run(const char *boot)
{
    char text[256];
    struct gateway_collector collector = {0};
    (void)snprintf(text, sizeof(text),
                   "{\"online\":true,\"epoch\":7,\"boot\":\"%s\",\"version\":\"0.1\","
                   "\"config\":null}",
                   boot);
    bool said = say("up/c1/state", text, true);
    for (int waited = 0; waited < WAIT_MS && !str_equal(collector.boot, boot); waited += STEP_MS) {
        clock_system_wait_ms(STEP_MS);
        said = said && gateway_collector_get(bench.gateway, "c1", &collector) == OK;
    }
    return said && str_equal(collector.boot, boot);
}

TEST(a_run_that_comes_back_is_a_copy)
{
    CHECK(open_all());
    struct gateway_counters restarted;
    struct gateway_counters copied;
    bool said = say_run(UUID "8") && say_run(UUID "9"); /* a restart before the will */
    gateway_get_counters(bench.gateway, &restarted);
    said = said && say_run(UUID "8");
    gateway_get_counters(bench.gateway, &copied);
    close_all();
    CHECK(said);
    CHECK_EQ_U64(restarted.doubles, 0);
    CHECK_EQ_U64(copied.doubles, 1);
}

/* The broker is started anew and forgets everything; the collector has gone meanwhile. */
TEST(a_collector_that_went_with_the_broker_is_offline)
{
    CHECK(open_all());
    bool online = say_online();
    mqtt_destroy(bench.collector);
    bench.collector = NULL;
    broker_stop(&bench.broker);
    bool started = broker_start(&bench.broker);
    for (int waited = 0; waited < WAIT_MS && !gateway_is_connected(bench.gateway);
         waited += STEP_MS) {
        clock_system_wait_ms(STEP_MS);
    }
    struct gateway_collector collector = {.online = true};
    for (int waited = 0; waited < WAIT_MS && collector.online; waited += STEP_MS) {
        clock_system_wait_ms(STEP_MS);
        CHECK_EQ_I64(gateway_collector_get(bench.gateway, "c1", &collector), OK);
    }
    close_all();
    CHECK(online && started);
    CHECK(!collector.online);
}

TEST(questions_are_answered_once_or_end_in_time)
{
    CHECK(open_all());
    struct bus_command command = read_command(5000);
    enum err offline = gateway_ask(bench.gateway, "c1", &command, on_answer, NULL);
    enum err unknown = gateway_ask(bench.gateway, "c9", &command, on_answer, NULL);
    bool online = say_online();
    enum err asked = gateway_ask(bench.gateway, "c1", &command, on_answer, NULL);
    int received = 0;
    for (int waited = 0; waited < WAIT_MS && bench.command[0] == '\0'; waited += STEP_MS) {
        collector_turn();
        clock_system_wait_ms(STEP_MS);
    }
    received = bench.command[0] != '\0' ? 1 : 0;
    char id[ID_TEXT_SIZE];
    (void)snprintf(id, sizeof(id), "%s", command_id());
    bool replied = say_reply(id, "12.34") && wait_for(&answers, 1);
    bool value = str_equal(answer_value, "12.34");
    /* The same reply again is nobody's: it must reach neither the asker nor the sink. */
    bool again = say_reply(id, "99.99");
    clock_system_wait_ms(300);
    int after_again = answers + sunk;
    command = read_command(200);
    int64_t begun_ms = clock_mono_ms(&bench.clock);
    enum err silent = gateway_ask(bench.gateway, "c1", &command, on_answer, NULL);
    bool ended = wait_for(&answers, 2);
    int64_t took_ms = clock_mono_ms(&bench.clock) - begun_ms;
    enum err why = answer_why;
    close_all();
    CHECK(offline == ERR_UNAVAILABLE);
    CHECK(unknown == ERR_NOT_FOUND || unknown == ERR_UNAVAILABLE);
    CHECK(online && received == 1 && replied && value && again);
    CHECK_EQ_I64(asked, OK);
    CHECK_EQ_I64(after_again, 1);
    CHECK_EQ_I64(silent, OK);
    CHECK(ended);
    CHECK_EQ_I64(why, ERR_TIMEOUT);
    CHECK(took_ms >= 200 && took_ms < 2000);
}

TEST(journalled_replies_go_to_the_sink_and_are_confirmed)
{
    CHECK(open_all());
    bool online = say_online();
    bool said = say_reply(UUID "5", "1.00");
    bool sink_called = wait_for(&sunk, 1);
    for (int waited = 0; waited < WAIT_MS && bench.replied[0] == '\0'; waited += STEP_MS) {
        collector_turn();
        clock_system_wait_ms(STEP_MS);
    }
    bool nonsense = say("up/c1/reply", "{\"id\":5}", false) && say("up/c1/reading", "[]", false) &&
                    say("up/c1/event", "", false);
    clock_system_wait_ms(300);
    struct gateway_counters counters;
    gateway_get_counters(bench.gateway, &counters);
    close_all();
    CHECK(online && said && sink_called && nonsense);
    CHECK_EQ_STR(sunk_id, UUID "5");
    CHECK_EQ_STR(bench.replied, "{\"id\":\"" UUID "5\"}");
    CHECK(counters.refused >= 2);
}

TEST(stopping_ends_open_questions)
{
    CHECK(open_all());
    bool online = say_online();
    struct bus_command command = read_command(60000);
    enum err asked = gateway_ask(bench.gateway, "c1", &command, on_answer, NULL);
    gateway_stop(bench.gateway);
    int told = answers;
    enum err why = answer_why;
    close_all();
    CHECK(online);
    CHECK_EQ_I64(asked, OK);
    CHECK_EQ_I64(told, 1);
    CHECK_EQ_I64(why, ERR_UNAVAILABLE);
}

/* --- readings --- */

/* Readings of one second each, so that their order by time is the one of their numbers. */
static int64_t first_reading_s;

static bool say_reading(int seq, const char *energy)
{
    char text[512];
    (void)snprintf(text, sizeof(text),
                   "{\"epoch\":%d,\"seq\":%d,\"d\":[{\"meter\":\"000000000001\",\"ts\":%lld,"
                   "\"values\":{\"00010000\":\"%s\"},\"q\":\"ok\"}]}",
                   EPOCH, seq, (long long)first_reading_s + seq, energy);
    return say("up/c1/reading", text, false);
}

static enum err load_state(struct db *db, void *arg)
{
    return catalog_state_get(db, "m1", arg);
}

static enum err count_readings(struct db *db, void *arg)
{
    struct sql *sql = sql_begin(db, "SELECT count(*) + (SELECT count(*) FROM event) FROM reading");
    enum err err = sql_one(sql);
    if (err == OK) {
        *(int64_t *)arg = sql_i64(sql, 0);
    }
    return err;
}

TEST(readings_are_acknowledged_up_to_the_first_gap)
{
    CHECK(open_all());
    first_reading_s = clock_wall_s(&bench.clock) - 100;
    /* Online by the retained message: from then on the gateway hears what is said. */
    bool first = say_online() && say_reading(41, "10.00") && wait_for(&bench.acks, 1);
    uint64_t ack_first = bench.ack.seq;
    bool gap = say_reading(43, "12.00") && wait_for(&bench.acks, 2);
    uint64_t ack_gap = bench.ack.seq;
    bool again = say_reading(43, "13.00") && wait_for(&bench.acks, 3);
    uint64_t ack_again = bench.ack.seq;
    bool filled = say_reading(42, "11.00") && wait_for(&bench.acks, 4);
    uint64_t ack_filled = bench.ack.seq;
    struct catalog_state state;
    int64_t count = 0;
    enum err loaded = store_read(bench.store, load_state, &state);
    enum err counted = store_read(bench.store, count_readings, &count);
    close_all();
    CHECK(first && gap && again && filled);
    CHECK_EQ_U64(ack_first, 41);
    CHECK_EQ_U64(ack_gap, 41);
    CHECK_EQ_U64(ack_again, 41);
    CHECK_EQ_U64(ack_filled, 43);
    CHECK_EQ_I64(loaded, OK);
    CHECK_EQ_I64(counted, OK);
    CHECK_EQ_I64(count, 3);
    CHECK_EQ_STR(state.energy, "12.00"); /* the repetition changed nothing, the late one neither */
    CHECK_EQ_I64(charged_e4, 110000);    /* but its use was handed over for charging */
}

TEST(a_nearly_full_disk_leaves_readings_with_the_collector)
{
    disk_free_min = UINT64_MAX;
    bool opened = open_all();
    disk_free_min = 0;
    CHECK(opened);
    first_reading_s = clock_wall_s(&bench.clock) - 100;
    bool said = say_online() && say_reading(41, "10.00") &&
                say("up/c1/event",
                    "{\"ts\":1,\"kind\":\"meter_back\",\"meter\":null,"
                    "\"bus\":null,\"detail\":null}",
                    false);
    struct bus_command command = read_command(5000);
    bool passed = gateway_ask(bench.gateway, "c1", &command, on_answer, NULL) == OK;
    for (int waited = 0; waited < WAIT_MS && bench.command[0] == '\0'; waited += STEP_MS) {
        collector_turn();
        clock_system_wait_ms(STEP_MS);
    }
    /* Its answer comes behind the reading, so that was seen by then. */
    bool answered = passed && say_reply(command_id(), "1.00") && wait_for(&answers, 1);
    int acks = bench.acks;
    gateway_stop(bench.gateway);
    int64_t rows = -1;
    enum err counted = store_read(bench.store, count_readings, &rows);
    close_all();
    CHECK(said && answered);
    CHECK_EQ_I64(acks, 0);
    CHECK_EQ_I64(counted, OK);
    CHECK_EQ_I64(rows, 0);
}

TEST_MAIN()
