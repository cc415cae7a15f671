/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SHILLING_PROTOCOL_DL645_VALUE_H
#define SHILLING_PROTOCOL_DL645_VALUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/compiler.h"
#include "common/err.h"
#include "common/money.h"
#include "protocol/dl645/di.h"

/*
 * The bytes behind a DI as exact decimal text, and back. There is no float: "198.56" is what the
 * digits on the wire say. All FF is "no such phase": absent, not wrong.
 */

enum {
    DL645_VALUE_TEXT_SIZE = 40, /* the asset number's 32 characters are the longest */
    DL645_VALUE_TIME_SIZE = 20, /* "2024-03-15 10:30:05" */
};

/**
 * One item. Which texts are set depends on the kind; the others are "". A DEMAND, a MOMENT and a
 * FREEZE_TIME have their time with its date, to the minute: "2024-03-15 10:30".
 */
struct dl645_value {
    bool present;                     /* false: the bytes are all FF (NUMBER, DEMAND) */
    int64_t scaled;                   /* NUMBER, DEMAND, COUNTER: the digits, without the point */
    char text[DL645_VALUE_TEXT_SIZE]; /* NUMBER "198.56", COUNTER "27", DIGITS, TEXT, BAUD "08" */
    char time[DL645_VALUE_TIME_SIZE]; /* "10:30:05" TIME, DATE_TIME; with date: the others */
    char date[DL645_VALUE_TIME_SIZE]; /* DATE, DATE_TIME "2024-03-15" */
    uint8_t weekday;                  /* DATE, DATE_TIME: 0 = Sunday */
};

/** How many whole items @p size bytes hold: 0 or 1 unless the DI is a block or a row of counts. */
size_t dl645_value_count(const struct dl645_di *di, size_t size);

/**
 * Read the item at @p bytes (at least di->item_size of them).
 * @return OK; ERR_INCOMPLETE (@p size too small); ERR_FORMAT (a digit above 9, an unprintable
 *         character); ERR_UNSUPPORTED (BITS and BYTES have no typed value)
 */
MUST_CHECK enum err dl645_value_decode(const struct dl645_di *di, const uint8_t *bytes, size_t size,
                                       struct dl645_value *ret_value);

/**
 * Write one item, exactly di->item_size bytes; texts as dl645_value_decode() makes them (a NUMBER
 * needs neither all decimals nor may it have more).
 * @return OK; ERR_FORMAT; ERR_RANGE (does not fit the digits); ERR_FULL; ERR_UNSUPPORTED
 */
MUST_CHECK enum err dl645_value_encode(const struct dl645_di *di, const struct dl645_value *value,
                                       uint8_t *ret_bytes, size_t bytes_size, size_t *ret_size);

/**
 * The whole answer to a read as one text: one item's text, or a block's joined by commas with
 * absent items empty; BITS and BYTES as hex, as on the wire. For readings that only travel on.
 * @return as dl645_value_decode(); ERR_FULL if @p text_size is too small
 */
MUST_CHECK enum err dl645_value_to_text(const struct dl645_di *di, const uint8_t *bytes,
                                        size_t size, char *ret_text, size_t text_size);

/** Amount of a NUMBER in yuan with two decimals; false for other units or an absent value. */
MUST_CHECK bool dl645_value_to_money(const struct dl645_di *di, const struct dl645_value *value,
                                     struct money *ret_money);

#endif
