/* SPDX-License-Identifier: Apache-2.0 */
/* The daily bill finds what notifies and queries have missed, and moves nothing by itself. */
#include <string.h>

#include "cloud/orders/bill.h"
#include "common/str.h"
#include "tests/unit/cloud_orders/rig.h"
#include "tests/unit/test.h"

#define ALIPAY "alipay"
#define DAY "2026-11-10"
/* Noon of that day in Beijing: far from both midnights. */
#define PAID_AT_NOON "UPDATE pay_order SET paid_at = 1794283200 WHERE paid_at IS NOT NULL"

/* Hours of 2026-11-20 in Beijing. */
#define NOON_OF_20 INT64_C(1795147200)
#define EVENING_OF_20 (NOON_OF_20 + INT64_C(6) * 3600 + 60)

/* Ask for a day's bill; how many findings. */
static int64_t compare_day(const char *channel, const char *day)
{
    char body[96];
    str_format_cut(body, sizeof(body), "{\"channel\":\"%s\",\"day\":\"%s\"}", channel, day);
    struct double_answer answer = double_http_call(HTTP_POST, "/v1/admin/ledger/bill", body);
    const int64_t count =
        answer.status == 200 ? json_integer_value(json_object_get(answer.json, "findings")) : -1;
    double_answer_finish(&answer);
    return count;
}

static int64_t compare(const char *channel)
{
    return compare_day(channel, DAY);
}

static int64_t found(const struct rig *rig, const char *finding)
{
    return rig_number(rig, "SELECT count(*) FROM bill_finding WHERE finding = ?1", finding);
}

TEST(a_day_that_agrees)
{
    struct rig rig;
    char no[33];
    rig_begin(&rig);
    CHECK(rig_pay(&rig, 1, FEN, "DONE", no));
    rig_exec(&rig, PAID_AT_NOON);
    const struct double_bill_row rows[] = {{PAY_BILL_PAYMENT, no, FEN}};
    double_pay_bill(PAY_BILL_OK, rows, 1);
    CHECK_EQ_I64(compare("alipay"), 0);
    CHECK_EQ_I64(compare("alipay"), 0); /* as often as one likes */
    CHECK_EQ_I64(compare("wechat"), 0); /* a day without trades */
    CHECK_EQ_I64(rig_number(&rig, "SELECT count(*) FROM bill", NULL), 2);
    CHECK_EQ_I64(rig_number(&rig, "SELECT count(*) FROM bill_row", NULL), 1);
    rig_end(&rig);
}

TEST(a_payment_that_everybody_missed_goes_back)
{
    struct rig rig;
    char no[33];
    rig_timers()->kiosk_silent_ms = 60;
    rig_timers()->closed = (struct timers_row){1, {100000}};
    rig_begin(&rig);
    rig_create(1, FEN, no);
    CHECK(rig_until(&rig, no, "CLOSED"));
    double_pay_settle(no, FEN); /* the notify is lost, and nobody asks any more */
    const struct double_bill_row rows[] = {{PAY_BILL_PAYMENT, no, FEN}};
    double_pay_bill(PAY_BILL_OK, rows, 1);
    CHECK_EQ_I64(compare("alipay"), 1);
    CHECK_EQ_I64(found(&rig, "PAID_UNKNOWN_TO_US"), 1);
    CHECK(rig_until(&rig, no, "REFUNDED"));
    CHECK_EQ_I64(double_pay_trade(no).refunded_fen, FEN);
    CHECK(rig_books_are_clean(&rig));
    rig_end(&rig);
}

TEST(a_bill_alone_moves_no_money)
{
    struct rig rig;
    char no[33];
    rig_timers()->kiosk_silent_ms = 60;
    rig_begin(&rig);
    rig_create(1, FEN, no);
    CHECK(rig_until(&rig, no, "CLOSED"));
    const struct double_bill_row rows[] = {{PAY_BILL_PAYMENT, no, FEN},
                                           {PAY_BILL_PAYMENT, "STRANGER01", 700}};
    double_pay_bill(PAY_BILL_OK, rows, 2); /* the provider itself says: closed, never paid */
    CHECK_EQ_I64(compare("alipay"), 2);
    CHECK_EQ_I64(found(&rig, "NOT_OURS"), 1);
    rig_sleep_ms(100);
    CHECK_EQ_I64(rig_number(&rig, "SELECT state = 'CLOSED' FROM pay_order", NULL), 1);
    CHECK_EQ_I64(rig_number(&rig, "SELECT count(*) FROM posting", NULL), 0);
    CHECK_EQ_I64(rig_number(&rig, "SELECT count(*) FROM alarm WHERE kind = 'NOT_OURS'", NULL), 1);
    rig_end(&rig);
}

TEST(what_the_bill_lacks_is_asked_about)
{
    struct rig rig;
    char no[33];
    rig_begin(&rig);
    CHECK(rig_pay(&rig, 1, FEN, "DONE", no));
    rig_exec(&rig, PAID_AT_NOON);
    double_pay_bill(PAY_BILL_EMPTY, NULL, 0);
    const int queries = double_pay_calls(CALL_QUERY);
    CHECK_EQ_I64(compare("alipay"), 1);
    CHECK_EQ_I64(found(&rig, "MISSING_IN_BILL"), 1);
    CHECK_EQ_I64(double_pay_calls(CALL_QUERY), queries + 1);
    const struct double_bill_row less[] = {{PAY_BILL_PAYMENT, no, FEN - 1}};
    double_pay_bill(PAY_BILL_OK, less, 1);
    CHECK_EQ_I64(compare("alipay"), 1);
    CHECK_EQ_I64(found(&rig, "AMOUNT"), 1);
    CHECK_EQ_I64(found(&rig, "MISSING_IN_BILL"), 0); /* the newest comparison counts */
    const struct double_bill_row back[] = {{PAY_BILL_PAYMENT, no, FEN}, {PAY_BILL_REFUND, no, FEN}};
    double_pay_bill(PAY_BILL_OK, back, 2);
    double_pay_return(no);
    CHECK_EQ_I64(compare("alipay"), 1);
    CHECK_EQ_I64(found(&rig, "REFUND_UNKNOWN_TO_US"), 1);
    /* The signed query says so, too: refunded after the credit is our loss. */
    CHECK_EQ_I64(rig_number(&rig, "SELECT fen FROM account_sum WHERE account = 'LOSS'", NULL), FEN);
    CHECK(rig_books_are_clean(&rig));
    rig_end(&rig);
}

TEST(a_bill_with_a_row_twice_is_not_acted_upon)
{
    struct rig rig;
    char no[33];
    rig_timers()->kiosk_silent_ms = 60;
    rig_timers()->closed = (struct timers_row){1, {100000}};
    rig_begin(&rig);
    rig_create(1, FEN, no);
    CHECK(rig_until(&rig, no, "CLOSED"));
    double_pay_settle(no, FEN);
    const struct double_bill_row rows[] = {{PAY_BILL_PAYMENT, no, FEN},
                                           {PAY_BILL_PAYMENT, no, FEN}};
    double_pay_bill(PAY_BILL_OK, rows, 2);
    const int queries = double_pay_calls(CALL_QUERY);
    CHECK(compare("alipay") >= 1);
    CHECK_EQ_I64(found(&rig, "DUPLICATE_IN_BILL"), 1);
    CHECK_EQ_I64(double_pay_calls(CALL_QUERY), queries);
    CHECK_EQ_I64(rig_number(&rig, "SELECT count(*) FROM bill WHERE done_at IS NULL", NULL), 1);
    rig_end(&rig);
}

TEST(a_bill_that_is_not_there)
{
    struct rig rig;
    rig_begin(&rig);
    CHECK_EQ_I64(compare("alipay"), 0);
    CHECK_EQ_I64(rig_number(&rig, "SELECT count(*) FROM bill", NULL), 0);
    double_pay_bill(PAY_BILL_REFUSED, NULL, 0);
    CHECK_EQ_I64(compare("alipay"), 0);
    CHECK_EQ_I64(rig_number(&rig, "SELECT count(*) FROM bill", NULL), 0);
    rig_end(&rig);
}

/* ---- "a refund exists", WeChat's only word for one ---- */

static const char LOSS[] = "SELECT fen FROM account_sum WHERE account = 'LOSS'";

TEST(refunds_by_others_are_a_loss_once_they_add_up)
{
    struct rig rig;
    char no[33];
    rig_begin(&rig);
    CHECK(rig_pay(&rig, 1, FEN, "DONE", no));
    rig_exec(&rig, PAID_AT_NOON);
    double_pay_force(CALL_QUERY, PAY_PAID_REFUND_SEEN, 1000, false);
    const struct double_bill_row part[] = {{PAY_BILL_PAYMENT, no, FEN},
                                           {PAY_BILL_REFUND, no, 2000}};
    double_pay_bill(PAY_BILL_OK, part, 2);
    CHECK_EQ_I64(compare(ALIPAY), 1);
    CHECK_EQ_I64(found(&rig, "REFUND_UNKNOWN_TO_US"), 1);
    CHECK_EQ_I64(rig_number(&rig, LOSS, NULL), 0);
    /* The next day's bill has the rest, and the first refund once more. */
    const struct double_bill_row rest[] = {{PAY_BILL_REFUND, no, 2000},
                                           {PAY_BILL_REFUND, no, 3000}};
    double_pay_bill(PAY_BILL_OK, rest, 2);
    CHECK_EQ_I64(compare_day(ALIPAY, "2026-11-11"), 1);
    CHECK_EQ_I64(rig_number(&rig, LOSS, NULL), FEN);
    CHECK_EQ_I64(compare_day(ALIPAY, "2026-11-11"), 1); /* booked once */
    CHECK_EQ_I64(rig_number(&rig, LOSS, NULL), FEN);
    CHECK_EQ_I64(rig_number(&rig, "SELECT state = 'DONE' FROM pay_order", NULL), 1);
    CHECK(rig_books_are_clean(&rig));
    rig_end(&rig);
}

/* The credit has begun and its outcome is open: it goes no further, and two persons decide. */
TEST(a_refund_by_others_stops_the_credit)
{
    struct rig rig;
    char no[33];
    rig_timers()->assign = (struct timers_row){2, {0, 100000}};
    rig_begin(&rig);
    double_gateway_fault(COUNT_ADDRESS, FAULT_EXPIRED, 1000);
    CHECK(rig_pay(&rig, 2, FEN, "CREDITING", no));
    rig_exec(&rig, PAID_AT_NOON);
    double_pay_force(CALL_QUERY, PAY_PAID_REFUND_SEEN, 1000, false);
    double_pay_bill(PAY_BILL_OK, NULL, 0); /* lacks the payment, so we ask */
    CHECK_EQ_I64(compare(ALIPAY), 2);
    CHECK_EQ_I64(found(&rig, "MISSING_IN_BILL"), 1);
    CHECK(rig_until(&rig, no, "REVIEW"));
    CHECK_EQ_I64(rig_number(&rig, "SELECT count(*) FROM review_item", NULL), 1);
    CHECK_EQ_I64(rig_number(&rig,
                            "SELECT count(*) FROM account_sum WHERE account = 'SUSPENSE'"
                            " AND fen <> 0",
                            NULL),
                 0);
    const struct double_bill_row rows[] = {{PAY_BILL_PAYMENT, no, FEN}, {PAY_BILL_REFUND, no, FEN}};
    double_pay_bill(PAY_BILL_OK, rows, 2);
    CHECK_EQ_I64(compare(ALIPAY), 1);
    CHECK_EQ_I64(
        rig_number(&rig, "SELECT sum(fen) FROM account_sum WHERE account = 'SUSPENSE'", NULL), FEN);
    CHECK_EQ_I64(double_gateway_meter(COUNT_ADDRESS).frames, 0);
    CHECK(rig_books_are_clean(&rig));
    rig_end(&rig);
}

/* ---- midnight ---- */

/* Paid and paid back seconds before midnight; we hear of it seconds after. */
TEST(what_we_hear_of_after_midnight_is_in_the_bill_before_it)
{
    struct rig rig;
    char no[33];
    rig_wall(1794326405); /* five seconds into 2026-11-11 in Beijing */
    rig_timers()->kiosk_silent_ms = 60;
    rig_timers()->closed = (struct timers_row){3, {300, 3000, 6000}};
    rig_begin(&rig);
    rig_create(1, FEN, no);
    CHECK(rig_until(&rig, no, "CLOSED"));
    double_pay_settle(no, FEN);
    CHECK(rig_until(&rig, no, "REFUNDED"));
    const struct double_bill_row rows[] = {{PAY_BILL_PAYMENT, no, FEN}, {PAY_BILL_REFUND, no, FEN}};
    double_pay_bill(PAY_BILL_OK, rows, 2);
    CHECK_EQ_I64(compare(ALIPAY), 0);
    double_pay_bill(PAY_BILL_OK, NULL, 0); /* and so it is not in the one behind it */
    CHECK_EQ_I64(compare_day(ALIPAY, "2026-11-11"), 0);
    CHECK_EQ_I64(rig_number(&rig, "SELECT count(*) FROM alarm WHERE kind LIKE '%BILL'", NULL), 0);
    rig_end(&rig);
}

/* ---- no bill ---- */

static const char STORED[] = "SELECT count(*) FROM bill WHERE channel = 'alipay'";

TEST(no_bill_at_noon_is_no_bill_yet)
{
    struct rig rig;
    rig_wall(NOON_OF_20);
    rig_begin(&rig);
    double_pay_bill(PAY_BILL_EMPTY, NULL, 0);
    CHECK_EQ_I64(compare_day(ALIPAY, "2026-11-19"), 0);
    CHECK_EQ_I64(rig_number(&rig, STORED, NULL), 0);
    CHECK_EQ_I64(compare_day(ALIPAY, "2026-11-18"), 0); /* its evening is over */
    CHECK_EQ_I64(rig_number(&rig, STORED, NULL), 1);
    rig_end(&rig);
}

TEST(no_bill_in_the_evening_is_a_day_without_trades)
{
    struct rig rig;
    rig_wall(EVENING_OF_20);
    rig_begin(&rig);
    double_pay_bill(PAY_BILL_EMPTY, NULL, 0);
    CHECK_EQ_I64(compare_day(ALIPAY, "2026-11-19"), 0);
    CHECK_EQ_I64(rig_number(&rig, STORED, NULL), 1);
    rig_end(&rig);
}

TEST(no_bill_is_never_the_last_word_on_a_day_with_money)
{
    struct rig rig;
    char no[33];
    rig_begin(&rig);
    CHECK(rig_pay(&rig, 1, FEN, "DONE", no));
    rig_exec(&rig, PAID_AT_NOON);
    double_pay_bill(PAY_BILL_EMPTY, NULL, 0);
    CHECK_EQ_I64(compare(ALIPAY), 1); /* compared, the provider is asked, and fetched again */
    CHECK_EQ_I64(found(&rig, "MISSING_IN_BILL"), 1);
    CHECK_EQ_I64(rig_number(&rig, STORED, NULL), 0);
    const struct double_bill_row rows[] = {{PAY_BILL_PAYMENT, no, FEN}};
    double_pay_bill(PAY_BILL_OK, rows, 1);
    CHECK_EQ_I64(compare(ALIPAY), 0);
    CHECK_EQ_I64(found(&rig, "MISSING_IN_BILL"), 0);
    CHECK_EQ_I64(rig_number(&rig, STORED, NULL), 1);
    rig_end(&rig);
}

/* ---- days on which nobody was here ---- */

TEST(days_that_were_missed_are_fetched)
{
    struct rig rig;
    char no[33];
    rig_wall(NOON_OF_20);
    rig_begin(&rig);
    rig_create(1, FEN, no);
    CHECK(rig_until(&rig, no, "WAIT_PAY"));
    /* The first order was five days ago; two days of them have their bill. */
    rig_exec(&rig, "UPDATE pay_order SET created_at = created_at - 5 * 86400");
    rig_exec(&rig, "INSERT INTO bill (channel, day, raw, fetched_at, done_at) VALUES"
                   " ('alipay', '2026-11-15', x'', 0, 0), ('alipay', '2026-11-17', x'', 0, 0)");
    /* The first look is over, without a bill: the next is in an hour. */
    CHECK(rig_until_number(&rig,
                           "SELECT count(*) FROM job WHERE kind = 'bill' AND key = 'alipay'"
                           " AND due_ms > 3000000",
                           NULL, 1));
    double_pay_bill(PAY_BILL_OK, NULL, 0);
    rig_exec(&rig, "DELETE FROM job WHERE kind = 'bill'");
    rig_restart(&rig);
    /* The other wallet's, too: a payment may come to one that no order was for. */
    CHECK(rig_until_number(&rig, "SELECT count(*) FROM bill", NULL, 10));
    CHECK_EQ_I64(rig_number(&rig,
                            "SELECT count(*) FROM (SELECT 1 FROM bill GROUP BY channel HAVING"
                            " min(day) = '2026-11-15' AND max(day) = '2026-11-19' AND"
                            " count(*) = 5)",
                            NULL),
                 2);
    rig_end(&rig);
}

/* ---- questions ---- */

static const char DONE[] = "SELECT count(*) FROM bill WHERE done_at IS NOT NULL";
static const char IN_AN_HOUR[] = "SELECT count(*) FROM job WHERE kind = 'bill' AND key = 'alipay'"
                                 " AND due_ms > 3000000";

TEST(a_day_is_done_when_its_questions_are_answered)
{
    struct rig rig;
    char no[33];
    rig_begin(&rig);
    CHECK(rig_pay(&rig, 1, FEN, "DONE", no));
    rig_exec(&rig, PAID_AT_NOON);
    const struct double_bill_row less[] = {{PAY_BILL_PAYMENT, no, FEN - 1}};
    double_pay_bill(PAY_BILL_OK, less, 1);
    double_pay_force(CALL_QUERY, PAY_UNKNOWN, 1, false);
    CHECK_EQ_I64(compare(ALIPAY), 1);
    CHECK_EQ_I64(rig_number(&rig, STORED, NULL), 1);
    CHECK_EQ_I64(rig_number(&rig, DONE, NULL), 0);
    CHECK_EQ_I64(compare(ALIPAY), 1);
    CHECK_EQ_I64(rig_number(&rig, DONE, NULL), 1);
    /* Asked once more, and without an answer: open again. */
    double_pay_force(CALL_QUERY, PAY_UNKNOWN, 1, false);
    CHECK_EQ_I64(compare(ALIPAY), 1);
    CHECK_EQ_I64(rig_number(&rig, DONE, NULL), 0);
    rig_end(&rig);
}

/* A payment that only the bill knows, and a provider that is silent when we ask, or a crash. */
TEST(a_question_without_an_answer_is_asked_again)
{
    struct rig rig;
    char no[33];
    rig_wall(EVENING_OF_20);
    rig_timers()->kiosk_silent_ms = 60;
    rig_timers()->closed = (struct timers_row){1, {100000}};
    rig_begin(&rig);
    CHECK(rig_until_number(&rig, IN_AN_HOUR, NULL, 1));
    rig_create(1, FEN, no);
    CHECK(rig_until(&rig, no, "CLOSED"));
    double_pay_settle(no, FEN);
    const struct double_bill_row rows[] = {{PAY_BILL_PAYMENT, no, FEN}};
    double_pay_bill(PAY_BILL_OK, rows, 1);
    double_pay_force(CALL_QUERY, PAY_UNKNOWN, 1000000, false);
    rig_exec(&rig, "DELETE FROM job WHERE kind = 'bill'");
    rig_restart(&rig);
    CHECK(rig_until_number(&rig,
                           "SELECT count(*) FROM alarm WHERE kind = 'bill_open'"
                           " AND subject = 'alipay' AND text = '2026-11-19'",
                           NULL, 1));
    CHECK_EQ_I64(found(&rig, "PAID_UNKNOWN_TO_US"), 1);
    CHECK(rig_until_number(&rig, IN_AN_HOUR, NULL, 1));
    double_pay_force(CALL_QUERY, PAY_UNKNOWN, 0, false);
    rig_exec(&rig, "DELETE FROM job WHERE kind = 'bill'");
    rig_restart(&rig);
    CHECK(rig_until(&rig, no, "REFUNDED"));
    CHECK(rig_until_number(&rig,
                           "SELECT count(*) FROM bill WHERE channel = 'alipay'"
                           " AND done_at IS NOT NULL",
                           NULL, 1));
    CHECK(rig_books_are_clean(&rig));
    rig_end(&rig);
}

TEST(a_bill_that_is_late_is_told)
{
    struct rig rig;
    rig_wall(EVENING_OF_20);
    rig_begin(&rig); /* the double has no bill */
    CHECK(rig_until_number(&rig,
                           "SELECT count(*) FROM alarm WHERE kind = 'bill_missing'"
                           " AND subject = 'alipay' AND text = '2026-11-19'",
                           NULL, 1));
    rig_end(&rig);
}

TEST(days_and_wallets_that_do_not_exist)
{
    static const char *const BODIES[] = {
        "{\"channel\":\"cash\",\"day\":\"2026-11-10\"}",
        "{\"channel\":\"alipay\",\"day\":\"2026-13-10\"}",
        "{\"channel\":\"alipay\",\"day\":\"2026-02-30\"}",
        "{\"channel\":\"alipay\",\"day\":\"20261110\"}",
        "{\"channel\":\"alipay\",\"day\":\"2026/11/10\"}",
        "{\"channel\":\"alipay\"}",
    };
    struct rig rig;
    rig_begin(&rig);
    for (size_t i = 0; i < ARRAY_COUNT(BODIES); i++) {
        struct double_answer answer =
            double_http_call(HTTP_POST, "/v1/admin/ledger/bill", BODIES[i]);
        CHECK_EQ_U64(answer.status, 400);
        double_answer_finish(&answer);
    }
    CHECK(bill_day_is_valid("2028-02-29"));
    CHECK(!bill_day_is_valid("2027-02-29"));
    rig_end(&rig);
}

TEST_MAIN()
