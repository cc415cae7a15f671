/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SHILLING_CLOUD_ORDERS_BILL_ITEMS_H
#define SHILLING_CLOUD_ORDERS_BILL_ITEMS_H

#include "cloud/orders/internal.h"

/*
 * The findings of a day's bill, or of the books of a day, as open items: each with an owner and a
 * deadline, once for each (channel, day, finding, order), however often the day is compared. An
 * item is never deleted: one that a comparison does not find any more is closed with the reason,
 * one that comes back is opened again, and one that two persons settled stays settled as long as
 * its amounts stay.
 */
struct bill_found {
    const char *finding; /* its word; static */
    const char *owner;   /* who has to see to it; static */
    char order_no[PAY_TRADE_NO_SIZE];
    struct money bill;
    struct money ours;
};

/* All that one comparison found. */
struct bill_items {
    struct orders *orders;
    const char *channel; /* a wallet's name, or BILL_ITEMS_BOOKS */
    const char *day;     /* "": findings that stand until their cause is gone */
    const char *since;   /* the day that stands in the numbers of new items */
    const struct bill_found *found;
    size_t count;
    const char *gone; /* why what is not found any more is closed; NULL: it stays open, because
                         the file contradicts itself */
};

#define BILL_ITEMS_BOOKS "books"
#define BILL_ITEMS_BOOKKEEPER "bookkeeper"
#define BILL_ITEMS_SITE "site operator"

/** Take a comparison over. In a writing transaction; @p items is a struct bill_items. */
MUST_CHECK enum err bill_items_take(struct db *db, void *items);

/** Close the items of open credits whose orders have ended since. In a writing transaction. */
MUST_CHECK enum err bill_items_sweep(struct db *db);

/** True for the number of such an item, as against an order's or a stray payment's. */
bool bill_item_is(const char *document_no);

/** Its deadline is over. @p ret_open: it was not closed before. In a writing transaction. */
MUST_CHECK enum err bill_item_overdue(struct db *db, const char *document_no, bool *ret_open);

/** Two persons have settled it. In a writing transaction; ERR_NOT_FOUND it is not open. */
MUST_CHECK enum err bill_item_settle(struct db *db, const char *document_no, const char *actor);

#endif
