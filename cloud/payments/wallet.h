/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SHILLING_CLOUD_PAYMENTS_WALLET_H
#define SHILLING_CLOUD_PAYMENTS_WALLET_H

#include "cloud/payments/gate.h"
#include "cloud/payments/key_file.h"
#include "cloud/payments/pay.h"

/*
 * What is inside struct pay: one part a wallet, each with its keys. Only pay.c and the wallets' own
 * files include this.
 */
struct alipay_wallet;
struct wechat_wallet;

/* What both wallets are made of; borrowed by them. */
struct wallet_world {
    struct gate *gate;
    const struct clock_port *clock;
    const struct rng_port *rng;
    bool allow_test_keys;
};

enum {
    WALLET_TIMEOUT_MS = 8000, /* order, query, close: a person waits */
    WALLET_REFUND_TIMEOUT_MS = 15000,
    WALLET_BILL_TIMEOUT_MS = 60000,
    WALLET_ANSWER_SIZE_MAX = 1 << 20,
};

/** Make @p answer say "nothing known". */
void wallet_answer_init(struct pay_answer *ret_answer);

/** Hand the body of @p http over to the evidence of @p answer. */
void wallet_keep_evidence(struct pay_answer *answer, struct https_answer *http, bool verified);

/* ---- Alipay ---- */

MUST_CHECK enum err alipay_wallet_create(const struct pay_alipay_config *config,
                                         const struct wallet_world *world,
                                         const struct key_message *message,
                                         struct alipay_wallet **ret_wallet);
void alipay_wallet_destroy(struct alipay_wallet *wallet);

MUST_CHECK bool alipay_wallet_precreate_body(const struct pay_order *order, char *ret_body);
MUST_CHECK bool alipay_wallet_refund_body(const struct pay_refund *refund, char *ret_body);
void alipay_wallet_precreate(struct alipay_wallet *wallet, const char *order_no, const char *body,
                             struct pay_answer *ret_answer);
void alipay_wallet_query(struct alipay_wallet *wallet, const char *order_no,
                         struct pay_answer *ret_answer);
void alipay_wallet_query_trade(struct alipay_wallet *wallet, const char *trade_no,
                               struct pay_answer *ret_answer);
void alipay_wallet_close(struct alipay_wallet *wallet, const char *order_no,
                         struct pay_answer *ret_answer);
void alipay_wallet_refund(struct alipay_wallet *wallet, const char *refund_no, const char *body,
                          struct pay_answer *ret_answer);
void alipay_wallet_refund_query(struct alipay_wallet *wallet, const struct pay_refund *refund,
                                struct pay_answer *ret_answer);
void alipay_wallet_notify(struct alipay_wallet *wallet, const struct pay_notify_in *in,
                          struct pay_notify *ret_notify);
MUST_CHECK bool alipay_wallet_refresh(struct alipay_wallet *wallet, char ret_log[PAY_LOG_SIZE]);
void alipay_wallet_bill(struct alipay_wallet *wallet, const char *day, struct pay_bill *ret_bill);

/* ---- WeChat Pay ---- */

MUST_CHECK enum err wechat_wallet_create(const struct pay_wechat_config *config,
                                         const struct wallet_world *world,
                                         const struct key_message *message,
                                         struct wechat_wallet **ret_wallet);
void wechat_wallet_destroy(struct wechat_wallet *wallet);

MUST_CHECK bool wechat_wallet_precreate_body(const struct wechat_wallet *wallet,
                                             const struct pay_order *order, char *ret_body);
MUST_CHECK bool wechat_wallet_refund_body(const struct wechat_wallet *wallet,
                                          const struct pay_refund *refund, char *ret_body);
void wechat_wallet_precreate(struct wechat_wallet *wallet, const char *order_no, const char *body,
                             struct pay_answer *ret_answer);
void wechat_wallet_query(struct wechat_wallet *wallet, const char *order_no,
                         struct pay_answer *ret_answer);
void wechat_wallet_query_trade(struct wechat_wallet *wallet, const char *trade_no,
                               struct pay_answer *ret_answer);
void wechat_wallet_close(struct wechat_wallet *wallet, const char *order_no,
                         struct pay_answer *ret_answer);
void wechat_wallet_refund(struct wechat_wallet *wallet, const char *refund_no, const char *body,
                          struct pay_answer *ret_answer);
void wechat_wallet_refund_query(struct wechat_wallet *wallet, const struct pay_refund *refund,
                                struct pay_answer *ret_answer);
void wechat_wallet_notify(struct wechat_wallet *wallet, const struct pay_notify_in *in,
                          struct pay_notify *ret_notify);
MUST_CHECK bool wechat_wallet_refresh(struct wechat_wallet *wallet, char ret_log[PAY_LOG_SIZE]);
void wechat_wallet_bill(struct wechat_wallet *wallet, const char *day, struct pay_bill *ret_bill);

/* ---- Rows of a bill being read ---- */

struct bill_rows {
    struct pay_bill *bill;
    size_t room;
    bool failed; /* no memory, or more rows than anybody sells in a day */
};

struct bill_row;
/** For struct bill_sink; @p self is a struct bill_rows. */
void wallet_bill_row(void *self, const struct bill_row *row);

#endif
