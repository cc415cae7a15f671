/* SPDX-License-Identifier: Apache-2.0 */
/* What a relayed card may not be used for, and what becomes of it otherwise: bought back, mended,
 * replaced, made at the desk. */
#include <string.h>

#include "cloud/cards/session.h"
#include "common/bytes.h"
#include "common/str.h"
#include "protocol/card/keys.h"
#include "tests/unit/cloud_cards/relayed_steps.h"

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

TEST_MAIN()
