/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Deliveries to meters that keep their own balance, under every way in which a collector or a
 * meter can fail. In the end the meter's own record, the order and the books must say the same.
 */
#include "common/str.h"
#include "tests/unit/cloud_orders/rig.h"
#include "tests/unit/test.h"

enum { COUNT_ROOM = 2, ORDER_ROOM = 3 };

static const struct {
    int room;
    const char *address;
} DEVICES[] = {{COUNT_ROOM, COUNT_ADDRESS}, {ORDER_ROOM, ORDER_ADDRESS}};

/* Pay under a fault; the order must end in @p state with @p credits in the meter. */
static bool ends(struct rig *rig, size_t device, enum double_fault fault, int times,
                 const char *state, int credits)
{
    char no[33];
    const char *address = DEVICES[device].address;
    const int before = double_gateway_meter(address).credits;
    double_gateway_fault(address, fault, times);
    bool good = rig_pay(rig, DEVICES[device].room, FEN, state, no);
    const int done = double_gateway_meter(address).credits - before;
    if (done != credits) {
        (void)printf("# %s executed %d times, not %d\n", address, done, credits);
        good = false;
    }
    const int64_t refunded = double_pay_trade(no).refunded_fen;
    if (refunded != (credits == 1 ? 0 : FEN) || double_pay_trade(no).refund_numbers > 1) {
        (void)printf("# refunded %lld\n", (long long)refunded);
        good = false;
    }
    return good && rig_books_are_clean(rig);
}

TEST(both_kinds_without_trouble)
{
    for (size_t i = 0; i < ARRAY_COUNT(DEVICES); i++) {
        struct rig rig;
        rig_begin(&rig);
        CHECK(ends(&rig, i, FAULT_NONE, 0, "DONE", 1));
        CHECK_EQ_I64(double_gateway_meter(DEVICES[i].address).credited_fen, FEN);
        CHECK_EQ_I64(rig_number(&rig, "SELECT fen FROM account_sum WHERE account = 'METER'", NULL),
                     -FEN);
        CHECK_EQ_I64(rig_number(&rig, "SELECT state = 'posted' FROM reservation", NULL), 1);
        CHECK_EQ_I64(rig_number(&rig, "SELECT balance_after_fen FROM pay_order", NULL), 6000);
        CHECK(double_gateway_confirmed() >= 1);
        rig_end(&rig);
    }
}

TEST(the_reply_is_lost_after_it_was_carried_out)
{
    for (size_t i = 0; i < ARRAY_COUNT(DEVICES); i++) {
        struct rig rig;
        rig_begin(&rig);
        CHECK(ends(&rig, i, FAULT_LOST_REPLY, 1, "DONE", 1));
        CHECK_EQ_I64(double_gateway_meter(DEVICES[i].address).frames, 1); /* never sent again */
        rig_end(&rig);
    }
}

TEST(the_request_is_lost_and_goes_again_behind_the_fence)
{
    for (size_t i = 0; i < ARRAY_COUNT(DEVICES); i++) {
        struct rig rig;
        rig_begin(&rig);
        CHECK(ends(&rig, i, FAULT_LOST_REQUEST, 1, "DONE", 1));
        CHECK_EQ_I64(
            rig_number(&rig, "SELECT count(*) FROM device_command WHERE op = 'void'", NULL), 1);
        CHECK_EQ_I64(
            rig_number(&rig, "SELECT count(*) FROM device_command WHERE op = 'credit'", NULL), 2);
        rig_end(&rig);
    }
}

TEST(three_lost_requests_are_refunded)
{
    for (size_t i = 0; i < ARRAY_COUNT(DEVICES); i++) {
        struct rig rig;
        rig_timers()->command_ms = 100;
        rig_begin(&rig);
        CHECK(ends(&rig, i, FAULT_LOST_REQUEST, 3, "REFUNDED", 0));
        CHECK_EQ_I64(rig_number(&rig, "SELECT sends FROM delivery", NULL), 3);
        CHECK_EQ_I64(rig_number(&rig, "SELECT state = 'void' FROM reservation", NULL), 1);
        /* The count is free again: the next payment may use it. */
        CHECK(ends(&rig, i, FAULT_NONE, 0, "DONE", 1));
        rig_end(&rig);
    }
}

/* A frame that was proven dead and worked all the same: the only sign of a fence that leaks. */
TEST(a_success_behind_the_fence_is_an_alarm)
{
    static const char *const COMMANDS[] = {
        "SELECT command_id FROM device_command WHERE op = 'credit'"
        " AND command_id <> (SELECT command_id FROM delivery) LIMIT 1",
        "SELECT command_id FROM delivery",
    };
    for (size_t i = 0; i < ARRAY_COUNT(COMMANDS); i++) {
        struct rig rig;
        char id[ID_TEXT_SIZE];
        rig_timers()->command_ms = 100;
        rig_begin(&rig);
        CHECK(ends(&rig, 0, FAULT_LOST_REQUEST, 3, "REFUNDED", 0));
        rig_text(&rig, COMMANDS[i], NULL, id, sizeof(id));
        double_gateway_late_success(COUNT_ADDRESS, id, FEN);
        CHECK(rig_until_number(&rig, "SELECT count(*) FROM alarm WHERE kind = 'fence_broken'", NULL,
                               1));
        CHECK_EQ_I64(rig_number(&rig,
                                "SELECT count(*) FROM delivery_event WHERE event = 'reply'"
                                " AND from_stage = 'VOID'",
                                NULL),
                     (int64_t)i); /* told to the delivery if it is the present command's */
        CHECK(rig_books_are_clean(&rig));
        rig_end(&rig);
    }
}

TEST(a_lasting_refusal_is_refunded_after_one_try)
{
    struct rig rig;
    rig_begin(&rig);
    CHECK(ends(&rig, 0, FAULT_REFUSE, 1, "REFUNDED", 0));
    CHECK_EQ_I64(double_gateway_meter(COUNT_ADDRESS).frames, 1);
    rig_end(&rig);
}

TEST(a_collector_that_says_nothing)
{
    for (size_t i = 0; i < ARRAY_COUNT(DEVICES); i++) {
        struct rig rig;
        rig_begin(&rig);
        CHECK(ends(&rig, i, FAULT_SILENCE, 1, "DONE", 1));
        rig_end(&rig);
    }
}

TEST(a_command_that_was_never_begun_goes_again)
{
    struct rig rig;
    rig_begin(&rig);
    CHECK(ends(&rig, 0, FAULT_EXPIRED, 1, "DONE", 1));
    CHECK_EQ_I64(rig_number(&rig, "SELECT sends FROM delivery", NULL), 1);
    rig_end(&rig);
}

TEST(a_copy_of_the_collector_cannot_say_that_nothing_was_sent)
{
    for (size_t i = 0; i < ARRAY_COUNT(DEVICES); i++) {
        struct rig rig;
        rig_timers()->command_ms = 100;
        rig_begin(&rig);
        CHECK(ends(&rig, i, FAULT_COPY, 1, "DONE", 1));
        CHECK_EQ_I64(double_gateway_meter(DEVICES[i].address).frames, 1); /* never sent again */
        rig_end(&rig);
    }
}

TEST(a_full_journal_does_not_vouch_that_nothing_was_sent)
{
    for (size_t i = 0; i < ARRAY_COUNT(DEVICES); i++) {
        struct rig rig;
        rig_begin(&rig);
        CHECK(ends(&rig, i, FAULT_JOURNAL, 1, "DONE", 1));
        rig_end(&rig);
    }
}

TEST(beaten_by_another_seller)
{
    struct rig rig;
    char no[33];
    rig_begin(&rig);
    double_gateway_fault(COUNT_ADDRESS, FAULT_LOST_REQUEST, 1);
    rig_timers();
    rig_create(COUNT_ROOM, FEN, no);
    CHECK(rig_until(&rig, no, "WAIT_PAY"));
    double_gateway_kill(COUNT_ADDRESS, false);
    double_pay_settle(no, 0);
    CHECK(rig_until_number(
        &rig, "SELECT count(*) FROM device_command WHERE op = 'credit' AND reply IS NOT NULL", NULL,
        1));
    double_gateway_sell(COUNT_ADDRESS, 12345);
    CHECK(rig_until(&rig, no, "REFUNDED"));
    CHECK_EQ_I64(double_gateway_meter(COUNT_ADDRESS).credits, 0);
    CHECK(rig_books_are_clean(&rig));
    rig_end(&rig);
}

/* 24 hours from the payment, however often the command was handed out in vain. */
TEST(nothing_sent_keeps_the_deadline_of_the_payment)
{
    struct rig rig;
    char no[33];
    rig_timers()->assign = (struct timers_row){2, {0, 100000}};
    rig_begin(&rig);
    rig_sleep_ms(20); /* so that a deadline from the send would be another one */
    double_gateway_fault(COUNT_ADDRESS, FAULT_EXPIRED, 1000);
    CHECK(rig_pay(&rig, COUNT_ROOM, FEN, "CREDITING", no));
    CHECK(rig_until_number(&rig,
                           "SELECT stage = 'ASSIGNED' AND sends = 0 AND command_id <> ''"
                           " FROM delivery",
                           NULL, 1));
    CHECK_EQ_I64(rig_number(&rig, "SELECT first_sent_ms IS NULL FROM delivery", NULL), 1);
    CHECK_EQ_I64(rig_number(&rig,
                            "SELECT j.due_ms - d.created_ms FROM job j JOIN delivery d"
                            " ON d.order_no = j.key WHERE j.kind = 'deliver_end'",
                            NULL),
                 rig_timers()->delivery_ms);
    rig_end(&rig);
}

/* A meter that is authenticated anew with every try must not be asked every 5 seconds for a day. */
TEST(what_comes_to_nothing_is_repeated_ever_later)
{
    struct rig rig;
    char no[33];
    rig_timers()->assign = (struct timers_row){4, {0, 20, 40, 100000}};
    rig_begin(&rig);
    double_gateway_fault(COUNT_ADDRESS, FAULT_EXPIRED, 1000);
    CHECK(rig_pay(&rig, COUNT_ROOM, FEN, "CREDITING", no));
    CHECK(rig_until_number(&rig,
                           "SELECT j.due_ms - d.created_ms > 50000 FROM job j JOIN delivery d"
                           " ON d.order_no = j.key WHERE j.kind = 'deliver'"
                           " AND d.stage = 'ASSIGNED'",
                           NULL, 1));
    CHECK_EQ_I64(rig_number(&rig, "SELECT count(*) FROM device_command WHERE op = 'credit'", NULL),
                 3);
    rig_end(&rig);
}

TEST(another_seller_sold_our_very_amount_before_the_send)
{
    for (size_t i = 0; i < ARRAY_COUNT(DEVICES); i++) {
        struct rig rig;
        rig_begin(&rig);
        CHECK(ends(&rig, i, FAULT_SOLD, 1, "REFUNDED", 0));
        CHECK_EQ_I64(double_gateway_meter(DEVICES[i].address).frames, 0);
        rig_end(&rig);
    }
}

TEST(a_dead_meter_holds_nobodys_money)
{
    struct rig rig;
    char no[33];
    rig_timers()->delivery_ms = 400;
    rig_begin(&rig);
    double_gateway_kill(COUNT_ADDRESS, true);
    rig_create(COUNT_ROOM, FEN, no);
    CHECK(rig_until(&rig, no, "WAIT_PAY"));
    double_pay_settle(no, 0);
    CHECK(rig_until(&rig, no, "REFUNDED"));
    CHECK_EQ_I64(rig_number(&rig, "SELECT sends FROM delivery", NULL), 0);
    CHECK(rig_books_are_clean(&rig));
    rig_end(&rig);
}

TEST(a_meter_that_comes_back)
{
    struct rig rig;
    char no[33];
    rig_begin(&rig);
    double_gateway_kill(COUNT_ADDRESS, true);
    rig_create(COUNT_ROOM, FEN, no);
    CHECK(rig_until(&rig, no, "WAIT_PAY"));
    double_pay_settle(no, 0);
    CHECK(rig_until(&rig, no, "PAID"));
    double_gateway_online(false);
    rig_sleep_ms(100);
    double_gateway_kill(COUNT_ADDRESS, false);
    double_gateway_online(true);
    CHECK(rig_until(&rig, no, "DONE"));
    rig_end(&rig);
}

TEST(two_payments_for_one_meter_go_one_after_the_other)
{
    for (size_t i = 0; i < ARRAY_COUNT(DEVICES); i++) {
        struct rig rig;
        char first[33];
        char second[33];
        rig_begin(&rig);
        double_gateway_fault(DEVICES[i].address, FAULT_LOST_REPLY, 1);
        rig_create(DEVICES[i].room, FEN, first);
        rig_create(DEVICES[i].room, 6000, second);
        CHECK(rig_until(&rig, first, "WAIT_PAY"));
        CHECK(rig_until(&rig, second, "WAIT_PAY"));
        double_pay_settle(first, 0);
        double_pay_settle(second, 0);
        CHECK(rig_until(&rig, first, "DONE"));
        CHECK(rig_until(&rig, second, "DONE"));
        CHECK_EQ_I64(double_gateway_meter(DEVICES[i].address).credits, 2);
        CHECK_EQ_I64(double_gateway_meter(DEVICES[i].address).credited_fen, 11000);
        CHECK(rig_books_are_clean(&rig));
        rig_end(&rig);
    }
}

TEST(a_restart_in_every_stage)
{
    static const enum double_fault FAULTS[] = {FAULT_NONE, FAULT_LOST_REPLY, FAULT_LOST_REQUEST,
                                               FAULT_SILENCE};
    for (size_t i = 0; i < ARRAY_COUNT(FAULTS); i++) {
        struct rig rig;
        char no[33];
        rig_begin(&rig);
        double_gateway_fault(COUNT_ADDRESS, FAULTS[i], 1);
        rig_create(COUNT_ROOM, FEN, no);
        CHECK(rig_until(&rig, no, "WAIT_PAY"));
        double_pay_settle(no, 0);
        for (int restart = 0; restart < 4; restart++) {
            rig_sleep_ms(45 * restart);
            rig_restart(&rig);
        }
        CHECK(rig_until(&rig, no, "DONE"));
        CHECK_EQ_I64(double_gateway_meter(COUNT_ADDRESS).credits, 1);
        CHECK(rig_books_are_clean(&rig));
        rig_end(&rig);
    }
}

TEST(refunded_at_the_provider_while_it_is_credited)
{
    struct rig rig;
    char no[33];
    rig_begin(&rig);
    double_gateway_kill(COUNT_ADDRESS, true);
    rig_create(COUNT_ROOM, FEN, no);
    CHECK(rig_until(&rig, no, "WAIT_PAY"));
    double_pay_settle(no, 0);
    CHECK(rig_until(&rig, no, "PAID"));
    double_pay_return(no);
    struct pay_notify notify = {.verdict = PAY_NOTIFY_GENUINE,
                                .result = PAY_REFUNDED,
                                .amount_fen = FEN,
                                .refunded_fen = FEN,
                                .currency_ok = true,
                                .http_status = 200,
                                .reply = "success",
                                .reply_type = "text/plain"};
    str_format_cut(notify.order_no, sizeof(notify.order_no), "%s", no);
    double_pay_notify(&notify);
    struct double_answer answer = double_http_call(HTTP_POST, "/pay/alipay/notify", "{}");
    CHECK_EQ_U64(answer.status, 200);
    double_answer_finish(&answer);
    CHECK(rig_until(&rig, no, "REFUNDED"));
    double_gateway_kill(COUNT_ADDRESS, false);
    rig_sleep_ms(200);
    CHECK_EQ_I64(double_gateway_meter(COUNT_ADDRESS).frames, 0); /* nothing is sent any more */
    CHECK(rig_books_are_clean(&rig));
    rig_end(&rig);
}

TEST_MAIN()
