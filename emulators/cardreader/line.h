/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SHILLING_EMULATORS_CARDREADER_LINE_H
#define SHILLING_EMULATORS_CARDREADER_LINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * One direction of the serial line: bytes go in at one moment and come out when their last stop
 * bit would have ended. Without a speed they come out at once.
 */
enum {
    LINE_BYTES = 4096,  /* some frames of the largest size */
    LINE_PIECES = 1024, /* a frame that stutters is a piece a byte */
};

struct line_piece {
    int64_t due_us;
    size_t size;
};

struct line {
    uint32_t baud;   /* 0: at once */
    int64_t free_us; /* the line is busy until then */
    uint64_t total;  /* bytes that ever went in */
    uint8_t bytes[LINE_BYTES];
    size_t size;
    struct line_piece pieces[LINE_PIECES];
    size_t piece_count;
};

/** How the bytes go in. */
struct line_manner {
    int64_t now_us;
    int64_t pause_us;   /* before the first */
    int64_t stutter_us; /* before each further byte; 0: all in one piece */
};

/** Put bytes in; what does not fit is lost, as on a real line that nobody reads. */
void line_put(struct line *line, const uint8_t *bytes, size_t size,
              const struct line_manner *manner);

/** Take out what has arrived by now, at most @p room bytes. */
size_t line_take(struct line *line, uint8_t *ret_bytes, size_t room, int64_t now_us);

/** When the next bytes arrive; INT64_MAX if there are none. */
int64_t line_next_us(const struct line *line);

/** Forget what is under way. */
void line_clear(struct line *line);

#endif
