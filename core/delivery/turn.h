/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SHILLING_CORE_DELIVERY_TURN_H
#define SHILLING_CORE_DELIVERY_TURN_H

#include "core/delivery/delivery.h"

/* What the files of this folder share; nobody outside includes it. A turn holds the delivery as it
 * becomes and the step that goes with it. */
struct turn {
    struct delivery delivery;
    struct delivery_step step;
};

/**
 * Tell the order, next to the line that earned it.
 * Blocks: no. Allocates: no.
 */
void turn_tell(struct turn *turn, enum order_event_kind event);
/**
 * Another stage, and what is to be done there.
 * Blocks: no. Allocates: no.
 */
void turn_go(struct turn *turn, enum delivery_stage stage, uint32_t intents);
/**
 * Something more to do in the same stage.
 * Blocks: no. Allocates: no.
 */
void turn_intend(struct turn *turn, uint32_t intents);
/**
 * The end: proven, as @p event says.
 * Blocks: no. Allocates: no.
 */
void turn_delivered(struct turn *turn, enum order_event_kind event);
/**
 * The end: nothing happened, nothing can.
 * Blocks: no. Allocates: no.
 */
void turn_give_up(struct turn *turn);
/**
 * Not provable in time: REVIEW. Said once.
 * Blocks: no. Allocates: no.
 */
void turn_need_person(struct turn *turn);

/**
 * The machine of DELIVERY_CARD_TOKEN (card_token.c).
 * Blocks: no. Allocates: no.
 */
void delivery_card_apply(struct turn *turn, enum delivery_event_kind event);

#endif
