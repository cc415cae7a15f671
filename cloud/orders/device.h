/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SHILLING_CLOUD_ORDERS_DEVICE_H
#define SHILLING_CLOUD_ORDERS_DEVICE_H

#include "cloud/catalog/catalog.h"
#include "cloud/orders/delivery_row.h"
#include "cloud/orders/internal.h"

/* Questions to meters that keep their own balance, and what their answers say about a credit. */

/** Items that prove a credit (and, with @p customer, the meter's customer number). */
size_t device_items(const struct catalog_meter *meter, bool customer,
                    char ret_items[BUS_ITEMS_MAX][BUS_ITEM_SIZE]);

/**
 * Ask the meter and wait for its answer.
 *
 * @return OK with @p ret_reply; ERR_TIMEOUT, ERR_UNAVAILABLE, ERR_NOT_FOUND, ERR_FULL, ERR_MEMORY
 * Blocks: up to the deadline of a read. Not from a callback.
 */
MUST_CHECK enum err device_ask(struct orders *orders, const struct catalog_meter *meter,
                               bool customer, struct bus_reply *ret_reply);

/** The proof in the values of a reply that belong to @p when. Absent items stay absent. */
void device_reading(const struct bus_reply *reply, enum bus_when when,
                    struct delivery_reading *ret_reading);

/** What the meter may have used up between two readings. */
struct delivery_use device_use(const struct catalog_meter *meter);

/** The meter's customer number; false if it did not say. */
MUST_CHECK bool device_customer(const struct bus_reply *reply,
                                char ret_customer[DL645_NUMBER_TEXT_SIZE]);

/** The kind of delivery that a meter takes. */
enum delivery_kind device_kind(const struct catalog_meter *meter);

/**
 * True if this release can credit such a meter at all; if not, @p ret_reason is a word for the
 * terminal. To be asked before anybody pays.
 */
MUST_CHECK bool device_is_sellable(const struct catalog_meter *meter, const char **ret_reason);

/** How long the wire must be quiet before "not done" can be believed. */
int64_t device_quiet_ms(const struct orders *orders, const struct catalog_meter *meter);

#endif
