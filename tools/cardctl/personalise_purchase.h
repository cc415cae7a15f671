/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SHILLING_TOOLS_CARDCTL_PERSONALISE_PURCHASE_H
#define SHILLING_TOOLS_CARDCTL_PERSONALISE_PURCHASE_H

#include <stdbool.h>
#include <stdint.h>

#include "common/compiler.h"
#include "protocol/card/purchase.h"
#include "protocol/card/record.h"
#include "tools/cardctl/exit.h"
#include "tools/cardctl/seat.h"

/*
 * Purchase cards of Q/GDW 1365. They come with their files and keys; what is made here is whose
 * card it is. A card counts wrong proofs and locks itself after a few, so it has to prove that it
 * has our keys before ours is given to it. Nothing else on it is signed: what a card holds that has
 * proved nothing may have been made up by anybody.
 */

/* What the register says of a card. Holds keys: bytes_wipe(). */
struct purchase_plan {
    struct purchase_keys keys;
    uint8_t meter[CARD_METER_SIZE];
    uint8_t customer[CARD_METER_SIZE];
};

/** True if a purchase card lies there: its number. Blocks, as the others do. */
MUST_CHECK bool purchase_lies_there(struct seat *seat, uint8_t ret_serial[PURCHASE_SERIAL_SIZE]);

/** Has it never carried a purchase, and names it no meter? Nothing is written. It is said why not.
 */
MUST_CHECK enum ctl_exit purchase_check_blank(struct seat *seat);

/**
 * Write the meter's and the customer's number, and read them back. A card that has them, or carries
 * a purchase already, is left as it is; one that goes away meanwhile is waited for. A plan that
 * lacks a key is refused before the card is asked.
 *
 * @return as personalise()
 */
MUST_CHECK enum ctl_exit purchase_personalise(struct seat *seat, const struct purchase_plan *plan);

/**
 * Read the files of a card that proves in the same breath that it has @p keys; one that goes away
 * meanwhile is waited for. Keys that lack one are refused before the card is asked.
 *
 * @param keys       NULL: the register does not know the card, and it need prove nothing
 * @param ret_files  set on CTL_DONE
 * @return CTL_DONE, or CTL_FAILED, and it was said why
 */
MUST_CHECK enum ctl_exit purchase_look(struct seat *seat, const struct purchase_keys *keys,
                                       struct purchase_files *ret_files);

#endif
