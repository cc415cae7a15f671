/* SPDX-License-Identifier: Apache-2.0 */
/* Every fault does on the wire what its name says, as often as asked, and where asked. */
#include <signal.h>

#include "tests/unit/emulators/rig.h"
#include "tests/unit/test.h"

#define METER "000000000001"
#define CONFIG                                                                                     \
    "bus = { baud = 115200; td_ms = 1; fe = 4; clock = \"2026-11-20 08:00:00\"; speed = 0; "       \
    "password = \"02123456\"; relay_delay_ms = 0; }; meters = ("                                   \
    "{ address = \"000000000001\"; energy = \"12.34\"; }, { address = \"000000000002\"; },"        \
    "{ address = \"000000000003\"; kind = \"count\"; } );"

enum { REPLY_BYTES = 24, FE_COUNT = 4 };

static const uint8_t DI[4] = {0x00, 0x00, 0x01, 0x00};
static const uint8_t REPLY[REPLY_BYTES] = {0xFE, 0xFE, 0xFE, 0xFE, 0x68, 0x01, 0x00, 0x00,
                                           0x00, 0x00, 0x00, 0x68, 0x91, 0x08, 0x33, 0x33,
                                           0x34, 0x33, 0x67, 0x45, 0x33, 0x33, 0x49, 0x16};

static struct rig rig;
static uint8_t got[RIG_BYTES_MAX];

/* Ask for the register under a fault; how many bytes came back, in got. */
static size_t ask_spoilt(const char *fault)
{
    uint8_t bytes[RIG_BYTES_MAX];
    if (strncmp(rig_tell(&rig, "fault %s", fault), "ok ", 3) != 0) {
        TEST_FAIL("fault %s: %s", fault, rig.answer);
    }
    rig_write(&rig, bytes, rig_frame_make(METER, 0x11, DI, sizeof(DI), bytes));
    return rig_read(&rig, 400, 150, got, sizeof(got));
}

/* The next read must be sound again: a fault hits once. */
static void check_sound(void)
{
    uint8_t bytes[RIG_BYTES_MAX];
    rig_write(&rig, bytes, rig_frame_make(METER, 0x11, DI, sizeof(DI), bytes));
    CHECK_EQ_U64(rig_read(&rig, 1000, 150, got, sizeof(got)), REPLY_BYTES);
    CHECK_EQ_MEM(got, REPLY, REPLY_BYTES);
}

static bool found(size_t size)
{
    struct rig_frame frame;
    return rig_frame_find(got, size, &frame);
}

TEST(lost_request_and_lost_reply_are_silent)
{
    CHECK(rig_start(&rig, CONFIG, 115200));
    check_sound();
    CHECK_EQ_U64(ask_spoilt("lost_reply"), 0);
    check_sound();
    CHECK_EQ_U64(ask_spoilt("lost_request"), 0);
    check_sound();
    rig_finish(&rig);
}

TEST(a_lost_reply_is_executed_and_a_lost_request_is_not)
{
    const uint8_t trip[16] = {0x02, 0x56, 0x34, 0x12, 0x01, 0x00, 0x00, 0x00,
                              0x1A, 0x00, 0x00, 0x10, 0x08, 0x20, 0x11, 0x26};
    CHECK(rig_start(&rig, CONFIG, 115200));
    (void)rig_tell(&rig, "fault lost_request control=1C");
    CHECK(rig_silent(&rig, METER, 0x1C, trip, sizeof(trip)));
    (void)rig_tell(&rig, "get " METER);
    CHECK(rig_said(&rig, "\"relay\":\"closed\""));
    (void)rig_tell(&rig, "fault lost_reply control=1C");
    CHECK(rig_silent(&rig, METER, 0x1C, trip, sizeof(trip)));
    (void)rig_tell(&rig, "get " METER);
    CHECK(rig_said(&rig, "\"relay\":\"open\""));
    rig_finish(&rig);
}

TEST(bits_sums_and_lengths_can_be_wrong)
{
    struct rig_frame frame;
    CHECK(rig_start(&rig, CONFIG, 115200));
    CHECK_EQ_U64(ask_spoilt("flip_bit at=14 bit=3"), REPLY_BYTES);
    CHECK_EQ_U64(got[FE_COUNT + 14], REPLY[FE_COUNT + 14] ^ 0x08);
    CHECK(!found(REPLY_BYTES));
    CHECK_EQ_U64(ask_spoilt("bad_checksum"), REPLY_BYTES);
    CHECK_EQ_U64(got[REPLY_BYTES - 2], REPLY[REPLY_BYTES - 2] + 1);
    CHECK_EQ_U64(ask_spoilt("bad_length delta=5"), REPLY_BYTES);
    CHECK_EQ_U64(got[FE_COUNT + 9], 13);
    CHECK(!found(REPLY_BYTES));
    CHECK_EQ_U64(ask_spoilt("wrong_length delta=-2"), REPLY_BYTES - 2);
    CHECK(rig_frame_find(got, REPLY_BYTES - 2, &frame));
    CHECK_EQ_U64(frame.size, 6);
    CHECK_EQ_U64(ask_spoilt("wrong_length delta=3"), REPLY_BYTES + 3);
    CHECK(rig_frame_find(got, REPLY_BYTES + 3, &frame));
    CHECK_EQ_U64(frame.size, 11);
    CHECK_EQ_U64(ask_spoilt("other_address"), REPLY_BYTES);
    CHECK(rig_frame_find(got, REPLY_BYTES, &frame));
    CHECK_EQ_U64(frame.address[0], 0x00);
    check_sound();
    rig_finish(&rig);
}

TEST(noise_and_trailing_bytes_go_where_they_are_put)
{
    static const uint8_t NOISE[2] = {0x68, 0x16};
    struct rig_frame frame;
    CHECK(rig_start(&rig, CONFIG, 115200));
    CHECK_EQ_U64(ask_spoilt("noise_before hex=6816"), REPLY_BYTES + 2);
    CHECK_EQ_MEM(got, NOISE, 2);
    CHECK_EQ_MEM(got + 2, REPLY, REPLY_BYTES);
    CHECK_EQ_U64(ask_spoilt("noise_inside hex=6816 at=12"), REPLY_BYTES + 2);
    CHECK_EQ_MEM(got + FE_COUNT + 12, NOISE, 2);
    CHECK(!found(REPLY_BYTES + 2));
    CHECK_EQ_U64(ask_spoilt("trailing hex=6816"), REPLY_BYTES + 2);
    CHECK_EQ_MEM(got, REPLY, REPLY_BYTES);
    CHECK_EQ_MEM(got + REPLY_BYTES, NOISE, 2);
    CHECK_EQ_U64(ask_spoilt("trailing_data hex=6816"), REPLY_BYTES + 2);
    CHECK(rig_frame_find(got, REPLY_BYTES + 2, &frame));
    CHECK_EQ_U64(frame.size, 10);
    CHECK_EQ_MEM(frame.data + 8, NOISE, 2);
    check_sound();
    rig_finish(&rig);
}

TEST(late_and_split_replies_come_whole_but_later)
{
    uint8_t bytes[RIG_BYTES_MAX];
    CHECK(rig_start(&rig, CONFIG, 115200));
    (void)rig_tell(&rig, "fault late ms=300");
    int64_t begin_us = rig_now_us();
    rig_write(&rig, bytes, rig_frame_make(METER, 0x11, DI, sizeof(DI), bytes));
    CHECK_EQ_U64(rig_read(&rig, 1000, 150, got, sizeof(got)), REPLY_BYTES);
    CHECK(rig_now_us() - begin_us >= 300000);
    (void)rig_tell(&rig, "fault split ms=150 at=6");
    rig_write(&rig, bytes, rig_frame_make(METER, 0x11, DI, sizeof(DI), bytes));
    CHECK_EQ_U64(rig_read(&rig, 1000, 75, got, sizeof(got)), FE_COUNT + 6);
    CHECK_EQ_U64(rig_read(&rig, 1000, 75, got + FE_COUNT + 6, 64), REPLY_BYTES - FE_COUNT - 6);
    CHECK_EQ_MEM(got, REPLY, REPLY_BYTES);
    rig_finish(&rig);
}

TEST(a_late_reply_collides_with_the_next_request)
{
    uint8_t bytes[RIG_BYTES_MAX];
    CHECK(rig_start(&rig,
                    "bus = { baud = 2400; td_ms = 1; speed = 0; }; meters = ("
                    "{ address = \"000000000001\"; } );",
                    2400));
    (void)rig_tell(&rig, "fault late ms=150");
    size_t size = rig_frame_make(METER, 0x11, DI, sizeof(DI), bytes);
    rig_write(&rig, bytes, size);
    /* The request takes 92 ms, so its reply begins 243 ms from here. */
    CHECK_EQ_U64(rig_read(&rig, 200, 10, got, sizeof(got)), 0);
    rig_write(&rig, bytes, size);
    size_t count = rig_read(&rig, 1000, 300, got, sizeof(got));
    CHECK(count > 0);
    CHECK(!found(count));
    (void)rig_tell(&rig, "stats");
    CHECK(rig_number(&rig, "bytes_garbled") > 0);
    CHECK_EQ_I64(rig_number(&rig, "frames_heard"), 1);
    rig_finish(&rig);
}

TEST(two_meters_with_one_address_garble_each_other)
{
    CHECK(rig_start(&rig, CONFIG, 115200));
    size_t size = ask_spoilt("same_address");
    CHECK(size > 0);
    CHECK(!found(size));
    check_sound();
    CHECK_EQ_STR(rig_tell(&rig, "set 000000000002 address %s", METER), "ok");
    CHECK_EQ_STR(rig_tell(&rig, "set 000000000002 energy 77.77"), "ok");
    uint8_t bytes[RIG_BYTES_MAX];
    rig_write(&rig, bytes, rig_frame_make(METER, 0x11, DI, sizeof(DI), bytes));
    size = rig_read(&rig, 400, 150, got, sizeof(got));
    CHECK(size > 0);
    CHECK(!found(size));
    rig_finish(&rig);
}

TEST(a_refusal_can_lack_its_second_byte)
{
    struct rig_frame reply;
    const uint8_t data[8] = {0xFF, 0x03, 0x01, 0x07};
    CHECK(rig_start(&rig, CONFIG, 115200));
    CHECK(rig_ask(&rig, "000000000003", 0x03, data, 8, &reply));
    CHECK_EQ_U64(reply.control, 0xC3);
    CHECK_EQ_U64(reply.size, 2);
    (void)rig_tell(&rig, "fault short_error");
    CHECK(rig_ask(&rig, "000000000003", 0x03, data, 8, &reply));
    CHECK_EQ_U64(reply.control, 0xC3);
    CHECK_EQ_U64(reply.size, 1);
    rig_finish(&rig);
}

TEST(a_dead_meter_is_silent_until_it_lives_again)
{
    CHECK(rig_start(&rig, CONFIG, 115200));
    CHECK_EQ_STR(rig_tell(&rig, "dead %s", METER), "ok");
    CHECK(rig_silent(&rig, METER, 0x11, DI, sizeof(DI)));
    CHECK_EQ_I64(rig_read_bcd(&rig, "000000000002", 0x00010000, 4), 0);
    CHECK_EQ_STR(rig_tell(&rig, "alive %s", METER), "ok");
    check_sound();
    rig_finish(&rig);
}

TEST(a_fault_hits_what_it_is_for_and_as_often_as_asked)
{
    CHECK(rig_start(&rig, CONFIG, 115200));
    (void)rig_tell(&rig, "fault lost_reply meter=000000000002 count=2");
    check_sound();
    CHECK(rig_silent(&rig, "000000000002", 0x11, DI, sizeof(DI)));
    CHECK(rig_silent(&rig, "000000000002", 0x11, DI, sizeof(DI)));
    CHECK_EQ_I64(rig_read_bcd(&rig, "000000000002", 0x00010000, 4), 0);
    CHECK_EQ_STR(rig_tell(&rig, "faults"), "ok []");
    (void)rig_tell(&rig, "fault lost_reply di=0001FF00 count=0");
    check_sound();
    const uint8_t block[4] = {0x00, 0xFF, 0x01, 0x00};
    CHECK(rig_silent(&rig, METER, 0x11, block, sizeof(block)));
    CHECK(rig_silent(&rig, METER, 0x11, block, sizeof(block)));
    (void)rig_tell(&rig, "faults");
    CHECK_EQ_I64(rig_number(&rig, "hits"), 2);
    CHECK_EQ_STR(rig_tell(&rig, "fault clear"), "ok");
    CHECK(rig_read_bcd(&rig, METER, 0x0001FF00, 4) == 1234);
    rig_finish(&rig);
}

TEST(the_emulator_can_die_before_and_after_executing)
{
    const uint8_t trip[16] = {0x02, 0x56, 0x34, 0x12, 0x01, 0x00, 0x00, 0x00,
                              0x1A, 0x00, 0x00, 0x10, 0x08, 0x20, 0x11, 0x26};
    uint8_t bytes[RIG_BYTES_MAX];
    static const struct {
        const char *kind;
        const char *relay;
    } ROWS[] = {{"crash_before", "\"relay\":\"closed\""}, {"crash_after", "\"relay\":\"open\""}};
    for (size_t i = 0; i < 2; i++) {
        CHECK(rig_start(&rig, CONFIG, 115200));
        (void)rig_tell(&rig, "fault %s control=1C", ROWS[i].kind);
        rig_write(&rig, bytes, rig_frame_make(METER, 0x1C, trip, sizeof(trip), bytes));
        CHECK(rig_bus_was_killed(&rig));
        CHECK(rig_bus_start(&rig, 115200));
        (void)rig_tell(&rig, "get " METER);
        CHECK(rig_said(&rig, ROWS[i].relay));
        rig_finish(&rig);
    }
}

TEST(meters_live_on_while_nobody_listens)
{
    CHECK(rig_start(&rig,
                    "bus = { baud = 115200; td_ms = 1; clock = \"2026-11-20 08:00:00\"; "
                    "speed = 3600; load_w = 10000; };"
                    "meters = ( { address = \"000000000001\"; kind = \"order\"; "
                    "balance_fen = 1000000; price = \"1.0000\"; } );",
                    115200));
    for (int i = 0; i < 5; i++) {
        int64_t energy = rig_read_bcd(&rig, METER, 0x00010000, 4);
        int64_t balance = rig_read_bcd(&rig, METER, 0x00900200, 4);
        (void)rig_bus_stop(&rig, i % 2 == 0 ? SIGKILL : SIGTERM);
        CHECK(rig_bus_start(&rig, 115200));
        int64_t energy_after = rig_read_bcd(&rig, METER, 0x00010000, 4);
        int64_t balance_after = rig_read_bcd(&rig, METER, 0x00900200, 4);
        CHECK(energy_after >= energy);
        CHECK(balance_after <= balance);
        /* 1 yuan/kWh: every 0.01 kWh is a fen, whatever happened in between. */
        (void)rig_tell(&rig, "get " METER);
        int64_t micros = rig_number(&rig, "balance_micros");
        CHECK_EQ_I64(micros % 10000, 0);
        CHECK(rig_bus_stop(&rig, SIGTERM) == 0);
        CHECK(rig_bus_start(&rig, 115200));
    }
    rig_finish(&rig);
}

TEST(two_emulators_do_not_share_a_memory)
{
    static struct rig second;
    CHECK(rig_start(&rig, CONFIG, 115200));
    second = rig;
    CHECK(!rig_bus_start(&second, 115200));
    check_sound();
    rig_finish(&rig);
}

TEST(a_line_too_long_ends_the_connection_and_nothing_else)
{
    static char line[900];
    CHECK(rig_start(&rig, CONFIG, 115200));
    memset(line, 'x', sizeof(line) - 1);
    CHECK_EQ_STR(rig_tell(&rig, "%s", line), "error no such command, try help");
    for (int i = 0; i < 4; i++) {
        rig_say(&rig, line);
    }
    rig_say(&rig, line);
    CHECK_EQ_STR(rig_tell(&rig, "list"), "");
    check_sound();
    (void)rig_bus_stop(&rig, SIGTERM);
    CHECK(rig_bus_start(&rig, 115200));
    CHECK(strncmp(rig_tell(&rig, "list"), "ok [", 4) == 0);
    rig_finish(&rig);
}

TEST(bad_commands_are_answered_and_change_nothing)
{
    static const char *const COMMANDS[] = {"",
                                           "nope",
                                           "get",
                                           "get 9",
                                           "set " METER,
                                           "fault",
                                           "fault nope",
                                           "fault late 5",
                                           "fault late ms=",
                                           "fault flip_bit bit=8",
                                           "fault late di=1",
                                           "fault clear 7",
                                           "set " METER " energy x",
                                           "set " METER " nope 1",
                                           "clock " METER " x",
                                           "pass " METER " -1",
                                           "log maybe",
                                           "set " METER " relay ajar"};
    CHECK(rig_start(&rig, CONFIG, 115200));
    for (size_t i = 0; i < sizeof(COMMANDS) / sizeof(COMMANDS[0]); i++) {
        if (strncmp(rig_tell(&rig, "%s", COMMANDS[i]), "error ", 6) != 0) {
            TEST_FAIL("'%s' was answered '%s'", COMMANDS[i], rig.answer);
        }
    }
    CHECK(strncmp(rig_tell(&rig, "help"), "ok help", 7) == 0);
    check_sound();
    rig_finish(&rig);
}

TEST_MAIN()
