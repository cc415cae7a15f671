/* SPDX-License-Identifier: Apache-2.0 */
/* Frames between host and chip: UM0701-02, 6.2.1, and what may be wrong with them. */
#include "emulators/cardreader/frame.h"
#include "tests/unit/emulators_cardreader/rig.h"
#include "tests/unit/test.h"

static struct frame frame;

static enum frame_kind next_of(struct frame_parser *parser, const uint8_t *bytes, size_t size)
{
    size_t taken = frame_feed(parser, bytes, size);
    CHECK_EQ_U64(taken, size);
    return frame_next(parser, &frame);
}

TEST(a_command_of_the_manual)
{
    static const uint8_t WIRE[] = {0x00, 0x00, 0xFF, 0x02, 0xFE, 0xD4, 0x02, 0x2A, 0x00};
    struct frame_parser parser = {.size = 0};
    CHECK_EQ_I64(next_of(&parser, WIRE, sizeof(WIRE)), FRAME_COMMAND);
    CHECK_EQ_U64(frame.size, 1);
    CHECK_EQ_U64(frame.data[0], 0x02);
    CHECK_EQ_I64(frame_next(&parser, &frame), FRAME_NONE);
    CHECK_EQ_U64(parser.size, 1); /* a zero may begin the next frame */
}

TEST(it_may_come_byte_by_byte)
{
    static const uint8_t WIRE[] = {0x00, 0x00, 0xFF, 0x02, 0xFE, 0xD4, 0x02, 0x2A, 0x00};
    struct frame_parser parser = {.size = 0};
    for (size_t i = 0; i + 2 < sizeof(WIRE); i++) {
        CHECK_EQ_I64(next_of(&parser, WIRE + i, 1), FRAME_NONE);
    }
    CHECK_EQ_I64(next_of(&parser, WIRE + sizeof(WIRE) - 2, 1), FRAME_COMMAND);
}

TEST(wake_up_bytes_may_stand_in_front)
{
    static const uint8_t WIRE[] = {0x55, 0x55, 0, 0,    0,    0,    0,    0,    0,    0,    0,   0,
                                   0,    0,    0, 0x00, 0x00, 0xFF, 0x02, 0xFE, 0xD4, 0x02, 0x2A};
    struct frame_parser parser = {.size = 0};
    CHECK_EQ_I64(next_of(&parser, WIRE, sizeof(WIRE)), FRAME_COMMAND);
}

TEST(only_one_zero_is_a_postamble)
{
    /* The second frame has no preamble of its own but the zero of its start code. */
    static const uint8_t WIRE[] = {0x00, 0xFF, 0x02, 0xFE, 0xD4, 0x02, 0x2A, 0x00,
                                   0x00, 0xFF, 0x02, 0xFE, 0xD4, 0x04, 0x28};
    struct frame_parser parser = {.size = 0};
    CHECK_EQ_I64(next_of(&parser, WIRE, sizeof(WIRE)), FRAME_COMMAND);
    CHECK_EQ_I64(frame_next(&parser, &frame), FRAME_COMMAND);
    CHECK_EQ_U64(frame.data[0], 0x04);
    CHECK_EQ_I64(frame_next(&parser, &frame), FRAME_NONE);
}

TEST(a_missing_postamble_costs_nothing)
{
    static const uint8_t WIRE[] = {0x00, 0xFF, 0x02, 0xFE, 0xD4, 0x02, 0x2A,
                                   0x00, 0xFF, 0x02, 0xFE, 0xD4, 0x04, 0x28};
    struct frame_parser parser = {.size = 0};
    CHECK_EQ_I64(next_of(&parser, WIRE, sizeof(WIRE)), FRAME_COMMAND);
    CHECK_EQ_I64(frame_next(&parser, &frame), FRAME_COMMAND);
}

TEST(ack_and_nack)
{
    struct frame_parser parser = {.size = 0};
    CHECK_EQ_I64(next_of(&parser, FRAME_ACK_BYTES, FRAME_ACK_SIZE), FRAME_ACK);
    CHECK_EQ_I64(next_of(&parser, FRAME_NACK_BYTES, FRAME_ACK_SIZE), FRAME_NACK);
    CHECK_EQ_I64(frame_next(&parser, &frame), FRAME_NONE);
}

TEST(broken_ones_are_skipped)
{
    static const uint8_t BROKEN[][9] = {
        {0x00, 0x00, 0xFF, 0x02, 0xFD, 0xD4, 0x02, 0x2A, 0x00}, /* complement of the length */
        {0x00, 0x00, 0xFF, 0x02, 0xFE, 0xD4, 0x02, 0x2B, 0x00}, /* sum */
        {0x00, 0x00, 0xFF, 0x02, 0xFE, 0xD5, 0x02, 0x29, 0x00}, /* the chip's direction */
        {0x00, 0x00, 0xFF, 0x01, 0xFF, 0xD4, 0x2C, 0x00, 0x00}, /* no command code */
        {0x00, 0x00, 0xFF, 0xFF, 0xFF, 0x01, 0x10, 0xEE, 0xD4}, /* extended: complement */
        {0x00, 0x00, 0xFF, 0xFF, 0xFF, 0x02, 0x00, 0xFE, 0xD4}, /* extended: too long */
    };
    static const uint8_t SOUND[] = {0x00, 0x00, 0xFF, 0x02, 0xFE, 0xD4, 0x02, 0x2A, 0x00};
    for (size_t i = 0; i < sizeof(BROKEN) / sizeof(BROKEN[0]); i++) {
        struct frame_parser parser = {.size = 0};
        CHECK_EQ_I64(next_of(&parser, BROKEN[i], sizeof(BROKEN[i])), FRAME_BROKEN);
        CHECK_EQ_I64(next_of(&parser, SOUND, sizeof(SOUND)), FRAME_COMMAND);
    }
}

TEST(extended_frames_both_ways)
{
    uint8_t data[FRAME_DATA_MAX];
    uint8_t wire[FRAME_WIRE_MAX];
    for (size_t size = 250; size <= FRAME_DATA_MAX; size++) {
        struct frame_parser parser = {.size = 0};
        memset(data, (int)size, sizeof(data));
        size_t whole = frame_encode(data, size, wire);
        CHECK_EQ_U64(whole, size + (size >= 255 ? 11 : 8));
        wire[size >= 255 ? 8 : 5] = FRAME_TFI_HOST; /* as if the host had said it */
        wire[whole - 2] = (uint8_t)(wire[whole - 2] + 1);
        CHECK_EQ_I64(next_of(&parser, wire, whole), FRAME_COMMAND);
        CHECK_EQ_U64(frame.size, size);
        CHECK_EQ_MEM(frame.data, data, size);
    }
}

TEST(a_reply_as_the_manual_writes_it)
{
    static const uint8_t FIRMWARE[] = {0x03, 0x32, 0x01, 0x06, 0x07};
    static const uint8_t WANTED[] = {0x00, 0x00, 0xFF, 0x06, 0xFA, 0xD5, 0x03,
                                     0x32, 0x01, 0x06, 0x07, 0xE8, 0x00};
    uint8_t wire[FRAME_WIRE_MAX];
    CHECK_EQ_U64(frame_encode(FIRMWARE, sizeof(FIRMWARE), wire), sizeof(WANTED));
    CHECK_EQ_MEM(wire, WANTED, sizeof(WANTED));
}

TEST_MAIN()
