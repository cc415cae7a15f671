/* SPDX-License-Identifier: Apache-2.0 */
#include "protocol/alipay/answer.h"

#include <string.h>

#include "common/money.h"
#include "common/must.h"
#include "common/str.h"

const char *alipay_call_method(enum alipay_call call)
{
    static const char *const methods[ALIPAY_CALL_COUNT] = {
        [ALIPAY_CALL_PRECREATE] = "alipay.trade.precreate",
        [ALIPAY_CALL_QUERY] = "alipay.trade.query",
        [ALIPAY_CALL_CLOSE] = "alipay.trade.close",
        [ALIPAY_CALL_REFUND] = "alipay.trade.refund",
        [ALIPAY_CALL_REFUND_QUERY] = "alipay.trade.fastpay.refund.query",
        [ALIPAY_CALL_BILL] = "alipay.data.dataservice.bill.downloadurl.query",
        [ALIPAY_CALL_CERT] = "alipay.open.app.alipaycert.download",
    };
    MUST(methods[call] != NULL);
    return methods[call];
}

/* ---- Refusals: code 40004 and a sub_code ---- */

struct refusal {
    const char *sub_code; /* without "ACQ." */
    enum pay_result result;
    bool alarm;
};

static const struct refusal PRECREATE_REFUSALS[] = {
    {"TRADE_HAS_SUCCESS", PAY_QUERY_FIRST, false}, {"TRADE_HAS_CLOSE", PAY_QUERY_FIRST, false},
    {"CONTEXT_INCONSISTENT", PAY_REFUSED, true},   {"TOTAL_FEE_EXCEED", PAY_REFUSED, true},
    {"INVALID_PARAMETER", PAY_REFUSED, true},      {"EXIST_FORBIDDEN_WORD", PAY_REFUSED, true},
    {"ACCESS_FORBIDDEN", PAY_REFUSED, true},       {NULL, PAY_UNKNOWN, false},
};

static const struct refusal QUERY_REFUSALS[] = {
    {"TRADE_NOT_EXIST", PAY_NOT_EXIST, false},
    {NULL, PAY_UNKNOWN, false},
};

/* No trades on that day, or no bill yet: it does not say which. */
static const struct refusal BILL_REFUSALS[] = {
    {"BILL_NOT_EXIST", PAY_NOT_EXIST, false},
    {"isp.bill_not_exist", PAY_NOT_EXIST, false},
    {NULL, PAY_UNKNOWN, false},
};

static const struct refusal CLOSE_REFUSALS[] = {
    {"TRADE_NOT_EXIST", PAY_NOT_EXIST, false},
    {"TRADE_STATUS_ERROR", PAY_CLOSE_REFUSED, false},
    {"REASON_ILLEGAL_STATUS", PAY_CLOSE_REFUSED, false},
    {"REASON_TRADE_STATUS_INVALID", PAY_CLOSE_REFUSED, false},
    {NULL, PAY_UNKNOWN, false},
};

/* A refund that is refused may be one that happened already: only the refund query can tell. */
static const struct refusal REFUND_REFUSALS[] = {
    {"TRADE_NOT_EXIST", PAY_REFUND_DOUBTFUL, true},
    {"TRADE_STATUS_ERROR", PAY_REFUND_DOUBTFUL, false},
    {"REASON_TRADE_STATUS_INVALID", PAY_REFUND_DOUBTFUL, false},
    {"TRADE_HAS_FINISHED", PAY_REFUND_DOUBTFUL, false},
    {"TRADE_NOT_ALLOW_REFUND", PAY_REFUND_DOUBTFUL, false},
    {"REFUND_AMT_NOT_EQUAL_TOTAL", PAY_REFUND_DOUBTFUL, true},
    {"REASON_TRADE_REFUND_FEE_ERR", PAY_REFUND_DOUBTFUL, true},
    {"SELLER_BALANCE_NOT_ENOUGH", PAY_REFUND_LOW_BALANCE, true},
    {"REASON_TRADE_BEEN_FREEZEN", PAY_REFUND_NOT_ALLOWED, true},
    {"DISCORDANT_REPEAT_REQUEST", PAY_REFUND_NOT_ALLOWED, true},
    {NULL, PAY_UNKNOWN, false},
};

static const struct refusal *refusals_of(enum alipay_call call)
{
    switch (call) {
    case ALIPAY_CALL_PRECREATE:
        return PRECREATE_REFUSALS;
    case ALIPAY_CALL_CLOSE:
        return CLOSE_REFUSALS;
    case ALIPAY_CALL_REFUND:
        return REFUND_REFUSALS;
    case ALIPAY_CALL_BILL:
        return BILL_REFUSALS;
    case ALIPAY_CALL_QUERY:
    case ALIPAY_CALL_REFUND_QUERY:
    case ALIPAY_CALL_CERT:
        return QUERY_REFUSALS;
    case ALIPAY_CALL_COUNT:
        break;
    }
    MUST_NOT_REACH();
}

static void read_business_refusal(enum alipay_call call, struct alipay_answer *answer)
{
    const char *word = answer->sub_code;
    /* "AQC." is how the gateway itself spells some of them. */
    if (str_starts_with(word, "ACQ.") || str_starts_with(word, "AQC.")) {
        word += 4;
    }
    if (str_equal(word, "SYSTEM_ERROR")) {
        return;
    }
    for (const struct refusal *known = refusals_of(call); known->sub_code != NULL; known++) {
        if (str_equal(word, known->sub_code)) {
            answer->result = known->result;
            answer->alarm = known->alarm;
            return;
        }
    }
    answer->alarm = true; /* a word that nobody has taught us */
}

static void read_refusal(enum alipay_call call, struct alipay_answer *answer)
{
    if (str_equal(answer->code, "20000") || strstr(answer->sub_code, "call-limited") != NULL) {
        return;
    }
    if (str_equal(answer->code, "40004")) {
        read_business_refusal(call, answer);
        return;
    }
    /* 20001, 40001, 40002, 40006, ...: our configuration or contract. It was not executed, which
     * matters for the code only: everything else can wait until a person has put it right. */
    answer->alarm = true;
    static const char *const not_executed[] = {"20001", "40001", "40002", "40003", "40006"};
    for (size_t i = 0; i < ARRAY_COUNT(not_executed); i++) {
        if (call == ALIPAY_CALL_PRECREATE && str_equal(answer->code, not_executed[i])) {
            answer->result = PAY_REFUSED;
        }
    }
}

/* ---- Answers with code 10000 ---- */

static bool text_of(struct alipay_slice body, const char *name, char *ret_text, size_t size)
{
    struct alipay_slice value;
    ret_text[0] = '\0';
    return alipay_scan_find(body, name, &value) && alipay_scan_text(value, ret_text, size);
}

/* True if the member is there with this text; one that was not asked for (NULL) always fits. */
static bool is_about(struct alipay_slice body, const char *name, const char *asked)
{
    char text[ALIPAY_ANSWER_NUMBER_SIZE];
    return asked == NULL || (text_of(body, name, text, sizeof(text)) && str_equal(text, asked));
}

/* A sum of money: a text, or a number that is read as the text it is. */
static int64_t fen_of(struct alipay_slice body, const char *name)
{
    struct alipay_slice value;
    char text[MONEY_TEXT_SIZE];
    struct money money;
    if (!alipay_scan_find(body, name, &value)) {
        return -1;
    }
    if (value.at[0] == '"') {
        if (!alipay_scan_text(value, text, sizeof(text))) {
            return -1;
        }
        value = (struct alipay_slice){text, strlen(text)};
    }
    return money_parse_yuan(value.at, value.size, /* allow_negative= */ false, &money) ? money.fen
                                                                                       : -1;
}

/* True for a text that is not empty, however long. */
static bool has_text(struct alipay_slice body, const char *name)
{
    struct alipay_slice value;
    return alipay_scan_find(body, name, &value) && value.at[0] == '"' && value.size > 2;
}

static enum pay_result query_result(struct alipay_slice body, struct alipay_answer *answer)
{
    if (!text_of(body, "trade_status", answer->sub_code, sizeof(answer->sub_code))) {
        return PAY_UNKNOWN;
    }
    answer->scanned = true;
    answer->amount_fen = fen_of(body, "total_amount");
    if (str_equal(answer->sub_code, "WAIT_BUYER_PAY")) {
        return PAY_UNPAID;
    }
    if (str_equal(answer->sub_code, "TRADE_SUCCESS") ||
        str_equal(answer->sub_code, "TRADE_FINISHED")) {
        return PAY_PAID;
    }
    if (str_equal(answer->sub_code, "TRADE_CLOSED")) {
        bool was_paid = has_text(body, "send_pay_date") || has_text(body, "gmt_payment") ||
                        has_text(body, "gmt_refund_pay") || fen_of(body, "refund_fee") > 0;
        return was_paid ? PAY_REFUNDED : PAY_CLOSED;
    }
    return PAY_UNKNOWN;
}

static enum pay_result refund_result(struct alipay_slice body, struct alipay_answer *answer)
{
    char changed[4];
    bool moved = text_of(body, "fund_change", changed, sizeof(changed)) && str_equal(changed, "Y");
    answer->refunded_fen = fen_of(body, "refund_fee");
    /* 10000 without a change of funds: accepted, or done before. The refund query knows. */
    return moved ? PAY_REFUNDED : PAY_UNKNOWN;
}

static enum pay_result refund_query_result(struct alipay_slice body, struct alipay_answer *answer)
{
    answer->amount_fen = fen_of(body, "total_amount");
    answer->refunded_fen = fen_of(body, "refund_amount");
    char status[ALIPAY_ANSWER_CODE_SIZE];
    if (text_of(body, "refund_status", status, sizeof(status)) && status[0] != '\0') {
        memcpy(answer->sub_code, status, sizeof(answer->sub_code));
        return str_equal(status, "REFUND_SUCCESS") ? PAY_REFUNDED : PAY_UNKNOWN;
    }
    return answer->refunded_fen >= 0 ? PAY_REFUNDED : PAY_NOT_EXIST;
}

static enum pay_result success_result(const struct alipay_asked *asked, struct alipay_slice body,
                                      struct alipay_answer *answer)
{
    switch (asked->call) {
    case ALIPAY_CALL_PRECREATE:
        return text_of(body, "qr_code", answer->qr_code, sizeof(answer->qr_code)) &&
                       answer->qr_code[0] != '\0'
                   ? PAY_QR
                   : PAY_UNKNOWN;
    case ALIPAY_CALL_QUERY:
        return query_result(body, answer);
    case ALIPAY_CALL_CLOSE:
        return PAY_CLOSED;
    case ALIPAY_CALL_REFUND:
        return refund_result(body, answer);
    case ALIPAY_CALL_REFUND_QUERY:
        return refund_query_result(body, answer);
    case ALIPAY_CALL_BILL:
        return has_text(body, "bill_download_url") ? PAY_QR : PAY_UNKNOWN;
    case ALIPAY_CALL_CERT:
        return has_text(body, "alipay_cert_content") ? PAY_QR : PAY_UNKNOWN;
    case ALIPAY_CALL_COUNT:
        break;
    }
    MUST_NOT_REACH();
}

/* A refund query for an unknown number answers without numbers: nothing there to compare. */
static bool is_for_us(const struct alipay_asked *asked, struct alipay_slice body,
                      enum pay_result result)
{
    if (asked->call == ALIPAY_CALL_REFUND_QUERY && result == PAY_NOT_EXIST) {
        return true;
    }
    return is_about(body, "out_trade_no", asked->order_no) &&
           is_about(body, "trade_no", asked->trade_no) &&
           (asked->call != ALIPAY_CALL_REFUND_QUERY ||
            is_about(body, "out_request_no", asked->refund_no));
}

void alipay_answer_read(const struct alipay_asked *asked, struct alipay_slice signed_bytes,
                        struct alipay_answer *ret_answer)
{
    *ret_answer = (struct alipay_answer){
        .result = PAY_UNKNOWN,
        .amount_fen = -1,
        .refunded_fen = -1,
    };
    (void)text_of(signed_bytes, "code", ret_answer->code, sizeof(ret_answer->code));
    (void)text_of(signed_bytes, "sub_code", ret_answer->sub_code, sizeof(ret_answer->sub_code));
    (void)text_of(signed_bytes, "trade_no", ret_answer->trade_no, sizeof(ret_answer->trade_no));
    if (!str_equal(ret_answer->code, "10000")) {
        read_refusal(asked->call, ret_answer);
        return;
    }
    enum pay_result result = success_result(asked, signed_bytes, ret_answer);
    if (is_for_us(asked, signed_bytes, result)) {
        ret_answer->result = result;
    } else {
        ret_answer->alarm = true; /* a genuine answer to another question */
    }
}
