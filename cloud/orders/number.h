/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SHILLING_CLOUD_ORDERS_NUMBER_H
#define SHILLING_CLOUD_ORDERS_NUMBER_H

#include "cloud/orders/internal.h"
#include "core/order/order_number.h"
#include "protocol/dl645/message.h"

/** The next order number of this database: in a writing transaction. */
MUST_CHECK enum err number_next(struct orders *orders, struct db *db,
                                char ret_number[ORDER_NUMBER_SIZE]);

/** The next 16-digit order number for a meter: epoch (2 digits) and counter (14 digits). */
MUST_CHECK enum err number_next_device(struct db *db, char ret_number[DL645_ORDER_TEXT_SIZE]);

/** How often this database was restored. In any transaction. */
MUST_CHECK enum err number_epoch(struct db *db, int64_t *ret_epoch);

/** After a database was restored: no number of the lost hours is given out again. */
MUST_CHECK enum err number_raise_epoch(struct db *db, int64_t *ret_epoch);

#endif
