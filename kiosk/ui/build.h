/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SHILLING_KIOSK_UI_BUILD_H
#define SHILLING_KIOSK_UI_BUILD_H

/*
 * What a view writes to: boxes are opened and closed, texts and icons stand in them. Lengths are
 * units; everything in a struct ui_box may be left out. A box with an action can be touched, shows
 * its pressed look by itself and is never smaller than a finger needs (20 mm; large mode 25 mm).
 *
 * Texts are borrowed until the end of the frame: literals, translations, members of the state, or
 * what ui_format() made.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/compiler.h"
#include "kiosk/ui/draw.h"
#include "kiosk/ui/layout.h"
#include "kiosk/ui/panel.h"
#include "kiosk/ui/style.h"
#include "kiosk/ui/theme.h"
#include "kiosk/ui/ui.h"

struct ui_size {
    enum layout_sizing sizing;
    int value;
    int min;
    int max;
};

#define UI_FIT ((struct ui_size){.sizing = LAYOUT_FIT})
#define UI_UNITS(u) ((struct ui_size){.sizing = LAYOUT_FIXED, .value = (u)})
#define UI_GROW(weight) ((struct ui_size){.sizing = LAYOUT_GROW, .value = (weight)})

struct ui_box {
    enum layout_direction direction; /* default: a row */
    struct ui_size w;
    struct ui_size h;
    int pad;   /* all four sides, if those below are 0 */
    int pad_x; /* left and right */
    int pad_y;
    int pad_left;
    int pad_right;
    int pad_top;
    int pad_bottom;
    int gap;
    bool touch_gap; /* the gap separates targets: at least 3 mm */
    enum layout_align justify;
    enum layout_align align;
    enum layout_align place_x; /* inside a stack */
    enum layout_align place_y;
    int move_x;
    int move_y;
    bool wrap;
    int aspect_permille;
    uint8_t drop; /* see layout.h */
    enum ui_surface_id surface;
    enum draw_picture picture; /* instead of the surface's fill, in the day theme */
    enum draw_corners corners;
    bool top_line; /* a thin line, jade to brass, along the upper edge */
    int radius;
    uint16_t action;
    uint32_t value;
    bool repeats; /* a key: two quick presses are two presses */
    bool modal;   /* nothing that was opened before it can be touched */
};

enum ui_label_kind {
    UI_LABEL_LINE, /* one line; gets smaller if need be, down to the least size */
    UI_LABEL_WRAP, /* as many lines as it takes */
    UI_LABEL_CUT,  /* one line, ends in an ellipsis if it is too long: names */
};

struct ui_label {
    enum ui_style style;
    enum ui_color color;
    const char *text;
    enum ui_label_kind kind;
    enum layout_align align; /* START, CENTER, END inside its box */
    struct ui_size w;        /* default: as wide as the text */
    uint8_t drop;
    bool personal; /* masked in pictures that leave the house */
    bool tabular;  /* ticking figures: digit by digit */
};

/* Paints inside the rectangle that the layout found. @p data is the view's, until the frame ends.
 */
typedef void ui_painter(struct ui_build *build, struct ui_rect rect, const void *data);

void ui_open(struct ui_build *build, const struct ui_box *box);
void ui_close(struct ui_build *build);

void ui_label(struct ui_build *build, const struct ui_label *label);
/** One line. */
void ui_text(struct ui_build *build, enum ui_style style, enum ui_color color, const char *text);
/** Wrapped lines over the whole width. */
void ui_para(struct ui_build *build, enum ui_style style, enum ui_color color, const char *text);
/** The same, centred. */
void ui_para_center(struct ui_build *build, enum ui_style style, enum ui_color color,
                    const char *text);
void ui_icon(struct ui_build *build, enum ui_icon icon, int units, enum ui_color color);
/** Empty room that grows. */
void ui_fill(struct ui_build *build);
/** Empty room of a size along the parent's direction; dropped first when room is short. */
void ui_space(struct ui_build *build, int units);
/** A box whose inside is painted by @p painter. */
void ui_paint(struct ui_build *build, const struct ui_box *box, ui_painter *painter,
              const void *data);

/** Text that lives as long as the frame; cut at the end of the frame's memory (never seen). */
const char *ui_format(struct ui_build *build, const char *format, ...) PRINTF_LIKE(2, 3);
/** Memory that lives as long as the frame, zeroed; NULL if there is no more. */
void *ui_alloc(struct ui_build *build, size_t size);

/* What a view may know of its frame. */
const struct panel *ui_panel(const struct ui_build *build);
bool ui_is_large(const struct ui_build *build);
bool ui_is_portrait(const struct ui_build *build);
bool ui_is_contrast(const struct ui_build *build);
struct ui_now ui_now(const struct ui_build *build);

/** The picture will be another one at @p mono_ms: the program renders again then. */
void ui_wake_at(struct ui_build *build, int64_t mono_ms);

/* For painters: pixels, colours, commands. */
int ui_px(const struct ui_build *build, int units);
uint32_t ui_color_value(const struct ui_build *build, enum ui_color color);
void ui_draw(struct ui_build *build, struct draw_cmd cmd);
/** One line of text, its middle at (@p x, @p y). */
void ui_draw_text(struct ui_build *build, enum ui_style style, enum ui_color color,
                  const char *text, int x, int y);
/** How wide that line is, in pixels. */
int ui_draw_width(const struct ui_build *build, enum ui_style style, const char *text);

#endif
