/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/torture/server.h"

#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "cloud/catalog/seed.h"
#include "cloud/orders/case.h"
#include "cloud/orders/create.h"
#include "cloud/orders/evidence.h"
#include "cloud/review/audit.h"
#include "common/str.h"
#include "drivers/clock/clock_system.h"
#include "drivers/rng/rng_system.h"
#include "tests/unit/cloud_orders/double_gateway.h"
#include "tests/unit/cloud_orders/double_http.h"
#include "tests/unit/cloud_orders/double_pay.h"

enum { SEED_SIZE = 4096 };

#define UUID_A "018f3a1c-0000-7000-8000-00000000000a"
#define UUID_B "018f3a1c-0000-7000-8000-00000000000b"
#define METER_REST "tariff = \"flat\"; collector = \"col1\"; bus = \"b1\"; }; }"

static const char SEED[] =
    "tariffs = ( { id = \"flat\"; price_yuan = \"0.5500\"; } );\n"
    "profiles = ( { id = \"cloud\"; kind = \"cloud\"; relay = \"1C\"; password = \"02123456\";\n"
    "    operator = \"00000001\"; schedule_s = 900; },\n"
    "  { id = \"count\"; kind = \"count\"; layout = \"standard\"; relay = \"none\";\n"
    "    mac_port = \"%s\"; password = \"02123456\"; operator = \"00000001\";\n"
    "    schedule_s = 900; },\n"
    "  { id = \"order\"; kind = \"order\"; layout = \"q\"; relay = \"none\";\n"
    "    password = \"02123456\"; operator = \"00000001\"; schedule_s = 900; } );\n"
    "collectors = ( { id = \"col1\"; name = \"one\"; } );\n"
    "sites = ( { id = \"s1\"; name = \"Site\"; company = \"Company\"; service_phone = \"400\";\n"
    "  amounts_yuan = [20, 50]; amount_min_yuan = \"10.00\"; amount_max_yuan = \"2000.00\";\n"
    "  languages = [\"zh-CN\"]; receipt_auto = true; sell_to_silent = true;\n"
    "  terminals = ( { id = \"k1\"; name = \"K1\"; } );\n"
    "  rooms = ( { id = \"r1\"; building = \"1\"; unit = \"1\"; label = \"101\";\n"
    "     customer = { id = \"c1\"; name = \"Li\"; phone = \"13800000000\"; };\n"
    "     meter = { id = \"m1\"; address = \"112233445501\"; profile = \"cloud\";\n" METER_REST
    ",\n"
    "   { id = \"r2\"; building = \"1\"; unit = \"1\"; label = \"102\";\n"
    "     customer = { id = \"c2\"; name = \"Wang\"; };\n"
    "     meter = { id = \"m2\"; address = \"" SERVER_COUNT_ADDRESS
    "\"; profile = \"count\";\n" METER_REST ",\n"
    "   { id = \"r3\"; building = \"1\"; unit = \"1\"; label = \"103\";\n"
    "     customer = { id = \"c3\"; name = \"Zhao\"; };\n"
    "     meter = { id = \"m3\"; address = \"" SERVER_NUMBER_ADDRESS
    "\"; profile = \"order\";\n" METER_REST " ); } );\n";

static struct clock_port system_clock;
static struct rng_port system_rng;

void server_keys_path(const char *dir, char ret_path[SERVER_PATH_SIZE])
{
    str_format_cut(ret_path, SERVER_PATH_SIZE, "%s/../key.sock", dir);
}

bool server_open_store(struct server *server, const char *dir, char why[STORE_WHY_SIZE])
{
    char path[SERVER_PATH_SIZE];
    str_format_cut(path, sizeof(path), "%s/cloud.db", dir);
    system_clock = clock_system();
    system_rng = rng_system();
    const struct store_config config = {.path = path, .clock = &system_clock, .reader_count = 1};
    return store_open(&config, &server->store, why) == OK;
}

/* Waits of milliseconds. */
static struct timers quick_timers(void)
{
    struct timers timers = timers_default();
    timers.assign = (struct timers_row){2, {0, 3}};
    timers.command_ms = 20;
    timers.reply_ms = 5;
    timers.quiet_ms = 5;
    timers.quiet_esam_ms = 5;
    timers.quiet_lost_ms = 5;
    timers.read_back = (struct timers_row){3, {3, 3, 6}};
    timers.refund_query = (struct timers_row){2, {3, 6}};
    return timers;
}

static bool parts_make(struct server *server)
{
    const struct orders_setup setup = {
        .options = {.timers = quick_timers(), .pay_threads = 1, .meter_threads = 1},
        .store = server->store,
        .jobs = server->jobs,
        .gateway = double_gateway(),
        .pay = double_pay(),
        .http = double_http(),
        .clock = &system_clock,
        .rng = &system_rng,
    };
    return orders_create(&setup, &server->orders) == OK;
}

bool server_open(struct server *server, const char *dir)
{
    char why[STORE_WHY_SIZE];
    return server_open_store(server, dir, why) && jobs_create(server->store, &server->jobs) == OK &&
           parts_make(server);
}

void server_close(struct server *server)
{
    orders_stop(server->orders);
    store_close(server->store);
    orders_destroy(server->orders);
    jobs_destroy(server->jobs);
}

static enum err online(struct db *db, void *arg)
{
    (void)arg;
    return sql_run(sql_begin(db, "UPDATE collector SET online = 1, epoch = 7"));
}

bool server_make(const char *dir)
{
    static char text[SEED_SIZE];
    static struct server server;
    char message[CONFIG_MESSAGE_SIZE];
    char keys[SERVER_PATH_SIZE];
    bool changed = false;
    server_keys_path(dir, keys);
    const struct seed_source source = {.text = text, .name = "seed"};
    bool made = str_format(text, sizeof(text), SEED, keys) && server_open(&server, dir) &&
                seed_apply(server.store, &source, &changed, message) == OK &&
                store_run(server.store, online, NULL) == OK;
    if (made) {
        server_close(&server);
    }
    return made;
}

/* ---- what terminals and wallets say ---- */

bool server_wish(struct server *server, int room, char ret_order_no[ORDER_NUMBER_SIZE])
{
    static struct create create;
    create = (struct create){.orders = server->orders, .has_room = true, .payments_open = true};
    str_format_cut(create.terminal_id, sizeof(create.terminal_id), "k1");
    str_format_cut(create.site_id, sizeof(create.site_id), "s1");
    create.request = (struct api_order_request){.client_request_id = UUID_A,
                                                .purchase_id = UUID_B,
                                                .amount_fen = SERVER_FEN,
                                                .accept_offline = true};
    str_format_cut(create.request.room_id, sizeof(create.request.room_id), "r%d", room);
    str_format_cut(create.request.meter_id, sizeof(create.request.meter_id), "m%d", room);
    bool made =
        store_run(server->store, create_order, &create) == OK && create.refusal == CREATE_OK;
    if (made) {
        str_format_cut(ret_order_no, ORDER_NUMBER_SIZE, "%s", create.view.order_no);
    }
    return made;
}

struct news {
    struct orders *orders;
    const char *order_no;
    enum pay_result says;
};

/* What the wallet says, kept as evidence in the same transaction. */
static enum err tell_payment(struct db *db, void *arg)
{
    const struct news *news = arg;
    struct money_case c;
    int64_t inbox_id = 0;
    enum err err = case_open(&c, news->orders, db, news->order_no);
    if (err != OK) {
        return err;
    }
    const bool paid = news->says == PAY_PAID;
    const struct evidence evidence = {.wallet = c.row.wallet,
                                      .source = paid ? "query" : "precreate",
                                      .result = news->says,
                                      .document_no = news->order_no,
                                      .headers = "",
                                      .body = (const uint8_t *)"{}",
                                      .body_size = 2};
    const struct statement statement = {.result = news->says,
                                        .amount_fen = SERVER_FEN,
                                        .refunded_fen = -1,
                                        .currency_ok = true,
                                        .trade_no = "T1"};
    const struct order_event code = {.kind = ORDER_EV_PRECREATE_OK};
    err = evidence_store(db, &evidence, &inbox_id);
    if (err == OK) {
        err = paid ? evidence_tell(&c, &statement, inbox_id)
                   : case_tell_order(&c, &code, inbox_id, "");
    }
    return err == OK ? case_commit(&c) : err;
}

bool server_hears(struct server *server, const char *order_no, enum pay_result says)
{
    struct news news = {.orders = server->orders, .order_no = order_no, .says = says};
    return store_run(server->store, tell_payment, &news) == OK;
}

/* ---- looking ---- */

struct look {
    struct server_books *books;
    json_t *json;
};

static enum err read_sum(struct db *db, const char *sum, int64_t *ret_fen)
{
    struct sql *sql = sql_begin(db, sum);
    enum err err = sql_one(sql);
    *ret_fen = err == OK ? sql_i64(sql, 0) : 0;
    sql_end(sql);
    return err;
}

static enum err read_books(struct db *db, void *arg)
{
    struct look *look = arg;
    struct server_books *books = look->books;
    struct sql *sql = sql_begin(db, "SELECT count(*), coalesce(max(state), '') FROM pay_order");
    enum err err = sql_one(sql);
    if (err == OK) {
        books->orders = sql_i64(sql, 0);
        err = sql_copy_text(sql, 1, books->state, sizeof(books->state)) ? OK : ERR_FULL;
    }
    sql_end(sql);
    if (err == OK) {
        err = read_sum(db, "SELECT coalesce(-sum(fen), 0) FROM account_sum WHERE account = 'CUST'",
                       &books->cust_fen);
    }
    if (err == OK) {
        err = read_sum(db, "SELECT coalesce(-sum(fen), 0) FROM account_sum WHERE account = 'METER'",
                       &books->meter_fen);
    }
    return err == OK ? audit_books(db, &look->json) : err;
}

bool server_books_are_clean(struct server *server, struct torture_notes *notes,
                            struct server_books *ret_books)
{
    char *text = NULL;
    struct look look = {.books = ret_books};
    *ret_books = (struct server_books){0};
    if (torture_expect(notes, store_read(server->store, read_books, &look) == OK,
                       "the books cannot be read")) {
        text = json_dumps(json_object_get(look.json, "findings"), JSON_COMPACT);
    }
    bool clean = text != NULL && str_equal(text, "[]");
    (void)torture_expect(notes, clean, text != NULL ? text : "no findings");
    free(text);
    json_decref(look.json);
    return clean;
}
