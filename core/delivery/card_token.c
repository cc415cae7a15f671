/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Value that a card carries to its meter. The token is cumulative and numbered, so writing it again
 * gives nothing twice, and an unfinished write is finished at any terminal: there is no "unknown"
 * that could do harm, and nothing to fence. What cannot be had back is a token once it was given
 * out, because its bytes can be copied. So ASSIGNED, the token is issued, ends in three ways only:
 *
 *   - somebody with the key has seen it, or a later one, on the card: WRITTEN;
 *   - the meter itself says that it took the token that takes the value back: REVERSED;
 *   - two persons settle what neither of them says.
 */
#include "common/must.h"
#include "core/delivery/turn.h"

static void on_ready(struct turn *turn, enum delivery_event_kind event)
{
    if (event == DELIVERY_EV_ASSIGN) {
        turn_tell(turn, ORDER_EV_CREDIT_START);
        turn_go(turn, DELIVERY_ASSIGNED, 0); /* the terminal has the card, and writes */
    } else if (event == DELIVERY_EV_DEADLINE) {
        turn_tell(turn, ORDER_EV_CREDIT_START);
        turn_give_up(turn);
    } else if (event == DELIVERY_EV_STOP) {
        turn_go(turn, DELIVERY_VOID, DELIVERY_DO_FREE); /* the order never heard of a credit */
    }
}

static void on_issued(struct turn *turn, enum delivery_event_kind event)
{
    struct delivery *delivery = &turn->delivery;
    if (event == DELIVERY_EV_WRITTEN) {
        turn_delivered(turn, ORDER_EV_READBACK_CREDITED);
    } else if (event == DELIVERY_EV_REVERSED) {
        turn_give_up(turn);
    } else if (event == DELIVERY_EV_DEADLINE) {
        turn_need_person(turn); /* the token stays good: the card may still come */
    } else if (event == DELIVERY_EV_STOP && !delivery->stopped) {
        delivery->stopped = true;
        turn->step.changed = true;
    } else if (event == DELIVERY_EV_SETTLED_DONE) {
        turn_go(turn, DELIVERY_DELIVERED, DELIVERY_DO_FREE);
    } else if (event == DELIVERY_EV_SETTLED_BACK) {
        turn_go(turn, DELIVERY_VOID, DELIVERY_DO_FREE);
    }
}

void delivery_card_apply(struct turn *turn, enum delivery_event_kind event)
{
    MUST(turn->delivery.kind == DELIVERY_CARD_TOKEN);
    MUST(turn->delivery.sends == 0);
    if (turn->delivery.stage == DELIVERY_READY) {
        on_ready(turn, event);
    } else if (turn->delivery.stage == DELIVERY_ASSIGNED) {
        on_issued(turn, event);
    }
}
