/* SPDX-License-Identifier: Apache-2.0 */

/*
 * An authorisation as it comes from a kiosk that somebody broke into: text that nobody signed opens
 * nothing. Input that begins with '{' is signed here first, so that the payload's parser is
 * reached too: what it lets through must be sealed and opened to the same again.
 */
#include <stdint.h>
#include <string.h>

#include "common/crypto/base64.h"
#include "common/must.h"
#include "common/str.h"
#include "protocol/cardauth/cardauth.h"

static struct ed25519_key *key_get(void)
{
    static struct ed25519_key *key; /* one pair for all inputs: making it is slow */
    if (key == NULL) {
        enum err err = ed25519_make(&key);
        MUST(err == OK);
    }
    return key;
}

static void to_url(char *text)
{
    size_t end = strcspn(text, "=");
    text[end] = '\0';
    for (size_t i = 0; i < end; i++) {
        text[i] = text[i] == '+' ? '-' : text[i] == '/' ? '_' : text[i];
    }
}

/* Sign any payload, as cardauth_seal() does with a good one. */
static bool sign_payload(const uint8_t *data, size_t size, char ret_text[CARDAUTH_TEXT_SIZE])
{
    char first[CARDAUTH_TEXT_SIZE];
    char second[BASE64_TEXT_SIZE(ED25519_SIGN_SIZE)];
    uint8_t sign[ED25519_SIGN_SIZE];
    if (!base64_encode(data, size, first, sizeof(first))) {
        return false;
    }
    to_url(first);
    if (!ed25519_sign(key_get(), first, strlen(first), sign) ||
        !base64_encode(sign, sizeof(sign), second, sizeof(second))) {
        return false;
    }
    to_url(second);
    return str_format(ret_text, CARDAUTH_TEXT_SIZE, "%s.%s", first, second);
}

static void open_and_seal_again(const char *text)
{
    struct cardauth auth;
    struct cardauth again;
    char sealed[CARDAUTH_TEXT_SIZE];
    if (cardauth_open(text, key_get(), &auth) == OK) {
        bool ok = cardauth_seal(&auth, key_get(), sealed) &&
                  cardauth_open(sealed, key_get(), &again) == OK;
        MUST(ok || strlen(auth.order) + strlen(auth.terminal) > 100);
        MUST(!ok || (again.n == auth.n && again.fen == auth.fen &&
                     again.expires_at == auth.expires_at && card_uid_equal(&again.uid, &auth.uid) &&
                     memcmp(again.token, auth.token, sizeof(auth.token)) == 0));
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char text[CARDAUTH_TEXT_SIZE];
    if (size > 0 && data[0] == '{') {
        if (sign_payload(data, size, text)) {
            open_and_seal_again(text);
        }
        return 0;
    }
    struct cardauth auth;
    if (str_copy_bytes(text, sizeof(text), (const char *)data, size)) {
        MUST(cardauth_open(text, key_get(), &auth) != OK);
    }
    return 0;
}
