/* SPDX-License-Identifier: Apache-2.0 */
#include "cloud/identity/crl.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <openssl/bio.h>
#include <openssl/pem.h>

#include "common/must.h"

/* The number in @p hex. @own, NULL on failure. */
static ASN1_INTEGER *serial_parse(const char *hex)
{
    BIGNUM *number = NULL;
    ASN1_INTEGER *serial = NULL;
    if (BN_hex2bn(&number, hex) == (int)strlen(hex) && hex[0] != '\0') {
        serial = BN_to_ASN1_INTEGER(number, NULL);
    }
    BN_free(number);
    return serial;
}

static bool add_one(X509_CRL *crl, const struct pki_revoked *revoked)
{
    X509_REVOKED *entry = X509_REVOKED_new();
    ASN1_INTEGER *serial = serial_parse(revoked->serial);
    ASN1_TIME *when = ASN1_TIME_set(NULL, (time_t)revoked->at);
    bool added = entry != NULL && serial != NULL && when != NULL &&
                 X509_REVOKED_set_serialNumber(entry, serial) == 1 &&
                 X509_REVOKED_set_revocationDate(entry, when) == 1 &&
                 X509_CRL_add0_revoked(crl, entry) == 1;
    if (!added) {
        X509_REVOKED_free(entry);
    }
    ASN1_TIME_free(when);
    ASN1_INTEGER_free(serial);
    return added;
}

static bool fill(X509_CRL *crl, X509 *ca, EVP_PKEY *ca_key, int64_t now_s)
{
    ASN1_TIME *now = ASN1_TIME_set(NULL, (time_t)now_s);
    bool filled = now != NULL && X509_CRL_set_version(crl, X509_CRL_VERSION_2) == 1 &&
                  X509_CRL_set_issuer_name(crl, X509_get_subject_name(ca)) == 1 &&
                  X509_CRL_set1_lastUpdate(crl, now) == 1 &&
                  X509_CRL_set1_nextUpdate(crl, X509_get0_notAfter(ca)) == 1 &&
                  X509_CRL_sort(crl) == 1 && X509_CRL_sign(crl, ca_key, EVP_sha256()) > 0;
    ASN1_TIME_free(now);
    return filled;
}

static char *to_pem(X509_CRL *crl)
{
    BIO *bio = BIO_new(BIO_s_mem());
    char *data = NULL;
    char *text = NULL;
    if (bio != NULL && PEM_write_bio_X509_CRL(bio, crl) == 1) {
        long size = BIO_get_mem_data(bio, &data);
        text = size > 0 ? strndup(data, (size_t)size) : NULL;
    }
    BIO_free(bio);
    return text;
}

char *crl_make_pem(X509 *ca, EVP_PKEY *ca_key, const struct pki_revoked *revoked, size_t count,
                   int64_t now_s)
{
    MUST(ca != NULL && ca_key != NULL);
    X509_CRL *crl = X509_CRL_new();
    bool made = crl != NULL;
    for (size_t i = 0; made && i < count; i++) {
        made = add_one(crl, &revoked[i]);
    }
    made = made && fill(crl, ca, ca_key, now_s);
    char *text = made ? to_pem(crl) : NULL;
    X509_CRL_free(crl);
    return text;
}
