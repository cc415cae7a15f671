/* SPDX-License-Identifier: Apache-2.0 */
#include "common/bytes.h"
#include "emulators/printer/control.h"
#include "emulators/printer/machine.h"
#include "tests/unit/test.h"

static struct machine machine;
static int64_t now_ms;

static void begin(enum machine_charset charset)
{
    const struct machine_options options = {.out_dir = "",
                                            .font_file = GLYPH_FONT_FILE,
                                            .columns = 48,
                                            .buffer_size = 4096,
                                            .charset = charset,
                                            .knows_marks = true,
                                            .roll_mm = 80000};
    static bool used;
    if (used) {
        machine_finish(&machine);
    }
    used = true;
    CHECK(machine_init(&machine, &options));
    now_ms = 5000;
}

static void pass(int64_t ms)
{
    for (int64_t until = now_ms + ms; now_ms < until; now_ms += 5) {
        machine_turn(&machine, now_ms);
    }
}

static void feed(const char *hex)
{
    uint8_t bytes[1024];
    size_t size = 0;
    CHECK(hex_parse(hex, strlen(hex), bytes, sizeof(bytes), &size, NULL));
    CHECK(size <= machine_room(&machine));
    machine_receive(&machine, bytes, size, now_ms);
    pass(50);
}

static void expect_sent(const char *hex)
{
    uint8_t wanted[256];
    uint8_t got[256];
    size_t wanted_size = 0;
    size_t got_size = 0;
    CHECK(hex_parse(hex, strlen(hex), wanted, sizeof(wanted), &wanted_size, NULL));
    const struct outbox_answer *answer = outbox_next(&machine.outbox, now_ms);
    while (answer != NULL) {
        memcpy(got + got_size, answer->bytes, answer->size);
        got_size += answer->size;
        outbox_drop_first(&machine.outbox);
        answer = outbox_next(&machine.outbox, now_ms);
    }
    char text[600];
    CHECK(hex_format(got, got_size, ' ', text, sizeof(text)));
    if (got_size != wanted_size || memcmp(got, wanted, got_size) != 0) {
        TEST_FAIL("sent %s, not %s", text, hex);
    }
}

static void control(const char *command)
{
    char line[64];
    (void)snprintf(line, sizeof(line), "%s", command);
    struct line_answer answer = control_answer(&machine, line);
    CHECK(answer.text != NULL && strncmp(answer.text, "ok", 2) == 0);
    free(answer.text);
}

/* What Epson's tables say for each state, asked by DLE EOT 1..4 and told by ASB. */
TEST(states_by_the_book)
{
    static const struct {
        const char *command;
        const char *eot;
        const char *asb;
    } rows[] = {
        {"online", "12 12 12 12", "10 00 00 00"},    {"near-end on", "12 12 12 1E", "10 00 03 00"},
        {"paper out", "1A 32 12 72", "18 00 0C 00"}, {"cover open", "1A 16 12 12", "38 00 00 00"},
        {"head hot", "1A 52 52 12", "18 40 00 00"},  {"broken", "1A 52 32 12", "18 20 00 00"},
        {"offline", "1A 12 12 12", "18 00 00 00"},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        begin(MACHINE_GB18030);
        feed("1D 61 0E");
        expect_sent("10 00 00 00");
        control(rows[i].command);
        pass(50);
        expect_sent(i == 0 ? "" : rows[i].asb); /* only a change is reported */
        feed("10 04 01 10 04 02 10 04 03 10 04 04");
        expect_sent(rows[i].eot);
    }
}

TEST(cutter_jam_shows_at_the_cut_only)
{
    begin(MACHINE_GB18030);
    control("cutter jam");
    feed("10 04 03");
    expect_sent("12");
    feed("41 0A 1D 56 42 00 1D 72 31");
    pass(1000);
    feed("10 04 01 10 04 02 10 04 03");
    expect_sent("1A 52 1A"); /* and the fence behind the cut is not answered */
    CHECK_EQ_U64(machine.paper.piece_count, 0);
    control("cutter clear");
    pass(1000);
    expect_sent("00");
    CHECK_EQ_U64(machine.paper.piece_count, 1);
}

TEST(marks_are_answered_when_the_line_is_on_paper)
{
    begin(MACHINE_GB18030);
    feed("41 0A 41 0A 41 0A 1D 28 48 06 00 30 30 30 30 30 37");
    expect_sent(""); /* three lines take 85 ms */
    pass(100);
    expect_sent("37 22 30 30 30 37 00");
}

TEST(paper_end_stops_after_the_line_and_keeps_the_rest)
{
    begin(MACHINE_GB18030);
    control("paper left 3");
    feed("41 0A 42 0A 43 0A 1D 56 42 00");
    pass(1000);
    CHECK(machine.buffer_size > 0);
    feed("10 04 04 1D 72 31");
    expect_sent("7E");
    control("paper load 80000");
    CHECK_EQ_U64(machine.paper.piece_count, 1);
    CHECK(machine.paper.piece_torn[0]);
    feed("10 04 01");
    expect_sent("3A"); /* waits for a moment before it goes on */
    pass(3000);
    CHECK_EQ_U64(machine.paper.piece_count, 2);
    CHECK(!machine.paper.piece_torn[1]);
    expect_sent("00");
    CHECK_EQ_U64(machine.violations, 0);
}

TEST(real_time_inside_a_picture_is_carried_out_and_counted)
{
    begin(MACHINE_GB18030);
    feed("1D 76 30 00 03 00 01 00 10 04 01");
    expect_sent("12");
    CHECK_EQ_U64(machine.violations, 1);
    CHECK_EQ_U64(machine.raster_rows_left, 0); /* and they were dots, too */
    CHECK(machine.paper.strip.has_ink);
}

TEST(text_and_modes)
{
    begin(MACHINE_GB18030);
    feed("1C 26 B5 E7 B1 ED 0A");          /* hanzi */
    feed("1C 26 81 30 84 36 35 0A");       /* the half-width yen, four bytes */
    feed("1C 2E 9D 0A");                   /* code page 437: a yen sign */
    feed("1B 61 01 41 42 0A");             /* centred */
    feed("1B 61 00 41 1B 24 78 00 42 0A"); /* at dot 120 */
    pass(1000);
    machine.paper.text[machine.paper.text_size] = '\0';
    CHECK_EQ_STR(machine.paper.text, "电表\n¥5\n¥\n                       AB\nA         B\n");
    CHECK_EQ_U64(machine.violations, 0);
}

TEST(two_byte_printer_shows_the_yen_trap)
{
    begin(MACHINE_GBK);
    feed("1C 26 81 30 84 36 35 0A");
    pass(200);
    machine.paper.text[machine.paper.text_size] = '\0';
    CHECK(strstr(machine.paper.text, "¥") == NULL);
}

TEST(wrong_commands_are_counted)
{
    static const char *const wrong[] = {
        "1B FF",                   /* unknown */
        "41 1D 56 42 00",          /* cut inside a line */
        "41 1B 61 01",             /* alignment inside a line */
        "1D 28 6B 03 00 31 51 30", /* native QR code */
        "1D 56 77",                /* no such cut */
    };
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        begin(MACHINE_GB18030);
        feed(wrong[i]);
        CHECK_EQ_U64(machine.violations, 1);
    }
}

TEST(power_cut_loses_what_was_not_printed)
{
    begin(MACHINE_GB18030);
    control("die 5 1000");
    uint8_t bytes[] = {'A', 'B', 0x0A, 'C', 'D', 'E', 'F', 0x0A};
    machine_receive(&machine, bytes, sizeof(bytes), now_ms);
    CHECK(machine_is_dead(&machine));
    CHECK_EQ_U64(machine_room(&machine), 0);
    pass(1200);
    CHECK(!machine_is_dead(&machine));
    CHECK_EQ_U64(machine.paper.text_size, 0);
    feed("10 04 01");
    expect_sent("12");
}

TEST(mute_prints_all_the_same)
{
    begin(MACHINE_GB18030);
    control("mute on");
    feed("10 04 01 41 0A 1D 72 31");
    pass(200);
    expect_sent("");
    CHECK(machine.paper.strip.has_ink);
}

TEST(lost_answers)
{
    begin(MACHINE_GB18030);
    control("lose 1");
    feed("1D 72 31 1D 72 31 10 04 01");
    expect_sent("12 00"); /* the real-time one first; of two fences one is lost */
}

TEST_MAIN()
