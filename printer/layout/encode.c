/* SPDX-License-Identifier: Apache-2.0 */
#include "printer/layout/encode.h"

#include <string.h>

#include "common/must.h"
#include "common/str.h"
#include "common/text/text.h"

/* GB 2312 A1FE, two thick bars: what printing shops set for a missing character. */
static const uint8_t GETA[2] = {0xA1, 0xFE};

struct replacement {
    const char *from; /* UTF-8 */
    const char *to;
};

static const struct replacement REPLACEMENTS[] = {
    {"\xC2\xA5", "\xEF\xBF\xA5"}, /* U+00A5 yen -> U+FFE5, which every Chinese font has */
    {"\xC2\xA0", " "},            /* U+00A0 hard blank */
    {"\xE2\x88\x92", "-"},        /* U+2212 minus */
    {"\xE2\x82\xAC", "EUR"},      /* U+20AC: one byte in some tables, two in others */
};

static const struct replacement *replacement_find(const char *text)
{
    for (size_t i = 0; i < ARRAY_COUNT(REPLACEMENTS); i++) {
        if (str_starts_with(text, REPLACEMENTS[i].from)) {
            return &REPLACEMENTS[i];
        }
    }
    return NULL;
}

static bool replace(const char *utf8, char *ret_text, size_t size)
{
    struct strbuf out;
    strbuf_init(&out, ret_text, size);
    const char *at = utf8;
    while (*at != '\0') {
        const struct replacement *found = replacement_find(at);
        if (found != NULL) {
            strbuf_add(&out, found->to);
            at += strlen(found->from);
            continue;
        }
        unsigned char c = (unsigned char)*at;
        if (c >= 0x20 && c != 0x7F) {
            strbuf_add_char(&out, *at);
        }
        at += 1;
    }
    return !out.failed;
}

/* How many bytes the GB18030 character at @p bytes has. */
static size_t gb_size(const uint8_t *bytes, size_t left)
{
    if (bytes[0] < 0x80) {
        return 1;
    }
    MUST(left >= 2); /* iconv made it */
    bool is_four = bytes[1] >= '0' && bytes[1] <= '9';
    MUST(!is_four || left >= 4);
    return is_four ? 4 : 2;
}

static bool is_in_charset(const uint8_t *bytes, size_t size, enum encode_charset charset)
{
    switch (charset) {
    case ENCODE_GB2312:
        return size == 1 || (size == 2 && bytes[0] >= 0xA1 && bytes[0] <= 0xF7 && bytes[1] >= 0xA1);
    case ENCODE_GBK:
        return size <= 2;
    case ENCODE_GB18030:
        return size <= 2 || bytes[0] < 0x90; /* from 90h on: beyond the basic plane, emoji */
    case ENCODE_CHARSET_COUNT:
        break;
    }
    MUST_NOT_REACH();
}

static struct encode_glyph glyph_make(const uint8_t *bytes, size_t size,
                                      enum encode_charset charset)
{
    struct encode_glyph glyph = {.size = (uint8_t)size, .cells = size == 1 ? 1 : 2};
    if (is_in_charset(bytes, size, charset)) {
        memcpy(glyph.bytes, bytes, size);
    } else {
        memcpy(glyph.bytes, GETA, sizeof(GETA));
        glyph.size = sizeof(GETA);
    }
    return glyph;
}

bool encode_text(const char *utf8, enum encode_charset charset, struct encode_text *ret_text)
{
    MUST(charset < ENCODE_CHARSET_COUNT);
    char clean[ENCODE_UTF8_SIZE_MAX];
    char gb[2 * ENCODE_UTF8_SIZE_MAX + 1];
    if (!replace(utf8, clean, sizeof(clean)) || text_to_gb18030(clean, gb, sizeof(gb)) != OK) {
        return false;
    }
    ret_text->count = 0;
    size_t size = strlen(gb);
    const uint8_t *bytes = (const uint8_t *)gb;
    size_t at = 0;
    while (at < size) {
        if (ret_text->count == ENCODE_GLYPHS_MAX) {
            return false;
        }
        size_t glyph_size = gb_size(bytes + at, size - at);
        ret_text->glyphs[ret_text->count] = glyph_make(bytes + at, glyph_size, charset);
        ret_text->count += 1;
        at += glyph_size;
    }
    return true;
}

size_t encode_cells(const struct encode_text *text, size_t from, size_t to)
{
    MUST(from <= to && to <= text->count);
    size_t cells = 0;
    for (size_t i = from; i < to; i++) {
        cells += text->glyphs[i].cells;
    }
    return cells;
}

bool encode_has_hanzi(const struct encode_text *text)
{
    for (size_t i = 0; i < text->count; i++) {
        if (text->glyphs[i].size > 1) {
            return true;
        }
    }
    return false;
}

size_t encode_fit(const struct encode_text *text, size_t from, size_t cells)
{
    size_t used = 0;
    size_t to = from;
    while (to < text->count && used + text->glyphs[to].cells <= cells) {
        used += text->glyphs[to].cells;
        to += 1;
    }
    return to == from && to < text->count ? to + 1 : to;
}

static bool is_byte(const struct encode_glyph *glyph, char byte)
{
    return glyph->size == 1 && glyph->bytes[0] == (uint8_t)byte;
}

static bool is_stop(const struct encode_text *text, size_t at)
{
    const struct encode_glyph *glyph = &text->glyphs[at];
    bool comma = glyph->bytes[0] == 0xA3 && glyph->bytes[1] == 0xAC;
    bool full_stop = glyph->bytes[0] == 0xA1 && glyph->bytes[1] == 0xA3;
    return glyph->size == 2 && (comma || full_stop);
}

static bool is_blank(const struct encode_text *text, size_t at)
{
    return is_byte(&text->glyphs[at], ' ');
}

/* The blank behind an English sentence. */
static bool is_sentence_end(const struct encode_text *text, size_t at)
{
    return at > 0 && is_blank(text, at) && is_byte(&text->glyphs[at - 1], '.');
}

size_t encode_break(const struct encode_text *text, size_t from, size_t to)
{
    static const struct {
        bool (*ends)(const struct encode_text *text, size_t at);
        size_t look_back; /* glyphs; about half a line: a shorter one would look torn */
    } kinds[] = {{is_stop, 12}, {is_sentence_end, 16}, {is_blank, 12}};
    MUST(from <= to && to <= text->count);
    for (size_t i = 0; i < ARRAY_COUNT(kinds) && to < text->count; i++) {
        for (size_t at = to; at > from && to - at < kinds[i].look_back; at--) {
            if (kinds[i].ends(text, at - 1)) {
                return at;
            }
        }
    }
    return to;
}
