/* SPDX-License-Identifier: Apache-2.0 */
#include "protocol/card/keys.h"

#include <string.h>

#include "common/bytes.h"
#include "common/crypto/cmac.h"
#include "common/must.h"

enum {
    DIVERSIFY = 0x01, /* AN10922: the constant for AES-128 keys */
    LABEL_SIZE = 10,
    SECTOR_MESSAGE_SIZE = 17,
    SECTOR_UID_SIZE = 7, /* as long as a sector key's message has room for */
    MAC_MESSAGE_SIZE = 2 + CARD_UID_SIZE_MAX + CARD_RECORD_SIGNED_SIZE,
};

static const char LABELS[CARD_KEY_USE_COUNT][LABEL_SIZE + 1] = {
    [CARD_KEY_CREDIT] = "SHLCREDIT1",
    [CARD_KEY_RETURN] = "SHLRETURN1",
    [CARD_KEY_SECTOR] = "SHLSECTOR1",
};

void card_keys_message(enum card_key_use use, const uint8_t meter[CARD_METER_SIZE],
                       uint8_t ret_message[CARD_DIVERSIFY_SIZE])
{
    MUST(use < CARD_KEY_USE_COUNT);
    ret_message[0] = DIVERSIFY;
    memcpy(ret_message + 1, meter, CARD_METER_SIZE);
    memcpy(ret_message + 1 + CARD_METER_SIZE, LABELS[use], LABEL_SIZE);
}

static bool derive(const struct card_master *master, enum card_key_use use,
                   const uint8_t meter[CARD_METER_SIZE], uint8_t ret_key[CARD_KEY_SIZE])
{
    uint8_t message[CARD_DIVERSIFY_SIZE];
    card_keys_message(use, meter, message);
    return cmac_aes128(master->key, message, sizeof(message), ret_key);
}

bool card_keys_derive(const struct card_master *master, const uint8_t meter[CARD_METER_SIZE],
                      struct card_keys *ret_keys)
{
    struct card_keys keys = {{0}, {0}, {0}};
    bool ok = derive(master, CARD_KEY_CREDIT, meter, keys.credit) &&
              derive(master, CARD_KEY_RETURN, meter, keys.back) &&
              derive(master, CARD_KEY_SECTOR, meter, keys.sector);
    if (ok) {
        *ret_keys = keys;
    }
    bytes_wipe(&keys, sizeof(keys));
    return ok;
}

/* The CMAC from which the key of a place on a card is taken; @p place and @p kind name it. */
static bool place_key(const struct card_keys *keys, const struct card_uid *uid, uint8_t place,
                      char kind, uint8_t ret_mac[CMAC_SIZE])
{
    static const uint8_t label[] = {'S', 'H', 'L', 'K', '0', '1'};
    MUST(uid->size > 0 && uid->size <= CARD_UID_SIZE_MAX);
    uint8_t message[SECTOR_MESSAGE_SIZE] = {DIVERSIFY};
    size_t used = uid->size < SECTOR_UID_SIZE ? uid->size : SECTOR_UID_SIZE;
    memcpy(message + 1, uid->bytes, used);
    message[8] = uid->size;
    message[9] = place;
    message[10] = (uint8_t)kind;
    memcpy(message + 11, label, sizeof(label));
    return cmac_aes128(keys->sector, message, sizeof(message), ret_mac);
}

bool card_sector_key(const struct card_keys *keys, const struct card_uid *uid, uint8_t sector,
                     char which, uint8_t ret_key[CARD_SECTOR_KEY_SIZE])
{
    MUST(sector < 16 && (which == 'A' || which == 'B'));
    uint8_t mac[CMAC_SIZE];
    bool ok = place_key(keys, uid, sector, which, mac);
    if (ok) {
        memcpy(ret_key, mac, CARD_SECTOR_KEY_SIZE);
    }
    bytes_wipe(mac, sizeof(mac));
    return ok;
}

bool card_desfire_key(const struct card_keys *keys, const struct card_uid *uid, uint8_t number,
                      uint8_t ret_key[CARD_KEY_SIZE])
{
    MUST(number < 4);
    return place_key(keys, uid, 'D', (char)('0' + number), ret_key);
}

/* The letter keeps one kind of record from being passed off as another. */
static bool compute_mac(const uint8_t key[CARD_KEY_SIZE], char letter, const struct card_uid *uid,
                        const uint8_t record[CARD_RECORD_SIZE], uint8_t ret_mac[CARD_MAC_SIZE])
{
    MUST(uid->size > 0 && uid->size <= CARD_UID_SIZE_MAX);
    uint8_t message[MAC_MESSAGE_SIZE] = {(uint8_t)letter, uid->size};
    memcpy(message + 2, uid->bytes, uid->size);
    memcpy(message + 2 + CARD_UID_SIZE_MAX, record, CARD_RECORD_SIGNED_SIZE);
    uint8_t mac[CMAC_SIZE];
    if (!cmac_aes128(key, message, sizeof(message), mac)) {
        return false;
    }
    memcpy(ret_mac, mac, CARD_MAC_SIZE);
    return true;
}

static bool check_mac(const uint8_t key[CARD_KEY_SIZE], char letter, const struct card_uid *uid,
                      const uint8_t record[CARD_RECORD_SIZE])
{
    uint8_t mac[CARD_MAC_SIZE];
    return compute_mac(key, letter, uid, record, mac) &&
           bytes_equal_secret(mac, record + CARD_RECORD_SIGNED_SIZE, CARD_MAC_SIZE);
}

bool card_credit_sign(const struct card_keys *keys, const struct card_uid *uid,
                      uint8_t record[CARD_RECORD_SIZE])
{
    return compute_mac(keys->credit, 'C', uid, record, record + CARD_RECORD_SIGNED_SIZE);
}

bool card_credit_verify(const struct card_keys *keys, const struct card_uid *uid,
                        const uint8_t record[CARD_RECORD_SIZE])
{
    return check_mac(keys->credit, 'C', uid, record);
}

bool card_return_sign(const struct card_keys *keys, const struct card_uid *uid,
                      uint8_t record[CARD_RECORD_SIZE])
{
    return compute_mac(keys->back, 'R', uid, record, record + CARD_RECORD_SIGNED_SIZE);
}

bool card_return_verify(const struct card_keys *keys, const struct card_uid *uid,
                        const uint8_t record[CARD_RECORD_SIZE])
{
    return check_mac(keys->back, 'R', uid, record);
}

bool card_issue_sign(const struct card_keys *keys, const struct card_uid *uid,
                     uint8_t record[CARD_RECORD_SIZE])
{
    return compute_mac(keys->credit, 'I', uid, record, record + CARD_RECORD_SIGNED_SIZE);
}

bool card_issue_verify(const struct card_keys *keys, const struct card_uid *uid,
                       const uint8_t record[CARD_RECORD_SIZE])
{
    return check_mac(keys->credit, 'I', uid, record);
}
