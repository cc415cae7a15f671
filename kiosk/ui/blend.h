/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SHILLING_KIOSK_UI_BLEND_H
#define SHILLING_KIOSK_UI_BLEND_H

/* The hot loops: a colour through an 8-bit mask onto XRGB pixels. Compiled with -O3. */

#include <stdint.h>

#include "kiosk/ui/raster.h"

/* A picture of coverage, w x h bytes. */
struct blend_mask {
    const uint8_t *alpha;
    int w;
    int h;
};

/** Paint @p color (0xAARRGGBB) through @p mask with its corner at (x, y), inside @p clip only. */
void blend_mask(const struct raster_target *target, struct ui_rect clip, int x, int y,
                const struct blend_mask *mask, uint32_t color);

/*
 * A mask whose middle row and column are repeated: corners of @p corner pixels stay as they are.
 * For shadows of any size from one small picture.
 */
struct blend_patch {
    const uint8_t *alpha; /* side x side */
    int side;
    int corner;
};

/** Paint @p color through @p patch stretched over @p rect, inside @p clip, except @p hole. */
void blend_patch(const struct raster_target *target, struct ui_rect clip, struct ui_rect rect,
                 const struct blend_patch *patch, uint32_t color, struct ui_rect hole);

#endif
