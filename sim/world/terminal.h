/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SHILLING_SIM_WORLD_TERMINAL_H
#define SHILLING_SIM_WORLD_TERMINAL_H

#include <stdbool.h>
#include <stdint.h>

#include "common/compiler.h"

/*
 * What a terminal keeps: its real journal (kiosk/journal) on a disk of its own. The collector's
 * journal has functions of the same names, so these stand between.
 */
enum { TERMINAL_NODE_FIRST = 3, TERMINAL_ID_SIZE = 37, TERMINAL_NO_SIZE = 33 };

struct journal;

struct terminal {
    struct journal *journal; /* NULL: switched off, or not yet ready */
    int node;
    bool on;       /* it has power */
    uint32_t life; /* how often its power went */
};

/* An order that is about to be asked for. Texts are borrowed. */
struct terminal_wish {
    const char *client_request_id;
    const char *purchase_id;
    const char *room_id;
    const char *meter_id;
    int64_t fen;
};

/*
 * A terminal has no program of its own here: its power may go in the middle of any call below that
 * touches its disk. Then terminal.life has risen, and whoever called does nothing more for it.
 */

/** Switch it on. False: its journal cannot be used, or its power went again. */
MUST_CHECK bool terminal_start(struct terminal *terminal, uint32_t index);
/** Its power goes, with its disk's unsynced writes; also in the middle of a call. */
void terminal_cut(struct terminal *terminal);

/** Before the first byte leaves. False: not on the disk. */
MUST_CHECK bool terminal_remember(struct terminal *terminal, const struct terminal_wish *wish);
void terminal_number(struct terminal *terminal, const char *client_request_id,
                     const char *order_no);
void terminal_settle(struct terminal *terminal, const char *client_request_id);

/* A write to a card that the server has not acknowledged. */
enum { TERMINAL_UID_SIZE = 21, TERMINAL_BODY_SIZE = 1024 };

struct terminal_card {
    int64_t seq; /* 0 to begin with the oldest */
    char id[TERMINAL_ID_SIZE];
    char order_no[TERMINAL_NO_SIZE];
    char uid[TERMINAL_UID_SIZE];
    char body[TERMINAL_BODY_SIZE]; /* ""; the write was cut short */
};

/** Before the reader gets the token. False: not on the disk. */
MUST_CHECK bool terminal_card_begin(struct terminal *terminal, const struct terminal_card *card,
                                    const char *token, int64_t fen);
/** Before the server is told. */
MUST_CHECK bool terminal_card_end(struct terminal *terminal, const char *id, const char *body);
void terminal_card_told(struct terminal *terminal, const char *id, bool refused);
/** The next one behind @p card. False: none. */
MUST_CHECK bool terminal_card_next(struct terminal *terminal, struct terminal_card *card);

/** After a start: the order that was open. False: none. */
MUST_CHECK bool terminal_find_open(struct terminal *terminal, char ret_id[TERMINAL_ID_SIZE],
                                   char ret_order_no[TERMINAL_NO_SIZE]);

#endif
