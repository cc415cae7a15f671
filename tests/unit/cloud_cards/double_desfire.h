/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SHILLING_TESTS_UNIT_CLOUD_CARDS_DOUBLE_DESFIRE_H
#define SHILLING_TESTS_UNIT_CLOUD_CARDS_DOUBLE_DESFIRE_H

#include <stdbool.h>
#include <stdint.h>

#include "protocol/card/desfire.h"

/*
 * A DESFire card with SHL-C1's application, as far as whoever sells speaks to it: the key 2, both
 * files, and a write that nothing changes before its commit. (The emulator's card, which shares no
 * code with us, is asked in tests/unit/drivers_nfc and tests/e2e.)
 */
struct double_desfire {
    uint8_t key[DESFIRE_KEY_SIZE]; /* of the number 2 */
    uint8_t credit[CARD_RECORD_SIZE];
    uint8_t returned[CARD_RECORD_SIZE];
    unsigned commits;
    /* what it remembers until the next selection */
    enum { FRESH, SELECTED, CHALLENGED, OPEN, WRITING } phase;
    uint8_t random_b[DESFIRE_RANDOM_SIZE];
    struct desfire_session session;
    uint8_t mac[DESFIRE_MAC_SIZE]; /* that the second frame of a write must have */
    uint8_t written[CARD_RECORD_SIZE];
    bool is_written; /* and waits for the commit */
};

/** A new one with the keys of the test's meter. */
struct double_desfire double_desfire_make(const struct card_keys *keys, const struct card_uid *uid);

/** A command and the card's answer. */
struct apdu double_desfire_hear(struct double_desfire *card, const struct apdu *command);

#endif
