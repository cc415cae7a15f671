/* SPDX-License-Identifier: Apache-2.0 */
/* Which card lies where: another one, at another terminal, before its token was given out, in place
 * of a lost one; and what the desk does with it. */
#include "common/str.h"
#include "tests/unit/cloud_cards/card_rig.h"
#include "tests/unit/test.h"

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
    rig_timers()->delivery_ms = 4000;
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
    answer = desk_reading(&card, ",\"take\":true," BY_LI);
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

TEST_MAIN()
