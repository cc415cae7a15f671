/* SPDX-License-Identifier: Apache-2.0 */
/* Faults of exchanges and of the serial line, each at the moment that was asked for. */
#include "tests/unit/emulators_cardreader/rig.h"
#include "tests/unit/test.h"

static struct rig rig;

static const char READ[] = "40013001";
static const char SILENT[] = "4101";
static const char READ_OK[] = "410000000000000000000000000000000000";

static void begin(void)
{
    rig_init(&rig);
    (void)rig_ask(&rig, "3205000102");
    (void)rig_lay(&rig, "card", "classic", "4a8b1c2d");
    (void)rig_ask(&rig, "4a0100");
    CHECK_EQ_STR(rig_ask(&rig, "40016000ffffffffffff4a8b1c2d"), "4100");
}

TEST(the_nth_exchange)
{
    begin();
    rig_fault(&rig, "status exchange=3 value=05");
    CHECK_EQ_STR(rig_ask(&rig, READ), READ_OK);
    CHECK_EQ_STR(rig_ask(&rig, READ), READ_OK);
    CHECK_EQ_STR(rig_ask(&rig, READ), "4105");
    CHECK_EQ_STR(rig_ask(&rig, READ), READ_OK);
}

TEST(as_often_as_asked)
{
    begin();
    rig_fault(&rig, "status count=2 value=02");
    CHECK_EQ_STR(rig_ask(&rig, READ), "4102");
    CHECK_EQ_STR(rig_ask(&rig, READ), "4102");
    CHECK_EQ_STR(rig_ask(&rig, READ), READ_OK);
    rig_fault(&rig, "status count=0 value=02");
    for (int i = 0; i < 5; i++) {
        CHECK_EQ_STR(rig_ask(&rig, READ), "4102");
    }
    CHECK(faults_clear(&rig.reader.faults, 0));
    CHECK_EQ_STR(rig_ask(&rig, READ), READ_OK);
}

TEST(an_answer_that_is_lost_was_carried_out)
{
    begin();
    rig_fault(&rig, "lose");
    CHECK_EQ_STR(rig_ask(&rig, "4001a00111111111111111111111111111111111"), "4101");
    CHECK_EQ_STR(rig_ask(&rig, READ), "410011111111111111111111111111111111");
    rig_fault(&rig, "status value=01");
    CHECK_EQ_STR(rig_ask(&rig, "4001a00122222222222222222222222222222222"), "4101");
    CHECK_EQ_STR(rig_ask(&rig, READ), "410011111111111111111111111111111111");
    rig_fault(&rig, "status value=01 done=1");
    CHECK_EQ_STR(rig_ask(&rig, "4001a00122222222222222222222222222222222"), "4101");
    CHECK_EQ_STR(rig_ask(&rig, READ), "410022222222222222222222222222222222");
}

TEST(taken_away_before)
{
    begin();
    rig_fault(&rig, "remove exchange=2");
    CHECK_EQ_STR(rig_ask(&rig, READ), READ_OK);
    CHECK_EQ_STR(rig_ask(&rig, READ), "4101");
    CHECK_EQ_STR(rig_ask(&rig, "4a0100"), "4b00");
}

TEST(taken_away_at_a_select)
{
    begin();
    rig_fault(&rig, "remove select=1");
    CHECK_EQ_STR(rig_ask(&rig, "4a0100"), "4b00");
}

TEST(another_card_lies_there)
{
    begin();
    (void)reader_take(&rig.reader, NULL);
    (void)rig_lay(&rig, "other", "classic", "11223344");
    (void)reader_take(&rig.reader, NULL);
    const char *why = "";
    CHECK(reader_lay(&rig.reader, "card", &why));
    (void)rig_ask(&rig, "4a0100");
    rig_fault(&rig, "swap card=other");
    CHECK_EQ_STR(rig_ask(&rig, READ), "4101");
    CHECK_EQ_STR(rig_ask(&rig, "4a0100"), "4b01010004080411223344");
}

TEST(the_chip_loses_power)
{
    begin();
    rig_fault(&rig, "power-cut exchange=1");
    CHECK_EQ_STR(rig_ask(&rig, READ), "silence");
    CHECK_EQ_STR(rig_ask(&rig, READ), "silence");
    CHECK_EQ_I64(rig.reader.chip.power, CHIP_LOW_VBAT);
}

TEST(a_hung_chip)
{
    begin();
    rig_fault(&rig, "mute exchange=1 ms=100");
    CHECK_EQ_STR(rig_ask(&rig, READ), "ack");
    CHECK_EQ_STR(rig_ask(&rig, "02"), "silence");
    rig.now_us += 200000;
    CHECK_EQ_STR(rig_ask(&rig, "02"), "0332010607");
    rig_fault(&rig, "mute command=1");
    CHECK_EQ_STR(rig_ask(&rig, "02"), "silence");
}

TEST(spoilt_replies)
{
    static const char ACK[] = "0000ff00ff00";
    static const struct {
        const char *words;
        const char *ack;
        const char *reply;
    } CASES[] = {
        {"cut byte=4", ACK, "0000ff06"},
        {"cut byte=0", ACK, ""},
        {"drop", ACK, ""},
        {"flip byte=6 bit=7", ACK, "0000ff06fad58332010607e800"},
        {"noise hex=00ff55", ACK, "00ff550000ff06fad50332010607e800"},
        {"stray hex=aabb", ACK, "0000ff06fad50332010607e800aabb"},
        {"no-ack", "", "0000ff06fad50332010607e800"},
        {"nack", "0000ffff0000", "0000ff06fad50332010607e800"},
    };
    begin();
    for (size_t i = 0; i < sizeof(CASES) / sizeof(CASES[0]); i++) {
        uint8_t wire[FRAME_WIRE_MAX];
        char wanted[128];
        rig_fault(&rig, CASES[i].words);
        (void)snprintf(wanted, sizeof(wanted), "%s%s", CASES[i].ack, CASES[i].reply);
        rig_feed(&rig, wire, rig_frame("02", wire));
        CHECK_EQ_STR(rig_bytes(&rig), wanted);
        CHECK_EQ_STR(rig_ask(&rig, "02"), "0332010607");
    }
}

TEST(slow_replies)
{
    uint8_t wire[FRAME_WIRE_MAX];
    uint8_t bytes[64];
    begin();
    rig_fault(&rig, "stutter ms=10");
    rig_feed(&rig, wire, rig_frame("02", wire));
    struct line *out = &rig.reader.out;
    CHECK_EQ_U64(line_take(out, bytes, sizeof(bytes), rig.now_us), 7); /* and the first byte */
    CHECK_EQ_U64(line_take(out, bytes, sizeof(bytes), rig.now_us + 9999), 0);
    CHECK_EQ_U64(line_take(out, bytes, sizeof(bytes), rig.now_us + 50000), 5);
    CHECK_EQ_U64(line_take(out, bytes, sizeof(bytes), rig.now_us + 1000000), 7);
    rig_fault(&rig, "delay ms=300");
    rig_feed(&rig, wire, rig_frame("02", wire));
    CHECK_EQ_U64(line_take(out, bytes, sizeof(bytes), rig.now_us + 299999), 6);
    CHECK_EQ_U64(line_take(out, bytes, sizeof(bytes), rig.now_us + 300000), 13);
}

TEST(bytes_take_their_time)
{
    uint8_t wire[FRAME_WIRE_MAX];
    uint8_t bytes[64];
    begin();
    struct line *out = &rig.reader.out;
    out->baud = 115200;
    rig_feed(&rig, wire, rig_frame("02", wire));
    /* 6 bytes of 10 bits are 520 us, 13 more are 1128 us. */
    CHECK_EQ_U64(line_take(out, bytes, sizeof(bytes), rig.now_us + 519), 0);
    CHECK_EQ_U64(line_take(out, bytes, sizeof(bytes), rig.now_us + 520), 6);
    CHECK_EQ_U64(line_take(out, bytes, sizeof(bytes), rig.now_us + 1647), 0);
    CHECK_EQ_U64(line_take(out, bytes, sizeof(bytes), rig.now_us + 1648), 13);
}

TEST(at_a_byte_of_the_line)
{
    uint8_t wire[FRAME_WIRE_MAX];
    uint8_t byte = 0;
    begin();
    size_t size = rig_frame(READ, wire);
    rig_fault(&rig, "remove host-byte=5");
    CHECK_EQ_STR(rig_ask(&rig, READ), SILENT);
    for (size_t n = 1; n <= size; n++) {
        char words[64];
        begin();
        (void)snprintf(words, sizeof(words), "power-cut host-byte=%zu", n);
        rig_fault(&rig, words);
        CHECK_EQ_STR(rig_ask(&rig, READ), "silence");
        CHECK_EQ_I64(rig.reader.chip.power, CHIP_LOW_VBAT);
    }
    begin();
    rig_fault(&rig, "mute chip-byte=2");
    rig_feed(&rig, wire, size);
    CHECK_EQ_U64(line_take(&rig.reader.out, &byte, 1, rig.now_us), 1);
    chip_byte_left(&rig.reader.chip);
    CHECK(!rig.reader.chip.mute);
    chip_byte_left(&rig.reader.chip);
    CHECK(rig.reader.chip.mute);
}

TEST(words_that_are_none)
{
    static const char *const WRONG[] = {"",
                                        "explode",
                                        "cut byte=x",
                                        "cut exchange=0",
                                        "tear how=gently",
                                        "tear exchange=1",
                                        "cut host-byte=1",
                                        "noise hex=0",
                                        "status value=123",
                                        "flip bit=8",
                                        "remove done=2",
                                        "remove nonsense"};
    rig_init(&rig);
    for (size_t i = 0; i < sizeof(WRONG) / sizeof(WRONG[0]); i++) {
        char copy[64];
        const char *why = "";
        (void)snprintf(copy, sizeof(copy), "%s", WRONG[i]);
        CHECK_EQ_U64(faults_add(&rig.reader.faults, copy, &why), 0);
        CHECK(why[0] != '\0');
    }
}

TEST(the_same_seed_draws_the_same)
{
    static struct faults one;
    static struct faults two;
    faults_init(&one, 42);
    faults_init(&two, 42);
    for (int i = 0; i < 100; i++) {
        CHECK_EQ_U64(faults_random(&one), faults_random(&two));
    }
    faults_init(&two, 43);
    CHECK(faults_random(&one) != faults_random(&two));
}

TEST_MAIN()
