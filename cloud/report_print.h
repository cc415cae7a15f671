/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SHILLING_CLOUD_REPORT_PRINT_H
#define SHILLING_CLOUD_REPORT_PRINT_H

#include <stdint.h>

#include <jansson.h>

/* What the printed reports of the reconciliation have in common. All borrow @p object. */

/** A member that is a number; 0 if it is none. */
long long report_number(const json_t *object, const char *name);

/** A member that is a text; "" if it is none. Borrowed from @p object. */
const char *report_word(const json_t *object, const char *name);

/** @p text, or "-" for "". */
const char *report_or_dash(const char *text);

/** Print @p what and a moment in Beijing. */
void report_print_moment(const char *what, int64_t wall_s);

/** The end of an item's line: what it is worth, and its outcome or its owner and deadline. */
void report_print_tail(const json_t *item);

/** The last line: what is open, and what it is worth. */
void report_print_total(const json_t *report);

#endif
