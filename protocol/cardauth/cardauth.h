/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SHILLING_PROTOCOL_CARDAUTH_CARDAUTH_H
#define SHILLING_PROTOCOL_CARDAUTH_CARDAUTH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/compiler.h"
#include "common/crypto/digest.h"
#include "common/crypto/ed25519.h"
#include "common/err.h"
#include "protocol/card/record.h"
#include "protocol/card/uid.h"

/*
 * The cloud's signed word that this terminal may write these bytes to this card, once its order
 * is paid (protocol/MESSAGES.md, section 6). The card driver obeys nothing else, so a kiosk that
 * somebody broke into still cannot write what was not sold.
 *
 * Text: base64url(payload) "." base64url(signature), both without padding (RFC 4648, section 5).
 * The Ed25519 signature is over the first base64url text. The payload is one JSON object.
 */

enum {
    CARDAUTH_TEXT_SIZE = 1024, /* with the NUL; ours have about 450 characters */
    CARDAUTH_TERMINAL_SIZE = 65,
    CARDAUTH_ORDER_SIZE = 65,
    CARDAUTH_SLACK_S = 600, /* accepted after the end where the clock is not known to be right */
};

enum cardauth_what { CARDAUTH_WRITE, CARDAUTH_RELAY, CARDAUTH_WHAT_COUNT };

struct cardauth {
    enum cardauth_what what;
    char terminal[CARDAUTH_TERMINAL_SIZE];
    char order[CARDAUTH_ORDER_SIZE]; /* order_no or document_no */
    struct card_uid uid;
    uint32_t n;
    int64_t fen;                       /* what it is worth; may be negative in a reversal */
    uint8_t token[DIGEST_SHA256_SIZE]; /* SHA-256 of the record, or of the APDUs */
    int64_t expires_at;                /* seconds since 1970 */
};

/** Write and sign the text; false if @p key has no private half or a text does not fit. */
MUST_CHECK bool cardauth_seal(const struct cardauth *auth, const struct ed25519_key *key,
                              char ret_text[CARDAUTH_TEXT_SIZE]);

/**
 * Check the signature of @p text (a NUL ends it) and then read the payload.
 *
 * @return OK; ERR_FORMAT not such a text; ERR_CHECKSUM not signed by @p key; ERR_UNSUPPORTED
 *         signed, but of a version or for a purpose that we do not know
 */
MUST_CHECK enum err cardauth_open(const char *text, const struct ed25519_key *key,
                                  struct cardauth *ret_auth);

/* What is about to be done. Borrowed for the call. */
struct cardauth_deed {
    enum cardauth_what what;
    const char *terminal;
    const struct card_uid *uid; /* of the card in the field */
    const uint8_t *bytes;       /* the record, or a row of apdu_bind() */
    size_t size;
    int64_t wall_s;    /* now, seconds since 1970 */
    bool clock_is_set; /* false: CARDAUTH_SLACK_S longer */
};

enum cardauth_verdict {
    CARDAUTH_ALLOWED,
    CARDAUTH_FORGED,     /* not signed, or for another purpose, terminal or content */
    CARDAUTH_WRONG_CARD, /* all right, but another card lies here */
    CARDAUTH_EXPIRED,
    CARDAUTH_VERDICT_COUNT
};

/** Open the text and compare it with the deed. */
MUST_CHECK enum cardauth_verdict cardauth_check(const char *text, const struct ed25519_key *key,
                                                const struct cardauth_deed *deed);

#endif
