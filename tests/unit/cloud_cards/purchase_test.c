/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A purchase card of Q/GDW 1365 behind a terminal that carries its bytes: sold to only when its
 * meter has loaded the last purchase, written in rounds that may end anywhere, and loaded once.
 */
#include <string.h>

#include "cloud/cards/relay.h"
#include "common/str.h"
#include "drivers/rng/rng_system.h"
#include "tests/unit/cloud_cards/purchase_rig.h"
#include "tests/unit/test.h"

/* ---- the good way ---- */

TEST(pay_write_in_rounds_load)
{
    purchase_begin();
    relay_lay("k1", UID);
    CHECK_EQ_I64(hand.session.media, API_CARD_CPU);
    CHECK_EQ_U64(hand.session.keys.count, 0);
    CHECK_EQ_U64(hand.session.script.count, 3);
    CHECK_EQ_I64(hand.view.loaded, API_CARD_LOADED_NEVER);
    purchase_buy("k1");
    purchase_issue("k1");
    CHECK_EQ_STR(hand.write.token, "");
    CHECK(!hand.write.has_first);
    for (int nth = 1; nth <= WRITE_ROUNDS; nth++) {
        const bool was_signed = nth >= ENTER_ROUND && nth <= WALLET_ROUND;
        CHECK_EQ_I64(hand.step.authorisation[0] != '\0' && nth > 1, was_signed);
        CHECK(relay_one_round("k1", nth));
    }
    CHECK_EQ_I64(hand.step.progress, API_CARD_WRITTEN);
    CHECK_EQ_U64(at.card.updates, UPDATES);
    CHECK(is_state(&at.rig, hand.order_no, "DONE"));
    CHECK(relay_told_written(UID));
    CHECK(hand.proof.has_order);
    purchase_check_loaded(FEN);
    purchase_end();
}

TEST(several_purchases_one_after_the_other)
{
    purchase_begin();
    for (int i = 1; i <= 4; i++) {
        purchase_top_up();
        purchase_check_loaded((int64_t)i * FEN);
    }
    CHECK_EQ_U64(at.meter.count, 4);
    purchase_end();
}

/* ---- one at a time ---- */

TEST(nothing_is_sold_before_the_meter_has_loaded)
{
    static struct laid laid;
    char word[API_ORDER_NO_SIZE];
    purchase_begin();
    purchase_top_up();
    relay_lay("k1", UID);
    CHECK_EQ_I64(hand.view.state, API_CARD_REFUSED);
    CHECK_EQ_STR(hand.view.reason, "not_loaded");
    CHECK_EQ_I64(hand.view.loaded, API_CARD_LOADED_NEVER);
    memset(&laid, 0, sizeof(laid));
    CHECK(str_copy(laid.session_id, sizeof(laid.session_id), hand.session.session_id));
    CHECK_EQ_U64(order_card("k1", &laid, FEN, word), 409);
    CHECK_EQ_STR(word, "card_refused");
    purchase_check_loaded(FEN);
    purchase_end();
}

/* Two orders of one laying: the second is not issued over the first, and not even made. */
TEST(a_second_order_waits_until_the_first_is_loaded)
{
    static struct laid laid;
    char first[API_ORDER_NO_SIZE];
    char word[API_ORDER_NO_SIZE];
    purchase_begin();
    purchase_buy("k1");
    CHECK(str_copy(first, sizeof(first), hand.order_no));
    memset(&laid, 0, sizeof(laid));
    CHECK(str_copy(laid.session_id, sizeof(laid.session_id), hand.session.session_id));
    CHECK_EQ_U64(order_card("k1", &laid, FEN, word), 409);
    CHECK_EQ_STR(word, "card_refused");
    purchase_issue("k1");
    relay_rounds_to("k1", WRITE_ROUNDS);
    purchase_check_loaded(FEN);
    purchase_end();
}

TEST(no_more_is_sold_than_such_a_meter_can_hold)
{
    static struct laid laid;
    char word[API_ORDER_NO_SIZE];
    purchase_begin();
    rig_exec(&at.rig.rig, "UPDATE meter_profile SET card_limit_fen = 0 WHERE kind = 'card'");
    purchase_top_up();
    at.meter.balance_fen = PURCHASE_BALANCE_FEN_MAX - 2 * FEN;
    CHECK(purchase_meter_load(&at.meter, &at.card));
    relay_lay("k1", UID);
    CHECK_EQ_I64(hand.view.balance_fen, PURCHASE_BALANCE_FEN_MAX - FEN);
    memset(&laid, 0, sizeof(laid));
    CHECK(str_copy(laid.session_id, sizeof(laid.session_id), hand.session.session_id));
    CHECK_EQ_U64(order_card("k1", &laid, FEN + 1, word), 422);
    CHECK_EQ_STR(word, "amount_out_of_range");
    purchase_top_up();
    CHECK(purchase_meter_load(&at.meter, &at.card));
    CHECK_EQ_I64(at.meter.balance_fen, PURCHASE_BALANCE_FEN_MAX);
    purchase_end();
}

/* ---- cut between rounds ---- */

TEST(cut_after_any_round_the_same_purchase_is_finished)
{
    for (int last = 0; last < WRITE_ROUNDS; last++) {
        purchase_begin_write();
        relay_rounds_to("k1", last);
        double_purchase_drop(&at.card);
        purchase_finish(last % 2 == 0 ? "k1" : "k2");
        purchase_check_loaded(FEN);
        CHECK_EQ_I64(rig_number(&at.rig.rig, "SELECT count(*) FROM card_token", NULL), 1);
        purchase_end();
    }
}

TEST(cut_after_any_command_of_a_round_that_writes)
{
    for (int round = ENTER_ROUND; round <= WALLET_ROUND; round++) {
        for (size_t carried = 0; carried <= 2; carried++) {
            static struct api_card_script script;
            purchase_begin_write();
            relay_rounds_to("k1", round - 1);
            script = hand.step.script;
            script.count = carried < script.count ? carried : script.count;
            relay_carry_round(&script); /* its answers are never told */
            double_purchase_drop(&at.card);
            purchase_finish("k1");
            purchase_check_loaded(FEN);
            purchase_end();
        }
    }
}

TEST(the_card_may_go_to_its_meter_between_two_rounds)
{
    purchase_begin();
    purchase_top_up();
    purchase_check_loaded(FEN);
    for (int last = 0; last < WRITE_ROUNDS; last++) {
        const int64_t before_fen = at.meter.balance_fen;
        purchase_buy("k1");
        purchase_issue("k1");
        relay_rounds_to("k1", last);
        const bool there = last >= WALLET_ROUND;
        CHECK_EQ_I64(purchase_meter_load(&at.meter, &at.card), there);
        relay_lay("k2", UID);
        if (there) {
            CHECK_EQ_I64(hand.view.state, API_CARD_READY); /* the meter's word is the proof */
        } else {
            CHECK_EQ_I64(hand.view.state, API_CARD_OWED);
            hand.write = hand.view.write;
            relay_rounds_to("k2", WRITE_ROUNDS);
        }
        CHECK(is_state(&at.rig, hand.order_no, "DONE"));
        CHECK_EQ_I64(purchase_meter_load(&at.meter, &at.card), !there);
        CHECK_EQ_I64(at.meter.balance_fen, before_fen + FEN);
    }
    purchase_end();
}

TEST(the_server_starts_anew_between_two_rounds)
{
    purchase_begin_write();
    relay_rounds_to("k1", WALLET_ROUND);
    card_rig_restart(&at.rig);
    CHECK(!relay_one_round("k1", WALLET_ROUND + 1));
    CHECK_EQ_U64(hand.status, 410);
    CHECK(!relay_told_written(UID));
    purchase_finish("k1");
    CHECK(relay_told_written(UID));
    purchase_check_loaded(FEN);
    purchase_end();
}

/* The meter loads while the write is under way: what it says is seen before anything is written. */
TEST(a_write_that_is_on_the_card_already_is_proved_without_another)
{
    purchase_begin_write();
    relay_rounds_to("k1", WALLET_ROUND);
    purchase_issue("k1");
    CHECK(relay_one_round("k1", 1));
    CHECK(relay_one_round("k1", 2));
    CHECK_EQ_I64(hand.step.progress, API_CARD_WRITTEN);
    CHECK_EQ_U64(at.card.updates, UPDATES);
    purchase_issue("k1");
    CHECK(purchase_meter_load(&at.meter, &at.card));
    CHECK(relay_one_round("k1", 1));
    CHECK(relay_one_round("k1", 2));
    CHECK_EQ_I64(hand.step.progress, API_CARD_WRITTEN);
    CHECK_EQ_U64(at.card.updates, UPDATES);
    purchase_end();
}

/* ---- wrong answers ---- */

enum wrong { MISSING, NONE, REFUSED, ALTERED, NO_HEX, WRONG_COUNT };

static void spoil(enum wrong wrong)
{
    struct api_card_apdu *first = &hand.said.answers[0];
    struct api_card_apdu *last = &hand.said.answers[hand.said.answer_count - 1];
    switch (wrong) {
    case MISSING:
        hand.said.answer_count -= 1;
        break;
    case NONE:
        hand.said.answer_count = 0;
        break;
    case REFUSED:
        CHECK(str_copy(last->apdu, sizeof(last->apdu), "6982"));
        break;
    case ALTERED:
        first->apdu[0] = first->apdu[0] == '0' ? '1' : '0';
        break;
    case NO_HEX:
        last->apdu[0] = '\0';
        break;
    case WRONG_COUNT:
        break;
    }
}

TEST(a_wrong_answer_to_any_round_ends_it_and_the_next_laying_finishes)
{
    for (int nth = 1; nth <= WRITE_ROUNDS; nth++) {
        /* Each way of it for some rounds, and each round in some ways. */
        for (int wrong = nth % 2; wrong < WRONG_COUNT; wrong += 2) {
            purchase_begin_write();
            relay_rounds_to("k1", nth - 1);
            relay_carry_round(nth == 1 ? &hand.write.script : &hand.step.script);
            spoil((enum wrong)wrong);
            CHECK(relay_send_round("k1", hand.order_no));
            if (hand.step.progress == API_CARD_GOES_ON) { /* a status that nobody looks at */
                CHECK(wrong == ALTERED && (nth == 1 || nth == WRITE_ROUNDS - 1));
            } else {
                CHECK_EQ_I64(hand.step.progress, API_CARD_FAILED);
                CHECK_EQ_U64(hand.step.script.count, 0);
                hand.said.round += 1; /* it is over, whatever is said now */
                CHECK(relay_send_round("k1", hand.order_no));
                CHECK_EQ_I64(hand.step.progress, API_CARD_FAILED);
            }
            CHECK(is_state(&at.rig, hand.order_no, "CREDITING"));
            purchase_finish("k1");
            purchase_check_loaded(FEN);
            purchase_end();
        }
    }
}

/* Rows of evidence, and how often the office was told of this card. */
static void check_trace(int64_t rows)
{
    CHECK_EQ_I64(rig_number(&at.rig.rig,
                            "SELECT count(*) FROM card_reading WHERE verdict = 'bad_mac' AND"
                            " terminal_id = 'k1' AND credit = '- -' AND uid = ?1",
                            UID),
                 rows);
    CHECK_EQ_I64(rig_number(&at.rig.rig,
                            "SELECT coalesce(sum(count), 0) FROM alarm WHERE kind = 'card_odd'"
                            " AND subject = ?1",
                            UID),
                 rows);
}

TEST(a_card_with_other_keys_is_refused_and_told_of_before_it_counts_a_try)
{
    purchase_begin_write();
    const struct double_purchase kept = at.card;
    at.card = double_purchase_make((const uint8_t *)"ANOTHERS TESTKEY", 1);
    relay_lay("k1", UID);
    CHECK_EQ_I64(hand.view.state, API_CARD_REFUSED);
    CHECK_EQ_STR(hand.view.reason, "bad_mac");
    check_trace(1);
    CHECK_EQ_U64(at.card.tries_left, DOUBLE_PURCHASE_TRIES);
    at.card = kept;
    relay_lay("k1", UID); /* and the other card is there when it is to be written */
    hand.write = hand.view.write;
    at.card = double_purchase_make((const uint8_t *)"ANOTHERS TESTKEY", 1);
    CHECK(relay_one_round("k1", 1));
    CHECK(relay_one_round("k1", 2));
    CHECK_EQ_I64(hand.step.progress, API_CARD_FAILED);
    check_trace(2);
    CHECK(!relay_told_written(UID)); /* what is kept of it proves nothing */
    CHECK_EQ_U64(at.card.tries_left, DOUBLE_PURCHASE_TRIES);
    at.card = kept;
    purchase_finish("k1");
    purchase_check_loaded(FEN);
    purchase_end();
}

static bool holds(const struct relay *relay, const uint8_t key[CARD_KEY_SIZE])
{
    const uint8_t *bytes = (const uint8_t *)relay;
    bool found = false;
    for (size_t i = 0; i + CARD_KEY_SIZE <= sizeof(*relay) && !found; i++) {
        found = memcmp(bytes + i, key, CARD_KEY_SIZE) == 0;
    }
    return found;
}

TEST(the_keys_of_a_card_are_held_while_they_are_needed)
{
    static struct api_card_script script;
    const uint8_t number[CARD_METER_SIZE] = {0};
    const struct book_token token = {.n = 1};
    const struct purchase_parameters settings = {.kind = PURCHASE_OPEN};
    struct purchase_files goal = {.wallet = {0, 0, 0, 1, 0, 0, 0, 1}};
    const struct card_uid uid = {.size = 4};
    const struct rng_port rng = rng_system();
    enum rounds_end said = ROUNDS_FAILED;
    purchase_begin();
    purchase_parameters_encode(&settings, goal.parameters);
    struct relay *relay = relay_create(API_CARD_CPU, &uid, number);
    CHECK(relay != NULL);
    relay_write(relay, &token, &goal);
    for (int nth = 1; nth <= WRITE_ROUNDS; nth++) {
        relay_script(relay, &script);
        relay_carry_round(&script);
        const struct relay_answers answers = {hand.said.round, hand.said.answers,
                                              hand.said.answer_count};
        CHECK_EQ_I64(relay_take(relay, at.rig.vault, &rng, &answers, &said), OK);
        CHECK_EQ_I64(said, nth == WRITE_ROUNDS ? ROUNDS_DONE : ROUNDS_MORE);
        for (size_t i = 0; i < PURCHASE_KEY_COUNT; i++) {
            CHECK_EQ_I64(holds(relay, at.card.keys.keys[i]),
                         nth != WALLET_ROUND && nth != WRITE_ROUNDS);
        }
    }
    CHECK_EQ_U64(at.card.updates, UPDATES);
    relay_destroy(relay);
    purchase_end();
}

/* The token with the keys is away: our own trouble, which says nothing of the card. What was asked
 * then is answered when it is back. */
TEST(a_key_token_that_fails_is_not_called_a_damaged_card)
{
    purchase_begin_write();
    relay_open("k1", UID);
    purchase_lose_keys(true);
    relay_carry_reading(&hand.session.script);
    CHECK(!relay_send_reading("k1"));
    CHECK_EQ_U64(hand.status, 500);
    CHECK_EQ_STR(hand.error, "internal");
    CHECK(!relay_send_reading("k1"));
    purchase_lose_keys(false);
    CHECK(relay_send_reading("k1"));
    CHECK_EQ_I64(hand.view.state, API_CARD_MORE);
    relay_lay("k1", UID);
    CHECK_EQ_I64(hand.view.state, API_CARD_OWED);
    hand.write = hand.view.write;
    for (int nth = 1; nth <= WRITE_ROUNDS; nth++) {
        const bool asks = nth == 1 || nth == WRITE_ROUNDS - 1;
        purchase_lose_keys(asks);
        CHECK_EQ_I64(relay_one_round("k1", nth), !asks);
        purchase_lose_keys(false);
        CHECK(!asks || relay_send_round("k1", hand.order_no));
    }
    CHECK_EQ_I64(hand.step.progress, API_CARD_WRITTEN);
    purchase_check_loaded(FEN);
    purchase_end();
}

/* Our proof is sent, and the card, or its terminal, says that it is wrong. */
static void hear_refusal(const char *terminal, const char *lie)
{
    relay_rounds_to(terminal, ENTER_ROUND - 1);
    relay_carry_round(&hand.step.script);
    if (lie != NULL) {
        hand.said.answer_count = 1;
        CHECK(str_copy(hand.said.answers[0].apdu, sizeof(hand.said.answers[0].apdu), lie));
    }
    for (int i = 0; i < 2; i++) { /* told twice: noted once */
        CHECK(relay_send_round(terminal, hand.order_no));
        CHECK_EQ_I64(hand.step.progress, API_CARD_FAILED);
    }
    CHECK(!relay_one_round(terminal, 1)); /* and not in this laying either */
    CHECK_EQ_STR(hand.error, "card_refused");
    relay_open(terminal, UID);
    CHECK_EQ_I64(hand.session.standing, API_CARD_BLOCKED);
    CHECK(is_state(&at.rig, hand.order_no, "CREDITING"));
}

static int64_t register_has(const char *state)
{
    return rig_number(&at.rig.rig, "SELECT count(*) FROM card WHERE state = ?1", state);
}

/* Its key to be written with is not ours: one try at a terminal, and no more than two at all. */
TEST(a_card_that_refuses_our_proof_is_blocked_by_us_first)
{
    purchase_begin_write();
    at.card.keys.keys[PURCHASE_KEY_EXTERNAL][0] ^= 1;
    hear_refusal("k1", NULL);
    CHECK_EQ_U64(at.card.tries_left, DOUBLE_PURCHASE_TRIES - 1);
    CHECK_EQ_I64(register_has("open"), 1);
    relay_lay("k2", UID);
    hand.write = hand.view.write;
    hear_refusal("k2", NULL);
    CHECK_EQ_U64(at.card.tries_left, DOUBLE_PURCHASE_TRIES - 2);
    CHECK_EQ_I64(register_has("blocked"), 1);
    CHECK_EQ_I64(rig_number(&at.rig.rig, "SELECT count(*) FROM card_event WHERE person = ''", NULL),
                 3);
    CHECK_EQ_I64(rig_number(&at.rig.rig,
                            "SELECT sum(count) FROM alarm WHERE kind = 'card_odd' AND subject = ?1",
                            UID),
                 2);
    purchase_end();
}

/* A terminal that makes it up blocks the card for itself alone, until the desk has looked. */
TEST(one_terminals_word_blocks_no_card)
{
    static const char *const LIES[] = {"63C4", "6983"};
    char word[64];
    for (size_t i = 0; i < sizeof(LIES) / sizeof(LIES[0]); i++) {
        purchase_begin_write();
        hear_refusal("k1", LIES[i]);
        double_purchase_drop(&at.card);
        CHECK_EQ_I64(register_has("open"), 1);
        purchase_finish("k2");
        purchase_check_loaded(FEN);
        CHECK_EQ_U64(
            desk("/v1/admin/cards/" UID "/state", "{\"state\":\"open\"," BY_LI "}", "state", word),
            200);
        relay_lay("k1", UID);
        CHECK_EQ_I64(hand.view.state, API_CARD_READY);
        purchase_end();
    }
}

TEST(a_card_that_lost_its_field_counts_nothing)
{
    purchase_begin_write();
    relay_rounds_to("k1", ENTER_ROUND - 1);
    double_purchase_drop(&at.card);
    CHECK(relay_one_round("k1", ENTER_ROUND));
    CHECK_EQ_I64(hand.step.progress, API_CARD_FAILED);
    CHECK_EQ_U64(at.card.tries_left, DOUBLE_PURCHASE_TRIES);
    purchase_finish("k1");
    purchase_check_loaded(FEN);
    purchase_end();
}

TEST_MAIN()
