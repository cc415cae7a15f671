/* SPDX-License-Identifier: Apache-2.0 */

/* Cards that come or go at a moment when nobody expects it, and answers that say "not this one". */
#include "tests/unit/core_session/card_steps.h"

TEST(a_card_that_could_not_be_read_to_its_end_is_waited_for_again)
{
    static const enum session_card_trouble passing[] = {SESSION_CARD_LEFT_EARLY, SESSION_CARD_TWO};
    for (size_t i = 0; i < sizeof(passing) / sizeof(passing[0]); i++) {
        begin_with_reader();
        lay(OWN_UID);
        card_fails(passing[i]);
        /* Nothing is wrong with the card: no problem page, and no sound of one. */
        check_screen(SESSION_SCREEN_CARD_PLACE);
        CHECK_EQ_I64(session.card.trouble, passing[i]);
        CHECK(effect(SESSION_EFFECT_SOUND) == NULL);
        /* What was asked about it is over: a late answer brings no page. */
        view_arrives(ready_view());
        check_screen(SESSION_SCREEN_CARD_PLACE);
        lift();
        lay(OWN_UID);
        CHECK_EQ_I64(session.card.trouble, SESSION_CARD_FINE);
        CHECK_EQ_U64(want(SESSION_EFFECT_CARD_OPEN)->number, laying);
        view_arrives(ready_view());
        check_screen(SESSION_SCREEN_CARD);
    }
}

TEST(a_card_laid_answers_whether_somebody_is_still_there)
{
    begin_with_reader();
    lay(OWN_UID);
    view_arrives(ready_view());
    lift();
    tick_at(session.touched_ms + 120000);
    CHECK_EQ_I64(session.overlay, SESSION_OVERLAY_IDLE);
    lay(OWN_UID);
    CHECK_EQ_I64(session.overlay, SESSION_OVERLAY_NONE);
    const int64_t laid_ms = now_ms;
    tick_at(laid_ms + 119999);
    check_screen(SESSION_SCREEN_CARD);
    CHECK_EQ_I64(session.overlay, SESSION_OVERLAY_NONE);
    tick_at(laid_ms + 120000);
    CHECK_EQ_I64(session.overlay, SESSION_OVERLAY_IDLE);
}

TEST(a_paid_card_that_can_take_nothing_now_says_why_and_stays_owed)
{
    static const enum session_card_trouble reasons[] = {
        SESSION_CARD_BLOCKED, SESSION_CARD_LOST, SESSION_CARD_RETURN_CASE, SESSION_CARD_NOT_LOADED};
    for (size_t i = 0; i < sizeof(reasons) / sizeof(reasons[0]); i++) {
        to_card_pay();
        lift();
        card_order_arrives(SESSION_ORDER_PAID);
        lay(OWN_UID);
        struct session_card_view refusing = ready_view();
        refusing.trouble = reasons[i];
        SET(refusing.trouble_text, "in the server's words");
        view_arrives(refusing);
        check_screen(SESSION_SCREEN_CARD_OWED);
        CHECK_EQ_I64(session.card.trouble, reasons[i]);
        CHECK_EQ_STR(session.card.trouble_text, "in the server's words");
        CHECK(effect(SESSION_EFFECT_CARD_ASK) == NULL);
        CHECK_EQ_STR(want(SESSION_EFFECT_PRINT)->id, session.intent.slip_id);
        /* No time writes it by itself, and the page ends as every owed one. */
        CHECK_EQ_I64(session.card.retry_ms, 0);
        tick_at(session.screen_until_ms);
        check_screen(SESSION_SCREEN_HOME);
    }
}

TEST(a_token_that_comes_with_a_trouble_is_written_all_the_same)
{
    to_card_pay();
    lift();
    card_order_arrives(SESSION_ORDER_PAID);
    lay(OWN_UID);
    struct session_card_view full = ready_view();
    full.trouble = SESSION_CARD_NOT_LOADED;
    full.has_write = true;
    SET(full.owed_order_no, "SH20261120A000001");
    view_arrives(full);
    check_screen(SESSION_SCREEN_CARD_WRITE);
    token_arrives();
    CHECK(effect(SESSION_EFFECT_CARD_WRITE) != NULL);
}

TEST(a_card_laid_again_while_it_is_written_is_left_to_the_reader)
{
    to_card_write();
    lift();
    lay(OWN_UID);
    check_screen(SESSION_SCREEN_CARD_WRITE);
    CHECK_EQ_I64(session.card.stage, SESSION_CARD_STAGE_WRITING);
    CHECK_EQ_U64(effects.count, 0); /* neither read nor asked for: a write is under way */
    result_arrives(SESSION_CARD_UNSURE, SESSION_CARD_LEFT_EARLY);
    tick_at(session.card.retry_ms);
    CHECK_EQ_U64(want(SESSION_EFFECT_CARD_OPEN)->number, laying);
    view_arrives(owed_view());
    token_arrives();
    result_arrives(SESSION_CARD_DONE, SESSION_CARD_FINE);
    /* The same while the server is told: what lies there now changes nothing. */
    lift();
    lay(OTHER_UID);
    CHECK_EQ_I64(session.card.stage, SESSION_CARD_STAGE_CONFIRMING);
    CHECK_EQ_U64(effects.count, 0);
    CHECK_EQ_I64(session.card.trouble, SESSION_CARD_FINE);
    card_order_arrives(SESSION_ORDER_DONE);
    check_screen(SESSION_SCREEN_CARD_DONE);
}

TEST(two_cards_while_the_token_is_asked_for_are_said_and_one_goes_on)
{
    to_card_pay();
    card_order_arrives(SESSION_ORDER_PAID);
    CHECK_EQ_I64(session.card.stage, SESSION_CARD_STAGE_ASKING);
    pad_is(SESSION_PAD_TWO, "", SESSION_CARD_CLASSIC);
    check_screen(SESSION_SCREEN_CARD_BACK);
    CHECK_EQ_I64(session.card.trouble, SESSION_CARD_TWO);
    token_arrives();
    CHECK(effect(SESSION_EFFECT_CARD_WRITE) == NULL);
    lay(OWN_UID);
    check_screen(SESSION_SCREEN_CARD_WRITE);
    CHECK_EQ_U64(want(SESSION_EFFECT_CARD_OPEN)->number, laying);
}

/* Lift it when @p left_ms are left of the time to lay it; how long it is waited for from then. */
static int64_t wait_after_lifting_ms(bool large, int64_t left_ms)
{
    to_card_pay();
    if (large) {
        touch(SESSION_ACTION_LARGE, 0);
    }
    card_order_arrives(SESSION_ORDER_PAID);
    tick_at(session.card.give_up_ms - left_ms);
    check_screen(SESSION_SCREEN_CARD_WRITE);
    lift();
    check_screen(SESSION_SCREEN_CARD_BACK);
    const int64_t wait_ms = session.card.give_up_ms - now_ms;
    tick_at(session.card.give_up_ms - 1);
    check_screen(SESSION_SCREEN_CARD_BACK);
    tick_at(session.card.give_up_ms);
    check_screen(SESSION_SCREEN_CARD_OWED);
    return wait_ms;
}

TEST(who_lifts_the_card_late_has_half_a_minute_to_lay_it_back)
{
    CHECK_EQ_I64(wait_after_lifting_ms(false, 5500), 30000);
    CHECK_EQ_I64(wait_after_lifting_ms(true, 5500), 60000);
    CHECK_EQ_I64(wait_after_lifting_ms(false, 45500), 45000); /* and never less than he had */
}

TEST(what_was_asked_about_a_card_does_not_hide_that_the_money_goes_back)
{
    for (int way = 0; way < 4; way++) {
        to_card_pay();
        card_order_arrives(SESSION_ORDER_PAID);
        CHECK_EQ_I64(session.card.stage, SESSION_CARD_STAGE_ASKING);
        if (way == 3) {
            card_fails(SESSION_CARD_NETWORK); /* it would be asked for again */
        }
        card_order_arrives(SESSION_ORDER_REFUND_DUE);
        check_screen(SESSION_SCREEN_REFUND);
        if (way == 0) {
            card_fails(SESSION_CARD_NOT_PAID);
        } else if (way == 1) {
            token_arrives();
        } else if (way == 2) {
            lift();
        } else {
            tick_at(now_ms + 2000);
        }
        check_screen(SESSION_SCREEN_REFUND);
        CHECK(effect(SESSION_EFFECT_CARD_ASK) == NULL);
        CHECK(effect(SESSION_EFFECT_CARD_WRITE) == NULL);
        card_order_arrives(SESSION_ORDER_REFUNDED);
        check_screen(SESSION_SCREEN_REFUNDED);
    }
}

TEST(a_card_read_for_an_order_that_is_refunded_meanwhile_opens_no_page)
{
    to_card_pay();
    lift();
    card_order_arrives(SESSION_ORDER_PAID);
    lay(OWN_UID);
    CHECK_EQ_I64(session.card.stage, SESSION_CARD_STAGE_READING);
    card_order_arrives(SESSION_ORDER_REFUND_DUE);
    view_arrives(ready_view());
    check_screen(SESSION_SCREEN_REFUND);
    CHECK_EQ_STR(session.order.order_no, "SH20261120A000001");
}

TEST(an_owed_order_that_people_look_at_is_written_and_never_called_unpaid)
{
    to_card_pay();
    card_order_arrives(SESSION_ORDER_CREDITING);
    card_order_arrives(SESSION_ORDER_REVIEW);
    check_screen(SESSION_SCREEN_REVIEW);
    card_fails(SESSION_CARD_NETWORK);
    check_screen(SESSION_SCREEN_REVIEW);
    tick_at(session.card.retry_ms);
    CHECK_EQ_STR(want(SESSION_EFFECT_CARD_ASK)->text, "SH20261120A000001");
    token_arrives();
    check_screen(SESSION_SCREEN_CARD_WRITE);
    CHECK(effect(SESSION_EFFECT_CARD_WRITE) != NULL);
}

TEST(two_cards_laid_at_home_again_are_told_again)
{
    begin_with_reader();
    for (int i = 0; i < 3; i++) {
        pad_is(SESSION_PAD_TWO, "", SESSION_CARD_CLASSIC);
        check_screen(SESSION_SCREEN_CARD_PLACE);
        CHECK_EQ_I64(session.card.trouble, SESSION_CARD_TWO);
        touch(SESSION_ACTION_BACK, 0);
        tick_at(now_ms + 500);
        check_screen(SESSION_SCREEN_HOME);
        if (i < 2) {
            lift();
            check_screen(SESSION_SCREEN_HOME);
        }
    }
    /* One of them is taken away: the other is read. */
    lay(OWN_UID);
    check_screen(SESSION_SCREEN_CARD_PLACE);
    CHECK_EQ_U64(want(SESSION_EFFECT_CARD_OPEN)->number, laying);
}

TEST(what_cannot_be_a_meters_card_does_not_hold_the_person)
{
    static const enum session_card_family none[] = {SESSION_CARD_PHONE, SESSION_CARD_UNKNOWN};
    for (int way = 0; way < 4; way++) {
        begin_with_reader();
        touch(SESSION_ACTION_CARD, 0);
        pad_is(SESSION_PAD_CARD, OWN_UID, none[way % 2]);
        check_screen(SESSION_SCREEN_CARD_PLACE);
        if (way < 2) {
            touch(SESSION_ACTION_BACK, 0);
        } else {
            tick_at(session.screen_until_ms);
        }
        check_screen(SESSION_SCREEN_HOME); /* and not back to the page that he has just left */
        tick_at(now_ms + 500);
        check_screen(SESSION_SCREEN_HOME);
    }
}

TEST(a_card_that_lies_askew_is_asked_for_once_more)
{
    static const enum session_card_trouble passing[] = {SESSION_CARD_EXPIRED,
                                                        SESSION_CARD_SESSION_OVER};
    for (size_t i = 0; i < sizeof(passing) / sizeof(passing[0]); i++) {
        begin_with_reader();
        lay(OWN_UID);
        card_fails(passing[i]);
        check_screen(SESSION_SCREEN_CARD_PLACE);
        CHECK_EQ_I64(session.card.trouble, SESSION_CARD_LEFT_EARLY);
        CHECK(effect(SESSION_EFFECT_SOUND) == NULL);
        lift();
        lay(OWN_UID);
        CHECK(effect(SESSION_EFFECT_CARD_OPEN) != NULL);
        card_fails(passing[i]); /* then it is the card, or the server */
        check_screen(SESSION_SCREEN_PROBLEM);
        CHECK_EQ_I64(session.card.trouble, passing[i]);
        /* Whoever comes next begins anew. */
        lift();
        lay(OTHER_UID);
        card_fails(passing[i]);
        check_screen(SESSION_SCREEN_CARD_PLACE);
    }
}

TEST(a_second_reading_costs_an_owed_card_no_try)
{
    begin_with_reader();
    lay(OWN_UID);
    card_fails(SESSION_CARD_EXPIRED);
    lift();
    lay(OWN_UID);
    struct session_card_view owed = ready_view();
    owed.has_write = true;
    SET(owed.owed_order_no, "SH20261120A000001");
    view_arrives(owed);
    token_arrives();
    CHECK_EQ_U64(session.card.tries, 1);
}

TEST(an_order_refused_for_its_card_says_why)
{
    static const enum session_card_trouble told_so[] = {
        SESSION_CARD_FINE, SESSION_CARD_BLOCKED, SESSION_CARD_RETURN_CASE, SESSION_CARD_REFUSED};
    static const enum session_card_trouble shown[] = {
        SESSION_CARD_REFUSED, SESSION_CARD_BLOCKED, SESSION_CARD_RETURN_CASE, SESSION_CARD_REFUSED};
    for (size_t i = 0; i < 4; i++) {
        begin_with_reader();
        lay(OWN_UID);
        view_arrives(ready_view());
        touch(SESSION_ACTION_AMOUNT, 1);
        touch(SESSION_ACTION_WALLET, SESSION_WALLET_ALIPAY);
        struct session_event event = {.kind = SESSION_EVENT_REFUSED,
                                      .serial = want(SESSION_EFFECT_CREATE)->serial};
        event.refused.code = SESSION_REFUSAL_CARD;
        event.refused.text = "";
        event.refused.card_trouble = told_so[i];
        apply(event);
        check_screen(SESSION_SCREEN_PROBLEM);
        CHECK_EQ_I64(session.problem, SESSION_PROBLEM_CARD);
        CHECK_EQ_I64(session.card.trouble, shown[i]);
    }
}

TEST(a_driver_that_started_again_counts_anew_and_its_first_card_has_its_page)
{
    begin_with_reader();
    lay(OWN_UID);
    view_arrives(ready_view());
    lift();
    touch(SESSION_ACTION_HOME, 0);
    check_screen(SESSION_SCREEN_HOME);
    reader_is(SESSION_READER_ERROR);
    reader_is(SESSION_READER_READY);
    laying -= 1;
    lay(OWN_UID); /* under the number that was opened last */
    check_screen(SESSION_SCREEN_CARD_PLACE);
    CHECK(effect(SESSION_EFFECT_CARD_OPEN) != NULL);
}

TEST_MAIN()
