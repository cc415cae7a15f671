/* SPDX-License-Identifier: Apache-2.0 */
#include "protocol/dl645/value.h"
#include "tests/unit/protocol/dl645/wire.h"
#include "tests/unit/test.h"

/* The texts are "text|time|date|weekday"; "null" if absent. */
static void describe(const struct dl645_value *value, char *ret_text, size_t size)
{
    if (!value->present) {
        (void)snprintf(ret_text, size, "null");
        return;
    }
    (void)snprintf(ret_text, size, "%s|%s|%s|%u", value->text, value->time, value->date,
                   (unsigned)value->weekday);
}

TEST(each_kind_both_ways)
{
    static const struct {
        uint32_t di;
        const char *hex;
        const char *text;
        const char *unit;
    } cases[] = {
        {0x00010000, "26 00 00 00", "0.26|||0", "kWh"},
        {0x00010000, "99 99 99 99", "999999.99|||0", "kWh"},
        {0x00000000, "56 34 12 80", "-1234.56|||0", "kWh"},
        {0x00900200, "56 98 01 00", "198.56|||0", "yuan"},
        {0x00900201, "00 00 00 00", "0.00|||0", "yuan"},
        {0x00150000, "01 00 00 00", "0.01|||0", "kWh"},
        {0x00310000, "01 00 00 00", "0.01|||0", "kVAh"},
        {0x01010000, "23 81 07 30 10 15 03 24", "7.8123|2024-03-15 10:30||0", "kW"},
        {0x01010000, "00 00 00 00 00 00 00 00", "0.0000|2000-00-00 00:00||0", "kW"},
        {0x02010100, "01 10", "100.1|||0", "V"},
        {0x02020100, "00 05 80", "-0.500|||0", "A"},
        {0x02030000, "45 23 81", "-1.2345|||0", "kW"},
        {0x02060000, "98 09", "0.998|||0", ""},
        {0x02800002, "01 50", "50.01|||0", "Hz"},
        {0x02800007, "15 80", "-1.5|||0", "C"},
        {0x0280000A, "01 00 00 00", "1|||0", "min"},
        {0x03300D00, "27 00 00", "27|||0", ""},
        {0x03330101, "00 09 20 11 26", "|2026-11-20 09:00||0", ""},
        {0x03330201, "07 00", "7|||0", ""},
        {0x03330301, "00 00 01 00", "100.00|||0", "yuan"},
        {0x04000101, "05 15 03 24", "||2024-03-15|5", ""},
        {0x04000102, "05 30 10", "|10:30:05||0", ""},
        {0x0400010C, "05 30 10 05 15 03 24", "|10:30:05|2024-03-15|5", ""},
        {0x04000402, "42 00 15 03 24 20", "202403150042|||0", ""},
        {0x0400040B, "33 32 31 59 5A 44 44 00 00 00", "DDZY123|||0", ""},
        {0x04000703, "08", "08|||0", ""},
        {0x04001004, "00 99 99 99", "999999.00|||0", "yuan"},
        {0x04050101, "83 52 00 00", "0.5283|||0", "yuan/kWh"},
        {0x05060001, "00 00 09 10 15", "|2015-10-09 00:00||0", ""},
        {0x1D000001, "00 00 00", "0|||0", ""},
        {0x02010100, "FF FF", "null", "V"},
    };
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        struct wire wire = wire_of(cases[i].hex);
        struct dl645_di di;
        struct dl645_value value;
        char text[160];
        dl645_di_describe(cases[i].di, &di);
        CHECK_EQ_U64(di.item_size, wire.size);
        CHECK_EQ_STR(di.unit, cases[i].unit);
        CHECK_EQ_I64(dl645_value_decode(&di, wire.bytes, wire.size, &value), OK);
        describe(&value, text, sizeof(text));
        CHECK_EQ_STR(text, cases[i].text);
        uint8_t again[64];
        size_t size = 0;
        CHECK_EQ_I64(dl645_value_encode(&di, &value, again, sizeof(again), &size), OK);
        CHECK_EQ_U64(size, wire.size);
        CHECK_EQ_MEM(again, wire.bytes, size);
        CHECK_EQ_I64(dl645_value_encode(&di, &value, again, wire.size - 1, &size), ERR_FULL);
        CHECK_EQ_I64(dl645_value_decode(&di, wire.bytes, wire.size - 1, &value), ERR_INCOMPLETE);
    }
}

static enum err decode(uint32_t number, const char *hex, struct dl645_value *ret_value)
{
    struct wire wire = wire_of(hex);
    struct dl645_di di;
    dl645_di_describe(number, &di);
    return dl645_value_decode(&di, wire.bytes, wire.size, ret_value);
}

TEST(bytes_that_are_no_digits_are_refused)
{
    struct dl645_value value = {.scaled = 77};
    CHECK_EQ_I64(decode(0x00010000, "0A 00 00 00", &value), ERR_FORMAT);
    CHECK_EQ_I64(decode(0x00010000, "00 00 00 A0", &value), ERR_FORMAT);
    CHECK_EQ_I64(decode(0x00010000, "FF FF FF 00", &value), ERR_FORMAT);
    CHECK_EQ_I64(decode(0x04000101, "07 15 03 24", &value), ERR_FORMAT); /* eight weekdays */
    CHECK_EQ_I64(decode(0x04000102, "0A 30 10", &value), ERR_FORMAT);
    CHECK_EQ_I64(decode(0x04000402, "4F 00 15 03 24 20", &value), ERR_FORMAT);
    CHECK_EQ_I64(decode(0x0400040B, "33 07 31 59 5A 44 44 00 00 00", &value), ERR_FORMAT);
    CHECK_EQ_I64(decode(0x04000503, "50 00", &value), ERR_UNSUPPORTED);
    CHECK_EQ_I64(decode(0x028011FF, "50 00", &value), ERR_UNSUPPORTED);
    CHECK_EQ_I64(value.scaled, 77); /* untouched by all of them */
}

TEST(unsigned_registers_use_the_top_bit_as_digit)
{
    struct dl645_value value;
    CHECK_EQ_I64(decode(0x00010000, "00 00 00 80", &value), OK);
    CHECK_EQ_STR(value.text, "800000.00");
    CHECK_EQ_I64(decode(0x00030000, "00 00 00 80", &value), OK);
    CHECK_EQ_STR(value.text, "0.00"); /* no minus zero */
}

static enum err encode(uint32_t number, const char *text)
{
    struct dl645_di di;
    struct dl645_value value = {.present = true};
    uint8_t bytes[64];
    size_t size = 0;
    dl645_di_describe(number, &di);
    (void)snprintf(value.text, sizeof(value.text), "%s", text);
    (void)snprintf(value.time, sizeof(value.time), "%.19s", text);
    return dl645_value_encode(&di, &value, bytes, sizeof(bytes), &size);
}

TEST(texts_that_are_no_values_are_refused)
{
    static const char *const malformed[] = {"",     "-",    ".5",  "5.",   "1.234",       "1,5",
                                            "+1",   " 1",   "1 ",  "1e3",  "--1",         "1..2",
                                            "0x10", "1.2.", "NaN", "1.2-", "\xEF\xBC\x91"};
    for (size_t i = 0; i < ARRAY_COUNT(malformed); i++) {
        CHECK_EQ_I64(encode(DL645_DI_REMAINING_AMOUNT, malformed[i]), ERR_FORMAT);
    }
    CHECK_EQ_I64(encode(DL645_DI_REMAINING_AMOUNT, "5"), OK);
    CHECK_EQ_I64(encode(DL645_DI_REMAINING_AMOUNT, "5.1"), OK);
    CHECK_EQ_I64(encode(DL645_DI_REMAINING_AMOUNT, "999999.99"), OK);
    CHECK_EQ_I64(encode(DL645_DI_REMAINING_AMOUNT, "1000000.00"), ERR_RANGE);
    CHECK_EQ_I64(encode(DL645_DI_REMAINING_AMOUNT, "-1.00"), ERR_RANGE);
    CHECK_EQ_I64(encode(DL645_DI_REMAINING_AMOUNT, "12345678901234567890"), ERR_FORMAT);
    CHECK_EQ_I64(encode(0x00000000, "-799999.99"), OK);
    CHECK_EQ_I64(encode(0x00000000, "800000.00"), ERR_RANGE); /* the sign's bit */
    CHECK_EQ_I64(encode(DL645_DI_TIME, "10:30:5"), ERR_FORMAT);
    CHECK_EQ_I64(encode(DL645_DI_TIME, "10:30:055"), ERR_FORMAT);
    CHECK_EQ_I64(encode(DL645_DI_PURCHASE_TIME, "1999-01-01 00:00"), ERR_FORMAT);
    CHECK_EQ_I64(encode(0x04000402, "2024031500"), ERR_FORMAT);
    CHECK_EQ_I64(encode(0x0400040B, "ELEVEN CHARS"), ERR_RANGE);
    CHECK_EQ_I64(encode(0x04000503, "50"), ERR_UNSUPPORTED);
}

TEST(blocks_are_rows_of_items)
{
    struct dl645_di di;
    char text[200];
    struct wire wire = wire_of("56 22 FF FF FF FF");
    dl645_di_describe(0x0201FF00, &di);
    CHECK(di.is_block);
    CHECK_EQ_U64(dl645_value_count(&di, wire.size), 3);
    CHECK_EQ_I64(dl645_value_to_text(&di, wire.bytes, wire.size, text, sizeof(text)), OK);
    CHECK_EQ_STR(text, "225.6,,");
    CHECK_EQ_I64(dl645_value_to_text(&di, wire.bytes, wire.size, text, 7), ERR_FULL);
    CHECK_EQ_I64(dl645_value_to_text(&di, wire.bytes, 1, text, sizeof(text)), ERR_INCOMPLETE);
    dl645_di_describe(0x0001FF00, &di);
    CHECK(di.is_block);
    CHECK_EQ_U64(dl645_value_count(&di, 23), 5);
    dl645_di_describe(0x000100FF, &di);
    CHECK(di.is_block);
    dl645_di_describe(0x00010000, &di);
    CHECK(!di.is_block);
    CHECK_EQ_U64(dl645_value_count(&di, 5), 1); /* one stray byte behind it */
    CHECK_EQ_U64(dl645_value_count(&di, 3), 0);
    dl645_di_describe(0x04000503, &di);
    CHECK_EQ_I64(dl645_value_to_text(&di, wire.bytes, 2, text, sizeof(text)), OK);
    CHECK_EQ_STR(text, "5622");
}

TEST(amounts_become_fen)
{
    struct dl645_di di;
    struct dl645_value value;
    struct money money = {.fen = -1};
    dl645_di_describe(DL645_DI_REMAINING_AMOUNT, &di);
    CHECK_EQ_I64(decode(DL645_DI_REMAINING_AMOUNT, "56 98 01 00", &value), OK);
    CHECK(dl645_value_to_money(&di, &value, &money));
    CHECK_EQ_I64(money.fen, 19856);
    CHECK_EQ_I64(decode(DL645_DI_REMAINING_AMOUNT, "FF FF FF FF", &value), OK);
    CHECK(!dl645_value_to_money(&di, &value, &money));
    dl645_di_describe(DL645_DI_ENERGY_FORWARD, &di);
    CHECK_EQ_I64(decode(DL645_DI_ENERGY_FORWARD, "56 98 01 00", &value), OK);
    CHECK(!dl645_value_to_money(&di, &value, &money));
    CHECK_EQ_I64(money.fen, 19856);
}

TEST(every_identifier_has_a_description)
{
    /* A walk through all classes, with the odd bytes that blocks and records have. */
    static const uint8_t low[] = {0x00, 0x01, 0x0C, 0x3F, 0xFF};
    for (uint32_t high = 0; high < 0x2000; high++) {
        for (size_t i = 0; i < ARRAY_COUNT(low) * ARRAY_COUNT(low); i++) {
            uint32_t number =
                high << 16 | (uint32_t)low[i / ARRAY_COUNT(low)] << 8 | low[i % ARRAY_COUNT(low)];
            struct dl645_di di;
            dl645_di_describe(number, &di);
            CHECK(di.unit != NULL && di.name != NULL);
            CHECK_EQ_U64(di.di, number);
            CHECK(di.kind == DL645_KIND_BYTES || di.item_size > 0);
            CHECK(di.item_size <= 32);
        }
    }
}

TEST(identifiers_as_text)
{
    uint32_t di = 0;
    char text[DL645_DI_TEXT_SIZE];
    CHECK(dl645_di_parse("00900200", &di));
    CHECK_EQ_U64(di, 0x00900200);
    CHECK(dl645_di_parse("078102ff", &di));
    CHECK_EQ_STR(dl645_di_format(di, text), "078102FF");
    CHECK(!dl645_di_parse("0090020", &di));
    CHECK(!dl645_di_parse("009002000", &di));
    CHECK(!dl645_di_parse("0090020G", &di));
    CHECK(!dl645_di_parse("0090 200", &di));
}

TEST_MAIN()
