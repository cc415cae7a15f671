/* SPDX-License-Identifier: Apache-2.0 */
/* The books of a day: every difference is explained, or an item until its cause is gone. */
#include <string.h>

#include "cloud/orders/bill.h"
#include "cloud/orders/books.h"
#include "cloud/review/person.h"
#include "common/str.h"
#include "drivers/rng/rng_system.h"
#include "tests/unit/cloud_orders/rig.h"
#include "tests/unit/test.h"

enum { FEN = 5000, TEXT_SIZE = 256 };

#define DAY "2026-11-10"
#define NEXT_DAY "2026-11-11"
/* Noon of that day in Beijing, its last midnight, and an evening after it when bills are late. */
#define NOON INT64_C(1794283200)
#define MIDNIGHT INT64_C(1794326400)
#define LATE (MIDNIGHT + INT64_C(18) * 3600 + 60)
#define PASSWORD "correct horse"

/* ---- asking ---- */

static json_t *call(const char *path, const char *channel, const char *day)
{
    char body[96];
    str_format_cut(body, sizeof(body), "{\"channel\":\"%s\",\"day\":\"%s\"}", channel, day);
    struct double_answer answer = double_http_call(HTTP_POST, path, body);
    CHECK_EQ_U64(answer.status, 200);
    json_t *json = json_incref(answer.json);
    double_answer_finish(&answer);
    return json;
}

/* The books of a day, added up now (@own). */
static json_t *books_of(const char *day)
{
    return call("/v1/admin/books", "", day);
}

/* Compare the bill, with one payment in it or none. */
static void compare(const char *day, const char *no, int64_t fen)
{
    const struct double_bill_row rows[] = {{PAY_BILL_PAYMENT, no, fen}};
    double_pay_bill(PAY_BILL_OK, rows, fen > 0 ? 1 : 0);
    json_decref(call("/v1/admin/reconcile", "alipay", day));
}

static int64_t number(const json_t *json, const char *name)
{
    return json_integer_value(json_object_get(json, name));
}

static const char *word(const json_t *json, const char *name)
{
    const char *text = json_string_value(json_object_get(json, name));
    return text != NULL ? text : "?";
}

/* "FINDING theirs/ours reason;" of every line of the day; how many items are open after it. */
static int64_t add_up(const char *day, char ret_lines[TEXT_SIZE])
{
    struct strbuf buf;
    size_t i = 0;
    const json_t *line = NULL;
    json_t *report = books_of(day);
    strbuf_init(&buf, ret_lines, TEXT_SIZE);
    json_array_foreach(json_object_get(report, "lines"), i, line)
    {
        strbuf_addf(&buf, "%s %lld/%lld %s;", word(line, "finding"),
                    (long long)number(line, "theirs"), (long long)number(line, "ours"),
                    word(line, "reason"));
    }
    const int64_t open = number(report, "open");
    json_decref(report);
    return open;
}

static int64_t of(const char *day, const char *part, const char *name)
{
    json_t *report = books_of(day);
    const int64_t found = number(json_object_get(report, part), name);
    json_decref(report);
    return found;
}

static void text_of(const struct rig *rig, const char *sql, char ret_text[TEXT_SIZE])
{
    rig_text(rig, sql, NULL, ret_text, TEXT_SIZE);
}

/* Everything happens at noon of DAY, with one wallet. */
static void begin(struct rig *rig)
{
    rig_wall(NOON);
    rig_begin(rig);
    double_pay_has(PAY_WECHAT, false);
}

/* An order of room 1 that was paid and credited at noon. */
static void begin_paid(struct rig *rig, char no[33])
{
    begin(rig);
    CHECK(rig_pay(rig, 1, FEN, "DONE", no));
}

/* ---- a day that adds up ---- */

TEST(a_clean_day)
{
    struct rig rig;
    char no[3][33];
    char lines[TEXT_SIZE];
    begin(&rig);
    rig_exec(&rig, "UPDATE meter_profile SET total_bought = 1 WHERE kind = 'order'");
    for (int room = 1; room <= 3; room++) {
        CHECK(rig_pay(&rig, room, FEN, "DONE", no[room - 1]));
    }
    const struct double_bill_row rows[] = {{PAY_BILL_PAYMENT, no[0], FEN},
                                           {PAY_BILL_PAYMENT, no[1], FEN},
                                           {PAY_BILL_PAYMENT, no[2], FEN}};
    double_pay_bill(PAY_BILL_OK, rows, 3);
    json_decref(call("/v1/admin/reconcile", "alipay", DAY));
    CHECK_EQ_I64(add_up(DAY, lines), 0);
    CHECK_EQ_I64(add_up(DAY, lines), 0); /* as often as one likes */
    CHECK_EQ_STR(lines, "");
    CHECK_EQ_I64(of(DAY, "identity", "bills_fen"), 3 * FEN);
    CHECK_EQ_I64(of(DAY, "identity", "books_fen"), 3 * FEN);
    CHECK_EQ_I64(of(DAY, "identity", "cust_fen"), FEN);
    CHECK_EQ_I64(of(DAY, "identity", "meter_fen"), 2 * FEN);
    CHECK_EQ_I64(of(DAY, "identity", "held_fen"), 0);
    CHECK_EQ_I64(of(DAY, "identity", "difference_fen"), 0);
    CHECK_EQ_I64(of(DAY, "meters", "equal"), 2);
    CHECK_EQ_I64(rig_number(&rig, "SELECT count(*) FROM bill_item", NULL), 0);
    CHECK_EQ_I64(rig_number(&rig, "SELECT count(*) FROM books_day", NULL), 1);
    CHECK(rig_books_are_clean(&rig));
    rig_end(&rig);
}

TEST(a_day_without_its_bill_is_not_judged)
{
    struct rig rig;
    char no[33];
    char lines[TEXT_SIZE];
    begin_paid(&rig, no);
    json_t *report = books_of(DAY);
    CHECK(json_is_null(json_object_get(report, "identity")));
    CHECK_EQ_I64(number(json_object_get(report, "meters"), "not_looked_at"), 2);
    json_decref(report);
    double_pay_has(PAY_WECHAT, true); /* had no order until then, so it needs no bill */
    compare(DAY, no, FEN);
    CHECK_EQ_I64(add_up(DAY, lines), 0);
    CHECK_EQ_I64(of(DAY, "identity", "difference_fen"), 0);
    rig_exec(&rig, "UPDATE bill SET compared_at = NULL");
    CHECK_EQ_I64(of(DAY, "identity", "bills_fen"), 0);
    rig_end(&rig);
}

TEST(money_that_goes_back_is_in_no_sum)
{
    struct rig rig;
    char no[33];
    char lines[TEXT_SIZE];
    rig_timers()->kiosk_silent_ms = 60;
    rig_timers()->closed = (struct timers_row){3, {300, 3000, 6000}};
    begin(&rig);
    rig_create(1, FEN, no);
    CHECK(rig_until(&rig, no, "CLOSED"));
    double_pay_settle(no, FEN);
    CHECK(rig_until(&rig, no, "REFUNDED"));
    const struct double_bill_row rows[] = {{PAY_BILL_PAYMENT, no, FEN}, {PAY_BILL_REFUND, no, FEN}};
    double_pay_bill(PAY_BILL_OK, rows, 2);
    json_decref(call("/v1/admin/reconcile", "alipay", DAY));
    CHECK_EQ_I64(add_up(DAY, lines), 0);
    CHECK_EQ_STR(lines, "");
    CHECK_EQ_I64(of(DAY, "identity", "bill_refunded_fen"), FEN);
    CHECK_EQ_I64(of(DAY, "identity", "books_fen"), 0);
    double_pay_bill_state(1, PAY_BILL_PENDING); /* listed as begun, and never again */
    json_decref(call("/v1/admin/reconcile", "alipay", DAY));
    CHECK_EQ_I64(add_up(DAY, lines), 0);
    CHECK_EQ_STR(lines, "DAY_REFUNDED 0/5000 refund_begun;");
    CHECK_EQ_I64(of(DAY, "identity", "difference_fen"), FEN);
    rig_end(&rig);
}

/* ---- what explains a difference ---- */

TEST(heard_of_on_another_day)
{
    struct rig rig;
    char no[33];
    char lines[TEXT_SIZE];
    begin_paid(&rig, no); /* the wallet says that it was paid on the day after */
    compare(NEXT_DAY, no, FEN);
    compare(DAY, no, 0);
    CHECK_EQ_I64(add_up(DAY, lines), 0);
    CHECK_EQ_STR(lines, "DAY_PAID 0/5000 other_day;");
    CHECK_EQ_I64(of(DAY, "identity", "difference_fen"), -FEN);
    CHECK_EQ_I64(add_up(NEXT_DAY, lines), 0);
    CHECK_EQ_STR(lines, "DAY_PAID 5000/0 other_day;");
    rig_end(&rig);
}

TEST(paid_beside_a_midnight)
{
    struct rig rig;
    char no[33];
    char lines[TEXT_SIZE];
    rig_wall(MIDNIGHT - 60);
    rig_begin(&rig);
    double_pay_has(PAY_WECHAT, false);
    CHECK(rig_pay(&rig, 1, FEN, "DONE", no));
    compare(DAY, no, 0);
    CHECK_EQ_I64(add_up(DAY, lines), 0);
    CHECK_EQ_STR(lines, "DAY_PAID 0/5000 next_bill;");
    compare(NEXT_DAY, no, FEN);
    CHECK_EQ_I64(add_up(DAY, lines), 0);
    CHECK_EQ_STR(lines, "DAY_PAID 0/5000 midnight;");
    CHECK_EQ_I64(add_up(NEXT_DAY, lines), 0);
    CHECK_EQ_STR(lines, "DAY_PAID 5000/0 midnight;");
    compare(NEXT_DAY, no, 0); /* neither has it: that is the later day's item */
    CHECK_EQ_I64(add_up(DAY, lines), 0);
    CHECK_EQ_STR(lines, "DAY_PAID 0/5000 bill_item;");
    rig_end(&rig);
}

TEST(an_item_of_the_bill_explains_it)
{
    struct rig rig;
    char no[33];
    char lines[TEXT_SIZE];
    char item[TEXT_SIZE];
    begin_paid(&rig, no);
    const struct double_bill_row rows[] = {{PAY_BILL_PAYMENT, no, FEN - 1},
                                           {PAY_BILL_PAYMENT, "STRANGER01", 700},
                                           {PAY_BILL_REFUND, no, 300}};
    double_pay_bill(PAY_BILL_OK, rows, 3);
    json_decref(call("/v1/admin/reconcile", "alipay", DAY));
    CHECK_EQ_I64(add_up(DAY, lines), 0);
    CHECK_EQ_STR(lines, "DAY_PAID 4999/5000 bill_item;DAY_PAID 700/0 bill_item;"
                        "DAY_REFUNDED 300/0 bill_item;");
    text_of(&rig,
            "SELECT count(*) FROM books_line l JOIN bill_item i ON i.document_no = l.item_no"
            " AND i.order_no = l.subject",
            item);
    CHECK_EQ_STR(item, "3");
    CHECK_EQ_I64(of(DAY, "identity", "difference_fen"), FEN - 1 + 700 - 300 - FEN);
    rig_exec(&rig, "UPDATE bill_item SET closed_at = 1, settled = 1"); /* by two persons */
    CHECK_EQ_I64(add_up(DAY, lines), 0);
    rig_exec(&rig, "UPDATE bill_item SET settled = 0"); /* cleared: it explains nothing */
    CHECK_EQ_I64(add_up(DAY, lines), 3);
    rig_end(&rig);
}

/* ---- what nothing explains ---- */

TEST(a_payment_that_only_the_ledger_has)
{
    struct rig rig;
    char no[33];
    char lines[TEXT_SIZE];
    char text[TEXT_SIZE];
    begin_paid(&rig, no);
    compare(DAY, no, FEN);
    rig_exec(&rig, "INSERT INTO posting (document_no, step, at) SELECT order_no, 'stray_receive',"
                   " 1794283200 FROM pay_order");
    rig_exec(&rig, "INSERT INTO leg SELECT max(posting_id), 1, 'RECV', 'alipay', 700 FROM posting");
    rig_exec(&rig, "INSERT INTO leg SELECT max(posting_id), 2, 'SUSPENSE', max(document_no), -700"
                   " FROM posting");
    CHECK_EQ_I64(add_up(DAY, lines), 1);
    CHECK_EQ_STR(lines, "DAY_PAID 5000/5700 ;");
    CHECK_EQ_I64(of(DAY, "identity", "suspense_fen"), 700);
    CHECK_EQ_I64(add_up(DAY, lines), 1); /* the same item, not another one */
    text_of(&rig,
            "SELECT document_no || ' ' || owner || ' ' || (SELECT group_concat(event) FROM"
            " bill_item_event) FROM bill_item",
            text);
    CHECK_EQ_STR(text, "BL20261110B000001 bookkeeper opened");
    json_t *report = books_of(DAY);
    CHECK_EQ_I64(number(report, "loss_fen"), 700);
    CHECK_EQ_STR(word(json_array_get(json_object_get(report, "lines"), 0), "item_no"),
                 "BL20261110B000001");
    json_decref(report);
    CHECK_EQ_I64(rig_number(&rig, "SELECT count(*) FROM alarm WHERE kind = 'DAY_PAID'", NULL), 1);
    compare(DAY, no, FEN + 700); /* the wallet corrects its bill */
    CHECK_EQ_I64(add_up(DAY, lines), 0);
    compare(DAY, no, FEN);
    CHECK_EQ_I64(add_up(DAY, lines), 1);
    text_of(&rig, "SELECT group_concat(event) FROM bill_item_event WHERE item_id = 1", text);
    CHECK_EQ_STR(text, "opened,cleared,reopened");
    rig_exec(&rig, "UPDATE bill SET compared_at = NULL"); /* and without a bill nothing closes */
    CHECK_EQ_I64(add_up(DAY, lines), 1);
    rig_end(&rig);
}

TEST(a_refund_that_only_the_ledger_has)
{
    struct rig rig;
    char no[33];
    char lines[TEXT_SIZE];
    begin_paid(&rig, no);
    compare(DAY, no, FEN);
    rig_exec(&rig, "INSERT INTO posting (document_no, step, at) SELECT order_no, 'refund_after',"
                   " 1794283200 FROM pay_order");
    rig_exec(&rig, "INSERT INTO leg SELECT max(posting_id), 1, 'LOSS', '', 700 FROM posting");
    rig_exec(&rig, "INSERT INTO leg SELECT max(posting_id), 2, 'REFOUT', 'alipay', -700"
                   " FROM posting");
    CHECK_EQ_I64(add_up(DAY, lines), 1);
    CHECK_EQ_STR(lines, "DAY_REFUNDED 0/700 ;");
    CHECK_EQ_I64(of(DAY, "identity", "loss_fen"), 700);
    CHECK_EQ_I64(of(DAY, "identity", "difference_fen"), 700);
    rig_end(&rig);
}

/* A card's return makes a loss good: the wallets' bills know nothing of it. */
TEST(what_the_desk_makes_good_is_in_no_bill)
{
    struct rig rig;
    char no[33];
    char lines[TEXT_SIZE];
    begin_paid(&rig, no);
    compare(DAY, no, FEN);
    rig_exec(&rig, "INSERT INTO posting (document_no, step, at) VALUES ('CR1', 'desk_keep_card',"
                   " 1794283200)");
    rig_exec(&rig, "INSERT INTO leg SELECT max(posting_id), 1, 'CARD', 'm4', 700 FROM posting");
    rig_exec(&rig, "INSERT INTO leg SELECT max(posting_id), 2, 'LOSS', '', -700 FROM posting");
    CHECK_EQ_I64(add_up(DAY, lines), 0);
    CHECK_EQ_I64(of(DAY, "identity", "loss_fen"), 0);
    CHECK_EQ_I64(of(DAY, "identity", "difference_fen"), 0);
    rig_end(&rig);
}

TEST(a_posting_that_is_off)
{
    struct rig rig;
    char no[33];
    char lines[TEXT_SIZE];
    begin_paid(&rig, no);
    compare(DAY, no, FEN);
    rig_exec(&rig, "INSERT INTO leg SELECT posting_id, 3, 'HELD', document_no, -300 FROM posting"
                   " WHERE step = 'receive'");
    CHECK_EQ_I64(add_up(DAY, lines), 1);
    CHECK_EQ_STR(lines, "DAY_POSTING 5000/5300 ;");
    CHECK_EQ_I64(of(DAY, "identity", "held_fen"), 300);
    CHECK_EQ_I64(of(DAY, "identity", "difference_fen"), -300);
    rig_end(&rig);
}

/* ---- meters ---- */

TEST(a_meter_that_somebody_else_sold_to)
{
    struct rig rig;
    char no[33];
    char lines[TEXT_SIZE];
    char text[TEXT_SIZE];
    begin(&rig);
    CHECK(rig_pay(&rig, 2, FEN, "DONE", no));
    CHECK_EQ_I64(add_up(DAY, lines), 0);
    double_gateway_sell(COUNT_ADDRESS, FEN);
    CHECK(rig_pay(&rig, 2, FEN, "DONE", no));
    CHECK_EQ_I64(add_up(DAY, lines), 1); /* whether the bills are here or not */
    CHECK_EQ_STR(lines, "METER_COUNT 3/2 ;");
    text_of(&rig, "SELECT document_no || ' ' || owner || ' ' || order_no FROM bill_item", text);
    CHECK_EQ_STR(text, "BL20261110B000001 site operator m2");
    json_t *report = books_of(DAY);
    CHECK_EQ_STR(word(json_array_get(json_object_get(report, "items"), 0), "unit"), "purchases");
    json_decref(report);
    struct double_answer shown =
        double_http_call(HTTP_GET, "/v1/admin/review/BL20261110B000001", NULL);
    const json_t *event = json_array_get(json_object_get(shown.json, "events"), 0);
    CHECK_EQ_STR(word(event, "from"), "3 purchases");
    double_answer_finish(&shown);
    rig_end(&rig);
}

TEST(a_delivery_that_the_meter_has_and_we_deny)
{
    struct rig rig;
    char no[2][33];
    char lines[TEXT_SIZE];
    char text[TEXT_SIZE];
    begin(&rig);
    rig_exec(&rig, "UPDATE meter_profile SET total_bought = 1 WHERE kind = 'order'");
    CHECK(rig_pay(&rig, 2, FEN, "DONE", no[0]));
    CHECK(rig_pay(&rig, 3, FEN, "DONE", no[1]));
    const struct double_bill_row rows[] = {{PAY_BILL_PAYMENT, no[0], FEN},
                                           {PAY_BILL_PAYMENT, no[1], FEN}};
    double_pay_bill(PAY_BILL_OK, rows, 2);
    json_decref(call("/v1/admin/reconcile", "alipay", DAY));
    rig_exec(&rig, "UPDATE delivery SET stage = 'VOID'");
    CHECK_EQ_I64(add_up(DAY, lines), 2);
    CHECK_EQ_STR(lines, "METER_COUNT 1/0 ;METER_TOTAL 5000/0 ;");
    json_t *report = books_of(DAY);
    CHECK_EQ_I64(number(report, "loss_fen"), FEN); /* of the total; a count costs nothing yet */
    json_decref(report);
    rig_exec(&rig, "UPDATE delivery SET stage = 'DELIVERED'");
    CHECK_EQ_I64(add_up(DAY, lines), 0);
    CHECK_EQ_STR(lines, "");
    rig_exec(&rig, "UPDATE delivery SET stage = 'VOID'");
    CHECK_EQ_I64(add_up(DAY, lines), 2);
    text_of(&rig, "SELECT group_concat(event) FROM bill_item_event WHERE item_id = 1", text);
    CHECK_EQ_STR(text, "opened,cleared,reopened");
    rig_end(&rig);
}

/* The last look of a day is the first of the next. The meter counted 3 purchases before ours. */
TEST(a_meter_that_is_read_by_schedule)
{
    struct rig rig;
    char no[33];
    char lines[TEXT_SIZE];
    begin(&rig);
    rig_exec(&rig, "UPDATE meter_profile SET items = items || ',03330201'"
                   " WHERE kind = 'count'");
    CHECK(rig_pay(&rig, 2, FEN, "DONE", no));
    compare(DAY, no, FEN);
    compare(NEXT_DAY, no, 0);
    CHECK_EQ_I64(add_up(NEXT_DAY, lines), 0);
    CHECK_EQ_I64(of(NEXT_DAY, "meters", "not_looked_at"), 2);
    rig_exec(&rig, "INSERT INTO reading (collector_id, epoch, seq, part, meter_id, address,"
                   " read_at, quality, vals) VALUES ('col1', 7, 1, 0, 'm2', '', 1794283210, 'ok',"
                   " '{\"03330201\":\"4\"}')");
    CHECK_EQ_I64(add_up(DAY, lines), 0);
    CHECK_EQ_STR(lines, "METER_COUNT 1/0 on_its_way;"); /* the collector's clock is not ours */
    CHECK_EQ_I64(of(DAY, "meters", "on_its_way"), 1);
    rig_exec(&rig, "INSERT INTO reading (collector_id, epoch, seq, part, meter_id, address,"
                   " read_at, quality, vals) VALUES ('col1', 7, 2, 0, 'm2', '', 1794330000, 'ok',"
                   " '{\"03330201\":\"4\"}')");
    CHECK_EQ_I64(add_up(NEXT_DAY, lines), 0);
    CHECK_EQ_I64(of(NEXT_DAY, "meters", "equal"), 1);
    rig_exec(&rig, "UPDATE reading SET vals = '{\"03330201\":\"7\"}' WHERE seq = 2");
    CHECK_EQ_I64(add_up(NEXT_DAY, lines), 1);
    CHECK_EQ_STR(lines, "METER_COUNT 3/0 ;");
    rig_exec(&rig, "UPDATE reading SET vals = '{\"03330201\":\"none\"}' WHERE seq = 2");
    CHECK_EQ_I64(add_up(NEXT_DAY, lines), 0); /* what cannot be read is no look */
    rig_end(&rig);
}

TEST(a_relay_that_is_not_as_wanted)
{
    struct rig rig;
    char lines[TEXT_SIZE];
    char text[TEXT_SIZE];
    begin(&rig);
    rig_exec(&rig, "INSERT INTO relay_job (meter_id, want, seen, generation, tries, settled,"
                   " button, alarmed, wanted_ms) VALUES ('m1', 1, 2, 1, 3, 1, 0, 1, -4000000)");
    CHECK_EQ_I64(add_up(DAY, lines), 1);
    CHECK_EQ_STR(lines, "RELAY_NOT_CLOSED 0/0 ;");
    CHECK_EQ_I64(add_up(NEXT_DAY, lines), 1); /* one item, however many days it stands */
    CHECK_EQ_I64(rig_number(&rig, "SELECT count(*) FROM bill_item", NULL), 1);
    rig_exec(&rig, "INSERT INTO meter_state (meter_id, relay, relay_at) VALUES ('m1', 'closed', 1)"
                   " ON CONFLICT (meter_id) DO UPDATE SET relay = 'closed'");
    CHECK_EQ_I64(add_up(DAY, lines), 0);
    CHECK_EQ_I64(of(DAY, "relays", "equal"), 1);
    rig_exec(&rig, "UPDATE relay_job SET want = 2");
    CHECK_EQ_I64(add_up(DAY, lines), 1);
    CHECK_EQ_STR(lines, "RELAY_NOT_OPEN 0/0 ;");
    rig_exec(&rig, "UPDATE meter_state SET relay = NULL");
    rig_exec(&rig, "UPDATE relay_job SET seen = 0");
    CHECK_EQ_I64(add_up(DAY, lines), 0);
    CHECK_EQ_I64(of(DAY, "relays", "not_read"), 1);
    rig_exec(&rig, "UPDATE relay_job SET want = 1, seen = 2");
    CHECK_EQ_I64(add_up(DAY, lines), 1);
    text_of(&rig, "SELECT group_concat(event) FROM bill_item_event WHERE item_id = 1", text);
    CHECK_EQ_STR(text, "opened,cleared,reopened");
    rig_end(&rig);
}

/* ---- what is held for too long ---- */

TEST(money_that_stays_where_it_must_not)
{
    struct rig rig;
    char no[33];
    char lines[TEXT_SIZE];
    char text[TEXT_SIZE];
    rig_timers()->assign = (struct timers_row){2, {0, 100000}};
    begin(&rig);
    double_gateway_fault(COUNT_ADDRESS, FAULT_EXPIRED, 1000);
    CHECK(rig_pay(&rig, 2, FEN, "CREDITING", no));
    CHECK_EQ_I64(add_up(DAY, lines), 0); /* not a day old */
    rig_wall(NOON + 86400 + 60);
    CHECK_EQ_I64(add_up(DAY, lines), 1);
    CHECK_EQ_STR(lines, "HELD_OLD 0/5000 ;");
    text_of(&rig, "SELECT document_no || ' ' || owner || ' ' || day FROM bill_item", text);
    CHECK_EQ_STR(text, "BL20261110B000001 bookkeeper ");
    CHECK_EQ_I64(add_up(NEXT_DAY, lines), 1);
    CHECK_EQ_I64(rig_number(&rig, "SELECT count(*) FROM bill_item", NULL), 1);
    compare(DAY, no, FEN); /* the bill's own item, CREDIT_OPEN, has it now */
    CHECK_EQ_I64(add_up(DAY, lines), 0);
    CHECK_EQ_STR(lines, "HELD_OLD 0/5000 bill_item;");
    text_of(&rig,
            "SELECT i.finding FROM books_line l JOIN bill_item i ON i.document_no = l.item_no"
            " WHERE l.day = '" DAY "'",
            text);
    CHECK_EQ_STR(text, "CREDIT_OPEN");
    rig_exec(&rig, "UPDATE bill_item SET closed_at = 1 WHERE finding = 'CREDIT_OPEN'");
    CHECK_EQ_I64(add_up(DAY, lines), 1);
    text_of(&rig, "SELECT group_concat(event) FROM bill_item_event WHERE item_id = 1", text);
    CHECK_EQ_STR(text, "opened,cleared,reopened");
    rig_exec(&rig, "INSERT INTO review_item (document_no, document, reason, owner, opened_at,"
                   " due_ms) SELECT order_no, 'order', 'credit_unknown', 'site operator', 1, 1"
                   " FROM pay_order");
    CHECK_EQ_I64(add_up(DAY, lines), 0);
    CHECK_EQ_STR(lines, "HELD_OLD 0/5000 review_item;");
    CHECK_EQ_I64(rig_number(&rig, "SELECT count(*) FROM books_line WHERE item_no = ?1", no), 1);
    rig_end(&rig);
}

TEST(owed_and_without_an_order_for_too_long)
{
    struct rig rig;
    char lines[TEXT_SIZE];
    begin(&rig);
    rig_exec(&rig, "INSERT INTO posting (document_no, step, at) VALUES ('SHOLD1', 'owe_refund',"
                   " 1794100000)");
    rig_exec(&rig, "INSERT INTO leg SELECT max(posting_id), 1, 'HELD', 'SHOLD1', 900 FROM posting");
    rig_exec(&rig, "INSERT INTO leg SELECT max(posting_id), 2, 'REFPAY', 'SHOLD1', -900"
                   " FROM posting");
    rig_exec(&rig, "INSERT INTO account_sum VALUES ('REFPAY', 'SHOLD1', -900)");
    rig_exec(&rig, "INSERT INTO account_sum VALUES ('SUSPENSE', 'ST0LD2', -400)");
    CHECK_EQ_I64(add_up(DAY, lines), 2); /* the second has not even a posting */
    CHECK_EQ_STR(lines, "REFPAY_OLD 0/900 ;SUSPENSE_OLD 0/400 ;");
    rig_exec(&rig, "DELETE FROM account_sum");
    CHECK_EQ_I64(add_up(DAY, lines), 0);
    rig_end(&rig);
}

/* ---- people and time ---- */

static void sign(const char *person, const char *expected)
{
    char body[128];
    str_format_cut(body, sizeof(body),
                   "{\"person\":\"%s\",\"password\":\"" PASSWORD "\",\"decision\":\"close\"}",
                   person);
    struct double_answer answer =
        double_http_call(HTTP_POST, "/v1/admin/review/BL20261110B000001/sign", body);
    CHECK_EQ_STR(word(answer.json, "result"), expected);
    double_answer_finish(&answer);
}

static void add_person(const struct rig *rig, const char *name)
{
    const struct rng_port rng = rng_system();
    const struct person_change change = {name, PASSWORD, ""};
    CHECK_EQ_I64(person_add(rig->store, &rng, &change), OK);
}

TEST(two_persons_settle_it_and_it_stays_settled)
{
    struct rig rig;
    char no[33];
    char lines[TEXT_SIZE];
    begin(&rig);
    add_person(&rig, "li");
    add_person(&rig, "wang");
    CHECK(rig_pay(&rig, 2, FEN, "DONE", no));
    double_gateway_sell(COUNT_ADDRESS, FEN);
    CHECK(rig_pay(&rig, 2, FEN, "DONE", no));
    CHECK_EQ_I64(add_up(DAY, lines), 1);
    struct double_answer list = double_http_call(HTTP_GET, "/v1/admin/review", NULL);
    const json_t *item = json_array_get(json_object_get(list.json, "items"), 0);
    CHECK_EQ_STR(word(item, "document_no"), "BL20261110B000001");
    CHECK_EQ_STR(word(item, "reason"), DAY " m2");
    double_answer_finish(&list);
    struct double_answer attached =
        double_http_call(HTTP_POST, "/v1/admin/review/BL20261110B000001/attach",
                         "{\"person\":\"li\",\"password\":\"" PASSWORD "\",\"kind\":\"reference\","
                         "\"text\":\"sold at the desk\"}");
    CHECK_EQ_U64(attached.status, 200);
    double_answer_finish(&attached);
    sign("li", "first");
    sign("wang", "settled");
    CHECK_EQ_I64(add_up(DAY, lines), 0);
    CHECK_EQ_I64(add_up(DAY, lines), 0);
    CHECK_EQ_STR(lines, "METER_COUNT 3/2 ;");
    rig_end(&rig);
}

TEST(nobody_settles_it)
{
    struct rig rig;
    char lines[TEXT_SIZE];
    rig_timers()->review_ms = 100;
    begin(&rig);
    rig_exec(&rig, "INSERT INTO account_sum VALUES ('HELD', 'SHOLD1', -400)");
    CHECK_EQ_I64(add_up(DAY, lines), 1);
    CHECK(rig_until_number(&rig, "SELECT overdue FROM bill_item", NULL, 1));
    CHECK_EQ_I64(
        rig_number(&rig, "SELECT count(*) FROM alarm WHERE kind = 'reconcile_overdue'", NULL), 1);
    CHECK_EQ_I64(add_up(DAY, lines), 1);
    rig_end(&rig);
}

#define BOOKS_AGAIN "UPDATE job SET due_ms = 0 WHERE kind = 'books'"

TEST(the_job_adds_up_every_day_after_its_bills)
{
    struct rig rig;
    char no[33];
    begin_paid(&rig, no);
    compare(DAY, no, FEN);
    rig_wall(NOON + 86400);
    rig_exec(&rig, "DELETE FROM job WHERE kind = 'bill'"); /* it would fetch the same bill anew */
    double_pay_bill(PAY_BILL_UNKNOWN, NULL, 0);
    rig_books(true);
    rig_restart(&rig);
    CHECK(rig_until_number(&rig, "SELECT judged FROM books_day WHERE day = ?1", DAY, 1));
    CHECK_EQ_I64(rig_number(&rig, "SELECT count(*) FROM alarm WHERE kind LIKE 'books%'", NULL), 0);
    CHECK(rig_until_number(&rig, "SELECT count(*) FROM job WHERE kind = 'books' AND leased = 0",
                           NULL, 1));
    /* A day later it looks again whether what was on its way has come. */
    rig_exec(&rig, "INSERT INTO books_line VALUES ('" DAY "', 'METER_COUNT', '', 'm2', 1, 0,"
                   " 'on_its_way', '')");
    rig_exec(&rig, BOOKS_AGAIN);
    rig_restart(&rig);
    CHECK(rig_until_number(&rig, "SELECT due_ms > 1800000 FROM job WHERE kind = 'books'", NULL, 1));
    CHECK_EQ_I64(rig_number(&rig, "SELECT count(*) FROM books_line", NULL), 1);
    rig_exec(&rig, "UPDATE books_day SET ran_at = ran_at - 23 * 3600 - 60");
    rig_exec(&rig, BOOKS_AGAIN);
    rig_restart(&rig);
    CHECK(rig_until_number(&rig, "SELECT count(*) FROM books_line", NULL, 0));
    rig_end(&rig);
}

TEST(books_that_cannot_be_added_up_are_an_alarm)
{
    struct rig rig;
    char no[33];
    begin_paid(&rig, no);
    rig_wall(LATE);
    double_pay_bill(PAY_BILL_REFUSED, NULL, 0);
    rig_books(true);
    rig_restart(&rig);
    CHECK(rig_until_number(&rig,
                           "SELECT count(*) FROM alarm WHERE kind = 'books_missing' AND text"
                           " = ?1",
                           DAY, 1));
    CHECK_EQ_I64(rig_number(&rig, "SELECT count(*) FROM books_day", NULL), 0);
    compare(DAY, no, FEN);
    rig_exec(&rig, "INSERT INTO leg SELECT posting_id, 3, 'HELD', document_no,"
                   " -9223372036854775807 - 1 FROM posting WHERE step = 'receive'");
    rig_exec(&rig, BOOKS_AGAIN);
    rig_restart(&rig);
    CHECK(
        rig_until_number(&rig, "SELECT count(*) FROM alarm WHERE kind = 'books_failed'", NULL, 1));
    rig_end(&rig);
}

TEST(more_than_is_kept)
{
    struct rig rig;
    char no[33];
    char lines[TEXT_SIZE];
    begin_paid(&rig, no);
    compare(DAY, no, FEN);
    rig_exec(&rig, "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1100)"
                   " INSERT INTO bill_row (channel, day, kind, order_no, refund_no, trade_no, fen)"
                   " SELECT 'alipay', '" DAY "', 'payment', 'X' || i, '', 'X' || i, 1 FROM n");
    CHECK_EQ_I64(add_up(DAY, lines), 1000);
    json_t *report = books_of(DAY);
    CHECK(json_is_false(json_object_get(report, "whole")));
    json_decref(report);
    rig_exec(&rig, "DELETE FROM bill_row WHERE order_no LIKE 'X%'");
    CHECK_EQ_I64(add_up(DAY, lines), 0);
    rig_end(&rig);
}

TEST(days_that_do_not_exist_and_days_never_added_up)
{
    struct rig rig;
    rig_begin(&rig);
    struct double_answer answer =
        double_http_call(HTTP_POST, "/v1/admin/books", "{\"day\":\"2026-02-30\"}");
    CHECK_EQ_U64(answer.status, 400);
    double_answer_finish(&answer);
    answer = double_http_call(HTTP_GET, "/v1/admin/books/2026-02-30", NULL);
    CHECK_EQ_U64(answer.status, 404);
    double_answer_finish(&answer);
    answer = double_http_call(HTTP_GET, "/v1/admin/books/" DAY, NULL);
    CHECK_EQ_U64(answer.status, 200);
    CHECK(json_is_null(json_object_get(answer.json, "ran_at")));
    CHECK(json_is_null(json_object_get(answer.json, "identity")));
    double_answer_finish(&answer);
    rig_end(&rig);
}

TEST_MAIN()
