/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/bench/auditworld.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <sqlite3.h>
#include <sys/stat.h>

#include "cloud/store/store.h"
#include "collector/journal.h"
#include "common/civil.h"
#include "common/money.h"
#include "common/must.h"
#include "common/str.h"
#include "drivers/clock/clock_system.h"
#include "drivers/rng/rng_system.h"
#include "tests/bench/auditbill.h"

enum {
    DAYS = 30,
    METERS_MAX = 3000,
    RECORD_DEPTH = 10,
    JOURNAL_ROWS_MAX = 100000,
    PRICE_E4 = 5500,
    PATH_SIZE = 1024,
    TEXT_SIZE = 2048,
};
#define BEGINS_AT INT64_C(1793462400) /* 2026-11-01 00:00 in Beijing */
#define RUNNING_MS INT64_C(4000000000)

enum statement {
    PUT_ORDER,
    PUT_PURCHASE,
    PUT_WORD,
    PUT_EVENT,
    PUT_POSTING,
    PUT_LEG,
    PUT_REFUND,
    PUT_RESERVATION,
    PUT_PAPER,
    PUT_DELIVERY,
    PUT_STEP,
    PUT_COMMAND,
    PUT_JOURNAL,
    PUT_ITEM,
    PUT_SIGNATURE,
    PUT_EVIDENCE,
    PUT_STRAY,
    PUT_STRAY_EVENT,
    STATEMENT_COUNT
};

static const char *const STATEMENTS[STATEMENT_COUNT] = {
    [PUT_ORDER] =
        "INSERT INTO pay_order (order_no, terminal_id, client_request_id, purchase_id, site_id,"
        " room_id, meter_id, channel, version, state, amount_fen, paid_fen, trade_no, money,"
        " credit_to, credit_started, refund_numbered, kind, place, customer_masked, meter_address,"
        " meter_tail, price_e4_yuan, created_at, created_ms, body, state_ms, qr_text, paid_at)"
        " VALUES (?1, 'k1', ?2, ?2, 's1', ?3, ?4, ?5, 4, ?6, ?7, ?8, ?9, 0, ?10, ?11, ?12, ?13,"
        " '1-1-101', 'W*', ?14, '0001', 5500, ?15, ?16, ?17, ?16, 'https://qr.example/code', ?18)",
    [PUT_PURCHASE] = "INSERT INTO purchase (purchase_id, terminal_id, meter_id, created_at)"
                     " VALUES (?1, 'k1', ?2, ?3)",
    [PUT_WORD] = "INSERT INTO pay_inbox (channel, source, verdict, document_no, headers, body,"
                 " received_at) VALUES (?1, ?2, ?3, ?4, '', ?5, ?6)",
    [PUT_EVENT] = "INSERT INTO pay_event (order_no, seq, event, amount_fen, trade_no, from_state,"
                  " to_state, inbox_id, actor, at) VALUES (?1, (SELECT coalesce(max(seq), 0) + 1"
                  " FROM pay_event WHERE order_no = ?1), ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
    [PUT_POSTING] = "INSERT INTO posting (document_no, step, at) VALUES (?1, ?2, ?3)",
    [PUT_LEG] = "INSERT INTO leg (posting_id, line, account, subject, fen)"
                " VALUES (?1, ?2, ?3, ?4, ?5)",
    [PUT_REFUND] = "INSERT INTO refund (document_no, refund_no, channel, order_no, trade_no, fen,"
                   " body, created_at) VALUES (?1, ?2, ?3, ?4, ?5, ?6, '{}', ?7)",
    [PUT_RESERVATION] = "INSERT INTO reservation (order_no, account, meter_id, fen, state)"
                        " VALUES (?1, 'METER', ?2, ?3, ?4)",
    [PUT_PAPER] = "INSERT INTO receipt_report (print_id, order_no, verdict, at)"
                  " VALUES (?1, ?2, 'printed', ?3)",
    [PUT_DELIVERY] =
        "INSERT INTO delivery (order_no, meter_id, version, kind, stage, amount_fen, sends,"
        " before, seq, order_number, collector_id, epoch, command_id, created_ms)"
        " VALUES (?1, ?2, 1, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13)",
    [PUT_STEP] = "INSERT INTO delivery_event (order_no, seq, event, detail, from_stage,"
                 " to_stage, at) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
    [PUT_COMMAND] = "INSERT INTO device_command (command_id, op, collector_id, meter_id,"
                    " order_no, created_at, reply, replied_at)"
                    " VALUES (?1, 'credit', 'col1', ?2, ?3, ?4, ?5, ?4)",
    [PUT_JOURNAL] = "INSERT INTO command (row, id, op, meter, state, accepted_at, intent_at,"
                    " reply, replied) VALUES (?1, ?2, 'credit', ?3, 'R', ?4, ?4, ?5, 1)",
    [PUT_ITEM] = "INSERT INTO review_item (document_no, document, reason, owner, opened_at, due_ms,"
                 " closed_at, outcome) VALUES (?1, ?2, 'mismatch', 'site operator', ?3, ?4, ?5,"
                 " ?6)",
    [PUT_SIGNATURE] = "INSERT INTO review_signature (item_id, decision, person, version, given_ms,"
                      " given_at) VALUES (?1, ?2, ?3, 4, 1, ?4)",
    [PUT_EVIDENCE] = "INSERT INTO review_evidence (document_no, kind, person, text, at)"
                     " VALUES (?1, 'reading', 'ann', 'count read on site', ?2)",
    [PUT_STRAY] = "INSERT INTO stray (stray_no, channel, trade_no, seen_as, amount_fen, state,"
                  " refund_numbered, version, inbox_id, created_at)"
                  " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, 2, ?8, ?9)",
    [PUT_STRAY_EVENT] = "INSERT INTO stray_event (stray_no, seq, event, to_state, inbox_id, actor,"
                        " at) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
};

struct record {
    int64_t count;
    int64_t fen;
    int64_t at;
    char order[24];
};

struct meter {
    enum kind kind;
    int64_t count;
    int64_t balance_fen;
    int64_t total_fen;
    int64_t energy;
    struct record records[RECORD_DEPTH];
    size_t record_count;
    char address[16];
    char id[16];
};

struct world {
    char folder[512];
    size_t orders;
    size_t meter_count;
    struct meter meters[METERS_MAX];
    sqlite3 *db;
    sqlite3 *journal;
    sqlite3_stmt *stmts[STATEMENT_COUNT];
    int64_t epoch;
    int64_t command_count;
    int64_t strays;
    struct bills *bills;
    int64_t row; /* of the last insert */
};

/* ---- statements ---- */

static void exec(sqlite3 *db, const char *sql)
{
    char *why = NULL;
    if (sqlite3_exec(db, sql, NULL, NULL, &why) != SQLITE_OK) {
        (void)fprintf(stderr, "%s: %s\n", sql, why);
        MUST(false);
    }
}

/* Bind by letter: s text, i number, n number or NULL for 0. Then run. */
static void put(struct world *world, enum statement which, const char *types, ...)
    __attribute__((sentinel(0)));

static void put(struct world *world, enum statement which, const char *types, ...)
{
    sqlite3_stmt *stmt = world->stmts[which];
    va_list values;
    va_start(values, types);
    for (int at = 1; types[at - 1] != '\0'; at++) {
        if (types[at - 1] == 's') {
            (void)sqlite3_bind_text(stmt, at, va_arg(values, const char *), -1, SQLITE_TRANSIENT);
            continue;
        }
        const int64_t value = va_arg(values, int64_t);
        if (types[at - 1] == 'n' && value == 0) {
            (void)sqlite3_bind_null(stmt, at);
        } else {
            (void)sqlite3_bind_int64(stmt, at, value);
        }
    }
    va_end(values);
    const int code = sqlite3_step(stmt);
    if (code != SQLITE_DONE) {
        (void)fprintf(stderr, "%s: %s\n", sqlite3_sql(stmt),
                      sqlite3_errmsg(sqlite3_db_handle(stmt)));
        MUST(false);
    }
    (void)sqlite3_reset(stmt);
    world->row = sqlite3_last_insert_rowid(sqlite3_db_handle(stmt));
}

/* ---- the empty world ---- */

static void fill_catalog(struct world *world)
{
    char sql[TEXT_SIZE];
    exec(world->db,
         "INSERT INTO site (site_id, name, company, service_phone, languages, notice, amounts_fen,"
         " amount_min_fen, amount_max_fen, receipt_auto, sell_to_silent) VALUES ('s1', 'Site', "
         "'Company', '400', 'en', '', '5000', 1000, 20000,"
         " 1, 0); INSERT INTO terminal (terminal_id, site_id, name) VALUES ('k1', 's1', 'K1');"
         "INSERT INTO collector (collector_id, name) VALUES ('col1', 'one');"
         "INSERT INTO tariff (tariff_id, price_e4_yuan) VALUES ('flat', 5500);");
    static const char *const KINDS[] = {"cloud", "count", "order"};
    for (size_t i = 0; i < KIND_COUNT_OF; i++) {
        str_format_cut(
            sql, sizeof(sql),
            "INSERT INTO meter_profile (profile_id, kind, service, protocol, baud, layout, "
            "energy_unit,"
            " amount_unit, relay_how, mac_port, zero_credit, total_bought, buffered_link, sale,"
            " sale_reason, password, operator_code, schedule_s, items, live_items) VALUES ('%s', "
            "'%s', 'electricity', '645-2007', 0,"
            " 'none', 'kWh', 'fen', 'none', '', 'no', 0, 0, 'open', '', '02123456',"
            " '00000001', 900, '', '')",
            KINDS[i], KINDS[i]);
        exec(world->db, sql);
    }
    for (size_t i = 0; i < world->meter_count; i++) {
        struct meter *meter = &world->meters[i];
        meter->kind = (enum kind)(i % KIND_COUNT_OF);
        meter->count = 3;
        meter->balance_fen = 10000;
        meter->energy = 100000;
        str_format_cut(meter->id, sizeof(meter->id), "m%04zu", i);
        str_format_cut(meter->address, sizeof(meter->address), "%012zu", 900000 + i);
        str_format_cut(
            sql, sizeof(sql),
            "INSERT INTO room (room_id, site_id, building, unit, label, position, place, search)"
            " VALUES ('r%04zu', 's1', '1', '1', '%zu', %zu, '1-1-%zu',"
            " '11%zu'); INSERT INTO meter (meter_id, room_id, profile_id, tariff_id,"
            " collector_id, bus, address, alarm_fen) VALUES ('%s', 'r%04zu', '%s',"
            " 'flat', 'col1', 'b1', '%s', 1000);",
            i, i, i, i, i, meter->id, i, KINDS[meter->kind], meter->address);
        exec(world->db, sql);
    }
}

static void make_journal(struct world *world)
{
    char path[PATH_SIZE];
    char why[JOURNAL_MESSAGE_SIZE];
    struct journal *journal = NULL;
    str_format_cut(path, sizeof(path), "%s/collector", world->folder);
    MUST(mkdir(path, 0755) == 0);
    const struct journal_config config = {
        .dir = path, .rng = rng_system(), .clock = clock_system()};
    const enum err err = journal_open(&config, &journal, why);
    MUST(err == OK);
    world->epoch = journal_epoch(journal);
    journal_close(journal);
    str_format_cut(path, sizeof(path), "%s/collector/journal.db", world->folder);
    MUST(sqlite3_open(path, &world->journal) == SQLITE_OK);
    exec(world->journal, "PRAGMA synchronous = OFF; BEGIN");
}

static void make_database(struct world *world)
{
    char path[PATH_SIZE];
    char why[STORE_WHY_SIZE];
    struct store *store = NULL;
    const struct clock_port clock = clock_system();
    str_format_cut(path, sizeof(path), "%s/cloud.db", world->folder);
    const struct store_config config = {.path = path, .clock = &clock, .reader_count = 1};
    const enum err err = store_open(&config, &store, why);
    if (err != OK) {
        (void)fprintf(stderr, "%s\n", why);
    }
    MUST(err == OK);
    store_close(store);
    MUST(sqlite3_open(path, &world->db) == SQLITE_OK);
    exec(world->db, "PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF;"
                    "PRAGMA cache_size = -200000; BEGIN");
    for (size_t i = 0; i < STATEMENT_COUNT; i++) {
        sqlite3 *db = i == PUT_JOURNAL ? world->journal : world->db;
        if (sqlite3_prepare_v2(db, STATEMENTS[i], -1, &world->stmts[i], NULL) != SQLITE_OK) {
            (void)fprintf(stderr, "%s: %s\n", STATEMENTS[i], sqlite3_errmsg(db));
            MUST(false);
        }
    }
}

struct world *world_create(const char *folder, size_t orders)
{
    struct world *world = calloc(1, sizeof(*world));
    MUST(world != NULL);
    MUST(str_copy(world->folder, sizeof(world->folder), folder));
    world->orders = orders;
    world->meter_count = orders / 200 < 9 ? 9 : orders / 200;
    world->meter_count = world->meter_count > METERS_MAX ? METERS_MAX : world->meter_count;
    world->bills = bills_create(folder, BEGINS_AT, DAYS + 2);
    make_journal(world);
    make_database(world);
    fill_catalog(world);
    return world;
}

/* ---- orders ---- */

void world_trade_no(struct world *world, struct subject *subject)
{
    (void)world;
    const bool alipay = str_equal(subject->channel, "alipay");
    str_format_cut(subject->trade_no, sizeof(subject->trade_no),
                   alipay ? "20261101220011%014zu" : "42000017%020zu",
                   subject->index * 2 + (subject->paid_at > subject->created_at + 50 ? 1U : 0U));
    str_format_cut(subject->refund_no, sizeof(subject->refund_no), "%s%s", subject->order_no,
                   subject->paid_at > subject->created_at + 50 ? "S1" : "R1");
}

void world_subject(struct world *world, size_t index, struct subject *ret_subject)
{
    static const char DIGITS[] = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ";
    struct subject s = {.index = index};
    char counter[8] = {0};
    size_t rest = index + 1;
    s.created_at = BEGINS_AT + (int64_t)((uint64_t)index * DAYS * 86400 / world->orders);
    s.paid_at = s.created_at + 20;
    s.meter = index % world->meter_count;
    s.kind = world->meters[s.meter].kind;
    s.fen = 2000 + (int64_t)(index % 7) * 1000;
    s.channel = index % 2 == 0 ? "alipay" : "wechat";
    for (size_t i = 7; i > 0; i--) {
        counter[i - 1] = DIGITS[rest % 36];
        rest /= 36;
    }
    const struct civil day = civil_beijing(s.created_at);
    str_format_cut(s.order_no, sizeof(s.order_no), "SH%04d%02d%02d0%s%06zu", (int)day.year,
                   (int)day.month, (int)day.day, counter, index * 7919 % 1000000);
    str_format_cut(s.meter_id, sizeof(s.meter_id), "%s", world->meters[s.meter].id);
    world_trade_no(world, &s);
    *ret_subject = s;
}

static const char *kind_word(enum kind kind)
{
    static const char *const KINDS[] = {"cloud", "count", "order"};
    return KINDS[kind];
}

void world_order(struct world *world, const struct subject *s, struct ending ending)
{
    char id[40];
    char room[16];
    char body[256];
    const char *to = s->kind == KIND_CLOUD ? "CUST" : "METER";
    str_format_cut(id, sizeof(id), "01a22915-b028-7033-b02b-%012zu", s->index);
    str_format_cut(room, sizeof(room), "r%04zu", s->meter);
    str_format_cut(body, sizeof(body),
                   "{\"out_trade_no\":\"%s\",\"total_amount\":\"%lld.%02lld\","
                   "\"subject\":\"electricity\",\"terminal_id\":\"k1\","
                   "\"qr_code_timeout_express\":\"10m\",\"timeout_express\":\"10m\"}",
                   s->order_no, (long long)(s->fen / 100), (long long)(s->fen % 100));
    put(world, PUT_PURCHASE, "ssi", id, s->meter_id, s->created_at, NULL);
    put(world, PUT_ORDER, "ssssssiissiissiisn", s->order_no, id, room, s->meter_id, s->channel,
        ending.state, s->asked_fen != 0 ? s->asked_fen : s->fen, ending.paid ? s->fen : (int64_t)0,
        ending.paid ? s->trade_no : "", to, (int64_t)ending.started, (int64_t)ending.refunded,
        kind_word(s->kind), world->meters[s->meter].address, s->created_at, (int64_t)s->index + 1,
        body, ending.paid ? s->paid_at : (int64_t)0, NULL);
}

/* ---- words ---- */

/* 344 characters, as an RSA signature of 2,048 bits has in base64. */
#define SIGN_40 "SihopPJiFiicBAh8v4Vne8TyfsJGgYOIKjmDy4Mz"
#define SIGN                                                                                       \
    SIGN_40 SIGN_40 SIGN_40 SIGN_40 SIGN_40 SIGN_40 SIGN_40 SIGN_40 "bAw7PdgCAY5wV8lYzSpiWA=="

static void alipay_word(const struct subject *s, const char *what, const char *yuan,
                        struct strbuf *body)
{
    if (str_equal(what, "qr")) {
        strbuf_addf(body,
                    "{\"alipay_trade_precreate_response\":{\"code\":\"10000\",\"msg\":\"Success\","
                    "\"out_trade_no\":\"%s\",\"qr_code\":\"https://qr.example/code\"},"
                    "\"sign\":\"%s\"}",
                    s->order_no, SIGN);
    } else if (str_equal(what, "paid")) {
        strbuf_addf(body,
                    "notify_id=20261130ba2abafb63282c639e7ab948f1b3443e&notify_type="
                    "trade_status_sync&charset=utf-8&version=1.0&app_id=2021009000000017"
                    "&seller_id=2088900000000017&buyer_id=2088800000000099&trade_no=%s"
                    "&out_trade_no=%s&trade_status=TRADE_SUCCESS&subject=%%E7%%94%%B5&"
                    "total_amount=%s&receipt_amount=%s&buyer_pay_amount=%s&gmt_create="
                    "2026-11-30+04%%3A53%%3A37&gmt_payment=2026-11-30+04%%3A53%%3A37"
                    "&sign_type=RSA2&sign=%s",
                    s->trade_no, s->order_no, yuan, yuan, yuan, SIGN);
    } else {
        strbuf_addf(body,
                    "{\"alipay_trade_refund_response\":{\"code\":\"10000\",\"msg\":\"Success\","
                    "\"fund_change\":\"Y\",\"out_trade_no\":\"%s\",\"trade_no\":\"%s\","
                    "\"refund_fee\":\"%s\"},\"sign\":\"%s\"}",
                    s->order_no, s->trade_no, yuan, SIGN);
    }
}

static void wechat_word(const struct subject *s, const char *what, struct strbuf *body)
{
    if (str_equal(what, "qr")) {
        strbuf_addf(body, "{\"code_url\":\"weixin://wxpay/bizpayurl?pr=%s\"}", s->order_no);
    } else if (str_equal(what, "paid")) {
        strbuf_addf(body,
                    "{\"amount\":{\"currency\":\"CNY\",\"payer_currency\":\"CNY\","
                    "\"payer_total\":%lld,\"total\":%lld},\"appid\":\"wx51a0000000000017\","
                    "\"attach\":\"\",\"bank_type\":\"OTHERS\",\"mchid\":\"1900009017\","
                    "\"out_trade_no\":\"%s\",\"payer\":{\"openid\":"
                    "\"oSIMULATOR0000000000000000017\"},\"promotion_detail\":[],"
                    "\"success_time\":\"2026-11-30T04:53:42+08:00\",\"trade_state\":\"SUCCESS\","
                    "\"trade_state_desc\":\"\xE6\x94\xAF\xE4\xBB\x98\xE6\x88\x90\xE5\x8A\x9F\","
                    "\"trade_type\":\"NATIVE\",\"transaction_id\":\"%s\"}",
                    (long long)s->fen, (long long)s->fen, s->order_no, s->trade_no);
    } else {
        strbuf_addf(body,
                    "{\"refund_id\":\"50000000382019052709732678859\",\"out_refund_no\":\"%s\","
                    "\"transaction_id\":\"%s\",\"out_trade_no\":\"%s\",\"status\":\"SUCCESS\","
                    "\"amount\":{\"total\":%lld,\"refund\":%lld,\"currency\":\"CNY\"}}",
                    s->refund_no, s->trade_no, s->order_no, (long long)s->fen, (long long)s->fen);
    }
}

static int64_t word_of(struct world *world, const struct subject *s, const char *document_no,
                       const char *what, int64_t at)
{
    char text[TEXT_SIZE];
    char yuan[MONEY_TEXT_SIZE];
    struct strbuf body;
    const bool alipay = str_equal(s->channel, "alipay");
    const char *source = str_equal(what, "qr")     ? "precreate"
                         : str_equal(what, "paid") ? (alipay ? "notify" : "query")
                                                   : "refund";
    strbuf_init(&body, text, sizeof(text));
    (void)money_format_yuan(money_fen(s->fen), yuan);
    if (alipay) {
        alipay_word(s, what, yuan, &body);
    } else {
        wechat_word(s, what, &body);
    }
    MUST(!body.failed);
    sqlite3_stmt *stmt = world->stmts[PUT_WORD];
    (void)sqlite3_bind_blob(stmt, 5, text, (int)body.len, SQLITE_TRANSIENT);
    (void)sqlite3_bind_int64(stmt, 6, at);
    put(world, PUT_WORD, "ssss", s->channel, source, what, document_no, NULL);
    return world->row;
}

int64_t world_word(struct world *world, const struct subject *s, const char *what, int64_t at)
{
    return word_of(world, s, s->order_no, what, at);
}

void world_event(struct world *world, const struct subject *s, struct event event)
{
    const bool people = str_starts_with(event.event, "operator_");
    put(world, PUT_EVENT, "ssisssnsi", s->order_no, event.event, event.fen, event.trade_no,
        event.from, event.to, event.word, people ? "ann+bob" : "", event.at, NULL);
}

void world_post(struct world *world, const char *document_no, const char *step, int64_t at,
                struct legs legs)
{
    put(world, PUT_POSTING, "ssi", document_no, step, at, NULL);
    const int64_t id = world->row;
    put(world, PUT_LEG, "iissi", id, (int64_t)1, legs.debit, legs.debit_subject, legs.fen, NULL);
    put(world, PUT_LEG, "iissi", id, (int64_t)2, legs.credit, legs.credit_subject, -legs.fen, NULL);
}

void world_bill(struct world *world, const struct subject *s, bool refund, int64_t at)
{
    const struct bill_line line = {.order_no = s->order_no,
                                   .trade_no = s->trade_no,
                                   .refund_no = refund ? s->refund_no : "",
                                   .fen = s->fen,
                                   .at = at};
    bills_add(world->bills, str_equal(s->channel, "alipay") ? 0 : 1, &line);
}

void world_refund(struct world *world, const struct subject *s, int64_t at)
{
    put(world, PUT_REFUND, "sssssii", s->order_no, s->refund_no, s->channel, s->order_no,
        s->trade_no, s->fen, at, NULL);
}

void world_reserve(struct world *world, const struct subject *s, const char *state)
{
    put(world, PUT_RESERVATION, "ssis", s->order_no, s->meter_id, s->fen, state, NULL);
}

void world_paper(struct world *world, const struct subject *s, int64_t at)
{
    char id[40];
    str_format_cut(id, sizeof(id), "01a22915-b028-7033-aaaa-%012zu", s->index);
    put(world, PUT_PAPER, "ssi", id, s->order_no, at, NULL);
}

/* ---- deliveries ---- */

/* What a meter shows at this moment, as the delivery's events have it. */
static void reading_text(const struct meter *meter, int64_t last_fen, char *ret_text, size_t size)
{
    if (meter->kind == KIND_COUNT) {
        str_format_cut(ret_text, size,
                       "{\"count\":%lld,\"last_fen\":%lld,\"balance_fen\":%lld,\"energy\":%lld}",
                       (long long)meter->count, (long long)last_fen, (long long)meter->balance_fen,
                       (long long)meter->energy);
    } else {
        str_format_cut(ret_text, size, "{\"balance_fen\":%lld,\"energy\":%lld}",
                       (long long)meter->balance_fen, (long long)meter->energy);
    }
}

struct delivery_step {
    int64_t seq;
    const char *event;
    const char *from;
    const char *to;
    const char *reading; /* NULL: none */
    bool fenced;
    int64_t at;
};

static void put_step(struct world *world, const struct subject *s, struct delivery_step step)
{
    char detail[512];
    str_format_cut(detail, sizeof(detail),
                   "{\"never_sent\":false,\"count_moved\":false,\"fenced\":%s,\"has_reading\":%s,"
                   "\"answer\":%d,\"price_e4\":%d,\"fixed_fen\":0,\"energy_step\":1,"
                   "\"reading\":%s}",
                   step.fenced ? "true" : "false", step.reading != NULL ? "true" : "false",
                   str_equal(step.event, "reply") ? 1 : 0, PRICE_E4,
                   step.reading != NULL ? step.reading : "{}");
    put(world, PUT_STEP, "sissssi", s->order_no, step.seq, step.event, detail, step.from, step.to,
        step.at, NULL);
}

static void values_text(const struct meter *meter, int64_t last_fen, struct strbuf *text)
{
    char yuan[MONEY_TEXT_SIZE];
    char kwh[MONEY_TEXT_SIZE];
    char last[MONEY_TEXT_SIZE];
    (void)money_format_yuan(money_fen(meter->balance_fen), yuan);
    (void)money_format_yuan(money_fen(meter->energy), kwh);
    (void)money_format_yuan(money_fen(last_fen), last);
    strbuf_addf(text, "{");
    if (meter->kind == KIND_COUNT) {
        strbuf_addf(text,
                    "\"03330201\":{\"v\":\"%lld\",\"unit\":null},"
                    "\"03330301\":{\"v\":\"%s\",\"unit\":\"yuan\"},",
                    (long long)meter->count, last);
    }
    strbuf_addf(text,
                "\"00900200\":{\"v\":\"%s\",\"unit\":\"yuan\"},"
                "\"00900201\":{\"v\":\"0.00\",\"unit\":\"yuan\"},"
                "\"00010000\":{\"v\":\"%s\",\"unit\":\"kWh\"}}",
                yuan, kwh);
}

/* The command, its answer on both sides of the broker. */
static void put_command(struct world *world, const struct subject *s, const char *id,
                        const char *reply)
{
    const int64_t at = s->paid_at + 1;
    put(world, PUT_COMMAND, "sssis", id, s->meter_id, s->order_no, at, reply, NULL);
    world->command_count += 1;
    const size_t left = world->orders - s->index;
    if (left <= JOURNAL_ROWS_MAX) { /* the collector keeps that many, and drops older ones */
        put(world, PUT_JOURNAL, "issis", world->command_count, id, world->meters[s->meter].address,
            at, reply, NULL);
    }
}

static void record(struct meter *meter, const struct subject *s, const char *order)
{
    if (meter->record_count == RECORD_DEPTH) {
        memmove(&meter->records[0], &meter->records[1],
                (RECORD_DEPTH - 1) * sizeof(meter->records[0]));
        meter->record_count -= 1;
    }
    struct record *row = &meter->records[meter->record_count];
    *row = (struct record){.count = meter->count, .fen = s->fen, .at = s->paid_at + 1};
    str_format_cut(row->order, sizeof(row->order), "%s", order);
    meter->record_count += 1;
}

struct delivery_texts {
    char before[160];
    char after[160];
    char id[40];
    char order[24];
    char reply[TEXT_SIZE];
};

/* The meter takes it (unless the frame came to nothing), and the collector answers. */
static void carry_out(struct world *world, const struct subject *s, bool takes,
                      struct delivery_texts *texts)
{
    struct meter *meter = &world->meters[s->meter];
    struct strbuf reply;
    strbuf_init(&reply, texts->reply, sizeof(texts->reply));
    str_format_cut(texts->id, sizeof(texts->id), "01a22915-c7d8-720a-86d4-%012zu", s->index);
    str_format_cut(texts->order, sizeof(texts->order), "%016zu", s->index + 1);
    strbuf_addf(&reply,
                "{\"id\":\"%s\",\"epoch\":%lld,\"outcome\":\"%s\",\"error\":null,"
                "\"detail\":null,\"values\":{\"before\":",
                texts->id, (long long)world->epoch, takes ? "done" : "unknown");
    reading_text(meter, 0, texts->before, sizeof(texts->before));
    values_text(meter, 0, &reply);
    if (takes) {
        meter->count += meter->kind == KIND_COUNT ? 1 : 0;
        meter->balance_fen += s->fen;
        meter->total_fen += s->fen;
        record(meter, s, meter->kind == KIND_ORDER ? texts->order : "");
    }
    reading_text(meter, takes ? s->fen : 0, texts->after, sizeof(texts->after));
    strbuf_addf(&reply, ",\"after\":");
    values_text(meter, takes ? s->fen : 0, &reply);
    strbuf_addf(&reply, "},\"raw\":\"6802554433221168910833333433AB3455339E16\",\"sent\":true,"
                        "\"ms\":78,\"frame_reply\":null,\"accepted\":null,\"serr\":null}");
    MUST(!reply.failed);
    put_command(world, s, texts->id, texts->reply);
}

static void put_fence(struct world *world, const struct subject *s, const char *before)
{
    const int64_t at = s->paid_at + 3;
    put_step(world, s, (struct delivery_step){3, "silence", "SENT", "UNKNOWN", NULL, false, at});
    put_step(world, s,
             (struct delivery_step){4, "reading", "UNKNOWN", "FENCING", before, false, at + 2});
    put_step(world, s,
             (struct delivery_step){5, "voided", "FENCING", "FENCING", NULL, false, at + 3});
    put_step(world, s,
             (struct delivery_step){6, "quiet", "FENCING", "FENCING", NULL, false, at + 13});
    put_step(world, s,
             (struct delivery_step){7, "reading", "FENCING", "VOID", before, true, at + 14});
}

static void put_row(struct world *world, const struct subject *s, const char *stage,
                    const struct delivery_texts *texts)
{
    const struct meter *meter = &world->meters[s->meter];
    const bool count = s->kind == KIND_COUNT;
    const bool took = !str_equal(stage, "VOID");
    put(world, PUT_DELIVERY, "ssssiisnssisi", s->order_no, s->meter_id, kind_word(s->kind), stage,
        s->fen, (int64_t)1, texts->before, count ? meter->count + (took ? 0 : 1) : (int64_t)0,
        count ? "" : texts->order, "col1", world->epoch, texts->id, (int64_t)s->index + 1, NULL);
}

void world_deliver(struct world *world, const struct subject *s, enum delivery_end end)
{
    struct delivery_texts texts = {0};
    const int64_t at = s->paid_at + 1;
    if (s->kind == KIND_CLOUD) {
        put(world, PUT_DELIVERY, "ssssiisnssisi", s->order_no, s->meter_id, "cloud", "DELIVERED",
            s->fen, (int64_t)0, "{}", (int64_t)0, "", "", (int64_t)0, "", (int64_t)s->index + 1,
            NULL);
        put_step(world, s,
                 (struct delivery_step){1, "post", "READY", "DELIVERED", NULL, false, at});
        return;
    }
    carry_out(world, s, end != DELIVERY_FENCED, &texts);
    put_row(world, s,
            end == DELIVERY_DONE     ? "DELIVERED"
            : end == DELIVERY_FENCED ? "VOID"
                                     : "UNKNOWN",
            &texts);
    put_step(world, s,
             (struct delivery_step){1, "assign", "READY", "ASSIGNED", texts.before, false, at});
    put_step(world, s, (struct delivery_step){2, "dispatch", "ASSIGNED", "SENT", NULL, false, at});
    if (end == DELIVERY_DONE) {
        put_step(
            world, s,
            (struct delivery_step){3, "reply", "SENT", "DELIVERED", texts.after, false, at + 1});
    } else if (end == DELIVERY_FENCED) {
        put_fence(world, s, texts.before);
    } else {
        put_step(world, s,
                 (struct delivery_step){3, "silence", "SENT", "UNKNOWN", NULL, false, at + 1});
    }
}

/* ---- people ---- */

void world_item(struct world *world, const char *document_no, const char *document, int64_t at,
                const char *decision)
{
    const bool closed = decision != NULL;
    put(world, PUT_ITEM, "ssiins", document_no, document, at, RUNNING_MS + 72 * 3600000,
        closed ? at + 3600 : (int64_t)0, closed ? decision : "", NULL);
    const int64_t item = world->row;
    if (closed) {
        put(world, PUT_SIGNATURE, "issi", item, decision, "ann", at + 3000, NULL);
        put(world, PUT_SIGNATURE, "issi", item, decision, "bob", at + 3600, NULL);
        put(world, PUT_EVIDENCE, "si", document_no, at + 2900, NULL);
    }
}

void world_stray(struct world *world, const struct subject *s, int64_t word, bool open)
{
    char number[32];
    const int64_t at = s->paid_at;
    world->strays += 1;
    str_format_cut(number, sizeof(number), "ST202611010%07lld123456", (long long)world->strays);
    put(world, PUT_STRAY, "ssssisiii", number, s->channel, s->trade_no, s->order_no, s->fen,
        open ? "OPEN" : "REFUNDED", (int64_t)(open ? 0 : 1), word, at, NULL);
    put(world, PUT_STRAY_EVENT, "sissnsi", number, (int64_t)1, "found", "OPEN", word, "", at, NULL);
    world_post(world, number, "stray_receive", at,
               (struct legs){"RECV", s->channel, "SUSPENSE", number, s->fen});
    world_item(world, number, "stray", at, open ? NULL : "refund");
    if (open) {
        return;
    }
    put(world, PUT_STRAY_EVENT, "sissnsi", number, (int64_t)2, "operator_refund", "REFUND_DUE",
        (int64_t)0, "ann+bob", at + 7200, NULL);
    put(world, PUT_REFUND, "sssssii", number, s->refund_no, s->channel, "", s->trade_no, s->fen,
        at + 7201, NULL);
    put(world, PUT_STRAY_EVENT, "sissnsi", number, (int64_t)3, "refund_sent", "REFUNDING",
        (int64_t)0, "", at + 7201, NULL);
    const int64_t back = word_of(world, s, number, "refunded", at + 7202);
    put(world, PUT_STRAY_EVENT, "sissnsi", number, (int64_t)4, "refund_ok", "REFUNDED", back, "",
        at + 7202, NULL);
    world_post(world, number, "stray_refund", at + 7202,
               (struct legs){"SUSPENSE", number, "REFOUT", s->channel, s->fen});
}

/* ---- the end ---- */

static void write_records(struct world *world)
{
    char path[PATH_SIZE];
    str_format_cut(path, sizeof(path), "%s/meters", world->folder);
    MUST(mkdir(path, 0755) == 0);
    for (size_t i = 0; i < world->meter_count; i++) {
        const struct meter *meter = &world->meters[i];
        if (meter->kind == KIND_CLOUD) {
            continue;
        }
        str_format_cut(path, sizeof(path), "%s/meters/%s.json", world->folder, meter->address);
        FILE *file = fopen(path, "w");
        MUST(file != NULL);
        (void)fprintf(file, "{\"address\":\"%s\",\"count\":%lld,\"purchases\":[", meter->address,
                      (long long)meter->count);
        for (size_t at = 0; at < meter->record_count; at++) {
            char time[CIVIL_TEXT_SIZE];
            const struct record *row = &meter->records[at];
            (void)fprintf(file,
                          "%s{\"kind\":\"recharge\",\"time\":\"%s\",\"amount_fen\":%lld,"
                          "\"count\":%lld,\"order\":\"%s\"}",
                          at > 0 ? "," : "", civil_format_beijing(row->at, time),
                          (long long)row->fen, (long long)row->count, row->order);
        }
        (void)fprintf(file, "]}\n");
        MUST(fclose(file) == 0);
    }
}

/* A register that rises, a charge of use now and then, and the newest clock. */
static void fill_rest(struct world *world)
{
    char sql[TEXT_SIZE];
    for (size_t i = 0; i < world->meter_count; i += KIND_COUNT_OF) {
        const struct meter *meter = &world->meters[i];
        char document_no[64];
        str_format_cut(document_no, sizeof(document_no), "USE-%s-1000000", meter->id);
        world_post(world, document_no, "use_cust", BEGINS_AT + 7200,
                   (struct legs){"CUST", meter->id, "REVENUE", "", 55});
        for (int part = 0; part < 3; part++) {
            str_format_cut(
                sql, sizeof(sql),
                "INSERT INTO reading (collector_id, epoch, seq, part, meter_id, address,"
                " read_at, quality, vals) VALUES ('col1', 1, %zu, %d, '%s', '%s', %lld, 'ok',"
                " '{\"00010000\":\"%d.50\",\"relay\":\"closed\"}')",
                i + 1, part, meter->id, meter->address, (long long)(BEGINS_AT + part * 3600),
                100 + part);
            exec(world->db, sql);
        }
    }
    str_format_cut(sql, sizeof(sql), "UPDATE service_clock SET running_ms = %lld WHERE id = 1",
                   (long long)RUNNING_MS);
    exec(world->db, sql);
    exec(world->db, "INSERT INTO account_sum SELECT account, subject, sum(fen) FROM leg"
                    " GROUP BY account, subject HAVING sum(fen) <> 0 OR account NOT IN"
                    " ('HELD', 'REFPAY', 'SUSPENSE')");
}

void world_finish(struct world *world)
{
    fill_rest(world);
    bills_finish(world->bills, world->db);
    write_records(world);
    for (size_t i = 0; i < STATEMENT_COUNT; i++) {
        (void)sqlite3_finalize(world->stmts[i]);
    }
    exec(world->db, "COMMIT; PRAGMA journal_mode = WAL");
    exec(world->journal, "COMMIT");
    MUST(sqlite3_close(world->db) == SQLITE_OK);
    MUST(sqlite3_close(world->journal) == SQLITE_OK);
    free(world);
}
