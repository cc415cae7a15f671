/* SPDX-License-Identifier: Apache-2.0 */
#include "protocol/wechat/sign.h"

#include <inttypes.h>
#include <string.h>

static const char SCHEME[] = "WECHATPAY2-SHA256-RSA2048 ";

enum { TIMESTAMP_TEXT_SIZE = 24 };

void wechat_request_message(const struct wechat_request *request, struct strbuf *out)
{
    strbuf_addf(out, "%s\n%s\n%" PRId64 "\n%s\n%s\n", request->method, request->path,
                request->timestamp_s, request->nonce, request->body);
}

bool wechat_request_sign(const struct wechat_request *request, const struct rsa_key *key,
                         char ret_signature[RSA_SIGN_TEXT_SIZE])
{
    char timestamp[TIMESTAMP_TEXT_SIZE];
    str_format_cut(timestamp, sizeof(timestamp), "%" PRId64, request->timestamp_s);
    const char *lines[] = {request->method, request->path, timestamp, request->nonce,
                           request->body};
    struct rsa_part parts[2 * ARRAY_COUNT(lines)];
    for (size_t i = 0; i < ARRAY_COUNT(lines); i++) {
        parts[2 * i] = (struct rsa_part){lines[i], strlen(lines[i])};
        parts[2 * i + 1] = (struct rsa_part){"\n", 1};
    }
    return rsa_sign_base64(key, parts, ARRAY_COUNT(parts), ret_signature);
}

bool wechat_authorization(const struct wechat_request *request,
                          const struct wechat_merchant *merchant,
                          char ret_text[WECHAT_AUTHORIZATION_SIZE])
{
    char signature[RSA_SIGN_TEXT_SIZE];
    return wechat_request_sign(request, merchant->key, signature) &&
           str_format(ret_text, WECHAT_AUTHORIZATION_SIZE,
                      "%smchid=\"%s\",nonce_str=\"%s\",timestamp=\"%" PRId64
                      "\",serial_no=\"%s\",signature=\"%s\"",
                      SCHEME, merchant->mchid, request->nonce, request->timestamp_s,
                      merchant->serial, signature);
}

/* name="value" at @p *at; moves it behind the closing quote. */
static bool take_item(const char **at, const char **ret_name, size_t *ret_name_size,
                      const char **ret_value, size_t *ret_value_size)
{
    const char *equals = strchr(*at, '=');
    if (equals == NULL || equals[1] != '"') {
        return false;
    }
    const char *end = strchr(equals + 2, '"');
    if (end == NULL) {
        return false;
    }
    *ret_name = *at;
    *ret_name_size = (size_t)(equals - *at);
    *ret_value = equals + 2;
    *ret_value_size = (size_t)(end - equals) - 2;
    *at = end + 1;
    return true;
}

struct field {
    const char *name;
    char *text;
    size_t size;
};

/* Store one item where it belongs; false for a strange name, the second of a name, no value. */
static bool keep_item(const struct field *fields, size_t count, const char **at)
{
    const char *name = NULL;
    const char *value = NULL;
    size_t name_size = 0;
    size_t value_size = 0;
    if (!take_item(at, &name, &name_size, &value, &value_size)) {
        return false;
    }
    for (size_t i = 0; i < count; i++) {
        if (strlen(fields[i].name) == name_size && memcmp(fields[i].name, name, name_size) == 0) {
            return fields[i].text[0] == '\0' && value_size > 0 &&
                   str_copy_bytes(fields[i].text, fields[i].size, value, value_size);
        }
    }
    return false;
}

bool wechat_auth_parse(const char *text, struct wechat_auth *ret_auth)
{
    struct wechat_auth auth = {0};
    const struct field fields[] = {
        {"mchid", auth.mchid, sizeof(auth.mchid)},
        {"nonce_str", auth.nonce, sizeof(auth.nonce)},
        {"timestamp", auth.timestamp, sizeof(auth.timestamp)},
        {"serial_no", auth.serial, sizeof(auth.serial)},
        {"signature", auth.signature, sizeof(auth.signature)},
    };
    if (!str_starts_with(text, SCHEME)) {
        return false;
    }
    const char *at = text + strlen(SCHEME);
    for (size_t i = 0; i < ARRAY_COUNT(fields); i++) {
        if ((i > 0 && *at++ != ',') || !keep_item(fields, ARRAY_COUNT(fields), &at)) {
            return false;
        }
    }
    /* Five different items that are all known: all five are there. */
    if (*at != '\0') {
        return false;
    }
    *ret_auth = auth;
    return true;
}
