/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SHILLING_CLOUD_ORDERS_DELIVER_H
#define SHILLING_CLOUD_ORDERS_DELIVER_H

#include "cloud/catalog/catalog.h"
#include "cloud/orders/case.h"

/* What the parts of the delivery worker share: one step of one delivery. */
struct deliver {
    struct orders *orders;
    const char *order_no;
    struct delivery_row row;
    struct catalog_meter meter;
    struct money amount;
    bool paid; /* the order waits for its credit: PAID */
};

/** Read the delivery and its meter again. */
MUST_CHECK enum err deliver_load(struct deliver *deliver);

/** Nothing could be done now: the job comes again after the next wait of @p row. */
void deliver_later(struct deliver *deliver, const struct timers_row *row, const char *why);

/** A new id for a command, written down before it leaves. In a writing transaction. */
MUST_CHECK enum err deliver_command(struct orders *orders, struct db *db, const char *op,
                                    const struct delivery_row *row, char ret_id[ID_TEXT_SIZE]);

/** Alone with the meter? Reads it and assigns count or number, amount and frames. Blocks. */
void deliver_assign(struct deliver *deliver);

/** Send the stored frame under a new id. Blocks. */
void deliver_dispatch(struct deliver *deliver);

/**
 * After an event of @p c was told, before its commit: if no byte has left after all, the end is 24
 * hours after the payment again, not after a first send that was none.
 */
MUST_CHECK enum err deliver_unsent(struct money_case *c);

/** Ask the collector for the tombstone of the present command. Blocks. */
void deliver_void(struct deliver *deliver);

/** Replies of collectors to journalled commands (credit, void, relay). */
void deliver_sink(void *orders, const char *collector_id, const struct bus_reply *reply);

#endif
