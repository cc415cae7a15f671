/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SHILLING_TESTS_UNIT_CLOUD_ORDERS_MONEY_STEPS_H
#define SHILLING_TESTS_UNIT_CLOUD_ORDERS_MONEY_STEPS_H

/* What a provider tells us of an order. */

#include "common/str.h"
#include "tests/unit/cloud_orders/rig.h"
#include "tests/unit/test.h"

static const char FLAGS[] = "SELECT flags FROM pay_order WHERE order_no = ?1";

static inline struct pay_notify notify_of(const char *order_no, enum pay_result result, int64_t fen)
{
    struct pay_notify notify = {.verdict = PAY_NOTIFY_GENUINE,
                                .result = result,
                                .amount_fen = fen,
                                .refunded_fen = -1,
                                .currency_ok = true,
                                .http_status = 200,
                                .reply = "success",
                                .reply_type = "text/plain"};
    str_format_cut(notify.order_no, sizeof(notify.order_no), "%s", order_no);
    str_format_cut(notify.trade_no, sizeof(notify.trade_no), "T%s", order_no);
    str_format_cut(notify.log_text, sizeof(notify.log_text), "a notify");
    return notify;
}

/* The notice arrives at @path, which is one wallet's. */
static inline unsigned tell_at(const char *path, const struct pay_notify *notify, char *ret_text,
                               size_t size)
{
    double_pay_notify(notify);
    struct double_answer answer = double_http_call(HTTP_POST, path, "{}");
    const unsigned status = answer.status;
    str_format_cut(ret_text, size, "%s", answer.text != NULL ? answer.text : "");
    double_answer_finish(&answer);
    return status;
}

static inline unsigned tell(const struct pay_notify *notify, char *ret_text, size_t size)
{
    return tell_at("/pay/alipay/notify", notify, ret_text, size);
}

static inline unsigned tell_paid(const char *order_no, int64_t fen)
{
    char text[64];
    const struct pay_notify notify = notify_of(order_no, PAY_PAID, fen);
    return tell(&notify, text, sizeof(text));
}

#endif
