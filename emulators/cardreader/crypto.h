/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SHILLING_EMULATORS_CARDREADER_CRYPTO_H
#define SHILLING_EMULATORS_CARDREADER_CRYPTO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * The ciphers of the cards, over libcrypto. Test keys only: nothing here is constant-time or wiped.
 * Without memory for a cipher the program ends: an emulator that ciphers wrongly proves nothing.
 */
enum { CRYPTO_BLOCK_MAX = 16, CRYPTO_AES_KEY = 16, CRYPTO_DES_KEY = 16 };

enum crypto_kind {
    CRYPTO_DES, /* two-key triple DES; single DES is both halves the same */
    CRYPTO_AES,
    CRYPTO_KIND_COUNT
};

/** One block, with a key of 16 bytes. */
struct crypto_key {
    enum crypto_kind kind;
    uint8_t bytes[CRYPTO_AES_KEY];
};

size_t crypto_block_size(const struct crypto_key *key);
void crypto_encrypt(const struct crypto_key *key, const uint8_t *block, uint8_t *ret_block);
void crypto_decrypt(const struct crypto_key *key, const uint8_t *block, uint8_t *ret_block);

/** CBC in place over whole blocks; @p iv is left at the last block of cipher text. */
void crypto_cbc_encrypt(const struct crypto_key *key, uint8_t *iv, uint8_t *bytes, size_t size);
void crypto_cbc_decrypt(const struct crypto_key *key, uint8_t *iv, uint8_t *bytes, size_t size);

/**
 * What undoes the sending of DESFire's first cipher mode, where the host deciphers: p = E(c) xor
 * the cipher text before.
 */
void crypto_cbc_undo_deciphered(const struct crypto_key *key, uint8_t *iv, uint8_t *bytes,
                                size_t size);

/** AES-CMAC (NIST SP 800-38B) that begins at @p iv instead of zero and leaves its result there. */
void crypto_cmac(const struct crypto_key *key, uint8_t *iv, const uint8_t *bytes, size_t size);

/** CRC-32 as DESFire has it (no final inversion), and the CRC_A of ISO/IEC 14443-3. */
uint32_t crypto_crc32(const uint8_t *bytes, size_t size);
uint16_t crypto_crc_a(const uint8_t *bytes, size_t size);

#endif
