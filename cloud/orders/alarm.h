/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SHILLING_CLOUD_ORDERS_ALARM_H
#define SHILLING_CLOUD_ORDERS_ALARM_H

#include "cloud/store/db.h"
#include "common/compiler.h"
#include "common/err.h"

/* What a person must look at; its owner is the site operator until the console knows more roles. */

/**
 * Told once for each kind and subject, then counted, so that a provider that repeats itself does
 * not bury everything else; told anew after its end. In a writing transaction.
 * Blocks: for the database. Allocates: no.
 *
 * @param kind    a word: "mismatch", "stray", "relay_stuck"
 * @param subject what it is about: an order number, a meter
 * @param text    one sentence for the operator; no secrets, no full names
 */
MUST_CHECK enum err alarm_raise(struct db *db, const char *kind, const char *subject,
                                const char *text);

/** The same of something that lasts: while it is open it is neither told nor counted again.
 * Blocks: for the database. Allocates: no. */
MUST_CHECK enum err alarm_begin(struct db *db, const char *kind, const char *subject,
                                const char *text);

/** What was begun is over; told if it was open. In a writing transaction.
 * Blocks: for the database. Allocates: no. */
MUST_CHECK enum err alarm_end(struct db *db, const char *kind, const char *subject);

#endif
