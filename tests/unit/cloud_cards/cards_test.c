/* SPDX-License-Identifier: Apache-2.0 */
/* A card from the desk to the meter, and everything that may come between. */
#include <string.h>

#include "common/bytes.h"
#include "common/crypto/ed25519.h"
#include "common/must.h"
#include "common/str.h"
#include "protocol/card/keys.h"
#include "protocol/cardauth/cardauth.h"
#include "tests/unit/cloud_cards/card_rig.h"
#include "tests/unit/test.h"

enum { FEN = 5000 };

static struct card_rig rig;
static struct laid laid;
static struct api_card_write write;
static struct api_card_write again;
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

/* ---- the good way ---- */

TEST(pay_write_load)
{
    struct test_card card = begin();
    struct test_meter meter = test_meter_make();
    lay("k1", &card, &laid);
    CHECK_EQ_STR(laid.standing, "ours");
    CHECK_EQ_STR(laid.state, "ready");
    CHECK_EQ_STR(laid.loaded, "never");
    CHECK(!laid.has_balance && !laid.has_write);
    CHECK_EQ_I64(laid.headroom_fen, 500000);
    top_up(&rig, &card, FEN, order_no);
    CHECK_EQ_I64(account_sum(&rig, "CARD"), -FEN);
    CHECK_EQ_I64(account_sum(&rig, "HELD"), 0);
    CHECK_EQ_I64(count("SELECT count(*) FROM reservation WHERE state = 'posted'"), 1);
    lay("k1", &card, &laid);
    CHECK_EQ_STR(laid.state, "ready");
    CHECK_EQ_STR(laid.loaded, "never");
    test_meter_load(&meter, &card);
    CHECK_EQ_I64(meter.balance_fen, FEN);
    lay("k1", &card, &laid);
    CHECK_EQ_STR(laid.loaded, "yes");
    CHECK(laid.has_balance);
    CHECK_EQ_I64(laid.balance_fen, FEN);
    CHECK_EQ_I64(count("SELECT count(*) FROM card_token WHERE loaded_at IS NOT NULL"), 1);
    /* Two purchases before the next visit both arrive. */
    top_up(&rig, &card, FEN, order_no);
    top_up(&rig, &card, FEN, order_no);
    lay("k1", &card, &laid);
    CHECK_EQ_STR(laid.loaded, "no");
    test_meter_load(&meter, &card);
    CHECK_EQ_I64(meter.balance_fen, 3 * FEN);
    CHECK_EQ_I64(account_sum(&rig, "CARD"), -3 * FEN);
    end();
}

TEST(the_right_to_write_is_signed_for_this_terminal_card_and_token)
{
    struct test_card card = begin();
    char pem[ED25519_PEM_SIZE];
    struct ed25519_key *key = NULL;
    uint8_t record[CARD_RECORD_SIZE];
    struct card_uid uid;
    struct card_uid other;
    buy(&rig, "k1", &card, FEN, order_no);
    lay("k2", &card, &laid);
    CHECK_EQ_U64(issue("k2", order_no, laid.session_id, &write, word), 200);
    CHECK_EQ_STR(write.order_no, order_no);
    CHECK_EQ_I64(write.n, 1);
    CHECK_EQ_I64(write.amount_fen, FEN);
    CHECK_EQ_U64(write.keys.count, 2);
    CHECK_EQ_STR(write.keys.keys[0].key, "C6147C262CD3"); /* the format's published vectors */
    CHECK_EQ_STR(write.keys.keys[1].key, "9A81EE5017CA");
    CHECK(ed25519_public_pem(vault_signing_key(rig.vault), pem));
    CHECK_EQ_I64(ed25519_public_read(pem, strlen(pem), &key), OK);
    CHECK(card_record_parse(write.token, record));
    CHECK(card_uid_parse(UID, &uid) && card_uid_parse(UID_2, &other));
    struct cardauth_deed deed = {.what = CARDAUTH_WRITE,
                                 .terminal = "k2",
                                 .uid = &uid,
                                 .bytes = record,
                                 .size = sizeof(record),
                                 .wall_s = 0,
                                 .clock_is_set = true};
    CHECK_EQ_I64(cardauth_check(write.authorisation, key, &deed), CARDAUTH_ALLOWED);
    deed.terminal = "k1";
    CHECK_EQ_I64(cardauth_check(write.authorisation, key, &deed), CARDAUTH_FORGED);
    deed.terminal = "k2";
    deed.uid = &other;
    CHECK_EQ_I64(cardauth_check(write.authorisation, key, &deed), CARDAUTH_WRONG_CARD);
    ed25519_key_destroy(key);
    finish(&rig, "k2", &card, order_no);
    end();
}

/* ---- issued once ---- */

TEST(the_same_order_always_has_the_same_token)
{
    struct test_card card = begin();
    buy(&rig, "k1", &card, FEN, order_no);
    lay("k1", &card, &laid);
    CHECK_EQ_U64(issue("k1", order_no, laid.session_id, &write, word), 200);
    for (int i = 0; i < 3; i++) {
        lay(i == 1 ? "k2" : "k1", &card, &laid);
        CHECK_EQ_STR(laid.state, "owed");
        CHECK_EQ_STR(laid.write.token, write.token);
        const char *terminal = i == 1 ? "k2" : "k1";
        CHECK_EQ_U64(issue(terminal, order_no, laid.session_id, &again, word), 200);
        CHECK_EQ_STR(again.token, write.token);
    }
    card_rig_restart(&rig);
    lay("k1", &card, &laid);
    CHECK_EQ_U64(issue("k1", order_no, laid.session_id, &again, word), 200);
    CHECK_EQ_STR(again.token, write.token);
    CHECK_EQ_I64(count("SELECT count(*) FROM card_token"), 1);
    CHECK_EQ_I64(count("SELECT n FROM card_account"), 1);
    CHECK(is_state(&rig, order_no, "CREDITING"));
    finish(&rig, "k1", &card, order_no);
    lay("k1", &card, &laid);
    CHECK_EQ_U64(issue("k1", order_no, laid.session_id, &again, word), 200); /* written, too */
    CHECK_EQ_STR(again.token, write.token);
    end();
}

TEST(nothing_is_issued_before_the_money_is_there)
{
    struct test_card card = begin();
    lay("k1", &card, &laid);
    CHECK_EQ_U64(order_card("k1", &laid, FEN, order_no), 200);
    CHECK(rig_until(&rig.rig, order_no, "WAIT_PAY"));
    CHECK_EQ_U64(issue("k1", order_no, laid.session_id, &write, word), 409);
    CHECK_EQ_STR(word, "not_paid");
    CHECK_EQ_I64(count("SELECT count(*) FROM card_token"), 0);
    bool written = false;
    CHECK_EQ_U64(confirm("k1", order_no, &card, &written, word), 409);
    CHECK_EQ_STR(word, "not_paid");
    end();
}

TEST(a_late_payment_goes_back_and_is_never_issued)
{
    struct test_card card = begin();
    lay("k1", &card, &laid);
    CHECK_EQ_U64(order_card("k1", &laid, FEN, order_no), 200);
    CHECK(rig_until(&rig.rig, order_no, "WAIT_PAY"));
    char path[96];
    str_format_cut(path, sizeof(path), "/v1/terminal/orders/%s/cancel", order_no);
    struct double_answer answer = double_http_call(
        HTTP_POST, path, "{\"client_request_id\":\"018f3a1c-0000-7000-b000-000000000001\"}");
    CHECK_EQ_U64(answer.status, 200);
    double_answer_finish(&answer);
    CHECK(rig_until(&rig.rig, order_no, "CLOSED"));
    double_pay_settle(order_no, 0);
    CHECK(rig_until(&rig.rig, order_no, "REFUNDED"));
    lay("k1", &card, &laid);
    CHECK_EQ_STR(laid.state, "ready");
    CHECK_EQ_U64(issue("k1", order_no, laid.session_id, &write, word), 409);
    CHECK_EQ_STR(word, "not_paid");
    CHECK_EQ_I64(count("SELECT count(*) FROM card_token"), 0);
    end();
}

/* ---- refunds and waits ---- */

TEST(never_issued_goes_back_after_its_time)
{
    rig_timers()->delivery_ms = 300;
    struct test_card card = begin();
    lay("k1", &card, &laid);
    CHECK_EQ_U64(order_card("k1", &laid, FEN, order_no), 200);
    CHECK(rig_until(&rig.rig, order_no, "WAIT_PAY"));
    double_pay_settle(order_no, 0);
    CHECK(rig_until(&rig.rig, order_no, "REFUNDED"));
    CHECK_EQ_U64(issue("k1", order_no, laid.session_id, &write, word), 409);
    CHECK_EQ_STR(word, "not_paid");
    CHECK_EQ_I64(account_sum(&rig, "CARD"), 0);
    CHECK_EQ_I64(double_pay_trade(order_no).refund_numbers, 1);
    end();
}

TEST(once_issued_it_is_owed_then_in_review_and_never_goes_back_by_itself)
{
    rig_timers()->delivery_ms = 1500;
    rig_timers()->card_owed_ms = 100;
    rig_timers()->card_review_ms = 2500;
    struct test_card card = begin();
    buy(&rig, "k1", &card, FEN, order_no);
    lay("k1", &card, &laid);
    CHECK_EQ_U64(issue("k1", order_no, laid.session_id, &write, word), 200);
    CHECK(rig_until_number(&rig.rig,
                           "SELECT count(*) FROM card_owed WHERE order_no = ?1"
                           " AND closed_at IS NULL AND owner <> ''",
                           order_no, 1));
    CHECK(is_state(&rig, order_no, "CREDITING"));
    CHECK(rig_until(&rig.rig, order_no, "REVIEW"));
    CHECK_EQ_I64(double_pay_calls(CALL_REFUND), 0);
    /* And it is still written, at any terminal. */
    lay("k2", &card, &laid);
    CHECK_EQ_STR(laid.state, "owed");
    CHECK_EQ_STR(laid.owed_order_no, order_no);
    CHECK_EQ_I64(laid.owed_fen, FEN);
    CHECK_EQ_U64(issue("k2", order_no, laid.session_id, &again, word), 200);
    CHECK_EQ_STR(again.token, write.token);
    burn(&card, &again);
    bool written = false;
    CHECK_EQ_U64(confirm("k2", order_no, &card, &written, word), 200);
    CHECK(written);
    CHECK_EQ_STR(word, "REVIEW"); /* people end it; the proof is the first signature */
    CHECK_EQ_I64(rig_number(&rig.rig,
                            "SELECT count(*) FROM review_signature s JOIN review_item i USING"
                            " (item_id) WHERE i.document_no = ?1 AND s.person = '' AND"
                            " s.decision = 'done'",
                            order_no),
                 1);
    CHECK_EQ_I64(count("SELECT count(*) FROM card_owed WHERE closed_at IS NULL"), 0);
    lay("k2", &card, &laid);
    CHECK_EQ_STR(laid.state, "ready");
    end();
}

/* Of the deadline, a moment from now. */
static enum err put_end(struct db *db, void *number)
{
    return job_put(rig.rig.jobs, db, "deliver_end", number, db_service_ms(db) + 300);
}

static enum err hold_writer(struct db *db, void *arg)
{
    (void)db;
    (void)arg;
    rig_sleep_ms(1000);
    return OK;
}

static void was_held(enum err err, void *arg)
{
    (void)arg;
    MUST(err == OK);
}

/* The writer takes: the deadline's claim, the issue, and then what the claim has led to. */
TEST(a_token_that_is_issued_as_its_time_ends_has_its_own_time)
{
    struct test_card card = begin();
    buy(&rig, "k1", &card, FEN, order_no);
    lay("k1", &card, &laid);
    CHECK(store_run(rig.rig.store, put_end, order_no) == OK);
    CHECK(store_submit(rig.rig.store, hold_writer, was_held, NULL) == OK);
    rig_sleep_ms(650); /* due, and the claim waits for the writer */
    CHECK_EQ_U64(issue("k1", order_no, laid.session_id, &write, word), 200);
    rig_sleep_ms(300);
    CHECK(is_state(&rig, order_no, "CREDITING"));
    CHECK_EQ_I64(count("SELECT count(*) FROM job WHERE kind = 'deliver_end' AND leased = 0"), 1);
    finish(&rig, "k1", &card, order_no);
    end();
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

/* ---- which card, which terminal ---- */

TEST(another_card_gets_nothing)
{
    struct test_card card = begin();
    struct test_card other = test_card_make(UID_2);
    char reply[64];
    CHECK_EQ_U64(desk("/v1/admin/cards", "{\"uid\":\"" UID_2 "\",\"meter_id\":\"m5\"," BY_LI "}",
                      "record", reply),
                 200);
    buy(&rig, "k1", &card, FEN, order_no);
    lay("k1", &other, &laid);
    CHECK_EQ_STR(laid.state, "ready");
    CHECK_EQ_U64(issue("k1", order_no, laid.session_id, &write, word), 409);
    CHECK_EQ_STR(word, "wrong_card");
    CHECK(is_state(&rig, order_no, "PAID"));
    lay("k1", &card, &laid);
    CHECK_EQ_U64(issue("k1", order_no, laid.session_id, &write, word), 200);
    burn(&other, &write);
    bool written = true;
    CHECK_EQ_U64(confirm("k1", order_no, &other, &written, word), 409);
    CHECK_EQ_STR(word, "wrong_card");
    lay("k1", &other, &laid); /* a token of another meter is true, and not this card's */
    CHECK_EQ_STR(laid.state, "refused");
    CHECK_EQ_STR(laid.reason, "bad_mac"); /* its MAC is for another UID */
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

TEST(paid_here_and_written_there)
{
    struct test_card card = begin();
    buy(&rig, "k1", &card, FEN, order_no);
    finish(&rig, "k2", &card, order_no); /* never issued before: the other terminal asks */
    lay("k9", &card, &laid);
    CHECK_EQ_STR(laid.standing, "other_site");
    CHECK_EQ_U64(issue("k9", order_no, laid.session_id, &write, word), 404);
    end();
}

/* ---- paid, and the power went before its token was given out ---- */

TEST(a_paid_order_without_a_token_is_owed_to_the_laid_card)
{
    struct test_card card = begin();
    bool written = false;
    buy(&rig, "k1", &card, FEN, order_no);
    card_rig_restart(&rig);
    lay("k2", &card, &laid);
    CHECK_EQ_STR(laid.state, "owed");
    CHECK_EQ_STR(laid.owed_order_no, order_no);
    CHECK_EQ_I64(laid.owed_fen, FEN);
    CHECK(!laid.has_write);
    CHECK_EQ_I64(count("SELECT count(*) FROM card_token"), 0); /* looking gives nothing out */
    CHECK(is_state(&rig, order_no, "PAID"));
    CHECK_EQ_U64(order_card("k2", &laid, FEN, other_no), 409); /* nobody pays again by mistake */
    CHECK_EQ_STR(other_no, "card_refused");
    CHECK_EQ_U64(issue("k2", order_no, laid.session_id, &write, word), 200);
    burn(&card, &write);
    CHECK_EQ_U64(confirm("k2", order_no, &card, &written, word), 200);
    CHECK(written);
    CHECK(is_state(&rig, order_no, "DONE"));
    lay("k2", &card, &laid);
    CHECK_EQ_STR(laid.state, "ready");
    CHECK_EQ_I64(count("SELECT count(*) FROM pay_order"), 1);
    end();
}

TEST(a_bad_slot_is_mended_before_a_waiting_order_is_given_out)
{
    struct test_card card = begin();
    bool written = false;
    top_up(&rig, &card, FEN, order_no);
    buy(&rig, "k1", &card, 2 * FEN, other_no);
    card.credit[1][0] = '\0';
    lay("k1", &card, &laid);
    CHECK_EQ_STR(laid.state, "owed");
    CHECK_EQ_STR(laid.owed_order_no, other_no);
    CHECK_EQ_I64(laid.owed_fen, 2 * FEN);
    CHECK_EQ_STR(laid.write.order_no, order_no);
    burn(&card, &laid.write);
    CHECK_EQ_U64(confirm("k1", order_no, &card, &written, word), 200);
    CHECK(written);
    finish(&rig, "k1", &card, other_no);
    end();
}

/* The plain refund and the token are each one commit; whichever comes first is the only one. */
TEST(a_waiting_order_goes_back_in_time_and_is_not_given_out_then)
{
    rig_timers()->delivery_ms = 800;
    struct test_card card = begin();
    buy(&rig, "k1", &card, FEN, order_no);
    lay("k1", &card, &laid);
    CHECK_EQ_STR(laid.state, "owed");
    CHECK(rig_until(&rig.rig, order_no, "REFUNDED"));
    CHECK_EQ_U64(issue("k1", order_no, laid.session_id, &write, word), 409);
    CHECK_EQ_STR(word, "not_paid");
    lay("k1", &card, &laid);
    CHECK_EQ_STR(laid.state, "ready");
    CHECK_EQ_I64(count("SELECT count(*) FROM card_token"), 0);
    rig_timers()->delivery_ms = 2000;
    buy(&rig, "k1", &card, FEN, other_no);
    lay("k2", &card, &laid);
    CHECK_EQ_STR(laid.owed_order_no, other_no);
    CHECK_EQ_U64(issue("k2", other_no, laid.session_id, &write, word), 200);
    rig_sleep_ms(2500);
    CHECK(is_state(&rig, other_no, "CREDITING")); /* its time does not end it any more */
    CHECK_EQ_I64(double_pay_trade(other_no).refund_numbers, 0);
    burn(&card, &write);
    bool written = false;
    CHECK_EQ_U64(confirm("k2", other_no, &card, &written, word), 200);
    CHECK(written);
    end();
}

TEST(two_terminals_race_with_two_payments)
{
    struct test_card card = begin();
    static struct laid second;
    lay("k1", &card, &laid);
    lay("k2", &card, &second);
    CHECK_EQ_U64(order_card("k1", &laid, FEN, order_no), 200);
    CHECK_EQ_U64(order_card("k2", &second, 2 * FEN, other_no), 200);
    CHECK(rig_until(&rig.rig, order_no, "WAIT_PAY") && rig_until(&rig.rig, other_no, "WAIT_PAY"));
    double_pay_settle(order_no, 0);
    double_pay_settle(other_no, 0);
    CHECK(rig_until(&rig.rig, order_no, "PAID") && rig_until(&rig.rig, other_no, "PAID"));
    CHECK_EQ_U64(issue("k1", order_no, laid.session_id, &write, word), 200);
    CHECK_EQ_U64(issue("k2", other_no, second.session_id, &again, word), 200);
    CHECK_EQ_I64(again.n, write.n + 1);
    /* The first's token would take the second's value off the card again. */
    CHECK_EQ_U64(issue("k1", order_no, laid.session_id, &write, word), 409);
    CHECK_EQ_STR(word, "card_stale");
    burn(&card, &again);
    bool written = false;
    CHECK_EQ_U64(confirm("k2", other_no, &card, &written, word), 200);
    CHECK(written);
    CHECK(is_state(&rig, order_no, "DONE")); /* the later token holds both values */
    CHECK(is_state(&rig, other_no, "DONE"));
    struct test_meter meter = test_meter_make();
    test_meter_load(&meter, &card);
    CHECK_EQ_I64(meter.balance_fen, 3 * FEN);
    CHECK_EQ_I64(account_sum(&rig, "CARD"), -3 * FEN);
    end();
}

TEST(what_was_given_out_meanwhile_must_be_read_before_a_new_purchase)
{
    struct test_card card = begin();
    static struct laid early;
    lay("k2", &card, &early);
    top_up(&rig, &card, FEN, order_no);
    CHECK_EQ_U64(order_card("k2", &early, FEN, other_no), 410);
    CHECK_EQ_STR(other_no, "card_session_over");
    end();
}

/* ---- replacement ---- */

TEST(a_lost_card_is_replaced_with_everything_that_was_bought)
{
    struct test_card card = begin();
    struct test_card fresh = test_card_make(UID_7);
    struct test_meter meter = test_meter_make();
    static struct laid second;
    char third_no[API_ORDER_NO_SIZE];
    char reply[64];
    top_up(&rig, &card, FEN, third_no); /* on the card, never loaded */
    lay("k1", &card, &laid);
    lay("k2", &card, &second);
    CHECK_EQ_U64(order_card("k1", &laid, 2 * FEN, order_no), 200);
    CHECK_EQ_U64(order_card("k2", &second, 4 * FEN, other_no), 200);
    CHECK(rig_until(&rig.rig, order_no, "WAIT_PAY") && rig_until(&rig.rig, other_no, "WAIT_PAY"));
    double_pay_settle(order_no, 0);
    double_pay_settle(other_no, 0);
    CHECK(rig_until(&rig.rig, order_no, "PAID") && rig_until(&rig.rig, other_no, "PAID"));
    CHECK_EQ_U64(issue("k1", order_no, laid.session_id, &write, word), 200); /* not written */
    CHECK_EQ_U64(
        desk("/v1/admin/cards/" UID "/state", "{\"state\":\"lost\"," BY_LI "}", "state", reply),
        200);
    CHECK_EQ_U64(
        desk("/v1/admin/cards/" UID "/replace", "{\"uid\":\"" UID_7 "\"," BY_LI "}", "uid", reply),
        200);
    CHECK_EQ_STR(reply, UID_7);
    CHECK_EQ_U64(
        desk("/v1/admin/cards/" UID "/replace", "{\"uid\":\"" UID_2 "\"," BY_LI "}", "uid", reply),
        409);
    lay("k1", &card, &laid);
    CHECK_EQ_STR(laid.standing, "replaced");
    /* The new card gets what was issued, and then what was only paid. */
    lay("k1", &fresh, &laid);
    CHECK_EQ_STR(laid.state, "owed");
    CHECK_EQ_STR(laid.owed_order_no, order_no);
    burn(&fresh, &laid.write);
    bool written = false;
    CHECK_EQ_U64(confirm("k1", laid.write.order_no, &fresh, &written, word), 200);
    CHECK(written);
    CHECK(is_state(&rig, order_no, "DONE"));
    finish(&rig, "k2", &fresh, other_no);
    test_meter_load(&meter, &fresh);
    CHECK_EQ_I64(meter.balance_fen, 7 * FEN);
    test_meter_load(&meter, &card); /* the lost one is found: stale */
    CHECK_EQ_I64(meter.balance_fen, 7 * FEN);
    CHECK_EQ_I64(account_sum(&rig, "CARD"), -7 * FEN);
    end();
}

TEST(meters_of_another_master_key_are_found_at_the_start)
{
    struct test_card card = begin();
    struct cards *cards = NULL;
    const struct cards_setup setup = {.store = rig.rig.store, .vault = rig.vault};
    buy(&rig, "k1", &card, FEN, order_no);
    lay("k1", &card, &laid);
    rig_exec(&rig.rig, "UPDATE card_account SET key_id = 2");
    CHECK_EQ_I64(cards_create(&setup, &cards), ERR_UNSUPPORTED);
    CHECK(cards == NULL);
    CHECK(issue("k1", order_no, laid.session_id, &write, word) != 200);
    CHECK(is_state(&rig, order_no, "PAID"));
    CHECK_EQ_I64(count("SELECT count(*) FROM card_token"), 0);
    rig_exec(&rig.rig, "UPDATE card_account SET key_id = 1");
    finish(&rig, "k1", &card, order_no);
    end();
}

/* ---- the desk ---- */

TEST(the_desk_opens_an_account_once)
{
    (void)begin();
    char reply[128];
    struct double_answer answer = double_http_call(HTTP_GET, "/v1/admin/cards/4a8b1c2d", NULL);
    CHECK_EQ_U64(answer.status, 200);
    CHECK_EQ_STR(json_string_value(json_object_get(answer.json, "state")), "open");
    double_answer_finish(&answer);
    CHECK_EQ_U64(desk("/v1/admin/cards", "{\"uid\":\"" UID_2 "\",\"meter_id\":\"m4\"," BY_LI "}",
                      "record", reply),
                 409);
    CHECK_EQ_STR(reply, "meter_has_a_card");
    CHECK_EQ_U64(desk("/v1/admin/cards", "{\"uid\":\"" UID "\",\"meter_id\":\"m5\"," BY_LI "}",
                      "record", reply),
                 409);
    CHECK_EQ_STR(reply, "card_known");
    CHECK_EQ_U64(desk("/v1/admin/cards", "{\"uid\":\"" UID_2 "\",\"meter_id\":\"m1\"," BY_LI "}",
                      "record", reply),
                 409);
    CHECK_EQ_STR(reply, "not_a_card_meter");
    CHECK_EQ_U64(desk("/v1/admin/cards", "{\"uid\":\"" UID_2 "\",\"meter_id\":\"m9\"," BY_LI "}",
                      "record", reply),
                 404);
    CHECK_EQ_U64(
        desk("/v1/admin/cards", "{\"uid\":\"123\",\"meter_id\":\"m5\"," BY_LI "}", "record", reply),
        400);
    CHECK_EQ_U64(desk("/v1/admin/cards",
                      "{\"uid\":\"" UID_2
                      "\",\"meter_id\":\"m5\",\"customer_no\":\"000000000001\"," BY_LI "}",
                      "record", reply),
                 409);
    CHECK_EQ_STR(reply, "other_customer");
    answer = double_http_call(HTTP_POST, "/v1/admin/cards",
                              "{\"uid\":\"" UID_2 "\",\"meter_id\":\"m5\"," BY_LI "}");
    CHECK_EQ_U64(answer.status, 200);
    CHECK_EQ_U64(json_array_size(json_object_get(answer.json, "trailers")), 16);
    double_answer_finish(&answer);
    end();
}

static void check_json(const json_t *json, const char *name, const char *value)
{
    const char *text = json_string_value(json_object_get(json, name));
    CHECK(text != NULL);
    CHECK_EQ_STR(text, value);
}

static struct double_answer desk_reading(const struct test_card *card, const char *more)
{
    static char body[1024];
    const char *slots[4] = {card->credit[0], card->credit[1], card->returned[0], card->returned[1]};
    struct strbuf text;
    strbuf_init(&text, body, sizeof(body));
    strbuf_add(&text, "{\"credit\":[");
    for (int i = 0; i < 4; i++) {
        strbuf_addf(&text, slots[i][0] != '\0' ? "%s\"%s\"" : "%s%snull",
                    i == 1 || i == 3 ? ","
                    : i == 2         ? "],\"return\":["
                                     : "",
                    slots[i]);
    }
    strbuf_addf(&text, "]%s}", more);
    CHECK(!text.failed);
    return double_http_call(HTTP_POST, "/v1/admin/cards/" UID "/reading", body);
}

TEST(the_desk_reads_a_card_and_finishes_one)
{
    struct test_card card = begin();
    struct test_meter meter = test_meter_make();
    top_up(&rig, &card, FEN, order_no);
    buy(&rig, "k1", &card, FEN, order_no);
    lay("k1", &card, &laid);
    CHECK_EQ_U64(issue("k1", order_no, laid.session_id, &write, word), 200);
    test_meter_load(&meter, &card);
    card.credit[1][0] = '\0';
    struct double_answer answer = desk_reading(&card, "");
    CHECK_EQ_U64(answer.status, 200);
    check_json(answer.json, "state", "owed");
    check_json(answer.json, "loaded", "no");
    const json_t *credit = json_object_get(answer.json, "credit");
    CHECK_EQ_STR(json_string_value(json_array_get(credit, 0)), "true");
    CHECK_EQ_STR(json_string_value(json_array_get(credit, 1)), "nothing");
    double_answer_finish(&answer);
    CHECK_EQ_I64(count("SELECT seen_n FROM card_account"), 0); /* looking changes nothing */
    burn(&card, &write);
    answer = desk_reading(&card, ",\"take\":true");
    check_json(answer.json, "state", "ready");
    CHECK_EQ_I64(json_integer_value(json_object_get(answer.json, "proven_n")), 2);
    double_answer_finish(&answer);
    CHECK_EQ_I64(count("SELECT seen_n FROM card_account"), 1);
    CHECK(is_state(&rig, order_no, "DONE")); /* the desk's reader proves as well as a terminal's */
    answer = double_http_call(HTTP_POST, "/v1/admin/cards/" UID "/keys", "{" BY_LI "}");
    CHECK_EQ_U64(answer.status, 200);
    check_json(answer.json, "state", "open");
    CHECK_EQ_U64(json_array_size(json_object_get(answer.json, "trailers")), 16);
    double_answer_finish(&answer);
    answer = double_http_call(HTTP_POST, "/v1/admin/cards/" UID_2 "/keys", "{" BY_LI "}");
    CHECK_EQ_U64(answer.status, 404);
    double_answer_finish(&answer);
    answer = double_http_call(HTTP_POST, "/v1/admin/cards/" UID "/reading", "{}");
    CHECK_EQ_U64(answer.status, 400);
    double_answer_finish(&answer);
    answer = double_http_call(HTTP_GET, "/v1/admin/cards?meter_id=m4", NULL);
    CHECK_EQ_U64(json_array_size(json_object_get(answer.json, "cards")), 1);
    double_answer_finish(&answer);
    end();
}

/* ---- crashes ---- */

/* The server dies between any two of its commits: the same token, one credit, one posting. */
TEST(a_crash_at_each_step)
{
    for (int step = 0; step < 6; step++) {
        struct test_card card = begin();
        bool written = false;
        lay("k1", &card, &laid);
        CHECK_EQ_U64(order_card("k1", &laid, FEN, order_no), 200);
        if (step == 0) {
            card_rig_restart(&rig);
        }
        CHECK(rig_until(&rig.rig, order_no, "WAIT_PAY"));
        if (step == 1) {
            card_rig_restart(&rig);
        }
        double_pay_settle(order_no, 0);
        CHECK(rig_until(&rig.rig, order_no, "PAID"));
        if (step == 2) {
            card_rig_restart(&rig);
        }
        lay("k1", &card, &laid);
        CHECK_EQ_U64(issue("k1", order_no, laid.session_id, &write, word), 200);
        if (step == 3) {
            card_rig_restart(&rig);
        }
        lay("k2", &card, &laid);
        CHECK_EQ_STR(laid.state, "owed");
        CHECK_EQ_STR(laid.write.token, write.token);
        burn(&card, &laid.write);
        if (step == 4) {
            card_rig_restart(&rig);
        }
        CHECK_EQ_U64(confirm("k2", order_no, &card, &written, word), 200);
        CHECK(written);
        if (step == 5) {
            card_rig_restart(&rig);
        }
        CHECK(is_state(&rig, order_no, "DONE"));
        CHECK_EQ_I64(account_sum(&rig, "CARD"), -FEN);
        CHECK_EQ_I64(count("SELECT count(*) FROM card_token"), 1);
        end();
    }
}

TEST_MAIN()
