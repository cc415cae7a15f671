/* SPDX-License-Identifier: Apache-2.0 */
#include "common/crypto/cert.h"

#include <stdlib.h>
#include <string.h>

#include <openssl/asn1.h>
#include <openssl/bio.h>
#include <openssl/bn.h>
#include <openssl/err.h>
#include <openssl/objects.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <openssl/x509_vfy.h>

#include "common/must.h"
#include "common/str.h"

enum {
    DAY_S = 86400,
    CLOCK_SLACK_S = 300, /* by which WeChat lets clocks differ */
};

struct cert_list {
    X509 *certs[CERT_LIST_COUNT_MAX];
    size_t count;
};

/* Read on until the text has no further certificate. What stands between two is skipped by the
 * library; a block that begins and cannot be read is an error. */
static enum err read_all(BIO *bio, struct cert_list *list)
{
    for (;;) {
        ERR_clear_error();
        X509 *x509 = PEM_read_bio_X509(bio, NULL, NULL, NULL);
        if (x509 == NULL) {
            unsigned long error = ERR_peek_last_error();
            ERR_clear_error();
            bool end =
                ERR_GET_LIB(error) == ERR_LIB_PEM && ERR_GET_REASON(error) == PEM_R_NO_START_LINE;
            return end && list->count > 0 ? OK : ERR_FORMAT;
        }
        if (list->count == CERT_LIST_COUNT_MAX) {
            X509_free(x509);
            return ERR_FULL;
        }
        list->certs[list->count++] = x509;
    }
}

enum err cert_list_read(const char *text, size_t size, struct cert_list **ret_list)
{
    if (size == 0 || size > CERT_LIST_TEXT_SIZE_MAX) {
        return ERR_FORMAT;
    }
    struct cert_list *list = calloc(1, sizeof(*list));
    BIO *bio = BIO_new_mem_buf(text, (int)size);
    enum err err = list != NULL && bio != NULL ? read_all(bio, list) : ERR_MEMORY;
    BIO_free(bio);
    if (err != OK) {
        cert_list_destroy(list);
        return err;
    }
    *ret_list = list;
    return OK;
}

void cert_list_destroy(struct cert_list *list)
{
    if (list != NULL) {
        for (size_t i = 0; i < list->count; i++) {
            X509_free(list->certs[i]);
        }
        free(list);
    }
}

size_t cert_list_count(const struct cert_list *list)
{
    return list->count;
}

static X509 *cert_at(const struct cert_list *list, size_t index)
{
    MUST(index < list->count);
    return list->certs[index];
}

static bool serial_text(X509 *x509, char *(*print)(const BIGNUM *), char *ret_text)
{
    BIGNUM *number = ASN1_INTEGER_to_BN(X509_get0_serialNumber(x509), NULL);
    char *text = number != NULL ? print(number) : NULL;
    bool ok = text != NULL && str_copy(ret_text, CERT_SERIAL_SIZE, text);
    OPENSSL_free(text);
    BN_free(number);
    return ok;
}

bool cert_serial_hex(const struct cert_list *list, size_t index, char ret_text[CERT_SERIAL_SIZE])
{
    return serial_text(cert_at(list, index), BN_bn2hex, ret_text);
}

bool cert_serial_decimal(const struct cert_list *list, size_t index,
                         char ret_text[CERT_SERIAL_SIZE])
{
    return serial_text(cert_at(list, index), BN_bn2dec, ret_text);
}

static bool name_text(const X509_NAME *name, char *ret_text)
{
    BIO *bio = BIO_new(BIO_s_mem());
    char *text = NULL;
    bool ok = bio != NULL &&
              X509_NAME_print_ex(bio, name, 0,
                                 XN_FLAG_RFC2253 & ~(unsigned long)ASN1_STRFLGS_ESC_MSB) >= 0;
    long size = ok ? BIO_get_mem_data(bio, &text) : 0;
    ok = ok && size > 0 && str_copy_bytes(ret_text, CERT_NAME_SIZE, text, (size_t)size);
    BIO_free(bio);
    return ok;
}

bool cert_issuer(const struct cert_list *list, size_t index, char ret_text[CERT_NAME_SIZE])
{
    return name_text(X509_get_issuer_name(cert_at(list, index)), ret_text);
}

bool cert_subject(const struct cert_list *list, size_t index, char ret_text[CERT_NAME_SIZE])
{
    return name_text(X509_get_subject_name(cert_at(list, index)), ret_text);
}

bool cert_is_rsa_signed(const struct cert_list *list, size_t index)
{
    const X509_ALGOR *algorithm = X509_get0_tbs_sigalg(cert_at(list, index));
    const ASN1_OBJECT *object = NULL;
    X509_ALGOR_get0(&object, NULL, NULL, algorithm);
    char oid[128];
    int size = OBJ_obj2txt(oid, (int)sizeof(oid), object, /* no_name= */ 1);
    return size > 0 && (size_t)size < sizeof(oid) && str_starts_with(oid, "1.2.840.113549.1.1.");
}

/* The SubjectPublicKeyInfo as it stands in the certificate. @own given by OPENSSL_free(). */
static int key_der(const struct cert_list *list, size_t index, unsigned char **ret_der)
{
    *ret_der = NULL;
    return i2d_X509_PUBKEY(X509_get_X509_PUBKEY(cert_at(list, index)), ret_der);
}

enum err cert_rsa_key(const struct cert_list *list, size_t index, struct rsa_key **ret_key)
{
    unsigned char *der = NULL;
    const int size = key_der(list, index, &der);
    enum err err = size > 0 ? rsa_public_der_read(der, (size_t)size, ret_key) : ERR_FORMAT;
    OPENSSL_free(der);
    return err;
}

bool cert_key_fingerprint(const struct cert_list *list, size_t index, char ret_hex[DIGEST_HEX_SIZE])
{
    unsigned char *der = NULL;
    const int size = key_der(list, index, &der);
    const bool ok = size > 0 && digest_hex(DIGEST_SHA256, der, (size_t)size, ret_hex);
    OPENSSL_free(der);
    return ok;
}

static bool time_read(const ASN1_TIME *time, int64_t *ret_wall_s)
{
    ASN1_TIME *epoch = ASN1_TIME_set(NULL, 0);
    int days = 0;
    int seconds = 0;
    const bool ok = epoch != NULL && ASN1_TIME_diff(&days, &seconds, epoch, time) == 1;
    ASN1_TIME_free(epoch);
    *ret_wall_s = (int64_t)days * DAY_S + seconds;
    return ok;
}

bool cert_period_read(const struct cert_list *list, size_t index, struct cert_period *ret_period)
{
    const X509 *x509 = cert_at(list, index);
    struct cert_period period = {0};
    const bool ok = time_read(X509_get0_notBefore(x509), &period.from_s) &&
                    time_read(X509_get0_notAfter(x509), &period.to_s);
    if (ok) {
        *ret_period = period;
    }
    return ok;
}

bool cert_period_holds(const struct cert_period *period, int64_t wall_s)
{
    return wall_s >= period->from_s - CLOCK_SLACK_S && wall_s <= period->to_s;
}

bool cert_is_expired(const struct cert_list *list, size_t index, int64_t wall_s)
{
    time_t now = (time_t)wall_s;
    /* 0 is "cannot be compared": a certificate whose end is unreadable has none we trust. */
    return X509_cmp_time(X509_get0_notAfter(cert_at(list, index)), &now) <= 0;
}

/* Borrow the certificates of @p list from @p first on. */
static bool push_links(STACK_OF(X509) * links, const struct cert_list *list, size_t first)
{
    for (size_t i = first; list != NULL && i < list->count; i++) {
        if (sk_X509_push(links, list->certs[i]) == 0) {
            return false;
        }
    }
    return true;
}

bool cert_chains_to(const struct cert_list *list, const struct cert_list *links,
                    const struct cert_list *roots, int64_t wall_s)
{
    X509_STORE *store = X509_STORE_new();
    X509_STORE_CTX *ctx = X509_STORE_CTX_new();
    STACK_OF(X509) *between = sk_X509_new_null();
    bool ok = store != NULL && ctx != NULL && between != NULL && push_links(between, list, 1) &&
              push_links(between, links, 0);
    for (size_t i = 0; ok && i < roots->count; i++) {
        ok = X509_STORE_add_cert(store, roots->certs[i]) == 1;
    }
    ok = ok && X509_STORE_CTX_init(ctx, store, list->certs[0], between) == 1;
    if (ok) {
        X509_STORE_CTX_set_time(ctx, 0, (time_t)wall_s);
        /* A pinned certificate is an anchor even if it is not self-signed: bundles hold both. */
        X509_STORE_CTX_set_flags(ctx, X509_V_FLAG_PARTIAL_CHAIN);
        ok = X509_verify_cert(ctx) == 1;
    }
    sk_X509_free(between);
    X509_STORE_CTX_free(ctx);
    X509_STORE_free(store);
    ERR_clear_error();
    return ok;
}
