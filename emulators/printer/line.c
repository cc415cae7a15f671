/* SPDX-License-Identifier: Apache-2.0 */
#include "emulators/printer/line.h"

#include "common/str.h"

void line_clear(struct line *line)
{
    line->count = 0;
    line->x = 0;
}

bool line_add(struct line *line, const struct line_area *area, uint32_t code, size_t cells,
              const struct glyph_look *look)
{
    size_t width = cells * GLYPH_WIDTH * look->width;
    if (line->count == LINE_GLYPHS_MAX || line->x + width > area->width) {
        return false;
    }
    line->glyphs[line->count] =
        (struct line_glyph){.code = code, .cells = cells, .x = line->x, .look = *look};
    line->count += 1;
    line->x += width;
    return true;
}

static size_t tallest(const struct line *line)
{
    size_t rows = GLYPH_HEIGHT;
    for (size_t i = 0; i < line->count; i++) {
        size_t height = GLYPH_HEIGHT * line->glyphs[i].look.height;
        rows = height > rows ? height : rows;
    }
    return rows;
}

size_t line_rows(const struct line *line, const struct line_area *area)
{
    size_t rows = line->count == 0 ? 0 : tallest(line);
    return rows > area->pitch ? rows : area->pitch;
}

/* Where the first character stands, from the edge of the paper. */
static size_t line_left(const struct line *line, const struct line_area *area)
{
    size_t free_dots = area->width > line->x ? area->width - line->x : 0;
    size_t shift = area->align == LINE_LEFT     ? 0
                   : area->align == LINE_CENTRE ? free_dots / 2
                                                : free_dots;
    return area->left + shift;
}

void line_burn(const struct line *line, const struct line_area *area, struct glyph_font *font,
               struct strip *strip, size_t y)
{
    size_t left = line_left(line, area);
    size_t rows = tallest(line);
    for (size_t i = 0; i < line->count; i++) {
        const struct line_glyph *glyph = &line->glyphs[i];
        /* Characters of different heights stand on one foot line. */
        size_t drop = rows - GLYPH_HEIGHT * glyph->look.height;
        const struct glyph drawn = {
            .code = glyph->code, .cells = glyph->cells, .x = left + glyph->x, .y = y + drop};
        glyph_draw(font, strip, &drawn, &glyph->look);
    }
}

static void add_utf8(struct strbuf *out, uint32_t code)
{
    char bytes[4];
    size_t size = 0;
    if (code < 0x80) {
        bytes[size++] = (char)code;
    } else if (code < 0x800) {
        bytes[size++] = (char)(0xC0U | (code >> 6));
        bytes[size++] = (char)(0x80U | (code & 0x3FU));
    } else if (code < 0x10000) {
        bytes[size++] = (char)(0xE0U | (code >> 12));
        bytes[size++] = (char)(0x80U | ((code >> 6) & 0x3FU));
        bytes[size++] = (char)(0x80U | (code & 0x3FU));
    } else {
        bytes[size++] = (char)(0xF0U | (code >> 18));
        bytes[size++] = (char)(0x80U | ((code >> 12) & 0x3FU));
        bytes[size++] = (char)(0x80U | ((code >> 6) & 0x3FU));
        bytes[size++] = (char)(0x80U | (code & 0x3FU));
    }
    strbuf_add_bytes(out, bytes, size);
}

void line_write(const struct line *line, const struct line_area *area, char *ret_text, size_t size)
{
    struct strbuf out;
    strbuf_init(&out, ret_text, size);
    size_t left = line_left(line, area);
    size_t column = 0;
    for (size_t i = 0; i < line->count; i++) {
        const struct line_glyph *glyph = &line->glyphs[i];
        size_t wanted = (left + glyph->x) / GLYPH_WIDTH;
        while (column < wanted) {
            strbuf_add_char(&out, ' ');
            column += 1;
        }
        add_utf8(&out, glyph->code);
        column = wanted + glyph->cells * glyph->look.width;
    }
}
