/* SPDX-License-Identifier: Apache-2.0 */
/* From the terminal's wish to the credit: idempotency, refusals, attempts, the screen. */
#include "tests/unit/cloud_orders/orders_steps.h"

#define VERSION "SELECT version FROM pay_order WHERE order_no = ?1"

TEST(a_payment_becomes_a_balance)
{
    struct rig rig;
    char no[33];
    rig_begin(&rig);
    CHECK(rig_pay(&rig, 1, 5000, "DONE", no));
    CHECK_EQ_I64(rig_number(&rig, "SELECT fen FROM account_sum WHERE account = 'CUST'", NULL),
                 -5000);
    CHECK_EQ_I64(rig_number(&rig, "SELECT count(*) FROM notice WHERE fact = 'credited'", NULL), 1);
    CHECK(rig_until_number(&rig, "SELECT count(*) FROM notice WHERE sent_at IS NULL", NULL, 0));
    CHECK_EQ_I64(rig_number(&rig, "SELECT count(*) FROM pay_event WHERE order_no = ?1", no), 4);
    struct double_answer answer = get(no, "");
    CHECK_EQ_STR(member(&answer, "state"), "DONE");
    CHECK_EQ_STR(member(&answer, "stage"), "delivered");
    CHECK_EQ_I64(json_integer_value(json_object_get(answer.json, "balance_after_fen")), 5000);
    CHECK(json_is_null(json_object_get(answer.json, "qr_text")));
    double_answer_finish(&answer);
    CHECK(rig_books_are_clean(&rig));
    rig_end(&rig);
}

TEST(the_same_wish_is_the_same_order)
{
    static const char BODY[] =
        "{\"client_request_id\":\"018f3a1c-0000-7000-8000-aaaaaaaaaaaa\",\"purchase_id\":"
        "\"018f3a1c-0000-7000-9000-aaaaaaaaaaaa\",\"room_id\":\"r1\",\"meter_id\":\"m1\","
        "\"amount_fen\":%d,\"channel\":\"alipay\",\"accept_offline\":false,"
        "\"accept_open_elsewhere\":false}";
    struct rig rig;
    char body[512];
    char first[33];
    rig_begin(&rig);
    str_format_cut(body, sizeof(body), BODY, 5000);
    struct double_answer answer = double_http_call(HTTP_POST, "/v1/terminal/orders", body);
    CHECK_EQ_U64(answer.status, 200);
    str_format_cut(first, sizeof(first), "%s", member(&answer, "order_no"));
    double_answer_finish(&answer);
    CHECK(rig_until(&rig, first, "WAIT_PAY"));
    answer = double_http_call(HTTP_POST, "/v1/terminal/orders", body);
    CHECK_EQ_STR(member(&answer, "order_no"), first);
    CHECK_EQ_STR(member(&answer, "state"), "WAIT_PAY");
    double_answer_finish(&answer);
    str_format_cut(body, sizeof(body), BODY, 6000);
    answer = double_http_call(HTTP_POST, "/v1/terminal/orders", body);
    CHECK(has_error(&answer, 409, "idempotency_mismatch"));
    double_answer_finish(&answer);
    CHECK_EQ_I64(rig_number(&rig, "SELECT count(*) FROM pay_order", NULL), 1);
    rig_end(&rig);
}

static void refused(int room, int64_t fen, unsigned status, const char *code)
{
    struct double_answer answer = rig_order(room, fen, "alipay", NULL);
    bool as_expected = has_error(&answer, status, code);
    double_answer_finish(&answer);
    CHECK(as_expected);
}

TEST(what_is_refused_before_anybody_pays)
{
    struct rig rig;
    rig_begin(&rig);
    refused(1, 999, 422, "amount_out_of_range");
    refused(1, 200001, 422, "amount_out_of_range");
    refused(9, 5000, 404, "not_found");
    double_http_peer("k2", "elsewhere");
    refused(1, 5000, 404, "not_found");
    double_http_peer("k1", "s1");
    rig_exec(&rig, "UPDATE meter SET sale = 'refused', sale_reason = 'moved_out'"
                   " WHERE meter_id = 'm1'");
    refused(1, 5000, 409, "sale_refused");
    rig_exec(&rig, "UPDATE meter_profile SET mac_port = '' WHERE profile_id = 'count'");
    refused(2, 5000, 409, "sale_refused");
    rig_exec(&rig, "UPDATE meter_profile SET buffered_link = 1 WHERE profile_id = 'order'");
    refused(3, 5000, 409, "sale_refused");
    CHECK_EQ_I64(rig_number(&rig, "SELECT count(*) FROM pay_order", NULL), 0);
    CHECK_EQ_I64(double_pay_calls(CALL_PRECREATE), 0);
    rig_end(&rig);
}

TEST(a_silent_meter_is_asked_about)
{
    struct rig rig;
    rig_begin(&rig);
    rig_exec(&rig, "UPDATE collector SET online = 0");
    refused(3, 5000, 409, "meter_silent");
    struct double_answer answer = rig_order(1, 5000, "alipay", NULL); /* the cloud keeps it */
    CHECK_EQ_U64(answer.status, 200);
    double_answer_finish(&answer);
    answer = rig_order(3, 5000, "alipay", ",\"accept_offline\":true");
    CHECK_EQ_U64(answer.status, 200);
    double_answer_finish(&answer);
    /* A site that never sells then has a word of its own: asking again would not help. */
    rig_exec(&rig, "UPDATE site SET sell_to_silent = 0");
    refused(3, 5000, 409, "silent_refused");
    answer = rig_order(3, 5000, "alipay", ",\"accept_offline\":true");
    CHECK(has_error(&answer, 409, "silent_refused"));
    double_answer_finish(&answer);
    rig_end(&rig);
}

TEST(a_body_that_is_none)
{
    struct rig rig;
    rig_begin(&rig);
    struct double_answer answer =
        double_http_call(HTTP_POST, "/v1/terminal/orders", "{\"amount_fen\":\"5000\"}");
    CHECK_EQ_U64(answer.status, 400);
    double_answer_finish(&answer);
    answer = get("SH00000000", "");
    CHECK(has_error(&answer, 404, "not_found"));
    double_answer_finish(&answer);
    answer = double_http_call(HTTP_GET, "/v1/terminal/orders", NULL);
    CHECK_EQ_U64(answer.status, 400);
    double_answer_finish(&answer);
    rig_end(&rig);
}

TEST(an_order_is_its_own_terminals_business)
{
    struct rig rig;
    char no[33];
    rig_begin(&rig);
    rig_create(1, 5000, no);
    double_http_peer("k2", "s1");
    struct double_answer answer = get(no, "");
    CHECK_EQ_U64(answer.status, 404);
    double_answer_finish(&answer);
    answer = wish(no, "cancel", 1);
    CHECK_EQ_U64(answer.status, 404);
    double_answer_finish(&answer);
    answer = double_http_call(HTTP_GET, "/v1/terminal/orders?mine=open", NULL);
    CHECK_EQ_U64(json_array_size(json_object_get(answer.json, "orders")), 0);
    double_answer_finish(&answer);
    double_http_peer("k1", "s1");
    answer = double_http_call(HTTP_GET, "/v1/terminal/orders?mine=open", NULL);
    CHECK_EQ_U64(json_array_size(json_object_get(answer.json, "orders")), 1);
    double_answer_finish(&answer);
    rig_end(&rig);
}

TEST(a_scan_is_told)
{
    struct rig rig;
    char no[33];
    rig_begin(&rig);
    rig_create(1, 5000, no);
    CHECK(rig_until(&rig, no, "WAIT_PAY"));
    double_pay_scan(no);
    CHECK(rig_until_number(&rig, "SELECT scanned FROM pay_order WHERE order_no = ?1", no, 1));
    rig_end(&rig);
}

TEST(a_terminal_waits_for_the_next_version)
{
    struct rig rig;
    char no[33];
    char query[64];
    rig_begin(&rig);
    rig_create(1, 5000, no);
    CHECK(rig_until(&rig, no, "WAIT_PAY"));
    str_format_cut(query, sizeof(query), "?wait_s=20&version=%lld",
                   (long long)rig_number(&rig, VERSION, no));
    double_pay_settle(no, 0);
    struct double_answer answer = get(no, query);
    CHECK_EQ_U64(answer.status, 200);
    CHECK(!str_equal(member(&answer, "state"), "WAIT_PAY"));
    double_answer_finish(&answer);
    CHECK(rig_until(&rig, no, "DONE"));
    str_format_cut(query, sizeof(query), "?wait_s=1&version=%lld",
                   (long long)rig_number(&rig, VERSION, no));
    answer = get(no, query); /* nothing changes: answered when the time is over */
    CHECK_EQ_STR(member(&answer, "state"), "DONE");
    double_answer_finish(&answer);
    answer = get(no, "?wait_s=26");
    CHECK_EQ_U64(answer.status, 400);
    double_answer_finish(&answer);
    rig_end(&rig);
}

static struct double_answer attempt(int number, const char *channel)
{
    char body[512];
    str_format_cut(body, sizeof(body),
                   "{\"client_request_id\":\"018f3a1c-0000-7000-8001-%012d\",\"purchase_id\":"
                   "\"018f3a1c-0000-7000-9001-000000000001\",\"room_id\":\"r1\",\"meter_id\":"
                   "\"m1\",\"amount_fen\":5000,\"channel\":\"%s\",\"accept_offline\":false,"
                   "\"accept_open_elsewhere\":false}",
                   number, channel);
    return double_http_call(HTTP_POST, "/v1/terminal/orders", body);
}

TEST(another_wallet_ends_the_first_attempt)
{
    struct rig rig;
    char first[33];
    char second[33];
    rig_timers()->closed = (struct timers_row){3, {300, 3000, 6000}}; /* asked after the payment */
    rig_begin(&rig);
    struct double_answer answer = attempt(1, "alipay");
    str_format_cut(first, sizeof(first), "%s", member(&answer, "order_no"));
    double_answer_finish(&answer);
    CHECK(rig_until(&rig, first, "WAIT_PAY"));
    double_pay_force(CALL_CLOSE, PAY_UNKNOWN, 1, false); /* it stays payable */
    answer = attempt(2, "wechat");
    CHECK_EQ_U64(answer.status, 200);
    str_format_cut(second, sizeof(second), "%s", member(&answer, "order_no"));
    double_answer_finish(&answer);
    CHECK(rig_until(&rig, first, "CLOSED"));
    CHECK(rig_until(&rig, second, "WAIT_PAY"));
    double_pay_settle(first, 0);
    double_pay_settle(second, 0);
    CHECK(rig_until(&rig, second, "DONE"));
    CHECK(rig_until(&rig, first, "REFUNDED")); /* both were paid: one of them goes back */
    CHECK_EQ_I64(double_pay_trade(first).refunded_fen, 5000);
    CHECK(rig_books_are_clean(&rig));
    rig_end(&rig);
}

TEST(a_purchase_that_is_paid_takes_no_second_attempt)
{
    struct rig rig;
    char first[33];
    rig_begin(&rig);
    struct double_answer answer = attempt(1, "alipay");
    str_format_cut(first, sizeof(first), "%s", member(&answer, "order_no"));
    double_answer_finish(&answer);
    CHECK(rig_until(&rig, first, "WAIT_PAY"));
    double_pay_force(CALL_QUERY, PAY_UNPAID, 0, false);
    double_pay_settle(first, 0);
    answer = attempt(2, "wechat");
    CHECK(has_error(&answer, 409, "purchase_paid"));
    double_answer_finish(&answer);
    CHECK(rig_until(&rig, first, "DONE"));
    rig_end(&rig);
}

TEST(two_screens_for_one_meter_are_asked_about)
{
    struct rig rig;
    char no[33];
    rig_begin(&rig);
    rig_create(1, 5000, no);
    struct double_answer answer = attempt(1, "alipay");
    CHECK(has_error(&answer, 409, "open_elsewhere"));
    double_answer_finish(&answer);
    answer = rig_order(1, 5000, "alipay", NULL); /* accepts it */
    CHECK_EQ_U64(answer.status, 200);
    double_answer_finish(&answer);
    rig_end(&rig);
}

TEST(a_restart_goes_on_where_it_was)
{
    struct rig rig;
    char waiting[33];
    char fresh[33];
    rig_begin(&rig);
    rig_create(1, 5000, waiting);
    CHECK(rig_until(&rig, waiting, "WAIT_PAY"));
    double_pay_force(CALL_PRECREATE, PAY_UNKNOWN, 1, false);
    rig_create(3, 5000, fresh);
    rig_restart(&rig);
    double_pay_settle(waiting, 0);
    CHECK(rig_until(&rig, waiting, "DONE"));
    CHECK(rig_until(&rig, fresh, "WAIT_PAY"));
    rig_exec(&rig, "DELETE FROM job WHERE kind = 'pay'"); /* even without its jobs */
    rig_restart(&rig);
    double_pay_settle(fresh, 0);
    CHECK(rig_until(&rig, fresh, "DONE"));
    CHECK(rig_books_are_clean(&rig));
    rig_end(&rig);
}

TEST_MAIN()
