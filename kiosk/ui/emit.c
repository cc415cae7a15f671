/* SPDX-License-Identifier: Apache-2.0 */
/* Placed nodes to drawing commands, parents before children. */
#include <string.h>

#include "kiosk/ui/frame.h"

struct ui_rect frame_rect(const struct ui_build *build, size_t idx)
{
    const struct layout_node *node = &build->layout.nodes[idx];
    return (struct ui_rect){.x = node->pos[LAYOUT_X],
                            .y = node->pos[LAYOUT_Y],
                            .w = node->size[LAYOUT_X],
                            .h = node->size[LAYOUT_Y]};
}

void ui_draw(struct ui_build *build, struct draw_cmd cmd)
{
    draw_add(&build->list, cmd);
}

/* CSS-like shadows: how far down, how blurred, which colour. */
struct shadow_layer {
    int offset_u;
    int blur_u;
    uint32_t color;
};

static void emit_shadow(struct ui_build *build, struct ui_rect rect, int radius_px,
                        enum ui_shadow kind)
{
    static const struct shadow_layer layers[UI_SHADOW_COUNT][2] = {
        [UI_SHADOW_CARD] = {{10, 30, 0x170C1B2A}, {1, 3, 0x120C1B2A}},
        [UI_SHADOW_PRIMARY] = {{14, 34, 0x4D0A7358}, {0, 0, 0}},
        [UI_SHADOW_SHEET] = {{24, 60, 0x4D0C1B2A}, {0, 0, 0}},
    };
    for (int i = 0; i < 2; i++) {
        const struct shadow_layer *layer = &layers[kind][i];
        if (layer->color == 0) {
            continue;
        }
        int offset = ui_px(build, layer->offset_u);
        int blur = ui_px(build, layer->blur_u);
        struct ui_rect shape = {rect.x, rect.y + offset, rect.w, rect.h};
        int reach = blur * 3 / 2 + 2;
        ui_draw(build, (struct draw_cmd){
                           .op = DRAW_SHADOW,
                           .rect = shape,
                           .bounds = {shape.x - reach, shape.y - reach, shape.w + 2 * reach,
                                      shape.h + 2 * reach},
                           .color = layer->color,
                           .radius = radius_px,
                           .thickness = blur,
                           .offset = offset,
                       });
    }
}

static void emit_surface(struct ui_build *build, const struct frame_node *look, struct ui_rect rect)
{
    const struct ui_surface *surface = &build->theme->surfaces[look->surface];
    struct draw_cmd cmd = {.rect = rect, .radius = look->radius_px, .corners = look->corners};
    bool picture = look->picture == DRAW_PICTURE_LOGO ||
                   (look->picture != DRAW_PICTURE_NONE && !build->contrast);
    if (surface->shadow != UI_SHADOW_NONE) {
        emit_shadow(build, rect, look->radius_px, (enum ui_shadow)surface->shadow);
    }
    if (picture) {
        cmd.op = DRAW_PICTURE;
        cmd.picture = look->picture;
        cmd.color = surface->fill;
        ui_draw(build, cmd);
    } else if (surface->fill_end != 0) {
        cmd.op = DRAW_GRADIENT;
        cmd.color = surface->fill;
        cmd.color_end = surface->fill_end;
        ui_draw(build, cmd);
    } else if (surface->fill >> 24 != 0) {
        cmd.op = DRAW_FILL;
        cmd.color = surface->fill;
        ui_draw(build, cmd);
    }
    if (look->top_line) {
        ui_draw(build, (struct draw_cmd){.op = DRAW_TOP_LINE,
                                         .rect = rect,
                                         .radius = look->radius_px,
                                         .thickness = ui_px(build, 10),
                                         .color = ui_color_value(build, UI_COLOR_BAR_TODAY),
                                         .color_end = ui_color_value(build, UI_COLOR_BAR_HIGH)});
    }
    if (surface->border_u != 0) {
        int thickness = ui_px(build, surface->border_u) / 2;
        cmd.op = DRAW_BORDER;
        cmd.picture = DRAW_PICTURE_NONE;
        cmd.color = surface->border;
        cmd.color_end = 0;
        cmd.thickness = thickness > 0 ? thickness : 1;
        ui_draw(build, cmd);
    }
}

static void emit_press(struct ui_build *build, const struct frame_node *look, struct ui_rect rect)
{
    bool pressed = build->press.active && look->action != 0 &&
                   look->action == build->press.action && look->value == build->press.value;
    if (pressed) {
        ui_draw(build, (struct draw_cmd){
                           .op = DRAW_FILL,
                           .rect = rect,
                           .radius = look->radius_px,
                           .corners = look->corners,
                           .color = ui_color_value(build, UI_COLOR_PRESS),
                       });
    }
}

struct text_style frame_fit(const struct ui_build *build, const struct frame_node *node, int width)
{
    struct text_style style = node->style;
    int least = build->panel.letter_px_min;
    if (style.px <= least) {
        return style;
    }
    int size = text_width(build->text, &style, node->text, strlen(node->text));
    int full = style.px;
    while (size > width && style.px > least) {
        int guess = width > 0 && size > 0 ? style.px * width / size : least;
        style.px = guess < style.px - 1 ? guess : style.px - 1;
        style.px = style.px > least ? style.px : least;
        style.spacing_px = node->style.spacing_px * style.px / full;
        if (width == 0) {
            break; /* the question was for the least size */
        }
        size = text_width(build->text, &style, node->text, strlen(node->text));
    }
    return style;
}

static int aligned_x(enum layout_align align, struct ui_rect rect, int width)
{
    if (align == LAYOUT_CENTER) {
        return rect.x + (rect.w - width) / 2;
    }
    return align == LAYOUT_END ? rect.x + rect.w - width : rect.x;
}

static void emit_line(struct ui_build *build, const struct frame_node *look,
                      const struct text_style *style, struct ui_rect line, const char *text,
                      size_t size)
{
    int width = text_width(build->text, style, text, size);
    int below = (look->line_px - style->px) / 2 + style->px * 88 / 100;
    ui_draw(build, (struct draw_cmd){
                       .op = DRAW_TEXT,
                       .rect = {aligned_x(look->align, line, width), line.y, width, line.h},
                       .color = ui_color_value(build, look->color),
                       .text = text,
                       .text_size = size,
                       .style = *style,
                       .baseline = line.y + below,
                       .personal = look->personal,
                   });
}

static void emit_wrapped(struct ui_build *build, const struct frame_node *look, struct ui_rect rect)
{
    struct text_lines lines = {.rest = look->text, .width = rect.w};
    struct ui_rect line = {rect.x, rect.y, rect.w, look->line_px};
    const char *text = NULL;
    size_t size = 0;
    while (text_lines_next(build->text, &look->style, &lines, &text, &size)) {
        emit_line(build, look, &look->style, line, text, size);
        line.y += look->line_px;
    }
}

/* The longest beginning of a text that leaves room for an ellipsis, with the ellipsis. */
static const char *cut_text(struct ui_build *build, const struct text_style *style,
                            const char *text, int width)
{
    static const char ellipsis[] = "\xE2\x80\xA6";
    size_t size = strlen(text);
    int room = width - text_width(build->text, style, ellipsis, sizeof ellipsis - 1);
    while (size > 0 && text_width(build->text, style, text, size) > room) {
        size -= 1;
        while (size > 0 && ((unsigned char)text[size] & 0xC0U) == 0x80U) {
            size -= 1;
        }
    }
    return ui_format(build, "%.*s%s", (int)size, text, ellipsis);
}

static void emit_text(struct ui_build *build, struct frame_node *look, struct ui_rect rect)
{
    look->clipped = false;
    if (look->text == NULL || look->text[0] == '\0') {
        return;
    }
    if (look->label == UI_LABEL_WRAP) {
        emit_wrapped(build, look, rect);
        return;
    }
    struct text_style style = frame_fit(build, look, rect.w);
    const char *text = look->text;
    if (text_width(build->text, &style, text, strlen(text)) > rect.w) {
        look->clipped = true;
        text = cut_text(build, &style, text, rect.w);
    }
    emit_line(build, look, &style, rect, text, strlen(text));
}

/* Of a painter's line. */
static struct text_style draw_style(const struct ui_build *build, enum ui_style style,
                                    int *ret_line_px)
{
    struct text_style resolved = style_resolve(&build->panel, style, ret_line_px);
    resolved.cjk_quotes = build->chinese;
    return resolved;
}

void ui_draw_text(struct ui_build *build, enum ui_style style, enum ui_color color,
                  const char *text, int x, int y)
{
    struct frame_node look = {.text = text, .color = color};
    look.style = draw_style(build, style, &look.line_px);
    int width = text_width(build->text, &look.style, text, strlen(text));
    struct ui_rect line = {x - width / 2, y - look.line_px / 2, width, look.line_px};
    emit_line(build, &look, &look.style, line, text, strlen(text));
}

int ui_draw_width(const struct ui_build *build, enum ui_style style, const char *text)
{
    int line_px = 0;
    struct text_style resolved = draw_style(build, style, &line_px);
    return text_width(build->text, &resolved, text, strlen(text));
}

static void emit_icon(struct ui_build *build, const struct frame_node *look, struct ui_rect rect)
{
    ui_draw(build, (struct draw_cmd){
                       .op = DRAW_ICON,
                       .rect = rect,
                       .color = ui_color_value(build, look->color),
                       .icon = look->icon,
                   });
}

void frame_emit(struct ui_build *build)
{
    draw_reset(&build->list);
    for (size_t i = 0; i < build->layout.count; i++) {
        struct frame_node *look = &build->nodes[i];
        if (build->layout.nodes[i].hidden) {
            continue;
        }
        struct ui_rect rect = frame_rect(build, i);
        emit_surface(build, look, rect);
        emit_press(build, look, rect);
        switch (look->kind) {
        case FRAME_BOX:
            break;
        case FRAME_TEXT:
            emit_text(build, look, rect);
            break;
        case FRAME_ICON:
            emit_icon(build, look, rect);
            break;
        case FRAME_PAINT:
            look->painter(build, rect, look->data);
            break;
        }
    }
}
