/* SPDX-License-Identifier: Apache-2.0 */
/* What is refused before anybody pays for a card, and what is looked at again at the issue. */
#include "common/str.h"
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

/* ---- refused before anybody pays ---- */

TEST(sales_need_the_laid_card)
{
    struct test_card card = begin();
    static const struct laid none = {.session_id = "018f3a1c-0000-7000-8000-0000000000ff"};
    CHECK_EQ_U64(order_card("k1", &none, FEN, order_no), 410);
    struct double_answer answer = rig_order(ROOM, FEN, "alipay", NULL);
    CHECK_EQ_U64(answer.status, 409);
    CHECK_EQ_STR(json_string_value(json_object_get(json_object_get(answer.json, "error"), "code")),
                 "card_refused");
    double_answer_finish(&answer);
    lay_only("k1", UID, &laid); /* laid, and not read */
    CHECK_EQ_U64(order_card("k1", &laid, FEN, order_no), 409);
    lay("k1", &card, &laid);
    char more[128];
    str_format_cut(more, sizeof(more), ",\"card_session\":\"%s\"", laid.session_id);
    answer = rig_order(1, FEN, "alipay", more); /* a meter without cards */
    CHECK_EQ_U64(answer.status, 409);
    double_answer_finish(&answer);
    answer = rig_order(5, FEN, "alipay", more); /* another card's meter */
    CHECK_EQ_U64(answer.status, 409);
    double_answer_finish(&answer);
    CHECK_EQ_U64(order_card("k2", &laid, FEN, order_no), 410); /* another terminal's session */
    CHECK_EQ_I64(count("SELECT count(*) FROM pay_order"), 0);
    end();
}

TEST(no_more_than_the_meter_takes)
{
    struct test_card card = begin();
    struct test_meter meter = test_meter_make();
    for (int i = 0; i < 2; i++) {
        top_up(&rig, &card, 200000, order_no);
    }
    lay("k1", &card, &laid);
    CHECK_EQ_I64(laid.headroom_fen, 100000); /* on its way counts, too */
    CHECK_EQ_U64(order_card("k1", &laid, 100100, order_no), 422);
    test_meter_load(&meter, &card);
    meter.balance_fen = 50000; /* used, and told at the next visit */
    test_meter_load(&meter, &card);
    lay("k1", &card, &laid);
    CHECK_EQ_I64(laid.headroom_fen, 450000);
    top_up(&rig, &card, 100100, order_no);
    end();
}

TEST(what_is_paid_and_not_issued_counts_against_the_limit)
{
    struct test_card card = begin();
    struct test_meter meter = test_meter_make();
    static struct laid second;
    char third_no[API_ORDER_NO_SIZE];
    meter.limit_fen = 500000;
    lay("k1", &card, &laid);
    lay("k2", &card, &second); /* before anything is paid */
    CHECK_EQ_U64(order_card("k1", &laid, 200000, order_no), 200);
    CHECK_EQ_U64(order_card("k2", &second, 200000, other_no), 200);
    CHECK(rig_until(&rig.rig, order_no, "WAIT_PAY") && rig_until(&rig.rig, other_no, "WAIT_PAY"));
    double_pay_settle(order_no, 0);
    CHECK(rig_until(&rig.rig, order_no, "PAID"));
    CHECK_EQ_U64(order_card("k2", &second, 100100, third_no), 422); /* paid, or may still be */
    CHECK_EQ_U64(order_card("k2", &second, 100000, third_no), 200);
    double_pay_settle(other_no, 0);
    CHECK(rig_until(&rig.rig, other_no, "PAID") && rig_until(&rig.rig, third_no, "WAIT_PAY"));
    lay("k1", &card, &laid);
    CHECK_EQ_I64(laid.headroom_fen, 0);
    finish(&rig, "k1", &card, order_no);
    finish(&rig, "k1", &card, other_no);
    lay("k1", &card, &laid);
    CHECK_EQ_I64(laid.headroom_fen, 0); /* each counts once, with its token or without */
    double_pay_settle(third_no, 0);
    CHECK(rig_until(&rig.rig, third_no, "PAID"));
    finish(&rig, "k1", &card, third_no);
    test_meter_load(&meter, &card);
    CHECK_EQ_I64(meter.error, 0);
    CHECK_EQ_I64(meter.balance_fen, 500000);
    end();
}

/* Another wallet for the same purchase: the first attempt ends, so it takes no room. */
TEST(an_attempt_makes_room_for_the_next_one)
{
    static const char *const channels[] = {"alipay", "wechat"};
    struct test_card card = begin();
    char body[1024];
    lay("k1", &card, &laid);
    for (size_t i = 0; i < ARRAY_COUNT(channels); i++) {
        str_format_cut(body, sizeof(body),
                       "{\"client_request_id\":\"018f3a1c-0000-7000-8000-90000000000%zu\","
                       "\"purchase_id\":\"018f3a1c-0000-7000-9000-900000000000\","
                       "\"room_id\":\"r4\",\"meter_id\":\"" METER "\",\"amount_fen\":200000,"
                       "\"channel\":\"%s\",\"card_session\":\"%s\"}",
                       i, channels[i], laid.session_id);
        if (i == 1) {
            rig_exec(&rig.rig, "UPDATE meter_profile SET card_limit_fen = 200000"
                               " WHERE kind = 'card'");
        }
        struct double_answer answer = double_http_call(HTTP_POST, "/v1/terminal/orders", body);
        CHECK_EQ_U64(answer.status, 200);
        double_answer_finish(&answer);
    }
    CHECK_EQ_I64(count("SELECT count(*) FROM pay_order WHERE state = 'CLOSED'"), 1);
    end();
}

TEST(a_token_is_issued_only_while_the_meter_takes_it)
{
    struct test_card card = begin();
    buy(&rig, "k1", &card, FEN, order_no);
    lay("k1", &card, &laid);
    rig_exec(&rig.rig, "UPDATE meter_profile SET card_limit_fen = 100 WHERE kind = 'card'");
    for (int i = 0; i < 2; i++) {
        CHECK_EQ_U64(issue("k1", order_no, laid.session_id, &write, word), 409);
        CHECK_EQ_STR(word, "card_refused");
    }
    CHECK(is_state(&rig, order_no, "PAID")); /* goes back after its time */
    CHECK_EQ_I64(count("SELECT count(*) FROM alarm WHERE kind = 'card_over_limit'"), 1);
    rig_exec(&rig.rig, "UPDATE meter_profile SET card_limit_fen = 500000 WHERE kind = 'card'");
    finish(&rig, "k1", &card, order_no);
    end();
}

TEST(a_meter_that_takes_nothing_is_told)
{
    static const char ALARMS[] = "SELECT count(*) FROM alarm WHERE kind = 'card_meter_error'"
                                 " AND subject = 'm4'";
    struct test_card card = begin();
    struct test_meter meter = test_meter_make();
    top_up(&rig, &card, FEN, order_no);
    test_meter_load(&meter, &card);
    lay("k1", &card, &laid);
    CHECK_EQ_I64(count(ALARMS), 0);
    meter.limit_fen = FEN + 1; /* it says less than its profile */
    top_up(&rig, &card, FEN, order_no);
    test_meter_load(&meter, &card);
    CHECK_EQ_I64(meter.error, 21);
    lay("k1", &card, &laid);
    CHECK_EQ_I64(count(ALARMS), 1);
    end();
}

TEST(blocked_lost_and_unknown_cards)
{
    struct test_card card = begin();
    char reply[64];
    static struct laid early;
    top_up(&rig, &card, FEN, order_no);
    lay("k1", &card, &early);
    CHECK_EQ_U64(
        desk("/v1/admin/cards/" UID "/state", "{\"state\":\"blocked\"," BY_LI "}", "state", reply),
        200);
    lay("k1", &card, &laid);
    CHECK_EQ_STR(laid.standing, "blocked");
    CHECK_EQ_U64(order_card("k1", &early, FEN, other_no), 410); /* its session ended */
    lay("k2", &card, &laid);
    read_again("k2", &card, &laid);
    CHECK_EQ_U64(laid.status, 410);
    CHECK_EQ_U64(
        desk("/v1/admin/cards/4a8b1c2d/state", "{\"state\":\"lost\"," BY_LI "}", "state", reply),
        200);
    lay("k1", &card, &laid);
    CHECK_EQ_STR(laid.standing, "lost");
    CHECK_EQ_U64(
        desk("/v1/admin/cards/" UID "/state", "{\"state\":\"open\"," BY_LI "}", "state", reply),
        200);
    lay("k1", &card, &laid);
    CHECK_EQ_STR(laid.state, "ready");
    lay_only("k1", UID_7, &laid);
    CHECK_EQ_STR(laid.standing, "foreign");
    CHECK_EQ_U64(
        desk("/v1/admin/cards/" UID "/state", "{\"state\":\"eaten\"," BY_LI "}", "state", reply),
        400);
    CHECK_EQ_U64(
        desk("/v1/admin/cards/" UID_7 "/state", "{\"state\":\"lost\"," BY_LI "}", "state", reply),
        404);
    end();
}

TEST(a_card_blocked_between_payment_and_writing_waits)
{
    struct test_card card = begin();
    char reply[64];
    buy(&rig, "k1", &card, FEN, order_no);
    lay("k1", &card, &laid);
    CHECK_EQ_U64(
        desk("/v1/admin/cards/" UID "/state", "{\"state\":\"blocked\"," BY_LI "}", "state", reply),
        200);
    CHECK_EQ_U64(issue("k1", order_no, laid.session_id, &write, word), 409);
    CHECK_EQ_STR(word, "card_refused");
    CHECK(is_state(&rig, order_no, "PAID"));
    CHECK_EQ_U64(
        desk("/v1/admin/cards/" UID "/state", "{\"state\":\"open\"," BY_LI "}", "state", reply),
        200);
    finish(&rig, "k1", &card, order_no);
    end();
}

TEST_MAIN()
