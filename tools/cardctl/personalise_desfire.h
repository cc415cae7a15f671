/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SHILLING_TOOLS_CARDCTL_PERSONALISE_DESFIRE_H
#define SHILLING_TOOLS_CARDCTL_PERSONALISE_DESFIRE_H

#include <stdbool.h>
#include <stdint.h>

#include "common/compiler.h"
#include "protocol/card/desfire.h"
#include "tools/cardctl/exit.h"
#include "tools/cardctl/seat.h"

/* What the register says a DESFire card's application must have. Holds keys: bytes_wipe(). */
struct desfire_plan {
    uint8_t key[DESFIRE_KEY_COUNT][DESFIRE_KEY_SIZE];
};

/* Both files of a card; where other cards have two slots, one file stands for both. */
struct desfire_records {
    uint8_t credit[CARD_RECORD_SIZE];
    uint8_t returned[CARD_RECORD_SIZE];
};

/** True if what lies there is a DESFire card. Blocks. */
MUST_CHECK bool desfire_lies_there(struct seat *seat);

/** Is there no application of ours on it? Nothing is written. It is said why not. */
MUST_CHECK enum ctl_exit desfire_check_blank(struct seat *seat);

/**
 * Make the application with its files and keys, or finish one that was begun: each step is all or
 * nothing in the card, and the master key, changed last, marks a finished one. A card that goes
 * away meanwhile is waited for. A plan that lacks a key is refused before the card is asked.
 *
 * @return as personalise()
 */
MUST_CHECK enum ctl_exit desfire_personalise(struct seat *seat, const struct desfire_plan *plan);

/** Read both files, after a field reset. SEAT_REFUSED: the card does not know the plan's key. */
MUST_CHECK enum seat_answer desfire_read_records(struct seat *seat, const struct desfire_plan *plan,
                                                 struct desfire_records *ret_records);

#endif
