/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The server's database: made and opened, and on it an order from the terminal's wish to the
 * credit. Whatever failed: after the next start the same wishes, said again, give one order, one
 * credit, and clean books.
 */
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "cloud/catalog/seed.h"
#include "cloud/orders/case.h"
#include "cloud/orders/create.h"
#include "cloud/orders/evidence.h"
#include "cloud/review/audit.h"
#include "common/crypto/digest.h"
#include "common/str.h"
#include "drivers/clock/clock_system.h"
#include "drivers/rng/rng_system.h"
#include "tests/torture/torture.h"
#include "tests/unit/cloud_orders/double_gateway.h"
#include "tests/unit/cloud_orders/double_http.h"
#include "tests/unit/cloud_orders/double_pay.h"

enum { STEP_OPEN, STEP_CREATE, STEP_QR, STEP_PAID, STEP_POST, STEP_AGAIN };

#define UUID_A "018f3a1c-0000-7000-8000-00000000000a"
#define UUID_B "018f3a1c-0000-7000-8000-00000000000b"
#define AMOUNT_FEN INT64_C(5000)

static const char SEED[] =
    "tariffs = ( { id = \"flat\"; price_yuan = \"0.5500\"; } );\n"
    "profiles = ( { id = \"cloud\"; kind = \"cloud\"; relay = \"1C\"; password = \"02123456\";\n"
    "    operator = \"00000001\"; schedule_s = 900; } );\n"
    "collectors = ( { id = \"col1\"; name = \"one\"; } );\n"
    "sites = ( { id = \"s1\"; name = \"Site\"; company = \"Company\"; service_phone = \"400\";\n"
    "  amounts_yuan = [20, 50]; amount_min_yuan = \"10.00\"; amount_max_yuan = \"2000.00\";\n"
    "  languages = [\"zh-CN\"]; receipt_auto = true; sell_to_silent = true;\n"
    "  terminals = ( { id = \"k1\"; name = \"K1\"; } );\n"
    "  rooms = ( { id = \"r1\"; building = \"1\"; unit = \"1\"; label = \"101\";\n"
    "     customer = { id = \"c1\"; name = \"Li\"; phone = \"13800000000\"; };\n"
    "     meter = { id = \"m1\"; address = \"112233445501\"; profile = \"cloud\";\n"
    "               tariff = \"flat\"; collector = \"col1\"; bus = \"b1\"; }; } ); } );\n";

static struct {
    struct store *store;
    struct jobs *jobs;
    struct orders *orders;
    struct clock_port clock;
    struct rng_port rng;
} the;

static bool store_at(const char *dir, char why[STORE_WHY_SIZE])
{
    char path[256];
    str_format_cut(path, sizeof(path), "%s/cloud.db", dir);
    the.clock = clock_system();
    the.rng = rng_system();
    const struct store_config config = {.path = path, .clock = &the.clock, .reader_count = 1};
    return store_open(&config, &the.store, why) == OK;
}

static bool parts_make(void)
{
    const struct orders_setup setup = {
        .options = {.timers = timers_default(), .pay_threads = 1, .meter_threads = 1},
        .store = the.store,
        .jobs = the.jobs,
        .gateway = double_gateway(),
        .pay = double_pay(),
        .http = double_http(),
        .clock = &the.clock,
        .rng = &the.rng,
    };
    return orders_create(&setup, &the.orders) == OK;
}

static bool open_all(const char *dir)
{
    char why[STORE_WHY_SIZE];
    return store_at(dir, why) && jobs_create(the.store, &the.jobs) == OK && parts_make();
}

static void close_all(void)
{
    orders_stop(the.orders);
    store_close(the.store);
    orders_destroy(the.orders);
    jobs_destroy(the.jobs);
}

/* ---- the steps, each a transaction that may be repeated ---- */

static enum err online(struct db *db, void *arg)
{
    (void)arg;
    return sql_run(sql_begin(db, "UPDATE collector SET online = 1, epoch = 7"));
}

static bool make(const char *dir)
{
    char message[CONFIG_MESSAGE_SIZE];
    bool changed = false;
    const struct seed_source source = {.text = SEED, .name = "seed"};
    bool made = open_all(dir) && seed_apply(the.store, &source, &changed, message) == OK &&
                store_run(the.store, online, NULL) == OK;
    if (made) {
        close_all();
    }
    return made;
}

static bool wish(char ret_order_no[ORDER_NUMBER_SIZE])
{
    static struct create create;
    create = (struct create){.orders = the.orders, .has_room = true, .payments_open = true};
    str_format_cut(create.terminal_id, sizeof(create.terminal_id), "k1");
    str_format_cut(create.site_id, sizeof(create.site_id), "s1");
    create.request = (struct api_order_request){.client_request_id = UUID_A,
                                                .purchase_id = UUID_B,
                                                .room_id = "r1",
                                                .meter_id = "m1",
                                                .amount_fen = AMOUNT_FEN,
                                                .accept_offline = true};
    bool made = store_run(the.store, create_order, &create) == OK && create.refusal == CREATE_OK;
    if (made) {
        str_format_cut(ret_order_no, ORDER_NUMBER_SIZE, "%s", create.view.order_no);
    }
    return made;
}

struct news {
    const char *order_no;
    enum pay_result says; /* the wallet: the code is there, or it is paid */
    bool posts;           /* the delivery's turn */
};

/* What the wallet says, kept as evidence in the same transaction. */
static enum err tell_payment(struct money_case *c, struct db *db, const struct news *news)
{
    int64_t inbox_id = 0;
    const bool paid = news->says == PAY_PAID;
    const struct evidence evidence = {.wallet = c->row.wallet,
                                      .source = paid ? "query" : "precreate",
                                      .result = news->says,
                                      .document_no = news->order_no,
                                      .headers = "",
                                      .body = (const uint8_t *)"{}",
                                      .body_size = 2};
    const struct statement statement = {.result = news->says,
                                        .amount_fen = AMOUNT_FEN,
                                        .refunded_fen = -1,
                                        .currency_ok = true,
                                        .trade_no = "T1"};
    const struct order_event code = {.kind = ORDER_EV_PRECREATE_OK};
    enum err err = evidence_store(db, &evidence, &inbox_id);
    if (err != OK) {
        return err;
    }
    return paid ? evidence_tell(c, &statement, inbox_id) : case_tell_order(c, &code, inbox_id, "");
}

static enum err tell(struct db *db, void *arg)
{
    const struct news *news = arg;
    struct money_case c;
    enum err err = case_open(&c, the.orders, db, news->order_no);
    if (err != OK) {
        return err;
    }
    if (!news->posts) {
        err = tell_payment(&c, db, news);
    } else if (c.has_delivery && c.delivery.delivery.stage == DELIVERY_READY) {
        const struct delivery_event post = {.kind = DELIVERY_EV_POST, .use = {.energy_step = 1}};
        err = case_tell_delivery(&c, &post);
    }
    return err == OK ? case_commit(&c) : err;
}

static bool hears(const char *order_no, enum pay_result says)
{
    struct news news = {.order_no = order_no, .says = says};
    return store_run(the.store, tell, &news) == OK;
}

static bool posts(const char *order_no)
{
    struct news news = {.order_no = order_no, .posts = true};
    return store_run(the.store, tell, &news) == OK;
}

static void run(struct torture_notes *notes, const char *dir)
{
    (void)dir;
    char no[ORDER_NUMBER_SIZE];
    if (torture_step(notes, STEP_CREATE, wish(no))) {
        str_format_cut(notes->text, sizeof(notes->text), "%s", no);
        if (torture_step(notes, STEP_QR, hears(no, PAY_QR)) &&
            torture_step(notes, STEP_PAID, hears(no, PAY_PAID))) {
            (void)torture_step(notes, STEP_POST, posts(no));
        }
    }
    close_all();
}

/* ---- looking ---- */

struct books {
    json_t *json;
    int64_t credited_fen;
    int64_t orders;
    char state[16];
};

static enum err read_books(struct db *db, void *arg)
{
    struct books *books = arg;
    struct sql *sql = sql_begin(db, "SELECT count(*), coalesce(max(state), '') FROM pay_order");
    enum err err = sql_one(sql);
    if (err == OK) {
        books->orders = sql_i64(sql, 0);
        err = sql_copy_text(sql, 1, books->state, sizeof(books->state)) ? OK : ERR_FULL;
    }
    if (err == OK) {
        sql =
            sql_begin(db, "SELECT coalesce(-sum(fen), 0) FROM account_sum WHERE account = 'CUST'");
        err = sql_one(sql);
        books->credited_fen = err == OK ? sql_i64(sql, 0) : 0;
    }
    return err == OK ? audit_books(db, &books->json) : err;
}

static bool books_are_clean(struct torture_notes *notes, struct books *books)
{
    char *text = NULL;
    if (torture_expect(notes, store_read(the.store, read_books, books) == OK,
                       "the books cannot be read")) {
        text = json_dumps(json_object_get(books->json, "findings"), JSON_COMPACT);
    }
    bool clean = text != NULL && str_equal(text, "[]");
    (void)torture_expect(notes, clean, text != NULL ? text : "no findings");
    free(text);
    json_decref(books->json);
    return clean;
}

static bool done(const struct torture_notes *notes, size_t step)
{
    return notes->steps[step] == STEP_DONE;
}

/* As it was left: what was acknowledged is there, and nothing is there twice. */
static bool is_as_told(struct torture_notes *notes)
{
    struct books books = {0};
    bool good = books_are_clean(notes, &books);
    good = torture_expect(notes, books.orders <= 1, "two orders") && good;
    good =
        torture_expect(notes, !done(notes, STEP_CREATE) || books.orders == 1, "an order is lost") &&
        good;
    bool paid = str_equal(books.state, "PAID") || str_equal(books.state, "CREDITING") ||
                str_equal(books.state, "DONE");
    good = torture_expect(notes, !done(notes, STEP_PAID) || paid, "a payment is lost") && good;
    good = torture_expect(notes,
                          !done(notes, STEP_POST) ||
                              (str_equal(books.state, "DONE") && books.credited_fen == AMOUNT_FEN),
                          "a credit is lost") &&
           good;
    return torture_expect(notes, books.credited_fen == 0 || books.credited_fen == AMOUNT_FEN,
                          "a credit is there twice") &&
           good;
}

/* The terminal, the wallet and the worker say everything once more. */
static bool ends_well(struct torture_notes *notes)
{
    struct books books = {0};
    char no[ORDER_NUMBER_SIZE] = "";
    bool good = torture_expect(notes, wish(no), "the wish, said again, is refused");
    good = torture_expect(notes, notes->text[0] == '\0' || str_equal(no, notes->text),
                          "the wish, said again, is another order") &&
           good;
    good = torture_expect(notes, hears(no, PAY_QR) && hears(no, PAY_PAID) && posts(no),
                          "news, said again, are refused") &&
           good;
    good = books_are_clean(notes, &books) && good;
    good = torture_expect(notes, books.orders == 1 && str_equal(books.state, "DONE"),
                          "it does not end") &&
           good;
    return torture_expect(notes, books.credited_fen == AMOUNT_FEN, "it is not credited once") &&
           good;
}

static bool look(struct torture_notes *notes, const char *dir)
{
    if (!torture_expect(notes, open_all(dir), "it does not open again")) {
        return false;
    }
    bool good = is_as_told(notes) && ends_well(notes);
    close_all();
    return good;
}

/* ---- the database alone ---- */

/* OpenSSL 3.0 crashes if memory runs out while it starts itself, at its first use; not ours. */
static bool prepare_open(const char *dir)
{
    char hex[DIGEST_HEX_SIZE];
    return digest_hex(DIGEST_SHA256, dir, strlen(dir), hex);
}

static void run_open(struct torture_notes *notes, const char *dir)
{
    char why[STORE_WHY_SIZE] = "";
    for (size_t step = STEP_OPEN; step <= STEP_AGAIN; step += STEP_AGAIN - STEP_OPEN) {
        bool opened = torture_step(notes, step, store_at(dir, why));
        (void)torture_expect(notes, opened || why[0] != '\0', "it is refused without a word");
        if (opened) {
            store_close(the.store);
        }
    }
}

static bool look_open(struct torture_notes *notes, const char *dir)
{
    char why[STORE_WHY_SIZE] = "";
    if (!torture_expect(notes, store_at(dir, why), why)) {
        return false;
    }
    store_close(the.store);
    return true;
}

static const struct torture_flow flow_open = {.name = "cloud-open",
                                              .has_files = true,
                                              .prepare = prepare_open,
                                              .run = run_open,
                                              .look = look_open};
static const struct torture_flow flow_order = {.name = "cloud-order",
                                               .has_files = true,
                                               .make = make,
                                               .prepare = open_all,
                                               .run = run,
                                               .look = look};

const struct torture_flow *const torture_flows[] = {&flow_open, &flow_order, NULL};
