/* SPDX-License-Identifier: Apache-2.0 */
/* A card from the desk to the meter: paid, issued once, and what goes back. */
#include <string.h>

#include "common/bytes.h"
#include "common/crypto/ed25519.h"
#include "common/must.h"
#include "common/str.h"
#include "protocol/cardauth/cardauth.h"
#include "tests/unit/cloud_cards/card_rig.h"
#include "tests/unit/test.h"

static struct card_rig rig;
static struct laid laid;
static struct api_card_write write;
static struct api_card_write again;
static char order_no[API_ORDER_NO_SIZE];
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

/* Of the slip that the server prints anew: may it be on the card? -1: it is no slip. */
static int unsure_paper(void)
{
    char path[128];
    str_format_cut(path, sizeof(path), "/v1/terminal/orders/%s/receipt", order_no);
    struct double_answer answer = double_http_call(HTTP_GET, path, NULL);
    CHECK_EQ_U64(answer.status, 200);
    const char *kind = json_string_value(json_object_get(answer.json, "kind"));
    const bool slip = kind != NULL && str_equal(kind, "pending");
    const bool unsure = json_is_true(json_object_get(answer.json, "card_unsure"));
    double_answer_finish(&answer);
    return slip ? unsure : unsure ? -2 : -1;
}

static void tell(const char *outcome)
{
    char path[128];
    char body[160];
    str_format_cut(path, sizeof(path), "/v1/terminal/orders/%s/card/written", order_no);
    str_format_cut(body, sizeof(body),
                   "{\"client_request_id\":\"018f3a1c-0000-7000-a000-000000000008\",\"uid\":\"" UID
                   "\",\"outcome\":\"%s\",\"credit\":[null,null]}",
                   outcome);
    struct double_answer answer = double_http_call(HTTP_POST, path, body);
    CHECK_EQ_U64(answer.status, 200);
    double_answer_finish(&answer);
}

/* As the terminal's own slip does, which knows how its last write ended. */
TEST(a_slip_that_is_printed_anew_says_that_it_may_be_on_the_card)
{
    struct test_card card = begin();
    buy(&rig, "k1", &card, FEN, order_no);
    CHECK_EQ_I64(unsure_paper(), false);
    lay("k1", &card, &laid);
    CHECK_EQ_U64(issue("k1", order_no, laid.session_id, &write, word), 200);
    CHECK_EQ_I64(unsure_paper(), true);
    tell("unknown");
    CHECK_EQ_I64(unsure_paper(), true);
    tell("not_done");
    CHECK_EQ_I64(unsure_paper(), false);
    lay("k1", &card, &laid); /* its write goes out again, and who knows? */
    CHECK_EQ_I64(unsure_paper(), true);
    finish(&rig, "k1", &card, order_no);
    CHECK_EQ_I64(unsure_paper(), -1);
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
