/* SPDX-License-Identifier: Apache-2.0 */
/* Two persons end what neither card nor meter says. */
#include "tests/unit/cloud_cards/return_steps.h"

static char other_no[API_ORDER_NO_SIZE];

static void settle(const char *number, const char *person, const char *decision)
{
    char path[128];
    char body[200];
    str_format_cut(path, sizeof(path), "/v1/admin/review/%s/sign", number);
    str_format_cut(body, sizeof(body),
                   "{\"person\":\"%s\",\"password\":\"" PASSWORD "\",\"decision\":\"%s\"}", person,
                   decision);
    struct double_answer answer = double_http_call(HTTP_POST, path, body);
    if (answer.status != 200) {
        TEST_FAIL("%s", answer.text);
    }
    double_answer_finish(&answer);
}

/* Two persons, with a proof that they saw, send an issued order's money back. */
static void pay_back(const char *number)
{
    char path[128];
    str_format_cut(path, sizeof(path), "/v1/admin/review/%s/attach", number);
    struct double_answer answer = double_http_call(HTTP_POST, path,
                                                   "{\"person\":\"li\",\"password\":\"" PASSWORD
                                                   "\",\"kind\":\"physical\",\"text\":\"seen\"}");
    CHECK_EQ_U64(answer.status, 200);
    double_answer_finish(&answer);
    settle(number, "li", "refund");
    settle(number, "wang", "refund");
    CHECK(rig_until(&rig.rig, number, "REFUNDED"));
}

TEST(what_two_persons_paid_back_leaves_the_total)
{
    rig_timers()->card_review_ms = 300;
    struct test_card card = begin();
    struct test_meter meter = test_meter_make();
    buy_and_issue(&card);
    static struct api_card_write lost;
    lost = write;
    CHECK(rig_until(&rig.rig, order_no, "REVIEW"));
    pay_back(order_no);
    CHECK_EQ_I64(rig_number(&rig.rig, "SELECT total_fen FROM card_account", NULL), 0);
    /* The old token is not handed out any more; one that says the new total is. */
    lay("k1", &card, &laid);
    CHECK_EQ_STR(laid.state, "repair");
    CHECK_EQ_STR(laid.reason, ""); /* two persons ended it: the meter is not asked */
    CHECK_EQ_I64(laid.write.n, 2);
    CHECK_EQ_U64(issue("k1", order_no, laid.session_id, &write, word), 409);
    CHECK_EQ_STR(word, "not_paid");
    burn(&card, &lost); /* somebody kept the bytes */
    test_meter_load(&meter, &card);
    CHECK_EQ_I64(meter.balance_fen, FEN);
    write_newest(&card);
    test_meter_load(&meter, &card);
    CHECK_EQ_I64(meter.balance_fen, 0);
    lay("k1", &card, &laid);
    CHECK_EQ_STR(laid.state, "ready");
    CHECK_EQ_I64(laid.last_fen, 0); /* what was paid back topped up nothing */
    CHECK_EQ_I64(rig_number(&rig.rig, "SELECT count(*) FROM card_token", NULL), 2);
    end();
}

/* The copy of a token whose money went back was used up: the meter refuses the correction. The next
 * one who buys must not pay for that. */
TEST(nothing_is_sold_to_a_meter_that_keeps_what_went_back)
{
    rig_timers()->card_review_ms = 300;
    struct test_card card = begin();
    struct test_card copy;
    struct test_meter meter = test_meter_make();
    buy_and_issue(&card);
    copy = card;
    burn(&copy, &write);
    CHECK(rig_until(&rig.rig, order_no, "REVIEW"));
    pay_back(order_no);
    write_newest(&card);
    CHECK_EQ_I64(laid.write.n, 2);
    test_meter_load(&meter, &copy);
    meter.balance_fen = 100; /* used */
    test_meter_load(&meter, &card);
    CHECK_EQ_I64(meter.error, 22);
    lay("k1", &card, &laid);
    CHECK_EQ_STR(laid.state, "refused");
    CHECK_EQ_STR(laid.reason, "return_case");
    CHECK_EQ_U64(order_card("k1", &laid, FEN / 2, other_no), 409);
    CHECK_EQ_I64(rig_number(&rig.rig,
                            "SELECT count(*) FROM alarm WHERE kind = 'card_correction_refused'",
                            NULL),
                 1);
    meter.balance_fen = FEN; /* should it give it back after all */
    test_meter_load(&meter, &card);
    CHECK_EQ_I64(meter.balance_fen, 0);
    lay("k1", &card, &laid);
    CHECK_EQ_STR(laid.state, "ready");
    end();
}

/* T moves while a case is open: the meter takes a token that is newer than the reversal. */
TEST(a_newer_token_without_the_value_ends_a_case_too)
{
    rig_timers()->card_review_ms = 1000;
    struct test_card card = begin();
    struct test_meter meter = test_meter_make();
    top_up(&rig, &card, 2 * FEN, other_no);
    test_meter_load(&meter, &card);
    lay("k1", &card, &laid);
    buy_and_issue(&card);
    begin_return(&rig, other_no, case_no);
    CHECK(rig_until(&rig.rig, order_no, "REVIEW"));
    pay_back(order_no);
    CHECK_EQ_I64(rig_number(&rig.rig, "SELECT total_fen FROM card_account", NULL), 0);
    write_newest(&card);
    CHECK_EQ_I64(laid.write.n, 4); /* purchase, purchase, reversal, and the total without both */
    check_stage("REVERSAL_ISSUED");
    test_meter_load(&meter, &card);
    CHECK_EQ_I64(meter.balance_fen, 0);
    lay("k1", &card, &laid);
    check_stage("REVERSED");
    CHECK_EQ_STR(laid.state, "ready");
    CHECK_EQ_I64(account_sum(&rig, "PAYOUT"), -2 * FEN);
    end();
}

TEST_MAIN()
