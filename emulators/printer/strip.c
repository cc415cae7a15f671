/* SPDX-License-Identifier: Apache-2.0 */
#include "emulators/printer/strip.h"

#include <stdlib.h>
#include <string.h>

#include "common/must.h"

void strip_init(struct strip *strip, size_t width)
{
    *strip = (struct strip){.width = width};
}

void strip_finish(struct strip *strip)
{
    free(strip->dots);
    strip->dots = NULL;
}

void strip_feed(struct strip *strip, size_t rows)
{
    MUST(strip->rows + rows <= STRIP_ROWS_MAX);
    if (strip->rows + rows > strip->room) {
        size_t room = (strip->rows + rows) * 2;
        uint8_t *dots = realloc(strip->dots, room * strip->width);
        MUST(dots != NULL);
        strip->dots = dots;
        strip->room = room;
    }
    memset(strip->dots + strip->rows * strip->width, 0, rows * strip->width);
    strip->rows += rows;
}

void strip_dot(struct strip *strip, size_t x, size_t y)
{
    if (x < strip->width && y < strip->rows) {
        strip->dots[y * strip->width + x] = 1;
        strip->has_ink = true;
    }
}

bool strip_is_black(const struct strip *strip, size_t x, size_t y)
{
    return x < strip->width && y < strip->rows && strip->dots[y * strip->width + x] != 0;
}

void strip_tear(struct strip *strip, size_t rows)
{
    MUST(rows <= strip->rows);
    size_t left = strip->rows - rows;
    if (left > 0 && rows > 0) {
        memmove(strip->dots, strip->dots + rows * strip->width, left * strip->width);
    }
    strip->rows = left;
    strip->has_ink = false;
    for (size_t i = 0; i < left * strip->width; i++) {
        strip->has_ink = strip->has_ink || strip->dots[i] != 0;
    }
}
