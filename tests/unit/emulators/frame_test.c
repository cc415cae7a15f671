/* SPDX-License-Identifier: Apache-2.0 */
/* The emulator's frames against the published examples and against noise. */
#include "emulators/meterbus/frame.h"
#include "tests/unit/test.h"

static size_t hex_bytes(const char *hex, uint8_t *ret_bytes)
{
    size_t count = 0;
    for (const char *p = hex; *p != '\0';) {
        if (*p == ' ') {
            p++;
            continue;
        }
        char pair[3] = {p[0], p[1], '\0'};
        ret_bytes[count++] = (uint8_t)strtoul(pair, NULL, 16);
        p += 2;
    }
    return count;
}

/* Feed all bytes; how many frames came out. The last one is in ret_frame. */
static size_t feed(struct frame_scanner *scanner, const char *hex, struct frame *ret_frame)
{
    uint8_t bytes[1024];
    size_t frames = 0;
    size_t size = hex_bytes(hex, bytes);
    for (size_t i = 0; i < size; i++) {
        frames += frame_scanner_take(scanner, bytes[i], ret_frame) ? 1 : 0;
    }
    return frames;
}

TEST(published_frames_are_understood_and_written_the_same)
{
    static const char *const FRAMES[] = {
        "68 AA AA AA AA AA AA 68 13 00 DF 16",
        "68 12 00 00 00 10 20 68 93 06 45 33 33 33 43 53 1F 16",
        "68 61 01 00 00 00 00 68 91 08 33 33 34 33 59 33 33 33 8A 16",
        "68 11 11 11 11 11 11 68 1C 10 33 33 33 33 33 33 33 33 4D 33 57 74 48 45 38 4B 55 16",
        "68 68 16 61 00 00 00 68 95 00 44 16",
        "68 42 00 15 03 24 20 68 C3 02 53 33 B9 16",
    };
    for (size_t i = 0; i < sizeof(FRAMES) / sizeof(FRAMES[0]); i++) {
        struct frame_scanner scanner = {.size = 0};
        struct frame frame;
        uint8_t wanted[FRAME_BYTES_MAX];
        uint8_t built[FRAME_BYTES_MAX];
        CHECK_EQ_U64(feed(&scanner, FRAMES[i], &frame), 1);
        size_t size = hex_bytes(FRAMES[i], wanted);
        CHECK_EQ_U64(frame_build(&frame, built), size);
        CHECK_EQ_MEM(built, wanted, size);
    }
}

TEST(wrong_frames_are_refused)
{
    static const char *const FRAMES[] = {
        "68 68 16 61 00 00 00 68 95 00 11 16",                         /* wrong sum */
        "68 61 01 00 00 00 00 68 91 08 33 33 34 33 59 33 33 33 8A 17", /* wrong end */
        "FE FE FE FE 68 66 55 44 33 22 11 68 91 09 33 33 34 33 97 3C 33 33 0B 16",
        "68 61 01 00 00 00 00 69 91 00 00 16", /* no second 68 */
    };
    for (size_t i = 0; i < sizeof(FRAMES) / sizeof(FRAMES[0]); i++) {
        struct frame_scanner scanner = {.size = 0};
        struct frame frame;
        CHECK_EQ_U64(feed(&scanner, FRAMES[i], &frame), 0);
    }
}

TEST(a_frame_behind_a_false_start_is_found)
{
    struct frame_scanner scanner = {.size = 0};
    struct frame frame;
    /* A lone 68, a 68 with a far too long L, then the real one inside what they claim. */
    CHECK_EQ_U64(feed(&scanner, "68 00 68 01 02 03 04 05 68 11 04", &frame), 0);
    CHECK_EQ_U64(feed(&scanner, "FE FE 68 61 01 00 00 00 00 68 11 04 33 33 34 33 14 16", &frame),
                 1);
    CHECK_EQ_U64(frame_di(&frame), 0x00010000);
    CHECK_EQ_U64(feed(&scanner, "68 61 01 00 00 00 00 68 11 04 33 33 34 33 14 16", &frame), 1);
}

TEST(every_length_survives_the_way_there_and_back)
{
    for (unsigned int size = 0; size <= 255; size++) {
        struct frame frame = {.control = 0x11, .size = (uint8_t)size};
        struct frame back;
        struct frame_scanner scanner = {.size = 0};
        uint8_t bytes[FRAME_BYTES_MAX];
        size_t found = 0;
        memset(frame.data, 0x35, size); /* 68 on the wire */
        memset(frame.address, 0x68, sizeof(frame.address));
        size_t count = frame_build(&frame, bytes);
        for (size_t i = 0; i < count; i++) {
            found += frame_scanner_take(&scanner, bytes[i], &back) ? 1 : 0;
        }
        CHECK_EQ_U64(found, 1);
        CHECK_EQ_U64(back.size, size);
        CHECK_EQ_MEM(back.data, frame.data, size);
    }
}

TEST_MAIN()
