/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Purchase cards at the desk: whose keys leave the server, and what is taken in under whose name.
 */
#include "common/bytes.h"
#include "common/str.h"
#include "tests/unit/cloud_cards/purchase_rig.h"
#include "tests/unit/test.h"

#define CARD "/v1/admin/cards/" UID
#define NUMBER "000000000000000" /* and the last digit */

/* ---- keys ---- */

static unsigned ask_keys(const char *uid, const char *number, char ret_word[64])
{
    char path[96];
    char body[160];
    str_format_cut(path, sizeof(path), "/v1/admin/cards/%s/keys", uid);
    str_format_cut(body, sizeof(body), "{\"serial\":\"%s\"," BY_LI "}", number);
    return desk(path, body, "uid", ret_word);
}

static void check_events(const char *uid, const char *wanted)
{
    char text[400];
    rig_text(&at.rig.rig,
             "SELECT group_concat(trim(event || ' ' || detail) || ' ' || person, ', ') FROM"
             " card_event WHERE uid = ?1",
             uid, text, sizeof(text));
    CHECK_EQ_STR(text, wanted);
}

TEST(the_desk_is_given_the_keys_of_a_number)
{
    char text[64];
    char hex[2 * CARD_KEY_SIZE + 1];
    purchase_begin();
    double_http_peer("k1", "s1");
    struct double_answer answer =
        double_http_call(HTTP_POST, CARD "/keys", "{\"serial\":\"" NUMBER "1\"," BY_LI "}");
    CHECK_EQ_U64(answer.status, 200);
    const json_t *list = json_object_get(answer.json, "keys");
    CHECK_EQ_U64(json_array_size(list), PURCHASE_KEY_COUNT);
    for (size_t i = 0; i < PURCHASE_KEY_COUNT; i++) {
        CHECK(hex_format(at.card.keys.keys[i], CARD_KEY_SIZE, 0, hex, sizeof(hex)));
        CHECK_EQ_STR(json_string_value(json_array_get(list, i)), hex);
    }
    double_answer_finish(&answer);
    answer = double_http_call(HTTP_POST, CARD "/keys", "{" BY_LI "}");
    CHECK_EQ_U64(json_array_size(json_object_get(answer.json, "keys")), 0);
    double_answer_finish(&answer);
    CHECK_EQ_U64(desk(CARD "/keys", "{\"serial\":\"00\"," BY_LI "}", "media", text), 400);
    CHECK_EQ_U64(desk(CARD "/keys", "{\"serial\":7," BY_LI "}", "media", text), 400);
    purchase_end();
}

/* Whoever holds one card that is registered, and a person's password, gets the keys of that one. */
TEST(nobody_is_given_the_keys_of_another_number)
{
    char word[64];
    purchase_begin(); /* registered by a desk that did not know its number */
    CHECK_EQ_U64(ask_keys(UID, NUMBER "1", word), 200);
    CHECK_EQ_U64(ask_keys(UID, NUMBER "2", word), 409);
    CHECK_EQ_STR(word, "other_serial");
    CHECK_EQ_U64(ask_keys(UID, NUMBER "1", word), 200);
    check_events(UID, "issued m4 li, number " NUMBER "1 li, keys " NUMBER
                      "1 li, keys_refused " NUMBER "2 li, keys " NUMBER "1 li");
    CHECK_EQ_U64(desk(CARD "/replace",
                      "{\"uid\":\"" UID_2 "\",\"media\":\"cpu\",\"serial\":\"" NUMBER "1\"," BY_LI
                      "}",
                      "uid", word),
                 409); /* under another UID neither */
    CHECK_EQ_STR(word, "other_serial");
    CHECK_EQ_I64(rig_number(&at.rig.rig, "SELECT count(*) FROM card", NULL), 1);
    CHECK_EQ_U64(desk(CARD "/replace",
                      "{\"uid\":\"" UID_2 "\",\"media\":\"cpu\",\"serial\":\"" NUMBER "2\"," BY_LI
                      "}",
                      "uid", word),
                 200);
    CHECK_EQ_U64(ask_keys(UID_2, NUMBER "3", word), 409);
    CHECK_EQ_U64(ask_keys(UID_2, NUMBER "2", word), 200);
    check_events(UID_2, "issued m4 li, number " NUMBER "2 li, keys_refused " NUMBER
                        "3 li, keys " NUMBER "2 li");
    struct double_answer answer = double_http_call(HTTP_GET, "/v1/admin/cards/" UID_2, NULL);
    CHECK_EQ_STR(json_string_value(json_object_get(answer.json, "serial")), NUMBER "2");
    double_answer_finish(&answer);
    purchase_end();
}

/* A sound card of ours that shows a registered card's UID is heard as what it is: another card. */
TEST(a_card_of_another_number_settles_nothing)
{
    char word[64];
    purchase_begin();
    CHECK_EQ_U64(ask_keys(UID, NUMBER "1", word), 200);
    purchase_buy("k1");
    purchase_issue("k1");
    relay_rounds_to("k1", WALLET_ROUND);
    const struct double_purchase own = at.card;
    at.card = double_purchase_make(PURCHASE_MASTER, 2);
    at.card.files = own.files;
    relay_lay("k1", UID);
    CHECK_EQ_I64(hand.view.state, API_CARD_REFUSED);
    CHECK_EQ_STR(hand.view.reason, "bad_mac");
    CHECK(is_state(&at.rig, hand.order_no, "CREDITING"));
    at.card = own;
    relay_lay("k1", UID);
    CHECK_EQ_STR(hand.view.reason, "not_loaded");
    CHECK(is_state(&at.rig, hand.order_no, "DONE"));
    purchase_check_loaded(FEN);
    purchase_buy("k1"); /* nor is it written to */
    purchase_issue("k1");
    const struct double_purchase loaded = at.card;
    at.card = double_purchase_make(PURCHASE_MASTER, 2);
    CHECK(relay_one_round("k1", 1));
    CHECK_EQ_I64(hand.step.progress, API_CARD_FAILED);
    CHECK_EQ_U64(at.card.updates, 0);
    at.card = loaded;
    relay_lay("k1", UID);
    hand.write = hand.view.write;
    relay_rounds_to("k1", WRITE_ROUNDS);
    purchase_check_loaded(2 * FEN);
    purchase_end();
}

/* The tenant moved out: the catalogue has another customer, and the meter still the first one. */
TEST(a_card_in_place_of_another_is_for_the_customer_of_the_meter)
{
    char word[64];
    char again[64];
    struct purchase_parameters settings;
    purchase_begin();
    purchase_top_up();
    purchase_check_loaded(FEN);
    CHECK_EQ_I64(purchase_parameters_decode(at.card.files.parameters, &settings), PURCHASE_WHOLE);
    rig_exec(&at.rig.rig, "UPDATE meter SET customer_no = '000000999999' WHERE meter_id = 'm4'");
    CHECK_EQ_U64(desk(CARD "/replace",
                      "{\"uid\":\"" UID_2 "\",\"media\":\"cpu\",\"serial\":\"" NUMBER "2\"," BY_LI
                      "}",
                      "customer", word),
                 200);
    CHECK(card_meter_parse(word, settings.customer)); /* as the tool writes it, or finishes it: */
    CHECK_EQ_U64(desk("/v1/admin/cards/" UID_2 "/keys", "{" BY_LI "}", "customer", again), 200);
    CHECK_EQ_STR(again, word);
    at.card = double_purchase_make(PURCHASE_MASTER, 2);
    settings.kind = PURCHASE_OPEN;
    purchase_parameters_encode(&settings, at.card.files.parameters);
    relay_buy(&at.rig, "k1", UID_2, FEN);
    purchase_issue("k1");
    relay_rounds_to("k1", WRITE_ROUNDS);
    CHECK(purchase_meter_load(&at.meter, &at.card));
    CHECK_EQ_I64(at.meter.balance_fen, 2 * FEN);
    purchase_end();
}

/* What is on the old card already, or ended otherwise, is not the new card's. */
TEST(only_what_is_still_to_be_written_moves_to_another_card)
{
    char ended[API_ORDER_NO_SIZE];
    char word[64];
    for (int issued = 0; issued <= 1; issued++) {
        purchase_begin();
        purchase_top_up();
        purchase_check_loaded(FEN);
        CHECK(str_copy(ended, sizeof(ended), hand.order_no));
        purchase_buy("k1");
        if (issued == 1) {
            purchase_issue("k1");
            relay_rounds_to("k1", WALLET_ROUND); /* and nobody knows */
        }
        CHECK_EQ_U64(desk(CARD "/replace", "{\"uid\":\"" UID_2 "\",\"media\":\"cpu\"," BY_LI "}",
                          "uid", word),
                     200);
        rig_text(&at.rig.rig, "SELECT uid FROM card_order WHERE order_no = ?1", ended, word,
                 sizeof(word));
        CHECK_EQ_STR(word, UID);
        rig_text(&at.rig.rig, "SELECT uid FROM card_order WHERE order_no = ?1", hand.order_no, word,
                 sizeof(word));
        CHECK_EQ_STR(word, UID_2);
        purchase_end();
    }
}

/* ---- what is taken in ---- */

static void files_text(const char *more, char *ret_text, size_t size)
{
    char settings[2 * PURCHASE_PARAMETERS_SIZE + 1];
    char wallet[2 * PURCHASE_WALLET_SIZE + 1];
    char word[2 * PURCHASE_RETURN_SIZE + 1];
    CHECK(hex_format(at.card.files.parameters, sizeof(at.card.files.parameters), 0, settings,
                     sizeof(settings)));
    CHECK(
        hex_format(at.card.files.wallet, sizeof(at.card.files.wallet), 0, wallet, sizeof(wallet)));
    CHECK(
        hex_format(at.card.files.returned, sizeof(at.card.files.returned), 0, word, sizeof(word)));
    str_format_cut(ret_text, size,
                   "{\"files\":{\"parameters\":\"%s\",\"wallet\":\"%s\",\"return\":\"%s\"}%s}",
                   settings, wallet, word, more);
}

TEST(the_desk_reads_a_card)
{
    char text[600];
    char word[64];
    static const char PATH[] = CARD "/reading";
    purchase_begin();
    purchase_top_up();
    CHECK(purchase_meter_load(&at.meter, &at.card));
    files_text("", text, sizeof(text)); /* only looked at */
    CHECK_EQ_U64(desk(PATH, text, "loaded", word), 200);
    CHECK_EQ_STR(word, "yes");
    relay_lay("k1", UID);
    CHECK_EQ_U64(desk(PATH, text, "state", word), 200);
    CHECK_EQ_STR(word, "ready");
    CHECK_EQ_U64(desk(PATH, "{\"files\":{\"parameters\":\"00\"}}", "state", word), 400);
    CHECK_EQ_U64(desk(PATH, "{\"files\":7}", "state", word), 400);
    CHECK_EQ_U64(desk(PATH, "{\"credit\":[null,null]}", "reason", word), 200);
    CHECK_EQ_STR(word, "not_read");
    purchase_end();
}

/* Files prove nothing by themselves: what the desk says of them settles an order if somebody puts
 * his name to it, and is nothing at all if nobody does. */
TEST(files_that_the_desk_brings_settle_an_order_under_a_name)
{
    static const char *const NOBODY[] = {",\"take\":true", ",\"take\":true,\"person\":\"li\"",
                                         ",\"take\":true,\"person\":\"li\",\"password\":\"no\""};
    char text[700];
    char word[64];
    static const char PATH[] = CARD "/reading";
    purchase_begin_write();
    relay_rounds_to("k1", WALLET_ROUND);
    for (size_t i = 0; i < ARRAY_COUNT(NOBODY); i++) {
        files_text(NOBODY[i], text, sizeof(text));
        const bool wrong = i == ARRAY_COUNT(NOBODY) - 1;
        CHECK_EQ_U64(desk(PATH, text, "state", word), wrong ? 403 : 400);
        CHECK(is_state(&at.rig, hand.order_no, "CREDITING"));
    }
    CHECK_EQ_I64(
        rig_number(&at.rig.rig, "SELECT count(*) FROM card_event WHERE event = 'taken'", NULL), 0);
    files_text(",\"take\":true," BY_LI, text, sizeof(text));
    CHECK_EQ_U64(desk(PATH, text, "reason", word), 200);
    CHECK_EQ_STR(word, "not_loaded");
    CHECK(is_state(&at.rig, hand.order_no, "DONE"));
    rig_text(&at.rig.rig,
             "SELECT uid || ' ' || detail || ' ' || person FROM card_event WHERE"
             " event = 'taken'",
             NULL, word, sizeof(word));
    CHECK_EQ_STR(word, UID " files li");
    purchase_check_loaded(FEN);
    purchase_end();
}

TEST_MAIN()
