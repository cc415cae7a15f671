/* SPDX-License-Identifier: Apache-2.0 */
#include "protocol/card/mifare.h"

#include <string.h>

#include "common/must.h"

enum {
    DATA_B_WRITES = 4,     /* 100: read A or B, write B */
    TRAILER_B_CHANGES = 3, /* 011: keys and bits written with B, key B unreadable */
    FREE_BYTE = 0x69,
    TRAILER_ACCESS_AT = 6,
    TRAILER_KEY_B_AT = 10,
};

const struct mifare_access CARD_ACCESS = {
    {DATA_B_WRITES, DATA_B_WRITES, DATA_B_WRITES, TRAILER_B_CHANGES}};

uint8_t mifare_block(uint8_t sector, uint8_t block)
{
    MUST(sector < MIFARE_SECTORS && block < MIFARE_SECTOR_BLOCKS);
    return (uint8_t)(sector * MIFARE_SECTOR_BLOCKS + block);
}

/* C1, C2 or C3 (@p bit 2, 1, 0) of all four blocks as a nibble, block 3 highest. */
static uint8_t nibble_of(const struct mifare_access *access, unsigned bit)
{
    unsigned nibble = 0;
    for (unsigned block = 0; block < MIFARE_SECTOR_BLOCKS; block++) {
        MUST(access->block[block] <= 7);
        nibble |= ((unsigned)(access->block[block] >> bit) & 1U) << block;
    }
    return (uint8_t)nibble;
}

static uint8_t byte_of(unsigned high, unsigned low)
{
    return (uint8_t)(((high & 0x0FU) << 4) | (low & 0x0FU));
}

void mifare_access_encode(const struct mifare_access *access, uint8_t free_byte,
                          uint8_t ret_bytes[MIFARE_ACCESS_SIZE])
{
    unsigned c1 = nibble_of(access, 2);
    unsigned c2 = nibble_of(access, 1);
    unsigned c3 = nibble_of(access, 0);
    ret_bytes[0] = byte_of(~c2, ~c1);
    ret_bytes[1] = byte_of(c1, ~c3);
    ret_bytes[2] = byte_of(c3, c2);
    ret_bytes[3] = free_byte;
}

bool mifare_access_decode(const uint8_t bytes[MIFARE_ACCESS_SIZE], struct mifare_access *ret_access)
{
    unsigned c1 = bytes[1] >> 4;
    unsigned c2 = bytes[2] & 0x0FU;
    unsigned c3 = bytes[2] >> 4;
    if (bytes[0] != byte_of(~c2, ~c1) || (bytes[1] & 0x0FU) != (~c3 & 0x0FU)) {
        return false;
    }
    for (unsigned block = 0; block < MIFARE_SECTOR_BLOCKS; block++) {
        ret_access->block[block] = (uint8_t)((((c1 >> block) & 1U) << 2) |
                                             (((c2 >> block) & 1U) << 1) | ((c3 >> block) & 1U));
    }
    return true;
}

void mifare_trailer_encode(const struct mifare_trailer *trailer, uint8_t ret_block[CARD_BLOCK_SIZE])
{
    memcpy(ret_block, trailer->key_a, CARD_SECTOR_KEY_SIZE);
    mifare_access_encode(&trailer->access, FREE_BYTE, ret_block + TRAILER_ACCESS_AT);
    memcpy(ret_block + TRAILER_KEY_B_AT, trailer->key_b, CARD_SECTOR_KEY_SIZE);
}

bool mifare_trailer_decode(const uint8_t block[CARD_BLOCK_SIZE], struct mifare_trailer *ret_trailer)
{
    struct mifare_trailer trailer;
    if (!mifare_access_decode(block + TRAILER_ACCESS_AT, &trailer.access)) {
        return false;
    }
    memcpy(trailer.key_a, block, CARD_SECTOR_KEY_SIZE);
    memcpy(trailer.key_b, block + TRAILER_KEY_B_AT, CARD_SECTOR_KEY_SIZE);
    *ret_trailer = trailer;
    return true;
}

bool card_trailer_make(const struct card_keys *keys, const struct card_uid *uid, uint8_t sector,
                       uint8_t ret_block[CARD_BLOCK_SIZE])
{
    struct mifare_trailer trailer = {.access = CARD_ACCESS};
    if (!card_sector_key(keys, uid, sector, 'A', trailer.key_a) ||
        !card_sector_key(keys, uid, sector, 'B', trailer.key_b)) {
        return false;
    }
    mifare_trailer_encode(&trailer, ret_block);
    return true;
}
