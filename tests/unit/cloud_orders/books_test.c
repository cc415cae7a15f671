/* SPDX-License-Identifier: Apache-2.0 */
/* The books of a day: every difference is explained, or an item until its cause is gone. */
#include "tests/unit/cloud_orders/books_steps.h"

/* ---- a day that adds up ---- */

TEST(a_clean_day)
{
    struct rig rig;
    char no[3][33];
    char lines[TEXT_SIZE];
    begin(&rig);
    rig_exec(&rig, "UPDATE meter_profile SET total_bought = 1 WHERE kind = 'order'");
    for (int room = 1; room <= 3; room++) {
        CHECK(rig_pay(&rig, room, FEN, "DONE", no[room - 1]));
    }
    const struct double_bill_row rows[] = {{PAY_BILL_PAYMENT, no[0], FEN},
                                           {PAY_BILL_PAYMENT, no[1], FEN},
                                           {PAY_BILL_PAYMENT, no[2], FEN}};
    double_pay_bill(PAY_BILL_OK, rows, 3);
    json_decref(call("/v1/admin/reconcile", "alipay", DAY));
    CHECK_EQ_I64(add_up(DAY, lines), 0);
    CHECK_EQ_I64(add_up(DAY, lines), 0); /* as often as one likes */
    CHECK_EQ_STR(lines, "");
    CHECK_EQ_I64(of(DAY, "identity", "bills_fen"), 3 * FEN);
    CHECK_EQ_I64(of(DAY, "identity", "books_fen"), 3 * FEN);
    CHECK_EQ_I64(of(DAY, "identity", "cust_fen"), FEN);
    CHECK_EQ_I64(of(DAY, "identity", "meter_fen"), 2 * FEN);
    CHECK_EQ_I64(of(DAY, "identity", "held_fen"), 0);
    CHECK_EQ_I64(of(DAY, "identity", "difference_fen"), 0);
    CHECK_EQ_I64(of(DAY, "meters", "equal"), 2);
    CHECK_EQ_I64(rig_number(&rig, "SELECT count(*) FROM bill_item", NULL), 0);
    CHECK_EQ_I64(rig_number(&rig, "SELECT count(*) FROM books_day", NULL), 1);
    CHECK(rig_books_are_clean(&rig));
    rig_end(&rig);
}

TEST(a_day_without_its_bill_is_not_judged)
{
    struct rig rig;
    char no[33];
    char lines[TEXT_SIZE];
    begin_paid(&rig, no);
    json_t *report = books_of(DAY);
    CHECK(json_is_null(json_object_get(report, "identity")));
    CHECK_EQ_I64(number(json_object_get(report, "meters"), "not_looked_at"), 2);
    json_decref(report);
    double_pay_has(PAY_WECHAT, true); /* had no order until then, so it needs no bill */
    compare(DAY, no, FEN);
    CHECK_EQ_I64(add_up(DAY, lines), 0);
    CHECK_EQ_I64(of(DAY, "identity", "difference_fen"), 0);
    rig_exec(&rig, "UPDATE bill SET compared_at = NULL");
    CHECK_EQ_I64(of(DAY, "identity", "bills_fen"), 0);
    rig_end(&rig);
}

TEST(money_that_goes_back_is_in_no_sum)
{
    struct rig rig;
    char no[33];
    char lines[TEXT_SIZE];
    rig_timers()->kiosk_silent_ms = 60;
    rig_timers()->closed = (struct timers_row){3, {300, 3000, 6000}};
    begin(&rig);
    rig_create(1, FEN, no);
    CHECK(rig_until(&rig, no, "CLOSED"));
    double_pay_settle(no, FEN);
    CHECK(rig_until(&rig, no, "REFUNDED"));
    const struct double_bill_row rows[] = {{PAY_BILL_PAYMENT, no, FEN}, {PAY_BILL_REFUND, no, FEN}};
    double_pay_bill(PAY_BILL_OK, rows, 2);
    json_decref(call("/v1/admin/reconcile", "alipay", DAY));
    CHECK_EQ_I64(add_up(DAY, lines), 0);
    CHECK_EQ_STR(lines, "");
    CHECK_EQ_I64(of(DAY, "identity", "bill_refunded_fen"), FEN);
    CHECK_EQ_I64(of(DAY, "identity", "books_fen"), 0);
    double_pay_bill_state(1, PAY_BILL_PENDING); /* listed as begun, and never again */
    json_decref(call("/v1/admin/reconcile", "alipay", DAY));
    CHECK_EQ_I64(add_up(DAY, lines), 0);
    CHECK_EQ_STR(lines, "DAY_REFUNDED 0/5000 refund_begun;");
    CHECK_EQ_I64(of(DAY, "identity", "difference_fen"), FEN);
    rig_end(&rig);
}

/* ---- what explains a difference ---- */

TEST(heard_of_on_another_day)
{
    struct rig rig;
    char no[33];
    char lines[TEXT_SIZE];
    begin_paid(&rig, no); /* the wallet says that it was paid on the day after */
    compare(NEXT_DAY, no, FEN);
    compare(DAY, no, 0);
    CHECK_EQ_I64(add_up(DAY, lines), 0);
    CHECK_EQ_STR(lines, "DAY_PAID 0/5000 other_day;");
    CHECK_EQ_I64(of(DAY, "identity", "difference_fen"), -FEN);
    CHECK_EQ_I64(add_up(NEXT_DAY, lines), 0);
    CHECK_EQ_STR(lines, "DAY_PAID 5000/0 other_day;");
    rig_end(&rig);
}

TEST(paid_beside_a_midnight)
{
    struct rig rig;
    char no[33];
    char lines[TEXT_SIZE];
    rig_wall(MIDNIGHT - 60);
    rig_begin(&rig);
    double_pay_has(PAY_WECHAT, false);
    CHECK(rig_pay(&rig, 1, FEN, "DONE", no));
    compare(DAY, no, 0);
    CHECK_EQ_I64(add_up(DAY, lines), 0);
    CHECK_EQ_STR(lines, "DAY_PAID 0/5000 next_bill;");
    compare(NEXT_DAY, no, FEN);
    CHECK_EQ_I64(add_up(DAY, lines), 0);
    CHECK_EQ_STR(lines, "DAY_PAID 0/5000 midnight;");
    CHECK_EQ_I64(add_up(NEXT_DAY, lines), 0);
    CHECK_EQ_STR(lines, "DAY_PAID 5000/0 midnight;");
    compare(NEXT_DAY, no, 0); /* neither has it: that is the later day's item */
    CHECK_EQ_I64(add_up(DAY, lines), 0);
    CHECK_EQ_STR(lines, "DAY_PAID 0/5000 bill_item;");
    rig_end(&rig);
}

TEST(an_item_of_the_bill_explains_it)
{
    struct rig rig;
    char no[33];
    char lines[TEXT_SIZE];
    char item[TEXT_SIZE];
    begin_paid(&rig, no);
    const struct double_bill_row rows[] = {{PAY_BILL_PAYMENT, no, FEN - 1},
                                           {PAY_BILL_PAYMENT, "STRANGER01", 700},
                                           {PAY_BILL_REFUND, no, 300}};
    double_pay_bill(PAY_BILL_OK, rows, 3);
    json_decref(call("/v1/admin/reconcile", "alipay", DAY));
    CHECK_EQ_I64(add_up(DAY, lines), 0);
    CHECK_EQ_STR(lines, "DAY_PAID 4999/5000 bill_item;DAY_PAID 700/0 bill_item;"
                        "DAY_REFUNDED 300/0 bill_item;");
    text_of(&rig,
            "SELECT count(*) FROM books_line l JOIN bill_item i ON i.document_no = l.item_no"
            " AND i.order_no = l.subject",
            item);
    CHECK_EQ_STR(item, "3");
    CHECK_EQ_I64(of(DAY, "identity", "difference_fen"), FEN - 1 + 700 - 300 - FEN);
    rig_exec(&rig, "UPDATE bill_item SET closed_at = 1, settled = 1"); /* by two persons */
    CHECK_EQ_I64(add_up(DAY, lines), 0);
    rig_exec(&rig, "UPDATE bill_item SET settled = 0"); /* cleared: it explains nothing */
    CHECK_EQ_I64(add_up(DAY, lines), 3);
    rig_end(&rig);
}

/* ---- what nothing explains ---- */

TEST(a_payment_that_only_the_ledger_has)
{
    struct rig rig;
    char no[33];
    char lines[TEXT_SIZE];
    char text[TEXT_SIZE];
    begin_paid(&rig, no);
    compare(DAY, no, FEN);
    rig_exec(&rig, "INSERT INTO posting (document_no, step, at) SELECT order_no, 'stray_receive',"
                   " 1794283200 FROM pay_order");
    rig_exec(&rig, "INSERT INTO leg SELECT max(posting_id), 1, 'RECV', 'alipay', 700 FROM posting");
    rig_exec(&rig, "INSERT INTO leg SELECT max(posting_id), 2, 'SUSPENSE', max(document_no), -700"
                   " FROM posting");
    CHECK_EQ_I64(add_up(DAY, lines), 1);
    CHECK_EQ_STR(lines, "DAY_PAID 5000/5700 ;");
    CHECK_EQ_I64(of(DAY, "identity", "suspense_fen"), 700);
    CHECK_EQ_I64(add_up(DAY, lines), 1); /* the same item, not another one */
    text_of(&rig,
            "SELECT document_no || ' ' || owner || ' ' || (SELECT group_concat(event) FROM"
            " bill_item_event) FROM bill_item",
            text);
    CHECK_EQ_STR(text, "BL20261110B000001 bookkeeper opened");
    json_t *report = books_of(DAY);
    CHECK_EQ_I64(number(report, "loss_fen"), 700);
    CHECK_EQ_STR(word(json_array_get(json_object_get(report, "lines"), 0), "item_no"),
                 "BL20261110B000001");
    json_decref(report);
    CHECK_EQ_I64(rig_number(&rig, "SELECT count(*) FROM alarm WHERE kind = 'DAY_PAID'", NULL), 1);
    compare(DAY, no, FEN + 700); /* the wallet corrects its bill */
    CHECK_EQ_I64(add_up(DAY, lines), 0);
    compare(DAY, no, FEN);
    CHECK_EQ_I64(add_up(DAY, lines), 1);
    text_of(&rig, "SELECT group_concat(event) FROM bill_item_event WHERE item_id = 1", text);
    CHECK_EQ_STR(text, "opened,cleared,reopened");
    rig_exec(&rig, "UPDATE bill SET compared_at = NULL"); /* and without a bill nothing closes */
    CHECK_EQ_I64(add_up(DAY, lines), 1);
    rig_end(&rig);
}

TEST(a_refund_that_only_the_ledger_has)
{
    struct rig rig;
    char no[33];
    char lines[TEXT_SIZE];
    begin_paid(&rig, no);
    compare(DAY, no, FEN);
    rig_exec(&rig, "INSERT INTO posting (document_no, step, at) SELECT order_no, 'refund_after',"
                   " 1794283200 FROM pay_order");
    rig_exec(&rig, "INSERT INTO leg SELECT max(posting_id), 1, 'LOSS', '', 700 FROM posting");
    rig_exec(&rig, "INSERT INTO leg SELECT max(posting_id), 2, 'REFOUT', 'alipay', -700"
                   " FROM posting");
    CHECK_EQ_I64(add_up(DAY, lines), 1);
    CHECK_EQ_STR(lines, "DAY_REFUNDED 0/700 ;");
    CHECK_EQ_I64(of(DAY, "identity", "loss_fen"), 700);
    CHECK_EQ_I64(of(DAY, "identity", "difference_fen"), 700);
    rig_end(&rig);
}

/* A card's return makes a loss good: the wallets' bills know nothing of it. */
TEST(what_the_desk_makes_good_is_in_no_bill)
{
    struct rig rig;
    char no[33];
    char lines[TEXT_SIZE];
    begin_paid(&rig, no);
    compare(DAY, no, FEN);
    rig_exec(&rig, "INSERT INTO posting (document_no, step, at) VALUES ('CR1', 'desk_keep_card',"
                   " 1794283200)");
    rig_exec(&rig, "INSERT INTO leg SELECT max(posting_id), 1, 'CARD', 'm4', 700 FROM posting");
    rig_exec(&rig, "INSERT INTO leg SELECT max(posting_id), 2, 'LOSS', '', -700 FROM posting");
    CHECK_EQ_I64(add_up(DAY, lines), 0);
    CHECK_EQ_I64(of(DAY, "identity", "loss_fen"), 0);
    CHECK_EQ_I64(of(DAY, "identity", "difference_fen"), 0);
    rig_end(&rig);
}

TEST(a_posting_that_is_off)
{
    struct rig rig;
    char no[33];
    char lines[TEXT_SIZE];
    begin_paid(&rig, no);
    compare(DAY, no, FEN);
    rig_exec(&rig, "INSERT INTO leg SELECT posting_id, 3, 'HELD', document_no, -300 FROM posting"
                   " WHERE step = 'receive'");
    CHECK_EQ_I64(add_up(DAY, lines), 1);
    CHECK_EQ_STR(lines, "DAY_POSTING 5000/5300 ;");
    CHECK_EQ_I64(of(DAY, "identity", "held_fen"), 300);
    CHECK_EQ_I64(of(DAY, "identity", "difference_fen"), -300);
    rig_end(&rig);
}

TEST_MAIN()
