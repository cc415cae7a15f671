/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SHILLING_CORE_ORDER_ORDER_NUMBER_H
#define SHILLING_CORE_ORDER_ORDER_NUMBER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/compiler.h"

/*
 * Order numbers (out_trade_no of both wallets): 6..32 of [A-Z0-9_]. Made by the server as
 *
 *     SH 20261120 3 000001E 402917
 *        day      | |       random, so that two databases restored from one copy do not meet
 *                 | counter of the database, base 36
 *                 epoch of the database, raised after every restore
 *
 * The end is digits alone: people read it aloud, and find their order with it on a keypad.
 */
enum {
    ORDER_NUMBER_SIZE = 33, /* 32 characters and the NUL: the shorter of both wallets' limits */
    ORDER_NUMBER_LEN_MIN = 6,
    ORDER_NUMBER_RANDOM_SIZE = 4, /* bytes, of which six digits are made */
    ORDER_NUMBER_EPOCH_MAX = 35,  /* one base 36 digit */
    REFUND_NUMBER_SIZE = 65,      /* both wallets: up to 64 */
};

/* Highest counter: seven base 36 digits. */
#define ORDER_NUMBER_COUNTER_MAX UINT64_C(78364164095)

struct order_number_parts {
    int64_t wall_s;   /* for the readable day only */
    uint32_t epoch;   /* 0..ORDER_NUMBER_EPOCH_MAX */
    uint64_t counter; /* 1..ORDER_NUMBER_COUNTER_MAX, never used before in this database */
    uint8_t random[ORDER_NUMBER_RANDOM_SIZE];
};

/**
 * Write the order number made of @p parts.
 *
 * @return false if the epoch or the counter is out of its range
 * Blocks: no. Allocates: no.
 */
MUST_CHECK bool order_number_make(const struct order_number_parts *parts,
                                  char ret_number[ORDER_NUMBER_SIZE]);

/**
 * True if @p text may be an order number on both wallets: 6..32 of [A-Za-z0-9_].
 * Blocks: no. Allocates: no.
 */
MUST_CHECK bool order_number_is_valid(const char *text);

/**
 * The one refund number of a document: its number and "R1".
 *
 * @return false if the result would be longer than 64 characters
 * Blocks: no. Allocates: no.
 */
MUST_CHECK bool order_number_of_refund(const char *document_no,
                                       char ret_number[REFUND_NUMBER_SIZE]);

#endif
