/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SHILLING_DRIVERS_CARDD_PRESENCE_H
#define SHILLING_DRIVERS_CARDD_PRESENCE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "protocol/card/uid.h"

/*
 * From what each poll sees to what is told: a card lies here after two equal looks, it has gone
 * after three looks without it that span 600 ms. Two cards at once are told as that. Pure.
 */

enum {
    PRESENCE_LOOKS = 2,
    PRESENCE_MISSES = 3,
    PRESENCE_GONE_MS = 600,
};

enum presence_state { PRESENCE_NOBODY, PRESENCE_ONE, PRESENCE_TWO, PRESENCE_STATE_COUNT };

/* Begin with {0}; then the functions alone change it. */
struct presence {
    enum presence_state state;
    uint32_t number;     /* of the newest laying; rises with each */
    struct card_uid uid; /* ONE: the card */
    enum presence_state next;
    struct card_uid next_uid;
    uint32_t looks; /* that saw @p next */
    uint32_t misses;
    int64_t miss_at_ms; /* the first of them */
};

/* A change that is to be told; at most one a look. */
enum presence_event {
    PRESENCE_NOTHING,
    PRESENCE_CAME, /* state ONE, with a new number */
    PRESENCE_MANY, /* state TWO */
    PRESENCE_WENT, /* state NOBODY */
    PRESENCE_EVENT_COUNT
};

/**
 * Take what one poll saw: @p count 0 to 2 cards. Times are monotonic milliseconds.
 *
 * Blocks: no. Allocates: no.
 */
enum presence_event presence_look(struct presence *presence, const struct card_uid *uids,
                                  size_t count, int64_t now_ms);

/**
 * Nobody looks any more. @return PRESENCE_WENT if a card lay here as far as anybody knew.
 *
 * Blocks: no. Allocates: no.
 */
enum presence_event presence_end(struct presence *presence);

/**
 * True while a look is worth repeating soon: something came or is missing.
 *
 * Blocks: no. Allocates: no.
 */
bool presence_is_undecided(const struct presence *presence);

#endif
