/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SHILLING_CLOUD_REVIEW_REPLAY_H
#define SHILLING_CLOUD_REVIEW_REPLAY_H

#include "cloud/orders/delivery_row.h"
#include "cloud/orders/order_row.h"
#include "common/compiler.h"

/** The order that its journal makes, from its creation. ERR_CHECKSUM: a word is not known. */
MUST_CHECK enum err replay_order(struct db *db, const struct order_row *row,
                                 struct order *ret_order);

/** The delivery that its journal makes. */
MUST_CHECK enum err replay_delivery(struct db *db, const struct delivery_row *row,
                                    struct delivery *ret_delivery);

#endif
