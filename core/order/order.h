/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SHILLING_CORE_ORDER_ORDER_H
#define SHILLING_CORE_ORDER_ORDER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/compiler.h"
#include "common/money.h"
#include "core/ledger/ledger.h"
#include "core/order/order_event.h"

/*
 * One payment attempt. order_apply() is the only way its state changes: live, in replay after a
 * crash and in simulation. It does nothing itself: it says what to store with the new state (the
 * postings) and what to do after the commit (the intents).
 */
enum order_state {
    ORDER_NEW,        /* intent stored, the provider may or may not know it */
    ORDER_WAIT_PAY,   /* the QR is known */
    ORDER_CLOSING,    /* no longer shown; we find out how it ended */
    ORDER_CLOSED,     /* believed unpaid; money that still arrives goes back */
    ORDER_PAID,       /* verified money, credit due */
    ORDER_CREDITING,  /* delivery begun, outcome open */
    ORDER_DONE,       /* final: credited */
    ORDER_REFUND_DUE, /* to be paid back */
    ORDER_REFUNDING,  /* refund number sent or about to be */
    ORDER_REFUNDED,   /* final: paid back */
    ORDER_REVIEW,     /* two persons decide */
    ORDER_STATE_COUNT
};

/* Facts that outlive the state they were found in. */
enum order_flag {
    ORDER_LATE_PAY = 1U << 0U,              /* paid after we had closed it */
    ORDER_MISMATCH = 1U << 1U,              /* wrong amount, currency or second payment */
    ORDER_EXTERNAL_REFUND = 1U << 2U,       /* refunded by somebody else, never credited */
    ORDER_REFUND_FAILED = 1U << 3U,         /* the provider gave the refund up */
    ORDER_CREDIT_UNKNOWN = 1U << 4U,        /* not proven in time, or stopped */
    ORDER_REFUNDED_MEANWHILE = 1U << 5U,    /* refunded by somebody else while being credited */
    ORDER_REFUNDED_AFTER_CREDIT = 1U << 6U, /* ... after the credit: our loss */
    ORDER_FLAGS_ALL = (1U << 7U) - 1U
};

/* Where our books hold the customer's money. */
enum order_money {
    ORDER_MONEY_NONE, /* never received, as far as we know */
    ORDER_MONEY_HELD,
    ORDER_MONEY_REFPAY,
    ORDER_MONEY_GONE, /* credited or paid back */
    ORDER_MONEY_COUNT
};

/* What to do after the commit. Each may be done twice without harm. */
enum order_intent {
    ORDER_DO_PRECREATE = 1U << 0U,     /* ask for the QR: same number, same bytes */
    ORDER_DO_POLL = 1U << 1U,          /* query on the WAIT_PAY rhythm */
    ORDER_DO_HIDE_QR = 1U << 2U,       /* wake the kiosk: nothing to scan any more */
    ORDER_DO_QUERY = 1U << 3U,         /* query now */
    ORDER_DO_QUERY_LATER = 1U << 4U,   /* query on the CLOSING rhythm */
    ORDER_DO_CLOSE = 1U << 5U,         /* ask the provider to close */
    ORDER_DO_WATCH_CLOSED = 1U << 6U,  /* query on the CLOSED rhythm */
    ORDER_DO_CREDIT = 1U << 7U,        /* begin the delivery */
    ORDER_DO_READ_BACK = 1U << 8U,     /* take the delivery up again, reading first */
    ORDER_DO_REFUND = 1U << 9U,        /* store the refund row, then refund_sent */
    ORDER_DO_REFUND_QUERY = 1U << 10U, /* ask how the refund stands */
    ORDER_DO_RECEIPT = 1U << 11U,      /* the result is final: paper may be printed */
    ORDER_DO_NOTICE_CREDITED = 1U << 12U,
    ORDER_DO_NOTICE_REFUND_ORDERED = 1U << 13U,
    ORDER_DO_NOTICE_REFUNDED = 1U << 14U,
    ORDER_DO_NOTICE_REVIEW = 1U << 15U,
    ORDER_DO_REVIEW = 1U << 16U,        /* open a review item */
    ORDER_DO_STRAY = 1U << 17U,         /* this payment belongs to no order: core/order/stray */
    ORDER_DO_STOP_DELIVERY = 1U << 18U, /* the delivery must send nothing more */
    ORDER_DO_SIGN_DONE = 1U << 19U,     /* proof while in REVIEW: first signature for DONE */
    ORDER_DO_SIGN_REFUND = 1U << 20U,   /* fenced not-done while in REVIEW: first signature */
    ORDER_DO_ALARM = 1U << 21U,
    ORDER_INTENTS_ALL = (1U << 22U) - 1U
};

enum {
    ORDER_READBACK_TRIES = 3, /* sends of one credit; the third "not there" ends it */
    ORDER_POSTINGS_MAX = 2,   /* receive and owe the refund, or credit and write off */
};

struct order {
    enum order_state state;
    uint32_t flags;                     /* enum order_flag */
    struct money amount;                /* asked for, > 0 */
    struct money paid;                  /* as the provider stated it; 0: no payment known */
    char trade_no[ORDER_TRADE_NO_SIZE]; /* of that payment */
    enum order_money money;
    enum ledger_account credit_to; /* CUST, METER or CARD */
    bool precreate_open;           /* an earlier try may have reached the provider */
    bool qr_dead;
    bool credit_started;   /* credit_start was taken: at most once */
    uint32_t not_credited; /* fenced read-backs that said no, 0..ORDER_READBACK_TRIES */
    bool refund_numbered;  /* the refund number exists: it never changes */
};

/* One posting of the order's own document; its legs come from ledger_post(). */
struct order_posting {
    enum ledger_step step;
    struct money amount;
};

struct order_step {
    bool changed;     /* the order differs: store it */
    uint32_t intents; /* enum order_intent */
    size_t posting_count;
    struct order_posting postings[ORDER_POSTINGS_MAX];
};

/**
 * A new order in state NEW; its first intent is ORDER_DO_PRECREATE.
 *
 * @param amount    > 0
 * @param credit_to LEDGER_CUST, LEDGER_METER or LEDGER_CARD: who gets the value
 * Blocks: no. Allocates: no.
 */
struct order order_create(struct money amount, enum ledger_account credit_to);

/**
 * The order after @p event. An event that the state does not know changes nothing. Source: the
 * table of states in docs/money.md.
 *
 * @param order    borrowed, unchanged
 * @param ret_step what to store and to do; always written
 * Blocks: no. Allocates: no.
 */
struct order order_apply(const struct order *order, const struct order_event *event,
                         struct order_step *ret_step);

/**
 * True if what order_apply() promises of any order holds: money, state and flags fit together.
 * Blocks: no. Allocates: no.
 */
MUST_CHECK bool order_is_sound(const struct order *order);

/**
 * True for DONE, REFUNDED and CLOSED: no work is left unless new evidence arrives.
 * Blocks: no. Allocates: no.
 */
bool order_is_settled(enum order_state state);

/**
 * "NEW", "WAIT_PAY", ...; never NULL.
 * Blocks: no. Allocates: no.
 */
const char *order_state_name(enum order_state state);

/**
 * Reverse of order_state_name(); false for any other text.
 * Blocks: no. Allocates: no.
 */
MUST_CHECK bool order_state_parse(const char *name, enum order_state *ret_state);

/**
 * Name of one flag ("LATE_PAY"); NULL if @p flag is not exactly one of them.
 * Blocks: no. Allocates: no.
 */
const char *order_flag_name(uint32_t flag);

#endif
