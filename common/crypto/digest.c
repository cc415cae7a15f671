/* SPDX-License-Identifier: Apache-2.0 */
#include "common/crypto/digest.h"

#include <limits.h>

#include <openssl/evp.h>
#include <openssl/hmac.h>

#include "common/must.h"

static const EVP_MD *method_of(enum digest digest)
{
    switch (digest) {
    case DIGEST_MD5:
        return EVP_md5();
    case DIGEST_SHA1:
        return EVP_sha1();
    case DIGEST_SHA256:
        return EVP_sha256();
    case DIGEST_COUNT:
        break;
    }
    MUST_NOT_REACH();
}

bool digest_hex(enum digest digest, const void *bytes, size_t size, char ret_hex[DIGEST_HEX_SIZE])
{
    static const char digits[] = "0123456789abcdef";
    uint8_t value[EVP_MAX_MD_SIZE];
    unsigned int value_size = 0;
    if (EVP_Digest(bytes, size, value, &value_size, method_of(digest), NULL) != 1) {
        return false;
    }
    MUST(value_size <= DIGEST_SHA256_SIZE);
    for (size_t i = 0; i < value_size; i++) {
        ret_hex[2 * i] = digits[value[i] >> 4];
        ret_hex[2 * i + 1] = digits[value[i] & 15U];
    }
    ret_hex[2 * (size_t)value_size] = '\0';
    return true;
}

bool digest_sha256(const void *bytes, size_t size, uint8_t ret_digest[DIGEST_SHA256_SIZE])
{
    unsigned int written = 0;
    return EVP_Digest(bytes, size, ret_digest, &written, EVP_sha256(), NULL) == 1;
}

bool digest_hmac_sha256(const uint8_t *key, size_t key_size, const void *bytes, size_t size,
                        uint8_t ret_mac[DIGEST_SHA256_SIZE])
{
    unsigned int written = 0;
    MUST(key_size <= INT_MAX);
    return HMAC(EVP_sha256(), key, (int)key_size, bytes, size, ret_mac, &written) != NULL;
}
