/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SHILLING_SIM_CARDS_TILL_INSIDE_H
#define SHILLING_SIM_CARDS_TILL_INSIDE_H

#include "protocol/card/judge.h"
#include "sim/cards/cards.h"
#include "sim/world/world.h"

/* What the files of a terminal share. */

struct slate {
    struct api_card_session session;
    struct api_card_view view;
    struct api_card_write write;
    struct api_card_proof proof;
};

/* One person at one terminal. */
struct visit {
    struct world *world;
    struct till *till;
    struct holder *holder;
    struct slate *slate;
    bool suspect[CARD_SLOTS]; /* slots whose write was cut short just now */
    uint32_t life;            /* of the terminal, when the visit began */
    bool dead;                /* the terminal went dark */
    bool stopped;             /* nothing more is written now */
};

struct dice *till_dice(struct world *world);
void till_fresh_id(struct world *world, char ret_id[ID_TEXT_SIZE]);

/** True: the terminal in front of which the visit began has lost its power since. */
bool till_is_dark(struct visit *visit);

/* ---- questions, and what the server is told (till_tell.c) ---- */

/** One question until it is answered, or too often not. 0: no answer. In the caller's fiber. */
unsigned till_ask(struct till *till, struct caller *caller, const struct http_wish *wish);
/** How a write ended. True: the server has it. */
bool till_tell(struct till *till, struct caller *caller, const struct terminal_card *card);
/** What the server is to be told of @p card; @p token: in both slots, "" if that is not known. */
void till_fill_body(struct terminal_card *card, enum api_card_outcome outcome, const char *token);

/* ---- the card driver, as a model (card_driver.c) ---- */

/** One record of a laid card. */
bool driver_read(const struct api_card_keys *keys, uint8_t sector,
                 uint8_t ret_record[CARD_RECORD_SIZE]);
/** How the write ends. The card is laid, and perhaps taken away meanwhile. */
enum api_card_outcome driver_write(struct visit *visit, const struct api_card_write *write);

#endif
