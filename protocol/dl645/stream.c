/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The buffer always begins with the candidate under examination. Bytes before a 68 are dropped at
 * once; a candidate that is wrong loses its 68 and the search goes on in what it claimed to own.
 */

#include "protocol/dl645/stream.h"

#include <string.h>

#include "common/must.h"

enum {
    START = 0x68,
    PREAMBLE = 0xFE,
};

void dl645_stream_init(struct dl645_stream *stream)
{
    *stream = (struct dl645_stream){0};
}

void dl645_stream_clear(struct dl645_stream *stream)
{
    stream->used = 0;
    stream->ended = false;
}

size_t dl645_stream_push(struct dl645_stream *stream, const uint8_t *bytes, size_t size)
{
    MUST(stream->used <= DL645_STREAM_SIZE);
    size_t room = DL645_STREAM_SIZE - stream->used;
    size_t taken = size < room ? size : room;
    if (taken > 0) {
        memcpy(stream->buffer + stream->used, bytes, taken);
        stream->used += taken;
        stream->ended = false;
    }
    return taken;
}

void dl645_stream_end(struct dl645_stream *stream)
{
    stream->ended = true;
}

static void drop(struct dl645_stream *stream, size_t count)
{
    MUST(count <= stream->used);
    stream->used -= count;
    memmove(stream->buffer, stream->buffer + count, stream->used);
}

/* Drop what stands before the first 68; FE is no noise, it belongs there. */
static void drop_noise(struct dl645_stream *stream, size_t from)
{
    size_t at = from;
    while (at < stream->used && stream->buffer[at] != START) {
        stream->noise_count += stream->buffer[at] != PREAMBLE ? 1 : 0;
        at += 1;
    }
    drop(stream, at);
}

static void reject(struct dl645_stream *stream, enum dl645_check check)
{
    if (check != DL645_CHECK_START_2 && stream->used > DL645_ADDRESS_SIZE + 1) {
        stream->rejected_count += 1;
        stream->rejected_last = check;
    }
    stream->noise_count += 1; /* the 68 itself */
    drop_noise(stream, /* from= */ 1);
}

/* True if more bytes could still make a frame of what is buffered. */
static bool may_grow(const struct dl645_stream *stream, enum dl645_check check)
{
    MUST(check != DL645_CHECK_TRUNCATED || stream->used < DL645_FRAME_SIZE_MAX);
    return check == DL645_CHECK_TRUNCATED && !stream->ended;
}

enum err dl645_stream_next(struct dl645_stream *stream, struct dl645_frame *ret_frame)
{
    drop_noise(stream, /* from= */ 0);
    while (stream->used > 0) {
        struct dl645_inspection inspection;
        dl645_inspect_at(stream->buffer, stream->used, &inspection);
        if (inspection.check == DL645_CHECK_OK) {
            drop(stream, inspection.size_read);
            stream->frame_count += 1;
            *ret_frame = inspection.frame;
            return OK;
        }
        if (may_grow(stream, inspection.check)) {
            return ERR_INCOMPLETE;
        }
        reject(stream, inspection.check);
    }
    stream->ended = false;
    return ERR_INCOMPLETE;
}

bool dl645_stream_is_waiting(const struct dl645_stream *stream)
{
    return stream->used > 0;
}
