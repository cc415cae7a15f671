/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SHILLING_CLOUD_ORDERS_RELAY_STORE_H
#define SHILLING_CLOUD_ORDERS_RELAY_STORE_H

#include "cloud/orders/internal.h"
#include "common/money.h"
#include "core/relay/relay.h"

/* The wish for a meter's relay, stored: part of the commits that change the reason for it. */
struct relay_row {
    struct relay_job job;
    int64_t wanted_ms;
    char order_no[API_ORDER_NO_SIZE]; /* whose payment asked for it; "": none */
};

/** A meter that nobody ever wanted anything of gives OK with an empty job. */
MUST_CHECK enum err relay_store_load(struct db *db, const char *meter_id,
                                     struct relay_row *ret_row);

/** Tell the job @p event, store it, and have done what follows. */
MUST_CHECK enum err relay_store_tell(struct orders *orders, struct db *db, const char *meter_id,
                                     enum relay_event event, const char *order_no);

/**
 * A payment was credited to the balance in the cloud: if the supply is cut off and @p balance is
 * above 0, the relay is wanted closed.
 */
MUST_CHECK enum err relay_store_paid(struct orders *orders, struct db *db, const char *meter_id,
                                     const char *order_no, struct money balance);

/** The balance fell to @p balance: if it is used up and cutting off is on, wanted open. */
MUST_CHECK enum err relay_store_used(struct orders *orders, struct db *db, const char *meter_id,
                                     struct money balance);

#endif
