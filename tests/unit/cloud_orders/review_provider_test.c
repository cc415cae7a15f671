/* SPDX-License-Identifier: Apache-2.0 */
/* What the providers say of an order, in answers and in bills, binds the persons who decide. */
#include "tests/unit/cloud_orders/provider_steps.h"

TEST(the_provider_is_asked_again)
{
    struct rig rig;
    char no[33];
    char word[64];
    mismatch(&rig, no);
    ask(no, "query", "li", "", word);
    CHECK_EQ_STR(word, "paid");
    double_pay_return(no);
    ask(no, "query", "li", "", word);
    CHECK_EQ_STR(word, "refunded");
    sign(no, "li", "refund", "already_refunded");
    attach(no, "reference", "attached");
    sign(no, "li", "refunded", "first");
    sign(no, "wang", "refunded", "settled");
    CHECK(rig_until(&rig, no, "REFUNDED"));
    CHECK(rig_books_are_clean(&rig));
    rig_end(&rig);
}

/* A payment in another currency: no amount of it is fen, and still it must end. */
TEST(a_foreign_currency_is_settled_by_its_reference)
{
    struct rig rig;
    char no[33];
    rig_begin(&rig);
    add_persons(&rig);
    rig_create(1, FEN, no);
    CHECK(rig_until(&rig, no, "WAIT_PAY"));
    struct pay_notify notify = {.verdict = PAY_NOTIFY_GENUINE,
                                .result = PAY_PAID,
                                .amount_fen = FEN,
                                .refunded_fen = -1,
                                .currency_ok = false,
                                .http_status = 200,
                                .reply = "",
                                .trade_no = "TFOREIGN"};
    str_format_cut(notify.order_no, sizeof(notify.order_no), "%s", no);
    double_pay_notify(&notify);
    struct double_answer answer = double_http_call(HTTP_POST, "/pay/alipay/notify", "{}");
    double_answer_finish(&answer);
    CHECK(rig_until(&rig, no, "REVIEW"));
    sign(no, "li", "close", "paid");
    sign(no, "li", "refund", "reason_unfit");
    sign(no, "li", "refunded", "no_reference");
    attach(no, "reference", "attached");
    sign(no, "li", "refunded", "first");
    sign(no, "wang", "refunded", "settled");
    CHECK(rig_until(&rig, no, "REFUNDED"));
    CHECK_EQ_I64(rig_number(&rig, "SELECT count(*) FROM review_item WHERE closed_at IS NULL", NULL),
                 0);
    CHECK(rig_books_are_clean(&rig));
    rig_end(&rig);
}

static enum err add_inbox(struct db *db, void *arg)
{
    const struct said *said = arg;
    struct sql *sql =
        sql_begin(db, "INSERT INTO pay_inbox (channel, source, verdict, document_no, headers, body,"
                      " received_at) VALUES ('wechat', 'query', ?2, ?1, '', x'00', 1)");
    sql_bind_text(sql, 1, said->order_no);
    sql_bind_text(sql, 2, said->word);
    return sql_run(sql);
}

TEST(what_a_bill_says_counts)
{
    struct rig rig;
    char no[33];
    rig_begin(&rig);
    rig_create(1, FEN, no);
    CHECK(rig_until(&rig, no, "WAIT_PAY"));
    CHECK(!facts_of(&rig, no).provider_paid);
    write_bill(&rig, "SH00000000", "payment", "");
    CHECK(!facts_of(&rig, no).provider_paid);
    write_bill(&rig, no, "payment", "");
    CHECK(facts_of(&rig, no).provider_paid);
    CHECK(!facts_of(&rig, no).provider_refunded);
    write_bill(&rig, no, "refund", "SOMEBODYS");
    rig_exec(&rig, "UPDATE bill_row SET state = 'pending' WHERE kind = 'refund'");
    CHECK(!facts_of(&rig, no).provider_refunded); /* it had only begun */
    rig_exec(&rig, "UPDATE bill_row SET state = 'done' WHERE kind = 'refund'");
    CHECK(facts_of(&rig, no).provider_refunded);
    rig_end(&rig);
}

static void say(const struct rig *rig, const char *no, const char *verdict)
{
    struct said said = {no, verdict, ""};
    CHECK_EQ_I64(store_run(rig->store, add_inbox, &said), OK);
}

/* WeChat says "a refund exists" of ours and of anybody's alike. */
TEST(a_refund_that_the_provider_shows_counts)
{
    static const char *const VERDICTS[] = {"paid_refund_seen", "partly_refunded", "refunded"};
    for (size_t i = 0; i < ARRAY_COUNT(VERDICTS); i++) {
        struct rig rig;
        char no[33];
        rig_begin(&rig);
        rig_create(1, FEN, no);
        CHECK(rig_until(&rig, no, "WAIT_PAY"));
        say(&rig, no, VERDICTS[i]);
        CHECK(facts_of(&rig, no).provider_paid && facts_of(&rig, no).provider_refunded);
        rig_end(&rig);
    }
}

/* ---- a refund of our own that was given up ---- */

static void give_up_refund(struct rig *rig, char no[33])
{
    mismatch(rig, no);
    double_pay_force(CALL_REFUND, PAY_REFUND_ABNORMAL, 1, false);
    sign(no, "li", "refund", "first");
    sign(no, "wang", "refund", "settled");
    CHECK(rig_until(rig, no, "REVIEW"));
    attach(no, "reference", "attached");
}

/* It came to nothing: it is no reason against paying back from the bank. */
TEST(our_own_refund_is_not_somebody_elses)
{
    struct rig rig;
    char no[33];
    char refund_no[64];
    give_up_refund(&rig, no);
    double_pay_force(CALL_REFUND_QUERY, PAY_REFUND_ABNORMAL, 2, false);
    say(&rig, no, "paid_refund_seen");
    rig_text(&rig, "SELECT refund_no FROM refund", NULL, refund_no, sizeof(refund_no));
    write_bill(&rig, no, "refund", refund_no);
    rig_exec(&rig, "UPDATE bill_row SET state = 'pending'");
    CHECK(!facts_of(&rig, no).provider_refunded);
    sign(no, "li", "repaid", "first");
    sign(no, "wang", "repaid", "settled");
    CHECK(rig_until(&rig, no, "REFUNDED"));
    CHECK(rig_books_are_clean(&rig));
    rig_end(&rig);
}

/* Somebody has finished it on the wallet's own pages, and no notify came. */
TEST(our_own_refund_that_arrived_is_not_repaid)
{
    struct rig rig;
    char no[33];
    give_up_refund(&rig, no);
    double_pay_force(CALL_REFUND_QUERY, PAY_REFUND_ABNORMAL, 1, false);
    sign(no, "li", "repaid", "first");
    double_pay_force(CALL_QUERY, PAY_PAID_REFUND_SEEN, 1, false);
    double_pay_force(CALL_REFUND_QUERY, PAY_REFUNDED, 1, false);
    sign(no, "wang", "repaid", "already_refunded");
    sign(no, "li", "refunded", "first");
    sign(no, "wang", "refunded", "settled");
    CHECK(rig_until(&rig, no, "REFUNDED"));
    CHECK_EQ_I64(bank_fen(&rig), 0);
    CHECK(rig_books_are_clean(&rig));
    rig_end(&rig);
}

TEST(our_own_refund_that_is_on_its_way_is_not_repaid)
{
    static const enum pay_result OPEN[] = {PAY_REFUND_PROCESSING, PAY_UNKNOWN,
                                           PAY_REFUND_LOW_BALANCE, PAY_REFUND_DOUBTFUL};
    struct rig rig;
    char no[33];
    give_up_refund(&rig, no);
    for (size_t i = 0; i < ARRAY_COUNT(OPEN); i++) {
        double_pay_force(CALL_REFUND_QUERY, OPEN[i], 1, false);
        sign(no, "li", "repaid", "wallet_silent");
    }
    double_pay_force(CALL_REFUND_QUERY, PAY_REFUND_CLOSED, 1, false);
    sign(no, "li", "repaid", "first");
    rig_end(&rig);
}

/* The wallet knows none of ours: the refund that it sees is somebody else's. */
TEST(a_refund_where_ours_never_was_is_somebody_elses)
{
    struct rig rig;
    char no[33];
    give_up_refund(&rig, no);
    double_pay_force(CALL_QUERY, PAY_PAID_REFUND_SEEN, 1, false);
    double_pay_force(CALL_REFUND_QUERY, PAY_NOT_EXIST, 1, false);
    sign(no, "li", "repaid", "already_refunded");
    rig_end(&rig);
}

TEST(our_own_refund_that_a_bill_lists_is_not_repaid)
{
    struct rig rig;
    char no[33];
    char refund_no[64];
    give_up_refund(&rig, no);
    rig_text(&rig, "SELECT refund_no FROM refund", NULL, refund_no, sizeof(refund_no));
    write_bill(&rig, no, "refund", refund_no);
    double_pay_force(CALL_REFUND_QUERY, PAY_REFUND_ABNORMAL, 1, false);
    sign(no, "li", "repaid", "already_refunded");
    rig_end(&rig);
}

/* The wallet's bill of the day of the payment; how many findings. */
static int64_t compare_bill(const struct double_bill_row *rows, size_t count)
{
    double_pay_bill(PAY_BILL_OK, rows, count);
    struct double_answer answer = double_http_call(
        HTTP_POST, "/v1/admin/ledger/bill", "{\"channel\":\"alipay\",\"day\":\"2026-11-10\"}");
    const int64_t found = json_integer_value(json_object_get(answer.json, "findings"));
    double_answer_finish(&answer);
    return found;
}

/* What the bank has paid back is in no bill; if a refund is, the payer has it twice. */
TEST(a_bill_that_lists_what_the_bank_paid_back)
{
    struct rig rig;
    char no[33];
    give_up_refund(&rig, no);
    double_pay_force(CALL_REFUND_QUERY, PAY_REFUND_ABNORMAL, 2, false);
    sign(no, "li", "repaid", "first");
    sign(no, "wang", "repaid", "settled");
    CHECK(rig_until(&rig, no, "REFUNDED"));
    CHECK_EQ_I64(bank_fen(&rig), 1 - FEN);
    /* Noon of that day in Beijing. */
    rig_exec(&rig, "UPDATE pay_order SET paid_at = 1794283200");
    const struct double_bill_row rows[] = {{PAY_BILL_PAYMENT, no, FEN - 1},
                                           {PAY_BILL_REFUND, no, FEN - 1}};
    CHECK_EQ_I64(compare_bill(rows, 1), 0);
    CHECK_EQ_I64(compare_bill(rows, 2), 1);
    CHECK_EQ_I64(rig_number(&rig,
                            "SELECT count(*) FROM bill_finding"
                            " WHERE finding = 'REFUND_UNKNOWN_TO_US'",
                            NULL),
                 1);
    rig_end(&rig);
}

/* ---- refunds by others ---- */

TEST(refunded_by_somebody_is_not_repaid_from_the_bank)
{
    struct rig rig;
    char no[33];
    char word[64];
    mismatch(&rig, no);
    attach(no, "reference", "attached");
    double_pay_force(CALL_QUERY, PAY_PAID_REFUND_SEEN, 1, false);
    ask(no, "query", "li", "", word);
    CHECK_EQ_STR(word, "paid_refund_seen");
    sign(no, "li", "repaid", "already_refunded");
    sign(no, "li", "refund", "already_refunded");
    rig_end(&rig);
}

/* It went back on the wallet's own pages, and no notify came. */
TEST(the_wallet_is_asked_before_the_bank_pays)
{
    struct rig rig;
    char no[33];
    mismatch(&rig, no);
    attach(no, "reference", "attached");
    double_pay_force(CALL_QUERY, PAY_UNKNOWN, 1, false);
    sign(no, "li", "repaid", "wallet_silent");
    sign(no, "li", "repaid", "first");
    double_pay_return(no);
    sign(no, "wang", "repaid", "already_refunded");
    CHECK_EQ_I64(rig_number(&rig,
                            "SELECT count(*) FROM account_sum WHERE account = 'BANK' AND fen <> 0",
                            NULL),
                 0);
    rig_end(&rig);
}

TEST_MAIN()
