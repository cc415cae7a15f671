/* SPDX-License-Identifier: Apache-2.0 */
#include "common/crypto/rsa.h"

#include <stdlib.h>

#include <openssl/bio.h>
#include <openssl/decoder.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include "common/bytes.h"
#include "common/crypto/base64.h"
#include "common/must.h"
#include "common/str.h"

struct rsa_key {
    EVP_PKEY *pkey;
    bool is_private;
};

enum { SIGNATURE_SIZE_MAX = RSA_KEY_BITS_MAX / 8 };

/* Decode "PEM" or "DER". The selection keeps a public key from passing as a private one. */
static EVP_PKEY *decode(const uint8_t *bytes, size_t size, const char *format, bool want_private)
{
    EVP_PKEY *pkey = NULL;
    int selection = want_private ? EVP_PKEY_KEYPAIR : EVP_PKEY_PUBLIC_KEY;
    OSSL_DECODER_CTX *ctx =
        OSSL_DECODER_CTX_new_for_pkey(&pkey, format, NULL, "RSA", selection, NULL, NULL);
    /* An empty passphrase, so that an encrypted key fails instead of asking the terminal. */
    const unsigned char none[1] = {0};
    if (ctx == NULL || OSSL_DECODER_CTX_set_passphrase(ctx, none, 0) != 1 ||
        OSSL_DECODER_from_data(ctx, &bytes, &size) != 1) {
        EVP_PKEY_free(pkey);
        pkey = NULL;
    }
    OSSL_DECODER_CTX_free(ctx);
    return pkey;
}

static EVP_PKEY *decode_certificate(const uint8_t *bytes, size_t size)
{
    BIO *bio = BIO_new_mem_buf(bytes, (int)size);
    X509 *x509 = bio != NULL ? PEM_read_bio_X509(bio, NULL, NULL, NULL) : NULL;
    EVP_PKEY *pkey = x509 != NULL ? X509_get_pubkey(x509) : NULL;
    X509_free(x509);
    BIO_free(bio);
    return pkey;
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

/* Base64 without armour, perhaps wrapped into lines. */
static EVP_PKEY *decode_bare(const char *text, size_t size, bool want_private)
{
    char *tight = malloc(size);
    uint8_t *der = malloc(size);
    EVP_PKEY *pkey = NULL;
    if (tight != NULL && der != NULL) {
        size_t tight_size = 0;
        for (size_t i = 0; i < size; i++) {
            if (!is_blank(text[i])) {
                tight[tight_size++] = text[i];
            }
        }
        size_t der_size = 0;
        if (base64_decode(tight, tight_size, der, size, &der_size)) {
            pkey = decode(der, der_size, "DER", want_private);
        }
        bytes_wipe(tight, size);
        bytes_wipe(der, size);
    }
    free(tight);
    free(der);
    return pkey;
}

static bool holds(const char *text, size_t size, const char *word)
{
    size_t word_size = 0;
    while (word[word_size] != '\0') {
        word_size += 1;
    }
    for (size_t at = 0; at + word_size <= size; at++) {
        size_t same = 0;
        while (same < word_size && text[at + same] == word[same]) {
            same += 1;
        }
        if (same == word_size) {
            return true;
        }
    }
    return false;
}

static EVP_PKEY *decode_any(const char *text, size_t size, bool want_private)
{
    const uint8_t *bytes = (const uint8_t *)text;
    if (!holds(text, size, "-----BEGIN")) {
        return decode_bare(text, size, want_private);
    }
    if (!want_private && holds(text, size, "-----BEGIN CERTIFICATE-----")) {
        return decode_certificate(bytes, size);
    }
    return decode(bytes, size, "PEM", want_private);
}

/* @own taken: @p pkey, which may be NULL. */
static enum err key_make(EVP_PKEY *pkey, bool is_private, struct rsa_key **ret_key)
{
    ERR_clear_error(); /* the queue is the thread's; what we say is the result */
    if (pkey == NULL || EVP_PKEY_is_a(pkey, "RSA") != 1) {
        EVP_PKEY_free(pkey);
        return ERR_FORMAT;
    }
    int bits = EVP_PKEY_get_bits(pkey);
    if (bits < RSA_KEY_BITS_MIN || bits > RSA_KEY_BITS_MAX) {
        EVP_PKEY_free(pkey);
        return ERR_RANGE;
    }
    struct rsa_key *key = malloc(sizeof(*key));
    if (key == NULL) {
        EVP_PKEY_free(pkey);
        return ERR_MEMORY;
    }
    *key = (struct rsa_key){.pkey = pkey, .is_private = is_private};
    *ret_key = key;
    return OK;
}

static enum err key_read(const char *text, size_t size, bool want_private, struct rsa_key **ret_key)
{
    if (size == 0 || size > RSA_KEY_TEXT_SIZE_MAX) {
        return ERR_FORMAT;
    }
    return key_make(decode_any(text, size, want_private), want_private, ret_key);
}

enum err rsa_private_read(const char *text, size_t size, struct rsa_key **ret_key)
{
    return key_read(text, size, /* want_private= */ true, ret_key);
}

enum err rsa_public_read(const char *text, size_t size, struct rsa_key **ret_key)
{
    return key_read(text, size, /* want_private= */ false, ret_key);
}

enum err rsa_public_der_read(const uint8_t *der, size_t size, struct rsa_key **ret_key)
{
    if (size == 0 || size > RSA_KEY_TEXT_SIZE_MAX) {
        return ERR_FORMAT;
    }
    return key_make(decode(der, size, "DER", /* want_private= */ false), false, ret_key);
}

void rsa_key_destroy(struct rsa_key *key)
{
    if (key != NULL) {
        EVP_PKEY_free(key->pkey);
        free(key);
    }
}

bool rsa_sign_base64(const struct rsa_key *key, const struct rsa_part *parts, size_t part_count,
                     char ret_text[RSA_SIGN_TEXT_SIZE])
{
    MUST(key->is_private);
    uint8_t signature[SIGNATURE_SIZE_MAX];
    size_t signature_size = sizeof(signature);
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    bool ok = ctx != NULL && EVP_DigestSignInit(ctx, NULL, EVP_sha256(), NULL, key->pkey) == 1;
    for (size_t i = 0; ok && i < part_count; i++) {
        ok = EVP_DigestSignUpdate(ctx, parts[i].bytes, parts[i].size) == 1;
    }
    ok = ok && EVP_DigestSignFinal(ctx, signature, &signature_size) == 1;
    EVP_MD_CTX_free(ctx);
    return ok && base64_encode(signature, signature_size, ret_text, RSA_SIGN_TEXT_SIZE);
}

bool rsa_verify_base64(const struct rsa_key *key, const struct rsa_signed *message)
{
    uint8_t signature[SIGNATURE_SIZE_MAX];
    size_t signature_size = 0;
    if (!base64_decode(message->sign, message->sign_size, signature, sizeof(signature),
                       &signature_size)) {
        return false;
    }
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    bool ok = ctx != NULL && EVP_DigestVerifyInit(ctx, NULL, EVP_sha256(), NULL, key->pkey) == 1;
    for (size_t i = 0; ok && i < message->part_count; i++) {
        ok = EVP_DigestVerifyUpdate(ctx, message->parts[i].bytes, message->parts[i].size) == 1;
    }
    /* Only 1 is yes: 0 is a wrong signature, negative values are failures. */
    ok = ok && EVP_DigestVerifyFinal(ctx, signature, signature_size) == 1;
    EVP_MD_CTX_free(ctx);
    ERR_clear_error();
    return ok;
}

bool rsa_key_fingerprint(const struct rsa_key *key, char ret_hex[DIGEST_HEX_SIZE])
{
    unsigned char *der = NULL;
    int der_size = i2d_PUBKEY(key->pkey, &der);
    bool ok = der_size > 0 && digest_hex(DIGEST_SHA256, der, (size_t)der_size, ret_hex);
    OPENSSL_free(der);
    return ok;
}
