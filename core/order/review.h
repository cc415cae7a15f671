/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SHILLING_CORE_ORDER_REVIEW_H
#define SHILLING_CORE_ORDER_REVIEW_H

#include <stdbool.h>
#include <stdint.h>

#include "common/compiler.h"
#include "core/order/order.h"

/*
 * What two persons may do with an order in REVIEW, and what not even two may do. order_apply()
 * knows which rows exist; this knows the facts around them (evidence, fence, provider).
 */
enum review_decision {
    REVIEW_DONE,     /* the value reached the device: proof attached */
    REVIEW_REFUND,   /* pay back through the provider */
    REVIEW_REFUNDED, /* the provider has paid it back: its reference attached */
    REVIEW_REPAID,   /* paid back from the bank account: its reference attached */
    REVIEW_CLOSE,    /* nothing was ever paid */
    REVIEW_DECISION_COUNT
};

enum review_refusal {
    REVIEW_ALLOWED,
    REVIEW_NOT_IN_REVIEW,    /* somebody was faster, or the order never was */
    REVIEW_REASON_UNFIT,     /* DONE only after CREDIT_UNKNOWN or REFUNDED_MEANWHILE */
    REVIEW_NO_EVIDENCE,      /* DONE without an evidence row */
    REVIEW_NO_REFERENCE,     /* paid back, but no reference says where */
    REVIEW_ALREADY_REFUNDED, /* the provider already shows a refund */
    REVIEW_NOT_FENCED,       /* a delivery exists that could still take effect */
    REVIEW_PAID,             /* CLOSE while a statement or a bill says paid */
    REVIEW_DELIVERED,        /* refund although the device proved the credit */
    REVIEW_NOT_DELIVERED,    /* DONE although the device proved that it has nothing */
    REVIEW_SAME_PERSON,      /* two different persons are needed */
    REVIEW_OTHER_DECISION,   /* the first signature was for something else */
    REVIEW_SIGNATURE_OLD,    /* the first signature is older than 30 minutes or another version */
    REVIEW_REFUSAL_COUNT
};

/* What the records say when the decision is made. */
struct review_facts {
    bool delivery_exists;    /* a delivery row that was assigned, whatever its stage now */
    bool delivery_void;      /* its stage is VOID: fenced and not done */
    bool delivery_delivered; /* its stage is DELIVERED: the device proved the credit */
    bool physical_proof;     /* meter destroyed or exchanged with sealed reading, desk reading */
    bool provider_refunded;  /* a statement or bill shows a refund of this payment */
    bool provider_paid;      /* a statement or bill says paid */
    bool has_evidence;       /* at least one evidence row is attached */
    bool has_reference;      /* a provider or bank reference is attached */
};

/**
 * Whether @p decision is allowed for @p order at all, by however many persons.
 * Blocks: no. Allocates: no.
 */
MUST_CHECK enum review_refusal review_permit(const struct order *order,
                                             enum review_decision decision,
                                             const struct review_facts *facts);

/* A signature under a decision; the machine's own proof signs as person "" (kind machine). */
struct review_signature {
    enum review_decision decision;
    const char *person; /* borrowed; log-in name, or "" for the machine's proof */
    int64_t age_ms;     /* since it was given */
    uint32_t version;   /* of the order when it was given */
};

/**
 * Whether @p second completes @p first: two different persons, the same decision, the same version
 * of the order, within 30 minutes. The machine's proof counts as a first signature and does not
 * grow old.
 * Blocks: no. Allocates: no.
 */
MUST_CHECK enum review_refusal review_countersign(const struct review_signature *first,
                                                  const struct review_signature *second);

/**
 * The order event that carries @p decision out.
 * Blocks: no. Allocates: no.
 */
enum order_event_kind review_event(enum review_decision decision);

/**
 * "done", "refund", "refunded", "repaid", "close"; never NULL.
 * Blocks: no. Allocates: no.
 */
const char *review_decision_name(enum review_decision decision);

/**
 * Reverse of review_decision_name(); false for any other text.
 * Blocks: no. Allocates: no.
 */
MUST_CHECK bool review_decision_parse(const char *name, enum review_decision *ret_decision);

/**
 * A stable word for messages: "not_fenced", ...; never NULL.
 * Blocks: no. Allocates: no.
 */
const char *review_refusal_name(enum review_refusal refusal);

#endif
