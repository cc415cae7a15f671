/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SHILLING_COMMON_PARSE_H
#define SHILLING_COMMON_PARSE_H

#include <stdbool.h>
#include <stdint.h>

#include "common/compiler.h"

/*
 * Numbers from text, strictly: decimal digits only (with '-' for the signed form), no blanks, no
 * '+', nothing behind. They stand in for atoi, strtol and sscanf, which accept too much.
 */
MUST_CHECK bool parse_u64(const char *text, uint64_t max, uint64_t *ret_value);
MUST_CHECK bool parse_u32(const char *text, uint32_t max, uint32_t *ret_value);
MUST_CHECK bool parse_i64(const char *text, int64_t min, int64_t max, int64_t *ret_value);

#endif
