/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SHILLING_CORE_SESSION_EVENT_H
#define SHILLING_CORE_SESSION_EVENT_H

/*
 * What can happen to a session: a touch that the screens turned into an action, a tick of the
 * clock, an answer of the server, news of printer and network. Answers carry the serial of the
 * effect that asked; an answer to an older question changes nothing.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/session/card.h"
#include "core/session/model.h"

/* What a control on the screen means. `value` of the touch is named in the comment. */
enum session_action {
    SESSION_ACTION_NONE,
    SESSION_ACTION_START,        /* attract: any touch */
    SESSION_ACTION_HOME,         /* to the first page */
    SESSION_ACTION_BACK,         /* one page back */
    SESSION_ACTION_TOP_UP,       /* tile "scan top-up": to S2 */
    SESSION_ACTION_QUERY,        /* tile "query meter": to S2 */
    SESSION_ACTION_CARD,         /* tile "card top-up" */
    SESSION_ACTION_FIND_ORDER,   /* tile "find order, reprint" */
    SESSION_ACTION_LANGUAGE,     /* value: enum session_language */
    SESSION_ACTION_LARGE,        /* toggles */
    SESSION_ACTION_CONTRAST,     /* toggles */
    SESSION_ACTION_SOUND,        /* next volume, 0..3 round */
    SESSION_ACTION_HELP,         /* opens the help sheet */
    SESSION_ACTION_CLOSE,        /* closes the overlay, changes nothing else */
    SESSION_ACTION_GROUP,        /* value: index into rooms.groups (building or unit) */
    SESSION_ACTION_ROOM,         /* value: index into rooms.rooms */
    SESSION_ACTION_PAGE,         /* value: page index */
    SESSION_ACTION_KEYPAD,       /* S2: switch to the keypad */
    SESSION_ACTION_DIGIT,        /* value: 0..9 */
    SESSION_ACTION_DOUBLE_ZERO,  /* S3b */
    SESSION_ACTION_ERASE,        /* the last digit */
    SESSION_ACTION_CLEAR,        /* all digits */
    SESSION_ACTION_AMOUNT,       /* value: index into profile.amounts */
    SESSION_ACTION_OTHER,        /* to S3b */
    SESSION_ACTION_CONFIRM,      /* the primary button of the page or of the overlay */
    SESSION_ACTION_REFRESH,      /* S3: read the meter again */
    SESSION_ACTION_WALLET,       /* value: enum session_wallet */
    SESSION_ACTION_CANCEL,       /* S4: asks (opens the overlay) */
    SESSION_ACTION_MORE_TIME,    /* S4 */
    SESSION_ACTION_PRINT,        /* print, or print again */
    SESSION_ACTION_RECEIPT_CODE, /* show the receipt's code */
    SESSION_ACTION_FINISH,       /* result pages: done */
    SESSION_ACTION_ORDER,        /* value: index into found.orders */
    SESSION_ACTION_CONTINUE,     /* idle prompt: I am still here */
    SESSION_ACTION_END,          /* idle prompt: end now */
    SESSION_ACTION_COUNT
};

enum session_event_kind {
    SESSION_EVENT_TICK,         /* time has passed */
    SESSION_EVENT_TOUCH,        /* .touch */
    SESSION_EVENT_TOUCH_DEAD,   /* touched where nothing is: counts as presence only */
    SESSION_EVENT_BOOT,         /* .boot: the journal has been read */
    SESSION_EVENT_PROFILE,      /* .profile */
    SESSION_EVENT_ROOMS,        /* .rooms, or failed */
    SESSION_EVENT_METER,        /* .meter */
    SESSION_EVENT_READING,      /* .reading */
    SESSION_EVENT_ORDER,        /* .order: a view; also the answer to create, cancel, more-time */
    SESSION_EVENT_REFUSED,      /* .refused: the answer to create or more-time */
    SESSION_EVENT_FOUND_ORDERS, /* .found */
    SESSION_EVENT_FAILED,       /* .failed: a question got no answer */
    SESSION_EVENT_ONLINE,       /* .online */
    SESSION_EVENT_PRINTER,      /* .printer */
    SESSION_EVENT_READER,       /* .reader */
    SESSION_EVENT_RECEIPT,      /* .receipt: what became of a print */
    SESSION_EVENT_SERVICE,      /* .service */
    SESSION_EVENT_CARD,         /* .card: what lies on the reader now */
    SESSION_EVENT_CARD_VIEW,    /* .card_view: the answer to CARD_OPEN */
    SESSION_EVENT_CARD_FAILED,  /* .card_failed: the other answer to CARD_OPEN and CARD_ASK */
    SESSION_EVENT_CARD_TOKEN,   /* .card_write: after a view that has one, and after CARD_ASK */
    SESSION_EVENT_CARD_RESULT,  /* .card_result: of a CARD_WRITE */
    SESSION_EVENT_CARD_TOLD,    /* .card_told: the server has the result of this write */
    SESSION_EVENT_COUNT
};

/* The codes with which the server refuses (protocol/MESSAGES.md, section 1). */
enum session_refusal {
    SESSION_REFUSAL_OTHER,
    SESSION_REFUSAL_METER_SILENT,   /* may be asked again with accept_offline */
    SESSION_REFUSAL_SILENT_REFUSED, /* the site does not sell to a silent meter */
    SESSION_REFUSAL_OPEN_ELSEWHERE,
    SESSION_REFUSAL_METER_BLOCKED,
    SESSION_REFUSAL_SALE_REFUSED,
    SESSION_REFUSAL_AMOUNT,
    SESSION_REFUSAL_PAYMENTS_CLOSED,
    SESSION_REFUSAL_CHANNEL, /* this wallet alone does not work */
    SESSION_REFUSAL_DISK_FULL,
    SESSION_REFUSAL_NO_MORE_TIME,
    SESSION_REFUSAL_PURCHASE_PAID, /* by an earlier attempt: look at that one */
    SESSION_REFUSAL_NOT_FOUND,
    SESSION_REFUSAL_CARD,              /* the card cannot be topped up now */
    SESSION_REFUSAL_CARD_SESSION_OVER, /* it must be read again */
    SESSION_REFUSAL_COUNT
};

enum session_service { SESSION_SERVICE_OPEN, SESSION_SERVICE_MAINTENANCE, SESSION_SERVICE_OUT };

struct session_event {
    enum session_event_kind kind;
    int64_t now_ms;  /* monotonic */
    int64_t wall_s;  /* for records only; decides nothing */
    uint32_t serial; /* answers: the serial of the effect that asked */
    union {
        struct {
            enum session_action action;
            uint32_t value;
            /* Fresh numbers made by the shell, used if the touch starts something. */
            char ids[2][SESSION_UUID_SIZE];
        } touch;
        struct {
            bool order_open; /* the journal holds an order that is not settled */
            char client_request_id[SESSION_UUID_SIZE];
            char order_no[SESSION_ORDER_NO_SIZE]; /* may be empty: created, answer not seen */
            int64_t age_ms; /* since it was begun, as far as the clocks know */
        } boot;
        const struct session_profile *profile; /* borrowed for the call, as all pointers here */
        const struct session_rooms *rooms;
        const struct session_meter *meter;
        const struct session_reading *reading; /* without asked_ms: the session keeps its own */
        const struct session_order *order;     /* qr_until_ms and seen_ms in this clock */
        const struct session_found_orders *found;
        struct {
            enum session_refusal code;
            const char *text;                       /* the server's words, may be NULL */
            enum session_card_trouble card_trouble; /* of SESSION_REFUSAL_CARD; FINE: not told */
        } refused;
        struct {
            uint8_t effect_kind; /* enum session_effect_kind that could not be answered */
        } failed;
        bool online;
        enum session_printer printer;
        enum session_reader reader;
        struct {
            enum session_receipt state;
            char job_id[SESSION_UUID_SIZE]; /* of the PRINT that this is the verdict on */
            uint8_t copy;
            const char *url; /* status page of the receipt, may be NULL */
        } receipt;
        enum session_service service;
        struct {
            enum session_pad pad;
            uint32_t number;
            char uid[SESSION_UID_SIZE];
            enum session_card_family family;
            char id[SESSION_UUID_SIZE]; /* a fresh number made by the shell */
        } card;
        const struct session_card_view *card_view;
        struct {
            enum session_card_trouble trouble;
            const char *text; /* the server's words, may be NULL */
        } card_failed;
        const struct session_card_write *card_write;
        const struct session_card_result *card_result;
        struct {
            char id[SESSION_UUID_SIZE];
            bool written; /* the server has found the token in both slots */
        } card_told;
    };
};

#endif
