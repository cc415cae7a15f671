/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Method: the dots become a mask of twice their size with soft edges, because a heated dot bleeds
 * a little; the mask is painted in the blue-black of thermal ink on warm white paper, over a
 * shadow. The upper edge shows the teeth of the blade that cut the piece before.
 */
#include "emulators/printer/picture.h"

#include <stdint.h>

#include <cairo/cairo.h>

enum {
    SCALE = 2,
    SIDE_DOTS = 32,  /* 80 mm paper has 4 mm beside the head at each side */
    TABLE_DOTS = 24, /* around the paper */
    TOOTH_DOTS = 5,
};

static uint8_t ink_at(const struct strip *strip, size_t x, size_t y, size_t px, size_t py)
{
    /* Each pixel is a quarter of a dot; the neighbours it touches bleed into it. */
    static const unsigned own = 205;
    static const unsigned near = 34;
    unsigned ink = strip_is_black(strip, x, y) ? own : 0;
    size_t nx = px == 0 ? x - 1 : x + 1; /* wraps to "outside", which is white */
    size_t ny = py == 0 ? y - 1 : y + 1;
    ink += strip_is_black(strip, nx, y) ? near : 0;
    ink += strip_is_black(strip, x, ny) ? near : 0;
    return ink > 255 ? 255 : (uint8_t)ink;
}

/* The heads of cheap printers burn some rows a little weaker; a fixed pattern, no chance. */
static unsigned row_strength(size_t y)
{
    return 250U - (unsigned)((y * 7919U) % 11U);
}

static cairo_surface_t *mask_make(const struct strip *strip, size_t rows)
{
    cairo_surface_t *mask = cairo_image_surface_create(CAIRO_FORMAT_A8, (int)(strip->width * SCALE),
                                                       (int)(rows * SCALE));
    if (cairo_surface_status(mask) != CAIRO_STATUS_SUCCESS) {
        return mask;
    }
    cairo_surface_flush(mask);
    uint8_t *bytes = cairo_image_surface_get_data(mask);
    size_t stride = (size_t)cairo_image_surface_get_stride(mask);
    for (size_t y = 0; y < rows * SCALE; y++) {
        unsigned strength = row_strength(y / SCALE);
        for (size_t x = 0; x < strip->width * SCALE; x++) {
            unsigned ink = ink_at(strip, x / SCALE, y / SCALE, x % SCALE, y % SCALE);
            bytes[y * stride + x] = (uint8_t)(ink * strength / 255U);
        }
    }
    cairo_surface_mark_dirty(mask);
    return mask;
}

struct sheet {
    double left;
    double top;
    double width;
    double height;
};

static void outline(cairo_t *cr, const struct sheet *sheet, enum picture_edge edge)
{
    double right = sheet->left + sheet->width;
    double bottom = sheet->top + sheet->height;
    cairo_new_path(cr);
    cairo_move_to(cr, sheet->left, sheet->top);
    cairo_line_to(cr, right, sheet->top);
    cairo_line_to(cr, right, bottom);
    double step = TOOTH_DOTS * (edge == PICTURE_TORN ? 5.0 : 1.0);
    int count = (int)(sheet->width / step);
    for (int i = 1; i < count; i++) {
        /* A blade leaves even teeth, a hand an uneven edge. */
        double depth = edge == PICTURE_TORN ? 3.0 + (i * 37) % 10 : (i % 2) * 3.0;
        cairo_line_to(cr, right - i * step, bottom - depth);
    }
    cairo_line_to(cr, sheet->left, bottom);
    cairo_close_path(cr);
}

static void paint_table(cairo_t *cr)
{
    cairo_set_source_rgb(cr, 0.800, 0.812, 0.824);
    cairo_paint(cr);
}

static void paint_paper(cairo_t *cr, const struct sheet *sheet, enum picture_edge edge)
{
    for (int i = 6; i >= 1; i--) {
        struct sheet shadow = *sheet;
        shadow.left += i * 1.1;
        shadow.top += i * 1.7;
        outline(cr, &shadow, edge);
        cairo_set_source_rgba(cr, 0.10, 0.11, 0.14, 0.035);
        cairo_fill(cr);
    }
    /* A roll leaves a bend: the paper is a trace darker towards its sides. */
    cairo_pattern_t *paper =
        cairo_pattern_create_linear(sheet->left, 0, sheet->left + sheet->width, 0);
    cairo_pattern_add_color_stop_rgb(paper, 0.00, 0.945, 0.940, 0.925);
    cairo_pattern_add_color_stop_rgb(paper, 0.06, 0.980, 0.977, 0.966);
    cairo_pattern_add_color_stop_rgb(paper, 0.50, 0.992, 0.990, 0.982);
    cairo_pattern_add_color_stop_rgb(paper, 0.94, 0.978, 0.975, 0.963);
    cairo_pattern_add_color_stop_rgb(paper, 1.00, 0.938, 0.933, 0.917);
    outline(cr, sheet, edge);
    cairo_set_source(cr, paper);
    cairo_fill(cr);
    cairo_pattern_destroy(paper);
}

bool picture_write(const struct strip *strip, size_t rows, enum picture_edge edge, const char *path)
{
    size_t paper_width = strip->width + (size_t)2 * SIDE_DOTS;
    size_t width = (paper_width + (size_t)2 * TABLE_DOTS) * SCALE;
    size_t height = (rows + (size_t)2 * TABLE_DOTS) * SCALE;
    cairo_surface_t *image =
        cairo_image_surface_create(CAIRO_FORMAT_RGB24, (int)width, (int)height);
    cairo_surface_t *mask = mask_make(strip, rows);
    cairo_t *cr = cairo_create(image);
    struct sheet sheet = {.left = TABLE_DOTS * SCALE,
                          .top = TABLE_DOTS * SCALE,
                          .width = (double)paper_width * SCALE,
                          .height = (double)rows * SCALE};
    paint_table(cr);
    paint_paper(cr, &sheet, edge);
    cairo_set_source_rgb(cr, 0.125, 0.130, 0.165);
    cairo_mask_surface(cr, mask, sheet.left + SIDE_DOTS * SCALE, sheet.top);
    bool written = cairo_status(cr) == CAIRO_STATUS_SUCCESS &&
                   cairo_surface_write_to_png(image, path) == CAIRO_STATUS_SUCCESS;
    cairo_destroy(cr);
    cairo_surface_destroy(mask);
    cairo_surface_destroy(image);
    return written;
}
