/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SHILLING_KIOSK_UI_DIFF_H
#define SHILLING_KIOSK_UI_DIFF_H

/*
 * What changed between two pictures, without painting them: the screen is divided into cells, each
 * command is hashed into the cells it touches, and cells whose hash is another than last time are
 * dirty (the idea of rxi/lite's renderer). Dirty cells become a few rectangles.
 */

#include <stdbool.h>
#include <stdint.h>

#include "kiosk/ui/draw.h"

enum {
    DIFF_CELL_PX = 64,
    DIFF_SIDE_MAX = 4096 / DIFF_CELL_PX, /* the largest panel */
};

struct diff {
    uint32_t before[DIFF_SIDE_MAX * DIFF_SIDE_MAX];
    uint32_t now[DIFF_SIDE_MAX * DIFF_SIDE_MAX];
    int columns;
    int rows;
    int width;
    int height;
    bool all; /* nothing is known of the last picture */
};

void diff_init(struct diff *ret_diff, int width, int height);

/** Forget the last picture. */
void diff_invalidate(struct diff *diff);

/** The areas in which @p list differs from the list of the last call. */
void diff_update(struct diff *diff, const struct draw_list *list, struct ui_rects *ret_rects);

#endif
