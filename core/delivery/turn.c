/* SPDX-License-Identifier: Apache-2.0 */
/* The few ways in which a turn of the machine changes a delivery. */
#include "core/delivery/turn.h"

#include "common/must.h"

void turn_tell(struct turn *turn, enum order_event_kind event)
{
    MUST(order_event_is_delivery(event));
    MUST(turn->step.order_event_count < DELIVERY_ORDER_EVENTS_MAX);
    turn->step.order_events[turn->step.order_event_count] = event;
    turn->step.order_event_count += 1;
}

void turn_go(struct turn *turn, enum delivery_stage stage, uint32_t intents)
{
    MUST(stage < DELIVERY_STAGE_COUNT);
    MUST((intents & ~(uint32_t)DELIVERY_INTENTS_ALL) == 0);
    turn->delivery.stage = stage;
    turn->step.changed = true;
    turn->step.intents |= intents;
}

void turn_intend(struct turn *turn, uint32_t intents)
{
    MUST((intents & ~(uint32_t)DELIVERY_INTENTS_ALL) == 0);
    turn->step.intents |= intents;
}

void turn_delivered(struct turn *turn, enum order_event_kind event)
{
    MUST(turn->delivery.stage != DELIVERY_VOID);
    turn_tell(turn, event);
    turn_go(turn, DELIVERY_DELIVERED, DELIVERY_DO_FREE);
}

void turn_give_up(struct turn *turn)
{
    turn_tell(turn, ORDER_EV_CREDIT_FAILED);
    turn_go(turn, DELIVERY_VOID, DELIVERY_DO_FREE);
}

void turn_need_person(struct turn *turn)
{
    turn->delivery.stopped = true;
    turn->step.changed = true;
    if (!turn->delivery.review_told) {
        turn->delivery.review_told = true;
        turn_tell(turn, ORDER_EV_CREDIT_DEADLINE);
    }
}
