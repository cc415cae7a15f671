/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SHILLING_TESTS_UNIT_CLOUD_ORDERS_BOOKS_STEPS_H
#define SHILLING_TESTS_UNIT_CLOUD_ORDERS_BOOKS_STEPS_H

/* A day whose books are added up, and what they say. */

#include <string.h>

#include "cloud/orders/bill.h"
#include "cloud/orders/books.h"
#include "common/str.h"
#include "tests/unit/cloud_orders/rig.h"
#include "tests/unit/test.h"

enum { TEXT_SIZE = 256 };

#define DAY "2026-11-10"
#define NEXT_DAY "2026-11-11"
/* Noon of that day in Beijing, its last midnight, and an evening after it when bills are late. */
#define NOON INT64_C(1794283200)
#define MIDNIGHT INT64_C(1794326400)
#define LATE (MIDNIGHT + INT64_C(18) * 3600 + 60)
#define PASSWORD "correct horse"

/* ---- asking ---- */

static inline json_t *call(const char *path, const char *channel, const char *day)
{
    char body[96];
    str_format_cut(body, sizeof(body), "{\"channel\":\"%s\",\"day\":\"%s\"}", channel, day);
    struct double_answer answer = double_http_call(HTTP_POST, path, body);
    CHECK_EQ_U64(answer.status, 200);
    json_t *json = json_incref(answer.json);
    double_answer_finish(&answer);
    return json;
}

/* The books of a day, added up now (@own). */
static inline json_t *books_of(const char *day)
{
    return call("/v1/admin/books", "", day);
}

/* Compare the bill, with one payment in it or none. */
static inline void compare(const char *day, const char *no, int64_t fen)
{
    const struct double_bill_row rows[] = {{PAY_BILL_PAYMENT, no, fen}};
    double_pay_bill(PAY_BILL_OK, rows, fen > 0 ? 1 : 0);
    json_decref(call("/v1/admin/reconcile", "alipay", day));
}

static inline int64_t number(const json_t *json, const char *name)
{
    return json_integer_value(json_object_get(json, name));
}

static inline const char *word(const json_t *json, const char *name)
{
    const char *text = json_string_value(json_object_get(json, name));
    return text != NULL ? text : "?";
}

/* "FINDING theirs/ours reason;" of every line of the day; how many items are open after it. */
static inline int64_t add_up(const char *day, char ret_lines[TEXT_SIZE])
{
    struct strbuf buf;
    size_t i = 0;
    const json_t *line = NULL;
    json_t *report = books_of(day);
    strbuf_init(&buf, ret_lines, TEXT_SIZE);
    json_array_foreach(json_object_get(report, "lines"), i, line)
    {
        strbuf_addf(&buf, "%s %lld/%lld %s;", word(line, "finding"),
                    (long long)number(line, "theirs"), (long long)number(line, "ours"),
                    word(line, "reason"));
    }
    const int64_t open = number(report, "open");
    json_decref(report);
    return open;
}

static inline int64_t of(const char *day, const char *part, const char *name)
{
    json_t *report = books_of(day);
    const int64_t found = number(json_object_get(report, part), name);
    json_decref(report);
    return found;
}

static inline void text_of(const struct rig *rig, const char *sql, char ret_text[TEXT_SIZE])
{
    rig_text(rig, sql, NULL, ret_text, TEXT_SIZE);
}

/* Everything happens at noon of DAY, with one wallet. */
static inline void begin(struct rig *rig)
{
    rig_wall(NOON);
    rig_begin(rig);
    double_pay_has(PAY_WECHAT, false);
}

/* An order of room 1 that was paid and credited at noon. */
static inline void begin_paid(struct rig *rig, char no[33])
{
    begin(rig);
    CHECK(rig_pay(rig, 1, FEN, "DONE", no));
}

#endif
