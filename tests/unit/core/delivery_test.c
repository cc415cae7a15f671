/* SPDX-License-Identifier: Apache-2.0 */
/* The machine of deliveries: every stage with every event, then the roads that matter. */
#include "tests/unit/core/delivery_steps.h"

TEST(stages_are_reached)
{
    for (int s = 0; s < DELIVERY_STAGE_COUNT; s++) {
        struct delivery delivery = reach((enum delivery_stage)s);
        CHECK_EQ_I64(delivery.stage, s);
        CHECK(delivery_is_sound(&delivery));
    }
}

/* Where each event leads from each stage; the reading and the reply say "still n". */
TEST(every_stage_with_every_event)
{
    static const enum delivery_stage TO[DELIVERY_EV_KIND_COUNT][DELIVERY_STAGE_COUNT] = {
        [DELIVERY_EV_POST] = {0, 1, 2, 3, 4, 5, 6},
        [DELIVERY_EV_ASSIGN] = {1, 1, 2, 3, 4, 5, 6},
        [DELIVERY_EV_DISPATCH] = {0, 2, 2, 3, 4, 5, 6},
        [DELIVERY_EV_REPLY] = {0, 1, 4, 4, 4, 5, 6},
        [DELIVERY_EV_SILENCE] = {0, 1, 3, 3, 4, 5, 6},
        [DELIVERY_EV_READING] = {0, 1, 2, 4, 4, 5, 6},
        [DELIVERY_EV_VOIDED] = {0, 1, 2, 3, 4, 5, 6},
        [DELIVERY_EV_QUIET] = {0, 1, 2, 3, 4, 5, 6},
        [DELIVERY_EV_OFF_BUS] = {0, 1, 2, 3, 4, 5, 6},
        [DELIVERY_EV_DEADLINE] = {6, 6, 4, 4, 4, 5, 6},
        [DELIVERY_EV_STOP] = {6, 6, 2, 3, 4, 5, 6},
        [DELIVERY_EV_SETTLED_DONE] = {0, 1, 5, 5, 5, 5, 6},
        [DELIVERY_EV_SETTLED_BACK] = {0, 1, 6, 6, 6, 5, 6},
        [DELIVERY_EV_CRASH] = {0, 1, 3, 3, 4, 5, 6},
        [DELIVERY_EV_WRITTEN] = {0, 1, 2, 3, 4, 5, 6},
        [DELIVERY_EV_REVERSED] = {0, 1, 2, 3, 4, 5, 6},
    };
    for (int e = 0; e < DELIVERY_EV_KIND_COUNT; e++) {
        for (int s = 0; s < DELIVERY_STAGE_COUNT; s++) {
            struct delivery delivery = reach((enum delivery_stage)s);
            struct delivery_event event = make((enum delivery_event_kind)e);
            event.has_reading = true;
            event.reading = meter(COUNT, 99);
            (void)feed(&delivery, event);
            if (delivery.stage != TO[e][s]) {
                TEST_FAIL("%s + %s gives %s", delivery_stage_name((enum delivery_stage)s),
                          delivery_event_name((enum delivery_event_kind)e),
                          delivery_stage_name(delivery.stage));
            }
        }
    }
}

TEST(the_end_is_the_end)
{
    static const enum delivery_stage ENDS[] = {DELIVERY_DELIVERED, DELIVERY_VOID};
    for (size_t i = 0; i < ARRAY_COUNT(ENDS); i++) {
        for (int e = 0; e < DELIVERY_EV_KIND_COUNT; e++) {
            struct delivery delivery = reach(ENDS[i]);
            struct delivery_event event = make((enum delivery_event_kind)e);
            event.reading = meter(COUNT + 1, AMOUNT);
            event.has_reading = true;
            struct delivery_step step = feed(&delivery, event);
            CHECK(!step.changed);
            check_told(&step, NONE);
            CHECK_EQ_U64(step.intents, 0);
        }
    }
}

TEST(a_cloud_balance_is_delivered_by_its_posting)
{
    struct delivery delivery = delivery_create(DELIVERY_CLOUD_BALANCE, money_fen(AMOUNT));
    CHECK_EQ_U64(tick(&delivery, DELIVERY_EV_CRASH).intents, DELIVERY_DO_POST);
    struct delivery_event event = make(DELIVERY_EV_ASSIGN);
    event.reading = meter(COUNT, 99);
    CHECK(!feed(&delivery, event).changed);
    struct delivery_step step = tick(&delivery, DELIVERY_EV_POST);
    CHECK_EQ_I64(delivery.stage, DELIVERY_DELIVERED);
    check_told(&step, 2, ORDER_EV_CREDIT_START, ORDER_EV_CREDIT_OK);
    struct delivery device = reach(DELIVERY_READY);
    CHECK(!tick(&device, DELIVERY_EV_POST).changed);
}

TEST(the_good_way)
{
    struct delivery delivery = reach(DELIVERY_READY);
    struct delivery_step step = assign(&delivery);
    check_told(&step, ONE(ORDER_EV_CREDIT_START));
    CHECK_EQ_U64(step.intents, DELIVERY_DO_DISPATCH);
    step = tick(&delivery, DELIVERY_EV_DISPATCH);
    check_told(&step, NONE);
    CHECK_EQ_U64(delivery.sends, 1);
    step = feed(&delivery, reply(DELIVERY_ANSWER_SUCCESS, COUNT + 1, AMOUNT));
    check_told(&step, ONE(ORDER_EV_CREDIT_OK));
    CHECK_EQ_I64(delivery.stage, DELIVERY_DELIVERED);
    CHECK_EQ_U64(step.intents, DELIVERY_DO_FREE);
}

TEST(the_meter_must_show_its_count_before)
{
    struct delivery delivery = reach(DELIVERY_READY);
    struct delivery_step step = tick(&delivery, DELIVERY_EV_ASSIGN);
    CHECK(!step.changed);
    struct delivery number = delivery_create(DELIVERY_ORDER_NUMBER, money_fen(AMOUNT));
    step = tick(&number, DELIVERY_EV_ASSIGN);
    CHECK_EQ_I64(number.stage, DELIVERY_ASSIGNED);
}

TEST(a_refusal_that_was_executed_is_still_a_credit)
{
    struct delivery delivery = reach(DELIVERY_SENT);
    struct delivery_step step = feed(&delivery, reply(DELIVERY_ANSWER_NEVER, COUNT + 1, AMOUNT));
    check_told(&step, ONE(ORDER_EV_READBACK_CREDITED));
    CHECK_EQ_I64(delivery.stage, DELIVERY_DELIVERED);
}

TEST(success_without_proof_is_unknown)
{
    struct delivery delivery = reach(DELIVERY_SENT);
    struct delivery_event event = make(DELIVERY_EV_REPLY);
    event.answer = DELIVERY_ANSWER_SUCCESS;
    struct delivery_step step = feed(&delivery, event);
    check_told(&step, ONE(ORDER_EV_CREDIT_UNKNOWN));
    CHECK_EQ_I64(delivery.stage, DELIVERY_UNKNOWN);
    CHECK_EQ_U64(step.intents, DELIVERY_DO_READ);
    step = feed(&delivery, unreadable(false));
    CHECK_EQ_U64(step.intents, DELIVERY_DO_READ);
    step = feed(&delivery, reading(COUNT + 1, AMOUNT, false));
    check_told(&step, ONE(ORDER_EV_READBACK_CREDITED));
}

TEST(what_an_event_proves_can_be_asked)
{
    struct delivery delivery = reach(DELIVERY_SENT);
    struct delivery_event event = reply(DELIVERY_ANSWER_SUCCESS, COUNT + 1, AMOUNT);
    CHECK_EQ_I64(delivery_judge(&delivery, &event), VERDICT_OURS);
    event = reply(DELIVERY_ANSWER_REFUSED, COUNT, 99);
    CHECK_EQ_I64(delivery_judge(&delivery, &event), VERDICT_NOT_DONE);
    event.has_reading = false;
    CHECK_EQ_I64(delivery_judge(&delivery, &event), VERDICT_UNREADABLE);
    event = reading(COUNT + 1, 12345, false);
    CHECK_EQ_I64(delivery_judge(&delivery, &event), VERDICT_BEATEN);
}

TEST(a_lasting_refusal_is_not_repeated)
{
    struct delivery delivery = reach(DELIVERY_SENT);
    struct delivery_step step = feed(&delivery, reply(DELIVERY_ANSWER_NEVER, COUNT, 99));
    CHECK_EQ_I64(delivery.stage, DELIVERY_FENCING);
    check_told(&step, ONE(ORDER_EV_CREDIT_UNKNOWN));
    (void)tick(&delivery, DELIVERY_EV_VOIDED);
    (void)tick(&delivery, DELIVERY_EV_QUIET);
    step = feed(&delivery, reading(COUNT, 99, true));
    check_told(&step, ONE(ORDER_EV_CREDIT_FAILED));
}

TEST(a_passing_refusal_is_repeated)
{
    struct delivery delivery = reach(DELIVERY_SENT);
    (void)feed(&delivery, reply(DELIVERY_ANSWER_REFUSED, COUNT, 99));
    (void)tick(&delivery, DELIVERY_EV_VOIDED);
    (void)tick(&delivery, DELIVERY_EV_QUIET);
    (void)feed(&delivery, reading(COUNT, 99, true));
    CHECK_EQ_I64(delivery.stage, DELIVERY_ASSIGNED);
}

TEST(what_the_meter_cannot_prove_goes_to_people)
{
    struct delivery delivery = reach(DELIVERY_UNKNOWN);
    (void)feed(&delivery, reading(COUNT + 2, AMOUNT, false));
    CHECK_EQ_I64(delivery.stage, DELIVERY_FENCING);
    (void)tick(&delivery, DELIVERY_EV_VOIDED);
    (void)tick(&delivery, DELIVERY_EV_QUIET);
    struct delivery_step step = feed(&delivery, reading(COUNT + 2, AMOUNT, true));
    check_told(&step, ONE(ORDER_EV_CREDIT_DEADLINE));
    CHECK_EQ_I64(delivery.stage, DELIVERY_FENCING);
    CHECK_EQ_U64(step.intents, DELIVERY_DO_READ_FENCED);
    step = feed(&delivery, reading(COUNT + 2, AMOUNT, true));
    check_told(&step, NONE);
    CHECK_EQ_U64(step.intents, DELIVERY_DO_READ_FENCED);
    /* A better reading still settles it, and it is never sent again. */
    struct delivery credited = delivery;
    step = feed(&credited, reading(COUNT + 1, AMOUNT, false));
    check_told(&step, ONE(ORDER_EV_READBACK_CREDITED));
    step = feed(&delivery, reading(COUNT, 99, true));
    check_told(&step, ONE(ORDER_EV_CREDIT_FAILED));
    CHECK_EQ_I64(delivery.stage, DELIVERY_VOID);
}

TEST(twenty_four_hours)
{
    struct delivery delivery = reach(DELIVERY_READY);
    struct delivery_step step = tick(&delivery, DELIVERY_EV_DEADLINE);
    check_told(&step, 2, ORDER_EV_CREDIT_START, ORDER_EV_CREDIT_FAILED);
    delivery = reach(DELIVERY_ASSIGNED);
    step = tick(&delivery, DELIVERY_EV_DEADLINE);
    check_told(&step, ONE(ORDER_EV_CREDIT_FAILED));
    delivery = reach(DELIVERY_SENT);
    step = tick(&delivery, DELIVERY_EV_DEADLINE);
    check_told(&step, 2, ORDER_EV_CREDIT_UNKNOWN, ORDER_EV_CREDIT_DEADLINE);
    CHECK_EQ_U64(step.intents, DELIVERY_DO_VOID);
    delivery = reach(DELIVERY_UNKNOWN);
    step = tick(&delivery, DELIVERY_EV_DEADLINE);
    check_told(&step, ONE(ORDER_EV_CREDIT_DEADLINE));
    CHECK_EQ_U64(step.intents, DELIVERY_DO_VOID);
    step = tick(&delivery, DELIVERY_EV_DEADLINE);
    check_told(&step, NONE);
    CHECK_EQ_U64(step.intents, 0); /* the fence is on its way */
}

TEST(persons_end_what_no_device_can)
{
    static const enum delivery_stage OPEN[] = {DELIVERY_SENT, DELIVERY_UNKNOWN, DELIVERY_FENCING};
    for (size_t i = 0; i < ARRAY_COUNT(OPEN); i++) {
        struct delivery delivery = reach(OPEN[i]);
        struct delivery_step step = tick(&delivery, DELIVERY_EV_SETTLED_DONE);
        check_told(&step, NONE); /* the order has its own event */
        CHECK_EQ_I64(delivery.stage, DELIVERY_DELIVERED);
        CHECK_EQ_U64(step.intents, DELIVERY_DO_FREE);
        delivery = reach(OPEN[i]);
        step = tick(&delivery, DELIVERY_EV_SETTLED_BACK);
        check_told(&step, NONE);
        CHECK_EQ_I64(delivery.stage, DELIVERY_VOID);
        CHECK_EQ_U64(step.intents, DELIVERY_DO_FREE);
    }
}

TEST(a_restart_takes_up_the_work_of_each_stage)
{
    struct delivery delivery = reach(DELIVERY_READY);
    CHECK_EQ_U64(tick(&delivery, DELIVERY_EV_CRASH).intents, DELIVERY_DO_ASSIGN);
    delivery = reach(DELIVERY_ASSIGNED);
    CHECK_EQ_U64(tick(&delivery, DELIVERY_EV_CRASH).intents, DELIVERY_DO_DISPATCH);
    delivery = reach(DELIVERY_SENT);
    CHECK_EQ_U64(tick(&delivery, DELIVERY_EV_CRASH).intents, DELIVERY_DO_READ);
    CHECK_EQ_I64(delivery.stage, DELIVERY_UNKNOWN);
    CHECK_EQ_U64(tick(&delivery, DELIVERY_EV_CRASH).intents, DELIVERY_DO_READ);
    delivery = reach(DELIVERY_FENCING);
    CHECK_EQ_U64(tick(&delivery, DELIVERY_EV_CRASH).intents, DELIVERY_DO_VOID);
    (void)tick(&delivery, DELIVERY_EV_VOIDED);
    CHECK_EQ_U64(tick(&delivery, DELIVERY_EV_CRASH).intents, DELIVERY_DO_WAIT_QUIET);
    (void)tick(&delivery, DELIVERY_EV_QUIET);
    CHECK_EQ_U64(tick(&delivery, DELIVERY_EV_CRASH).intents, DELIVERY_DO_READ_FENCED);
    delivery = reach(DELIVERY_DELIVERED);
    CHECK_EQ_U64(tick(&delivery, DELIVERY_EV_CRASH).intents, 0);
}

TEST(an_order_number_meter_is_judged_by_money)
{
    struct delivery delivery = delivery_create(DELIVERY_ORDER_NUMBER, money_fen(AMOUNT));
    struct delivery_event event = make(DELIVERY_EV_ASSIGN);
    event.reading = (struct delivery_reading){
        .has_balance = true, .balance = {1000}, .has_energy = true, .energy_centi_kwh = 5};
    (void)feed(&delivery, event);
    (void)tick(&delivery, DELIVERY_EV_DISPATCH);
    (void)tick(&delivery, DELIVERY_EV_SILENCE);
    event.kind = DELIVERY_EV_READING;
    event.reading.balance = money_fen(1500);
    struct delivery_step step = feed(&delivery, event);
    check_told(&step, ONE(ORDER_EV_READBACK_CREDITED));
}

TEST(words_of_the_delivery)
{
    for (int s = 0; s < DELIVERY_STAGE_COUNT; s++) {
        enum delivery_stage stage = DELIVERY_STAGE_COUNT;
        CHECK(delivery_stage_parse(delivery_stage_name((enum delivery_stage)s), &stage));
        CHECK_EQ_I64(stage, s);
    }
    for (int k = 0; k < DELIVERY_KIND_COUNT; k++) {
        enum delivery_kind kind = DELIVERY_KIND_COUNT;
        CHECK(delivery_kind_parse(delivery_kind_name((enum delivery_kind)k), &kind));
        CHECK_EQ_I64(kind, k);
    }
    for (int e = 0; e < DELIVERY_EV_KIND_COUNT; e++) {
        CHECK(strlen(delivery_event_name((enum delivery_event_kind)e)) > 3);
    }
    enum delivery_stage stage = DELIVERY_READY;
    enum delivery_kind kind = DELIVERY_CLOUD_BALANCE;
    CHECK(!delivery_stage_parse("ready", &stage));
    CHECK(!delivery_kind_parse("CLOUD", &kind));
    CHECK_EQ_STR(delivery_stage_word(DELIVERY_FENCING), "sent");
    CHECK_EQ_STR(delivery_stage_word(DELIVERY_ASSIGNED), "nothing_sent");
    CHECK_EQ_I64(delivery_credit_account(DELIVERY_CLOUD_BALANCE), LEDGER_CUST);
    CHECK_EQ_I64(delivery_credit_account(DELIVERY_ORDER_NUMBER), LEDGER_METER);
    CHECK_EQ_I64(delivery_credit_account(DELIVERY_CARD_TOKEN), LEDGER_CARD);
    CHECK(delivery_blocks_meter(DELIVERY_FENCING) && !delivery_blocks_meter(DELIVERY_SENT));
    CHECK(delivery_is_live(DELIVERY_SENT) && !delivery_is_live(DELIVERY_READY));
}

TEST(unsound_deliveries_are_seen)
{
    struct delivery delivery = reach(DELIVERY_SENT);
    delivery.sends = 4;
    CHECK(!delivery_is_sound(&delivery));
    delivery = reach(DELIVERY_SENT);
    delivery.not_done = 1;
    CHECK(!delivery_is_sound(&delivery));
    delivery = reach(DELIVERY_SENT);
    delivery.before.has_count = false;
    CHECK(!delivery_is_sound(&delivery));
    delivery = reach(DELIVERY_SENT);
    delivery.kind = DELIVERY_CLOUD_BALANCE;
    CHECK(!delivery_is_sound(&delivery));
    delivery = reach(DELIVERY_ASSIGNED);
    delivery.stopped = true;
    CHECK(!delivery_is_sound(&delivery));
    delivery = reach(DELIVERY_FENCING);
    delivery.quiet = true;
    CHECK(!delivery_is_sound(&delivery));
    delivery = reach(DELIVERY_READY);
    delivery.sends = 1;
    delivery.not_done = 1;
    CHECK(!delivery_is_sound(&delivery));
    delivery = reach(DELIVERY_READY);
    delivery.amount = money_fen(0);
    CHECK(!delivery_is_sound(&delivery));
    delivery.kind = DELIVERY_KIND_COUNT;
    CHECK(!delivery_is_sound(&delivery));
}

TEST_MAIN()
