/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SHILLING_PROTOCOL_ALIPAY_ANSWER_H
#define SHILLING_PROTOCOL_ALIPAY_ANSWER_H

#include <stdbool.h>
#include <stdint.h>

#include "common/compiler.h"
#include "protocol/alipay/scan.h"
#include "protocol/payments/result.h"

/*
 * What a signed answer means. Whatever is not understood is PAY_UNKNOWN: it moves no money and
 * releases nobody.
 */
enum alipay_call {
    ALIPAY_CALL_PRECREATE,
    ALIPAY_CALL_QUERY,
    ALIPAY_CALL_CLOSE,
    ALIPAY_CALL_REFUND,
    ALIPAY_CALL_REFUND_QUERY,
    ALIPAY_CALL_BILL,
    ALIPAY_CALL_CERT,
    ALIPAY_CALL_COUNT
};

/** "alipay.trade.precreate", ... */
const char *alipay_call_method(enum alipay_call call);

enum {
    ALIPAY_ANSWER_NUMBER_SIZE = 65,
    ALIPAY_ANSWER_QR_SIZE = 1025,
    ALIPAY_ANSWER_CODE_SIZE = 64,
};

/* What the answer must be about. NULL: not compared. */
struct alipay_asked {
    enum alipay_call call;
    const char *order_no;
    const char *trade_no;
    const char *refund_no;
};

struct alipay_answer {
    enum pay_result result;
    bool alarm;           /* a person must look at our configuration, contract or balance */
    bool scanned;         /* somebody has scanned the code: the trade exists */
    int64_t amount_fen;   /* total_amount; -1: not stated */
    int64_t refunded_fen; /* -1: not stated */
    char trade_no[ALIPAY_ANSWER_NUMBER_SIZE];
    char qr_code[ALIPAY_ANSWER_QR_SIZE];
    char code[ALIPAY_ANSWER_CODE_SIZE];     /* "10000" */
    char sub_code[ALIPAY_ANSWER_CODE_SIZE]; /* "ACQ.TRADE_NOT_EXIST", or the trade's status */
};

/**
 * Read the signed bytes of a verified answer. Of BILL and CERT only the code is read: PAY_QR means
 * that the asked member is there (alipay_scan_find()), PAY_NOT_EXIST that there is no bill.
 */
void alipay_answer_read(const struct alipay_asked *asked, struct alipay_slice signed_bytes,
                        struct alipay_answer *ret_answer);

#endif
