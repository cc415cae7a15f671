/* SPDX-License-Identifier: Apache-2.0 */

/* The printer's stream, taken apart; and the meaning of its status bytes. */
#include "common/bytes.h"
#include "protocol/escpos/input.h"
#include "tests/unit/test.h"

enum { EVENTS_MAX = 64 };

static struct escpos_event events[EVENTS_MAX];
static size_t event_count;

static void take(struct escpos_input *input, const char *hex)
{
    uint8_t bytes[256];
    size_t size = 0;
    CHECK(hex_parse(hex, strlen(hex), bytes, sizeof(bytes), &size, NULL));
    event_count = 0;
    for (size_t i = 0; i < size; i++) {
        CHECK(event_count < EVENTS_MAX);
        if (escpos_input_take(input, bytes[i], &events[event_count])) {
            event_count += 1;
        }
    }
}

TEST(every_first_byte_has_its_kind)
{
    for (unsigned byte = 0; byte < 256; byte++) {
        struct escpos_input input = {0};
        struct escpos_event event = {.kind = ESCPOS_EVENT_COUNT};
        bool whole = escpos_input_take(&input, (uint8_t)byte, &event);
        if ((byte & 0x93U) == 0x12U) {
            CHECK(whole && event.kind == ESCPOS_EVENT_EOT);
        } else if ((byte & 0x93U) == 0x10U || byte == 0x37 || byte == 0x5F || byte == 0x3D ||
                   byte == 0x3B || byte == 0x35 || byte == 0x39) {
            CHECK(!whole);
        } else if (byte == 0x11 || byte == 0x13) {
            CHECK(whole && event.kind == ESCPOS_EVENT_FLOW);
        } else if ((byte & 0x90U) == 0) {
            CHECK(whole && event.kind == ESCPOS_EVENT_FENCE);
        } else {
            CHECK(whole && event.kind == ESCPOS_EVENT_OTHER);
        }
    }
}

TEST(mark_comes_whole)
{
    struct escpos_input input = {0};
    take(&input, "37 22 30 30 30 32 00 12 37 22 7E 20 41 7A 00");
    CHECK_EQ_U64(event_count, 3);
    CHECK(events[0].kind == ESCPOS_EVENT_MARK);
    CHECK_EQ_MEM(events[0].id, "0002", 4);
    CHECK(events[1].kind == ESCPOS_EVENT_EOT);
    CHECK_EQ_MEM(events[2].id, "~ Az", 4);
}

TEST(mark_of_wrong_length_is_no_mark)
{
    struct escpos_input input = {0};
    take(&input, "37 22 30 30 30 00 37 22 30 30 30 30 30 00 37 23 41 00");
    CHECK_EQ_U64(event_count, 3);
    for (size_t i = 0; i < event_count; i++) {
        CHECK(events[i].kind == ESCPOS_EVENT_OTHER);
    }
}

TEST(automatic_status_may_have_flow_control_inside)
{
    struct escpos_input input = {0};
    take(&input, "18 13 00 11 0F 00 12");
    CHECK_EQ_U64(event_count, 4);
    CHECK(events[0].kind == ESCPOS_EVENT_FLOW && events[0].byte == 0x13);
    CHECK(events[1].kind == ESCPOS_EVENT_FLOW && events[1].byte == 0x11);
    CHECK(events[2].kind == ESCPOS_EVENT_ASB);
    CHECK_EQ_U64(events[2].asb[2], 0x0F);
    CHECK(events[3].kind == ESCPOS_EVENT_EOT);
}

TEST(cut_off_block_costs_one_event)
{
    struct escpos_input input = {0};
    take(&input, "18 00 12 37 22 30 12 12");
    CHECK_EQ_U64(event_count, 3);
    for (size_t i = 0; i < event_count; i++) {
        CHECK(events[i].kind == ESCPOS_EVENT_EOT);
    }
}

/* What interrupts a block may begin one itself: the block that was cut off is told by an event. */
TEST(a_block_that_interrupts_a_block)
{
    struct escpos_input input = {0};
    take(&input, "37 22 30 18 00 0F 00");
    CHECK_EQ_U64(event_count, 2);
    CHECK(events[0].kind == ESCPOS_EVENT_OTHER);
    CHECK(events[1].kind == ESCPOS_EVENT_ASB && events[1].asb[2] == 0x0F);
    take(&input, "37 22 80 12"); /* not even that */
    CHECK_EQ_U64(event_count, 2);
    CHECK(events[0].kind == ESCPOS_EVENT_OTHER && events[0].byte == 0x80);
}

TEST(short_blocks_are_passed_over)
{
    struct escpos_input input = {0};
    take(&input, "35 00 12 FF 12 39 01 02 03 12");
    CHECK_EQ_U64(event_count, 4);
    CHECK(events[0].kind == ESCPOS_EVENT_OTHER && events[0].byte == 0x35);
    CHECK(events[1].kind == ESCPOS_EVENT_EOT);
    CHECK(events[2].kind == ESCPOS_EVENT_OTHER && events[2].byte == 0x39);
    CHECK(events[3].kind == ESCPOS_EVENT_EOT);
}

TEST(endless_block_is_bounded)
{
    struct escpos_input input = {0};
    struct escpos_event event;
    size_t others = 0;
    CHECK(!escpos_input_take(&input, 0x5F, &event));
    for (size_t i = 0; i < (size_t)10 * ESCPOS_BLOCK_SIZE_MAX; i++) {
        others += escpos_input_take(&input, 0x41, &event) ? 1 : 0;
        CHECK(input.size <= ESCPOS_BLOCK_SIZE_MAX);
    }
    CHECK(others > 0);
    take(&input, "00 12");
    CHECK(events[event_count - 1].kind == ESCPOS_EVENT_EOT);
}

TEST(power_off_notice)
{
    struct escpos_input input = {0};
    take(&input, "3B 30 00 3B 31 00 3B 00");
    CHECK_EQ_U64(event_count, 3);
    CHECK(events[0].kind == ESCPOS_EVENT_POWER_OFF);
    CHECK(events[1].kind == ESCPOS_EVENT_OTHER);
    CHECK(events[2].kind == ESCPOS_EVENT_OTHER);
}

/* State by state: the four answers to DLE EOT, the four bytes of ASB, and what they mean. */
struct state_row {
    const char *name;
    uint8_t eot[4];
    uint8_t asb[4];
    struct escpos_status meant;
    bool clear;
};

static const struct state_row STATES[] = {
    {"ready", {0x12, 0x12, 0x12, 0x12}, {0x10, 0, 0, 0}, {0}, true},
    {"near end", {0x12, 0x12, 0x12, 0x1E}, {0x10, 0, 3, 0}, {.near_end = true}, true},
    {"paper out",
     {0x1A, 0x32, 0x12, 0x7E},
     {0x18, 0, 0x0F, 0},
     {.off_line = true, .near_end = true, .paper_end = true},
     false},
    {"cover open",
     {0x1A, 0x16, 0x12, 0x12},
     {0x38, 0, 0, 0},
     {.off_line = true, .cover_open = true},
     false},
    {"cover opened while printing",
     {0x1A, 0x56, 0x52, 0x12},
     {0x38, 0x40, 0, 0},
     {.off_line = true, .cover_open = true, .auto_recovers = true, .error = true},
     false},
    {"cutter jam",
     {0x1A, 0x52, 0x1A, 0x12},
     {0x18, 0x08, 0, 0},
     {.off_line = true, .cutter = true, .error = true},
     false},
    {"head hot",
     {0x1A, 0x52, 0x52, 0x12},
     {0x18, 0x40, 0, 0},
     {.off_line = true, .auto_recovers = true, .error = true},
     false},
    {"unrecoverable",
     {0x1A, 0x52, 0x32, 0x12},
     {0x18, 0x20, 0, 0},
     {.off_line = true, .unrecoverable = true, .error = true},
     false},
    {"feed held", {0x5A, 0x1A, 0x12, 0x12}, {0x58, 0x02, 0, 0}, {.off_line = true}, false},
    {"recovering",
     {0x3A, 0x12, 0x12, 0x12},
     {0x18, 0x01, 0, 0},
     {.off_line = true, .waits_recovery = true},
     false},
};

static void expect_status(const char *name, const struct escpos_status *got,
                          const struct escpos_status *wanted)
{
    bool same = got->off_line == wanted->off_line && got->cover_open == wanted->cover_open &&
                got->paper_end == wanted->paper_end && got->near_end == wanted->near_end &&
                got->cutter == wanted->cutter && got->unrecoverable == wanted->unrecoverable &&
                got->auto_recovers == wanted->auto_recovers && got->error == wanted->error &&
                got->waits_recovery == wanted->waits_recovery;
    if (!same) {
        TEST_FAIL("%s is misread", name);
    }
}

TEST(states_read_from_either_source)
{
    for (size_t i = 0; i < sizeof(STATES) / sizeof(STATES[0]); i++) {
        const struct state_row *row = &STATES[i];
        struct escpos_status by_eot = {0};
        struct escpos_status by_asb = {0};
        for (uint8_t which = 1; which <= 4; which++) {
            escpos_status_take_eot(&by_eot, which, row->eot[which - 1]);
        }
        escpos_status_take_asb(&by_asb, row->asb);
        expect_status(row->name, &by_eot, &row->meant);
        expect_status(row->name, &by_asb, &row->meant);
        CHECK(escpos_status_is_clear(&by_eot) == row->clear);
        CHECK(escpos_status_is_clear(&by_asb) == row->clear);
    }
}

TEST(each_state_goes_away_again)
{
    for (size_t i = 0; i < sizeof(STATES) / sizeof(STATES[0]); i++) {
        struct escpos_status status = {0};
        for (uint8_t which = 1; which <= 4; which++) {
            escpos_status_take_eot(&status, which, STATES[i].eot[which - 1]);
        }
        for (uint8_t which = 1; which <= 4; which++) {
            escpos_status_take_eot(&status, which, 0x12);
        }
        expect_status(STATES[i].name, &status, &STATES[0].meant);
        CHECK(escpos_status_is_clear(&status));
    }
}

TEST(each_trouble_alone_keeps_a_receipt_back)
{
    static const struct escpos_status troubles[] = {
        {.off_line = true}, {.cover_open = true},    {.paper_end = true}, {.paper_stop = true},
        {.cutter = true},   {.unrecoverable = true}, {.error = true},     {.auto_recovers = true},
    };
    for (size_t i = 0; i < sizeof(troubles) / sizeof(troubles[0]); i++) {
        CHECK(!escpos_status_is_clear(&troubles[i]));
    }
    CHECK(escpos_status_is_clear(&(struct escpos_status){.near_end = true}));
}

TEST_MAIN()
