/* SPDX-License-Identifier: Apache-2.0 */

/*
 * WeChat's bill: a header line, the rows, a second header line and the totals. Every cell begins
 * with a back-quote and cells are cut at ",`"; a free text may hold those two characters itself.
 * The free texts are columns 21 and 22 of 27, so 20 cells are counted from the left and 5 from the
 * right, and whatever is between them is free text.
 */

#include "common/money.h"
#include "common/must.h"
#include "common/str.h"
#include "protocol/bill/bill.h"
#include "protocol/bill/csv.h"

enum {
    COLUMNS = 27,
    /* from the left, beginning at 0 */
    COLUMN_TRADE_NO = 5,
    COLUMN_ORDER_NO = 6,
    COLUMN_STATE = 9,
    COLUMN_REFUND_NO = 15,
    COLUMN_REFUND_STATE = 19,
    /* from the right, the last is 1 */
    BACK_FEE = 5,
    BACK_AMOUNT = 3,           /* what was ordered, coupons and all: what our order says */
    BACK_REFUND_REQUESTED = 2, /* what was asked back, coupons and all */
    TOTALS = 7,
    TOTALS_FEE = 4,
};

/* The columns that we read. */
static const struct bill_name NAMES[] = {
    {COLUMN_TRADE_NO, NULL,
     "\xE5\xBE\xAE\xE4\xBF\xA1\xE8\xAE\xA2\xE5\x8D\x95\xE5\x8F\xB7"}, /* WeChat trade number */
    {COLUMN_ORDER_NO, NULL,
     "\xE5\x95\x86\xE6\x88\xB7\xE8\xAE\xA2\xE5\x8D\x95\xE5\x8F\xB7"}, /* merchant order number */
    {COLUMN_STATE, NULL,
     "\xE4\xBA\xA4\xE6\x98\x93\xE7\x8A\xB6\xE6\x80\x81"}, /* state of the trade */
    {COLUMN_REFUND_NO, NULL,
     "\xE5\x95\x86\xE6\x88\xB7\xE9\x80\x80\xE6\xAC\xBE\xE5\x8D\x95\xE5\x8F\xB7"}, /* merchant refund
                                                                                     number */
    {COLUMN_REFUND_STATE, NULL,
     "\xE9\x80\x80\xE6\xAC\xBE\xE7\x8A\xB6\xE6\x80\x81"},               /* state of the refund */
    {COLUMNS - BACK_FEE, NULL, "\xE6\x89\x8B\xE7\xBB\xAD\xE8\xB4\xB9"}, /* fee */
    {COLUMNS - BACK_AMOUNT, NULL,
     "\xE8\xAE\xA2\xE5\x8D\x95\xE9\x87\x91\xE9\xA2\x9D"}, /* order amount */
    {COLUMNS - BACK_REFUND_REQUESTED, NULL,
     "\xE7\x94\xB3\xE8\xAF\xB7\xE9\x80\x80\xE6\xAC\xBE\xE9\x87\x91\xE9\xA2\x9D"}, /* amount asked
                                                                                     back */
};

const char *bill_kind_name(enum bill_kind kind)
{
    static const char *const names[BILL_KIND_COUNT] = {
        [BILL_PAYMENT] = "pay", [BILL_REFUND] = "refund", [BILL_REVOKED] = "revoked"};
    MUST(names[kind] != NULL);
    return names[kind];
}

const char *bill_fault_name(enum bill_fault fault)
{
    static const char *const names[BILL_FAULT_COUNT] = {
        [BILL_OK] = "ok",
        [BILL_NOT_PACKED] = "not_packed",
        [BILL_BROKEN_PACKING] = "broken_packing",
        [BILL_TOO_LARGE] = "too_large",
        [BILL_NO_DETAILS] = "no_details",
        [BILL_BAD_HEADER] = "bad_header",
        [BILL_BAD_ROW] = "bad_row",
        [BILL_COUNT_MISMATCH] = "count_mismatch",
    };
    MUST(names[fault] != NULL);
    return names[fault];
}

/* A line of cells without their back-quotes. */
static bool cut(struct bill_text line, struct bill_cells *ret_cells)
{
    if (!bill_text_begins(line, "`")) {
        return false;
    }
    line.at += 1;
    line.size -= 1;
    return bill_line_cut(line, ",`", ret_cells);
}

static bool read_kind(struct bill_text state, enum bill_kind *ret_kind)
{
    static const char *const states[BILL_KIND_COUNT] = {
        [BILL_PAYMENT] = "SUCCESS", [BILL_REFUND] = "REFUND", [BILL_REVOKED] = "REVOKED"};
    for (size_t i = 0; i < BILL_KIND_COUNT; i++) {
        if (bill_text_equal(state, states[i])) {
            *ret_kind = (enum bill_kind)i;
            return true;
        }
    }
    return false;
}

/* A word that we do not know is no proof that money went back. */
static enum bill_refund read_refund(struct bill_text state)
{
    if (bill_text_equal(state, "SUCCESS")) {
        return BILL_REFUND_DONE;
    }
    return bill_text_equal(state, "FAIL") ? BILL_REFUND_FAILED : BILL_REFUND_PENDING;
}

static bool read_row(struct bill_text line, struct bill_row *ret_row, bool *ret_fee_read)
{
    struct bill_cells cells;
    struct bill_row row = {0};
    if (!cut(line, &cells) || cells.count < COLUMNS ||
        !read_kind(bill_trim(cells.cells[COLUMN_STATE]), &row.kind)) {
        return false;
    }
    bool refund = row.kind == BILL_REFUND;
    struct bill_text amount =
        bill_trim(cells.cells[cells.count - (refund ? BACK_REFUND_REQUESTED : BACK_AMOUNT)]);
    struct money money;
    if (!money_parse_yuan(amount.at, amount.size, /* allow_negative= */ true, &money)) {
        return false;
    }
    row.fen = money.fen < 0 ? -money.fen : money.fen;
    if (refund && !bill_text_copy(bill_trim(cells.cells[COLUMN_REFUND_NO]), row.refund_no,
                                  sizeof(row.refund_no))) {
        return false;
    }
    row.refund =
        refund ? read_refund(bill_trim(cells.cells[COLUMN_REFUND_STATE])) : BILL_REFUND_DONE;
    *ret_fee_read = bill_fee_read(cells.cells[cells.count - BACK_FEE], &row.fee_e5);
    *ret_row = row;
    return bill_text_copy(bill_trim(cells.cells[COLUMN_ORDER_NO]), ret_row->order_no,
                          sizeof(ret_row->order_no)) &&
           bill_text_copy(bill_trim(cells.cells[COLUMN_TRADE_NO]), ret_row->trade_no,
                          sizeof(ret_row->trade_no));
}

/* A number of rows: digits only. */
static bool read_count(struct bill_text cell, size_t *ret_count)
{
    size_t count = 0;
    if (cell.size == 0 || cell.size > 9) {
        return false;
    }
    for (size_t i = 0; i < cell.size; i++) {
        if (cell.at[i] < '0' || cell.at[i] > '9') {
            return false;
        }
        count = count * 10 + (size_t)(cell.at[i] - '0');
    }
    *ret_count = count;
    return true;
}

static enum bill_fault read_totals(struct bill_text rest, struct bill_summary *summary)
{
    struct bill_text line;
    struct bill_cells cells;
    size_t stated = 0;
    size_t counted = summary->total_count;
    if (!bill_line_next(&rest, &line) || !cut(line, &cells) || cells.count != TOTALS ||
        !read_count(bill_trim(cells.cells[0]), &stated) || stated != counted) {
        return BILL_COUNT_MISMATCH;
    }
    summary->fees_stated =
        summary->fees_stated && bill_fee_read(cells.cells[TOTALS_FEE], &summary->fees_stated_e5);
    while (bill_line_next(&rest, &line)) {
        if (bill_trim(line).size > 0) {
            return BILL_BAD_ROW;
        }
    }
    return BILL_OK;
}

enum bill_fault bill_wechat_read(const char *csv, size_t size, const struct bill_sink *sink,
                                 struct bill_summary *ret_summary)
{
    struct bill_text rest = {csv, size};
    struct bill_text line;
    struct bill_cells cells;
    struct bill_summary summary = {.fees_stated = true};
    if (bill_text_begins(rest, "\xEF\xBB\xBF")) {
        rest.at += 3;
        rest.size -= 3;
    }
    if (!bill_line_next(&rest, &line) || !bill_line_cut(line, ",", &cells) ||
        cells.count != COLUMNS || !bill_header_has(&cells, NAMES, ARRAY_COUNT(NAMES))) {
        return BILL_BAD_HEADER;
    }
    while (bill_line_next(&rest, &line)) {
        if (!bill_text_begins(line, "`")) {
            /* The second header: the totals follow. */
            enum bill_fault fault = read_totals(rest, &summary);
            if (fault == BILL_OK) {
                *ret_summary = summary;
            }
            return fault;
        }
        struct bill_row row;
        bool fee_read = false;
        if (!read_row(line, &row, &fee_read)) {
            return BILL_BAD_ROW;
        }
        summary.total_count += 1;
        summary.fees_e5 += row.fee_e5;
        summary.fees_stated = summary.fees_stated && fee_read;
        summary.payment_count += row.kind == BILL_PAYMENT ? 1 : 0;
        summary.refund_count += row.kind == BILL_REFUND ? 1 : 0;
        sink->row(sink->self, &row);
    }
    return BILL_COUNT_MISMATCH; /* cut off before its totals */
}
