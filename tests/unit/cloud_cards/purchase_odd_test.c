/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Purchase cards that are not as we left them: put back, torn, of somebody else, answered twice; in
 * place of another; and what two persons paid back.
 */
#include <string.h>

#include "common/str.h"
#include "tests/unit/cloud_cards/purchase_rig.h"
#include "tests/unit/test.h"

/* ---- cards that are not as we left them ---- */

static void put_wallet(uint32_t amount_fen, uint32_t count)
{
    const struct purchase_wallet wallet = {.amount_fen = amount_fen, .count = count};
    purchase_wallet_encode(&wallet, at.card.files.wallet);
}

TEST(a_card_that_was_put_back_gets_its_purchase_again)
{
    purchase_begin();
    const struct double_purchase blank = at.card;
    purchase_buy("k1");
    purchase_issue("k1");
    CHECK(!relay_told_written(UID)); /* it holds nothing yet */
    relay_rounds_to("k1", WRITE_ROUNDS);
    CHECK(relay_told_written(UID));
    at.card.files = blank.files;
    relay_lay("k1", UID);
    CHECK_EQ_I64(hand.view.state, API_CARD_REPAIR);
    CHECK(!relay_told_written(UID)); /* what was proven once is proven no more */
    hand.write = hand.view.write;
    relay_rounds_to("k1", WRITE_ROUNDS - 1);
    CHECK(!relay_told_written(UID));
    CHECK(relay_one_round("k1", WRITE_ROUNDS));
    CHECK(relay_told_written(UID));
    purchase_check_loaded(FEN);
    at.card.files = blank.files; /* and after the meter has it */
    relay_lay("k1", UID);
    CHECK_EQ_I64(hand.view.state, API_CARD_READY);
    CHECK(!purchase_meter_load(&at.meter, &at.card)); /* its settings are gone, too */
    purchase_top_up();
    purchase_check_loaded(2 * FEN);
    purchase_end();
}

TEST(a_purchase_that_we_never_sold_is_refused)
{
    purchase_begin();
    purchase_top_up();
    purchase_check_loaded(FEN);
    put_wallet(100, 2);
    memset(at.card.files.returned, 0, sizeof(at.card.files.returned));
    relay_lay("k1", UID);
    CHECK_EQ_I64(hand.view.state, API_CARD_REFUSED);
    CHECK_EQ_STR(hand.view.reason, "not_ours");
    CHECK(purchase_meter_load(&at.meter, &at.card));
    relay_lay("k1", UID); /* the meter has taken one more than we gave out */
    CHECK_EQ_STR(hand.view.reason, "not_ours");
    purchase_end();
}

/* A torn wallet: our count, and an amount that is not ours. */
TEST(an_amount_that_is_not_ours_brings_the_order_before_persons)
{
    purchase_begin_write();
    relay_rounds_to("k1", WALLET_ROUND);
    put_wallet(FEN + 256, 1);
    relay_lay("k1", UID);
    CHECK_EQ_I64(hand.view.state, API_CARD_REFUSED);
    CHECK_EQ_STR(hand.view.reason, "not_ours");
    CHECK(is_state(&at.rig, hand.order_no, "REVIEW"));
    relay_lay("k1", UID);
    CHECK(is_state(&at.rig, hand.order_no, "REVIEW"));
    purchase_end();
    purchase_begin_write(); /* the same, seen by the proof of a write */
    relay_rounds_to("k1", WALLET_ROUND);
    put_wallet(FEN + 256, 1);
    CHECK(relay_one_round("k1", WALLET_ROUND + 1));
    CHECK(relay_one_round("k1", WALLET_ROUND + 2));
    CHECK_EQ_I64(hand.step.progress, API_CARD_FAILED);
    CHECK(is_state(&at.rig, hand.order_no, "REVIEW"));
    purchase_end();
    purchase_begin_write(); /* ... and by the look before it: nothing is written over it */
    put_wallet(FEN + 256, 1);
    CHECK(relay_one_round("k1", 1));
    CHECK(relay_one_round("k1", 2));
    CHECK_EQ_I64(hand.step.progress, API_CARD_FAILED);
    CHECK_EQ_U64(at.card.updates, 0);
    CHECK(is_state(&at.rig, hand.order_no, "REVIEW"));
    purchase_end();
}

TEST(a_card_of_another_meter_or_customer_is_refused)
{
    struct purchase_parameters settings;
    struct purchase_return word;
    purchase_begin();
    purchase_top_up();
    purchase_check_loaded(FEN);
    const struct purchase_files kept = at.card.files;
    CHECK_EQ_I64(purchase_parameters_decode(kept.parameters, &settings), PURCHASE_WHOLE);
    settings.meter[5] ^= 1;
    purchase_parameters_encode(&settings, at.card.files.parameters);
    relay_lay("k1", UID);
    CHECK_EQ_STR(hand.view.reason, "wrong_meter");
    settings.meter[5] ^= 1;
    settings.customer[5] ^= 1;
    purchase_parameters_encode(&settings, at.card.files.parameters);
    relay_lay("k1", UID);
    CHECK_EQ_STR(hand.view.reason, "wrong_meter");
    at.card.files = kept;
    CHECK_EQ_I64(purchase_return_decode(kept.returned, &word), PURCHASE_WHOLE);
    word.meter[5] ^= 1;
    purchase_return_encode(&word, at.card.files.returned);
    relay_lay("k1", UID);
    CHECK_EQ_STR(hand.view.reason, "wrong_meter");
    at.card.files = kept;
    relay_lay("k1", UID);
    CHECK_EQ_I64(hand.view.state, API_CARD_READY);
    purchase_end();
}

/* It was read, and another card's content is there when it is to be written. */
TEST(nothing_is_written_over_another_meters_or_customers_purchase)
{
    struct purchase_parameters settings = {.kind = PURCHASE_OPEN};
    struct purchase_return word = {.count = 0, .at = {0x26, 0x11, 0x30, 0x10, 0}};
    purchase_begin_write();
    memcpy(settings.meter, at.meter.number, sizeof(settings.meter));
    memcpy(word.meter, at.meter.number, sizeof(word.meter));
    for (int i = 0; i < 3; i++) {
        at.card.files = (struct purchase_files){.wallet = {0}};
        settings.meter[0] = i == 0 ? 1 : 0;
        settings.customer[0] = i == 1 ? 1 : 0;
        word.meter[0] = i == 2 ? 1 : 0;
        purchase_parameters_encode(&settings, at.card.files.parameters);
        purchase_return_encode(&word, at.card.files.returned);
        CHECK(relay_one_round("k1", 1));
        CHECK(relay_one_round("k1", 2));
        CHECK_EQ_I64(hand.step.progress, API_CARD_FAILED);
        CHECK_EQ_U64(at.card.updates, 0);
        CHECK(is_state(&at.rig, hand.order_no, "CREDITING"));
    }
    at.card.files = (struct purchase_files){.wallet = {0}};
    purchase_finish("k1");
    purchase_check_loaded(FEN);
    purchase_end();
}

TEST(an_older_word_of_the_meter_is_not_believed)
{
    purchase_begin();
    purchase_top_up();
    purchase_check_loaded(FEN);
    const struct purchase_files old = at.card.files;
    purchase_top_up();
    purchase_check_loaded(2 * FEN);
    at.card.files = old;
    relay_lay("k1", UID);
    CHECK_EQ_I64(hand.view.state, API_CARD_READY);
    CHECK_EQ_I64(hand.view.balance_fen, 2 * FEN);
    purchase_end();
}

/* ---- said twice ---- */

TEST(the_same_answers_get_the_same_word)
{
    static struct api_card_step before;
    purchase_begin_write();
    CHECK(relay_one_round("k1", 1));
    for (int nth = 2; nth <= WRITE_ROUNDS; nth++) {
        CHECK(relay_one_round("k1", nth));
        before = hand.step;
        CHECK(relay_send_round("k1", hand.order_no));
        CHECK_EQ_I64(hand.step.progress, before.progress);
        CHECK_EQ_STR(hand.step.authorisation, before.authorisation);
        CHECK_EQ_U64(hand.step.script.count, before.script.count);
        for (size_t k = 0; k < hand.step.script.count; k++) {
            CHECK_EQ_STR(hand.step.script.apdus[k].apdu, before.script.apdus[k].apdu);
        }
    }
    CHECK_EQ_U64(at.card.updates, UPDATES);
    CHECK(is_state(&at.rig, hand.order_no, "DONE"));
    purchase_check_loaded(FEN);
    purchase_end();
}

/* A command that was recorded is worth nothing to the card in another session. */
TEST(a_recorded_round_writes_nothing_later)
{
    static struct api_card_script recorded;
    purchase_begin_write();
    relay_rounds_to("k1", WALLET_ROUND - 1);
    recorded = hand.step.script;
    relay_rounds_to("k1", 0);
    CHECK(relay_one_round("k1", WALLET_ROUND));
    const unsigned updates = at.card.updates;
    for (size_t i = 0; i < recorded.count; i++) {
        struct apdu command;
        CHECK(apdu_parse(recorded.apdus[i].apdu, &command));
        (void)double_purchase_hear(&at.card, &command);
    }
    CHECK_EQ_U64(at.card.updates, updates);
    purchase_finish("k1");
    purchase_check_loaded(FEN);
    purchase_end();
}

/* ---- the desk ---- */

TEST(another_card_carries_on)
{
    char word[64];
    purchase_begin();
    purchase_top_up();
    purchase_check_loaded(FEN);
    purchase_buy("k1");
    purchase_issue("k1");
    relay_rounds_to("k1", WALLET_ROUND); /* it is on the old card, and nobody knows */
    const struct double_purchase old = at.card;
    CHECK_EQ_U64(desk("/v1/admin/cards/" UID "/replace",
                      "{\"uid\":\"" UID_2 "\",\"media\":\"cpu\"," BY_LI "}", "state", word),
                 200);
    at.card = double_purchase_make(PURCHASE_MASTER, 2);
    relay_lay("k1", UID_2);
    CHECK_EQ_I64(hand.view.state, API_CARD_OWED);
    hand.write = hand.view.write;
    CHECK_EQ_STR(hand.write.order_no, hand.order_no);
    relay_rounds_to("k1", WRITE_ROUNDS);
    CHECK(is_state(&at.rig, hand.order_no, "DONE"));
    CHECK(relay_told_written(UID_2));
    CHECK(purchase_meter_load(&at.meter, &at.card));
    CHECK_EQ_I64(at.meter.balance_fen, 2 * FEN);
    at.card = old; /* found again: the meter knows another one now */
    CHECK(!purchase_meter_load(&at.meter, &at.card));
    relay_open("k1", UID);
    CHECK_EQ_I64(hand.session.standing, API_CARD_REPLACED);
    at.card = double_purchase_make(PURCHASE_MASTER, 2);
    at.card.files = (struct purchase_files){.wallet = {0}};
    relay_lay("k1", UID_2);
    CHECK_EQ_I64(hand.view.state, API_CARD_REPAIR); /* the meter's word was not brought */
    hand.write = hand.view.write;
    relay_rounds_to("k1", WRITE_ROUNDS);
    CHECK(!purchase_meter_load(&at.meter, &at.card));
    relay_lay("k1", UID_2);
    CHECK_EQ_I64(hand.view.state, API_CARD_READY);
    CHECK_EQ_I64(hand.view.balance_fen, 2 * FEN);
    relay_buy(&at.rig, "k1", UID_2, FEN);
    purchase_issue("k1");
    relay_rounds_to("k1", WRITE_ROUNDS);
    CHECK(purchase_meter_load(&at.meter, &at.card));
    CHECK_EQ_I64(at.meter.balance_fen, 3 * FEN);
    purchase_end();
}

TEST(nothing_is_bought_back_and_kinds_are_not_mixed)
{
    char word[64];
    purchase_begin();
    purchase_top_up();
    char text[200];
    str_format_cut(text, sizeof(text),
                   "{\"order_no\":\"%s\",\"person\":\"li\",\"password\":\"correct horse\"}",
                   hand.order_no);
    CHECK_EQ_U64(desk("/v1/admin/card-returns", text, "case_no", word), 409);
    CHECK_EQ_STR(word, "not_returnable");
    CHECK_EQ_U64(
        desk("/v1/admin/cards/" UID "/replace", "{\"uid\":\"" UID_2 "\"," BY_LI "}", "state", word),
        409);
    CHECK_EQ_STR(word, "other_media");
    purchase_end();
    card_rig_begin(&at.rig);
    open_card(UID, API_CARD_CLASSIC);
    CHECK_EQ_U64(desk("/v1/admin/cards/" UID "/replace",
                      "{\"uid\":\"" UID_2 "\",\"media\":\"cpu\"," BY_LI "}", "state", word),
                 409);
    CHECK_EQ_STR(word, "other_media");
    purchase_end();
}

/* The server was set up without the key of such cards: it does not say that it could serve one. */
TEST(without_their_master_key_such_cards_are_foreign)
{
    char word[64];
    purchase_begin();
    card_rig_restart_without_purchase(&at.rig);
    relay_open("k1", UID);
    CHECK_EQ_I64(hand.session.standing, API_CARD_FOREIGN);
    CHECK_EQ_U64(hand.session.script.count, 0);
    CHECK_EQ_U64(desk("/v1/admin/cards",
                      "{\"uid\":\"" UID_2 "\",\"meter_id\":\"" METER "\",\"media\":\"cpu\"," BY_LI
                      "}",
                      "media", word),
                 409);
    CHECK_EQ_STR(word, "no_purchase_key");
    CHECK_EQ_U64(desk("/v1/admin/cards/" UID "/keys", "{\"serial\":\"0000000000000001\"," BY_LI "}",
                      "media", word),
                 503);
    purchase_end();
}

static void attach(void)
{
    char path[64];
    char word[64];
    str_format_cut(path, sizeof(path), "/v1/admin/review/%s/attach", hand.order_no);
    CHECK_EQ_U64(desk(path,
                      "{\"person\":\"li\",\"password\":\"correct horse\",\"kind\":\"physical\","
                      "\"text\":\"the card was read at the desk\"}",
                      "order_no", word),
                 200);
}

static void settle(const char *person)
{
    char path[64];
    char body[160];
    char word[64];
    str_format_cut(path, sizeof(path), "/v1/admin/review/%s/sign", hand.order_no);
    str_format_cut(body, sizeof(body),
                   "{\"decision\":\"refund\",\"person\":\"%s\",\"password\":\"correct horse\"}",
                   person);
    CHECK_EQ_U64(desk(path, body, "order_no", word), 200);
}

/* Two persons sent the money back: the next purchase has the count of that one. */
TEST(a_purchase_that_was_paid_back_leaves_its_count_to_the_next)
{
    purchase_begin();
    purchase_top_up();
    purchase_check_loaded(FEN);
    purchase_buy("k1");
    purchase_issue("k1");
    const struct purchase_files kept = at.card.files;
    put_wallet(FEN + 1, 2); /* torn */
    relay_lay("k1", UID);
    CHECK(is_state(&at.rig, hand.order_no, "REVIEW"));
    at.card.files = kept;
    attach();
    settle("li");
    settle("wang");
    CHECK(rig_until(&at.rig.rig, hand.order_no, "REFUNDED"));
    CHECK(!relay_one_round("k1", 1));
    CHECK_EQ_U64(hand.status, 409);
    purchase_top_up();
    CHECK_EQ_U64(purchase_wallet_decode(at.card.files.wallet).count, 2);
    purchase_check_loaded(2 * FEN);
    CHECK_EQ_I64(rig_number(&at.rig.rig,
                            "SELECT group_concat((written_at IS NOT NULL) || (loaded_at IS NOT"
                            " NULL), '') FROM (SELECT * FROM card_token ORDER BY n)",
                            NULL),
                 110011);
    put_wallet(FEN, 3); /* the lost one after all, with the next number */
    relay_lay("k1", UID);
    CHECK_EQ_STR(hand.view.reason, "not_ours");
    purchase_end();
}

TEST_MAIN()
