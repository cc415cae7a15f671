/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/vectors/payments/accept.h"

#include <string.h>

#include "common/str.h"

static bool has_text(const struct alipay_form *form, const char *name, const char *text)
{
    const struct alipay_param *param = alipay_form_get(form, name);
    return param != NULL && param->value_size == strlen(text) && str_equal(param->value, text);
}

const char *gateway_refusal(const struct gateway_request *request, const struct rsa_key *app_key,
                            struct alipay_form *form, char *scratch, size_t scratch_size)
{
    const char *query = strchr(request->target, '?');
    alipay_form_init(form);
    if (!str_equal(request->method, "POST") ||
        (query != NULL && alipay_form_parse(form, query + 1, strlen(query + 1)) != OK)) {
        return "duplicate_or_malformed";
    }
    bool has_charset = alipay_form_get(form, "charset") != NULL;
    if (alipay_form_parse(form, request->body, strlen(request->body)) != OK) {
        return "duplicate_or_malformed";
    }
    /* The gateway decodes the body with the charset that the URL names. */
    if (!has_charset) {
        return "charset_not_in_url";
    }
    const struct alipay_param *sign = alipay_form_get(form, "sign");
    if (sign == NULL || sign->value_size == 0) {
        return "no_sign";
    }
    if (!has_text(form, "sign_type", "RSA2")) {
        return "sign_type";
    }
    struct strbuf text;
    strbuf_init(&text, scratch, scratch_size);
    alipay_form_signed_text(form, ALIPAY_WITHOUT_EMPTY, &text);
    const struct rsa_part part = {text.text, text.len};
    const struct rsa_signed message = {
        .parts = &part, .part_count = 1, .sign = sign->value, .sign_size = sign->value_size};
    return rsa_verify_base64(app_key, &message) ? NULL : "bad_signature";
}
