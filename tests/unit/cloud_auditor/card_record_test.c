/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "cloud/auditor/card_record.h"
#include "tests/unit/test.h"

/* The examples of docs/cards.md and tests/vectors/cards.json. */
static const uint8_t MASTER[RECORD_KEY_SIZE] = {0, 1, 2,  3,  4,  5,  6,  7,
                                                8, 9, 10, 11, 12, 13, 14, 15};
static const char CREDIT[] = "530101000800000000001234567801008038010000001027000008f15365e1a8"
                             "e80300f401000000fe3845d13d298448";
static const char REVERSAL[] = "530102ffffffffff999999999999ffffffffffffffff00000080ffffffff09d0"
                               "ffffffffffff000073d319c1c8d5ebc9";
static const char BACK[] = "520111060200000000000000000101008813000000002efbffff01000000b97b"
                           "0903000000f153655a709d7f1cfc5267";
static const char ISSUE[] = "4901110067120000000012345678010000000000424200f153650000000015df"
                            "0000000000000000c3f8d85bc58c5b70";

static bool read_text(const char *text, enum record_kind kind, struct record *ret_record)
{
    uint8_t bytes[RECORD_SIZE];
    CHECK(record_hex(text, strlen(text), bytes, sizeof(bytes)));
    return record_read(bytes, kind, ret_record);
}

static bool is_signed(const char *uid, enum record_kind kind, const struct record *record)
{
    struct record_signer signer;
    CHECK(record_signer_make(MASTER, record->meter, uid, &signer));
    return record_is_signed(&signer, kind, record->bytes);
}

TEST(a_token_is_read_and_its_mac_is_right_for_its_card_alone)
{
    struct record record;
    CHECK(read_text(CREDIT, RECORD_CREDIT, &record));
    CHECK_EQ_I64(record.kind, 1);
    CHECK_EQ_I64(record.number, 8);
    CHECK_EQ_I64(record.key_id, 1);
    CHECK_EQ_I64(record.total_fen, 80000);
    CHECK_EQ_I64(record.fen, 10000);
    CHECK(is_signed("4A8B1C2D", RECORD_CREDIT, &record));
    CHECK(!is_signed("4A8B1C2E", RECORD_CREDIT, &record));
    CHECK(!is_signed("4A8B1C2D", RECORD_RETURN, &record));
}

TEST(the_largest_and_the_smallest_numbers)
{
    struct record record;
    CHECK(read_text(REVERSAL, RECORD_CREDIT, &record));
    CHECK_EQ_I64(record.kind, 2);
    CHECK_EQ_I64(record.number, UINT32_MAX);
    CHECK_EQ_I64(record.total_fen, (INT64_C(1) << 48) - 1);
    CHECK_EQ_I64(record.fen, INT32_MIN);
    CHECK(is_signed("04A1B2C3D4E5F6", RECORD_CREDIT, &record));
}

TEST(a_meters_word_with_a_debt)
{
    struct record record;
    CHECK(read_text(BACK, RECORD_RETURN, &record));
    CHECK_EQ_I64(record.error, 17);
    CHECK_EQ_I64(record.seq, 2);
    CHECK_EQ_I64(record.number, 1);
    CHECK_EQ_I64(record.total_fen, 5000);
    CHECK_EQ_I64(record.fen, -1234);
    CHECK_EQ_I64(record.energy, 777);
    CHECK(is_signed("4A8B1C2D", RECORD_RETURN, &record));
}

TEST(an_issue_record)
{
    struct record record;
    CHECK(read_text(ISSUE, RECORD_ISSUE, &record));
    CHECK_EQ_I64(record.number, 4711);
    CHECK(is_signed("4A8B1C2D", RECORD_ISSUE, &record));
}

/* The CRC covers all but itself and the MAC, and the MAC what the CRC covers. */
TEST(every_bit_counts)
{
    struct record record;
    struct record whole;
    uint8_t bytes[RECORD_SIZE];
    CHECK(read_text(CREDIT, RECORD_CREDIT, &whole));
    for (size_t bit = 0; bit < 8U * RECORD_SIZE; bit++) {
        memcpy(bytes, whole.bytes, sizeof(bytes));
        bytes[bit / 8] ^= (uint8_t)(1U << (bit % 8));
        if (bit / 8 < RECORD_SIGNED_SIZE) {
            CHECK(!record_read(bytes, RECORD_CREDIT, &record));
        } else {
            CHECK(record_read(bytes, RECORD_CREDIT, &record));
            CHECK(!is_signed("4A8B1C2D", RECORD_CREDIT, &record));
        }
    }
}

TEST(one_kind_is_not_read_as_another_and_nothing_as_any)
{
    struct record record;
    const uint8_t nothing[RECORD_SIZE] = {0};
    CHECK(!read_text(CREDIT, RECORD_RETURN, &record));
    CHECK(!read_text(BACK, RECORD_ISSUE, &record));
    CHECK(!read_text(ISSUE, RECORD_CREDIT, &record));
    CHECK(!record_read(nothing, RECORD_CREDIT, &record));
}

TEST(a_uid_must_be_one)
{
    struct record record;
    struct record_signer signer;
    CHECK(read_text(CREDIT, RECORD_CREDIT, &record));
    CHECK(!record_signer_make(MASTER, record.meter, "", &signer));
    CHECK(!record_signer_make(MASTER, record.meter, "4A8B1C2", &signer));
    CHECK(!record_signer_make(MASTER, record.meter, "4A8B1C2X", &signer));
    CHECK(!record_signer_make(MASTER, record.meter, "0102030405060708090A0B", &signer));
}

TEST(a_purchase_cards_files)
{
    uint8_t answer[RECORD_ANSWER_SIZE] = {0x68, 0x11, 0x00, 0x2B};
    struct record_answer said;
    const struct record_wallet wallet =
        record_wallet_read((const uint8_t[RECORD_WALLET_SIZE]){0, 0, 0x13, 0x88, 0, 0, 0, 3});
    CHECK_EQ_I64(wallet.fen, 5000);
    CHECK_EQ_I64(wallet.count, 3);
    answer[12] = 0x17; /* meter */
    answer[26] = 100;  /* remaining */
    answer[30] = 3;    /* count */
    answer[33] = 1;    /* overdraft: 256 */
    answer[47] = 0x11 + 0x2B + 0x17 + 100 + 3 + 1;
    answer[48] = 0x16;
    CHECK(record_answer_read(answer, &said));
    CHECK_EQ_I64(said.count, 3);
    CHECK_EQ_I64(said.balance_fen, 100 - 256);
    CHECK_EQ_I64(said.meter[1], 0x17);
    for (size_t i = 0; i < sizeof(answer); i++) {
        answer[i] ^= 0x40;
        CHECK(!record_answer_read(answer, &said));
        answer[i] ^= 0x40;
    }
}

TEST_MAIN()
