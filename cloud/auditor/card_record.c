/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Source: docs/cards.md for the records and keys, Q/GDW 365 and 1365 for the files of a purchase
 * card, RFC 4493 for the CMAC.
 */
#include "cloud/auditor/card_record.h"

#include <string.h>

#include <openssl/evp.h>

#include "common/bytes.h"
#include "common/must.h"

enum {
    VERSION = 1,
    CRC_AT = 30,
    BEHIND_CRC = 32,
    MESSAGE_SIZE = 2 + RECORD_UID_MAX + RECORD_SIGNED_SIZE,
    NAME_SIZE = 10,
};

/* ---- numbers ---- */

static int64_t get_le48(const uint8_t *p)
{
    return (int64_t)get_le32(p) + (int64_t)get_le16(p + 4) * (INT64_C(1) << 32);
}

static int64_t get_signed(const uint8_t *p)
{
    const int64_t value = (int64_t)get_le32(p);
    return value >= INT64_C(1) << 31 ? value - (INT64_C(1) << 32) : value;
}

static bool is_bcd(const uint8_t *bytes, size_t size)
{
    uint8_t value = 0;
    for (size_t i = 0; i < size; i++) {
        if (!bcd_get(bytes[i], &value)) {
            return false;
        }
    }
    return true;
}

/* X.25, over what is in front of it and what is behind it up to the MAC. */
static uint16_t crc_of(const uint8_t bytes[RECORD_SIZE])
{
    unsigned crc = 0xFFFF;
    for (size_t i = 0; i < RECORD_SIGNED_SIZE; i++) {
        if (i >= CRC_AT && i < BEHIND_CRC) {
            continue;
        }
        crc ^= bytes[i];
        for (int bit = 0; bit < 8; bit++) {
            crc = (crc & 1U) != 0 ? (crc >> 1) ^ 0x8408U : crc >> 1;
        }
    }
    return (uint16_t)(crc ^ 0xFFFFU);
}

/* ---- records ---- */

static bool are_zero(const uint8_t *bytes, size_t from, size_t to)
{
    for (size_t i = from; i < to; i++) {
        if (bytes[i] != 0) {
            return false;
        }
    }
    return true;
}

static bool read_credit(const uint8_t *bytes, struct record *record)
{
    record->kind = bytes[2];
    record->number = get_le32(bytes + 4);
    record->total_fen = get_le48(bytes + 16);
    record->fen = get_signed(bytes + 22);
    return record->kind >= 1 && record->kind <= 4 && are_zero(bytes, 38, 40);
}

static bool read_return(const uint8_t *bytes, struct record *record)
{
    record->error = bytes[2];
    record->seq = get_le32(bytes + 4);
    record->total_fen = get_le48(bytes + 16);
    record->fen = get_signed(bytes + 22);
    record->number = get_le32(bytes + 26);
    record->energy = get_le32(bytes + 32);
    return true;
}

static bool read_issue(const uint8_t *bytes, struct record *record)
{
    record->number = get_le32(bytes + 4);
    return is_bcd(bytes + 16, RECORD_METER_SIZE) && are_zero(bytes, 26, CRC_AT) &&
           are_zero(bytes, BEHIND_CRC, RECORD_SIGNED_SIZE);
}

bool record_read(const uint8_t bytes[RECORD_SIZE], enum record_kind kind, struct record *ret_record)
{
    struct record record = {.key_id = get_le16(bytes + 14)};
    if (bytes[0] != (uint8_t)kind || bytes[1] != VERSION || !is_bcd(bytes + 8, RECORD_METER_SIZE) ||
        get_le16(bytes + CRC_AT) != crc_of(bytes)) {
        return false;
    }
    memcpy(record.bytes, bytes, RECORD_SIZE);
    memcpy(record.meter, bytes + 8, RECORD_METER_SIZE);
    const bool good = kind == RECORD_CREDIT   ? read_credit(bytes, &record)
                      : kind == RECORD_RETURN ? read_return(bytes, &record)
                                              : read_issue(bytes, &record);
    if (good) {
        *ret_record = record;
    }
    return good;
}

/* ---- a purchase card's files ---- */

struct record_wallet record_wallet_read(const uint8_t bytes[RECORD_WALLET_SIZE])
{
    return (struct record_wallet){.fen = get_be32(bytes), .count = get_be32(bytes + 4)};
}

bool record_answer_read(const uint8_t bytes[RECORD_ANSWER_SIZE], struct record_answer *ret_answer)
{
    enum { BEGIN = 0x68, COMMAND = 0x11, END = 0x16, DATA_SIZE = 0x2B };
    unsigned sum = 0;
    for (size_t i = 1; i < RECORD_ANSWER_SIZE - 2; i++) {
        sum += bytes[i];
    }
    if (bytes[0] != BEGIN || bytes[1] != COMMAND || get_be16(bytes + 2) != DATA_SIZE ||
        bytes[RECORD_ANSWER_SIZE - 2] != (uint8_t)sum || bytes[RECORD_ANSWER_SIZE - 1] != END) {
        return false;
    }
    memcpy(ret_answer->meter, bytes + 11, RECORD_METER_SIZE);
    ret_answer->count = get_be32(bytes + 27);
    ret_answer->balance_fen = (int64_t)get_be32(bytes + 23) - (int64_t)get_be32(bytes + 31);
    return true;
}

bool record_hex(const char *text, size_t text_size, uint8_t *ret_bytes, size_t size)
{
    size_t got = 0;
    return text_size == 2 * size && hex_parse(text, text_size, ret_bytes, size, &got, NULL) &&
           got == size;
}

/* ---- signatures ---- */

static void compute_cmac(const uint8_t key[RECORD_KEY_SIZE], const uint8_t *bytes, size_t size,
                         uint8_t ret_mac[RECORD_KEY_SIZE])
{
    size_t written = 0;
    const unsigned char *mac =
        EVP_Q_mac(NULL, "CMAC", NULL, "AES-128-CBC", NULL, key, RECORD_KEY_SIZE, bytes, size,
                  ret_mac, RECORD_KEY_SIZE, &written);
    MUST(mac != NULL && written == RECORD_KEY_SIZE); /* it fails only without memory */
}

/* 01, the meter, a name: a meter's key under the master key. */
static void derive(const uint8_t master[RECORD_KEY_SIZE], const uint8_t meter[RECORD_METER_SIZE],
                   const char *name, uint8_t ret_key[RECORD_KEY_SIZE])
{
    uint8_t message[1 + RECORD_METER_SIZE + NAME_SIZE] = {1};
    MUST(strlen(name) == NAME_SIZE);
    memcpy(message + 1, meter, RECORD_METER_SIZE);
    memcpy(message + 1 + RECORD_METER_SIZE, name, NAME_SIZE);
    compute_cmac(master, message, sizeof(message), ret_key);
}

bool record_signer_make(const uint8_t master[RECORD_KEY_SIZE],
                        const uint8_t meter[RECORD_METER_SIZE], const char *uid,
                        struct record_signer *ret_signer)
{
    struct record_signer signer = {.uid_size = (uint8_t)(strlen(uid) / 2)};
    if (strlen(uid) > (size_t)2 * RECORD_UID_MAX || signer.uid_size == 0 ||
        !record_hex(uid, strlen(uid), signer.uid, signer.uid_size)) {
        return false;
    }
    derive(master, meter, "SHLCREDIT1", signer.credit);
    derive(master, meter, "SHLRETURN1", signer.back);
    *ret_signer = signer;
    return true;
}

bool record_is_signed(const struct record_signer *signer, enum record_kind kind,
                      const uint8_t bytes[RECORD_SIZE])
{
    uint8_t mac[RECORD_KEY_SIZE];
    uint8_t message[MESSAGE_SIZE];
    message[0] = kind == RECORD_CREDIT ? 'C' : (uint8_t)kind;
    message[1] = signer->uid_size;
    memcpy(message + 2, signer->uid, RECORD_UID_MAX);
    memcpy(message + 2 + RECORD_UID_MAX, bytes, RECORD_SIGNED_SIZE);
    compute_cmac(kind == RECORD_RETURN ? signer->back : signer->credit, message, sizeof(message),
                 mac);
    return memcmp(mac, bytes + RECORD_SIGNED_SIZE, RECORD_MAC_SIZE) == 0;
}
