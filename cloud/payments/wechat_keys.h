/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SHILLING_CLOUD_PAYMENTS_WECHAT_KEYS_H
#define SHILLING_CLOUD_PAYMENTS_WECHAT_KEYS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cloud/payments/key_file.h"
#include "cloud/payments/pay_config.h"
#include "common/clock.h"
#include "common/compiler.h"
#include "common/err.h"
#include "protocol/wechat/box.h"
#include "protocol/wechat/certificates.h"
#include "protocol/wechat/sign.h"
#include "protocol/wechat/verify.h"

/*
 * All keys of one merchant at WeChat Pay. WeChat signs with platform certificates (of which two
 * are in use while they rotate) or with a public key, and mixes both while a merchant changes from
 * one to the other; so every key we have stays in one map from serial or id to key.
 */
struct wechat_keyring;

/* What a keyring is made of; borrowed by it. */
struct wechat_keyring_world {
    const struct pay_wechat_config *config;
    const struct clock_port *clock; /* certificates are in force from one day to another */
    bool allow_test;
};

MUST_CHECK enum err wechat_keyring_create(const struct wechat_keyring_world *world,
                                          const struct key_message *message,
                                          struct wechat_keyring **ret_keyring);
/** NULL is allowed. */
void wechat_keyring_destroy(struct wechat_keyring *keyring);

/** For wechat_verify(): only keys that are in force. Keys stay until the end. Any thread. */
struct wechat_keys wechat_keyring_map(struct wechat_keyring *keyring);

/** True if no key is in force, as before the first list. Any thread. */
MUST_CHECK bool wechat_keyring_is_empty(struct wechat_keyring *keyring);

const struct wechat_apiv3 *wechat_keyring_apiv3(const struct wechat_keyring *keyring);

/** The merchant key that worked last; @p ret_index says which. */
struct wechat_merchant wechat_keyring_merchant(struct wechat_keyring *keyring, int *ret_index);

/** Key @p index was refused as unknown: use the other from now on. False if there is none. */
MUST_CHECK bool wechat_keyring_next_merchant(struct wechat_keyring *keyring, int index);

/**
 * Take over the unexpired certificates of a verified list; those known already are left in it.
 * @return how many were new
 */
size_t wechat_keyring_add(struct wechat_keyring *keyring, struct wechat_certificate_list *list);

#endif
