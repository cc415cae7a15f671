/* SPDX-License-Identifier: Apache-2.0 */
#include "printer/layout/paper.h"

#include <string.h>

#include "common/must.h"
#include "common/qr/qr.h"
#include "printer/layout/words.h"

enum {
    PAIR_GAP_CELLS = 2,
    QR_MODULE_DOTS_MAX = 6,
    QR_MODULE_DOTS_MIN = 4, /* half a millimetre: what phones read from any paper */
    QR_SIDE_DOTS_MAX = 232, /* 29 mm: large enough for a shaking hand, small enough for the wire */
};

static const struct escpos_style PLAIN = {.width = 1, .height = 1};

static void put_glyphs(struct paper *paper, const struct encode_text *text, size_t from, size_t to)
{
    for (size_t i = from; i < to; i++) {
        escpos_text(paper->job, text->glyphs[i].bytes, text->glyphs[i].size);
    }
}

/* Encode or fail; true if there is something to print. */
static bool encode(struct paper *paper, const char *text, struct encode_text *ret_text)
{
    if (!encode_text(text, paper->charset, ret_text)) {
        paper->failed = true;
        return false;
    }
    return ret_text->count > 0;
}

static void put_lines(struct paper *paper, struct escpos_style style, const char *text)
{
    struct encode_text encoded;
    if (!encode(paper, text, &encoded)) {
        return;
    }
    style.hanzi = encode_has_hanzi(&encoded);
    size_t from = 0;
    while (from < encoded.count) {
        size_t to = encode_fit(&encoded, from, paper->columns / style.width);
        to = encode_break(&encoded, from, to);
        escpos_line_begin(paper->job, &style);
        put_glyphs(paper, &encoded, from, to);
        escpos_line_end(paper->job);
        from = to;
    }
}

void paper_centre(struct paper *paper, const struct escpos_style *style, const char *text)
{
    struct escpos_style centred = *style;
    centred.centre = true;
    put_lines(paper, centred, text);
}

void paper_left(struct paper *paper, const struct escpos_style *style, const char *text)
{
    put_lines(paper, *style, text);
}

/* The x where glyphs @p from .. @p to - 1 end at the right edge. */
static uint16_t right_x(const struct paper *paper, const struct encode_text *text, size_t from,
                        size_t to, uint8_t scale)
{
    size_t cells = encode_cells(text, from, to) * scale;
    size_t left = cells < paper->columns ? paper->columns - cells : 0;
    return (uint16_t)(left * ESCPOS_CELL_DOTS);
}

void paper_pair(struct paper *paper, const char *label, const char *value, uint8_t scale, bool bold)
{
    struct encode_text name;
    struct encode_text content;
    if (!encode(paper, value, &content) || !encode(paper, label, &name)) {
        return;
    }
    struct escpos_style style = PLAIN;
    style.hanzi = encode_has_hanzi(&name) || encode_has_hanzi(&content);
    size_t name_cells = encode_cells(&name, 0, name.count);
    size_t content_cells = encode_cells(&content, 0, content.count) * scale;
    bool beside = name_cells + PAIR_GAP_CELLS + content_cells <= paper->columns;

    escpos_line_begin(paper->job, &style);
    put_glyphs(paper, &name, 0, name.count);
    style.bold = bold;
    style.width = scale;
    style.height = scale;
    if (!beside) {
        escpos_line_end(paper->job);
    }
    size_t from = 0;
    while (from < content.count) {
        size_t to = encode_fit(&content, from, paper->columns / scale);
        if (beside) {
            escpos_style_change(paper->job, &style);
        } else {
            escpos_line_begin(paper->job, &style);
        }
        escpos_move_to(paper->job, right_x(paper, &content, from, to, scale));
        put_glyphs(paper, &content, from, to);
        escpos_line_end(paper->job);
        from = to;
    }
}

void paper_rule(struct paper *paper)
{
    struct encode_text rule;
    if (!encode(paper, word_text(WORD_RULE), &rule)) {
        return;
    }
    struct escpos_style style = PLAIN;
    style.hanzi = true;
    escpos_line_begin(paper->job, &style);
    for (size_t cells = 0; cells + 2 <= paper->columns; cells += 2) {
        put_glyphs(paper, &rule, 0, 1);
    }
    escpos_line_end(paper->job);
}

static void qr_draw(const struct qr *qr, size_t module_dots, uint8_t *ret_bits, size_t row_size)
{
    size_t side = (size_t)qr->side;
    for (size_t y = 0; y < side * module_dots; y++) {
        uint8_t *row = ret_bits + y * row_size;
        for (size_t x = 0; x < side * module_dots; x++) {
            if (qr_is_dark(qr, (int)(x / module_dots), (int)(y / module_dots))) {
                row[x / 8] = (uint8_t)(row[x / 8] | (0x80U >> (x % 8U)));
            }
        }
    }
}

void paper_qr(struct paper *paper, const char *text)
{
    struct qr qr;
    size_t dots = 0;
    if (qr_encode(text, QR_LEVEL_M, &qr) == OK) {
        dots = QR_SIDE_DOTS_MAX / (size_t)qr.side;
    }
    if (dots < QR_MODULE_DOTS_MIN) {
        paper_centre(paper, &PLAIN, text); /* too long a text for a code of this size */
        return;
    }
    dots = dots > QR_MODULE_DOTS_MAX ? QR_MODULE_DOTS_MAX : dots;
    size_t side = (size_t)qr.side * dots;
    size_t row_size = (side + 7) / 8;
    uint8_t bits[QR_SIDE_DOTS_MAX * ((QR_SIDE_DOTS_MAX + 7) / 8)] = {0};
    MUST(side * row_size <= sizeof(bits));
    qr_draw(&qr, dots, bits, row_size);
    /* The quiet zone: four modules of at most six dots; a line is 34 dots high. */
    escpos_feed(paper->job, 1);
    escpos_raster(paper->job, bits, row_size, side);
    escpos_feed(paper->job, 1);
}
