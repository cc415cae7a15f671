/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SHILLING_CLOUD_CARDS_SERIAL_H
#define SHILLING_CLOUD_CARDS_SERIAL_H

#include <stdbool.h>
#include <stdint.h>

#include "cloud/store/db.h"
#include "common/compiler.h"
#include "common/err.h"
#include "protocol/card/purchase.h"

/*
 * The numbers that stand on purchase cards. A card's keys are made of its number, so whoever may
 * name any number with a card of his gets the keys of every card: the register keeps the number of
 * each, once and for all. In a transaction; what writes, in a writing one.
 */

enum { SERIAL_TEXT_SIZE = 2 * PURCHASE_SERIAL_SIZE + 1 };

/* A number, beside what the register has. */
enum serial_standing {
    SERIAL_FREE, /* it has none for this card, and no card with this one */
    SERIAL_OWN,
    SERIAL_OTHER, /* it has another one for this card, or another card with this one */
};

/** Upper case hex. Blocks: no. Allocates: no. */
void serial_format(const uint8_t serial[PURCHASE_SERIAL_SIZE], char ret_text[SERIAL_TEXT_SIZE]);

/** Whose number is @p serial, for a card that need not be there. Blocks: no. Allocates: no. */
MUST_CHECK enum err serial_judge(struct db *db, const char *uid_text,
                                 const uint8_t serial[PURCHASE_SERIAL_SIZE],
                                 enum serial_standing *ret_standing);

/** Keep @p serial, which must be SERIAL_FREE, as the number of a card that is there. Blocks: no.
 * Allocates: no. */
MUST_CHECK enum err serial_learn(struct db *db, const char *uid_text,
                                 const uint8_t serial[PURCHASE_SERIAL_SIZE]);

/** The number of a card, if it was learnt (@p ret_known). Blocks: no. Allocates: no. */
MUST_CHECK enum err serial_load(struct db *db, const char *uid_text,
                                uint8_t ret_serial[PURCHASE_SERIAL_SIZE], bool *ret_known);

#endif
