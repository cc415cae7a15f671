/* SPDX-License-Identifier: Apache-2.0 */
#include "protocol/wechat/notify.h"

#include <string.h>

#include "common/json/json.h"
#include "common/must.h"
#include "common/str.h"

const char *wechat_opened_name(enum wechat_opened opened)
{
    static const char *const names[WECHAT_OPENED_COUNT] = {
        [WECHAT_OPENED] = "opened",
        [WECHAT_OPEN_MALFORMED] = "malformed",
        [WECHAT_OPEN_AEAD] = "aead",
    };
    MUST(names[opened] != NULL);
    return names[opened];
}

/* Absent or no text reads as "". */
static void read_text(const json_t *object, const char *name, char ret_text[WECHAT_NUMBER_SIZE])
{
    const json_t *value = json_object_get(object, name);
    ret_text[0] = '\0';
    if (json_is_string(value) &&
        !str_copy_bytes(ret_text, WECHAT_NUMBER_SIZE, json_string_value(value),
                        json_string_length(value))) {
        ret_text[0] = '\0';
    }
}

/* An amount is a JSON integer of fen; a text or a fraction is none. */
static int64_t read_fen(const json_t *amount, const char *name)
{
    const json_t *value = json_object_get(amount, name);
    return json_is_integer(value) && json_integer_value(value) >= 0 ? json_integer_value(value)
                                                                    : -1;
}

void wechat_trade_read(const json_t *object, struct wechat_trade *ret_trade)
{
    *ret_trade = (struct wechat_trade){.result = PAY_UNKNOWN};
    read_text(object, "mchid", ret_trade->mchid);
    read_text(object, "appid", ret_trade->appid);
    read_text(object, "out_trade_no", ret_trade->order_no);
    read_text(object, "transaction_id", ret_trade->trade_no);
    read_text(object, "out_refund_no", ret_trade->refund_no);
    const json_t *amount = json_object_get(object, "amount");
    char currency[WECHAT_NUMBER_SIZE];
    read_text(amount, "currency", currency);
    ret_trade->amount_fen = read_fen(amount, "total");
    ret_trade->refunded_fen = read_fen(amount, "refund");
    bool absent = json_object_get(amount, "currency") == NULL;
    ret_trade->currency_ok = absent ? ret_trade->refunded_fen >= 0 : str_equal(currency, "CNY");
}

enum pay_result wechat_refund_result(const char *status)
{
    static const struct {
        const char *status;
        enum pay_result result;
    } known[] = {
        {"SUCCESS", PAY_REFUNDED},
        {"PROCESSING", PAY_REFUND_PROCESSING},
        {"ABNORMAL", PAY_REFUND_ABNORMAL},
        {"CLOSED", PAY_REFUND_CLOSED},
    };
    for (size_t i = 0; i < ARRAY_COUNT(known); i++) {
        if (str_equal(status, known[i].status)) {
            return known[i].result;
        }
    }
    return PAY_UNKNOWN;
}

/* The event's name and the opened text must say the same. */
static enum pay_result result_of(const char *event_type, const json_t *plain)
{
    char status[WECHAT_NUMBER_SIZE];
    if (str_equal(event_type, "TRANSACTION.SUCCESS")) {
        read_text(plain, "trade_state", status);
        return str_equal(status, "SUCCESS") ? PAY_PAID : PAY_UNKNOWN;
    }
    if (str_starts_with(event_type, "REFUND.")) {
        read_text(plain, "refund_status", status);
        return str_equal(event_type + strlen("REFUND."), status) ? wechat_refund_result(status)
                                                                 : PAY_UNKNOWN;
    }
    return PAY_UNKNOWN;
}

static enum wechat_opened open_envelope(const json_t *envelope, const struct wechat_apiv3 *apiv3,
                                        struct wechat_box_work *work,
                                        struct wechat_trade *ret_trade)
{
    const char *event_type = json_string_value(json_object_get(envelope, "event_type"));
    const json_t *resource = json_object_get(envelope, "resource");
    const char *text = NULL;
    size_t text_size = 0;
    if (event_type == NULL || !json_is_object(resource)) {
        return WECHAT_OPEN_MALFORMED;
    }
    if (!wechat_box_open(resource, apiv3, work, &text, &text_size)) {
        return WECHAT_OPEN_AEAD;
    }
    json_t *plain = json_parse_object(text, text_size, WECHAT_SEALED_SIZE_MAX);
    if (plain == NULL) {
        return WECHAT_OPEN_MALFORMED;
    }
    wechat_trade_read(plain, ret_trade);
    ret_trade->result = result_of(event_type, plain);
    json_decref(plain);
    return WECHAT_OPENED;
}

enum wechat_opened wechat_notify_open(const char *body, size_t size,
                                      const struct wechat_apiv3 *apiv3,
                                      struct wechat_box_work *work, struct wechat_trade *ret_trade)
{
    json_t *envelope = json_parse_object(body, size, JSON_SIZE_MAX);
    if (envelope == NULL) {
        return WECHAT_OPEN_MALFORMED;
    }
    enum wechat_opened opened = open_envelope(envelope, apiv3, work, ret_trade);
    json_decref(envelope);
    return opened;
}
