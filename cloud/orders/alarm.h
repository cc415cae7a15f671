/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SHILLING_CLOUD_ORDERS_ALARM_H
#define SHILLING_CLOUD_ORDERS_ALARM_H

#include "cloud/store/db.h"
#include "common/compiler.h"
#include "common/err.h"

/**
 * Something that a person must look at. Told once for each kind and subject, then counted, so that
 * a provider that repeats itself does not bury everything else.
 *
 * @param kind    a word: "mismatch", "stray", "relay_stuck"
 * @param subject what it is about: an order number, a meter
 * @param text    one sentence for the operator; no secrets, no full names
 */
MUST_CHECK enum err alarm_raise(struct db *db, const char *kind, const char *subject,
                                const char *text);

#endif
