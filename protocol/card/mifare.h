/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SHILLING_PROTOCOL_CARD_MIFARE_H
#define SHILLING_PROTOCOL_CARD_MIFARE_H

#include <stdbool.h>
#include <stdint.h>

#include "common/compiler.h"
#include "protocol/card/keys.h"
#include "protocol/card/record.h"

/*
 * MIFARE Classic 1K (NXP MF1S50yyX): sectors, access bits, trailers; and where SHL-C1 puts its
 * records on it.
 */

enum {
    MIFARE_SECTORS = 16,
    MIFARE_SECTOR_BLOCKS = 4, /* three of data and the trailer */
    MIFARE_TRAILER = 3,       /* its number in the sector */
    MIFARE_ACCESS_SIZE = 4,   /* three bytes of bits and a free one */
    MIFARE_CARD_SIZE = MIFARE_SECTORS * MIFARE_SECTOR_BLOCKS * CARD_BLOCK_SIZE,
};

/* Sectors of SHL-C1. */
enum {
    CARD_SECTOR_CREDIT = 1, /* and 2: the mirror */
    CARD_SECTOR_RETURN = 3, /* and 4 */
    CARD_SECTOR_ISSUE = 5,
    CARD_SECTOR_LAST = 5, /* 6 to 15 are empty and locked */
};

/** Number on the card, 0..63, of block 0..3 of a sector. */
uint8_t mifare_block(uint8_t sector, uint8_t block);

/* The three access bits of each of the sector's blocks, C1 as bit 2, C2 as 1, C3 as 0: "100" is
 * 4. */
struct mifare_access {
    uint8_t block[MIFARE_SECTOR_BLOCKS];
};

/** Conditions of every sector of SHL-C1: data 100 (read A or B, write B), trailer 011 (keys and
 * bits can be changed with B): bytes 78 77 88, and the free byte 69. */
extern const struct mifare_access CARD_ACCESS;

/** Bytes 6..9 of a trailer. @p free_byte is the one without a meaning. */
void mifare_access_encode(const struct mifare_access *access, uint8_t free_byte,
                          uint8_t ret_bytes[MIFARE_ACCESS_SIZE]);
/** False if the complements do not match: the chip locks such a sector for ever. */
MUST_CHECK bool mifare_access_decode(const uint8_t bytes[MIFARE_ACCESS_SIZE],
                                     struct mifare_access *ret_access);

/* A sector's last block. */
struct mifare_trailer {
    uint8_t key_a[CARD_SECTOR_KEY_SIZE];
    uint8_t key_b[CARD_SECTOR_KEY_SIZE];
    struct mifare_access access;
};

void mifare_trailer_encode(const struct mifare_trailer *trailer,
                           uint8_t ret_block[CARD_BLOCK_SIZE]);
/** False if the access bits are broken. Key A of a trailer read from a card is zero. */
MUST_CHECK bool mifare_trailer_decode(const uint8_t block[CARD_BLOCK_SIZE],
                                      struct mifare_trailer *ret_trailer);

/** The trailer that SHL-C1 gives to a sector of this card. False if the crypto library fails. */
MUST_CHECK bool card_trailer_make(const struct card_keys *keys, const struct card_uid *uid,
                                  uint8_t sector, uint8_t ret_block[CARD_BLOCK_SIZE]);

#endif
