/* SPDX-License-Identifier: Apache-2.0 */

/* What the vectors of the card format (tests/vectors/cards.json) do not say. */
#include "common/compiler.h"
#include "protocol/card/apdu.h"
#include "protocol/card/judge.h"
#include "protocol/card/mifare.h"
#include "protocol/card/record.h"
#include "protocol/card/uid.h"
#include "tests/unit/test.h"

static struct card_credit token(uint32_t n)
{
    return (struct card_credit){.kind = CARD_CREDIT_PURCHASE,
                                .n = n,
                                .meter = {0x00, 0x00, 0x12, 0x34, 0x56, 0x78},
                                .total_fen = (int64_t)n * 10000};
}

TEST(a_uid_has_four_seven_or_ten_bytes)
{
    static const char *const good[] = {"4A8B1C2D", "04a1b2c3d4e5f6", "00112233445566778899"};
    static const char *const bad[] = {"",          "4A",
                                      "4A8B1C",    "4A8B1C2D3E",
                                      "4A8B1C2G",  "4A 8B 1C 2D",
                                      "4A8B1C2D ", "4A8B1C2",
                                      "x",         "0011223344556677889900"};
    struct card_uid uid;
    char text[CARD_UID_TEXT_SIZE];
    for (size_t i = 0; i < ARRAY_COUNT(good); i++) {
        CHECK(card_uid_parse(good[i], &uid));
        CHECK_EQ_U64(uid.size, strlen(good[i]) / 2);
    }
    for (size_t i = 0; i < ARRAY_COUNT(bad); i++) {
        CHECK(!card_uid_parse(bad[i], &uid));
    }
    CHECK(card_uid_parse("04a1b2c3d4e5f6", &uid));
    card_uid_format(&uid, text);
    CHECK_EQ_STR(text, "04A1B2C3D4E5F6");
}

TEST(uids_of_other_lengths_are_other_cards)
{
    struct card_uid a;
    struct card_uid b;
    CHECK(card_uid_parse("4A8B1C2D", &a));
    CHECK(card_uid_parse("4A8B1C2D000000", &b));
    CHECK(!card_uid_equal(&a, &b));
    CHECK(card_uid_equal(&a, &a));
    CHECK(!card_uid_is_random(&a));
    CHECK(card_uid_parse("08AABBCC", &a));
    CHECK(card_uid_is_random(&a));
    CHECK(card_uid_parse("08AABBCCDDEEFF", &a));
    CHECK(!card_uid_is_random(&a));
}

TEST(texts_of_records_and_meters)
{
    uint8_t meter[CARD_METER_SIZE];
    uint8_t record[CARD_RECORD_SIZE];
    char text[CARD_RECORD_TEXT_SIZE];
    CHECK(card_meter_parse("000012345678", meter));
    CHECK(!card_meter_parse("00001234567", meter));
    CHECK(!card_meter_parse("00001234567A", meter));
    CHECK(!card_meter_parse("0000123456789", meter));
    char digits[CARD_METER_TEXT_SIZE];
    CHECK(card_meter_parse("000012345678", meter));
    card_meter_format(meter, digits);
    CHECK_EQ_STR(digits, "000012345678");
    struct card_credit credit = token(8);
    card_credit_encode(&credit, record);
    card_record_format(record, text);
    CHECK_EQ_U64(strlen(text), 2 * CARD_RECORD_SIZE);
    CHECK(card_record_parse(text, record));
    text[95] = 'x';
    CHECK(!card_record_parse(text, record));
    text[94] = '\0';
    CHECK(!card_record_parse(text, record));
}

/* A cut may end at any byte: front new, rest old, or the other way round. The CRC lets through what
 * differs behind byte 39 only, and no cut may leave a record with a number of its own. */
TEST(a_cut_at_any_byte_is_torn_or_tells_an_honest_number)
{
    uint8_t old[CARD_RECORD_SIZE];
    uint8_t new[CARD_RECORD_SIZE];
    for (uint32_t n = 1; n < 300; n++) {
        struct card_credit before = token(n);
        struct card_credit after = token(n + 1);
        memset(before.mac, (int)(n & 0x7F), sizeof(before.mac));
        memset(after.mac, (int)((n + 1) & 0x7F), sizeof(after.mac));
        card_credit_encode(&before, old);
        card_credit_encode(&after, new);
        for (size_t k = 1; k < CARD_RECORD_SIZE; k++) {
            uint8_t mixed[CARD_RECORD_SIZE];
            struct card_credit got = {.n = 0};
            memcpy(mixed, new, k);
            memcpy(mixed + k, old + k, CARD_RECORD_SIZE - k);
            if (card_credit_decode(mixed, &got) == CARD_SLOT_WHOLE) {
                CHECK(memcmp(mixed, old, CARD_RECORD_SIGNED_SIZE) == 0 ||
                      memcmp(mixed, new, CARD_RECORD_SIGNED_SIZE) == 0);
            }
        }
    }
}

TEST(return_slots_are_judged_by_their_sequence)
{
    struct card_slots slots = {.read = {true, true}};
    struct card_return record = {.seq = 7, .n = 9, .meter = {1, 2, 3, 4, 5, 6}};
    card_return_encode(&record, slots.bytes[0]);
    record.seq = 8;
    record.n = 3;
    card_return_encode(&record, slots.bytes[1]);
    struct card_judgement judgement = card_slots_judge(CARD_RECORD_RETURN, &slots);
    CHECK_EQ_I64(judgement.winner, 1);
    CHECK_EQ_U64(judgement.number[0], 7);
    CHECK(!judgement.same && !judgement.split);
    judgement = card_slots_judge(CARD_RECORD_CREDIT, &slots);
    CHECK_EQ_I64(judgement.winner, -1);
    CHECK_EQ_I64(judgement.state[0], CARD_SLOT_TORN);
}

TEST(a_broken_trailer_is_no_trailer)
{
    uint8_t block[CARD_BLOCK_SIZE] = {0};
    struct mifare_trailer trailer;
    CHECK(!mifare_trailer_decode(block, &trailer));
    mifare_access_encode(&CARD_ACCESS, 0x69, block + 6);
    CHECK(mifare_trailer_decode(block, &trailer));
    for (unsigned bit = 0; bit < 24; bit++) {
        block[6 + bit / 8] ^= (uint8_t)(1U << (bit % 8));
        CHECK(!mifare_trailer_decode(block, &trailer));
        block[6 + bit / 8] ^= (uint8_t)(1U << (bit % 8));
    }
    CHECK_EQ_U64(mifare_block(1, 0), 4);
    CHECK_EQ_U64(mifare_block(15, 3), 63);
}

/* --- APDUs ----------------------------------------------------------------------------------- */

TEST(the_four_cases_of_a_command)
{
    static const char *const texts[] = {"00840000", "0084000008", "00A40000023F00",
                                        "905A00000301024C00"};
    for (size_t i = 0; i < ARRAY_COUNT(texts); i++) {
        struct apdu apdu;
        struct apdu again;
        struct apdu_command command;
        char text[APDU_TEXT_SIZE];
        CHECK(apdu_parse(texts[i], &apdu));
        CHECK(apdu_decode(&apdu, &command));
        apdu_encode(&command, &again);
        apdu_format(&again, text);
        CHECK_EQ_STR(text, texts[i]);
    }
}

TEST(lengths_that_do_not_fit_are_refused)
{
    static const char *const texts[] = {
        "0084", "00A400", "00A40000033F00", "00A40000013F0000", "00A4000000FF", "00A40000003F"};
    for (size_t i = 0; i < ARRAY_COUNT(texts); i++) {
        struct apdu apdu;
        struct apdu_command command;
        CHECK(apdu_parse(texts[i], &apdu));
        CHECK(!apdu_decode(&apdu, &command));
        CHECK(!apdu_is_harmless(&apdu));
        CHECK(apdu_may_write(&apdu));
    }
    struct apdu apdu;
    char long_text[2 * APDU_SIZE_MAX + 3];
    memset(long_text, '0', sizeof(long_text));
    long_text[sizeof(long_text) - 1] = '\0';
    CHECK(!apdu_parse(long_text, &apdu));
    long_text[2 * APDU_SIZE_MAX] = '\0';
    CHECK(apdu_parse(long_text, &apdu));
    CHECK_EQ_U64(apdu.size, APDU_SIZE_MAX);
    CHECK(!apdu_parse("00", &apdu));
    CHECK(!apdu_parse("00 84 00 00", &apdu));
    CHECK(!apdu_parse("008400000", &apdu));
}

TEST(only_known_commands_are_harmless)
{
    /* Without 82, 20, 0A, 1A: who may guess without end may lock a card. */
    static const uint8_t iso[] = {0xA4, 0xB0, 0xB2, 0x84, 0x88};
    static const uint8_t desfire[] = {0x5A, 0xAA, 0xAF, 0x60, 0xBD, 0xF5, 0x45, 0x64, 0x51, 0x6C};
    for (unsigned cla = 0; cla < 256; cla++) {
        for (unsigned ins = 0; ins < 256; ins++) {
            struct apdu apdu = {{(uint8_t)cla, (uint8_t)ins, 0, 0}, 4};
            bool want = (cla == 0x00 && memchr(iso, (int)ins, sizeof(iso)) != NULL) ||
                        (cla == 0x90 && memchr(desfire, (int)ins, sizeof(desfire)) != NULL);
            const bool opens = cla == 0x00 && (ins == 0x82 || ins == 0x20);
            CHECK_EQ_I64(apdu_is_harmless(&apdu), want);
            CHECK_EQ_I64(apdu_may_write(&apdu), !want && !opens);
        }
    }
}

TEST(a_round_is_bound_with_its_bounds_and_what_it_expects)
{
    static const uint8_t want[] = {0, 5, 0x00, 0x84, 0x00, 0x00, 0x08, 1, 0x90, 0x00};
    const uint16_t fine = 0x9000;
    const uint16_t zero = 0;
    struct apdu apdu;
    uint8_t bytes[APDU_BOUND_SIZE_MAX];
    uint8_t other[APDU_BOUND_SIZE_MAX];
    CHECK(apdu_parse("0084000008", &apdu));
    CHECK_EQ_U64(apdu_bind(&apdu, &fine, bytes), sizeof(want));
    CHECK_EQ_MEM(bytes, want, sizeof(want));
    CHECK_EQ_U64(apdu_bind(&apdu, NULL, bytes), sizeof(want));
    CHECK_EQ_U64(apdu_bind(&apdu, &zero, other), sizeof(want));
    CHECK(memcmp(bytes, other, sizeof(want)) != 0); /* any, and a status of zeros */
    CHECK_EQ_MEM(bytes + 7, "\0\0\0", 3);
    apdu = (struct apdu){.size = APDU_SIZE_MAX};
    CHECK_EQ_U64(apdu_bind(&apdu, &fine, bytes), APDU_BOUND_SIZE_MAX);
    CHECK_EQ_U64(bytes[0] << 8 | bytes[1], APDU_SIZE_MAX);
}

TEST(the_status_of_an_answer)
{
    struct apdu answer;
    uint16_t status = 0;
    CHECK(apdu_parse("01029000", &answer));
    CHECK(apdu_answer_status(&answer, &status));
    CHECK_EQ_U64(status, 0x9000);
    answer.size = 1;
    CHECK(!apdu_answer_status(&answer, &status));
}

TEST_MAIN()
