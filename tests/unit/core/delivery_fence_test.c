/* SPDX-License-Identifier: Apache-2.0 */
/* What an unknown credit may become: nothing goes again, and no money back, before the fence. */
#include "tests/unit/core/delivery_steps.h"

/* One round of UNKNOWN -> fence -> proven, from SENT. Returns the last step. */
static struct delivery_step round_of_nothing(struct delivery *delivery, uint32_t count,
                                             int64_t last)
{
    (void)tick(delivery, DELIVERY_EV_SILENCE);
    struct delivery_step step = feed(delivery, reading(count, last, false));
    CHECK_EQ_I64(delivery->stage, DELIVERY_FENCING);
    CHECK_EQ_U64(step.intents, DELIVERY_DO_VOID);
    check_told(&step, NONE);
    step = tick(delivery, DELIVERY_EV_VOIDED);
    CHECK_EQ_U64(step.intents, DELIVERY_DO_WAIT_QUIET);
    step = tick(delivery, DELIVERY_EV_QUIET);
    CHECK_EQ_U64(step.intents, DELIVERY_DO_READ_FENCED);
    return feed(delivery, reading(count, last, true));
}

TEST(three_sends_then_the_refund)
{
    struct delivery delivery = reach(DELIVERY_SENT);
    for (unsigned send = 1; send <= DELIVERY_SENDS_MAX; send++) {
        CHECK_EQ_U64(delivery.sends, send);
        struct delivery_step step = round_of_nothing(&delivery, COUNT, 99);
        check_told(&step, ONE(ORDER_EV_READBACK_NOT_CREDITED));
        if (send < DELIVERY_SENDS_MAX) {
            CHECK_EQ_I64(delivery.stage, DELIVERY_ASSIGNED);
            CHECK_EQ_U64(step.intents, DELIVERY_DO_DISPATCH);
            (void)tick(&delivery, DELIVERY_EV_DISPATCH);
        }
    }
    CHECK_EQ_I64(delivery.stage, DELIVERY_VOID);
}

TEST(credit_unknown_is_told_once)
{
    struct delivery delivery = reach(DELIVERY_SENT);
    struct delivery_step step = tick(&delivery, DELIVERY_EV_SILENCE);
    check_told(&step, ONE(ORDER_EV_CREDIT_UNKNOWN));
    (void)feed(&delivery, reading(COUNT, 99, false));
    (void)tick(&delivery, DELIVERY_EV_VOIDED);
    (void)tick(&delivery, DELIVERY_EV_QUIET);
    (void)feed(&delivery, reading(COUNT, 99, true));
    (void)tick(&delivery, DELIVERY_EV_DISPATCH);
    step = tick(&delivery, DELIVERY_EV_SILENCE);
    check_told(&step, NONE);
}

TEST(nothing_is_said_before_the_fence)
{
    struct delivery delivery = reach(DELIVERY_FENCING);
    struct delivery_step step = feed(&delivery, reading(COUNT, 99, true));
    check_told(&step, NONE); /* no tombstone yet */
    (void)tick(&delivery, DELIVERY_EV_VOIDED);
    step = feed(&delivery, reading(COUNT, 99, true));
    check_told(&step, NONE); /* not quiet yet */
    (void)tick(&delivery, DELIVERY_EV_QUIET);
    step = feed(&delivery, reading(COUNT, 99, false));
    check_told(&step, NONE); /* asked for before the quiet time was over */
    step = feed(&delivery, unreadable(true));
    CHECK_EQ_U64(step.intents, DELIVERY_DO_READ_FENCED);
    step = feed(&delivery, reading(COUNT, 99, true));
    check_told(&step, ONE(ORDER_EV_READBACK_NOT_CREDITED));
}

TEST(behind_a_buffered_link_not_there_proves_nothing)
{
    struct delivery delivery = reach(DELIVERY_FENCING);
    (void)tick(&delivery, DELIVERY_EV_VOIDED);
    (void)tick(&delivery, DELIVERY_EV_QUIET);
    for (int i = 0; i < 3; i++) {
        struct delivery_step step = feed(&delivery, reading(COUNT, 99, false));
        check_told(&step, NONE);
        CHECK_EQ_I64(delivery.stage, DELIVERY_FENCING);
        CHECK_EQ_U64(step.intents, DELIVERY_DO_READ_FENCED); /* until a person decides */
    }
    struct delivery_step step = tick(&delivery, DELIVERY_EV_DEADLINE);
    check_told(&step, ONE(ORDER_EV_CREDIT_DEADLINE));
    /* A count that somebody else used kills the frame wherever it lingers. */
    step = feed(&delivery, reading(COUNT + 1, 12345, false));
    check_told(&step, ONE(ORDER_EV_CREDIT_FAILED));
    CHECK_EQ_I64(delivery.stage, DELIVERY_VOID);
}

TEST(quiet_without_a_tombstone_means_nothing)
{
    struct delivery delivery = reach(DELIVERY_FENCING);
    CHECK(!tick(&delivery, DELIVERY_EV_QUIET).changed);
    (void)tick(&delivery, DELIVERY_EV_VOIDED);
    CHECK(!tick(&delivery, DELIVERY_EV_VOIDED).changed);
    CHECK(tick(&delivery, DELIVERY_EV_QUIET).changed);
    CHECK(!tick(&delivery, DELIVERY_EV_QUIET).changed);
}

TEST(a_late_frame_is_seen_behind_the_fence)
{
    struct delivery delivery = reach(DELIVERY_FENCING);
    (void)tick(&delivery, DELIVERY_EV_VOIDED);
    (void)tick(&delivery, DELIVERY_EV_QUIET);
    struct delivery_step step = feed(&delivery, reading(COUNT + 1, AMOUNT, true));
    check_told(&step, ONE(ORDER_EV_READBACK_CREDITED));
    CHECK_EQ_I64(delivery.stage, DELIVERY_DELIVERED);
}

TEST(beaten_by_another_seller)
{
    struct delivery delivery = reach(DELIVERY_SENT);
    struct delivery_step step = round_of_nothing(&delivery, COUNT + 1, 12345);
    check_told(&step, ONE(ORDER_EV_CREDIT_FAILED));
    CHECK_EQ_I64(delivery.stage, DELIVERY_VOID);
}

TEST(never_sent_goes_again_at_once)
{
    struct delivery delivery = reach(DELIVERY_SENT);
    struct delivery_step step = feed(&delivery, never_sent(false));
    CHECK_EQ_I64(delivery.stage, DELIVERY_ASSIGNED);
    CHECK_EQ_U64(delivery.sends, 0);
    CHECK_EQ_U64(step.intents, DELIVERY_DO_DISPATCH);
    check_told(&step, NONE);
    /* The tombstone may say it too. */
    delivery = reach(DELIVERY_FENCING);
    struct delivery_event voided = make(DELIVERY_EV_VOIDED);
    voided.never_sent = true;
    step = feed(&delivery, voided);
    CHECK_EQ_I64(delivery.stage, DELIVERY_ASSIGNED);
    check_told(&step, NONE);
}

TEST(never_sent_because_somebody_else_bought)
{
    struct delivery delivery = reach(DELIVERY_SENT);
    struct delivery_step step = feed(&delivery, never_sent(true));
    check_told(&step, ONE(ORDER_EV_CREDIT_FAILED));
    CHECK_EQ_I64(delivery.stage, DELIVERY_VOID);
}

/* The journal says that no byte left: whoever bought our very amount, it was not us. */
TEST(never_sent_but_the_meter_shows_our_amount)
{
    for (int moved = 0; moved < 2; moved++) {
        struct delivery delivery = reach(DELIVERY_SENT);
        struct delivery_event event = never_sent(moved == 1);
        event.has_reading = true;
        event.reading = meter(COUNT + 1, AMOUNT);
        struct delivery_step step = feed(&delivery, event);
        check_told(&step, ONE(ORDER_EV_CREDIT_FAILED));
        CHECK_EQ_I64(delivery.stage, DELIVERY_VOID);
        CHECK_EQ_U64(delivery.sends, 0);
    }
}

/* An earlier frame did leave and was proven not done; now its amount is there after all. */
TEST(never_sent_and_an_earlier_frame_may_be_in_the_meter)
{
    struct delivery delivery = reach(DELIVERY_SENT);
    (void)round_of_nothing(&delivery, COUNT, 99);
    (void)tick(&delivery, DELIVERY_EV_DISPATCH);
    struct delivery_event event = never_sent(true);
    event.has_reading = true;
    event.reading = meter(COUNT + 1, AMOUNT);
    struct delivery_step step = feed(&delivery, event);
    check_told(&step, ONE(ORDER_EV_CREDIT_DEADLINE));
    CHECK_EQ_I64(delivery.stage, DELIVERY_UNKNOWN);
    CHECK_EQ_U64(step.intents, DELIVERY_DO_READ);
}

TEST(a_frame_that_was_beaten_does_not_go_again)
{
    struct delivery delivery = reach(DELIVERY_UNKNOWN);
    (void)feed(&delivery, reading(COUNT + 1, 12345, false));
    struct delivery_step step = feed(&delivery, never_sent(false));
    check_told(&step, ONE(ORDER_EV_CREDIT_FAILED));
}

TEST(a_reply_after_a_day)
{
    struct delivery delivery = reach(DELIVERY_UNKNOWN);
    struct delivery_step step = feed(&delivery, reply(DELIVERY_ANSWER_SUCCESS, COUNT + 1, AMOUNT));
    check_told(&step, ONE(ORDER_EV_CREDIT_OK));
    delivery = reach(DELIVERY_FENCING);
    step = feed(&delivery, never_sent(false));
    CHECK_EQ_I64(delivery.stage, DELIVERY_ASSIGNED);
    delivery = reach(DELIVERY_FENCING);
    step = feed(&delivery, reply(DELIVERY_ANSWER_REFUSED, COUNT, 99));
    CHECK_EQ_I64(delivery.stage, DELIVERY_FENCING);
    check_told(&step, NONE);
}

/* The meter never spoke again: a command that never left can go back all the same. */
TEST(a_silent_meter_is_voided_at_the_deadline)
{
    struct delivery delivery = reach(DELIVERY_UNKNOWN);
    (void)feed(&delivery, unreadable(false));
    (void)tick(&delivery, DELIVERY_EV_DEADLINE);
    struct delivery_event voided = make(DELIVERY_EV_VOIDED);
    voided.never_sent = true;
    struct delivery_step step = feed(&delivery, voided);
    check_told(&step, ONE(ORDER_EV_CREDIT_FAILED));
    CHECK_EQ_I64(delivery.stage, DELIVERY_VOID);
}

/* A lost collector cannot make a tombstone; a person saw that it is off the bus. */
TEST(off_the_bus_stands_in_for_the_tombstone)
{
    struct delivery delivery = reach(DELIVERY_FENCING);
    struct delivery_step step = tick(&delivery, DELIVERY_EV_OFF_BUS);
    CHECK_EQ_U64(step.intents, DELIVERY_DO_WAIT_QUIET);
    check_told(&step, NONE);
    CHECK(!tick(&delivery, DELIVERY_EV_OFF_BUS).changed);
    (void)tick(&delivery, DELIVERY_EV_QUIET);
    step = feed(&delivery, reading(COUNT, 99, true));
    check_told(&step, ONE(ORDER_EV_READBACK_NOT_CREDITED));
}

TEST(a_stopped_delivery_sends_nothing_more)
{
    struct delivery delivery = reach(DELIVERY_READY);
    struct delivery_step step = tick(&delivery, DELIVERY_EV_STOP);
    check_told(&step, NONE);
    CHECK_EQ_I64(delivery.stage, DELIVERY_VOID);
    delivery = reach(DELIVERY_ASSIGNED);
    step = tick(&delivery, DELIVERY_EV_STOP);
    check_told(&step, ONE(ORDER_EV_CREDIT_FAILED));
    delivery = reach(DELIVERY_SENT);
    (void)tick(&delivery, DELIVERY_EV_STOP);
    CHECK(!tick(&delivery, DELIVERY_EV_STOP).changed);
    step = feed(&delivery, never_sent(false));
    check_told(&step, ONE(ORDER_EV_CREDIT_FAILED));
    delivery = reach(DELIVERY_SENT);
    (void)tick(&delivery, DELIVERY_EV_STOP);
    step = round_of_nothing(&delivery, COUNT, 99);
    check_told(&step, ONE(ORDER_EV_CREDIT_FAILED));
}

TEST_MAIN()
