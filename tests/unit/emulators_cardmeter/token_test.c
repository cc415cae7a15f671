/* SPDX-License-Identifier: Apache-2.0 */
/* The records of an SHL-C1 card against the vectors of the format. */
#include "emulators/cardmeter/token.h"
#include "emulators/cardreader/bytes.h"
#include "tests/unit/test.h"

static const uint8_t MASTER[TOKEN_KEY_SIZE] = {0, 1, 2,  3,  4,  5,  6,  7,
                                               8, 9, 10, 11, 12, 13, 14, 15};
static const uint8_t METER[TOKEN_METER_SIZE] = {0x00, 0x00, 0x12, 0x34, 0x56, 0x78};
static const uint8_t UID_BYTES[] = {0x4A, 0x8B, 0x1C, 0x2D};
static const struct token_uid UID = {UID_BYTES, sizeof(UID_BYTES)};
static const char CREDIT[] = "53010100080000000000123456780100"
                             "8038010000001027000008f15365e1a8"
                             "e80300f401000000fe3845d13d298448";
static const char RETURN[] = "52010001290000000000123456780100"
                             "701101000000e110000007000000d26a"
                             "40e2010064f15365e4fdfa0096f84f5b";

static struct token_keys keys(void)
{
    struct token_keys made;
    token_keys_make(MASTER, METER, &made);
    return made;
}

static void bytes_of(const char *hex, uint8_t *ret_bytes, size_t room)
{
    size_t size = 0;
    CHECK(bytes_from_hex(hex, ret_bytes, room, &size) && size == room);
}

static void check_hex(const uint8_t *bytes, size_t size, const char *wanted)
{
    char hex[2 * TOKEN_SIZE + 1];
    bytes_to_hex(bytes, size, hex);
    CHECK_EQ_STR(hex, wanted);
}

TEST(keys_of_the_vector)
{
    struct token_keys made = keys();
    check_hex(made.credit, TOKEN_KEY_SIZE, "db901c8df695e97df997c7103b34fa60");
    check_hex(made.give_back, TOKEN_KEY_SIZE, "4935b62647bda3b46e5bfc4b97655ef8");
    check_hex(made.sector, TOKEN_KEY_SIZE, "5049d2ae65922fcfa5032f86ecd2815e");
}

TEST(sector_keys_of_the_vector)
{
    static const char *const WANTED[] = {"486db578e43b", "c6147c262cd3", "4b2818c7f08a",
                                         "9a81ee5017ca", "f498b675824b", "871c1f550284",
                                         "b5470e948d02", "a4fc60188995"};
    struct token_keys made = keys();
    for (uint8_t i = 0; i < 8; i++) {
        uint8_t key[TOKEN_SECTOR_KEY_SIZE];
        token_sector_key(&made, &UID, (uint8_t)(1 + i / 2), i % 2 == 0 ? 'A' : 'B', key);
        check_hex(key, sizeof(key), WANTED[i]);
    }
}

TEST(credit_of_the_vector)
{
    struct token_keys made = keys();
    struct token_credit credit;
    uint8_t slot[TOKEN_SIZE];
    bytes_of(CREDIT, slot, sizeof(slot));
    CHECK_EQ_I64(token_credit_read(slot, &made, METER, &UID, &credit), TOKEN_GOOD);
    CHECK_EQ_U64(credit.kind, TOKEN_PURCHASE);
    CHECK_EQ_U64(credit.n, 8);
    CHECK_EQ_U64(credit.t_fen, 80000);
    CHECK_EQ_I64(credit.amount_fen, 10000);
    CHECK_EQ_U64(credit.issued_at, 1700000008);
    CHECK_EQ_U64(credit.alarm_fen, 1000);
    CHECK_EQ_U64(credit.overdraft_fen, 500);
    CHECK_EQ_U64(credit.key_id, 1);
}

TEST(return_of_the_vector)
{
    struct token_keys made = keys();
    uint8_t slot[TOKEN_SIZE];
    uint32_t seq = 0;
    struct token_return record = {.status = 1,
                                  .seq = 41,
                                  .key_id = 1,
                                  .t_fen = 70000,
                                  .balance_fen = 4321,
                                  .n = 7,
                                  .energy = 123456,
                                  .at = 1700000100};
    memcpy(record.meter, METER, sizeof(METER));
    token_return_write(&record, &made, &UID, slot);
    check_hex(slot, sizeof(slot), RETURN);
    CHECK(token_return_seq(slot, &seq));
    CHECK_EQ_U64(seq, 41);
}

TEST(every_changed_byte_of_a_credit_is_noticed)
{
    struct token_keys made = keys();
    struct token_credit credit;
    uint8_t slot[TOKEN_SIZE];
    for (size_t i = 0; i < TOKEN_SIZE; i++) {
        for (unsigned bit = 0; bit < 8; bit++) {
            bytes_of(CREDIT, slot, sizeof(slot));
            slot[i] ^= (uint8_t)(1U << bit);
            CHECK(token_credit_read(slot, &made, METER, &UID, &credit) != TOKEN_GOOD);
        }
    }
}

TEST(another_card_and_another_meter)
{
    static const uint8_t OTHER_UID[] = {0x4A, 0x8B, 0x1C, 0x2E};
    static const uint8_t OTHER_METER[TOKEN_METER_SIZE] = {0, 0, 0x12, 0x34, 0x56, 0x79};
    const struct token_uid other = {OTHER_UID, sizeof(OTHER_UID)};
    struct token_keys made = keys();
    struct token_credit credit;
    uint8_t slot[TOKEN_SIZE];
    bytes_of(CREDIT, slot, sizeof(slot));
    CHECK_EQ_I64(token_credit_read(slot, &made, METER, &other, &credit), TOKEN_MAC);
    CHECK_EQ_I64(token_credit_read(slot, &made, OTHER_METER, &UID, &credit), TOKEN_METER);
    memset(slot, 0, sizeof(slot));
    CHECK_EQ_I64(token_credit_read(slot, &made, METER, &UID, &credit), TOKEN_FORMAT);
}

TEST_MAIN()
