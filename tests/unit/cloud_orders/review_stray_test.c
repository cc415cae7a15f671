/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Payments that belong to no order, before two persons: what the wallets say of them, asked by
 * trade number, in notices and in bills, decides whether the money may still go back.
 */
#include "tests/unit/cloud_orders/money_steps.h"
#include "tests/unit/cloud_orders/provider_steps.h"

#define STRAY_SEEN_AS "SOMEBODYELSES"

enum { STRAY_FEN = 700 };

static void tell_wechat(const struct pay_notify *notify)
{
    char text[64];
    CHECK_EQ_U64(tell_at("/pay/wechat/notify", notify, text, sizeof(text)), 200);
}

/* Somebody has paid, and with a number that is no order of ours. */
static void find_stray(struct rig *rig, char stray_no[33])
{
    rig_begin(rig);
    add_persons(rig);
    struct pay_notify notify = notify_of(STRAY_SEEN_AS, PAY_PAID, STRAY_FEN);
    double_pay_settle(STRAY_SEEN_AS, STRAY_FEN);
    str_format_cut(notify.trade_no, sizeof(notify.trade_no), "%s",
                   double_pay_trade(STRAY_SEEN_AS).trade_no);
    tell_wechat(&notify);
    rig_text(rig, "SELECT stray_no FROM stray", NULL, stray_no, 33);
    attach(stray_no, "reference", "attached");
}

static bool stray_is(const struct rig *rig, const char *state)
{
    return rig_number(rig, "SELECT count(*) FROM stray WHERE state = ?1", state) == 1;
}

TEST(a_stray_payment_is_paid_back_by_the_bank)
{
    struct rig rig;
    char no[33];
    char word[64];
    find_stray(&rig, no);
    ask(no, "query", "li", "", word);
    CHECK_EQ_STR(word, "paid");
    CHECK_EQ_I64(rig_number(&rig,
                            "SELECT count(*) FROM pay_inbox WHERE source = 'query'"
                            " AND document_no = ?1",
                            no),
                 1);
    sign(no, "li", "repaid", "first");
    sign(no, "wang", "repaid", "settled");
    CHECK(stray_is(&rig, "REFUNDED"));
    CHECK_EQ_I64(bank_fen(&rig), -STRAY_FEN);
    CHECK(rig_books_are_clean(&rig));
    rig_end(&rig);
}

/* It went back on the wallet's own pages, and only the wallet knows. */
TEST(a_stray_payment_that_went_back_is_not_repaid)
{
    struct rig rig;
    char no[33];
    find_stray(&rig, no);
    double_pay_force(CALL_QUERY, PAY_UNKNOWN, 1, false);
    sign(no, "li", "repaid", "wallet_silent");
    sign(no, "li", "repaid", "first");
    double_pay_return(STRAY_SEEN_AS);
    sign(no, "wang", "repaid", "already_refunded");
    sign(no, "wang", "refund", "already_refunded");
    CHECK(stray_is(&rig, "OPEN"));
    sign(no, "li", "refunded", "first");
    sign(no, "wang", "refunded", "settled");
    CHECK(stray_is(&rig, "REFUNDED"));
    CHECK_EQ_I64(bank_fen(&rig), 0);
    CHECK(rig_books_are_clean(&rig));
    rig_end(&rig);
}

/* Our own refund of it was given up, and finished by hand. */
TEST(a_stray_payment_whose_refund_arrived_is_not_repaid)
{
    struct rig rig;
    char no[33];
    find_stray(&rig, no);
    double_pay_force(CALL_REFUND, PAY_REFUND_ABNORMAL, 1, false);
    sign(no, "li", "refund", "first");
    sign(no, "wang", "refund", "settled");
    CHECK(rig_until_number(&rig, "SELECT state = 'REVIEW' FROM stray", NULL, 1));
    double_pay_force(CALL_REFUND_QUERY, PAY_REFUND_PROCESSING, 1, false);
    sign(no, "li", "repaid", "wallet_silent");
    double_pay_force(CALL_QUERY, PAY_PAID_REFUND_SEEN, 2, false);
    double_pay_force(CALL_REFUND_QUERY, PAY_REFUND_ABNORMAL, 1, false);
    sign(no, "li", "repaid", "first"); /* what is seen is ours, and it came to nothing */
    double_pay_force(CALL_REFUND_QUERY, PAY_REFUNDED, 1, false);
    sign(no, "wang", "repaid", "already_refunded");
    CHECK(stray_is(&rig, "REVIEW"));
    CHECK_EQ_I64(bank_fen(&rig), 0);
    rig_end(&rig);
}

/* Of a refund that is none of ours. */
static void tell_refund(const char *order_no, const char *trade_no, enum pay_result result)
{
    struct pay_notify notify = notify_of(order_no, result, STRAY_FEN);
    notify.refunded_fen = 300;
    str_format_cut(notify.refund_no, sizeof(notify.refund_no), "SOMEBODYSR9");
    str_format_cut(notify.trade_no, sizeof(notify.trade_no), "%s", trade_no);
    tell_wechat(&notify);
}

static int64_t count_of(const struct rig *rig, const char *alarm)
{
    return rig_number(rig, "SELECT count(*) FROM alarm WHERE kind = ?1", alarm);
}

/* A part went back: what answers to questions may not say, the notice does. */
TEST(a_notice_of_a_stray_payments_refund_is_kept_with_it)
{
    struct rig rig;
    char no[33];
    find_stray(&rig, no);
    tell_refund(STRAY_SEEN_AS, double_pay_trade(STRAY_SEEN_AS).trade_no, PAY_PAID);
    CHECK_EQ_I64(count_of(&rig, "stray_notify"), 0);
    CHECK(!facts_of(&rig, no).provider_refunded);
    tell_refund(STRAY_SEEN_AS, double_pay_trade(STRAY_SEEN_AS).trade_no, PAY_PARTLY_REFUNDED);
    CHECK_EQ_I64(count_of(&rig, "stray_notify"), 1);
    CHECK_EQ_I64(count_of(&rig, "unknown_order"), 0);
    CHECK(facts_of(&rig, no).provider_refunded);
    sign(no, "li", "repaid", "already_refunded");
    sign(no, "li", "refund", "already_refunded");
    CHECK_EQ_I64(rig_number(&rig, "SELECT count(*) FROM stray", NULL), 1);
    rig_end(&rig);
}

/* Another payment under an order's number: what goes back of it does not bind the order. */
TEST(a_stray_payments_refund_is_not_the_orders)
{
    struct rig rig;
    char no[33];
    char stray_no[33];
    mismatch(&rig, no);
    tell_refund(no, "ANOTHER", PAY_PAID);
    rig_text(&rig, "SELECT stray_no FROM stray", NULL, stray_no, sizeof(stray_no));
    tell_refund(no, "ANOTHER", PAY_REFUNDED);
    write_bill(&rig, no, "refund", "SOMEBODYSR9");
    rig_exec(&rig, "UPDATE bill_row SET trade_no = 'ANOTHER',"
                   " channel = (SELECT channel FROM stray)");
    CHECK(facts_of(&rig, stray_no).provider_refunded);
    CHECK(!facts_of(&rig, no).provider_refunded);
    sign(no, "li", "refund", "first");
    sign(no, "wang", "refund", "settled");
    CHECK(rig_until(&rig, no, "REFUNDED"));
    sign(stray_no, "li", "refund", "already_refunded");
    rig_end(&rig);
}

/* No word of a payment is no answer. */
TEST(a_stray_payment_that_the_wallet_does_not_know)
{
    static const enum pay_result ANSWERS[] = {PAY_NOT_EXIST, PAY_UNPAID, PAY_CLOSED};
    struct rig rig;
    char no[33];
    find_stray(&rig, no);
    for (size_t i = 0; i < ARRAY_COUNT(ANSWERS); i++) {
        double_pay_force(CALL_QUERY, ANSWERS[i], 1, false);
        sign(no, "li", "repaid", "wallet_silent");
    }
    rig_end(&rig);
}

/* Of the bill's rows under that number only those of this trade. */
TEST(what_a_bill_says_of_a_stray_payment)
{
    struct rig rig;
    char no[33];
    find_stray(&rig, no);
    write_bill(&rig, STRAY_SEEN_AS, "refund", "SOMEBODYS");
    CHECK(!facts_of(&rig, no).provider_refunded);
    rig_exec(&rig, "UPDATE bill_row SET trade_no = (SELECT trade_no FROM stray)");
    CHECK(facts_of(&rig, no).provider_refunded);
    sign(no, "li", "repaid", "already_refunded");
    rig_exec(&rig, "UPDATE bill_row SET channel = 'alipay'");
    CHECK(!facts_of(&rig, no).provider_refunded);
    rig_end(&rig);
}

TEST_MAIN()
