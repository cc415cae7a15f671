/* SPDX-License-Identifier: Apache-2.0 */
#include "common/crypto/cmac.h"

#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/params.h>

/* OpenSSL takes the name of the cipher as text that it could change. */
static bool compute(EVP_MAC_CTX *ctx, const uint8_t *key, const uint8_t *bytes, size_t size,
                    uint8_t ret_mac[CMAC_SIZE])
{
    char cipher[] = "AES-128-CBC";
    const OSSL_PARAM params[] = {
        OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_CIPHER, cipher, 0),
        OSSL_PARAM_construct_end(),
    };
    size_t written = 0;
    return EVP_MAC_init(ctx, key, CMAC_KEY_SIZE, params) == 1 &&
           (size == 0 || EVP_MAC_update(ctx, bytes, size) == 1) &&
           EVP_MAC_final(ctx, ret_mac, &written, CMAC_SIZE) == 1 && written == CMAC_SIZE;
}

bool cmac_aes128(const uint8_t key[CMAC_KEY_SIZE], const uint8_t *bytes, size_t size,
                 uint8_t ret_mac[CMAC_SIZE])
{
    EVP_MAC *mac = EVP_MAC_fetch(NULL, "CMAC", NULL);
    EVP_MAC_CTX *ctx = mac != NULL ? EVP_MAC_CTX_new(mac) : NULL;
    bool ok = ctx != NULL && compute(ctx, key, bytes, size, ret_mac);
    EVP_MAC_CTX_free(ctx);
    EVP_MAC_free(mac);
    return ok;
}
