/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SHILLING_CLOUD_ORDERS_BOOKS_H
#define SHILLING_CLOUD_ORDERS_BOOKS_H

#include <stdbool.h>

#include <jansson.h>

#include "cloud/orders/orders.h"

/*
 * The books of a day, the second half of its reconciliation: bills against ledger, meters against
 * deliveries, and what has been in a clearing account for more than a day. All of it is in our own
 * database; nobody is asked and nothing is moved. docs/reconciliation.md says what it prints.
 */
struct books_result {
    bool judged; /* false: a bill of the day is missing, so bills and ledger were not compared */
    bool whole;  /* false: more differs than is kept, so no item was closed */
    size_t finding_count; /* what nothing explains */
};

/**
 * Add up the books of a day ("2026-11-20", Beijing) and keep what was found as items. May be done
 * again at any time.
 *
 * @return OK; ERR_RANGE if @p day is no day or a sum overflows; or the store's error
 * Blocks: yes, for as long as reading a day and every meter takes.
 */
MUST_CHECK enum err books_run(struct orders *orders, const char *day,
                              struct books_result *ret_result);

/**
 * Have it done every day, after the bills, by a job of its own. After orders_start(), before
 * jobs_start().
 */
MUST_CHECK enum err books_start(struct orders *orders);

/* What the last run of a day found, from the database alone. */
struct books_report {
    const char *day;
    json_t *json; /* result, @own */
};

/**
 * {"channel": "books", "day", "identity": null or {...}, "meters", "relays", "lines", "items",
 * "open", "loss_fen", "gain_fen"}; "ran_at" is null if the day was never added up. In any
 * transaction; @p report is a struct books_report.
 */
MUST_CHECK enum err books_report(struct db *db, void *report);

#endif
