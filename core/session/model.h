/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SHILLING_CORE_SESSION_MODEL_H
#define SHILLING_CORE_SESSION_MODEL_H

/*
 * What a session knows of the world: the terminal's profile, the rooms, one meter and its reading,
 * one order. Plain values copied out of the server's answers (protocol/MESSAGES.md, section 1),
 * with nothing that points anywhere, so that a session can be compared, stored and wiped whole.
 * Texts are UTF-8 with a NUL; an empty text means "not told". `*_ms` are monotonic milliseconds of
 * this terminal, `*_at` seconds since 1970 UTC as the server gave them; 0 means "not told".
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/money.h"

enum {
    SESSION_ID_SIZE = 65,         /* ids of the server: at most 64 characters */
    SESSION_UUID_SIZE = 37,       /* idempotency numbers (common/id.h) */
    SESSION_ORDER_NO_SIZE = 33,   /* 6..32 of [A-Za-z0-9_]: the wallets' limit */
    SESSION_PLACE_SIZE = 97,      /* building, unit and room in words, and longer ones */
    SESSION_NAME_SIZE = 65,       /* company, site, masked customer */
    SESSION_LABEL_SIZE = 33,      /* building, unit, room */
    SESSION_PHONE_SIZE = 25,      /* digits, '-', '+', blanks */
    SESSION_NOTICE_SIZE = 241,    /* one notice line */
    SESSION_TEXT_SIZE = 241,      /* a reason in the server's words */
    SESSION_QUANTITY_SIZE = 25,   /* decimal text of a reading: "8412.57" */
    SESSION_UNIT_SIZE = 9,        /* "kWh", "m3" */
    SESSION_ADDRESS_SIZE = 25,    /* meter address as printed on it */
    SESSION_PROTOCOL_SIZE = 25,   /* "DL/T 645-2007" */
    SESSION_QR_SIZE = 257,        /* the wallets' URLs are below 128; a margin for signed ones */
    SESSION_TRADE_NO_SIZE = 65,   /* the provider's number */
    SESSION_ROOMS_MAX = 240,      /* one page of /rooms */
    SESSION_GROUPS_MAX = 64,      /* (building, unit) pairs in one page */
    SESSION_AMOUNTS_MAX = 5,      /* amount tiles beside "other" */
    SESSION_DAYS_MAX = 14,        /* bars on the meter page */
    SESSION_ENTRY_SIZE = 13,      /* what can be keyed in: 12 digits, a meter's full number */
    SESSION_ORDERS_MAX = 8,       /* orders of this terminal that may be found again */
    SESSION_ORDER_TAIL_COUNT = 6, /* digits of an order number that find it */
    SESSION_ATTEMPTS_MAX = 4,     /* earlier attempts kept in mind; only a newest one can be live */
    SESSION_URL_SIZE = 129,
    SESSION_UID_SIZE = 21,   /* a card's number: at most ten bytes in hex */
    SESSION_CLAIM_SIZE = 13, /* what finds an unfinished card order again */
};

enum session_language { SESSION_LANGUAGE_ZH, SESSION_LANGUAGE_EN, SESSION_LANGUAGE_COUNT };

enum session_wallet {
    SESSION_WALLET_NONE,
    SESSION_WALLET_ALIPAY,
    SESSION_WALLET_WECHAT,
    SESSION_WALLET_COUNT
};

enum session_utility { SESSION_ELECTRICITY, SESSION_WATER, SESSION_UTILITY_COUNT };

enum session_relay {
    SESSION_RELAY_UNKNOWN,
    SESSION_RELAY_CLOSED,  /* supply on, read from the relay itself */
    SESSION_RELAY_OPEN,    /* cut off */
    SESSION_RELAY_CLOSING, /* paid, being switched on */
    SESSION_RELAY_COUNT
};

/* The state of the printer as printd tells it; NONE = no printer is configured here. */
enum session_printer {
    SESSION_PRINTER_NONE,
    SESSION_PRINTER_READY,
    SESSION_PRINTER_NEAR_END, /* E12: alarm to the field, nothing for the user */
    SESSION_PRINTER_PAPER_OUT,
    SESSION_PRINTER_COVER_OPEN,
    SESSION_PRINTER_ERROR,
    SESSION_PRINTER_OFFLINE, /* printd or the device does not answer */
    SESSION_PRINTER_COUNT
};

enum session_reader {
    SESSION_READER_NONE, /* no card reader here: the tile says "not available at this machine" */
    SESSION_READER_READY,
    SESSION_READER_ERROR, /* E16: under maintenance */
    SESSION_READER_COUNT
};

/* GET /v1/terminal/profile. `known` is false until the first answer (or its stored copy). */
struct session_profile {
    bool known;
    char terminal_name[SESSION_NAME_SIZE];
    char company[SESSION_NAME_SIZE];
    char site[SESSION_NAME_SIZE]; /* with the terminal's own name: where one stands */
    char phone[SESSION_PHONE_SIZE];
    char notice[SESSION_NOTICE_SIZE];
    struct money amounts[SESSION_AMOUNTS_MAX];
    size_t amount_count;
    struct money amount_min;
    struct money amount_max;
    bool wallets[SESSION_WALLET_COUNT]; /* indexed by enum session_wallet */
    bool receipt_auto;
    bool payments_open;                      /* false: licence or operator, E19 */
    char payments_reason[SESSION_TEXT_SIZE]; /* the server's words, may be empty */
    uint64_t version;
};

struct session_room {
    char id[SESSION_ID_SIZE];
    char label[SESSION_LABEL_SIZE];
    char meter_tail[SESSION_LABEL_SIZE];
    enum session_utility utility;
};

/* Rooms [first, first + count) of one building and unit; groups of one building are neighbours. */
struct session_group {
    char building[SESSION_LABEL_SIZE];
    char unit[SESSION_LABEL_SIZE]; /* empty: the building has no units */
    size_t first;
    size_t count;
};

struct session_rooms {
    struct session_room rooms[SESSION_ROOMS_MAX];
    size_t room_count;
    struct session_group groups[SESSION_GROUPS_MAX];
    size_t group_count;
    uint32_t total; /* of the site (or of the search), may be more than room_count */
};

struct session_day {
    char day[11];                       /* "2026-11-20" */
    char amount[SESSION_QUANTITY_SIZE]; /* decimal text in usage_unit; empty = not known */
};

/* GET /v1/terminal/rooms/{room_id}: who and what; the balance is in struct session_reading. */
struct session_meter {
    char room_id[SESSION_ID_SIZE];
    char meter_id[SESSION_ID_SIZE];
    char place[SESSION_PLACE_SIZE];
    char customer[SESSION_NAME_SIZE]; /* masked by the server */
    char address[SESSION_ADDRESS_SIZE];
    char tail[SESSION_LABEL_SIZE];
    char protocol[SESSION_PROTOCOL_SIZE];
    enum session_utility utility;
    bool balance_in_meter; /* false: the balance is in the cloud */
    bool sale_open;
    bool sale_blocked; /* an earlier top-up of it is not settled yet */
    char sale_reason[SESSION_TEXT_SIZE];
    int64_t price_e4_yuan; /* of a unit, in 0.0001 yuan */
    struct money alarm;
    struct money arrears; /* > 0: E11, shown before the QR */
    bool days_left_known;
    uint32_t days_left;
    char usage_unit[SESSION_UNIT_SIZE];
    struct session_day days[SESSION_DAYS_MAX]; /* oldest first; the last one is today */
    size_t day_count;
    char usage_today[SESSION_QUANTITY_SIZE];
    char usage_month[SESSION_QUANTITY_SIZE];
    char usage_total[SESSION_QUANTITY_SIZE];
    char usage_average[SESSION_QUANTITY_SIZE];
    struct money last_top_up;
    int64_t last_top_up_at; /* 0: none known */
    bool open_elsewhere;    /* E23 */
};

enum session_reading_state {
    SESSION_READING_NONE,    /* nothing asked yet */
    SESSION_READING_WAITING, /* asked; an older value may be shown with its age */
    SESSION_READING_LIVE,    /* just read from the meter */
    SESSION_READING_STORED,  /* the meter did not answer: an older value, or none at all */
    SESSION_READING_COUNT
};

enum session_reading_reason {
    SESSION_REASON_NONE,
    SESSION_REASON_METER_SILENT,
    SESSION_REASON_COLLECTOR_OFFLINE,
    SESSION_REASON_BUSY,
    SESSION_REASON_NETWORK, /* this terminal could not ask */
    SESSION_REASON_COUNT
};

struct session_reading {
    enum session_reading_state state;
    enum session_reading_reason reason; /* for STORED */
    bool balance_known;
    struct money balance; /* may be negative: debt */
    char energy[SESSION_QUANTITY_SIZE];
    char energy_unit[SESSION_UNIT_SIZE];
    char voltage[SESSION_QUANTITY_SIZE]; /* V; empty = not read */
    char current[SESSION_QUANTITY_SIZE]; /* A */
    char power[SESSION_QUANTITY_SIZE];   /* kW */
    enum session_relay relay;
    int64_t read_at;
    int64_t age_ms;     /* of the value when it arrived */
    int64_t arrived_ms; /* when it arrived here; the age on screen grows from this */
    int64_t asked_ms;
    int64_t took_ms;
};

/* The eleven states of an order, as the server names them (docs/money.md, "Orders"). */
enum session_order_state {
    SESSION_ORDER_NEW,
    SESSION_ORDER_WAIT_PAY,
    SESSION_ORDER_CLOSING,
    SESSION_ORDER_CLOSED,
    SESSION_ORDER_PAID,
    SESSION_ORDER_CREDITING,
    SESSION_ORDER_DONE,
    SESSION_ORDER_REFUND_DUE,
    SESSION_ORDER_REFUNDING,
    SESSION_ORDER_REFUNDED,
    SESSION_ORDER_REVIEW,
    SESSION_ORDER_STATE_COUNT
};

enum session_stage {
    SESSION_STAGE_NONE,
    SESSION_STAGE_NOTHING_SENT,
    SESSION_STAGE_SENT,
    SESSION_STAGE_DELIVERED,
    SESSION_STAGE_VOID,
    SESSION_STAGE_COUNT
};

/* The order view of the server. */
struct session_order {
    char order_no[SESSION_ORDER_NO_SIZE]; /* empty: none yet */
    char client_request_id[SESSION_UUID_SIZE];
    uint64_t version;
    enum session_order_state state;
    enum session_stage stage;
    enum session_wallet wallet;
    struct money amount;
    struct money paid;
    char place[SESSION_PLACE_SIZE];
    char meter_tail[SESSION_LABEL_SIZE];
    char meter_address[SESSION_ADDRESS_SIZE];
    char qr_text[SESSION_QR_SIZE]; /* empty: none */
    int64_t qr_until_ms;           /* hide the code then (already 10 s early) */
    int64_t qr_total_ms;           /* the whole window, for the ring; grows with "more time" */
    uint8_t more_time_left;
    bool scanned;
    bool slow; /* the payment channel is slow to answer */
    bool balance_before_known;
    struct money balance_before;
    bool balance_after_known;
    struct money balance_after;
    struct money arrears;
    enum session_relay relay;
    char refund_no[SESSION_TRADE_NO_SIZE];
    struct money refunded;
    char review_reason[SESSION_TEXT_SIZE];
    int64_t created_at;
    int64_t paid_at;
    char trade_no[SESSION_TRADE_NO_SIZE];
    char phone[SESSION_PHONE_SIZE];
    bool by_card;                        /* a card carries it to the meter */
    bool card_waits;                     /* paid, and not on the card yet */
    char card_tail[SESSION_UID_SIZE];    /* the end of that card's number */
    char claim_code[SESSION_CLAIM_SIZE]; /* for the slip of an unfinished one */
    int64_t seen_ms;                     /* when this view arrived */
};

/* What became of the paper of this order. */
enum session_receipt {
    SESSION_RECEIPT_NONE,    /* not asked for */
    SESSION_RECEIPT_OFFERED, /* the button is there */
    SESSION_RECEIPT_PRINTING,
    SESSION_RECEIPT_PRINTED,    /* proved by printd */
    SESSION_RECEIPT_FAILED,     /* paper out and the like: nothing came out, or not all of it */
    SESSION_RECEIPT_UNKNOWN,    /* sent, but not proved */
    SESSION_RECEIPT_NO_PRINTER, /* no printer that works: E13 was answered before */
    SESSION_RECEIPT_HELD,       /* inside the printer: comes out when it is refilled */
    SESSION_RECEIPT_NO_MORE,    /* the server: printed as often as it may be here */
    SESSION_RECEIPT_COUNT
};

#endif
