/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SHILLING_KIOSK_UI_RASTER_H
#define SHILLING_KIOSK_UI_RASTER_H

/*
 * Paints a draw list into pixels: shapes by cairo in place (CAIRO_FORMAT_RGB24 is XRGB8888),
 * letters, icons and shadows as tinted masks by our own loops. Knows no window and no SDL.
 */

#include <stddef.h>
#include <stdint.h>

#include "common/compiler.h"
#include "common/err.h"
#include "kiosk/ui/draw.h"
#include "kiosk/ui/text.h"
#include "kiosk/ui/ui.h"

/* Where to paint. */
struct raster_target {
    uint32_t *pixels;
    int width;
    int height;
    int stride_px; /* pixels from row to row */
};

struct raster;

/** @param text  borrowed for the raster's life. @param ret_raster [@own given] */
MUST_CHECK enum err raster_create(struct text_engine *text, struct raster **ret_raster);
void raster_destroy(struct raster *raster);

/** Paint everything of @p list that touches @p area, clipped to it. */
void raster_paint(struct raster *raster, const struct draw_list *list,
                  const struct raster_target *target, struct ui_rect area);

/** Bytes of kept icons, shadows and pictures. */
size_t raster_cache_size(const struct raster *raster);

/** Drop kept pictures (another theme needs others). */
void raster_drop_pictures(struct raster *raster);

#endif
