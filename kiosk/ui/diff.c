/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Rectangles are grown row by row: a run of dirty cells joins the rectangle above it if both span
 * the same columns. If there are more than UI_RECTS_MAX, the two whose union wastes least are
 * joined, until the list is short enough: painting a little more is cheaper than many clips.
 */
#include "kiosk/ui/diff.h"

#include <string.h>

#include "common/must.h"
#include "kiosk/ui/hash.h"

void diff_init(struct diff *ret_diff, int width, int height)
{
    MUST(width > 0 && width <= DIFF_SIDE_MAX * DIFF_CELL_PX);
    MUST(height > 0 && height <= DIFF_SIDE_MAX * DIFF_CELL_PX);
    memset(ret_diff, 0, sizeof *ret_diff);
    ret_diff->width = width;
    ret_diff->height = height;
    ret_diff->columns = (width + DIFF_CELL_PX - 1) / DIFF_CELL_PX;
    ret_diff->rows = (height + DIFF_CELL_PX - 1) / DIFF_CELL_PX;
    ret_diff->all = true;
}

void diff_invalidate(struct diff *diff)
{
    diff->all = true;
}

static void hash_into_cells(struct diff *diff, const struct draw_cmd *cmd)
{
    struct ui_rect screen = {.w = diff->width, .h = diff->height};
    struct ui_rect area = rect_intersect(cmd->bounds, screen);
    if (rect_is_empty(area)) {
        return;
    }
    int x2 = (area.x + area.w - 1) / DIFF_CELL_PX;
    int y2 = (area.y + area.h - 1) / DIFF_CELL_PX;
    for (int y = area.y / DIFF_CELL_PX; y <= y2; y++) {
        for (int x = area.x / DIFF_CELL_PX; x <= x2; x++) {
            uint32_t *cell = &diff->now[y * diff->columns + x];
            *cell = hash_u32(*cell, cmd->hash);
        }
    }
}

static int64_t area_of(struct ui_rect rect)
{
    return (int64_t)rect.w * rect.h;
}

/* Join the pair that costs least. */
static void rects_join_two(struct ui_rects *rects)
{
    size_t best_a = 0;
    size_t best_b = 1;
    int64_t best = INT64_MAX;
    for (size_t a = 0; a < rects->count; a++) {
        for (size_t b = a + 1; b < rects->count; b++) {
            int64_t waste = area_of(rect_union(rects->list[a], rects->list[b])) -
                            area_of(rects->list[a]) - area_of(rects->list[b]);
            if (waste < best) {
                best = waste;
                best_a = a;
                best_b = b;
            }
        }
    }
    rects->list[best_a] = rect_union(rects->list[best_a], rects->list[best_b]);
    rects->list[best_b] = rects->list[--rects->count];
}

static void rects_add(struct ui_rects *rects, struct ui_rect rect)
{
    for (size_t i = 0; i < rects->count; i++) {
        struct ui_rect *above = &rects->list[i];
        if (above->x == rect.x && above->w == rect.w && above->y + above->h == rect.y) {
            above->h += rect.h;
            return;
        }
    }
    if (rects->count == UI_RECTS_MAX) {
        rects_join_two(rects);
    }
    rects->list[rects->count++] = rect;
}

/* Two rectangles that overlap after a join would be painted twice. */
static void rects_join_overlapping(struct ui_rects *rects)
{
    for (size_t a = 0; a < rects->count; a++) {
        for (size_t b = a + 1; b < rects->count;) {
            if (rect_is_empty(rect_intersect(rects->list[a], rects->list[b]))) {
                b++;
                continue;
            }
            rects->list[a] = rect_union(rects->list[a], rects->list[b]);
            rects->list[b] = rects->list[--rects->count];
            b = a + 1; /* the larger one may meet those already passed */
        }
    }
}

static void find_dirty(const struct diff *diff, struct ui_rects *ret_rects)
{
    struct ui_rect screen = {.w = diff->width, .h = diff->height};
    for (int y = 0; y < diff->rows; y++) {
        int x = 0;
        while (x < diff->columns) {
            int first = x;
            while (x < diff->columns &&
                   diff->now[y * diff->columns + x] != diff->before[y * diff->columns + x]) {
                x++;
            }
            if (x > first) {
                struct ui_rect run = {.x = first * DIFF_CELL_PX,
                                      .y = y * DIFF_CELL_PX,
                                      .w = (x - first) * DIFF_CELL_PX,
                                      .h = DIFF_CELL_PX};
                rects_add(ret_rects, rect_intersect(run, screen));
            }
            x++;
        }
    }
    rects_join_overlapping(ret_rects);
}

void diff_update(struct diff *diff, const struct draw_list *list, struct ui_rects *ret_rects)
{
    size_t cells = (size_t)diff->columns * (size_t)diff->rows;
    for (size_t i = 0; i < cells; i++) {
        diff->now[i] = HASH_START;
    }
    for (size_t i = 0; i < list->count; i++) {
        hash_into_cells(diff, &list->cmds[i]);
    }
    ret_rects->count = 0;
    if (diff->all) {
        ret_rects->list[ret_rects->count++] = (struct ui_rect){.w = diff->width, .h = diff->height};
    } else {
        find_dirty(diff, ret_rects);
    }
    memcpy(diff->before, diff->now, cells * sizeof diff->now[0]);
    diff->all = false;
}
