/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SHILLING_CLOUD_CARDS_ROUNDS_H
#define SHILLING_CLOUD_CARDS_ROUNDS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/compiler.h"
#include "protocol/api/card.h"
#include "protocol/card/desfire.h"
#include "protocol/card/purchase.h"

/*
 * The conversation with a card behind a terminal that only carries bytes, in rounds of several
 * commands: a round is made when the answers to the one before are there, because a card's
 * challenge stands in them. Each kind of card has its own steps (rounds_desfire.c,
 * rounds_purchase.c); what they have in common is here.
 *
 * Reading: select, let the card prove that it has our key, read. Writing: the same; then the
 * rounds that can change the card, each to be signed for; then all of reading once more from a
 * fresh selection, which is the proof. Whatever goes wrong ends it, and is begun again at the first
 * round.
 *
 * Pure. Holds keys as long as answers are awaited that need them - a DESFire card's own key from
 * its challenge to its proof and the session's key until the write was heard, a purchase card's
 * keys from its number to the last answer - and wipes them then, and at every end. A conversation
 * that breaks off is at no end: wipe it with bytes_wipe().
 */
enum { ROUNDS_COMMANDS_MAX = 5 };

/* A round of commands. */
struct rounds_commands {
    struct apdu apdus[ROUNDS_COMMANDS_MAX];
    uint16_t expects[ROUNDS_COMMANDS_MAX]; /* status words */
    size_t count;
    bool changes; /* it may change the card, or use up one of its tries: to be signed for */
};

/* What the card said to it; fewer than there were commands if one was not as expected. */
struct rounds_answers {
    struct apdu apdus[ROUNDS_COMMANDS_MAX];
    size_t count;
};

/* What the whole is for. */
enum rounds_phase {
    ROUNDS_READING,
    ROUNDS_WRITING, /* until the last round that changes the card was heard */
    ROUNDS_PROVING,
};

/* Whose answers are awaited. */
enum rounds_step {
    ROUNDS_OVER,
    ROUNDS_FIRST,  /* the selection, with the challenge or the card's number */
    ROUNDS_LOOK,   /* its proof, and what it holds */
    ROUNDS_COMMIT, /* DESFire */
    ROUNDS_ENTER,  /* purchase cards: our proof */
    ROUNDS_SETTINGS,
    ROUNDS_EMPTY, /* the meter's answer is taken away */
    ROUNDS_WALLET,
};

struct rounds_desfire {
    struct desfire_proof proof;
    struct desfire_session session;
    uint8_t token[CARD_RECORD_SIZE];    /* to be written */
    uint8_t credit[CARD_RECORD_SIZE];   /* as it was read last */
    uint8_t returned[CARD_RECORD_SIZE]; /* reading only */
};

struct rounds_purchase {
    struct purchase_keys keys;
    uint8_t ours[PURCHASE_RANDOM_SIZE]; /* what the card is to prove itself over */
    struct purchase_files goal;         /* to be written */
    struct purchase_files files;        /* as they were read last */
};

struct rounds {
    enum api_card_media media;
    enum rounds_phase phase;
    enum rounds_step step;
    union {
        struct rounds_desfire desfire;
        struct rounds_purchase purchase;
    } of;
};

enum rounds_end {
    ROUNDS_MORE,    /* another round */
    ROUNDS_DONE,    /* read; or written, and read once more. A DESFire card proves what it holds, a
                     * purchase card only that it is there */
    ROUNDS_FAILED,  /* the card gave another answer than it must, or none */
    ROUNDS_NO_KEYS, /* our end: no keys, or nothing to compute with them. Nothing was taken */
    ROUNDS_FORGED,  /* it answered, and has not got our keys */
    ROUNDS_REFUSED, /* it refused our proof; a purchase card has counted that as a wrong try */
};

/** The first round of a reading. It is always the same for a medium, which must be relayed. */
void rounds_read(struct rounds *rounds, enum api_card_media media,
                 struct rounds_commands *ret_first);

/** The same commands, and at the end @p token is on the DESFire card. */
void rounds_write_token(struct rounds *rounds, const uint8_t token[CARD_RECORD_SIZE],
                        struct rounds_commands *ret_first);

/** The same commands, and at the end @p goal is on the purchase card, unless that holds a newer
 * purchase or another of the same count: then the rounds end with what is there. */
void rounds_write_purchase(struct rounds *rounds, const struct purchase_files *goal,
                           struct rounds_commands *ret_first);

/* What a proof is made of; borrowed for the call. */
struct rounds_means {
    const uint8_t *key;      /* DESFire: DESFIRE_KEY_CREDIT of this card */
    const uint8_t *random_a; /* DESFIRE_RANDOM_SIZE bytes, fresh */
    const uint8_t *serial;   /* purchase cards: the only number that is this card's; NULL: any */
    /* Purchase cards: the keys of the card with this number; false if there are none. */
    bool (*purchase_keys)(void *self, const uint8_t serial[PURCHASE_SERIAL_SIZE],
                          struct purchase_keys *ret_keys);
    void *self;
};

/**
 * Take the answers to the last round. After ROUNDS_NO_KEYS they may be given once more.
 *
 * @param ret_next  set if ROUNDS_MORE is returned; else empty
 */
MUST_CHECK enum rounds_end rounds_take(struct rounds *rounds, const struct rounds_means *means,
                                       const struct rounds_answers *answers,
                                       struct rounds_commands *ret_next);

#endif
