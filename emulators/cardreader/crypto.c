/* SPDX-License-Identifier: Apache-2.0 */
#include "emulators/cardreader/crypto.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/evp.h>

size_t crypto_block_size(const struct crypto_key *key)
{
    return key->kind == CRYPTO_AES ? 16 : 8;
}

static void one_block(const struct crypto_key *key, const uint8_t *block, uint8_t *ret_block,
                      bool encrypts)
{
    const EVP_CIPHER *cipher = key->kind == CRYPTO_AES ? EVP_aes_128_ecb() : EVP_des_ede_ecb();
    EVP_CIPHER_CTX *context = EVP_CIPHER_CTX_new();
    uint8_t out[2 * CRYPTO_BLOCK_MAX];
    int size = 0;
    if (context == NULL ||
        EVP_CipherInit_ex(context, cipher, NULL, key->bytes, NULL, encrypts ? 1 : 0) != 1 ||
        EVP_CIPHER_CTX_set_padding(context, 0) != 1 ||
        EVP_CipherUpdate(context, out, &size, block, (int)crypto_block_size(key)) != 1) {
        (void)fputs("emulator: libcrypto refuses a cipher\n", stderr);
        exit(EXIT_FAILURE);
    }
    EVP_CIPHER_CTX_free(context);
    memcpy(ret_block, out, crypto_block_size(key));
}

void crypto_encrypt(const struct crypto_key *key, const uint8_t *block, uint8_t *ret_block)
{
    one_block(key, block, ret_block, true);
}

void crypto_decrypt(const struct crypto_key *key, const uint8_t *block, uint8_t *ret_block)
{
    one_block(key, block, ret_block, false);
}

static void xor_into(uint8_t *bytes, const uint8_t *other, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        bytes[i] ^= other[i];
    }
}

void crypto_cbc_encrypt(const struct crypto_key *key, uint8_t *iv, uint8_t *bytes, size_t size)
{
    size_t block = crypto_block_size(key);
    for (size_t at = 0; at + block <= size; at += block) {
        xor_into(bytes + at, iv, block);
        crypto_encrypt(key, bytes + at, bytes + at);
        memcpy(iv, bytes + at, block);
    }
}

static void cbc_back(const struct crypto_key *key, uint8_t *iv, uint8_t *bytes, size_t size,
                     bool encrypts)
{
    size_t block = crypto_block_size(key);
    uint8_t cipher_text[CRYPTO_BLOCK_MAX];
    for (size_t at = 0; at + block <= size; at += block) {
        memcpy(cipher_text, bytes + at, block);
        one_block(key, bytes + at, bytes + at, encrypts);
        xor_into(bytes + at, iv, block);
        memcpy(iv, cipher_text, block);
    }
}

void crypto_cbc_decrypt(const struct crypto_key *key, uint8_t *iv, uint8_t *bytes, size_t size)
{
    cbc_back(key, iv, bytes, size, false);
}

void crypto_cbc_undo_deciphered(const struct crypto_key *key, uint8_t *iv, uint8_t *bytes,
                                size_t size)
{
    cbc_back(key, iv, bytes, size, true);
}

static void double_block(uint8_t *block)
{
    uint8_t carry = block[0] >> 7;
    for (size_t i = 0; i + 1 < CRYPTO_BLOCK_MAX; i++) {
        block[i] = (uint8_t)(block[i] << 1 | block[i + 1] >> 7);
    }
    block[CRYPTO_BLOCK_MAX - 1] =
        (uint8_t)(block[CRYPTO_BLOCK_MAX - 1] << 1 ^ (carry != 0 ? 0x87 : 0));
}

void crypto_cmac(const struct crypto_key *key, uint8_t *iv, const uint8_t *bytes, size_t size)
{
    uint8_t subkey[CRYPTO_BLOCK_MAX] = {0};
    uint8_t block[CRYPTO_BLOCK_MAX];
    size_t at = 0;
    crypto_encrypt(key, subkey, subkey);
    double_block(subkey);
    while (size - at > CRYPTO_BLOCK_MAX) {
        memcpy(block, bytes + at, CRYPTO_BLOCK_MAX);
        crypto_cbc_encrypt(key, iv, block, CRYPTO_BLOCK_MAX);
        at += CRYPTO_BLOCK_MAX;
    }
    size_t rest = size - at;
    memset(block, 0, sizeof(block));
    if (rest > 0) {
        memcpy(block, bytes + at, rest);
    }
    if (rest < CRYPTO_BLOCK_MAX) {
        block[rest] = 0x80;
        double_block(subkey);
    }
    xor_into(block, subkey, CRYPTO_BLOCK_MAX);
    crypto_cbc_encrypt(key, iv, block, CRYPTO_BLOCK_MAX);
}

uint32_t crypto_crc32(const uint8_t *bytes, size_t size)
{
    uint32_t crc = 0xFFFFFFFFU;
    for (size_t i = 0; i < size; i++) {
        crc ^= bytes[i];
        for (int bit = 0; bit < 8; bit++) {
            crc = crc >> 1 ^ ((crc & 1U) != 0 ? 0xEDB88320U : 0);
        }
    }
    return crc;
}

uint16_t crypto_crc_a(const uint8_t *bytes, size_t size)
{
    unsigned crc = 0x6363;
    for (size_t i = 0; i < size; i++) {
        crc ^= bytes[i];
        for (int bit = 0; bit < 8; bit++) {
            crc = crc >> 1 ^ ((crc & 1U) != 0 ? 0x8408U : 0);
        }
    }
    return (uint16_t)crc;
}
