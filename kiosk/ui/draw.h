/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SHILLING_KIOSK_UI_DRAW_H
#define SHILLING_KIOSK_UI_DRAW_H

/*
 * A picture as a list of commands, in painting order. Each command carries a hash of all that
 * decides its look, so that two pictures can be compared without painting either. Texts are
 * borrowed until the list is painted.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "kiosk/ui/icon.h"
#include "kiosk/ui/text.h"
#include "kiosk/ui/theme.h"
#include "kiosk/ui/ui.h"

enum { DRAW_CMDS_MAX = 2048 /* the fullest screen has about 500 */ };

enum draw_op {
    DRAW_FILL,     /* rounded rectangle in one colour */
    DRAW_GRADIENT, /* rounded rectangle, color above to color_end below */
    DRAW_BORDER,   /* inside the rectangle */
    DRAW_SHADOW,
    DRAW_TEXT,
    DRAW_ICON,
    DRAW_RING,     /* a track, and `permille` of it in another colour from 12 o'clock on */
    DRAW_DASH,     /* a dashed horizontal line */
    DRAW_TOP_LINE, /* the upper `thickness` pixels of the rounded rectangle */
    DRAW_CODE,     /* a QR code with its quiet zone, in the middle of the rectangle */
    DRAW_MARKS,    /* four corner marks around a QR code */
    DRAW_PICTURE,
    DRAW_OP_COUNT
};

enum draw_corners { DRAW_CORNERS_ALL, DRAW_CORNERS_BOTTOM, DRAW_CORNERS_TOP };

/* Pictures that are painted once and kept: they cost milliseconds. */
enum draw_picture {
    DRAW_PICTURE_NONE,
    DRAW_PICTURE_HERO,  /* night head with glow and rings */
    DRAW_PICTURE_NIGHT, /* a card of the same night */
    DRAW_PICTURE_TILE,  /* the large tile: jade, with an ornament */
    DRAW_PICTURE_MEDIA, /* the built-in landscape */
    DRAW_PICTURE_LOGO,
    DRAW_PICTURE_COUNT
};

struct draw_cmd {
    enum draw_op op;
    enum draw_corners corners;
    struct ui_rect rect;
    struct ui_rect bounds; /* all pixels it may touch */
    uint32_t color;
    uint32_t color_end;
    int radius;
    int thickness;
    int permille;
    int offset; /* SHADOW: pixels it is moved down; RING: where its arc begins, 1/1000 turn */
    enum ui_shadow shadow;
    enum ui_icon icon;
    enum draw_picture picture;
    const char *text; /* TEXT, CODE */
    size_t text_size;
    struct text_style style;
    int baseline;  /* absolute row */
    bool personal; /* masked in pictures that leave the house */
    uint32_t hash;
};

struct draw_list {
    struct draw_cmd cmds[DRAW_CMDS_MAX];
    size_t count;
    bool full; /* a command was refused: the picture is incomplete */
};

void draw_reset(struct draw_list *list);

/** Append @p cmd; its bounds (unless given) and its hash are worked out here. */
void draw_add(struct draw_list *list, struct draw_cmd cmd);

/** The part common to both; w and h 0 if none. */
struct ui_rect rect_intersect(struct ui_rect a, struct ui_rect b);

/** The smallest rectangle around both; an empty one counts as nothing. */
struct ui_rect rect_union(struct ui_rect a, struct ui_rect b);

static inline bool rect_is_empty(struct ui_rect r)
{
    return r.w <= 0 || r.h <= 0;
}

#endif
