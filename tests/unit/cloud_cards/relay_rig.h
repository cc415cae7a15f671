/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SHILLING_TESTS_UNIT_CLOUD_CARDS_RELAY_RIG_H
#define SHILLING_TESTS_UNIT_CLOUD_CARDS_RELAY_RIG_H

#include "protocol/card/apdu.h"
#include "tests/unit/cloud_cards/card_rig.h"

/* A terminal that carries the bytes of a relayed card, and what it has in hand of them. */
struct relay_hand {
    struct apdu (*hear)(const struct apdu *command); /* the card that lies there */
    int write_rounds;                                /* of a whole write */
    struct api_card_session session;
    struct api_card_view view;
    struct api_card_write write;
    struct api_card_step step;
    struct api_card_read reading;
    struct api_card_round said;
    struct api_card_proof proof;
    unsigned status; /* of the last call */
    char error[API_WORD_SIZE];
    char order_no[API_ORDER_NO_SIZE]; /* that was bought last */
    char answered[API_TEXT_SIZE_MAX];
};

extern struct relay_hand hand;

/** POST; true if it was answered with 200: the text is in hand. */
bool relay_post(const char *terminal, const char *path, const char *body);

/** Lay the card; what the server says is in hand. */
void relay_open(const char *terminal, const char *uid);
/** Let the card hear a script of a reading; tell it. False: refused. */
void relay_carry_reading(const struct api_card_script *script);
bool relay_send_reading(const char *terminal);
/** Lay and read it, in as many rounds as it takes. */
void relay_lay(const char *terminal, const char *uid);

/** The same for the rounds of a write. */
void relay_carry_round(const struct api_card_script *script);
bool relay_send_round(const char *terminal, const char *order_no);
/** The @p nth round of the write in hand: carried and told. */
bool relay_one_round(const char *terminal, int nth);
/** Rounds 1 to @p last, all of which go well. */
void relay_rounds_to(const char *terminal, int last);

/** Lay, order, pay: until PAID. */
void relay_buy(struct card_rig *rig, const char *terminal, const char *uid, int64_t fen);
/** Ask for the write of the order in hand; status. */
unsigned relay_issue(const char *terminal);
/** What the kiosk's journal tells at last; true if the server takes it for written. */
bool relay_told_written(const char *uid);

#endif
