/* SPDX-License-Identifier: Apache-2.0 */
#include "emulators/cardreader/card.h"

#include <string.h>

enum {
    RAW_HLTA = 0x50,
    RAW_RATS = 0xE0,
    RAW_DESELECT = 0xC2,
    RAW_R_NACK = 0xB2,
    RAW_R_ACK = 0xA2,
    RAW_BLOCK_NUMBER = 0x01,
    RAW_MIFARE_WRITE = 0xA0,
    RAW_MIFARE_ACK = 0x0A,
    RAW_WRITE_SIZE = 2,
};

void card_fall_back(struct card *card)
{
    card->state = card->was_halted ? CARD_HALT : CARD_IDLE;
}

static void say(struct card_answer *answer, const uint8_t *bytes, size_t size)
{
    answer->status = CARD_OK;
    answer->size = size;
    memcpy(answer->bytes, bytes, size);
}

static void halt(struct card *card)
{
    card->state = CARD_HALT;
    card->kind->power_lost(card);
}

static void raw_blocks(struct card *card, const uint8_t *bytes, size_t size,
                       struct card_answer *answer)
{
    uint8_t block = bytes[0];
    if (card->state == CARD_ACTIVE) {
        if (block == RAW_RATS && size == 2) {
            card->state = CARD_PROTOCOL;
            say(answer, card->ats, card->ats_size);
        }
    } else if (size == 1 && (block & ~(unsigned)RAW_BLOCK_NUMBER) == RAW_R_NACK) {
        /* Nothing was sent yet in this block: the card acknowledges the other number. */
        block = (uint8_t)(RAW_R_ACK | (~block & RAW_BLOCK_NUMBER));
        say(answer, &block, 1);
    } else if (size == 1 && block == RAW_DESELECT) {
        say(answer, &block, 1);
        halt(card);
    }
}

static void raw_mifare(struct card *card, const uint8_t *bytes, size_t size,
                       struct card_answer *answer)
{
    static const uint8_t ACK = RAW_MIFARE_ACK;
    enum { BLOCK = 16 };
    if (card->raw_write_due) {
        uint8_t whole[RAW_WRITE_SIZE + BLOCK] = {RAW_MIFARE_WRITE, card->raw_block};
        card->raw_write_due = false;
        if (size == BLOCK) {
            memcpy(whole + RAW_WRITE_SIZE, bytes, BLOCK);
            card->kind->exchange(card, whole, sizeof(whole), answer);
        }
        if (size == BLOCK && answer->status == CARD_OK) {
            say(answer, &ACK, 1);
        }
        return;
    }
    if (bytes[0] == RAW_MIFARE_WRITE && size == RAW_WRITE_SIZE) {
        card->raw_write_due = true;
        card->raw_block = bytes[1];
        say(answer, &ACK, 1);
        return;
    }
    card->kind->exchange(card, bytes, size, answer);
}

void card_raw_exchange(struct card *card, const uint8_t *bytes, size_t size,
                       struct card_answer *ret_answer)
{
    *ret_answer = (struct card_answer){.status = CARD_SILENT};
    if (size == 0) {
        return;
    }
    if (bytes[0] == RAW_HLTA && size == 2 && card->state == CARD_ACTIVE) {
        halt(card); /* silence is its answer */
    } else if (card->kind->speaks_blocks) {
        raw_blocks(card, bytes, size, ret_answer);
    } else {
        raw_mifare(card, bytes, size, ret_answer);
    }
}
