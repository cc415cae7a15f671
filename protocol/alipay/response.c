/* SPDX-License-Identifier: Apache-2.0 */
#include "protocol/alipay/response.h"

#include <string.h>

#include "common/must.h"
#include "common/str.h"

const char *alipay_verdict_name(enum alipay_verdict verdict)
{
    static const char *const names[ALIPAY_VERDICT_COUNT] = {
        [ALIPAY_VERIFIED] = "verified",
        [ALIPAY_MALFORMED] = "malformed",
        [ALIPAY_NO_SIGN] = "no_sign",
        [ALIPAY_SIGN_TYPE] = "sign_type",
        [ALIPAY_BAD_SIGNATURE] = "bad_signature",
    };
    MUST(names[verdict] != NULL);
    return names[verdict];
}

/* "alipay.trade.query" -> "alipay_trade_query_response" */
static bool member_name(const char *method, char *ret_name, size_t size)
{
    struct strbuf name;
    strbuf_init(&name, ret_name, size);
    for (const char *c = method; *c != '\0'; c++) {
        strbuf_add_bytes(&name, *c == '.' ? "_" : c, 1);
    }
    strbuf_add(&name, "_response");
    return !name.failed;
}

/* Keep @p value as the only one of its name; false if there was one before. */
static bool keep(struct alipay_slice *kept, struct alipay_slice value)
{
    bool first = kept->at == NULL;
    *kept = value;
    return first;
}

struct members {
    struct alipay_slice response;
    struct alipay_slice error;
    struct alipay_slice sign;
    struct alipay_slice cert_sn;
};

static bool collect(const char *wanted, struct alipay_slice text, struct members *ret_members)
{
    struct alipay_scan scan = alipay_scan_begin(text);
    struct alipay_member member;
    bool once = true;
    while (alipay_scan_next(&scan, &member)) {
        if (alipay_slice_equal(member.name, wanted)) {
            once = keep(&ret_members->response, member.value) && once;
        } else if (alipay_slice_equal(member.name, "error_response")) {
            once = keep(&ret_members->error, member.value) && once;
        } else if (alipay_slice_equal(member.name, "sign")) {
            once = keep(&ret_members->sign, member.value) && once;
        } else if (alipay_slice_equal(member.name, "alipay_cert_sn")) {
            once = keep(&ret_members->cert_sn, member.value) && once;
        }
    }
    return alipay_scan_ok(&scan) && once;
}

bool alipay_response_read(const char *method, const char *body, size_t size,
                          struct alipay_response *ret_response)
{
    char wanted[ALIPAY_METHOD_SIZE + sizeof("_response")];
    struct members members = {0};
    if (!member_name(method, wanted, sizeof(wanted)) ||
        !collect(wanted, (struct alipay_slice){body, size}, &members)) {
        return false;
    }
    bool is_error = members.response.at == NULL;
    struct alipay_response response = {
        .signed_bytes = is_error ? members.error : members.response,
        .sign = members.sign,
        .is_error = is_error,
    };
    bool both = members.response.at != NULL && members.error.at != NULL;
    if (both || response.signed_bytes.at == NULL || response.signed_bytes.at[0] != '{') {
        return false;
    }
    if (members.cert_sn.at != NULL &&
        !alipay_scan_text(members.cert_sn, response.cert_sn, sizeof(response.cert_sn))) {
        return false;
    }
    *ret_response = response;
    return true;
}

enum alipay_verdict alipay_response_check(const struct alipay_response *response,
                                          const struct rsa_key *key)
{
    if (response->sign.size == 0 || alipay_slice_equal(response->sign, "\"\"") ||
        alipay_slice_equal(response->sign, "null")) {
        return ALIPAY_NO_SIGN;
    }
    char sign[RSA_SIGN_TEXT_SIZE];
    if (!alipay_scan_text(response->sign, sign, sizeof(sign))) {
        return ALIPAY_BAD_SIGNATURE;
    }
    const struct rsa_part part = {response->signed_bytes.at, response->signed_bytes.size};
    const struct rsa_signed message = {
        .parts = &part, .part_count = 1, .sign = sign, .sign_size = strlen(sign)};
    return rsa_verify_base64(key, &message) ? ALIPAY_VERIFIED : ALIPAY_BAD_SIGNATURE;
}
