/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SHILLING_CLOUD_ORDERS_BILL_BOOKS_H
#define SHILLING_CLOUD_ORDERS_BILL_BOOKS_H

#include "cloud/orders/internal.h"
#include "core/reconcile/reconcile.h"

/* One bill and the part of our books that it is compared with. */
struct bill_books {
    struct orders *orders;
    enum pay_wallet wallet;
    const char *day;
    int64_t begins_at; /* wall seconds of the day's first moment in Beijing */
    const struct pay_bill *bill;
    bool day_before_known; /* its bill is kept */
    bool keep; /* it is the day's last word; false: it is compared only, and fetched again */
    /* our side, @own: sorted by number; names point into numbers */
    struct reconcile_order *rows;
    char (*numbers)[PAY_TRADE_NO_SIZE];
    size_t row_count;
    bool has_money;             /* something must stand in this day's bill */
    struct reconcile_sums sums; /* of the last comparison */
};

/**
 * In a writing transaction: forget what an earlier comparison found, and keep the file and its
 * rows, if it is to be kept; an earlier bill of the day is replaced.
 */
MUST_CHECK enum err bill_books_store(struct db *db, void *books);

/** In a writing transaction: the kept bill was compared, and this is what our books add up to. */
MUST_CHECK enum err bill_books_compared(struct db *db, void *books);

/** In a writing transaction: every question that the kept bill raised was answered. */
MUST_CHECK enum err bill_books_done(struct db *db, void *books);

/** In any transaction, after bill_books_store(): our side of the day, which may be loaded again. */
MUST_CHECK enum err bill_books_load(struct db *db, void *books);

/** Free what bill_books_load() made. */
void bill_books_finish(struct bill_books *books);

#endif
