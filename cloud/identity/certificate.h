/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SHILLING_CLOUD_IDENTITY_CERTIFICATE_H
#define SHILLING_CLOUD_IDENTITY_CERTIFICATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <openssl/evp.h>
#include <openssl/x509.h>

#include "common/compiler.h"

/* Making X.509 certificates with OpenSSL; pki.c decides which. */

struct certificate_plan {
    const char *name; /* common name */
    bool is_ca;
    bool for_server;
    bool for_client;
    const char *const *hosts; /* subject alternative names; dotted numbers become addresses */
    size_t host_count;
    int64_t begins_at; /* wall seconds */
    int64_t days;
};

/** A fresh P-256 key. @own, NULL on failure. */
EVP_PKEY *certificate_make_key(void);

/** Sign @p key's certificate; @p ca and @p ca_key are NULL for a self-signed one. @own */
X509 *certificate_make(const struct certificate_plan *plan, EVP_PKEY *key, X509 *ca,
                       EVP_PKEY *ca_key);

/** PEM texts. @own (free), NULL on failure. */
char *certificate_to_pem(X509 *certificate);
char *certificate_key_to_pem(EVP_PKEY *key);

/** Read PEM texts. @own, NULL if it is none. */
X509 *certificate_from_pem(const char *pem);
EVP_PKEY *certificate_key_from_pem(const char *pem);

/** SHA-256 of the SubjectPublicKeyInfo. */
MUST_CHECK bool certificate_spki_sha256(X509 *certificate, uint8_t ret_hash[32]);

/** Its number in hexadecimal digits. */
MUST_CHECK bool certificate_serial_text(X509 *certificate, char *ret_text, size_t text_size);

/** True if the certificate names @p host as DNS name or address. */
bool certificate_names_host(X509 *certificate, const char *host);

/** Its end, in wall seconds; 0 if it cannot be read. */
int64_t certificate_ends_at(X509 *certificate);

/** Days until it ends, counted from @p now_s; negative when it has. */
int64_t certificate_days_left(X509 *certificate, int64_t now_s);

#endif
