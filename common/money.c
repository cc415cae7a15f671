/* SPDX-License-Identifier: Apache-2.0 */
#include "common/money.h"

#include <inttypes.h>
#include <stdio.h>

#include "common/must.h"

enum { YUAN_DIGITS_MAX = 9, FEN_DIGITS_MAX = 2 };

bool money_add(struct money a, struct money b, struct money *ret_sum)
{
    int64_t sum = 0;
    if (__builtin_add_overflow(a.fen, b.fen, &sum)) {
        return false;
    }
    ret_sum->fen = sum;
    return true;
}

bool money_sub(struct money a, struct money b, struct money *ret_difference)
{
    int64_t difference = 0;
    if (__builtin_sub_overflow(a.fen, b.fen, &difference)) {
        return false;
    }
    ret_difference->fen = difference;
    return true;
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* Digits from @p *at on, at most @p max of them, are added to @p *value. Returns how many. */
static size_t take_digits(const char *text, size_t text_size, size_t *at, size_t max,
                          int64_t *value)
{
    size_t count = 0;
    while (*at < text_size && count < max && is_digit(text[*at])) {
        *value = *value * 10 + (text[*at] - '0');
        *at += 1;
        count += 1;
    }
    return count;
}

bool money_parse_yuan(const char *text, size_t text_size, bool allow_negative,
                      struct money *ret_money)
{
    size_t at = 0;
    bool negative = false;
    if (allow_negative && text_size > 0 && text[0] == '-') {
        negative = true;
        at = 1;
    }
    size_t first = at;
    int64_t fen = 0;
    size_t yuan_digits = take_digits(text, text_size, &at, YUAN_DIGITS_MAX, &fen);
    if (yuan_digits == 0 || (yuan_digits > 1 && text[first] == '0')) {
        return false;
    }
    size_t fen_digits = 0;
    if (at < text_size && text[at] == '.') {
        at += 1;
        fen_digits = take_digits(text, text_size, &at, FEN_DIGITS_MAX, &fen);
        if (fen_digits == 0) {
            return false;
        }
    }
    for (; fen_digits < FEN_DIGITS_MAX; fen_digits++) {
        fen *= 10;
    }
    if (at != text_size || fen > MONEY_WIRE_FEN_MAX) {
        return false;
    }
    ret_money->fen = negative ? -fen : fen;
    return true;
}

char *money_format_yuan(struct money money, char ret_text[MONEY_TEXT_SIZE])
{
    /* Through unsigned, because the smallest int64_t has no positive twin. */
    uint64_t fen = money.fen < 0 ? 0U - (uint64_t)money.fen : (uint64_t)money.fen;
    (void)snprintf(ret_text, MONEY_TEXT_SIZE, "%s%" PRIu64 ".%02" PRIu64, money.fen < 0 ? "-" : "",
                   fen / 100U, fen % 100U);
    return ret_text;
}

char *money_format_price(int64_t price_e4_yuan, char ret_text[MONEY_TEXT_SIZE])
{
    enum { E4 = 10000, ZEROS_CUT_MAX = 2 /* of four decimals: a price has fen at least */ };
    MUST(price_e4_yuan >= 0);
    int size = snprintf(ret_text, MONEY_TEXT_SIZE, "%" PRId64 ".%04u", price_e4_yuan / E4,
                        (unsigned)(price_e4_yuan % E4));
    for (int i = 0; i < ZEROS_CUT_MAX && ret_text[size - 1] == '0'; i++) {
        size -= 1;
        ret_text[size] = '\0';
    }
    return ret_text;
}
