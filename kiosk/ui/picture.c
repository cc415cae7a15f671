/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The pictures of the day theme, each painted in a design frame of its own that is scaled to the
 * asked size: the night head with its glow and brass rings, the large jade tile, a landscape for
 * the media card, the logo. The high-contrast theme shows none of them but the logo.
 */
#include "kiosk/ui/sprite.h"

#define PI 3.14159265358979323846

enum { SOFT = 8 };

/*
 * What has no edges is painted at an eighth of the size and stretched: the eye sees no difference,
 * and a gradient, which is the dearest thing to compute in a picture, costs a sixtieth.
 */
static void paint_soft(cairo_t *cr, double w, double h,
                       void (*paint)(cairo_t *cr, double w, double h))
{
    const int small_w = (int)w / SOFT + 1;
    const int small_h = (int)h / SOFT + 1;
    cairo_surface_t *small = cairo_image_surface_create(CAIRO_FORMAT_RGB24, small_w, small_h);
    cairo_t *on_small = cairo_create(small);
    paint(on_small, small_w, small_h);
    cairo_destroy(on_small);
    cairo_save(cr);
    cairo_scale(cr, w / small_w, h / small_h);
    cairo_set_source_surface(cr, small, 0, 0);
    cairo_pattern_set_filter(cairo_get_source(cr), CAIRO_FILTER_BILINEAR);
    cairo_pattern_set_extend(cairo_get_source(cr), CAIRO_EXTEND_PAD);
    cairo_paint(cr);
    cairo_restore(cr);
    cairo_surface_destroy(small);
}

/* A glow: a radial gradient in the frame's own proportions, as an ellipse. */
struct glow {
    double cx, cy, r; /* in parts of width, height, and of both */
    uint32_t color;
};

static void paint_glow(cairo_t *cr, double w, double h, struct glow glow)
{
    cairo_pattern_t *pattern = cairo_pattern_create_radial(0, 0, 0, 0, 0, 1);
    double r = (double)((glow.color >> 16) & 0xFFU) / 255.0;
    double g = (double)((glow.color >> 8) & 0xFFU) / 255.0;
    double b = (double)(glow.color & 0xFFU) / 255.0;
    cairo_pattern_add_color_stop_rgba(pattern, 0, r, g, b, (double)(glow.color >> 24) / 255.0);
    cairo_pattern_add_color_stop_rgba(pattern, 1, r, g, b, 0);
    cairo_save(cr);
    cairo_translate(cr, glow.cx * w, glow.cy * h);
    cairo_scale(cr, glow.r * w, glow.r * h);
    cairo_set_source(cr, pattern);
    cairo_paint(cr);
    cairo_restore(cr);
    cairo_pattern_destroy(pattern);
}

struct rings {
    double cx, cy, r, step, line;
    int count;
    uint32_t color;
};

static void paint_rings(cairo_t *cr, struct rings rings)
{
    cairo_set_line_width(cr, rings.line);
    shape_color(cr, rings.color);
    for (int i = 0; i < rings.count; i++) {
        cairo_new_sub_path(cr);
        cairo_arc(cr, rings.cx, rings.cy, rings.r + rings.step * i, 0, 2 * PI);
        cairo_stroke(cr);
    }
}

static void paint_hero_glow(cairo_t *cr, double w, double h)
{
    shape_color(cr, 0xFF0E2233);
    cairo_paint(cr);
    paint_glow(cr, w, h, (struct glow){0.82, 0.08, 0.75, 0xD91F6A6B});
    paint_glow(cr, w, h, (struct glow){0.04, 0.96, 0.70, 0xBF27507A});
}

static void paint_hero(cairo_t *cr, double w, double h)
{
    paint_soft(cr, w, h, paint_hero_glow);
    double s = w > h * 1.3 ? w / 1080 : h / 640;
    paint_rings(cr, (struct rings){.cx = w * 0.889,
                                   .cy = h * 0.1875,
                                   .r = 150 * s,
                                   .step = 62 * s,
                                   .line = 1.5 * s,
                                   .count = 10,
                                   .color = 0x33D9B45B});
}

static void paint_night_glow(cairo_t *cr, double w, double h)
{
    shape_color(cr, 0xFF0E2233);
    cairo_paint(cr);
    paint_glow(cr, w, h, (struct glow){0.88, 0.0, 0.90, 0xE61F6A6B});
}

static void paint_night(cairo_t *cr, double w, double h)
{
    paint_soft(cr, w, h, paint_night_glow);
    double s = h / 520;
    paint_rings(cr, (struct rings){.cx = w - 184 * s,
                                   .cy = h * 0.48,
                                   .r = 190 * s,
                                   .step = 58 * s,
                                   .line = 1.5 * s,
                                   .count = 9,
                                   .color = 0x29D9B45B});
}

/*
 * An ornament that looks like a code without being one: the three finders of a 21-module symbol
 * and squares from a fixed sequence. It carries no data and no scanner takes it for one.
 */
static void paint_ornament(cairo_t *cr)
{
    enum { SIDE = 21, FINDER = 7 };
    uint32_t noise = 0x2545F491U;
    for (int y = 0; y < SIDE; y++) {
        for (int x = 0; x < SIDE; x++) {
            noise ^= noise << 13;
            noise ^= noise >> 17;
            noise ^= noise << 5;
            bool finder = (x < FINDER + 1 && y < FINDER + 1) ||
                          (x > SIDE - FINDER - 2 && y < FINDER + 1) ||
                          (x < FINDER + 1 && y > SIDE - FINDER - 2);
            if (!finder && (noise >> 16 & 1U) != 0) {
                cairo_rectangle(cr, x, y, 1, 1);
            }
        }
    }
    static const int corners[3][2] = {{0, 0}, {SIDE - FINDER, 0}, {0, SIDE - FINDER}};
    for (int i = 0; i < 3; i++) {
        double x = corners[i][0];
        double y = corners[i][1];
        cairo_rectangle(cr, x, y, FINDER, 1);
        cairo_rectangle(cr, x, y + FINDER - 1, FINDER, 1);
        cairo_rectangle(cr, x, y + 1, 1, FINDER - 2);
        cairo_rectangle(cr, x + FINDER - 1, y + 1, 1, FINDER - 2);
        cairo_rectangle(cr, x + 2, y + 2, 3, 3);
    }
    shape_color(cr, 0x1AFFFFFF);
    cairo_fill(cr);
}

static void paint_jade(cairo_t *cr, double w, double h)
{
    /* 150 degrees: from upper left to lower right; light only where no text stands. */
    cairo_pattern_t *pattern = cairo_pattern_create_linear(w * 0.18, 0, w * 0.82, h);
    cairo_pattern_add_color_stop_rgb(pattern, 0.0, 0.055, 0.541, 0.420);
    cairo_pattern_add_color_stop_rgb(pattern, 0.30, 0.035, 0.405, 0.312);
    cairo_pattern_add_color_stop_rgb(pattern, 1.0, 0.024, 0.310, 0.239);
    cairo_set_source(cr, pattern);
    cairo_paint(cr);
    cairo_pattern_destroy(pattern);
}

static void paint_tile(cairo_t *cr, double w, double h)
{
    paint_soft(cr, w, h, paint_jade);
    double side = w * 0.5;
    cairo_save(cr);
    cairo_translate(cr, w - side * 0.86, -side * 0.12);
    cairo_rotate(cr, 9 * PI / 180);
    cairo_scale(cr, side / 21, side / 21);
    paint_ornament(cr);
    cairo_restore(cr);
}

static void paint_sky(cairo_t *cr, double w, double h)
{
    cairo_pattern_t *sky = cairo_pattern_create_linear(0, 0, 0, h);
    cairo_pattern_add_color_stop_rgb(sky, 0.0, 0.969, 0.773, 0.545);
    cairo_pattern_add_color_stop_rgb(sky, 0.55, 0.957, 0.890, 0.769);
    cairo_pattern_add_color_stop_rgb(sky, 1.0, 0.867, 0.922, 0.902);
    cairo_set_source(cr, sky);
    cairo_paint(cr);
    cairo_pattern_destroy(sky);
    shape_color(cr, 0x59FFF3D6);
    cairo_arc(cr, w * 0.754, h * 0.375, h * 0.255, 0, 2 * PI);
    cairo_fill(cr);
    shape_color(cr, 0xFFFFF3D6);
    cairo_arc(cr, w * 0.754, h * 0.375, h * 0.157, 0, 2 * PI);
    cairo_fill(cr);
}

struct hills {
    double left, crest1, dip, crest2, right; /* heights at five places, parts of the height */
    uint32_t top, bottom;
};

static void paint_hills(cairo_t *cr, double w, double h, struct hills hills)
{
    cairo_pattern_t *shade = cairo_pattern_create_linear(0, hills.crest2 * h, 0, h);
    const uint32_t stops[2] = {hills.top, hills.bottom};
    for (int i = 0; i < 2; i++) {
        cairo_pattern_add_color_stop_rgba(shade, i, (double)((stops[i] >> 16) & 0xFFU) / 255.0,
                                          (double)((stops[i] >> 8) & 0xFFU) / 255.0,
                                          (double)(stops[i] & 0xFFU) / 255.0,
                                          (double)(stops[i] >> 24) / 255.0);
    }
    const double at[5] = {0, 0.19, 0.49, 0.80, 1.0};
    const double high[5] = {hills.left, hills.crest1, hills.dip, hills.crest2, hills.right};
    cairo_move_to(cr, 0, high[0] * h);
    for (int i = 1; i < 5; i++) {
        double half = (at[i] - at[i - 1]) / 2;
        cairo_curve_to(cr, (at[i - 1] + half) * w, high[i - 1] * h, (at[i] - half) * w, high[i] * h,
                       at[i] * w, high[i] * h);
    }
    cairo_line_to(cr, w, h);
    cairo_line_to(cr, 0, h);
    cairo_close_path(cr);
    cairo_set_source(cr, shade);
    cairo_fill(cr);
    cairo_pattern_destroy(shade);
}

static void paint_mill(cairo_t *cr, double x, double y, double size, double turn)
{
    shape_color(cr, 0xF2FFFFFF);
    cairo_set_line_cap(cr, CAIRO_LINE_CAP_ROUND);
    cairo_set_line_width(cr, size * 0.036);
    cairo_move_to(cr, x, y);
    cairo_line_to(cr, x, y + size);
    cairo_stroke(cr);
    cairo_set_line_width(cr, size * 0.05);
    for (int blade = 0; blade < 3; blade++) {
        cairo_save(cr);
        cairo_translate(cr, x, y);
        cairo_rotate(cr, turn + blade * 2 * PI / 3);
        cairo_move_to(cr, 0, 0);
        cairo_line_to(cr, 0, -size * 0.48);
        cairo_restore(cr);
    }
    cairo_stroke(cr);
}

static void paint_media(cairo_t *cr, double w, double h)
{
    paint_sky(cr, w, h);
    paint_hills(cr, w, h, (struct hills){0.64, 0.52, 0.665, 0.458, 0.56, 0xBF3E7E74, 0xBF1F5A55});
    paint_mill(cr, w * 0.612, h * 0.455, h * 0.295, 0.37);
    paint_mill(cr, w * 0.862, h * 0.532, h * 0.215, 0.39);
    paint_hills(cr, w, h, (struct hills){0.79, 0.705, 0.82, 0.68, 0.72, 0xFF205E5B, 0xFF123C43});
}

/* An S whose upper bow is a coin's slot: our own mark. */
static void paint_logo(cairo_t *cr, double w, double h)
{
    cairo_scale(cr, w / 60, h / 60);
    cairo_pattern_t *brass = cairo_pattern_create_linear(0, 0, 60, 60);
    cairo_pattern_add_color_stop_rgb(brass, 0, 0.949, 0.835, 0.545);
    cairo_pattern_add_color_stop_rgb(brass, 1, 0.725, 0.541, 0.184);
    shape_round(cr, (struct ui_rect){0, 0, 60, 60}, 17, DRAW_CORNERS_ALL);
    cairo_set_source(cr, brass);
    cairo_fill(cr);
    cairo_pattern_destroy(brass);
    cairo_move_to(cr, 39, 19.5);
    cairo_curve_to(cr, 37, 16.5, 33.8, 15, 30, 15);
    cairo_curve_to(cr, 25, 15, 21, 17.7, 21, 22);
    cairo_curve_to(cr, 21, 31.5, 39.5, 27.5, 39.5, 37);
    cairo_curve_to(cr, 39.5, 41.6, 35.3, 45, 30, 45);
    cairo_curve_to(cr, 25.6, 45, 22, 43.1, 20, 40);
    cairo_set_line_width(cr, 5);
    cairo_set_line_cap(cr, CAIRO_LINE_CAP_ROUND);
    shape_color(cr, 0xFF0E2233);
    cairo_stroke(cr);
}

bool picture_is_transparent(enum draw_picture picture)
{
    return picture == DRAW_PICTURE_LOGO;
}

void picture_paint(cairo_t *cr, enum draw_picture picture, int w, int h)
{
    switch (picture) {
    case DRAW_PICTURE_HERO:
        paint_hero(cr, w, h);
        break;
    case DRAW_PICTURE_NIGHT:
        paint_night(cr, w, h);
        break;
    case DRAW_PICTURE_TILE:
        paint_tile(cr, w, h);
        break;
    case DRAW_PICTURE_MEDIA:
        paint_media(cr, w, h);
        break;
    case DRAW_PICTURE_LOGO:
        paint_logo(cr, w, h);
        break;
    case DRAW_PICTURE_NONE:
    case DRAW_PICTURE_COUNT:
        break;
    }
}
