/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SHILLING_PROTOCOL_BILL_CSV_H
#define SHILLING_PROTOCOL_BILL_CSV_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/compiler.h"

/* Lines and cells of the bills. Inside the two-byte characters of GBK no comma, no line end and no
 * '#' can occur (second bytes begin at 0x40), so both files may be cut as bytes. */
enum { BILL_CELLS_MAX = 64 /* 27 columns at most, and commas inside of free texts */ };

struct bill_text {
    const char *at; /* borrowed; not NUL-terminated */
    size_t size;
};

struct bill_cells {
    struct bill_text cells[BILL_CELLS_MAX];
    size_t count;
};

/** Take the next line, without its end, off @p rest; false if nothing is left. */
MUST_CHECK bool bill_line_next(struct bill_text *rest, struct bill_text *ret_line);

/** Cut a line at each @p separator; false if there are more than BILL_CELLS_MAX cells. */
MUST_CHECK bool bill_line_cut(struct bill_text line, const char *separator,
                              struct bill_cells *ret_cells);

/* How the name of a column begins, in the encodings that it may come in. */
struct bill_name {
    size_t column;
    const char *gbk; /* NULL: not in this one */
    const char *utf8;
};

/** True if each of these columns of a header line has its name. */
MUST_CHECK bool bill_header_has(const struct bill_cells *header, const struct bill_name *names,
                                size_t name_count);

/** The cell without tabs and blanks at its ends. */
struct bill_text bill_trim(struct bill_text cell);

bool bill_text_equal(struct bill_text a, const char *b);
bool bill_text_begins(struct bill_text a, const char *b);

/**
 * Read a fee ("0.02000", "-0.01") in 0.00001 yuan; false for anything else, and more digits. A fee
 * is looked at beside the money, so a file is not refused because of one.
 */
MUST_CHECK bool bill_fee_read(struct bill_text cell, int64_t *ret_e5);

/** Copy a cell; false if it does not fit. */
MUST_CHECK bool bill_text_copy(struct bill_text cell, char *ret_text, size_t size);

#endif
