/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SHILLING_PROTOCOL_ALIPAY_REQUEST_H
#define SHILLING_PROTOCOL_ALIPAY_REQUEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/compiler.h"
#include "common/crypto/rsa.h"
#include "protocol/alipay/form.h"

/*
 * Requests of OpenAPI 1.0 (gateway.do). As Alipay's own libraries do it, all parameters and the
 * signature travel in the URL's query and biz_content alone in the body; `charset` must be in the
 * query, because the gateway decodes with it.
 */
enum {
    ALIPAY_BIZ_SIZE = 2048,
    ALIPAY_QUERY_SIZE = 4096, /* encoded: signature 344, root numbers up to 16 x 33 */
    ALIPAY_BODY_SIZE = 3 * ALIPAY_BIZ_SIZE + 16, /* every byte may become three */
    ALIPAY_SUBJECT_SIZE = 256,
};

/* Who asks; everything is borrowed. */
struct alipay_app {
    const char *app_id;
    const struct rsa_key *key;
    const char *app_cert_sn;  /* NULL in key mode */
    const char *root_cert_sn; /* NULL in key mode */
};

struct alipay_request {
    const char *method;     /* "alipay.trade.query" */
    const char *timestamp;  /* "2026-11-20 12:00:00", Beijing */
    const char *notify_url; /* NULL: none */
    const char *biz_content;
};

struct alipay_wire {
    char query[ALIPAY_QUERY_SIZE]; /* behind the '?' of the URL */
    char body[ALIPAY_BODY_SIZE];   /* application/x-www-form-urlencoded;charset=utf-8 */
};

/**
 * Put the parameters of @p request into @p form (made empty first).
 * @return false if one is too long
 */
MUST_CHECK bool alipay_request_fill(struct alipay_form *form, const struct alipay_app *app,
                                    const struct alipay_request *request);

/** Base64 of the signature over the form's parameters; empty values and `sign` stay out. */
MUST_CHECK bool alipay_request_sign(const struct alipay_form *form, const struct rsa_key *key,
                                    char *scratch, size_t scratch_size,
                                    char ret_sign[RSA_SIGN_TEXT_SIZE]);

/** Write the request for the wire. False if it does not fit. */
MUST_CHECK bool alipay_request_encode(const struct alipay_form *form, const char *sign,
                                      struct alipay_wire *ret_wire);

/* ---- biz_content of each call; false if a member is out of its range or does not fit ---- */

struct alipay_precreate {
    const char *order_no;
    int64_t amount_fen;      /* 1..MONEY_WIRE_FEN_MAX */
    const char *subject;     /* characters that Alipay refuses become '-' */
    const char *terminal_id; /* NULL: none; appears in the bill */
    int64_t expire_minutes;  /* 1..120: of the code, and of the trade once it is scanned */
};

MUST_CHECK bool alipay_biz_precreate(const struct alipay_precreate *order, char *ret_biz,
                                     size_t size);

/** For query and close. */
MUST_CHECK bool alipay_biz_order(const char *order_no, char *ret_biz, size_t size);

/** For a query by the number that Alipay gave the payment. */
MUST_CHECK bool alipay_biz_trade(const char *trade_no, char *ret_biz, size_t size);

struct alipay_refund {
    const char *order_no; /* this or trade_no; the other NULL */
    const char *trade_no;
    const char *refund_no;
    int64_t refund_fen;
    const char *reason; /* NULL: none */
};

MUST_CHECK bool alipay_biz_refund(const struct alipay_refund *refund, char *ret_biz, size_t size);
MUST_CHECK bool alipay_biz_refund_query(const struct alipay_refund *refund, char *ret_biz,
                                        size_t size);

/** @p day "2026-11-19". */
MUST_CHECK bool alipay_biz_bill(const char *day, char *ret_biz, size_t size);
MUST_CHECK bool alipay_biz_cert(const char *cert_sn, char *ret_biz, size_t size);

#endif
