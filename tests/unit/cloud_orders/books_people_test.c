/* SPDX-License-Identifier: Apache-2.0 */
/* Who settles what the books of a day do not explain, and when they are added up. */
#include "cloud/review/person.h"
#include "drivers/rng/rng_system.h"
#include "tests/unit/cloud_orders/books_steps.h"

static void sign(const char *person, const char *expected)
{
    char body[128];
    str_format_cut(body, sizeof(body),
                   "{\"person\":\"%s\",\"password\":\"" PASSWORD "\",\"decision\":\"close\"}",
                   person);
    struct double_answer answer =
        double_http_call(HTTP_POST, "/v1/admin/review/BL20261110B000001/sign", body);
    CHECK_EQ_STR(word(answer.json, "result"), expected);
    double_answer_finish(&answer);
}

static void add_person(const struct rig *rig, const char *name)
{
    const struct rng_port rng = rng_system();
    const struct person_change change = {name, PASSWORD, ""};
    CHECK_EQ_I64(person_add(rig->store, &rng, &change), OK);
}

TEST(two_persons_settle_it_and_it_stays_settled)
{
    struct rig rig;
    char no[33];
    char lines[TEXT_SIZE];
    begin(&rig);
    add_person(&rig, "li");
    add_person(&rig, "wang");
    CHECK(rig_pay(&rig, 2, FEN, "DONE", no));
    double_gateway_sell(COUNT_ADDRESS, FEN);
    CHECK(rig_pay(&rig, 2, FEN, "DONE", no));
    CHECK_EQ_I64(add_up(DAY, lines), 1);
    struct double_answer list = double_http_call(HTTP_GET, "/v1/admin/review", NULL);
    const json_t *item = json_array_get(json_object_get(list.json, "items"), 0);
    CHECK_EQ_STR(word(item, "document_no"), "BL20261110B000001");
    CHECK_EQ_STR(word(item, "reason"), DAY " m2");
    double_answer_finish(&list);
    struct double_answer attached =
        double_http_call(HTTP_POST, "/v1/admin/review/BL20261110B000001/attach",
                         "{\"person\":\"li\",\"password\":\"" PASSWORD "\",\"kind\":\"reference\","
                         "\"text\":\"sold at the desk\"}");
    CHECK_EQ_U64(attached.status, 200);
    double_answer_finish(&attached);
    sign("li", "first");
    sign("wang", "settled");
    CHECK_EQ_I64(add_up(DAY, lines), 0);
    CHECK_EQ_I64(add_up(DAY, lines), 0);
    CHECK_EQ_STR(lines, "METER_COUNT 3/2 ;");
    rig_end(&rig);
}

TEST(nobody_settles_it)
{
    struct rig rig;
    char lines[TEXT_SIZE];
    rig_timers()->review_ms = 100;
    begin(&rig);
    rig_exec(&rig, "INSERT INTO account_sum VALUES ('HELD', 'SHOLD1', -400)");
    CHECK_EQ_I64(add_up(DAY, lines), 1);
    CHECK(rig_until_number(&rig, "SELECT overdue FROM bill_item", NULL, 1));
    CHECK_EQ_I64(
        rig_number(&rig, "SELECT count(*) FROM alarm WHERE kind = 'reconcile_overdue'", NULL), 1);
    CHECK_EQ_I64(add_up(DAY, lines), 1);
    rig_end(&rig);
}

#define BOOKS_AGAIN "UPDATE job SET due_ms = 0 WHERE kind = 'books'"

TEST(the_job_adds_up_every_day_after_its_bills)
{
    struct rig rig;
    char no[33];
    begin_paid(&rig, no);
    compare(DAY, no, FEN);
    rig_wall(NOON + 86400);
    rig_exec(&rig, "DELETE FROM job WHERE kind = 'bill'"); /* it would fetch the same bill anew */
    double_pay_bill(PAY_BILL_UNKNOWN, NULL, 0);
    rig_books(true);
    rig_restart(&rig);
    CHECK(rig_until_number(&rig, "SELECT judged FROM books_day WHERE day = ?1", DAY, 1));
    CHECK_EQ_I64(rig_number(&rig, "SELECT count(*) FROM alarm WHERE kind LIKE 'books%'", NULL), 0);
    CHECK(rig_until_number(&rig, "SELECT count(*) FROM job WHERE kind = 'books' AND leased = 0",
                           NULL, 1));
    /* A day later it looks again whether what was on its way has come. */
    rig_exec(&rig, "INSERT INTO books_line VALUES ('" DAY "', 'METER_COUNT', '', 'm2', 1, 0,"
                   " 'on_its_way', '')");
    rig_exec(&rig, BOOKS_AGAIN);
    rig_restart(&rig);
    CHECK(rig_until_number(&rig, "SELECT due_ms > 1800000 FROM job WHERE kind = 'books'", NULL, 1));
    CHECK_EQ_I64(rig_number(&rig, "SELECT count(*) FROM books_line", NULL), 1);
    rig_exec(&rig, "UPDATE books_day SET ran_at = ran_at - 23 * 3600 - 60");
    rig_exec(&rig, BOOKS_AGAIN);
    rig_restart(&rig);
    CHECK(rig_until_number(&rig, "SELECT count(*) FROM books_line", NULL, 0));
    rig_end(&rig);
}

TEST(books_that_cannot_be_added_up_are_an_alarm)
{
    struct rig rig;
    char no[33];
    begin_paid(&rig, no);
    rig_wall(LATE);
    double_pay_bill(PAY_BILL_REFUSED, NULL, 0);
    rig_books(true);
    rig_restart(&rig);
    CHECK(rig_until_number(&rig,
                           "SELECT count(*) FROM alarm WHERE kind = 'books_missing' AND text"
                           " = ?1",
                           DAY, 1));
    CHECK_EQ_I64(rig_number(&rig, "SELECT count(*) FROM books_day", NULL), 0);
    compare(DAY, no, FEN);
    rig_exec(&rig, "INSERT INTO leg SELECT posting_id, 3, 'HELD', document_no,"
                   " -9223372036854775807 - 1 FROM posting WHERE step = 'receive'");
    rig_exec(&rig, BOOKS_AGAIN);
    rig_restart(&rig);
    CHECK(
        rig_until_number(&rig, "SELECT count(*) FROM alarm WHERE kind = 'books_failed'", NULL, 1));
    rig_end(&rig);
}

TEST(more_than_is_kept)
{
    struct rig rig;
    char no[33];
    char lines[TEXT_SIZE];
    begin_paid(&rig, no);
    compare(DAY, no, FEN);
    rig_exec(&rig, "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1100)"
                   " INSERT INTO bill_row (channel, day, kind, order_no, refund_no, trade_no, fen)"
                   " SELECT 'alipay', '" DAY "', 'payment', 'X' || i, '', 'X' || i, 1 FROM n");
    CHECK_EQ_I64(add_up(DAY, lines), 1000);
    json_t *report = books_of(DAY);
    CHECK(json_is_false(json_object_get(report, "whole")));
    json_decref(report);
    rig_exec(&rig, "DELETE FROM bill_row WHERE order_no LIKE 'X%'");
    CHECK_EQ_I64(add_up(DAY, lines), 0);
    rig_end(&rig);
}

TEST(days_that_do_not_exist_and_days_never_added_up)
{
    struct rig rig;
    rig_begin(&rig);
    struct double_answer answer =
        double_http_call(HTTP_POST, "/v1/admin/books", "{\"day\":\"2026-02-30\"}");
    CHECK_EQ_U64(answer.status, 400);
    double_answer_finish(&answer);
    answer = double_http_call(HTTP_GET, "/v1/admin/books/2026-02-30", NULL);
    CHECK_EQ_U64(answer.status, 404);
    double_answer_finish(&answer);
    answer = double_http_call(HTTP_GET, "/v1/admin/books/" DAY, NULL);
    CHECK_EQ_U64(answer.status, 200);
    CHECK(json_is_null(json_object_get(answer.json, "ran_at")));
    CHECK(json_is_null(json_object_get(answer.json, "identity")));
    double_answer_finish(&answer);
    rig_end(&rig);
}

TEST_MAIN()
