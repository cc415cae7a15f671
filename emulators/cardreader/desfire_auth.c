/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Both ways to authenticate have the same three passes: the card's number enciphered, the host's
 * number with the card's turned by one byte, the host's turned by one byte.
 */
#include <string.h>

#include "emulators/cardreader/desfire_inside.h"

static void turn(const uint8_t *bytes, size_t size, uint8_t *ret_turned)
{
    memcpy(ret_turned, bytes + 1, size - 1);
    ret_turned[size - 1] = bytes[0];
}

void picc_auth_begin(struct card *card, const struct desfire_message *in,
                     struct desfire_reply *reply)
{
    struct desfire *desfire = &card->memory.desfire;
    struct desfire_session *session = &desfire->session;
    const struct desfire_app *app = desfire_app_now(desfire);
    bool aes = in->command == DESFIRE_AUTH_AES;
    session->trust = DESFIRE_NOBODY;
    desfire_discard(desfire);
    if (in->size != 1) {
        reply->status = DESFIRE_LENGTH;
        return;
    }
    if (in->bytes[0] >= app->key_count) {
        reply->status = DESFIRE_NO_SUCH_KEY;
        return;
    }
    const struct crypto_key *key = &app->keys[in->bytes[0]].key;
    if ((key->kind == CRYPTO_AES) != aes) {
        reply->status = DESFIRE_AUTHENTICATION;
        return;
    }
    size_t block = crypto_block_size(key);
    faults_random_bytes(card->cells->faults, session->nonce, block);
    crypto_encrypt(key, session->nonce, reply->bytes);
    memcpy(session->asked_iv, reply->bytes, block);
    reply->size = block;
    reply->status = DESFIRE_MORE;
    session->asked = true;
    session->asked_command = in->command;
    session->asked_key = in->bytes[0];
}

static void make_session_key(const struct crypto_key *key, const uint8_t *host, const uint8_t *own,
                             struct crypto_key *ret_key)
{
    ret_key->kind = key->kind;
    memcpy(ret_key->bytes, host, 4);
    memcpy(ret_key->bytes + 4, own, 4);
    if (key->kind == CRYPTO_AES) {
        memcpy(ret_key->bytes + 8, host + 12, 4);
        memcpy(ret_key->bytes + 12, own + 12, 4);
    } else if (memcmp(key->bytes, key->bytes + 8, 8) == 0) {
        memcpy(ret_key->bytes + 8, ret_key->bytes, 8); /* single DES */
    } else {
        memcpy(ret_key->bytes + 8, host + 4, 4);
        memcpy(ret_key->bytes + 12, own + 4, 4);
    }
}

void picc_auth_finish(struct card *card, const uint8_t *bytes, size_t size,
                      struct desfire_reply *reply)
{
    struct desfire *desfire = &card->memory.desfire;
    struct desfire_session *session = &desfire->session;
    const struct crypto_key *key = &desfire_app_now(desfire)->keys[session->asked_key].key;
    size_t block = crypto_block_size(key);
    uint8_t both[2 * CRYPTO_BLOCK_MAX];
    uint8_t turned[CRYPTO_BLOCK_MAX];
    uint8_t iv[CRYPTO_BLOCK_MAX] = {0};
    session->asked = false;
    reply->status = DESFIRE_AUTHENTICATION;
    if (size != 2 * block) {
        return;
    }
    memcpy(both, bytes, size);
    if (key->kind == CRYPTO_AES) {
        memcpy(iv, session->asked_iv, block);
        crypto_cbc_decrypt(key, iv, both, size);
    } else {
        crypto_cbc_undo_deciphered(key, iv, both, size);
        memset(iv, 0, sizeof(iv));
    }
    turn(session->nonce, block, turned);
    if (memcmp(both + block, turned, block) != 0) {
        return;
    }
    turn(both, block, reply->bytes);
    crypto_cbc_encrypt(key, iv, reply->bytes, block);
    make_session_key(key, both, session->nonce, &session->key);
    session->trust = key->kind == CRYPTO_AES ? DESFIRE_AES : DESFIRE_LEGACY;
    session->key_number = session->asked_key;
    memset(session->iv, 0, sizeof(session->iv));
    reply->size = block;
    reply->status = DESFIRE_OK;
}
