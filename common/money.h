/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SHILLING_COMMON_MONEY_H
#define SHILLING_COMMON_MONEY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/compiler.h"

/*
 * Money is integer fen (1/100 yuan), in a struct so that it cannot be mixed up with a count.
 * Arithmetic is checked; there is no float near it.
 */
struct money {
    int64_t fen;
};

enum {
    MONEY_TEXT_SIZE = 24, /* "-92233720368547758.08" and the final NUL */
};

/* The largest amount that either wallet's texts may carry: 100,000,000.00 yuan. */
#define MONEY_WIRE_FEN_MAX INT64_C(10000000000)

static inline struct money money_fen(int64_t fen)
{
    return (struct money){.fen = fen};
}

/** @p ret_sum = @p a + @p b; false on overflow. */
MUST_CHECK bool money_add(struct money a, struct money b, struct money *ret_sum);

/** @p ret_difference = @p a - @p b; false on overflow. */
MUST_CHECK bool money_sub(struct money a, struct money b, struct money *ret_difference);

/**
 * Parse the yuan text of the wallets: -?(0|[1-9][0-9]{0,8})(\.[0-9]{1,2})? and nothing else: no
 * sign +, blanks, exponent, leading zeros or other digits; the amount at most 100,000,000.00.
 *
 * @param text           @p text_size bytes, need not end in NUL
 * @param allow_negative true for bill rows only
 * @return false if the text is anything else; @p ret_money is then untouched
 */
MUST_CHECK bool money_parse_yuan(const char *text, size_t text_size, bool allow_negative,
                                 struct money *ret_money);

/** Write "12.30" (always two decimals) with its NUL to @p ret_text. Returns @p ret_text. */
char *money_format_yuan(struct money money, char ret_text[MONEY_TEXT_SIZE]);

/**
 * A price in 0.0001 yuan, as tariffs have them: "0.5469", and "0.55" where the last decimals are
 * zero; at least two, never rounded. Not negative. Returns @p ret_text.
 */
char *money_format_price(int64_t price_e4_yuan, char ret_text[MONEY_TEXT_SIZE]);

#endif
