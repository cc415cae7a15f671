/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Method: NXP's AN0945-style secure messaging of EV1 as public implementations and cards show it.
 * The CMAC of a message starts from the session's chain, and its result is the chain's next value.
 * A command is covered from its instruction on, an answer by its data and then its status; the
 * answer carries the first eight bytes. A written record and its MAC are parted after 55 bytes, as
 * more does not fit into one frame of 64.
 */
#include "protocol/card/desfire.h"

#include <string.h>

#include "common/bytes.h"
#include "common/crypto/aes.h"
#include "common/must.h"

enum {
    CLA = 0x90,
    INS_SELECT = 0x5A,
    INS_PROVE_AES = 0xAA,
    INS_MORE = 0xAF,
    INS_READ = 0xBD,
    INS_WRITE = 0x3D,
    INS_COMMIT = 0xC7,
    INS_CREATE_APPLICATION = 0xCA,
    INS_CREATE_BACKUP_FILE = 0xCB,
    INS_CHANGE_KEY = 0xC4,
    STATUS_SIZE = 2,
    AREA_SIZE = 7,         /* file, offset, length */
    MESSAGE_SIZE_MAX = 96, /* the longest that a CMAC covers, padded */
    COMM_MACED = 1,
    KEY_SETTINGS = 0x0B, /* own keys and settings can be changed with the master key; files too */
    AES_KEYS = 0x80,
    CHANGED_KEY_SIZE = 32,
};

/* --- commands -------------------------------------------------------------------------------- */

static void command_make(uint8_t ins, const uint8_t *data, size_t size, struct apdu *ret_command)
{
    const struct apdu_command command = {
        .cla = CLA, .ins = ins, .data = data, .data_size = size, .has_le = true};
    apdu_encode(&command, ret_command);
}

static bool status_is(const struct apdu *answer, uint16_t want)
{
    uint16_t status = 0;
    return apdu_answer_status(answer, &status) && status == want;
}

static void put_le24(uint8_t *p, uint32_t v)
{
    put_le16(p, (uint16_t)(v & 0xFFFFU));
    p[2] = (uint8_t)((v >> 16) & 0xFFU);
}

void desfire_select(uint32_t aid, struct apdu *ret_command)
{
    uint8_t data[DESFIRE_AID_SIZE];
    put_le24(data, aid);
    command_make(INS_SELECT, data, sizeof(data), ret_command);
}

void desfire_prove_begin(uint8_t key_number, struct apdu *ret_command)
{
    command_make(INS_PROVE_AES, &key_number, 1, ret_command);
}

/* --- the mutual proof ------------------------------------------------------------------------ */

static void rotate_left(const uint8_t bytes[DESFIRE_RANDOM_SIZE],
                        uint8_t ret_bytes[DESFIRE_RANDOM_SIZE])
{
    memcpy(ret_bytes, bytes + 1, DESFIRE_RANDOM_SIZE - 1);
    ret_bytes[DESFIRE_RANDOM_SIZE - 1] = bytes[0];
}

bool desfire_prove_answer(const struct desfire_secret *secret, const struct apdu *answer,
                          struct desfire_proof *ret_proof, struct apdu *ret_command)
{
    if (!status_is(answer, DESFIRE_MORE) || answer->size != DESFIRE_RANDOM_SIZE + STATUS_SIZE) {
        return false;
    }
    struct desfire_proof proof = {.iv = {0}};
    memcpy(proof.key, secret->key, sizeof(proof.key));
    memcpy(proof.random_a, secret->random_a, sizeof(proof.random_a));
    const struct aes_blocks challenge = {
        .key = proof.key, .bytes = answer->bytes, .size = DESFIRE_RANDOM_SIZE};
    uint8_t data[2 * DESFIRE_RANDOM_SIZE];
    bool ok = aes128_cbc_decrypt(&challenge, proof.iv, proof.random_b);
    memcpy(data, proof.random_a, DESFIRE_RANDOM_SIZE);
    rotate_left(proof.random_b, data + DESFIRE_RANDOM_SIZE);
    const struct aes_blocks reply = {.key = proof.key, .bytes = data, .size = sizeof(data)};
    ok = ok && aes128_cbc_encrypt(&reply, proof.iv, data);
    if (ok) {
        command_make(INS_MORE, data, sizeof(data), ret_command);
        *ret_proof = proof;
    }
    bytes_wipe(&proof, sizeof(proof));
    return ok;
}

static void session_key_make(const struct desfire_proof *proof, uint8_t ret_key[DESFIRE_KEY_SIZE])
{
    memcpy(ret_key, proof->random_a, 4);
    memcpy(ret_key + 4, proof->random_b, 4);
    memcpy(ret_key + 8, proof->random_a + 12, 4);
    memcpy(ret_key + 12, proof->random_b + 12, 4);
}

bool desfire_prove_end(const struct desfire_proof *proof, const struct apdu *answer,
                       struct desfire_session *ret_session)
{
    if (!status_is(answer, DESFIRE_OK) || answer->size != DESFIRE_RANDOM_SIZE + STATUS_SIZE) {
        return false;
    }
    uint8_t iv[DESFIRE_KEY_SIZE];
    uint8_t got[DESFIRE_RANDOM_SIZE];
    uint8_t want[DESFIRE_RANDOM_SIZE];
    memcpy(iv, proof->iv, sizeof(iv));
    rotate_left(proof->random_a, want);
    const struct aes_blocks reply = {
        .key = proof->key, .bytes = answer->bytes, .size = DESFIRE_RANDOM_SIZE};
    if (!aes128_cbc_decrypt(&reply, iv, got) || !bytes_equal_secret(got, want, sizeof(got))) {
        return false;
    }
    struct desfire_session session = {.iv = {0}};
    session_key_make(proof, session.key);
    *ret_session = session;
    bytes_wipe(&session, sizeof(session));
    return true;
}

/* --- the chain ------------------------------------------------------------------------------- */

/* Doubling in GF(2^128), as CMAC's subkeys need it (NIST SP 800-38B, 6.1). */
static void double_block(uint8_t block[DESFIRE_KEY_SIZE])
{
    unsigned carry = 0;
    for (size_t i = DESFIRE_KEY_SIZE; i-- > 0;) {
        unsigned value = ((unsigned)block[i] << 1) | carry;
        carry = value >> 8;
        block[i] = (uint8_t)(value & 0xFFU);
    }
    block[DESFIRE_KEY_SIZE - 1] = (uint8_t)(block[DESFIRE_KEY_SIZE - 1] ^ (carry != 0 ? 0x87U : 0));
}

/* The CMAC of a message from the chain's value on, which becomes the chain's value. */
static bool chain(struct desfire_session *session, const uint8_t *message, size_t size)
{
    uint8_t padded[MESSAGE_SIZE_MAX] = {0};
    uint8_t subkey[DESFIRE_KEY_SIZE] = {0};
    uint8_t zero[DESFIRE_KEY_SIZE] = {0};
    MUST(size > 0 && size < sizeof(padded));
    const struct aes_blocks nothing = {
        .key = session->key, .bytes = subkey, .size = sizeof(subkey)};
    if (!aes128_cbc_encrypt(&nothing, zero, subkey)) {
        return false;
    }
    memcpy(padded, message, size);
    size_t whole = (size + AES_BLOCK_SIZE - 1) / AES_BLOCK_SIZE * AES_BLOCK_SIZE;
    double_block(subkey);
    if (whole != size) {
        padded[size] = 0x80;
        double_block(subkey);
    }
    for (size_t i = 0; i < AES_BLOCK_SIZE; i++) {
        padded[whole - AES_BLOCK_SIZE + i] ^= subkey[i];
    }
    const struct aes_blocks blocks = {.key = session->key, .bytes = padded, .size = whole};
    bool ok = aes128_cbc_encrypt(&blocks, session->iv, padded);
    bytes_wipe(subkey, sizeof(subkey));
    return ok;
}

/* A native command passes through the chain: its instruction and its data. */
static bool chain_command(struct desfire_session *session, uint8_t ins, const uint8_t *data,
                          size_t size)
{
    uint8_t message[MESSAGE_SIZE_MAX];
    MUST(size + 1 < sizeof(message));
    message[0] = ins;
    if (size > 0) {
        memcpy(message + 1, data, size);
    }
    return chain(session, message, size + 1);
}

/* A good answer of @p size bytes of data, whose MAC is right. */
static bool chain_answer(struct desfire_session *session, const struct apdu *answer, size_t size)
{
    uint8_t message[MESSAGE_SIZE_MAX];
    MUST(size + 1 < sizeof(message));
    if (!status_is(answer, DESFIRE_OK) || answer->size != size + DESFIRE_MAC_SIZE + STATUS_SIZE) {
        return false;
    }
    memcpy(message, answer->bytes, size);
    message[size] = 0x00; /* the status */
    return chain(session, message, size + 1) &&
           bytes_equal_secret(session->iv, answer->bytes + size, DESFIRE_MAC_SIZE);
}

bool desfire_take(struct desfire_session *session, const struct apdu *answer)
{
    return chain_answer(session, answer, 0);
}

/* --- records --------------------------------------------------------------------------------- */

static void area_make(enum desfire_file file, uint8_t ret_area[AREA_SIZE])
{
    ret_area[0] = (uint8_t)file;
    put_le24(ret_area + 1, 0);
    put_le24(ret_area + 4, CARD_RECORD_SIZE);
}

bool desfire_read(struct desfire_session *session, enum desfire_file file, struct apdu *ret_command)
{
    uint8_t area[AREA_SIZE];
    area_make(file, area);
    if (!chain_command(session, INS_READ, area, sizeof(area))) {
        return false;
    }
    command_make(INS_READ, area, sizeof(area), ret_command);
    return true;
}

bool desfire_read_take(struct desfire_session *session, const struct apdu *answer,
                       uint8_t ret_record[CARD_RECORD_SIZE])
{
    if (!chain_answer(session, answer, CARD_RECORD_SIZE)) {
        return false;
    }
    memcpy(ret_record, answer->bytes, CARD_RECORD_SIZE);
    return true;
}

bool desfire_write(struct desfire_session *session, enum desfire_file file,
                   const uint8_t record[CARD_RECORD_SIZE],
                   struct apdu ret_commands[DESFIRE_WRITE_SIZE])
{
    uint8_t data[AREA_SIZE + CARD_RECORD_SIZE];
    area_make(file, data);
    memcpy(data + AREA_SIZE, record, CARD_RECORD_SIZE);
    if (!chain_command(session, INS_WRITE, data, sizeof(data))) {
        return false;
    }
    command_make(INS_WRITE, data, sizeof(data), &ret_commands[0]);
    command_make(INS_MORE, session->iv, DESFIRE_MAC_SIZE, &ret_commands[1]);
    command_make(INS_COMMIT, NULL, 0, &ret_commands[2]);
    return true;
}

bool desfire_write_take(struct desfire_session *session,
                        const struct apdu answers[DESFIRE_WRITE_SIZE])
{
    return status_is(&answers[0], DESFIRE_MORE) && desfire_take(session, &answers[1]) &&
           chain_command(session, INS_COMMIT, NULL, 0) && desfire_take(session, &answers[2]);
}

/* --- the desk -------------------------------------------------------------------------------- */

void desfire_create_application(struct apdu *ret_command)
{
    uint8_t data[DESFIRE_AID_SIZE + 2];
    put_le24(data, DESFIRE_AID_CARD);
    data[3] = KEY_SETTINGS;
    data[4] = AES_KEYS | DESFIRE_KEY_COUNT;
    command_make(INS_CREATE_APPLICATION, data, sizeof(data), ret_command);
}

/* Who may read, write, both, and change these rights; F: nobody. */
static uint16_t rights_of(enum desfire_file file)
{
    return file == DESFIRE_FILE_CREDIT ? 0x1F20 : 0x2F10;
}

bool desfire_create_file(struct desfire_session *session, enum desfire_file file,
                         struct apdu *ret_command)
{
    uint8_t data[7] = {(uint8_t)file, COMM_MACED};
    put_le16(data + 2, rights_of(file));
    put_le24(data + 4, CARD_RECORD_SIZE);
    if (!chain_command(session, INS_CREATE_BACKUP_FILE, data, sizeof(data))) {
        return false;
    }
    command_make(INS_CREATE_BACKUP_FILE, data, sizeof(data), ret_command);
    return true;
}

/* CRC-32 of ISO/IEC 13239 without its last inversion, as the chip computes it. */
static uint32_t crc_add(uint32_t crc, const uint8_t *bytes, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        crc ^= bytes[i];
        for (int bit = 0; bit < 8; bit++) {
            crc = (crc & 1U) != 0 ? (crc >> 1) ^ 0xEDB88320U : crc >> 1;
        }
    }
    return crc;
}

bool desfire_change_key(struct desfire_session *session, const struct desfire_change *change,
                        struct apdu *ret_command)
{
    uint8_t plain[CHANGED_KEY_SIZE] = {0};
    const uint8_t head[] = {INS_CHANGE_KEY, change->number};
    size_t size = DESFIRE_KEY_SIZE;
    for (size_t i = 0; i < DESFIRE_KEY_SIZE; i++) {
        plain[i] = (uint8_t)(change->new_key[i] ^ (change->is_own ? 0 : change->old_key[i]));
    }
    plain[size++] = change->version;
    put_le32(plain + size, crc_add(crc_add(0xFFFFFFFFU, head, sizeof(head)), plain, size));
    size += 4;
    if (!change->is_own) {
        put_le32(plain + size, crc_add(0xFFFFFFFFU, change->new_key, DESFIRE_KEY_SIZE));
    }
    uint8_t data[1 + CHANGED_KEY_SIZE] = {change->number};
    const struct aes_blocks blocks = {.key = session->key, .bytes = plain, .size = sizeof(plain)};
    bool ok = aes128_cbc_encrypt(&blocks, session->iv, data + 1);
    if (ok) {
        command_make(INS_CHANGE_KEY, data, sizeof(data), ret_command);
    }
    bytes_wipe(plain, sizeof(plain));
    return ok;
}
