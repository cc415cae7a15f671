/* SPDX-License-Identifier: Apache-2.0 */
#include "protocol/bill/csv.h"

#include <string.h>

#include "common/must.h"
#include "common/str.h"

bool bill_line_next(struct bill_text *rest, struct bill_text *ret_line)
{
    if (rest->size == 0) {
        return false;
    }
    const char *end = memchr(rest->at, '\n', rest->size);
    size_t size = end != NULL ? (size_t)(end - rest->at) : rest->size;
    size_t taken = end != NULL ? size + 1 : size;
    *ret_line = (struct bill_text){rest->at, size};
    if (size > 0 && ret_line->at[size - 1] == '\r') {
        ret_line->size -= 1;
    }
    rest->at += taken;
    rest->size -= taken;
    return true;
}

bool bill_line_cut(struct bill_text line, const char *separator, struct bill_cells *ret_cells)
{
    size_t separator_size = strlen(separator);
    size_t start = 0;
    size_t at = 0;
    MUST(separator_size > 0);
    ret_cells->count = 0;
    for (;;) {
        bool end = at + separator_size > line.size;
        if (end || memcmp(line.at + at, separator, separator_size) == 0) {
            if (ret_cells->count == BILL_CELLS_MAX) {
                return false;
            }
            size_t cell_end = end ? line.size : at;
            ret_cells->cells[ret_cells->count++] =
                (struct bill_text){line.at + start, cell_end - start};
            if (end) {
                return true;
            }
            at += separator_size;
            start = at;
        } else {
            at += 1;
        }
    }
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t';
}

struct bill_text bill_trim(struct bill_text cell)
{
    while (cell.size > 0 && is_blank(cell.at[cell.size - 1])) {
        cell.size -= 1;
    }
    while (cell.size > 0 && is_blank(cell.at[0])) {
        cell.at += 1;
        cell.size -= 1;
    }
    return cell;
}

bool bill_text_equal(struct bill_text a, const char *b)
{
    return a.size == strlen(b) && memcmp(a.at, b, a.size) == 0;
}

bool bill_text_begins(struct bill_text a, const char *b)
{
    size_t size = strlen(b);
    return a.size >= size && memcmp(a.at, b, size) == 0;
}

bool bill_text_copy(struct bill_text cell, char *ret_text, size_t size)
{
    return str_copy_bytes(ret_text, size, cell.at, cell.size);
}

bool bill_fee_read(struct bill_text cell, int64_t *ret_e5)
{
    enum { FRACTION_DIGITS = 5, YUAN_DIGITS_MAX = 9 };
    struct bill_text rest = bill_trim(cell);
    const bool negative = bill_text_begins(rest, "-");
    size_t at = negative ? 1 : 0;
    size_t yuan_digits = 0;
    size_t fraction_digits = 0;
    int64_t value = 0;
    for (; at < rest.size && rest.at[at] >= '0' && rest.at[at] <= '9'; at++) {
        value = yuan_digits < YUAN_DIGITS_MAX ? value * 10 + (rest.at[at] - '0') : value;
        yuan_digits += 1;
    }
    at += at < rest.size && rest.at[at] == '.' ? 1 : 0;
    for (; at < rest.size && rest.at[at] >= '0' && rest.at[at] <= '9'; at++) {
        value = fraction_digits < FRACTION_DIGITS ? value * 10 + (rest.at[at] - '0') : value;
        fraction_digits += 1;
    }
    if (at < rest.size || yuan_digits == 0 || yuan_digits > YUAN_DIGITS_MAX ||
        fraction_digits > FRACTION_DIGITS) {
        return false;
    }
    for (; fraction_digits < FRACTION_DIGITS; fraction_digits++) {
        value *= 10;
    }
    *ret_e5 = negative ? -value : value;
    return true;
}

bool bill_header_has(const struct bill_cells *header, const struct bill_name *names,
                     size_t name_count)
{
    for (size_t i = 0; i < name_count; i++) {
        const struct bill_name *name = &names[i];
        if (name->column >= header->count) {
            return false;
        }
        const struct bill_text cell = bill_trim(header->cells[name->column]);
        const bool gbk = name->gbk != NULL && bill_text_begins(cell, name->gbk);
        if (!gbk && !bill_text_begins(cell, name->utf8)) {
            return false;
        }
    }
    return true;
}
