/* SPDX-License-Identifier: Apache-2.0 */
#include "protocol/alipay/notify.h"

#include "common/money.h"
#include "common/must.h"

const char *alipay_rule_name(enum alipay_rule rule)
{
    static const char *const names[ALIPAY_RULE_COUNT] = {
        [ALIPAY_RULE_DROP_EMPTY] = "drop_empty",
        [ALIPAY_RULE_KEEP_EMPTY] = "keep_empty",
        [ALIPAY_RULE_DROP_CERT_SN] = "drop_cert_sn",
    };
    MUST(names[rule] != NULL);
    return names[rule];
}

static bool is_signed_by(const struct alipay_form *form, const struct rsa_key *key,
                         unsigned without, struct strbuf *text)
{
    const struct alipay_param *sign = alipay_form_get(form, "sign");
    MUST(sign != NULL);
    alipay_form_signed_text(form, without | ALIPAY_WITHOUT_SIGN_TYPE, text);
    const struct rsa_part part = {text->text, text->len};
    const struct rsa_signed message = {
        .parts = &part, .part_count = 1, .sign = sign->value, .sign_size = sign->value_size};
    return !text->failed && rsa_verify_base64(key, &message);
}

enum alipay_verdict alipay_notify_check(const struct alipay_form *form, const struct rsa_key *key,
                                        char *scratch, size_t scratch_size,
                                        enum alipay_rule *ret_rule)
{
    static const unsigned without[ALIPAY_RULE_COUNT] = {
        [ALIPAY_RULE_DROP_EMPTY] = ALIPAY_WITHOUT_EMPTY,
        [ALIPAY_RULE_KEEP_EMPTY] = 0,
        [ALIPAY_RULE_DROP_CERT_SN] = ALIPAY_WITHOUT_EMPTY | ALIPAY_WITHOUT_CERT_SN,
    };
    const struct alipay_param *sign = alipay_form_get(form, "sign");
    if (sign == NULL || sign->value_size == 0) {
        return ALIPAY_NO_SIGN;
    }
    const struct alipay_param *sign_type = alipay_form_get(form, "sign_type");
    if (sign_type == NULL || sign_type->value_size != 4 || !str_equal(sign_type->value, "RSA2")) {
        return ALIPAY_SIGN_TYPE;
    }
    for (size_t rule = 0; rule < ALIPAY_RULE_COUNT; rule++) {
        struct strbuf text;
        strbuf_init(&text, scratch, scratch_size);
        if (is_signed_by(form, key, without[rule], &text)) {
            *ret_rule = (enum alipay_rule)rule;
            return ALIPAY_VERIFIED;
        }
    }
    return ALIPAY_BAD_SIGNATURE;
}

static int64_t fen_of(const struct alipay_form *form, const char *name)
{
    const struct alipay_param *param = alipay_form_get(form, name);
    struct money money;
    if (param == NULL || !money_parse_yuan(param->value, param->value_size,
                                           /* allow_negative= */ false, &money)) {
        return -1;
    }
    return money.fen;
}

static bool has(const struct alipay_form *form, const char *name)
{
    const struct alipay_param *param = alipay_form_get(form, name);
    return param != NULL && param->value_size > 0;
}

static enum pay_result result_of(const struct alipay_form *form)
{
    char status[32];
    if (!alipay_form_text(form, "trade_status", status, sizeof(status))) {
        return PAY_UNKNOWN;
    }
    /* A refund of nothing is none: the field is there with 0.00 in some notifies. */
    bool refund =
        has(form, "gmt_refund") || (has(form, "refund_fee") && fen_of(form, "refund_fee") != 0);
    if (str_equal(status, "WAIT_BUYER_PAY")) {
        return PAY_UNPAID;
    }
    /* FINISHED is as paid as SUCCESS; only a refund is impossible from then on. */
    if (str_equal(status, "TRADE_SUCCESS") || str_equal(status, "TRADE_FINISHED")) {
        return refund ? PAY_PARTLY_REFUNDED : PAY_PAID;
    }
    if (str_equal(status, "TRADE_CLOSED")) {
        return refund || has(form, "gmt_payment") ? PAY_REFUNDED : PAY_CLOSED;
    }
    return PAY_UNKNOWN;
}

void alipay_notify_read(const struct alipay_form *form, struct alipay_notify *ret_notify)
{
    *ret_notify = (struct alipay_notify){
        .result = result_of(form),
        .amount_fen = fen_of(form, "total_amount"),
        .refunded_fen = fen_of(form, "refund_fee"),
    };
    struct {
        const char *name;
        char *text;
    } const fields[] = {
        {"app_id", ret_notify->app_id},         {"seller_id", ret_notify->seller_id},
        {"out_trade_no", ret_notify->order_no}, {"trade_no", ret_notify->trade_no},
        {"out_biz_no", ret_notify->refund_no},
    };
    for (size_t i = 0; i < ARRAY_COUNT(fields); i++) {
        if (!alipay_form_text(form, fields[i].name, fields[i].text, ALIPAY_NUMBER_SIZE)) {
            ret_notify->result = PAY_UNKNOWN;
        }
    }
}
