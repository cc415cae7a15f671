/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SHILLING_PRINTER_LAYOUT_PAPER_H
#define SHILLING_PRINTER_LAYOUT_PAPER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "printer/layout/encode.h"
#include "protocol/escpos/job.h"

/*
 * Lines on paper: text in the middle, a label with its value at the right edge, rules, a QR code.
 * Places are dots from the left edge, so columns hold whatever the pitch of a font is.
 */

enum { PAPER_COLUMNS_80MM = 48, PAPER_COLUMNS_58MM = 32 };

struct paper {
    struct escpos_job *job; /* borrowed */
    uint8_t columns;        /* PAPER_COLUMNS_80MM or _58MM: cells of 12 dots */
    enum encode_charset charset;
    bool failed; /* a text was too long or no text */
};

/** A text in the middle, broken into as many lines as it needs. */
void paper_centre(struct paper *paper, const struct escpos_style *style, const char *text);

/** A text from the left edge, broken into lines. */
void paper_left(struct paper *paper, const struct escpos_style *style, const char *text);

/**
 * A label at the left and its value at the right edge of the same line; a value that does not fit
 * beside the label goes below it. @p scale enlarges the value (1..3). An empty value: no line.
 */
void paper_pair(struct paper *paper, const char *label, const char *value, uint8_t scale,
                bool bold);

/** A thin line from edge to edge. */
void paper_rule(struct paper *paper);

/** A QR code of @p text in the middle; as text where it would be too large for the paper. */
void paper_qr(struct paper *paper, const char *text);

#endif
