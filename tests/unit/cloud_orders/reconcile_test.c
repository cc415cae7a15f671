/* SPDX-License-Identifier: Apache-2.0 */
/* The day's reconciliation: findings are items, once each, until their cause or two persons go. */
#include <string.h>

#include "cloud/orders/bill.h"
#include "cloud/review/person.h"
#include "common/str.h"
#include "drivers/rng/rng_system.h"
#include "tests/unit/cloud_orders/rig.h"
#include "tests/unit/test.h"

#define DAY "2026-11-10"
#define NEXT_DAY "2026-11-11"
/* Noon of that day in Beijing: far from both midnights. */
#define PAID_AT_NOON "UPDATE pay_order SET paid_at = 1794283200 WHERE paid_at IS NOT NULL"
#define FIVE_PAST_MIDNIGHT "UPDATE pay_order SET paid_at = 1794326405 WHERE paid_at IS NOT NULL"
#define OPEN "SELECT count(*) FROM bill_item WHERE closed_at IS NULL AND finding = ?1"
#define PASSWORD "correct horse"

/* Reconcile the day; the report (@own). */
static json_t *reconcile(const char *day)
{
    char body[96];
    str_format_cut(body, sizeof(body), "{\"channel\":\"alipay\",\"day\":\"%s\"}", day);
    struct double_answer answer = double_http_call(HTTP_POST, "/v1/admin/reconcile", body);
    CHECK_EQ_U64(answer.status, 200);
    json_t *report = json_incref(answer.json);
    double_answer_finish(&answer);
    return report;
}

/* Reconcile, and say how many items are open after it. */
static int64_t open_after(const char *day)
{
    json_t *report = reconcile(day);
    const int64_t open = json_integer_value(json_object_get(report, "open"));
    json_decref(report);
    return open;
}

static void item_text(const struct rig *rig, const char *column_sql, char ret_text[128])
{
    rig_text(rig, column_sql, NULL, ret_text, 128);
}

static void bill_with(const char *no, int64_t fen)
{
    const struct double_bill_row rows[] = {{PAY_BILL_PAYMENT, no, fen}};
    double_pay_bill(PAY_BILL_OK, rows, fen > 0 ? 1 : 0);
}

static void pay_at_noon(struct rig *rig, char no[33])
{
    rig_begin(rig);
    CHECK(rig_pay(rig, 1, FEN, "DONE", no));
    rig_exec(rig, PAID_AT_NOON);
}

TEST(a_finding_is_one_item_until_its_cause_is_gone)
{
    struct rig rig;
    char no[33];
    char number[128];
    char text[128];
    pay_at_noon(&rig, no);
    bill_with(no, 0);
    CHECK_EQ_I64(open_after(DAY), 1);
    item_text(&rig, "SELECT document_no FROM bill_item", number);
    CHECK_EQ_STR(number, "BL20261110A000001");
    CHECK_EQ_I64(open_after(DAY), 1); /* as often as one likes */
    CHECK_EQ_I64(open_after(DAY), 1);
    CHECK_EQ_I64(rig_number(&rig, "SELECT count(*) FROM bill_item_event", NULL), 1);
    item_text(&rig,
              "SELECT finding || ' ' || bill_fen || ' ' || our_fen || ' ' || owner FROM"
              " bill_item",
              text);
    CHECK_EQ_STR(text, "MISSING_IN_BILL 0 5000 bookkeeper");
    bill_with(no, FEN);
    CHECK_EQ_I64(open_after(DAY), 0);
    item_text(&rig, "SELECT outcome FROM bill_item", text);
    CHECK_EQ_STR(text, "compared again: the bill and our books agree");
    bill_with(no, 0); /* and it is back: the same item, with all its history */
    CHECK_EQ_I64(open_after(DAY), 1);
    CHECK_EQ_I64(rig_number(&rig,
                            "SELECT count(*) FROM bill_item WHERE document_no = ?1 AND"
                            " closed_at IS NULL AND outcome = ''",
                            number),
                 1);
    item_text(&rig, "SELECT group_concat(event) FROM bill_item_event", text);
    CHECK_EQ_STR(text, "opened,cleared,reopened");
    rig_end(&rig);
}

TEST(an_item_of_another_amount_is_another_question)
{
    struct rig rig;
    char no[33];
    pay_at_noon(&rig, no);
    bill_with(no, FEN - 1);
    CHECK_EQ_I64(open_after(DAY), 1);
    bill_with(no, FEN - 2);
    CHECK_EQ_I64(open_after(DAY), 1);
    CHECK_EQ_I64(rig_number(&rig, "SELECT version FROM bill_item WHERE bill_fen = 4998", NULL), 2);
    CHECK_EQ_I64(
        rig_number(&rig, "SELECT count(*) FROM bill_item_event WHERE event = 'changed'", NULL), 1);
    rig_end(&rig);
}

TEST(what_the_provider_clears_up_is_closed_in_the_same_run)
{
    struct rig rig;
    char no[33];
    char text[128];
    rig_timers()->kiosk_silent_ms = 60;
    rig_timers()->closed = (struct timers_row){1, {100000}};
    rig_begin(&rig);
    rig_create(1, FEN, no);
    CHECK(rig_until(&rig, no, "CLOSED"));
    double_pay_settle(no, FEN); /* the notify is lost, and nobody asks any more */
    bill_with(no, FEN);
    CHECK_EQ_I64(open_after(DAY), 0);
    item_text(&rig, "SELECT finding || ': ' || outcome FROM bill_item", text);
    CHECK_EQ_STR(text, "PAID_UNKNOWN_TO_US: cleared by the provider's signed answer");
    CHECK(rig_until(&rig, no, "REFUNDED"));
    rig_end(&rig);
}

/* ---- the report ---- */

static int64_t sum_of(const json_t *report, const char *name, const char *what)
{
    const json_t *bill = json_object_get(report, "bill");
    return json_integer_value(json_object_get(json_object_get(bill, name), what));
}

static int64_t number_of(const json_t *report, const char *name)
{
    return json_integer_value(json_object_get(report, name));
}

TEST(the_report_says_what_agrees_and_what_is_lost)
{
    struct rig rig;
    char no[33];
    pay_at_noon(&rig, no);
    const struct double_bill_row rows[] = {{PAY_BILL_PAYMENT, no, FEN},
                                           {PAY_BILL_REFUND, no, 1200},
                                           {PAY_BILL_PAYMENT, "STRANGER01", 700},
                                           {PAY_BILL_REFUND, "STRANGER02", 300}};
    double_pay_bill(PAY_BILL_OK, rows, 4);
    double_pay_bill_state(3, PAY_BILL_FAILED);
    double_pay_bill_fees(30125, 30000);
    json_t *report = reconcile(DAY);
    CHECK_EQ_I64(sum_of(report, "payments", "rows"), 2);
    CHECK_EQ_I64(sum_of(report, "payments", "fen"), FEN + 700);
    CHECK_EQ_I64(sum_of(report, "payments_agree", "rows"), 1);
    CHECK_EQ_I64(sum_of(report, "payments_agree", "fen"), FEN);
    CHECK_EQ_I64(sum_of(report, "refunds", "fen"), 1200);
    CHECK_EQ_I64(sum_of(report, "refunds_agree", "rows"), 0);
    CHECK_EQ_I64(sum_of(report, "not_refunded", "fen"), 300);
    CHECK_EQ_I64(number_of(json_object_get(report, "bill"), "our_paid_fen"), FEN);
    const json_t *version = json_array_get(json_object_get(report, "versions"), 0);
    CHECK_EQ_I64(number_of(version, "fees_e5_yuan"), 30125);
    CHECK_EQ_I64(number_of(version, "fees_fen"), 30); /* 0.3 of a fen is nobody's error */
    CHECK_EQ_I64(number_of(report, "open"), 2);
    CHECK_EQ_I64(number_of(report, "loss_fen"), 1200);
    CHECK_EQ_I64(number_of(report, "gain_fen"), 700);
    json_decref(report);
    double_pay_bill_fees(30125, 31000); /* nor is a sum that was rounded */
    CHECK_EQ_I64(open_after(DAY), 2);
    double_pay_bill_fees(30125, 32000); /* and two fen more are */
    report = reconcile(DAY);
    CHECK_EQ_I64(number_of(report, "open"), 3);
    CHECK_EQ_I64(number_of(report, "loss_fen"), 1202);
    CHECK_EQ_U64(json_array_size(json_object_get(report, "versions")), 3);
    CHECK_EQ_I64(rig_number(&rig,
                            "SELECT count(*) FROM alarm WHERE kind = 'FEE' AND subject ="
                            " 'alipay'",
                            NULL),
                 1);
    json_decref(report);
    rig_end(&rig);
}

TEST(a_changed_bill_is_shown)
{
    struct rig rig;
    char no[33];
    pay_at_noon(&rig, no);
    const struct double_bill_row rows[] = {{PAY_BILL_PAYMENT, "STRANGER01", 700},
                                           {PAY_BILL_PAYMENT, no, FEN}};
    const struct double_bill_row turned[] = {rows[1], rows[0]};
    double_pay_bill(PAY_BILL_OK, rows, 2);
    CHECK_EQ_I64(open_after(DAY), 1);
    double_pay_bill(PAY_BILL_OK, turned, 2); /* the same rows: no change */
    CHECK_EQ_I64(open_after(DAY), 1);
    CHECK_EQ_I64(rig_number(&rig, "SELECT count(*) FROM bill_version", NULL), 1);
    bill_with(no, FEN);
    CHECK_EQ_I64(open_after(DAY), 0);
    CHECK_EQ_I64(rig_number(&rig, "SELECT rows FROM bill_version WHERE version = 2", NULL), 1);
    bill_with(no, 0);
    json_t *report = reconcile(DAY);
    const json_t *versions = json_object_get(report, "versions");
    CHECK_EQ_U64(json_array_size(versions), 3);
    CHECK_EQ_I64(number_of(json_array_get(versions, 0), "paid_fen"), FEN + 700);
    CHECK_EQ_I64(number_of(json_array_get(versions, 2), "paid_fen"), 0);
    json_decref(report);
    rig_end(&rig);
}

TEST(a_bill_that_is_refused_closes_nothing)
{
    struct rig rig;
    char no[33];
    pay_at_noon(&rig, no);
    bill_with(no, FEN - 1);
    CHECK_EQ_I64(open_after(DAY), 1);
    double_pay_bill(PAY_BILL_REFUSED, NULL, 0);
    json_t *report = reconcile(DAY);
    CHECK_EQ_STR(json_string_value(json_object_get(report, "result")), "refused");
    CHECK_EQ_I64(number_of(report, "open"), 1);
    json_decref(report);
    const struct double_bill_row twice[] = {{PAY_BILL_PAYMENT, no, FEN},
                                            {PAY_BILL_PAYMENT, no, FEN}};
    double_pay_bill(PAY_BILL_OK, twice, 2);
    CHECK_EQ_I64(open_after(DAY), 2); /* the file contradicts itself: the old item stays */
    CHECK_EQ_I64(rig_number(&rig, OPEN, "DUPLICATE_IN_BILL"), 1);
    bill_with(no, FEN);
    CHECK_EQ_I64(open_after(DAY), 0);
    rig_end(&rig);
}

/* ---- refunds ---- */

static const char LOSS[] = "SELECT fen FROM account_sum WHERE account = 'LOSS'";

/* Somebody's refund that had only begun when the bill was written, and may come to nothing. */
TEST(a_refund_that_had_only_begun_is_not_paid_back)
{
    struct rig rig;
    char no[33];
    pay_at_noon(&rig, no);
    double_pay_force(CALL_QUERY, PAY_PAID_REFUND_SEEN, 1000, false);
    const struct double_bill_row rows[] = {{PAY_BILL_PAYMENT, no, FEN}, {PAY_BILL_REFUND, no, FEN}};
    double_pay_bill(PAY_BILL_OK, rows, 2);
    double_pay_bill_state(1, PAY_BILL_PENDING);
    CHECK_EQ_I64(open_after(DAY), 1); /* none of ours: a question */
    CHECK_EQ_I64(rig_number(&rig, OPEN, "REFUND_UNKNOWN_TO_US"), 1);
    CHECK_EQ_I64(rig_number(&rig, LOSS, NULL), 0);
    double_pay_bill_state(1, PAY_BILL_DONE);
    CHECK_EQ_I64(open_after(DAY), 1);
    CHECK_EQ_I64(rig_number(&rig, LOSS, NULL), FEN);
    CHECK(rig_books_are_clean(&rig));
    rig_end(&rig);
}

/* Ours, listed as begun on one day and not again on the day on which it was done. */
TEST(our_refund_need_not_be_listed_twice)
{
    struct rig rig;
    char no[33];
    rig_wall(1794283200 + 86400); /* noon of the next day */
    rig_timers()->kiosk_silent_ms = 60;
    rig_timers()->closed = (struct timers_row){3, {300, 3000, 6000}};
    rig_begin(&rig);
    rig_create(1, FEN, no);
    CHECK(rig_until(&rig, no, "CLOSED"));
    double_pay_settle(no, FEN);
    CHECK(rig_until(&rig, no, "REFUNDED"));
    const struct double_bill_row rows[] = {{PAY_BILL_PAYMENT, no, FEN}, {PAY_BILL_REFUND, no, FEN}};
    double_pay_bill(PAY_BILL_OK, rows, 2);
    double_pay_bill_state(1, PAY_BILL_PENDING);
    CHECK_EQ_I64(open_after(DAY), 0); /* paid late in the evening, heard of at noon */
    double_pay_bill(PAY_BILL_OK, NULL, 0);
    CHECK_EQ_I64(open_after(NEXT_DAY), 0);
    rig_exec(&rig, "DELETE FROM bill_row WHERE kind = 'refund'");
    CHECK_EQ_I64(open_after(NEXT_DAY), 1); /* in no bill at all */
    CHECK_EQ_I64(rig_number(&rig, OPEN, "REFUND_MISSING_IN_BILL"), 1);
    rig_end(&rig);
}

/* ---- midnight ---- */

TEST(a_payment_at_midnight_that_neither_bill_has)
{
    struct rig rig;
    char no[33];
    rig_begin(&rig);
    CHECK(rig_pay(&rig, 1, FEN, "DONE", no));
    rig_exec(&rig, FIVE_PAST_MIDNIGHT);
    double_pay_bill(PAY_BILL_OK, NULL, 0);
    CHECK_EQ_I64(open_after(DAY), 0); /* it may stand in the next one */
    CHECK_EQ_I64(open_after(NEXT_DAY), 1);
    CHECK_EQ_I64(rig_number(&rig, OPEN, "MISSING_IN_BILL"), 1);
    CHECK_EQ_I64(open_after(DAY), 0); /* said once */
    bill_with(no, FEN);
    CHECK_EQ_I64(open_after(DAY), 0); /* corrected: the next day is looked at again, and clean */
    CHECK_EQ_I64(rig_number(&rig,
                            "SELECT count(*) FROM bill WHERE day = '" NEXT_DAY "'"
                            " AND done_at IS NULL",
                            NULL),
                 1);
    double_pay_bill(PAY_BILL_OK, NULL, 0);
    CHECK_EQ_I64(open_after(NEXT_DAY), 0);
    CHECK_EQ_I64(rig_number(&rig, OPEN, "MISSING_IN_BILL"), 0);
    rig_end(&rig);
}

TEST(a_payment_before_midnight_whose_day_comes_late)
{
    struct rig rig;
    char no[33];
    rig_begin(&rig);
    CHECK(rig_pay(&rig, 1, FEN, "DONE", no));
    rig_exec(&rig, "UPDATE pay_order SET paid_at = 1794326395 WHERE paid_at IS NOT NULL");
    double_pay_bill(PAY_BILL_OK, NULL, 0);
    CHECK_EQ_I64(open_after(NEXT_DAY), 0); /* the bill before it is not known yet */
    CHECK_EQ_I64(open_after(DAY), 0);      /* nor is this the day on which it is said */
    CHECK_EQ_I64(rig_number(&rig,
                            "SELECT count(*) FROM bill WHERE day = '" NEXT_DAY "'"
                            " AND done_at IS NULL",
                            NULL),
                 1);
    CHECK_EQ_I64(open_after(NEXT_DAY), 1);
    rig_end(&rig);
}

/* ---- people and time ---- */

static void sign(const char *document_no, const char *person, const char *decision,
                 const char *expected)
{
    char path[128];
    char body[256];
    str_format_cut(path, sizeof(path), "/v1/admin/review/%s/sign", document_no);
    str_format_cut(body, sizeof(body),
                   "{\"person\":\"%s\",\"password\":\"" PASSWORD "\",\"decision\":\"%s\"}", person,
                   decision);
    struct double_answer answer = double_http_call(HTTP_POST, path, body);
    const json_t *error = json_object_get(answer.json, "error");
    const char *word = json_string_value(json_object_get(answer.json, "result"));
    const char *code = json_string_value(json_object_get(error, "code"));
    CHECK_EQ_STR(word != NULL ? word : code != NULL ? code : "nothing", expected);
    double_answer_finish(&answer);
}

static void attach_reference(const char *document_no)
{
    char path[128];
    str_format_cut(path, sizeof(path), "/v1/admin/review/%s/attach", document_no);
    struct double_answer answer =
        double_http_call(HTTP_POST, path,
                         "{\"person\":\"li\",\"password\":\"" PASSWORD "\",\"kind\":\"reference\","
                         "\"text\":\"letter of the wallet\"}");
    CHECK_EQ_U64(answer.status, 200);
    double_answer_finish(&answer);
}

static void add_person(const struct rig *rig, const char *name)
{
    const struct rng_port rng = rng_system();
    const struct person_change change = {name, PASSWORD, ""};
    CHECK_EQ_I64(person_add(rig->store, &rng, &change), OK);
}

TEST(two_persons_settle_an_item_and_it_stays_settled)
{
    static const char NUMBER[] = "BL20261110A000001";
    struct rig rig;
    char no[33];
    char text[128];
    pay_at_noon(&rig, no);
    add_person(&rig, "li");
    add_person(&rig, "wang");
    bill_with(no, FEN - 1);
    CHECK_EQ_I64(open_after(DAY), 1);
    struct double_answer list = double_http_call(HTTP_GET, "/v1/admin/review", NULL);
    const json_t *item = json_array_get(json_object_get(list.json, "items"), 0);
    CHECK_EQ_STR(json_string_value(json_object_get(item, "document_no")), NUMBER);
    CHECK_EQ_STR(json_string_value(json_object_get(item, "state")), "AMOUNT");
    CHECK_EQ_I64(number_of(item, "amount_fen"), FEN);
    CHECK_EQ_I64(number_of(item, "paid_fen"), FEN - 1);
    double_answer_finish(&list);
    sign(NUMBER, "li", "close", "no_reference");
    sign(NUMBER, "li", "refund", "reason_unfit");
    attach_reference(NUMBER);
    sign(NUMBER, "li", "close", "first");
    sign(NUMBER, "li", "close", "same_person");
    bill_with(no, FEN - 2); /* the first signature was for another amount */
    CHECK_EQ_I64(open_after(DAY), 1);
    sign(NUMBER, "wang", "close", "first");
    CHECK_EQ_I64(rig_number(&rig, OPEN, "AMOUNT"), 1);
    sign(NUMBER, "li", "close", "settled");
    sign(NUMBER, "li", "close", "not_in_review");
    CHECK_EQ_I64(open_after(DAY), 0);
    CHECK_EQ_I64(open_after(DAY), 0);
    item_text(&rig, "SELECT outcome FROM bill_item", text);
    CHECK_EQ_STR(text, "settled by wang+li");
    bill_with(no, FEN - 3); /* what they settled was something else */
    CHECK_EQ_I64(open_after(DAY), 1);
    struct double_answer shown =
        double_http_call(HTTP_GET, "/v1/admin/review/BL20261110A000001", NULL);
    CHECK_EQ_U64(json_array_size(json_object_get(shown.json, "events")), 4);
    CHECK_EQ_U64(json_array_size(json_object_get(shown.json, "signatures")), 3);
    CHECK_EQ_U64(json_array_size(json_object_get(shown.json, "attached")), 1);
    double_answer_finish(&shown);
    shown = double_http_call(HTTP_GET, "/v1/admin/review/BL20261110A000002", NULL);
    CHECK_EQ_U64(shown.status, 404);
    double_answer_finish(&shown);
    rig_end(&rig);
}

TEST(an_item_that_nobody_settles_is_an_alarm)
{
    struct rig rig;
    char no[33];
    rig_timers()->review_ms = 100;
    pay_at_noon(&rig, no);
    bill_with(no, 0);
    CHECK_EQ_I64(open_after(DAY), 1);
    CHECK(rig_until_number(&rig, "SELECT overdue FROM bill_item", NULL, 1));
    CHECK_EQ_I64(rig_number(&rig,
                            "SELECT count(*) FROM alarm WHERE kind = 'reconcile_overdue'"
                            " AND subject = 'BL20261110A000001'",
                            NULL),
                 1);
    CHECK_EQ_I64(open_after(DAY), 1); /* and stays open */
    rig_end(&rig);
}

TEST(an_open_credit_is_listed_until_its_order_ends)
{
    struct rig rig;
    char no[33];
    rig_timers()->assign = (struct timers_row){2, {0, 100000}};
    rig_begin(&rig);
    double_gateway_fault(COUNT_ADDRESS, FAULT_EXPIRED, 1000);
    CHECK(rig_pay(&rig, 2, FEN, "CREDITING", no));
    rig_exec(&rig, PAID_AT_NOON);
    bill_with(no, FEN);
    CHECK_EQ_I64(open_after(DAY), 1);
    CHECK_EQ_I64(rig_number(&rig, OPEN, "CREDIT_OPEN"), 1);
    rig_exec(&rig, "UPDATE pay_order SET state = 'DONE'");
    rig_exec(&rig, "DELETE FROM job WHERE kind = 'bill'");
    rig_restart(&rig); /* the bill's job looks at it each hour */
    CHECK(rig_until_number(&rig, OPEN, "CREDIT_OPEN", 0));
    rig_end(&rig);
}

TEST(days_and_wallets_that_do_not_exist)
{
    static const char *const BODIES[] = {"{\"channel\":\"cash\",\"day\":\"2026-11-10\"}",
                                         "{\"channel\":\"alipay\",\"day\":\"2026-02-30\"}", "{}"};
    struct rig rig;
    rig_begin(&rig);
    for (size_t i = 0; i < ARRAY_COUNT(BODIES); i++) {
        struct double_answer answer = double_http_call(HTTP_POST, "/v1/admin/reconcile", BODIES[i]);
        CHECK_EQ_U64(answer.status, 400);
        double_answer_finish(&answer);
    }
    rig_end(&rig);
}

TEST_MAIN()
