/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SHILLING_COMMON_CRYPTO_ED25519_H
#define SHILLING_COMMON_CRYPTO_ED25519_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/compiler.h"
#include "common/err.h"

/*
 * Ed25519 (RFC 8032), the signature of the papers that our own programs sign for each other. Keys
 * are PEM: PKCS#8 "PRIVATE KEY", not encrypted, and "PUBLIC KEY". A key may be used by several
 * threads at once.
 */
struct ed25519_key;

enum {
    ED25519_SIGN_SIZE = 64,
    ED25519_PEM_SIZE = 512, /* room for the PEM text of either half, with its NUL */
};

/** Make a new pair. @param ret_key @own given; ed25519_key_destroy(). ERR_MEMORY, ERR_INTERNAL. */
MUST_CHECK enum err ed25519_make(struct ed25519_key **ret_key);

/**
 * Read a private key from PEM text of @p size bytes.
 *
 * @param ret_key @own given; ed25519_key_destroy()
 * @return OK; ERR_FORMAT no private Ed25519 key in PEM, or an encrypted one; ERR_MEMORY
 */
MUST_CHECK enum err ed25519_private_read(const char *text, size_t size,
                                         struct ed25519_key **ret_key);
/** As ed25519_private_read() for "PUBLIC KEY"; such a key cannot sign. */
MUST_CHECK enum err ed25519_public_read(const char *text, size_t size,
                                        struct ed25519_key **ret_key);

/** NULL is allowed. */
void ed25519_key_destroy(struct ed25519_key *key);

/** PEM text of the private half; false if @p key has none. Wipe it after use. */
MUST_CHECK bool ed25519_private_pem(const struct ed25519_key *key, char ret_text[ED25519_PEM_SIZE]);
/** PEM text of the public half, which every key has. */
MUST_CHECK bool ed25519_public_pem(const struct ed25519_key *key, char ret_text[ED25519_PEM_SIZE]);

/** Sign @p size bytes; false if @p key has no private half. */
MUST_CHECK bool ed25519_sign(const struct ed25519_key *key, const void *bytes, size_t size,
                             uint8_t ret_sign[ED25519_SIGN_SIZE]);
/** True only if @p sign is this key's over exactly these bytes. */
MUST_CHECK bool ed25519_verify(const struct ed25519_key *key, const void *bytes, size_t size,
                               const uint8_t sign[ED25519_SIGN_SIZE]);

#endif
