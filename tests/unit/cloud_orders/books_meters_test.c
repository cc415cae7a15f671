/* SPDX-License-Identifier: Apache-2.0 */
/* What the meters of a day say, and money that is held for too long. */
#include "tests/unit/cloud_orders/books_steps.h"

/* ---- meters ---- */

TEST(a_meter_that_somebody_else_sold_to)
{
    struct rig rig;
    char no[33];
    char lines[TEXT_SIZE];
    char text[TEXT_SIZE];
    begin(&rig);
    CHECK(rig_pay(&rig, 2, FEN, "DONE", no));
    CHECK_EQ_I64(add_up(DAY, lines), 0);
    double_gateway_sell(COUNT_ADDRESS, FEN);
    CHECK(rig_pay(&rig, 2, FEN, "DONE", no));
    CHECK_EQ_I64(add_up(DAY, lines), 1); /* whether the bills are here or not */
    CHECK_EQ_STR(lines, "METER_COUNT 3/2 ;");
    text_of(&rig, "SELECT document_no || ' ' || owner || ' ' || order_no FROM bill_item", text);
    CHECK_EQ_STR(text, "BL20261110B000001 site operator m2");
    json_t *report = books_of(DAY);
    CHECK_EQ_STR(word(json_array_get(json_object_get(report, "items"), 0), "unit"), "purchases");
    json_decref(report);
    struct double_answer shown =
        double_http_call(HTTP_GET, "/v1/admin/review/BL20261110B000001", NULL);
    const json_t *event = json_array_get(json_object_get(shown.json, "events"), 0);
    CHECK_EQ_STR(word(event, "from"), "3 purchases");
    double_answer_finish(&shown);
    rig_end(&rig);
}

TEST(a_delivery_that_the_meter_has_and_we_deny)
{
    struct rig rig;
    char no[2][33];
    char lines[TEXT_SIZE];
    char text[TEXT_SIZE];
    begin(&rig);
    rig_exec(&rig, "UPDATE meter_profile SET total_bought = 1 WHERE kind = 'order'");
    CHECK(rig_pay(&rig, 2, FEN, "DONE", no[0]));
    CHECK(rig_pay(&rig, 3, FEN, "DONE", no[1]));
    const struct double_bill_row rows[] = {{PAY_BILL_PAYMENT, no[0], FEN},
                                           {PAY_BILL_PAYMENT, no[1], FEN}};
    double_pay_bill(PAY_BILL_OK, rows, 2);
    json_decref(call("/v1/admin/reconcile", "alipay", DAY));
    rig_exec(&rig, "UPDATE delivery SET stage = 'VOID'");
    CHECK_EQ_I64(add_up(DAY, lines), 2);
    CHECK_EQ_STR(lines, "METER_COUNT 1/0 ;METER_TOTAL 5000/0 ;");
    json_t *report = books_of(DAY);
    CHECK_EQ_I64(number(report, "loss_fen"), FEN); /* of the total; a count costs nothing yet */
    json_decref(report);
    rig_exec(&rig, "UPDATE delivery SET stage = 'DELIVERED'");
    CHECK_EQ_I64(add_up(DAY, lines), 0);
    CHECK_EQ_STR(lines, "");
    rig_exec(&rig, "UPDATE delivery SET stage = 'VOID'");
    CHECK_EQ_I64(add_up(DAY, lines), 2);
    text_of(&rig, "SELECT group_concat(event) FROM bill_item_event WHERE item_id = 1", text);
    CHECK_EQ_STR(text, "opened,cleared,reopened");
    rig_end(&rig);
}

/* The last look of a day is the first of the next. The meter counted 3 purchases before ours. */
TEST(a_meter_that_is_read_by_schedule)
{
    struct rig rig;
    char no[33];
    char lines[TEXT_SIZE];
    begin(&rig);
    rig_exec(&rig, "UPDATE meter_profile SET items = items || ',03330201'"
                   " WHERE kind = 'count'");
    CHECK(rig_pay(&rig, 2, FEN, "DONE", no));
    compare(DAY, no, FEN);
    compare(NEXT_DAY, no, 0);
    CHECK_EQ_I64(add_up(NEXT_DAY, lines), 0);
    CHECK_EQ_I64(of(NEXT_DAY, "meters", "not_looked_at"), 2);
    rig_exec(&rig, "INSERT INTO reading (collector_id, epoch, seq, part, meter_id, address,"
                   " read_at, quality, vals) VALUES ('col1', 7, 1, 0, 'm2', '', 1794283210, 'ok',"
                   " '{\"03330201\":\"4\"}')");
    CHECK_EQ_I64(add_up(DAY, lines), 0);
    CHECK_EQ_STR(lines, "METER_COUNT 1/0 on_its_way;"); /* the collector's clock is not ours */
    CHECK_EQ_I64(of(DAY, "meters", "on_its_way"), 1);
    rig_exec(&rig, "INSERT INTO reading (collector_id, epoch, seq, part, meter_id, address,"
                   " read_at, quality, vals) VALUES ('col1', 7, 2, 0, 'm2', '', 1794330000, 'ok',"
                   " '{\"03330201\":\"4\"}')");
    CHECK_EQ_I64(add_up(NEXT_DAY, lines), 0);
    CHECK_EQ_I64(of(NEXT_DAY, "meters", "equal"), 1);
    rig_exec(&rig, "UPDATE reading SET vals = '{\"03330201\":\"7\"}' WHERE seq = 2");
    CHECK_EQ_I64(add_up(NEXT_DAY, lines), 1);
    CHECK_EQ_STR(lines, "METER_COUNT 3/0 ;");
    rig_exec(&rig, "UPDATE reading SET vals = '{\"03330201\":\"none\"}' WHERE seq = 2");
    CHECK_EQ_I64(add_up(NEXT_DAY, lines), 0); /* what cannot be read is no look */
    rig_end(&rig);
}

TEST(a_relay_that_is_not_as_wanted)
{
    struct rig rig;
    char lines[TEXT_SIZE];
    char text[TEXT_SIZE];
    begin(&rig);
    rig_exec(&rig, "INSERT INTO relay_job (meter_id, want, seen, generation, tries, settled,"
                   " button, alarmed, wanted_ms) VALUES ('m1', 1, 2, 1, 3, 1, 0, 1, -4000000)");
    CHECK_EQ_I64(add_up(DAY, lines), 1);
    CHECK_EQ_STR(lines, "RELAY_NOT_CLOSED 0/0 ;");
    CHECK_EQ_I64(add_up(NEXT_DAY, lines), 1); /* one item, however many days it stands */
    CHECK_EQ_I64(rig_number(&rig, "SELECT count(*) FROM bill_item", NULL), 1);
    rig_exec(&rig, "INSERT INTO meter_state (meter_id, relay, relay_at) VALUES ('m1', 'closed', 1)"
                   " ON CONFLICT (meter_id) DO UPDATE SET relay = 'closed'");
    CHECK_EQ_I64(add_up(DAY, lines), 0);
    CHECK_EQ_I64(of(DAY, "relays", "equal"), 1);
    rig_exec(&rig, "UPDATE relay_job SET want = 2");
    CHECK_EQ_I64(add_up(DAY, lines), 1);
    CHECK_EQ_STR(lines, "RELAY_NOT_OPEN 0/0 ;");
    rig_exec(&rig, "UPDATE meter_state SET relay = NULL");
    rig_exec(&rig, "UPDATE relay_job SET seen = 0");
    CHECK_EQ_I64(add_up(DAY, lines), 0);
    CHECK_EQ_I64(of(DAY, "relays", "not_read"), 1);
    rig_exec(&rig, "UPDATE relay_job SET want = 1, seen = 2");
    CHECK_EQ_I64(add_up(DAY, lines), 1);
    text_of(&rig, "SELECT group_concat(event) FROM bill_item_event WHERE item_id = 1", text);
    CHECK_EQ_STR(text, "opened,cleared,reopened");
    rig_end(&rig);
}

/* ---- what is held for too long ---- */

TEST(money_that_stays_where_it_must_not)
{
    struct rig rig;
    char no[33];
    char lines[TEXT_SIZE];
    char text[TEXT_SIZE];
    rig_timers()->assign = (struct timers_row){2, {0, 100000}};
    begin(&rig);
    double_gateway_fault(COUNT_ADDRESS, FAULT_EXPIRED, 1000);
    CHECK(rig_pay(&rig, 2, FEN, "CREDITING", no));
    CHECK_EQ_I64(add_up(DAY, lines), 0); /* not a day old */
    rig_wall(NOON + 86400 + 60);
    CHECK_EQ_I64(add_up(DAY, lines), 1);
    CHECK_EQ_STR(lines, "HELD_OLD 0/5000 ;");
    text_of(&rig, "SELECT document_no || ' ' || owner || ' ' || day FROM bill_item", text);
    CHECK_EQ_STR(text, "BL20261110B000001 bookkeeper ");
    CHECK_EQ_I64(add_up(NEXT_DAY, lines), 1);
    CHECK_EQ_I64(rig_number(&rig, "SELECT count(*) FROM bill_item", NULL), 1);
    compare(DAY, no, FEN); /* the bill's own item, CREDIT_OPEN, has it now */
    CHECK_EQ_I64(add_up(DAY, lines), 0);
    CHECK_EQ_STR(lines, "HELD_OLD 0/5000 bill_item;");
    text_of(&rig,
            "SELECT i.finding FROM books_line l JOIN bill_item i ON i.document_no = l.item_no"
            " WHERE l.day = '" DAY "'",
            text);
    CHECK_EQ_STR(text, "CREDIT_OPEN");
    rig_exec(&rig, "UPDATE bill_item SET closed_at = 1 WHERE finding = 'CREDIT_OPEN'");
    CHECK_EQ_I64(add_up(DAY, lines), 1);
    text_of(&rig, "SELECT group_concat(event) FROM bill_item_event WHERE item_id = 1", text);
    CHECK_EQ_STR(text, "opened,cleared,reopened");
    rig_exec(&rig, "INSERT INTO review_item (document_no, document, reason, owner, opened_at,"
                   " due_ms) SELECT order_no, 'order', 'credit_unknown', 'site operator', 1, 1"
                   " FROM pay_order");
    CHECK_EQ_I64(add_up(DAY, lines), 0);
    CHECK_EQ_STR(lines, "HELD_OLD 0/5000 review_item;");
    CHECK_EQ_I64(rig_number(&rig, "SELECT count(*) FROM books_line WHERE item_no = ?1", no), 1);
    rig_end(&rig);
}

TEST(owed_and_without_an_order_for_too_long)
{
    struct rig rig;
    char lines[TEXT_SIZE];
    begin(&rig);
    rig_exec(&rig, "INSERT INTO posting (document_no, step, at) VALUES ('SHOLD1', 'owe_refund',"
                   " 1794100000)");
    rig_exec(&rig, "INSERT INTO leg SELECT max(posting_id), 1, 'HELD', 'SHOLD1', 900 FROM posting");
    rig_exec(&rig, "INSERT INTO leg SELECT max(posting_id), 2, 'REFPAY', 'SHOLD1', -900"
                   " FROM posting");
    rig_exec(&rig, "INSERT INTO account_sum VALUES ('REFPAY', 'SHOLD1', -900)");
    rig_exec(&rig, "INSERT INTO account_sum VALUES ('SUSPENSE', 'ST0LD2', -400)");
    CHECK_EQ_I64(add_up(DAY, lines), 2); /* the second has not even a posting */
    CHECK_EQ_STR(lines, "REFPAY_OLD 0/900 ;SUSPENSE_OLD 0/400 ;");
    rig_exec(&rig, "DELETE FROM account_sum");
    CHECK_EQ_I64(add_up(DAY, lines), 0);
    rig_end(&rig);
}

TEST_MAIN()
