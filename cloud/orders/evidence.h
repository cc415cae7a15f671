/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SHILLING_CLOUD_ORDERS_EVIDENCE_H
#define SHILLING_CLOUD_ORDERS_EVIDENCE_H

#include "cloud/orders/case.h"
#include "cloud/payments/pay.h"

/* What the payment providers said, kept as it came, and the order event that it becomes. */

struct evidence {
    enum pay_wallet wallet;
    const char *source; /* "notify", "query", "close", "precreate", "refund", "refund_query" */
    enum pay_result result;
    const char *document_no; /* as the provider names it */
    const char *headers;
    const uint8_t *body;
    size_t body_size;
};

/** Append it to the inbox. */
MUST_CHECK enum err evidence_store(struct db *db, const struct evidence *evidence,
                                   int64_t *ret_inbox_id);

/** As evidence_store(), from an answer to a call; 0 if it was not verified: then it is none. */
MUST_CHECK enum err evidence_store_answer(struct db *db, enum pay_wallet wallet, const char *source,
                                          const char *document_no, const struct pay_answer *answer,
                                          int64_t *ret_inbox_id);

/* Numbers of a statement about a payment. */
struct statement {
    enum pay_result result;
    int64_t amount_fen;   /* -1: not stated as an amount */
    int64_t refunded_fen; /* -1: not stated */
    bool currency_ok;
    const char *trade_no; /* borrowed */
};

/**
 * Tell the order what a query or a notify says about its payment. PAY_UNKNOWN and whatever is
 * not about the payment becomes ORDER_EV_QUERY_UNKNOWN.
 */
MUST_CHECK enum err evidence_tell(struct money_case *c, const struct statement *statement,
                                  int64_t inbox_id);

/**
 * Ask the provider about the payment of an order or about a stray payment, once, and store what it
 * says; an order is told of it.
 *
 * @param ret_result what it said; PAY_UNKNOWN if nothing can be trusted
 * Blocks: up to 8 s and a commit. Not from the writer thread.
 */
MUST_CHECK enum err evidence_query(struct orders *orders, const char *document_no,
                                   enum pay_result *ret_result);

/* Why nothing is paid back by another way than the provider's, and what to do about it. */
#define EVIDENCE_SILENT "wallet_silent"
#define EVIDENCE_SILENT_TEXT                                                                       \
    "the wallet does not say whether it has paid this back: nothing is signed, ask again later"

/**
 * evidence_query() before money goes back by another way than the provider's, who stops no second
 * refund there. That speaks of refunds in general; so what became of ours, if we ever began one, is
 * asked as well. What the provider says is in the books then, for the checks that follow.
 *
 * @param document_no an order or a stray payment; ERR_NOT_FOUND for any other
 * @param ret_heard it spoke of a payment, and of no refund of ours that may still be carried out;
 *     else whether that was or will be paid back, nobody knows
 * Blocks: up to 16 s and two commits. Not from the writer thread.
 */
MUST_CHECK enum err evidence_ask_first(struct orders *orders, const char *document_no,
                                       bool *ret_heard);

#endif
