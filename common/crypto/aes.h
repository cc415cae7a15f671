/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SHILLING_COMMON_CRYPTO_AES_H
#define SHILLING_COMMON_CRYPTO_AES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/compiler.h"

enum { AES128_KEY_SIZE = 16, AES_BLOCK_SIZE = 16 };

/* Whole blocks under one key; everything is borrowed for the call. */
struct aes_blocks {
    const uint8_t *key; /* AES128_KEY_SIZE bytes */
    const uint8_t *bytes;
    size_t size; /* a multiple of AES_BLOCK_SIZE, at least one */
};

/**
 * AES-128 in CBC mode (NIST SP 800-38A) without padding. For the protocols of cards, whose messages
 * carry proofs of their own.
 *
 * @param iv        16 bytes: the start, and afterwards the last block of ciphertext, so that calls
 *                  can be chained
 * @param ret_bytes @p blocks->size bytes; may be the same area as the input
 * @return false if the size is no multiple of a block or the library fails
 */
MUST_CHECK bool aes128_cbc_encrypt(const struct aes_blocks *blocks, uint8_t iv[AES_BLOCK_SIZE],
                                   uint8_t *ret_bytes);
MUST_CHECK bool aes128_cbc_decrypt(const struct aes_blocks *blocks, uint8_t iv[AES_BLOCK_SIZE],
                                   uint8_t *ret_bytes);

#endif
