/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SHILLING_CLOUD_ORDERS_STRAY_STORE_H
#define SHILLING_CLOUD_ORDERS_STRAY_STORE_H

#include "cloud/orders/internal.h"
#include "core/order/order_number.h"
#include "core/order/stray.h"

/* Payments that belong to no order, stored. */
struct stray_payment {
    enum pay_wallet wallet;
    const char *trade_no; /* borrowed, not empty */
    const char *seen_as;  /* borrowed: the order number that the provider named */
    struct money amount;  /* > 0 */
};

struct stray_row {
    char stray_no[ORDER_NUMBER_SIZE];
    enum pay_wallet wallet;
    char trade_no[PAY_TRADE_NO_SIZE];
    int64_t version;
    struct stray stray;
};

/**
 * Book the payment and open its item. The same payment again changes nothing.
 * @param inbox_id evidence, 0: none
 */
MUST_CHECK enum err stray_found(struct orders *orders, struct db *db,
                                const struct stray_payment *payment, int64_t inbox_id);

/** The number of the stray payment that a wallet calls @p trade_no. ERR_NOT_FOUND. */
MUST_CHECK enum err stray_find(struct db *db, enum pay_wallet wallet, const char *trade_no,
                               char ret_stray_no[ORDER_NUMBER_SIZE]);

/** ERR_NOT_FOUND. */
MUST_CHECK enum err stray_row_load(struct db *db, const char *stray_no, struct stray_row *ret_row);

/** Tell the machine @p event; store state, posting, and the work that follows. */
MUST_CHECK enum err stray_tell(struct orders *orders, struct db *db, const char *stray_no,
                               enum stray_event event, int64_t inbox_id, const char *actor);

#endif
