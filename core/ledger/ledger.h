/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SHILLING_CORE_LEDGER_LEDGER_H
#define SHILLING_CORE_LEDGER_LEDGER_H

#include <stdbool.h>
#include <stddef.h>

#include "common/compiler.h"
#include "common/money.h"

/*
 * Double entry, as a pure table: a step of an order (or of another document) -> its legs. A debit
 * is positive, a credit negative, and the legs of a posting add up to 0. A posting is stored once
 * under its key (document, step); the same step of the same document is never posted twice.
 */
enum ledger_account {
    LEDGER_RECV,     /* by channel: due from the provider, gross */
    LEDGER_REFOUT,   /* by channel: refunds that the provider confirmed (contra to RECV) */
    LEDGER_BANK,     /* */
    LEDGER_FEES,     /* */
    LEDGER_HELD,     /* by document: paid, not yet credited or owed back; must reach 0 */
    LEDGER_CUST,     /* by meter: the balance that the cloud keeps; may be in debt */
    LEDGER_METER,    /* by meter: value handed over to a meter that keeps its own balance */
    LEDGER_CARD,     /* by meter: value handed over on cards */
    LEDGER_REFPAY,   /* by document: owed back, not yet confirmed; must reach 0 */
    LEDGER_SUSPENSE, /* by document: money without an order, refunds without one; must reach 0 */
    LEDGER_PAYOUT,   /* desk payouts agreed, not yet paid */
    LEDGER_REVENUE,  /* */
    LEDGER_LOSS,     /* */
    LEDGER_ACCOUNT_COUNT
};

/* What an account is split by; the part after the dot in "HELD.<order number>". */
enum ledger_subject {
    LEDGER_BY_NOTHING,
    LEDGER_BY_CHANNEL,
    LEDGER_BY_DOCUMENT,
    LEDGER_BY_METER,
    LEDGER_SUBJECT_COUNT
};

/* The steps a document can take. Two legs each: debit / credit. */
enum ledger_step {
    LEDGER_RECEIVE,           /* RECV / HELD: the amount that the provider states */
    LEDGER_CREDIT_CUST,       /* HELD / CUST */
    LEDGER_CREDIT_METER,      /* HELD / METER */
    LEDGER_CREDIT_CARD,       /* HELD / CARD */
    LEDGER_OWE_REFUND,        /* HELD / REFPAY */
    LEDGER_REFUND,            /* REFPAY / REFOUT */
    LEDGER_REFUND_FROM_HELD,  /* HELD / REFOUT */
    LEDGER_REPAY,             /* REFPAY / BANK: paid back outside the provider */
    LEDGER_REPAY_FROM_HELD,   /* HELD / BANK */
    LEDGER_REFUND_MEANWHILE,  /* SUSPENSE / REFOUT: refunded by others while being credited */
    LEDGER_MEANWHILE_LOST,    /* LOSS / SUSPENSE: ... and it had been delivered */
    LEDGER_MEANWHILE_CLEARED, /* HELD / SUSPENSE: ... and it had not */
    LEDGER_REFUND_AFTER,      /* LOSS / REFOUT: refunded by others after the credit */
    LEDGER_STRAY_RECEIVE,     /* RECV / SUSPENSE */
    LEDGER_STRAY_REFUND,      /* SUSPENSE / REFOUT */
    LEDGER_STRAY_REPAY,       /* SUSPENSE / BANK */
    LEDGER_TAKE_OVER_CUST,    /* REVENUE / CUST: a balance from a former system */
    LEDGER_USE_CUST,          /* CUST / REVENUE */
    LEDGER_USE_METER,         /* METER / REVENUE */
    LEDGER_USE_CARD,          /* CARD / REVENUE */
    LEDGER_DESK_OWE_CUST,     /* CUST / PAYOUT */
    LEDGER_DESK_OWE_CARD,     /* CARD / PAYOUT */
    LEDGER_DESK_PAY,          /* PAYOUT / BANK */
    LEDGER_DESK_KEEP_CARD,    /* CARD / LOSS: value came back of what others had refunded ... */
    LEDGER_DESK_KEEP,         /* PAYOUT / LOSS: ... or it was refunded before the desk paid it */
    LEDGER_SETTLE,            /* BANK + FEES + REFOUT / RECV: ledger_settle() */
    LEDGER_STEP_COUNT
};

enum { LEDGER_LEGS_MAX = 4 /* LEDGER_SETTLE has four; all others two */ };

struct ledger_leg {
    enum ledger_account account;
    struct money amount; /* > 0 debit, < 0 credit */
};

struct ledger_posting {
    enum ledger_step step;
    size_t leg_count;
    struct ledger_leg legs[LEDGER_LEGS_MAX];
};

/** What the provider's settlement of one day says; all >= 0. */
struct ledger_settlement {
    struct money bank;
    struct money fees;
    struct money refunds;
};

/**
 * The posting of a two-legged step.
 *
 * @param amount > 0
 * @return false if @p amount is not above 0, or for LEDGER_SETTLE
 * Blocks: no. Allocates: no.
 */
MUST_CHECK bool ledger_post(enum ledger_step step, struct money amount,
                            struct ledger_posting *ret_posting);

/**
 * The posting of a settlement: RECV falls by the sum of the three parts; parts of 0 get no leg.
 *
 * @return false if a part is negative, all are 0, or the sum overflows
 * Blocks: no. Allocates: no.
 */
MUST_CHECK bool ledger_settle(const struct ledger_settlement *settlement,
                              struct ledger_posting *ret_posting);

/**
 * True if the legs add up to 0 without overflow.
 * Blocks: no. Allocates: no.
 */
MUST_CHECK bool ledger_is_balanced(const struct ledger_posting *posting);

/**
 * The step that hands HELD money over to @p account (CUST, METER or CARD); false for another one.
 * Blocks: no. Allocates: no.
 */
MUST_CHECK bool ledger_credit_step(enum ledger_account account, enum ledger_step *ret_step);

/**
 * What @p account is split by.
 * Blocks: no. Allocates: no.
 */
enum ledger_subject ledger_account_subject(enum ledger_account account);

/**
 * True for the accounts that must reach 0, document by document: HELD, REFPAY, SUSPENSE.
 * Blocks: no. Allocates: no.
 */
bool ledger_is_clearing(enum ledger_account account);

/**
 * "RECV", "HELD", ...; never NULL.
 * Blocks: no. Allocates: no.
 */
const char *ledger_account_name(enum ledger_account account);

/**
 * Reverse of ledger_account_name(); false for any other text.
 * Blocks: no. Allocates: no.
 */
MUST_CHECK bool ledger_account_parse(const char *name, enum ledger_account *ret_account);

/**
 * "receive", "credit_cust", ...: the step part of a posting's key; never NULL.
 * Blocks: no. Allocates: no.
 */
const char *ledger_step_name(enum ledger_step step);

#endif
