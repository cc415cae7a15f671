/* SPDX-License-Identifier: Apache-2.0 */
/* What a return case leaves to be paid, and payers whose wallet has paid them already. */
#include "tests/unit/cloud_cards/return_steps.h"

/* The reversal goes onto the card, into the meter, and its word comes to the cloud. */
static void give_back(struct test_meter *meter, struct test_card *card)
{
    write_newest(card);
    test_meter_load(meter, card);
    lay("k1", card, &laid);
    check_stage("REVERSED");
}

/* The wallet's own pages paid @p fen of the order back. */
static void wallet_refunds(int64_t fen)
{
    struct pay_notify notify = {.verdict = PAY_NOTIFY_GENUINE,
                                .result = fen == FEN ? PAY_REFUNDED : PAY_PARTLY_REFUNDED,
                                .amount_fen = FEN,
                                .refunded_fen = fen,
                                .currency_ok = true,
                                .http_status = 200,
                                .reply = "success",
                                .reply_type = "text/plain"};
    str_format_cut(notify.order_no, sizeof(notify.order_no), "%s", order_no);
    str_format_cut(notify.trade_no, sizeof(notify.trade_no), "T%s", order_no);
    str_format_cut(notify.log_text, sizeof(notify.log_text), "a notify");
    double_pay_notify(&notify);
    struct double_answer answer = double_http_call(HTTP_POST, "/pay/alipay/notify", "{}");
    CHECK_EQ_U64(answer.status, 200);
    double_answer_finish(&answer);
}

/* Somebody says that it was paid at the desk. */
static void check_pay(const char *person, unsigned status, const char *says)
{
    char body[200];
    char reply[64];
    str_format_cut(body, sizeof(body),
                   "{\"case_no\":\"%s\",\"person\":\"%s\",\"password\":\"" PASSWORD "\"}", case_no,
                   person);
    CHECK_EQ_U64(desk("/v1/admin/card-payouts", body, "payout", reply), status);
    CHECK_EQ_STR(reply, says);
}

/* What somebody is told who signs once more, because the answer to the second person was lost. */
static void check_decided(const char *says)
{
    char body[200];
    str_format_cut(body, sizeof(body), "{\"case_no\":\"%s\"," BY_LI "}", case_no);
    struct double_answer answer = double_http_call(HTTP_POST, "/v1/admin/card-payouts", body);
    const json_t *error = json_object_get(answer.json, "error");
    CHECK_EQ_U64(answer.status, 409);
    CHECK_EQ_STR(json_string_value(json_object_get(error, "code")), "nothing_owed");
    CHECK_EQ_STR(json_string_value(json_object_get(error, "message")), says);
    double_answer_finish(&answer);
}

static void check_shown(const char *number, const char *payout, const char *payer)
{
    char path[100];
    str_format_cut(path, sizeof(path), "/v1/admin/card-returns/%s", number);
    struct double_answer answer = double_http_call(HTTP_GET, path, NULL);
    CHECK_EQ_U64(answer.status, 200);
    CHECK_EQ_STR(json_string_value(json_object_get(answer.json, "case_no")), case_no);
    CHECK_EQ_STR(json_string_value(json_object_get(answer.json, "payout")), payout);
    CHECK_EQ_STR(json_string_value(json_object_get(answer.json, "payer")), payer);
    double_answer_finish(&answer);
}

static void check_payout(const char *payout)
{
    char now[16];
    rig_text(&rig.rig, "SELECT payout FROM card_return_case WHERE case_no = ?1", case_no, now,
             sizeof(now));
    CHECK_EQ_STR(now, payout);
}

TEST(a_payer_whose_wallet_has_paid_him_gets_nothing_more)
{
    struct test_card card = begin();
    struct test_meter meter = test_meter_make();
    top_up(&rig, &card, FEN, order_no);
    test_meter_load(&meter, &card);
    wallet_refunds(FEN);
    CHECK(is_state(&rig, order_no, "DONE"));
    CHECK_EQ_I64(account_sum(&rig, "LOSS"), FEN);
    begin_return(&rig, order_no, case_no);
    give_back(&meter, &card);
    check_payout("none");
    check_pay("li", 409, "nothing_owed");
    CHECK_EQ_I64(account_sum(&rig, "PAYOUT"), 0);
    CHECK_EQ_I64(account_sum(&rig, "CARD"), 0);
    CHECK_EQ_I64(account_sum(&rig, "LOSS"), 0); /* the meter made it good */
    CHECK_EQ_I64(account_sum(&rig, "BANK"), 0);
    CHECK_EQ_I64(
        rig_number(&rig.rig, "SELECT count(*) FROM alarm WHERE kind = 'card_payout'", NULL), 0);
    end();
}

TEST(the_wallet_is_looked_at_again_when_the_desk_pays)
{
    struct test_card card = begin();
    struct test_meter meter = test_meter_make();
    top_up(&rig, &card, FEN, order_no);
    test_meter_load(&meter, &card);
    begin_return(&rig, order_no, case_no);
    give_back(&meter, &card);
    check_payout("owed");
    check_pay("li", 200, "owed");
    wallet_refunds(FEN); /* between the two persons */
    CHECK_EQ_I64(account_sum(&rig, "LOSS"), FEN);
    check_pay("wang", 409, "refunded_by_wallet");
    check_payout("none");
    check_pay("wang", 409, "nothing_owed");
    CHECK_EQ_I64(
        rig_number(&rig.rig, "SELECT count(*) FROM review_item WHERE closed_at IS NULL", NULL), 0);
    CHECK_EQ_I64(account_sum(&rig, "PAYOUT"), 0);
    CHECK_EQ_I64(account_sum(&rig, "CARD"), 0);
    CHECK_EQ_I64(account_sum(&rig, "LOSS"), 0);
    CHECK_EQ_I64(account_sum(&rig, "BANK"), 0);
    end();
}

/* Refunded in the wallet's own pages, and no notify came; then it does not answer at all. */
TEST(the_wallet_is_asked_before_the_desk_pays)
{
    struct test_card card = begin();
    struct test_meter meter = test_meter_make();
    top_up(&rig, &card, FEN, order_no);
    test_meter_load(&meter, &card);
    begin_return(&rig, order_no, case_no);
    give_back(&meter, &card);
    check_pay("li", 200, "owed");
    double_pay_force(CALL_QUERY, PAY_UNKNOWN, 1, false);
    check_pay("wang", 409, "wallet_silent");
    double_pay_force(CALL_QUERY, PAY_NOT_EXIST, 1, false);
    check_pay("wang", 409, "wallet_silent");
    check_payout("owed");
    double_pay_return(order_no);
    check_pay("wang", 409, "refunded_by_wallet");
    check_payout("none");
    CHECK_EQ_I64(account_sum(&rig, "PAYOUT"), 0);
    CHECK_EQ_I64(account_sum(&rig, "LOSS"), 0);
    CHECK_EQ_I64(account_sum(&rig, "BANK"), 0);
    end();
}

/* In REVIEW, because the wallet paid it back while the token was out; the meter had it, and gives
 * it back. The persons then say what they must: it was delivered. */
TEST(refunded_meanwhile_delivered_and_taken_back)
{
    struct test_card card = begin();
    struct test_meter meter = test_meter_make();
    char path[128];
    buy(&rig, "k1", &card, FEN, order_no);
    lay("k1", &card, &laid);
    CHECK_EQ_U64(issue("k1", order_no, laid.session_id, &write, word), 200);
    burn(&card, &write);
    test_meter_load(&meter, &card);
    wallet_refunds(FEN);
    CHECK(is_state(&rig, order_no, "REVIEW"));
    begin_return(&rig, order_no, case_no);
    give_back(&meter, &card); /* its first laying proves that the purchase was written */
    CHECK_EQ_I64(meter.balance_fen, 0);
    check_payout("none");
    check_pay("li", 409, "nothing_owed");
    CHECK_EQ_I64(double_pay_calls(CALL_REFUND), 0);
    str_format_cut(path, sizeof(path), "/v1/admin/review/%s/sign", order_no);
    char reply[64];
    CHECK_EQ_U64(desk(path,
                      "{\"person\":\"li\",\"password\":\"" PASSWORD "\",\"decision\":\"done\"}",
                      "state", reply),
                 200);
    CHECK(rig_until(&rig.rig, order_no, "DONE"));
    CHECK_EQ_I64(account_sum(&rig, "CARD"), 0);
    CHECK_EQ_I64(account_sum(&rig, "LOSS"), 0);
    CHECK_EQ_I64(account_sum(&rig, "PAYOUT"), 0);
    end();
}

/* What is owed has an owner, and an alarm when it was not paid in time. */
TEST(what_the_desk_owes_is_an_open_item)
{
    static const char OPEN[] = "SELECT count(*) FROM review_item WHERE document = 'payout' AND"
                               " closed_at IS NULL AND owner <> ''";
    rig_timers()->review_ms = 1200;
    struct test_card card = begin();
    struct test_meter meter = test_meter_make();
    top_up(&rig, &card, FEN, order_no);
    test_meter_load(&meter, &card);
    begin_return(&rig, order_no, case_no);
    give_back(&meter, &card);
    CHECK_EQ_I64(rig_number(&rig.rig, OPEN, NULL), 1);
    struct double_answer answer = double_http_call(HTTP_GET, "/v1/admin/review", NULL);
    CHECK_EQ_U64(answer.status, 200);
    CHECK(strstr(answer.text, case_no) != NULL);
    double_answer_finish(&answer);
    CHECK(rig_until_number(&rig.rig,
                           "SELECT count(*) FROM alarm WHERE kind = 'review_overdue' AND subject ="
                           " ?1",
                           case_no, 1));
    check_pay("li", 200, "owed");
    check_pay("wang", 200, "paid");
    CHECK_EQ_I64(rig_number(&rig.rig, OPEN, NULL), 0);
    end();
}

/* How many items of the case are of @p reason and outcome, literals; "": open. */
#define ITEMS(reason, outcome)                                                                     \
    rig_number(&rig.rig,                                                                           \
               "SELECT count(*) FROM review_item WHERE document_no = ?1 AND owner <> '' AND"       \
               " due_ms > 0 AND reason = '" reason "' AND outcome = '" outcome "'",                \
               case_no)

/* Its payer has neither value nor money until the meter is heard, and it may never be. */
TEST(a_reversal_that_is_out_is_an_open_item)
{
    rig_timers()->review_ms = 1200;
    struct test_card card = begin();
    struct test_meter meter = test_meter_make();
    top_up(&rig, &card, FEN, order_no);
    test_meter_load(&meter, &card);
    begin_return(&rig, order_no, case_no);
    CHECK_EQ_I64(ITEMS("card_return", ""), 1);
    check_shown(order_no, "none", "");
    check_decided("the case is REVERSAL_ISSUED, its payout is \"none\", signed by nobody");
    CHECK(rig_until_number(&rig.rig,
                           "SELECT count(*) FROM alarm WHERE kind = 'review_overdue' AND subject ="
                           " ?1",
                           case_no, 1));
    give_back(&meter, &card);
    CHECK_EQ_I64(ITEMS("card_return", "REVERSED"), 1);
    CHECK_EQ_I64(ITEMS("card_return", ""), 0);
    CHECK_EQ_I64(ITEMS("card_payout", ""), 1);
    check_pay("li", 200, "owed");
    check_pay("wang", 200, "paid");
    check_shown(case_no, "paid", "li+wang");
    check_shown(order_no, "paid", "li+wang");
    check_decided("the case is REVERSED, its payout is \"paid\", signed by li+wang");
    CHECK_EQ_I64(ITEMS("card_payout", "paid"), 1);
    CHECK_EQ_I64(ITEMS("card_payout", ""), 0);
    end();
}

static void check_list(size_t count, bool more)
{
    struct double_answer answer = double_http_call(HTTP_GET, "/v1/admin/cards", NULL);
    CHECK_EQ_U64(answer.status, 200);
    CHECK_EQ_U64(json_array_size(json_object_get(answer.json, "cases")), count);
    CHECK(json_is_true(json_object_get(answer.json, "more")) == more);
    double_answer_finish(&answer);
}

/* @p count more cases that are owed, of names that begin with @p name; literals. */
#define COPY_CASE(count, name)                                                                     \
    "WITH RECURSIVE k (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM k WHERE i < " count ")"         \
    " INSERT INTO card_return_case (case_no, order_no, meter_id, stage, amount_fen, n, first,"     \
    " asked_ms, asked_at, payout) SELECT '" name "' || i, order_no, meter_id, 'REVERSED',"         \
    " amount_fen, n, first, asked_ms, asked_at, 'owed' FROM k, card_return_case"                   \
    " WHERE stage = 'REVERSAL_ISSUED'"

TEST(a_list_says_that_it_was_cut)
{
    struct test_card card = begin();
    top_up(&rig, &card, FEN, order_no);
    begin_return(&rig, order_no, case_no);
    check_list(1, false);
    rig_exec(&rig.rig, COPY_CASE("199", "CRX"));
    check_list(200, false);
    rig_exec(&rig.rig, COPY_CASE("1", "CRY"));
    check_list(200, true);
    end();
}

TEST(a_part_that_went_back_is_for_people)
{
    struct test_card card = begin();
    struct test_meter meter = test_meter_make();
    char body[200];
    char reply[64];
    top_up(&rig, &card, FEN, order_no);
    test_meter_load(&meter, &card);
    begin_return(&rig, order_no, case_no);
    give_back(&meter, &card);
    wallet_refunds(FEN / 2);
    check_pay("li", 409, "refund_seen");
    check_payout("owed");
    /* And of such an order none is begun. */
    top_up(&rig, &card, FEN, order_no);
    wallet_refunds(FEN / 2);
    str_format_cut(body, sizeof(body),
                   "{\"order_no\":\"%s\",\"person\":\"li\",\"password\":\"" PASSWORD "\"}",
                   order_no);
    CHECK_EQ_U64(desk("/v1/admin/card-returns", body, "stage", reply), 409);
    CHECK_EQ_STR(reply, "refund_seen");
    end();
}

TEST_MAIN()
