/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SHILLING_EMULATORS_PRINTER_LINE_H
#define SHILLING_EMULATORS_PRINTER_LINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "emulators/printer/glyph.h"
#include "emulators/printer/strip.h"

/* The print buffer: one line of characters, burnt when its end comes. */
enum { LINE_GLYPHS_MAX = 160 };

struct line_glyph {
    uint32_t code;
    size_t cells;
    size_t x; /* dots from the left margin */
    struct glyph_look look;
};

struct line {
    struct line_glyph glyphs[LINE_GLYPHS_MAX];
    size_t count;
    size_t x; /* where the next character goes */
};

enum line_align { LINE_LEFT, LINE_CENTRE, LINE_RIGHT };

struct line_area {
    size_t left;  /* margin in dots */
    size_t width; /* dots */
    enum line_align align;
    size_t pitch; /* dots from line to line */
};

void line_clear(struct line *line);
/** False if the character does not fit the line any more: print it first. */
bool line_add(struct line *line, const struct line_area *area, uint32_t code, size_t cells,
              const struct glyph_look *look);
/** Rows that the line takes: its pitch, or its largest character. */
size_t line_rows(const struct line *line, const struct line_area *area);
/** Burn the line at row @p y, where its rows have been fed. */
void line_burn(const struct line *line, const struct line_area *area, struct glyph_font *font,
               struct strip *strip, size_t y);
/** The line as UTF-8 with blanks for its columns; at most @p size - 1 bytes. */
void line_write(const struct line *line, const struct line_area *area, char *ret_text, size_t size);

#endif
