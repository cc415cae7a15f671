/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What no reading of the meter proves: a balance that others moved too, a link that holds frames
 * back, a collector whose journal is gone. Nothing is given back or sent again on a guess.
 */
#include "cloud/review/person.h"
#include "common/str.h"
#include "drivers/rng/rng_system.h"
#include "tests/unit/cloud_orders/rig.h"
#include "tests/unit/test.h"

enum { COUNT_ROOM = 2, ORDER_ROOM = 3 };

static const char STAGE[] = "SELECT stage = 'FENCING' FROM delivery WHERE order_no = ?1";

TEST(what_cannot_be_proven_goes_to_two_persons)
{
    struct rig rig;
    char no[33];
    rig_timers()->delivery_ms = 3000;
    rig_timers()->read_back = (struct timers_row){3, {500, 500, 500}}; /* behind the other sale */
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

TEST_MAIN()
