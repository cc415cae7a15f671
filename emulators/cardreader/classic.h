/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SHILLING_EMULATORS_CARDREADER_CLASSIC_H
#define SHILLING_EMULATORS_CARDREADER_CLASSIC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * MIFARE Classic EV1 1K (NXP MF1S50yyX data sheet): 16 sectors of 4 blocks of 16 bytes, access by
 * the bits of each sector's trailer. The cipher of the air is not built: the chip of the reader
 * does it in hardware, and a host never sees it.
 */
enum {
    CLASSIC_BLOCK_SIZE = 16,
    CLASSIC_BLOCKS = 64,
    CLASSIC_SECTORS = 16,
    CLASSIC_IMAGE_SIZE = CLASSIC_BLOCK_SIZE * CLASSIC_BLOCKS,
    CLASSIC_KEY_SIZE = 6,
};

struct classic {
    uint8_t blocks[CLASSIC_BLOCKS][CLASSIC_BLOCK_SIZE];
    uint8_t unstable[CLASSIC_BLOCKS][CLASSIC_BLOCK_SIZE];
    uint8_t weak[CLASSIC_BLOCKS][CLASSIC_BLOCK_SIZE];
    int trusted_sector; /* -1: none */
    bool trusted_by_b;
    bool buffer_full; /* of increment, decrement, restore */
    int32_t buffer_value;
    uint8_t buffer_address;
};

struct card;
struct card_kind;

extern const struct card_kind CLASSIC_KIND;

#endif
