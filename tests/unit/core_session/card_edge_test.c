/* SPDX-License-Identifier: Apache-2.0 */

/* Cards that are lifted, swapped, foreign or broken, readers that die, and a network that goes. */
#include "tests/unit/core_session/card_steps.h"

TEST(lifted_while_it_is_read_is_back_to_the_beginning)
{
    begin_with_reader();
    lay(OWN_UID);
    uint32_t asked = session.request_serial;
    lift();
    check_screen(SESSION_SCREEN_CARD_PLACE);
    CHECK_EQ_I64(session.card.trouble, SESSION_CARD_LEFT_EARLY);
    struct session_card_view late = ready_view();
    apply((struct session_event){
        .kind = SESSION_EVENT_CARD_VIEW, .serial = asked, .card_view = &late});
    check_screen(SESSION_SCREEN_CARD_PLACE);
    lay(OWN_UID);
    CHECK_EQ_I64(session.card.trouble, SESSION_CARD_FINE);
    view_arrives(ready_view());
    check_screen(SESSION_SCREEN_CARD);
}

TEST(lifted_on_its_page_changes_nothing_but_another_card_has_its_own)
{
    begin_with_reader();
    lay(OWN_UID);
    view_arrives(ready_view());
    lift();
    check_screen(SESSION_SCREEN_CARD);
    lay(OWN_UID);
    check_screen(SESSION_SCREEN_CARD);
    lift();
    lay(OTHER_UID);
    check_screen(SESSION_SCREEN_CARD_PLACE);
    CHECK_EQ_STR(session.meter.place, "");
    CHECK(effect(SESSION_EFFECT_CARD_OPEN) != NULL);
}

TEST(two_cards_and_phones_are_said_and_none_is_read)
{
    begin_with_reader();
    touch(SESSION_ACTION_CARD, 0);
    pad_is(SESSION_PAD_TWO, "", SESSION_CARD_CLASSIC);
    CHECK_EQ_I64(session.card.trouble, SESSION_CARD_TWO);
    CHECK(effect(SESSION_EFFECT_CARD_OPEN) == NULL);
    lift();
    CHECK_EQ_I64(session.card.trouble, SESSION_CARD_FINE);
    pad_is(SESSION_PAD_CARD, "08112233", SESSION_CARD_PHONE);
    CHECK_EQ_I64(session.card.trouble, SESSION_CARD_IS_PHONE);
    CHECK(effect(SESSION_EFFECT_CARD_OPEN) == NULL);
    lift();
    pad_is(SESSION_PAD_CARD, "08112233", SESSION_CARD_UNKNOWN);
    CHECK_EQ_I64(session.card.trouble, SESSION_CARD_NOT_OURS);
    CHECK(effect(SESSION_EFFECT_CARD_OPEN) == NULL);
    check_screen(SESSION_SCREEN_CARD_PLACE);
    lay(OWN_UID);
    CHECK(effect(SESSION_EFFECT_CARD_OPEN) != NULL);
}

TEST(two_cards_at_home_are_told_once)
{
    begin_with_reader();
    pad_is(SESSION_PAD_TWO, "", SESSION_CARD_CLASSIC);
    check_screen(SESSION_SCREEN_CARD_PLACE);
    CHECK_EQ_I64(session.card.trouble, SESSION_CARD_TWO);
    touch(SESSION_ACTION_BACK, 0);
    check_screen(SESSION_SCREEN_HOME);
    tick_at(now_ms + 500);
    check_screen(SESSION_SCREEN_HOME);
}

TEST(every_refusal_before_payment_has_its_page_and_the_next_card_its_chance)
{
    static const enum session_card_trouble refusals[] = {
        SESSION_CARD_NOT_OURS, SESSION_CARD_BLOCKED,    SESSION_CARD_LOST,
        SESSION_CARD_REPLACED, SESSION_CARD_OTHER_SITE, SESSION_CARD_BLANK,
        SESSION_CARD_DAMAGED,  SESSION_CARD_FORGED,     SESSION_CARD_RETURN_CASE,
        SESSION_CARD_FULL,     SESSION_CARD_NOT_LOADED, SESSION_CARD_REFUSED,
        SESSION_CARD_READER};
    for (size_t i = 0; i < sizeof(refusals) / sizeof(refusals[0]); i++) {
        begin_with_reader();
        lay(OWN_UID);
        card_fails(refusals[i]);
        check_screen(SESSION_SCREEN_PROBLEM);
        CHECK_EQ_I64(session.problem, SESSION_PROBLEM_CARD);
        CHECK_EQ_I64(session.card.trouble, refusals[i]);
        CHECK(effect(SESSION_EFFECT_CREATE) == NULL);
        lift();
        lay(OTHER_UID);
        check_screen(SESSION_SCREEN_CARD_PLACE);
        CHECK(effect(SESSION_EFFECT_CARD_OPEN) != NULL);
        /* The same in the words of a view. */
        struct session_card_view view = ready_view();
        view.trouble = refusals[i];
        SET(view.trouble_text, "in the server's words");
        view_arrives(view);
        check_screen(SESSION_SCREEN_PROBLEM);
        CHECK_EQ_I64(session.card.trouble, refusals[i]);
        CHECK_EQ_STR(session.problem_text, "in the server's words");
    }
}

TEST(without_a_network_no_card_is_read)
{
    begin_with_reader();
    apply((struct session_event){.kind = SESSION_EVENT_ONLINE, .online = false});
    lay(OWN_UID);
    check_screen(SESSION_SCREEN_PROBLEM);
    CHECK_EQ_I64(session.problem, SESSION_PROBLEM_NETWORK);
    CHECK(effect(SESSION_EFFECT_CARD_OPEN) == NULL);
    begin_with_reader();
    lay(OWN_UID);
    card_fails(SESSION_CARD_NETWORK);
    CHECK_EQ_I64(session.problem, SESSION_PROBLEM_NETWORK);
}

TEST(a_dead_reader_is_said_and_reads_nothing)
{
    begin();
    reader_is(SESSION_READER_ERROR);
    touch(SESSION_ACTION_CARD, 0);
    check_screen(SESSION_SCREEN_PROBLEM);
    CHECK_EQ_I64(session.card.trouble, SESSION_CARD_READER);
    begin_with_reader();
    lay(OWN_UID);
    reader_is(SESSION_READER_ERROR);
    check_screen(SESSION_SCREEN_PROBLEM);
    CHECK_EQ_I64(session.problem, SESSION_PROBLEM_CARD);
    CHECK_EQ_I64(session.card.trouble, SESSION_CARD_READER);
}

TEST(a_reader_that_dies_after_payment_is_waited_for_and_then_it_is_owed)
{
    to_card_pay();
    reader_is(SESSION_READER_ERROR);
    check_screen(SESSION_SCREEN_PAY);
    card_order_arrives(SESSION_ORDER_PAID);
    check_screen(SESSION_SCREEN_CARD_BACK);
    CHECK_EQ_I64(session.card.trouble, SESSION_CARD_READER);
    const int64_t paid_ms = now_ms;
    reader_is(SESSION_READER_READY);
    CHECK_EQ_I64(session.card.trouble, SESSION_CARD_FINE);
    reader_is(SESSION_READER_ERROR);
    tick_at(paid_ms + 60000);
    check_screen(SESSION_SCREEN_CARD_OWED);
    CHECK_EQ_STR(want(SESSION_EFFECT_PRINT)->id, session.intent.slip_id);
}

TEST(another_card_after_payment_is_not_read)
{
    to_card_pay();
    lift();
    lay(OTHER_UID);
    check_screen(SESSION_SCREEN_PAY);
    card_order_arrives(SESSION_ORDER_PAID);
    check_screen(SESSION_SCREEN_CARD_BACK);
    CHECK_EQ_I64(session.card.trouble, SESSION_CARD_OTHER);
    CHECK(effect(SESSION_EFFECT_CARD_OPEN) == NULL);
    CHECK(effect(SESSION_EFFECT_CARD_ASK) == NULL);
    lift();
    CHECK_EQ_I64(session.card.trouble, SESSION_CARD_FINE);
    pad_is(SESSION_PAD_TWO, "", SESSION_CARD_CLASSIC);
    CHECK_EQ_I64(session.card.trouble, SESSION_CARD_TWO);
    lay(OWN_UID);
    CHECK(effect(SESSION_EFFECT_CARD_OPEN) != NULL);
}

TEST(no_card_after_payment_is_owed_with_a_slip_and_resumed_by_the_card)
{
    to_card_pay();
    lift();
    card_order_arrives(SESSION_ORDER_PAID);
    const int64_t paid_ms = now_ms;
    tick_at(paid_ms + 15000);
    CHECK_EQ_I64(want(SESSION_EFFECT_SOUND)->sound, SESSION_SOUND_LAY_CARD);
    tick_at(paid_ms + 59999);
    check_screen(SESSION_SCREEN_CARD_BACK);
    tick_at(paid_ms + 60000);
    check_screen(SESSION_SCREEN_CARD_OWED);
    CHECK_EQ_STR(want(SESSION_EFFECT_PRINT)->id, session.intent.slip_id);
    lay(OTHER_UID);
    check_screen(SESSION_SCREEN_CARD_OWED);
    lift();
    lay(OWN_UID);
    check_screen(SESSION_SCREEN_CARD_WRITE);
    view_arrives(ready_view());
    token_arrives();
    result_arrives(SESSION_CARD_DONE, SESSION_CARD_FINE);
    card_order_arrives(SESSION_ORDER_DONE);
    check_screen(SESSION_SCREEN_CARD_DONE);
    CHECK_EQ_STR(want(SESSION_EFFECT_PRINT)->id, session.intent.client_request_id);
}

TEST(the_large_mode_waits_twice_as_long)
{
    to_card_pay();
    lift();
    touch(SESSION_ACTION_LARGE, 0);
    card_order_arrives(SESSION_ORDER_PAID);
    CHECK_EQ_I64(session.card.give_up_ms, now_ms + 120000);
}

TEST(owed_ends_by_itself_and_any_machine_goes_on)
{
    to_card_pay();
    lift();
    card_order_arrives(SESSION_ORDER_PAID);
    tick_at(now_ms + 60000);
    check_screen(SESSION_SCREEN_CARD_OWED);
    tick_at(session.screen_until_ms);
    check_screen(SESSION_SCREEN_HOME);
    CHECK(effect(SESSION_EFFECT_SETTLED) != NULL);
}

TEST(later_is_a_touch_and_gives_the_slip)
{
    to_card_pay();
    lift();
    card_order_arrives(SESSION_ORDER_PAID);
    touch(SESSION_ACTION_FINISH, 0);
    check_screen(SESSION_SCREEN_CARD_OWED);
    CHECK_EQ_STR(want(SESSION_EFFECT_PRINT)->id, session.intent.slip_id);
    touch(SESSION_ACTION_FINISH, 0);
    check_screen(SESSION_SCREEN_HOME);
}

TEST(lifted_while_the_token_is_asked_for_writes_nothing)
{
    to_card_pay();
    card_order_arrives(SESSION_ORDER_PAID);
    uint32_t asked = session.request_serial;
    lift();
    check_screen(SESSION_SCREEN_CARD_BACK);
    CHECK_EQ_I64(session.card.trouble, SESSION_CARD_LEFT_EARLY);
    struct session_card_write late = token_of("SH20261120A000001");
    apply((struct session_event){
        .kind = SESSION_EVENT_CARD_TOKEN, .serial = asked, .card_write = &late});
    CHECK_EQ_U64(effects.count, 0);
    lay(OWN_UID);
    view_arrives(ready_view());
    token_arrives();
    CHECK_EQ_U64(session.card.tries, 1);
}

TEST(lifted_while_it_is_written_is_written_again_when_it_is_back)
{
    to_card_write();
    lift();
    check_screen(SESSION_SCREEN_CARD_WRITE); /* the reader is to say what became of it */
    result_arrives(SESSION_CARD_UNSURE, SESSION_CARD_LEFT_EARLY);
    CHECK(effect(SESSION_EFFECT_CARD_RESULT) != NULL);
    CHECK(effect(SESSION_EFFECT_CARD_TELL) != NULL);
    check_screen(SESSION_SCREEN_CARD_BACK);
    CHECK_EQ_I64(session.card.give_up_ms, now_ms + 30000);
    CHECK_EQ_I64(session.card.trouble, SESSION_CARD_LEFT_EARLY);
    lay(OWN_UID);
    CHECK(effect(SESSION_EFFECT_CARD_OPEN) != NULL);
    view_arrives(owed_view());
    token_arrives();
    CHECK_EQ_U64(session.card.tries, 2);
    result_arrives(SESSION_CARD_DONE, SESSION_CARD_FINE);
    card_order_arrives(SESSION_ORDER_DONE);
    check_screen(SESSION_SCREEN_CARD_DONE);
}

TEST(three_tries_and_it_is_owed)
{
    to_card_write();
    for (int i = 1; i <= 3; i++) {
        CHECK_EQ_U64(session.card.tries, (uint64_t)i);
        lift();
        result_arrives(SESSION_CARD_UNSURE, SESSION_CARD_LEFT_EARLY);
        if (i < 3) {
            check_screen(SESSION_SCREEN_CARD_BACK);
            lay(OWN_UID);
            view_arrives(owed_view());
            token_arrives();
        }
    }
    check_screen(SESSION_SCREEN_CARD_OWED);
    CHECK(effect(SESSION_EFFECT_PRINT) != NULL);
}

TEST(thirty_seconds_after_the_first_failure_it_is_owed)
{
    to_card_write();
    lift();
    result_arrives(SESSION_CARD_UNSURE, SESSION_CARD_LEFT_EARLY);
    const int64_t failed_ms = now_ms;
    now_ms = failed_ms + 20000;
    lay(OWN_UID);
    view_arrives(owed_view());
    token_arrives();
    result_arrives(SESSION_CARD_NOT_DONE, SESSION_CARD_READER);
    CHECK_EQ_I64(session.card.give_up_ms, failed_ms + 30000);
    tick_at(failed_ms + 30000);
    check_screen(SESSION_SCREEN_CARD_OWED);
}

TEST(a_failure_with_the_card_in_place_is_tried_again_by_itself)
{
    to_card_write();
    result_arrives(SESSION_CARD_NOT_DONE, SESSION_CARD_EXPIRED);
    check_screen(SESSION_SCREEN_CARD_WRITE);
    CHECK(effect(SESSION_EFFECT_CARD_OPEN) == NULL);
    tick_at(now_ms + 1000);
    CHECK(effect(SESSION_EFFECT_CARD_OPEN) != NULL);
    check_screen(SESSION_SCREEN_CARD_WRITE);
}

TEST(a_damaged_card_and_a_full_disk_are_not_tried_again)
{
    to_card_write();
    result_arrives(SESSION_CARD_UNSURE, SESSION_CARD_DAMAGED);
    check_screen(SESSION_SCREEN_CARD_OWED);
    CHECK_EQ_I64(session.card.trouble, SESSION_CARD_DAMAGED);
    to_card_write();
    result_arrives(SESSION_CARD_NOT_DONE, SESSION_CARD_DISK);
    check_screen(SESSION_SCREEN_CARD_OWED);
}

TEST(a_network_that_goes_while_the_token_is_asked_for_is_waited_for)
{
    to_card_pay();
    card_order_arrives(SESSION_ORDER_PAID);
    const int64_t paid_ms = now_ms;
    while (session.screen == SESSION_SCREEN_CARD_WRITE) {
        card_fails(SESSION_CARD_NETWORK);
        if (session.card.stage == SESSION_CARD_STAGE_RETRY) {
            tick_at(session_next_deadline_ms(&session));
        }
    }
    check_screen(SESSION_SCREEN_CARD_OWED);
    CHECK(now_ms >= paid_ms + 60000 && now_ms < paid_ms + 70000);
}

TEST(a_network_that_goes_after_the_write_releases_the_tenant)
{
    to_card_write();
    result_arrives(SESSION_CARD_DONE, SESSION_CARD_FINE);
    const int64_t written_ms = now_ms;
    apply((struct session_event){.kind = SESSION_EVENT_ONLINE, .online = false});
    tick_at(written_ms + 44999);
    check_screen(SESSION_SCREEN_CARD_WRITE);
    tick_at(written_ms + 45000);
    check_screen(SESSION_SCREEN_CARD_OWED);
    CHECK(session.card.written); /* the page says that the card has it */
    card_order_arrives(SESSION_ORDER_DONE);
    check_screen(SESSION_SCREEN_CARD_DONE);
}

TEST(a_result_that_comes_when_nobody_is_there_is_kept_and_told)
{
    to_card_write();
    struct session_card_result result = {.outcome = SESSION_CARD_DONE};
    SET(result.id, session.card.write.id);
    tick_at(now_ms + 45000);
    check_screen(SESSION_SCREEN_CARD_OWED);
    tick_at(session.screen_until_ms);
    check_screen(SESSION_SCREEN_HOME);
    apply((struct session_event){.kind = SESSION_EVENT_CARD_RESULT, .card_result = &result});
    CHECK_EQ_I64(effects.list[0].kind, SESSION_EFFECT_CARD_RESULT);
    CHECK_EQ_I64(effects.list[1].kind, SESSION_EFFECT_CARD_TELL);
    check_screen(SESSION_SCREEN_HOME);
}

TEST(refusals_of_a_paid_card_say_why_and_promise_nothing)
{
    static const enum session_card_trouble final[] = {
        SESSION_CARD_BLOCKED,     SESSION_CARD_LOST,    SESSION_CARD_REPLACED, SESSION_CARD_FORGED,
        SESSION_CARD_RETURN_CASE, SESSION_CARD_DAMAGED, SESSION_CARD_REFUSED};
    for (size_t i = 0; i < sizeof(final) / sizeof(final[0]); i++) {
        to_card_pay();
        card_order_arrives(SESSION_ORDER_PAID);
        card_fails(final[i]);
        check_screen(SESSION_SCREEN_CARD_OWED);
        CHECK_EQ_I64(session.card.trouble, final[i]);
    }
    to_card_pay();
    card_order_arrives(SESSION_ORDER_PAID);
    card_fails(SESSION_CARD_OTHER);
    check_screen(SESSION_SCREEN_CARD_BACK);
    CHECK_EQ_I64(session.card.trouble, SESSION_CARD_OTHER);
}

TEST(a_session_that_is_over_reads_the_card_again)
{
    to_card_pay();
    card_order_arrives(SESSION_ORDER_PAID);
    card_fails(SESSION_CARD_SESSION_OVER);
    tick_at(session_next_deadline_ms(&session));
    CHECK(effect(SESSION_EFFECT_CARD_OPEN) != NULL);
}

TEST(an_order_refused_because_the_card_session_is_over_begins_anew)
{
    begin_with_reader();
    lay(OWN_UID);
    view_arrives(ready_view());
    touch(SESSION_ACTION_AMOUNT, 1);
    touch(SESSION_ACTION_WALLET, SESSION_WALLET_ALIPAY);
    create_serial = want(SESSION_EFFECT_CREATE)->serial;
    refused(SESSION_REFUSAL_CARD_SESSION_OVER);
    check_screen(SESSION_SCREEN_CARD_PLACE);
    CHECK(effect(SESSION_EFFECT_SETTLED) != NULL);
    CHECK(effect(SESSION_EFFECT_CARD_OPEN) != NULL);
    view_arrives(ready_view());
    touch(SESSION_ACTION_AMOUNT, 1);
    touch(SESSION_ACTION_WALLET, SESSION_WALLET_ALIPAY);
    create_serial = want(SESSION_EFFECT_CREATE)->serial;
    refused(SESSION_REFUSAL_CARD);
    check_screen(SESSION_SCREEN_PROBLEM);
    CHECK_EQ_I64(session.card.trouble, SESSION_CARD_REFUSED);
}

TEST(no_page_between_payment_and_card_asks_whether_somebody_is_there)
{
    to_card_write();
    for (int i = 0; i < 44; i++) {
        tick_at(now_ms + 1000);
        CHECK_EQ_I64(session.overlay, SESSION_OVERLAY_NONE);
        check_screen(SESSION_SCREEN_CARD_WRITE);
    }
    touch(SESSION_ACTION_HOME, 0);
    check_screen(SESSION_SCREEN_CARD_WRITE);
    touch(SESSION_ACTION_BACK, 0);
    check_screen(SESSION_SCREEN_CARD_WRITE);
    apply((struct session_event){.kind = SESSION_EVENT_SERVICE,
                                 .service = SESSION_SERVICE_MAINTENANCE});
    check_screen(SESSION_SCREEN_CARD_WRITE);
}

TEST(a_reading_that_proves_the_order_mends_the_bad_slot_before_it_says_so)
{
    to_card_write();
    lift();
    result_arrives(SESSION_CARD_UNSURE, SESSION_CARD_LEFT_EARLY);
    lay(OWN_UID);
    card_order_arrives(SESSION_ORDER_DONE); /* the server has seen one good slot */
    check_screen(SESSION_SCREEN_CARD_WRITE);
    struct session_card_view repair = ready_view();
    repair.has_write = true;
    repair.repair = true;
    SET(repair.owed_order_no, "SH20261120A000001");
    view_arrives(repair);
    check_screen(SESSION_SCREEN_CARD_WRITE);
    token_arrives();
    CHECK(effect(SESSION_EFFECT_CARD_WRITE) != NULL);
    result_arrives(SESSION_CARD_DONE, SESSION_CARD_FINE);
    check_screen(SESSION_SCREEN_CARD_DONE);
    CHECK_EQ_STR(want(SESSION_EFFECT_PRINT)->id, session.intent.client_request_id);
}

TEST(a_proved_order_waits_for_no_answer_that_does_not_come)
{
    for (int way = 0; way < 5; way++) {
        to_card_write();
        lift();
        result_arrives(SESSION_CARD_UNSURE, SESSION_CARD_LEFT_EARLY);
        lay(OWN_UID);
        card_order_arrives(SESSION_ORDER_DONE);
        check_screen(SESSION_SCREEN_CARD_WRITE);
        if (way == 0) {
            view_arrives(ready_view()); /* both slots are good */
        } else if (way == 1) {
            card_fails(SESSION_CARD_NETWORK);
        } else if (way == 2) {
            lift();
        } else if (way == 3) {
            tick_at(session.card.give_up_ms);
        } else {
            reader_is(SESSION_READER_ERROR);
        }
        check_screen(SESSION_SCREEN_CARD_DONE);
    }
}

TEST(a_refund_of_an_unwritten_order_has_its_own_page)
{
    to_card_pay();
    lift();
    card_order_arrives(SESSION_ORDER_PAID);
    card_order_arrives(SESSION_ORDER_REFUND_DUE);
    check_screen(SESSION_SCREEN_REFUND);
    lay(OWN_UID);
    check_screen(SESSION_SCREEN_REFUND);
}

TEST(where_no_reader_is_nothing_is_polled)
{
    begin();
    CHECK(effect(SESSION_EFFECT_CARD_POLL) == NULL);
    touch(SESSION_ACTION_TOP_UP, 0);
    CHECK(effect(SESSION_EFFECT_CARD_POLL) == NULL);
}

TEST_MAIN()
