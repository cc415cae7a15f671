/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A DESFire card behind a terminal that carries its bytes: read, sold to and written in rounds.
 * Every round may be the last that is heard of, its answers may be wrong, another card's or said
 * twice; the same token is finished, and nothing is believed but the card's own proof.
 */
#include <string.h>

#include "cloud/cards/relay.h"
#include "cloud/cards/session.h"
#include "common/bytes.h"
#include "common/crypto/digest.h"
#include "common/crypto/ed25519.h"
#include "common/str.h"
#include "drivers/rng/rng_system.h"
#include "protocol/card/keys.h"
#include "protocol/cardauth/cardauth.h"
#include "tests/unit/cloud_cards/card_rig.h"
#include "tests/unit/cloud_cards/double_desfire.h"
#include "tests/unit/cloud_cards/relay_rig.h"
#include "tests/unit/test.h"

enum { FEN = 5000, READ_ROUNDS = 2, WRITE_ROUNDS = 5, COMMIT_ROUND = 3, BODY_SIZE = 4096 };

static struct card_rig rig;
static struct double_desfire card;
static struct test_meter meter;

static void text_of(char *ret_text, size_t size, const char *text)
{
    CHECK(str_copy(ret_text, size, text));
}

static struct apdu hear(const struct apdu *command)
{
    return double_desfire_hear(&card, command);
}

/* ---- the way ---- */

static struct card_keys meter_keys(void)
{
    const struct card_master master = {{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15}};
    struct card_keys keys;
    CHECK(card_keys_derive(&master, meter.number, &keys));
    return keys;
}

static void make_card(const char *uid)
{
    struct card_uid parsed;
    const struct card_keys keys = meter_keys();
    CHECK(card_uid_parse(uid, &parsed));
    card = double_desfire_make(&keys, &parsed);
}

static void begin(void)
{
    card_rig_begin(&rig);
    meter = test_meter_make();
    open_card(UID_7, API_CARD_DESFIRE);
    make_card(UID_7);
    hand.hear = hear;
    hand.write_rounds = WRITE_ROUNDS;
}

static void end(void)
{
    const bool clean = rig_books_are_clean(&rig.rig);
    card_rig_end(&rig);
    CHECK(clean);
}

static void buy_relayed(const char *terminal)
{
    relay_buy(&rig, terminal, UID_7, FEN);
}

static void issue_relayed(const char *terminal)
{
    CHECK_EQ_U64(relay_issue(terminal), 200);
}

/* Bought and issued: the first round is in hand. */
static void begin_write(void)
{
    begin();
    buy_relayed("k1");
    issue_relayed("k1");
}

static void check_record(void)
{
    char hex[CARD_RECORD_TEXT_SIZE];
    char record[CARD_RECORD_TEXT_SIZE];
    rig_text(&rig.rig, "SELECT hex(record) FROM card_token WHERE document_no = ?1", hand.order_no,
             hex, sizeof(hex));
    card_record_format(card.credit, record);
    CHECK_EQ_STR(record, hex);
}

static void check_token(void)
{
    check_record();
    CHECK_EQ_I64(rig_number(&rig.rig, "SELECT count(*) FROM card_token", NULL), 1);
}

/* Lay it again, wherever: the one token of the order comes onto it, and nobody pays. */
static void finish_relayed(const char *terminal)
{
    relay_lay(terminal, UID_7);
    if (hand.view.state == API_CARD_OWED) {
        hand.write = hand.view.write;
        CHECK_EQ_STR(hand.write.order_no, hand.order_no);
        relay_rounds_to(terminal, WRITE_ROUNDS);
    } else {
        CHECK_EQ_I64(hand.view.state, API_CARD_READY); /* this reading proved it */
    }
    CHECK(is_state(&rig, hand.order_no, "DONE"));
    check_token();
}

static void load_meter_from(const char *uid)
{
    struct test_card raw = test_card_make(uid);
    card_record_format(card.credit, raw.credit[0]);
    card_record_format(card.credit, raw.credit[1]);
    test_meter_load(&meter, &raw);
    CHECK(card_record_parse(raw.returned[0], card.returned));
}

static void load_meter(void)
{
    load_meter_from(UID_7);
}

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

/* ---- not allowed ---- */

TEST(rounds_of_nothing_that_is_being_written)
{
    begin_write();
    relay_rounds_to("k1", 2);
    relay_carry_round(&hand.step.script);
    CHECK(!relay_send_round("k1", "SH0000000000000001"));
    CHECK_EQ_U64(hand.status, 410);
    hand.said.round = 9;
    CHECK(!relay_send_round("k1", hand.order_no));
    CHECK_EQ_U64(hand.status, 410);
    hand.said.round = 1;
    CHECK(!relay_send_round("k1", "SH0000000000000001"));
    CHECK_EQ_STR(hand.error, "not_paid");
    hand.reading.round = 3; /* of a reading, while it is written */
    CHECK(!relay_send_reading("k1"));
    CHECK_EQ_U64(hand.status, 410);
    CHECK(!relay_send_round("k2", hand.order_no)); /* another terminal's session */
    CHECK_EQ_U64(hand.status, 410);
    CHECK(!relay_post("k1", "/v1/terminal/orders/SH1/card/round", "{}"));
    CHECK_EQ_U64(hand.status, 400);
    finish_relayed("k1");
    end();
}

TEST(another_laying_ends_the_rounds)
{
    begin_write();
    relay_rounds_to("k1", 2);
    relay_carry_round(&hand.step.script);
    relay_open("k1", UID_7);
    CHECK(!relay_send_round("k1", hand.order_no));
    CHECK_EQ_U64(hand.status, 410);
    finish_relayed("k1");
    end();
}

TEST(a_card_of_sectors_has_no_rounds)
{
    static struct laid laid;
    card_rig_begin(&rig);
    meter = test_meter_make();
    open_card(UID, API_CARD_CLASSIC);
    struct test_card classic = test_card_make(UID);
    lay("k1", &classic, &laid);
    memset(&hand.said, 0, sizeof(hand.said));
    text_of(hand.said.session_id, sizeof(hand.said.session_id), laid.session_id);
    hand.said.round = 1;
    CHECK(!relay_send_round("k1", "SH1"));
    CHECK_EQ_U64(hand.status, 410);
    end();
}

/* Its session is over before it began: the terminal is not told to try again. */
TEST(a_blocked_card_has_no_rounds)
{
    char state[64];
    begin_write();
    CHECK_EQ_U64(desk("/v1/admin/cards/" UID_7 "/state", "{\"state\":\"blocked\"," BY_LI "}",
                      "state", state),
                 200);
    relay_open("k1", UID_7);
    CHECK_EQ_I64(hand.session.standing, API_CARD_BLOCKED);
    relay_carry_round(&hand.write.script);
    CHECK(!relay_send_round("k1", hand.order_no));
    CHECK_EQ_U64(hand.status, 410);
    CHECK_EQ_STR(hand.error, "card_session_over");
    CHECK_EQ_U64(card.commits, 0);
    end();
}

/* Between our proof and the write: the token must not go out any more. */
TEST(what_is_decided_meanwhile_stops_the_round_that_writes)
{
    static const struct {
        const char *state;
        const char *code;
    } cases[] = {{NULL, "card_stale"}, {"blocked", "card_refused"}, {"lost", "card_refused"}};
    char case_no[64];
    char path[96];
    char text[128];
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        begin_write();
        relay_rounds_to("k1", 1);
        double_http_peer("k1", "s1");
        if (cases[i].state == NULL) {
            begin_return(&rig, hand.order_no, case_no);
        } else {
            str_format_cut(path, sizeof(path), "/v1/admin/cards/" UID_7 "/state");
            str_format_cut(text, sizeof(text), "{\"state\":\"%s\"," BY_LI "}", cases[i].state);
            CHECK_EQ_U64(desk(path, text, "state", case_no), 200);
        }
        CHECK(!relay_one_round("k1", 2));
        CHECK_EQ_U64(hand.status, 409);
        CHECK_EQ_STR(hand.error, cases[i].code);
        CHECK_EQ_U64(card.commits, 0);
        end();
    }
}

/* The reversal goes the same way, and the meter's word ends the case. */
TEST(value_is_bought_back_through_rounds)
{
    char case_no[64];
    begin_write();
    relay_rounds_to("k1", WRITE_ROUNDS);
    load_meter();
    relay_lay("k1", UID_7);
    begin_return(&rig, hand.order_no, case_no);
    relay_lay("k1", UID_7);
    CHECK_EQ_I64(hand.view.state, API_CARD_REPAIR);
    CHECK_EQ_STR(hand.view.write.order_no, case_no);
    hand.write = hand.view.write;
    relay_rounds_to("k1", WRITE_ROUNDS);
    CHECK_EQ_U64(card.commits, 2);
    relay_lay("k1", UID_7);
    CHECK_EQ_STR(hand.view.reason, "return_case");
    load_meter();
    CHECK_EQ_I64(meter.balance_fen, 0);
    relay_lay("k1", UID_7);
    CHECK_EQ_I64(hand.view.state, API_CARD_READY);
    end();
}

/* An old state of the card is laid; the token that was proven once is proven no more. */
TEST(a_repair_that_was_cut_is_not_called_written)
{
    begin_write();
    const struct double_desfire old = card;
    CHECK(!relay_told_written(UID_7)); /* it was never heard since */
    relay_rounds_to("k1", WRITE_ROUNDS);
    CHECK(relay_told_written(UID_7));
    const struct double_desfire whole = card;
    card = old;
    relay_lay("k1", UID_7);
    CHECK_EQ_I64(hand.view.state, API_CARD_REPAIR);
    CHECK_EQ_STR(hand.view.write.order_no, hand.order_no);
    hand.write = hand.view.write;
    CHECK(!relay_told_written(UID_7));
    relay_rounds_to("k1", COMMIT_ROUND);
    CHECK(!relay_told_written(UID_7)); /* committed, and not proven */
    CHECK(is_state(&rig, hand.order_no, "DONE"));
    CHECK(relay_one_round("k1", 4));
    CHECK(relay_one_round("k1", 5));
    CHECK_EQ_I64(hand.step.progress, API_CARD_WRITTEN);
    CHECK(relay_told_written(UID_7));
    CHECK_EQ_MEM(card.credit, whole.credit, CARD_RECORD_SIZE);
    end();
}

/* Paid, and taken away before a token was given out: the laid card is owed it, nobody pays. */
TEST(what_is_paid_waits_for_its_card)
{
    begin();
    buy_relayed("k1");
    relay_lay("k2", UID_7);
    CHECK_EQ_I64(hand.view.state, API_CARD_OWED);
    CHECK(hand.view.has_owed && !hand.view.has_write);
    CHECK_EQ_STR(hand.view.owed_order_no, hand.order_no);
    CHECK_EQ_I64(hand.view.owed_fen, FEN);
    issue_relayed("k2");
    relay_rounds_to("k2", WRITE_ROUNDS);
    CHECK(is_state(&rig, hand.order_no, "DONE"));
    check_token();
    end();
}

/* A card of sectors instead of a DESFire card, and the other way round: what is owed goes over. */
TEST(a_card_of_the_other_kind_takes_its_place)
{
    static struct laid laid;
    struct test_card classic = test_card_make(UID);
    char state[64];
    bool written = false;
    begin_write();
    CHECK_EQ_U64(desk("/v1/admin/cards/" UID_7 "/replace", "{\"uid\":\"" UID "\"," BY_LI "}",
                      "state", state),
                 200);
    lay("k1", &classic, &laid);
    CHECK_EQ_STR(laid.state, "owed");
    CHECK_EQ_I64(laid.write.media, API_CARD_CLASSIC);
    burn(&classic, &laid.write);
    CHECK_EQ_U64(confirm("k1", laid.write.order_no, &classic, &written, hand.error), 200);
    CHECK(written && is_state(&rig, hand.order_no, "DONE"));
    end();

    card_rig_begin(&rig);
    meter = test_meter_make();
    open_card(UID, API_CARD_CLASSIC);
    classic = test_card_make(UID);
    buy(&rig, "k1", &classic, FEN, hand.order_no);
    lay("k1", &classic, &laid);
    CHECK_EQ_U64(issue("k1", hand.order_no, laid.session_id, &hand.write, hand.error), 200);
    CHECK_EQ_U64(desk("/v1/admin/cards/" UID "/replace",
                      "{\"uid\":\"" UID_7 "\",\"media\":\"desfire\"," BY_LI "}", "state", state),
                 200);
    make_card(UID_7);
    relay_lay("k1", UID_7);
    CHECK_EQ_I64(hand.view.state, API_CARD_OWED);
    CHECK_EQ_I64(hand.view.write.media, API_CARD_DESFIRE);
    CHECK_EQ_STR(hand.view.write.token, "");
    hand.write = hand.view.write;
    relay_rounds_to("k1", WRITE_ROUNDS);
    CHECK(is_state(&rig, hand.order_no, "DONE"));
    load_meter();
    CHECK_EQ_I64(meter.balance_fen, FEN);
    end();
}

/* Replaced when the signed round is out already: the token is on the old card, which proves it, and
 * the new one gets a token of its own. The meter counts both once. */
TEST(a_card_that_is_replaced_while_it_is_written_and_its_successor_count_once)
{
    static const char NEW_UID[] = "04FFEEDDCCBBAA";
    for (int old_first = 0; old_first <= 1; old_first++) {
        char state[64];
        begin_write();
        relay_rounds_to("k1", COMMIT_ROUND - 1);
        CHECK_EQ_U64(desk("/v1/admin/cards/" UID_7 "/replace",
                          "{\"uid\":\"04FFEEDDCCBBAA\",\"media\":\"desfire\"," BY_LI "}", "state",
                          state),
                     200);
        CHECK(relay_one_round("k1", COMMIT_ROUND));
        CHECK_EQ_U64(card.commits, 1);
        CHECK(is_state(&rig, hand.order_no, "CREDITING"));
        CHECK(relay_one_round("k1", 4));
        CHECK(relay_one_round("k1", 5));
        CHECK_EQ_I64(hand.step.progress, API_CARD_WRITTEN);
        CHECK(is_state(&rig, hand.order_no, "DONE"));
        check_record();
        relay_open("k1", UID_7);
        CHECK_EQ_I64(hand.session.standing, API_CARD_REPLACED);
        CHECK_EQ_U64(hand.session.script.count, 0);
        if (old_first == 1) {
            load_meter();
            CHECK_EQ_I64(meter.balance_fen, FEN);
        }
        const struct double_desfire old = card;

        make_card(NEW_UID);
        relay_lay("k1", NEW_UID);
        CHECK_EQ_I64(hand.view.state, API_CARD_REPAIR);
        CHECK_EQ_U64(hand.view.write.n, 2);
        CHECK_EQ_I64(hand.view.write.amount_fen, 0);
        hand.write = hand.view.write;
        relay_rounds_to("k1", WRITE_ROUNDS);
        CHECK_EQ_U64(card.commits, 1);
        CHECK_EQ_I64(rig_number(&rig.rig,
                                "SELECT count(*) FROM card_token WHERE kind = 'replacement' AND"
                                " n = 2 AND uid = ?1 AND total_fen = (SELECT total_fen FROM"
                                " card_token WHERE n = 1) AND written_at IS NOT NULL",
                                NEW_UID),
                     1);
        load_meter_from(NEW_UID);
        CHECK_EQ_I64(meter.balance_fen, FEN);
        card = old;
        load_meter();
        CHECK_EQ_I64(meter.balance_fen, FEN);
        end();
    }
}

/* ---- the desk ---- */

TEST(the_desk_is_given_keys_and_knows_kinds)
{
    char text[64];
    uint8_t key[CARD_KEY_SIZE];
    char hex[2 * CARD_KEY_SIZE + 1];
    struct card_uid uid;
    begin();
    double_http_peer("k1", "s1");
    struct double_answer answer =
        double_http_call(HTTP_POST, "/v1/admin/cards/" UID_7 "/keys", "{" BY_LI "}");
    CHECK_EQ_U64(answer.status, 200);
    const json_t *list = json_object_get(answer.json, "keys");
    CHECK_EQ_U64(json_array_size(list), DESFIRE_KEY_COUNT);
    CHECK(json_object_get(answer.json, "trailers") == NULL);
    const struct card_keys keys = meter_keys();
    CHECK(card_uid_parse(UID_7, &uid));
    for (uint8_t i = 0; i < DESFIRE_KEY_COUNT; i++) {
        CHECK(card_desfire_key(&keys, &uid, i, key));
        CHECK(hex_format(key, sizeof(key), 0, hex, sizeof(hex)));
        CHECK_EQ_STR(json_string_value(json_array_get(list, i)), hex);
    }
    double_answer_finish(&answer);
    static const char *const medias[] = {"\"felica\"", "7"};
    for (size_t i = 0; i < ARRAY_COUNT(medias); i++) {
        char wish[160];
        str_format_cut(wish, sizeof(wish),
                       "{\"uid\":\"" UID "\",\"meter_id\":\"" METER "\",\"media\":%s," BY_LI "}",
                       medias[i]);
        CHECK_EQ_U64(desk("/v1/admin/cards", wish, "media", text), 400);
    }
    end();
}

/* ---- keys in memory ---- */

/* What the card says to the relay's commands, told to it. */
static void tell(struct relay *relay)
{
    static struct api_card_script script;
    const struct rng_port rng = rng_system();
    enum rounds_end said = ROUNDS_FAILED;
    relay_script(relay, &script);
    relay_carry_round(&script);
    const struct relay_answers answers = {hand.said.round, hand.said.answers,
                                          hand.said.answer_count};
    CHECK_EQ_I64(relay_take(relay, rig.vault, &rng, &answers, &said), OK);
    CHECK_EQ_I64(said, relay->round <= WRITE_ROUNDS ? ROUNDS_MORE : ROUNDS_DONE);
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

TEST(the_key_of_a_card_is_held_from_its_challenge_to_its_proof)
{
    const struct book_token token = {.n = 1, .record = {1}};
    uint8_t session[CARD_KEY_SIZE];
    struct card_uid uid;
    begin();
    CHECK(card_uid_parse(UID_7, &uid));
    struct relay *relay = relay_create(API_CARD_DESFIRE, &uid, meter.number);
    CHECK(relay != NULL);
    relay_write(relay, &token, NULL);
    for (int nth = 1; nth <= WRITE_ROUNDS; nth++) {
        tell(relay);
        CHECK_EQ_I64(holds(relay, card.key), nth == 1 || nth == 4);
        if (nth == 2) {
            memcpy(session, card.session.key, sizeof(session));
        }
        CHECK_EQ_I64(nth >= 2 && holds(relay, session), nth == 2);
    }
    CHECK_EQ_U64(card.commits, 1);
    relay_destroy(relay);
    end();
}

/* ---- the sessions' relays ---- */

/* Broken off in the middle of a proof, and nobody lays another card there. */
TEST(relays_of_sessions_that_are_over_are_destroyed_by_any_call)
{
    const struct card_session one = {.session_id = "1", .terminal_id = "k1"};
    const struct card_session two = {.session_id = "2", .terminal_id = "k2", .used_ms = 1};
    const struct card_session three = {
        .session_id = "3", .terminal_id = "k3", .used_ms = SESSION_MS + 1};
    const uint8_t number[CARD_METER_SIZE] = {0};
    const struct card_uid uid = {.size = 7};
    struct card_session got;
    struct card_sessions *sessions = card_sessions_create();
    CHECK(sessions != NULL);
    card_sessions_put(sessions, &one, relay_create(API_CARD_DESFIRE, &uid, number));
    card_sessions_put(sessions, &two, relay_create(API_CARD_DESFIRE, &uid, number));
    CHECK(!card_sessions_get(sessions, "9", "k9", SESSION_MS - 1, &got));
    struct relay *relay = card_sessions_take_relay(sessions, "1");
    CHECK(relay != NULL);
    card_sessions_give_relay(sessions, "1", relay);
    CHECK(!card_sessions_get(sessions, "9", "k9", SESSION_MS, &got));
    CHECK(card_sessions_take_relay(sessions, "1") == NULL);
    CHECK(!card_sessions_get(sessions, "1", "k1", 0, &got));
    relay = card_sessions_take_relay(sessions, "2");
    CHECK(relay != NULL);
    card_sessions_give_relay(sessions, "2", relay);
    card_sessions_put(sessions, &three, NULL);
    CHECK(card_sessions_take_relay(sessions, "2") == NULL);
    CHECK(card_sessions_get(sessions, "3", "k3", 2 * SESSION_MS, &got)); /* begins anew */
    CHECK(card_sessions_get(sessions, "3", "k3", 3 * SESSION_MS - 1, &got));
    CHECK(!card_sessions_get(sessions, "3", "k3", 4 * SESSION_MS - 1, &got));
    card_sessions_destroy(sessions);
}

TEST(a_relay_is_in_one_hand_and_ends_with_its_session)
{
    const struct card_session one = {.session_id = "1", .terminal_id = "k1"};
    const struct card_session two = {.session_id = "2", .terminal_id = "k1"};
    const uint8_t number[CARD_METER_SIZE] = {0};
    const struct card_uid uid = {.size = 7};
    struct card_sessions *sessions = card_sessions_create();
    CHECK(sessions != NULL);
    card_sessions_put(sessions, &one, relay_create(API_CARD_DESFIRE, &uid, number));
    struct relay *relay = card_sessions_take_relay(sessions, "1");
    CHECK(relay != NULL);
    CHECK(card_sessions_take_relay(sessions, "1") == NULL);
    card_sessions_give_relay(sessions, "1", relay);
    CHECK(card_sessions_take_relay(sessions, "1") == relay);
    card_sessions_put(sessions, &two, NULL);
    card_sessions_give_relay(sessions, "1", relay); /* destroyed */
    CHECK(card_sessions_take_relay(sessions, "1") == NULL);
    CHECK(card_sessions_take_relay(sessions, "2") == NULL);
    card_sessions_put(sessions, &one,
                      relay_create(API_CARD_DESFIRE, &uid, number)); /* destroyed with them */
    card_sessions_destroy(sessions);
}

TEST_MAIN()
