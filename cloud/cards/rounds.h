/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SHILLING_CLOUD_CARDS_ROUNDS_H
#define SHILLING_CLOUD_CARDS_ROUNDS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/compiler.h"
#include "protocol/card/desfire.h"

/*
 * The conversation with a DESFire card behind a terminal that only carries bytes, in rounds of
 * several commands: a round is made when the answers to the one before are there, because a card's
 * challenge stands in them.
 *
 * Reading: select and ask for a challenge; prove each other the key and read both files.
 * Writing: the same, with the credit file; then write and commit, the only round that can change
 * the card; then all of reading once more from a fresh selection, which is the proof. Whatever
 * goes wrong ends it, and is begun again at the first round.
 *
 * Pure. Holds session keys: wipe with bytes_wipe().
 */
enum { ROUNDS_COMMANDS_MAX = 4 };

/* A round of commands. */
struct rounds_commands {
    struct apdu apdus[ROUNDS_COMMANDS_MAX];
    uint16_t expects[ROUNDS_COMMANDS_MAX]; /* status words */
    size_t count;
    bool changes; /* it may change the card: to be signed for */
};

/* What the card said to it; fewer than there were commands if one was not as expected. */
struct rounds_answers {
    struct apdu apdus[ROUNDS_COMMANDS_MAX];
    size_t count;
};

enum rounds_step {
    ROUNDS_OVER,
    ROUNDS_READ_CHALLENGE, /* whose answer is awaited */
    ROUNDS_READ_LOOK,
    ROUNDS_WRITE_CHALLENGE,
    ROUNDS_WRITE_LOOK,
    ROUNDS_WRITE_COMMIT,
    ROUNDS_PROVE_CHALLENGE,
    ROUNDS_PROVE_LOOK,
};

struct rounds {
    enum rounds_step step;
    struct desfire_proof proof;
    struct desfire_session session;
    uint8_t token[CARD_RECORD_SIZE];    /* to be written */
    uint8_t credit[CARD_RECORD_SIZE];   /* as it was read last */
    uint8_t returned[CARD_RECORD_SIZE]; /* reading only */
};

enum rounds_end {
    ROUNDS_MORE,   /* another round */
    ROUNDS_DONE,   /* read; or written, and credit is what the card proves to hold */
    ROUNDS_FAILED, /* the card gave another answer than it must, or none */
    ROUNDS_FORGED, /* it answered, and has not got our keys */
};

/** The first round. It is always the same. */
void rounds_read(struct rounds *rounds, struct rounds_commands *ret_first);
void rounds_write(struct rounds *rounds, const uint8_t token[CARD_RECORD_SIZE],
                  struct rounds_commands *ret_first);

/* What a proof is made of; borrowed for the call. */
struct rounds_means {
    const uint8_t *key;      /* DESFIRE_KEY_CREDIT of this card */
    const uint8_t *random_a; /* DESFIRE_RANDOM_SIZE bytes, fresh */
};

/**
 * Take the answers to the last round.
 *
 * @param ret_next  set if ROUNDS_MORE is returned; else empty
 */
MUST_CHECK enum rounds_end rounds_take(struct rounds *rounds, const struct rounds_means *means,
                                       const struct rounds_answers *answers,
                                       struct rounds_commands *ret_next);

#endif
