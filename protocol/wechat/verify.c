/* SPDX-License-Identifier: Apache-2.0 */
#include "protocol/wechat/verify.h"

#include <string.h>

#include "common/must.h"
#include "common/parse.h"
#include "common/str.h"

enum { TIMESTAMP_DIGITS = 10 /* until the year 2286; 13 are milliseconds, which are refused */ };

const char *wechat_verdict_name(enum wechat_verdict verdict)
{
    static const char *const names[WECHAT_VERDICT_COUNT] = {
        [WECHAT_VERIFIED] = "verified",
        [WECHAT_MISSING_HEADER] = "missing_header",
        [WECHAT_REPEATED_HEADER] = "repeated_header",
        [WECHAT_PROBE] = "probe",
        [WECHAT_BAD_TIMESTAMP] = "bad_timestamp",
        [WECHAT_STALE] = "stale",
        [WECHAT_UNKNOWN_SERIAL] = "unknown_serial",
        [WECHAT_BAD_SIGNATURE] = "bad_signature",
    };
    MUST(names[verdict] != NULL);
    return names[verdict];
}

static int upper(char c)
{
    return c >= 'a' && c <= 'z' ? c - 'a' + 'A' : c;
}

bool wechat_serial_equal(const char *a, const char *b)
{
    while (*a != '\0' && upper(*a) == upper(*b)) {
        a += 1;
        b += 1;
    }
    return *a == *b;
}

static bool is_there(const char *header)
{
    return header != NULL && header[0] != '\0';
}

/* Everything that can be said without a key. */
static enum wechat_verdict check_headers(const struct wechat_headers *headers, int64_t now_s)
{
    if (headers->repeated) {
        return WECHAT_REPEATED_HEADER;
    }
    if (!is_there(headers->timestamp) || !is_there(headers->nonce) || !is_there(headers->serial) ||
        !is_there(headers->signature)) {
        return WECHAT_MISSING_HEADER;
    }
    if (str_starts_with(headers->signature, "WECHATPAY/SIGNTEST/")) {
        return WECHAT_PROBE;
    }
    int64_t timestamp = 0;
    if (strlen(headers->timestamp) != TIMESTAMP_DIGITS ||
        !parse_i64(headers->timestamp, 0, INT64_C(9999999999), &timestamp)) {
        return WECHAT_BAD_TIMESTAMP;
    }
    int64_t skew = now_s > timestamp ? now_s - timestamp : timestamp - now_s;
    return skew > WECHAT_SKEW_S_MAX ? WECHAT_STALE : WECHAT_VERIFIED;
}

enum wechat_verdict wechat_verify(const struct wechat_headers *headers, const void *body,
                                  size_t size, const struct wechat_keys *keys, int64_t now_s)
{
    enum wechat_verdict verdict = check_headers(headers, now_s);
    if (verdict != WECHAT_VERIFIED) {
        return verdict;
    }
    const struct rsa_key *key = keys->find(keys->self, headers->serial);
    if (key == NULL) {
        return WECHAT_UNKNOWN_SERIAL;
    }
    const struct rsa_part parts[] = {
        {headers->timestamp, strlen(headers->timestamp)},
        {"\n", 1},
        {headers->nonce, strlen(headers->nonce)},
        {"\n", 1},
        {body, size},
        {"\n", 1},
    };
    const struct rsa_signed message = {
        .parts = parts,
        .part_count = ARRAY_COUNT(parts),
        .sign = headers->signature,
        .sign_size = strlen(headers->signature),
    };
    return rsa_verify_base64(key, &message) ? WECHAT_VERIFIED : WECHAT_BAD_SIGNATURE;
}
