/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SHILLING_CLOUD_PAYMENTS_ALIPAY_LINK_H
#define SHILLING_CLOUD_PAYMENTS_ALIPAY_LINK_H

#include "cloud/payments/alipay_keys.h"
#include "cloud/payments/wallet.h"
#include "protocol/alipay/answer.h"
#include "protocol/alipay/form.h"
#include "protocol/alipay/request.h"

/*
 * One exchange with Alipay: build, sign, send, verify. An answer signed with a certificate that we
 * do not have costs one download of it, checked against the pinned roots.
 */
enum { ALIPAY_CERT_TEXT_SIZE = 32 * 1024 };

struct alipay_wallet {
    struct pay_alipay_config config;
    struct wallet_world world;
    struct alipay_keys *keys;
};

/* One question to the gateway. */
struct alipay_question {
    struct alipay_asked asked;
    const char *biz;
    const char *subject; /* for the log: the number it is about */
    bool with_notify_url;
};

/* What came back, as far as it can be trusted. */
struct alipay_reply {
    struct https_answer http;
    bool came;     /* an HTTP answer is there */
    bool verified; /* signed is Alipay's word */
    struct alipay_slice signed_bytes;
    char why[HTTPS_WHY_SIZE];
};

/* What one call or notify needs; too large for a stack. */
struct alipay_work {
    struct alipay_form form;
    struct alipay_wire wire;
    struct alipay_reply reply;
    char scratch[ALIPAY_FORM_SIZE_MAX + 1];
    char url[HTTPS_URL_SIZE];
    char cert[ALIPAY_CERT_TEXT_SIZE];
    uint8_t pem[ALIPAY_CERT_TEXT_SIZE];
};

/** NULL is allowed. */
void alipay_work_destroy(struct alipay_work *work);

/** Ask, and verify what comes back into work->reply. @p work must be zeroed. Blocks. */
void alipay_wallet_ask(struct alipay_wallet *wallet, const struct alipay_question *question,
                       struct alipay_work *work);

/** Alipay's key for certificate number @p sn, from Alipay itself; NULL: not to be had. Blocks. */
const struct rsa_key *alipay_wallet_download_key(struct alipay_wallet *wallet, const char *sn);

#endif
