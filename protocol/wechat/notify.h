/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SHILLING_PROTOCOL_WECHAT_NOTIFY_H
#define SHILLING_PROTOCOL_WECHAT_NOTIFY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/compiler.h"
#include "protocol/payments/result.h"
#include "protocol/wechat/box.h"

/* What WeChat Pay posts to the notify addresses, once wechat_verify() has passed it. */
enum wechat_opened {
    WECHAT_OPENED,
    WECHAT_OPEN_MALFORMED, /* the body or the opened text is not what the format says */
    WECHAT_OPEN_AEAD,      /* sealed with another key, or changed: nothing of it may be used */
    WECHAT_OPENED_COUNT
};

/** "opened", "malformed", "aead"; never NULL. */
const char *wechat_opened_name(enum wechat_opened opened);

enum { WECHAT_NUMBER_SIZE = 65 /* out_refund_no: 64; all others are shorter */ };

/* A payment or a refund as WeChat describes it, in notifies and answers alike. */
struct wechat_trade {
    enum pay_result result;
    char mchid[WECHAT_NUMBER_SIZE];
    char appid[WECHAT_NUMBER_SIZE]; /* "" in refunds */
    char order_no[WECHAT_NUMBER_SIZE];
    char trade_no[WECHAT_NUMBER_SIZE];
    char refund_no[WECHAT_NUMBER_SIZE]; /* "" in payments */
    int64_t amount_fen;                 /* amount.total; -1: absent, a text or a fraction */
    int64_t refunded_fen;               /* amount.refund; -1 likewise */
    bool currency_ok;                   /* amount.currency is CNY, or refunds: absent */
};

/**
 * Open and read a notify. trade.result is PAY_PAID, PAY_REFUNDED, PAY_REFUND_ABNORMAL,
 * PAY_REFUND_CLOSED, or PAY_UNKNOWN for an event that we do not know.
 *
 * @param ret_trade set only if OPENED
 */
MUST_CHECK enum wechat_opened wechat_notify_open(const char *body, size_t size,
                                                 const struct wechat_apiv3 *apiv3,
                                                 struct wechat_box_work *work,
                                                 struct wechat_trade *ret_trade);

/** The members that payments and refunds share, from an object; result stays PAY_UNKNOWN. */
void wechat_trade_read(const json_t *object, struct wechat_trade *ret_trade);

/** PAY_REFUNDED, PAY_REFUND_PROCESSING, ... of a refund's status word; PAY_UNKNOWN for others. */
enum pay_result wechat_refund_result(const char *status);

#endif
