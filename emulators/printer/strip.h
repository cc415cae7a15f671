/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SHILLING_EMULATORS_PRINTER_STRIP_H
#define SHILLING_EMULATORS_PRINTER_STRIP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The paper from the last cut to the head, as dots; it grows as it is fed. */
struct strip {
    size_t width; /* dots under the head: 576 or 384 */
    size_t rows;
    size_t room;   /* rows of memory */
    uint8_t *dots; /* one byte a dot: 0 white, 1 black */
    bool has_ink;
};

enum { STRIP_ROWS_MAX = 80000 /* ten metres in one piece: somebody feeds without cutting */ };

void strip_init(struct strip *strip, size_t width);
void strip_finish(struct strip *strip);
/** Feed @p rows white rows; at STRIP_ROWS_MAX the program ends: out of memory otherwise. */
void strip_feed(struct strip *strip, size_t rows);
/** Blacken a dot of a row that was fed; outside the paper nothing happens. */
void strip_dot(struct strip *strip, size_t x, size_t y);
bool strip_is_black(const struct strip *strip, size_t x, size_t y);
/** Take the first @p rows off the strip. */
void strip_tear(struct strip *strip, size_t rows);

#endif
