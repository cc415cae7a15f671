/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A DESFire card behind a terminal that carries its bytes: read, sold to and written in rounds.
 * Every round may be the last that is heard of, its answers may be wrong, another card's or said
 * twice; the same token is finished, and nothing is believed but the card's own proof.
 */
#include <string.h>

#include "cloud/cards/session.h"
#include "common/crypto/ed25519.h"
#include "protocol/cardauth/cardauth.h"
#include "tests/unit/cloud_cards/relayed_steps.h"

/* ---- the good way ---- */

TEST(pay_write_in_five_rounds_load)
{
    begin();
    relay_lay("k1", UID_7);
    CHECK_EQ_I64(hand.session.media, API_CARD_DESFIRE);
    CHECK_EQ_U64(hand.session.keys.count, 0);
    CHECK_EQ_U64(hand.session.script.count, 2);
    CHECK_EQ_I64(hand.view.loaded, API_CARD_LOADED_NEVER);
    buy_relayed("k1");
    issue_relayed("k1");
    CHECK_EQ_STR(hand.write.token, "");
    CHECK_EQ_STR(hand.write.authorisation, "");
    CHECK_EQ_U64(hand.write.keys.count, 0);
    relay_rounds_to("k1", COMMIT_ROUND - 1);
    CHECK_EQ_U64(card.commits, 0);
    CHECK(hand.step.authorisation[0] != '\0');
    CHECK(!relay_told_written(UID_7)); /* not yet */
    CHECK(relay_one_round("k1", COMMIT_ROUND));
    CHECK_EQ_STR(hand.step.authorisation, "");
    CHECK(is_state(&rig, hand.order_no, "CREDITING"));
    CHECK(relay_one_round("k1", 4));
    CHECK(relay_one_round("k1", 5));
    CHECK_EQ_I64(hand.step.progress, API_CARD_WRITTEN);
    CHECK_EQ_U64(card.commits, 1);
    CHECK(is_state(&rig, hand.order_no, "DONE"));
    check_token();
    CHECK(relay_told_written(UID_7));
    CHECK(hand.proof.has_order);
    load_meter();
    CHECK_EQ_I64(meter.balance_fen, FEN);
    relay_lay("k2", UID_7);
    CHECK_EQ_I64(hand.view.state, API_CARD_READY);
    CHECK_EQ_I64(hand.view.loaded, API_CARD_LOADED_YES);
    CHECK_EQ_I64(hand.view.balance_fen, FEN);
    end();
}

TEST(the_round_that_writes_is_signed_for_this_terminal_card_order_and_bytes)
{
    char pem[ED25519_PEM_SIZE];
    struct ed25519_key *key = NULL;
    struct cardauth auth;
    struct card_uid uid;
    struct card_uid other;
    uint8_t bound[API_CARD_APDUS_MAX * APDU_BOUND_SIZE_MAX];
    size_t size = 0;
    begin_write();
    relay_rounds_to("k1", COMMIT_ROUND - 1);
    for (size_t i = 0; i < hand.step.script.count; i++) {
        struct apdu apdu;
        const uint16_t expect = i == 0 ? DESFIRE_MORE : DESFIRE_OK;
        CHECK_EQ_STR(hand.step.script.apdus[i].expect, i == 0 ? "91AF" : "9100");
        CHECK(apdu_parse(hand.step.script.apdus[i].apdu, &apdu));
        size += apdu_bind(&apdu, &expect, bound + size);
    }
    CHECK(ed25519_public_pem(vault_signing_key(rig.vault), pem));
    CHECK_EQ_I64(ed25519_public_read(pem, strlen(pem), &key), OK);
    CHECK(card_uid_parse(UID_7, &uid) && card_uid_parse(UID, &other));
    struct cardauth_deed deed = {.what = CARDAUTH_RELAY,
                                 .terminal = "k1",
                                 .uid = &uid,
                                 .bytes = bound,
                                 .size = size,
                                 .clock_is_set = true};
    CHECK_EQ_I64(cardauth_check(hand.step.authorisation, key, &deed), CARDAUTH_ALLOWED);
    CHECK_EQ_I64(cardauth_open(hand.step.authorisation, key, &auth), OK);
    CHECK_EQ_STR(auth.order, hand.order_no);
    CHECK_EQ_U64(auth.n, 1);
    CHECK_EQ_I64(auth.fen, FEN);
    deed.uid = &other;
    CHECK_EQ_I64(cardauth_check(hand.step.authorisation, key, &deed), CARDAUTH_WRONG_CARD);
    deed.uid = &uid;
    deed.terminal = "k2";
    CHECK_EQ_I64(cardauth_check(hand.step.authorisation, key, &deed), CARDAUTH_FORGED);
    deed.terminal = "k1";
    deed.what = CARDAUTH_WRITE;
    CHECK_EQ_I64(cardauth_check(hand.step.authorisation, key, &deed), CARDAUTH_FORGED);
    deed.what = CARDAUTH_RELAY;
    bound[size - 1] ^= 1;
    CHECK_EQ_I64(cardauth_check(hand.step.authorisation, key, &deed), CARDAUTH_FORGED);
    ed25519_key_destroy(key);
    end();
}

/* ---- cut between rounds ---- */

TEST(cut_after_any_round_the_same_token_is_finished)
{
    for (int last = 0; last < WRITE_ROUNDS; last++) {
        begin_write();
        relay_rounds_to("k1", last);
        const bool there = last >= COMMIT_ROUND;
        CHECK_EQ_U64(card.commits, there ? 1 : 0);
        finish_relayed(last % 2 == 0 ? "k1" : "k2");
        CHECK_EQ_U64(card.commits, 1);
        load_meter();
        CHECK_EQ_I64(meter.balance_fen, FEN);
        end();
    }
}

TEST(cut_after_any_command_that_writes)
{
    for (size_t carried = 0; carried <= DESFIRE_WRITE_SIZE; carried++) {
        begin_write();
        relay_rounds_to("k1", COMMIT_ROUND - 1);
        static struct api_card_script script;
        script = hand.step.script;
        script.count = carried;
        relay_carry_round(&script); /* its answers are never told */
        CHECK_EQ_U64(card.commits, carried == DESFIRE_WRITE_SIZE ? 1 : 0);
        finish_relayed("k1");
        CHECK_EQ_U64(card.commits, 1);
        end();
    }
}

TEST(the_server_starts_anew_between_two_rounds)
{
    begin_write();
    relay_rounds_to("k1", COMMIT_ROUND);
    card_rig_restart(&rig);
    CHECK(!relay_one_round("k1", COMMIT_ROUND + 1));
    CHECK_EQ_U64(hand.status, 410);
    CHECK_EQ_STR(hand.error, "card_session_over");
    CHECK(!relay_told_written(UID_7));
    finish_relayed("k1");
    CHECK(relay_told_written(UID_7));
    end();
}

/* What was committed, and never proved, is found there and not written again. */
TEST(a_write_that_is_on_the_card_already_is_proved_without_another)
{
    begin_write();
    relay_rounds_to("k1", COMMIT_ROUND);
    issue_relayed("k1"); /* asked for again in the same session */
    CHECK(relay_one_round("k1", 1));
    CHECK(relay_one_round("k1", 2));
    CHECK_EQ_I64(hand.step.progress, API_CARD_WRITTEN);
    CHECK_EQ_U64(card.commits, 1);
    CHECK(is_state(&rig, hand.order_no, "DONE"));
    end();
}

/* ---- wrong answers ---- */

enum wrong { MISSING, NONE, REFUSED, ALTERED, NO_HEX, WRONG_COUNT };

static void spoil(enum wrong wrong)
{
    struct api_card_apdu *last = &hand.said.answers[hand.said.answer_count - 1];
    switch (wrong) {
    case MISSING:
        hand.said.answer_count -= 1;
        break;
    case NONE:
        hand.said.answer_count = 0;
        break;
    case REFUSED:
        text_of(last->apdu, sizeof(last->apdu), "91AE");
        break;
    case ALTERED:
        last->apdu[0] = last->apdu[0] == '0' ? '1' : '0';
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
        for (int wrong = MISSING; wrong < WRONG_COUNT; wrong++) {
            /* A challenge that is another one is noticed by the card, one round later. */
            const bool late = wrong == ALTERED && (nth == 1 || nth == 4);
            begin_write();
            relay_rounds_to("k1", nth - 1);
            relay_carry_round(nth == 1 ? &hand.write.script : &hand.step.script);
            spoil((enum wrong)wrong);
            CHECK(relay_send_round("k1", hand.order_no));
            CHECK_EQ_I64(hand.step.progress, late ? API_CARD_GOES_ON : API_CARD_FAILED);
            if (late) {
                CHECK(relay_one_round("k1", nth + 1));
                CHECK_EQ_I64(hand.step.progress, API_CARD_FAILED);
            }
            CHECK_EQ_U64(hand.step.script.count, 0);
            CHECK(is_state(&rig, hand.order_no, "CREDITING"));
            hand.said.round += 1; /* it is over, whatever is said now */
            CHECK(relay_send_round("k1", hand.order_no));
            CHECK_EQ_I64(hand.step.progress, API_CARD_FAILED);
            finish_relayed("k1");
            end();
        }
    }
}

TEST(answers_of_another_card_prove_nothing)
{
    begin_write();
    relay_rounds_to("k1", COMMIT_ROUND);
    /* The true card went away; one with its number and other keys answers. */
    const struct double_desfire kept = card;
    memset(card.key, 0x55, sizeof(card.key));
    CHECK(relay_one_round("k1", 4));
    CHECK(relay_one_round("k1", 5));
    CHECK_EQ_I64(hand.step.progress, API_CARD_FAILED);
    CHECK(is_state(&rig, hand.order_no, "CREDITING"));
    relay_lay("k1", UID_7);
    CHECK_EQ_I64(hand.view.state, API_CARD_REFUSED);
    CHECK_EQ_STR(hand.view.reason, "not_read"); /* it refuses our proof */
    relay_lay("k1", UID_7); /* which is noted, and blocks no card that counts no tries */
    CHECK_EQ_I64(rig_number(&rig.rig,
                            "SELECT count(*) FROM card_event WHERE event = 'proof_refused' AND"
                            " detail = 'k1' AND uid = ?1",
                            UID_7),
                 1);
    CHECK_EQ_I64(rig_number(&rig.rig, "SELECT count(*) FROM alarm WHERE kind = 'card_odd'", NULL),
                 1);
    card = kept;
    finish_relayed("k1");
    end();
}

/* Rows of evidence, and how often the office was told of this card. */
static void check_trace(int64_t rows, const char *document_no)
{
    CHECK_EQ_I64(rig_number(&rig.rig,
                            "SELECT count(*) FROM card_reading WHERE verdict = 'bad_mac' AND"
                            " terminal_id = 'k1' AND credit = '- -' AND document_no = ?1",
                            document_no),
                 rows);
    CHECK_EQ_I64(rig_number(&rig.rig,
                            "SELECT coalesce(sum(count), 0) FROM alarm WHERE kind = 'card_odd'"
                            " AND subject = ?1",
                            UID_7),
                 rows);
}

/* A card that lets everybody in, or a terminal that makes up its answers. */
TEST(a_card_that_cannot_prove_our_key_is_refused_and_told_of)
{
    begin();
    relay_open("k1", UID_7);
    relay_carry_reading(&hand.session.script);
    CHECK(relay_send_reading("k1"));
    CHECK_EQ_I64(hand.view.state, API_CARD_MORE);
    relay_carry_reading(&hand.view.script);
    hand.reading.answers[0].apdu[0] = hand.reading.answers[0].apdu[0] == '0' ? '1' : '0';
    CHECK(relay_send_reading("k1"));
    CHECK_EQ_I64(hand.view.state, API_CARD_REFUSED);
    CHECK_EQ_STR(hand.view.reason, "bad_mac");
    check_trace(1, "");
    for (int file = 1; file <= 2; file++) {
        relay_open("k1", UID_7);
        relay_carry_reading(&hand.session.script);
        CHECK(relay_send_reading("k1"));
        relay_carry_reading(&hand.view.script);
        hand.reading.answers[file].apdu[0] = hand.reading.answers[file].apdu[0] == '0' ? '1' : '0';
        CHECK(relay_send_reading("k1"));
        CHECK_EQ_STR(hand.view.reason, "bad_mac");
        check_trace(1 + file, "");
    }
    hand.reading.round = 3;
    CHECK(relay_send_reading("k1"));
    CHECK_EQ_STR(hand.view.reason, "not_read");
    end();
}

/* The same while it is written: before, in and after the round that writes. */
TEST(a_card_that_cannot_prove_our_key_while_it_is_written_is_told_of)
{
    static const int forged[] = {2, COMMIT_ROUND, 5};
    for (size_t i = 0; i < ARRAY_COUNT(forged); i++) {
        begin_write();
        relay_rounds_to("k1", forged[i] - 1);
        relay_carry_round(&hand.step.script);
        spoil(ALTERED);
        check_trace(0, hand.order_no);
        CHECK(relay_send_round("k1", hand.order_no));
        CHECK_EQ_I64(hand.step.progress, API_CARD_FAILED);
        check_trace(1, hand.order_no);
        CHECK(is_state(&rig, hand.order_no, "CREDITING"));
        CHECK(!relay_told_written(UID_7)); /* what is kept of it proves nothing */
        finish_relayed("k1");
        CHECK(relay_told_written(UID_7));
        end();
    }
}

/* It was read and was fit; what it says later takes that back. */
TEST(a_card_that_was_fit_is_fit_no_more_when_it_cannot_prove_our_key)
{
    begin();
    buy_relayed("k1");
    relay_carry_reading(&hand.session.script);
    CHECK(relay_send_reading("k1"));
    relay_carry_reading(&hand.view.script);
    hand.reading.answers[0].apdu[0] = hand.reading.answers[0].apdu[0] == '0' ? '1' : '0';
    CHECK(relay_send_reading("k1"));
    CHECK_EQ_STR(hand.view.reason, "bad_mac");
    CHECK_EQ_U64(relay_issue("k1"), 409);
    CHECK_EQ_STR(hand.error, "card_refused");
    relay_lay("k1", UID_7);
    issue_relayed("k1");
    relay_rounds_to("k1", WRITE_ROUNDS);
    CHECK(is_state(&rig, hand.order_no, "DONE"));
    end();
}

/* Bytes that our key let in and nobody of ours signed. */
TEST(a_record_that_is_not_ours_is_refused)
{
    static const char FORGED[] = "53010100080000000000123456780100803801000000102700"
                                 "0008f15365e1a8e80300f401000000fe3845d13d298449";
    begin();
    CHECK(card_record_parse(FORGED, card.credit));
    relay_lay("k1", UID_7);
    CHECK_EQ_I64(hand.view.state, API_CARD_REFUSED);
    end();
}

/* ---- said twice ---- */

TEST(the_same_answers_get_the_same_word)
{
    static struct api_card_step before;
    begin_write();
    for (int nth = 1; nth <= WRITE_ROUNDS; nth++) {
        CHECK(relay_one_round("k1", nth));
        if (nth == 1) {
            continue; /* its answers begin anew, with another random number of ours */
        }
        before = hand.step;
        for (int i = 0; i < 2; i++) {
            CHECK(relay_send_round("k1", hand.order_no));
            CHECK_EQ_I64(hand.step.progress, before.progress);
            CHECK_EQ_STR(hand.step.authorisation, before.authorisation);
            CHECK_EQ_I64(hand.step.script.round, before.script.round);
            CHECK_EQ_U64(hand.step.script.count, before.script.count);
            for (size_t k = 0; k < hand.step.script.count; k++) {
                CHECK_EQ_STR(hand.step.script.apdus[k].apdu, before.script.apdus[k].apdu);
            }
        }
    }
    CHECK_EQ_U64(card.commits, 1);
    CHECK(is_state(&rig, hand.order_no, "DONE"));
    check_token();
    end();
}

TEST(a_reading_may_be_told_again)
{
    begin();
    relay_open("k1", UID_7);
    relay_carry_reading(&hand.session.script);
    CHECK(relay_send_reading("k1"));
    relay_carry_reading(&hand.view.script);
    for (int i = 0; i < 3; i++) {
        CHECK(relay_send_reading("k1"));
        CHECK_EQ_I64(hand.view.state, API_CARD_READY);
    }
    relay_carry_reading(&hand.session.script); /* and begun anew */
    CHECK(relay_send_reading("k1"));
    CHECK_EQ_I64(hand.view.state, API_CARD_MORE);
    end();
}

TEST_MAIN()
