/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/cloud_orders/rig.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <unistd.h>

#include "cloud/catalog/seed.h"
#include "cloud/orders/books.h"
#include "cloud/review/audit.h"
#include "common/log.h"
#include "common/must.h"
#include "common/str.h"
#include "drivers/clock/clock_system.h"
#include "drivers/rng/rng_system.h"
#include "tests/unit/cloud/temp_folder.h"

enum {
    SEED_SIZE = 4096,
    WAIT_MS = 60000, /* above the longest lease of a job: a restart may leave one in it */
    STEP_MS = 10,
};

/* 09:00 in Beijing: no bill is fetched yet, and midnight is far. */
#define MORNING INT64_C(1795136400)

static struct {
    char folder[TEMP_PATH_SIZE];
    char path[TEMP_PATH_SIZE];
    char key_path[TEMP_PATH_SIZE];
    struct clock_port clock;
    struct clock_port system;
    atomic_int_least64_t wall_offset_s; /* read by every thread */
    struct rng_port rng;
    struct timers timers;
    bool has_timers;
    bool test_keys;
    bool cut_off;
    bool books;
    int database;
    int request;
} the;

static const char SEED[] =
    "tariffs = ( { id = \"flat\"; price_yuan = \"0.5500\"; } );\n"
    "profiles = (\n"
    "  { id = \"cloud\"; kind = \"cloud\"; relay = \"1C\"; password = \"02123456\";\n"
    "    operator = \"00000001\"; schedule_s = 900; },\n"
    "  { id = \"count\"; kind = \"count\"; layout = \"standard\"; relay = \"none\";\n"
    "    mac_port = \"%s\"; password = \"02123456\"; operator = \"00000001\";\n"
    "    schedule_s = 900; },\n"
    "  { id = \"order\"; kind = \"order\"; layout = \"q\"; relay = \"none\";\n"
    "    password = \"02123456\"; operator = \"00000001\"; schedule_s = 900; },\n"
    "  { id = \"card\"; kind = \"card\"; card_limit_yuan = \"5000.00\"; } );\n"
    "collectors = ( { id = \"col1\"; name = \"one\"; } );\n"
    "sites = ( { id = \"s1\"; name = \"Site\"; company = \"Company\"; service_phone = \"400\";\n"
    "  amounts_yuan = [20, 50]; amount_min_yuan = \"10.00\"; amount_max_yuan = \"2000.00\";\n"
    "  languages = [\"zh-CN\"]; receipt_auto = true; sell_to_silent = true;\n"
    "  terminals = ( { id = \"k1\"; name = \"K1\"; }, { id = \"k2\"; name = \"K2\"; } );\n"
    "  rooms = (\n"
    "   { id = \"r1\"; building = \"1\"; unit = \"1\"; label = \"101\";\n"
    "     customer = { id = \"c1\"; name = \"Li\"; phone = \"13800000000\"; };\n"
    "     meter = { id = \"m1\"; address = \"" CLOUD_ADDRESS "\"; profile = \"cloud\";\n"
    "               tariff = \"flat\"; collector = \"col1\"; bus = \"b1\"; }; },\n"
    "   { id = \"r2\"; building = \"1\"; unit = \"1\"; label = \"102\";\n"
    "     customer = { id = \"c2\"; name = \"Wang\"; };\n"
    "     meter = { id = \"m2\"; address = \"" COUNT_ADDRESS "\"; profile = \"count\";\n"
    "               tariff = \"flat\"; collector = \"col1\"; bus = \"b1\"; }; },\n"
    "   { id = \"r3\"; building = \"1\"; unit = \"1\"; label = \"103\";\n"
    "     customer = { id = \"c3\"; name = \"Zhao\"; };\n"
    "     meter = { id = \"m3\"; address = \"" ORDER_ADDRESS "\"; profile = \"order\";\n"
    "               tariff = \"flat\"; collector = \"col1\"; bus = \"b1\"; }; },\n"
    "   { id = \"r4\"; building = \"1\"; unit = \"1\"; label = \"104\";\n"
    "     customer = { id = \"c4\"; name = \"Qian\"; };\n"
    "     meter = { id = \"m4\"; address = \"" CARD_ADDRESS "\"; profile = \"card\";\n"
    "               tariff = \"flat\"; customer_no = \"000000100001\"; alarm_yuan = \"10.00\"; }; "
    "},\n"
    "   { id = \"r5\"; building = \"1\"; unit = \"1\"; label = \"105\";\n"
    "     meter = { id = \"m5\"; address = \"" CARD_ADDRESS_2 "\"; profile = \"card\";\n"
    "               tariff = \"flat\"; }; } ); } );\n";

static struct timers quick_timers(void)
{
    struct timers timers = timers_default();
    timers.precreate = (struct timers_row){5, {0, 30, 30, 30, 30}};
    timers.poll_ms = 30;
    timers.poll_later_ms = 30;
    timers.closing = (struct timers_row){3, {30, 30, 60}};
    timers.closing_dead_ms = 60;
    timers.closed = (struct timers_row){3, {60, 60, 60}};
    timers.refund_query = (struct timers_row){2, {30, 60}};
    timers.refund_query_count = 8;
    timers.command_ms = 150;
    timers.reply_ms = 50;
    timers.quiet_ms = 60;
    timers.quiet_esam_ms = 60;
    timers.quiet_lost_ms = 60;
    timers.read_back = (struct timers_row){3, {30, 30, 60}};
    timers.assign = (struct timers_row){2, {0, 40}};
    timers.relay = (struct relay_waits){{40, 40, 40}, 60, 40, 200};
    return timers;
}

struct timers *rig_timers(void)
{
    if (!the.has_timers) {
        the.timers = quick_timers();
        the.has_timers = true;
    }
    return &the.timers;
}

void rig_wall(int64_t wall_s)
{
    the.system = clock_system();
    atomic_store(&the.wall_offset_s, wall_s - clock_wall_s(&the.system));
}

static int64_t read_wall(void *self)
{
    (void)self;
    return clock_wall_s(&the.system) + atomic_load(&the.wall_offset_s);
}

void rig_test_keys(bool allowed)
{
    the.test_keys = allowed;
}

void rig_cut_off(bool cut_off)
{
    the.cut_off = cut_off;
}

void rig_books(bool books)
{
    the.books = books;
}

void rig_sleep_ms(int ms)
{
    const struct timespec wait = {.tv_sec = ms / 1000, .tv_nsec = (long)(ms % 1000) * 1000000};
    (void)nanosleep(&wait, NULL);
}

/* ---- the parts ---- */

static void start(struct rig *rig)
{
    char why[STORE_WHY_SIZE];
    const struct store_config config = {.path = the.path, .clock = &the.clock, .reader_count = 4};
    MUST(store_open(&config, &rig->store, why) == OK);
    MUST(jobs_create(rig->store, &rig->jobs) == OK);
    const struct orders_setup setup = {
        .options = {.timers = *rig_timers(),
                    .pay_threads = 4,
                    .meter_threads = 4,
                    .cut_off = the.cut_off},
        .store = rig->store,
        .jobs = rig->jobs,
        .gateway = double_gateway(),
        .pay = double_pay(),
        .http = double_http(),
        .clock = &the.clock,
        .rng = &the.rng,
        .test_keys_allowed = the.test_keys,
    };
    MUST(orders_create(&setup, &rig->orders) == OK);
    MUST(review_create(rig->orders, &setup, &rig->review) == OK);
    rig->accounts = orders_account_port(rig->orders);
    MUST(orders_start(rig->orders) == OK);
    MUST(!the.books || books_start(rig->orders) == OK);
    MUST(jobs_start(rig->jobs) == OK);
}

static void stop(struct rig *rig)
{
    jobs_stop(rig->jobs);
    orders_stop(rig->orders);
    store_close(rig->store);
    review_destroy(rig->review);
    orders_destroy(rig->orders);
    jobs_destroy(rig->jobs);
}

static void prepare_once(void)
{
    if (the.folder[0] != '\0') {
        return;
    }
    log_init("test", LOG_LEVEL_ERROR);
    (void)temp_folder_make(the.folder);
    (void)temp_path(the.folder, "key.sock", the.key_path);
    the.system = clock_system();
    the.clock = the.system;
    the.clock.wall_s = read_wall;
    if (atomic_load(&the.wall_offset_s) == 0) {
        rig_wall(MORNING);
    }
    the.rng = rng_system();
    double_key_start(the.key_path);
}

static void seed(struct rig *rig)
{
    static char text[SEED_SIZE];
    char message[CONFIG_MESSAGE_SIZE];
    bool changed = false;
    MUST(str_format(text, sizeof(text), SEED, the.key_path));
    const struct seed_source source = {.text = text, .name = "seed"};
    if (seed_apply(rig->store, &source, &changed, message) != OK) {
        (void)printf("# %s\n", message);
        MUST(false);
    }
    rig_exec(rig, "UPDATE collector SET online = 1, epoch = 7");
}

void rig_begin(struct rig *rig)
{
    char name[32];
    prepare_once();
    the.database += 1;
    str_format_cut(name, sizeof(name), "db%d", the.database);
    (void)temp_path(the.folder, name, the.path);
    double_http_reset();
    double_pay_reset();
    double_gateway_reset();
    double_key_mood(KEY_GOOD);
    double_gateway_add(CLOUD_ADDRESS, BUS_METER_CLOUD, 0);
    double_gateway_add(COUNT_ADDRESS, BUS_METER_COUNT, 1000);
    double_gateway_add(ORDER_ADDRESS, BUS_METER_ORDER, 1000);
    start(rig);
    seed(rig);
}

void rig_restart(struct rig *rig)
{
    stop(rig);
    double_http_reset();
    start(rig);
}

void rig_end(struct rig *rig)
{
    stop(rig);
    double_http_reset();
    rig_wall(MORNING);
    the.has_timers = false;
    the.test_keys = false;
    the.cut_off = false;
    the.books = false;
}

/* ---- orders ---- */

struct double_answer rig_order(int room, int64_t fen, const char *channel, const char *more)
{
    char body[1024];
    the.request += 1;
    str_format_cut(body, sizeof(body),
                   "{\"client_request_id\":\"018f3a1c-0000-7000-8000-%012d\","
                   "\"purchase_id\":\"018f3a1c-0000-7000-9000-%012d\",\"room_id\":\"r%d\","
                   "\"meter_id\":\"m%d\",\"amount_fen\":%lld,\"channel\":\"%s\","
                   "\"accept_open_elsewhere\":true%s}",
                   the.request, the.request, room, room, (long long)fen, channel,
                   more != NULL ? more : "");
    return double_http_call(HTTP_POST, "/v1/terminal/orders", body);
}

void rig_create(int room, int64_t fen, char ret_order_no[33])
{
    struct double_answer answer = rig_order(room, fen, "alipay", NULL);
    if (answer.status != 200) {
        (void)printf("# %u %s\n", answer.status, answer.text);
    }
    const char *number = json_string_value(json_object_get(answer.json, "order_no"));
    str_format_cut(ret_order_no, 33, "%s", number != NULL ? number : "refused");
    double_answer_finish(&answer);
}

bool rig_until(const struct rig *rig, const char *order_no, const char *state)
{
    char now[RIG_STATE_SIZE] = "";
    for (int waited = 0; waited < WAIT_MS; waited += STEP_MS) {
        rig_text(rig, "SELECT state FROM pay_order WHERE order_no = ?1", order_no, now,
                 sizeof(now));
        if (str_equal(now, state)) {
            return true;
        }
        rig_sleep_ms(STEP_MS);
    }
    (void)printf("# order %s is %s, not %s\n", order_no, now, state);
    return false;
}

bool rig_pay(const struct rig *rig, int room, int64_t fen, const char *state, char ret_order_no[33])
{
    rig_create(room, fen, ret_order_no);
    if (!rig_until(rig, ret_order_no, "WAIT_PAY")) {
        return false;
    }
    double_pay_settle(ret_order_no, 0);
    return rig_until(rig, ret_order_no, state);
}

/* ---- looking ---- */

struct question {
    const char *sql;
    const char *arg;
    int64_t number;
    char *text;
    size_t size;
};

static enum err ask(struct db *db, void *arg)
{
    struct question *question = arg;
    struct sql *sql = sql_begin(db, question->sql);
    if (question->arg != NULL) {
        sql_bind_text(sql, 1, question->arg);
    }
    enum err err = sql_one(sql);
    if (err == OK && question->text != NULL) {
        err = sql_is_null(sql, 0) || sql_copy_text(sql, 0, question->text, question->size)
                  ? OK
                  : ERR_FULL;
    } else if (err == OK) {
        question->number = sql_i64(sql, 0);
    }
    return err == ERR_NOT_FOUND ? OK : err;
}

int64_t rig_number(const struct rig *rig, const char *sql, const char *arg)
{
    struct question question = {.sql = sql, .arg = arg};
    MUST(store_read(rig->store, ask, &question) == OK);
    return question.number;
}

void rig_text(const struct rig *rig, const char *sql, const char *arg, char *ret_text, size_t size)
{
    struct question question = {.sql = sql, .arg = arg, .text = ret_text, .size = size};
    ret_text[0] = '\0';
    MUST(store_read(rig->store, ask, &question) == OK);
}

bool rig_until_number(const struct rig *rig, const char *sql, const char *arg, int64_t value)
{
    int64_t now = 0;
    for (int waited = 0; waited < WAIT_MS; waited += STEP_MS) {
        now = rig_number(rig, sql, arg);
        if (now == value) {
            return true;
        }
        rig_sleep_ms(STEP_MS);
    }
    (void)printf("# \"%s\" is %lld, not %lld\n", sql, (long long)now, (long long)value);
    return false;
}

static enum err exec(struct db *db, void *arg)
{
    const char *sql = arg;
    return sql_run(sql_begin(db, sql));
}

void rig_exec(const struct rig *rig, const char *sql)
{
    MUST(store_run(rig->store, exec, (void *)(uintptr_t)sql) == OK);
}

struct books {
    json_t *json;
};

static enum err audit(struct db *db, void *arg)
{
    struct books *books = arg;
    return audit_books(db, &books->json);
}

bool rig_books_are_clean(const struct rig *rig)
{
    struct books books = {NULL};
    MUST(store_read(rig->store, audit, &books) == OK);
    const json_t *findings = json_object_get(books.json, "findings");
    const bool clean = json_array_size(findings) == 0;
    if (!clean) {
        char *text = json_dumps(findings, JSON_COMPACT);
        (void)printf("# %s\n", text);
        free(text);
    }
    json_decref(books.json);
    return clean;
}
