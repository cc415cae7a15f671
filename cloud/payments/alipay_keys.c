/* SPDX-License-Identifier: Apache-2.0 */
#include "cloud/payments/alipay_keys.h"

#include <stdlib.h>
#include <string.h>

#include <pthread.h>

#include "cloud/payments/test_keys.h"
#include "common/must.h"
#include "common/str.h"
#include "protocol/alipay/cert_sn.h"

enum {
    KEYS_MAX = 8,     /* one is in force; a rotation every few years adds one */
    REFUSED_MAX = 16, /* numbers that were asked for lately and are not to be had */
    REFUSED_MS = 10 * 60 * 1000,
};

struct platform_key {
    char sn[CERT_SN_SIZE];
    struct rsa_key *key;
    struct cert_period period;
};

struct refused_sn {
    char sn[CERT_SN_SIZE]; /* "" = none */
    int64_t at_ms;
};

struct alipay_keys {
    pthread_mutex_t lock; /* of all up to taken_at_ms; the keys themselves never change */
    struct platform_key platform[KEYS_MAX];
    size_t count;
    char wanted[CERT_SN_SIZE]; /* "" = none */
    struct refused_sn refused[REFUSED_MAX];
    size_t refused_next;
    bool taken;          /* a wish was taken before, at ... */
    int64_t taken_at_ms; /* ... monotonic */
    bool certificates;
    bool allow_test;
    struct rsa_key *app;
    char app_sn[CERT_SN_SIZE];
    char root_sn[ALIPAY_ROOT_SN_SIZE];
    struct cert_list *roots;
    struct cert_list *pinned;   /* the certificate in our files, with its links */
    char owner[CERT_NAME_SIZE]; /* the subject of the pinned certificate behind its common name */
};

#define NO_RSA_KEY "its key is no RSA key of 2048 bits or more"

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
    enum err err = key_file_certs(config->app_cert_file, keys->allow_test, message, &list);
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
    struct platform_key *slot = &keys->platform[0];
    enum err err =
        key_file_certs(config->alipay_cert_file, keys->allow_test, message, &keys->pinned);
    if (err == OK) {
        err = cert_rsa_key(keys->pinned, 0, &slot->key);
    }
    if (err != OK) {
        return keys->pinned == NULL ? err : fail(message, config->alipay_cert_file, NO_RSA_KEY);
    }
    bool ok = alipay_cert_sn(keys->pinned, slot->sn) &&
              cert_period_read(keys->pinned, 0, &slot->period) &&
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
        err = key_file_certs(config->root_cert_file, keys->allow_test, message, &keys->roots);
    }
    if (err == OK && !alipay_root_cert_sn(keys->roots, keys->root_sn)) {
        err = fail(message, config->root_cert_file, "holds no root of the RSA family");
    }
    return err;
}

static enum err read_all(struct alipay_keys *keys, const struct pay_alipay_config *config,
                         const struct key_message *message)
{
    enum err err = key_file_private(config->app_key_file, keys->allow_test, message, &keys->app);
    if (err == OK) {
        err = config->certificates ? read_certificates(keys, config, message)
                                   : key_file_public(config->public_key_file, keys->allow_test,
                                                     message, &keys->platform[0].key);
    }
    keys->count = err == OK ? 1 : 0;
    return err;
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

const struct rsa_key *alipay_keys_find(struct alipay_keys *keys, const char *sn, int64_t now_s)
{
    const struct rsa_key *found = NULL;
    if (!keys->certificates) {
        /* A number means nothing to us: the one key must fit. It has no dates. */
        return keys->platform[0].key;
    }
    MUST(pthread_mutex_lock(&keys->lock) == 0);
    for (size_t i = 0; found == NULL && i < keys->count; i++) {
        const struct platform_key *slot = &keys->platform[i];
        const bool fits = str_equal(slot->sn, sn) || (i == 0 && sn[0] == '\0');
        if (fits && cert_period_holds(&slot->period, now_s)) {
            found = slot->key;
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
    struct cert_period period = {0};
    if (!keys->certificates || cert_list_read(pem, size, &list) != OK) {
        return NULL;
    }
    bool ok = is_alipays(keys, sn, list, now_s) && cert_period_read(list, 0, &period) &&
              cert_rsa_key(list, 0, &key) == OK && is_allowed(keys, key);
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
            slot->period = period;
            keys->count += 1;
            kept = key;
            key = NULL;
        }
    }
    MUST(pthread_mutex_unlock(&keys->lock) == 0);
    rsa_key_destroy(key);
    return kept;
}

/* ---- wishes ---- */

/* 32 lower-case hexadecimal digits. */
static bool is_sn(const char *sn)
{
    return strlen(sn) == CERT_SN_SIZE - 1 && strspn(sn, "0123456789abcdef") == CERT_SN_SIZE - 1;
}

static bool is_refused_locked(const struct alipay_keys *keys, const char *sn, int64_t now_ms)
{
    for (size_t i = 0; i < REFUSED_MAX; i++) {
        const struct refused_sn *refused = &keys->refused[i];
        if (str_equal(refused->sn, sn) && now_ms - refused->at_ms < REFUSED_MS) {
            return true;
        }
    }
    return false;
}

static bool is_due_locked(const struct alipay_keys *keys, int64_t now_ms)
{
    return !keys->taken || now_ms - keys->taken_at_ms >= ALIPAY_WISH_MS_MIN;
}

bool alipay_keys_want(struct alipay_keys *keys, const char *sn, int64_t now_ms)
{
    if (!keys->certificates || !is_sn(sn)) {
        return false;
    }
    MUST(pthread_mutex_lock(&keys->lock) == 0);
    const bool refused = is_refused_locked(keys, sn, now_ms);
    if (!refused) {
        MUST(str_copy(keys->wanted, sizeof(keys->wanted), sn));
    }
    const bool due = !refused && is_due_locked(keys, now_ms);
    MUST(pthread_mutex_unlock(&keys->lock) == 0);
    return due;
}

bool alipay_keys_take_wanted(struct alipay_keys *keys, int64_t now_ms, char ret_sn[CERT_SN_SIZE])
{
    MUST(pthread_mutex_lock(&keys->lock) == 0);
    const bool take = keys->wanted[0] != '\0' && is_due_locked(keys, now_ms);
    if (take) {
        memcpy(ret_sn, keys->wanted, sizeof(keys->wanted));
        keys->wanted[0] = '\0';
        keys->taken = true;
        keys->taken_at_ms = now_ms;
    }
    MUST(pthread_mutex_unlock(&keys->lock) == 0);
    return take;
}

void alipay_keys_refuse(struct alipay_keys *keys, const char *sn, int64_t now_ms)
{
    MUST(pthread_mutex_lock(&keys->lock) == 0);
    struct refused_sn *place = &keys->refused[keys->refused_next];
    place->at_ms = now_ms;
    MUST(str_copy(place->sn, sizeof(place->sn), sn));
    keys->refused_next = (keys->refused_next + 1) % REFUSED_MAX;
    MUST(pthread_mutex_unlock(&keys->lock) == 0);
}
