/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SHILLING_PROTOCOL_RECEIPT_RECEIPT_H
#define SHILLING_PROTOCOL_RECEIPT_RECEIPT_H

#include <stdbool.h>
#include <stdint.h>

#include <jansson.h>

#include "common/compiler.h"
#include "common/money.h"

/*
 * The receipt object of protocol/MESSAGES.md section 3: what the cloud says about an order, for
 * paper. The cloud writes it, the kiosk carries it, printd reads it. Members that are absent are
 * not printed; nothing is made up on the way.
 */

enum {
    RECEIPT_NAME_SIZE = 97, /* merchant, site, title, place: 32 hanzi */
    RECEIPT_NO_SIZE = 65,   /* order, trade and refund numbers; wallets allow 64 */
    RECEIPT_WORD_SIZE = 33, /* terminal, meter address, masked name, phone */
    RECEIPT_URL_SIZE = 257,
    RECEIPT_COUNT_MAX = 99999999, /* purchases: four BCD bytes in the meter */
    RECEIPT_COPY_MAX = 9,
};

/* The dearest unit: 10,000 yuan. */
#define RECEIPT_PRICE_E4_MAX INT64_C(100000000)

/* What the paper says happened to the money: each has its own words. */
enum receipt_kind {
    RECEIPT_CREDITED,       /* read back, or posted: the only kind that may say so */
    RECEIPT_PENDING,        /* paid, not yet proven to be credited */
    RECEIPT_REFUND_ORDERED, /* will go back; never called "refunded" yet */
    RECEIPT_REFUNDED,
    RECEIPT_REVIEW, /* a person is looking into it: no promise */
    RECEIPT_KIND_COUNT
};

enum receipt_service { RECEIPT_ELECTRICITY, RECEIPT_WATER, RECEIPT_SERVICE_COUNT };

enum receipt_channel {
    RECEIPT_CHANNEL_NONE,
    RECEIPT_ALIPAY,
    RECEIPT_WECHAT,
    RECEIPT_CHANNEL_COUNT
};

/* An amount that may be absent. */
struct receipt_amount {
    bool is_there;
    struct money money;
};

/* Texts are UTF-8; an empty one is absent. Times are seconds since 1970 UTC; 0 is absent. */
struct receipt {
    enum receipt_kind kind;
    char merchant[RECEIPT_NAME_SIZE];
    char site[RECEIPT_NAME_SIZE];
    char title[RECEIPT_NAME_SIZE];
    char terminal_id[RECEIPT_WORD_SIZE];
    char order_no[RECEIPT_NO_SIZE]; /* required */
    int64_t time;                   /* of the payment; required */
    enum receipt_service service;
    char meter_address[RECEIPT_WORD_SIZE];
    char customer_no[RECEIPT_WORD_SIZE]; /* of the account at the utility, as in the meter */
    char customer_masked[RECEIPT_WORD_SIZE];
    char place[RECEIPT_NAME_SIZE];
    struct money amount; /* paid; required */
    struct receipt_amount fee;
    struct receipt_amount credited;
    struct receipt_amount arrears;
    bool has_price;
    int64_t price_e4_yuan; /* of a kWh or m3, in 0.0001 yuan: tariffs have four decimals */
    struct receipt_amount balance_before;
    struct receipt_amount balance_after;
    int64_t balance_read_at;
    bool has_purchase_count;
    uint32_t purchase_count;
    enum receipt_channel channel;
    char channel_trade_no[RECEIPT_NO_SIZE];
    char refund_no[RECEIPT_NO_SIZE];
    char card_tail[RECEIPT_WORD_SIZE];  /* a card carries it: the end of its number */
    char claim_code[RECEIPT_WORD_SIZE]; /* what finds it again while it is not on the card */
    bool card_unsure; /* it may be on the card: a terminal has seen a write that was cut short */
    char status_url[RECEIPT_URL_SIZE]; /* printed as QR code */
    char phone[RECEIPT_WORD_SIZE];
    uint32_t copy; /* 0: the first paper; else "copy n" stands on it */
};

/**
 * Read a receipt object.
 *
 * @param ret_field the member that is missing or wrong, when false is returned; never NULL
 */
MUST_CHECK bool receipt_decode(const json_t *object, struct receipt *ret_receipt,
                               const char **ret_field);

/** The object of a receipt; absent members are left out. @return @own, json_decref() */
MUST_CHECK json_t *receipt_encode(const struct receipt *receipt);

const char *receipt_kind_name(enum receipt_kind kind);

#endif
