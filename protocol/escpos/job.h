/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SHILLING_PROTOCOL_ESCPOS_JOB_H
#define SHILLING_PROTOCOL_ESCPOS_JOB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/compiler.h"

/*
 * A print job as ESC/POS bytes (Epson TM series, "ESC/POS application programming guide"), in
 * pieces: a piece is a row of whole commands. Real-time status requests may stand between two
 * pieces only, because a DLE inside a command would be taken for its parameter.
 *
 * A job also never contains the bytes of a real-time request (10 04, 10 05, 10 14): printers carry
 * those out wherever they stand, even inside a picture.
 */

enum {
    ESCPOS_JOB_SIZE_MAX = 64 * 1024, /* a receipt has 2 kB, its QR code at most 9 kB */
    ESCPOS_PIECES_MAX = 512,         /* a line of text is a piece; receipts have 40 */
    ESCPOS_RASTER_ROWS_MAX = 128,    /* clones read only the low byte of the height */
    ESCPOS_RASTER_BYTES_MAX = 80,    /* a row of 640 dots; 80 mm paper has 576 */
    ESCPOS_ID_SIZE = 4,
    ESCPOS_STATUS_REQUEST_SIZE = 3,
    ESCPOS_CELL_DOTS = 12,  /* width of a single-byte character of font A; hanzi have two */
    ESCPOS_GLYPH_DOTS = 24, /* height of both */
    ESCPOS_SCALE_MAX = 8,
};

struct escpos_job {
    uint8_t bytes[ESCPOS_JOB_SIZE_MAX];
    size_t size;
    uint32_t ends[ESCPOS_PIECES_MAX]; /* offset behind each piece, ascending */
    size_t piece_count;
    bool failed; /* something did not fit; the job must not be sent */
};

/* How a line looks. Everything is set anew at each line start: no state is trusted. */
struct escpos_style {
    uint8_t width;  /* 1..8 times */
    uint8_t height; /* 1..8 times */
    bool bold;
    bool reverse; /* white on black */
    bool centre;
    bool hanzi; /* the line has double-byte characters */
};

/** An empty job in the caller's memory. */
void escpos_job_init(struct escpos_job *job);

/** Begin as from power-on: modes, spacing, margins, feed button locked, status reports as wanted.
 */
void escpos_job_start(struct escpos_job *job);

/** Begin a line in @p style. Only at a line start. */
void escpos_line_begin(struct escpos_job *job, const struct escpos_style *style);

/** Change size, weight and inversion within a line; the rest of @p style holds for whole lines. */
void escpos_style_change(struct escpos_job *job, const struct escpos_style *style);

/** Text of the line, already in the printer's encoding; bytes below 20h are a MUST. */
void escpos_text(struct escpos_job *job, const uint8_t *bytes, size_t size);

/** Go on @p x_dots from the left edge. */
void escpos_move_to(struct escpos_job *job, uint16_t x_dots);

/** Print the line; ends the piece. */
void escpos_line_end(struct escpos_job *job);

/** Feed @p lines lines of 1/6 inch; ends the piece. */
void escpos_feed(struct escpos_job *job, uint8_t lines);

/** Feed @p dots (not 16) of an eighth of a millimetre; ends the piece. Only at a line start. */
void escpos_feed_dots(struct escpos_job *job, uint8_t dots);

/**
 * Print a picture in the middle of the paper, in bands; each band is a piece.
 *
 * @param bits  @p rows rows of @p row_size (1..80) bytes, high bit left, 1 = black
 */
void escpos_raster(struct escpos_job *job, const uint8_t *bits, size_t row_size, size_t rows);

/** Feed to the blade and @p feed dots beyond, then cut all but one point; ends the piece. */
void escpos_cut(struct escpos_job *job, uint8_t feed);

/**
 * GS ( H function 48: the printer sends @p id back when all before it is on paper (or, for a cut,
 * carried out). Ends the piece.
 */
void escpos_mark(struct escpos_job *job, const char id[ESCPOS_ID_SIZE]);

/** GS r 1: a status that is sent when the printer comes to this place. Ends the piece. */
void escpos_fence(struct escpos_job *job);

/**
 * @p size bytes of 00, which fill up a command that was cut off and are nothing otherwise. Ends
 * the piece.
 */
void escpos_fill(struct escpos_job *job, size_t size);

/** DLE EOT @p which (1..4): asks for a status at once. */
void escpos_status_request(uint8_t which, uint8_t ret_bytes[ESCPOS_STATUS_REQUEST_SIZE]);

#endif
