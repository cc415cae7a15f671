/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SHILLING_CLOUD_CATALOG_PLACE_H
#define SHILLING_CLOUD_CATALOG_PLACE_H

#include <stdbool.h>
#include <stddef.h>

#include "common/compiler.h"

/**
 * Building, unit and room in one line. Chinese words stand side by side ("3\xE6\xA0\x8B" before
 * "501"); a blank parts two of Latin letters or digits ("Block A 501"). False if it does not fit.
 */
MUST_CHECK bool place_join(const char *const *parts, size_t count, char *ret_place, size_t size);

/**
 * What a keypad finds: the ASCII letters, in lower case, and digits of @p text; everything else
 * left out ("3\xE6\xA0\x8B" "2-501" gives "32501"). False if it does not fit.
 */
MUST_CHECK bool place_search_key(const char *text, char *ret_key, size_t size);

/** True if @p text is ASCII only. */
bool place_is_ascii(const char *text);

/** Characters (not bytes) of well-formed UTF-8. */
size_t place_count_characters(const char *text);

#endif
