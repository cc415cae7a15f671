/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/cloud_cards/double_desfire.h"

#include <string.h>

#include "common/bytes.h"
#include "common/crypto/aes.h"
#include "common/must.h"

enum {
    OK_ = 0x9100,
    MORE = 0x91AF,
    NO_APPLICATION = 0x91A0,
    WRONG_KEY = 0x91AE,
    WRONG_COMMAND = 0x911C,
    WRONG_MAC = 0x911E,
    AREA_SIZE = 7,
};

struct double_desfire double_desfire_make(const struct card_keys *keys, const struct card_uid *uid)
{
    struct double_desfire card = {.phase = FRESH};
    MUST(card_desfire_key(keys, uid, DESFIRE_KEY_CREDIT, card.key));
    return card;
}

static struct apdu answer(const uint8_t *data, size_t size, unsigned status)
{
    struct apdu said = {.size = size + 2};
    if (size > 0) {
        memcpy(said.bytes, data, size);
    }
    put_be16(said.bytes + size, (uint16_t)status);
    return said;
}

/* A refused command ends the session. */
static struct apdu refuse(struct double_desfire *card, unsigned status)
{
    card->phase = card->phase == FRESH ? FRESH : SELECTED;
    card->is_written = false;
    return answer(NULL, 0, status);
}

/* ---- the chain of MACs ---- */

static void doubled(uint8_t block[AES_BLOCK_SIZE])
{
    const bool carry = (block[0] & 0x80U) != 0;
    for (int i = 0; i < AES_BLOCK_SIZE; i++) {
        const unsigned next = i + 1 < AES_BLOCK_SIZE ? block[i + 1] >> 7 : 0;
        block[i] = (uint8_t)(((unsigned)block[i] << 1 | next) & 0xFFU);
    }
    if (carry) {
        block[AES_BLOCK_SIZE - 1] ^= 0x87;
    }
}

static void chain(struct double_desfire *card, uint8_t first, const uint8_t *rest, size_t size)
{
    uint8_t text[96] = {first};
    uint8_t subkey[AES_BLOCK_SIZE] = {0};
    uint8_t zero[AES_BLOCK_SIZE] = {0};
    const struct aes_blocks none = {card->session.key, zero, sizeof(zero)};
    uint8_t iv[AES_BLOCK_SIZE] = {0};
    MUST(aes128_cbc_encrypt(&none, iv, subkey));
    if (size > 0) {
        memcpy(text + 1, rest, size);
    }
    const size_t len = size + 1;
    const size_t whole = (len + AES_BLOCK_SIZE - 1) / AES_BLOCK_SIZE * AES_BLOCK_SIZE;
    doubled(subkey);
    if (whole != len) {
        text[len] = 0x80;
        doubled(subkey);
    }
    for (size_t i = 0; i < AES_BLOCK_SIZE; i++) {
        text[whole - AES_BLOCK_SIZE + i] ^= subkey[i];
    }
    const struct aes_blocks blocks = {card->session.key, text, whole};
    MUST(aes128_cbc_encrypt(&blocks, card->session.iv, text));
}

/* Data under its MAC. */
static struct apdu answer_maced(struct double_desfire *card, const uint8_t *data, size_t size)
{
    uint8_t said[CARD_RECORD_SIZE + DESFIRE_MAC_SIZE];
    uint8_t covered[CARD_RECORD_SIZE + 1] = {0};
    if (size > 0) {
        memcpy(covered, data, size); /* ... and the status, 00 */
        memcpy(said, data, size);
    }
    chain(card, covered[0], covered + 1, size);
    memcpy(said + size, card->session.iv, DESFIRE_MAC_SIZE);
    return answer(said, size + DESFIRE_MAC_SIZE, OK_);
}

/* ---- commands ---- */

static struct apdu challenge(struct double_desfire *card, const struct apdu_command *command)
{
    uint8_t iv[AES_BLOCK_SIZE] = {0};
    uint8_t said[DESFIRE_RANDOM_SIZE];
    if (card->phase == FRESH || command->data_size != 1 || command->data[0] != DESFIRE_KEY_CREDIT) {
        return refuse(card, WRONG_KEY);
    }
    for (size_t i = 0; i < sizeof(card->random_b); i++) {
        card->random_b[i] = (uint8_t)(card->random_b[i] + i + 1);
    }
    const struct aes_blocks blocks = {card->key, card->random_b, sizeof(card->random_b)};
    MUST(aes128_cbc_encrypt(&blocks, iv, said));
    memcpy(card->session.iv, iv, sizeof(iv));
    card->phase = CHALLENGED;
    return answer(said, sizeof(said), MORE);
}

static void rotate(const uint8_t from[DESFIRE_RANDOM_SIZE], uint8_t to[DESFIRE_RANDOM_SIZE])
{
    memcpy(to, from + 1, DESFIRE_RANDOM_SIZE - 1);
    to[DESFIRE_RANDOM_SIZE - 1] = from[0];
}

static struct apdu prove(struct double_desfire *card, const struct apdu_command *command)
{
    uint8_t plain[2 * DESFIRE_RANDOM_SIZE];
    uint8_t want[DESFIRE_RANDOM_SIZE];
    uint8_t said[DESFIRE_RANDOM_SIZE];
    if (command->data_size != sizeof(plain)) {
        return refuse(card, WRONG_KEY);
    }
    uint8_t iv[AES_BLOCK_SIZE];
    memcpy(iv, card->session.iv, sizeof(iv));
    const struct aes_blocks got = {card->key, command->data, sizeof(plain)};
    MUST(aes128_cbc_decrypt(&got, iv, plain));
    rotate(card->random_b, want);
    if (memcmp(plain + DESFIRE_RANDOM_SIZE, want, sizeof(want)) != 0) {
        return refuse(card, WRONG_KEY);
    }
    rotate(plain, want);
    const struct aes_blocks mine = {card->key, want, sizeof(want)};
    MUST(aes128_cbc_encrypt(&mine, iv, said));
    card->session = (struct desfire_session){.iv = {0}};
    memcpy(card->session.key, plain, 4);
    memcpy(card->session.key + 4, card->random_b, 4);
    memcpy(card->session.key + 8, plain + 12, 4);
    memcpy(card->session.key + 12, card->random_b + 12, 4);
    card->phase = OPEN;
    return answer(said, sizeof(said), OK_);
}

static struct apdu read_file(struct double_desfire *card, const struct apdu_command *command)
{
    if (card->phase != OPEN || command->data_size != AREA_SIZE) {
        return refuse(card, WRONG_COMMAND);
    }
    chain(card, command->ins, command->data, command->data_size);
    return answer_maced(card,
                        command->data[0] == DESFIRE_FILE_CREDIT ? card->credit : card->returned,
                        CARD_RECORD_SIZE);
}

static struct apdu write_begin(struct double_desfire *card, const struct apdu_command *command)
{
    const bool fits = command->data_size == AREA_SIZE + CARD_RECORD_SIZE &&
                      command->data[0] == DESFIRE_FILE_CREDIT;
    if (card->phase != OPEN || !fits) {
        return refuse(card, WRONG_COMMAND);
    }
    chain(card, command->ins, command->data, command->data_size);
    memcpy(card->mac, card->session.iv, sizeof(card->mac));
    memcpy(card->written, command->data + AREA_SIZE, CARD_RECORD_SIZE);
    card->phase = WRITING;
    return answer(NULL, 0, MORE);
}

static struct apdu write_end(struct double_desfire *card, const struct apdu_command *command)
{
    if (command->data_size != DESFIRE_MAC_SIZE ||
        memcmp(command->data, card->mac, DESFIRE_MAC_SIZE) != 0) {
        return refuse(card, WRONG_MAC);
    }
    card->is_written = true;
    card->phase = OPEN;
    return answer_maced(card, NULL, 0);
}

static struct apdu commit(struct double_desfire *card, const struct apdu_command *command)
{
    if (card->phase != OPEN || !card->is_written) {
        return refuse(card, WRONG_COMMAND);
    }
    chain(card, command->ins, NULL, 0);
    memcpy(card->credit, card->written, CARD_RECORD_SIZE);
    card->is_written = false;
    card->commits += 1;
    return answer_maced(card, NULL, 0);
}

struct apdu double_desfire_hear(struct double_desfire *card, const struct apdu *apdu)
{
    static const uint8_t aid[] = {0x01, 0x5A, 0x4C};
    struct apdu_command command;
    MUST(apdu_decode(apdu, &command) && command.cla == 0x90);
    switch (command.ins) {
    case 0x5A:
        card->is_written = false;
        card->phase = command.data_size == sizeof(aid) && memcmp(command.data, aid, 3) == 0
                          ? SELECTED
                          : FRESH;
        return answer(NULL, 0, card->phase == SELECTED ? OK_ : NO_APPLICATION);
    case 0xAA:
        return challenge(card, &command);
    case 0xAF:
        return card->phase == CHALLENGED ? prove(card, &command)
               : card->phase == WRITING  ? write_end(card, &command)
                                         : refuse(card, WRONG_COMMAND);
    case 0xBD:
        return read_file(card, &command);
    case 0x3D:
        return write_begin(card, &command);
    case 0xC7:
        return commit(card, &command);
    default:
        return refuse(card, WRONG_COMMAND);
    }
}
