/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The machine of orders against its table: every state with every event, then the rows that ask a
 * provider or a device again, and the words.
 */
#include "tests/unit/core/order_steps.h"

/* The table of docs/money.md: where an event leads; what is not listed here stays. */
struct row {
    enum order_state from;
    enum order_event_kind event;
    enum order_state to;
};

static const struct row ROWS[] = {
    {ORDER_NEW, ORDER_EV_PRECREATE_OK, ORDER_WAIT_PAY},
    {ORDER_NEW, ORDER_EV_PRECREATE_REJECT, ORDER_CLOSED},
    {ORDER_NEW, ORDER_EV_TIMEOUT, ORDER_CLOSING},
    {ORDER_NEW, ORDER_EV_CANCEL, ORDER_CLOSING},
    {ORDER_NEW, ORDER_EV_KIOSK_GONE, ORDER_CLOSING},
    {ORDER_NEW, ORDER_EV_PAID, ORDER_PAID},
    {ORDER_NEW, ORDER_EV_QUERY_CLOSED, ORDER_CLOSED},
    {ORDER_NEW, ORDER_EV_EXTERNAL_REFUND, ORDER_REFUNDED},
    {ORDER_NEW, ORDER_EV_PARTIAL_REFUND, ORDER_REVIEW},
    {ORDER_WAIT_PAY, ORDER_EV_TIMEOUT, ORDER_CLOSING},
    {ORDER_WAIT_PAY, ORDER_EV_CANCEL, ORDER_CLOSING},
    {ORDER_WAIT_PAY, ORDER_EV_KIOSK_GONE, ORDER_CLOSING},
    {ORDER_WAIT_PAY, ORDER_EV_PAID, ORDER_PAID},
    {ORDER_WAIT_PAY, ORDER_EV_QUERY_CLOSED, ORDER_CLOSED},
    {ORDER_WAIT_PAY, ORDER_EV_EXTERNAL_REFUND, ORDER_REFUNDED},
    {ORDER_WAIT_PAY, ORDER_EV_PARTIAL_REFUND, ORDER_REVIEW},
    {ORDER_CLOSING, ORDER_EV_PAID, ORDER_PAID},
    {ORDER_CLOSING, ORDER_EV_QUERY_CLOSED, ORDER_CLOSED},
    {ORDER_CLOSING, ORDER_EV_CLOSE_OK, ORDER_CLOSED},
    {ORDER_CLOSING, ORDER_EV_SUPERSEDED, ORDER_CLOSED},
    {ORDER_CLOSING, ORDER_EV_EXTERNAL_REFUND, ORDER_REFUNDED},
    {ORDER_CLOSING, ORDER_EV_PARTIAL_REFUND, ORDER_REVIEW},
    {ORDER_CLOSED, ORDER_EV_PAID, ORDER_REFUND_DUE},
    {ORDER_CLOSED, ORDER_EV_EXTERNAL_REFUND, ORDER_REFUNDED},
    {ORDER_CLOSED, ORDER_EV_PARTIAL_REFUND, ORDER_REVIEW},
    {ORDER_PAID, ORDER_EV_CREDIT_START, ORDER_CREDITING},
    {ORDER_PAID, ORDER_EV_EXTERNAL_REFUND, ORDER_REFUNDED},
    {ORDER_PAID, ORDER_EV_PARTIAL_REFUND, ORDER_REVIEW},
    {ORDER_CREDITING, ORDER_EV_CREDIT_OK, ORDER_DONE},
    {ORDER_CREDITING, ORDER_EV_READBACK_CREDITED, ORDER_DONE},
    {ORDER_CREDITING, ORDER_EV_CREDIT_FAILED, ORDER_REFUND_DUE},
    {ORDER_CREDITING, ORDER_EV_CREDIT_DEADLINE, ORDER_REVIEW},
    {ORDER_CREDITING, ORDER_EV_EXTERNAL_REFUND, ORDER_REVIEW},
    {ORDER_CREDITING, ORDER_EV_PARTIAL_REFUND, ORDER_REVIEW},
    {ORDER_REFUND_DUE, ORDER_EV_REFUND_SENT, ORDER_REFUNDING},
    {ORDER_REFUND_DUE, ORDER_EV_EXTERNAL_REFUND, ORDER_REFUNDED},
    {ORDER_REFUNDING, ORDER_EV_REFUND_OK, ORDER_REFUNDED},
    {ORDER_REFUNDING, ORDER_EV_EXTERNAL_REFUND, ORDER_REFUNDED},
    {ORDER_REFUNDING, ORDER_EV_REFUND_ABNORMAL, ORDER_REVIEW},
    {ORDER_REFUNDING, ORDER_EV_REFUND_CLOSED, ORDER_REVIEW},
    {ORDER_REFUNDING, ORDER_EV_REFUND_NOT_ALLOWED, ORDER_REVIEW},
    {ORDER_REFUNDING, ORDER_EV_REFUND_OVERDUE, ORDER_REVIEW},
    {ORDER_REVIEW, ORDER_EV_OPERATOR_DONE, ORDER_DONE},
    {ORDER_REVIEW, ORDER_EV_OPERATOR_REFUND, ORDER_REFUND_DUE},
    {ORDER_REVIEW, ORDER_EV_OPERATOR_REFUNDED, ORDER_REFUNDED},
    {ORDER_REVIEW, ORDER_EV_OPERATOR_REPAID, ORDER_REFUNDED},
};

static enum order_state listed(enum order_state from, enum order_event_kind event)
{
    for (size_t i = 0; i < ARRAY_COUNT(ROWS); i++) {
        if (ROWS[i].from == from && ROWS[i].event == event) {
            return ROWS[i].to;
        }
    }
    return from;
}

TEST(every_state_with_every_event)
{
    for (int s = 0; s < ORDER_STATE_COUNT; s++) {
        for (int e = 0; e < ORDER_EV_KIND_COUNT; e++) {
            struct order order = reach((enum order_state)s);
            CHECK_EQ_I64(order.state, s);
            struct order_step step = feed(&order, (enum order_event_kind)e);
            enum order_state to = listed((enum order_state)s, (enum order_event_kind)e);
            if (order.state != to) {
                TEST_FAIL("%s + %s gives %s, not %s", order_state_name((enum order_state)s),
                          order_event_name((enum order_event_kind)e), order_state_name(order.state),
                          order_state_name(to));
            }
            CHECK(to == (enum order_state)s || step.changed);
            CHECK(order_is_sound(&order));
        }
    }
}

TEST(a_step_without_change_leaves_the_order_alone)
{
    for (int s = 0; s < ORDER_STATE_COUNT; s++) {
        for (int e = 0; e < ORDER_EV_KIND_COUNT; e++) {
            const struct order before = reach((enum order_state)s);
            struct order after = before;
            struct order_step step = feed(&after, (enum order_event_kind)e);
            if (!step.changed) {
                CHECK_EQ_I64(after.state, before.state);
                CHECK_EQ_U64(after.flags, before.flags);
                CHECK_EQ_I64(after.money, before.money);
                CHECK_EQ_U64(step.posting_count, 0);
            }
        }
    }
}

TEST(bad_signatures_change_nothing_and_alarm)
{
    for (int s = 0; s < ORDER_STATE_COUNT; s++) {
        struct order order = reach((enum order_state)s);
        struct order_step step = feed(&order, ORDER_EV_BAD_SIGNATURE);
        CHECK(!step.changed);
        CHECK_EQ_U64(step.intents, ORDER_DO_ALARM);
    }
}

TEST(a_restart_takes_up_the_work_of_each_state)
{
    static const uint32_t INTENTS[ORDER_STATE_COUNT] = {
        ORDER_DO_PRECREATE,
        ORDER_DO_POLL,
        ORDER_DO_QUERY,
        ORDER_DO_WATCH_CLOSED,
        ORDER_DO_CREDIT,
        ORDER_DO_READ_BACK,
        0,
        ORDER_DO_REFUND,
        ORDER_DO_REFUND_QUERY,
        0,
        ORDER_DO_REVIEW,
    };
    for (int s = 0; s < ORDER_STATE_COUNT; s++) {
        struct order order = reach((enum order_state)s);
        struct order_step step = feed(&order, ORDER_EV_CRASH);
        CHECK(!step.changed);
        CHECK_EQ_U64(step.intents, INTENTS[s]);
    }
}

TEST(paid_once_more_is_acknowledged_only)
{
    for (int s = ORDER_PAID; s < ORDER_STATE_COUNT; s++) {
        struct order order = reach((enum order_state)s);
        struct order_step step = feed(&order, ORDER_EV_PAID);
        CHECK(!step.changed);
        CHECK_EQ_U64(step.intents, 0);
        CHECK_EQ_U64(step.posting_count, 0);
    }
}

TEST(the_third_fenced_no_ends_the_credit)
{
    struct order order = reach(ORDER_CREDITING);
    (void)feed(&order, ORDER_EV_CREDIT_UNKNOWN);
    (void)feed(&order, ORDER_EV_READBACK_NOT_CREDITED);
    (void)feed(&order, ORDER_EV_READBACK_NOT_CREDITED);
    CHECK_EQ_I64(order.state, ORDER_CREDITING);
    struct order_step step = feed(&order, ORDER_EV_READBACK_NOT_CREDITED);
    CHECK_EQ_I64(order.state, ORDER_REFUND_DUE);
    CHECK_EQ_I64(step.postings[0].step, LEDGER_OWE_REFUND);
    CHECK((step.intents & ORDER_DO_NOTICE_REFUND_ORDERED) != 0);
}

TEST(proof_in_review_signs_but_does_not_decide)
{
    struct order order = reach(ORDER_REVIEW);
    struct order_step step = feed(&order, ORDER_EV_READBACK_CREDITED);
    CHECK_EQ_I64(order.state, ORDER_REVIEW);
    CHECK((step.intents & ORDER_DO_SIGN_DONE) != 0);
    step = feed(&order, ORDER_EV_CREDIT_FAILED);
    CHECK((step.intents & ORDER_DO_SIGN_REFUND) != 0);
    CHECK_EQ_I64(order.state, ORDER_REVIEW);
    step = feed(&order, ORDER_EV_CREDIT_UNKNOWN);
    CHECK_EQ_U64(step.intents, 0);
    /* An order that was never given to a device has no proof to wait for. */
    order = reach(ORDER_WAIT_PAY);
    (void)feed_event(&order, paid(1, "T1"));
    step = feed(&order, ORDER_EV_READBACK_CREDITED);
    CHECK_EQ_U64(step.intents, 0);
}

TEST(closing_asks_closes_and_asks_again)
{
    struct order order = reach(ORDER_CLOSING);
    CHECK_EQ_U64(feed(&order, ORDER_EV_QUERY_UNPAID).intents, ORDER_DO_CLOSE);
    CHECK_EQ_U64(feed(&order, ORDER_EV_CLOSE_REFUSED).intents, ORDER_DO_QUERY);
    CHECK_EQ_U64(feed(&order, ORDER_EV_CLOSE_UNKNOWN).intents, ORDER_DO_QUERY_LATER);
    CHECK_EQ_U64(feed(&order, ORDER_EV_QUERY_UNKNOWN).intents, ORDER_DO_QUERY_LATER);
    CHECK_EQ_U64(feed(&order, ORDER_EV_QUERY_NOT_EXIST).intents, ORDER_DO_CLOSE);
    CHECK_EQ_U64(feed(&order, ORDER_EV_QR_DEAD).intents, ORDER_DO_QUERY);
    CHECK_EQ_I64(order.state, ORDER_CLOSING);
    (void)feed(&order, ORDER_EV_QUERY_NOT_EXIST);
    CHECK_EQ_I64(order.state, ORDER_CLOSED);
}

TEST(a_dead_qr_is_remembered_from_before_the_closing)
{
    struct order order = reach(ORDER_WAIT_PAY);
    CHECK(feed(&order, ORDER_EV_QR_DEAD).changed);
    CHECK(!feed(&order, ORDER_EV_QR_DEAD).changed);
    (void)feed(&order, ORDER_EV_TIMEOUT);
    (void)feed(&order, ORDER_EV_QUERY_NOT_EXIST);
    CHECK_EQ_I64(order.state, ORDER_CLOSED);
}

TEST(a_refusal_after_an_open_try_is_not_believed)
{
    struct order order = reach(ORDER_NEW);
    CHECK_EQ_U64(feed(&order, ORDER_EV_PRECREATE_UNKNOWN).intents, ORDER_DO_PRECREATE);
    CHECK_EQ_U64(feed(&order, ORDER_EV_PRECREATE_REJECT).intents, ORDER_DO_QUERY);
    CHECK_EQ_I64(order.state, ORDER_NEW);
}

TEST(the_words_of_states_events_and_flags)
{
    for (int i = 0; i < ORDER_STATE_COUNT; i++) {
        enum order_state state = ORDER_STATE_COUNT;
        CHECK(order_state_parse(order_state_name((enum order_state)i), &state));
        CHECK_EQ_I64(state, i);
    }
    for (int i = 0; i < ORDER_EV_KIND_COUNT; i++) {
        enum order_event_kind kind = ORDER_EV_KIND_COUNT;
        CHECK(order_event_parse(order_event_name((enum order_event_kind)i), &kind));
        CHECK_EQ_I64(kind, i);
    }
    enum order_state state = ORDER_NEW;
    enum order_event_kind kind = ORDER_EV_PAID;
    CHECK(!order_state_parse("new", &state));
    CHECK(!order_event_parse("PAID", &kind));
    CHECK(order_event_parse("restart", &kind));
    CHECK_EQ_I64(kind, ORDER_EV_CRASH);
    CHECK_EQ_STR(order_flag_name(ORDER_LATE_PAY), "LATE_PAY");
    CHECK(order_flag_name(0) == NULL);
    CHECK(order_flag_name(ORDER_LATE_PAY | ORDER_MISMATCH) == NULL);
    CHECK(order_event_is_delivery(ORDER_EV_CREDIT_DEADLINE));
    CHECK(!order_event_is_delivery(ORDER_EV_REFUND_SENT));
    CHECK(order_event_is_operator(ORDER_EV_OPERATOR_CLOSE));
    CHECK(!order_event_is_operator(ORDER_EV_CRASH));
}

TEST(settled_states)
{
    for (int s = 0; s < ORDER_STATE_COUNT; s++) {
        bool settled = s == ORDER_DONE || s == ORDER_REFUNDED || s == ORDER_CLOSED;
        CHECK_EQ_I64(order_is_settled((enum order_state)s), settled);
    }
}

TEST(unsound_orders_are_seen)
{
    struct order order = reach(ORDER_DONE);
    CHECK(order_is_sound(&order));
    order.money = ORDER_MONEY_HELD;
    CHECK(!order_is_sound(&order));
    order = reach(ORDER_DONE);
    order.credit_started = false;
    CHECK(!order_is_sound(&order));
    order = reach(ORDER_PAID);
    order.credit_started = true;
    CHECK(!order_is_sound(&order));
    order = reach(ORDER_PAID);
    order.paid = money_fen(0);
    CHECK(!order_is_sound(&order));
    order = reach(ORDER_REVIEW);
    order.money = ORDER_MONEY_GONE;
    CHECK(!order_is_sound(&order));
    order = reach(ORDER_NEW);
    order.flags = ORDER_REFUNDED_MEANWHILE;
    CHECK(!order_is_sound(&order));
    order.flags = 1U << 30U;
    CHECK(!order_is_sound(&order));
    order = reach(ORDER_NEW);
    order.amount = money_fen(0);
    CHECK(!order_is_sound(&order));
    order = reach(ORDER_NEW);
    order.state = ORDER_STATE_COUNT;
    CHECK(!order_is_sound(&order));
    order = reach(ORDER_CREDITING);
    order.not_credited = 4;
    CHECK(!order_is_sound(&order));
}

TEST_MAIN()
