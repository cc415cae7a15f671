/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SHILLING_CLOUD_ORDERS_LEDGER_STORE_H
#define SHILLING_CLOUD_ORDERS_LEDGER_STORE_H

#include "cloud/store/db.h"
#include "common/compiler.h"
#include "common/err.h"
#include "common/money.h"
#include "core/ledger/ledger.h"

/* The document of a posting, and what its accounts are split by. Texts are borrowed. */
struct ledger_document {
    const char *document_no;
    const char *channel;  /* "alipay"; "" if no leg needs it */
    const char *meter_id; /* "" if no leg needs it */
};

/**
 * Store the posting of @p step with its legs and the sums of its accounts.
 *
 * @return OK; ERR_EXISTS this step of this document was posted before (nothing is changed: it is
 *         for the caller to know whether that is a repeat or a fault); ERR_RANGE a sum overflows
 */
MUST_CHECK enum err ledger_store_post(struct db *db, const struct ledger_document *document,
                                      enum ledger_step step, struct money amount);

/** Sum of an account's legs for one subject; 0 if there are none. */
MUST_CHECK enum err ledger_store_sum(struct db *db, enum ledger_account account,
                                     const char *subject, struct money *ret_sum);

/** What the customer has in the cloud: positive is credit, negative is debt. */
MUST_CHECK enum err ledger_store_balance(struct db *db, const char *meter_id,
                                         struct money *ret_balance);

#endif
