/* SPDX-License-Identifier: Apache-2.0 */
/* What the paper of an order says, and which of its papers is the first. */
#include "tests/unit/cloud_orders/orders_steps.h"

TEST(the_paper_says_no_more_than_the_server_knows)
{
    struct rig rig;
    char no[33];
    char path[128];
    char body[256];
    rig_begin(&rig);
    rig_create(1, 5000, no);
    str_format_cut(path, sizeof(path), "/v1/terminal/orders/%s/receipt", no);
    struct double_answer answer = double_http_call(HTTP_GET, path, NULL);
    CHECK_EQ_U64(answer.status, 404); /* nothing was paid */
    double_answer_finish(&answer);
    CHECK(rig_until(&rig, no, "WAIT_PAY"));
    double_pay_settle(no, 0);
    CHECK(rig_until(&rig, no, "DONE"));
    for (int copy = 0; copy < 5; copy++) {
        answer = double_http_call(HTTP_GET, path, NULL);
        if (copy < 4) {
            CHECK_EQ_STR(member(&answer, "kind"), "credited");
            CHECK_EQ_I64(json_integer_value(json_object_get(answer.json, "copy")), copy);
        } else {
            CHECK(has_error(&answer, 409, "no_more_copies"));
        }
        double_answer_finish(&answer);
        str_format_cut(body, sizeof(body),
                       "{\"client_request_id\":\"018f3a1c-0000-7000-b000-%012d\",\"verdict\":"
                       "\"printed\",\"print_id\":\"018f3a1c-0000-7000-c000-%012d\"}",
                       copy, copy);
        answer = double_http_call(HTTP_POST, path, body);
        CHECK_EQ_U64(answer.status, 200);
        double_answer_finish(&answer);
    }
    rig_end(&rig);
}

/* Pay for room 2 while nobody can reach its meter. */
static void pay_unreachable(const struct rig *rig, char ret_order_no[33])
{
    rig_create(2, 5000, ret_order_no);
    CHECK(rig_until(rig, ret_order_no, "WAIT_PAY"));
    double_gateway_online(false);
    double_pay_settle(ret_order_no, 0);
    CHECK(rig_until(rig, ret_order_no, "PAID")); /* no count can be read, nothing is assigned */
}

TEST(a_slip_is_not_the_receipts_first_paper)
{
    struct rig rig;
    char no[33];
    rig_begin(&rig);
    pay_unreachable(&rig, no);
    CHECK_EQ_I64(copy_of(no, "pending"), 0);
    CHECK_EQ_U64(report(no, 1, "printed", "pending"), 200);
    CHECK_EQ_I64(copy_of(no, "pending"), 1);
    double_gateway_online(true);
    CHECK(rig_until(&rig, no, "DONE"));
    CHECK_EQ_I64(copy_of(no, "credited"), 0); /* the first paper that says so */
    CHECK_EQ_U64(report(no, 2, "failed", "credited"), 200);
    CHECK_EQ_I64(copy_of(no, "credited"), 0);
    rig_end(&rig);
}

TEST(what_may_come_out_of_the_printer_counts)
{
    struct rig rig;
    char no[33];
    rig_begin(&rig);
    CHECK(rig_pay(&rig, 1, 5000, "DONE", no));
    CHECK_EQ_U64(report(no, 1, "held", "credited"), 200);
    CHECK_EQ_I64(copy_of(no, "credited"), 1);
    CHECK_EQ_U64(report(no, 2, "unknown", ""), 200); /* no word which: it counts */
    CHECK_EQ_I64(copy_of(no, "credited"), 2);
    rig_end(&rig);
}

static int64_t number_of(const struct double_answer *answer, const char *name)
{
    return json_integer_value(json_object_get(answer->json, name));
}

TEST(the_paper_names_the_account_the_price_and_the_time_of_the_balance)
{
    struct rig rig;
    char no[33];
    rig_begin(&rig);
    rig_exec(&rig, "UPDATE tariff SET price_e4_yuan = 5469");
    rig_exec(&rig, "UPDATE meter SET customer_no = '000012345678' WHERE meter_id = 'm2'");
    for (int room = 1; room <= 2; room++) {
        CHECK(rig_pay(&rig, room, 5000, "DONE", no));
        struct double_answer answer = get(no, "/receipt");
        CHECK_EQ_I64(number_of(&answer, "price_e4_yuan"), 5469);
        CHECK(json_is_integer(json_object_get(answer.json, "balance_after_fen")));
        const int64_t late_s = number_of(&answer, "balance_read_at") - number_of(&answer, "time");
        CHECK(late_s >= 0 && late_s <= 10);
        CHECK_EQ_STR(member(&answer, "customer_no"), room == 2 ? "000012345678" : "");
        double_answer_finish(&answer);
    }
    rig_end(&rig);
}

/* A slip: the balance before is as old as its reading, not as the order. */
TEST(an_old_balance_keeps_its_age_on_the_paper)
{
    struct rig rig;
    char no[33];
    rig_begin(&rig);
    rig_exec(&rig, "INSERT INTO meter_state (meter_id, balance_fen, balance_at)"
                   " VALUES ('m2', 700, 1234567890)");
    pay_unreachable(&rig, no);
    struct double_answer answer = get(no, "/receipt");
    CHECK_EQ_I64(number_of(&answer, "balance_before_fen"), 700);
    CHECK_EQ_I64(number_of(&answer, "balance_read_at"), 1234567890);
    double_answer_finish(&answer);
    rig_end(&rig);
}

TEST_MAIN()
