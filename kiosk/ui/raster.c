/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One function per command. cairo's clip is set once per dirty rectangle; our own loops get the
 * same rectangle. Both write the same memory, so cairo is told (flush, mark dirty) in between.
 */
#include "kiosk/ui/raster.h"

#include <stdlib.h>

#include <cairo.h>

#include "common/qr/qr.h"
#include "kiosk/ui/blend.h"
#include "kiosk/ui/sprite.h"

struct raster {
    struct text_engine *text; /* borrowed */
    struct sprites *sprites;
};

/* One painting of one rectangle. */
struct job {
    struct raster *raster;
    const struct raster_target *target;
    struct ui_rect clip;
    cairo_t *cr;
    cairo_surface_t *surface;
};

enum err raster_create(struct text_engine *text, struct raster **ret_raster)
{
    struct raster *raster = calloc(1, sizeof *raster);
    if (raster == NULL) {
        return ERR_MEMORY;
    }
    raster->text = text;
    enum err err = sprites_create(&raster->sprites);
    if (err != OK) {
        free(raster);
        return err;
    }
    *ret_raster = raster;
    return OK;
}

void raster_destroy(struct raster *raster)
{
    if (raster != NULL) {
        sprites_destroy(raster->sprites);
        free(raster);
    }
}

size_t raster_cache_size(const struct raster *raster)
{
    return sprites_size(raster->sprites);
}

void raster_drop_pictures(struct raster *raster)
{
    sprites_drop_pictures(raster->sprites);
}

static void paint_fill(const struct job *job, const struct draw_cmd *cmd)
{
    shape_round(job->cr, cmd->rect, cmd->radius, cmd->corners);
    shape_color(job->cr, cmd->color);
    cairo_fill(job->cr);
}

static void stop_add(cairo_pattern_t *pattern, double at, uint32_t color)
{
    cairo_pattern_add_color_stop_rgba(pattern, at, (double)((color >> 16) & 0xFFU) / 255.0,
                                      (double)((color >> 8) & 0xFFU) / 255.0,
                                      (double)(color & 0xFFU) / 255.0,
                                      (double)(color >> 24) / 255.0);
}

static void paint_gradient(const struct job *job, const struct draw_cmd *cmd)
{
    cairo_pattern_t *pattern =
        cairo_pattern_create_linear(0, cmd->rect.y, 0, cmd->rect.y + cmd->rect.h);
    stop_add(pattern, 0, cmd->color);
    stop_add(pattern, 1, cmd->color_end);
    shape_round(job->cr, cmd->rect, cmd->radius, cmd->corners);
    cairo_set_source(job->cr, pattern);
    cairo_fill(job->cr);
    cairo_pattern_destroy(pattern);
}

static void paint_border(const struct job *job, const struct draw_cmd *cmd)
{
    /* Outer minus inner shape: sharp at any width, no half pixels. */
    int t = cmd->thickness;
    struct ui_rect in = {cmd->rect.x + t, cmd->rect.y + t, cmd->rect.w - 2 * t,
                         cmd->rect.h - 2 * t};
    int inner_radius = cmd->radius > t ? cmd->radius - t : 0;
    shape_round(job->cr, cmd->rect, cmd->radius, cmd->corners);
    shape_round(job->cr, in, inner_radius, cmd->corners);
    cairo_set_fill_rule(job->cr, CAIRO_FILL_RULE_EVEN_ODD);
    shape_color(job->cr, cmd->color);
    cairo_fill(job->cr);
    cairo_set_fill_rule(job->cr, CAIRO_FILL_RULE_WINDING);
}

static void paint_shadow(const struct job *job, const struct draw_cmd *cmd)
{
    struct blend_patch patch;
    int margin = 0;
    if (!sprite_shadow(job->raster->sprites, cmd->radius, cmd->thickness, &patch, &margin)) {
        return; /* without memory a card has no shadow */
    }
    struct ui_rect rect = {cmd->rect.x - margin, cmd->rect.y - margin, cmd->rect.w + 2 * margin,
                           cmd->rect.h + 2 * margin};
    /* What the card itself will cover need not be painted. */
    int inset = cmd->radius / 3 + 1;
    struct ui_rect hole = {cmd->rect.x + inset, cmd->rect.y - cmd->offset + inset,
                           cmd->rect.w - 2 * inset, cmd->rect.h - 2 * inset};
    cairo_surface_flush(job->surface);
    blend_patch(job->target, job->clip, rect, &patch, cmd->color, hole);
    cairo_surface_mark_dirty(job->surface);
}

struct ink {
    const struct job *job;
    uint32_t color;
};

static void paint_letters(void *self, int x, int y, const struct text_mask *mask)
{
    const struct ink *ink = self;
    struct blend_mask picture = {.alpha = mask->alpha, .w = mask->w, .h = mask->h};
    blend_mask(ink->job->target, ink->job->clip, x + mask->left, y - mask->top, &picture,
               ink->color);
}

static void paint_text(const struct job *job, const struct draw_cmd *cmd)
{
    struct ink ink = {.job = job, .color = cmd->color};
    cairo_surface_flush(job->surface);
    struct text_line line = {.style = &cmd->style,
                             .text = cmd->text,
                             .size = cmd->text_size,
                             .x = cmd->rect.x,
                             .baseline = cmd->baseline};
    text_draw(job->raster->text, &line, paint_letters, &ink);
    cairo_surface_mark_dirty(job->surface);
}

static void paint_icon(const struct job *job, const struct draw_cmd *cmd)
{
    struct blend_mask mask;
    if (sprite_icon(job->raster->sprites, cmd->icon, cmd->rect.w, &mask)) {
        cairo_surface_flush(job->surface);
        blend_mask(job->target, job->clip, cmd->rect.x, cmd->rect.y, &mask, cmd->color);
        cairo_surface_mark_dirty(job->surface);
    }
}

static void paint_ring(const struct job *job, const struct draw_cmd *cmd)
{
    const double top = -1.57079632679489662;
    const double whole = 6.28318530717958648;
    double r = (double)(cmd->rect.w - cmd->thickness) / 2.0;
    double cx = cmd->rect.x + (double)cmd->rect.w / 2.0;
    double cy = cmd->rect.y + (double)cmd->rect.h / 2.0;
    cairo_set_line_width(job->cr, cmd->thickness);
    cairo_set_line_cap(job->cr, CAIRO_LINE_CAP_ROUND);
    if (cmd->color_end != 0) {
        cairo_new_sub_path(job->cr);
        cairo_arc(job->cr, cx, cy, r, 0, whole);
        shape_color(job->cr, cmd->color_end);
        cairo_stroke(job->cr);
    }
    if (cmd->permille > 0) {
        double from = top + whole * cmd->offset / 1000.0;
        cairo_new_sub_path(job->cr);
        cairo_arc(job->cr, cx, cy, r, from, from + whole * cmd->permille / 1000.0);
        shape_color(job->cr, cmd->color);
        cairo_stroke(job->cr);
    }
}

static void paint_dash(const struct job *job, const struct draw_cmd *cmd)
{
    const double dashes[2] = {cmd->thickness * 2.0, cmd->thickness * 5.0};
    cairo_set_dash(job->cr, dashes, 2, 0);
    cairo_set_line_cap(job->cr, CAIRO_LINE_CAP_BUTT);
    cairo_set_line_width(job->cr, cmd->thickness);
    cairo_move_to(job->cr, cmd->rect.x, cmd->rect.y + cmd->thickness / 2.0);
    cairo_line_to(job->cr, cmd->rect.x + cmd->rect.w, cmd->rect.y + cmd->thickness / 2.0);
    shape_color(job->cr, cmd->color);
    cairo_stroke(job->cr);
    cairo_set_dash(job->cr, NULL, 0, 0);
}

static void paint_top_line(const struct job *job, const struct draw_cmd *cmd)
{
    cairo_pattern_t *line =
        cairo_pattern_create_linear(cmd->rect.x, 0, cmd->rect.x + cmd->rect.w, 0);
    stop_add(line, 0.0, cmd->color);
    stop_add(line, 0.5, cmd->color);
    stop_add(line, 1.0, cmd->color_end);
    cairo_save(job->cr);
    cairo_rectangle(job->cr, cmd->rect.x, cmd->rect.y, cmd->rect.w, cmd->thickness);
    cairo_clip(job->cr);
    shape_round(job->cr, cmd->rect, cmd->radius, cmd->corners);
    cairo_set_source(job->cr, line);
    cairo_fill(job->cr);
    cairo_restore(job->cr);
    cairo_pattern_destroy(line);
}

static void paint_code(const struct job *job, const struct draw_cmd *cmd)
{
    struct qr qr;
    char text[1024];
    if (cmd->text_size >= sizeof text) {
        return;
    }
    for (size_t i = 0; i < cmd->text_size; i++) {
        text[i] = cmd->text[i];
    }
    text[cmd->text_size] = '\0';
    if (qr_encode_for_screen(text, &qr) != OK) {
        return;
    }
    int modules = qr.side + 2 * QR_QUIET_MODULES;
    int module = cmd->rect.w / modules;
    int x0 = cmd->rect.x + (cmd->rect.w - module * qr.side) / 2;
    int y0 = cmd->rect.y + (cmd->rect.h - module * qr.side) / 2;
    cairo_set_antialias(job->cr, CAIRO_ANTIALIAS_NONE);
    for (int y = 0; y < qr.side; y++) {
        for (int x = 0; x < qr.side; x++) {
            if (qr_is_dark(&qr, x, y)) {
                cairo_rectangle(job->cr, x0 + x * module, y0 + y * module, module, module);
            }
        }
    }
    shape_color(job->cr, cmd->color);
    cairo_fill(job->cr);
    cairo_set_antialias(job->cr, CAIRO_ANTIALIAS_DEFAULT);
}

static void paint_marks(const struct job *job, const struct draw_cmd *cmd)
{
    const double quarter = 1.57079632679489662;
    double half = cmd->thickness / 2.0;
    double r = cmd->radius;
    double arm = cmd->rect.w * 0.075;
    cairo_set_line_width(job->cr, cmd->thickness);
    cairo_set_line_cap(job->cr, CAIRO_LINE_CAP_ROUND);
    shape_color(job->cr, cmd->color);
    for (int corner = 0; corner < 4; corner++) {
        bool right = corner == 1 || corner == 2;
        bool low = corner >= 2;
        double cx = right ? cmd->rect.x + cmd->rect.w - half - r : cmd->rect.x + half + r;
        double cy = low ? cmd->rect.y + cmd->rect.h - half - r : cmd->rect.y + half + r;
        double from = quarter * (2 + corner);
        cairo_save(job->cr);
        cairo_translate(job->cr, cx, cy);
        cairo_rotate(job->cr, from);
        cairo_move_to(job->cr, r, -arm);
        cairo_line_to(job->cr, r, 0);
        cairo_arc(job->cr, 0, 0, r, 0, quarter);
        cairo_line_to(job->cr, -arm, r);
        cairo_restore(job->cr);
        cairo_stroke(job->cr);
    }
}

static void paint_picture(const struct job *job, const struct draw_cmd *cmd)
{
    cairo_surface_t *picture =
        sprite_picture(job->raster->sprites, cmd->picture, cmd->rect.w, cmd->rect.h);
    if (picture == NULL) {
        paint_fill(job, cmd); /* without memory: the plain colour of the theme */
        return;
    }
    cairo_set_source_surface(job->cr, picture, cmd->rect.x, cmd->rect.y);
    shape_round(job->cr, cmd->rect, cmd->radius, cmd->corners);
    cairo_fill(job->cr);
}

static void paint_cmd(const struct job *job, const struct draw_cmd *cmd)
{
    static void (*const painters[DRAW_OP_COUNT])(const struct job *, const struct draw_cmd *) = {
        [DRAW_FILL] = paint_fill,         [DRAW_GRADIENT] = paint_gradient,
        [DRAW_BORDER] = paint_border,     [DRAW_SHADOW] = paint_shadow,
        [DRAW_TEXT] = paint_text,         [DRAW_ICON] = paint_icon,
        [DRAW_RING] = paint_ring,         [DRAW_DASH] = paint_dash,
        [DRAW_TOP_LINE] = paint_top_line, [DRAW_CODE] = paint_code,
        [DRAW_MARKS] = paint_marks,       [DRAW_PICTURE] = paint_picture,
    };
    painters[cmd->op](job, cmd);
}

void raster_paint(struct raster *raster, const struct draw_list *list,
                  const struct raster_target *target, struct ui_rect area)
{
    struct ui_rect screen = {.w = target->width, .h = target->height};
    struct job job = {.raster = raster, .target = target, .clip = rect_intersect(area, screen)};
    if (rect_is_empty(job.clip)) {
        return;
    }
    job.surface =
        cairo_image_surface_create_for_data((unsigned char *)target->pixels, CAIRO_FORMAT_RGB24,
                                            target->width, target->height, target->stride_px * 4);
    job.cr = cairo_create(job.surface);
    cairo_rectangle(job.cr, job.clip.x, job.clip.y, job.clip.w, job.clip.h);
    cairo_clip(job.cr);
    for (size_t i = 0; i < list->count; i++) {
        const struct draw_cmd *cmd = &list->cmds[i];
        if (!rect_is_empty(rect_intersect(cmd->bounds, job.clip))) {
            paint_cmd(&job, cmd);
        }
    }
    cairo_destroy(job.cr);
    cairo_surface_flush(job.surface);
    cairo_surface_destroy(job.surface);
}
