/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SHILLING_CLOUD_ORDERS_BOOKS_WORK_H
#define SHILLING_CLOUD_ORDERS_BOOKS_WORK_H

#include "cloud/orders/internal.h"
#include "core/reconcile/books.h"

enum {
    BOOKS_LINES_MAX = 1000, /* of one day: more means that the two sides do not belong together */
    BOOKS_CHANNEL_SIZE = 16
};

/* Something that differs, or waits. */
struct books_line {
    enum books_finding finding;
    enum books_reason reason;
    char channel[BOOKS_CHANNEL_SIZE]; /* "": none */
    char subject[PAY_TRADE_NO_SIZE];  /* an order, a stray payment, a meter */
    struct money theirs;              /* of BOOKS_METER_COUNT purchases, not fen; so is ours */
    struct money ours;
    char item_no[ORDER_NUMBER_SIZE]; /* the item that explains it */
};

/* The books of one day being added up. */
struct books_work {
    struct orders *orders;
    const char *day;
    int64_t begins_at; /* wall seconds of the day's first moment in Beijing */
    bool judged;       /* every wallet's bill of the day is here */
    bool dropped;      /* there were more lines than fit */
    struct books_sums sums;
    int64_t meters[BOOKS_VERDICT_COUNT];
    int64_t relays_equal;
    int64_t relays_unread;
    size_t line_count;
    struct books_line lines[BOOKS_LINES_MAX];
};

/** The next line to be filled in; NULL, and noted, if there is no room. */
struct books_line *books_line_next(struct books_work *work, enum books_finding finding,
                                   enum books_reason reason);

/**
 * Whether the bill of the day of every wallet that had orders by then was compared. In any
 * transaction.
 */
MUST_CHECK enum err books_bills_there(struct db *db, const struct orders *orders, const char *day,
                                      bool *ret_there);

/** Bills against ledger, if every bill is here. In any transaction. */
MUST_CHECK enum err books_day_load(struct db *db, struct books_work *work);

/** What one number's payments and refunds differ by, and why (books_side.c). */
struct books_number {
    char channel[BOOKS_CHANNEL_SIZE];
    char number[PAY_TRADE_NO_SIZE];
    struct money bill_paid; /* on this day */
    struct money book_paid;
    struct money bill_refunded;
    struct money book_refunded;
};
MUST_CHECK enum err books_side_load(struct db *db, struct books_work *work,
                                    const struct books_number *number);

/** Meters against deliveries. In any transaction. */
MUST_CHECK enum err books_meters_load(struct db *db, struct books_work *work);

/** Relays, and clearing accounts that hold something for too long. In any transaction. */
MUST_CHECK enum err books_open_load(struct db *db, struct books_work *work);

/** Keep sums, lines and items. In a writing transaction; @p work is a struct books_work. */
MUST_CHECK enum err books_keep(struct db *db, void *work);

#endif
