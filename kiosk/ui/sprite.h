/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SHILLING_KIOSK_UI_SPRITE_H
#define SHILLING_KIOSK_UI_SPRITE_H

/*
 * Things that are painted once and kept: icons as masks, blurred shadows, large pictures. Each
 * kind has a table of fixed size and a limit in bytes; the least recently used one makes room.
 */

#include <stddef.h>
#include <stdint.h>

#include <cairo.h>

#include "common/compiler.h"
#include "common/err.h"
#include "kiosk/ui/blend.h"
#include "kiosk/ui/draw.h"

enum {
    SPRITE_PICTURES_SIZE_MAX = 9 * 1024 * 1024, /* home: head 2.8, media 1.9, tile 1.1 MB */
};

struct sprites;

MUST_CHECK enum err sprites_create(struct sprites **ret_sprites);
void sprites_destroy(struct sprites *sprites);
size_t sprites_size(const struct sprites *sprites);
void sprites_drop_pictures(struct sprites *sprites);

/** The mask of an icon of @p px pixels; false without memory. Borrowed until the next call. */
MUST_CHECK bool sprite_icon(struct sprites *sprites, enum ui_icon icon, int px,
                            struct blend_mask *ret_mask);

/** A blurred rounded square to be stretched; its edge lies @p ret_margin outside the shape. */
MUST_CHECK bool sprite_shadow(struct sprites *sprites, int radius, int blur,
                              struct blend_patch *ret_patch, int *ret_margin);

/** A painted picture; NULL without memory. Borrowed until the next call. */
cairo_surface_t *sprite_picture(struct sprites *sprites, enum draw_picture picture, int w, int h);

/** kiosk/ui/picture.c: paint a picture into a fresh surface of w x h. */
void picture_paint(cairo_t *cr, enum draw_picture picture, int w, int h);

/** True if the picture has transparent parts. */
bool picture_is_transparent(enum draw_picture picture);

/** Trace a rounded rectangle. */
void shape_round(cairo_t *cr, struct ui_rect rect, int radius, enum draw_corners corners);

/** Set the source to 0xAARRGGBB. */
void shape_color(cairo_t *cr, uint32_t color);

#endif
