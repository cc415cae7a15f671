/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SHILLING_PROTOCOL_CARD_APDU_H
#define SHILLING_PROTOCOL_CARD_APDU_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/compiler.h"

/*
 * Commands and answers of cards that speak ISO/IEC 7816-4 over ISO/IEC 14443-4. The cloud makes
 * them; the terminal only carries them, and tells those that cannot change a card from the rest.
 */

enum {
    APDU_SIZE_MAX = 262, /* libnfc's buffer has 264 bytes and no check */
    APDU_TEXT_SIZE = 2 * APDU_SIZE_MAX + 1,
    APDU_DATA_SIZE_MAX = 255,
    APDU_COUNT_MAX = 16, /* in one round of a relay */
    APDU_BOUND_SIZE_MAX = APDU_SIZE_MAX + 5,
};

/* A command or an answer. */
struct apdu {
    uint8_t bytes[APDU_SIZE_MAX];
    size_t size;
};

/* What a command says. */
struct apdu_command {
    uint8_t cla;
    uint8_t ins;
    uint8_t p1;
    uint8_t p2;
    const uint8_t *data; /* borrowed; NULL if @p data_size is 0 */
    size_t data_size;    /* 0..APDU_DATA_SIZE_MAX */
    bool has_le;
    uint8_t le; /* 0: 256 */
};

/** Bytes of a short command (ISO/IEC 7816-4, cases 1 to 4). */
void apdu_encode(const struct apdu_command *command, struct apdu *ret_apdu);
/** False if the lengths do not fit. The data stays borrowed from @p apdu. */
MUST_CHECK bool apdu_decode(const struct apdu *apdu, struct apdu_command *ret_command);

/** The status word, SW1 SW2, of an answer; false if it is shorter than that. */
MUST_CHECK bool apdu_answer_status(const struct apdu *answer, uint16_t *ret_status);

/** True if a card cannot be changed by it: select, read, get challenge, internal authenticate
 * (ISO/IEC 7816-4), and DESFire's wrapped ones that read, with the proof of an AES key. What counts
 * wrong tries is not harmless (external authenticate, verify), nor what is not known. */
bool apdu_is_harmless(const struct apdu *apdu);

/** True if what a card holds may be another after it: all that is not harmless, but for external
 * authenticate and verify, which open a card to a writer and write nothing themselves. */
bool apdu_may_write(const struct apdu *apdu);

/**
 * Bytes that tell one command of a relay from any other, for the signature over a round: its length
 * (2 bytes, highest first), the command, and 01 with the status word that must come, or three
 * zeros. Two rounds that differ in a command, in where one ends or in what is expected differ in
 * the row of these.
 *
 * @param expect  NULL: any status word will do
 * @return how many, up to APDU_BOUND_SIZE_MAX
 */
size_t apdu_bind(const struct apdu *apdu, const uint16_t *expect,
                 uint8_t ret_bytes[APDU_BOUND_SIZE_MAX]);

/** Hex text to an APDU of 2..APDU_SIZE_MAX bytes; false for anything else. */
MUST_CHECK bool apdu_parse(const char *text, struct apdu *ret_apdu);
void apdu_format(const struct apdu *apdu, char ret_text[APDU_TEXT_SIZE]);

#endif
