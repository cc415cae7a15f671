/* SPDX-License-Identifier: Apache-2.0 */
/* An order that is looked for afterwards: by whom, where, and for how long it is found. */
#include <string.h>

#include "tests/unit/cloud_orders/orders_steps.h"

/* How many orders terminal k1 or k2 finds by the end of @p order_no; the first one's number. */
static size_t find(const char *order_no, char ret_first[33])
{
    char path[128];
    str_format_cut(path, sizeof(path), "/v1/terminal/orders?tail=%s",
                   order_no + strlen(order_no) - 6);
    struct double_answer answer = double_http_call(HTTP_GET, path, NULL);
    CHECK_EQ_U64(answer.status, 200);
    const json_t *orders = json_object_get(answer.json, "orders");
    const size_t count = json_array_size(orders);
    const char *first = json_string_value(json_object_get(json_array_get(orders, 0), "order_no"));
    str_format_cut(ret_first, 33, "%s", first != NULL ? first : "");
    double_answer_finish(&answer);
    return count;
}

TEST(an_order_is_found_by_its_last_digits_for_thirty_days)
{
    struct rig rig;
    char no[33];
    char first[33];
    rig_begin(&rig);
    CHECK(rig_pay(&rig, 1, 5000, "DONE", no));
    CHECK_EQ_U64(find(no, first), 1);
    CHECK_EQ_STR(first, no);
    CHECK_EQ_U64(find("123456", first), str_equal(no + 18, "123456") ? 1 : 0);
    rig_exec(&rig, "UPDATE pay_order SET created_at = created_at - 29 * 86400,"
                   " paid_at = paid_at - 29 * 86400");
    CHECK_EQ_U64(find(no, first), 1);
    CHECK_EQ_I64(copy_of(no, "credited"), 0);
    rig_exec(&rig, "UPDATE pay_order SET paid_at = paid_at - 2 * 86400");
    CHECK_EQ_U64(find(no, first), 0);
    struct double_answer answer = get(no, "/receipt");
    CHECK_EQ_U64(answer.status, 404);
    double_answer_finish(&answer);
    rig_end(&rig);
}

/* Found at the next machine since money came; never while its code may be on the first one. */
TEST(a_paid_order_is_its_sites_business)
{
    struct rig rig;
    char no[33];
    char first[33];
    rig_begin(&rig);
    rig_create(1, 5000, no);
    CHECK(rig_until(&rig, no, "WAIT_PAY"));
    CHECK_EQ_U64(find(no, first), 1); /* its own terminal */
    double_http_peer("k2", "s1");
    CHECK_EQ_U64(find(no, first), 0);
    CHECK_EQ_U64(report(no, 1, "printed", "credited"), 404);
    double_pay_settle(no, 0);
    CHECK(rig_until(&rig, no, "DONE"));
    CHECK_EQ_U64(find(no, first), 1);
    struct double_answer answer = get(no, "");
    CHECK_EQ_STR(member(&answer, "state"), "DONE");
    double_answer_finish(&answer);
    CHECK_EQ_I64(copy_of(no, "credited"), 0);
    CHECK_EQ_U64(report(no, 2, "printed", "credited"), 200);
    CHECK_EQ_I64(copy_of(no, "credited"), 1);
    answer = wish(no, "cancel", 3);
    CHECK_EQ_U64(answer.status, 404); /* only the one that made it */
    double_answer_finish(&answer);
    double_http_peer("k9", "s9");
    CHECK_EQ_U64(find(no, first), 0);
    answer = get(no, "");
    CHECK_EQ_U64(answer.status, 404);
    double_answer_finish(&answer);
    rig_end(&rig);
}

TEST(nobody_leafs_through_order_numbers)
{
    static const char *const wrong[] = {
        "tail=12345", "tail=1234567",          "tail=12345a",
        "tail=",      "tail=123456&mine=open", "tail=%31%32%33456x"};
    struct rig rig;
    char path[128];
    rig_begin(&rig);
    for (size_t i = 0; i < ARRAY_COUNT(wrong); i++) {
        str_format_cut(path, sizeof(path), "/v1/terminal/orders?%s", wrong[i]);
        struct double_answer answer = double_http_call(HTTP_GET, path, NULL);
        CHECK(has_error(&answer, 400, "bad_request"));
        double_answer_finish(&answer);
    }
    for (int i = 0; i < 12; i++) {
        struct double_answer answer =
            double_http_call(HTTP_GET, "/v1/terminal/orders?tail=654321", NULL);
        CHECK_EQ_U64(answer.status, i < 10 ? 200 : 429);
        CHECK(i < 10 || has_error(&answer, 429, "too_many_tries"));
        double_answer_finish(&answer);
    }
    double_http_peer("k2", "s1"); /* each terminal has its own */
    struct double_answer answer =
        double_http_call(HTTP_GET, "/v1/terminal/orders?tail=654321", NULL);
    CHECK_EQ_U64(answer.status, 200);
    double_answer_finish(&answer);
    double_http_peer("k1", "s1");
    rig_end(&rig);
}

TEST_MAIN()
