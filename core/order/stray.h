/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SHILLING_CORE_ORDER_STRAY_H
#define SHILLING_CORE_ORDER_STRAY_H

#include <stdbool.h>
#include <stdint.h>

#include "common/compiler.h"
#include "common/money.h"
#include "core/ledger/ledger.h"

/*
 * Money that no order may take: a second payment on an order that is paid already, or a payment
 * for a number we do not know (after a database was restored). Its key is (channel, trade number);
 * it is paid back by that trade number, under one refund number of its own, by two persons.
 */
enum stray_state {
    STRAY_OPEN,
    STRAY_REFUND_DUE,
    STRAY_REFUNDING,
    STRAY_REFUNDED, /* final */
    STRAY_REVIEW,
    STRAY_STATE_COUNT
};

enum stray_event {
    STRAY_EV_OPERATOR_REFUND,   /* two persons */
    STRAY_EV_OPERATOR_REFUNDED, /* two persons: the provider shows it paid back */
    STRAY_EV_OPERATOR_REPAID,   /* two persons: paid back from the bank account */
    STRAY_EV_REFUND_SENT,
    STRAY_EV_REFUND_OK,
    STRAY_EV_REFUND_OPEN,   /* unknown, processing, rate limit, low balance */
    STRAY_EV_REFUND_FAILED, /* abnormal, closed, not allowed, overdue */
    STRAY_EV_EXTERNAL_REFUND,
    STRAY_EV_COUNT
};

enum stray_intent {
    STRAY_DO_REVIEW = 1U << 0U, /* an item with owner and deadline */
    STRAY_DO_REFUND = 1U << 1U,
    STRAY_DO_REFUND_QUERY = 1U << 2U,
    STRAY_DO_ALARM = 1U << 3U,
};

struct stray {
    enum stray_state state;
    struct money amount; /* > 0 */
    bool refund_numbered;
};

struct stray_step {
    bool changed;
    uint32_t intents; /* enum stray_intent */
    bool has_posting;
    enum ledger_step posting; /* of stray.amount; valid if has_posting */
};

/**
 * A stray payment just found: OPEN, with the posting LEDGER_STRAY_RECEIVE and a review item.
 * Blocks: no. Allocates: no.
 */
struct stray stray_create(struct money amount, struct stray_step *ret_step);

/**
 * The stray payment after @p event; what its state does not know changes nothing.
 * Blocks: no. Allocates: no.
 */
struct stray stray_apply(const struct stray *stray, enum stray_event event,
                         struct stray_step *ret_step);

/**
 * "OPEN", "REFUND_DUE", ...; never NULL.
 * Blocks: no. Allocates: no.
 */
const char *stray_state_name(enum stray_state state);

/**
 * Reverse of stray_state_name(); false for any other text.
 * Blocks: no. Allocates: no.
 */
MUST_CHECK bool stray_state_parse(const char *name, enum stray_state *ret_state);

/**
 * "operator_refund", "refund_sent", ...; never NULL.
 * Blocks: no. Allocates: no.
 */
const char *stray_event_name(enum stray_event event);

#endif
