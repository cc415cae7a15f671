/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SHILLING_PROTOCOL_API_ERROR_H
#define SHILLING_PROTOCOL_API_ERROR_H

#include "common/err.h"
#include "protocol/api/value.h"

/*
 * {"error":{"code":"...","message":"...","field":"..."}}. The code is stable and for programs;
 * the message is for the log. Of sale_refused and payments_closed it is the reason: a sentence for
 * people if somebody has written one, else a word between programs that no screen shows.
 */
#define API_ERROR_BAD_REQUEST "bad_request"           /* 400: field names the member */
#define API_ERROR_NO_CERTIFICATE "no_certificate"     /* 401 */
#define API_ERROR_UNKNOWN_TERMINAL "unknown_terminal" /* 403: certificate good, key not known */
#define API_ERROR_TERMINAL_REVOKED "terminal_revoked" /* 403 */
#define API_ERROR_NOT_FOUND "not_found"               /* 404; also what another site has */
#define API_ERROR_METHOD "method_not_allowed"         /* 405 */
#define API_ERROR_MISMATCH "idempotency_mismatch"     /* 409: same number, other body */
#define API_ERROR_METER_SILENT "meter_silent"         /* 409: again with accept_offline */
#define API_ERROR_SILENT_REFUSED "silent_refused"     /* 409: this site never sells to one */
#define API_ERROR_OPEN_ELSEWHERE "open_elsewhere"     /* 409 */
#define API_ERROR_METER_BLOCKED "meter_blocked"       /* 409 */
#define API_ERROR_SALE_REFUSED "sale_refused"         /* 409 */
#define API_ERROR_NO_MORE_TIME "no_more_time"         /* 409 */
#define API_ERROR_PURCHASE_PAID "purchase_paid"       /* 409: an earlier attempt was paid */
#define API_ERROR_NO_MORE_COPIES "no_more_copies"     /* 409 */
#define API_ERROR_CARD_REFUSED "card_refused"         /* 409: this card is not sold to now */
#define API_ERROR_WRONG_CARD "wrong_card"             /* 409: not the card of this order */
#define API_ERROR_NOT_PAID "not_paid"                 /* 409: nothing to write for this order */
#define API_ERROR_RETURN_CASE "return_case"           /* 409: money is on its way back */
#define API_ERROR_CARD_STALE "card_stale"             /* 409: it was written since: read it again */
#define API_ERROR_CARD_SESSION "card_session_over"    /* 410: lay the card again */
#define API_ERROR_TOO_LARGE "body_too_large"          /* 413 */
#define API_ERROR_MEDIA_TYPE "unsupported_media_type" /* 415 */
#define API_ERROR_AMOUNT_RANGE "amount_out_of_range"  /* 422 */
#define API_ERROR_TOO_MANY "too_many_tries"           /* 429: order numbers tried in a minute */
#define API_ERROR_INTERNAL "internal"                 /* 500 */
#define API_ERROR_PAYMENTS_CLOSED "payments_closed"   /* 503 */
#define API_ERROR_DISK_FULL "disk_full"               /* 503 */
#define API_ERROR_OUT_OF_SERVICE "out_of_service"     /* 503: the server must be looked at */
#define API_ERROR_BUSY "busy"                         /* 503: too much at once, come again */

/* A payments_reason, and the message of payments_closed: this wallet does not answer the server.
 * Another one may still work. */
#define API_REASON_PROVIDER_DOWN "provider_down"

enum { API_MESSAGE_SIZE = 257 };

struct api_error {
    char code[API_WORD_SIZE];
    char message[API_MESSAGE_SIZE];
    char field[API_FIELD_SIZE]; /* empty: none */
};

MUST_CHECK enum err api_error_encode(const struct api_error *error, char *ret_text,
                                     size_t text_size, size_t *ret_size);
MUST_CHECK enum err api_error_decode(const char *text, size_t size, struct api_error *ret_error,
                                     struct api_fault *ret_fault);

#endif
