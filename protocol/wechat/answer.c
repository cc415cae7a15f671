/* SPDX-License-Identifier: Apache-2.0 */
#include "protocol/wechat/answer.h"

#include <string.h>

#include "common/json/json.h"
#include "common/must.h"
#include "common/str.h"

enum { ANSWER_SIZE_MAX = 1 << 20 /* the client's limit */ };

/* ---- Refusals: a code, whatever the HTTP status beside it (spellings differ over the years) ----
 */

struct refusal {
    const char *code;
    enum pay_result result;
    bool alarm;
};

static const struct refusal NATIVE_REFUSALS[] = {
    {"PARAM_ERROR", PAY_REFUSED, true},
    {"SIGN_ERROR", PAY_REFUSED, true},
    {"NO_AUTH", PAY_REFUSED, true},
    {"ACCOUNT_ERROR", PAY_REFUSED, true},
    {"ACCOUNTERROR", PAY_REFUSED, true},
    {"RULE_LIMIT", PAY_REFUSED, true},
    {"RULELIMIT", PAY_REFUSED, true},
    {"MCH_NOT_EXISTS", PAY_REFUSED, true},
    {"APPID_MCHID_NOT_MATCH", PAY_REFUSED, true},
    /* "201": the number was used with other content, so something with that number exists. */
    {"INVALID_REQUEST", PAY_QUERY_FIRST, true},
    {"TRADE_ERROR", PAY_QUERY_FIRST, true},
    {"OUT_TRADE_NO_USED", PAY_QUERY_FIRST, false},
    {"ORDER_CLOSED", PAY_QUERY_FIRST, false},
    {"ORDERCLOSED", PAY_QUERY_FIRST, false},
    {"ORDER_PAID", PAY_QUERY_FIRST, false},
    {"ORDERPAID", PAY_QUERY_FIRST, false},
    {NULL, PAY_UNKNOWN, false},
};

static const struct refusal QUERY_REFUSALS[] = {
    {"ORDER_NOT_EXIST", PAY_NOT_EXIST, false},
    {"ORDERNOTEXIST", PAY_NOT_EXIST, false},
    {"RESOURCE_NOT_EXISTS", PAY_NOT_EXIST, false},
    {NULL, PAY_UNKNOWN, false},
};

static const struct refusal CLOSE_REFUSALS[] = {
    {"ORDER_NOT_EXIST", PAY_NOT_EXIST, false},
    {"ORDERNOTEXIST", PAY_NOT_EXIST, false},
    {"RESOURCE_NOT_EXISTS", PAY_NOT_EXIST, false},
    {"ORDER_PAID", PAY_CLOSE_REFUSED, false},
    {"ORDERPAID", PAY_CLOSE_REFUSED, false},
    {"ORDER_CLOSED", PAY_CLOSE_REFUSED, false},
    {"ORDERCLOSED", PAY_CLOSE_REFUSED, false},
    {"TRADE_ERROR", PAY_CLOSE_REFUSED, false},
    {"PARAM_ERROR", PAY_CLOSE_REFUSED, true},
    {"INVALID_REQUEST", PAY_CLOSE_REFUSED, true},
    {NULL, PAY_UNKNOWN, false},
};

/* A refund that is refused may be one that happened already: only the refund query can tell. */
static const struct refusal REFUND_REFUSALS[] = {
    {"NOT_ENOUGH", PAY_REFUND_LOW_BALANCE, true},
    {"NOTENOUGH", PAY_REFUND_LOW_BALANCE, true},
    {"PARAM_ERROR", PAY_REFUND_DOUBTFUL, true},
    {"INVALID_REQUEST", PAY_REFUND_DOUBTFUL, true},
    {"TRADE_ERROR", PAY_REFUND_DOUBTFUL, true},
    {"RULE_LIMIT", PAY_REFUND_DOUBTFUL, true},
    {"ACCOUNT_ERROR", PAY_REFUND_DOUBTFUL, true},
    {"USER_ACCOUNT_ABNORMAL", PAY_REFUND_DOUBTFUL, true},
    {"NO_AUTH", PAY_REFUND_DOUBTFUL, true},
    {"MCH_NOT_EXISTS", PAY_REFUND_DOUBTFUL, true},
    {"ORDER_NOT_EXIST", PAY_REFUND_DOUBTFUL, true},
    {"RESOURCE_NOT_EXISTS", PAY_REFUND_DOUBTFUL, true},
    {NULL, PAY_UNKNOWN, false},
};

static const struct refusal *refusals_of(enum wechat_call call)
{
    switch (call) {
    case WECHAT_CALL_NATIVE:
        return NATIVE_REFUSALS;
    case WECHAT_CALL_CLOSE:
        return CLOSE_REFUSALS;
    case WECHAT_CALL_REFUND:
        return REFUND_REFUSALS;
    case WECHAT_CALL_QUERY:
    case WECHAT_CALL_REFUND_QUERY:
    case WECHAT_CALL_BILL:
        return QUERY_REFUSALS;
    case WECHAT_CALL_COUNT:
        break;
    }
    MUST_NOT_REACH();
}

/*
 * What people read of a refusal, in one line. Of a signature that did not fit it is the text that
 * WeChat has made of our request, and its length: only the difference to ours says what is wrong.
 */
static void read_message(long http_status, const json_t *body, struct wechat_answer *answer)
{
    const char *message = json_string_value(json_object_get(body, "message"));
    const json_t *detail = json_object_get(body, "detail");
    const json_t *sign = json_object_get(detail, "sign_information");
    const char *text = json_string_value(json_object_get(sign, "truncated_sign_message"));
    const json_t *length = json_object_get(sign, "sign_message_length");
    if (http_status == 401 && text != NULL) {
        str_format_cut(answer->message, sizeof(answer->message), "they read %lld bytes: %s",
                       (long long)json_integer_value(length), text);
    } else if (message != NULL) {
        str_format_cut(answer->message, sizeof(answer->message), "%s", message);
    }
    for (char *c = answer->message; *c != '\0'; c++) {
        if (*c > 0 && *c < ' ') {
            *c = ' ';
        }
    }
}

static void read_refusal(enum wechat_call call, long http_status, const json_t *body,
                         struct wechat_answer *answer)
{
    const char *code = json_string_value(json_object_get(body, "code"));
    if (code == NULL || !str_copy(answer->code, sizeof(answer->code), code)) {
        return;
    }
    read_message(http_status, body, answer);
    /* Accepted for later, too many requests, or their own trouble: it may yet have happened. */
    if (http_status < 400 || http_status == 429 || http_status >= 500) {
        return;
    }
    if (call == WECHAT_CALL_BILL && str_equal(code, "NO_STATEMENT_EXIST")) {
        answer->no_bill = true;
        return;
    }
    for (const struct refusal *known = refusals_of(call); known->code != NULL; known++) {
        if (str_equal(code, known->code)) {
            answer->result = known->result;
            answer->alarm = known->alarm;
            return;
        }
    }
    static const char *const harmless[] = {"RATELIMIT_EXCEEDED", "FREQUENCY_LIMITED",
                                           "FREQUENCY_LIMIT_EXCEED", "SYSTEM_ERROR"};
    answer->alarm = true;
    for (size_t i = 0; i < ARRAY_COUNT(harmless); i++) {
        if (str_equal(code, harmless[i])) {
            answer->alarm = false;
        }
    }
}

/* ---- Answers with 200 ---- */

static bool copy_member(const json_t *object, const char *name, char *ret_text, size_t size)
{
    const json_t *value = json_object_get(object, name);
    return json_is_string(value) && json_string_length(value) > 0 &&
           str_copy_bytes(ret_text, size, json_string_value(value), json_string_length(value));
}

static bool fits(const char *stated, const char *asked)
{
    return asked == NULL || str_equal(stated, asked);
}

static enum pay_result state_result(const char *state)
{
    static const struct {
        const char *state;
        enum pay_result result;
    } known[] = {
        {"SUCCESS", PAY_PAID},   {"REFUND", PAY_PAID_REFUND_SEEN}, {"NOTPAY", PAY_UNPAID},
        {"CLOSED", PAY_CLOSED},  {"USERPAYING", PAY_UNPAID},       {"PAYERROR", PAY_UNPAID},
        {"REVOKED", PAY_CLOSED},
    };
    for (size_t i = 0; i < ARRAY_COUNT(known); i++) {
        if (str_equal(state, known[i].state)) {
            return known[i].result;
        }
    }
    return PAY_UNKNOWN;
}

static void read_query(const struct wechat_asked *asked, const json_t *body,
                       const struct wechat_trade *trade, struct wechat_answer *answer)
{
    if (!copy_member(body, "trade_state", answer->code, sizeof(answer->code)) ||
        !fits(trade->mchid, asked->mchid) || !fits(trade->appid, asked->appid) ||
        !fits(trade->order_no, asked->order_no) || !fits(trade->trade_no, asked->trade_no)) {
        answer->alarm = true; /* a genuine answer to another question */
        return;
    }
    answer->result = state_result(answer->code);
}

static void read_refund(const struct wechat_asked *asked, const json_t *body,
                        const struct wechat_trade *trade, struct wechat_answer *answer)
{
    if (!copy_member(body, "status", answer->code, sizeof(answer->code)) ||
        !fits(trade->refund_no, asked->refund_no) || !fits(trade->order_no, asked->order_no) ||
        !fits(trade->trade_no, asked->trade_no)) {
        answer->alarm = true;
        return;
    }
    answer->result = wechat_refund_result(answer->code);
}

static void read_bill(const json_t *body, struct wechat_answer *answer)
{
    char type[16];
    if (copy_member(body, "hash_type", type, sizeof(type)) && str_equal(type, "SHA1") &&
        copy_member(body, "hash_value", answer->hash_sha1, sizeof(answer->hash_sha1)) &&
        copy_member(body, "download_url", answer->download_url, sizeof(answer->download_url))) {
        answer->result = PAY_QR;
    }
}

static void read_success(const struct wechat_asked *asked, const json_t *body,
                         struct wechat_answer *answer)
{
    struct wechat_trade trade;
    wechat_trade_read(body, &trade);
    answer->amount_fen = trade.amount_fen;
    answer->refunded_fen = trade.refunded_fen;
    answer->currency_ok = trade.currency_ok;
    memcpy(answer->trade_no, trade.trade_no, sizeof(answer->trade_no));
    switch (asked->call) {
    case WECHAT_CALL_NATIVE:
        if (copy_member(body, "code_url", answer->qr_text, sizeof(answer->qr_text))) {
            answer->result = PAY_QR;
        }
        return;
    case WECHAT_CALL_QUERY:
        read_query(asked, body, &trade, answer);
        return;
    case WECHAT_CALL_CLOSE:
        answer->result = PAY_CLOSED;
        return;
    case WECHAT_CALL_REFUND:
    case WECHAT_CALL_REFUND_QUERY:
        read_refund(asked, body, &trade, answer);
        return;
    case WECHAT_CALL_BILL:
        read_bill(body, answer);
        return;
    case WECHAT_CALL_COUNT:
        break;
    }
    MUST_NOT_REACH();
}

void wechat_answer_read(const struct wechat_asked *asked, long http_status, const char *body,
                        size_t size, struct wechat_answer *ret_answer)
{
    *ret_answer = (struct wechat_answer){
        .result = PAY_UNKNOWN,
        .amount_fen = -1,
        .refunded_fen = -1,
        .currency_ok = true,
    };
    if (http_status == 204) {
        ret_answer->result = asked->call == WECHAT_CALL_CLOSE ? PAY_CLOSED : PAY_UNKNOWN;
        return;
    }
    json_t *json = json_parse_object(body, size, ANSWER_SIZE_MAX);
    if (json == NULL) {
        return;
    }
    if (http_status == 200) {
        read_success(asked, json, ret_answer);
    } else {
        read_refusal(asked->call, http_status, json, ret_answer);
    }
    json_decref(json);
}
