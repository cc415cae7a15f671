/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SHILLING_COMMON_CRYPTO_RSA_H
#define SHILLING_COMMON_CRYPTO_RSA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/compiler.h"
#include "common/crypto/digest.h"
#include "common/err.h"

/*
 * RSASSA-PKCS1-v1_5 with SHA-256 (RFC 8017, 8.2), the signature of both wallets. SHA-1 cannot be
 * asked for. A key may be used by several threads at once.
 */
struct rsa_key;

enum {
    RSA_KEY_BITS_MIN = 2048,
    RSA_KEY_BITS_MAX = 8192,       /* larger keys only serve to keep us busy */
    RSA_KEY_TEXT_SIZE_MAX = 16384, /* an 8192 bit key as PEM has about 6,500 characters */
    RSA_SIGN_TEXT_SIZE = 1368 + 1, /* base64 of RSA_KEY_BITS_MAX / 8 bytes, and the NUL */
};

/**
 * Read a private key: PEM (PKCS#8 or PKCS#1) or, as Alipay's tools hand it out, the bare base64
 * of either. Encrypted keys are refused; nobody is asked for a passphrase.
 *
 * @param ret_key @own given; rsa_key_destroy()
 * @return ERR_FORMAT no RSA private key; ERR_RANGE fewer than RSA_KEY_BITS_MIN or more than
 *         RSA_KEY_BITS_MAX bits; ERR_MEMORY
 */
MUST_CHECK enum err rsa_private_read(const char *text, size_t size, struct rsa_key **ret_key);

/** As rsa_private_read() for a public key: PEM "PUBLIC KEY", "RSA PUBLIC KEY", "CERTIFICATE" (the
 * key in it; nothing else of it is looked at), or the bare base64 of a SubjectPublicKeyInfo. */
MUST_CHECK enum err rsa_public_read(const char *text, size_t size, struct rsa_key **ret_key);

/** As rsa_public_read() for a SubjectPublicKeyInfo in DER. */
MUST_CHECK enum err rsa_public_der_read(const uint8_t *der, size_t size, struct rsa_key **ret_key);

/** NULL is allowed. */
void rsa_key_destroy(struct rsa_key *key);

/* One piece of a message that is signed as a whole; borrowed for the call. */
struct rsa_part {
    const void *bytes;
    size_t size;
};

/** Base64 of the signature over the parts in a row, with a NUL. @p key must be a private one. */
MUST_CHECK bool rsa_sign_base64(const struct rsa_key *key, const struct rsa_part *parts,
                                size_t part_count, char ret_text[RSA_SIGN_TEXT_SIZE]);

/* What is to be checked: a message in parts and the text of its signature. */
struct rsa_signed {
    const struct rsa_part *parts;
    size_t part_count;
    const char *sign; /* need not end in NUL */
    size_t sign_size;
};

/** True only if the sign is strict base64 of a valid signature over exactly these bytes. */
MUST_CHECK bool rsa_verify_base64(const struct rsa_key *key, const struct rsa_signed *message);

/** SHA-256 (hex) of the key's public part as DER SubjectPublicKeyInfo: its name in deny-lists. */
MUST_CHECK bool rsa_key_fingerprint(const struct rsa_key *key, char ret_hex[DIGEST_HEX_SIZE]);

#endif
