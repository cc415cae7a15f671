/* SPDX-License-Identifier: Apache-2.0 */
#include "common/json/json.h"
#include "tests/unit/test.h"

static json_t *parse(const char *text)
{
    return json_parse_object(text, strlen(text), JSON_SIZE_MAX);
}

TEST(only_one_clean_object_is_accepted)
{
    static const char *const bad[] = {
        "",   "[1]", "{\"a\":1} x", "{\"a\":1,\"a\":2}", "{\"a\":\"\\u0000\"}", "{\"a\":\"\xC0\"}",
        "nul"};
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        CHECK(parse(bad[i]) == NULL);
    }
    CHECK(json_parse_object("{}", 2, 1) == NULL);
    json_t *good = parse("{}");
    CHECK(good != NULL);
    json_decref(good);
}

TEST(members_are_read_with_type_and_range)
{
    json_t *root =
        parse("{\"no\":\"SH1\",\"fen\":500,\"on\":true,\"list\":[1],\"obj\":{},\"nil\":null}");
    struct json_reader r = json_reader(root);
    char text[8];
    json_text(&r, "no", text, sizeof(text));
    CHECK_EQ_STR(text, "SH1");
    CHECK_EQ_I64(json_int(&r, "fen", 1, 1000), 500);
    CHECK(json_flag(&r, "on"));
    CHECK(json_array_at(&r, "list") != NULL);
    CHECK(json_object_at(&r, "obj") != NULL);
    CHECK_EQ_I64(json_int_or(&r, "nil", 0, 9, 7), 7);
    json_text_or_empty(&r, "absent", text, sizeof(text));
    CHECK_EQ_STR(text, "");
    CHECK(!json_has(&r, "nil"));
    CHECK(!json_failed(&r));
    json_decref(root);
}

static const char *first_wrong(const char *text)
{
    static char field[16];
    json_t *root = parse(text);
    struct json_reader r = json_reader(root);
    char no[4];
    json_text(&r, "no", no, sizeof(no));
    (void)json_int(&r, "fen", 1, 100);
    (void)snprintf(field, sizeof(field), "%s", json_field(&r));
    json_decref(root);
    return field;
}

TEST(the_first_wrong_member_is_named)
{
    CHECK_EQ_STR(first_wrong("{\"no\":\"a\",\"fen\":1}"), "");
    CHECK_EQ_STR(first_wrong("{\"no\":\"a\",\"fen\":1.0}"), "fen");
    CHECK_EQ_STR(first_wrong("{\"no\":\"a\",\"fen\":101}"), "fen");
    CHECK_EQ_STR(first_wrong("{\"no\":\"toolong\",\"fen\":1}"), "no");
    CHECK_EQ_STR(first_wrong("{\"no\":5}"), "no");
    CHECK_EQ_STR(first_wrong("[1]"), "no");
}

TEST(messages_are_printed_whole_or_not_at_all)
{
    json_t *root = json_object();
    json_put_text(root, "a", "x");
    json_put_text(root, "b", NULL);
    json_put_int(root, "c", INT64_MIN);
    json_put_flag(root, "d", true);
    char text[64];
    CHECK(json_print(root, text, sizeof(text)));
    CHECK_EQ_STR(text, "{\"a\":\"x\",\"b\":null,\"c\":-9223372036854775808,\"d\":true}");
    CHECK(!json_print(root, text, 20));
    CHECK_EQ_STR(text, "");
    json_decref(root);
}

TEST_MAIN()
