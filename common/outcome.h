/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SHILLING_COMMON_OUTCOME_H
#define SHILLING_COMMON_OUTCOME_H

#include <stdbool.h>

/*
 * What we know about something that was to happen to money or to a device. UNKNOWN is not a
 * failure: it is never retried blindly and never refunded before a read-back has settled it.
 */
enum outcome {
    OUTCOME_UNKNOWN = 0, /* zero, so that forgotten memory never claims an effect or its absence */
    OUTCOME_DONE,        /* it happened, and the other side proved it */
    OUTCOME_NOT_DONE,    /* it did not happen and can no longer happen */
    OUTCOME_COUNT
};

/** "unknown", "done" or "not_done": the words of the bus messages. */
const char *outcome_name(enum outcome outcome);

/** Reverse of outcome_name(); false (and @p ret_outcome untouched) for any other text. */
bool outcome_parse(const char *name, enum outcome *ret_outcome);

#endif
