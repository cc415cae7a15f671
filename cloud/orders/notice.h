/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SHILLING_CLOUD_ORDERS_NOTICE_H
#define SHILLING_CLOUD_ORDERS_NOTICE_H

#include "cloud/orders/internal.h"

/* Facts that a customer with a phone number on file is told, at most once each an order. */
enum notice_fact {
    NOTICE_CREDITED,
    NOTICE_REFUND_ORDERED,
    NOTICE_REFUNDED,
    NOTICE_IN_REVIEW,
    NOTICE_FACT_COUNT
};

/**
 * Put a notice into the outbox; a fact that was noticed before is left alone. It is sent after the
 * commit, by a job; whether that works never touches money.
 */
MUST_CHECK enum err notice_add(struct orders *orders, struct db *db, const char *order_no,
                               enum notice_fact fact);

#endif
