/* SPDX-License-Identifier: Apache-2.0 */
/* The machine of orders: money that comes late, twice, in a wrong sum or in none. */
#include "tests/unit/core/order_steps.h"

TEST(late_money_goes_back)
{
    struct order order = reach(ORDER_CLOSED);
    struct order_step step = feed(&order, ORDER_EV_PAID);
    CHECK_EQ_I64(order.state, ORDER_REFUND_DUE);
    CHECK_EQ_U64(order.flags, ORDER_LATE_PAY);
    CHECK_EQ_U64(step.posting_count, 2);
    CHECK_EQ_I64(step.postings[0].step, LEDGER_RECEIVE);
    CHECK_EQ_I64(step.postings[1].step, LEDGER_OWE_REFUND);
    CHECK((step.intents & ORDER_DO_REFUND) != 0);
    CHECK_EQ_STR(order.trade_no, "T1");
}

TEST(money_while_closing_is_credited)
{
    struct order order = reach(ORDER_CLOSING);
    struct order_step step = feed(&order, ORDER_EV_PAID);
    CHECK_EQ_I64(order.state, ORDER_PAID);
    CHECK_EQ_U64(order.flags, 0);
    CHECK((step.intents & ORDER_DO_CREDIT) != 0);
}

TEST(a_wrong_amount_is_held_for_people)
{
    static const enum order_state STATES[] = {ORDER_NEW, ORDER_WAIT_PAY, ORDER_CLOSING,
                                              ORDER_CLOSED};
    for (size_t i = 0; i < ARRAY_COUNT(STATES); i++) {
        struct order order = reach(STATES[i]);
        struct order_step step = feed_event(&order, paid(510, "T1"));
        CHECK_EQ_I64(order.state, ORDER_REVIEW);
        CHECK_EQ_U64(order.flags, ORDER_MISMATCH);
        CHECK_EQ_I64(order.paid.fen, 510);
        CHECK_EQ_U64(step.posting_count, 1);
        CHECK_EQ_I64(step.postings[0].amount.fen, 510);
        step = feed_event(&order, paid(510, "T1"));
        CHECK(!step.changed);
        (void)feed(&order, ORDER_EV_OPERATOR_DONE);
        CHECK_EQ_I64(order.state, ORDER_REVIEW);
        (void)feed(&order, ORDER_EV_OPERATOR_CLOSE);
        CHECK_EQ_I64(order.state, ORDER_REVIEW);
        step = feed(&order, ORDER_EV_OPERATOR_REFUND);
        CHECK_EQ_I64(order.state, ORDER_REFUND_DUE);
        CHECK_EQ_I64(step.postings[0].amount.fen, 510);
    }
}

TEST(a_wrong_currency_is_not_booked_as_fen)
{
    struct order order = reach(ORDER_WAIT_PAY);
    struct order_event event = paid(AMOUNT, "T1");
    event.currency_wrong = true;
    struct order_step step = feed_event(&order, event);
    CHECK_EQ_I64(order.state, ORDER_REVIEW);
    CHECK_EQ_U64(step.posting_count, 0);
    CHECK_EQ_I64(order.money, ORDER_MONEY_NONE);
    /* We cannot order a refund of an amount that we do not know; a right statement books it. */
    (void)feed(&order, ORDER_EV_OPERATOR_REFUND);
    CHECK_EQ_I64(order.state, ORDER_REVIEW);
    step = feed_event(&order, paid(AMOUNT, "T1"));
    CHECK_EQ_I64(order.state, ORDER_REVIEW);
    CHECK_EQ_U64(step.posting_count, 1);
    (void)feed(&order, ORDER_EV_OPERATOR_REFUND);
    CHECK_EQ_I64(order.state, ORDER_REFUND_DUE);
}

/* Somebody paid it back and shows where: the books get both sides, in our own amount. */
TEST(an_unreadable_amount_can_be_settled)
{
    static const struct {
        enum order_event_kind event;
        enum ledger_step back;
    } WAYS[] = {{ORDER_EV_OPERATOR_REFUNDED, LEDGER_REFUND_FROM_HELD},
                {ORDER_EV_OPERATOR_REPAID, LEDGER_REPAY_FROM_HELD}};
    for (size_t i = 0; i < ARRAY_COUNT(WAYS); i++) {
        struct order order = reach(ORDER_WAIT_PAY);
        struct order_event event = paid(AMOUNT + 7, "T1");
        event.currency_wrong = true;
        (void)feed_event(&order, event);
        struct order_step step = feed(&order, WAYS[i].event);
        CHECK_EQ_I64(order.state, ORDER_REFUNDED);
        CHECK_EQ_I64(order.money, ORDER_MONEY_GONE);
        CHECK_EQ_U64(step.posting_count, 2);
        CHECK_EQ_I64(step.postings[0].step, LEDGER_RECEIVE);
        CHECK_EQ_I64(step.postings[0].amount.fen, AMOUNT);
        CHECK_EQ_I64(step.postings[1].step, WAYS[i].back);
        CHECK_EQ_I64(step.postings[1].amount.fen, AMOUNT);
    }
}

TEST(nothing_paid_can_be_closed_by_two_persons)
{
    struct order order = reach(ORDER_NEW);
    struct order_event partial = make(ORDER_EV_PARTIAL_REFUND);
    (void)feed_event(&order, partial);
    CHECK_EQ_I64(order.state, ORDER_REVIEW);
    CHECK_EQ_I64(order.money, ORDER_MONEY_NONE);
    struct order_step step = feed(&order, ORDER_EV_OPERATOR_CLOSE);
    CHECK_EQ_I64(order.state, ORDER_CLOSED);
    CHECK_EQ_U64(step.posting_count, 0);
}

TEST(a_payment_of_nothing_is_no_evidence)
{
    struct order order = reach(ORDER_WAIT_PAY);
    struct order_step step = feed_event(&order, paid(0, "T1"));
    CHECK(!step.changed);
    CHECK_EQ_U64(step.intents, ORDER_DO_ALARM);
    step = feed_event(&order, paid(-5, "T1"));
    CHECK_EQ_I64(order.state, ORDER_WAIT_PAY);
}

TEST(a_second_payment_is_a_stray)
{
    for (int s = ORDER_PAID; s < ORDER_STATE_COUNT; s++) {
        struct order order = reach((enum order_state)s);
        struct order_step step = feed_event(&order, paid(AMOUNT, "T2"));
        CHECK((step.intents & ORDER_DO_STRAY) != 0);
        CHECK((step.intents & ORDER_DO_ALARM) != 0);
        CHECK_EQ_U64(step.posting_count, 0);
        CHECK((order.flags & ORDER_MISMATCH) != 0);
        CHECK_EQ_STR(order.trade_no, "T1");
        CHECK_EQ_I64(order.state, s == ORDER_PAID ? ORDER_REVIEW : s);
    }
}

TEST(another_amount_for_the_same_payment_is_a_contradiction)
{
    struct order order = reach(ORDER_PAID);
    struct order_step step = feed_event(&order, paid(AMOUNT + 1, "T1"));
    CHECK_EQ_I64(order.state, ORDER_REVIEW);
    CHECK((step.intents & ORDER_DO_STRAY) == 0);
    CHECK((step.intents & ORDER_DO_STOP_DELIVERY) != 0);
    order = reach(ORDER_DONE);
    step = feed_event(&order, paid(AMOUNT + 1, "T1"));
    CHECK_EQ_I64(order.state, ORDER_DONE);
    CHECK((order.flags & ORDER_MISMATCH) != 0);
}

TEST_MAIN()
