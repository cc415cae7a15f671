/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SHILLING_PROTOCOL_WECHAT_SIGN_H
#define SHILLING_PROTOCOL_WECHAT_SIGN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/compiler.h"
#include "common/crypto/rsa.h"
#include "common/str.h"

/*
 * APIv3 requests: the signature covers five lines, each ended by LF, also the last: method, path
 * with query as sent, Unix seconds, nonce, body as sent (an empty body leaves an empty line).
 */
enum {
    WECHAT_NONCE_SIZE = 33,           /* 32 characters */
    WECHAT_AUTHORIZATION_SIZE = 2048, /* the signature is 344 to 1368 characters of it */
    WECHAT_MCHID_SIZE = 33,
    WECHAT_SERIAL_SIZE = 65, /* certificate serial (40 hex) or PUB_KEY_ID_ and 38 digits */
};

struct wechat_request {
    const char *method; /* "GET", "POST" */
    const char *path;   /* "/v3/...?..." exactly as it will be sent */
    int64_t timestamp_s;
    const char *nonce;
    const char *body; /* "" for none */
};

struct wechat_merchant {
    const char *mchid;
    const char *serial; /* of the merchant's API certificate */
    const struct rsa_key *key;
};

/** Add the five lines to @p out. */
void wechat_request_message(const struct wechat_request *request, struct strbuf *out);

/** The signature of the message, base64. */
MUST_CHECK bool wechat_request_sign(const struct wechat_request *request, const struct rsa_key *key,
                                    char ret_signature[RSA_SIGN_TEXT_SIZE]);

/** The value of the Authorization header. */
MUST_CHECK bool wechat_authorization(const struct wechat_request *request,
                                     const struct wechat_merchant *merchant,
                                     char ret_text[WECHAT_AUTHORIZATION_SIZE]);

/* An Authorization header taken apart: the counterpart, for loopback checks. */
struct wechat_auth {
    char mchid[WECHAT_MCHID_SIZE];
    char nonce[128];
    char timestamp[24];
    char serial[WECHAT_SERIAL_SIZE];
    char signature[RSA_SIGN_TEXT_SIZE];
};

/**
 * Take a header's value apart: the scheme, one blank, the five items in any order, each once, with
 * nothing around them. False otherwise.
 */
MUST_CHECK bool wechat_auth_parse(const char *text, struct wechat_auth *ret_auth);

#endif
