/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SHILLING_SIM_CARDS_CARDS_H
#define SHILLING_SIM_CARDS_CARDS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "protocol/api/card.h"
#include "sim/cards/plastic.h"
#include "sim/world/terminal.h"

/*
 * A world of meters without a network (shilling-sim --cards): what a tenant buys is written to his
 * card at a terminal, and he carries it to his meter and back. The server and its database are the
 * real ones, and so are the terminals' journals; cards and meters are those of the emulators. The
 * card driver is a model: it reads and writes a card block by block as drivers/cardd does, and
 * its write ends as done, not done or unknown.
 *
 * Everything here is drawn from one stream of its own, so other worlds do not change by it.
 */
enum {
    HOLDERS_MAX = 12, /* as many as meters: each has one card, if he has not lost it */
    TILLS_MAX = 12,
    CARD_COPIES_MAX = 4,
};

struct world;
struct slate;
struct store;
struct trade;
struct wish;

/* Somebody who waits for an answer of the server. */
struct caller {
    uint64_t id;
    bool waiting;
    unsigned status;
    char *text; /* @own; NULL: none yet */
};

/* A terminal with a card reader. */
struct till {
    struct world *world;
    uint32_t index;
    struct terminal terminal;
    bool busy; /* somebody stands in front of it, or it is switched off */
    char
        begun_id[ID_TEXT_SIZE]; /* a token went to the reader under this number, and was not told */
    struct caller caller;       /* of what it says by itself */
    bool has_last;              /* canary: what it wrote last */
    struct api_card_write *last;
    uint8_t last_uid[PLASTIC_UID_SIZE];
};

/* A tenant, his meter and his cards. */
struct holder {
    struct world *world;
    uint32_t room;
    struct plastic_meter *meter;
    struct plastic *card; /* NULL: lost, and the desk has no other one for him yet */
    struct plastic *lost; /* an earlier one, which may be found again */
    struct plastic *copies[CARD_COPIES_MAX];
    size_t copy_count;
    uint32_t serial;              /* of his cards */
    char uid[API_CARD_UID_SIZE];  /* of the newest one that the desk gave out */
    bool reported;                /* the desk knows that it is lost */
    char slip[API_ORDER_NO_SIZE]; /* paid, and perhaps not on the card */
    bool busy;
    bool moved_out;  /* and took the card with him */
    bool settled;    /* when his card was read last, nothing was to be done */
    uint32_t rounds; /* at the end of the history */
    int64_t word_at; /* when his meter gave the newest word that a terminal has shown him */
    struct caller caller;
    struct slate *slate; /* messages; too large for a stack */
};

struct carded {
    struct holder holders[HOLDERS_MAX];
    size_t count;
    struct till tills[TILLS_MAX];
    bool last_round; /* everybody goes until nothing is left to do */
};

/** In an empty database: a card for each room's meter. In a fiber of the server. */
void cards_provision(struct store *store, uint32_t rooms);

/** Tenants and terminals begin. */
void cards_begin(struct world *world);
/** All wishes were made, and nobody stands at a terminal. */
bool cards_are_done(const struct world *world);
/** Calm weather: everybody goes on until his value is in his meter. */
void cards_end(struct world *world);
/** What was paid for the meter of @p room; @p ret_back_fen: what went back, but for what somebody
 * at the provider's console sent. */
MUST_CHECK int64_t cards_paid_fen(const struct world *world, uint32_t room, int64_t *ret_back_fen);

/* ---- at a terminal (till.c) ---- */

void till_start(struct till *till, struct world *world, uint32_t index);
/** Its power goes, also in the middle of something; it comes up again by itself. */
void till_cut(struct till *till);
/** In the holder's fiber: he lays his card, and buys something if he @p wants to. */
void till_visit(struct till *till, struct holder *holder, bool wants);

/* ---- the desk (card_desk.c) ---- */

void card_desk_begin(struct world *world);

/* What became of an order's token, by the meter's book and the bytes on the cards. */
enum token_fate {
    TOKEN_NONE,       /* none was given out */
    TOKEN_NOWHERE,    /* given out, and on no card that counts */
    TOKEN_ON_CARD,    /* it, or a later one */
    TOKEN_LOADED,     /* in the meter */
    TOKEN_TAKEN_BACK, /* in the meter, and out again by a later one */
};
/** In a fiber of the server. */
enum token_fate card_fate(struct world *world, const char *order_no, struct holder **ret_holder);

/* ---- the audit (card_audit.c); in a fiber of the server ---- */

/** One payment of a wish; @p state: of its order, "" if the server knows of none. */
void cards_check_trade(struct world *world, const struct trade *trade, const struct wish *wish,
                       const char *state);
void cards_check_books(struct world *world);
/** The meter has just been visited: what it took cannot be more than was paid. */
void cards_check_meter(struct world *world, const struct holder *holder);

#endif
