/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SHILLING_COMMON_CRYPTO_GCM_H
#define SHILLING_COMMON_CRYPTO_GCM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/compiler.h"

enum { GCM_KEY_SIZE = 32, GCM_NONCE_SIZE = 12, GCM_TAG_SIZE = 16 };

/** What is to be opened; everything is borrowed for the call. */
struct gcm_box {
    const uint8_t *key; /* GCM_KEY_SIZE bytes */
    const uint8_t *nonce;
    size_t nonce_size;  /* anything but GCM_NONCE_SIZE is refused */
    const uint8_t *aad; /* may be NULL if aad_size is 0 */
    size_t aad_size;
    const uint8_t *sealed; /* ciphertext and then the tag */
    size_t sealed_size;
};

/**
 * Open AES-256-GCM (NIST SP 800-38D). Nothing of the plaintext is left in @p ret_plain when the
 * tag is wrong.
 *
 * @param plain_size room in @p ret_plain, at least sealed_size - GCM_TAG_SIZE
 * @param ret_size   bytes of plaintext, set only on success
 */
MUST_CHECK bool gcm_open(const struct gcm_box *box, uint8_t *ret_plain, size_t plain_size,
                         size_t *ret_size);

#endif
