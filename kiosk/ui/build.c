/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Boxes in units become layout nodes in pixels. The three callbacks tell the layout how large a
 * text is; a text that may shrink needs only the room of its smallest letters.
 */
#include "kiosk/ui/build.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "common/must.h"
#include "kiosk/ui/frame.h"

const struct panel *ui_panel(const struct ui_build *build)
{
    return &build->panel;
}

bool ui_is_large(const struct ui_build *build)
{
    return build->panel.large;
}

bool ui_is_portrait(const struct ui_build *build)
{
    return build->panel.portrait;
}

bool ui_is_contrast(const struct ui_build *build)
{
    return build->contrast;
}

struct ui_now ui_now(const struct ui_build *build)
{
    return build->now;
}

int ui_px(const struct ui_build *build, int units)
{
    return panel_px(&build->panel, units);
}

uint32_t ui_color_value(const struct ui_build *build, enum ui_color color)
{
    return build->theme->colors[color];
}

void ui_wake_at(struct ui_build *build, int64_t mono_ms)
{
    if (mono_ms < build->wake_ms) {
        build->wake_ms = mono_ms;
    }
}

void *ui_alloc(struct ui_build *build, size_t size)
{
    size_t from = (build->arena_used + 15U) & ~(size_t)15U;
    if (from + size > FRAME_ARENA_SIZE) {
        build->arena_full = true;
        return NULL;
    }
    build->arena_used = from + size;
    memset(build->arena + from, 0, size);
    return build->arena + from;
}

const char *ui_format(struct ui_build *build, const char *format, ...)
{
    char *text = build->arena + build->arena_used;
    size_t room = FRAME_ARENA_SIZE - build->arena_used;
    va_list values;
    va_start(values, format);
    int len = vsnprintf(text, room, format, values);
    va_end(values);
    if (len < 0 || (size_t)len >= room) {
        build->arena_full = true;
        return "";
    }
    build->arena_used += (size_t)len + 1;
    return text;
}

/* A node under the open box; NULL if there is no room for more. */
static struct layout_node *node_add(struct ui_build *build, enum frame_kind kind, uint16_t *ret_idx)
{
    MUST(build->depth > 0);
    uint16_t parent = build->stack[build->depth - 1];
    uint16_t idx = parent == LAYOUT_NONE ? LAYOUT_NONE : layout_add(&build->layout, parent);
    *ret_idx = idx;
    if (idx == LAYOUT_NONE) {
        return NULL;
    }
    memset(&build->nodes[idx], 0, sizeof build->nodes[idx]);
    build->nodes[idx].kind = kind;
    return &build->layout.nodes[idx];
}

static struct layout_length length_make(const struct ui_build *build, struct ui_size size)
{
    struct layout_length length = {
        .sizing = size.sizing,
        .value = size.sizing == LAYOUT_FIXED ? ui_px(build, size.value) : size.value,
        .min = ui_px(build, size.min),
        .max = ui_px(build, size.max),
    };
    return length;
}

static int first_of(int own, int pair, int all)
{
    if (own != 0) {
        return own;
    }
    return pair != 0 ? pair : all;
}

static void node_fill(const struct ui_build *build, struct layout_node *node,
                      const struct ui_box *box)
{
    node->direction = box->direction;
    node->length[LAYOUT_X] = length_make(build, box->w);
    node->length[LAYOUT_Y] = length_make(build, box->h);
    node->pad_before[LAYOUT_X] = ui_px(build, first_of(box->pad_left, box->pad_x, box->pad));
    node->pad_after[LAYOUT_X] = ui_px(build, first_of(box->pad_right, box->pad_x, box->pad));
    node->pad_before[LAYOUT_Y] = ui_px(build, first_of(box->pad_top, box->pad_y, box->pad));
    node->pad_after[LAYOUT_Y] = ui_px(build, first_of(box->pad_bottom, box->pad_y, box->pad));
    node->gap = ui_px(build, box->gap);
    if (box->touch_gap && node->gap < build->panel.gap_px_min) {
        node->gap = build->panel.gap_px_min;
    }
    node->justify = box->justify;
    node->align = box->align;
    node->place[LAYOUT_X] = box->place_x;
    node->place[LAYOUT_Y] = box->place_y;
    node->offset[LAYOUT_X] = ui_px(build, box->move_x);
    node->offset[LAYOUT_Y] = ui_px(build, box->move_y);
    node->wrap = box->wrap;
    node->aspect_permille = box->aspect_permille;
    node->drop = box->drop;
    if (box->action != 0) {
        for (enum layout_axis axis = LAYOUT_X; axis < LAYOUT_AXIS_COUNT; axis++) {
            struct layout_length *length = &node->length[axis];
            int least = build->panel.target_px_min;
            length->min = length->min > least ? length->min : least;
            if (length->sizing == LAYOUT_FIXED && length->value < least) {
                length->value = least;
            }
        }
    }
}

static void look_fill(const struct ui_build *build, struct frame_node *look,
                      const struct ui_box *box)
{
    look->surface = box->surface;
    look->picture = box->picture;
    look->corners = box->corners;
    look->top_line = box->top_line;
    look->radius_px = ui_px(build, box->radius);
    look->action = box->action;
    look->value = box->value;
    look->repeats = box->repeats;
}

void ui_open(struct ui_build *build, const struct ui_box *box)
{
    MUST(build->depth < FRAME_DEPTH_MAX);
    uint16_t idx = LAYOUT_NONE;
    struct layout_node *node = node_add(build, FRAME_BOX, &idx);
    if (node != NULL) {
        node_fill(build, node, box);
        look_fill(build, &build->nodes[idx], box);
        if (box->modal) {
            build->modal_idx = idx;
        }
    }
    build->stack[build->depth++] = idx;
}

void ui_close(struct ui_build *build)
{
    MUST(build->depth > 1); /* the root is closed by frame_end() */
    build->depth -= 1;
}

void ui_label(struct ui_build *build, const struct ui_label *label)
{
    uint16_t idx = LAYOUT_NONE;
    struct layout_node *node = node_add(build, FRAME_TEXT, &idx);
    if (node == NULL) {
        return;
    }
    node->is_content = true;
    node->length[LAYOUT_X] = length_make(build, label->w);
    node->drop = label->drop;
    struct frame_node *look = &build->nodes[idx];
    look->text = label->text;
    look->style = style_resolve(&build->panel, label->style, &look->line_px);
    look->style.tabular = look->style.tabular || label->tabular;
    look->style.cjk_quotes = build->chinese;
    look->color = label->color;
    look->label = label->kind;
    look->align = label->align;
    look->personal = label->personal;
}

void ui_text(struct ui_build *build, enum ui_style style, enum ui_color color, const char *text)
{
    ui_label(build, &(struct ui_label){.style = style, .color = color, .text = text});
}

void ui_para(struct ui_build *build, enum ui_style style, enum ui_color color, const char *text)
{
    ui_label(build, &(struct ui_label){
                        .style = style, .color = color, .text = text, .kind = UI_LABEL_WRAP});
}

void ui_para_center(struct ui_build *build, enum ui_style style, enum ui_color color,
                    const char *text)
{
    ui_label(build, &(struct ui_label){.style = style,
                                       .color = color,
                                       .text = text,
                                       .kind = UI_LABEL_WRAP,
                                       .align = LAYOUT_CENTER});
}

void ui_icon(struct ui_build *build, enum ui_icon icon, int units, enum ui_color color)
{
    enum { WITH_TEXT_U = 60, LARGE_PERCENT = 125 };
    uint16_t idx = LAYOUT_NONE;
    struct layout_node *node = node_add(build, FRAME_ICON, &idx);
    if (node == NULL) {
        return;
    }
    if (build->panel.large && units <= WITH_TEXT_U) {
        units = units * LARGE_PERCENT / 100; /* as the letters beside it */
    }
    node->length[LAYOUT_X] = length_make(build, UI_UNITS(units));
    node->length[LAYOUT_Y] = length_make(build, UI_UNITS(units));
    build->nodes[idx].icon = icon;
    build->nodes[idx].color = color;
}

void ui_fill(struct ui_build *build)
{
    uint16_t idx = LAYOUT_NONE;
    struct layout_node *node = node_add(build, FRAME_BOX, &idx);
    if (node != NULL) {
        node->length[LAYOUT_X] = length_make(build, UI_GROW(1));
        node->length[LAYOUT_Y] = length_make(build, UI_GROW(1));
    }
}

void ui_space(struct ui_build *build, int units)
{
    uint16_t idx = LAYOUT_NONE;
    struct layout_node *node = node_add(build, FRAME_BOX, &idx);
    if (node == NULL) {
        return;
    }
    const struct layout_node *parent = &build->layout.nodes[node->parent];
    enum layout_axis axis = parent->direction == LAYOUT_ROW ? LAYOUT_X : LAYOUT_Y;
    node->length[axis] = length_make(build, UI_UNITS(units));
    node->drop = UINT8_MAX;
}

void ui_paint(struct ui_build *build, const struct ui_box *box, ui_painter *painter,
              const void *data)
{
    uint16_t idx = LAYOUT_NONE;
    struct layout_node *node = node_add(build, FRAME_PAINT, &idx);
    if (node != NULL) {
        node_fill(build, node, box);
        look_fill(build, &build->nodes[idx], box);
        build->nodes[idx].painter = painter;
        build->nodes[idx].data = data;
    }
}

/* Layout callbacks */

static void content_width(void *self, size_t idx, int *ret_need, int *ret_want)
{
    const struct ui_build *build = self;
    const struct frame_node *look = &build->nodes[idx];
    const char *line = look->text;
    int want = 0;
    while (line != NULL) {
        const char *end = look->label == UI_LABEL_WRAP ? strchr(line, '\n') : NULL;
        size_t size = end == NULL ? strlen(line) : (size_t)(end - line);
        int width = text_width(build->text, &look->style, line, size);
        want = width > want ? width : want;
        line = end == NULL ? NULL : end + 1;
    }
    *ret_want = want;
    switch (look->label) {
    case UI_LABEL_WRAP:
        *ret_need = text_width_need(build->text, &look->style, look->text);
        break;
    case UI_LABEL_CUT:
        *ret_need = want < 3 * look->style.px ? want : 3 * look->style.px;
        break;
    case UI_LABEL_LINE: {
        struct text_style least = frame_fit(build, look, 0);
        *ret_need = want;
        if (least.px < look->style.px) {
            *ret_need = text_width(build->text, &least, look->text, strlen(look->text));
        }
        break;
    }
    }
}

static int content_height(void *self, size_t idx, int width)
{
    const struct ui_build *build = self;
    const struct frame_node *look = &build->nodes[idx];
    if (look->label != UI_LABEL_WRAP) {
        return look->line_px;
    }
    int lines = 0;
    const char *at = look->text;
    while (*at != '\0') {
        size_t next = 0;
        (void)text_break(build->text, &look->style, at, width, &next);
        at += next;
        lines += 1;
    }
    return lines * look->line_px;
}

/* The em box stands in the middle of the line; its baseline is at 0.88 (Noto and Inter alike). */
static int content_baseline(void *self, size_t idx)
{
    const struct ui_build *build = self;
    const struct frame_node *look = &build->nodes[idx];
    return (look->line_px - look->style.px) / 2 + look->style.px * 88 / 100;
}

void frame_begin(struct ui_build *build)
{
    layout_reset(&build->layout);
    build->layout.content_width = content_width;
    build->layout.content_height = content_height;
    build->layout.content_baseline = content_baseline;
    build->layout.self = build;
    build->arena_used = 0;
    build->arena_full = false;
    build->modal_idx = 0;
    build->wake_ms = INT64_MAX;
    uint16_t root = layout_add(&build->layout, LAYOUT_NONE);
    MUST(root == 0);
    build->layout.nodes[root].direction = LAYOUT_STACK;
    memset(&build->nodes[root], 0, sizeof build->nodes[root]);
    build->nodes[root].surface = UI_SURFACE_PAGE;
    build->stack[0] = root;
    build->depth = 1;
}

void frame_end(struct ui_build *build)
{
    MUST(build->depth == 1); /* each ui_open() has its ui_close() */
    build->depth = 0;
    layout_solve(&build->layout, build->panel.width_px, build->panel.height_px);
    frame_emit(build);
}
