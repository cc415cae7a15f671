/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SHILLING_CLOUD_ORDERS_CARD_OWED_H
#define SHILLING_CLOUD_ORDERS_CARD_OWED_H

#include "cloud/orders/case.h"

/* Value that was issued for a card and is not known to be on it: an open item after a day. */

/**
 * What the stage of a card's delivery asks for, as part of the case's commit: waits begin when the
 * token is issued and end with the delivery; what two persons settled as not delivered leaves T.
 */
MUST_CHECK enum err card_owed_follow(struct money_case *c);

#endif
