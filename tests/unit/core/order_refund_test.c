/* SPDX-License-Identifier: Apache-2.0 */
/* The machine of orders: money that goes back, by us, by others and by hand. */
#include "tests/unit/core/order_steps.h"

TEST(refunded_by_others_before_we_knew_of_the_payment)
{
    struct order order = reach(ORDER_WAIT_PAY);
    struct order_step step = feed(&order, ORDER_EV_EXTERNAL_REFUND);
    CHECK_EQ_I64(order.state, ORDER_REFUNDED);
    CHECK_EQ_U64(order.flags, ORDER_EXTERNAL_REFUND);
    CHECK_EQ_U64(step.posting_count, 2);
    CHECK_EQ_I64(step.postings[0].step, LEDGER_RECEIVE);
    CHECK_EQ_I64(step.postings[1].step, LEDGER_REFUND_FROM_HELD);
}

TEST(our_own_refund_seen_by_a_query_is_not_external)
{
    struct order order = reach(ORDER_REFUNDING);
    struct order_step step = feed(&order, ORDER_EV_EXTERNAL_REFUND);
    CHECK_EQ_I64(order.state, ORDER_REFUNDED);
    CHECK_EQ_U64(order.flags, 0);
    CHECK_EQ_I64(step.postings[0].step, LEDGER_REFUND);
    order = reach(ORDER_REFUND_DUE);
    (void)feed(&order, ORDER_EV_EXTERNAL_REFUND);
    CHECK_EQ_U64(order.flags, ORDER_EXTERNAL_REFUND);
}

TEST(a_refund_of_another_sum_is_for_people)
{
    struct order order = reach(ORDER_WAIT_PAY);
    struct order_event event = make(ORDER_EV_EXTERNAL_REFUND);
    event.amount = money_fen(AMOUNT - 1);
    (void)feed_event(&order, event);
    CHECK_EQ_I64(order.state, ORDER_REVIEW);
    order = reach(ORDER_PAID);
    (void)feed_event(&order, event);
    CHECK_EQ_I64(order.state, ORDER_REVIEW);
    order = reach(ORDER_DONE);
    struct order_step step = feed_event(&order, event);
    CHECK_EQ_I64(order.state, ORDER_DONE);
    CHECK((step.intents & ORDER_DO_ALARM) != 0);
    CHECK_EQ_U64(step.posting_count, 0);
    event.amount = money_fen(AMOUNT);
    order = reach(ORDER_PAID);
    (void)feed_event(&order, event);
    CHECK_EQ_I64(order.state, ORDER_REFUNDED);
}

TEST(a_partial_refund_of_an_unknown_payment_books_the_payment)
{
    struct order order = reach(ORDER_CLOSED);
    struct order_event event = make(ORDER_EV_PARTIAL_REFUND);
    event.amount = money_fen(AMOUNT);
    struct order_step step = feed_event(&order, event);
    CHECK_EQ_I64(order.state, ORDER_REVIEW);
    CHECK_EQ_U64(step.posting_count, 1);
    CHECK_EQ_I64(order.money, ORDER_MONEY_HELD);
}

/* Some of it went back, nobody says how much: stopped, and booked once the sum is known. */
TEST(partly_refunded_while_being_credited)
{
    struct order order = reach(ORDER_CREDITING);
    struct order_step step = feed(&order, ORDER_EV_PARTIAL_REFUND);
    CHECK_EQ_I64(order.state, ORDER_REVIEW);
    CHECK_EQ_U64(order.flags, ORDER_MISMATCH | ORDER_CREDIT_UNKNOWN);
    CHECK_EQ_U64(step.posting_count, 0);
    CHECK((step.intents & ORDER_DO_STOP_DELIVERY) != 0);

    struct order delivered = order; /* two persons saw the credit; its loss is known later */
    (void)feed(&delivered, ORDER_EV_OPERATOR_DONE);
    CHECK_EQ_I64(delivered.state, ORDER_DONE);
    step = feed(&delivered, ORDER_EV_EXTERNAL_REFUND);
    CHECK_EQ_U64(step.posting_count, 1);
    CHECK_EQ_I64(step.postings[0].step, LEDGER_REFUND_AFTER);

    step = feed(&order, ORDER_EV_EXTERNAL_REFUND);
    CHECK_EQ_I64(order.state, ORDER_REVIEW);
    CHECK((order.flags & ORDER_REFUNDED_MEANWHILE) != 0);
    CHECK_EQ_U64(step.posting_count, 1);
    CHECK_EQ_I64(step.postings[0].step, LEDGER_REFUND_MEANWHILE);
}

TEST(refunded_while_being_credited)
{
    struct order order = reach(ORDER_CREDITING);
    struct order_step step = feed(&order, ORDER_EV_EXTERNAL_REFUND);
    CHECK_EQ_I64(order.state, ORDER_REVIEW);
    CHECK_EQ_U64(order.flags, ORDER_REFUNDED_MEANWHILE);
    CHECK_EQ_I64(step.postings[0].step, LEDGER_REFUND_MEANWHILE);
    CHECK((step.intents & ORDER_DO_STOP_DELIVERY) != 0);
    step = feed(&order, ORDER_EV_EXTERNAL_REFUND);
    CHECK(!step.changed);

    struct order delivered = order;
    step = feed(&delivered, ORDER_EV_OPERATOR_DONE);
    CHECK_EQ_I64(delivered.state, ORDER_DONE);
    CHECK_EQ_I64(step.postings[0].step, LEDGER_CREDIT_METER);
    CHECK_EQ_I64(step.postings[1].step, LEDGER_MEANWHILE_LOST);
    step = feed(&delivered, ORDER_EV_EXTERNAL_REFUND);
    CHECK_EQ_U64(step.posting_count, 0);

    (void)feed(&order, ORDER_EV_OPERATOR_REFUND);
    CHECK_EQ_I64(order.state, ORDER_REVIEW);
    (void)feed(&order, ORDER_EV_OPERATOR_REPAID);
    CHECK_EQ_I64(order.state, ORDER_REVIEW);
    step = feed(&order, ORDER_EV_OPERATOR_REFUNDED);
    CHECK_EQ_I64(order.state, ORDER_REFUNDED);
    CHECK_EQ_I64(step.postings[0].step, LEDGER_MEANWHILE_CLEARED);
}

TEST(refunded_while_people_look_at_an_unknown_credit)
{
    struct order order = reach(ORDER_REVIEW);
    struct order_step step = feed(&order, ORDER_EV_EXTERNAL_REFUND);
    CHECK_EQ_I64(order.state, ORDER_REVIEW);
    CHECK_EQ_U64(order.flags, ORDER_CREDIT_UNKNOWN | ORDER_REFUNDED_MEANWHILE);
    CHECK_EQ_I64(step.postings[0].step, LEDGER_REFUND_MEANWHILE);
    order = reach(ORDER_REFUNDING);
    (void)feed(&order, ORDER_EV_REFUND_ABNORMAL);
    step = feed(&order, ORDER_EV_EXTERNAL_REFUND);
    CHECK(!step.changed);
    CHECK_EQ_U64(step.intents, ORDER_DO_ALARM);
}

TEST(refunded_after_the_credit_is_a_loss_booked_once)
{
    struct order order = reach(ORDER_DONE);
    struct order_step step = feed(&order, ORDER_EV_EXTERNAL_REFUND);
    CHECK_EQ_I64(order.state, ORDER_DONE);
    CHECK_EQ_U64(order.flags, ORDER_REFUNDED_AFTER_CREDIT);
    CHECK_EQ_I64(step.postings[0].step, LEDGER_REFUND_AFTER);
    CHECK((step.intents & ORDER_DO_ALARM) != 0);
    step = feed(&order, ORDER_EV_EXTERNAL_REFUND);
    CHECK(!step.changed);
}

TEST(a_failed_refund_can_be_sent_again_or_settled)
{
    struct order order = reach(ORDER_REFUNDING);
    struct order_step step = feed(&order, ORDER_EV_REFUND_ABNORMAL);
    CHECK_EQ_U64(order.flags, ORDER_REFUND_FAILED);
    CHECK((step.intents & ORDER_DO_REVIEW) != 0);
    struct order again = order;
    step = feed(&again, ORDER_EV_OPERATOR_REFUND);
    CHECK_EQ_I64(again.state, ORDER_REFUND_DUE);
    CHECK_EQ_U64(step.posting_count, 0); /* it is owed already */
    CHECK(again.refund_numbered);
    struct order bank = order;
    step = feed(&bank, ORDER_EV_OPERATOR_REPAID);
    CHECK_EQ_I64(bank.state, ORDER_REFUNDED);
    CHECK_EQ_I64(step.postings[0].step, LEDGER_REPAY);
    step = feed(&order, ORDER_EV_OPERATOR_REFUNDED);
    CHECK_EQ_I64(step.postings[0].step, LEDGER_REFUND);
}

TEST(money_held_in_review_is_paid_back_from_where_it_is)
{
    struct order order = reach(ORDER_REVIEW);
    struct order bank = order;
    struct order_step step = feed(&bank, ORDER_EV_OPERATOR_REPAID);
    CHECK_EQ_I64(step.postings[0].step, LEDGER_REPAY_FROM_HELD);
    step = feed(&order, ORDER_EV_OPERATOR_REFUNDED);
    CHECK_EQ_I64(step.postings[0].step, LEDGER_REFUND_FROM_HELD);
}

TEST(open_refund_answers_ask_again)
{
    struct order order = reach(ORDER_REFUNDING);
    CHECK_EQ_U64(feed(&order, ORDER_EV_REFUND_UNKNOWN).intents, ORDER_DO_REFUND_QUERY);
    CHECK_EQ_U64(feed(&order, ORDER_EV_REFUND_PROCESSING).intents, ORDER_DO_REFUND_QUERY);
    CHECK_EQ_U64(feed(&order, ORDER_EV_REFUND_LOW_BALANCE).intents,
                 ORDER_DO_REFUND_QUERY | ORDER_DO_ALARM);
    CHECK_EQ_U64(feed(&order, ORDER_EV_REFUND_SENT).intents, 0);
    CHECK_EQ_I64(order.state, ORDER_REFUNDING);
}

TEST_MAIN()
