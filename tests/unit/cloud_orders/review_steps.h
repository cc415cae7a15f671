/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SHILLING_TESTS_UNIT_CLOUD_ORDERS_REVIEW_STEPS_H
#define SHILLING_TESTS_UNIT_CLOUD_ORDERS_REVIEW_STEPS_H

/* Two persons, and what they say of an order that waits for them. */

#include "cloud/review/person.h"
#include "common/str.h"
#include "drivers/rng/rng_system.h"
#include "tests/unit/cloud_orders/rig.h"
#include "tests/unit/test.h"

#define PASSWORD "correct horse"

static inline enum err add_person(const struct rig *rig, const char *name, const char *password,
                                  const char *actor)
{
    const struct rng_port rng = rng_system();
    const struct person_change change = {name, password, actor};
    return person_add(rig->store, &rng, &change);
}

static inline void add_persons(struct rig *rig)
{
    CHECK_EQ_I64(add_person(rig, "li", PASSWORD, ""), OK);
    CHECK_EQ_I64(add_person(rig, "wang", PASSWORD, ""), OK);
}

/* POST to a document's operation as @p person; the result's word or the error's code. */
static inline void ask(const char *document_no, const char *op, const char *person,
                       const char *more, char ret_word[64])
{
    char path[128];
    char body[512];
    str_format_cut(path, sizeof(path), "/v1/admin/review/%s/%s", document_no, op);
    str_format_cut(body, sizeof(body), "{\"person\":\"%s\",\"password\":\"" PASSWORD "\"%s}",
                   person, more);
    struct double_answer answer = double_http_call(HTTP_POST, path, body);
    const json_t *error = json_object_get(answer.json, "error");
    const char *word = json_string_value(json_object_get(answer.json, "result"));
    const char *code = json_string_value(json_object_get(error, "code"));
    str_format_cut(ret_word, 64, "%s", word != NULL ? word : code != NULL ? code : "nothing");
    double_answer_finish(&answer);
}

static inline void sign(const char *document_no, const char *person, const char *decision,
                        const char *expected)
{
    char more[64];
    char word[64];
    str_format_cut(more, sizeof(more), ",\"decision\":\"%s\"", decision);
    ask(document_no, "sign", person, more, word);
    CHECK_EQ_STR(word, expected);
}

static inline void attach(const char *document_no, const char *kind, const char *expected)
{
    char more[64];
    char word[64];
    str_format_cut(more, sizeof(more), ",\"kind\":\"%s\",\"text\":\"seen\"", kind);
    ask(document_no, "attach", "li", more, word);
    CHECK_EQ_STR(word, expected);
}

/* An order in REVIEW for a wrong amount. */
static inline void mismatch(struct rig *rig, char no[33])
{
    rig_begin(rig);
    add_persons(rig);
    rig_create(1, FEN, no);
    CHECK(rig_until(rig, no, "WAIT_PAY"));
    double_pay_settle(no, FEN - 1);
    CHECK(rig_until(rig, no, "REVIEW"));
}

#endif
