/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SHILLING_PROTOCOL_WECHAT_REQUEST_H
#define SHILLING_PROTOCOL_WECHAT_REQUEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/compiler.h"

/* Paths and bodies of the APIv3 calls. Each returns false if a member is out of its range or the
 * text does not fit; the numbers in paths are [A-Za-z0-9_-|*@] and need no encoding. */
enum {
    WECHAT_PATH_SIZE = 256,
    WECHAT_BODY_SIZE = 2048,
    WECHAT_DESCRIPTION_SIZE = 128, /* description: 127 */
};

struct wechat_native {
    const char *appid;
    const char *mchid;
    const char *description; /* cut at a character's boundary if it is longer than allowed */
    const char *order_no;
    int64_t expire_wall_s; /* last moment of payment, absolute */
    const char *notify_url;
    int64_t amount_fen;    /* 1..MONEY_WIRE_FEN_MAX */
    const char *device_id; /* NULL: none; otherwise up to 32 */
    const char *payer_ip;  /* with device_id: the terminal's address as far as known */
};

#define WECHAT_PATH_NATIVE "/v3/pay/transactions/native"
#define WECHAT_PATH_REFUND "/v3/refund/domestic/refunds"
#define WECHAT_PATH_CERTIFICATES "/v3/certificates"

MUST_CHECK bool wechat_body_native(const struct wechat_native *order, char *ret_body, size_t size);

MUST_CHECK bool wechat_path_query(const char *order_no, const char *mchid,
                                  char ret_path[WECHAT_PATH_SIZE]);

/** By the number that WeChat gave the payment (transaction_id). */
MUST_CHECK bool wechat_path_query_trade(const char *trade_no, const char *mchid,
                                        char ret_path[WECHAT_PATH_SIZE]);

MUST_CHECK bool wechat_path_close(const char *order_no, char ret_path[WECHAT_PATH_SIZE]);
MUST_CHECK bool wechat_body_close(const char *mchid, char *ret_body, size_t size);

struct wechat_refund {
    const char *order_no; /* this or trade_no; the other NULL */
    const char *trade_no;
    const char *refund_no;
    const char *reason;     /* NULL: none */
    const char *notify_url; /* NULL: none */
    int64_t refund_fen;     /* 1..total_fen */
    int64_t total_fen;
};

MUST_CHECK bool wechat_body_refund(const struct wechat_refund *refund, char *ret_body, size_t size);
MUST_CHECK bool wechat_path_refund_query(const char *refund_no, char ret_path[WECHAT_PATH_SIZE]);

/** @p day "2026-11-19". */
MUST_CHECK bool wechat_path_bill(const char *day, char ret_path[WECHAT_PATH_SIZE]);

#endif
