/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SHILLING_PROTOCOL_DL645_STREAM_H
#define SHILLING_PROTOCOL_DL645_STREAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/compiler.h"
#include "common/err.h"
#include "protocol/dl645/frame.h"

/*
 * Frames out of a byte stream with noise in it. A candidate that turns out wrong costs one byte,
 * its 68: the search goes on behind it, so a good frame inside a bad one is still found. A length
 * byte is never believed longer than the caller says: after the gap that ends a frame on the wire
 * (500 ms between bytes, standard 5.2), or at the reply's timeout, call dl645_stream_end().
 *
 *     push bytes -> next until ERR_INCOMPLETE -> on silence: end -> next until ERR_INCOMPLETE
 */

enum {
    DL645_STREAM_SIZE = 512, /* a waiting candidate (at most 211 bytes) and a full read behind it */
};

struct dl645_stream {
    uint8_t buffer[DL645_STREAM_SIZE];
    size_t used;
    bool ended;                     /* what is in the buffer will not grow any more */
    uint32_t frame_count;           /* good frames so far */
    uint32_t noise_count;           /* bytes outside good frames, FE not counted */
    uint32_t rejected_count;        /* candidates that had both 68 and were wrong */
    enum dl645_check rejected_last; /* why the last one of them was wrong */
};

/** Begin with an empty stream and all counts at zero. */
void dl645_stream_init(struct dl645_stream *stream);

/** Forget the buffered bytes (before a new request); the counts stay. */
void dl645_stream_clear(struct dl645_stream *stream);

/**
 * Add received bytes. Returns how many were taken: all of them, if next() was called until
 * ERR_INCOMPLETE before and @p size is at most 300; fewer when the buffer is full.
 */
MUST_CHECK size_t dl645_stream_push(struct dl645_stream *stream, const uint8_t *bytes, size_t size);

/** No more bytes belong to what is buffered: an unfinished candidate is wrong, not waiting. */
void dl645_stream_end(struct dl645_stream *stream);

/** The next good frame: OK, or ERR_INCOMPLETE when more bytes are needed. */
MUST_CHECK enum err dl645_stream_next(struct dl645_stream *stream, struct dl645_frame *ret_frame);

/** True if bytes are waiting that could be the beginning of a frame. */
bool dl645_stream_is_waiting(const struct dl645_stream *stream);

#endif
