/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SHILLING_CLOUD_CARDS_RELAY_H
#define SHILLING_CLOUD_CARDS_RELAY_H

#include "cloud/cards/book.h"
#include "cloud/cards/rounds.h"
#include "cloud/cards/vault.h"
#include "common/compiler.h"
#include "common/rng.h"
#include "protocol/api/card.h"
#include "protocol/cardauth/cardauth.h"

/*
 * One laid card that is spoken to through its terminal: how far the rounds are, and the last word,
 * for a terminal that did not hear it. It goes with the card session, and is in one hand at a time.
 * In the middle of a conversation it holds keys of the card (rounds.h).
 */
struct relay {
    enum api_card_media media;
    struct card_uid uid;
    uint8_t meter[CARD_METER_SIZE];
    uint8_t serial[PURCHASE_SERIAL_SIZE]; /* of a purchase card, if ... */
    bool has_serial;                      /* ... the register has it: no other card is heard */
    struct rounds rounds;
    int64_t round;           /* whose answers are awaited; 0: nothing was begun */
    struct book_token token; /* what is being written; its document_no "": the card is read */
    enum rounds_end last;    /* what became of round - 1 */
    struct rounds_commands commands;
    char authorisation[CARDAUTH_TEXT_SIZE]; /* of the commands; "": they need none, or it is to be
                                             * made */
};

/** @return @own, relay_destroy(); NULL without memory */
struct relay *relay_create(enum api_card_media media, const struct card_uid *uid,
                           const uint8_t meter[CARD_METER_SIZE]);
/** Wipes it. NULL is allowed. */
void relay_destroy(struct relay *relay);

/** Begin at the first round, whatever was before. */
void relay_read(struct relay *relay);
/** @param goal  the files of a purchase card; NULL: the card takes the token's record */
void relay_write(struct relay *relay, const struct book_token *token,
                 const struct purchase_files *goal);

/** The first round of every reading and writing, for a terminal that begins. */
void relay_first(enum api_card_media media, struct api_card_script *ret_script);

/* What the terminal brings. Borrowed. */
struct relay_answers {
    int64_t round;
    const struct api_card_apdu *answers;
    size_t count;
};

/**
 * Take the answers to a round, once: if they come again the same is returned again.
 *
 * @param ret_end  what became of it
 * @return OK; ERR_CONFLICT: answers to another round than the last two, lay the card again;
 *         ERR_INTERNAL: the crypto library or the token with the keys fails. Nothing was taken: the
 *         same answers may come again
 */
MUST_CHECK enum err relay_take(struct relay *relay, const struct vault *vault,
                               const struct rng_port *rng, const struct relay_answers *answers,
                               enum rounds_end *ret_end);

/** The commands of the next round. */
void relay_script(const struct relay *relay, struct api_card_script *ret_script);

/**
 * Sign for the next round's commands, if that is needed and was not done.
 *
 * @param terminal_id  whose reader may run them
 * @param wall_s       now
 */
MUST_CHECK enum err relay_sign(struct relay *relay, const struct vault *vault,
                               const char *terminal_id, int64_t wall_s);

#endif
