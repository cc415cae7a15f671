/* SPDX-License-Identifier: Apache-2.0 */
#include "emulators/printer/glyph.h"

#include <stdlib.h>

#include <ft2build.h>
#include FT_FREETYPE_H

enum {
    FACE_MONO_SC = 7,   /* Noto Sans Mono CJK SC within the collection: exactly 12 and 24 wide */
    BASELINE = 21,      /* rows from the top of a cell: 880 of 1000 units */
    COVERAGE_MIN = 112, /* of 255: a dot that is burnt; thin strokes must stay whole */
};

struct glyph_font {
    FT_Library library;
    FT_Face face;
};

struct glyph_font *glyph_font_open(const char *path)
{
    struct glyph_font *font = calloc(1, sizeof(*font));
    if (font == NULL) {
        return NULL;
    }
    if (FT_Init_FreeType(&font->library) != 0) {
        free(font);
        return NULL;
    }
    /* A single font file has no such index: then it is taken as it is. */
    if (FT_New_Face(font->library, path, FACE_MONO_SC, &font->face) != 0 &&
        FT_New_Face(font->library, path, 0, &font->face) != 0) {
        (void)FT_Done_FreeType(font->library);
        free(font);
        return NULL;
    }
    return font;
}

void glyph_font_close(struct glyph_font *font)
{
    if (font != NULL) {
        (void)FT_Done_Face(font->face);
        (void)FT_Done_FreeType(font->library);
        free(font);
    }
}

struct box {
    size_t x;
    size_t y;
    size_t width;
    size_t height;
};

/* Black becomes white in a reversed cell, so everything is collected in a mask first. */
static void put(uint8_t *mask, const struct box *box, int64_t x, int64_t y)
{
    if (x >= 0 && y >= 0 && (size_t)x < box->width && (size_t)y < box->height) {
        mask[(size_t)y * box->width + (size_t)x] = 1;
    }
}

static void put_bitmap(uint8_t *mask, const struct box *box, const FT_GlyphSlot slot,
                       const struct glyph_look *look)
{
    int64_t top = (int64_t)(BASELINE * look->height) - slot->bitmap_top;
    for (unsigned row = 0; row < slot->bitmap.rows; row++) {
        const uint8_t *line = slot->bitmap.buffer + (ptrdiff_t)row * slot->bitmap.pitch;
        for (unsigned column = 0; column < slot->bitmap.width; column++) {
            if (line[column] < COVERAGE_MIN) {
                continue;
            }
            put(mask, box, slot->bitmap_left + (int64_t)column, top + row);
            if (look->bold) {
                put(mask, box, slot->bitmap_left + (int64_t)column + 1, top + row);
            }
        }
    }
}

static void burn(struct strip *strip, const uint8_t *mask, const struct box *box,
                 const struct glyph_look *look)
{
    for (size_t i = 0; i < box->width * box->height; i++) {
        size_t row = i / box->width;
        bool underlined = look->underline && row + 2 >= box->height;
        bool ink = mask[i] != 0 || underlined;
        if (ink != look->reverse) {
            strip_dot(strip, box->x + i % box->width, box->y + row);
        }
    }
}

void glyph_draw(struct glyph_font *font, struct strip *strip, const struct glyph *glyph,
                const struct glyph_look *look)
{
    struct box box = {.x = glyph->x,
                      .y = glyph->y,
                      .width = glyph->cells * GLYPH_WIDTH * look->width,
                      .height = GLYPH_HEIGHT * look->height};
    uint8_t *mask = calloc(box.width, box.height);
    if (mask == NULL) {
        return;
    }
    bool drawn = FT_Set_Pixel_Sizes(font->face, (FT_UInt)(GLYPH_HEIGHT * look->width),
                                    (FT_UInt)(GLYPH_HEIGHT * look->height)) == 0 &&
                 FT_Load_Char(font->face, glyph->code, FT_LOAD_RENDER | FT_LOAD_TARGET_LIGHT) == 0;
    if (drawn) {
        put_bitmap(mask, &box, font->face->glyph, look);
    }
    burn(strip, mask, &box, look);
    free(mask);
}
