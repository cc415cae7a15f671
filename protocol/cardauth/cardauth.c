/* SPDX-License-Identifier: Apache-2.0 */
#include "protocol/cardauth/cardauth.h"

#include <string.h>

#include "common/bytes.h"
#include "common/crypto/base64.h"
#include "common/json/json.h"
#include "common/must.h"
#include "common/str.h"

enum {
    VERSION = 1,
    PAYLOAD_SIZE_MAX = 600,
    SIGN_TEXT_SIZE = BASE64_TEXT_SIZE(ED25519_SIGN_SIZE),
    SHA256_TEXT_SIZE = 2 * DIGEST_SHA256_SIZE + 1,
};

static const char *const WHAT_NAMES[CARDAUTH_WHAT_COUNT] = {
    [CARDAUTH_WRITE] = "write",
    [CARDAUTH_RELAY] = "relay",
};

/* --- base64url, from base64 ------------------------------------------------------------------ */

/* Text for URLs from text that is not: other signs for 62 and 63, no padding. */
static void url_from_plain(char *text)
{
    for (char *at = text; *at != '\0'; at++) {
        if (*at == '+') {
            *at = '-';
        } else if (*at == '/') {
            *at = '_';
        } else if (*at == '=') {
            *at = '\0';
            return;
        }
    }
}

static bool plain_char(char c, char *ret_plain)
{
    if (c == '+' || c == '/' || c == '=') {
        return false;
    }
    *ret_plain = c;
    if (c == '-') {
        *ret_plain = '+';
    } else if (c == '_') {
        *ret_plain = '/';
    }
    return true;
}

/* The reverse; false if the text holds what only the other alphabet has. */
static bool plain_from_url(const char *url, size_t size, char *ret_text, size_t text_size)
{
    size_t padded = (size + 3) / 4 * 4;
    if (size == 0 || padded + 1 > text_size) {
        return false;
    }
    for (size_t i = 0; i < padded; i++) {
        ret_text[i] = '=';
        if (i < size && !plain_char(url[i], &ret_text[i])) {
            return false;
        }
    }
    ret_text[padded] = '\0';
    return true;
}

static bool url_decode(const char *url, size_t size, uint8_t *ret_bytes, size_t bytes_size,
                       size_t *ret_size)
{
    char plain[CARDAUTH_TEXT_SIZE];
    return plain_from_url(url, size, plain, sizeof(plain)) &&
           base64_decode(plain, strlen(plain), ret_bytes, bytes_size, ret_size);
}

/* --- sealing --------------------------------------------------------------------------------- */

static bool payload_print(const struct cardauth *auth, char *ret_text, size_t size)
{
    char uid[CARD_UID_TEXT_SIZE];
    char token[SHA256_TEXT_SIZE];
    card_uid_format(&auth->uid, uid);
    bool fits = hex_format(auth->token, sizeof(auth->token), 0, token, sizeof(token));
    MUST(fits && auth->what < CARDAUTH_WHAT_COUNT);
    json_t *root = json_object();
    MUST(root != NULL);
    json_put_int(root, "v", VERSION);
    json_put_text(root, "what", WHAT_NAMES[auth->what]);
    json_put_text(root, "terminal", auth->terminal);
    json_put_text(root, "order", auth->order);
    json_put_text(root, "uid", uid);
    json_put_int(root, "n", auth->n);
    json_put_int(root, "fen", auth->fen);
    json_put_text(root, "token", token);
    json_put_int(root, "exp", auth->expires_at);
    bool ok = json_print(root, ret_text, size);
    json_decref(root);
    return ok;
}

bool cardauth_seal(const struct cardauth *auth, const struct ed25519_key *key,
                   char ret_text[CARDAUTH_TEXT_SIZE])
{
    char payload[PAYLOAD_SIZE_MAX];
    char first[CARDAUTH_TEXT_SIZE];
    char second[SIGN_TEXT_SIZE];
    uint8_t sign[ED25519_SIGN_SIZE];
    if (!payload_print(auth, payload, sizeof(payload)) ||
        !base64_encode((const uint8_t *)payload, strlen(payload), first, sizeof(first))) {
        return false;
    }
    url_from_plain(first);
    if (!ed25519_sign(key, first, strlen(first), sign) ||
        !base64_encode(sign, sizeof(sign), second, sizeof(second))) {
        return false;
    }
    url_from_plain(second);
    return str_format(ret_text, CARDAUTH_TEXT_SIZE, "%s.%s", first, second);
}

/* --- opening --------------------------------------------------------------------------------- */

static void read_token(struct json_reader *r, uint8_t ret_token[DIGEST_SHA256_SIZE])
{
    char text[SHA256_TEXT_SIZE];
    size_t size = 0;
    json_text(r, "token", text, sizeof(text));
    if (!json_failed(r) &&
        (strlen(text) != SHA256_TEXT_SIZE - 1 ||
         !hex_parse(text, strlen(text), ret_token, DIGEST_SHA256_SIZE, &size, NULL) ||
         size != DIGEST_SHA256_SIZE)) {
        json_refuse(r, "token");
    }
}

static bool what_find(const char *name, enum cardauth_what *ret_what)
{
    for (size_t i = 0; i < CARDAUTH_WHAT_COUNT; i++) {
        if (str_equal(WHAT_NAMES[i], name)) {
            *ret_what = (enum cardauth_what)i;
            return true;
        }
    }
    return false;
}

static enum err payload_read(const json_t *root, struct cardauth *ret_auth)
{
    struct json_reader r = json_reader(root);
    struct cardauth auth = {0};
    char what[16];
    char uid[CARD_UID_TEXT_SIZE];
    int64_t version = json_int(&r, "v", 0, INT32_MAX);
    json_text(&r, "what", what, sizeof(what));
    if (json_failed(&r)) {
        return ERR_FORMAT;
    }
    if (version != VERSION || !what_find(what, &auth.what)) {
        return ERR_UNSUPPORTED;
    }
    json_text(&r, "terminal", auth.terminal, sizeof(auth.terminal));
    json_text(&r, "order", auth.order, sizeof(auth.order));
    json_text(&r, "uid", uid, sizeof(uid));
    auth.n = (uint32_t)json_int(&r, "n", 0, UINT32_MAX);
    auth.fen = json_int(&r, "fen", -CARD_TOTAL_FEN_MAX, CARD_TOTAL_FEN_MAX);
    auth.expires_at = json_int(&r, "exp", 0, INT64_MAX - CARDAUTH_SLACK_S);
    read_token(&r, auth.token);
    if (json_failed(&r) || !card_uid_parse(uid, &auth.uid)) {
        return ERR_FORMAT;
    }
    *ret_auth = auth;
    return OK;
}

static bool sign_is_good(const char *text, size_t first_size, const struct ed25519_key *key)
{
    const char *second = text + first_size + 1;
    uint8_t sign[ED25519_SIGN_SIZE];
    size_t size = 0;
    return url_decode(second, strlen(second), sign, sizeof(sign), &size) &&
           size == ED25519_SIGN_SIZE && ed25519_verify(key, text, first_size, sign);
}

enum err cardauth_open(const char *text, const struct ed25519_key *key, struct cardauth *ret_auth)
{
    const char *dot = strchr(text, '.');
    if (dot == NULL || strlen(text) >= CARDAUTH_TEXT_SIZE) {
        return ERR_FORMAT;
    }
    size_t first_size = (size_t)(dot - text);
    if (!sign_is_good(text, first_size, key)) {
        return ERR_CHECKSUM;
    }
    uint8_t payload[PAYLOAD_SIZE_MAX];
    size_t size = 0;
    if (!url_decode(text, first_size, payload, sizeof(payload), &size)) {
        return ERR_FORMAT;
    }
    json_t *root = json_parse_object((const char *)payload, size, PAYLOAD_SIZE_MAX);
    enum err err = root == NULL ? ERR_FORMAT : payload_read(root, ret_auth);
    json_decref(root);
    return err;
}

/* --- judging --------------------------------------------------------------------------------- */

enum cardauth_verdict cardauth_check(const char *text, const struct ed25519_key *key,
                                     const struct cardauth_deed *deed)
{
    struct cardauth auth;
    uint8_t digest[DIGEST_SHA256_SIZE];
    if (cardauth_open(text, key, &auth) != OK || auth.what != deed->what ||
        !str_equal(auth.terminal, deed->terminal) ||
        !digest_sha256(deed->bytes, deed->size, digest) ||
        !bytes_equal_secret(digest, auth.token, sizeof(digest))) {
        return CARDAUTH_FORGED;
    }
    if (!card_uid_equal(&auth.uid, deed->uid)) {
        return CARDAUTH_WRONG_CARD;
    }
    int64_t slack_s = deed->clock_is_set ? 0 : CARDAUTH_SLACK_S;
    return deed->wall_s > auth.expires_at + slack_s ? CARDAUTH_EXPIRED : CARDAUTH_ALLOWED;
}
