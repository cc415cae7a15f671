/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SHILLING_PROTOCOL_CARD_UID_H
#define SHILLING_PROTOCOL_CARD_UID_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/compiler.h"

/* The number that a card of ISO/IEC 14443 type A answers with in its anticollision. */

enum {
    CARD_UID_SIZE_MAX = 10,                         /* 4, 7 or 10 bytes (ISO/IEC 14443-3, 6.5.4) */
    CARD_UID_TEXT_SIZE = 2 * CARD_UID_SIZE_MAX + 1, /* upper case hex and the NUL */
};

struct card_uid {
    uint8_t bytes[CARD_UID_SIZE_MAX]; /* zero behind @p size */
    uint8_t size;                     /* 4, 7 or 10; 0: none */
};

/** False unless @p size is 4, 7 or 10. */
MUST_CHECK bool card_uid_make(const uint8_t *bytes, size_t size, struct card_uid *ret_uid);
bool card_uid_equal(const struct card_uid *a, const struct card_uid *b);
/** Upper case hex; "" for none. */
void card_uid_format(const struct card_uid *uid, char ret_text[CARD_UID_TEXT_SIZE]);
/** Upper or lower case hex of 4, 7 or 10 bytes, nothing else. */
MUST_CHECK bool card_uid_parse(const char *text, struct card_uid *ret_uid);
/** True if the card draws a new number at each field (08xxxxxx: phones, some bank cards). */
bool card_uid_is_random(const struct card_uid *uid);

#endif
