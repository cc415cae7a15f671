/* SPDX-License-Identifier: Apache-2.0 */

/* The journey of a tenant with a card: B1 to B5, and what comes back from earlier days. */
#include "tests/unit/core_session/card_steps.h"

static struct session_found_orders found;

TEST(a_known_card_takes_two_touches)
{
    begin_with_reader();
    CHECK_EQ_I64(want(SESSION_EFFECT_CARD_POLL)->poll, SESSION_POLL_IDLE);
    lay(OWN_UID);
    check_screen(SESSION_SCREEN_CARD_PLACE);
    CHECK_EQ_U64(want(SESSION_EFFECT_CARD_OPEN)->number, laying);
    CHECK_EQ_I64(want(SESSION_EFFECT_CARD_POLL)->poll, SESSION_POLL_ACTIVE);
    view_arrives(ready_view());
    check_screen(SESSION_SCREEN_CARD);
    CHECK_EQ_STR(session.meter.place, "3-2-501");
    touch(SESSION_ACTION_AMOUNT, 1);
    check_screen(SESSION_SCREEN_WALLET);
    touch(SESSION_ACTION_WALLET, SESSION_WALLET_WECHAT);
    check_screen(SESSION_SCREEN_PAY);
    const struct session_effect *create = want(SESSION_EFFECT_CREATE);
    CHECK_EQ_STR(create->create.card_session, "s1");
    CHECK_EQ_STR(create->create.room_id, "r7");
    CHECK_EQ_STR(create->create.meter_id, "m7");
    CHECK_EQ_I64(create->create.amount.fen, 5000);
    create_serial = create->serial;
    card_order_arrives(SESSION_ORDER_WAIT_PAY);
    card_order_arrives(SESSION_ORDER_PAID);
    check_screen(SESSION_SCREEN_CARD_WRITE);
    CHECK_EQ_STR(want(SESSION_EFFECT_CARD_ASK)->text, "SH20261120A000001");
    CHECK(session_is_busy(&session));
}

TEST(the_journal_has_the_token_before_the_reader_and_the_result_before_the_server)
{
    to_card_write();
    CHECK_EQ_I64(effects.list[0].kind, SESSION_EFFECT_CARD_SAVE);
    CHECK_EQ_I64(effects.list[1].kind, SESSION_EFFECT_CARD_WRITE);
    CHECK_EQ_U64(effects.list[1].number, laying);
    CHECK_EQ_STR(effects.list[0].write.token, "00112233");
    CHECK_EQ_MEM(&effects.list[0].write, &effects.list[1].write, sizeof(effects.list[0].write));
    result_arrives(SESSION_CARD_DONE, SESSION_CARD_FINE);
    CHECK_EQ_I64(effects.list[0].kind, SESSION_EFFECT_CARD_RESULT);
    CHECK_EQ_I64(effects.list[1].kind, SESSION_EFFECT_CARD_TELL);
    CHECK_EQ_STR(effects.list[1].result.id, session.card.write.id);
    /* Read back is not credited: the server's word makes the page. */
    check_screen(SESSION_SCREEN_CARD_WRITE);
    told(true);
    check_screen(SESSION_SCREEN_CARD_WRITE);
    card_order_arrives(SESSION_ORDER_DONE);
    check_screen(SESSION_SCREEN_CARD_DONE);
    CHECK_EQ_STR(want(SESSION_EFFECT_PRINT)->id, session.intent.client_request_id);
}

TEST(done_stays_until_the_card_is_taken_and_says_so_every_five_seconds)
{
    to_card_write();
    result_arrives(SESSION_CARD_DONE, SESSION_CARD_FINE);
    card_order_arrives(SESSION_ORDER_DONE);
    check_screen(SESSION_SCREEN_CARD_DONE);
    CHECK_EQ_I64(session.screen_until_ms, 0);
    const int64_t done_ms = now_ms;
    for (int i = 1; i <= 8; i++) {
        CHECK_EQ_I64(session_next_deadline_ms(&session), done_ms + i * 5000);
        tick_at(done_ms + i * 5000 - 1);
        CHECK(effect(SESSION_EFFECT_SOUND) == NULL);
        tick_at(done_ms + i * 5000);
        CHECK_EQ_I64(want(SESSION_EFFECT_SOUND)->sound, SESSION_SOUND_TAKE_CARD);
    }
    touch(SESSION_ACTION_FINISH, 0);
    check_screen(SESSION_SCREEN_CARD_DONE);
    lift();
    CHECK_EQ_I64(session.screen_until_ms, now_ms + 20000);
    tick_at(session.screen_until_ms - 1);
    check_screen(SESSION_SCREEN_CARD_DONE);
    CHECK(effect(SESSION_EFFECT_SOUND) == NULL);
    tick_at(session.screen_until_ms);
    check_screen(SESSION_SCREEN_HOME);
    CHECK_EQ_STR(session.card.view.uid, "");
}

TEST(a_forgotten_card_gives_the_machine_back_after_five_minutes)
{
    to_card_write();
    result_arrives(SESSION_CARD_DONE, SESSION_CARD_FINE);
    card_order_arrives(SESSION_ORDER_DONE);
    const int64_t done_ms = now_ms;
    while (session.screen == SESSION_SCREEN_CARD_DONE) {
        tick_at(session_next_deadline_ms(&session));
    }
    CHECK_EQ_I64(now_ms, done_ms + 300000);
    check_screen(SESSION_SCREEN_HOME);
    CHECK_EQ_I64(session.card.stage, SESSION_CARD_STAGE_NONE);
}

TEST(the_next_person_may_lay_his_card_on_the_last_ones_page)
{
    to_card_write();
    result_arrives(SESSION_CARD_DONE, SESSION_CARD_FINE);
    card_order_arrives(SESSION_ORDER_DONE);
    lift();
    lay(OTHER_UID);
    check_screen(SESSION_SCREEN_CARD_PLACE);
    CHECK(effect(SESSION_EFFECT_WIPE) != NULL);
    CHECK_EQ_U64(want(SESSION_EFFECT_CARD_OPEN)->number, laying);
    CHECK_EQ_STR(session.order.order_no, "");
}

TEST(the_card_may_leave_while_it_is_paid_and_comes_back)
{
    to_card_pay();
    lift();
    check_screen(SESSION_SCREEN_PAY);
    card_order_arrives(SESSION_ORDER_PAID);
    check_screen(SESSION_SCREEN_CARD_BACK);
    CHECK_EQ_I64(session.card.give_up_ms, now_ms + 60000);
    lay(OWN_UID);
    check_screen(SESSION_SCREEN_CARD_WRITE);
    CHECK_EQ_U64(want(SESSION_EFFECT_CARD_OPEN)->number, laying);
    view_arrives(ready_view());
    CHECK_EQ_STR(want(SESSION_EFFECT_CARD_ASK)->text, "SH20261120A000001");
    token_arrives();
    CHECK(effect(SESSION_EFFECT_CARD_WRITE) != NULL);
}

TEST(a_server_that_has_the_token_already_gives_it_with_the_card)
{
    to_card_pay();
    lift();
    card_order_arrives(SESSION_ORDER_CREDITING);
    lay(OWN_UID);
    struct session_card_view owed = ready_view();
    owed.has_write = true;
    SET(owed.owed_order_no, "SH20261120A000001");
    view_arrives(owed);
    CHECK(effect(SESSION_EFFECT_CARD_ASK) == NULL);
    token_arrives();
    CHECK(effect(SESSION_EFFECT_CARD_WRITE) != NULL);
}

TEST(paid_and_not_written_is_finished_at_home_without_paying)
{
    begin_with_reader();
    lay(OWN_UID);
    struct session_card_view owed = ready_view();
    owed.has_write = true;
    owed.owed = money_fen(10000);
    SET(owed.owed_order_no, "SH20261120A000001");
    view_arrives(owed);
    check_screen(SESSION_SCREEN_CARD_WRITE);
    CHECK(session.card.owed);
    CHECK_EQ_STR(want(SESSION_EFFECT_WATCH)->text, "SH20261120A000001");
    CHECK(effect(SESSION_EFFECT_CREATE) == NULL);
    token_arrives();
    result_arrives(SESSION_CARD_DONE, SESSION_CARD_FINE);
    told(true);
    card_order_arrives(SESSION_ORDER_DONE);
    check_screen(SESSION_SCREEN_CARD_DONE);
    /* The order is of another day: its receipt has this write's number. */
    CHECK_EQ_STR(want(SESSION_EFFECT_PRINT)->id, session.card.write.id);
    /* It lies there still, and he may buy more. */
    touch(SESSION_ACTION_CONFIRM, 0);
    check_screen(SESSION_SCREEN_CARD_PLACE);
    CHECK_EQ_U64(want(SESSION_EFFECT_CARD_OPEN)->number, laying);
}

TEST(an_owed_order_without_a_token_is_asked_for_it)
{
    begin_with_reader();
    lay(OWN_UID);
    struct session_card_view owed = ready_view();
    owed.owed = money_fen(10000);
    SET(owed.owed_order_no, "SH20261120A000001");
    view_arrives(owed);
    check_screen(SESSION_SCREEN_CARD_WRITE);
    CHECK_EQ_STR(want(SESSION_EFFECT_CARD_ASK)->text, "SH20261120A000001");
}

TEST(an_owed_order_done_by_its_view_does_not_cut_a_write_short)
{
    begin_with_reader();
    lay(OWN_UID);
    struct session_card_view owed = ready_view();
    owed.has_write = true;
    SET(owed.owed_order_no, "SH20261120A000001");
    view_arrives(owed);
    token_arrives();
    card_order_arrives(SESSION_ORDER_DONE);
    check_screen(SESSION_SCREEN_CARD_WRITE);
    result_arrives(SESSION_CARD_DONE, SESSION_CARD_FINE);
    check_screen(SESSION_SCREEN_CARD_DONE);
}

TEST(a_bad_slot_is_repaired_without_an_order)
{
    begin_with_reader();
    lay(OWN_UID);
    struct session_card_view repair = ready_view();
    repair.has_write = true;
    repair.repair = true;
    SET(repair.owed_order_no, "SH20261120A000001");
    view_arrives(repair);
    check_screen(SESSION_SCREEN_CARD_WRITE);
    CHECK(effect(SESSION_EFFECT_WATCH) == NULL);
    token_arrives();
    result_arrives(SESSION_CARD_DONE, SESSION_CARD_FINE);
    check_screen(SESSION_SCREEN_CARD_WRITE);
    told(true);
    check_screen(SESSION_SCREEN_CARD_DONE);
    CHECK(effect(SESSION_EFFECT_PRINT) == NULL);
}

TEST(an_older_purchase_goes_first_and_then_that_of_today)
{
    to_card_pay();
    card_order_arrives(SESSION_ORDER_PAID);
    struct session_card_write older = token_of("SH20261101A000009");
    apply((struct session_event){
        .kind = SESSION_EVENT_CARD_TOKEN, .serial = session.request_serial, .card_write = &older});
    result_arrives(SESSION_CARD_DONE, SESSION_CARD_FINE);
    told(true);
    CHECK_EQ_STR(want(SESSION_EFFECT_CARD_ASK)->text, "SH20261120A000001");
    check_screen(SESSION_SCREEN_CARD_WRITE);
    token_arrives();
    CHECK_EQ_U64(session.card.tries, 1);
}

TEST(a_card_order_found_after_a_start_waits_for_its_card)
{
    now_ms = 1000000;
    session_init(&session, now_ms);
    struct session_event boot = {.kind = SESSION_EVENT_BOOT};
    boot.boot.order_open = true;
    boot.boot.age_ms = 60000;
    SET(boot.boot.client_request_id, "00000000-0000-7000-8000-000000000077");
    apply(boot);
    check_screen(SESSION_SCREEN_CHECKING);
    reader_is(SESSION_READER_READY);
    found = (struct session_found_orders){.count = 1};
    found.orders[0] = view(SESSION_ORDER_CREDITING);
    found.orders[0].by_card = true;
    SET(found.orders[0].card_tail, "1C2D");
    SET(found.orders[0].client_request_id, "00000000-0000-7000-8000-000000000077");
    apply((struct session_event){
        .kind = SESSION_EVENT_FOUND_ORDERS, .serial = session.request_serial, .found = &found});
    check_screen(SESSION_SCREEN_CARD_BACK);
    CHECK(session.order_reopened);
    lay(OTHER_UID);
    CHECK_EQ_I64(session.card.trouble, SESSION_CARD_OTHER);
    check_screen(SESSION_SCREEN_CARD_BACK);
    lift();
    lay(OWN_UID);
    CHECK(effect(SESSION_EFFECT_CARD_OPEN) != NULL);
    check_screen(SESSION_SCREEN_CARD_WRITE);
}

TEST(a_found_order_that_waits_for_its_card_can_be_finished)
{
    begin_with_reader();
    touch(SESSION_ACTION_FIND_ORDER, 0);
    for (uint32_t i = 1; i <= 6; i++) {
        touch(SESSION_ACTION_DIGIT, i);
    }
    found = (struct session_found_orders){.count = 1};
    found.orders[0] = view(SESSION_ORDER_PAID);
    found.orders[0].by_card = true;
    SET(found.orders[0].card_tail, "1C2D");
    apply((struct session_event){.kind = SESSION_EVENT_FOUND_ORDERS,
                                 .serial = want(SESSION_EFFECT_FIND_ORDERS)->serial,
                                 .found = &found});
    touch(SESSION_ACTION_ORDER, 0);
    check_screen(SESSION_SCREEN_CARD_BACK);
    touch(SESSION_ACTION_FINISH, 0);
    check_screen(SESSION_SCREEN_CARD_OWED);
    CHECK(effect(SESSION_EFFECT_PRINT) == NULL);
}

TEST(the_headroom_of_the_meter_bounds_the_amount)
{
    begin_with_reader();
    lay(OWN_UID);
    struct session_card_view view = ready_view();
    view.headroom_known = true;
    view.headroom = money_fen(4000);
    view_arrives(view);
    touch(SESSION_ACTION_AMOUNT, 1); /* 50 yuan */
    check_screen(SESSION_SCREEN_CARD);
    touch(SESSION_ACTION_OTHER, 0);
    touch(SESSION_ACTION_DIGIT, 4);
    touch(SESSION_ACTION_DIGIT, 1);
    touch(SESSION_ACTION_CONFIRM, 0);
    check_screen(SESSION_SCREEN_AMOUNT);
    touch(SESSION_ACTION_ERASE, 0);
    touch(SESSION_ACTION_DIGIT, 0);
    touch(SESSION_ACTION_CONFIRM, 0);
    check_screen(SESSION_SCREEN_WALLET);
    touch(SESSION_ACTION_BACK, 0);
    check_screen(SESSION_SCREEN_CARD);
}

TEST(a_card_in_the_middle_of_the_room_list_goes_to_its_page)
{
    begin_with_reader();
    touch(SESSION_ACTION_TOP_UP, 0);
    lay(OWN_UID);
    check_screen(SESSION_SCREEN_CARD_PLACE);
    view_arrives(ready_view());
    check_screen(SESSION_SCREEN_CARD);
    touch(SESSION_ACTION_BACK, 0);
    check_screen(SESSION_SCREEN_HOME);
    /* It lies there still, and has had its page: nothing happens by itself. */
    tick_at(now_ms + 1000);
    check_screen(SESSION_SCREEN_HOME);
    touch(SESSION_ACTION_CARD, 0);
    check_screen(SESSION_SCREEN_CARD_PLACE);
    CHECK(effect(SESSION_EFFECT_CARD_OPEN) != NULL);
}

TEST(the_attract_page_reads_a_card_too)
{
    begin_with_reader();
    tick_at(now_ms + 60000);
    check_screen(SESSION_SCREEN_ATTRACT);
    lay(OWN_UID);
    check_screen(SESSION_SCREEN_CARD_PLACE);
    CHECK(effect(SESSION_EFFECT_CARD_OPEN) != NULL);
}

TEST(the_tile_asks_for_a_card_twice_aloud_and_gives_up)
{
    begin_with_reader();
    touch(SESSION_ACTION_CARD, 0);
    check_screen(SESSION_SCREEN_CARD_PLACE);
    const int64_t begun_ms = now_ms;
    CHECK_EQ_I64(session_next_deadline_ms(&session), begun_ms + 15000);
    tick_at(begun_ms + 15000);
    CHECK_EQ_I64(want(SESSION_EFFECT_SOUND)->sound, SESSION_SOUND_LAY_CARD);
    CHECK_EQ_I64(session_next_deadline_ms(&session), begun_ms + 35000);
    tick_at(begun_ms + 35000);
    CHECK_EQ_I64(want(SESSION_EFFECT_SOUND)->sound, SESSION_SOUND_LAY_CARD);
    tick_at(begun_ms + 59999);
    check_screen(SESSION_SCREEN_CARD_PLACE);
    tick_at(begun_ms + 60000);
    check_screen(SESSION_SCREEN_HOME);
}

TEST(a_card_page_left_alone_asks_and_then_ends)
{
    begin_with_reader();
    lay(OWN_UID);
    view_arrives(ready_view());
    tick_at(session.touched_ms + 120000);
    CHECK_EQ_I64(session.overlay, SESSION_OVERLAY_IDLE);
    tick_at(now_ms + 30000);
    check_screen(SESSION_SCREEN_HOME);
    CHECK_EQ_STR(session.card.view.session_id, "");
    CHECK(session_is_nobodys(&session));
}

TEST_MAIN()
