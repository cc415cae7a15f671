/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SHILLING_CLOUD_ORDERS_REFUND_STORE_H
#define SHILLING_CLOUD_ORDERS_REFUND_STORE_H

#include "cloud/orders/internal.h"
#include "core/order/order_number.h"
#include "core/refund/refund.h"

/* The one refund of a document: an order (SH...) or a stray payment (ST...). */
struct refund_row {
    char document_no[ORDER_NUMBER_SIZE];
    char refund_no[REFUND_NUMBER_SIZE];
    enum pay_wallet wallet;
    char order_no[ORDER_NUMBER_SIZE]; /* "": by trade number */
    char trade_no[PAY_TRADE_NO_SIZE];
    int64_t fen;
    struct refund_progress progress;
};

/** True for the number of a stray payment. */
bool refund_is_stray(const char *document_no);

/** ERR_NOT_FOUND. */
MUST_CHECK enum err refund_row_load(struct db *db, const char *document_no,
                                    struct refund_row *ret_row);

/** The document that a refund number of this wallet belongs to. ERR_NOT_FOUND. */
MUST_CHECK enum err refund_find(struct db *db, enum pay_wallet wallet, const char *refund_no,
                                char ret_document_no[ORDER_NUMBER_SIZE]);

/** The body of its request, to be sent as it is. */
MUST_CHECK enum err refund_body_load(struct db *db, const char *document_no,
                                     char ret_body[PAY_BODY_SIZE]);

/** Store the row, once; a document that has one keeps it. The next call is REFUND_CALL_SEND. */
MUST_CHECK enum err refund_row_begin(struct db *db, const struct refund_row *row, const char *body);

MUST_CHECK enum err refund_row_progress(struct db *db, const char *document_no,
                                        const struct refund_progress *progress);

/** Tell the document @p event (an order's; a stray payment has its own words for it). */
MUST_CHECK enum err refund_tell(struct orders *orders, struct db *db, const char *document_no,
                                enum order_event_kind event, int64_t inbox_id);

/**
 * Ask the wallet what became of a document's refund, once, and keep the answer as evidence. Nobody
 * is told: this is for a document that its worker has given up.
 *
 * @return ERR_NOT_FOUND if the document has no refund. Blocks: up to 8 s and a commit. Not from the
 * writer thread.
 */
MUST_CHECK enum err refund_ask(struct orders *orders, const char *document_no,
                               enum refund_answer *ret_answer);

#endif
