/* SPDX-License-Identifier: Apache-2.0 */
/* What proves that a card was written: confirmations, later readings, torn and forged slots. */
#include <string.h>

#include "common/bytes.h"
#include "common/str.h"
#include "protocol/card/keys.h"
#include "tests/unit/cloud_cards/card_rig.h"
#include "tests/unit/test.h"

static struct card_rig rig;
static struct laid laid;
static struct api_card_write write;
static char order_no[API_ORDER_NO_SIZE];
static char other_no[API_ORDER_NO_SIZE];
static char word[API_WORD_SIZE];

static int64_t count(const char *sql)
{
    return rig_number(&rig.rig, sql, NULL);
}

static struct test_card begin(void)
{
    card_rig_begin(&rig);
    open_card(UID, API_CARD_CLASSIC);
    return test_card_make(UID);
}

static void end(void)
{
    const bool clean = rig_books_are_clean(&rig.rig);
    card_rig_end(&rig);
    CHECK(clean);
}

/* ---- proofs ---- */

TEST(a_lost_confirmation_is_made_up_by_the_next_reading)
{
    struct test_card card = begin();
    buy(&rig, "k1", &card, FEN, order_no);
    lay("k1", &card, &laid);
    CHECK_EQ_U64(issue("k1", order_no, laid.session_id, &write, word), 200);
    CHECK(!write.has_first);
    burn(&card, &write);
    card.credit[1][0] = '\0'; /* one slot is enough for a reading; the other is mended */
    lay("k2", &card, &laid);
    CHECK_EQ_STR(laid.state, "repair");
    CHECK(is_state(&rig, order_no, "DONE"));
    CHECK_EQ_STR(laid.write.token, write.token);
    burn(&card, &laid.write);
    bool written = false;
    CHECK_EQ_U64(confirm("k2", laid.write.order_no, &card, &written, word), 200);
    CHECK(written);
    CHECK_EQ_STR(word, "DONE");
    lay("k2", &card, &laid);
    CHECK_EQ_STR(laid.state, "ready");
    CHECK_EQ_I64(account_sum(&rig, "CARD"), -FEN);
    end();
}

TEST(a_confirmation_may_come_twice_late_and_from_elsewhere)
{
    struct test_card card = begin();
    buy(&rig, "k1", &card, FEN, order_no);
    finish(&rig, "k1", &card, order_no);
    card_rig_restart(&rig); /* no session is left */
    for (int i = 0; i < 2; i++) {
        bool written = false;
        CHECK_EQ_U64(confirm("k2", order_no, &card, &written, word), 200);
        CHECK(written);
        CHECK_EQ_STR(word, "DONE");
    }
    CHECK_EQ_I64(account_sum(&rig, "CARD"), -FEN);
    CHECK_EQ_I64(rig_number(&rig.rig,
                            "SELECT count(*) FROM delivery_event WHERE order_no = ?1"
                            " AND event = 'written'",
                            order_no),
                 1);
    bool written = true;
    CHECK_EQ_U64(confirm("k9", order_no, &card, &written, word), 404); /* another site */
    CHECK(!written);
    end();
}

TEST(only_both_true_slots_confirm)
{
    struct test_card card = begin();
    struct test_card bad;
    bool written = true;
    top_up(&rig, &card, FEN, other_no);
    const struct test_card before = card;
    buy(&rig, "k1", &card, FEN, order_no);
    lay("k1", &card, &laid);
    CHECK_EQ_U64(issue("k1", order_no, laid.session_id, &write, word), 200);
    burn(&card, &write);
    for (int i = 0; i < 6; i++) {
        bad = card;
        if (i < 2) {
            bad.credit[i][0] = '\0'; /* not read */
        } else if (i < 4) {
            str_format_cut(bad.credit[i - 2], API_CARD_RECORD_SIZE, "%s", before.credit[0]);
        } else {
            bad.credit[i - 4][90] = bad.credit[i - 4][90] == '0' ? '1' : '0'; /* in the MAC */
        }
        CHECK_EQ_U64(confirm("k1", order_no, &bad, &written, word), 200);
        CHECK(!written);
        CHECK_EQ_STR(word, "CREDITING");
    }
    /* Bytes that only their number makes newer. */
    bad = card;
    for (int i = 0; i < 2; i++) {
        bad.credit[i][8] = 'F';
    }
    CHECK_EQ_U64(confirm("k1", order_no, &bad, &written, word), 200);
    CHECK(!written);
    CHECK_EQ_U64(confirm("k1", order_no, &card, &written, word), 200);
    CHECK(written);
    end();
}

TEST(torn_slots_are_mended)
{
    struct test_card card = begin();
    top_up(&rig, &card, FEN, order_no);
    buy(&rig, "k1", &card, FEN, order_no);
    lay("k1", &card, &laid);
    CHECK_EQ_U64(issue("k1", order_no, laid.session_id, &write, word), 200);
    /* Cut behind the second block: all but the MAC is new, and the CRC is right. */
    memcpy(card.credit[0], write.token, 64);
    lay("k1", &card, &laid);
    CHECK_EQ_STR(laid.state, "owed");
    CHECK_EQ_STR(laid.write.token, write.token);
    memcpy(card.credit[1], write.token, 64); /* both slots so: still nobody's forgery */
    lay("k1", &card, &laid);
    CHECK_EQ_STR(laid.state, "owed");
    CHECK_EQ_STR(laid.write.token, write.token);
    finish(&rig, "k1", &card, order_no);
    end();
}

/* What somebody without our keys, or with those of another meter, could write. */
static void forge(uint32_t n, const char *meter, const char *master, char ret_text[97])
{
    struct card_master imk;
    struct card_keys keys;
    struct card_uid uid;
    uint8_t record[CARD_RECORD_SIZE];
    size_t size = 0;
    struct card_credit credit = {
        .kind = CARD_CREDIT_PURCHASE, .n = n, .key_id = 1, .total_fen = 900000};
    CHECK(hex_parse(master, strlen(master), imk.key, sizeof(imk.key), &size, NULL));
    CHECK(card_uid_parse(UID, &uid) && card_meter_parse(meter, credit.meter));
    CHECK(card_keys_derive(&imk, credit.meter, &keys));
    card_credit_encode(&credit, record);
    CHECK(card_credit_sign(&keys, &uid, record));
    card_record_format(record, ret_text);
}

#define OURS "000102030405060708090A0B0C0D0E0F"
#define THEIRS "FFFF02030405060708090A0B0C0D0E0F"

TEST(forged_records_are_refused_and_told)
{
    static const struct {
        const char *meter;
        const char *master;
        uint32_t n;
        const char *reason;
    } CASES[] = {
        {CARD_ADDRESS, THEIRS, 1, "bad_mac"},     {CARD_ADDRESS, THEIRS, 99, "bad_mac"},
        {CARD_ADDRESS, OURS, 1, "bad_mac"},   /* our key, and not what we gave out */
        {CARD_ADDRESS, OURS, 99, "not_ours"}, /* our key, and a number of the future */
        {"000012345679", OURS, 1, "wrong_meter"}, {"000012345679", THEIRS, 1, "bad_mac"},
    };
    struct test_card card = begin();
    top_up(&rig, &card, FEN, order_no);
    for (size_t i = 0; i < ARRAY_COUNT(CASES); i++) {
        struct test_card bad = card;
        forge(CASES[i].n, CASES[i].meter, CASES[i].master, bad.credit[0]);
        memcpy(bad.credit[1], bad.credit[0], sizeof(bad.credit[1]));
        lay("k1", &bad, &laid);
        CHECK_EQ_STR(laid.state, "refused");
        CHECK_EQ_STR(laid.reason, CASES[i].reason);
        CHECK(!laid.has_write);
        CHECK_EQ_U64(order_card("k1", &laid, FEN, other_no), 409);
    }
    CHECK_EQ_I64(count("SELECT count(*) FROM alarm WHERE kind = 'card_odd'"), 1);
    /* Beside a true slot it is a bad slot, and mended. */
    struct test_card half = card;
    forge(99, CARD_ADDRESS, THEIRS, half.credit[1]);
    lay("k1", &half, &laid);
    CHECK_EQ_STR(laid.state, "repair");
    CHECK_EQ_I64(laid.write.n, 1);
    CHECK(laid.write.has_first); /* no terminal can tell which it is */
    CHECK_EQ_I64(laid.write.first, 1);
    memcpy(half.credit[0], half.credit[1], sizeof(half.credit[0]));
    memcpy(half.credit[1], card.credit[1], sizeof(half.credit[1]));
    lay("k1", &half, &laid);
    CHECK(laid.write.has_first);
    CHECK_EQ_I64(laid.write.first, 0);
    end();
}

TEST(a_paid_order_is_written_over_the_bad_slot_first)
{
    struct test_card card = begin();
    top_up(&rig, &card, FEN, order_no);
    buy(&rig, "k1", &card, FEN, order_no);
    card.credit[0][0] = '\0';
    lay("k1", &card, &laid);
    CHECK_EQ_U64(issue("k1", order_no, laid.session_id, &write, word), 200);
    CHECK(write.has_first);
    CHECK_EQ_I64(write.first, 0);
    end();
}

TEST(a_card_put_back_to_an_older_state_is_written_anew)
{
    struct test_card card = begin();
    struct test_meter meter = test_meter_make();
    top_up(&rig, &card, FEN, order_no);
    test_meter_load(&meter, &card);
    const struct test_card copy = card;
    top_up(&rig, &card, FEN, order_no);
    test_meter_load(&meter, &card);
    lay("k1", &card, &laid);
    CHECK_EQ_I64(laid.balance_fen, 2 * FEN);
    card = copy;
    lay("k1", &card, &laid);
    CHECK_EQ_STR(laid.state, "repair");
    CHECK_EQ_I64(laid.balance_fen, 2 * FEN); /* the older return record is no news */
    burn(&card, &laid.write);
    test_meter_load(&meter, &card);
    CHECK_EQ_I64(meter.balance_fen, 2 * FEN); /* nothing twice */
    end();
}

TEST(a_card_is_read_before_it_is_written)
{
    struct test_card card = begin();
    struct test_card bad;
    top_up(&rig, &card, FEN, other_no);
    buy(&rig, "k1", &card, FEN, order_no);
    lay_only("k1", UID, &laid);
    CHECK_EQ_U64(issue("k1", order_no, laid.session_id, &write, word), 409);
    CHECK_EQ_STR(word, "card_refused");
    bad = card;
    forge(99, CARD_ADDRESS, THEIRS, bad.credit[0]);
    memcpy(bad.credit[1], bad.credit[0], sizeof(bad.credit[1]));
    lay("k1", &bad, &laid);
    CHECK_EQ_STR(laid.reason, "bad_mac");
    CHECK_EQ_U64(issue("k1", order_no, laid.session_id, &write, word), 409);
    CHECK_EQ_STR(word, "card_refused");
    CHECK(is_state(&rig, order_no, "PAID"));
    finish(&rig, "k1", &card, order_no);
    end();
}

TEST_MAIN()
