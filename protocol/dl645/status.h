/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SHILLING_PROTOCOL_DL645_STATUS_H
#define SHILLING_PROTOCOL_DL645_STATUS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/compiler.h"

/* Run status words 1..7 (DI 04000501..07) and the error words of refusals, bit by bit. */

enum {
    DL645_STATUS_WORD_COUNT = 7,
};

/** ERR, one byte behind control Dx (standard 6.1, table of the error byte). */
#define DL645_ERR_OTHER 0x01U
#define DL645_ERR_NO_DATA 0x02U
#define DL645_ERR_PASSWORD 0x04U
#define DL645_ERR_BAUD 0x08U
#define DL645_ERR_ZONES 0x10U
#define DL645_ERR_PERIODS 0x20U
#define DL645_ERR_TARIFFS 0x40U

/** SERR, two bytes behind control C3, low first (Q/GDW 365). */
#define DL645_SERR_OTHER 0x0001U
#define DL645_SERR_REPEATED 0x0002U /* the count equals the meter's: perhaps done before */
#define DL645_SERR_ESAM 0x0004U
#define DL645_SERR_NOT_AUTHENTICATED 0x0008U
#define DL645_SERR_CUSTOMER 0x0010U
#define DL645_SERR_COUNT 0x0020U /* not the meter's count + 1 */
#define DL645_SERR_LIMIT 0x0040U /* over the hoarding limit */
#define DL645_SERR_ADDRESS 0x0080U
#define DL645_SERR_SUSPENDED 0x0100U

/** Word 3: what the relay does and what it was told. 1 = open. */
#define DL645_STATUS3_RELAY_OPEN 0x0010U
#define DL645_STATUS3_RELAY_COMMAND_OPEN 0x0040U
#define DL645_STATUS3_PRE_TRIP_ALARM 0x0080U
#define DL645_STATUS3_KEEP_POWER 0x1000U

/** Relay state of status word 3's two bytes as on the wire. */
bool dl645_status_relay_is_open(const uint8_t word[2]);

/** Name of bit @p bit (0..15) of status word @p word (1..7); NULL if it has none. */
const char *dl645_status_bit_name(unsigned word, unsigned bit);

/** Name of a bit of ERR (@p error_size 1) or SERR (2); NULL if it has none. */
const char *dl645_error_bit_name(unsigned error_size, unsigned bit);

#endif
