/* SPDX-License-Identifier: Apache-2.0 */
#include "cloud/payments/wechat_keys.h"

#include <stdatomic.h>
#include <stdlib.h>

#include <pthread.h>

#include "cloud/payments/test_keys.h"
#include "common/bytes.h"
#include "common/must.h"
#include "common/str.h"

enum { PLATFORM_KEYS_MAX = 16 /* two certificates in five years, and a public key */ };

struct platform_key {
    char serial[WECHAT_SERIAL_SIZE];
    struct rsa_key *key;
    struct cert_period period;
};

struct wechat_keyring {
    pthread_mutex_t lock; /* of platform and count; the keys themselves never change */
    struct platform_key platform[PLATFORM_KEYS_MAX];
    size_t count;
    bool allow_test;
    struct wechat_apiv3 apiv3;
    const struct pay_wechat_config *config;
    const struct clock_port *clock;
    struct rsa_key *merchant[PAY_MERCHANT_KEYS_MAX];
    atomic_int merchant_in_use;
};

static enum err read_apiv3(struct wechat_keyring *keyring, const struct key_message *message)
{
    const char *const files[WECHAT_APIV3_KEYS_MAX] = {keyring->config->apiv3_key_file,
                                                      keyring->config->apiv3_key_old_file};
    for (size_t i = 0; i < WECHAT_APIV3_KEYS_MAX && files[i][0] != '\0'; i++) {
        enum err err = key_file_text(files[i], keyring->allow_test, message, keyring->apiv3.keys[i],
                                     WECHAT_APIV3_KEY_SIZE);
        if (err != OK) {
            return err;
        }
        keyring->apiv3.count += 1;
    }
    return OK;
}

static enum err read_merchant_keys(struct wechat_keyring *keyring,
                                   const struct key_message *message)
{
    for (int i = 0; i < keyring->config->merchant_key_count; i++) {
        enum err err = key_file_private(keyring->config->merchant_keys[i].key_file,
                                        keyring->allow_test, message, &keyring->merchant[i]);
        if (err != OK) {
            return err;
        }
    }
    return OK;
}

static enum err read_public_key(struct wechat_keyring *keyring, const struct key_message *message)
{
    if (keyring->config->public_key_id[0] == '\0') {
        return OK;
    }
    struct platform_key *slot = &keyring->platform[0];
    enum err err =
        key_file_public(keyring->config->public_key_file, keyring->allow_test, message, &slot->key);
    if (err == OK) {
        MUST(str_copy(slot->serial, sizeof(slot->serial), keyring->config->public_key_id));
        slot->period = (struct cert_period){.from_s = 0, .to_s = INT64_MAX};
        keyring->count = 1;
    }
    return err;
}

enum err wechat_keyring_create(const struct wechat_keyring_world *world,
                               const struct key_message *message,
                               struct wechat_keyring **ret_keyring)
{
    struct wechat_keyring *keyring = calloc(1, sizeof(*keyring));
    if (keyring == NULL) {
        return ERR_MEMORY;
    }
    MUST(pthread_mutex_init(&keyring->lock, NULL) == 0);
    keyring->config = world->config;
    keyring->clock = world->clock;
    keyring->allow_test = world->allow_test;
    enum err err = read_apiv3(keyring, message);
    if (err == OK) {
        err = read_merchant_keys(keyring, message);
    }
    if (err == OK) {
        err = read_public_key(keyring, message);
    }
    if (err != OK) {
        wechat_keyring_destroy(keyring);
        return err;
    }
    *ret_keyring = keyring;
    return OK;
}

void wechat_keyring_destroy(struct wechat_keyring *keyring)
{
    if (keyring == NULL) {
        return;
    }
    for (size_t i = 0; i < PLATFORM_KEYS_MAX; i++) {
        rsa_key_destroy(keyring->platform[i].key);
    }
    for (size_t i = 0; i < PAY_MERCHANT_KEYS_MAX; i++) {
        rsa_key_destroy(keyring->merchant[i]);
    }
    bytes_wipe(&keyring->apiv3, sizeof(keyring->apiv3));
    MUST(pthread_mutex_destroy(&keyring->lock) == 0);
    free(keyring);
}

static const struct platform_key *find_locked(const struct wechat_keyring *keyring,
                                              const char *serial)
{
    for (size_t i = 0; i < keyring->count; i++) {
        if (wechat_serial_equal(keyring->platform[i].serial, serial)) {
            return &keyring->platform[i];
        }
    }
    return NULL;
}

static const struct rsa_key *find(void *self, const char *serial)
{
    struct wechat_keyring *keyring = self;
    const int64_t now_s = clock_wall_s(keyring->clock);
    MUST(pthread_mutex_lock(&keyring->lock) == 0);
    const struct platform_key *slot = find_locked(keyring, serial);
    const struct rsa_key *key =
        slot != NULL && cert_period_holds(&slot->period, now_s) ? slot->key : NULL;
    MUST(pthread_mutex_unlock(&keyring->lock) == 0);
    return key;
}

bool wechat_keyring_is_empty(struct wechat_keyring *keyring)
{
    const int64_t now_s = clock_wall_s(keyring->clock);
    bool empty = true;
    MUST(pthread_mutex_lock(&keyring->lock) == 0);
    for (size_t i = 0; i < keyring->count; i++) {
        empty = empty && !cert_period_holds(&keyring->platform[i].period, now_s);
    }
    MUST(pthread_mutex_unlock(&keyring->lock) == 0);
    return empty;
}

struct wechat_keys wechat_keyring_map(struct wechat_keyring *keyring)
{
    return (struct wechat_keys){.find = find, .self = keyring};
}

const struct wechat_apiv3 *wechat_keyring_apiv3(const struct wechat_keyring *keyring)
{
    return &keyring->apiv3;
}

struct wechat_merchant wechat_keyring_merchant(struct wechat_keyring *keyring, int *ret_index)
{
    int index = atomic_load(&keyring->merchant_in_use);
    *ret_index = index;
    return (struct wechat_merchant){
        .mchid = keyring->config->mchid,
        .serial = keyring->config->merchant_keys[index].serial,
        .key = keyring->merchant[index],
    };
}

bool wechat_keyring_next_merchant(struct wechat_keyring *keyring, int index)
{
    if (keyring->config->merchant_key_count < 2) {
        return false;
    }
    /* Another thread may have changed it already; then there is nothing to do. */
    int expected = index;
    (void)atomic_compare_exchange_strong(&keyring->merchant_in_use, &expected,
                                         (index + 1) % keyring->config->merchant_key_count);
    return true;
}

static bool is_allowed(const struct wechat_keyring *keyring, const struct rsa_key *key)
{
    char fingerprint[DIGEST_HEX_SIZE];
    return keyring->allow_test ||
           (rsa_key_fingerprint(key, fingerprint) && !test_keys_contain(fingerprint));
}

size_t wechat_keyring_add(struct wechat_keyring *keyring, struct wechat_certificate_list *list)
{
    size_t added = 0;
    MUST(pthread_mutex_lock(&keyring->lock) == 0);
    for (size_t i = 0; i < list->count; i++) {
        struct wechat_certificate *certificate = &list->items[i];
        if (certificate->expired || keyring->count == PLATFORM_KEYS_MAX ||
            find_locked(keyring, certificate->serial) != NULL ||
            !is_allowed(keyring, certificate->key)) {
            continue;
        }
        struct platform_key *slot = &keyring->platform[keyring->count];
        MUST(str_copy(slot->serial, sizeof(slot->serial), certificate->serial));
        slot->key = certificate->key;
        slot->period = certificate->period;
        certificate->key = NULL;
        keyring->count += 1;
        added += 1;
    }
    MUST(pthread_mutex_unlock(&keyring->lock) == 0);
    return added;
}
