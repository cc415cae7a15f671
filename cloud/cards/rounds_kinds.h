/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SHILLING_CLOUD_CARDS_ROUNDS_KINDS_H
#define SHILLING_CLOUD_CARDS_ROUNDS_KINDS_H

#include "cloud/cards/rounds.h"

/* What rounds.c and the kinds of card share; nobody outside includes it. */

/** One command more. */
void rounds_put(struct rounds_commands *commands, const struct apdu *apdu, uint16_t expect);

/** True if answer @p i is there and ends with the status @p expect. */
bool rounds_is_good(const struct rounds_answers *answers, size_t i, uint16_t expect);

/* A kind of card. The functions do not care for the end: rounds.c wipes. */
struct rounds_kind {
    /* Put the commands of the step ROUNDS_FIRST. */
    void (*first)(struct rounds_commands *commands);
    /* As rounds_take(), for a step that awaits answers. */
    enum rounds_end (*take)(struct rounds *rounds, const struct rounds_means *means,
                            const struct rounds_answers *answers, struct rounds_commands *next);
    /* The secrets are not needed any more. */
    void (*wipe)(struct rounds *rounds);
};

extern const struct rounds_kind ROUNDS_DESFIRE;
extern const struct rounds_kind ROUNDS_PURCHASE;

#endif
