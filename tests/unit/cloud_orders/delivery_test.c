/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Deliveries to meters that keep their own balance, under every way in which a collector or a
 * meter can fail; and the switch of supply. In the end the meter's own record, the order and the
 * books must say the same.
 */
#include "cloud/orders/mac_port.h"
#include "cloud/review/person.h"
#include "common/str.h"
#include "drivers/rng/rng_system.h"
#include "tests/unit/cloud_orders/rig.h"
#include "tests/unit/test.h"

enum { FEN = 5000, COUNT_ROOM = 2, ORDER_ROOM = 3 };

static const struct {
    int room;
    const char *address;
} DEVICES[] = {{COUNT_ROOM, COUNT_ADDRESS}, {ORDER_ROOM, ORDER_ADDRESS}};

static const char STAGE[] = "SELECT stage = 'FENCING' FROM delivery WHERE order_no = ?1";

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

TEST(what_cannot_be_proven_goes_to_two_persons)
{
    struct rig rig;
    char no[33];
    rig_timers()->delivery_ms = 500;
    rig_begin(&rig);
    double_gateway_fault(ORDER_ADDRESS, FAULT_LOST_REPLY, 1);
    rig_create(ORDER_ROOM, FEN, no);
    CHECK(rig_until(&rig, no, "WAIT_PAY"));
    double_pay_settle(no, 0);
    CHECK(rig_until_number(
        &rig, "SELECT count(*) FROM device_command WHERE op = 'credit' AND reply IS NOT NULL", NULL,
        1));
    double_gateway_sell(ORDER_ADDRESS, 777); /* no window fits any more */
    CHECK(rig_until(&rig, no, "REVIEW"));
    CHECK_EQ_I64(double_pay_trade(no).refunded_fen, 0);
    /* The meter takes no new orders until it is known. */
    struct double_answer answer = rig_order(ORDER_ROOM, FEN, "alipay", NULL);
    CHECK_EQ_U64(answer.status, 409);
    CHECK(strstr(answer.text, "meter_blocked") != NULL);
    double_answer_finish(&answer);
    CHECK_EQ_I64(rig_number(&rig, "SELECT count(*) FROM review_item WHERE closed_at IS NULL", NULL),
                 1);
    CHECK(rig_books_are_clean(&rig));
    rig_end(&rig);
}

/* Pay for a meter behind a buffered link and lose the frame in it; until the meter was read thrice
 * behind the void and the quiet time. */
static void lose_in_link(struct rig *rig, char no[33])
{
    rig_timers()->quiet_link_ms = 60;
    rig_begin(rig);
    rig_exec(rig, "UPDATE meter_profile SET buffered_link = 1 WHERE profile_id = 'count'");
    double_gateway_fault(COUNT_ADDRESS, FAULT_LOST_REQUEST, 1);
    rig_create(COUNT_ROOM, FEN, no);
    CHECK(rig_until(rig, no, "WAIT_PAY"));
    double_pay_settle(no, 0);
    CHECK(rig_until_number(rig,
                           "SELECT count(*) >= 3 FROM delivery_event e JOIN delivery d"
                           " USING (order_no) WHERE e.event = 'reading' AND d.quiet = 1"
                           " AND e.from_stage = 'FENCING'",
                           NULL, 1));
    CHECK_EQ_I64(rig_number(rig, "SELECT sends FROM delivery", NULL), 1);
    CHECK_EQ_I64(rig_number(rig, STAGE, no), 1);
}

TEST(a_frame_that_lingers_behind_a_buffered_link)
{
    struct rig rig;
    char no[33];
    lose_in_link(&rig, no);
    double_gateway_sell(COUNT_ADDRESS, FEN); /* now it comes out of the link */
    CHECK(rig_until(&rig, no, "DONE"));
    CHECK_EQ_I64(double_pay_trade(no).refunded_fen, 0);
    CHECK(rig_books_are_clean(&rig));
    rig_end(&rig);
}

TEST(nobody_knows_what_lingers_behind_a_buffered_link)
{
    struct rig rig;
    char no[33];
    rig_timers()->delivery_ms = 1500;
    lose_in_link(&rig, no);
    CHECK(rig_until(&rig, no, "REVIEW"));
    CHECK_EQ_I64(rig_number(&rig, STAGE, no), 1);
    CHECK_EQ_I64(double_pay_trade(no).refunded_fen, 0);
    CHECK(rig_books_are_clean(&rig));
    rig_end(&rig);
}

TEST(a_used_count_kills_the_frame_in_the_link)
{
    struct rig rig;
    char no[33];
    lose_in_link(&rig, no);
    double_gateway_sell(COUNT_ADDRESS, 12345);
    CHECK(rig_until(&rig, no, "REFUNDED"));
    CHECK(rig_books_are_clean(&rig));
    rig_end(&rig);
}

TEST(a_new_journal_cannot_vouch_for_the_old_one)
{
    struct rig rig;
    char no[33];
    rig_timers()->delivery_ms = 600;
    rig_begin(&rig);
    double_gateway_fault(COUNT_ADDRESS, FAULT_NEW_DISK, 1);
    rig_create(COUNT_ROOM, FEN, no);
    CHECK(rig_until(&rig, no, "WAIT_PAY"));
    double_pay_settle(no, 0);
    CHECK(rig_until(&rig, no, "REVIEW"));
    CHECK_EQ_I64(rig_number(&rig, STAGE, no), 1);
    CHECK_EQ_I64(rig_number(&rig, "SELECT count(*) FROM alarm WHERE kind = 'epoch'", NULL), 1);
    CHECK_EQ_I64(double_pay_trade(no).refunded_fen, 0);
    rig_end(&rig);
}

static void add_person(const struct rig *rig)
{
    const struct rng_port rng = rng_system();
    const struct person_change change = {"li", "correct horse", ""};
    CHECK_EQ_I64(person_add(rig->store, &rng, &change), OK);
}

static void say_off_bus(const char *no, unsigned status, const char *word)
{
    char path[96];
    str_format_cut(path, sizeof(path), "/v1/admin/review/%s/off-bus", no);
    struct double_answer answer = double_http_call(
        HTTP_POST, path,
        "{\"person\":\"li\",\"password\":\"correct horse\",\"text\":\"in my bag\"}");
    CHECK_EQ_U64(answer.status, status);
    CHECK(strstr(answer.text, word) != NULL);
    double_answer_finish(&answer);
}

TEST(a_person_saw_the_lost_collector_off_the_bus)
{
    struct rig rig;
    char no[33];
    rig_begin(&rig);
    add_person(&rig);
    double_gateway_fault(COUNT_ADDRESS, FAULT_NEW_DISK, 1);
    CHECK(rig_pay(&rig, COUNT_ROOM, FEN, "CREDITING", no));
    CHECK(rig_until_number(&rig, "SELECT count(*) FROM alarm WHERE kind = 'epoch'", NULL, 1));
    CHECK_EQ_I64(rig_number(&rig, STAGE, no), 1);
    say_off_bus("SH00000000", 404, "not_found");
    say_off_bus(no, 200, "read after the wait");
    CHECK(rig_until(&rig, no, "DONE")); /* the reading counted, and the frame went again */
    CHECK_EQ_I64(double_gateway_meter(COUNT_ADDRESS).credits, 1);
    CHECK_EQ_I64(rig_number(&rig,
                            "SELECT count(*) FROM review_evidence WHERE kind = 'off_bus'"
                            " AND person = 'li' AND text = 'in my bag'",
                            NULL),
                 1);
    say_off_bus(no, 409, "not_waiting");
    CHECK(rig_books_are_clean(&rig));
    rig_end(&rig);
}

TEST(a_collector_that_is_there_speaks_for_itself)
{
    struct rig rig;
    char no[33];
    rig_begin(&rig);
    add_person(&rig);
    double_gateway_mute(true); /* it takes a void, and says nothing yet */
    double_gateway_fault(COUNT_ADDRESS, FAULT_LOST_REQUEST, 1);
    CHECK(rig_pay(&rig, COUNT_ROOM, FEN, "CREDITING", no));
    CHECK(rig_until_number(&rig, STAGE, no, 1));
    say_off_bus(no, 409, "collector_there");
    double_gateway_mute(false);
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

/* ---- the key service ---- */

TEST(without_the_key_service_it_waits)
{
    struct rig rig;
    char no[33];
    rig_begin(&rig);
    double_key_mood(KEY_HANGS_UP);
    rig_create(COUNT_ROOM, FEN, no);
    CHECK(rig_until(&rig, no, "WAIT_PAY"));
    double_pay_settle(no, 0);
    CHECK(rig_until(&rig, no, "PAID"));
    rig_sleep_ms(150);
    double_key_mood(KEY_REFUSES);
    rig_sleep_ms(150);
    CHECK_EQ_I64(rig_number(&rig, "SELECT stage = 'READY' FROM delivery", NULL), 1);
    double_key_mood(KEY_GOOD);
    CHECK(rig_until(&rig, no, "DONE"));
    rig_end(&rig);
}

static enum err ask_key(const char *path, bool test_keys_allowed)
{
    struct mac_codes codes = {{0}, {0}, {0}, {0}, {0}};
    const struct mac_request request = {.path = path,
                                        .meter = COUNT_ADDRESS,
                                        .customer = "000000000001",
                                        .amount = {FEN},
                                        .count = 4,
                                        .test_keys_allowed = test_keys_allowed};
    enum err err = mac_port_ask(&request, &codes);
    return err == OK && (codes.mac1[0] != 0xA1 || codes.cipher1[7] != 8) ? ERR_INTERNAL : err;
}

TEST(a_published_key_is_refused_outside_demos)
{
    struct rig rig;
    char path[512];
    rig_begin(&rig);
    rig_text(&rig, "SELECT mac_port FROM meter_profile WHERE profile_id = 'count'", NULL, path,
             sizeof(path));
    CHECK_EQ_I64(ask_key(path, false), OK);
    double_key_mood(KEY_TEST);
    CHECK_EQ_I64(ask_key(path, false), ERR_DENIED);
    CHECK_EQ_I64(ask_key(path, true), OK);
    double_key_mood(KEY_REFUSES);
    CHECK_EQ_I64(ask_key(path, true), ERR_DENIED);
    double_key_mood(KEY_NONSENSE);
    CHECK_EQ_I64(ask_key(path, true), ERR_FORMAT);
    double_key_mood(KEY_HANGS_UP);
    CHECK_EQ_I64(ask_key(path, true), ERR_UNAVAILABLE);
    CHECK_EQ_I64(ask_key("/nowhere/key.sock", true), ERR_UNAVAILABLE);
    rig_end(&rig);
}

/* ---- supply ---- */

static const char SEEN[] = "SELECT seen FROM relay_job WHERE meter_id = 'm1'";

TEST(a_dark_flat_is_switched_on_after_the_credit)
{
    struct rig rig;
    char no[33];
    rig_begin(&rig);
    double_gateway_relay(CLOUD_ADDRESS, true);
    rig_exec(&rig, "INSERT INTO meter_state (meter_id, relay, relay_at) VALUES ('m1', 'open', 1)");
    double_gateway_fault(CLOUD_ADDRESS, FAULT_LOST_REQUEST, 2); /* the relay needs three tries */
    CHECK(rig_pay(&rig, 1, FEN, "DONE", no)); /* the credit does not wait for the light */
    CHECK(rig_until_number(&rig, SEEN, NULL, 1));
    CHECK(!double_gateway_meter(CLOUD_ADDRESS).relay_open);
    CHECK_EQ_I64(rig_number(&rig, "SELECT settled FROM relay_job", NULL), 1);
    CHECK_EQ_I64(rig_number(&rig, "SELECT relay = 'closed' FROM meter_state", NULL), 1);
    CHECK(rig_until_number(&rig, "SELECT count(*) FROM job WHERE kind = 'relay'", NULL, 0));
    rig_end(&rig);
}

TEST(a_relay_that_does_not_move_is_an_alarm)
{
    struct rig rig;
    char no[33];
    rig_begin(&rig);
    double_gateway_relay(CLOUD_ADDRESS, true);
    rig_exec(&rig, "INSERT INTO meter_state (meter_id, relay, relay_at) VALUES ('m1', 'open', 1)");
    double_gateway_fault(CLOUD_ADDRESS, FAULT_LOST_REQUEST, 1000);
    CHECK(rig_pay(&rig, 1, FEN, "DONE", no));
    CHECK(rig_until_number(&rig, "SELECT count(*) FROM alarm WHERE kind = 'relay_stuck'", NULL, 1));
    double_gateway_fault(CLOUD_ADDRESS, FAULT_NONE, 0);
    CHECK(rig_until_number(&rig, SEEN, NULL, 1));
    rig_end(&rig);
}

TEST(a_restored_database_wishes_above_the_lost_one)
{
    struct rig rig;
    char no[33];
    rig_begin(&rig);
    double_gateway_relay(CLOUD_ADDRESS, true);
    rig_exec(&rig, "INSERT INTO meter_state (meter_id, relay, relay_at) VALUES ('m1', 'open', 1)");
    double_gateway_fault(CLOUD_ADDRESS, FAULT_LOST_REQUEST, 1000);
    CHECK(rig_pay(&rig, 1, FEN, "DONE", no));
    CHECK(rig_until_number(&rig, "SELECT generation FROM relay_job", NULL, 1));
    rig_exec(&rig, "UPDATE number_series SET epoch = 2");
    CHECK(rig_until_number(&rig, "SELECT max(generation) FROM device_command", NULL, 2 << 24));
    double_gateway_fault(CLOUD_ADDRESS, FAULT_NONE, 0);
    CHECK(rig_until_number(&rig, SEEN, NULL, 1));
    rig_end(&rig);
}

struct used {
    struct rig *rig;
    int64_t energy_e4;
};

static enum err use(struct db *db, void *arg)
{
    const struct used *used = arg;
    const struct account_port *accounts = &used->rig->accounts;
    return accounts->use(accounts->self, db, "m1", used->energy_e4, 0);
}

static void read_energy(struct rig *rig, int64_t energy_e4)
{
    struct used used = {rig, energy_e4};
    CHECK_EQ_I64(store_run(rig->store, use, &used), OK);
}

static int64_t balance(const struct rig *rig)
{
    return -rig_number(rig, "SELECT fen FROM account_sum WHERE account = 'CUST'", NULL);
}

TEST(use_is_charged_once_and_to_the_last_fen)
{
    struct rig rig;
    char no[33];
    rig_begin(&rig);
    CHECK(rig_pay(&rig, 1, FEN, "DONE", no));
    read_energy(&rig, 10000000); /* the first reading is where charging begins */
    CHECK_EQ_I64(balance(&rig), FEN);
    read_energy(&rig, 10010000); /* 1 kWh at 0.55 yuan */
    CHECK_EQ_I64(balance(&rig), FEN - 55);
    read_energy(&rig, 10010000);
    read_energy(&rig, 10000000);
    CHECK_EQ_I64(balance(&rig), FEN - 55);
    for (int i = 1; i <= 100; i++) {
        read_energy(&rig, 10010000 + i * 100); /* a hundredth at a time */
    }
    CHECK_EQ_I64(balance(&rig), FEN - 110);
    CHECK(rig_books_are_clean(&rig));
    rig_end(&rig);
}

TEST(a_balance_that_is_used_up_cuts_the_supply)
{
    struct rig rig;
    char no[33];
    rig_cut_off(true);
    rig_begin(&rig);
    CHECK(rig_pay(&rig, 1, FEN, "DONE", no));
    read_energy(&rig, 10000000);
    read_energy(&rig, 10000000 + 900000); /* 90 kWh: 49.50 */
    CHECK(!double_gateway_meter(CLOUD_ADDRESS).relay_open);
    read_energy(&rig, 10000000 + 1000000);
    CHECK(rig_until_number(&rig, SEEN, NULL, 2));
    CHECK(double_gateway_meter(CLOUD_ADDRESS).relay_open);
    CHECK(rig_pay(&rig, 1, FEN, "DONE", no));
    CHECK(rig_until_number(&rig, SEEN, NULL, 1));
    CHECK_EQ_I64(rig_number(&rig, "SELECT arrears_fen FROM pay_order WHERE order_no = ?1", no),
                 500);
    rig_end(&rig);
}

static enum err open_balance(struct db *db, void *arg)
{
    const int64_t *fen = arg;
    return orders_open_balance(db, "m1", money_fen(*fen));
}

TEST(a_balance_from_a_former_system_is_entered_once)
{
    struct rig rig;
    int64_t fen = -1200;
    rig_begin(&rig);
    CHECK_EQ_I64(store_run(rig.store, open_balance, &fen), OK);
    CHECK_EQ_I64(store_run(rig.store, open_balance, &fen), OK);
    CHECK_EQ_I64(balance(&rig), -1200);
    fen = 5;
    CHECK_EQ_I64(store_run(rig.store, open_balance, &fen), ERR_EXISTS);
    CHECK_EQ_I64(balance(&rig), -1200);
    CHECK(rig_books_are_clean(&rig));
    rig_end(&rig);
}

TEST_MAIN()
