/* SPDX-License-Identifier: Apache-2.0 */
/* Checks on placed nodes: microseconds each, so tests walk every screen in every dress. */
#include "kiosk/ui/inspect.h"

#include <string.h>

#include "kiosk/ui/frame.h"
#include "kiosk/ui/utf8.h"

struct report {
    struct strbuf *lines;
    size_t count;
};

static void report(struct report *r, const char *what, struct ui_rect rect, const char *text)
{
    strbuf_addf(r->lines, "%s at %d,%d size %dx%d %s\n", what, rect.x, rect.y, rect.w, rect.h,
                text == NULL ? "" : text);
    r->count += 1;
}

static bool inside(struct ui_rect in, struct ui_rect out)
{
    return in.x >= out.x && in.y >= out.y && in.x + in.w <= out.x + out.w &&
           in.y + in.h <= out.y + out.h;
}

/* The first text inside a node: which button it is. */
static const char *name_of(const struct ui_build *build, size_t idx)
{
    for (size_t i = idx; i < build->layout.count; i++) {
        if (build->nodes[i].kind == FRAME_TEXT) {
            return build->nodes[i].text;
        }
    }
    return NULL;
}

/* One wide character, and full stops and the like behind it. */
static bool is_one_character(const char *line, size_t size)
{
    size_t step = 0;
    if (size == 0 || !utf8_is_wide(utf8_get(line, size, &step))) {
        return false;
    }
    for (size_t at = step; at < size; at += step) {
        if (!utf8_is_closing(utf8_get(line + at, size - at, &step))) {
            return false;
        }
    }
    return true;
}

/* A Chinese paragraph must not leave one character alone on its last line. */
static bool has_lone_character(const struct ui_build *build, const struct frame_node *node,
                               int width)
{
    struct text_lines lines = {.rest = node->text, .width = width};
    const char *line = NULL;
    size_t size = 0;
    bool first = true;
    while (text_lines_next(build->text, &node->style, &lines, &line, &size)) {
        bool ends = *lines.rest == '\0' || lines.even == 0;
        if (!first && ends && is_one_character(line, size)) {
            return true;
        }
        first = ends;
    }
    return false;
}

static void check_text(const struct ui_build *build, size_t idx, struct report *r)
{
    const struct frame_node *node = &build->nodes[idx];
    struct ui_rect rect = frame_rect(build, idx);
    if (node->clipped && node->label != UI_LABEL_CUT) {
        report(r, "text is cut", rect, node->text);
    }
    struct text_style style =
        node->label == UI_LABEL_LINE ? frame_fit(build, node, rect.w) : node->style;
    if (style.px < build->panel.letter_px_min) {
        report(r, "letters are too small", rect, node->text);
    }
    int need = text_width_need(build->text, &style, node->text);
    if (node->label == UI_LABEL_WRAP && need > rect.w) {
        report(r, "a word is wider than its box", rect, node->text);
    }
    if (node->label == UI_LABEL_WRAP && has_lone_character(build, node, rect.w)) {
        report(r, "one character stands alone on the last line", rect, node->text);
    }
}

static int distance(struct ui_rect a, struct ui_rect b)
{
    int dx = a.x > b.x ? a.x - (b.x + b.w) : b.x - (a.x + a.w);
    int dy = a.y > b.y ? a.y - (b.y + b.h) : b.y - (a.y + a.h);
    return dx > dy ? dx : dy;
}

static bool is_target(const struct ui_build *build, size_t idx)
{
    return idx >= build->modal_idx && build->nodes[idx].action != 0 &&
           !build->layout.nodes[idx].hidden;
}

static bool is_inside_node(const struct ui_build *build, size_t idx, size_t outer)
{
    uint16_t at = (uint16_t)idx;
    while (at != LAYOUT_NONE && at != outer) {
        at = build->layout.nodes[at].parent;
    }
    return at == outer;
}

static void check_target(const struct ui_build *build, size_t idx, struct report *r)
{
    struct ui_rect rect = frame_rect(build, idx);
    struct ui_rect screen = {.w = build->panel.width_px, .h = build->panel.height_px};
    int least = build->panel.target_px_min;
    if (rect.w < least || rect.h < least) {
        report(r, "target is too small", rect, name_of(build, idx));
    }
    if (!inside(rect, screen)) {
        report(r, "target is off the panel", rect, name_of(build, idx));
    }
    for (size_t other = idx + 1; other < build->layout.count; other++) {
        if (is_target(build, other) && !is_inside_node(build, other, idx) &&
            distance(rect, frame_rect(build, other)) < build->panel.gap_px_min) {
            report(r, "targets are too near", rect, name_of(build, idx));
        }
    }
}

size_t ui_problems(const struct ui *ui, struct strbuf *ret_lines)
{
    const struct ui_build *build = ui_inspect(ui);
    struct report r = {.lines = ret_lines};
    struct ui_rect screen = {.w = build->panel.width_px, .h = build->panel.height_px};
    for (size_t i = 0; i < build->layout.count; i++) {
        const struct layout_node *node = &build->layout.nodes[i];
        if (node->hidden) {
            continue;
        }
        if (node->overflow) {
            report(&r, "content does not fit", frame_rect(build, i), name_of(build, i));
        }
        if (build->nodes[i].kind == FRAME_TEXT) {
            check_text(build, i, &r);
        }
        if (build->nodes[i].kind == FRAME_TEXT && !inside(frame_rect(build, i), screen)) {
            report(&r, "text is off the panel", frame_rect(build, i), build->nodes[i].text);
        }
        if (is_target(build, i)) {
            check_target(build, i, &r);
        }
    }
    if (build->layout.full || build->list.full || build->arena_full) {
        report(&r, "a table of the frame is full", screen, NULL);
    }
    return r.count;
}

size_t ui_targets(const struct ui *ui, struct ui_target *ret_targets, size_t targets_max)
{
    const struct ui_build *build = ui_inspect(ui);
    size_t count = 0;
    for (size_t i = 0; i < build->layout.count && count < targets_max; i++) {
        if (is_target(build, i)) {
            ret_targets[count] = (struct ui_target){.action = build->nodes[i].action,
                                                    .value = build->nodes[i].value,
                                                    .rect = frame_rect(build, i)};
            count += 1;
        }
    }
    return count;
}

bool ui_target_rect(const struct ui *ui, uint16_t action, struct ui_rect *ret_rect)
{
    const struct ui_build *build = ui_inspect(ui);
    for (size_t i = build->modal_idx; i < build->layout.count; i++) {
        if (is_target(build, i) && build->nodes[i].action == action) {
            *ret_rect = frame_rect(build, i);
            return true;
        }
    }
    return false;
}

static const char *const op_names[DRAW_OP_COUNT] = {
    [DRAW_FILL] = "fill",     [DRAW_GRADIENT] = "gradient", [DRAW_BORDER] = "border",
    [DRAW_SHADOW] = "shadow", [DRAW_TEXT] = "text",         [DRAW_ICON] = "icon",
    [DRAW_RING] = "ring",     [DRAW_DASH] = "dash",         [DRAW_TOP_LINE] = "top-line",
    [DRAW_CODE] = "code",     [DRAW_MARKS] = "marks",       [DRAW_PICTURE] = "picture",
};

void ui_dump(const struct ui *ui, struct strbuf *ret_lines)
{
    const struct ui_build *build = ui_inspect(ui);
    for (size_t i = 0; i < build->list.count; i++) {
        const struct draw_cmd *cmd = &build->list.cmds[i];
        if (cmd->op == DRAW_SHADOW) {
            continue; /* follows from the surface */
        }
        strbuf_addf(ret_lines, "%s %d,%d %dx%d #%08X", op_names[cmd->op], cmd->rect.x, cmd->rect.y,
                    cmd->rect.w, cmd->rect.h, (unsigned)cmd->color);
        if (cmd->op == DRAW_TEXT || cmd->op == DRAW_CODE) {
            int size = cmd->personal ? 3 : (int)cmd->text_size;
            strbuf_addf(ret_lines, " %dpx \"%.*s\"", cmd->style.px, size,
                        cmd->personal ? "***" : cmd->text);
        }
        strbuf_add(ret_lines, "\n");
    }
}
