/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SHILLING_PROTOCOL_ALIPAY_NOTIFY_H
#define SHILLING_PROTOCOL_ALIPAY_NOTIFY_H

#include <stdbool.h>
#include <stdint.h>

#include "common/compiler.h"
#include "common/crypto/rsa.h"
#include "protocol/alipay/form.h"
#include "protocol/alipay/verdict.h"
#include "protocol/payments/result.h"

/* What Alipay posts to the notify address. The form is parsed with alipay_form_parse(). */

/* Empty values: the Java side signs without them, the Node side with them. Both readings cover
 * every value that says something, so either is accepted. */
enum alipay_rule {
    ALIPAY_RULE_DROP_EMPTY,
    ALIPAY_RULE_KEEP_EMPTY,
    ALIPAY_RULE_DROP_CERT_SN, /* certificate mode: alipay_cert_sn is not signed either */
    ALIPAY_RULE_COUNT
};

/** "drop_empty", "keep_empty", "drop_cert_sn"; never NULL. */
const char *alipay_rule_name(enum alipay_rule rule);

/**
 * Check the signature of a notify.
 *
 * @param scratch     room for the signed text: ALIPAY_FORM_SIZE_MAX + 1 always suffices
 * @param ret_rule    set if VERIFIED: the reading that fits
 */
MUST_CHECK enum alipay_verdict alipay_notify_check(const struct alipay_form *form,
                                                   const struct rsa_key *key, char *scratch,
                                                   size_t scratch_size, enum alipay_rule *ret_rule);

enum { ALIPAY_NUMBER_SIZE = 65 /* out_trade_no, trade_no, out_biz_no: up to 64 */ };

struct alipay_notify {
    enum pay_result result; /* PAY_PAID, PAY_UNPAID, PAY_CLOSED, PAY_REFUNDED,
                               PAY_PARTLY_REFUNDED; PAY_UNKNOWN for what we do not understand */
    char app_id[ALIPAY_NUMBER_SIZE];
    char seller_id[ALIPAY_NUMBER_SIZE];
    char order_no[ALIPAY_NUMBER_SIZE];
    char trade_no[ALIPAY_NUMBER_SIZE];
    char refund_no[ALIPAY_NUMBER_SIZE]; /* out_biz_no; "" if the notify is about no refund */
    int64_t amount_fen;                 /* total_amount; -1: absent or no amount */
    int64_t refunded_fen;               /* refund_fee, cumulated; -1: absent or no amount */
};

/**
 * Read a verified notify. Compared with the order is amount_fen: receipt_amount and
 * buyer_pay_amount are lower when the buyer used a coupon.
 */
void alipay_notify_read(const struct alipay_form *form, struct alipay_notify *ret_notify);

#endif
