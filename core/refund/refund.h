/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SHILLING_CORE_REFUND_REFUND_H
#define SHILLING_CORE_REFUND_REFUND_H

#include <stdbool.h>
#include <stdint.h>

#include "common/compiler.h"
#include "core/order/order_event.h"
#include "core/timers/timers.h"

/*
 * What a refund worker does next. The refund number never changes, so sending it again is
 * harmless; but a query comes first, since after a lost answer the money may be on its way.
 */
enum refund_call {
    REFUND_CALL_SEND,          /* the refund itself, same number, same amount */
    REFUND_CALL_QUERY,         /* how does it stand? */
    REFUND_CALL_QUERY_REFUSED, /* the same, after a refusal: "none" makes the refusal final */
    REFUND_CALL_COUNT
};

enum refund_answer {
    REFUND_ANSWER_UNKNOWN,    /* no answer that can be trusted, 429, 5xx */
    REFUND_ANSWER_NOT_EXIST,  /* query: the provider has no refund of that number */
    REFUND_ANSWER_PROCESSING, /* accepted, not yet paid out */
    REFUND_ANSWER_OK,
    REFUND_ANSWER_LOW_BALANCE, /* the merchant's account is empty: same number later */
    REFUND_ANSWER_ABNORMAL,
    REFUND_ANSWER_CLOSED,
    REFUND_ANSWER_NOT_ALLOWED,
    REFUND_ANSWER_DOUBTFUL, /* refused, perhaps because it has happened before: a query tells */
    REFUND_ANSWER_COUNT
};

struct refund_progress {
    enum refund_call call; /* the next one */
    uint32_t queries;      /* made so far, and refusals for want of money */
};

struct refund_step {
    enum order_event_kind event; /* tell the order */
    struct refund_progress next;
    int64_t wait_ms; /* before the next call; meaningless once the order is final or in REVIEW */
};

/**
 * What follows from the answer to @p progress->call. After the last query of the schedule without
 * a final word the event is ORDER_EV_REFUND_OVERDUE.
 * Blocks: no. Allocates: no.
 */
struct refund_step refund_decide(const struct refund_progress *progress, enum refund_answer answer,
                                 const struct timers *timers);

#endif
