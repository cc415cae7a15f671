/* SPDX-License-Identifier: Apache-2.0 */
#include "protocol/dl645/stream.h"
#include "tests/unit/protocol/dl645/wire.h"
#include "tests/unit/test.h"

static const char reply_hex[] = "68 12 00 00 00 10 20 68 91 08 33 35 C3 33 89 CB 34 33 C4 16";

static size_t push_all(struct dl645_stream *stream, const char *hex)
{
    struct wire wire = wire_of(hex);
    return dl645_stream_push(stream, wire.bytes, wire.size) == wire.size ? wire.size : 0;
}

static size_t count_frames(struct dl645_stream *stream)
{
    struct dl645_frame frame;
    size_t count = 0;
    while (dl645_stream_next(stream, &frame) == OK) {
        count += 1;
    }
    return count;
}

TEST(one_byte_at_a_time)
{
    struct dl645_stream stream;
    struct wire wire = wire_of(reply_hex);
    dl645_stream_init(&stream);
    for (size_t i = 0; i < wire.size; i++) {
        CHECK_EQ_U64(dl645_stream_push(&stream, &wire.bytes[i], 1), 1);
        CHECK_EQ_U64(count_frames(&stream), i + 1 == wire.size ? 1 : 0);
    }
    CHECK(!dl645_stream_is_waiting(&stream));
    CHECK_EQ_U64(stream.noise_count, 0);
    CHECK_EQ_U64(stream.frame_count, 1);
}

TEST(preambles_of_any_length_and_noise)
{
    struct dl645_stream stream;
    dl645_stream_init(&stream);
    for (size_t fe = 0; fe < 8; fe++) {
        for (size_t i = 0; i < fe; i++) {
            CHECK(push_all(&stream, "FE") == 1);
        }
        CHECK(push_all(&stream, reply_hex) > 0);
        CHECK_EQ_U64(count_frames(&stream), 1);
    }
    CHECK(push_all(&stream, "00 FE 7F FE FE") > 0);
    CHECK(push_all(&stream, reply_hex) > 0);
    CHECK_EQ_U64(count_frames(&stream), 1);
    CHECK_EQ_U64(stream.noise_count, 2); /* FE is none */
}

TEST(search_goes_on_one_byte_behind_a_rejected_start)
{
    /* A false 68 right before the frame; its second 68 would be at the frame's own place. */
    struct dl645_stream stream;
    dl645_stream_init(&stream);
    CHECK(push_all(&stream, "68") == 1);
    CHECK(push_all(&stream, reply_hex) > 0);
    CHECK_EQ_U64(count_frames(&stream), 1);

    /* A frame cut off by the real one: 68 at 0 and 7, length 08, then the reply begins inside. */
    dl645_stream_init(&stream);
    CHECK(push_all(&stream, "68 12 00 00 00 10 20 68 91 08 33 35") > 0);
    CHECK(push_all(&stream, reply_hex) > 0);
    CHECK_EQ_U64(count_frames(&stream), 1);
    CHECK_EQ_U64(stream.rejected_count, 1);
}

TEST(length_that_lies_waits_only_until_the_end)
{
    struct dl645_stream stream;
    dl645_stream_init(&stream);
    CHECK(push_all(&stream, "68 12 00 00 00 10 20 68 91 C8") > 0);
    CHECK(push_all(&stream, reply_hex) > 0);
    CHECK_EQ_U64(count_frames(&stream), 0);
    CHECK(dl645_stream_is_waiting(&stream));
    dl645_stream_end(&stream);
    CHECK_EQ_U64(count_frames(&stream), 1);
    CHECK(!dl645_stream_is_waiting(&stream));
    CHECK_EQ_I64(stream.rejected_last, DL645_CHECK_TRUNCATED);
    /* After the end the stream is as good as new. */
    CHECK(push_all(&stream, "68 12 00 00 00 10 20 68 91 08 33 35") > 0);
    CHECK_EQ_U64(count_frames(&stream), 0);
    CHECK(push_all(&stream, "C3 33 89 CB 34 33 C4 16") > 0);
    CHECK_EQ_U64(count_frames(&stream), 1);
}

TEST(length_above_200_is_rejected_at_once)
{
    struct dl645_stream stream;
    dl645_stream_init(&stream);
    CHECK(push_all(&stream, "68 12 00 00 00 10 20 68 91 C9") > 0);
    CHECK(push_all(&stream, reply_hex) > 0);
    CHECK_EQ_U64(count_frames(&stream), 1);
    CHECK_EQ_I64(stream.rejected_last, DL645_CHECK_LENGTH);
}

TEST(flipped_bits_never_hide_the_next_frame)
{
    struct wire wire = wire_of(reply_hex);
    for (size_t bit = 0; bit < wire.size * 8; bit++) {
        struct dl645_stream stream;
        struct wire bad = wire;
        dl645_stream_init(&stream);
        bad.bytes[bit / 8] ^= (uint8_t)(1U << (bit % 8));
        CHECK_EQ_U64(dl645_stream_push(&stream, bad.bytes, bad.size), bad.size);
        CHECK_EQ_U64(dl645_stream_push(&stream, wire.bytes, wire.size), wire.size);
        dl645_stream_end(&stream);
        CHECK_EQ_U64(count_frames(&stream), 1);
    }
}

TEST(buffer_never_overflows)
{
    struct dl645_stream stream;
    uint8_t starts[700];
    memset(starts, 0x68, sizeof(starts));
    dl645_stream_init(&stream);
    size_t taken = dl645_stream_push(&stream, starts, sizeof(starts));
    CHECK_EQ_U64(taken, DL645_STREAM_SIZE);
    CHECK_EQ_U64(dl645_stream_push(&stream, starts, 1), 0);
    CHECK_EQ_U64(count_frames(&stream), 0);
    /* What is left is one waiting candidate, so that a whole read fits behind it. */
    CHECK(stream.used < DL645_FRAME_SIZE_MAX);
    CHECK_EQ_U64(dl645_stream_push(&stream, starts, 300), 300);
}

TEST(clear_forgets_bytes_and_keeps_counts)
{
    struct dl645_stream stream;
    dl645_stream_init(&stream);
    CHECK(push_all(&stream, reply_hex) > 0);
    CHECK_EQ_U64(count_frames(&stream), 1);
    CHECK(push_all(&stream, "68 12 00") > 0);
    dl645_stream_clear(&stream);
    CHECK(!dl645_stream_is_waiting(&stream));
    CHECK_EQ_U64(stream.frame_count, 1);
}

TEST_MAIN()
