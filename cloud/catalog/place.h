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
 * What is searched: the ASCII letters, in lower case, and digits of @p text, other bytes beyond
 * ASCII as they are; blanks, dashes and other signs left out. False if it does not fit.
 */
MUST_CHECK bool place_search_key(const char *text, char *ret_key, size_t size);

#endif
