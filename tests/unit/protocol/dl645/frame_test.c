/* SPDX-License-Identifier: Apache-2.0 */
#include "protocol/dl645/address.h"
#include "protocol/dl645/frame.h"
#include "tests/unit/protocol/dl645/wire.h"
#include "tests/unit/test.h"

static const char reply_hex[] = "FE FE FE FE 68 12 00 00 00 10 20 68 91 08 33 35 C3 33 89 CB 34 33 "
                                "C4 16"; /* 198.56 yuan */

TEST(good_reply_is_taken_apart)
{
    struct wire wire = wire_of(reply_hex);
    struct dl645_inspection i;
    dl645_inspect(wire.bytes, wire.size, &i);
    CHECK_EQ_I64(i.check, DL645_CHECK_OK);
    CHECK_EQ_U64(i.start, 4);
    CHECK_EQ_U64(i.preamble, 4);
    CHECK_EQ_U64(i.frame.control, 0x91);
    CHECK_EQ_U64(i.frame.data_size, 8);
    static const uint8_t data[] = {0x00, 0x02, 0x90, 0x00, 0x56, 0x98, 0x01, 0x00};
    CHECK_EQ_MEM(i.frame.data, data, sizeof(data));
    CHECK_EQ_U64(i.sum_computed, 0xC4);
}

TEST(encode_gives_the_same_bytes)
{
    struct wire wire = wire_of(reply_hex);
    struct dl645_frame frame;
    CHECK_EQ_I64(dl645_frame_decode(wire.bytes, wire.size, &frame), OK);
    uint8_t again[DL645_WIRE_SIZE_MAX];
    size_t size = 0;
    CHECK_EQ_I64(dl645_frame_encode(&frame, 4, again, sizeof(again), &size), OK);
    CHECK_EQ_U64(size, wire.size);
    CHECK_EQ_MEM(again, wire.bytes, size);
    CHECK_EQ_I64(dl645_frame_encode(&frame, 4, again, size - 1, &size), ERR_FULL);
    CHECK_EQ_I64(dl645_frame_encode(&frame, 17, again, sizeof(again), &size), ERR_RANGE);
    frame.data_size = 201;
    CHECK_EQ_I64(dl645_frame_encode(&frame, 0, again, sizeof(again), &size), ERR_RANGE);
}

TEST(every_truncated_length_is_incomplete)
{
    struct wire wire = wire_of(reply_hex);
    for (size_t size = 0; size < wire.size; size++) {
        struct dl645_frame frame = {.control = 0x77};
        enum err err = dl645_frame_decode(wire.bytes, size, &frame);
        CHECK_EQ_I64(err, size <= 4 ? ERR_FORMAT : ERR_INCOMPLETE);
        CHECK_EQ_U64(frame.control, 0x77); /* untouched */
    }
}

TEST(every_flipped_bit_is_noticed)
{
    struct wire wire = wire_of(reply_hex);
    for (size_t bit = 4 * 8; bit < wire.size * 8; bit++) {
        struct wire bad = wire;
        bad.bytes[bit / 8] ^= (uint8_t)(1U << (bit % 8));
        struct dl645_frame frame;
        CHECK(dl645_frame_decode(bad.bytes, bad.size, &frame) != OK);
    }
}

TEST(faults_name_the_byte)
{
    static const struct {
        const char *hex;
        enum dl645_check check;
        size_t at;
        const char *text;
    } cases[] = {
        {"00 11 22", DL645_CHECK_NO_START, 3, "no start byte 68 in 3 bytes"},
        {"68 12 00 00 00 10 20 67 91", DL645_CHECK_START_2, 7,
         "byte 7 is not the second 68 (the first is byte 0)"},
        {"FE 68 12 00 00 00 10 20 68 91 C9", DL645_CHECK_LENGTH, 10,
         "byte 10: length C9 is above the maximum C8 (200)"},
        {"68 12 00 00 00 10 20 68 91", DL645_CHECK_TRUNCATED, 9,
         "ends after 9 bytes, before the length (byte 9)"},
        /* Published with a length that lies: 09 where 8 bytes follow. */
        {"FE FE FE FE 68 66 55 44 33 22 11 68 91 09 33 33 34 33 97 3C 33 33 0B 16",
         DL645_CHECK_TRUNCATED, 24,
         "ends after 24 bytes, but length 09 says that the frame goes to 25"},
        {"68 66 55 44 33 22 11 68 91 08 33 33 34 33 97 3C 33 33 0B 16", DL645_CHECK_SUM, 18,
         "byte 18: checksum is 0B, but the bytes from the first 68 add up to D4"},
        {"68 12 00 00 00 10 20 68 93 00 35 17", DL645_CHECK_END, 11,
         "byte 11 is not the end byte 16 that length 00 puts there"},
    };
    for (size_t n = 0; n < ARRAY_COUNT(cases); n++) {
        struct wire wire = wire_of(cases[n].hex);
        struct dl645_inspection i;
        char text[DL645_FAULT_TEXT_SIZE];
        dl645_inspect(wire.bytes, wire.size, &i);
        CHECK_EQ_I64(i.check, cases[n].check);
        CHECK_EQ_U64(i.at, cases[n].at);
        CHECK_EQ_STR(dl645_fault_format(&i, text), cases[n].text);
    }
}

TEST(bytes_16_and_68_may_stand_anywhere)
{
    struct dl645_frame frame = {.address = {0x68, 0x16, 0x61, 0x16, 0x68, 0x68}, .control = 0x91};
    for (size_t i = 0; i < DL645_DATA_SIZE_MAX; i++) {
        frame.data[i] = (uint8_t)((i % 2 == 0 ? 0x68 : 0x16) - 0x33);
        frame.data_size = (uint8_t)(i + 1);
        uint8_t bytes[DL645_WIRE_SIZE_MAX];
        size_t size = 0;
        CHECK_EQ_I64(dl645_frame_encode(&frame, i % 6, bytes, sizeof(bytes), &size), OK);
        struct dl645_frame again = {0};
        CHECK_EQ_I64(dl645_frame_decode(bytes, size, &again), OK);
        CHECK_EQ_U64(again.data_size, frame.data_size);
        CHECK_EQ_MEM(again.data, frame.data, frame.data_size);
        CHECK_EQ_MEM(again.address, frame.address, DL645_ADDRESS_SIZE);
    }
}

TEST(noise_and_false_starts_before_a_frame)
{
    struct wire wire = wire_of("00 68 FE 68 12 68 68 00 68 12 00 00 00 10 20 68 91 08 33 35 C3 33 "
                               "89 CB 34 33 C4 16 AA BB");
    struct dl645_inspection i;
    dl645_inspect(wire.bytes, wire.size, &i);
    CHECK_EQ_I64(i.check, DL645_CHECK_OK);
    CHECK_EQ_U64(i.start, 8);
    CHECK_EQ_U64(i.preamble, 0);
}

TEST(addresses)
{
    uint8_t address[DL645_ADDRESS_SIZE];
    char text[DL645_ADDRESS_TEXT_SIZE];
    static const uint8_t wire[] = {0x12, 0x00, 0x00, 0x00, 0x10, 0x20};
    CHECK(dl645_address_parse("201000000012", address));
    CHECK_EQ_MEM(address, wire, sizeof(wire));
    CHECK_EQ_STR(dl645_address_format(wire, text), "201000000012");
    CHECK(!dl645_address_parse("20100000001", address));
    CHECK(!dl645_address_parse("2010000000123", address));
    CHECK(!dl645_address_parse("20100000001G", address));
    CHECK(!dl645_address_parse("2010 0000012", address));
    CHECK(!dl645_address_parse("", address));
    CHECK(dl645_address_is_meter("201000000012"));
    CHECK(!dl645_address_is_meter("20100000001A"));
    CHECK(!dl645_address_is_meter(DL645_ADDRESS_BROADCAST));
    CHECK(!dl645_address_is_meter(DL645_ADDRESS_ANY));
}

static bool matches(const char *wanted, const char *own)
{
    uint8_t a[DL645_ADDRESS_SIZE];
    uint8_t b[DL645_ADDRESS_SIZE];
    return dl645_address_parse(wanted, a) && dl645_address_parse(own, b) &&
           dl645_address_matches(a, b);
}

TEST(wildcards_and_shortened_addresses)
{
    char text[DL645_ADDRESS_TEXT_SIZE];
    CHECK(dl645_address_shorten("0012", text));
    CHECK_EQ_STR(text, "AAAAAAAA0012");
    CHECK(dl645_address_shorten("201000000012", text));
    CHECK_EQ_STR(text, "201000000012");
    CHECK(!dl645_address_shorten("012", text));
    CHECK(!dl645_address_shorten("", text));
    CHECK(!dl645_address_shorten("00A2", text));
    CHECK(!dl645_address_shorten("20100000001200", text));
    CHECK(matches(DL645_ADDRESS_ANY, "201000000012"));
    CHECK(matches("AAAAAAAA0012", "201000000012"));
    CHECK(!matches("AAAAAAAA0013", "201000000012"));
    CHECK(!matches("20AAAAAA0012", "201000000012")); /* a wildcard below a digit is none */
    CHECK(matches(DL645_ADDRESS_BROADCAST, "201000000012"));
    CHECK(!matches("201000000013", "201000000012"));
}

TEST_MAIN()
