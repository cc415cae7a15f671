/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SHILLING_EMULATORS_PRINTER_GLYPH_H
#define SHILLING_EMULATORS_PRINTER_GLYPH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/compiler.h"
#include "emulators/printer/strip.h"

/* The printer's built-in font: 12 x 24 and 24 x 24 dots, cut out of Noto Sans Mono CJK. */
struct glyph_font;

#define GLYPH_FONT_FILE "/usr/share/fonts/opentype/noto/NotoSansCJK-Regular.ttc"

enum { GLYPH_WIDTH = 12, GLYPH_HEIGHT = 24 };

struct glyph_look {
    size_t width;  /* 1..8 times */
    size_t height; /* 1..8 times */
    bool bold;
    bool underline;
    bool reverse;
};

/** NULL if the font file cannot be used. @return @own, glyph_font_close() */
MUST_CHECK struct glyph_font *glyph_font_open(const char *path);
void glyph_font_close(struct glyph_font *font);

/* A character and the place of its upper left corner. */
struct glyph {
    uint32_t code; /* Unicode */
    size_t cells;  /* 1 or 2 */
    size_t x;
    size_t y;
};

/** Burn a character into the paper. */
void glyph_draw(struct glyph_font *font, struct strip *strip, const struct glyph *glyph,
                const struct glyph_look *look);

#endif
