/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The stream parser under any bytes in any pieces. It must give the same frames whether the bytes
 * come one at a time or in pieces, each frame must be there in the input, byte for byte, and after
 * the end nothing may be left waiting. The input's first byte chooses the size of the pieces.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "common/must.h"
#include "protocol/dl645/stream.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct tally {
    uint32_t count;
    uint32_t digest; /* of all frames in their order */
};

/* The frame's own bytes must occur in the input. */
static void check_origin(const struct dl645_frame *frame, const uint8_t *data, size_t size)
{
    uint8_t bytes[DL645_WIRE_SIZE_MAX];
    size_t frame_size = 0;
    enum err err = dl645_frame_encode(frame, 0, bytes, sizeof(bytes), &frame_size);
    MUST(err == OK);
    bool found = false;
    for (size_t at = 0; at + frame_size <= size && !found; at++) {
        found = memcmp(data + at, bytes, frame_size) == 0;
    }
    MUST(found);
}

static void drain(struct dl645_stream *stream, struct tally *tally, const uint8_t *data,
                  size_t size)
{
    struct dl645_frame frame;
    while (dl645_stream_next(stream, &frame) == OK) {
        check_origin(&frame, data, size);
        tally->count += 1;
        tally->digest = tally->digest * 31U + frame.control;
        for (size_t i = 0; i < frame.data_size; i++) {
            tally->digest = tally->digest * 31U + frame.data[i];
        }
    }
}

static struct tally run(const uint8_t *data, size_t size, size_t piece)
{
    struct dl645_stream stream;
    struct tally tally = {0};
    dl645_stream_init(&stream);
    for (size_t at = 0; at < size; at += piece) {
        size_t count = size - at < piece ? size - at : piece;
        size_t taken = dl645_stream_push(&stream, data + at, count);
        MUST(taken == count);
        drain(&stream, &tally, data, size);
    }
    dl645_stream_end(&stream);
    drain(&stream, &tally, data, size);
    MUST(!dl645_stream_is_waiting(&stream));
    MUST(stream.frame_count == tally.count);
    MUST(stream.noise_count <= size);
    return tally;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0) {
        return 0;
    }
    struct tally pieces = run(data + 1, size - 1, (size_t)data[0] + 1);
    struct tally bytes = run(data + 1, size - 1, /* piece= */ 1);
    MUST(pieces.count == bytes.count);
    MUST(pieces.digest == bytes.digest);
    return 0;
}
