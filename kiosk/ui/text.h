/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SHILLING_KIOSK_UI_TEXT_H
#define SHILLING_KIOSK_UI_TEXT_H

/*
 * Letters as 8-bit masks, tinted when they are drawn. A text is split into runs of one face
 * (Chinese and Latin stand on one baseline), each run is shaped and rendered once by SDL_ttf and
 * kept in a cache with a size limit. Figures that tick are drawn digit by digit, so that a clock
 * leaves ten masks behind and not one for each second.
 *
 * Each face is opened once, whatever sizes are needed (TTF_SetFontSize on a miss): a FreeType face
 * per size costs 3 MB each.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/compiler.h"
#include "common/err.h"
#include "kiosk/ui/ui.h"

enum {
    TEXT_CACHE_SIZE_MAX = 4 * 1024 * 1024, /* the fullest screen holds 1.3 MB of masks */
    TEXT_RUN_SIZE_MAX = 512,               /* bytes of one run; longer texts are several runs */
};

enum text_weight { TEXT_REGULAR, TEXT_BOLD, TEXT_FIGURE, TEXT_WEIGHT_COUNT };

/* How a text looks, sizes in pixels. */
struct text_style {
    enum text_weight weight;
    int px;          /* em size, 8..400 */
    int spacing_px;  /* added after each letter; may be negative */
    bool tabular;    /* all digits equally wide */
    bool cjk_quotes; /* quotation marks and the ellipsis are Chinese here */
};

/* One run's picture. Rows and columns without ink are cut off. */
struct text_mask {
    int left; /* of the first column, from the pen */
    int top;  /* rows above the baseline */
    int w;
    int h;
    const uint8_t *alpha; /* w x h, borrowed until the next text_* call */
};

struct text_engine;

/** Blocks: opens the font files. @param ret_engine [@own given] */
MUST_CHECK enum err text_create(const struct ui_config *config, struct text_engine **ret_engine);
void text_destroy(struct text_engine *engine);

/** Advance width of @p size bytes of one line. */
int text_width(struct text_engine *engine, const struct text_style *style, const char *text,
               size_t size);

/** Called for each mask of a line; (x, y) is the pen on the baseline. */
typedef void text_paint(void *self, int x, int y, const struct text_mask *mask);

/* One line of text and where its pen begins. */
struct text_line {
    const struct text_style *style;
    const char *text;
    size_t size;
    int x;
    int baseline;
};

/** Give the masks of one line from left to right. */
void text_draw(struct text_engine *engine, const struct text_line *line, text_paint *paint,
               void *self);

/**
 * The end of the first line when @p text is broken at @p width: bytes that stay on it. Breaks at
 * blanks, at '\n' and between Chinese characters, never before closing punctuation. A raised dot
 * that would begin the next line is left out.
 *
 * @param ret_next  [out] where the next line begins, from the start of @p text
 */
size_t text_break(struct text_engine *engine, const struct text_style *style, const char *text,
                  int width, size_t *ret_next);

/*
 * The lines of a wrapped text, one after the other; never more of them than text_break() alone
 * needs. Two Chinese lines part where a sentence pauses, or at a blank, if they can; a paragraph
 * whose last line would be left with a few letters is broken evenly, so that none stands alone.
 */
struct text_lines {
    const char *rest; /* begin: the text; borrowed */
    int width;
    int even;     /* begin: 0; where the lines of this paragraph are broken */
    size_t split; /* begin: 0; if not 0: the bytes of the next line */
};

/** @return false behind the last line */
bool text_lines_next(struct text_engine *engine, const struct text_style *style,
                     struct text_lines *lines, const char **ret_line, size_t *ret_size);

/** The widest part of @p text that cannot be broken. */
int text_width_need(struct text_engine *engine, const struct text_style *style, const char *text);

/** What is drawn first from now on outlives text_wipe(), or not (the default). */
void text_set_keep(struct text_engine *engine, bool keep);

/** Forget every mask and text that is not to be kept. */
void text_wipe(struct text_engine *engine);

size_t text_cache_size(const struct text_engine *engine);

#endif
