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

/* Where in the patch column or row @p at of a stretched length falls. */
static inline int patch_index(const struct blend_patch *patch, int at, int length)
{
    if (at < patch->corner) {
        return at;
    }
    int from_end = length - 1 - at;
    return from_end < patch->corner ? patch->side - 1 - from_end : patch->corner;
}

void blend_patch(const struct raster_target *target, struct ui_rect clip, struct ui_rect rect,
                 const struct blend_patch *patch, uint32_t color, struct ui_rect hole)
{
    struct ui_rect area = rect_intersect(clip, rect);
    uint32_t opacity = widen(color >> 24);
    for (int row = area.y; row < area.y + area.h; row++) {
        uint32_t *out = target->pixels + (long)row * target->stride_px;
        const uint8_t *in =
            patch->alpha + (long)patch_index(patch, row - rect.y, rect.h) * patch->side;
        bool in_hole = row >= hole.y && row < hole.y + hole.h;
        for (int x = area.x; x < area.x + area.w; x++) {
            if (in_hole && x >= hole.x && x < hole.x + hole.w) {
                x = hole.x + hole.w - 1;
                continue;
            }
            uint32_t alpha = in[patch_index(patch, x - rect.x, rect.w)];
            if (alpha != 0) {
                out[x] = mix(out[x], color, widen(alpha) * opacity >> 8);
            }
        }
    }
}
