/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SHILLING_TESTS_UNIT_CORE_ORDER_STEPS_H
#define SHILLING_TESTS_UNIT_CORE_ORDER_STEPS_H

/* An order in any state, and what it is told. */

#include "core/order/order.h"
#include "tests/unit/test.h"

enum { AMOUNT = 511 };

static inline struct order_event make(enum order_event_kind kind)
{
    struct order_event event = {.kind = kind};
    if (kind == ORDER_EV_PAID) {
        event.amount = money_fen(AMOUNT);
        (void)snprintf(event.trade_no, sizeof(event.trade_no), "T1");
    }
    return event;
}

static inline struct order_event paid(int64_t fen, const char *trade_no)
{
    struct order_event event = make(ORDER_EV_PAID);
    event.amount = money_fen(fen);
    (void)snprintf(event.trade_no, sizeof(event.trade_no), "%s", trade_no);
    return event;
}

static inline struct order_step feed_event(struct order *order, struct order_event event)
{
    struct order_step step = {0};
    *order = order_apply(order, &event, &step);
    return step;
}

static inline struct order_step feed(struct order *order, enum order_event_kind kind)
{
    return feed_event(order, make(kind));
}

/* An order in each state, by the shortest way there. */
static inline struct order reach(enum order_state state)
{
    static const enum order_event_kind WAYS[ORDER_STATE_COUNT][8] = {
        [ORDER_NEW] = {ORDER_EV_KIND_COUNT},
        [ORDER_WAIT_PAY] = {ORDER_EV_PRECREATE_OK, ORDER_EV_KIND_COUNT},
        [ORDER_CLOSING] = {ORDER_EV_PRECREATE_OK, ORDER_EV_TIMEOUT, ORDER_EV_KIND_COUNT},
        [ORDER_CLOSED] = {ORDER_EV_PRECREATE_OK, ORDER_EV_TIMEOUT, ORDER_EV_CLOSE_OK,
                          ORDER_EV_KIND_COUNT},
        [ORDER_PAID] = {ORDER_EV_PAID, ORDER_EV_KIND_COUNT},
        [ORDER_CREDITING] = {ORDER_EV_PAID, ORDER_EV_CREDIT_START, ORDER_EV_KIND_COUNT},
        [ORDER_DONE] = {ORDER_EV_PAID, ORDER_EV_CREDIT_START, ORDER_EV_CREDIT_OK,
                        ORDER_EV_KIND_COUNT},
        [ORDER_REFUND_DUE] = {ORDER_EV_PAID, ORDER_EV_CREDIT_START, ORDER_EV_CREDIT_FAILED,
                              ORDER_EV_KIND_COUNT},
        [ORDER_REFUNDING] = {ORDER_EV_PAID, ORDER_EV_CREDIT_START, ORDER_EV_CREDIT_FAILED,
                             ORDER_EV_REFUND_SENT, ORDER_EV_KIND_COUNT},
        [ORDER_REFUNDED] = {ORDER_EV_PAID, ORDER_EV_CREDIT_START, ORDER_EV_CREDIT_FAILED,
                            ORDER_EV_REFUND_SENT, ORDER_EV_REFUND_OK, ORDER_EV_KIND_COUNT},
        [ORDER_REVIEW] = {ORDER_EV_PAID, ORDER_EV_CREDIT_START, ORDER_EV_CREDIT_DEADLINE,
                          ORDER_EV_KIND_COUNT},
    };
    struct order order = order_create(money_fen(AMOUNT), LEDGER_METER);
    for (size_t i = 0; WAYS[state][i] != ORDER_EV_KIND_COUNT; i++) {
        (void)feed(&order, WAYS[state][i]);
    }
    return order;
}

#endif
