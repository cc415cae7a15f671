/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SHILLING_CLOUD_ORDERS_REVIEW_STORE_H
#define SHILLING_CLOUD_ORDERS_REVIEW_STORE_H

#include "cloud/orders/internal.h"
#include "core/order/review.h"

/* Open items: what people must decide. The deciding itself is cloud/review. */

/** Open an item for a document ("order", "stray", or "payout": a return case, from its reversal to
 * its end, and again until it is paid out); one that is open already stays as it is. */
MUST_CHECK enum err review_open(struct orders *orders, struct db *db, const char *document,
                                const char *document_no, const char *reason);

/** Close the document's open item, if there is one. */
MUST_CHECK enum err review_close(struct db *db, const char *document_no, const char *outcome);

/** The device's own proof, as a first signature under @p decision. */
MUST_CHECK enum err review_sign_machine(struct db *db, const char *document_no,
                                        enum review_decision decision, int64_t version);

/** A word for why an order is in REVIEW: "mismatch", "credit_unknown", ... */
const char *review_reason(uint32_t flags);

#endif
