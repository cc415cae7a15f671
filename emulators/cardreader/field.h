/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SHILLING_EMULATORS_CARDREADER_FIELD_H
#define SHILLING_EMULATORS_CARDREADER_FIELD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "emulators/cardreader/card.h"

/*
 * The space in front of the antenna: which cards lie there, and how they answer when they are
 * called (ISO/IEC 14443-3): REQA wakes the idle ones, WUPA the halted ones too, and a selected
 * card that hears either falls back without a word.
 */
enum { FIELD_CARDS_MAX = 4 };

struct field {
    bool on;
    struct card *cards[FIELD_CARDS_MAX]; /* borrowed; in the order in which they were laid */
    size_t count;
    bool misses_seven; /* a reader that finds 7-byte UIDs at every second call only */
    bool missed_last;
};

/** Lay a card; false if there is no room or it lies there already. */
bool field_lay(struct field *field, struct card *card);

/** Take a card away; nothing happens if it is not there. */
void field_take(struct field *field, struct card *card);

bool field_has(const struct field *field, const struct card *card);

/** Switch the carrier; off is a loss of power for every card. */
void field_switch(struct field *field, bool on);

/** One REQA, or WUPA, to whoever is there: the first card that answers; it is not yet selected. */
struct card *field_call(struct field *field, bool wakes_halted);

/** Whom to call: any idle card, or with a UID that one card, halted or not. */
struct field_search {
    const uint8_t *uid; /* NULL: any */
    size_t uid_size;
    unsigned tries;
};

/** Call and select one card; NULL if none answers. */
struct card *field_select(struct field *field, const struct field_search *search);

/** HLTA or S(DESELECT) to a selected card. */
void field_halt(struct field *field, struct card *card);

/** The card loses its power for a moment and stays where it is. */
void field_card_reset(struct card *card);

#endif
