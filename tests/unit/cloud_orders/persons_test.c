/* SPDX-License-Identifier: Apache-2.0 */
/* The persons who decide: their passwords, and who vouches for a new one. */
#include <string.h>

#include "tests/unit/cloud_orders/review_steps.h"

TEST(passwords)
{
    struct rig rig;
    const struct rng_port rng = rng_system();
    const struct person_change change = {"li", "another horse", "wang+zhao"};
    rig_begin(&rig);
    add_persons(&rig);
    CHECK_EQ_I64(add_person(&rig, "Li", PASSWORD, "li+wang"), ERR_RANGE);
    CHECK_EQ_I64(add_person(&rig, "", PASSWORD, "li+wang"), ERR_RANGE);
    CHECK_EQ_I64(add_person(&rig, "zhao", "short", "li+wang"), ERR_RANGE);
    CHECK_EQ_I64(add_person(&rig, "li", "another horse", "li+wang"), ERR_EXISTS);
    CHECK_EQ_I64(person_check(rig.store, "li", PASSWORD), OK);
    CHECK_EQ_I64(person_check(rig.store, "nobody", PASSWORD), ERR_DENIED);
    for (int i = 0; i < 5; i++) {
        CHECK_EQ_I64(person_check(rig.store, "li", "wrong horse"), ERR_DENIED);
    }
    CHECK_EQ_I64(person_check(rig.store, "li", PASSWORD), ERR_CONFLICT);
    CHECK_EQ_I64(person_check(rig.store, "wang", PASSWORD), OK);
    CHECK_EQ_I64(person_set_password(rig.store, &rng, &change), OK);
    CHECK_EQ_I64(person_check(rig.store, "li", "another horse"), OK);
    CHECK_EQ_I64(person_check(rig.store, "li", PASSWORD), ERR_DENIED);
    rig_end(&rig);
}

/* POST a change of a person with the passwords of @p vouchers ("li wang"); the word or the code. */
static void change_person(const char *op, const char *name, const char *password,
                          const char *vouchers, const char *expected)
{
    char path[64];
    char body[512];
    struct strbuf text;
    strbuf_init(&text, body, sizeof(body));
    strbuf_addf(&text, "{\"name\":\"%s\",\"password\":\"%s\",\"vouchers\":[", name, password);
    for (const char *at = vouchers; *at != '\0'; at += strcspn(at, " "), at += *at == ' ') {
        strbuf_addf(&text, "%s{\"person\":\"%.*s\",\"password\":\"" PASSWORD "\"}",
                    at == vouchers ? "" : ",", (int)strcspn(at, " "), at);
    }
    strbuf_add(&text, "]}");
    str_format_cut(path, sizeof(path), "/v1/admin/persons%s", op);
    struct double_answer answer = double_http_call(HTTP_POST, path, body);
    const json_t *error = json_object_get(answer.json, "error");
    const char *word = json_string_value(json_object_get(answer.json, "result"));
    const char *code = json_string_value(json_object_get(error, "code"));
    CHECK_EQ_STR(word != NULL ? word : code != NULL ? code : "nothing", expected);
    double_answer_finish(&answer);
}

/* One man at the socket must not become two persons. */
TEST(nobody_makes_himself_a_second_person)
{
    struct rig rig;
    rig_begin(&rig);
    change_person("", "li", PASSWORD, "", "stored");
    change_person("", "li", "another horse", "", "person_exists");
    change_person("", "wang", PASSWORD, "", "stored");
    change_person("", "zhao", "short", "li wang", "bad_request");
    change_person("", "zhao", PASSWORD, "", "wrong_password");
    change_person("", "zhao", PASSWORD, "li", "wrong_password");
    change_person("", "zhao", PASSWORD, "li li", "bad_request");
    change_person("", "zhao", PASSWORD, "li nobody", "wrong_password");
    change_person("", "zhao", PASSWORD, "li wang", "stored");
    CHECK_EQ_I64(person_check(rig.store, "zhao", PASSWORD), OK);
    change_person("/password", "wang", "another horse", "", "wrong_password");
    change_person("/password", "wang", "another horse", "li", "wrong_password");
    change_person("/password", "wang", "another horse", "li wang", "wrong_password");
    change_person("/password", "chen", "another horse", "li wang", "not_found");
    CHECK_EQ_I64(person_check(rig.store, "wang", PASSWORD), OK);
    change_person("/password", "wang", "another horse", "li zhao", "stored");
    CHECK_EQ_I64(person_check(rig.store, "wang", "another horse"), OK);
    change_person("/password", "li", "third horse", "li", "stored");
    CHECK_EQ_I64(person_check(rig.store, "li", "third horse"), OK);
    char actors[128];
    rig_text(&rig,
             "SELECT group_concat(event || ' ' || name || ' ' || actor, ', ')"
             " FROM (SELECT * FROM person_event ORDER BY event_id)",
             NULL, actors, sizeof(actors));
    CHECK_EQ_STR(actors, "added li , added wang , added zhao li+wang, password wang li+zhao,"
                         " password li li");
    rig_end(&rig);
}

TEST_MAIN()
