/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SHILLING_SIM_WORLD_CANARY_H
#define SHILLING_SIM_WORLD_CANARY_H

#include <stdbool.h>

#include "common/compiler.h"
#include "sim/world/weather.h"

/*
 * Planted bugs: each is a way in which a double or a driver breaks a promise of the product. The
 * table in sim/README.md says which rule must see each.
 */
enum canary {
    CANARY_NONE,
    CANARY_CLOSE_ON_TIMEOUT,      /* an unpaid order is closed on our own time-out */
    CANARY_NEW_COUNT_ON_RETRY,    /* a retry takes the next count */
    CANARY_REFUND_WITHOUT_FENCE,  /* the void claims "never sent" without looking */
    CANARY_NOTIFY_NOT_IDEMPOTENT, /* each notify posts */
    CANARY_INTENT_NOT_SYNCED,     /* the collector sends before its intent is durable */
    CANARY_COUNT_USED_IS_OURS,    /* a used count is taken as our success */
    CANARY_OPERATORS_NOT_SERIAL,  /* refund buttons go to the provider unguarded */
    CANARY_SYNC_ERROR_IGNORED,    /* the server goes on after a failed sync */
    CANARY_DEAD_METER_BLOCKS,     /* what waits for a dead meter waits for ever */
    CANARY_TOMBSTONE_NOT_SYNCED,  /* a void is forgotten by a power cut */
    CANARY_EPOCH_NOT_CHECKED,     /* a collector with another journal takes old commands */
    CANARY_STRAY_DROPPED,         /* a payment of an unknown number is acknowledged, forgotten */
    CANARY_POSTING_WITHOUT_KEY,   /* the ledger takes one posting twice */
    CANARY_FOLDER_NOT_SYNCED,     /* a removed journal file comes back after a power cut */
    CANARY_REQUEST_NOT_SYNCED,    /* a terminal asks before its wish is durable */
    CANARY_REPLAY_FORGETS_COUNT,  /* a restarted server no longer knows the count that it gave */
    CANARY_VOID_COUNT_KEPT,       /* the count of a voided delivery is never given again */
    CANARY_SUPERSEDED_CREDITED,   /* late money of a given-up attempt is credited */
    CANARY_WINDOW_OFF_BY_ONE,     /* family Q: the balance window is a unit too wide */
    CANARY_SETTLED_ALONE,         /* one person's two signatures settle an open item */
    CANARY_GENERATION_IGNORED,    /* the collector carries out an older relay wish, too */
    CANARY_LINK_BELIEVED,         /* a reading behind a buffered link is taken as proof */
    CANARY_LOG_NOT_SETTLED,       /* a start appends to a log in which a failed sync left a hole */
    /* From here on those that show in both worlds. */
    CANARY_CLOSING_FORGOTTEN,  /* an order that nobody paid is never found closed */
    CANARY_ITEM_WITHOUT_OWNER, /* an open item is opened for nobody */
    CANARY_ITEM_WITHOUT_LIMIT, /* ... and is never due */
    /* From here on those of a world with cards. */
    CANARY_CARD_UNREAD,            /* a card is written to without asking what it is owed */
    CANARY_CARD_SINGLE_SLOT,       /* both slots are written as if they were one */
    CANARY_CARD_NEWER_OVERWRITTEN, /* the slot with the newer token is written first */
    CANARY_CARD_N_REUSED,          /* after a replaced card a number is given out again */
    CANARY_CARD_REFUNDED_ISSUED,   /* a token that nobody confirmed is refunded */
    CANARY_CARD_CONFIRM_BELIEVED,  /* a terminal's word is proof, without the MAC */
    CANARY_CARD_SECOND_TOKEN,      /* who comes back gets a token of his own once more */
    CANARY_CARD_REVERSAL_BELIEVED, /* value counts as given back without the meter's word */
    CANARY_CARD_FIELD_KEPT,        /* what was written is read back in the same field */
    CANARY_CARD_WORD_STALE,        /* an older word of the meter is taken for its latest */
    CANARY_CARD_SLOT_SKIPPED,      /* one slot is written, and both are said to be */
    CANARY_CARD_INTENT_NOT_SYNCED, /* a card is written to before the journal's note is durable */
    CANARY_COUNT
};

enum { CANARY_ONE_EPOCH = 7 }; /* epoch-not-checked: every journal has this one */

/** Plant it in this process; CANARY_NONE takes all out. */
void canary_plant(enum canary canary);
bool canary_is(enum canary canary);

/** "close-on-timeout", ...; never NULL. */
const char *canary_name(enum canary canary);
/** What would be wrong with the product, in a few words. */
const char *canary_about(enum canary canary);
/** It is looked for in a world of that kind. */
bool canary_shows(enum canary canary, bool cards);
/** What a history @p said when it failed is the rule that is meant to see this one. */
bool canary_is_seen(enum canary canary, const char *said);
/** No history shows it, but the bound on what many may cost. */
bool canary_breaks_bound(enum canary canary);
/** Make sure that @p weather brings what it shows in. */
void canary_weather(enum canary canary, struct weather *weather);
/** Top-ups of one history in which it can show; @p usual for most. */
uint32_t canary_topups(enum canary canary, uint32_t usual);
MUST_CHECK bool canary_find(const char *name, enum canary *ret_canary);

#endif
