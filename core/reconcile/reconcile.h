/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SHILLING_CORE_RECONCILE_RECONCILE_H
#define SHILLING_CORE_RECONCILE_RECONCILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/compiler.h"
#include "common/money.h"

/*
 * One day of one wallet: our books against its bill. Both sides come sorted by order number and
 * are walked side by side, so any number of rows needs no memory. A finding is a question to be
 * asked, not a decision: before money moves, the wallet is queried.
 */
enum reconcile_kind {
    RECONCILE_PAID_UNKNOWN_TO_US,     /* the bill says paid, we do not: signed query */
    RECONCILE_MISSING_IN_BILL,        /* we say paid on this day, the bill does not: query, alarm */
    RECONCILE_AMOUNT,                 /* both say paid, but not the same: REVIEW */
    RECONCILE_REFUND_MISSING_IN_BILL, /* refund query, alarm */
    RECONCILE_REFUND_UNKNOWN_TO_US,
    RECONCILE_REFUND_AMOUNT,
    RECONCILE_NOT_OURS,          /* a number that we do not know: report */
    RECONCILE_DUPLICATE_IN_BILL, /* the same row twice: refuse the file, alarm */
    RECONCILE_CREDIT_OPEN,       /* paid, and for too long neither credited nor paid back: list */
    RECONCILE_FEE, /* the bill's own sum of fees is not that of its rows: ask the wallet */
    RECONCILE_KIND_COUNT
};

/* When we booked the payment, seen from the day that is reconciled. */
enum reconcile_paid {
    RECONCILE_NOT_PAID,
    RECONCILE_PAID_THIS_DAY,
    RECONCILE_PAID_EDGE,      /* within 10 min of midnight: it may stand in the neighbouring bill */
    RECONCILE_PAID_OTHER_DAY, /* here only because of its refund, or because it is open */
    RECONCILE_PAID_COUNT
};

/* One order (or stray payment) of our books. */
struct reconcile_order {
    const char *order_no; /* borrowed */
    struct money amount;  /* as the wallet stated it when it was paid; else as ordered */
    enum reconcile_paid paid;
    struct money refunded; /* confirmed to us on this day; 0: none */
    bool refund_edge;      /* confirmed within 10 min of midnight, or listed as begun: it need not
                              stand in this bill */
    bool refund_begun;     /* we have ordered one: a bill may list it before it is done */
    bool credit_open;      /* PAID or CREDITING for more than an hour */
};

/* One row of the bill. */
struct reconcile_row {
    const char *order_no;  /* borrowed */
    const char *refund_no; /* borrowed; "" for payments */
    bool is_refund;
    struct money amount; /* >= 0 */
    bool is_pending;     /* a refund that had only begun: nothing was paid back */
};

struct reconcile_finding {
    enum reconcile_kind kind;
    const char *order_no; /* borrowed from the input; "" for fees */
    struct money bill; /* what the bill says: paid, or paid back; NOT_OURS: paid less paid back */
    struct money ours; /* what our books say */
};

/* Who gets the findings: by order number, and within one order in the order of the enum. */
struct reconcile_sink {
    void (*finding)(void *self, const struct reconcile_finding *finding);
    void *self;
};

struct reconcile_sums {
    struct money bill_paid;
    struct money bill_refunded;
    struct money our_paid; /* booked for this day, edges included */
    struct money our_refunded;
    bool refused; /* the bill holds duplicates: no finding may be acted upon */
};

struct reconcile_input {
    const struct reconcile_order *orders; /* sorted by order_no (strcmp), each once */
    size_t order_count;
    const struct reconcile_row *rows; /* sorted by order_no, then payments before refunds, then
                                         refund_no */
    size_t row_count;
    bool fees_stated;          /* the bill has a sum of its fees: */
    struct money fees_of_bill; /* that one */
    struct money fees_of_rows; /* and what its rows add up to */
};

/**
 * Compare. The input MUST be sorted as said.
 *
 * @param ret_sums set only on success
 * @return false if a sum would overflow
 * Blocks: no. Allocates: no.
 */
MUST_CHECK bool reconcile_day(const struct reconcile_input *input,
                              const struct reconcile_sink *sink, struct reconcile_sums *ret_sums);

/**
 * The order that reconcile_day() wants rows in: below 0 if @p a comes first.
 * Blocks: no. Allocates: no.
 */
int reconcile_row_compare(const struct reconcile_row *a, const struct reconcile_row *b);

/**
 * What a finding is worth to us: above 0 we have more than our books say, below 0 less. 0 where
 * nobody knows (DUPLICATE_IN_BILL) or where it is not about the wallet (CREDIT_OPEN).
 * Blocks: no. Allocates: no.
 */
struct money reconcile_gain(enum reconcile_kind kind, struct money bill, struct money ours);

/**
 * The kind of that name; false for any other text.
 * Blocks: no. Allocates: no.
 */
MUST_CHECK bool reconcile_kind_parse(const char *name, enum reconcile_kind *ret_kind);

/**
 * "PAID_UNKNOWN_TO_US", "MISSING_IN_BILL", ...; never NULL.
 * Blocks: no. Allocates: no.
 */
const char *reconcile_kind_name(enum reconcile_kind kind);

#endif
