/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Method: the text becomes UTF-8 as a whole; the header line gives the place of each column by its
 * name; a row is cut at the separators (a comma for Alipay, a comma and a back-quote for WeChat).
 * Free texts may hold separators of their own. WeChat: what is too much belongs between the goods'
 * name and the merchant's data, so columns before are counted from the left and columns behind
 * from the right. Alipay: the time of creation follows the goods' name and looks like nothing else.
 */
#include "cloud/auditor/statement.h"

#include <stdlib.h>
#include <string.h>

#include "common/money.h"
#include "common/must.h"
#include "common/str.h"
#include "common/text/text.h"

enum {
    CELLS_MAX = 96, /* 27 columns and the commas of the longest goods' name */
    COUNT_DIGITS_MAX = 9,
    DATE_SIZE = 19, /* "2026-11-19 10:00:00" */
};

enum column {
    COLUMN_TRADE_NO,
    COLUMN_ORDER_NO,
    COLUMN_KIND,
    COLUMN_GOODS,
    COLUMN_BEHIND_GOODS, /* Alipay: created; WeChat: the merchant's data, also a free text */
    COLUMN_AMOUNT,
    COLUMN_REFUND_NO,
    COLUMN_REFUND_AMOUNT, /* WeChat */
    COLUMN_REFUND_STATE,  /* WeChat */
    COLUMN_COUNT
};

/* "refund batch number/request number" */
static const char NAME_REFUND_NO[] =
    "\xE9\x80\x80\xE6\xAC\xBE\xE6\x89\xB9\xE6\xAC\xA1\xE5\x8F\xB7\x2F"
    "\xE8\xAF\xB7\xE6\xB1\x82\xE5\x8F\xB7";

/* The columns' names in UTF-8; NULL: this wallet has none. */
static const char *const NAMES[STATEMENT_WALLET_COUNT][COLUMN_COUNT] = {
    [STATEMENT_ALIPAY] =
        {
            "\xE6\x94\xAF\xE4\xBB\x98\xE5\xAE\x9D\xE4\xBA\xA4\xE6\x98\x93\xE5\x8F\xB7",
            "\xE5\x95\x86\xE6\x88\xB7\xE8\xAE\xA2\xE5\x8D\x95\xE5\x8F\xB7",
            "\xE4\xB8\x9A\xE5\x8A\xA1\xE7\xB1\xBB\xE5\x9E\x8B",
            "\xE5\x95\x86\xE5\x93\x81\xE5\x90\x8D\xE7\xA7\xB0",
            "\xE5\x88\x9B\xE5\xBB\xBA\xE6\x97\xB6\xE9\x97\xB4",
            "\xE8\xAE\xA2\xE5\x8D\x95\xE9\x87\x91\xE9\xA2\x9D\xEF\xBC\x88\xE5\x85\x83\xEF\xBC\x89",
            NAME_REFUND_NO,
            NULL,
            NULL,
        },
    [STATEMENT_WECHAT] =
        {
            "\xE5\xBE\xAE\xE4\xBF\xA1\xE8\xAE\xA2\xE5\x8D\x95\xE5\x8F\xB7",
            "\xE5\x95\x86\xE6\x88\xB7\xE8\xAE\xA2\xE5\x8D\x95\xE5\x8F\xB7",
            "\xE4\xBA\xA4\xE6\x98\x93\xE7\x8A\xB6\xE6\x80\x81",
            "\xE5\x95\x86\xE5\x93\x81\xE5\x90\x8D\xE7\xA7\xB0",
            "\xE5\x95\x86\xE6\x88\xB7\xE6\x95\xB0\xE6\x8D\xAE\xE5\x8C\x85",
            "\xE8\xAE\xA2\xE5\x8D\x95\xE9\x87\x91\xE9\xA2\x9D",
            "\xE5\x95\x86\xE6\x88\xB7\xE9\x80\x80\xE6\xAC\xBE\xE5\x8D\x95\xE5\x8F\xB7",
            "\xE7\x94\xB3\xE8\xAF\xB7\xE9\x80\x80\xE6\xAC\xBE\xE9\x87\x91\xE9\xA2\x9D",
            "\xE9\x80\x80\xE6\xAC\xBE\xE7\x8A\xB6\xE6\x80\x81",
        },
};

#define WORD_PAYMENT "\xE4\xBA\xA4\xE6\x98\x93"
#define WORD_REFUND "\xE9\x80\x80\xE6\xAC\xBE"
#define WORD_TOTAL "\xE5\x90\x88\xE8\xAE\xA1\xEF\xBC\x9A"

struct view {
    const char *at;
    size_t size;
};

struct row_cells {
    struct view cells[CELLS_MAX];
    size_t count;
};

struct sheet {
    enum statement_wallet wallet;
    size_t columns;
    size_t place[COLUMN_COUNT];
    size_t payments;
    size_t refunds;
    bool payments_stated;
    bool refunds_stated;
    size_t stated_payments;
    size_t stated_refunds;
    const struct statement_sink *sink;
};

const char *statement_wallet_name(enum statement_wallet wallet)
{
    static const char *const WALLETS[STATEMENT_WALLET_COUNT] = {"alipay", "wechat"};
    MUST(wallet < STATEMENT_WALLET_COUNT);
    return WALLETS[wallet];
}

/* ---- lines and cells ---- */

static bool next_line(struct view *rest, struct view *ret_line)
{
    if (rest->size == 0) {
        return false;
    }
    const char *end = memchr(rest->at, '\n', rest->size);
    const size_t size = end != NULL ? (size_t)(end - rest->at) : rest->size;
    const size_t taken = end != NULL ? size + 1 : size;
    *ret_line = (struct view){rest->at, size};
    if (size > 0 && rest->at[size - 1] == '\r') {
        ret_line->size -= 1;
    }
    rest->at += taken;
    rest->size -= taken;
    return true;
}

static struct view trimmed(struct view text)
{
    while (text.size > 0 && strchr(" \t`", text.at[0]) != NULL) {
        text.at += 1;
        text.size -= 1;
    }
    while (text.size > 0 && strchr(" \t", text.at[text.size - 1]) != NULL) {
        text.size -= 1;
    }
    return text;
}

static bool is_word(struct view text, const char *word)
{
    return text.size == strlen(word) && memcmp(text.at, word, text.size) == 0;
}

static bool begins(struct view text, const char *word)
{
    const size_t size = strlen(word);
    return text.size >= size && memcmp(text.at, word, size) == 0;
}

/* At ',' or, for WeChat's rows, at ",`". */
static bool cut(struct view line, bool quoted, struct row_cells *ret_cells)
{
    size_t begin = 0;
    ret_cells->count = 0;
    for (size_t i = 0; i <= line.size; i++) {
        const bool end = i == line.size;
        const bool comma =
            !end && line.at[i] == ',' && (!quoted || (i + 1 < line.size && line.at[i + 1] == '`'));
        if (!end && !comma) {
            continue;
        }
        if (ret_cells->count == CELLS_MAX) {
            return false;
        }
        ret_cells->cells[ret_cells->count] = (struct view){line.at + begin, i - begin};
        ret_cells->count += 1;
        begin = i + 1;
    }
    return true;
}

/* ---- the header ---- */

static bool find_columns(const struct row_cells *cells, enum statement_wallet wallet,
                         struct sheet *sheet)
{
    for (size_t column = 0; column < COLUMN_COUNT; column++) {
        bool found = NAMES[wallet][column] == NULL;
        sheet->place[column] = 0;
        for (size_t i = 0; i < cells->count && !found; i++) {
            found = is_word(trimmed(cells->cells[i]), NAMES[wallet][column]);
            sheet->place[column] = i;
        }
        if (!found) {
            return false;
        }
    }
    sheet->wallet = wallet;
    sheet->columns = cells->count;
    return sheet->place[COLUMN_BEHIND_GOODS] == sheet->place[COLUMN_GOODS] + 1;
}

static bool read_header(struct view line, struct sheet *sheet)
{
    struct row_cells cells;
    return cut(line, /* quoted= */ false, &cells) &&
           (find_columns(&cells, STATEMENT_WECHAT, sheet) ||
            find_columns(&cells, STATEMENT_ALIPAY, sheet));
}

/* ---- rows ---- */

static bool looks_like_date(struct view cell)
{
    const struct view text = trimmed(cell);
    return text.size == DATE_SIZE && text.at[4] == '-' && text.at[7] == '-' && text.at[13] == ':';
}

/* By how many cells the columns behind the goods' name are moved to the right. */
static bool find_shift(const struct sheet *sheet, const struct row_cells *cells, size_t *ret_shift)
{
    const size_t behind = sheet->place[COLUMN_BEHIND_GOODS];
    if (cells->count < sheet->columns) {
        return false;
    }
    if (sheet->wallet == STATEMENT_WECHAT) {
        *ret_shift = cells->count - sheet->columns;
        return true;
    }
    for (size_t shift = 0; shift <= cells->count - sheet->columns; shift++) {
        if (looks_like_date(cells->cells[behind + shift])) {
            *ret_shift = shift;
            return true;
        }
    }
    return false;
}

static struct view cell_of(const struct sheet *sheet, const struct row_cells *cells,
                           enum column column, size_t shift)
{
    const size_t place = sheet->place[column];
    const bool moved = place > sheet->place[COLUMN_GOODS];
    return trimmed(cells->cells[moved ? place + shift : place]);
}

static bool copy_number(struct view cell, char ret_text[STATEMENT_NUMBER_SIZE])
{
    return str_copy_bytes(ret_text, STATEMENT_NUMBER_SIZE, cell.at, cell.size);
}

static bool read_amount(struct view cell, int64_t *ret_fen)
{
    struct money money;
    if (!money_parse_yuan(cell.at, cell.size, /* allow_negative= */ true, &money)) {
        return false;
    }
    *ret_fen = money.fen < 0 ? -money.fen : money.fen;
    return true;
}

static bool read_row(const struct sheet *sheet, const struct row_cells *cells, size_t shift,
                     struct statement_row *ret_row)
{
    const bool wechat = sheet->wallet == STATEMENT_WECHAT;
    const struct view kind = cell_of(sheet, cells, COLUMN_KIND, shift);
    struct statement_row row = {.final = true};
    row.refund = is_word(kind, wechat ? "REFUND" : WORD_REFUND);
    const bool payment =
        is_word(kind, wechat ? "SUCCESS" : WORD_PAYMENT) || (wechat && is_word(kind, "REVOKED"));
    const enum column amount = wechat && row.refund ? COLUMN_REFUND_AMOUNT : COLUMN_AMOUNT;
    if ((!row.refund && !payment) || !read_amount(cell_of(sheet, cells, amount, shift), &row.fen) ||
        !copy_number(cell_of(sheet, cells, COLUMN_ORDER_NO, shift), row.order_no) ||
        !copy_number(cell_of(sheet, cells, COLUMN_TRADE_NO, shift), row.trade_no) ||
        row.order_no[0] == '\0') {
        return false;
    }
    if (row.refund && !copy_number(cell_of(sheet, cells, COLUMN_REFUND_NO, shift), row.refund_no)) {
        return false;
    }
    if (row.refund && wechat) {
        const struct view state = cell_of(sheet, cells, COLUMN_REFUND_STATE, shift);
        row.final = is_word(state, "SUCCESS") || state.size == 0;
    }
    *ret_row = row;
    return true;
}

/* A barcode payment that was taken back at once: paid and refunded, whatever our books say. */
static void give_revoked(struct sheet *sheet, struct statement_row *row)
{
    row->refund = true;
    sheet->sink->row(sheet->sink->self, row);
}

static bool take_row(struct sheet *sheet, struct view line)
{
    struct row_cells cells;
    struct statement_row row;
    size_t shift = 0;
    const bool wechat = sheet->wallet == STATEMENT_WECHAT;
    if (!cut(line, wechat, &cells) || !find_shift(sheet, &cells, &shift) ||
        !read_row(sheet, &cells, shift, &row)) {
        return false;
    }
    sheet->payments += row.refund ? 0 : 1;
    sheet->refunds += row.refund ? 1 : 0;
    sheet->sink->row(sheet->sink->self, &row);
    if (wechat && is_word(cell_of(sheet, &cells, COLUMN_KIND, shift), "REVOKED")) {
        give_revoked(sheet, &row);
    }
    return true;
}

/* ---- the file's own counts ---- */

static bool read_count(struct view text, size_t *ret_count)
{
    size_t count = 0;
    size_t digits = 0;
    while (digits < text.size && text.at[digits] >= '0' && text.at[digits] <= '9') {
        count = count * 10 + (size_t)(text.at[digits] - '0');
        digits += 1;
        if (digits > COUNT_DIGITS_MAX) {
            return false;
        }
    }
    *ret_count = count;
    return digits > 0;
}

/* Alipay: "#", the kind, "total:", the number. False if it is one of the two and unreadable. */
static bool read_comment(struct sheet *sheet, struct view line)
{
    static const char payments[] = "#" WORD_PAYMENT WORD_TOTAL;
    static const char refunds[] = "#" WORD_REFUND WORD_TOTAL;
    if (begins(line, payments)) {
        const struct view number = {line.at + sizeof(payments) - 1,
                                    line.size - sizeof(payments) + 1};
        sheet->payments_stated = true;
        return read_count(number, &sheet->stated_payments);
    }
    if (begins(line, refunds)) {
        const struct view number = {line.at + sizeof(refunds) - 1, line.size - sizeof(refunds) + 1};
        sheet->refunds_stated = true;
        return read_count(number, &sheet->stated_refunds);
    }
    return true;
}

/* WeChat: behind the second header one line of totals, the first of which is the rows' number. */
static enum err read_totals(const struct sheet *sheet, struct view rest)
{
    struct view line;
    size_t stated = 0;
    if (!next_line(&rest, &line) || !read_count(trimmed(line), &stated)) {
        return ERR_CHECKSUM;
    }
    return stated == sheet->payments + sheet->refunds ? OK : ERR_CHECKSUM;
}

static enum err check_counts(const struct sheet *sheet)
{
    const bool good = sheet->payments_stated && sheet->refunds_stated &&
                      sheet->stated_payments == sheet->payments &&
                      sheet->stated_refunds == sheet->refunds;
    return good ? OK : ERR_CHECKSUM;
}

static enum err read_sheet(struct sheet *sheet, struct view rest)
{
    struct view line;
    bool header = false;
    while (next_line(&rest, &line)) {
        if (begins(line, "#")) {
            if (!read_comment(sheet, line)) {
                return ERR_CHECKSUM;
            }
        } else if (trimmed(line).size == 0) {
            continue;
        } else if (!header) {
            header = read_header(line, sheet);
            if (!header) {
                return ERR_FORMAT;
            }
        } else if (sheet->wallet == STATEMENT_WECHAT && !begins(line, "`")) {
            return read_totals(sheet, rest);
        } else if (!take_row(sheet, line)) {
            return ERR_FORMAT;
        }
    }
    if (!header) {
        return ERR_FORMAT;
    }
    return sheet->wallet == STATEMENT_ALIPAY ? check_counts(sheet) : ERR_CHECKSUM;
}

static struct view without_mark(struct view text)
{
    if (begins(text, "\xEF\xBB\xBF")) {
        text.at += 3;
        text.size -= 3;
    }
    return text;
}

enum err statement_read(const char *text, size_t size, const struct statement_sink *sink,
                        enum statement_wallet *ret_wallet)
{
    struct sheet sheet = {.sink = sink};
    enum err err = OK;
    if (str_is_utf8(text, size)) {
        err = read_sheet(&sheet, without_mark((struct view){text, size}));
    } else {
        const size_t room = size * 3 / 2 + 2;
        char *utf8 = malloc(room);
        if (utf8 == NULL) {
            return ERR_MEMORY;
        }
        err = text_from_gb18030(text, size, utf8, room);
        err = err == OK ? read_sheet(&sheet, (struct view){utf8, strlen(utf8)}) : ERR_FORMAT;
        free(utf8);
    }
    if (err == OK) {
        *ret_wallet = sheet.wallet;
    }
    return err;
}
