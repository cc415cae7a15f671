/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SHILLING_CLOUD_PAYMENTS_WECHAT_LINK_H
#define SHILLING_CLOUD_PAYMENTS_WECHAT_LINK_H

#include <pthread.h>

#include "cloud/payments/wallet.h"
#include "cloud/payments/wechat_keys.h"

/*
 * One exchange with WeChat Pay: sign, send, verify. The second host is tried only if the first
 * cannot be connected, the second merchant key only if the first is refused; a signature with a
 * key that we do not have costs one refresh of the key list.
 */
struct wechat_link {
    struct pay_wechat_config config;
    struct wallet_world world;
    struct wechat_keyring *keyring;
    pthread_mutex_t refresh_lock;
    int64_t refreshed_at_ms; /* monotonic; 0: never */
};

struct wechat_wallet {
    struct wechat_link link;
};

enum { WECHAT_REFRESH_MS_MIN = 60000 /* unknown serials in a row must not become a storm */ };

struct wechat_question {
    const char *method;
    const char *path; /* "/v3/..." */
    const char *body; /* "" for none */
    int64_t timeout_ms;
};

struct wechat_reply {
    struct https_answer http;
    bool came;     /* an HTTP answer is there: wechat_reply_finish() */
    bool verified; /* signed by WeChat, over this body, within the allowed time */
    bool clock_wrong;
    char why[HTTPS_WHY_SIZE];
};

/** Ask, and verify what comes back. Blocks: up to twice the question's time. */
void wechat_link_ask(struct wechat_link *link, const struct wechat_question *question,
                     struct wechat_reply *ret_reply);

/** The signed exchange without a look at the answer's signature: bill files have none. */
void wechat_link_fetch(struct wechat_link *link, const char *url, size_t size_max,
                       struct wechat_reply *ret_reply);

void wechat_reply_finish(struct wechat_reply *reply);

/** As pay_keys_refresh(). */
MUST_CHECK bool wechat_link_refresh(struct wechat_link *link, char *ret_log, size_t log_size);

/** The signature headers as text, for the evidence. */
void wechat_headers_text(const struct wechat_headers *headers, char *ret_text, size_t size);

/** The signature headers of an answer. */
struct wechat_headers wechat_reply_headers(const struct https_answer *http);

#endif
