/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SHILLING_PROTOCOL_DL645_ADDRESS_H
#define SHILLING_PROTOCOL_DL645_ADDRESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/compiler.h"
#include "protocol/dl645/frame.h"

/*
 * Addresses as printed on the meter: 12 digits, highest first. Pairs "AA" are wildcards, from the
 * high end (shortened addressing) or all six (any meter: only with one meter on the bus).
 */

#define DL645_ADDRESS_ANY "AAAAAAAAAAAA"
#define DL645_ADDRESS_BROADCAST "999999999999" /* every meter obeys, none answers */

/**
 * Address bytes of exactly 12 characters 0..9, or A..F in either case (real meters' numbers are
 * digits; a decoded frame may hold anything and must be encodable again).
 */
MUST_CHECK bool dl645_address_parse(const char *text, uint8_t ret_address[DL645_ADDRESS_SIZE]);

/** The 12 digits, highest first. Returns @p ret_text. */
char *dl645_address_format(const uint8_t address[DL645_ADDRESS_SIZE],
                           char ret_text[DL645_ADDRESS_TEXT_SIZE]);

/** Address of the last digits of a number: "0012" gives AAAAAAAA0012. 2..12 digits, even. */
MUST_CHECK bool dl645_address_shorten(const char *digits, char ret_text[DL645_ADDRESS_TEXT_SIZE]);

/** True if the text is 12 decimal digits: one meter's own address (the broadcast is not one). */
bool dl645_address_is_meter(const char *text);

/** True if a meter with the address @p own obeys a request to @p wanted (wire bytes). */
bool dl645_address_matches(const uint8_t wanted[DL645_ADDRESS_SIZE],
                           const uint8_t own[DL645_ADDRESS_SIZE]);

/** True for 999999999999: executed by all, answered by none. */
bool dl645_address_is_broadcast(const uint8_t address[DL645_ADDRESS_SIZE]);

#endif
