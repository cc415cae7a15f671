/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Alipay's details file: comment lines that begin with '#', a header line, rows of 25 cells that
 * may end in tabs, and comment lines with the numbers of payments and refunds. The words that
 * matter are compared as GBK and as UTF-8 bytes, so nothing is converted.
 *
 * The goods' name (column 4) and the remark (column 25) are free texts without quotes. The two
 * date cells behind the name say where it ends, however many commas it holds.
 */

#include <string.h>

#include "common/money.h"
#include "common/str.h"
#include "protocol/bill/bill.h"
#include "protocol/bill/csv.h"

enum {
    COLUMNS = 25,
    COLUMN_TRADE_NO = 0,
    COLUMN_ORDER_NO = 1,
    COLUMN_KIND = 2,
    COLUMN_CREATED = 4, /* and the next: finished; columns from here on shift with the name */
    COLUMN_AMOUNT = 11,
    COLUMN_REFUND_NO = 21,
    COLUMN_FEE = 22,
    DATE_SIZE = 19, /* "2026-11-19 10:00:00" */
    DIGITS_MAX = 9,
};

/* A word in both encodings. */
struct word {
    const char *gbk;
    const char *utf8;
};

static const struct word KINDS[BILL_KIND_COUNT] = {
    [BILL_PAYMENT] = {"\xBD\xBB\xD2\xD7", "\xE4\xBA\xA4\xE6\x98\x93"},
    [BILL_REFUND] = {"\xCD\xCB\xBF\xEE", "\xE9\x80\x80\xE6\xAC\xBE"},
};

/* "#...total: N": the two lines with the file's own counts, up to the wide colon. */
static const struct word COUNT_LINES[BILL_KIND_COUNT] = {
    [BILL_PAYMENT] = {"#\xBD\xBB\xD2\xD7\xBA\xCF\xBC\xC6\xA3\xBA",
                      "#\xE4\xBA\xA4\xE6\x98\x93\xE5\x90\x88\xE8\xAE\xA1\xEF\xBC\x9A"},
    [BILL_REFUND] = {"#\xCD\xCB\xBF\xEE\xBA\xCF\xBC\xC6\xA3\xBA",
                     "#\xE9\x80\x80\xE6\xAC\xBE\xE5\x90\x88\xE8\xAE\xA1\xEF\xBC\x9A"},
};

static const struct bill_name NAMES[] = {
    {COLUMN_TRADE_NO, "\xD6\xA7\xB8\xB6\xB1\xA6\xBD\xBB\xD2\xD7\xBA\xC5",
     "\xE6\x94\xAF\xE4\xBB\x98\xE5\xAE\x9D\xE4\xBA\xA4\xE6\x98\x93\xE5\x8F\xB7"}, /* Alipay trade
                                                                                     number */
    {COLUMN_ORDER_NO, "\xC9\xCC\xBB\xA7\xB6\xA9\xB5\xA5\xBA\xC5",
     "\xE5\x95\x86\xE6\x88\xB7\xE8\xAE\xA2\xE5\x8D\x95\xE5\x8F\xB7"}, /* merchant order number */
    {COLUMN_KIND, "\xD2\xB5\xCE\xF1\xC0\xE0\xD0\xCD",
     "\xE4\xB8\x9A\xE5\x8A\xA1\xE7\xB1\xBB\xE5\x9E\x8B"}, /* kind of business */
    {COLUMN_CREATED, "\xB4\xB4\xBD\xA8\xCA\xB1\xBC\xE4",
     "\xE5\x88\x9B\xE5\xBB\xBA\xE6\x97\xB6\xE9\x97\xB4"}, /* time of creation */
    {COLUMN_CREATED + 1, "\xCD\xEA\xB3\xC9\xCA\xB1\xBC\xE4",
     "\xE5\xAE\x8C\xE6\x88\x90\xE6\x97\xB6\xE9\x97\xB4"}, /* time of completion */
    {COLUMN_AMOUNT, "\xB6\xA9\xB5\xA5\xBD\xF0\xB6\xEE",
     "\xE8\xAE\xA2\xE5\x8D\x95\xE9\x87\x91\xE9\xA2\x9D"}, /* order amount */
    {COLUMN_REFUND_NO, "\xCD\xCB\xBF\xEE\xC5\xFA\xB4\xCE\xBA\xC5",
     "\xE9\x80\x80\xE6\xAC\xBE\xE6\x89\xB9\xE6\xAC\xA1\xE5\x8F\xB7"}, /* refund number */
    {COLUMN_FEE, "\xB7\xFE\xCE\xF1\xB7\xD1", "\xE6\x9C\x8D\xE5\x8A\xA1\xE8\xB4\xB9"}, /* fee */
};

struct counts {
    bool stated[BILL_KIND_COUNT];
    size_t count[BILL_KIND_COUNT];
};

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* If the comment is one of the count lines: its number. False if it is one and unreadable. */
static bool read_count_line(struct bill_text line, struct counts *counts)
{
    static const enum bill_kind counted[] = {BILL_PAYMENT, BILL_REFUND};
    for (size_t i = 0; i < ARRAY_COUNT(counted); i++) {
        const struct word *word = &COUNT_LINES[counted[i]];
        const char *begin = bill_text_begins(line, word->gbk)    ? word->gbk
                            : bill_text_begins(line, word->utf8) ? word->utf8
                                                                 : NULL;
        if (begin == NULL) {
            continue;
        }
        size_t at = strlen(begin);
        size_t digits = 0;
        size_t count = 0;
        while (at < line.size && is_digit(line.at[at]) && digits <= DIGITS_MAX) {
            count = count * 10 + (size_t)(line.at[at] - '0');
            at += 1;
            digits += 1;
        }
        bool again = counts->stated[counted[i]];
        counts->stated[counted[i]] = true;
        counts->count[counted[i]] = count;
        return digits > 0 && digits <= DIGITS_MAX && !again;
    }
    return true;
}

static bool is_date(struct bill_text cell)
{
    static const char form[] = "0000-00-00 00:00:00";
    struct bill_text text = bill_trim(cell);
    if (text.size != DATE_SIZE) {
        return false;
    }
    for (size_t i = 0; i < DATE_SIZE; i++) {
        if (form[i] == '0' ? !is_digit(text.at[i]) : text.at[i] != form[i]) {
            return false;
        }
    }
    return true;
}

/* By how many cells the columns behind the goods' name are shifted. */
static bool find_shift(const struct bill_cells *cells, size_t *ret_shift)
{
    if (cells->count < COLUMNS) {
        return false;
    }
    for (size_t shift = 0; shift <= cells->count - COLUMNS; shift++) {
        if (is_date(cells->cells[COLUMN_CREATED + shift]) &&
            is_date(cells->cells[COLUMN_CREATED + 1 + shift])) {
            *ret_shift = shift;
            return true;
        }
    }
    return false;
}

static bool read_kind(struct bill_text cell, enum bill_kind *ret_kind)
{
    static const enum bill_kind known[] = {BILL_PAYMENT, BILL_REFUND};
    for (size_t i = 0; i < ARRAY_COUNT(known); i++) {
        if (bill_text_equal(cell, KINDS[known[i]].gbk) ||
            bill_text_equal(cell, KINDS[known[i]].utf8)) {
            *ret_kind = known[i];
            return true;
        }
    }
    return false;
}

static bool read_row(struct bill_text line, struct bill_row *ret_row)
{
    struct bill_cells cells;
    struct bill_row row = {0};
    size_t shift = 0;
    if (!bill_line_cut(line, ",", &cells) || !find_shift(&cells, &shift) ||
        !read_kind(bill_trim(cells.cells[COLUMN_KIND]), &row.kind)) {
        return false;
    }
    /* The kind decides, not the sign: an older sample shows refunds without the minus. */
    struct bill_text amount = bill_trim(cells.cells[COLUMN_AMOUNT + shift]);
    struct money money;
    if (!money_parse_yuan(amount.at, amount.size, /* allow_negative= */ true, &money) ||
        (row.kind == BILL_PAYMENT && money.fen < 0)) {
        return false;
    }
    row.fen = money.fen < 0 ? -money.fen : money.fen;
    if (row.kind == BILL_REFUND && !bill_text_copy(bill_trim(cells.cells[COLUMN_REFUND_NO + shift]),
                                                   row.refund_no, sizeof(row.refund_no))) {
        return false;
    }
    if (bill_fee_read(cells.cells[COLUMN_FEE + shift], &row.fee_e5)) {
        row.fee_e5 = -row.fee_e5; /* a fee is written as what leaves the account */
    }
    *ret_row = row;
    return bill_text_copy(bill_trim(cells.cells[COLUMN_ORDER_NO]), ret_row->order_no,
                          sizeof(ret_row->order_no)) &&
           bill_text_copy(bill_trim(cells.cells[COLUMN_TRADE_NO]), ret_row->trade_no,
                          sizeof(ret_row->trade_no));
}

/* The header line names 25 columns; those that we read must be where we read them. */
static bool is_header(struct bill_text line)
{
    struct bill_cells cells;
    return bill_line_cut(line, ",", &cells) && cells.count == COLUMNS &&
           bill_header_has(&cells, NAMES, ARRAY_COUNT(NAMES));
}

static enum bill_fault compare(const struct counts *stated, struct bill_summary *summary)
{
    bool equal = stated->stated[BILL_PAYMENT] && stated->stated[BILL_REFUND] &&
                 stated->count[BILL_PAYMENT] == summary->payment_count &&
                 stated->count[BILL_REFUND] == summary->refund_count;
    return equal ? BILL_OK : BILL_COUNT_MISMATCH;
}

enum bill_fault bill_alipay_read(const char *csv, size_t size, const struct bill_sink *sink,
                                 struct bill_summary *ret_summary)
{
    struct bill_text rest = {csv, size};
    struct bill_text line;
    struct bill_summary summary = {0};
    struct counts stated = {0};
    bool header_seen = false;
    while (bill_line_next(&rest, &line)) {
        if (bill_text_begins(line, "#")) {
            if (!read_count_line(line, &stated)) {
                return BILL_COUNT_MISMATCH;
            }
            continue;
        }
        if (bill_trim(line).size == 0) {
            continue;
        }
        if (!header_seen) {
            header_seen = is_header(line);
            if (!header_seen) {
                return BILL_BAD_HEADER;
            }
            continue;
        }
        struct bill_row row;
        if (!read_row(line, &row)) {
            return BILL_BAD_ROW;
        }
        summary.total_count += 1;
        summary.fees_e5 += row.fee_e5;
        summary.payment_count += row.kind == BILL_PAYMENT ? 1 : 0;
        summary.refund_count += row.kind == BILL_REFUND ? 1 : 0;
        sink->row(sink->self, &row);
    }
    enum bill_fault fault = header_seen ? compare(&stated, &summary) : BILL_BAD_HEADER;
    if (fault == BILL_OK) {
        *ret_summary = summary;
    }
    return fault;
}
