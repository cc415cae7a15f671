/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SHILLING_DRIVERS_NFC_NFC_READER_H
#define SHILLING_DRIVERS_NFC_NFC_READER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/compiler.h"
#include "drivers/nfc/answer.h"
#include "protocol/card/apdu.h"
#include "protocol/card/keys.h"
#include "protocol/card/uid.h"

/*
 * A contactless reader, by libnfc 1.8.0. Nothing else links that library, for it ends the whole
 * process (abort) on one bad status byte and opens descriptors that children inherit: only a
 * process whose death nobody notices may use this.
 *
 * Every call blocks, and every wait in it is finite: about 0.4 s where the reader is silent, 1.5 s
 * in nfc_reader_open(). A reader that sends one byte at a time stretches a call to that many
 * waits. One reader a process, one thread.
 */
struct nfc_reader;

enum {
    NFC_READER_CONNSTRING_SIZE = 256, /* libnfc refuses longer ones */
    NFC_READER_CARDS_MAX = 2,
    NFC_READER_ATS_SIZE_MAX = 20,
    NFC_READER_CHIP_SIZE = 65,
};

/* A card of ISO/IEC 14443 type A as it answered. */
struct nfc_card {
    struct card_uid uid;
    uint16_t atqa;
    uint8_t sak;
    uint8_t ats[NFC_READER_ATS_SIZE_MAX]; /* without its length byte; longer ones are cut */
    size_t ats_size;
};

/**
 * Open the reader and make it ready; only type A is ever polled.
 *
 * @param connstring  libnfc's name of the device, for example "pn532_uart:/dev/shilling-reader"
 * @param ret_reader  @own given; nfc_reader_close()
 * @return false if it cannot be opened or its chip does not answer
 *
 * Blocks: yes. Allocates: yes.
 */
MUST_CHECK bool nfc_reader_open(const char *connstring, struct nfc_reader **ret_reader);
/**
 * Switch the field off, let the chip sleep, free all. NULL is fine.
 *
 * Blocks: yes. Allocates: no.
 */
void nfc_reader_close(struct nfc_reader *reader);

/**
 * What the chip says it is, for example "PN532 v1.6"; "" if that is not known. Borrowed.
 *
 * Blocks: no. Allocates: no.
 */
const char *nfc_reader_chip(const struct nfc_reader *reader);

/**
 * Make the chip ready anew: some six commands, so it is also the proof that it is alive.
 *
 * Blocks: yes. Allocates: no.
 */
MUST_CHECK enum card_answer nfc_reader_check(struct nfc_reader *reader);

/**
 * Switch the field: off takes the power from all cards, and with it every state in them.
 *
 * Blocks: yes. Allocates: no.
 */
MUST_CHECK enum card_answer nfc_reader_field(struct nfc_reader *reader, bool on);

/**
 * Who lies there? Cards found are halted afterwards, but the second of two; NONE is no error here.
 *
 * @param ret_count  0..NFC_READER_CARDS_MAX; more cards than that cannot be told from so many
 *
 * Blocks: yes. Allocates: no.
 */
MUST_CHECK enum card_answer nfc_reader_list(struct nfc_reader *reader,
                                            struct nfc_card ret_cards[NFC_READER_CARDS_MAX],
                                            size_t *ret_count);

/**
 * Wake and select this card; a card of ISO/IEC 14443-4 is activated too. NONE: not there.
 *
 * Blocks: yes. Allocates: no.
 */
MUST_CHECK enum card_answer nfc_reader_select(struct nfc_reader *reader,
                                              const struct card_uid *uid);
/**
 * Is the activated card of ISO/IEC 14443-4 still there? Its state is left as it is.
 *
 * Blocks: yes. Allocates: no.
 */
MUST_CHECK enum card_answer nfc_reader_still_there(struct nfc_reader *reader);

/* A sector's key, and a block of that sector. */
struct nfc_auth {
    uint8_t block;
    char kind; /* 'A' or 'B' */
    const uint8_t *key;
};

/**
 * MIFARE Classic: prove the key of a sector of the selected card.
 *
 * Blocks: yes. Allocates: no.
 */
MUST_CHECK enum card_answer nfc_reader_authenticate(struct nfc_reader *reader,
                                                    const struct nfc_auth *auth);
/**
 * MIFARE Classic: read a block of the sector whose key was proven last. @p ret_bytes is set only if
 * CARD_ANSWER_OK is returned. Reading may be repeated: the card must be selected again first.
 *
 * Blocks: yes. Allocates: no.
 */
MUST_CHECK enum card_answer nfc_reader_read(struct nfc_reader *reader, uint8_t block,
                                            uint8_t ret_bytes[CARD_BLOCK_SIZE]);
/**
 * MIFARE Classic: write such a block. Any answer but CARD_ANSWER_OK leaves open whether the block
 * is the old, the new or neither, and OK is no proof either: read it back after the field was off.
 *
 * Blocks: yes. Allocates: no.
 */
MUST_CHECK enum card_answer nfc_reader_write(struct nfc_reader *reader, uint8_t block,
                                             const uint8_t bytes[CARD_BLOCK_SIZE]);

/**
 * ISO/IEC 14443-4: one command and its answer, both of at most APDU_SIZE_MAX bytes.
 *
 * Blocks: yes. Allocates: no.
 */
MUST_CHECK enum card_answer nfc_reader_apdu(struct nfc_reader *reader, const struct apdu *command,
                                            struct apdu *ret_answer);

#endif
