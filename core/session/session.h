/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SHILLING_CORE_SESSION_SESSION_H
#define SHILLING_CORE_SESSION_SESSION_H

/*
 * The kiosk's session: one value that holds everything a screen shows. session_apply() is the only
 * writer; it takes what happened and gives back what to do, and does nothing itself. The screens
 * (kiosk/screens) are pure functions of it, so the same session always draws the same picture.
 *
 * The order it shows is the server's. The session never concludes that money arrived or that a
 * meter was credited: it copies the order view and chooses words for it.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/session/card.h"
#include "core/session/effect.h"
#include "core/session/event.h"
#include "core/session/model.h"

enum session_screen {
    SESSION_SCREEN_START,       /* first frame: before journal and network are open */
    SESSION_SCREEN_ATTRACT,     /* S0 */
    SESSION_SCREEN_HOME,        /* S1; offline: E1 with its tiles greyed */
    SESSION_SCREEN_FIND,        /* S2 */
    SESSION_SCREEN_METER,       /* S3 */
    SESSION_SCREEN_AMOUNT,      /* S3b */
    SESSION_SCREEN_WALLET,      /* amount known, which wallet */
    SESSION_SCREEN_PAY,         /* S4, S4b; before the code is there: a spinner */
    SESSION_SCREEN_CHECKING,    /* CLOSING: asked to cancel, or the window is over */
    SESSION_SCREEN_CLOSED,      /* not paid */
    SESSION_SCREEN_CREDITING,   /* S5: PAID, CREDITING */
    SESSION_SCREEN_SLOW,        /* S6-slow: CREDITING for longer than 45 s (assist 90 s) */
    SESSION_SCREEN_DONE,        /* S6 */
    SESSION_SCREEN_REFUND,      /* REFUND_DUE, REFUNDING */
    SESSION_SCREEN_REFUNDED,    /* REFUNDED */
    SESSION_SCREEN_REVIEW,      /* REVIEW */
    SESSION_SCREEN_PROBLEM,     /* nothing was taken; `problem` says why */
    SESSION_SCREEN_ORDERS,      /* find an order again by the end of its number */
    SESSION_SCREEN_CARD_PLACE,  /* B1: lay the card; while it is read */
    SESSION_SCREEN_CARD,        /* B2: one card and how much */
    SESSION_SCREEN_CARD_BACK,   /* paid: lay the same card (again) */
    SESSION_SCREEN_CARD_WRITE,  /* B4: leave it there */
    SESSION_SCREEN_CARD_DONE,   /* B5: on the card; take it */
    SESSION_SCREEN_CARD_OWED,   /* paid and not on the card: a slip, and any machine finishes it */
    SESSION_SCREEN_MAINTENANCE, /* service door, field engineer (E22) */
    SESSION_SCREEN_OUT_OF_SERVICE,
    SESSION_SCREEN_COUNT
};

enum session_overlay {
    SESSION_OVERLAY_NONE,
    SESSION_OVERLAY_IDLE,           /* the whole screen is "continue" */
    SESSION_OVERLAY_CANCEL,         /* E6: leave the code? */
    SESSION_OVERLAY_HELP,           /* phone and what to do */
    SESSION_OVERLAY_NO_PRINTER,     /* E13: go on without paper? */
    SESSION_OVERLAY_METER_OFFLINE,  /* E9: 409 meter_silent, may be repeated with accept_offline */
    SESSION_OVERLAY_OPEN_ELSEWHERE, /* E23 */
    SESSION_OVERLAY_RECEIPT_CODE,   /* E14: the receipt's code instead of paper */
    SESSION_OVERLAY_COUNT
};

/* Why SESSION_SCREEN_PROBLEM is on: in every one of them no money was taken. */
enum session_problem {
    SESSION_PROBLEM_NONE,
    SESSION_PROBLEM_NETWORK,         /* the server cannot be reached */
    SESSION_PROBLEM_CHANNEL,         /* E5: this wallet's channel does not work; offer the other */
    SESSION_PROBLEM_METER_UNKNOWN,   /* E10 */
    SESSION_PROBLEM_METER_SILENT,    /* E9, and the site does not sell while a meter is silent */
    SESSION_PROBLEM_METER_BLOCKED,   /* an earlier top-up of this meter is not settled yet */
    SESSION_PROBLEM_SALE_REFUSED,    /* this meter cannot be topped up; `problem_text` */
    SESSION_PROBLEM_AMOUNT,          /* out of range */
    SESSION_PROBLEM_PAYMENTS_CLOSED, /* E19; `problem_text` */
    SESSION_PROBLEM_SERVER,          /* any other refusal */
    SESSION_PROBLEM_ORDER_NOT_FOUND,
    SESSION_PROBLEM_CARD, /* `card.trouble` says which */
    SESSION_PROBLEM_COUNT
};

/* How S2 asks. GRID: all rooms at once (24 at most). */
enum session_find_step {
    SESSION_FIND_LOADING,
    SESSION_FIND_GRID,
    SESSION_FIND_BUILDINGS,
    SESSION_FIND_UNITS,
    SESSION_FIND_ROOMS,
    SESSION_FIND_KEYPAD, /* entry; `rooms` then holds the matches of `searched` */
    SESSION_FIND_STEP_COUNT
};

enum {
    SESSION_FIND_GRID_MAX = 24,  /* tiles on one page */
    SESSION_FIND_DIGITS_MIN = 3, /* matches are shown from here on */
};

struct session_find {
    enum session_find_step step;
    struct session_rooms rooms;
    size_t group_idx; /* UNITS: a group of the chosen building; ROOMS: the chosen group */
    size_t page_idx;  /* pages of SESSION_FIND_GRID_MAX tiles */
    char entry[SESSION_ENTRY_SIZE];
    char searched[SESSION_ENTRY_SIZE]; /* what `rooms` answers; empty: all rooms */
    bool waiting;                      /* a request is under way */
    bool failed;                       /* the last request could not be answered */
};

struct session_found_orders {
    struct session_order orders[SESSION_ORDERS_MAX]; /* newest first */
    size_t count;
    bool loaded;  /* `orders` answers the digits that are keyed in */
    bool waiting; /* a request is under way */
    bool limited; /* too many numbers were tried here: again in a minute */
};

/* Chosen by the user, forgotten at the end of the session. */
struct session_comfort {
    enum session_language language;
    bool large;     /* assist: larger, slower, no automatic ends for 60 s */
    bool contrast;  /* high contrast */
    uint8_t volume; /* 0 (off) .. 3 */
};

struct session {
    enum session_screen screen;
    uint32_t screen_serial; /* another number for each change of screen or overlay */
    int64_t screen_since_ms;
    int64_t screen_until_ms; /* 0, or when this page ends by itself: its ring */
    int64_t screen_total_ms; /* the ring's whole */
    enum session_overlay overlay;
    int64_t overlay_until_ms; /* 0, or when the prompt runs out */
    int64_t overlay_total_ms;
    enum session_problem problem;
    char problem_text[SESSION_TEXT_SIZE];

    bool online; /* the server answered lately; false: banner, E1..E3 */
    enum session_printer printer;
    enum session_reader reader;
    struct session_profile profile;
    struct session_comfort comfort;

    struct session_find find;
    bool room_waiting; /* METER: GET rooms/{id} is under way; `meter` is not filled yet */
    struct session_meter meter;
    struct session_reading reading;
    struct money amount;                   /* chosen, or being typed; 0 = none yet */
    char amount_entry[SESSION_ENTRY_SIZE]; /* S3b: whole yuan as typed */
    enum session_wallet wallet;
    bool no_paper_accepted; /* E13 was answered with "continue" */

    struct session_order order;
    bool order_waiting;  /* a create is under way: spinner, "slow" after 8 s */
    bool order_stale;    /* newest view older than 10 s: no QR, no promise */
    bool order_asked;    /* cancel or more-time is under way: its button is resting */
    bool order_reopened; /* found again (reboot, find order): the page says so */
    enum session_receipt receipt;
    uint8_t receipt_copy;
    char receipt_url[SESSION_URL_SIZE]; /* for the code on screen; empty: none */
    struct session_found_orders found;
    struct session_card card;

    int64_t touched_ms; /* the last touch: idle times count from here */

    /* Private to session.c: what it waits for. Screens do not look here. */
    struct session_intent {
        char client_request_id[SESSION_UUID_SIZE];
        char purchase_id[SESSION_UUID_SIZE];
        bool accept_offline;
        bool accept_open_elsewhere;
        bool started;
        /* The print job of the slip (pending, refund, review); that of the receipt for a credited
         * order is the client_request_id itself, so neither is ever printed twice by itself. */
        char slip_id[SESSION_UUID_SIZE];
        char print_id[SESSION_UUID_SIZE]; /* the newest print job: verdicts of others are not its */
        /* An order that is looked for by its number: the journal's after a start, or the attempt
         * of this purchase that was paid. While it stands, the page neither ends nor settles. */
        char boot_id[SESSION_UUID_SIZE];
        int64_t look_until_ms; /* ... but not beyond this */
        int64_t retry_ms;      /* ask the server again then; 0: nothing to ask */
        bool unheard;          /* CHECKING, and the server has not said why yet */
        bool qr_seen;          /* this order's code was on the screen */
        bool qr_prompted;      /* the end of its time was sounded */
        /* Earlier attempts of this purchase that reached the server, oldest first. */
        char earlier_ids[SESSION_ATTEMPTS_MAX][SESSION_UUID_SIZE];
        size_t earlier_count;
    } intent;
    int64_t began_ms;        /* first touch of this user */
    int64_t paid_seen_ms;    /* PAID first seen: 45 s to the slow page */
    int64_t news_ms;         /* last answer about the open order */
    uint32_t request_serial; /* answers to older questions are dropped */
};

/** A session before anything is known: START, zh-CN, volume 1. Blocks: no. Allocates: no. */
void session_init(struct session *ret_session, int64_t now_ms);

/**
 * Take one event; write what is to be done to @p ret_effects (from 0 to SESSION_EFFECTS_MAX).
 *
 * @param session  changed in place; the caller is its only owner
 * @param event    borrowed for the call; its now_ms never goes back
 * Blocks: no. Allocates: no.
 */
void session_apply(struct session *session, const struct session_event *event,
                   struct session_effects *ret_effects);

/**
 * When the session needs a SESSION_EVENT_TICK next, in monotonic ms; INT64_MAX: never by itself.
 * Blocks: no. Allocates: no.
 */
int64_t session_next_deadline_ms(const struct session *session);

/**
 * False if this amount cannot be sold on the card of this session (or on no card) now.
 * Blocks: no. Allocates: no.
 */
bool session_card_takes(const struct session *session, struct money amount);

/**
 * True if something is to be bought for a card, and no reader can write it now.
 * Blocks: no. Allocates: no.
 */
bool session_card_is_out_of_reach(const struct session *session);

/**
 * True if what lies on the reader is the card that was written here: on the page of an order of
 * another day whatever lies there is left alone. Blocks: no. Allocates: no.
 */
bool session_card_is_to_take(const struct session *session);

/**
 * True between payment and result: no idle end, no reboot, no restart of the screen.
 * Blocks: no. Allocates: no.
 */
bool session_is_busy(const struct session *session);

/**
 * True while nothing is known that belongs to a person (a room, a meter, an order, anything keyed
 * in): what is drawn then may be remembered when he has gone.
 * Blocks: no. Allocates: no.
 */
bool session_is_nobodys(const struct session *session);

#endif
