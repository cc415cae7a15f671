/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SHILLING_PRINTER_LAYOUT_ENCODE_H
#define SHILLING_PRINTER_LAYOUT_ENCODE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/compiler.h"

/*
 * Texts in the printer's encoding, cut into characters whose width on paper is known. A character
 * that the printer's font lacks is printed as the "geta" mark (two bars), never sent: a printer
 * without four-byte codes would print its bytes as other text.
 */

/* Which double-byte codes the printer's font has. Each contains the one before. */
enum encode_charset {
    ENCODE_GB2312,  /* both bytes A1..FE */
    ENCODE_GBK,     /* two-byte codes */
    ENCODE_GB18030, /* and four-byte codes of the basic plane */
    ENCODE_CHARSET_COUNT
};

enum {
    ENCODE_GLYPHS_MAX = 256, /* the longest text is a status URL */
    ENCODE_GLYPH_SIZE_MAX = 4,
    ENCODE_UTF8_SIZE_MAX = 512,
};

struct encode_glyph {
    uint8_t bytes[ENCODE_GLYPH_SIZE_MAX];
    uint8_t size;  /* 1, 2 or 4 */
    uint8_t cells; /* 1 or 2 */
};

struct encode_text {
    struct encode_glyph glyphs[ENCODE_GLYPHS_MAX];
    size_t count;
};

/**
 * Encode UTF-8 text. Control characters vanish; the yen sign becomes the full-width one (in
 * GB18030 it has a four-byte code that prints as "0 6" on two-byte printers), a hard blank a
 * blank, a minus sign a hyphen.
 *
 * @return false if it is too long or not UTF-8. Allocates: inside the call (iconv).
 */
MUST_CHECK bool encode_text(const char *utf8, enum encode_charset charset,
                            struct encode_text *ret_text);

/** Cells that glyphs @p from .. @p to - 1 take on paper at normal size. */
size_t encode_cells(const struct encode_text *text, size_t from, size_t to);

/** True if any of the glyphs has two bytes or more. */
bool encode_has_hanzi(const struct encode_text *text);

/**
 * Where to break a line that could end before @p to: behind a comma or full stop if one is near,
 * so that sentences fall into their parts; else between two words.
 */
size_t encode_break(const struct encode_text *text, size_t from, size_t to);

/** The index behind the last glyph that fits @p cells, beginning at @p from; at least one more. */
size_t encode_fit(const struct encode_text *text, size_t from, size_t cells);

#endif
