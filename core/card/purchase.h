/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SHILLING_CORE_CARD_PURCHASE_H
#define SHILLING_CORE_CARD_PURCHASE_H

#include <stdbool.h>
#include <stdint.h>

#include "common/compiler.h"
#include "core/card/card.h"

/*
 * The same questions as in card.h, for a card that carries one purchase with a count instead of a
 * running total (Q/GDW 365 and 1365). The meter takes the purchase that follows its own count, if
 * the file for its answer is empty, and takes it once. So the next one may be given out only when
 * the meter has answered the last: what lies on the card unloaded would be lost under it.
 *
 * A card whose number the register has proves that it is itself, for its keys are made of that
 * number. It does not prove what it is read to hold, and a meter's answer is not signed: money does
 * not go back on them.
 */

/* What was read. Numbers of purchases count those that were given out and not taken back. */
struct card_purchase_reading {
    bool was_read;
    bool is_other;  /* a file on it names another meter or another customer */
    bool is_fit;    /* the meter's settings are whole, and those that go with the last purchase */
    bool is_empty;  /* the meter's answer: nothing is there, so the meter may load */
    uint32_t count; /* of the purchase on it; 0: none */
    bool is_ours;   /* its amount is what that purchase was given out with */
    bool has_word;  /* the meter's answer is whole */
    uint32_t word_count;
    int64_t word_at; /* by the meter's clock */
};

/* Our records of the meter. */
struct card_purchase_facts {
    uint32_t count; /* purchases that were given out; 0: none */
    bool has_seen;  /* the meter has answered before */
    uint32_t seen_count;
    int64_t seen_at;
    bool owes;           /* the last one is paid and not proven written */
    bool waits;          /* a paid order has no number yet */
    bool return_is_open; /* the meter has taken what was paid back */
    bool sale_is_open;
    bool is_exchanged; /* as in struct card_facts */
};

struct card_purchase_verdict {
    /* proven_n is a count; news is 0 for the meter's answer. correct_first is never set. */
    struct card_verdict card;
    /* The last purchase lies on the card with an amount that is not ours, so nobody can tell what
     * the meter takes, or took: a person must look at card and meter. */
    bool is_doubtful;
};

/**
 * Judge a reading.
 * Source: docs/money.md, "A purchase on a card"; Q/GDW 1365, the rule of counts.
 * Blocks: no. Allocates: no.
 */
struct card_purchase_verdict card_purchase_judge(const struct card_purchase_facts *facts,
                                                 const struct card_purchase_reading *reading);

/**
 * True if purchase @p count lies on the card, for the meter to load: what was read back after a
 * write proves it.
 * Blocks: no. Allocates: no.
 */
MUST_CHECK bool card_purchase_is_confirmed(const struct card_purchase_reading *reading,
                                           uint32_t count);

/**
 * True if what is read before a write lets purchase @p count be written: the card is this meter's
 * and customer's, holds an older purchase or this very one, and brings no answer to it.
 * Blocks: no. Allocates: no.
 */
MUST_CHECK bool card_purchase_is_writable(const struct card_purchase_reading *reading,
                                          uint32_t count);

#endif
