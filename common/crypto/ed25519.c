/* SPDX-License-Identifier: Apache-2.0 */
#include "common/crypto/ed25519.h"

#include <stdlib.h>

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>

#include "common/str.h"

enum { PEM_TEXT_SIZE_MAX = 16384 /* a key has about 120 characters; comments may precede it */ };

struct ed25519_key {
    EVP_PKEY *pkey;
    bool is_private;
};

static enum err wrap(EVP_PKEY *pkey, bool is_private, struct ed25519_key **ret_key)
{
    struct ed25519_key *key = calloc(1, sizeof(*key));
    if (key == NULL) {
        EVP_PKEY_free(pkey);
        return ERR_MEMORY;
    }
    key->pkey = pkey;
    key->is_private = is_private;
    *ret_key = key;
    return OK;
}

enum err ed25519_make(struct ed25519_key **ret_key)
{
    EVP_PKEY *pkey = EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
    return pkey == NULL ? ERR_INTERNAL : wrap(pkey, /* is_private= */ true, ret_key);
}

/* Nobody is asked for a passphrase: an encrypted key is refused. */
static int no_passphrase(char *buf, int size, int writing, void *context)
{
    (void)buf;
    (void)size;
    (void)writing;
    (void)context;
    return -1;
}

static enum err key_read(const char *text, size_t size, bool is_private,
                         struct ed25519_key **ret_key)
{
    if (size == 0 || size > PEM_TEXT_SIZE_MAX) {
        return ERR_FORMAT;
    }
    BIO *bio = BIO_new_mem_buf(text, (int)size);
    if (bio == NULL) {
        return ERR_MEMORY;
    }
    EVP_PKEY *pkey = is_private ? PEM_read_bio_PrivateKey(bio, NULL, no_passphrase, NULL)
                                : PEM_read_bio_PUBKEY(bio, NULL, no_passphrase, NULL);
    BIO_free(bio);
    ERR_clear_error();
    if (pkey == NULL || EVP_PKEY_is_a(pkey, "ED25519") != 1) {
        EVP_PKEY_free(pkey);
        return ERR_FORMAT;
    }
    return wrap(pkey, is_private, ret_key);
}

enum err ed25519_private_read(const char *text, size_t size, struct ed25519_key **ret_key)
{
    return key_read(text, size, /* is_private= */ true, ret_key);
}

enum err ed25519_public_read(const char *text, size_t size, struct ed25519_key **ret_key)
{
    return key_read(text, size, /* is_private= */ false, ret_key);
}

void ed25519_key_destroy(struct ed25519_key *key)
{
    if (key != NULL) {
        EVP_PKEY_free(key->pkey);
        free(key);
    }
}

static bool pem_text(const struct ed25519_key *key, bool is_private,
                     char ret_text[ED25519_PEM_SIZE])
{
    BIO *bio = BIO_new(BIO_s_mem());
    if (bio == NULL) {
        return false;
    }
    bool ok = is_private
                  ? PEM_write_bio_PKCS8PrivateKey(bio, key->pkey, NULL, NULL, 0, NULL, NULL) == 1
                  : PEM_write_bio_PUBKEY(bio, key->pkey) == 1;
    char *bytes = NULL;
    long size = BIO_get_mem_data(bio, &bytes);
    ok = ok && size > 0 && str_copy_bytes(ret_text, ED25519_PEM_SIZE, bytes, (size_t)size);
    BIO_free(bio);
    return ok;
}

bool ed25519_private_pem(const struct ed25519_key *key, char ret_text[ED25519_PEM_SIZE])
{
    return key->is_private && pem_text(key, /* is_private= */ true, ret_text);
}

bool ed25519_public_pem(const struct ed25519_key *key, char ret_text[ED25519_PEM_SIZE])
{
    return pem_text(key, /* is_private= */ false, ret_text);
}

bool ed25519_sign(const struct ed25519_key *key, const void *bytes, size_t size,
                  uint8_t ret_sign[ED25519_SIGN_SIZE])
{
    EVP_MD_CTX *ctx = key->is_private ? EVP_MD_CTX_new() : NULL;
    size_t written = ED25519_SIGN_SIZE;
    bool ok = ctx != NULL && EVP_DigestSignInit(ctx, NULL, NULL, NULL, key->pkey) == 1 &&
              EVP_DigestSign(ctx, ret_sign, &written, bytes, size) == 1 &&
              written == ED25519_SIGN_SIZE;
    EVP_MD_CTX_free(ctx);
    return ok;
}

bool ed25519_verify(const struct ed25519_key *key, const void *bytes, size_t size,
                    const uint8_t sign[ED25519_SIGN_SIZE])
{
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    bool ok = ctx != NULL && EVP_DigestVerifyInit(ctx, NULL, NULL, NULL, key->pkey) == 1 &&
              EVP_DigestVerify(ctx, sign, ED25519_SIGN_SIZE, bytes, size) == 1;
    EVP_MD_CTX_free(ctx);
    ERR_clear_error();
    return ok;
}
