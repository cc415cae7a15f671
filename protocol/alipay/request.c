/* SPDX-License-Identifier: Apache-2.0 */
#include "protocol/alipay/request.h"

#include <string.h>

#include <jansson.h>

#include "common/json/json.h"
#include "common/money.h"
#include "common/must.h"

bool alipay_request_fill(struct alipay_form *form, const struct alipay_app *app,
                         const struct alipay_request *request)
{
    const struct {
        const char *name;
        const char *value;
    } params[] = {
        {"method", request->method},
        {"app_id", app->app_id},
        {"format", "JSON"},
        {"charset", "utf-8"},
        {"version", "1.0"},
        {"sign_type", "RSA2"},
        {"timestamp", request->timestamp},
        {"notify_url", request->notify_url},
        {"app_cert_sn", app->app_cert_sn},
        {"alipay_root_cert_sn", app->root_cert_sn},
        {"biz_content", request->biz_content},
    };
    alipay_form_init(form);
    for (size_t i = 0; i < ARRAY_COUNT(params); i++) {
        if (params[i].value != NULL &&
            alipay_form_put(form, params[i].name, params[i].value) != OK) {
            return false;
        }
    }
    return true;
}

bool alipay_request_sign(const struct alipay_form *form, const struct rsa_key *key, char *scratch,
                         size_t scratch_size, char ret_sign[RSA_SIGN_TEXT_SIZE])
{
    struct strbuf text;
    strbuf_init(&text, scratch, scratch_size);
    alipay_form_signed_text(form, ALIPAY_WITHOUT_EMPTY, &text);
    const struct rsa_part part = {text.text, text.len};
    return !text.failed && rsa_sign_base64(key, &part, 1, ret_sign);
}

bool alipay_request_encode(const struct alipay_form *form, const char *sign,
                           struct alipay_wire *ret_wire)
{
    struct strbuf query;
    struct strbuf body;
    strbuf_init(&query, ret_wire->query, sizeof(ret_wire->query));
    strbuf_init(&body, ret_wire->body, sizeof(ret_wire->body));
    for (size_t i = 0; i < form->count; i++) {
        const struct alipay_param *param = &form->params[i];
        alipay_form_encode(param, str_equal(param->name, "biz_content") ? &body : &query);
    }
    const struct alipay_param signature = {"sign", 4, sign, strlen(sign)};
    alipay_form_encode(&signature, &query);
    return !query.failed && !body.failed;
}

/* Print @p biz and give it up. */
static bool finish(json_t *biz, char *ret_biz, size_t size)
{
    bool ok = json_print(biz, ret_biz, size);
    json_decref(biz);
    return ok;
}

static bool put_yuan(json_t *biz, const char *name, int64_t fen)
{
    char text[MONEY_TEXT_SIZE];
    if (fen < 1 || fen > MONEY_WIRE_FEN_MAX) {
        return false;
    }
    json_put_text(biz, name, money_format_yuan(money_fen(fen), text));
    return true;
}

/* The documentation forbids "/", "=" and "&"; quotes, brackets and control characters have made
 * trouble in forms and logs. Characters beyond ASCII stay as they are. */
static bool clean_subject(const char *subject, char ret_subject[ALIPAY_SUBJECT_SIZE])
{
    if (!str_copy(ret_subject, ALIPAY_SUBJECT_SIZE, subject) || subject[0] == '\0' ||
        !str_is_utf8(subject, strlen(subject))) {
        return false;
    }
    for (char *c = ret_subject; *c != '\0'; c++) {
        bool control = *c > 0 && *c < ' ';
        if (control || strchr("/=&\"'\\<>%+#?", *c) != NULL) {
            *c = '-';
        }
    }
    return true;
}

bool alipay_biz_precreate(const struct alipay_precreate *order, char *ret_biz, size_t size)
{
    char subject[ALIPAY_SUBJECT_SIZE];
    char minutes[16];
    if (order->expire_minutes < 1 || order->expire_minutes > 120 ||
        !clean_subject(order->subject, subject)) {
        return false;
    }
    str_format_cut(minutes, sizeof(minutes), "%dm", (int)order->expire_minutes);
    json_t *biz = json_object();
    json_put_text(biz, "out_trade_no", order->order_no);
    if (!put_yuan(biz, "total_amount", order->amount_fen)) {
        json_decref(biz);
        return false;
    }
    json_put_text(biz, "subject", subject);
    if (order->terminal_id != NULL) {
        json_put_text(biz, "terminal_id", order->terminal_id);
    }
    /* Whether both may be sent together is not documented; they do not contradict each other: the
     * one ends the code, the other the trade that a scan makes of it. */
    json_put_text(biz, "qr_code_timeout_express", minutes);
    json_put_text(biz, "timeout_express", minutes);
    return finish(biz, ret_biz, size);
}

bool alipay_biz_order(const char *order_no, char *ret_biz, size_t size)
{
    json_t *biz = json_object();
    json_put_text(biz, "out_trade_no", order_no);
    return finish(biz, ret_biz, size);
}

bool alipay_biz_trade(const char *trade_no, char *ret_biz, size_t size)
{
    json_t *biz = json_object();
    json_put_text(biz, "trade_no", trade_no);
    return finish(biz, ret_biz, size);
}

static json_t *refund_numbers(const struct alipay_refund *refund)
{
    json_t *biz = json_object();
    if (refund->order_no != NULL) {
        json_put_text(biz, "out_trade_no", refund->order_no);
    } else {
        MUST(refund->trade_no != NULL);
        json_put_text(biz, "trade_no", refund->trade_no);
    }
    json_put_text(biz, "out_request_no", refund->refund_no);
    return biz;
}

bool alipay_biz_refund(const struct alipay_refund *refund, char *ret_biz, size_t size)
{
    json_t *biz = refund_numbers(refund);
    if (!put_yuan(biz, "refund_amount", refund->refund_fen)) {
        json_decref(biz);
        return false;
    }
    if (refund->reason != NULL) {
        json_put_text(biz, "refund_reason", refund->reason);
    }
    return finish(biz, ret_biz, size);
}

bool alipay_biz_refund_query(const struct alipay_refund *refund, char *ret_biz, size_t size)
{
    json_t *biz = refund_numbers(refund);
    return finish(biz, ret_biz, size);
}

bool alipay_biz_bill(const char *day, char *ret_biz, size_t size)
{
    json_t *biz = json_object();
    json_put_text(biz, "bill_type", "trade");
    json_put_text(biz, "bill_date", day);
    return finish(biz, ret_biz, size);
}

bool alipay_biz_cert(const char *cert_sn, char *ret_biz, size_t size)
{
    json_t *biz = json_object();
    json_put_text(biz, "alipay_cert_sn", cert_sn);
    return finish(biz, ret_biz, size);
}
