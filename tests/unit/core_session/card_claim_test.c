/* SPDX-License-Identifier: Apache-2.0 */

/* What the pages of a card may claim, and to whom: no money, no "written" that is not true. */
#include "tests/unit/core_session/card_steps.h"

TEST(what_was_read_back_and_is_not_ours_is_never_called_written)
{
    to_card_write();
    result_arrives(SESSION_CARD_DONE, SESSION_CARD_FINE);
    CHECK(session.card.written);
    told(false);
    check_screen(SESSION_SCREEN_CARD_OWED);
    CHECK_EQ_I64(session.card.trouble, SESSION_CARD_DAMAGED);
    CHECK(!session.card.written); /* the page would say "put it into the meter" */
}

TEST(nor_when_the_server_says_so_after_the_page_of_a_late_answer)
{
    for (int way = 0; way < 2; way++) {
        to_card_write();
        result_arrives(SESSION_CARD_DONE, SESSION_CARD_FINE);
        tick_at(session.card.give_up_ms);
        check_screen(SESSION_SCREEN_CARD_OWED);
        told(way == 0);
        check_screen(SESSION_SCREEN_CARD_OWED); /* the order's view brings "done" */
        CHECK_EQ_I64(session.card.written, way == 0);
        CHECK_EQ_I64(session.card.trouble, way == 0 ? SESSION_CARD_FINE : SESSION_CARD_DAMAGED);
    }
}

TEST(nothing_is_sold_to_a_card_that_no_reader_can_write)
{
    begin_with_reader();
    lay(OWN_UID);
    view_arrives(ready_view());
    CHECK(session_card_takes(&session, money_fen(5000)));
    reader_is(SESSION_READER_ERROR);
    CHECK(session_card_is_out_of_reach(&session));
    CHECK(!session_card_takes(&session, money_fen(5000)));
    touch(SESSION_ACTION_AMOUNT, 1);
    check_screen(SESSION_SCREEN_CARD);
    reader_is(SESSION_READER_READY);
    touch(SESSION_ACTION_AMOUNT, 1);
    check_screen(SESSION_SCREEN_WALLET);
    /* It dies on the way to the wallet: nothing is ordered, and the page says why. */
    reader_is(SESSION_READER_ERROR);
    touch(SESSION_ACTION_WALLET, SESSION_WALLET_ALIPAY);
    check_screen(SESSION_SCREEN_PROBLEM);
    CHECK_EQ_I64(session.problem, SESSION_PROBLEM_CARD);
    CHECK_EQ_I64(session.card.trouble, SESSION_CARD_READER);
    CHECK(effect(SESSION_EFFECT_CREATE) == NULL);
    CHECK(effect(SESSION_EFFECT_SAVE) == NULL);
}

TEST(a_meter_is_sold_to_whatever_the_reader_does)
{
    to_meter();
    reader_is(SESSION_READER_ERROR);
    CHECK(!session_card_is_out_of_reach(&session));
    CHECK(session_card_takes(&session, money_fen(5000)));
}

static void to_repair(void)
{
    begin_with_reader();
    lay(OWN_UID);
    struct session_card_view repair = ready_view();
    repair.has_write = true;
    repair.repair = true;
    SET(repair.owed_order_no, "SH20261120A000001");
    view_arrives(repair);
    check_screen(SESSION_SCREEN_CARD_WRITE);
}

TEST(a_repair_that_is_put_off_is_no_debt)
{
    to_repair();
    lift();
    check_screen(SESSION_SCREEN_CARD_BACK);
    touch(SESSION_ACTION_FINISH, 0);
    check_screen(SESSION_SCREEN_HOME);
    CHECK(effect(SESSION_EFFECT_PRINT) == NULL);
    CHECK(session_is_nobodys(&session));
}

/* Lifted and not laid back, or the line broke: not written does not mean damaged. */
TEST(a_write_that_was_not_finished_keeps_its_words)
{
    static const enum session_card_trouble why[] = {SESSION_CARD_LEFT_EARLY, SESSION_CARD_NETWORK};
    for (size_t i = 0; i < sizeof(why) / sizeof(why[0]); i++) {
        to_card_write();
        lift();
        result_arrives(SESSION_CARD_UNSURE, why[i]);
        tick_at(session.card.give_up_ms);
        check_screen(SESSION_SCREEN_CARD_OWED);
        told(false);
        check_screen(SESSION_SCREEN_CARD_OWED);
        CHECK_EQ_I64(session.card.trouble, why[i]);
        CHECK(!session.card.written);
    }
}

TEST(a_repair_that_fails_gives_no_slip)
{
    to_repair();
    token_arrives();
    result_arrives(SESSION_CARD_UNSURE, SESSION_CARD_DAMAGED);
    check_screen(SESSION_SCREEN_CARD_OWED);
    CHECK(session.card.repair);
    CHECK(!session.card.owed);
    CHECK_EQ_I64(session.card.trouble, SESSION_CARD_DAMAGED);
    CHECK(effect(SESSION_EFFECT_PRINT) == NULL);
}

TEST(a_written_card_is_called_written_although_people_look_at_its_order)
{
    to_card_write();
    card_order_arrives(SESSION_ORDER_REVIEW);
    check_screen(SESSION_SCREEN_CARD_WRITE);
    result_arrives(SESSION_CARD_DONE, SESSION_CARD_FINE);
    check_screen(SESSION_SCREEN_CARD_WRITE); /* the server is to say what it found */
    told(true);
    check_screen(SESSION_SCREEN_CARD_DONE);
    CHECK_EQ_I64(want(SESSION_EFFECT_SOUND)->sound, SESSION_SOUND_SUCCESS);
    CHECK_EQ_STR(want(SESSION_EFFECT_PRINT)->id, session.intent.slip_id);
    lift();
    tick_at(session.screen_until_ms);
    check_screen(SESSION_SCREEN_HOME);
}

TEST(and_is_looked_at_where_the_server_says_nothing_or_no)
{
    for (int way = 0; way < 2; way++) {
        to_card_write();
        result_arrives(SESSION_CARD_DONE, SESSION_CARD_FINE);
        card_order_arrives(SESSION_ORDER_REVIEW);
        check_screen(SESSION_SCREEN_CARD_WRITE);
        if (way == 0) {
            tick_at(session.card.give_up_ms);
        } else {
            told(false);
        }
        check_screen(SESSION_SCREEN_REVIEW);
        if (way == 0) {
            told(true); /* late, and good news still */
            check_screen(SESSION_SCREEN_CARD_DONE);
        }
    }
}

TEST(an_older_purchase_told_late_changes_nothing)
{
    to_card_pay();
    card_order_arrives(SESSION_ORDER_PAID);
    struct session_card_write older = token_of("SH20261101A000009");
    apply((struct session_event){
        .kind = SESSION_EVENT_CARD_TOKEN, .serial = session.request_serial, .card_write = &older});
    result_arrives(SESSION_CARD_DONE, SESSION_CARD_FINE);
    tick_at(session.card.give_up_ms);
    check_screen(SESSION_SCREEN_CARD_OWED);
    told(true);
    check_screen(SESSION_SCREEN_CARD_OWED);
    CHECK(!session.card.proved);
}

TEST(who_gives_a_top_up_back_is_not_offered_another)
{
    begin_with_reader();
    lay(OWN_UID);
    struct session_card_view back = ready_view();
    back.has_write = true;
    back.repair = true;
    back.takes_back = true;
    SET(back.owed_order_no, "CR20261120A000001");
    view_arrives(back);
    check_screen(SESSION_SCREEN_CARD_WRITE);
    CHECK(session.card.takes_back);
    token_arrives();
    result_arrives(SESSION_CARD_DONE, SESSION_CARD_FINE);
    told(true);
    check_screen(SESSION_SCREEN_CARD_DONE);
    touch(SESSION_ACTION_CONFIRM, 0);
    check_screen(SESSION_SCREEN_CARD_DONE);
    CHECK(effect(SESSION_EFFECT_CARD_OPEN) == NULL);
    lift();
    tick_at(session.screen_until_ms);
    check_screen(SESSION_SCREEN_HOME);
    CHECK(!session.card.takes_back);
}

TEST(a_full_meter_is_sold_nothing)
{
    static const int64_t rooms_fen[] = {0, 999, 1000}; /* the site sells from 10 yuan on */
    for (size_t i = 0; i < 3; i++) {
        begin_with_reader();
        lay(OWN_UID);
        struct session_card_view full = ready_view();
        full.headroom_known = true;
        full.headroom = money_fen(rooms_fen[i]);
        view_arrives(full);
        touch(SESSION_ACTION_OTHER, 0);
        check_screen(i < 2 ? SESSION_SCREEN_CARD : SESSION_SCREEN_AMOUNT);
    }
}

TEST(the_page_of_an_old_order_ends_whatever_lies_on_the_reader)
{
    static struct session_found_orders found;
    begin_with_reader();
    touch(SESSION_ACTION_FIND_ORDER, 0);
    for (uint32_t i = 1; i <= 6; i++) {
        touch(SESSION_ACTION_DIGIT, i);
    }
    found = (struct session_found_orders){.count = 1};
    found.orders[0] = view(SESSION_ORDER_DONE);
    found.orders[0].by_card = true;
    SET(found.orders[0].card_tail, "1C2D");
    apply((struct session_event){.kind = SESSION_EVENT_FOUND_ORDERS,
                                 .serial = want(SESSION_EFFECT_FIND_ORDERS)->serial,
                                 .found = &found});
    touch(SESSION_ACTION_ORDER, 0);
    check_screen(SESSION_SCREEN_CARD_DONE);
    const int64_t until_ms = session.screen_until_ms;
    CHECK(until_ms > 0);
    lay(OWN_UID);
    check_screen(SESSION_SCREEN_CARD_DONE);
    CHECK_EQ_I64(session.screen_until_ms, until_ms);
    CHECK(!session_card_is_to_take(&session));
    touch(SESSION_ACTION_FINISH, 0);
    CHECK(session.screen != SESSION_SCREEN_CARD_DONE);
}

TEST_MAIN()
