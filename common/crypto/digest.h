/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SHILLING_COMMON_CRYPTO_DIGEST_H
#define SHILLING_COMMON_CRYPTO_DIGEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/compiler.h"

/* Hashes by OpenSSL. MD5 and SHA-1 are here because the wallets' formats name them (certificate
 * numbers, bill hashes); nothing of ours relies on them. */
enum digest { DIGEST_MD5, DIGEST_SHA1, DIGEST_SHA256, DIGEST_COUNT };

enum {
    DIGEST_SHA256_SIZE = 32,
    DIGEST_HEX_SIZE = 2 * DIGEST_SHA256_SIZE + 1, /* holds the text of each of them */
};

/** Lower-case hex of the digest of @p size bytes. False only if the library has no memory. */
MUST_CHECK bool digest_hex(enum digest digest, const void *bytes, size_t size,
                           char ret_hex[DIGEST_HEX_SIZE]);

/** The 32 bytes of SHA-256. False only if the library has no memory. */
MUST_CHECK bool digest_sha256(const void *bytes, size_t size,
                              uint8_t ret_digest[DIGEST_SHA256_SIZE]);

/** HMAC-SHA256 (RFC 2104). False only if the library has no memory. */
MUST_CHECK bool digest_hmac_sha256(const uint8_t *key, size_t key_size, const void *bytes,
                                   size_t size, uint8_t ret_mac[DIGEST_SHA256_SIZE]);

#endif
