/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Money that comes twice, late, wrong or from nowhere, and what the providers' notifies do: in the
 * end the provider's truth and our books agree, and nobody can rewrite them.
 */
#include "tests/unit/cloud_orders/money_steps.h"

static const char STRAYS[] = "SELECT count(*) FROM stray";

/* An order with its QR on the screen that the poller cannot see paid. */
static void blind_order(struct rig *rig, char no[33])
{
    rig_create(1, FEN, no);
    CHECK(rig_until(rig, no, "WAIT_PAY"));
    double_pay_force(CALL_QUERY, PAY_UNKNOWN, 1000000, false);
}

TEST(a_notify_is_stored_before_it_is_answered)
{
    struct rig rig;
    char no[33];
    char text[64];
    rig_begin(&rig);
    blind_order(&rig, no);
    double_pay_settle(no, 0);
    const struct pay_notify notify = notify_of(no, PAY_PAID, FEN);
    CHECK_EQ_U64(tell(&notify, text, sizeof(text)), 200);
    CHECK_EQ_STR(text, "success");
    CHECK_EQ_I64(rig_number(&rig, "SELECT count(*) FROM pay_inbox WHERE source = 'notify'", NULL),
                 1);
    CHECK(rig_until(&rig, no, "DONE"));
    CHECK_EQ_U64(tell(&notify, text, sizeof(text)), 200); /* twice: acknowledged, nothing more */
    CHECK_EQ_U64(tell(&notify, text, sizeof(text)), 200);
    CHECK_EQ_I64(rig_number(&rig, "SELECT count(*) FROM posting WHERE step = 'receive'", NULL), 1);
    CHECK_EQ_I64(rig_number(&rig, STRAYS, NULL), 0);
    CHECK(rig_books_are_clean(&rig));
    rig_end(&rig);
}

TEST(what_is_not_genuine_changes_nothing)
{
    struct rig rig;
    char no[33];
    char text[64];
    rig_begin(&rig);
    blind_order(&rig, no);
    struct pay_notify notify = notify_of(no, PAY_PAID, FEN);
    notify.verdict = PAY_NOTIFY_REFUSED;
    notify.http_status = 401;
    CHECK_EQ_U64(tell(&notify, text, sizeof(text)), 401);
    notify.verdict = PAY_NOTIFY_PROBE;
    CHECK_EQ_U64(tell(&notify, text, sizeof(text)), 401);
    CHECK_EQ_I64(rig_number(&rig, "SELECT count(*) FROM pay_inbox WHERE source = 'notify'", NULL),
                 0);
    notify.verdict = PAY_NOTIFY_FOREIGN;
    notify.http_status = 200;
    notify.keys_wanted = true;
    CHECK_EQ_U64(tell(&notify, text, sizeof(text)), 200);
    notify.verdict = PAY_NOTIFY_NEWS;
    CHECK_EQ_U64(tell(&notify, text, sizeof(text)), 200);
    CHECK_EQ_I64(rig_number(&rig, "SELECT count(*) FROM alarm WHERE kind = 'foreign_notify'", NULL),
                 1);
    CHECK_EQ_I64(rig_number(&rig, "SELECT state = 'WAIT_PAY' FROM pay_order", NULL), 1);
    rig_end(&rig);
}

TEST(late_money_goes_back_by_itself)
{
    struct rig rig;
    char no[33];
    rig_timers()->kiosk_silent_ms = 60;
    rig_begin(&rig);
    rig_create(1, FEN, no);
    CHECK(rig_until(&rig, no, "CLOSED"));
    double_pay_settle(no, FEN);
    CHECK_EQ_U64(tell_paid(no, FEN), 200);
    CHECK(rig_until(&rig, no, "REFUNDED"));
    CHECK_EQ_I64(double_pay_trade(no).refunded_fen, FEN);
    CHECK_EQ_I64(rig_number(&rig, FLAGS, no), 1);
    CHECK_EQ_I64(rig_number(&rig, "SELECT count(*) FROM notice WHERE fact = 'refunded'", NULL), 1);
    CHECK(rig_books_are_clean(&rig));
    rig_end(&rig);
}

TEST(a_wrong_amount_waits_for_people)
{
    struct rig rig;
    char no[33];
    rig_begin(&rig);
    rig_create(1, FEN, no);
    CHECK(rig_until(&rig, no, "WAIT_PAY"));
    double_pay_settle(no, FEN - 1);
    CHECK(rig_until(&rig, no, "REVIEW"));
    CHECK_EQ_I64(rig_number(&rig, "SELECT paid_fen FROM pay_order WHERE order_no = ?1", no),
                 FEN - 1);
    CHECK_EQ_I64(rig_number(&rig, "SELECT fen FROM account_sum WHERE account = 'HELD'", NULL),
                 -(FEN - 1));
    CHECK(rig_books_are_clean(&rig)); /* HELD is explained by the open order */
    rig_end(&rig);
}

TEST(an_amount_that_is_none_is_a_mismatch_without_a_posting)
{
    struct rig rig;
    char no[33];
    rig_begin(&rig);
    blind_order(&rig, no);
    CHECK_EQ_U64(tell_paid(no, -1), 200);
    CHECK(rig_until(&rig, no, "REVIEW"));
    CHECK_EQ_I64(rig_number(&rig, "SELECT count(*) FROM posting", NULL), 0);
    rig_end(&rig);
}

TEST(a_second_payment_is_a_stray_and_owned)
{
    struct rig rig;
    char no[33];
    char text[64];
    rig_begin(&rig);
    CHECK(rig_pay(&rig, 1, FEN, "DONE", no));
    struct pay_notify notify = notify_of(no, PAY_PAID, FEN);
    str_format_cut(notify.trade_no, sizeof(notify.trade_no), "ANOTHER");
    CHECK_EQ_U64(tell(&notify, text, sizeof(text)), 200);
    CHECK_EQ_U64(tell(&notify, text, sizeof(text)), 200);
    CHECK_EQ_I64(rig_number(&rig, STRAYS, NULL), 1);
    CHECK_EQ_I64(rig_number(&rig, "SELECT state = 'DONE' FROM pay_order", NULL), 1);
    CHECK_EQ_I64(
        rig_number(&rig, "SELECT count(*) FROM review_item WHERE document = 'stray'", NULL), 1);
    CHECK_EQ_I64(
        rig_number(&rig, "SELECT sum(fen) FROM account_sum WHERE account = 'SUSPENSE'", NULL),
        -FEN);
    CHECK(rig_books_are_clean(&rig));
    rig_end(&rig);
}

TEST(money_for_an_unknown_number_is_owned_too)
{
    struct rig rig;
    char text[64];
    rig_begin(&rig);
    struct pay_notify notify = notify_of("SH20200101000000001AAAA", PAY_PAID, 700);
    CHECK_EQ_U64(tell(&notify, text, sizeof(text)), 200);
    CHECK_EQ_I64(rig_number(&rig, STRAYS, NULL), 1);
    notify.result = PAY_CLOSED;
    CHECK_EQ_U64(tell(&notify, text, sizeof(text)), 200);
    CHECK_EQ_I64(rig_number(&rig, "SELECT count(*) FROM alarm WHERE kind = 'stray_notify'", NULL),
                 1);
    str_format_cut(notify.trade_no, sizeof(notify.trade_no), "NOBODYS");
    CHECK_EQ_U64(tell(&notify, text, sizeof(text)), 200);
    CHECK_EQ_I64(rig_number(&rig, "SELECT count(*) FROM alarm WHERE kind = 'unknown_order'", NULL),
                 1);
    CHECK(rig_books_are_clean(&rig));
    rig_end(&rig);
}

TEST(refunded_on_the_providers_own_pages)
{
    struct rig rig;
    char no[33];
    char text[64];
    rig_begin(&rig);
    CHECK(rig_pay(&rig, 1, FEN, "DONE", no));
    struct pay_notify notify = notify_of(no, PAY_REFUNDED, FEN);
    notify.refunded_fen = FEN;
    CHECK_EQ_U64(tell(&notify, text, sizeof(text)), 200);
    CHECK_EQ_U64(tell(&notify, text, sizeof(text)), 200);
    CHECK_EQ_I64(rig_number(&rig, "SELECT state = 'DONE' FROM pay_order", NULL), 1);
    CHECK_EQ_I64(rig_number(&rig, "SELECT fen FROM account_sum WHERE account = 'LOSS'", NULL), FEN);
    CHECK_EQ_I64(rig_number(&rig,
                            "SELECT count(*) FROM alarm WHERE kind ="
                            " 'refunded_after_credit'",
                            NULL),
                 1);
    CHECK(rig_books_are_clean(&rig));
    rig_end(&rig);
}

/* ---- paid, and something went back already ---- */

/* Nobody had told us of the payment; the first word of it says that some of it went back. */
static void refund_seen_first(int room)
{
    struct rig rig;
    char no[33];
    rig_begin(&rig);
    rig_create(room, FEN, no);
    CHECK(rig_until(&rig, no, "WAIT_PAY"));
    double_pay_force(CALL_QUERY, PAY_UNKNOWN, 1000000, false);
    double_pay_settle(no, 0);
    double_pay_force(CALL_QUERY, PAY_PAID_REFUND_SEEN, 1000000, false);
    CHECK(rig_until(&rig, no, "REVIEW"));
    rig_sleep_ms(300); /* a delivery would have been made by now */
    CHECK_EQ_I64(rig_number(&rig, "SELECT count(*) FROM delivery", NULL), 0);
    CHECK_EQ_I64(double_gateway_meter(COUNT_ADDRESS).frames, 0);
    CHECK_EQ_I64(rig_number(&rig, "SELECT fen FROM account_sum WHERE account = 'HELD'", NULL),
                 -FEN);
    CHECK_EQ_I64(rig_number(&rig, "SELECT trade_no = 'T' || order_no FROM pay_order", NULL), 1);
    CHECK_EQ_I64(rig_number(&rig, "SELECT count(*) FROM review_item", NULL), 1);
    CHECK(rig_books_are_clean(&rig));
    rig_end(&rig);
}

TEST(a_payment_that_went_back_in_part_is_never_credited)
{
    refund_seen_first(1);
    refund_seen_first(2);
}

TEST(late_money_that_went_back_in_part_is_not_sent_again)
{
    struct rig rig;
    char no[33];
    rig_timers()->kiosk_silent_ms = 60;
    rig_begin(&rig);
    rig_create(1, FEN, no);
    CHECK(rig_until(&rig, no, "CLOSED"));
    double_pay_force(CALL_QUERY, PAY_UNKNOWN, 1000000, false); /* the notify is to be first */
    double_pay_settle(no, FEN);
    char text[64];
    const struct pay_notify notify = notify_of(no, PAY_PAID_REFUND_SEEN, FEN);
    CHECK_EQ_U64(tell(&notify, text, sizeof(text)), 200);
    CHECK(rig_until(&rig, no, "REVIEW"));
    CHECK_EQ_I64(double_pay_calls(CALL_REFUND), 0);
    CHECK(rig_books_are_clean(&rig));
    rig_end(&rig);
}

TEST(part_of_another_currency_is_not_booked)
{
    struct rig rig;
    char no[33];
    char text[64];
    rig_begin(&rig);
    blind_order(&rig, no);
    struct pay_notify notify = notify_of(no, PAY_PARTLY_REFUNDED, FEN);
    notify.currency_ok = false;
    CHECK_EQ_U64(tell(&notify, text, sizeof(text)), 200);
    CHECK(rig_until(&rig, no, "REVIEW"));
    CHECK_EQ_I64(rig_number(&rig, "SELECT count(*) FROM posting", NULL), 0);
    rig_end(&rig);
}

/* A delivery that waits although its order is with people, however it came to be. */
TEST(a_delivery_whose_order_is_not_paid_is_stopped)
{
    struct rig rig;
    char no[33];
    rig_begin(&rig);
    double_gateway_online(false);
    double_gateway_kill(COUNT_ADDRESS, true);
    CHECK(rig_pay(&rig, 2, FEN, "PAID", no));
    rig_exec(&rig, "UPDATE pay_order SET state = 'REVIEW'");
    double_gateway_kill(COUNT_ADDRESS, false);
    double_gateway_online(true);
    CHECK(rig_until_number(&rig, "SELECT stage = 'VOID' FROM delivery", NULL, 1));
    CHECK_EQ_I64(double_gateway_meter(COUNT_ADDRESS).frames, 0);
    rig_end(&rig);
}

/* ---- doors ---- */

TEST(a_notify_for_a_wallet_that_is_not_here_is_not_found)
{
    struct rig rig;
    char text[64];
    rig_begin(&rig);
    double_pay_has(PAY_ALIPAY, false);
    const struct pay_notify notify = notify_of("SH20200101000000001AAAA", PAY_PAID, FEN);
    CHECK_EQ_U64(tell(&notify, text, sizeof(text)), 404);
    CHECK_EQ_I64(rig_number(&rig, "SELECT count(*) FROM pay_inbox", NULL), 0);
    rig_end(&rig);
}

TEST(headers_that_come_twice_are_told)
{
    static const char *const NAMES[] = {"Wechatpay-Timestamp", "Wechatpay-Nonce",
                                        "Wechatpay-Serial", "Wechatpay-Signature"};
    struct rig rig;
    char text[64];
    rig_begin(&rig);
    const struct pay_notify notify = notify_of("SH20200101000000001AAAA", PAY_CLOSED, FEN);
    CHECK_EQ_U64(tell(&notify, text, sizeof(text)), 200);
    CHECK(!double_pay_notify_repeated());
    for (size_t i = 0; i < ARRAY_COUNT(NAMES); i++) {
        double_http_twice(NAMES[i]);
        CHECK_EQ_U64(tell(&notify, text, sizeof(text)), 200);
        CHECK(double_pay_notify_repeated());
    }
    rig_end(&rig);
}

TEST(the_journal_cannot_be_rewritten)
{
    struct rig rig;
    char no[33];
    rig_begin(&rig);
    CHECK(rig_pay(&rig, 1, FEN, "DONE", no));
    CHECK(rig_books_are_clean(&rig));
    /* A row that was changed by hand is found by the replay of its events. */
    rig_exec(&rig, "UPDATE pay_order SET flags = 2");
    CHECK(!rig_books_are_clean(&rig));
    rig_exec(&rig, "UPDATE pay_order SET flags = 0");
    CHECK(rig_books_are_clean(&rig));
    rig_exec(&rig, "UPDATE delivery SET unknown_told = 1");
    CHECK(!rig_books_are_clean(&rig));
    rig_exec(&rig, "UPDATE delivery SET unknown_told = 0");
    rig_exec(&rig, "UPDATE account_sum SET fen = fen + 1 WHERE account = 'CUST'");
    CHECK(!rig_books_are_clean(&rig));
    rig_exec(&rig, "UPDATE account_sum SET fen = fen - 1 WHERE account = 'CUST'");
    rig_exec(&rig, "INSERT INTO account_sum (account, subject, fen) VALUES ('HELD', 'X', 5)");
    CHECK(!rig_books_are_clean(&rig));
    rig_end(&rig);
}

static enum err try_sql(struct db *db, void *arg)
{
    const char *sql = arg;
    return sql_run(sql_begin(db, sql));
}

TEST(evidence_is_append_only)
{
    static const char *const TRIES[] = {
        "DELETE FROM pay_event",
        "UPDATE pay_event SET event = 'x'",
        "DELETE FROM delivery_event",
        "UPDATE delivery_event SET event = 'x'",
        "DELETE FROM pay_inbox",
        "UPDATE pay_inbox SET verdict = 'x'",
        "DELETE FROM leg",
        "UPDATE leg SET fen = 1",
        "DELETE FROM posting",
        "UPDATE posting SET step = 'x'",
    };
    struct rig rig;
    char no[33];
    rig_begin(&rig);
    CHECK(rig_pay(&rig, 1, FEN, "DONE", no));
    for (size_t i = 0; i < ARRAY_COUNT(TRIES); i++) {
        CHECK(store_run(rig.store, try_sql, (void *)(uintptr_t)TRIES[i]) != OK);
    }
    CHECK(store_is_in_service(rig.store));
    rig_end(&rig);
}

TEST_MAIN()
