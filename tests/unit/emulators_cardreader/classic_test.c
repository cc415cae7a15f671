/* SPDX-License-Identifier: Apache-2.0 */
/* MIFARE Classic: keys, access bits, values, and what a tear leaves behind. */
#include "tests/unit/emulators_cardreader/rig.h"
#include "tests/unit/test.h"

static struct rig rig;

static const char UID4[] = "4a8b1c2d";
static const char OK[] = "4100";
static const char REFUSED[] = "4113";
static const char NOT_TRUSTED[] = "4114";
static const char SILENT[] = "4101";
static const char BLOCK_1[] = "000102030405060708090a0b0c0d0e0f";

static struct classic *begin(void)
{
    rig_init(&rig);
    (void)rig_ask(&rig, "3205000102");
    struct card *card = rig_lay(&rig, "card", "classic", UID4);
    (void)rig_ask(&rig, "4a0100");
    return &card->memory.classic;
}

static const char *ask(const char *hex)
{
    char command[128];
    (void)snprintf(command, sizeof(command), "4001%s", hex);
    return rig_ask(&rig, command);
}

static const char *authenticate(char kind, unsigned block, const char *key)
{
    char command[64];
    (void)snprintf(command, sizeof(command), "6%c%02x%s%s", kind == 'A' ? '0' : '1', block, key,
                   UID4);
    return ask(command);
}

static void again(void)
{
    (void)rig_ask(&rig, "320100");
    (void)rig_ask(&rig, "4a0100");
}

/* Access bits of a sector's blocks 0..3 into its trailer, by the rule of the data sheet. */
static void set_bits(struct classic *classic, unsigned sector, unsigned data, unsigned trailer)
{
    unsigned c[3] = {0};
    for (unsigned block = 0; block < 4; block++) {
        unsigned bits = block == 3 ? trailer : data;
        for (unsigned i = 0; i < 3; i++) {
            c[i] |= (bits >> (2 - i) & 1U) << block;
        }
    }
    uint8_t *bytes = classic->blocks[sector * 4 + 3] + 6;
    bytes[0] = (uint8_t)((~c[1] & 0xFU) << 4 | (~c[0] & 0xFU));
    bytes[1] = (uint8_t)(c[0] << 4 | (~c[2] & 0xFU));
    bytes[2] = (uint8_t)(c[2] << 4 | c[1]);
    memset(bytes + 4, 0xBB, 6);
}

TEST(factory_card)
{
    (void)begin();
    CHECK_EQ_STR(authenticate('A', 3, "ffffffffffff"), OK);
    CHECK_EQ_STR(ask("3000"), "41004a8b1c2df0080400000000000000"
                              "0000");
    CHECK_EQ_STR(ask("3003"), "4100000000000000ff078069ffffffffffff");
    CHECK_EQ_STR(ask("a001000102030405060708090a0b0c0d0e0f"), OK);
    CHECK_EQ_STR(ask("3001") + 4, BLOCK_1);
    CHECK_EQ_STR(ask("a00000000000000000000000000000000000"), REFUSED);
    CHECK_EQ_STR(ask("3001"), SILENT); /* the refusal ended the selection */
}

TEST(wrong_key_silences_it)
{
    (void)begin();
    CHECK_EQ_STR(authenticate('A', 3, "000000000000"), NOT_TRUSTED);
    CHECK_EQ_STR(authenticate('A', 3, "ffffffffffff"), SILENT);
    again();
    CHECK_EQ_STR(authenticate('A', 3, "ffffffffffff"), OK);
    CHECK_EQ_STR(ask("3004"), REFUSED); /* another sector */
}

TEST(a_key_b_that_can_be_read_is_no_key)
{
    (void)begin();
    CHECK_EQ_STR(authenticate('B', 3, "ffffffffffff"), OK);
    CHECK_EQ_STR(ask("3001"), REFUSED);
}

TEST(broken_complement_kills_the_sector)
{
    struct classic *classic = begin();
    classic->blocks[3][6] ^= 0x01;
    CHECK_EQ_STR(authenticate('A', 0, "ffffffffffff"), NOT_TRUSTED);
}

/* What each key may do to a data block: read, write, increment, decrement, in the sheet's order. */
TEST(every_condition_of_a_data_block)
{
    static const char *const A_MAY[8] = {"rwid", "r--d", "r---", "----",
                                         "r---", "----", "r--d", "----"};
    static const char *const B_MAY[8] = {"rwid", "r--d", "r---", "rw--",
                                         "rw--", "r---", "rwid", "----"};
    static const char VALUE[] = "a00464000000"
                                "9bffffff"
                                "64000000"
                                "05fa05fa";
    for (unsigned bits = 0; bits < 8; bits++) {
        for (unsigned b = 0; b < 2; b++) {
            const char *may = b == 0 ? A_MAY[bits] : B_MAY[bits];
            static const char *const COMMANDS[4] = {"3004", VALUE, "c10401000000", "c00401000000"};
            for (unsigned i = 0; i < 4; i++) {
                struct classic *classic = begin();
                set_bits(classic, 1, bits, 3);
                static const uint8_t WRITTEN[16] = {0x64, 0, 0, 0, 0x9B, 0xFF, 0xFF, 0xFF,
                                                    0x64, 0, 0, 0, 5,    0xFA, 5,    0xFA};
                memcpy(classic->blocks[4], WRITTEN, sizeof(WRITTEN));
                CHECK_EQ_STR(
                    authenticate(b == 0 ? 'A' : 'B', 4, b == 0 ? "ffffffffffff" : "bbbbbbbbbbbb"),
                    OK);
                const char *answer = ask(COMMANDS[i]);
                bool allowed = strncmp(answer, OK, 4) == 0;
                if (allowed != (may[i] != '-')) {
                    TEST_FAIL("bits %u key %u command %s: %s", bits, b, COMMANDS[i], answer);
                }
            }
        }
    }
}

TEST(trailer_parts_have_rights_of_their_own)
{
    struct classic *classic = begin();
    set_bits(classic, 1, 0, 4); /* 100: B writes the keys, nobody the bits */
    CHECK_EQ_STR(authenticate('B', 4, "bbbbbbbbbbbb"), OK);
    CHECK_EQ_STR(ask("a007111111111111ff078069222222222222"), OK);
    static const uint8_t WANTED_A[6] = {0x11, 0x11, 0x11, 0x11, 0x11, 0x11};
    CHECK_EQ_MEM(classic->blocks[7], WANTED_A, 6);
    CHECK_EQ_U64(classic->blocks[7][6] == 0xFF && classic->blocks[7][7] == 0x07, 0);
    CHECK_EQ_U64(classic->blocks[7][10], 0x22);
    again();
    CHECK_EQ_STR(authenticate('A', 4, "111111111111"), OK);
    CHECK_EQ_STR(ask("a007111111111111ff078069222222222222"), REFUSED);
}

TEST(the_bits_of_our_cards)
{
    /* 78 77 88: data 100 (read A or B, write B), trailer 011 (all by B). */
    struct classic *classic = begin();
    set_bits(classic, 1, 4, 3);
    static const uint8_t BITS[3] = {0x78, 0x77, 0x88};
    CHECK_EQ_MEM(classic->blocks[7] + 6, BITS, 3);
    CHECK_EQ_STR(authenticate('A', 4, "ffffffffffff"), OK);
    CHECK_EQ_STR(ask("a004000102030405060708090a0b0c0d0e0f"), REFUSED);
}

TEST(values_move_through_the_buffer)
{
    (void)begin();
    (void)authenticate('A', 4, "ffffffffffff");
    CHECK_EQ_STR(ask("a004640000009bffffff6400000005fa05fa"), OK);
    CHECK_EQ_STR(ask("c10401000000"), OK);
    CHECK_EQ_STR(ask("b005"), OK);
    CHECK_EQ_STR(ask("3005"), "4100650000009affffff6500000005fa05fa");
    CHECK_EQ_STR(ask("c20500000000"), OK);
    CHECK_EQ_STR(ask("b004"), OK);
    CHECK_EQ_STR(ask("c00465000000"), OK);
    CHECK_EQ_STR(ask("b004"), OK);
    CHECK_EQ_STR(ask("3004"), "410000000000ffffffff0000000005fa05fa");
    CHECK_EQ_STR(ask("c10600000000"), REFUSED); /* no value block */
    again();
    (void)authenticate('A', 4, "ffffffffffff");
    CHECK_EQ_STR(ask("b004"), REFUSED); /* the buffer did not survive */
}

static struct classic *with_tear(const char *words)
{
    struct classic *classic = begin();
    memset(classic->blocks[1], 0xA5, 16);
    (void)authenticate('A', 1, "ffffffffffff");
    rig_fault(&rig, words);
    CHECK_EQ_STR(ask("a001000102030405060708090a0b0c0d0e0f"), SILENT);
    CHECK_EQ_U64(rig.reader.field.count, 0);
    return classic;
}

TEST(tears_of_every_kind)
{
    static const struct {
        const char *words;
        uint8_t wanted[16];
    } CASES[] = {
        {"tear how=before",
         {0xA5, 0xA5, 0xA5, 0xA5, 0xA5, 0xA5, 0xA5, 0xA5, 0xA5, 0xA5, 0xA5, 0xA5, 0xA5, 0xA5, 0xA5,
          0xA5}},
        {"tear how=after", {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15}},
        {"tear how=front k=3",
         {0, 1, 2, 0xA5, 0xA5, 0xA5, 0xA5, 0xA5, 0xA5, 0xA5, 0xA5, 0xA5, 0xA5, 0xA5, 0xA5, 0xA5}},
        {"tear how=back k=2",
         {0xA5, 0xA5, 0xA5, 0xA5, 0xA5, 0xA5, 0xA5, 0xA5, 0xA5, 0xA5, 0xA5, 0xA5, 0xA5, 0xA5, 14,
          15}},
        {"tear how=zeros", {0}},
        {"tear how=ones",
         {0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF,
          0xFF}},
    };
    for (size_t i = 0; i < sizeof(CASES) / sizeof(CASES[0]); i++) {
        CHECK_EQ_MEM(with_tear(CASES[i].words)->blocks[1], CASES[i].wanted, 16);
    }
}

static void lay_again(void)
{
    const char *why = "";
    CHECK(reader_lay(&rig.reader, "card", &why));
    (void)rig_ask(&rig, "4a0100");
    CHECK_EQ_STR(authenticate('A', 1, "ffffffffffff"), OK);
}

TEST(unstable_cells_read_as_they_like_until_rewritten)
{
    char first[64];
    bool differs = false;
    (void)with_tear("tear how=unstable");
    lay_again();
    (void)snprintf(first, sizeof(first), "%s", ask("3001"));
    for (int i = 0; i < 8; i++) {
        differs = strcmp(first, ask("3001")) != 0 || differs;
    }
    CHECK(differs);
    CHECK_EQ_STR(ask("a001000102030405060708090a0b0c0d0e0f"), OK);
    for (int i = 0; i < 8; i++) {
        CHECK_EQ_STR(ask("3001") + 4, BLOCK_1);
    }
}

TEST(weak_cells_are_found_after_a_field_reset_only)
{
    bool differs = false;
    (void)begin();
    (void)authenticate('A', 1, "ffffffffffff");
    rig_fault(&rig, "tear how=weak");
    CHECK_EQ_STR(ask("a001000102030405060708090a0b0c0d0e0f"), OK);
    for (int i = 0; i < 4; i++) {
        CHECK_EQ_STR(ask("3001") + 4, BLOCK_1);
    }
    again();
    (void)authenticate('A', 1, "ffffffffffff");
    for (int i = 0; i < 8; i++) {
        differs = strcmp(ask("3001") + 4, BLOCK_1) != 0 || differs;
    }
    CHECK(differs);
}

TEST(raw_writes_have_two_halves)
{
    struct classic *classic = begin();
    CHECK_EQ_STR(authenticate('A', 1, "ffffffffffff"), OK);
    (void)rig_ask(&rig, "08630280630380"); /* the chip makes the checksums */
    CHECK_EQ_STR(rig_ask(&rig, "42a001"), "43000a");
    CHECK_EQ_STR(rig_ask(&rig, "42000102030405060708090a0b0c0d0e0f"), "43000a");
    CHECK_EQ_U64(classic->blocks[1][15], 15);
    CHECK_EQ_STR(rig_ask(&rig, "425000"), "4301"); /* HLTA is not answered */
    CHECK_EQ_STR(rig_ask(&rig, "4a0100"), "4b00");
}

TEST_MAIN()
