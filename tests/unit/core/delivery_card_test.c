/* SPDX-License-Identifier: Apache-2.0 */
/* The machine of card deliveries: every stage with every event, then the roads that matter. */
#include "core/delivery/delivery.h"
#include "tests/unit/test.h"

enum { AMOUNT = 10000, STAGES = 4 };

/* The stages that a card's delivery has. */
static const enum delivery_stage STAGE[STAGES] = {DELIVERY_READY, DELIVERY_ASSIGNED,
                                                  DELIVERY_DELIVERED, DELIVERY_VOID};

static struct delivery_step tick(struct delivery *delivery, enum delivery_event_kind kind)
{
    const struct delivery_event event = {.kind = kind, .use = {.energy_step = 1}};
    struct delivery_step step = {0};
    *delivery = delivery_apply(delivery, &event, &step);
    return step;
}

static struct delivery reach(enum delivery_stage stage)
{
    struct delivery delivery = delivery_create(DELIVERY_CARD_TOKEN, money_fen(AMOUNT));
    if (stage == DELIVERY_VOID) {
        (void)tick(&delivery, DELIVERY_EV_STOP);
    }
    if (stage == DELIVERY_ASSIGNED || stage == DELIVERY_DELIVERED) {
        (void)tick(&delivery, DELIVERY_EV_ASSIGN);
    }
    if (stage == DELIVERY_DELIVERED) {
        (void)tick(&delivery, DELIVERY_EV_WRITTEN);
    }
    return delivery;
}

static bool told(const struct delivery_step *step, enum order_event_kind event)
{
    return step->order_event_count == 1 && step->order_events[0] == event;
}

TEST(every_stage_with_every_event)
{
    static const enum delivery_stage TO[DELIVERY_EV_KIND_COUNT][STAGES] = {
        [DELIVERY_EV_POST] = {0, 1, 5, 6},         [DELIVERY_EV_ASSIGN] = {1, 1, 5, 6},
        [DELIVERY_EV_DISPATCH] = {0, 1, 5, 6},     [DELIVERY_EV_REPLY] = {0, 1, 5, 6},
        [DELIVERY_EV_SILENCE] = {0, 1, 5, 6},      [DELIVERY_EV_READING] = {0, 1, 5, 6},
        [DELIVERY_EV_VOIDED] = {0, 1, 5, 6},       [DELIVERY_EV_OFF_BUS] = {0, 1, 5, 6},
        [DELIVERY_EV_QUIET] = {0, 1, 5, 6},        [DELIVERY_EV_DEADLINE] = {6, 1, 5, 6},
        [DELIVERY_EV_STOP] = {6, 1, 5, 6},         [DELIVERY_EV_CRASH] = {0, 1, 5, 6},
        [DELIVERY_EV_SETTLED_DONE] = {0, 5, 5, 6}, [DELIVERY_EV_SETTLED_BACK] = {0, 6, 5, 6},
        [DELIVERY_EV_WRITTEN] = {0, 5, 5, 6},      [DELIVERY_EV_REVERSED] = {0, 6, 5, 6},
    };
    for (int e = 0; e < DELIVERY_EV_KIND_COUNT; e++) {
        for (size_t s = 0; s < STAGES; s++) {
            struct delivery delivery = reach(STAGE[s]);
            CHECK_EQ_I64(delivery.stage, STAGE[s]);
            (void)tick(&delivery, (enum delivery_event_kind)e);
            CHECK(delivery_is_sound(&delivery));
            if (delivery.stage != TO[e][s]) {
                TEST_FAIL("%s + %s gives %s", delivery_stage_name(STAGE[s]),
                          delivery_event_name((enum delivery_event_kind)e),
                          delivery_stage_name(delivery.stage));
            }
        }
    }
}

TEST(the_end_is_the_end)
{
    for (size_t s = 2; s < STAGES; s++) {
        for (int e = 0; e < DELIVERY_EV_KIND_COUNT; e++) {
            struct delivery delivery = reach(STAGE[s]);
            const struct delivery_step step = tick(&delivery, (enum delivery_event_kind)e);
            CHECK(!step.changed);
            CHECK_EQ_U64(step.order_event_count, 0);
            CHECK_EQ_U64(step.intents, 0);
        }
    }
}

TEST(issued_and_written)
{
    struct delivery delivery = reach(DELIVERY_READY);
    struct delivery_step step = tick(&delivery, DELIVERY_EV_ASSIGN);
    CHECK(told(&step, ORDER_EV_CREDIT_START));
    CHECK_EQ_U64(step.intents, 0); /* nothing is sent: the terminal has the card */
    step = tick(&delivery, DELIVERY_EV_ASSIGN);
    CHECK(!step.changed);
    step = tick(&delivery, DELIVERY_EV_WRITTEN);
    CHECK(told(&step, ORDER_EV_READBACK_CREDITED));
}

TEST(never_issued_goes_back_after_a_day)
{
    struct delivery delivery = reach(DELIVERY_READY);
    const struct delivery_step step = tick(&delivery, DELIVERY_EV_DEADLINE);
    CHECK_EQ_U64(step.order_event_count, 2);
    CHECK_EQ_I64(step.order_events[0], ORDER_EV_CREDIT_START);
    CHECK_EQ_I64(step.order_events[1], ORDER_EV_CREDIT_FAILED);
}

/* Whatever is told: as long as the token is out, only the meter or two persons give money back. */
TEST(an_issued_token_never_goes_back_by_itself)
{
    for (int first = 0; first < DELIVERY_EV_KIND_COUNT; first++) {
        for (int second = 0; second < DELIVERY_EV_KIND_COUNT; second++) {
            struct delivery delivery = reach(DELIVERY_ASSIGNED);
            const struct delivery_step one = tick(&delivery, (enum delivery_event_kind)first);
            const struct delivery_step two = tick(&delivery, (enum delivery_event_kind)second);
            const bool meter = first == DELIVERY_EV_REVERSED || second == DELIVERY_EV_REVERSED;
            CHECK(meter || !told(&one, ORDER_EV_CREDIT_FAILED));
            CHECK(meter || !told(&two, ORDER_EV_CREDIT_FAILED));
        }
    }
}

TEST(after_thirty_days_a_person_and_the_card_may_still_come)
{
    struct delivery delivery = reach(DELIVERY_ASSIGNED);
    struct delivery_step step = tick(&delivery, DELIVERY_EV_DEADLINE);
    CHECK(told(&step, ORDER_EV_CREDIT_DEADLINE));
    step = tick(&delivery, DELIVERY_EV_DEADLINE);
    CHECK_EQ_U64(step.order_event_count, 0); /* said once */
    step = tick(&delivery, DELIVERY_EV_STOP);
    CHECK(!step.changed);
    step = tick(&delivery, DELIVERY_EV_WRITTEN);
    CHECK(told(&step, ORDER_EV_READBACK_CREDITED));
}

TEST(the_meter_took_the_value_back)
{
    struct delivery delivery = reach(DELIVERY_ASSIGNED);
    const struct delivery_step step = tick(&delivery, DELIVERY_EV_REVERSED);
    CHECK(told(&step, ORDER_EV_CREDIT_FAILED));
}

TEST(two_persons_say_nothing_to_the_order)
{
    static const enum delivery_event_kind SETTLED[] = {DELIVERY_EV_SETTLED_DONE,
                                                       DELIVERY_EV_SETTLED_BACK};
    for (size_t i = 0; i < ARRAY_COUNT(SETTLED); i++) {
        struct delivery delivery = reach(DELIVERY_ASSIGNED);
        (void)tick(&delivery, DELIVERY_EV_DEADLINE);
        const struct delivery_step step = tick(&delivery, SETTLED[i]);
        CHECK(step.changed);
        CHECK_EQ_U64(step.order_event_count, 0);
    }
}

TEST(unsound_deliveries_are_seen)
{
    struct delivery delivery = reach(DELIVERY_ASSIGNED);
    delivery.stopped = true; /* in review, and still to be written */
    CHECK(delivery_is_sound(&delivery));
    delivery.stage = DELIVERY_SENT;
    CHECK(!delivery_is_sound(&delivery));
    delivery = reach(DELIVERY_DELIVERED);
    delivery.sends = 1;
    CHECK(!delivery_is_sound(&delivery));
    delivery = reach(DELIVERY_READY);
    delivery.stopped = true;
    CHECK(!delivery_is_sound(&delivery));
}

TEST_MAIN()
