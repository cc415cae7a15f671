/* SPDX-License-Identifier: Apache-2.0 */
#include "emulators/cardmeter/token.h"

#include <string.h>

#include "emulators/cardreader/bytes.h"
#include "emulators/cardreader/crypto.h"

enum {
    CRC_AT = 30,
    MAC_AT = 40,
    MAC_SIZE = 8,
    SIGNED_SIZE = 40,
    VERSION = 1,
    DIVERSIFY = 0x01,
    LABEL_SIZE = 10,
    SECTOR_UID_SIZE = 7,
};

static void cmac(const uint8_t key[TOKEN_KEY_SIZE], const uint8_t *bytes, size_t size,
                 uint8_t ret_mac[TOKEN_KEY_SIZE])
{
    struct crypto_key aes = {.kind = CRYPTO_AES};
    memcpy(aes.bytes, key, TOKEN_KEY_SIZE);
    memset(ret_mac, 0, TOKEN_KEY_SIZE);
    crypto_cmac(&aes, ret_mac, bytes, size);
}

static void key_make(const uint8_t master[TOKEN_KEY_SIZE], const uint8_t *meter, const char *label,
                     uint8_t ret_key[TOKEN_KEY_SIZE])
{
    uint8_t message[1 + TOKEN_METER_SIZE + LABEL_SIZE] = {DIVERSIFY};
    memcpy(message + 1, meter, TOKEN_METER_SIZE);
    memcpy(message + 1 + TOKEN_METER_SIZE, label, LABEL_SIZE);
    cmac(master, message, sizeof(message), ret_key);
}

void token_keys_make(const uint8_t master[TOKEN_KEY_SIZE], const uint8_t meter[TOKEN_METER_SIZE],
                     struct token_keys *ret_keys)
{
    key_make(master, meter, "SHLCREDIT1", ret_keys->credit);
    key_make(master, meter, "SHLRETURN1", ret_keys->give_back);
    key_make(master, meter, "SHLSECTOR1", ret_keys->sector);
}

/* What a card's own keys are made of: its UID, the sector (or D) and which of the keys. */
static void card_key(const struct token_keys *keys, const struct token_uid *uid, uint8_t sector,
                     char kind, uint8_t ret_mac[TOKEN_KEY_SIZE])
{
    static const char LABEL[] = {'S', 'H', 'L', 'K', '0', '1'};
    uint8_t message[1 + SECTOR_UID_SIZE + 3 + sizeof(LABEL)] = {DIVERSIFY};
    memcpy(message + 1, uid->bytes, uid->size < SECTOR_UID_SIZE ? uid->size : SECTOR_UID_SIZE);
    uint8_t *rest = message + 1 + SECTOR_UID_SIZE;
    rest[0] = (uint8_t)uid->size;
    rest[1] = sector;
    rest[2] = (uint8_t)kind;
    memcpy(rest + 3, LABEL, sizeof(LABEL));
    cmac(keys->sector, message, sizeof(message), ret_mac);
}

void token_sector_key(const struct token_keys *keys, const struct token_uid *uid, uint8_t sector,
                      char kind, uint8_t ret_key[TOKEN_SECTOR_KEY_SIZE])
{
    uint8_t mac[TOKEN_KEY_SIZE];
    card_key(keys, uid, sector, kind, mac);
    memcpy(ret_key, mac, TOKEN_SECTOR_KEY_SIZE);
}

void token_desfire_key(const struct token_keys *keys, const struct token_uid *uid, uint8_t number,
                       uint8_t ret_key[TOKEN_KEY_SIZE])
{
    card_key(keys, uid, 'D', (char)('0' + number), ret_key);
}

/* CRC-16/X-25 over what is signed, without its own place. */
static uint16_t crc_of(const uint8_t slot[TOKEN_SIZE])
{
    unsigned crc = 0xFFFF;
    for (size_t i = 0; i < SIGNED_SIZE; i++) {
        if (i == CRC_AT || i == CRC_AT + 1) {
            continue;
        }
        crc ^= slot[i];
        for (int bit = 0; bit < 8; bit++) {
            crc = crc >> 1 ^ ((crc & 1U) != 0 ? 0x8408U : 0);
        }
    }
    return (uint16_t)(crc ^ 0xFFFFU);
}

static void mac_of(const uint8_t slot[TOKEN_SIZE], char label, const uint8_t key[TOKEN_KEY_SIZE],
                   const struct token_uid *uid, uint8_t ret_mac[MAC_SIZE])
{
    uint8_t message[2 + TOKEN_UID_MAX + SIGNED_SIZE] = {(uint8_t)label, (uint8_t)uid->size};
    uint8_t mac[TOKEN_KEY_SIZE];
    memcpy(message + 2, uid->bytes, uid->size);
    memcpy(message + 2 + TOKEN_UID_MAX, slot, SIGNED_SIZE);
    cmac(key, message, sizeof(message), mac);
    memcpy(ret_mac, mac, MAC_SIZE);
}

static uint64_t le48(const uint8_t *at)
{
    return (uint64_t)bytes_le32(at) | (uint64_t)at[4] << 32 | (uint64_t)at[5] << 40;
}

static bool is_whole(const uint8_t slot[TOKEN_SIZE], char letter)
{
    uint16_t crc = crc_of(slot);
    return slot[0] == (uint8_t)letter && slot[1] == VERSION && slot[CRC_AT] == (uint8_t)crc &&
           slot[CRC_AT + 1] == crc >> 8;
}

enum token_fault token_credit_read(const uint8_t slot[TOKEN_SIZE], const struct token_keys *keys,
                                   const uint8_t meter[TOKEN_METER_SIZE],
                                   const struct token_uid *uid, struct token_credit *ret_credit)
{
    uint8_t mac[MAC_SIZE];
    if (!is_whole(slot, 'S')) {
        return TOKEN_FORMAT;
    }
    if (memcmp(slot + 8, meter, TOKEN_METER_SIZE) != 0) {
        return TOKEN_METER;
    }
    mac_of(slot, 'C', keys->credit, uid, mac);
    if (memcmp(mac, slot + MAC_AT, MAC_SIZE) != 0) {
        return TOKEN_MAC;
    }
    *ret_credit = (struct token_credit){
        .kind = slot[2],
        .n = bytes_le32(slot + 4),
        .key_id = (uint16_t)(slot[14] | slot[15] << 8),
        .t_fen = le48(slot + 16),
        .amount_fen = (int32_t)bytes_le32(slot + 22),
        .issued_at = bytes_le32(slot + 26),
        .alarm_fen = bytes_le24(slot + 32),
        .overdraft_fen = bytes_le24(slot + 35),
    };
    memcpy(ret_credit->meter, slot + 8, TOKEN_METER_SIZE);
    return TOKEN_GOOD;
}

bool token_return_seq(const uint8_t slot[TOKEN_SIZE], uint32_t *ret_seq)
{
    if (!is_whole(slot, 'R')) {
        return false;
    }
    *ret_seq = bytes_le32(slot + 4);
    return true;
}

void token_return_write(const struct token_return *record, const struct token_keys *keys,
                        const struct token_uid *uid, uint8_t ret_slot[TOKEN_SIZE])
{
    memset(ret_slot, 0, TOKEN_SIZE);
    ret_slot[0] = 'R';
    ret_slot[1] = VERSION;
    ret_slot[2] = record->error;
    ret_slot[3] = record->status;
    bytes_put_le32(ret_slot + 4, record->seq);
    memcpy(ret_slot + 8, record->meter, TOKEN_METER_SIZE);
    bytes_put_le16(ret_slot + 14, record->key_id);
    bytes_put_le32(ret_slot + 16, (uint32_t)record->t_fen);
    bytes_put_le16(ret_slot + 20, (uint32_t)(record->t_fen >> 32));
    bytes_put_le32(ret_slot + 22, (uint32_t)record->balance_fen);
    bytes_put_le32(ret_slot + 26, record->n);
    bytes_put_le32(ret_slot + 32, record->energy);
    bytes_put_le32(ret_slot + 36, record->at);
    bytes_put_le16(ret_slot + CRC_AT, crc_of(ret_slot));
    mac_of(ret_slot, 'R', keys->give_back, uid, ret_slot + MAC_AT);
}
