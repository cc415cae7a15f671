/* SPDX-License-Identifier: Apache-2.0 */
/* From the terminal's wish to the credit: attempts, windows, idempotency, refusals, the screen. */
#include "common/str.h"
#include "tests/unit/cloud_orders/rig.h"
#include "tests/unit/test.h"

#define VERSION "SELECT version FROM pay_order WHERE order_no = ?1"

static bool has_error(const struct double_answer *answer, unsigned status, const char *code)
{
    const json_t *error = json_object_get(answer->json, "error");
    const char *said = json_string_value(json_object_get(error, "code"));
    if (answer->status != status || said == NULL || !str_equal(said, code)) {
        (void)printf("# answer is %u %s\n", answer->status, answer->text);
        return false;
    }
    return true;
}

static const char *member(const struct double_answer *answer, const char *name)
{
    const char *text = json_string_value(json_object_get(answer->json, name));
    return text != NULL ? text : "";
}

static struct double_answer get(const char *order_no, const char *query)
{
    char path[128];
    str_format_cut(path, sizeof(path), "/v1/terminal/orders/%s%s", order_no, query);
    return double_http_call(HTTP_GET, path, NULL);
}

static struct double_answer wish(const char *order_no, const char *op, int number)
{
    char path[128];
    char body[128];
    str_format_cut(path, sizeof(path), "/v1/terminal/orders/%s/%s", order_no, op);
    str_format_cut(body, sizeof(body), "{\"client_request_id\":\"018f3a1c-0000-7000-a000-%012d\"}",
                   number);
    return double_http_call(HTTP_POST, path, body);
}

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

TEST(a_lost_answer_asks_for_the_same_number_again)
{
    struct rig rig;
    char no[33];
    rig_begin(&rig);
    double_pay_force(CALL_PRECREATE, PAY_UNKNOWN, 2, true);
    rig_create(1, 5000, no);
    CHECK(rig_until(&rig, no, "WAIT_PAY"));
    CHECK_EQ_I64(double_pay_calls(CALL_PRECREATE), 3);
    rig_end(&rig);
}

TEST(a_refused_precreate_takes_no_money)
{
    struct rig rig;
    char no[33];
    rig_begin(&rig);
    double_pay_force(CALL_PRECREATE, PAY_REFUSED, 1, false);
    rig_create(1, 5000, no);
    CHECK(rig_until(&rig, no, "CLOSED"));
    CHECK(rig_books_are_clean(&rig));
    rig_end(&rig);
}

TEST(paid_before_the_code_was_known)
{
    struct rig rig;
    char no[33];
    rig_begin(&rig);
    double_pay_force(CALL_PRECREATE, PAY_QUERY_FIRST, 1, true);
    struct double_answer answer = rig_order(1, 5000, "wechat", NULL);
    str_format_cut(no, sizeof(no), "%s", member(&answer, "order_no"));
    double_answer_finish(&answer);
    double_pay_settle(no, 5000);
    CHECK(rig_until(&rig, no, "DONE"));
    rig_end(&rig);
}

TEST(five_unknown_tries_end_in_closing)
{
    struct rig rig;
    char no[33];
    rig_timers()->precreate_give_up_ms = 300;
    rig_timers()->slow_ms = 100;
    rig_begin(&rig);
    double_pay_force(CALL_PRECREATE, PAY_UNKNOWN, 100, false);
    rig_create(1, 5000, no);
    CHECK(rig_until_number(&rig, "SELECT slow FROM pay_order WHERE order_no = ?1", no, 1));
    CHECK(rig_until(&rig, no, "CLOSING"));
    CHECK_EQ_I64(double_pay_calls(CALL_PRECREATE), 5);
    /* The provider never heard of it; only a dead code proves that. */
    rig_sleep_ms(200);
    CHECK_EQ_I64(
        rig_number(&rig, "SELECT state = 'CLOSING' FROM pay_order WHERE order_no = ?1", no), 1);
    /* From now on no new order is begun with this provider. */
    struct double_answer answer = rig_order(1, 5000, "alipay", NULL);
    CHECK(has_error(&answer, 503, "payments_closed"));
    double_answer_finish(&answer);
    rig_end(&rig);
}

TEST(nobody_scanned_and_the_code_died)
{
    struct rig rig;
    char no[33];
    rig_timers()->precreate_give_up_ms = 100;
    rig_timers()->window_ms = 100;
    rig_timers()->window_total_ms = 100;
    rig_timers()->expiry_ms = 200;
    rig_timers()->qr_dead_ms = 400;
    rig_begin(&rig);
    double_pay_force(CALL_QUERY, PAY_NOT_EXIST, 100000, false);
    double_pay_force(CALL_CLOSE, PAY_NOT_EXIST, 100000, false);
    rig_create(1, 5000, no);
    CHECK(rig_until(&rig, no, "CLOSING"));
    CHECK(rig_until(&rig, no, "CLOSED"));
    CHECK(rig_number(&rig, "SELECT qr_dead FROM pay_order WHERE order_no = ?1", no) == 1);
    rig_end(&rig);
}

/* The last word about a code that nobody scanned comes when it is dead, not a round later. */
TEST(a_dead_code_is_asked_about_at_once)
{
    struct rig rig;
    char no[33];
    rig_timers()->precreate_give_up_ms = 100;
    rig_timers()->window_ms = 100;
    rig_timers()->window_total_ms = 100;
    rig_timers()->expiry_ms = 200;
    rig_timers()->qr_dead_ms = 1500;
    rig_timers()->closing = (struct timers_row){3, {30, 30, 100000}};
    rig_timers()->closing_dead_ms = 100000;
    rig_begin(&rig);
    double_pay_force(CALL_QUERY, PAY_NOT_EXIST, 100000, false);
    double_pay_force(CALL_CLOSE, PAY_NOT_EXIST, 100000, false);
    rig_create(1, 5000, no);
    CHECK(rig_until(&rig, no, "CLOSED"));
    CHECK(rig_number(&rig, "SELECT qr_dead FROM pay_order WHERE order_no = ?1", no) == 1);
    rig_end(&rig);
}

/* A provider that answers no query may still take the close, and that is a word too. */
TEST(every_round_tries_to_close)
{
    struct rig rig;
    char no[33];
    rig_timers()->window_ms = 150;
    rig_timers()->window_total_ms = 150;
    rig_begin(&rig);
    double_pay_force(CALL_QUERY, PAY_UNKNOWN, 100000, false);
    double_pay_force(CALL_CLOSE, PAY_UNKNOWN, 2, false);
    rig_create(1, 5000, no);
    CHECK(rig_until(&rig, no, "CLOSED"));
    CHECK(double_pay_trade(no).closed);
    CHECK_EQ_I64(double_pay_calls(CALL_CLOSE), 3);
    rig_end(&rig);
}

TEST(a_window_that_is_over_is_closed_with_the_provider)
{
    struct rig rig;
    char no[33];
    rig_timers()->window_ms = 150;
    rig_timers()->window_total_ms = 150;
    rig_begin(&rig);
    rig_create(1, 5000, no);
    CHECK(rig_until(&rig, no, "CLOSED"));
    CHECK(double_pay_trade(no).closed);
    CHECK_EQ_I64(rig_number(&rig, "SELECT count(*) FROM pay_event WHERE event = 'timeout'", NULL),
                 1);
    rig_end(&rig);
}

TEST(nobody_looks_any_more)
{
    struct rig rig;
    char no[33];
    char event[32];
    rig_timers()->kiosk_silent_ms = 120;
    rig_begin(&rig);
    rig_create(1, 5000, no);
    CHECK(rig_until(&rig, no, "CLOSED"));
    rig_text(&rig, "SELECT event FROM pay_event WHERE order_no = ?1 AND to_state = 'CLOSING'", no,
             event, sizeof(event));
    CHECK_EQ_STR(event, "kiosk_gone");
    rig_end(&rig);
}

TEST(cancel_only_asks)
{
    struct rig rig;
    char no[33];
    rig_begin(&rig);
    rig_create(1, 5000, no);
    CHECK(rig_until(&rig, no, "WAIT_PAY"));
    double_pay_settle(no, 0);
    struct double_answer answer = wish(no, "cancel", 2);
    CHECK_EQ_U64(answer.status, 200);
    double_answer_finish(&answer);
    CHECK(rig_until(&rig, no, "DONE")); /* he had paid: it is credited */
    rig_end(&rig);
}

TEST(paid_between_query_and_close)
{
    struct rig rig;
    char no[33];
    rig_begin(&rig);
    rig_create(1, 5000, no);
    CHECK(rig_until(&rig, no, "WAIT_PAY"));
    double_pay_force(CALL_QUERY, PAY_UNPAID, 1000, false);
    double_pay_settle(no, 0);
    struct double_answer answer = wish(no, "cancel", 3);
    double_answer_finish(&answer);
    CHECK(rig_until(&rig, no, "CLOSING"));
    rig_sleep_ms(100);
    double_pay_force(CALL_QUERY, PAY_UNPAID, 0, false);
    CHECK(rig_until(&rig, no, "DONE"));
    rig_end(&rig);
}

TEST(the_large_mode_has_its_own_window)
{
    struct rig rig;
    char no[33];
    rig_begin(&rig);
    struct double_answer answer = rig_order(1, 5000, "alipay", ",\"assist\":true");
    str_format_cut(no, sizeof(no), "%s", member(&answer, "order_no"));
    double_answer_finish(&answer);
    CHECK(rig_until(&rig, no, "WAIT_PAY"));
    answer = get(no, "");
    int64_t left_ms = json_integer_value(json_object_get(answer.json, "qr_left_ms"));
    CHECK(left_ms > rig_timers()->window_ms && left_ms <= rig_timers()->window_assist_ms);
    CHECK_EQ_I64(json_integer_value(json_object_get(answer.json, "more_time_left")), 1);
    double_answer_finish(&answer);
    answer = wish(no, "more-time", 20);
    CHECK_EQ_I64(json_integer_value(json_object_get(answer.json, "more_time_left")), 0);
    CHECK(json_integer_value(json_object_get(answer.json, "qr_left_ms")) > left_ms);
    double_answer_finish(&answer);
    answer = wish(no, "more-time", 21);
    CHECK(has_error(&answer, 409, "no_more_time"));
    double_answer_finish(&answer);
    rig_end(&rig);
}

TEST(more_time_is_given_twice)
{
    struct rig rig;
    char no[33];
    rig_begin(&rig);
    rig_create(1, 5000, no);
    CHECK(rig_until(&rig, no, "WAIT_PAY"));
    for (int i = 0; i < 2; i++) {
        struct double_answer answer = wish(no, "more-time", 10 + i);
        CHECK_EQ_U64(answer.status, 200);
        CHECK_EQ_I64(json_integer_value(json_object_get(answer.json, "more_time_left")), 1 - i);
        double_answer_finish(&answer);
        answer = wish(no, "more-time", 10 + i); /* the same number: the same answer */
        CHECK_EQ_I64(json_integer_value(json_object_get(answer.json, "more_time_left")), 1 - i);
        double_answer_finish(&answer);
    }
    struct double_answer answer = wish(no, "more-time", 12);
    CHECK(has_error(&answer, 409, "no_more_time"));
    double_answer_finish(&answer);
    answer = wish(no, "cancel", 10);
    CHECK(has_error(&answer, 409, "idempotency_mismatch"));
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

TEST(the_paper_says_no_more_than_the_server_knows)
{
    struct rig rig;
    char no[33];
    char path[128];
    char body[256];
    rig_begin(&rig);
    rig_create(1, 5000, no);
    str_format_cut(path, sizeof(path), "/v1/terminal/orders/%s/receipt", no);
    struct double_answer answer = double_http_call(HTTP_GET, path, NULL);
    CHECK_EQ_U64(answer.status, 404); /* nothing was paid */
    double_answer_finish(&answer);
    CHECK(rig_until(&rig, no, "WAIT_PAY"));
    double_pay_settle(no, 0);
    CHECK(rig_until(&rig, no, "DONE"));
    for (int copy = 0; copy < 5; copy++) {
        answer = double_http_call(HTTP_GET, path, NULL);
        if (copy < 4) {
            CHECK_EQ_STR(member(&answer, "kind"), "credited");
            CHECK_EQ_I64(json_integer_value(json_object_get(answer.json, "copy")), copy);
        } else {
            CHECK(has_error(&answer, 409, "no_more_copies"));
        }
        double_answer_finish(&answer);
        str_format_cut(body, sizeof(body),
                       "{\"client_request_id\":\"018f3a1c-0000-7000-b000-%012d\",\"verdict\":"
                       "\"printed\",\"print_id\":\"018f3a1c-0000-7000-c000-%012d\"}",
                       copy, copy);
        answer = double_http_call(HTTP_POST, path, body);
        CHECK_EQ_U64(answer.status, 200);
        double_answer_finish(&answer);
    }
    rig_end(&rig);
}

static int64_t copy_of(const char *order_no, const char *kind)
{
    struct double_answer answer = get(order_no, "/receipt");
    CHECK_EQ_STR(member(&answer, "kind"), kind);
    const int64_t copy = json_integer_value(json_object_get(answer.json, "copy"));
    double_answer_finish(&answer);
    return copy;
}

/* A terminal's report of a paper; @p kind "": an older terminal, which did not tell. */
static unsigned report(const char *order_no, int number, const char *verdict, const char *kind)
{
    char path[128];
    char body[256];
    str_format_cut(path, sizeof(path), "/v1/terminal/orders/%s/receipt", order_no);
    str_format_cut(body, sizeof(body),
                   "{\"client_request_id\":\"018f3a1c-0000-7000-b000-%012d\",\"verdict\":\"%s\","
                   "\"print_id\":\"018f3a1c-0000-7000-c000-%012d\"%s%s%s}",
                   number, verdict, number, kind[0] != '\0' ? ",\"kind\":\"" : "", kind,
                   kind[0] != '\0' ? "\"" : "");
    struct double_answer answer = double_http_call(HTTP_POST, path, body);
    const unsigned status = answer.status;
    double_answer_finish(&answer);
    return status;
}

/* Pay for room 2 while nobody can reach its meter. */
static void pay_unreachable(const struct rig *rig, char ret_order_no[33])
{
    rig_create(2, 5000, ret_order_no);
    CHECK(rig_until(rig, ret_order_no, "WAIT_PAY"));
    double_gateway_online(false);
    double_pay_settle(ret_order_no, 0);
    CHECK(rig_until(rig, ret_order_no, "PAID")); /* no count can be read, nothing is assigned */
}

TEST(a_slip_is_not_the_receipts_first_paper)
{
    struct rig rig;
    char no[33];
    rig_begin(&rig);
    pay_unreachable(&rig, no);
    CHECK_EQ_I64(copy_of(no, "pending"), 0);
    CHECK_EQ_U64(report(no, 1, "printed", "pending"), 200);
    CHECK_EQ_I64(copy_of(no, "pending"), 1);
    double_gateway_online(true);
    CHECK(rig_until(&rig, no, "DONE"));
    CHECK_EQ_I64(copy_of(no, "credited"), 0); /* the first paper that says so */
    CHECK_EQ_U64(report(no, 2, "failed", "credited"), 200);
    CHECK_EQ_I64(copy_of(no, "credited"), 0);
    rig_end(&rig);
}

TEST(what_may_come_out_of_the_printer_counts)
{
    struct rig rig;
    char no[33];
    rig_begin(&rig);
    CHECK(rig_pay(&rig, 1, 5000, "DONE", no));
    CHECK_EQ_U64(report(no, 1, "held", "credited"), 200);
    CHECK_EQ_I64(copy_of(no, "credited"), 1);
    CHECK_EQ_U64(report(no, 2, "unknown", ""), 200); /* no word which: it counts */
    CHECK_EQ_I64(copy_of(no, "credited"), 2);
    rig_end(&rig);
}

static int64_t number_of(const struct double_answer *answer, const char *name)
{
    return json_integer_value(json_object_get(answer->json, name));
}

TEST(the_paper_names_the_account_the_price_and_the_time_of_the_balance)
{
    struct rig rig;
    char no[33];
    rig_begin(&rig);
    rig_exec(&rig, "UPDATE tariff SET price_e4_yuan = 5469");
    rig_exec(&rig, "UPDATE meter SET customer_no = '000012345678' WHERE meter_id = 'm2'");
    for (int room = 1; room <= 2; room++) {
        CHECK(rig_pay(&rig, room, 5000, "DONE", no));
        struct double_answer answer = get(no, "/receipt");
        CHECK_EQ_I64(number_of(&answer, "price_e4_yuan"), 5469);
        CHECK(json_is_integer(json_object_get(answer.json, "balance_after_fen")));
        const int64_t late_s = number_of(&answer, "balance_read_at") - number_of(&answer, "time");
        CHECK(late_s >= 0 && late_s <= 10);
        CHECK_EQ_STR(member(&answer, "customer_no"), room == 2 ? "000012345678" : "");
        double_answer_finish(&answer);
    }
    rig_end(&rig);
}

/* A slip: the balance before is as old as its reading, not as the order. */
TEST(an_old_balance_keeps_its_age_on_the_paper)
{
    struct rig rig;
    char no[33];
    rig_begin(&rig);
    rig_exec(&rig, "INSERT INTO meter_state (meter_id, balance_fen, balance_at)"
                   " VALUES ('m2', 700, 1234567890)");
    pay_unreachable(&rig, no);
    struct double_answer answer = get(no, "/receipt");
    CHECK_EQ_I64(number_of(&answer, "balance_before_fen"), 700);
    CHECK_EQ_I64(number_of(&answer, "balance_read_at"), 1234567890);
    double_answer_finish(&answer);
    rig_end(&rig);
}

/* How many orders terminal k1 or k2 finds by the end of @p order_no; the first one's number. */
static size_t find(const char *order_no, char ret_first[33])
{
    char path[128];
    str_format_cut(path, sizeof(path), "/v1/terminal/orders?tail=%s",
                   order_no + strlen(order_no) - 6);
    struct double_answer answer = double_http_call(HTTP_GET, path, NULL);
    CHECK_EQ_U64(answer.status, 200);
    const json_t *orders = json_object_get(answer.json, "orders");
    const size_t count = json_array_size(orders);
    const char *first = json_string_value(json_object_get(json_array_get(orders, 0), "order_no"));
    str_format_cut(ret_first, 33, "%s", first != NULL ? first : "");
    double_answer_finish(&answer);
    return count;
}

TEST(an_order_is_found_by_its_last_digits_for_thirty_days)
{
    struct rig rig;
    char no[33];
    char first[33];
    rig_begin(&rig);
    CHECK(rig_pay(&rig, 1, 5000, "DONE", no));
    CHECK_EQ_U64(find(no, first), 1);
    CHECK_EQ_STR(first, no);
    CHECK_EQ_U64(find("123456", first), str_equal(no + 18, "123456") ? 1 : 0);
    rig_exec(&rig, "UPDATE pay_order SET created_at = created_at - 29 * 86400,"
                   " paid_at = paid_at - 29 * 86400");
    CHECK_EQ_U64(find(no, first), 1);
    CHECK_EQ_I64(copy_of(no, "credited"), 0);
    rig_exec(&rig, "UPDATE pay_order SET paid_at = paid_at - 2 * 86400");
    CHECK_EQ_U64(find(no, first), 0);
    struct double_answer answer = get(no, "/receipt");
    CHECK_EQ_U64(answer.status, 404);
    double_answer_finish(&answer);
    rig_end(&rig);
}

/* Found at the next machine since money came; never while its code may be on the first one. */
TEST(a_paid_order_is_its_sites_business)
{
    struct rig rig;
    char no[33];
    char first[33];
    rig_begin(&rig);
    rig_create(1, 5000, no);
    CHECK(rig_until(&rig, no, "WAIT_PAY"));
    CHECK_EQ_U64(find(no, first), 1); /* its own terminal */
    double_http_peer("k2", "s1");
    CHECK_EQ_U64(find(no, first), 0);
    CHECK_EQ_U64(report(no, 1, "printed", "credited"), 404);
    double_pay_settle(no, 0);
    CHECK(rig_until(&rig, no, "DONE"));
    CHECK_EQ_U64(find(no, first), 1);
    struct double_answer answer = get(no, "");
    CHECK_EQ_STR(member(&answer, "state"), "DONE");
    double_answer_finish(&answer);
    CHECK_EQ_I64(copy_of(no, "credited"), 0);
    CHECK_EQ_U64(report(no, 2, "printed", "credited"), 200);
    CHECK_EQ_I64(copy_of(no, "credited"), 1);
    answer = wish(no, "cancel", 3);
    CHECK_EQ_U64(answer.status, 404); /* only the one that made it */
    double_answer_finish(&answer);
    double_http_peer("k9", "s9");
    CHECK_EQ_U64(find(no, first), 0);
    answer = get(no, "");
    CHECK_EQ_U64(answer.status, 404);
    double_answer_finish(&answer);
    rig_end(&rig);
}

TEST(nobody_leafs_through_order_numbers)
{
    static const char *const wrong[] = {
        "tail=12345", "tail=1234567",          "tail=12345a",
        "tail=",      "tail=123456&mine=open", "tail=%31%32%33456x"};
    struct rig rig;
    char path[128];
    rig_begin(&rig);
    for (size_t i = 0; i < ARRAY_COUNT(wrong); i++) {
        str_format_cut(path, sizeof(path), "/v1/terminal/orders?%s", wrong[i]);
        struct double_answer answer = double_http_call(HTTP_GET, path, NULL);
        CHECK(has_error(&answer, 400, "bad_request"));
        double_answer_finish(&answer);
    }
    for (int i = 0; i < 12; i++) {
        struct double_answer answer =
            double_http_call(HTTP_GET, "/v1/terminal/orders?tail=654321", NULL);
        CHECK_EQ_U64(answer.status, i < 10 ? 200 : 429);
        CHECK(i < 10 || has_error(&answer, 429, "too_many_tries"));
        double_answer_finish(&answer);
    }
    double_http_peer("k2", "s1"); /* each terminal has its own */
    struct double_answer answer =
        double_http_call(HTTP_GET, "/v1/terminal/orders?tail=654321", NULL);
    CHECK_EQ_U64(answer.status, 200);
    double_answer_finish(&answer);
    double_http_peer("k1", "s1");
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
