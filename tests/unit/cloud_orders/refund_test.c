/* SPDX-License-Identifier: Apache-2.0 */
/* Money that we send back, under every answer of the provider. */
#include "tests/unit/cloud_orders/money_steps.h"

TEST(a_refund_waits_for_its_wallet)
{
    struct rig rig;
    char no[33];
    rig_timers()->kiosk_silent_ms = 60;
    rig_timers()->closed = (struct timers_row){3, {300, 3000, 6000}};
    rig_begin(&rig);
    rig_create(1, FEN, no);
    CHECK(rig_until(&rig, no, "CLOSED"));
    double_pay_has(PAY_ALIPAY, false);
    double_pay_settle(no, FEN); /* seen by the queries after the close */
    CHECK(rig_until_number(
        &rig, "SELECT count(*) FROM alarm WHERE kind = 'wallet_missing' AND subject = ?1", no, 1));
    CHECK(rig_until(&rig, no, "REFUND_DUE"));
    double_pay_has(PAY_ALIPAY, true);
    CHECK(rig_until(&rig, no, "REFUNDED"));
    rig_end(&rig);
}

static const char REFUND_ANSWERS[] = "SELECT count(*) FROM pay_inbox WHERE source = 'refund'";

/* An order that is to be paid back. */
static void owed(struct rig *rig, char no[33])
{
    rig_timers()->kiosk_silent_ms = 60;
    rig_begin(rig);
    rig_create(1, FEN, no);
    CHECK(rig_until(rig, no, "CLOSED"));
    double_pay_settle(no, FEN);
}

static void refund_under(enum double_call call, enum pay_result result, int times, bool effect,
                         const char *state)
{
    struct rig rig;
    char no[33];
    owed(&rig, no);
    double_pay_force(call, result, times, effect);
    CHECK_EQ_U64(tell_paid(no, FEN), 200);
    CHECK(rig_until(&rig, no, state));
    const struct double_trade trade = double_pay_trade(no);
    const bool paid_back = str_equal(state, "REFUNDED");
    CHECK(trade.refund_numbers <= 1);
    CHECK(!paid_back || trade.refunded_fen == FEN);
    CHECK(rig_books_are_clean(&rig));
    rig_end(&rig);
}

TEST(refunds_under_every_answer)
{
    refund_under(CALL_REFUND, PAY_UNKNOWN, 1, true, "REFUNDED");  /* the answer is lost */
    refund_under(CALL_REFUND, PAY_UNKNOWN, 2, false, "REFUNDED"); /* the request is lost */
    refund_under(CALL_REFUND, PAY_REFUND_PROCESSING, 1, true, "REFUNDED");
    refund_under(CALL_REFUND, PAY_REFUND_LOW_BALANCE, 2, false, "REFUNDED");
    refund_under(CALL_REFUND, PAY_REFUND_ABNORMAL, 1, false, "REVIEW");
    refund_under(CALL_REFUND, PAY_REFUND_CLOSED, 1, false, "REVIEW");
    refund_under(CALL_REFUND, PAY_REFUND_NOT_ALLOWED, 1, false, "REVIEW");
    refund_under(CALL_REFUND, PAY_REFUND_DOUBTFUL, 1, true, "REFUNDED"); /* it had happened */
    refund_under(CALL_REFUND, PAY_REFUND_DOUBTFUL, 1, false, "REVIEW");
}

TEST(a_refund_that_never_ends_is_for_people)
{
    struct rig rig;
    char no[33];
    owed(&rig, no);
    double_pay_force(CALL_REFUND, PAY_REFUND_PROCESSING, 1, false);
    double_pay_force(CALL_REFUND_QUERY, PAY_REFUND_PROCESSING, 100000, false);
    CHECK_EQ_U64(tell_paid(no, FEN), 200);
    CHECK(rig_until(&rig, no, "REVIEW"));
    CHECK_EQ_I64(rig_number(&rig, "SELECT queries FROM refund", NULL), 8);
    rig_end(&rig);
}

TEST(a_notify_ends_the_refund)
{
    struct rig rig;
    char no[33];
    char text[64];
    rig_timers()->refund_query = (struct timers_row){1, {100000}};
    owed(&rig, no);
    double_pay_force(CALL_REFUND, PAY_REFUND_PROCESSING, 1, true);
    CHECK_EQ_U64(tell_paid(no, FEN), 200);
    CHECK(rig_until_number(&rig, REFUND_ANSWERS, NULL, 1));
    struct pay_notify notify = notify_of(no, PAY_REFUNDED, FEN);
    str_format_cut(notify.refund_no, sizeof(notify.refund_no), "%sR1", no);
    notify.refunded_fen = FEN;
    CHECK_EQ_U64(tell(&notify, text, sizeof(text)), 200);
    CHECK(rig_until(&rig, no, "REFUNDED"));
    CHECK_EQ_I64(rig_number(&rig, FLAGS, no), 1); /* late, and not "by others" */
    CHECK(rig_books_are_clean(&rig));
    rig_end(&rig);
}

TEST(the_other_wallets_word_about_a_refund_is_not_ours)
{
    struct rig rig;
    char no[33];
    rig_timers()->refund_query = (struct timers_row){1, {100000}};
    owed(&rig, no);
    double_pay_force(CALL_REFUND, PAY_REFUND_PROCESSING, 1, false);
    CHECK_EQ_U64(tell_paid(no, FEN), 200);
    CHECK(rig_until_number(&rig, REFUND_ANSWERS, NULL, 1));
    struct pay_notify notify = notify_of(no, PAY_REFUNDED, FEN);
    str_format_cut(notify.refund_no, sizeof(notify.refund_no), "%sR1", no);
    notify.refunded_fen = FEN;
    double_pay_notify(&notify);
    struct double_answer answer = double_http_call(HTTP_POST, "/pay/wechat/refund-notify", "{}");
    CHECK_EQ_U64(answer.status, 200);
    double_answer_finish(&answer);
    CHECK_EQ_I64(rig_number(&rig, "SELECT state = 'REFUNDING' FROM pay_order", NULL), 1);
    CHECK_EQ_I64(rig_number(&rig, "SELECT count(*) FROM alarm WHERE kind = 'unknown_order'", NULL),
                 1);
    rig_end(&rig);
}

TEST(a_doubtful_refusal_is_asked_about_later)
{
    struct rig rig;
    char no[33];
    rig_timers()->refund_query = (struct timers_row){1, {100000}};
    owed(&rig, no);
    double_pay_force(CALL_REFUND, PAY_REFUND_DOUBTFUL, 1, false);
    CHECK_EQ_U64(tell_paid(no, FEN), 200);
    CHECK(rig_until_number(&rig, "SELECT call FROM refund", NULL, 2));
    CHECK_EQ_I64(double_pay_calls(CALL_REFUND_QUERY), 0);
    CHECK_EQ_I64(rig_number(&rig, "SELECT state = 'REFUNDING' FROM pay_order", NULL), 1);
    rig_end(&rig);
}

TEST(an_empty_account_is_not_asked_for_ever)
{
    struct rig rig;
    char no[33];
    owed(&rig, no);
    double_pay_force(CALL_REFUND, PAY_REFUND_LOW_BALANCE, 1000000, false);
    CHECK_EQ_U64(tell_paid(no, FEN), 200);
    CHECK(rig_until(&rig, no, "REVIEW"));
    CHECK_EQ_I64(double_pay_calls(CALL_REFUND), 8);
    CHECK_EQ_I64(double_pay_trade(no).refunded_fen, 0);
    rig_end(&rig);
}

TEST(a_refund_goes_on_after_a_restart)
{
    struct rig rig;
    char no[33];
    owed(&rig, no);
    double_pay_force(CALL_REFUND, PAY_UNKNOWN, 1, true);
    double_pay_force(CALL_REFUND_QUERY, PAY_UNKNOWN, 3, false);
    CHECK_EQ_U64(tell_paid(no, FEN), 200);
    rig_restart(&rig);
    CHECK(rig_until(&rig, no, "REFUNDED"));
    CHECK_EQ_I64(double_pay_trade(no).refund_numbers, 1);
    rig_end(&rig);
}

/* The money went back, and the server died before it had stored the answer. */
TEST(after_a_lost_answer_a_refund_is_asked_about_first)
{
    struct rig rig;
    char no[33];
    owed(&rig, no);
    rig_exec(&rig, "CREATE TRIGGER died BEFORE INSERT ON pay_inbox WHEN NEW.source = 'refund'"
                   " BEGIN SELECT RAISE(ABORT, 'died'); END");
    CHECK_EQ_U64(tell_paid(no, FEN), 200);
    for (int i = 0; i < 6000 && double_pay_calls(CALL_REFUND) == 0; i++) {
        rig_sleep_ms(10);
    }
    rig_exec(&rig, "DELETE FROM job WHERE kind = 'refund'"); /* its lease is not waited for */
    rig_restart(&rig);
    CHECK(rig_until(&rig, no, "REFUNDED"));
    CHECK_EQ_I64(double_pay_calls(CALL_REFUND), 1);
    CHECK_EQ_I64(double_pay_calls(CALL_REFUND_QUERY), 1);
    CHECK(rig_books_are_clean(&rig));
    rig_end(&rig);
}

TEST_MAIN()
