/* SPDX-License-Identifier: Apache-2.0 */
#include "common/bytes.h"
#include "common/civil.h"
#include "common/err.h"
#include "common/id.h"
#include "common/money.h"
#include "common/outcome.h"
#include "common/parse.h"
#include "common/rng.h"
#include "common/str.h"
#include "tests/unit/test.h"

static bool yuan(const char *text, bool negative, int64_t *ret_fen)
{
    struct money money = {0};
    bool ok = money_parse_yuan(text, strlen(text), negative, &money);
    *ret_fen = money.fen;
    return ok;
}

TEST(money_parses_the_yuan_texts_of_the_wallets)
{
    static const struct {
        const char *text;
        int64_t fen; /* -1: refused */
    } cases[] = {
        {"0.01", 1},        {"1", 100},
        {"1.0", 100},       {"88.88", 8888},
        {"0.1", 10},        {"4.35", 435},
        {"0.29", 29},       {"100000000.00", 10000000000},
        {"0", 0},           {"1.005", -1},
        {"1e2", -1},        {"01.00", -1},
        {" 1.00", -1},      {"1.00 ", -1},
        {"1,000.00", -1},   {"+1.00", -1},
        {"", -1},           {".5", -1},
        {"5.", -1},         {"-0.01", -1},
        {"NaN", -1},        {"1..0", -1},
        {"00", -1},         {"100000000.01", -1},
        {"1000000000", -1}, {"\xEF\xBC\x91.00", -1},
    };
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        int64_t fen = 0;
        bool ok = yuan(cases[i].text, false, &fen);
        CHECK_EQ_I64(ok ? fen : -1, cases[i].fen);
    }
}

TEST(money_parses_negative_texts_only_where_a_bill_is_read)
{
    int64_t fen = 0;
    CHECK(yuan("-12.30", true, &fen));
    CHECK_EQ_I64(fen, -1230);
    CHECK(!yuan("--1", true, &fen));
    CHECK(!yuan("-", true, &fen));
}

TEST(money_prints_two_decimals_even_at_the_ends)
{
    char text[MONEY_TEXT_SIZE];
    CHECK_EQ_STR(money_format_yuan(money_fen(10), text), "0.10");
    CHECK_EQ_STR(money_format_yuan(money_fen(-5), text), "-0.05");
    CHECK_EQ_STR(money_format_yuan(money_fen(INT64_MIN), text), "-92233720368547758.08");
    CHECK_EQ_STR(money_format_price(5469, text), "0.5469");
    CHECK_EQ_STR(money_format_price(5500, text), "0.55");
    CHECK_EQ_STR(money_format_price(12340, text), "1.234");
    CHECK_EQ_STR(money_format_price(10001, text), "1.0001");
    CHECK_EQ_STR(money_format_price(20000, text), "2.00");
    CHECK_EQ_STR(money_format_price(0, text), "0.00");
    CHECK_EQ_STR(money_format_price(INT64_MAX, text), "922337203685477.5807");
}

TEST(money_arithmetic_refuses_overflow)
{
    struct money sum = money_fen(7);
    CHECK(!money_add(money_fen(INT64_MAX), money_fen(1), &sum));
    CHECK(!money_sub(money_fen(INT64_MIN), money_fen(1), &sum));
    CHECK_EQ_I64(sum.fen, 7);
    CHECK(money_add(money_fen(40), money_fen(2), &sum));
    CHECK_EQ_I64(sum.fen, 42);
    CHECK(money_sub(money_fen(40), money_fen(2), &sum));
    CHECK_EQ_I64(sum.fen, 38);
}

TEST(hex_goes_both_ways_and_says_where_it_is_wrong)
{
    uint8_t bytes[4];
    size_t size = 0;
    size_t at = 0;
    CHECK(hex_parse("68 aA\n16", 8, bytes, sizeof(bytes), &size, &at));
    CHECK_EQ_U64(size, 3);
    CHECK_EQ_MEM(bytes, "\x68\xAA\x16", 3);
    CHECK(!hex_parse("68 G0", 5, bytes, sizeof(bytes), &size, &at));
    CHECK_EQ_U64(at, 3);
    CHECK(!hex_parse("68 1", 4, bytes, sizeof(bytes), &size, &at));
    CHECK_EQ_U64(at, 4);
    CHECK(!hex_parse("0102030405", 10, bytes, sizeof(bytes), &size, NULL));
    char text[9];
    CHECK(hex_format(bytes, 3, ' ', text, sizeof(text)));
    CHECK_EQ_STR(text, "01 02 03");
    CHECK(!hex_format(bytes, 4, '\0', text, 8));
    CHECK(hex_format(bytes, 0, ' ', text, 1));
}

TEST(bcd_goes_both_ways_and_refuses_what_is_not_a_digit)
{
    uint8_t bytes[4];
    uint64_t value = 0;
    CHECK(bcd_put_le(198560, bytes, 4));
    CHECK_EQ_MEM(bytes, "\x60\x85\x19\x00", 4);
    CHECK(bcd_get_le(bytes, 4, &value));
    CHECK_EQ_U64(value, 198560);
    CHECK(!bcd_put_le(100, bytes, 1));
    bytes[0] = 0x1A;
    CHECK(!bcd_get_le(bytes, 1, &value));
}

TEST(wire_integers_go_both_ways)
{
    uint8_t b[4];
    put_le32(b, 0x01020304U);
    CHECK_EQ_MEM(b, "\x04\x03\x02\x01", 4);
    CHECK_EQ_U64(get_le32(b), 0x01020304U);
    put_be32(b, 0x01020304U);
    CHECK_EQ_U64(get_be32(b), 0x01020304U);
    put_le16(b, 0xABCD);
    CHECK_EQ_U64(get_le16(b), 0xABCD);
    put_be16(b, 0xABCD);
    CHECK_EQ_U64(get_be16(b), 0xABCD);
}

TEST(secrets_compare_and_vanish)
{
    uint8_t a[3] = {1, 2, 3};
    uint8_t b[3] = {1, 2, 4};
    CHECK(!bytes_equal_secret(a, b, 3));
    CHECK(bytes_equal_secret(a, b, 2));
    const uint8_t zeros[] = {0, 0, 0x80};
    CHECK(bytes_are_zero(zeros, 2) && bytes_are_zero(zeros, 0));
    CHECK(!bytes_are_zero(zeros, 3) && !bytes_are_zero(a, 1));
    bytes_wipe(a, 3);
    CHECK_EQ_MEM(a, "\0\0\0", 3);
}

TEST(text_that_does_not_fit_is_refused_whole)
{
    char text[4] = "xyz";
    CHECK(!str_copy(text, sizeof(text), "four"));
    CHECK_EQ_STR(text, "");
    CHECK(str_copy(text, sizeof(text), "abc"));
    CHECK(!str_format(text, sizeof(text), "%d", 1234));
    CHECK_EQ_STR(text, "");
    CHECK(!str_copy_bytes(text, sizeof(text), "a\0b", 3));
    struct strbuf buf;
    strbuf_init(&buf, text, sizeof(text));
    strbuf_add(&buf, "ab");
    strbuf_addf(&buf, "%d", 12);
    strbuf_add_char(&buf, 'c');
    CHECK(buf.failed);
    CHECK_EQ_STR(text, "ab");
}

TEST(messages_are_cut_between_characters)
{
    char text[5];
    str_format_cut(text, sizeof(text), "%s", "\xE7\x94\xB5\xE8\xB4\xB9");
    CHECK_EQ_STR(text, "\xE7\x94\xB5");
    str_format_cut(text, sizeof(text), "%s", "abcdef");
    CHECK_EQ_STR(text, "abcd");
}

TEST(utf8_is_checked_strictly)
{
    CHECK(str_is_utf8("\xE7\x94\xB5 A", 5));
    CHECK(!str_is_utf8("\xC0\xAF", 2));         /* overlong */
    CHECK(!str_is_utf8("\xED\xA0\x80", 3));     /* surrogate */
    CHECK(!str_is_utf8("\xF4\x90\x80\x80", 4)); /* beyond the last plane */
    CHECK(!str_is_utf8("\xE7\x94", 2));
    CHECK(!str_is_utf8("a\0b", 3));
}

TEST(numbers_are_parsed_strictly)
{
    uint64_t u = 0;
    int64_t i = 0;
    uint32_t w = 0;
    CHECK(parse_u64("18446744073709551615", UINT64_MAX, &u));
    CHECK(!parse_u64("18446744073709551616", UINT64_MAX, &u));
    CHECK(!parse_u64("", UINT64_MAX, &u));
    CHECK(!parse_u64("+1", UINT64_MAX, &u));
    CHECK(!parse_u64("1 ", UINT64_MAX, &u));
    CHECK(!parse_u32("300", 255, &w));
    CHECK(parse_u32("255", 255, &w));
    CHECK(parse_i64("-9223372036854775808", INT64_MIN, INT64_MAX, &i));
    CHECK_EQ_I64(i, INT64_MIN);
    CHECK(!parse_i64("9223372036854775808", INT64_MIN, INT64_MAX, &i));
    CHECK(!parse_i64("-", INT64_MIN, INT64_MAX, &i));
}

TEST(beijing_time_needs_no_time_zone_files)
{
    char text[CIVIL_TEXT_SIZE];
    CHECK_EQ_STR(civil_format_beijing(1795147200, text), "2026-11-20 12:00:00");
    CHECK_EQ_STR(civil_format_rfc3339(0, text), "1970-01-01T08:00:00+08:00");
    CHECK_EQ_U64(civil_beijing(1795147200).weekday, 5);
    for (int64_t at = 0; at < INT64_C(4102444800); at += 86399 * 17) {
        struct civil c = civil_beijing(at);
        int64_t back = -1;
        CHECK(civil_to_wall_s(&c, &back));
        CHECK_EQ_I64(back, at);
    }
    struct civil no_such_day = {.year = 2027, .month = 2, .day = 29};
    int64_t unused = 0;
    CHECK(!civil_to_wall_s(&no_such_day, &unused));
}

static void count_up(void *self, uint8_t *ret_bytes, size_t size)
{
    uint8_t *next = self;
    for (size_t i = 0; i < size; i++) {
        ret_bytes[i] = (*next)++;
    }
}

TEST(ids_are_uuids_of_version_7)
{
    uint8_t next = 0;
    struct rng_port rng = {.fill = count_up, .self = &next};
    char id[ID_TEXT_SIZE];
    id_make(&rng, 0x0123456789AB, id);
    CHECK_EQ_STR(id, "01234567-89ab-7607-8809-0a0b0c0d0e0f");
    CHECK(id_is_valid(id));
    CHECK(!id_is_valid("01234567-89ab-7607-8809-0a0b0c0d0e0"));
    CHECK(!id_is_valid("01234567x89ab-7607-8809-0a0b0c0d0e0f"));
    CHECK(rng_below(&rng, 10) < 10);
}

TEST(names_cover_every_member)
{
    for (int i = 0; i < ERR_COUNT; i++) {
        CHECK(strcmp(err_name((enum err)i), "unknown error") != 0);
    }
    for (int i = 0; i < OUTCOME_COUNT; i++) {
        enum outcome back = OUTCOME_COUNT;
        CHECK(outcome_parse(outcome_name((enum outcome)i), &back));
        CHECK_EQ_I64(back, i);
    }
    enum outcome untouched = OUTCOME_DONE;
    CHECK(!outcome_parse("maybe", &untouched));
    CHECK_EQ_I64(untouched, OUTCOME_DONE);
}

TEST_MAIN()
