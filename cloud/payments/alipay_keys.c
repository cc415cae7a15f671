/* SPDX-License-Identifier: Apache-2.0 */
#include "cloud/payments/alipay_keys.h"

#include <stdlib.h>
#include <string.h>

#include <pthread.h>

#include "cloud/payments/test_keys.h"
#include "common/must.h"
#include "common/str.h"
#include "protocol/alipay/cert_sn.h"

enum { KEYS_MAX = 8 /* one is in force; a rotation every few years adds one */ };

struct platform_key {
    char sn[CERT_SN_SIZE];
    struct rsa_key *key;
};

struct alipay_keys {
    pthread_mutex_t lock; /* of platform, count and wanted; the keys themselves never change */
    struct platform_key platform[KEYS_MAX];
    size_t count;
    char wanted[CERT_SN_SIZE]; /* "" = none */
    bool certificates;
    bool allow_test;
    struct rsa_key *app;
    char app_sn[CERT_SN_SIZE];
    char root_sn[ALIPAY_ROOT_SN_SIZE];
    struct cert_list *roots;
    struct cert_list *pinned;   /* the certificate in our files, with its links */
    char owner[CERT_NAME_SIZE]; /* the subject of the pinned certificate behind its common name */
};

/* "CN=x\,y,OU=z,O=w" -> "OU=z,O=w" */
static const char *behind_common_name(const char *subject)
{
    if (!str_starts_with(subject, "CN=")) {
        return subject;
    }
    const char *at = subject;
    while (*at != '\0' && *at != ',') {
        at += at[0] == '\\' && at[1] != '\0' ? 2 : 1;
    }
    return *at == ',' ? at + 1 : at;
}

static enum err fail(const struct key_message *message, const char *path, const char *what)
{
    str_format_cut(message->text, message->size, "%s: %s", path, what);
    return ERR_FORMAT;
}

static enum err read_app_certificate(struct alipay_keys *keys,
                                     const struct pay_alipay_config *config,
                                     const struct key_message *message)
{
    struct cert_list *list = NULL;
    enum err err = key_file_certs(config->app_cert_file, message, &list);
    if (err != OK) {
        return err;
    }
    bool ok = alipay_cert_sn(list, keys->app_sn);
    cert_list_destroy(list);
    return ok ? OK : fail(message, config->app_cert_file, "its number cannot be made");
}

static enum err read_platform_certificate(struct alipay_keys *keys,
                                          const struct pay_alipay_config *config,
                                          const struct key_message *message)
{
    char subject[CERT_NAME_SIZE];
    enum err err = key_file_certs(config->alipay_cert_file, message, &keys->pinned);
    if (err != OK) {
        return err;
    }
    bool ok = alipay_cert_sn(keys->pinned, keys->platform[0].sn) &&
              cert_subject(keys->pinned, 0, subject) &&
              str_copy(keys->owner, sizeof(keys->owner), behind_common_name(subject));
    return ok ? OK : fail(message, config->alipay_cert_file, "its number cannot be made");
}

static enum err read_certificates(struct alipay_keys *keys, const struct pay_alipay_config *config,
                                  const struct key_message *message)
{
    enum err err = read_app_certificate(keys, config, message);
    if (err == OK) {
        err = read_platform_certificate(keys, config, message);
    }
    if (err == OK) {
        err = key_file_certs(config->root_cert_file, message, &keys->roots);
    }
    if (err == OK && !alipay_root_cert_sn(keys->roots, keys->root_sn)) {
        err = fail(message, config->root_cert_file, "holds no root of the RSA family");
    }
    return err;
}

static enum err read_all(struct alipay_keys *keys, const struct pay_alipay_config *config,
                         const struct key_message *message)
{
    const char *public_file =
        config->certificates ? config->alipay_cert_file : config->public_key_file;
    enum err err = key_file_private(config->app_key_file, keys->allow_test, message, &keys->app);
    if (err == OK) {
        err = key_file_public(public_file, keys->allow_test, message, &keys->platform[0].key);
    }
    if (err == OK) {
        keys->count = 1;
    }
    return err == OK && config->certificates ? read_certificates(keys, config, message) : err;
}

enum err alipay_keys_create(const struct pay_alipay_config *config, bool allow_test,
                            const struct key_message *message, struct alipay_keys **ret_keys)
{
    struct alipay_keys *keys = calloc(1, sizeof(*keys));
    if (keys == NULL) {
        return ERR_MEMORY;
    }
    MUST(pthread_mutex_init(&keys->lock, NULL) == 0);
    keys->certificates = config->certificates;
    keys->allow_test = allow_test;
    enum err err = read_all(keys, config, message);
    if (err != OK) {
        alipay_keys_destroy(keys);
        return err;
    }
    *ret_keys = keys;
    return OK;
}

void alipay_keys_destroy(struct alipay_keys *keys)
{
    if (keys == NULL) {
        return;
    }
    for (size_t i = 0; i < KEYS_MAX; i++) {
        rsa_key_destroy(keys->platform[i].key);
    }
    rsa_key_destroy(keys->app);
    cert_list_destroy(keys->roots);
    cert_list_destroy(keys->pinned);
    MUST(pthread_mutex_destroy(&keys->lock) == 0);
    free(keys);
}

const struct rsa_key *alipay_keys_app(const struct alipay_keys *keys)
{
    return keys->app;
}

const char *alipay_keys_app_sn(const struct alipay_keys *keys)
{
    return keys->certificates ? keys->app_sn : NULL;
}

const char *alipay_keys_root_sn(const struct alipay_keys *keys)
{
    return keys->certificates ? keys->root_sn : NULL;
}

const struct rsa_key *alipay_keys_find(struct alipay_keys *keys, const char *sn)
{
    const struct rsa_key *found = NULL;
    MUST(pthread_mutex_lock(&keys->lock) == 0);
    /* In key mode a number means nothing to us: the one key must fit. */
    if (sn[0] == '\0' || !keys->certificates) {
        found = keys->platform[0].key;
    }
    for (size_t i = 0; found == NULL && i < keys->count; i++) {
        if (str_equal(keys->platform[i].sn, sn)) {
            found = keys->platform[i].key;
        }
    }
    MUST(pthread_mutex_unlock(&keys->lock) == 0);
    return found;
}

/* Whether a certificate that was sent to us is Alipay's. */
static bool is_alipays(const struct alipay_keys *keys, const char *sn, const struct cert_list *list,
                       int64_t now_s)
{
    char own_sn[CERT_SN_SIZE];
    char subject[CERT_NAME_SIZE];
    return alipay_cert_sn(list, own_sn) && str_equal(own_sn, sn) &&
           cert_subject(list, 0, subject) && str_equal(behind_common_name(subject), keys->owner) &&
           cert_chains_to(list, keys->pinned, keys->roots, now_s);
}

static bool is_allowed(const struct alipay_keys *keys, const struct rsa_key *key)
{
    char fingerprint[DIGEST_HEX_SIZE];
    return keys->allow_test ||
           (rsa_key_fingerprint(key, fingerprint) && !test_keys_contain(fingerprint));
}

const struct rsa_key *alipay_keys_add(struct alipay_keys *keys, const char *sn, const char *pem,
                                      size_t size, int64_t now_s)
{
    struct cert_list *list = NULL;
    struct rsa_key *key = NULL;
    if (!keys->certificates || cert_list_read(pem, size, &list) != OK) {
        return NULL;
    }
    bool ok = is_alipays(keys, sn, list, now_s) && rsa_public_read(pem, size, &key) == OK &&
              is_allowed(keys, key);
    cert_list_destroy(list);
    MUST(pthread_mutex_lock(&keys->lock) == 0);
    const struct rsa_key *kept = NULL;
    for (size_t i = 0; ok && i < keys->count; i++) {
        if (str_equal(keys->platform[i].sn, sn)) {
            kept = keys->platform[i].key; /* another thread was faster */
        }
    }
    if (ok && kept == NULL && keys->count < KEYS_MAX) {
        struct platform_key *slot = &keys->platform[keys->count];
        if (str_copy(slot->sn, sizeof(slot->sn), sn)) {
            slot->key = key;
            keys->count += 1;
            kept = key;
            key = NULL;
        }
    }
    MUST(pthread_mutex_unlock(&keys->lock) == 0);
    rsa_key_destroy(key);
    return kept;
}

void alipay_keys_want(struct alipay_keys *keys, const char *sn)
{
    MUST(pthread_mutex_lock(&keys->lock) == 0);
    if (!str_copy(keys->wanted, sizeof(keys->wanted), sn)) {
        keys->wanted[0] = '\0';
    }
    MUST(pthread_mutex_unlock(&keys->lock) == 0);
}

bool alipay_keys_take_wanted(struct alipay_keys *keys, char ret_sn[CERT_SN_SIZE])
{
    MUST(pthread_mutex_lock(&keys->lock) == 0);
    bool wanted = keys->wanted[0] != '\0';
    memcpy(ret_sn, keys->wanted, sizeof(keys->wanted));
    keys->wanted[0] = '\0';
    MUST(pthread_mutex_unlock(&keys->lock) == 0);
    return wanted;
}
