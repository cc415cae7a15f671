/* SPDX-License-Identifier: Apache-2.0 */
/* The daily bill finds what notifies and queries have missed, and moves nothing by itself. */
#include <string.h>

#include "cloud/orders/bill.h"
#include "common/str.h"
#include "tests/unit/cloud_orders/rig.h"
#include "tests/unit/test.h"

enum { FEN = 5000 };

#define DAY "2026-11-10"
/* Noon of that day in Beijing: far from both midnights. */
#define PAID_AT_NOON "UPDATE pay_order SET paid_at = 1794283200 WHERE paid_at IS NOT NULL"

/* Ask for the day's bill; how many findings. */
static int64_t compare(const char *channel)
{
    char body[96];
    str_format_cut(body, sizeof(body), "{\"channel\":\"%s\",\"day\":\"" DAY "\"}", channel);
    struct double_answer answer = double_http_call(HTTP_POST, "/v1/admin/ledger/bill", body);
    const int64_t count =
        answer.status == 200 ? json_integer_value(json_object_get(answer.json, "findings")) : -1;
    double_answer_finish(&answer);
    return count;
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
