/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The hash walks the members one by one: hashing the struct's bytes would also hash its padding,
 * which may differ between two equal commands.
 */
#include "kiosk/ui/draw.h"

#include <string.h>

#include "kiosk/ui/hash.h"

void draw_reset(struct draw_list *list)
{
    list->count = 0;
    list->full = false;
}

struct ui_rect rect_intersect(struct ui_rect a, struct ui_rect b)
{
    int x1 = a.x > b.x ? a.x : b.x;
    int y1 = a.y > b.y ? a.y : b.y;
    int x2 = a.x + a.w < b.x + b.w ? a.x + a.w : b.x + b.w;
    int y2 = a.y + a.h < b.y + b.h ? a.y + a.h : b.y + b.h;
    if (x2 <= x1 || y2 <= y1) {
        return (struct ui_rect){.x = x1, .y = y1};
    }
    return (struct ui_rect){.x = x1, .y = y1, .w = x2 - x1, .h = y2 - y1};
}

struct ui_rect rect_union(struct ui_rect a, struct ui_rect b)
{
    if (rect_is_empty(a)) {
        return b;
    }
    if (rect_is_empty(b)) {
        return a;
    }
    int x1 = a.x < b.x ? a.x : b.x;
    int y1 = a.y < b.y ? a.y : b.y;
    int x2 = a.x + a.w > b.x + b.w ? a.x + a.w : b.x + b.w;
    int y2 = a.y + a.h > b.y + b.h ? a.y + a.h : b.y + b.h;
    return (struct ui_rect){.x = x1, .y = y1, .w = x2 - x1, .h = y2 - y1};
}

static uint32_t hash_int(uint32_t hash, int value)
{
    return hash_u32(hash, (uint32_t)value);
}

static uint32_t hash_rect(uint32_t hash, struct ui_rect rect)
{
    hash = hash_int(hash, rect.x);
    hash = hash_int(hash, rect.y);
    hash = hash_int(hash, rect.w);
    return hash_int(hash, rect.h);
}

static uint32_t hash_cmd(const struct draw_cmd *cmd)
{
    uint32_t hash = hash_int(HASH_START, (int)cmd->op);
    hash = hash_rect(hash, cmd->rect);
    hash = hash_u32(hash, cmd->color);
    hash = hash_u32(hash, cmd->color_end);
    hash = hash_int(hash, cmd->radius);
    hash = hash_int(hash, cmd->thickness);
    hash = hash_int(hash, cmd->permille);
    hash = hash_int(hash, cmd->offset);
    hash = hash_int(hash, (int)cmd->corners * 4096 + (int)cmd->shadow * 256 + (int)cmd->picture);
    hash = hash_int(hash, (int)cmd->icon);
    if (cmd->text != NULL) {
        hash = hash_bytes(hash, cmd->text, cmd->text_size);
        hash = hash_int(hash, cmd->style.px);
        hash = hash_int(hash, cmd->style.spacing_px);
        hash = hash_int(hash, (int)cmd->style.weight * 4 + (cmd->style.tabular ? 1 : 0));
        hash = hash_int(hash, cmd->baseline);
    }
    return hash;
}

/* Letters may stand over their box: by a quarter em at the sides, accents above, tails below. */
static struct ui_rect text_bounds(const struct draw_cmd *cmd)
{
    int px = cmd->style.px;
    return (struct ui_rect){.x = cmd->rect.x - px / 4,
                            .y = cmd->baseline - px * 11 / 10,
                            .w = cmd->rect.w + px / 2,
                            .h = px * 29 / 20};
}

void draw_add(struct draw_list *list, struct draw_cmd cmd)
{
    if (list->count >= DRAW_CMDS_MAX) {
        list->full = true;
        return;
    }
    if (rect_is_empty(cmd.bounds)) {
        cmd.bounds = cmd.op == DRAW_TEXT ? text_bounds(&cmd) : cmd.rect;
    }
    cmd.hash = hash_cmd(&cmd);
    list->cmds[list->count++] = cmd;
}
