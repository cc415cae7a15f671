/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SHILLING_CORE_RECONCILE_BOOKS_H
#define SHILLING_CORE_RECONCILE_BOOKS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/compiler.h"
#include "common/money.h"

/*
 * The books of a day, over both wallets: do bills and ledger move the same money, do the meters
 * count what we delivered to them, does anything wait in a clearing account for too long. What
 * something else explains is listed with the reason; a finding is what nothing explains.
 */
enum books_finding {
    BOOKS_DAY_PAID,         /* payments of one number: bills and ledger differ */
    BOOKS_DAY_REFUNDED,     /* the same of its refunds */
    BOOKS_DAY_POSTING,      /* what came in and what became of it differ: a posting is off */
    BOOKS_METER_COUNT,      /* the meter counts other purchases than ours (numbers, not fen) */
    BOOKS_METER_TOTAL,      /* its total bought rose by another amount */
    BOOKS_RELAY_NOT_CLOSED, /* wanted closed, read open */
    BOOKS_RELAY_NOT_OPEN,   /* wanted open, read closed */
    BOOKS_HELD_OLD,         /* paid, and a day later neither credited nor owed back */
    BOOKS_REFPAY_OLD,       /* owed back, and a day later not confirmed */
    BOOKS_SUSPENSE_OLD,     /* without an order, and a day later not paid back */
    BOOKS_CARD_EXCHANGED,   /* written to a card, and its meter was exchanged without an answer */
    BOOKS_FINDING_COUNT
};

/* Why something that differs, or waits, is no finding of its own. */
enum books_reason {
    BOOKS_NOTHING,   /* nothing explains it: a finding */
    BOOKS_MIDNIGHT,  /* billed and booked on both sides of a midnight, within ten minutes of it */
    BOOKS_OTHER_DAY, /* billed and booked, and we heard of it on another day */
    BOOKS_NEXT_BILL, /* booked near a midnight; the neighbouring bill is not known yet */
    BOOKS_REFUND_BEGUN, /* the refund is listed as begun, and not again when it was done */
    BOOKS_BILL_ITEM,    /* an item of the bill is about it */
    BOOKS_REVIEW_ITEM,  /* an open item of the document itself */
    BOOKS_ON_ITS_WAY,   /* a delivery to this meter was under way at one of the looks */
    BOOKS_REASON_COUNT
};

/**
 * "DAY_PAID", ...; never NULL.
 * Blocks: no. Allocates: no.
 */
const char *books_finding_name(enum books_finding finding);

/**
 * Reverse of books_finding_name(); false for any other text.
 * Blocks: no. Allocates: no.
 */
MUST_CHECK bool books_finding_parse(const char *name, enum books_finding *ret_finding);

/**
 * "midnight", ...; "" for BOOKS_NOTHING; never NULL.
 * Blocks: no. Allocates: no.
 */
const char *books_reason_name(enum books_reason reason);

/**
 * True for a finding about one day; false for one that stands until its cause is gone.
 * Blocks: no. Allocates: no.
 */
bool books_is_of_day(enum books_finding finding);

/**
 * True if the site has to see to it; else it is for the bookkeeper.
 * Blocks: no. Allocates: no.
 */
bool books_is_for_site(enum books_finding finding);

/**
 * What a finding would leave us with if the other side (bill, meter, money that came in) is right:
 * above 0 a gain, below 0 a loss; 0 for what costs nobody anything yet.
 * Blocks: no. Allocates: no.
 */
struct money books_gain(enum books_finding finding, struct money theirs, struct money ours);

/* ---- the identity at cut-off ---- */

/* What bills and ledger say of one day. Each part in the direction in which it adds. */
struct books_sums {
    struct money bill_paid;
    struct money bill_refunded;
    struct money held; /* how much more is held than the day before */
    struct money refpay;
    struct money suspense;
    struct money cust; /* credited */
    struct money meter;
    struct money card;
    struct money loss; /* lost; subtracts */
    struct money bank; /* paid back from the bank: in no bill */
};

struct books_identity {
    struct money bills; /* paid less paid back */
    struct money books; /* held + refpay + suspense + cust + meter + card - loss + bank */
    struct money difference;
};

/**
 * Both sides of the identity; false if a sum overflows.
 * Source: docs/reconciliation.md, "The books of the day".
 * Blocks: no. Allocates: no.
 */
MUST_CHECK bool books_identity(const struct books_sums *sums, struct books_identity *ret_identity);

/* Payments, or refunds, of one number in one wallet: what bills and ledger say. All >= 0. */
struct books_side {
    struct money bill_day;
    struct money book_day;
    struct money bill_ever; /* in all bills that we have */
    struct money book_ever;
    struct money begun; /* refunds: listed as begun, and not as done */
    bool foreign;       /* the number is none of ours */
    bool has_item;      /* an item of a bill is about it, open or settled by two persons: */
    struct money items; /* what bill and books differ by, by those items */
    bool edge;          /* booked within ten minutes of a midnight of the day */
    bool bill_missing;  /* ... on whose other side no bill is known */
};

/**
 * Why the sides differ on this day.
 *
 * @param side bill_day and book_day differ
 * Blocks: no. Allocates: no.
 */
enum books_reason books_explain(const struct books_side *side);

/* ---- meters ---- */

/* Where in the life of a delivery a look at its meter was taken. */
enum books_moment {
    BOOKS_OTHERWISE, /* not for this delivery: by schedule, or for another one */
    BOOKS_BEFORE_IT, /* the reading of its assignment: it was not there yet */
    BOOKS_WHILE_IT,  /* a reading that did not settle it */
    BOOKS_PROVED_IT, /* the reading that proved it */
};

/* A number that a meter said: of its purchases, or of its total bought in fen. */
struct books_look {
    bool there;
    int64_t at;               /* wall seconds */
    const char *order_no;     /* whose delivery it was taken for; "": by schedule. Borrowed */
    enum books_moment moment; /* of that delivery */
    int64_t value;
};

/* A delivery to the meter. Those to one meter follow each other, by the order of their numbers. */
struct books_delivery {
    const char *order_no; /* borrowed */
    int64_t assigned_at;  /* wall seconds */
    bool done;            /* DELIVERED at: */
    int64_t done_at;
    int64_t value; /* 1, or its amount in fen */
};

enum { BOOKS_OPEN_MAX = 4 /* under way at a look: one a look, and one more each by slow clocks */ };

/* One meter between two looks. */
struct books_meter {
    struct books_look first;
    struct books_look last;
    int64_t sure; /* delivered between them */
    size_t open_count;
    int64_t open[BOOKS_OPEN_MAX]; /* which may be in between */
};

enum books_verdict {
    BOOKS_UNSEEN, /* nobody looked at this meter */
    BOOKS_EQUAL,
    BOOKS_OPEN, /* equal, if what was under way is counted so */
    BOOKS_DIFFERS,
    BOOKS_VERDICT_COUNT
};

/**
 * Count a delivery in if it lies, or may lie, between the looks of @p meter.
 *
 * @return false if there are more open ones than can be, or the sum overflows: no verdict then
 * Blocks: no. Allocates: no.
 */
MUST_CHECK bool books_meter_add(struct books_meter *meter, const struct books_delivery *delivery);

/**
 * Did the meter's number rise by what we delivered?
 *
 * @param ret_rise by how much it rose; 0 if BOOKS_UNSEEN
 * Blocks: no. Allocates: no.
 */
enum books_verdict books_meter_judge(const struct books_meter *meter, int64_t *ret_rise);

/* A relay as wanted and as read; both false: not known. */
struct books_relay {
    bool want_closed;
    bool want_open;
    bool read_closed;
    bool read_open;
    int64_t wanted_ms; /* for how long it has been wanted so */
};

/**
 * True with the finding if a relay has not been for an hour what it should be. One that was not
 * read says nothing.
 * Blocks: no. Allocates: no.
 */
MUST_CHECK bool books_relay_judge(const struct books_relay *relay, enum books_finding *ret_finding);

/**
 * True if what has been in a clearing account since @p since_s should not be there any more at
 * @p now_s (wall seconds): after a day.
 * Blocks: no. Allocates: no.
 */
bool books_is_old(int64_t since_s, int64_t now_s);

#endif
