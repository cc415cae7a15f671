/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A shadow is the Gaussian blur of a rounded square, made of three box blurs with running sums
 * (each pass costs the same whatever its width). The square is just large enough to have one row
 * and one column that can be repeated, so one picture of 60 kB serves every card of that radius.
 */
#include "kiosk/ui/sprite.h"

#include <stdlib.h>
#include <string.h>

#include "common/must.h"

enum {
    ICONS_MAX = 96, /* 41 icons in about two sizes each */
    SHADOWS_MAX = 16,
    PICTURES_MAX = 12,
    SHADOW_FAINT = 4, /* of 255, and then a third of it at most */
    ICON_GRID = 24,
    STROKE_PER_100 = 175, /* stroke width on the 24 grid */
};

struct icon_slot {
    enum ui_icon icon;
    int px;
    uint8_t *alpha; /* @own */
    uint32_t used;
};

struct shadow_slot {
    int radius;
    int blur;
    struct blend_patch patch;
    int margin;
    uint8_t *alpha; /* @own */
    uint32_t used;
};

struct picture_slot {
    enum draw_picture picture;
    int w;
    int h;
    cairo_surface_t *surface; /* @own */
    uint32_t used;
};

struct sprites {
    struct icon_slot icons[ICONS_MAX];
    struct shadow_slot shadows[SHADOWS_MAX];
    struct picture_slot pictures[PICTURES_MAX];
    uint32_t clock; /* counts uses */
};

enum err sprites_create(struct sprites **ret_sprites)
{
    struct sprites *sprites = calloc(1, sizeof *sprites);
    if (sprites == NULL) {
        return ERR_MEMORY;
    }
    *ret_sprites = sprites;
    return OK;
}

static void picture_slot_clear(struct picture_slot *slot)
{
    if (slot->surface != NULL) {
        cairo_surface_destroy(slot->surface);
    }
    *slot = (struct picture_slot){0};
}

void sprites_drop_pictures(struct sprites *sprites)
{
    for (size_t i = 0; i < PICTURES_MAX; i++) {
        picture_slot_clear(&sprites->pictures[i]);
    }
}

void sprites_destroy(struct sprites *sprites)
{
    if (sprites == NULL) {
        return;
    }
    sprites_drop_pictures(sprites);
    for (size_t i = 0; i < ICONS_MAX; i++) {
        free(sprites->icons[i].alpha);
    }
    for (size_t i = 0; i < SHADOWS_MAX; i++) {
        free(sprites->shadows[i].alpha);
    }
    free(sprites);
}

static size_t picture_size(const struct picture_slot *slot)
{
    return slot->surface == NULL ? 0 : (size_t)slot->w * (size_t)slot->h * sizeof(uint32_t);
}

size_t sprites_size(const struct sprites *sprites)
{
    size_t size = 0;
    for (size_t i = 0; i < ICONS_MAX; i++) {
        const struct icon_slot *slot = &sprites->icons[i];
        size += slot->alpha == NULL ? 0 : (size_t)slot->px * (size_t)slot->px;
    }
    for (size_t i = 0; i < SHADOWS_MAX; i++) {
        const struct shadow_slot *slot = &sprites->shadows[i];
        size += slot->alpha == NULL ? 0 : (size_t)slot->patch.side * (size_t)slot->patch.side;
    }
    for (size_t i = 0; i < PICTURES_MAX; i++) {
        size += picture_size(&sprites->pictures[i]);
    }
    return size;
}

void shape_color(cairo_t *cr, uint32_t color)
{
    cairo_set_source_rgba(cr, (double)((color >> 16) & 0xFFU) / 255.0,
                          (double)((color >> 8) & 0xFFU) / 255.0, (double)(color & 0xFFU) / 255.0,
                          (double)(color >> 24) / 255.0);
}

void shape_round(cairo_t *cr, struct ui_rect rect, int radius, enum draw_corners corners)
{
    const double quarter = 1.57079632679489662;
    double x = rect.x;
    double y = rect.y;
    double w = rect.w;
    double h = rect.h;
    int limit = (rect.w < rect.h ? rect.w : rect.h) / 2;
    double r = radius < limit ? radius : limit;
    if (r < 1.0) {
        cairo_rectangle(cr, x, y, w, h);
        return;
    }
    double top = corners == DRAW_CORNERS_BOTTOM ? 0.0 : r;
    double bottom = corners == DRAW_CORNERS_TOP ? 0.0 : r;
    cairo_new_sub_path(cr);
    cairo_arc(cr, x + w - top, y + top, top, -quarter, 0);
    cairo_arc(cr, x + w - bottom, y + h - bottom, bottom, 0, quarter);
    cairo_arc(cr, x + bottom, y + h - bottom, bottom, quarter, 2 * quarter);
    cairo_arc(cr, x + top, y + top, top, 2 * quarter, 3 * quarter);
    cairo_close_path(cr);
}

/* One operator of an icon's path; returns how many numbers it took. */
static size_t icon_step(cairo_t *cr, const int16_t *data)
{
    switch ((enum ui_path_op)data[0]) {
    case UI_PATH_MOVE:
        cairo_move_to(cr, data[1] / 1000.0, data[2] / 1000.0);
        return 3;
    case UI_PATH_LINE:
        cairo_line_to(cr, data[1] / 1000.0, data[2] / 1000.0);
        return 3;
    case UI_PATH_CURVE:
        cairo_curve_to(cr, data[1] / 1000.0, data[2] / 1000.0, data[3] / 1000.0, data[4] / 1000.0,
                       data[5] / 1000.0, data[6] / 1000.0);
        return 7;
    case UI_PATH_CLOSE:
        cairo_close_path(cr);
        return 1;
    case UI_PATH_PAINT:
        if (data[1] != 0) {
            cairo_fill(cr);
        } else {
            cairo_stroke(cr);
        }
        return 2;
    }
    MUST_NOT_REACH();
}

static uint8_t *icon_render(enum ui_icon icon, int px)
{
    cairo_surface_t *surface = cairo_image_surface_create(CAIRO_FORMAT_A8, px, px);
    cairo_t *cr = cairo_create(surface);
    cairo_scale(cr, (double)px / ICON_GRID, (double)px / ICON_GRID);
    cairo_set_line_width(cr, STROKE_PER_100 / 100.0);
    cairo_set_line_cap(cr, CAIRO_LINE_CAP_ROUND);
    cairo_set_line_join(cr, CAIRO_LINE_JOIN_ROUND);
    cairo_set_source_rgba(cr, 1, 1, 1, 1);
    struct ui_icon_path path = ui_icon_path(icon);
    for (size_t at = 0; at < path.count;) {
        at += icon_step(cr, path.data + at);
    }
    cairo_surface_flush(surface);
    const uint8_t *from = cairo_image_surface_get_data(surface);
    size_t side = (size_t)px;
    uint8_t *alpha = from == NULL ? NULL : malloc(side * side);
    for (size_t y = 0; alpha != NULL && y < side; y++) {
        memcpy(alpha + y * side, from + y * (size_t)cairo_image_surface_get_stride(surface), side);
    }
    cairo_destroy(cr);
    cairo_surface_destroy(surface);
    return alpha;
}

bool sprite_icon(struct sprites *sprites, enum ui_icon icon, int px, struct blend_mask *ret_mask)
{
    struct icon_slot *oldest = &sprites->icons[0];
    struct icon_slot *found = NULL;
    for (size_t i = 0; i < ICONS_MAX && found == NULL; i++) {
        struct icon_slot *slot = &sprites->icons[i];
        if (slot->alpha != NULL && slot->icon == icon && slot->px == px) {
            found = slot;
        } else if (slot->used < oldest->used) {
            oldest = slot;
        }
    }
    if (found == NULL) {
        free(oldest->alpha);
        *oldest = (struct icon_slot){.icon = icon, .px = px, .alpha = icon_render(icon, px)};
        found = oldest;
    }
    found->used = ++sprites->clock;
    *ret_mask = (struct blend_mask){.alpha = found->alpha, .w = px, .h = px};
    return found->alpha != NULL;
}

/*
 * One box blur of width 2 half + 1 along a line of @p count bytes, @p step apart. It divides by
 * multiplying: exact for sums below 2^16, and the processor's division took most of the time.
 */
static void blur_line(uint8_t *line, int count, int step, int half, uint8_t *scratch)
{
    const uint32_t width = 2U * (uint32_t)half + 1U;
    const uint64_t reciprocal = ((UINT64_C(1) << 32) + width - 1) / width;
    uint32_t sum = width / 2; /* rounds */
    MUST(half >= 0 && half < 128);
    for (int i = 0; i < count; i++) {
        scratch[i] = line[(long)i * step];
    }
    for (int i = 0; i < half && i < count; i++) {
        sum += scratch[i];
    }
    for (int i = 0; i < count; i++) {
        sum += i + half < count ? scratch[i + half] : 0U;
        line[(long)i * step] = (uint8_t)((sum * reciprocal) >> 32);
        sum -= i - half >= 0 ? scratch[i - half] : 0U;
    }
}

static void blur_thrice(uint8_t *line, int count, int step, int half, uint8_t *scratch)
{
    for (int pass = 0; pass < 3; pass++) {
        blur_line(line, count, step, half, scratch);
    }
}

/* The square is the same mirrored and upside down: half of it is blurred, the rest is copied. */
static void blur(uint8_t *alpha, int side, int half, uint8_t *scratch)
{
    for (int y = 0; y <= side / 2; y++) {
        uint8_t *row = alpha + (long)y * side;
        blur_thrice(row, side, 1, half, scratch);
        memmove(alpha + (long)(side - 1 - y) * side, row, (size_t)side);
    }
    for (int x = 0; x <= side / 2; x++) {
        blur_thrice(alpha + x, side, side, half, scratch);
        for (int y = 0; y < side; y++) {
            alpha[(long)y * side + side - 1 - x] = alpha[(long)y * side + x];
        }
    }
}

/* How many outer rows and columns of a blurred square are too faint to be seen. */
static int faint_edge(const uint8_t *alpha, int side)
{
    int edge = 0;
    while (edge < side / 2 && alpha[(long)(side / 2) * side + edge] < SHADOW_FAINT) {
        edge += 1;
    }
    return edge;
}

/* A rounded square of @p core pixels in the middle of @p side. */
static uint8_t *square_render(int side, int core, int radius)
{
    cairo_surface_t *surface = cairo_image_surface_create(CAIRO_FORMAT_A8, side, side);
    cairo_t *cr = cairo_create(surface);
    int margin = (side - core) / 2;
    cairo_set_source_rgba(cr, 1, 1, 1, 1);
    shape_round(cr, (struct ui_rect){margin, margin, core, core}, radius, DRAW_CORNERS_ALL);
    cairo_fill(cr);
    cairo_surface_flush(surface);
    const uint8_t *from = cairo_image_surface_get_data(surface);
    size_t row = (size_t)side;
    uint8_t *alpha = from == NULL ? NULL : malloc(row * row);
    for (size_t y = 0; alpha != NULL && y < row; y++) {
        memcpy(alpha + y * row, from + y * (size_t)cairo_image_surface_get_stride(surface), row);
    }
    cairo_destroy(cr);
    cairo_surface_destroy(surface);
    return alpha;
}

static bool shadow_render(struct shadow_slot *slot)
{
    /* A blur of b pixels (as in CSS) is a Gaussian of b/2, three boxes of about 0.94 b. */
    int half = slot->blur * 47 / 100;
    int margin = 3 * half + 1;
    int core = 2 * (slot->radius + margin) + 1;
    int side = core + 2 * margin;
    uint8_t *alpha = square_render(side, core, slot->radius);
    uint8_t *scratch = calloc((size_t)side, 1);
    bool ok = alpha != NULL && scratch != NULL;
    if (ok) {
        blur(alpha, side, half, scratch);
        int faint = faint_edge(alpha, side);
        int kept = side - 2 * faint;
        for (int y = 0; y < kept; y++) { /* in place: rows only move towards the beginning */
            memmove(alpha + (long)y * kept, alpha + (long)(y + faint) * side + faint, (size_t)kept);
        }
        slot->margin = margin - faint;
        slot->alpha = alpha;
        slot->patch = (struct blend_patch){.alpha = alpha, .side = kept, .corner = kept / 2};
    } else {
        free(alpha);
    }
    free(scratch);
    return ok;
}

bool sprite_shadow(struct sprites *sprites, int radius, int blur_px, struct blend_patch *ret_patch,
                   int *ret_margin)
{
    struct shadow_slot *oldest = &sprites->shadows[0];
    struct shadow_slot *found = NULL;
    for (size_t i = 0; i < SHADOWS_MAX && found == NULL; i++) {
        struct shadow_slot *slot = &sprites->shadows[i];
        if (slot->alpha != NULL && slot->radius == radius && slot->blur == blur_px) {
            found = slot;
        } else if (slot->used < oldest->used) {
            oldest = slot;
        }
    }
    if (found == NULL) {
        free(oldest->alpha);
        *oldest = (struct shadow_slot){.radius = radius, .blur = blur_px};
        if (!shadow_render(oldest)) {
            *oldest = (struct shadow_slot){0};
            return false;
        }
        found = oldest;
    }
    found->used = ++sprites->clock;
    *ret_patch = found->patch;
    *ret_margin = found->margin;
    return true;
}

/* Room for one more picture of @p size bytes. */
static struct picture_slot *picture_slot_free(struct sprites *sprites, size_t size)
{
    for (;;) {
        struct picture_slot *empty = NULL;
        struct picture_slot *oldest = NULL;
        size_t held = 0;
        for (size_t i = 0; i < PICTURES_MAX; i++) {
            struct picture_slot *slot = &sprites->pictures[i];
            held += picture_size(slot);
            if (slot->surface == NULL) {
                empty = slot;
            } else if (oldest == NULL || slot->used < oldest->used) {
                oldest = slot;
            }
        }
        if (empty != NULL && (held + size <= SPRITE_PICTURES_SIZE_MAX || oldest == NULL)) {
            return empty;
        }
        picture_slot_clear(oldest);
    }
}

cairo_surface_t *sprite_picture(struct sprites *sprites, enum draw_picture picture, int w, int h)
{
    for (size_t i = 0; i < PICTURES_MAX; i++) {
        struct picture_slot *slot = &sprites->pictures[i];
        if (slot->surface != NULL && slot->picture == picture && slot->w == w && slot->h == h) {
            slot->used = ++sprites->clock;
            return slot->surface;
        }
    }
    struct picture_slot *slot =
        picture_slot_free(sprites, (size_t)w * (size_t)h * sizeof(uint32_t));
    cairo_format_t format =
        picture_is_transparent(picture) ? CAIRO_FORMAT_ARGB32 : CAIRO_FORMAT_RGB24;
    cairo_surface_t *surface = cairo_image_surface_create(format, w, h);
    if (cairo_surface_status(surface) != CAIRO_STATUS_SUCCESS) {
        cairo_surface_destroy(surface);
        return NULL;
    }
    cairo_t *cr = cairo_create(surface);
    picture_paint(cr, picture, w, h);
    cairo_destroy(cr);
    cairo_surface_flush(surface);
    *slot = (struct picture_slot){
        .picture = picture, .w = w, .h = h, .surface = surface, .used = ++sprites->clock};
    return surface;
}
