/* SPDX-License-Identifier: Apache-2.0 */
#include "cloud/catalog/decimal.h"

#include <inttypes.h>

#include "common/must.h"
#include "common/str.h"

enum { DECIMALS = 4, WHOLE_DIGITS_MAX = 12, E4 = 10000, E4_PER_FEN = 100 };

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

bool decimal_parse_e4(const char *text, int64_t *ret_e4)
{
    bool negative = text[0] == '-';
    const char *at = negative ? text + 1 : text;
    int64_t value = 0;
    size_t whole = 0;
    for (; is_digit(*at); at++) {
        value = value * 10 + (*at - '0');
        whole += 1;
        if (whole > WHOLE_DIGITS_MAX) {
            return false;
        }
    }
    size_t part = 0;
    if (*at == '.') {
        for (at++; is_digit(*at) && part < DECIMALS; at++) {
            value = value * 10 + (*at - '0');
            part += 1;
        }
        if (part == 0) {
            return false;
        }
    }
    if (whole == 0 || *at != '\0') {
        return false;
    }
    for (; part < DECIMALS; part++) {
        value *= 10;
    }
    *ret_e4 = negative ? -value : value;
    return true;
}

char *decimal_format_e4(int64_t e4, unsigned decimals, char ret_text[DECIMAL_TEXT_SIZE])
{
    MUST(decimals <= DECIMALS);
    static const uint64_t steps[DECIMALS + 1] = {10000, 1000, 100, 10, 1};
    uint64_t step = steps[decimals];
    uint64_t magnitude = e4 < 0 ? (uint64_t)0 - (uint64_t)e4 : (uint64_t)e4;
    uint64_t rounded = (magnitude + step / 2) / step;
    uint64_t unit = E4 / step;
    const char *sign = e4 < 0 && rounded > 0 ? "-" : "";
    if (decimals == 0) {
        str_format_cut(ret_text, DECIMAL_TEXT_SIZE, "%s%" PRIu64, sign, rounded);
    } else {
        str_format_cut(ret_text, DECIMAL_TEXT_SIZE, "%s%" PRIu64 ".%0*" PRIu64, sign,
                       rounded / unit, (int)decimals, rounded % unit);
    }
    return ret_text;
}

bool decimal_parse_fen(const char *text, int64_t *ret_fen)
{
    int64_t e4 = 0;
    if (!decimal_parse_e4(text, &e4) || e4 % E4_PER_FEN != 0) {
        return false;
    }
    *ret_fen = e4 / E4_PER_FEN;
    return true;
}
