/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Raw frames (InCommunicateThru) with type A cards: the short frames and the anticollision of
 * ISO/IEC 14443-3, for hosts that select a card themselves. Of several cards the first answers;
 * collisions of bits are not built. Where the host switched the chip's checksum off, it sends and
 * gets it as two more bytes.
 */
#include <string.h>

#include "emulators/cardreader/bytes.h"
#include "emulators/cardreader/chip_inside.h"
#include "emulators/cardreader/crypto.h"

enum {
    REGISTER_TX_MODE = 0x02,
    REGISTER_RX_MODE = 0x03,
    REGISTER_BIT_FRAMING = 0x3D,
    CRC_ENABLED = 0x80,
    CRC_SIZE = 2,
    LAST_BITS = 0x07,
    SHORT_FRAME_BITS = 7,
    REQA = 0x26,
    WUPA = 0x52,
    LEVEL_1 = 0x93,
    LEVEL_2 = 0x95,
    NVB_ANTICOLLISION = 0x20,
    NVB_SELECT = 0x70,
    CASCADE_TAG = 0x88,
    SAK_INCOMPLETE = 0x04,
    PART = 4,
    SELECT_SIZE = 7,
};

static bool chip_makes_crc(const struct chip *chip, size_t mode)
{
    return (chip->registers[mode] & CRC_ENABLED) != 0;
}

bool chip_air_is_call(const struct chip *chip, const uint8_t *bytes, size_t size)
{
    return size == 1 && (chip->registers[REGISTER_BIT_FRAMING] & LAST_BITS) == SHORT_FRAME_BITS &&
           (bytes[0] == REQA || bytes[0] == WUPA);
}

void chip_air_call(struct chip *chip, uint8_t byte, struct card_answer *answer)
{
    chip_forget_targets(chip);
    chip->air_card = field_call(chip->field, byte == WUPA);
    if (chip->air_card != NULL) {
        answer->status = CARD_OK;
        answer->bytes[0] = chip->air_card->atqa[1]; /* low byte first in the air */
        answer->bytes[1] = chip->air_card->atqa[0];
        answer->size = 2;
    }
}

/* The four bytes of a UID that a cascade level tells, and their check byte. */
static void uid_part(const struct card *card, bool first_level, uint8_t ret_part[PART + 1])
{
    if (card->uid_size == PART) {
        memcpy(ret_part, card->uid, PART);
    } else if (first_level) {
        ret_part[0] = CASCADE_TAG;
        memcpy(ret_part + 1, card->uid, PART - 1);
    } else {
        memcpy(ret_part, card->uid + PART - 1, PART);
    }
    ret_part[PART] = (uint8_t)(ret_part[0] ^ ret_part[1] ^ ret_part[2] ^ ret_part[3]);
}

static void add_crc(const struct chip *chip, struct card_answer *answer)
{
    if (!chip_makes_crc(chip, REGISTER_RX_MODE)) {
        bytes_put_le16(answer->bytes + answer->size, crypto_crc_a(answer->bytes, answer->size));
        answer->size += CRC_SIZE;
    }
}

/* SELECT of one level: SAK, and with the last level the card is the chip's target. */
static void select_level(struct chip *chip, bool last, struct card_answer *answer)
{
    struct card *card = chip->air_card;
    answer->status = CARD_OK;
    answer->bytes[0] = last ? card->sak : (uint8_t)SAK_INCOMPLETE;
    answer->size = 1;
    add_crc(chip, answer);
    if (last) {
        card->was_halted = card->state == CARD_HALT;
        card->state = CARD_ACTIVE;
        chip->targets[0] = card;
        chip->current = 1;
        chip->air_card = NULL;
    }
}

void chip_air_select(struct chip *chip, const uint8_t *bytes, size_t size,
                     struct card_answer *answer)
{
    struct card *card = chip->air_card;
    uint8_t part[PART + 1];
    if (card == NULL || !field_has(chip->field, card) || size < 2 ||
        (bytes[0] != LEVEL_1 && bytes[0] != LEVEL_2)) {
        return;
    }
    bool first = bytes[0] == LEVEL_1;
    uid_part(card, first, part);
    if (bytes[1] == NVB_ANTICOLLISION) {
        answer->status = CARD_OK;
        memcpy(answer->bytes, part, sizeof(part));
        answer->size = sizeof(part);
    } else if (bytes[1] == NVB_SELECT && size >= SELECT_SIZE &&
               memcmp(bytes + 2, part, sizeof(part)) == 0) {
        select_level(chip, !first || card->uid_size == PART, answer);
    }
}

size_t chip_air_strip(const struct chip *chip, const uint8_t *bytes, size_t size)
{
    if (chip_makes_crc(chip, REGISTER_TX_MODE) || size <= CRC_SIZE) {
        return size;
    }
    uint16_t crc = crypto_crc_a(bytes, size - CRC_SIZE);
    bool right = bytes[size - CRC_SIZE] == (uint8_t)crc && bytes[size - 1] == crc >> 8;
    return right ? size - CRC_SIZE : size;
}

void chip_air_dress(const struct chip *chip, struct card_answer *answer)
{
    if (answer->status == CARD_OK && answer->size > 1) {
        add_crc(chip, answer); /* an acknowledgement of four bits has none */
    }
}
