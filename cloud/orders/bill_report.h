/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SHILLING_CLOUD_ORDERS_BILL_REPORT_H
#define SHILLING_CLOUD_ORDERS_BILL_REPORT_H

#include <jansson.h>

#include "cloud/payments/pay.h"
#include "cloud/store/db.h"
#include "common/compiler.h"

/* What the last comparison of a wallet's day said, from the database alone. */
struct bill_report {
    enum pay_wallet wallet;
    const char *day; /* "2026-11-20" */
    json_t *json;    /* result, @own */
};

/**
 * {"channel", "day", "bill": null or {"fetched_at", "compared_at", "done", "rows", "payments",
 * "refunds", "pending", "fees_fen", ...}, "versions": [...], "items": [...], "loss_fen",
 * "gain_fen", "open"}. Sums are in fen; loss and gain are those of the open items. In any
 * transaction; @p report is a struct bill_report.
 */
MUST_CHECK enum err bill_report(struct db *db, void *report);

#endif
