/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SHILLING_PROTOCOL_WECHAT_ANSWER_H
#define SHILLING_PROTOCOL_WECHAT_ANSWER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/compiler.h"
#include "protocol/payments/result.h"
#include "protocol/wechat/notify.h"

/*
 * What an answer means that wechat_verify() has passed. Whatever is not understood is PAY_UNKNOWN:
 * it moves no money and releases nobody.
 */
enum wechat_call {
    WECHAT_CALL_NATIVE,
    WECHAT_CALL_QUERY,
    WECHAT_CALL_CLOSE,
    WECHAT_CALL_REFUND,
    WECHAT_CALL_REFUND_QUERY,
    WECHAT_CALL_BILL,
    WECHAT_CALL_COUNT
};

/* What the answer must be about. NULL: not compared. */
struct wechat_asked {
    enum wechat_call call;
    const char *mchid;
    const char *appid;
    const char *order_no;
    const char *trade_no;
    const char *refund_no;
};

enum {
    WECHAT_CODE_SIZE = 64,
    WECHAT_MESSAGE_SIZE = 160,
    WECHAT_QR_SIZE = 512, /* code_url: 512 */
    WECHAT_URL_SIZE = 2048,
    WECHAT_HASH_SIZE = 65,
};

struct wechat_answer {
    enum pay_result result;
    bool alarm; /* a person must look at our configuration, contract or balance */
    bool currency_ok;
    bool no_bill; /* BILL: there were no trades on that day */
    int64_t amount_fen;
    int64_t refunded_fen;
    char trade_no[WECHAT_NUMBER_SIZE];
    char qr_text[WECHAT_QR_SIZE];
    char code[WECHAT_CODE_SIZE];        /* "ORDER_NOT_EXIST", or the trade's state */
    char message[WECHAT_MESSAGE_SIZE];  /* of a refusal, for people; cut */
    char download_url[WECHAT_URL_SIZE]; /* BILL */
    char hash_sha1[WECHAT_HASH_SIZE];   /* BILL: hex, of the unpacked file */
};

/** Read a verified answer. @p body may be empty (204). BILL: PAY_QR means that url and hash are
 * set. */
void wechat_answer_read(const struct wechat_asked *asked, long http_status, const char *body,
                        size_t size, struct wechat_answer *ret_answer);

#endif
