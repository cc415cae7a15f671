/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The bus as a host sees it through the pty: published frames, addressing, the table of data,
 * blocks, writes, and above all time: a byte is never early, and hardly late.
 */
#include <poll.h>

#include "tests/unit/emulators/rig.h"
#include "tests/unit/test.h"

#define FAST "bus = { baud = 115200; td_ms = 1; clock = \"2026-11-20 08:00:00\"; speed = 0; "
#define ONE_METER                                                                                  \
    "}; meters = ( { address = \"000000000001\"; kind = \"cloud\"; energy = \"12.34\"; } );"
#define METER "000000000001"

static struct rig rig;

static const uint8_t PASSWORD[8] = {0x02, 0x56, 0x34, 0x12, 0x01, 0x00, 0x00, 0x00};

static size_t hex_bytes(const char *hex, uint8_t *ret_bytes)
{
    size_t count = 0;
    for (const char *p = hex; *p != '\0'; p += *p == '\0' ? 0 : 1) {
        ret_bytes[count++] = (uint8_t)strtoul(p, NULL, 16);
        p += 2;
        if (*p == '\0') {
            break;
        }
    }
    return count;
}

/* Send hex, compare the raw answer with hex. */
static void check_exchange(const char *request, const char *reply)
{
    uint8_t sent[RIG_BYTES_MAX];
    uint8_t wanted[RIG_BYTES_MAX];
    uint8_t got[RIG_BYTES_MAX];
    rig_write(&rig, sent, hex_bytes(request, sent));
    size_t size = rig_read(&rig, 2000, 150, got, sizeof(got));
    CHECK_EQ_U64(size, hex_bytes(reply, wanted));
    CHECK_EQ_MEM(got, wanted, size);
}

TEST(published_exchanges_are_answered_byte_for_byte)
{
    CHECK(rig_start(&rig,
                    "bus = { baud = 115200; td_ms = 1; fe = 0; speed = 0; relay_delay_ms = 0; "
                    "clock = \"2018-05-12 15:41:24\"; };"
                    "meters = ( { address = \"111111111111\"; password = \"00000000\"; },"
                    "{ address = \"201000000012\"; kind = \"order\"; balance_fen = 19856; },"
                    "{ address = \"000000000161\"; energy = \"0.26\"; } );",
                    115200));
    check_exchange("68 61 01 00 00 00 00 68 11 04 33 33 34 33 14 16",
                   "68 61 01 00 00 00 00 68 91 08 33 33 34 33 59 33 33 33 8A 16");
    check_exchange("68 12 00 00 00 10 20 68 11 04 33 35 C3 33 85 16",
                   "68 12 00 00 00 10 20 68 91 08 33 35 C3 33 89 CB 34 33 C4 16");
    /* In the last second of its validity the published trip command still counts. */
    check_exchange("68 11 11 11 11 11 11 68 1C 10 33 33 33 33 33 33 33 33 4D 33 57 74 48 45 38 "
                   "4B 55 16",
                   "68 11 11 11 11 11 11 68 9C 00 D2 16");
    (void)rig_tell(&rig, "get 111111111111");
    CHECK(rig_said(&rig, "\"relay\":\"open\""));
    rig_finish(&rig);
}

TEST(a_single_meter_tells_its_address)
{
    struct rig_frame reply;
    static const uint8_t NUMBER[6] = {0x12, 0x00, 0x00, 0x00, 0x10, 0x20};
    CHECK(rig_start(&rig, FAST "}; meters = ( { address = \"201000000012\"; } );", 115200));
    check_exchange("FE FE FE FE 68 AA AA AA AA AA AA 68 13 00 DF 16",
                   "FE FE FE FE 68 12 00 00 00 10 20 68 93 06 45 33 33 33 43 53 1F 16");
    /* Any wildcard from the high end, answered under the full address; but not from the low. */
    CHECK(rig_ask(&rig, "AAAAAA000012", 0x13, NULL, 0, &reply));
    CHECK_EQ_MEM(reply.address, NUMBER, 6);
    CHECK(rig_silent(&rig, "2010000000AA", 0x13, NULL, 0));
    rig_finish(&rig);
}

TEST(two_meters_that_answer_a_wildcard_make_garbage)
{
    uint8_t bytes[RIG_BYTES_MAX];
    struct rig_frame frame;
    CHECK(rig_start(&rig,
                    FAST "}; meters = ( { address = \"000000000001\"; },"
                         "{ address = \"000000000002\"; } );",
                    115200));
    rig_write(&rig, bytes, rig_frame_make("AAAAAAAAAAAA", 0x13, NULL, 0, bytes));
    size_t size = rig_read(&rig, 2000, 150, bytes, sizeof(bytes));
    CHECK(size > 0);
    CHECK(!rig_frame_find(bytes, size, &frame));
    rig_finish(&rig);
}

/* The median of seven reads, in microseconds from the write to the last byte of the reply. */
static int64_t read_median_us(void)
{
    int64_t us[7];
    for (size_t i = 0; i < 7; i++) {
        struct rig_frame reply;
        int64_t begin_us = rig_now_us();
        uint8_t data[4] = {0x00, 0x00, 0x01, 0x00};
        uint8_t bytes[RIG_BYTES_MAX];
        rig_write(&rig, bytes, rig_frame_make(METER, 0x11, data, 4, bytes));
        size_t have = 0;
        while (!rig_frame_find(bytes, have, &reply)) {
            size_t got = rig_read(&rig, 2000, 0, bytes + have, sizeof(bytes) - have);
            CHECK(got > 0);
            have += got;
        }
        us[i] = rig_now_us() - begin_us;
        for (size_t k = i; k > 0 && us[k] < us[k - 1]; k--) {
            int64_t swap = us[k];
            us[k] = us[k - 1];
            us[k - 1] = swap;
        }
    }
    return us[3];
}

/* One register of 4 bytes: 20 + 24 bytes with four FE each, and Td = 20 ms. */
static void check_pace(uint32_t baud, int64_t percent_min)
{
    char config[256];
    int64_t limit_us = 44LL * 11 * 1000000 / baud + 20000;
    (void)snprintf(config, sizeof(config),
                   "bus = { baud = %u; }; meters = ( { address = \"%s\"; } );", baud, METER);
    CHECK(rig_start(&rig, config, baud));
    int64_t us = read_median_us();
    (void)printf("# %u baud: wire %lld us, measured %lld us, ratio %.3f\n", baud,
                 (long long)limit_us, (long long)us, (double)limit_us / (double)us);
    CHECK(us >= limit_us);
    CHECK(limit_us * 100 >= us * percent_min);
    rig_finish(&rig);
}

TEST(reads_take_the_time_of_the_wire_at_2400)
{
    check_pace(2400, 90);
}

TEST(reads_take_the_time_of_the_wire_at_9600)
{
    check_pace(9600, 80);
}

TEST(no_byte_is_early)
{
    enum { BYTE_US = 4583, REQUEST_BYTES = 20, REPLY_BYTES = 24 };
    uint8_t bytes[RIG_BYTES_MAX];
    uint8_t data[4] = {0x00, 0x00, 0x01, 0x00};
    CHECK(rig_start(
        &rig, "bus = { baud = 2400; td_ms = 50; }; meters = ( { address = \"" METER "\"; } );",
        2400));
    int64_t begin_us = rig_now_us();
    rig_write(&rig, bytes, rig_frame_make(METER, 0x11, data, 4, bytes));
    size_t have = 0;
    while (have < REPLY_BYTES) {
        size_t got = rig_read(&rig, 2000, 0, bytes, sizeof(bytes));
        CHECK(got > 0);
        have += got;
        int64_t earliest_us = (int64_t)(REQUEST_BYTES + have) * BYTE_US + 50000;
        CHECK(rig_now_us() - begin_us >= earliest_us);
    }
    CHECK_EQ_U64(have, REPLY_BYTES);
    rig_finish(&rig);
}

TEST(a_wrong_speed_is_silence_and_the_right_one_heals_it)
{
    struct rig_frame reply;
    CHECK(rig_start(&rig, "bus = { baud = 2400; }; meters = ( { address = \"" METER "\"; } );",
                    9600));
    CHECK(rig_silent(&rig, METER, 0x11, (const uint8_t[4]){0x00, 0x00, 0x01, 0x00}, 4));
    (void)rig_tell(&rig, "stats");
    CHECK_EQ_I64(rig_number(&rig, "answered"), 0);
    CHECK_EQ_I64(rig_number(&rig, "wrong_baud"), 1);
    CHECK(rig_tty_open(&rig, 2400));
    CHECK(rig_read_di(&rig, METER, 0x00010000, &reply));
    rig_finish(&rig);
}

TEST(a_meter_changes_its_speed_after_the_reply)
{
    struct rig_frame reply;
    const uint8_t code = 0x10; /* 4800 */
    const uint8_t nonsense = 0x11;
    CHECK(rig_start(&rig, "bus = { baud = 9600; }; meters = ( { address = \"" METER "\"; } );",
                    9600));
    CHECK(rig_ask(&rig, METER, 0x17, &nonsense, 1, &reply));
    CHECK_EQ_U64(reply.control, 0xD7);
    CHECK_EQ_U64(reply.data[0], 0x08);
    CHECK(rig_ask(&rig, METER, 0x17, &code, 1, &reply));
    CHECK_EQ_U64(reply.control, 0x97);
    CHECK_EQ_U64(reply.data[0], code);
    CHECK(rig_silent(&rig, METER, 0x11, (const uint8_t[4]){0x00, 0x00, 0x01, 0x00}, 4));
    (void)rig_tell(&rig, "get " METER);
    CHECK_EQ_I64(rig_number(&rig, "baud"), 4800);
    rig_finish(&rig);
}

TEST(the_table_of_data_has_the_sizes_of_the_standard)
{
    static const struct {
        uint32_t di;
        size_t size;
    } ROWS[] = {
        {0x00000000, 4},  {0x00010000, 4},  {0x0001FF00, 20}, {0x00010400, 4},  {0x00010001, 4},
        {0x0001000C, 4},  {0x00150000, 4},  {0x01010000, 8},  {0x02010100, 2},  {0x0201FF00, 6},
        {0x02020100, 3},  {0x0202FF00, 9},  {0x02030000, 3},  {0x0203FF00, 12}, {0x02060000, 2},
        {0x0206FF00, 8},  {0x02800001, 3},  {0x02800002, 2},  {0x02800003, 3},  {0x0280000A, 4},
        {0x04000101, 4},  {0x04000102, 3},  {0x0400010C, 7},  {0x04000103, 1},  {0x04000401, 6},
        {0x04000403, 32}, {0x0400040D, 16}, {0x04000503, 2},  {0x040005FF, 14}, {0x04000703, 1},
        {0x04000B01, 2},  {0x04050101, 4},  {0x05060001, 5},  {0x05060101, 20}, {0x0506FF01, 69},
        {0x03300000, 3},  {0x1D000001, 3},
    };
    struct rig_frame reply;
    CHECK(rig_start(&rig, FAST ONE_METER, 115200));
    for (size_t i = 0; i < sizeof(ROWS) / sizeof(ROWS[0]); i++) {
        CHECK(rig_read_di(&rig, METER, ROWS[i].di, &reply));
        CHECK_EQ_U64(reply.control, 0x91);
        CHECK_EQ_U64(reply.size, 4 + ROWS[i].size);
    }
    CHECK_EQ_I64(rig_read_bcd(&rig, METER, 0x00010000, 4), 1234);
    /* 2026-11-20 08:00:00, a Friday: ss mm hh WW DD MM YY */
    static const uint8_t CLOCK[7] = {0x00, 0x00, 0x08, 0x05, 0x20, 0x11, 0x26};
    CHECK(rig_read_di(&rig, METER, 0x0400010C, &reply));
    CHECK_EQ_MEM(reply.data + 4, CLOCK, sizeof(CLOCK));
    rig_finish(&rig);
}

TEST(what_the_meter_does_not_have_is_refused_with_err_02)
{
    static const uint32_t DIS[] = {0x00900200, 0x00010500, 0x0001000D, 0x00290000,
                                   0x02010200, 0x02070100, 0x03330201, 0x05060000,
                                   0x0506013F, 0x04000508, 0x12345678, 0x070104FF};
    struct rig_frame reply;
    CHECK(rig_start(&rig, FAST ONE_METER, 115200));
    for (size_t i = 0; i < sizeof(DIS) / sizeof(DIS[0]); i++) {
        CHECK(rig_read_di(&rig, METER, DIS[i], &reply));
        CHECK_EQ_U64(reply.control, 0xD1);
        CHECK_EQ_U64(reply.size, 1);
        CHECK_EQ_U64(reply.data[0], 0x02);
    }
    rig_finish(&rig);
}

TEST(current_power_and_factor_agree_with_the_load)
{
    CHECK(rig_start(&rig, FAST "load_w = 2200; power_factor_e3 = 1000; " ONE_METER, 115200));
    int64_t volts_x10 = rig_read_bcd(&rig, METER, 0x02010100, 2);
    int64_t milliamps = rig_read_bcd(&rig, METER, 0x02020100, 3);
    int64_t deciwatts = rig_read_bcd(&rig, METER, 0x02030000, 3);
    CHECK(volts_x10 > 2150 && volts_x10 < 2250);
    CHECK_EQ_I64(deciwatts, 22000);
    int64_t product_dw = volts_x10 * milliamps / 1000;
    CHECK(product_dw > 21900 && product_dw <= 22000);
    CHECK_EQ_I64(rig_read_bcd(&rig, METER, 0x02060000, 2), 1000);
    int64_t hertz_x100 = rig_read_bcd(&rig, METER, 0x02800002, 2);
    CHECK(hertz_x100 > 4990 && hertz_x100 < 5010);
    rig_finish(&rig);
}

TEST(missing_phases_are_ffff_and_real_ones_share_the_load)
{
    struct rig_frame reply;
    static const uint8_t MISSING[4] = {0xFF, 0xFF, 0xFF, 0xFF};
    CHECK(rig_start(&rig,
                    FAST "load_w = 900; }; meters = ( { address = \"000000000001\"; },"
                         "{ address = \"000000000003\"; phases = 3; } );",
                    115200));
    CHECK(rig_read_di(&rig, METER, 0x0201FF00, &reply));
    CHECK_EQ_MEM(reply.data + 6, MISSING, 4);
    CHECK(rig_read_di(&rig, "000000000003", 0x0203FF00, &reply));
    CHECK_EQ_I64(rig_bcd(&reply, 3), 9000);
    CHECK_EQ_I64(rig_read_bcd(&rig, "000000000003", 0x02030100, 3), 3000);
    CHECK_EQ_I64(rig_read_bcd(&rig, "000000000003", 0x02030300, 3), 3000);
    rig_finish(&rig);
}

TEST(a_long_block_comes_in_several_frames)
{
    struct rig_frame reply;
    uint8_t more[5] = {0x00, 0xFF, 0x01, 0x00, 1};
    CHECK(rig_start(&rig, FAST "reply_bytes_max = 8; " ONE_METER, 115200));
    CHECK(rig_read_di(&rig, METER, 0x0001FF00, &reply));
    CHECK_EQ_U64(reply.control, 0xB1);
    CHECK_EQ_U64(reply.size, 4 + 8);
    more[4] = 2; /* a frame that was skipped */
    CHECK(rig_ask(&rig, METER, 0x12, more, 5, &reply));
    CHECK_EQ_U64(reply.control, 0xD2);
    more[4] = 1;
    CHECK(rig_ask(&rig, METER, 0x12, more, 5, &reply));
    CHECK_EQ_U64(reply.control, 0xB2);
    CHECK_EQ_U64(reply.data[12], 1);
    CHECK(rig_ask(&rig, METER, 0x12, more, 5, &reply)); /* the same again: its reply was lost */
    CHECK_EQ_U64(reply.control, 0xB2);
    more[4] = 2;
    CHECK(rig_ask(&rig, METER, 0x12, more, 5, &reply));
    CHECK_EQ_U64(reply.control, 0x92);
    CHECK_EQ_U64(reply.size, 4 + 4 + 1);
    more[4] = 3;
    CHECK(rig_ask(&rig, METER, 0x12, more, 5, &reply));
    CHECK_EQ_U64(reply.control, 0xD2);
    rig_finish(&rig);
}

TEST(writing_needs_the_password)
{
    struct rig_frame reply;
    uint8_t data[19];
    CHECK(rig_start(&rig, FAST "password = \"02123456\"; " ONE_METER, 115200));
    rig_put(data, 4, 0x0400010C);
    memcpy(data + 4, PASSWORD, sizeof(PASSWORD));
    static const uint8_t CLOCK[7] = {0x30, 0x59, 0x23, 0x04, 0x31, 0x12, 0x26};
    memcpy(data + 12, CLOCK, sizeof(CLOCK));
    data[5] = 0x55;
    CHECK(rig_ask(&rig, METER, 0x14, data, sizeof(data), &reply));
    CHECK_EQ_U64(reply.control, 0xD4);
    CHECK_EQ_U64(reply.data[0], 0x04);
    data[5] = PASSWORD[1];
    CHECK(rig_ask(&rig, METER, 0x14, data, sizeof(data), &reply));
    CHECK_EQ_U64(reply.control, 0x94);
    CHECK_EQ_U64(reply.size, 0);
    CHECK(rig_read_di(&rig, METER, 0x0400010C, &reply));
    CHECK_EQ_MEM(reply.data + 4, CLOCK, sizeof(CLOCK));
    rig_put(data, 4, 0x04000401); /* an address is not written this way */
    CHECK(rig_ask(&rig, METER, 0x14, data, 18, &reply));
    CHECK_EQ_U64(reply.control, 0xD4);
    CHECK_EQ_U64(reply.data[0], 0x02);
    rig_finish(&rig);
}

TEST(a_new_password_replaces_the_old_one)
{
    struct rig_frame reply;
    uint8_t data[12] = {0x01, 0x0C, 0x00, 0x04, 0x02, 0x56, 0x34, 0x12, 0x02, 0x11, 0x22, 0x33};
    CHECK(rig_start(&rig, FAST "password = \"02123456\"; " ONE_METER, 115200));
    CHECK(rig_ask(&rig, METER, 0x18, data, sizeof(data), &reply));
    CHECK_EQ_U64(reply.control, 0x98);
    CHECK_EQ_MEM(reply.data, data + 8, 4);
    CHECK(rig_ask(&rig, METER, 0x18, data, sizeof(data), &reply));
    CHECK_EQ_U64(reply.control, 0xD8);
    rig_finish(&rig);
}

TEST(broadcasts_are_obeyed_in_silence)
{
    struct rig_frame reply;
    const uint8_t near[6] = {0x00, 0x03, 0x08, 0x20, 0x11, 0x26}; /* +3 minutes */
    const uint8_t far[6] = {0x00, 0x00, 0x09, 0x20, 0x11, 0x26};  /* +1 hour */
    const uint8_t now[4] = {0x99, 0x99, 0x99, 0x99};
    CHECK(rig_start(&rig, FAST ONE_METER, 115200));
    CHECK(rig_silent(&rig, "999999999999", 0x08, far, 6));
    CHECK_EQ_I64(rig_read_bcd(&rig, METER, 0x04000102, 3), 80000);
    CHECK(rig_silent(&rig, "999999999999", 0x08, near, 6));
    CHECK_EQ_I64(rig_read_bcd(&rig, METER, 0x04000102, 3), 80300);
    CHECK(rig_silent(&rig, "999999999999", 0x08, near, 6));
    CHECK_EQ_I64(rig_read_bcd(&rig, METER, 0x03300400, 3), 1); /* once a day */
    CHECK(rig_silent(&rig, "999999999999", 0x16, now, 4));
    CHECK(rig_read_di(&rig, METER, 0x05010001, &reply));
    static const uint8_t FROZEN[5] = {0x03, 0x08, 0x20, 0x11, 0x26};
    CHECK_EQ_MEM(reply.data + 4, FROZEN, sizeof(FROZEN));
    CHECK(rig_silent(&rig, "999999999999", 0x11, now, 4));
    rig_finish(&rig);
}

TEST(a_daily_freeze_keeps_the_register_of_midnight)
{
    struct rig_frame reply;
    const uint8_t daily[4] = {0x00, 0x06, 0x99, 0x99}; /* every day at 06:00 */
    CHECK(rig_start(&rig, FAST "load_w = 1000; " ONE_METER, 115200));
    CHECK(rig_ask(&rig, METER, 0x16, daily, 4, &reply));
    CHECK_EQ_U64(reply.control, 0x96);
    CHECK_EQ_STR(rig_tell(&rig, "pass %s %d", METER, 86400), "ok");
    CHECK_EQ_I64(rig_read_bcd(&rig, METER, 0x05060101, 4), 1234 + 1600);
    CHECK_EQ_I64(rig_read_bcd(&rig, METER, 0x05000101, 4), 1234 + 2200);
    CHECK_EQ_I64(rig_read_bcd(&rig, METER, 0x00010000, 4), 1234 + 2400);
    rig_finish(&rig);
}

TEST(an_address_is_written_with_the_key_pressed)
{
    const uint8_t number[6] = {0x68, 0x16, 0x61, 0x00, 0x00, 0x00};
    CHECK(rig_start(&rig, FAST ONE_METER, 115200));
    CHECK(rig_silent(&rig, "AAAAAAAAAAAA", 0x15, number, 6));
    CHECK_EQ_STR(rig_tell(&rig, "set %s programming 1", METER), "ok");
    check_exchange("68 AA AA AA AA AA AA 68 15 06 9B 49 94 33 33 33 F8 16",
                   "FE FE FE FE 68 68 16 61 00 00 00 68 95 00 44 16");
    CHECK_EQ_I64(rig_read_bcd(&rig, "000000611668", 0x00010000, 4), 1234);
    rig_finish(&rig);
}

TEST(clearing_spares_nothing_but_needs_the_password)
{
    struct rig_frame reply;
    CHECK(rig_start(&rig, FAST "password = \"02123456\"; " ONE_METER, 115200));
    CHECK(rig_ask(&rig, METER, 0x1A, (const uint8_t[8]){0}, 8, &reply));
    CHECK_EQ_U64(reply.control, 0xDA);
    CHECK(rig_ask(&rig, METER, 0x1A, PASSWORD, 8, &reply));
    CHECK_EQ_U64(reply.control, 0x9A);
    CHECK_EQ_I64(rig_read_bcd(&rig, METER, 0x00010000, 4), 0);
    rig_finish(&rig);
}

TEST(noise_and_half_frames_do_not_deafen_the_meter)
{
    struct rig_frame reply;
    static const uint8_t HALF[] = {0x68, 0x01, 0x00, 0x00, 0x00, 0x00, 0x00, 0x68, 0x11, 0xFF};
    CHECK(rig_start(&rig, FAST ONE_METER, 115200));
    rig_write(&rig, HALF, sizeof(HALF));
    (void)poll(NULL, 0, 600); /* longer than the standard's 500 ms inside a frame */
    CHECK(rig_read_di(&rig, METER, 0x00010000, &reply));
    rig_write(&rig, HALF, 1);
    CHECK(rig_read_di(&rig, METER, 0x00010000, &reply));
    rig_finish(&rig);
}

TEST(a_bad_config_is_named_by_file_line_and_field)
{
    static const struct {
        const char *config;
        const char *says;
    } ROWS[] = {
        {"meters = ( { address = \"12\"; } );", "meters.[0].address"},
        {"bus = { baud = 2400; bauds = 1; }; meters = ( { address = \"000000000001\"; } );",
         "bauds"},
        {"bus = { baud = 5; }; meters = ( { address = \"000000000001\"; } );", "bus.baud"},
        {"meters = ( );", "meters"},
        {"meters = ( { address = \"000000000001\"; }, { address = \"000000000001\"; } );",
         "000000000001 already"},
        {"meters = ( { address = \"000000000001\"; kind = \"gas\"; } );", "kind"},
        {"meters = ( { address = \"000000000001\"; energy = \"1.234\"; } );", "energy"},
        {"meters = {", "bus.cfg:1"},
    };
    for (size_t i = 0; i < sizeof(ROWS) / sizeof(ROWS[0]); i++) {
        CHECK(rig_refuses(&rig, ROWS[i].config));
        if (!rig_said(&rig, "bus.cfg") || !rig_said(&rig, ROWS[i].says)) {
            TEST_FAIL("no %s in: %s", ROWS[i].says, rig.answer);
        }
        rig_finish(&rig);
    }
}

TEST_MAIN()
