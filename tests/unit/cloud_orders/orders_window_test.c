/* SPDX-License-Identifier: Apache-2.0 */
/* How long a code may be paid: tries to get one, the window, more time, and how it is closed. */
#include "tests/unit/cloud_orders/orders_steps.h"

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
    rig_timers()->precreate_give_up_ms = 2000; /* five calls fit on a busy machine, too */
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
    CHECK(rig_until(&rig, no, "CLOSED"));
    CHECK(rig_number(&rig,
                     "SELECT count(*) FROM pay_event WHERE order_no = ?1 AND to_state = 'CLOSING'",
                     no) >= 1);
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

TEST_MAIN()
