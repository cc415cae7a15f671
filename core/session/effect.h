/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SHILLING_CORE_SESSION_EFFECT_H
#define SHILLING_CORE_SESSION_EFFECT_H

/*
 * What the shell (kiosk/flow) is asked to do. Effects are data: they can be compared in a test and
 * written to a log. SAVE comes before the CREATE that it protects, in the same list, and the shell
 * has synced it before the first byte of CREATE leaves; CARD_SAVE and CARD_WRITE, CARD_RESULT and
 * CARD_TELL are such pairs too.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/session/card.h"
#include "core/session/model.h"

enum session_effect_kind {
    SESSION_EFFECT_NONE,
    SESSION_EFFECT_FETCH_ROOMS,  /* .text: q, empty for all */
    SESSION_EFFECT_FETCH_METER,  /* .text: room_id */
    SESSION_EFFECT_READ_METER,   /* .text: meter_id */
    SESSION_EFFECT_SAVE,         /* .create: journal it, synced, before anything that follows */
    SESSION_EFFECT_CREATE,       /* .create: POST orders */
    SESSION_EFFECT_WATCH,        /* .text: order_no; poll from .version on, until UNWATCH */
    SESSION_EFFECT_UNWATCH,      /* the page is gone; the server settles alone */
    SESSION_EFFECT_CANCEL,       /* .text: order_no, .id */
    SESSION_EFFECT_MORE_TIME,    /* .text: order_no, .id */
    SESSION_EFFECT_FETCH_ORDERS, /* mine=open */
    SESSION_EFFECT_FIND_ORDERS,  /* .text: the last digits of the order number */
    SESSION_EFFECT_PRINT,        /* .text: order_no, .id: job, .card_unsure */
    SESSION_EFFECT_SETTLED,      /* .text: order_no: the journal may close it */
    SESSION_EFFECT_SOUND,        /* .sound */
    SESSION_EFFECT_CARD_POLL,    /* .poll: how the reader looks for cards from now on */
    SESSION_EFFECT_CARD_OPEN,    /* .number: read that card and ask the server what it is */
    SESSION_EFFECT_CARD_ASK,     /* .text: order_no; the token for the card that was opened */
    SESSION_EFFECT_CARD_SAVE,    /* .write: journal it, synced, before the write that follows */
    SESSION_EFFECT_CARD_WRITE,   /* .number, .write */
    SESSION_EFFECT_CARD_RESULT,  /* .result: journal it, synced, before it is told */
    SESSION_EFFECT_CARD_TELL,    /* .result: tell the server, until it has acknowledged it */
    SESSION_EFFECT_WIPE,         /* the user is gone: drop drawn texts and pictures of his */
    SESSION_EFFECT_COUNT
};

enum session_sound {
    SESSION_SOUND_CLICK,
    SESSION_SOUND_ATTENTION, /* idle prompt, once */
    SESSION_SOUND_SUCCESS,
    SESSION_SOUND_PROBLEM,
    SESSION_SOUND_LAY_CARD,
    SESSION_SOUND_TAKE_CARD,
    SESSION_SOUND_COUNT
};

struct session_create {
    char client_request_id[SESSION_UUID_SIZE];
    char purchase_id[SESSION_UUID_SIZE];
    char room_id[SESSION_ID_SIZE];
    char meter_id[SESSION_ID_SIZE];
    struct money amount;
    enum session_wallet wallet;
    bool accept_offline;
    bool accept_open_elsewhere;
    bool assist;                        /* large mode: the server gives the code more time */
    char card_session[SESSION_ID_SIZE]; /* empty, or the card that will carry it */
};

struct session_effect {
    enum session_effect_kind kind;
    uint32_t serial; /* to be repeated by the answer */
    char text[SESSION_ID_SIZE];
    char id[SESSION_UUID_SIZE];
    uint64_t version;
    enum session_sound sound;
    enum session_poll poll;
    uint32_t number;  /* of a card's laying */
    bool card_unsure; /* of a slip: what was bought may be on its card already */
    union {
        struct session_create create;
        struct session_card_write write;
        struct session_card_result result;
    };
};

enum { SESSION_EFFECTS_MAX = 10 /* the longest list: the next card on a paid page, 8 */ };

struct session_effects {
    struct session_effect list[SESSION_EFFECTS_MAX];
    size_t count;
};

#endif
