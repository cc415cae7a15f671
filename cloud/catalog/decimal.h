/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SHILLING_CLOUD_CATALOG_DECIMAL_H
#define SHILLING_CLOUD_CATALOG_DECIMAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/compiler.h"

/*
 * Register values and prices are decimal texts on the wire and integers times 10,000 in the
 * database: exact, and small enough that ten digits in front of the point fit.
 */
enum { DECIMAL_TEXT_SIZE = 24 };

/** "1234.56" to 12345600. False if it is no decimal, has more than 4 decimals, or is too large. */
MUST_CHECK bool decimal_parse_e4(const char *text, int64_t *ret_e4);

/** @p e4 with @p decimals (0..4) behind the point, rounded half away from zero. */
char *decimal_format_e4(int64_t e4, unsigned decimals, char ret_text[DECIMAL_TEXT_SIZE]);

/** "123.40" yuan to 12340 fen; false as above, or if there is a part of a fen. */
MUST_CHECK bool decimal_parse_fen(const char *text, int64_t *ret_fen);

#endif
