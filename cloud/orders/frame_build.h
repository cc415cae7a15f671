/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SHILLING_CLOUD_ORDERS_FRAME_BUILD_H
#define SHILLING_CLOUD_ORDERS_FRAME_BUILD_H

#include "cloud/catalog/catalog.h"
#include "cloud/orders/delivery_row.h"
#include "cloud/orders/mac_port.h"

/* One credit, ready to be put into frames. Texts are borrowed. */
struct frame_purchase {
    const struct catalog_meter *meter;
    struct money amount;
    uint32_t count;               /* meters that count: the count this credit uses */
    const char *customer;         /* meters that count */
    const char *order_number;     /* order-number meters */
    const struct mac_codes *macs; /* models with a security chip; else NULL */
};

/**
 * The bytes of authentication (if the model has one) and credit, without FE in front.
 * @return OK; ERR_UNSUPPORTED no such model; ERR_RANGE, ERR_FORMAT a member does not fit the wire
 */
MUST_CHECK enum err frame_build(const struct frame_purchase *purchase,
                                struct delivery_frames *ret_frames);

#endif
