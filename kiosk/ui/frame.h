/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SHILLING_KIOSK_UI_FRAME_H
#define SHILLING_KIOSK_UI_FRAME_H

/*
 * One picture in the making, the inside of struct ui_build: the layout's nodes and beside each of
 * them what it looks like. Shared by build.c (fills it), emit.c (turns it into commands), inspect.c
 * (checks it) and ui.c (owns it).
 */

#include "kiosk/ui/build.h"
#include "kiosk/ui/text.h"

enum {
    FRAME_DEPTH_MAX = 32,         /* nested boxes; the deepest screen has 12 */
    FRAME_ARENA_SIZE = 64 * 1024, /* formatted texts and painters' data: about 6 kB */
};

enum frame_kind { FRAME_BOX, FRAME_TEXT, FRAME_ICON, FRAME_PAINT };

/* What a node looks like. */
struct frame_node {
    enum frame_kind kind;
    enum ui_surface_id surface;
    enum draw_picture picture;
    enum draw_corners corners;
    int radius_px;
    bool top_line;
    uint16_t action;
    uint32_t value;
    bool repeats;
    /* text */
    const char *text;
    struct text_style style;
    int line_px;
    enum ui_label_kind label;
    enum layout_align align;
    enum ui_color color;
    bool personal;
    bool clipped; /* not all of it could be shown: only names may be */
    /* icon */
    enum ui_icon icon;
    /* paint */
    ui_painter *painter;
    const void *data;
};

/* The control under the finger. */
struct frame_press {
    bool active;
    uint16_t action;
    uint32_t value;
};

struct ui_build {
    struct panel panel;
    const struct ui_theme *theme;
    bool contrast;
    bool chinese;
    struct ui_now now;
    struct text_engine *text; /* borrowed */
    struct frame_press press;
    struct layout layout;
    struct frame_node nodes[LAYOUT_NODES_MAX];
    uint16_t stack[FRAME_DEPTH_MAX];
    size_t depth;
    size_t modal_idx; /* targets before this node are covered */
    int64_t wake_ms;
    struct draw_list list;
    char arena[FRAME_ARENA_SIZE];
    size_t arena_used;
    bool arena_full;
};

/** Begin a picture; the root is open. */
void frame_begin(struct ui_build *build);

/** Close the root, place all nodes, and write the commands. */
void frame_end(struct ui_build *build);

/** emit.c: the commands of the placed nodes, in their order. */
void frame_emit(struct ui_build *build);

/** The letter size at which a one-line text of @p node fits into @p width. */
struct text_style frame_fit(const struct ui_build *build, const struct frame_node *node, int width);

/** Rectangle of a placed node. */
struct ui_rect frame_rect(const struct ui_build *build, size_t node);

#endif
