/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SHILLING_CLOUD_ORDERS_CASE_H
#define SHILLING_CLOUD_ORDERS_CASE_H

#include "cloud/orders/delivery_row.h"
#include "cloud/orders/internal.h"
#include "cloud/orders/order_row.h"

/*
 * One order and its delivery inside one writing transaction: the only place where their states
 * change.
 *
 *     struct money_case c;
 *     enum err err = case_open(&c, orders, db, order_no);
 *     if (err == OK) {
 *         err = case_tell_order(&c, &event, evidence, actor);
 *     }
 *     return err == OK ? case_commit(&c) : err;
 *
 * What one machine tells the other happens within the same call; case_commit() stores rows,
 * postings and the work that follows. Returning an error from the transaction undoes it all.
 */
enum {
    CASE_QUEUE_MAX = 8,    /* events that two machines can owe each other in one commit: 5 */
    CASE_POSTINGS_MAX = 6, /* of one commit: receive, owe, credit, ...: 3 */
};

struct case_event {
    bool for_delivery;
    struct order_event order;
    struct delivery_event delivery;
};

struct money_case {
    struct orders *orders;
    struct db *db;
    int64_t now_ms;
    struct order_row row;
    bool has_delivery;
    struct delivery_row delivery;
    enum order_state state_before;
    enum delivery_stage stage_before;
    bool order_changed;
    bool delivery_changed;
    uint32_t order_intents;
    uint32_t delivery_intents;
    size_t posting_count;
    struct order_posting postings[CASE_POSTINGS_MAX];
    size_t queue_count;
    struct case_event queue[CASE_QUEUE_MAX];
    bool given_back;   /* a card's issued token was settled as not delivered by two persons */
    int64_t inbox_id;  /* evidence of what is being told; 0: none */
    const char *actor; /* persons who told it; "": a machine */
};

MUST_CHECK enum err case_open(struct money_case *c, struct orders *orders, struct db *db,
                              const char *order_no);

/** @param actor borrowed; "" for machines */
MUST_CHECK enum err case_tell_order(struct money_case *c, const struct order_event *event,
                                    int64_t inbox_id, const char *actor);

/** As case_tell_order(), for an event that is only a kind, without evidence. */
MUST_CHECK enum err case_tell(struct money_case *c, enum order_event_kind kind);

/** MUST have a delivery. */
MUST_CHECK enum err case_tell_delivery(struct money_case *c, const struct delivery_event *event);

/** Columns outside the machine were changed: store the order and wake who watches it. */
void case_touch(struct money_case *c);

/** Store everything. */
MUST_CHECK enum err case_commit(struct money_case *c);

/* case_effects.c: carry out the intents of a case. */
MUST_CHECK enum err case_do_order(struct money_case *c);
MUST_CHECK enum err case_do_delivery(struct money_case *c);

/**
 * When the next job of a row of waits is due; the step is counted up. False: the row has ended.
 */
bool case_next_due(const struct money_case *c, const struct timers_row *row, uint32_t *step,
                   int64_t *ret_due_ms);

/** Time until the next question to the provider while the QR can be paid. */
int64_t case_poll_due(const struct money_case *c);

#endif
