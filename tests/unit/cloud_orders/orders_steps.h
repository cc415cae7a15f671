/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SHILLING_TESTS_UNIT_CLOUD_ORDERS_ORDERS_STEPS_H
#define SHILLING_TESTS_UNIT_CLOUD_ORDERS_ORDERS_STEPS_H

/* What a terminal asks about its orders. */
#include "common/str.h"
#include "tests/unit/cloud_orders/rig.h"
#include "tests/unit/test.h"

static inline bool has_error(const struct double_answer *answer, unsigned status, const char *code)
{
    const json_t *error = json_object_get(answer->json, "error");
    const char *said = json_string_value(json_object_get(error, "code"));
    if (answer->status != status || said == NULL || !str_equal(said, code)) {
        (void)printf("# answer is %u %s\n", answer->status, answer->text);
        return false;
    }
    return true;
}

static inline const char *member(const struct double_answer *answer, const char *name)
{
    const char *text = json_string_value(json_object_get(answer->json, name));
    return text != NULL ? text : "";
}

static inline struct double_answer get(const char *order_no, const char *query)
{
    char path[128];
    str_format_cut(path, sizeof(path), "/v1/terminal/orders/%s%s", order_no, query);
    return double_http_call(HTTP_GET, path, NULL);
}

static inline struct double_answer wish(const char *order_no, const char *op, int number)
{
    char path[128];
    char body[128];
    str_format_cut(path, sizeof(path), "/v1/terminal/orders/%s/%s", order_no, op);
    str_format_cut(body, sizeof(body), "{\"client_request_id\":\"018f3a1c-0000-7000-a000-%012d\"}",
                   number);
    return double_http_call(HTTP_POST, path, body);
}

static inline int64_t copy_of(const char *order_no, const char *kind)
{
    struct double_answer answer = get(order_no, "/receipt");
    CHECK_EQ_STR(member(&answer, "kind"), kind);
    const int64_t copy = json_integer_value(json_object_get(answer.json, "copy"));
    double_answer_finish(&answer);
    return copy;
}

/* A terminal's report of a paper; @p kind "": an older terminal, which did not tell. */
static inline unsigned report(const char *order_no, int number, const char *verdict,
                              const char *kind)
{
    char path[128];
    char body[256];
    str_format_cut(path, sizeof(path), "/v1/terminal/orders/%s/receipt", order_no);
    str_format_cut(body, sizeof(body),
                   "{\"client_request_id\":\"018f3a1c-0000-7000-b000-%012d\",\"verdict\":\"%s\","
                   "\"print_id\":\"018f3a1c-0000-7000-c000-%012d\"%s%s%s}",
                   number, verdict, number, kind[0] != '\0' ? ",\"kind\":\"" : "", kind,
                   kind[0] != '\0' ? "\"" : "");
    struct double_answer answer = double_http_call(HTTP_POST, path, body);
    const unsigned status = answer.status;
    double_answer_finish(&answer);
    return status;
}

#endif
