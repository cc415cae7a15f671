/* SPDX-License-Identifier: Apache-2.0 */
#include "cloud/identity/certificate.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <arpa/inet.h>
#include <openssl/bio.h>
#include <openssl/ec.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509v3.h>

#include "common/must.h"
#include "common/str.h"

enum {
    SERIAL_SIZE = 16,
    HOSTS_TEXT_SIZE = 1024,
    BACKDATE_S = 3600, /* clocks of new devices are off; an hour of grace costs nothing */
    DAY_S = 86400,
};

EVP_PKEY *certificate_make_key(void)
{
    return EVP_EC_gen("P-256");
}

static bool is_address(const char *host)
{
    struct in6_addr ignored;
    return inet_pton(AF_INET, host, &ignored) == 1 || inet_pton(AF_INET6, host, &ignored) == 1;
}

static bool add_extension(X509 *certificate, X509 *issuer, int nid, const char *value)
{
    X509V3_CTX context = {0}; /* no configuration database */
    X509V3_set_ctx(&context, issuer, certificate, NULL, NULL, 0);
    X509_EXTENSION *extension = X509V3_EXT_conf_nid(NULL, &context, nid, value);
    if (extension == NULL) {
        return false;
    }
    bool added = X509_add_ext(certificate, extension, -1) == 1;
    X509_EXTENSION_free(extension);
    return added;
}

static bool add_hosts(X509 *certificate, X509 *issuer, const struct certificate_plan *plan)
{
    char text[HOSTS_TEXT_SIZE];
    struct strbuf names;
    strbuf_init(&names, text, sizeof(text));
    for (size_t i = 0; i < plan->host_count; i++) {
        strbuf_addf(&names, "%s%s:%s", i > 0 ? "," : "", is_address(plan->hosts[i]) ? "IP" : "DNS",
                    plan->hosts[i]);
    }
    if (names.failed) {
        return false;
    }
    return plan->host_count == 0 || add_extension(certificate, issuer, NID_subject_alt_name, text);
}

static bool add_extensions(X509 *certificate, X509 *issuer, const struct certificate_plan *plan)
{
    const char *use = plan->for_server && plan->for_client ? "serverAuth,clientAuth"
                      : plan->for_server                   ? "serverAuth"
                                                           : "clientAuth";
    bool added =
        add_extension(certificate, issuer, NID_basic_constraints,
                      plan->is_ca ? "critical,CA:TRUE,pathlen:0" : "critical,CA:FALSE") &&
        add_extension(certificate, issuer, NID_key_usage,
                      plan->is_ca ? "critical,keyCertSign,cRLSign" : "critical,digitalSignature") &&
        add_extension(certificate, issuer, NID_subject_key_identifier, "hash") &&
        add_extension(certificate, issuer, NID_authority_key_identifier, "keyid:always");
    if (added && !plan->is_ca) {
        added = add_extension(certificate, issuer, NID_ext_key_usage, use) &&
                add_hosts(certificate, issuer, plan);
    }
    return added;
}

static bool set_serial(X509 *certificate)
{
    uint8_t bytes[SERIAL_SIZE];
    if (RAND_bytes(bytes, sizeof(bytes)) != 1) {
        return false;
    }
    bytes[0] = (uint8_t)((bytes[0] & 0x7FU) | 0x40U); /* positive, always of the same length */
    BIGNUM *number = BN_bin2bn(bytes, sizeof(bytes), NULL);
    bool set =
        number != NULL && BN_to_ASN1_INTEGER(number, X509_get_serialNumber(certificate)) != NULL;
    BN_free(number);
    return set;
}

static bool fill(X509 *certificate, const struct certificate_plan *plan, EVP_PKEY *key, X509 *ca,
                 EVP_PKEY *ca_key)
{
    X509_NAME *subject = X509_get_subject_name(certificate);
    const unsigned char *name = (const unsigned char *)plan->name;
    time_t from = (time_t)(plan->begins_at - BACKDATE_S);
    time_t until = (time_t)(plan->begins_at + plan->days * DAY_S);
    bool filled =
        X509_set_version(certificate, X509_VERSION_3) == 1 && set_serial(certificate) &&
        X509_NAME_add_entry_by_NID(subject, NID_commonName, MBSTRING_UTF8, name, -1, -1, 0) == 1 &&
        ASN1_TIME_set(X509_getm_notBefore(certificate), from) != NULL &&
        ASN1_TIME_set(X509_getm_notAfter(certificate), until) != NULL &&
        X509_set_pubkey(certificate, key) == 1 &&
        X509_set_issuer_name(certificate, ca != NULL ? X509_get_subject_name(ca) : subject) == 1 &&
        add_extensions(certificate, ca != NULL ? ca : certificate, plan);
    return filled && X509_sign(certificate, ca_key != NULL ? ca_key : key, EVP_sha256()) > 0;
}

X509 *certificate_make(const struct certificate_plan *plan, EVP_PKEY *key, X509 *ca,
                       EVP_PKEY *ca_key)
{
    MUST((ca == NULL) == (ca_key == NULL));
    X509 *certificate = X509_new();
    if (certificate != NULL && !fill(certificate, plan, key, ca, ca_key)) {
        X509_free(certificate);
        return NULL;
    }
    return certificate;
}

/* The text in a memory BIO. @own */
static char *bio_text(BIO *bio)
{
    char *data = NULL;
    long size = BIO_get_mem_data(bio, &data);
    char *text = size > 0 ? malloc((size_t)size + 1) : NULL;
    if (text != NULL) {
        memcpy(text, data, (size_t)size);
        text[size] = '\0';
    }
    return text;
}

char *certificate_to_pem(X509 *certificate)
{
    BIO *bio = BIO_new(BIO_s_mem());
    char *text = bio != NULL && PEM_write_bio_X509(bio, certificate) == 1 ? bio_text(bio) : NULL;
    BIO_free(bio);
    return text;
}

char *certificate_key_to_pem(EVP_PKEY *key)
{
    BIO *bio = BIO_new(BIO_s_secmem());
    bool written =
        bio != NULL && PEM_write_bio_PrivateKey(bio, key, NULL, NULL, 0, NULL, NULL) == 1;
    char *text = written ? bio_text(bio) : NULL;
    BIO_free(bio);
    return text;
}

X509 *certificate_from_pem(const char *pem)
{
    BIO *bio = BIO_new_mem_buf(pem, -1);
    X509 *certificate = bio != NULL ? PEM_read_bio_X509(bio, NULL, NULL, NULL) : NULL;
    BIO_free(bio);
    return certificate;
}

EVP_PKEY *certificate_key_from_pem(const char *pem)
{
    BIO *bio = BIO_new_mem_buf(pem, -1);
    EVP_PKEY *key = bio != NULL ? PEM_read_bio_PrivateKey(bio, NULL, NULL, NULL) : NULL;
    BIO_free(bio);
    return key;
}

bool certificate_spki_sha256(X509 *certificate, uint8_t ret_hash[32])
{
    unsigned char *der = NULL;
    int size = i2d_X509_PUBKEY(X509_get_X509_PUBKEY(certificate), &der);
    unsigned hash_size = 0;
    bool hashed =
        size > 0 && EVP_Digest(der, (size_t)size, ret_hash, &hash_size, EVP_sha256(), NULL) == 1;
    OPENSSL_free(der);
    return hashed;
}

bool certificate_serial_text(X509 *certificate, char *ret_text, size_t text_size)
{
    BIGNUM *number = ASN1_INTEGER_to_BN(X509_get0_serialNumber(certificate), NULL);
    char *text = number != NULL ? BN_bn2hex(number) : NULL;
    bool fits = text != NULL && str_copy(ret_text, text_size, text);
    OPENSSL_free(text);
    BN_free(number);
    return fits;
}

int64_t certificate_ends_at(X509 *certificate)
{
    ASN1_TIME *zero = ASN1_TIME_set(NULL, 0);
    int days = 0;
    int seconds = 0;
    bool read =
        zero != NULL && ASN1_TIME_diff(&days, &seconds, zero, X509_get0_notAfter(certificate)) == 1;
    ASN1_TIME_free(zero);
    return read ? (int64_t)days * DAY_S + seconds : 0;
}

bool certificate_names_host(X509 *certificate, const char *host)
{
    return is_address(host) ? X509_check_ip_asc(certificate, host, 0) == 1
                            : X509_check_host(certificate, host, 0, 0, NULL) == 1;
}

int64_t certificate_days_left(X509 *certificate, int64_t now_s)
{
    ASN1_TIME *now = ASN1_TIME_set(NULL, (time_t)now_s);
    int days = 0;
    int seconds = 0;
    if (now == NULL || ASN1_TIME_diff(&days, &seconds, now, X509_get0_notAfter(certificate)) != 1) {
        days = -1;
    }
    ASN1_TIME_free(now);
    return seconds < 0 && days == 0 ? -1 : days;
}
