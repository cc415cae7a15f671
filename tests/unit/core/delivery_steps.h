/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SHILLING_TESTS_UNIT_CORE_DELIVERY_STEPS_H
#define SHILLING_TESTS_UNIT_CORE_DELIVERY_STEPS_H

/* What a meter says and a delivery is told, shortly. */

#include "core/delivery/delivery.h"
#include "tests/unit/test.h"

enum { AMOUNT = 500, COUNT = 7 };

static inline struct delivery_event make(enum delivery_event_kind kind)
{
    return (struct delivery_event){
        .kind = kind,
        .use = {.price_e4_yuan_kwh = 8000, .energy_step = 1},
    };
}

static inline struct delivery_reading meter(uint32_t count, int64_t last)
{
    return (struct delivery_reading){.has_count = true,
                                     .count = count,
                                     .has_last = true,
                                     .last_amount = {last},
                                     .has_balance = true,
                                     .has_energy = true};
}

static inline struct delivery_event reading(uint32_t count, int64_t last, bool fenced)
{
    struct delivery_event event = make(DELIVERY_EV_READING);
    event.reading = meter(count, last);
    event.fenced = fenced;
    return event;
}

static inline struct delivery_event unreadable(bool fenced)
{
    struct delivery_event event = make(DELIVERY_EV_READING);
    event.fenced = fenced;
    return event;
}

static inline struct delivery_event reply(enum delivery_answer answer, uint32_t count, int64_t last)
{
    struct delivery_event event = make(DELIVERY_EV_REPLY);
    event.answer = answer;
    event.has_reading = true;
    event.reading = meter(count, last);
    return event;
}

static inline struct delivery_event never_sent(bool count_moved)
{
    struct delivery_event event = make(DELIVERY_EV_REPLY);
    event.never_sent = true;
    event.count_moved = count_moved;
    return event;
}

static inline struct delivery_step feed(struct delivery *delivery, struct delivery_event event)
{
    struct delivery_step step = {0};
    *delivery = delivery_apply(delivery, &event, &step);
    return step;
}

static inline struct delivery_step tick(struct delivery *delivery, enum delivery_event_kind kind)
{
    return feed(delivery, make(kind));
}

static inline struct delivery_step assign(struct delivery *delivery)
{
    struct delivery_event event = make(DELIVERY_EV_ASSIGN);
    event.reading = meter(COUNT, 99);
    return feed(delivery, event);
}

static inline struct delivery reach(enum delivery_stage stage)
{
    struct delivery delivery = delivery_create(DELIVERY_PURCHASE_COUNT, money_fen(AMOUNT));
    if (stage == DELIVERY_READY) {
        return delivery;
    }
    if (stage == DELIVERY_VOID) {
        (void)tick(&delivery, DELIVERY_EV_STOP);
        return delivery;
    }
    (void)assign(&delivery);
    if (stage == DELIVERY_ASSIGNED) {
        return delivery;
    }
    (void)tick(&delivery, DELIVERY_EV_DISPATCH);
    if (stage == DELIVERY_SENT) {
        return delivery;
    }
    if (stage == DELIVERY_DELIVERED) {
        (void)feed(&delivery, reply(DELIVERY_ANSWER_SUCCESS, COUNT + 1, AMOUNT));
        return delivery;
    }
    (void)tick(&delivery, DELIVERY_EV_SILENCE);
    if (stage == DELIVERY_FENCING) {
        (void)feed(&delivery, reading(COUNT, 99, false));
    }
    return delivery;
}

static inline void check_told(const struct delivery_step *step, size_t count,
                              enum order_event_kind first, enum order_event_kind second)
{
    CHECK_EQ_U64(step->order_event_count, count);
    if (count > 0) {
        CHECK_EQ_STR(order_event_name(step->order_events[0]), order_event_name(first));
    }
    if (count > 1) {
        CHECK_EQ_STR(order_event_name(step->order_events[1]), order_event_name(second));
    }
}

#define NONE 0, ORDER_EV_CRASH, ORDER_EV_CRASH
#define ONE(event) 1, (event), ORDER_EV_CRASH

#endif
