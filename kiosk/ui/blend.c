/* SPDX-License-Identifier: Apache-2.0 */
/*
 * out = below + (colour - below) x alpha / 256, two channels at a time in one 32-bit word: red and
 * blue in one, green in the other, so that the products never run into each other.
 */
#include "kiosk/ui/blend.h"

#define MASK_RB UINT32_C(0x00FF00FF)
#define MASK_G UINT32_C(0x0000FF00)

/* alpha 0..256 */
static inline uint32_t mix(uint32_t below, uint32_t color, uint32_t alpha)
{
    uint32_t keep = 256U - alpha;
    uint32_t rb = (((below & MASK_RB) * keep + (color & MASK_RB) * alpha) >> 8) & MASK_RB;
    uint32_t g = (((below & MASK_G) * keep + (color & MASK_G) * alpha) >> 8) & MASK_G;
    return UINT32_C(0xFF000000) | rb | g;
}

/* 0..255 to 0..256, so that full coverage leaves nothing of what is below. */
static inline uint32_t widen(uint32_t alpha)
{
    return alpha + (alpha >> 7);
}

void blend_mask(const struct raster_target *target, struct ui_rect clip, int x, int y,
                const struct blend_mask *mask, uint32_t color)
{
    struct ui_rect area = rect_intersect(clip, (struct ui_rect){x, y, mask->w, mask->h});
    uint32_t opacity = widen(color >> 24);
    for (int row = area.y; row < area.y + area.h; row++) {
        uint32_t *out = target->pixels + (long)row * target->stride_px + area.x;
        const uint8_t *in = mask->alpha + (long)(row - y) * mask->w + (area.x - x);
        for (int i = 0; i < area.w; i++) {
            if (in[i] != 0) {
                out[i] = mix(out[i], color, widen(in[i]) * opacity >> 8);
            }
        }
    }
}

/* No test for zero: shadows have few, and the loop without a branch is done eight at a time. */
static void blend_row(uint32_t *out, const uint8_t *in, int count, uint32_t color, uint32_t opacity)
{
    for (int i = 0; i < count; i++) {
        out[i] = mix(out[i], color, widen(in[i]) * opacity >> 8);
    }
}

static void blend_even(uint32_t *out, int count, uint32_t color, uint32_t alpha)
{
    for (int i = 0; i < count; i++) {
        out[i] = mix(out[i], color, alpha);
    }
}

/* Where in the patch column or row @p at of a stretched length falls. */
static inline int patch_index(const struct blend_patch *patch, int at, int length)
{
    if (at < patch->corner) {
        return at;
    }
    int from_end = length - 1 - at;
    return from_end < patch->corner ? patch->side - 1 - from_end : patch->corner;
}

/* One row of a stretched patch. */
struct patch_row {
    uint32_t *out;     /* the target's row */
    const uint8_t *in; /* the patch's row */
    int left;          /* of the stretched patch on the target */
    int width;
    uint32_t color;
    uint32_t opacity;
};

/* Columns [from, to) of the row: up to three spans, the middle one of a single value. */
static void blend_columns(const struct patch_row *row, const struct blend_patch *patch, int from,
                          int to)
{
    int middle = row->left + patch->corner;
    int right = row->left + row->width - patch->corner;
    middle = middle < right ? middle : right;
    if (from < middle) {
        int end = to < middle ? to : middle;
        blend_row(row->out + from, row->in + (from - row->left), end - from, row->color,
                  row->opacity);
        from = end;
    }
    if (from < to && from < right) {
        int end = to < right ? to : right;
        uint32_t alpha = widen(row->in[patch->corner]) * row->opacity >> 8;
        if (alpha > 0) {
            blend_even(row->out + from, end - from, row->color, alpha);
        }
        from = end;
    }
    if (from < to) {
        const uint8_t *in = row->in + patch_index(patch, from - row->left, row->width);
        blend_row(row->out + from, in, to - from, row->color, row->opacity);
    }
}

void blend_patch(const struct raster_target *target, struct ui_rect clip, struct ui_rect rect,
                 const struct blend_patch *patch, uint32_t color, struct ui_rect hole)
{
    struct ui_rect area = rect_intersect(clip, rect);
    struct ui_rect skipped = rect_intersect(area, hole);
    int end = area.x + area.w;
    for (int y = area.y; y < area.y + area.h; y++) {
        struct patch_row row = {
            .out = target->pixels + (long)y * target->stride_px,
            .in = patch->alpha + (long)patch_index(patch, y - rect.y, rect.h) * patch->side,
            .left = rect.x,
            .width = rect.w,
            .color = color,
            .opacity = widen(color >> 24),
        };
        bool in_hole = !rect_is_empty(skipped) && y >= skipped.y && y < skipped.y + skipped.h;
        if (in_hole) {
            blend_columns(&row, patch, area.x, skipped.x);
            blend_columns(&row, patch, skipped.x + skipped.w, end);
        } else {
            blend_columns(&row, patch, area.x, end);
        }
    }
}
