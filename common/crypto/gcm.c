/* SPDX-License-Identifier: Apache-2.0 */
#include "common/crypto/gcm.h"

#include <limits.h>

#include <openssl/evp.h>

#include "common/bytes.h"

/* The tag travels behind the ciphertext; OpenSSL wants it before the final step. */
static bool decrypt(EVP_CIPHER_CTX *ctx, const struct gcm_box *box, uint8_t *ret_plain, size_t size)
{
    uint8_t tag[GCM_TAG_SIZE];
    for (size_t i = 0; i < GCM_TAG_SIZE; i++) {
        tag[i] = box->sealed[size + i];
    }
    int written = 0;
    if (EVP_DecryptInit_ex(ctx, EVP_aes_256_gcm(), NULL, NULL, NULL) != 1 ||
        EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_SET_IVLEN, GCM_NONCE_SIZE, NULL) != 1 ||
        EVP_DecryptInit_ex(ctx, NULL, NULL, box->key, box->nonce) != 1) {
        return false;
    }
    if (box->aad_size > 0 &&
        EVP_DecryptUpdate(ctx, NULL, &written, box->aad, (int)box->aad_size) != 1) {
        return false;
    }
    if (size > 0 && EVP_DecryptUpdate(ctx, ret_plain, &written, box->sealed, (int)size) != 1) {
        return false;
    }
    uint8_t rest[EVP_MAX_BLOCK_LENGTH];
    return EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_SET_TAG, GCM_TAG_SIZE, tag) == 1 &&
           EVP_DecryptFinal_ex(ctx, rest, &written) == 1;
}

bool gcm_open(const struct gcm_box *box, uint8_t *ret_plain, size_t plain_size, size_t *ret_size)
{
    if (box->nonce_size != GCM_NONCE_SIZE || box->sealed_size < GCM_TAG_SIZE ||
        box->sealed_size > INT_MAX || box->aad_size > INT_MAX) {
        return false;
    }
    size_t size = box->sealed_size - GCM_TAG_SIZE;
    if (size > plain_size) {
        return false;
    }
    EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
    bool ok = ctx != NULL && decrypt(ctx, box, ret_plain, size);
    EVP_CIPHER_CTX_free(ctx);
    if (!ok) {
        bytes_wipe(ret_plain, size);
        return false;
    }
    *ret_size = size;
    return true;
}
