/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SHILLING_CLOUD_AUDITOR_SCAN_H
#define SHILLING_CLOUD_AUDITOR_SCAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/compiler.h"

/*
 * The members of a JSON object, one after the other, without building it: two million wallets'
 * words and readings are looked at for a handful of members each. Texts come as they stand, with
 * their escapes; what the auditor looks for has none.
 */
enum { SCAN_DEPTH_MAX = 8 /* values of a reply: object, values, before, item */ };

enum scan_type { SCAN_TEXT, SCAN_NUMBER, SCAN_TRUE, SCAN_FALSE, SCAN_NULL, SCAN_TYPE_COUNT };

struct scan_view {
    const char *at; /* borrowed from the text */
    size_t size;
};

/* A member that is neither an object nor an array. Members of arrays have no name of their own. */
struct scan_member {
    enum scan_type type;
    struct scan_view value;
    size_t depth; /* names on the way, 1 for a member of the object itself */
    struct scan_view names[SCAN_DEPTH_MAX];
};

/**
 * Call @p each for every member of the object in @p text, in its order.
 * @return false if it is no well-formed object, or nested too deep; members may have come before
 */
MUST_CHECK bool scan_object(const char *text, size_t size,
                            void (*each)(void *self, const struct scan_member *member), void *self);

/** True if the view is that text. */
bool scan_is(struct scan_view view, const char *text);

/** The member's last name. */
struct scan_view scan_name(const struct scan_member *member);

/** The value of an integer; false if the member is none. */
MUST_CHECK bool scan_int(const struct scan_member *member, int64_t *ret_value);

/** The value of a text, cut to @p size; "" if the member is none. */
void scan_copy(const struct scan_member *member, char *ret_text, size_t size);

#endif
