/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SHILLING_PROTOCOL_ALIPAY_RESPONSE_H
#define SHILLING_PROTOCOL_ALIPAY_RESPONSE_H

#include <stdbool.h>
#include <stddef.h>

#include "common/compiler.h"
#include "common/crypto/rsa.h"
#include "protocol/alipay/scan.h"
#include "protocol/alipay/verdict.h"

/*
 * The body of a synchronous answer:
 *
 *     {"alipay_trade_query_response":{...},"alipay_cert_sn":"..","sign":".."}
 *
 * in any order of members. Signed are the bytes of the response member's value from its '{' to
 * the matching '}', as received.
 */
enum { ALIPAY_METHOD_SIZE = 64, ALIPAY_CERT_SN_SIZE = 33 };

struct alipay_response {
    struct alipay_slice signed_bytes;  /* borrowed from the body */
    struct alipay_slice sign;          /* the member's value with its quotes; size 0: absent */
    bool is_error;                     /* the member was error_response */
    char cert_sn[ALIPAY_CERT_SN_SIZE]; /* "" in key mode */
};

/**
 * Take the body apart. Nothing of it may be believed before alipay_response_check().
 *
 * @param method "alipay.trade.query"
 * @return false: ALIPAY_MALFORMED
 */
MUST_CHECK bool alipay_response_read(const char *method, const char *body, size_t size,
                                     struct alipay_response *ret_response);

/** Check the signature with ALIPAY's public key: VERIFIED, NO_SIGN or BAD_SIGNATURE. */
MUST_CHECK enum alipay_verdict alipay_response_check(const struct alipay_response *response,
                                                     const struct rsa_key *key);

#endif
