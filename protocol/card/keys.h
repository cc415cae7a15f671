/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SHILLING_PROTOCOL_CARD_KEYS_H
#define SHILLING_PROTOCOL_CARD_KEYS_H

#include <stdbool.h>
#include <stdint.h>

#include "common/compiler.h"
#include "protocol/card/record.h"
#include "protocol/card/uid.h"

/*
 * Keys of SHL-C1 (docs/cards.md). One master key lies in the cloud; each meter has three keys
 * made from it and its number (NXP AN10922), each card's sectors have keys made from the third of
 * them and the card's UID. A terminal sees sector keys only; it can neither sign nor verify.
 */

enum {
    CARD_KEY_SIZE = 16,
    CARD_SECTOR_KEY_SIZE = 6,
    CARD_SECTOR_KEY_TEXT_SIZE = 2 * CARD_SECTOR_KEY_SIZE + 1,
    CARD_DIVERSIFY_SIZE = 17, /* the message whose CMAC under the master key is a meter's key */
};

/* The master key of a site. Wipe with bytes_wipe(). */
struct card_master {
    uint8_t key[CARD_KEY_SIZE];
};

/* What one meter holds. Wipe with bytes_wipe(). */
struct card_keys {
    uint8_t credit[CARD_KEY_SIZE];
    uint8_t back[CARD_KEY_SIZE]; /* of the return record */
    uint8_t sector[CARD_KEY_SIZE];
};

enum card_key_use { CARD_KEY_CREDIT, CARD_KEY_RETURN, CARD_KEY_SECTOR, CARD_KEY_USE_COUNT };

/**
 * The 17 bytes whose AES-CMAC under the master key is that key of that meter: for a key that
 * never leaves its token (PKCS#11) and computes the CMAC itself.
 */
void card_keys_message(enum card_key_use use, const uint8_t meter[CARD_METER_SIZE],
                       uint8_t ret_message[CARD_DIVERSIFY_SIZE]);

/** All three keys of a meter. False only if the crypto library fails. */
MUST_CHECK bool card_keys_derive(const struct card_master *master,
                                 const uint8_t meter[CARD_METER_SIZE], struct card_keys *ret_keys);

/**
 * Key of a MIFARE Classic sector.
 *
 * @param sector 0..15
 * @param which  'A' or 'B'
 */
MUST_CHECK bool card_sector_key(const struct card_keys *keys, const struct card_uid *uid,
                                uint8_t sector, char which, uint8_t ret_key[CARD_SECTOR_KEY_SIZE]);

/**
 * AES key of SHL-C1's application on a DESFire card (protocol/card/desfire.h).
 *
 * @param number 0..3
 */
MUST_CHECK bool card_desfire_key(const struct card_keys *keys, const struct card_uid *uid,
                                 uint8_t number, uint8_t ret_key[CARD_KEY_SIZE]);

/** Put the MAC into bytes 40..47 of an encoded credit record for the card @p uid. */
MUST_CHECK bool card_credit_sign(const struct card_keys *keys, const struct card_uid *uid,
                                 uint8_t record[CARD_RECORD_SIZE]);
/** True only if the MAC is the one that card_credit_sign() puts there. */
MUST_CHECK bool card_credit_verify(const struct card_keys *keys, const struct card_uid *uid,
                                   const uint8_t record[CARD_RECORD_SIZE]);
/** The same for return records (the meter's key for them). */
MUST_CHECK bool card_return_sign(const struct card_keys *keys, const struct card_uid *uid,
                                 uint8_t record[CARD_RECORD_SIZE]);
MUST_CHECK bool card_return_verify(const struct card_keys *keys, const struct card_uid *uid,
                                   const uint8_t record[CARD_RECORD_SIZE]);
/** The same for issue records (the credit key with a letter of its own). */
MUST_CHECK bool card_issue_sign(const struct card_keys *keys, const struct card_uid *uid,
                                uint8_t record[CARD_RECORD_SIZE]);
MUST_CHECK bool card_issue_verify(const struct card_keys *keys, const struct card_uid *uid,
                                  const uint8_t record[CARD_RECORD_SIZE]);

#endif
