/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SHILLING_PROTOCOL_WECHAT_VERIFY_H
#define SHILLING_PROTOCOL_WECHAT_VERIFY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/compiler.h"
#include "common/crypto/rsa.h"

/*
 * What WeChat Pay sends, answers and notifies alike: the signature covers the timestamp, the nonce
 * and the raw body, each followed by LF. An answer with 2xx that does not pass here is forged or a
 * proxy's, and is no answer.
 */
enum wechat_verdict {
    WECHAT_VERIFIED,
    WECHAT_MISSING_HEADER, /* one of the four is absent or empty */
    WECHAT_REPEATED_HEADER,
    WECHAT_PROBE,         /* WeChat tests whether we refuse: refuse, without alarm */
    WECHAT_BAD_TIMESTAMP, /* not ten digits */
    WECHAT_STALE,         /* more than WECHAT_SKEW_S_MAX from our clock, either way */
    WECHAT_UNKNOWN_SERIAL,
    WECHAT_BAD_SIGNATURE,
    WECHAT_VERDICT_COUNT
};

enum { WECHAT_SKEW_S_MAX = 300 };

/** "verified", "missing_header", "probe", ...; never NULL. */
const char *wechat_verdict_name(enum wechat_verdict verdict);

/* The four headers; NULL: absent. */
struct wechat_headers {
    const char *timestamp;
    const char *nonce;
    const char *serial;
    const char *signature;
    bool repeated; /* one of them came more than once */
};

/* Which key belongs to a certificate serial or public-key id. Compare with wechat_serial_equal().
 * NULL: none that we have. */
struct wechat_keys {
    const struct rsa_key *(*find)(void *self, const char *serial);
    void *self;
};

/** Serials are the same whatever the case of their letters; leading zeros count. */
bool wechat_serial_equal(const char *a, const char *b);

/**
 * Check one message.
 *
 * @param now_s our wall clock: the only thing besides the keys that the verdict depends on
 */
MUST_CHECK enum wechat_verdict wechat_verify(const struct wechat_headers *headers, const void *body,
                                             size_t size, const struct wechat_keys *keys,
                                             int64_t now_s);

#endif
