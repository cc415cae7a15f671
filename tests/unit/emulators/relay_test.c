/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Control 1C: trip, close, allow, alarm, keep-power; expiry by the meter's own clock; and what a
 * meter with the money inside does with its relay by itself.
 */
#include <signal.h>

#include <poll.h>

#include "tests/unit/emulators/rig.h"
#include "tests/unit/test.h"

#define METER "000000000001"
#define BUS                                                                                        \
    "bus = { baud = 115200; td_ms = 1; clock = \"2026-11-20 08:00:00\"; speed = 0; "               \
    "password = \"02123456\"; relay_delay_ms = 0; "
#define CLOUD "}; meters = ( { address = \"000000000001\"; kind = \"cloud\"; load_w = 1000; } );"

enum { RELAY_OPEN = 1 << 4, RELAY_ORDERED_OPEN = 1 << 6, ALARM = 1 << 7, KEPT = 1 << 12 };

static struct rig rig;

/* ERR of the reply; 0 if accepted, -1 if there is none. Valid until 08:10:00 of the day. */
static int relay_command(uint8_t command)
{
    const uint8_t data[16] = {0x02,    0x56, 0x34, 0x12, 0x01, 0x00, 0x00, 0x00,
                              command, 0x00, 0x00, 0x10, 0x08, 0x20, 0x11, 0x26};
    struct rig_frame reply = {.size = 0};
    if (!rig_ask(&rig, METER, 0x1C, data, sizeof(data), &reply)) {
        return -1;
    }
    return reply.control == 0x9C ? 0 : reply.data[0];
}

static unsigned int word_3(void)
{
    struct rig_frame reply = {.size = 0};
    if (!rig_read_di(&rig, METER, 0x04000503, &reply) || reply.control != 0x91) {
        return 0xFFFFU;
    }
    return (unsigned int)reply.data[4] | (unsigned int)reply.data[5] << 8;
}

TEST(trip_and_close)
{
    CHECK(rig_start(&rig, BUS CLOUD, 115200));
    CHECK_EQ_U64(word_3(), 0);
    CHECK_EQ_I64(relay_command(0x1A), 0);
    CHECK_EQ_U64(word_3(), RELAY_OPEN | RELAY_ORDERED_OPEN);
    CHECK_EQ_I64(rig_read_bcd(&rig, METER, 0x02030000, 3), 0);
    CHECK_EQ_I64(relay_command(0x1C), 0);
    CHECK_EQ_U64(word_3(), 0);
    CHECK_EQ_I64(rig_read_bcd(&rig, METER, 0x02030000, 3), 10000);
    CHECK_EQ_I64(rig_read_bcd(&rig, METER, 0x1D000001, 3), 1);
    CHECK_EQ_I64(rig_read_bcd(&rig, METER, 0x1E000001, 3), 1);
    rig_finish(&rig);
}

TEST(an_open_relay_stops_the_register)
{
    CHECK(rig_start(&rig, BUS CLOUD, 115200));
    CHECK_EQ_I64(relay_command(0x1A), 0);
    CHECK_EQ_STR(rig_tell(&rig, "pass %s 7200", METER), "ok");
    CHECK_EQ_I64(rig_read_bcd(&rig, METER, 0x00010000, 4), 0);
    rig_finish(&rig);
}

TEST(closing_may_need_the_button)
{
    CHECK(rig_start(&rig, BUS "button = \"manual\"; " CLOUD, 115200));
    CHECK_EQ_I64(relay_command(0x1A), 0);
    CHECK_EQ_STR(rig_tell(&rig, "button %s", METER), "error closing is not allowed");
    CHECK_EQ_I64(relay_command(0x1B), 0);
    CHECK_EQ_U64(word_3(), RELAY_OPEN); /* accepted, allowed, and still open */
    CHECK_EQ_STR(rig_tell(&rig, "button %s", METER), "ok");
    CHECK_EQ_U64(word_3(), 0);
    CHECK_EQ_STR(rig_tell(&rig, "button %s", METER), "error closing is not allowed");
    rig_finish(&rig);
}

TEST(allow_closes_at_once_where_no_button_is_needed)
{
    CHECK(rig_start(&rig, BUS CLOUD, 115200));
    CHECK_EQ_I64(relay_command(0x1A), 0);
    CHECK_EQ_I64(relay_command(0x1B), 0);
    CHECK_EQ_U64(word_3(), 0);
    rig_finish(&rig);
}

TEST(kept_power_ignores_trips)
{
    CHECK(rig_start(&rig, BUS CLOUD, 115200));
    CHECK_EQ_I64(relay_command(0x3A), 0);
    CHECK_EQ_I64(relay_command(0x1A), 0);
    CHECK_EQ_U64(word_3(), KEPT);
    CHECK_EQ_I64(relay_command(0x3B), 0);
    CHECK_EQ_U64(word_3(), 0);
    CHECK_EQ_I64(relay_command(0x1A), 0);
    CHECK_EQ_U64(word_3(), RELAY_OPEN | RELAY_ORDERED_OPEN);
    rig_finish(&rig);
}

TEST(alarm_on_and_off)
{
    CHECK(rig_start(&rig, BUS CLOUD, 115200));
    CHECK_EQ_I64(relay_command(0x2A), 0);
    CHECK_EQ_U64(word_3(), ALARM);
    CHECK_EQ_I64(relay_command(0x2B), 0);
    CHECK_EQ_U64(word_3(), 0);
    rig_finish(&rig);
}

TEST(a_passed_time_is_refused_by_the_meters_own_clock)
{
    CHECK(rig_start(&rig, BUS CLOUD, 115200));
    CHECK_EQ_STR(rig_tell(&rig, "clock %s +600", METER), "ok");
    CHECK_EQ_I64(relay_command(0x1A), 0); /* exactly the last second */
    CHECK_EQ_STR(rig_tell(&rig, "clock %s +1", METER), "ok");
    CHECK_EQ_I64(relay_command(0x1C), 0x04);
    CHECK_EQ_U64(word_3(), RELAY_OPEN | RELAY_ORDERED_OPEN);
    CHECK_EQ_STR(rig_tell(&rig, "clock %s -1", METER), "ok");
    CHECK_EQ_I64(relay_command(0x1C), 0);
    rig_finish(&rig);
}

TEST(a_wrong_password_operator_or_command_is_refused)
{
    uint8_t data[16] = {0x02, 0x56, 0x34, 0x12, 0x01, 0x00, 0x00, 0x00,
                        0x1A, 0x00, 0x00, 0x10, 0x08, 0x20, 0x11, 0x26};
    struct rig_frame reply;
    CHECK(rig_start(&rig, BUS "operator = \"00000001\"; check_operator = true; " CLOUD, 115200));
    data[1] = 0x57;
    CHECK(rig_ask(&rig, METER, 0x1C, data, 16, &reply));
    CHECK_EQ_U64(reply.control, 0xDC);
    CHECK_EQ_U64(reply.data[0], 0x04);
    data[1] = 0x56;
    data[0] = 0x04; /* another level */
    CHECK(rig_ask(&rig, METER, 0x1C, data, 16, &reply));
    CHECK_EQ_U64(reply.data[0], 0x04);
    data[0] = 0x02;
    data[4] = 0x02; /* another operator */
    CHECK(rig_ask(&rig, METER, 0x1C, data, 16, &reply));
    CHECK_EQ_U64(reply.data[0], 0x04);
    data[4] = 0x01;
    data[8] = 0x77;
    CHECK(rig_ask(&rig, METER, 0x1C, data, 16, &reply));
    CHECK_EQ_U64(reply.data[0], 0x01);
    CHECK(rig_ask(&rig, METER, 0x1C, data, 15, &reply));
    CHECK_EQ_U64(reply.data[0], 0x01);
    CHECK_EQ_U64(word_3(), 0);
    rig_finish(&rig);
}

TEST(a_relay_takes_its_time_and_may_be_stuck)
{
    CHECK(rig_start(&rig,
                    "bus = { baud = 115200; td_ms = 1; clock = \"2026-11-20 08:00:00\"; "
                    "password = \"02123456\"; relay_delay_ms = 500; " CLOUD,
                    115200));
    CHECK_EQ_I64(relay_command(0x1A), 0);
    CHECK_EQ_U64(word_3(), RELAY_ORDERED_OPEN);
    (void)poll(NULL, 0, 600);
    CHECK_EQ_U64(word_3(), RELAY_OPEN | RELAY_ORDERED_OPEN);
    CHECK_EQ_STR(rig_tell(&rig, "set %s relay_stuck 1", METER), "ok");
    CHECK_EQ_I64(relay_command(0x1C), 0);
    (void)poll(NULL, 0, 600);
    CHECK_EQ_U64(word_3(), RELAY_OPEN);
    rig_finish(&rig);
}

TEST(a_trip_with_return_closes_again)
{
    const uint8_t data[16] = {0x02, 0x56, 0x34, 0x12, 0x01, 0x00, 0x00, 0x00,
                              0x1D, 0x05, 0x00, 0x10, 0x08, 0x20, 0x11, 0x26};
    struct rig_frame reply;
    CHECK(rig_start(&rig, BUS CLOUD, 115200));
    CHECK(rig_ask(&rig, METER, 0x1C, data, 16, &reply));
    CHECK_EQ_U64(reply.control, 0x9C);
    CHECK_EQ_STR(rig_tell(&rig, "pass %s 299", METER), "ok");
    CHECK_EQ_U64(word_3(), RELAY_OPEN | RELAY_ORDERED_OPEN);
    CHECK_EQ_STR(rig_tell(&rig, "pass %s 1", METER), "ok");
    CHECK_EQ_U64(word_3(), 0);
    rig_finish(&rig);
}

TEST(the_relay_is_remembered_over_a_kill)
{
    CHECK(rig_start(&rig, BUS CLOUD, 115200));
    CHECK_EQ_I64(relay_command(0x1A), 0);
    CHECK_EQ_I64(relay_command(0x2A), 0);
    (void)rig_bus_stop(&rig, SIGKILL);
    CHECK(rig_bus_start(&rig, 115200));
    CHECK_EQ_U64(word_3(), RELAY_OPEN | RELAY_ORDERED_OPEN | ALARM);
    rig_finish(&rig);
}

TEST(money_alarms_trips_and_needs_enough_to_close)
{
    CHECK(rig_start(&rig,
                    BUS "}; meters = ( { address = \"000000000001\"; kind = \"order\"; "
                        "load_w = 1000; price = \"1.0000\"; balance_fen = 1050; "
                        "alarm1_fen = 1000; close_fen = 500; } );",
                    115200));
    enum { BY_AMOUNT = 2 << 8, OPENED = 1 << 14 };
    CHECK_EQ_U64(word_3(), BY_AMOUNT | OPENED);
    CHECK_EQ_STR(rig_tell(&rig, "pass %s 1800", METER), "ok");
    CHECK_EQ_I64(rig_read_bcd(&rig, METER, 0x00900200, 4), 1000);
    CHECK_EQ_U64(word_3(), BY_AMOUNT | OPENED | ALARM);
    CHECK_EQ_STR(rig_tell(&rig, "pass %s 86400", METER), "ok");
    CHECK_EQ_U64(word_3(), BY_AMOUNT | OPENED | ALARM | RELAY_OPEN | RELAY_ORDERED_OPEN);
    CHECK_EQ_I64(rig_read_bcd(&rig, METER, 0x00900200, 4), 0);
    CHECK_EQ_I64(rig_read_bcd(&rig, METER, 0x00010000, 4), 1050);
    CHECK_EQ_I64(relay_command(0x1C), 0x04); /* its time has passed long ago */
    CHECK_EQ_STR(rig_tell(&rig, "set %s balance_fen 499", METER), "ok");
    CHECK_EQ_U64(word_3() & RELAY_OPEN, RELAY_OPEN);
    CHECK_EQ_STR(rig_tell(&rig, "set %s balance_fen 500", METER), "ok");
    CHECK_EQ_U64(word_3() & RELAY_OPEN, 0);
    rig_finish(&rig);
}

TEST_MAIN()
