/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SHILLING_PROTOCOL_WECHAT_BOX_H
#define SHILLING_PROTOCOL_WECHAT_BOX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <jansson.h>

#include "common/compiler.h"

/*
 * The sealed part of notifies and of the certificate list: AES-256-GCM under the APIv3 key, with
 * the nonce and the associated data as text beside it and the tag as the last 16 bytes.
 */
enum {
    WECHAT_APIV3_KEY_SIZE = 32,
    WECHAT_APIV3_KEYS_MAX = 2,          /* the new and the old one, until resends are over */
    WECHAT_SEALED_SIZE_MAX = 48 * 1024, /* what base64 makes of the largest body, 64 kB */
};

/* The APIv3 keys to try, in this order. */
struct wechat_apiv3 {
    uint8_t keys[WECHAT_APIV3_KEYS_MAX][WECHAT_APIV3_KEY_SIZE];
    size_t count;
};

/* Room for one opening, about 96 kB: not on a stack. */
struct wechat_box_work {
    uint8_t sealed[WECHAT_SEALED_SIZE_MAX];
    uint8_t plain[WECHAT_SEALED_SIZE_MAX];
};

/**
 * Open {"algorithm":"AEAD_AES_256_GCM","nonce","associated_data","ciphertext"}.
 *
 * @param ret_plain  borrowed from @p work, not NUL-terminated; set only on success
 * @return false if the box is not of this form or fits no key; nothing of it may then be used
 */
MUST_CHECK bool wechat_box_open(const json_t *box, const struct wechat_apiv3 *apiv3,
                                struct wechat_box_work *work, const char **ret_plain,
                                size_t *ret_size);

#endif
