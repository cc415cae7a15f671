/* SPDX-License-Identifier: Apache-2.0 */

/* Whether it is on the card: what nobody knows, and what a reading has found. */
#include "tests/unit/core_session/card_steps.h"

TEST(a_write_that_was_cut_short_leaves_it_unsure_until_the_card_is_read)
{
    to_card_write();
    lift();
    result_arrives(SESSION_CARD_UNSURE, SESSION_CARD_NETWORK);
    CHECK(session.card.unsure);
    tick_at(session.card.give_up_ms);
    check_screen(SESSION_SCREEN_CARD_OWED);
    CHECK(session.card.unsure);
    CHECK(want(SESSION_EFFECT_PRINT)->card_unsure); /* the slip says what the page says */
    /* Laid again and read: the token is not whole on it. */
    lay(OWN_UID);
    view_arrives(owed_view());
    CHECK(!session.card.unsure);
    token_arrives();
    result_arrives(SESSION_CARD_UNSURE, SESSION_CARD_LEFT_EARLY);
    CHECK(session.card.unsure);
}

TEST(a_write_that_changed_nothing_leaves_nothing_unsure)
{
    to_card_write();
    lift();
    result_arrives(SESSION_CARD_NOT_DONE, SESSION_CARD_NETWORK);
    CHECK(!session.card.unsure);
    tick_at(session.card.give_up_ms);
    check_screen(SESSION_SCREEN_CARD_OWED);
    CHECK(!want(SESSION_EFFECT_PRINT)->card_unsure);
}

/* Given up while the reader is at it: it may reach the card, and the result says whether. */
TEST(a_write_that_is_given_up_is_unsure_until_its_result)
{
    static const enum session_card_outcome outcomes[] = {SESSION_CARD_DONE, SESSION_CARD_NOT_DONE,
                                                         SESSION_CARD_UNSURE};
    for (size_t i = 0; i < 3; i++) {
        to_card_write();
        tick_at(session.card.give_up_ms);
        check_screen(SESSION_SCREEN_CARD_OWED);
        CHECK(session.card.unsure);
        uint64_t serial = session.screen_serial;
        result_arrives(outcomes[i], SESSION_CARD_READER);
        CHECK_EQ_I64(session.card.unsure, outcomes[i] == SESSION_CARD_UNSURE);
        CHECK_EQ_I64(session.screen_serial != serial, !session.card.unsure);
    }
}

/* Its token was given out by an earlier life of this terminal, or elsewhere. */
TEST(a_token_that_was_given_out_before_is_unsure_until_the_card_is_read)
{
    to_card_pay();
    lift();
    card_order_arrives(SESSION_ORDER_CREDITING);
    check_screen(SESSION_SCREEN_CARD_BACK);
    tick_at(session.card.give_up_ms);
    check_screen(SESSION_SCREEN_CARD_OWED);
    CHECK(session.card.unsure);
    CHECK(want(SESSION_EFFECT_PRINT)->card_unsure);
    lay(OWN_UID);
    view_arrives(owed_view());
    CHECK(!session.card.unsure);
}

/* ---- what a reading has found ---- */

/* The server gives what is to be written with every reading of a card that lacks it. */
static struct session_card_view quiet_view(enum session_card_trouble trouble)
{
    struct session_card_view view = ready_view();
    view.trouble = trouble;
    view.loaded = SESSION_LOADED_NO;
    return view;
}

static void cut_short_and_laid_again(void)
{
    to_card_write();
    lift();
    result_arrives(SESSION_CARD_UNSURE, SESSION_CARD_LEFT_EARLY);
    lay(OWN_UID);
}

static void check_proved(void)
{
    check_screen(SESSION_SCREEN_CARD_WRITE);
    CHECK_EQ_I64(session.card.stage, SESSION_CARD_STAGE_CONFIRMING);
    CHECK(session.card.written);
    CHECK(!session.card.unsure);
    CHECK_EQ_I64(session.card.trouble, SESSION_CARD_FINE);
    CHECK(effect(SESSION_EFFECT_CARD_ASK) == NULL); /* or it would be written a second time */
    CHECK(effect(SESSION_EFFECT_PRINT) == NULL);
}

TEST(a_reading_that_brings_nothing_to_write_has_found_it_on_the_card)
{
    static const enum session_card_trouble quiet[] = {SESSION_CARD_FINE, SESSION_CARD_NOT_LOADED};
    for (size_t i = 0; i < 4; i++) {
        if (i < 2) {
            cut_short_and_laid_again();
        } else { /* its token was given out elsewhere */
            to_card_pay();
            lift();
            card_order_arrives(SESSION_ORDER_CREDITING);
            lay(OWN_UID);
        }
        view_arrives(quiet_view(quiet[i % 2]));
        check_proved();
        card_order_arrives(SESSION_ORDER_DONE);
        check_screen(SESSION_SCREEN_CARD_DONE);
        CHECK_EQ_STR(want(SESSION_EFFECT_PRINT)->id, session.intent.client_request_id);
    }
}

/* Another terminal wrote it while the card was read here. */
TEST(an_order_that_is_done_during_the_reading_is_shown_when_the_card_is_read)
{
    to_card_pay();
    lift();
    card_order_arrives(SESSION_ORDER_PAID);
    lay(OWN_UID);
    card_order_arrives(SESSION_ORDER_DONE);
    CHECK_EQ_I64(session.card.stage, SESSION_CARD_STAGE_READING);
    view_arrives(quiet_view(SESSION_CARD_FINE));
    CHECK_EQ_I64(session.card.stage, SESSION_CARD_STAGE_KNOWN);
    check_screen(SESSION_SCREEN_CARD_DONE);
    CHECK(effect(SESSION_EFFECT_CARD_ASK) == NULL);
}

TEST(what_a_reading_has_found_is_not_unsaid)
{
    cut_short_and_laid_again();
    view_arrives(quiet_view(SESSION_CARD_NOT_LOADED));
    told(false); /* of the write that was cut short: nobody had read it by then */
    check_proved();
    tick_at(session.card.give_up_ms);
    check_screen(SESSION_SCREEN_CARD_OWED);
    CHECK(session.card.written);
    CHECK(!want(SESSION_EFFECT_PRINT)->card_unsure);
    lift();
    lay(OWN_UID);
    card_fails(SESSION_CARD_NETWORK);
    tick_at(session.card.give_up_ms);
    check_screen(SESSION_SCREEN_CARD_OWED);
    CHECK(session.card.written);
}

TEST(a_bad_slot_beside_the_proof_makes_nothing_doubtful)
{
    static const enum session_card_outcome outcomes[] = {SESSION_CARD_NOT_DONE,
                                                         SESSION_CARD_UNSURE};
    for (size_t i = 0; i < 3; i++) {
        cut_short_and_laid_again();
        struct session_card_view repair = owed_view();
        repair.repair = true;
        view_arrives(repair);
        CHECK_EQ_I64(session.card.stage, SESSION_CARD_STAGE_ASKING);
        token_arrives();
        lift();
        if (i < 2) {
            result_arrives(outcomes[i], SESSION_CARD_LEFT_EARLY);
            check_screen(SESSION_SCREEN_CARD_BACK);
        }
        tick_at(session.card.give_up_ms);
        check_screen(SESSION_SCREEN_CARD_OWED);
        CHECK(session.card.written);
        CHECK(!session.card.unsure);
    }
}

TEST(nothing_is_found_on_a_card_whose_order_has_no_token)
{
    begin_with_reader();
    lay(OWN_UID);
    struct session_card_view waits = owed_view();
    waits.has_write = false;
    view_arrives(waits);
    lift();
    lay(OWN_UID);
    view_arrives(waits);
    CHECK(!session.card.proved);
    CHECK(effect(SESSION_EFFECT_CARD_ASK) != NULL);
}

TEST(a_top_up_that_is_taken_back_is_not_found_on_its_card)
{
    cut_short_and_laid_again();
    struct session_card_view back = owed_view();
    back.repair = true;
    back.takes_back = true;
    view_arrives(back);
    CHECK(!session.card.proved);
    CHECK(!session.card.written);
}

TEST(a_card_that_was_put_in_order_unseen_is_in_order)
{
    begin_with_reader();
    lay(OWN_UID);
    struct session_card_view repair = owed_view();
    repair.repair = true;
    view_arrives(repair);
    token_arrives();
    lift();
    result_arrives(SESSION_CARD_UNSURE, SESSION_CARD_LEFT_EARLY);
    lay(OWN_UID);
    view_arrives(ready_view());
    check_screen(SESSION_SCREEN_CARD_DONE);
    CHECK(effect(SESSION_EFFECT_PRINT) == NULL);
}

TEST(people_look_at_an_order_that_a_reading_has_found)
{
    cut_short_and_laid_again();
    card_order_arrives(SESSION_ORDER_REVIEW);
    view_arrives(quiet_view(SESSION_CARD_NOT_LOADED));
    check_screen(SESSION_SCREEN_CARD_DONE);
}

TEST_MAIN()
