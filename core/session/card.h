/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SHILLING_CORE_SESSION_CARD_H
#define SHILLING_CORE_SESSION_CARD_H

/*
 * What a session knows of the card reader and of one card (docs/screens.md). Plain values, as in
 * model.h: the sector keys and authorisations of a write are not among them, they stay with the
 * thread that talks to the reader. A card is known by its UID in capital hex digits; `number` is
 * the reader's own count of layings, so that a card that was lifted and laid again is another one.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/money.h"
#include "core/session/model.h"

enum {
    SESSION_CARD_TOKEN_SIZE = 97, /* 48 bytes in hex; empty where commands are relayed */
};

/* How the reader looks for cards. */
enum session_poll {
    SESSION_POLL_OFF,
    SESSION_POLL_IDLE,   /* nobody is expected to lay one now */
    SESSION_POLL_ACTIVE, /* somebody is asked to */
    SESSION_POLL_COUNT
};

enum session_card_family {
    SESSION_CARD_CLASSIC,
    SESSION_CARD_ISO,     /* DESFire and CPU cards */
    SESSION_CARD_PHONE,   /* a phone or a bank card that emulates one */
    SESSION_CARD_UNKNOWN, /* nothing that could be a meter's card */
    SESSION_CARD_FAMILY_COUNT
};

/* What lies on the reader. */
enum session_pad { SESSION_PAD_EMPTY, SESSION_PAD_CARD, SESSION_PAD_TWO, SESSION_PAD_COUNT };

/* Why a card cannot go on: what people are told, in their words. */
enum session_card_trouble {
    SESSION_CARD_FINE,
    SESSION_CARD_TWO,          /* more than one in the field (E17) */
    SESSION_CARD_IS_PHONE,     /* E17 */
    SESSION_CARD_NOT_OURS,     /* no card of a meter, or of somebody else's meters */
    SESSION_CARD_LEFT_EARLY,   /* lifted before it was read or written */
    SESSION_CARD_OTHER,        /* not the card that was laid before */
    SESSION_CARD_READER,       /* the reader is being repaired (E16) */
    SESSION_CARD_BLOCKED,      /* by the operator */
    SESSION_CARD_LOST,         /* reported as lost */
    SESSION_CARD_REPLACED,     /* there is a newer card for this meter */
    SESSION_CARD_OTHER_SITE,   /* ours, but of another site */
    SESSION_CARD_BLANK,        /* ours, no account was opened on it */
    SESSION_CARD_DAMAGED,      /* cannot be read or written any more */
    SESSION_CARD_FORGED,       /* what is on it was not written by us */
    SESSION_CARD_RETURN_CASE,  /* a purchase of it is being taken back */
    SESSION_CARD_NOT_LOADED,   /* the purchase before is not in the meter yet */
    SESSION_CARD_FULL,         /* the meter can take no more */
    SESSION_CARD_REFUSED,      /* the server's own words say why */
    SESSION_CARD_NETWORK,      /* the server did not answer */
    SESSION_CARD_SESSION_OVER, /* it must be read again */
    SESSION_CARD_NOT_PAID,     /* the server does not know of the payment yet */
    SESSION_CARD_EXPIRED,      /* the authorisation was not accepted: a new one is to be asked */
    SESSION_CARD_DISK,         /* the journal cannot be written: nothing was begun */
    SESSION_CARD_TROUBLE_COUNT
};

enum session_loaded {
    SESSION_LOADED_NEVER, /* nothing was ever bought on it */
    SESSION_LOADED_YES,   /* the last purchase is in the meter */
    SESSION_LOADED_NO,    /* not yet */
    SESSION_LOADED_COUNT
};

/* What the server says of a card that was read. */
struct session_card_view {
    char session_id[SESSION_ID_SIZE];
    char uid[SESSION_UID_SIZE];
    enum session_card_trouble trouble; /* FINE: it may be topped up, or is written at once */
    char trouble_text[SESSION_TEXT_SIZE];
    bool has_write;  /* credit is owed on it, or a slot is bad: a token follows, unpaid */
    bool repair;     /* nothing is owed: what was written before is written again */
    bool takes_back; /* a repair by which the meter gives a top-up back: then to the office */
    char owed_order_no[SESSION_ORDER_NO_SIZE]; /* empty, or what is to be finished */
    struct money owed;
    char room_id[SESSION_ID_SIZE];
    char meter_id[SESSION_ID_SIZE];
    char place[SESSION_PLACE_SIZE];
    char customer[SESSION_NAME_SIZE];
    char meter_tail[SESSION_LABEL_SIZE];
    bool balance_known; /* of the meter when it last took this card */
    struct money balance;
    int64_t balance_at;
    enum session_loaded loaded;
    bool headroom_known; /* what the meter can still take */
    struct money headroom;
    struct money last_top_up;
    int64_t last_top_up_at; /* 0: none known */
};

/* One write: the token of one order for one card. `id` is its number everywhere. */
struct session_card_write {
    char id[SESSION_UUID_SIZE];
    char order_no[SESSION_ORDER_NO_SIZE];
    char uid[SESSION_UID_SIZE];
    char token[SESSION_CARD_TOKEN_SIZE];
    struct money amount;
};

enum session_card_outcome {
    SESSION_CARD_DONE,     /* read back after a field reset, and equal */
    SESSION_CARD_NOT_DONE, /* proved: no byte of it was changed */
    SESSION_CARD_UNSURE,
    SESSION_CARD_OUTCOME_COUNT
};

/* How a write ended; what was read back stays with the shell, which journals and tells it. */
struct session_card_result {
    char id[SESSION_UUID_SIZE]; /* of the write */
    char order_no[SESSION_ORDER_NO_SIZE];
    enum session_card_outcome outcome;
    enum session_card_trouble trouble; /* unless DONE */
};

/* How far one card has come. */
enum session_card_stage {
    SESSION_CARD_STAGE_NONE,
    SESSION_CARD_STAGE_WAITING, /* for a card to be laid */
    SESSION_CARD_STAGE_READING,
    SESSION_CARD_STAGE_KNOWN,      /* its page */
    SESSION_CARD_STAGE_RETRY,      /* the same step once more, in a moment */
    SESSION_CARD_STAGE_ASKING,     /* the server for the token of a paid order */
    SESSION_CARD_STAGE_WRITING,    /* journalled, and with the reader */
    SESSION_CARD_STAGE_CONFIRMING, /* written; the server has not said so yet */
    SESSION_CARD_STAGE_LEFT,       /* given up here: owed, and resumed by laying it again */
    SESSION_CARD_STAGE_COUNT
};

struct session_card {
    enum session_card_stage stage;
    enum session_pad pad;
    uint32_t number; /* of the card on the pad */
    char uid[SESSION_UID_SIZE];
    enum session_card_family family;
    char paper_id[SESSION_UUID_SIZE]; /* for the slip of an order that was not begun here */
    uint32_t opened_number; /* the laying that was noticed last: not read again by itself */
    bool two_noticed;       /* the same for two cards at once, which have no number */

    struct session_card_view view; /* session_id empty: no card is known */
    enum session_card_trouble trouble;
    char trouble_text[SESSION_TEXT_SIZE];
    bool owed;                       /* the order was paid before, and is finished without paying */
    bool repair;                     /* nothing was owed, a damaged slot is written again */
    bool takes_back;                 /* of a repair: the meter is to give a top-up back */
    bool written;                    /* the reader has read it back, or the server found it */
    bool unsure;                     /* what was begun may be on it; nobody has read it since */
    bool proved;                     /* the server has found it in what was read */
    struct session_card_write write; /* the newest one of this order */
    uint32_t tries;         /* of reading it before there is an order, then of writing it */
    int64_t tries_until_ms; /* 0, or the end of further tries */
    int64_t give_up_ms;     /* 0, or when this step is given up: the ring of "lay it back" */
    int64_t give_up_total_ms;
    int64_t retry_ms;       /* 0, or when the step is begun again */
    int64_t remind_ms;      /* 0, or when a sound asks for the card, or to take it */
    enum session_poll poll; /* as last told to the reader */
};

#endif
