/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Live reads from a terminal's HTTPS request to the collector and back, with a real broker and a
 * collector that the test plays: shared reads, silence, absence, age, and another site's meters.
 */

#include <stdatomic.h>

#include <pthread.h>

#include "cloud/catalog/seed.h"
#include "cloud/http/server.h"
#include "cloud/identity/devices.h"
#include "cloud/identity/pki.h"
#include "cloud/meters/live.h"
#include "common/str.h"
#include "drivers/clock/clock_system.h"
#include "drivers/mqtt/mqtt.h"
#include "drivers/rng/rng_system.h"
#include "protocol/api/read.h"
#include "tests/unit/cloud/http_client.h"
#include "tests/unit/cloud/temp_folder.h"
#include "tests/unit/drivers/broker.h"
#include "tests/unit/test.h"

enum { WAIT_MS = 10000, STEP_MS = 5, CALLERS_MAX = 24 };

#define METER(id, address, profile)                                                                \
    "meter = { id = \"" id "\"; address = \"" address "\"; bus = \"b\"; profile = \"" profile      \
    "\"; tariff = \"home\"; collector = \"c1\"; }; }"
static const char seed_text[] =
    "tariffs = ( { id = \"home\"; price_yuan = \"0.5\"; } );\n"
    "profiles = ( { id = \"cloud\"; kind = \"cloud\"; },\n"
    "             { id = \"order\"; kind = \"order\"; layout = \"q\"; } );\n"
    "collectors = ( { id = \"c1\"; } );\n"
    "sites = ( { id = \"s1\"; name = \"n\"; company = \"c\"; service_phone = \"1\";\n"
    "  amounts_yuan = [20]; terminals = ( { id = \"t1\"; name = \"t\"; } ); rooms = (\n"
    "  { id = \"r1\"; label = \"101\"; " METER(
        "m1", "000000000001",
        "cloud") ",\n"
                 "  { id = \"r2\"; label = \"102\"; " METER(
                     "m2", "000000000002",
                     "order") " ); },\n"
                              "  { id = \"s2\"; name = \"n\"; company = \"c\"; service_phone = "
                              "\"1\"; amounts_yuan = [20];\n"
                              "  rooms = ( { id = \"r9\"; label = \"1\"; " METER(
                                  "m9", "000000000009", "cloud") " ); } );\n";

static struct {
    struct broker broker;
    struct clock_port clock;
    struct rng_port rng;
    struct account_port accounts;
    struct store *store;
    struct pki *pki;
    struct devices *devices;
    struct http_server *server;
    struct gateway *gateway;
    struct live *live;
    struct mqtt *collector;
    char ca[TEMP_PATH_SIZE];
    char cert[TEMP_PATH_SIZE];
    char key[TEMP_PATH_SIZE];
    struct device_key device;
    int commands; /* that reached the collector */
} bench;

static enum err look(void *self, struct db *db, const char *meter_id, struct account_view *ret_view)
{
    (void)self;
    (void)db;
    (void)meter_id;
    *ret_view = (struct account_view){.balance_fen = 4260};
    return OK;
}

static enum err use(void *self, struct db *db, const char *meter_id, int64_t energy_e4,
                    int64_t read_at)
{
    (void)self;
    (void)db;
    (void)meter_id;
    (void)energy_e4;
    (void)read_at;
    return OK;
}

static enum err open_nothing(struct db *db, const char *meter_id, int64_t balance_fen)
{
    (void)db;
    (void)meter_id;
    (void)balance_fen;
    return OK;
}

static enum err enrol(struct db *db, void *arg)
{
    return devices_key_add(db, arg);
}

/* Database, keys, one terminal. */
static bool open_state(void)
{
    static char folder[TEMP_PATH_SIZE];
    static char path[TEMP_PATH_SIZE];
    static char keys[TEMP_PATH_SIZE];
    static char out[TEMP_PATH_SIZE];
    char why[STORE_WHY_SIZE];
    bool changed = false;
    struct store_config store = {.path = temp_path(temp_folder_make(folder), "l.db", path),
                                 .clock = &bench.clock,
                                 .reader_count = 2};
    struct seed_source source = {.text = seed_text, .name = "seed", .opening = open_nothing};
    struct pki_config pki = {.folder = temp_path(folder, "pki", keys), .clock = &bench.clock};
    bench.device = (struct device_key){.kind = DEVICE_TERMINAL, .name = "t1"};
    (void)temp_path(folder, "t1/ca.pem", bench.ca);
    (void)temp_path(folder, "t1/cert.pem", bench.cert);
    (void)temp_path(folder, "t1/key.pem", bench.key);
    return store_open(&store, &bench.store, why) == OK &&
           seed_apply(bench.store, &source, &changed, why) == OK &&
           pki_open(&pki, &bench.pki, why) == OK &&
           pki_issue(bench.pki, PKI_USE_CLIENT, "t1", temp_path(folder, "t1", out),
                     &bench.device.issued, why) == OK &&
           store_run(bench.store, enrol, &bench.device) == OK &&
           devices_create(bench.store, &bench.clock, &bench.devices) == OK &&
           devices_load(bench.devices) == OK;
}

static bool open_server(void)
{
    char why[HTTP_WHY_SIZE];
    struct http_server_config http = {
        .terminals = {.enabled = true,
                      .host = "127.0.0.1",
                      .connections_max = 100,
                      .tls = {.certificate_pem = pki_server_certificate_pem(bench.pki),
                              .key_pem = pki_server_key_pem(bench.pki),
                              .client_ca_pem = pki_ca_pem(bench.pki)}},
        .thread_count = 2,
        .peers = devices_peers(bench.devices)};
    struct gateway_config gateway = {.host = "127.0.0.1",
                                     .port = bench.broker.port,
                                     .client_id = "cloud",
                                     .store = bench.store,
                                     .clock = &bench.clock,
                                     .rng = &bench.rng,
                                     .accounts = &bench.accounts};
    if (http_server_create(&http, &bench.server) != OK ||
        gateway_create(&gateway, &bench.gateway) != OK) {
        return false;
    }
    struct live_config live = {.store = bench.store,
                               .gateway = bench.gateway,
                               .server = bench.server,
                               .clock = &bench.clock,
                               .rng = &bench.rng,
                               .accounts = &bench.accounts};
    if (live_create(&live, &bench.live) != OK) {
        return false;
    }
    live_add_routes(bench.live);
    return http_server_start(bench.server, why) == OK && gateway_start(bench.gateway) == OK;
}

static bool open_all(void)
{
    memset(&bench, 0, sizeof(bench));
    bench.clock = clock_system();
    bench.rng = rng_system();
    bench.accounts = (struct account_port){look, use, NULL};
    if (!broker_start(&bench.broker) || !open_state() || !open_server()) {
        return false;
    }
    struct mqtt_config collector = {.host = "127.0.0.1",
                                    .port = bench.broker.port,
                                    .client_id = "c1",
                                    .keep_alive_s = 30,
                                    .reconnect_ms_max = 1000,
                                    .subscriptions = {"down/c1/cmd"},
                                    .subscription_count = 1,
                                    .rng = bench.rng};
    return mqtt_create(&collector, &bench.collector) == OK;
}

static void close_all(void)
{
    http_server_stop(bench.server);
    gateway_stop(bench.gateway);
    store_close(bench.store);
    live_destroy(bench.live);
    gateway_destroy(bench.gateway);
    http_server_destroy(bench.server);
    devices_destroy(bench.devices);
    pki_close(bench.pki);
    mqtt_destroy(bench.collector);
    broker_stop(&bench.broker);
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

static bool go_online(void)
{
    struct gateway_collector collector = {0};
    if (!say("up/c1/state",
             "{\"online\":true,\"epoch\":7,\"boot\":\"018f3a1c-0000-7000-8000-000000000009\","
             "\"version\":\"0.1\",\"config\":null}",
             true)) {
        return false;
    }
    for (int waited = 0; waited < WAIT_MS && !collector.online; waited += STEP_MS) {
        clock_system_wait_ms(STEP_MS);
        if (gateway_collector_get(bench.gateway, "c1", &collector) != OK) {
            return false;
        }
    }
    return collector.online;
}

/* Answer each command that came with @p outcome, an error or values. */
static void answer_commands(const char *outcome_and_values)
{
    struct mqtt_event event;
    while (mqtt_next(bench.collector, &event)) {
        static struct bus_command command;
        struct bus_fault fault;
        if (event.kind == MQTT_EVENT_MESSAGE &&
            bus_command_decode(event.payload, event.size, &command, &fault) == OK) {
            char text[1024];
            bench.commands += 1;
            (void)snprintf(text, sizeof(text),
                           "{\"id\":\"%s\",\"epoch\":7,%s,\"detail\":null,\"raw\":null,"
                           "\"sent\":false,\"ms\":1}",
                           command.id, outcome_and_values);
            clock_system_wait_ms(500); /* so that others can join the read */
            (void)say("up/c1/reply", text, false);
        }
        mqtt_event_finish(&event);
    }
}

/* --- callers --- */

struct caller {
    pthread_t thread;
    const char *path;
    const char *body;
    long status;
    bool decoded;
    struct api_read_answer answer;
    atomic_bool done;
};

static void *call(void *arg)
{
    struct caller *caller = arg;
    struct client_answer *got = malloc(sizeof(*got));
    struct api_fault fault;
    struct client_call request = {.port = http_server_port(bench.server, HTTP_FOR_TERMINAL),
                                  .path = caller->path,
                                  .body = caller->body,
                                  .ca = bench.ca,
                                  .cert = bench.cert,
                                  .key = bench.key};
    if (got != NULL) {
        client_send(&request, got);
        caller->status = got->status;
        caller->decoded =
            api_read_answer_decode(got->body, got->size, &caller->answer, &fault) == OK;
    }
    free(got);
    atomic_store(&caller->done, true);
    return NULL;
}

static struct caller callers[CALLERS_MAX];

/* Start @p count equal requests and play the collector until all are answered. */
static bool read_with(int count, const char *path, const char *body, const char *answer)
{
    int done = 0;
    for (int i = 0; i < count; i++) {
        memset(&callers[i], 0, sizeof(callers[i]));
        callers[i].path = path;
        callers[i].body = body;
        if (pthread_create(&callers[i].thread, NULL, call, &callers[i]) != 0) {
            return false;
        }
    }
    for (int waited = 0; waited < WAIT_MS * 2 && done < count; waited += STEP_MS) {
        if (answer != NULL) {
            answer_commands(answer);
        }
        clock_system_wait_ms(STEP_MS);
        done = 0;
        for (int i = 0; i < count; i++) {
            done += atomic_load(&callers[i].done) ? 1 : 0;
        }
    }
    for (int i = 0; i < count; i++) {
        (void)pthread_join(callers[i].thread, NULL);
    }
    return done == count;
}

static int count_live(int count, const char *energy)
{
    int live = 0;
    for (int i = 0; i < count; i++) {
        live += callers[i].status == 200 && callers[i].decoded && callers[i].answer.is_live &&
                        str_equal(callers[i].answer.energy, energy)
                    ? 1
                    : 0;
    }
    return live;
}

#define M1 "/v1/terminal/meters/m1/reads?wait_s=8"
#define M2 "/v1/terminal/meters/m2/reads?wait_s=8"
#define DONE(values) "\"outcome\":\"done\",\"error\":null,\"values\":{" values "}"
#define FAILED(error) "\"outcome\":\"unknown\",\"error\":\"" error "\",\"values\":{}"

TEST(equal_reads_in_flight_are_one)
{
    CHECK(open_all());
    bool online = go_online();
    bool all = read_with(12, M1, "{\"max_age_s\":0}",
                         DONE("\"00010000\":{\"v\":\"77.10\",\"unit\":\"kWh\"},"
                              "\"02010100\":{\"v\":\"220.1\",\"unit\":\"V\"},"
                              "\"relay\":{\"v\":\"closed\",\"unit\":null}"));
    int live = count_live(12, "77.10");
    struct api_read_answer first = callers[0].answer;
    int commands = bench.commands;
    close_all();
    CHECK(online && all);
    CHECK_EQ_I64(live, 12);
    CHECK(commands >= 1 && commands <= 3); /* who came after the answer needs another */
    CHECK_EQ_I64(first.balance_fen, 4260);
    CHECK_EQ_STR(first.voltage, "220.1");
    CHECK_EQ_I64(first.relay, API_RELAY_CLOSED);
}

TEST(a_silent_meter_gives_the_stored_value_and_says_so)
{
    CHECK(open_all());
    bool online = go_online();
    bool never = read_with(1, M2, "{\"max_age_s\":0}", FAILED("meter_silent"));
    struct api_read_answer first = callers[0].answer;
    bool once = read_with(1, M2, "{\"max_age_s\":0}",
                          DONE("\"00900200\":{\"v\":\"12.34\",\"unit\":\"yuan\"},"
                               "\"00900201\":{\"v\":\"0.34\",\"unit\":\"yuan\"},"
                               "\"00010000\":{\"v\":\"5.00\",\"unit\":\"kWh\"}"));
    struct api_read_answer second = callers[0].answer;
    bool silent = read_with(1, M2, "{\"max_age_s\":0}", FAILED("meter_silent"));
    struct api_read_answer third = callers[0].answer;
    int commands = bench.commands;
    bool young = read_with(1, M2, "{\"max_age_s\":60}", FAILED("meter_silent"));
    struct api_read_answer fourth = callers[0].answer;
    int commands_after = bench.commands;
    close_all();
    CHECK(online && never && once && silent && young);
    CHECK(!first.is_live && !first.has_values);
    CHECK_EQ_STR(first.reason, "meter_silent");
    CHECK(second.is_live);
    CHECK_EQ_I64(second.balance_fen, 1200);
    CHECK(!third.is_live && third.has_values);
    CHECK_EQ_I64(third.balance_fen, 1200);
    CHECK_EQ_STR(third.reason, "meter_silent");
    CHECK_EQ_STR(fourth.reason, ""); /* young enough: the meter was not asked */
    CHECK_EQ_I64(commands_after, commands);
}

/* It answers, but not what its balance is made of: the collector is not to blame. */
TEST(an_answer_without_what_counts_is_the_meters_fault)
{
    CHECK(open_all());
    bool online = go_online();
    bool read = read_with(1, M2, "{\"max_age_s\":0}",
                          DONE("\"02010100\":{\"v\":\"220.1\",\"unit\":\"V\"}"));
    struct api_read_answer answer = callers[0].answer;
    close_all();
    CHECK(online && read);
    CHECK(!answer.is_live);
    CHECK_EQ_STR(answer.reason, "meter_silent");
}

/* Whoever did not say how long waits eight seconds: less than half of that is not that wait. */
enum { SOONER_MS = 4000 };

TEST(a_collector_that_is_away_or_does_not_answer)
{
    CHECK(open_all());
    bool away = read_with(1, M1, "{\"max_age_s\":0}", NULL);
    struct api_read_answer offline = callers[0].answer;
    bool online = go_online();
    bool mute = read_with(3, "/v1/terminal/meters/m1/reads?wait_s=1", "{\"max_age_s\":0}", NULL);
    struct api_read_answer busy = callers[0].answer; /* the one that came first waited longest */
    for (int i = 1; i < 3; i++) {
        busy = callers[i].answer.took_ms > busy.took_ms ? callers[i].answer : busy;
    }
    close_all();
    CHECK(away && online && mute);
    CHECK_EQ_STR(offline.reason, "collector_offline");
    CHECK(offline.took_ms < SOONER_MS);
    CHECK_EQ_STR(busy.reason, "busy");
    CHECK(busy.took_ms >= 800 && busy.took_ms < SOONER_MS);
}

TEST(other_sites_meters_and_wrong_requests)
{
    static const struct {
        const char *path;
        const char *body;
        long status;
    } cases[] = {{"/v1/terminal/meters/m9/reads", "{}", 404},
                 {"/v1/terminal/meters/none/reads", "{}", 404},
                 {"/v1/terminal/meters/m1/reads?wait_s=26", "{}", 400},
                 {"/v1/terminal/meters/m1/reads?wait_s=0", "{}", 400},
                 {"/v1/terminal/meters/m1/reads?wait_s=x", "{}", 400},
                 {"/v1/terminal/meters/m1/reads", "{\"max_age_s\":-1}", 400},
                 {"/v1/terminal/meters/m1/reads", "{\"max_age_s\":\"1\"}", 400},
                 {"/v1/terminal/meters/m1/reads", "[]", 400}};
    CHECK(open_all());
    long status[ARRAY_COUNT(cases)];
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        (void)read_with(1, cases[i].path, cases[i].body, NULL);
        status[i] = callers[0].status;
    }
    close_all();
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        if (status[i] != cases[i].status) {
            TEST_FAIL("%s %s gives %ld", cases[i].path, cases[i].body, status[i]);
        }
    }
}

TEST_MAIN()
