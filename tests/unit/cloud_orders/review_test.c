/* SPDX-License-Identifier: Apache-2.0 */
/* Two persons, their decisions, and everything that they are refused. */
#include "tests/unit/cloud_orders/review_steps.h"

enum { LONG_MS = 86400000 };

/* An order in REVIEW because the meter cannot prove its credit; it was delivered. */
static void unknown(struct rig *rig, char no[33])
{
    rig_timers()->delivery_ms = 800; /* long enough to be sent on a busy machine */
    rig_timers()->read_back = (struct timers_row){1, {100000}}; /* not before the meter is dead */
    rig_begin(rig);
    add_persons(rig);
    double_gateway_fault(COUNT_ADDRESS, FAULT_LOST_REPLY, 1);
    rig_create(2, FEN, no);
    CHECK(rig_until(rig, no, "WAIT_PAY"));
    double_pay_settle(no, 0);
    CHECK(rig_until_number(
        rig, "SELECT count(*) FROM device_command WHERE op = 'credit' AND reply IS NOT NULL", NULL,
        1));
    double_gateway_kill(COUNT_ADDRESS, true);
    CHECK(rig_until(rig, no, "REVIEW"));
}

/* The delivery has ended with its order, and the meter takes the next payment. */
static void meter_is_free(struct rig *rig, const char *no, const char *stage)
{
    char now[RIG_STATE_SIZE];
    char next[33];
    rig_text(rig, "SELECT stage FROM delivery WHERE order_no = ?1", no, now, sizeof(now));
    CHECK_EQ_STR(now, stage);
    CHECK_EQ_I64(rig_number(rig, "SELECT count(*) FROM job WHERE kind LIKE 'deliver%'", NULL), 0);
    double_gateway_kill(COUNT_ADDRESS, false);
    rig_timers()->delivery_ms = LONG_MS;
    rig_restart(rig);
    CHECK(rig_pay(rig, 2, FEN, "DONE", next));
    CHECK(rig_books_are_clean(rig));
}

TEST(two_persons_pay_a_wrong_amount_back)
{
    struct rig rig;
    char no[33];
    mismatch(&rig, no);
    sign(no, "li", "refund", "first");
    sign(no, "li", "refund", "same_person");
    CHECK_EQ_I64(rig_number(&rig, "SELECT state = 'REVIEW' FROM pay_order", NULL), 1);
    sign(no, "wang", "refund", "settled");
    CHECK(rig_until(&rig, no, "REFUNDED"));
    CHECK_EQ_I64(double_pay_trade(no).refunded_fen, FEN - 1);
    sign(no, "wang", "refund", "not_in_review");
    CHECK_EQ_I64(rig_number(&rig, "SELECT count(*) FROM review_item WHERE closed_at IS NULL", NULL),
                 0);
    char actor[64];
    rig_text(&rig, "SELECT actor FROM pay_event WHERE event = 'operator_refund'", NULL, actor,
             sizeof(actor));
    CHECK_EQ_STR(actor, "li+wang");
    CHECK(rig_books_are_clean(&rig));
    rig_end(&rig);
}

TEST(what_not_even_two_may_do)
{
    struct rig rig;
    char no[33];
    mismatch(&rig, no);
    sign(no, "li", "done", "reason_unfit");
    sign(no, "li", "close", "paid");
    sign(no, "li", "refunded", "no_reference");
    sign(no, "li", "sing", "bad_request");
    sign("SH00000000", "li", "refund", "not_in_review");
    attach(no, "reference", "attached");
    attach(no, "painting", "bad_request");
    attach("SH00000000", "note", "not_found");
    sign(no, "li", "repaid", "first");
    sign(no, "wang", "refund", "first"); /* another decision completes nothing */
    sign(no, "wang", "repaid", "settled");
    CHECK(rig_until(&rig, no, "REFUNDED"));
    CHECK_EQ_I64(rig_number(&rig, "SELECT fen FROM account_sum WHERE account = 'BANK'", NULL),
                 -(FEN - 1));
    CHECK_EQ_I64(double_pay_trade(no).refunded_fen, 0);
    CHECK(rig_books_are_clean(&rig));
    rig_end(&rig);
}

TEST(an_unfenced_delivery_is_not_refunded)
{
    struct rig rig;
    char no[33];
    unknown(&rig, no);
    sign(no, "li", "refund", "not_fenced");
    sign(no, "li", "done", "no_evidence");
    attach(no, "reading", "attached");
    sign(no, "li", "done", "first");
    sign(no, "wang", "done", "settled");
    CHECK(rig_until(&rig, no, "DONE"));
    CHECK_EQ_I64(double_gateway_meter(COUNT_ADDRESS).credits, 1);
    meter_is_free(&rig, no, "DELIVERED");
    rig_end(&rig);
}

TEST(a_physical_proof_stands_in_for_the_fence)
{
    struct rig rig;
    char no[33];
    unknown(&rig, no);
    attach(no, "physical", "attached");
    sign(no, "li", "refund", "first");
    sign(no, "wang", "refund", "settled");
    CHECK(rig_until(&rig, no, "REFUNDED"));
    meter_is_free(&rig, no, "VOID");
    rig_end(&rig);
}

TEST(paid_back_outside_the_provider_frees_the_meter_too)
{
    struct rig rig;
    char no[33];
    unknown(&rig, no);
    attach(no, "physical", "attached");
    attach(no, "reference", "attached");
    sign(no, "li", "repaid", "first");
    sign(no, "wang", "repaid", "settled");
    CHECK(rig_until(&rig, no, "REFUNDED"));
    meter_is_free(&rig, no, "VOID");
    rig_end(&rig);
}

/* The meter is never read again, but its collector says that the command never came. */
TEST(a_command_that_never_arrived_needs_no_physical_proof)
{
    struct rig rig;
    char no[33];
    rig_timers()->delivery_ms = 1500;
    rig_begin(&rig);
    add_persons(&rig);
    double_gateway_fault(COUNT_ADDRESS, FAULT_SWALLOW, 1);
    rig_create(2, FEN, no);
    CHECK(rig_until(&rig, no, "WAIT_PAY"));
    double_pay_settle(no, 0);
    CHECK(rig_until_number(&rig, "SELECT sends FROM delivery", NULL, 1));
    double_gateway_kill(COUNT_ADDRESS, true);
    CHECK(rig_until_number(&rig, "SELECT count(*) FROM delivery WHERE stage = 'VOID'", NULL, 1));
    CHECK(rig_until(&rig, no, "REVIEW"));
    sign(no, "li", "refund", "settled"); /* the journal's word is the first signature */
    CHECK(rig_until(&rig, no, "REFUNDED"));
    CHECK(rig_books_are_clean(&rig));
    rig_end(&rig);
}

TEST(the_devices_own_proof_is_the_first_signature)
{
    struct rig rig;
    char no[33];
    char word[64];
    rig_timers()->read_back = (struct timers_row){1, {100000}}; /* only a person asks again */
    unknown(&rig, no);
    CHECK(rig_until_number(&rig, "SELECT quiet FROM delivery", NULL, 1));
    double_gateway_kill(COUNT_ADDRESS, false);
    ask(no, "read", "li", "", word);
    CHECK_EQ_STR(word, "asked");
    CHECK(rig_until_number(&rig, "SELECT stage = 'DELIVERED' FROM delivery", NULL, 1));
    CHECK_EQ_I64(rig_number(&rig, "SELECT state = 'REVIEW' FROM pay_order", NULL), 1);
    CHECK_EQ_I64(rig_number(&rig, "SELECT count(*) FROM review_signature WHERE person = ''", NULL),
                 1);
    sign(no, "li", "refund", "delivered");
    sign(no, "li", "done", "settled"); /* one person confirms */
    CHECK(rig_until(&rig, no, "DONE"));
    CHECK(rig_books_are_clean(&rig));
    rig_end(&rig);
}

TEST(a_change_in_between_makes_the_first_signature_void)
{
    struct rig rig;
    char no[33];
    mismatch(&rig, no);
    sign(no, "li", "refund", "first");
    rig_exec(&rig, "UPDATE pay_order SET version = version + 1");
    sign(no, "wang", "refund", "first");
    sign(no, "li", "refund", "settled");
    rig_end(&rig);
}

TEST(a_stray_payment_goes_back)
{
    struct rig rig;
    char no[33];
    char stray_no[33];
    rig_begin(&rig);
    add_persons(&rig);
    CHECK(rig_pay(&rig, 1, FEN, "DONE", no));
    struct pay_notify notify = {.verdict = PAY_NOTIFY_GENUINE,
                                .result = PAY_PAID,
                                .amount_fen = 700,
                                .refunded_fen = -1,
                                .currency_ok = true,
                                .http_status = 200,
                                .reply = "",
                                .order_no = "SOMEBODYELSES"};
    str_format_cut(notify.trade_no, sizeof(notify.trade_no), "TSOMEBODYELSES");
    double_pay_settle("SOMEBODYELSES", 700);
    double_pay_notify(&notify);
    struct double_answer answer = double_http_call(HTTP_POST, "/pay/wechat/notify", "{}");
    double_answer_finish(&answer);
    rig_text(&rig, "SELECT stray_no FROM stray", NULL, stray_no, sizeof(stray_no));
    sign(stray_no, "li", "done", "reason_unfit");
    sign(stray_no, "li", "refund", "first");
    sign(stray_no, "wang", "refund", "settled");
    CHECK(rig_until_number(&rig, "SELECT state = 'REFUNDED' FROM stray", NULL, 1));
    CHECK_EQ_I64(double_pay_trade("SOMEBODYELSES").refunded_fen, 700);
    CHECK(rig_books_are_clean(&rig));
    rig_end(&rig);
}

TEST(lists_and_documents)
{
    struct rig rig;
    char no[33];
    char path[96];
    mismatch(&rig, no);
    struct double_answer answer = double_http_call(HTTP_GET, "/v1/admin/review", NULL);
    CHECK_EQ_U64(json_array_size(json_object_get(answer.json, "items")), 1);
    double_answer_finish(&answer);
    str_format_cut(path, sizeof(path), "/v1/admin/review/%s", no);
    answer = double_http_call(HTTP_GET, path, NULL);
    const json_t *decisions = json_object_get(answer.json, "decisions");
    CHECK_EQ_STR(json_string_value(json_object_get(decisions, "refund")), "allowed");
    CHECK_EQ_STR(json_string_value(json_object_get(decisions, "done")), "reason_unfit");
    CHECK(json_array_size(json_object_get(answer.json, "events")) >= 2);
    double_answer_finish(&answer);
    answer = double_http_call(HTTP_GET, "/v1/admin/review/SH00000000", NULL);
    CHECK_EQ_U64(answer.status, 404);
    double_answer_finish(&answer);
    answer = double_http_call(HTTP_GET, "/v1/admin/ledger", NULL);
    CHECK_EQ_U64(json_array_size(json_object_get(answer.json, "findings")), 0);
    double_answer_finish(&answer);
    rig_end(&rig);
}

TEST(an_item_that_nobody_settles_is_an_alarm)
{
    struct rig rig;
    char no[33];
    rig_timers()->review_ms = 100;
    mismatch(&rig, no);
    CHECK(rig_until_number(&rig, "SELECT overdue FROM review_item", NULL, 1));
    CHECK_EQ_I64(rig_number(&rig, "SELECT count(*) FROM alarm WHERE kind = 'review_overdue'", NULL),
                 1);
    rig_end(&rig);
}

TEST(numbers_over_the_socket)
{
    struct rig rig;
    char no[33];
    rig_begin(&rig);
    struct double_answer answer = double_http_call(HTTP_POST, "/v1/admin/ledger/epoch", "{}");
    CHECK_EQ_I64(json_integer_value(json_object_get(answer.json, "epoch")), 1);
    double_answer_finish(&answer);
    rig_create(1, FEN, no);
    CHECK(no[10] == '1'); /* SH, eight digits of the day, the epoch */
    rig_end(&rig);
}

TEST_MAIN()
