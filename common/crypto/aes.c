/* SPDX-License-Identifier: Apache-2.0 */
#include "common/crypto/aes.h"

#include <limits.h>
#include <string.h>

#include <openssl/evp.h>

static bool run(const struct aes_blocks *blocks, const uint8_t iv[AES_BLOCK_SIZE], bool encrypt,
                uint8_t *ret_bytes)
{
    int written = 0;
    int rest = 0;
    uint8_t nothing[EVP_MAX_BLOCK_LENGTH];
    EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
    bool ok =
        ctx != NULL &&
        EVP_CipherInit_ex(ctx, EVP_aes_128_cbc(), NULL, blocks->key, iv, encrypt ? 1 : 0) == 1 &&
        EVP_CIPHER_CTX_set_padding(ctx, 0) == 1 &&
        EVP_CipherUpdate(ctx, ret_bytes, &written, blocks->bytes, (int)blocks->size) == 1 &&
        EVP_CipherFinal_ex(ctx, nothing, &rest) == 1;
    EVP_CIPHER_CTX_free(ctx);
    return ok && (size_t)written == blocks->size && rest == 0;
}

static bool is_whole(const struct aes_blocks *blocks)
{
    return blocks->size >= AES_BLOCK_SIZE && blocks->size % AES_BLOCK_SIZE == 0 &&
           blocks->size <= INT_MAX;
}

bool aes128_cbc_encrypt(const struct aes_blocks *blocks, uint8_t iv[AES_BLOCK_SIZE],
                        uint8_t *ret_bytes)
{
    if (!is_whole(blocks) || !run(blocks, iv, /* encrypt= */ true, ret_bytes)) {
        return false;
    }
    memcpy(iv, ret_bytes + blocks->size - AES_BLOCK_SIZE, AES_BLOCK_SIZE);
    return true;
}

bool aes128_cbc_decrypt(const struct aes_blocks *blocks, uint8_t iv[AES_BLOCK_SIZE],
                        uint8_t *ret_bytes)
{
    if (!is_whole(blocks)) {
        return false;
    }
    uint8_t last[AES_BLOCK_SIZE];
    memcpy(last, blocks->bytes + blocks->size - AES_BLOCK_SIZE, AES_BLOCK_SIZE);
    if (!run(blocks, iv, /* encrypt= */ false, ret_bytes)) {
        return false;
    }
    memcpy(iv, last, AES_BLOCK_SIZE);
    return true;
}
