/* SPDX-License-Identifier: Apache-2.0 */
#include "common/json/json.h"
#include "common/money.h"
#include "common/str.h"
#include "protocol/alipay/answer.h"
#include "protocol/alipay/notify.h"
#include "protocol/alipay/request.h"
#include "protocol/alipay/response.h"
#include "tests/unit/common_crypto/vector_keys.h"
#include "tests/unit/test.h"

enum { SCRATCH_SIZE = ALIPAY_FORM_SIZE_MAX + 1 };

static struct alipay_form form;
static char scratch[SCRATCH_SIZE];

static enum err parse(const char *text)
{
    alipay_form_init(&form);
    return alipay_form_parse(&form, text, strlen(text));
}

static const char *signed_text(unsigned without)
{
    struct strbuf text;
    strbuf_init(&text, scratch, sizeof(scratch));
    alipay_form_signed_text(&form, without, &text);
    return text.failed ? "failed" : scratch;
}

TEST(form_is_decoded_once_and_sorted)
{
    CHECK_EQ_I64(parse("b=1+2%2B3&a%20=%2526&ab=&sign=x&sign_type=RSA2"), OK);
    CHECK_EQ_STR(signed_text(0), "a =%26&ab=&b=1 2+3&sign_type=RSA2");
    CHECK_EQ_STR(signed_text(ALIPAY_WITHOUT_EMPTY | ALIPAY_WITHOUT_SIGN_TYPE), "a =%26&b=1 2+3");
    CHECK_EQ_I64(parse("B=1&a=2&A=3&aa=4"), OK);
    CHECK_EQ_STR(signed_text(0), "A=3&B=1&a=2&aa=4"); /* by bytes, not by letters */
    CHECK_EQ_I64(parse(""), OK);
    CHECK_EQ_STR(signed_text(0), "");
}

TEST(form_refuses_what_two_readers_could_read_differently)
{
    CHECK_EQ_I64(parse("a=1&a=2"), ERR_EXISTS);
    CHECK_EQ_I64(parse("a=1&%61=2"), ERR_EXISTS);
    CHECK_EQ_I64(parse("a=%"), ERR_FORMAT);
    CHECK_EQ_I64(parse("a=%4"), ERR_FORMAT);
    CHECK_EQ_I64(parse("a=%4G"), ERR_FORMAT);
    CHECK_EQ_I64(parse("a"), ERR_FORMAT);
    CHECK_EQ_I64(parse("=1"), ERR_FORMAT);
    CHECK_EQ_I64(parse("a=1&&b=2"), ERR_FORMAT);
    CHECK_EQ_I64(parse("sign%00=1"), ERR_FORMAT); /* would compare as "sign" */
    CHECK_EQ_I64(parse("a=%00b"), OK);
    char text[8];
    CHECK(!alipay_form_text(&form, "a", text, sizeof(text)));
    CHECK_EQ_STR(text, "");
    CHECK(alipay_form_text(&form, "none", text, sizeof(text)));
}

TEST(form_is_bounded)
{
    static char many[ALIPAY_FORM_SIZE_MAX * 2];
    size_t used = 0;
    for (int i = 0; i <= ALIPAY_PARAMS_MAX; i++) {
        used += (size_t)snprintf(many + used, sizeof(many) - used, "%sp%d=", i > 0 ? "&" : "", i);
    }
    CHECK_EQ_I64(parse(many), ERR_FULL);
    memset(many, 'a', sizeof(many) - 1);
    many[1] = '=';
    CHECK_EQ_I64(parse(many), ERR_FULL);
}

/* ---- Synchronous answers ---- */

/* {"alipay_trade_query_response":SIGNED,"sign":"..."} signed with the platform's key. */
static const char *answer_of(const char *signed_bytes, const char *between)
{
    static char body[8192];
    char sign[RSA_SIGN_TEXT_SIZE];
    const struct rsa_part part = {signed_bytes, strlen(signed_bytes)};
    struct rsa_key *key = vector_key("alipay_platform.pkcs8.pem", true);
    CHECK(rsa_sign_base64(key, &part, 1, sign));
    str_format_cut(body, sizeof(body), "{\"alipay_trade_query_response\":%s,%s\"sign\":\"%s\"}",
                   signed_bytes, between, sign);
    return body;
}

static enum alipay_verdict verdict_of(const char *body)
{
    struct alipay_response response;
    if (!alipay_response_read("alipay.trade.query", body, strlen(body), &response)) {
        return ALIPAY_MALFORMED;
    }
    return alipay_response_check(&response, vector_key("alipay_platform.pub.pem", false));
}

TEST(answers_that_verify)
{
    static const char *const texts[] = {
        "{}",
        "{\"a\":[{\"b\":[[],{}]},\"}]{\"],\"c\":\"\\\"}\"}",
        "{\"qr_code\":\"https:\\/\\/qr.alipay.com\\/bax\"}",
        "{\"a\" : 1 , \"b\":-1.5e3,\"c\":null}",
        "{\"sub_msg\":\"\xBD\xBB\xD2\xD7\xB2\xBB\xB4\xE6\xD4\xDA\"}", /* GBK */
        "{\"sub_msg\":\"\xD5\\\"}", /* GBK whose second byte is a backslash */
    };
    for (size_t i = 0; i < ARRAY_COUNT(texts); i++) {
        CHECK_EQ_STR(alipay_verdict_name(verdict_of(answer_of(texts[i], ""))), "verified");
    }
    CHECK_EQ_I64(verdict_of(answer_of("{}", "\"alipay_cert_sn\":\"ab\",")), ALIPAY_VERIFIED);
    CHECK_EQ_I64(verdict_of(answer_of("{}", "\"other\":{\"sign\":\"x\"},")), ALIPAY_VERIFIED);
}

TEST(answers_that_do_not)
{
    static const char *const malformed[] = {
        "",
        "{",
        "[]",
        "{}",
        "{\"sign\":\"x\"}",
        "{\"alipay_trade_query_response\":\"text\",\"sign\":\"x\"}",
        "{\"alipay_trade_query_response\":{},\"sign\":\"x\"} ",
        "{\"alipay_trade_query_response\":{},\"sign\":\"x\"}{}",
        "{\"alipay_trade_query_response\":{},\"sign\":\"x\",}",
        "{\"alipay_trade_query_response\":{} \"sign\":\"x\"}",
        "{\"alipay_trade_query_response\":{},\"sign\":\"x\",\"sign\":\"y\"}",
        "{\"alipay_trade_query_response\":{},\"error_response\":{},\"sign\":\"x\"}",
        "{\"alipay_trade_query_response\":{},\"alipay_trade_query_response\":{},\"sign\":\"x\"}",
        "{\"alipay_trade_query_response\":{]},\"sign\":\"x\"}",
        "{\"alipay_trade_query_response\":{\"a\":\"\n\"},\"sign\":\"x\"}",
        "{\"alipay_trade_query_r\\u0065sponse\":{},\"sign\":\"x\"}",
        "\xEF\xBB\xBF{\"alipay_trade_query_response\":{},\"sign\":\"x\"}",
    };
    for (size_t i = 0; i < ARRAY_COUNT(malformed); i++) {
        if (verdict_of(malformed[i]) != ALIPAY_MALFORMED) {
            TEST_FAIL("%s was read", malformed[i]);
        }
    }
    CHECK_EQ_I64(verdict_of("{\"alipay_trade_query_response\":{}}"), ALIPAY_NO_SIGN);
    CHECK_EQ_I64(verdict_of("{\"alipay_trade_query_response\":{},\"sign\":\"\"}"), ALIPAY_NO_SIGN);
    CHECK_EQ_I64(verdict_of("{\"alipay_trade_query_response\":{},\"sign\":null}"), ALIPAY_NO_SIGN);
    CHECK_EQ_I64(verdict_of("{\"alipay_trade_query_response\":{},\"sign\":1}"),
                 ALIPAY_BAD_SIGNATURE);
}

TEST(nesting_has_an_end)
{
    static char deep[4096];
    size_t used = (size_t)snprintf(deep, sizeof(deep), "{\"alipay_trade_query_response\":");
    for (int i = 0; i <= ALIPAY_SCAN_DEPTH_MAX; i++) {
        deep[used++] = '{';
    }
    deep[used] = '\0';
    CHECK_EQ_I64(verdict_of(deep), ALIPAY_MALFORMED);
}

TEST(texts_of_members)
{
    struct alipay_slice value;
    char text[16];
    const char *json =
        "{\"a\":\"x\\/y\\u0041\\n\",\"b\":\"\\u4e00\",\"c\":12,\"d\":\"1\",\"d\":\"2\"}";
    const struct alipay_slice object = {json, strlen(json)};
    CHECK(alipay_scan_find(object, "a", &value) && alipay_scan_text(value, text, sizeof(text)));
    CHECK_EQ_STR(text, "x/yA\n");
    CHECK(!alipay_scan_text(value, text, 5));
    CHECK(alipay_scan_find(object, "b", &value) && !alipay_scan_text(value, text, sizeof(text)));
    CHECK(alipay_scan_find(object, "c", &value) && !alipay_scan_text(value, text, sizeof(text)));
    CHECK(!alipay_scan_find(object, "d", &value)); /* twice is as good as never */
    CHECK(!alipay_scan_find(object, "e", &value));
}

/* ---- What answers mean ---- */

struct meaning {
    enum alipay_call call;
    const char *signed_bytes;
    enum pay_result result;
    bool alarm;
};

#define ABOUT "\"out_trade_no\":\"N1\",\"out_request_no\":\"N1R1\""
#define REFUSAL(code, sub_code) "{\"code\":\"" code "\",\"sub_code\":\"" sub_code "\"}"
#define FINE(members) "{\"code\":\"10000\"," ABOUT "," members "}"

static const struct meaning MEANINGS[] = {
    {ALIPAY_CALL_PRECREATE, FINE("\"qr_code\":\"https:\\/\\/qr\""), PAY_QR, false},
    {ALIPAY_CALL_PRECREATE, FINE("\"qr_code\":\"\""), PAY_UNKNOWN, false},
    {ALIPAY_CALL_PRECREATE, "{\"code\":\"10000\",\"out_trade_no\":\"N2\",\"qr_code\":\"x\"}",
     PAY_UNKNOWN, true},
    {ALIPAY_CALL_PRECREATE, REFUSAL("40004", "ACQ.TRADE_HAS_SUCCESS"), PAY_QUERY_FIRST, false},
    {ALIPAY_CALL_PRECREATE, REFUSAL("40004", "ACQ.TRADE_HAS_CLOSE"), PAY_QUERY_FIRST, false},
    {ALIPAY_CALL_PRECREATE, REFUSAL("40004", "ACQ.CONTEXT_INCONSISTENT"), PAY_REFUSED, true},
    {ALIPAY_CALL_PRECREATE, REFUSAL("40004", "ACQ.TOTAL_FEE_EXCEED"), PAY_REFUSED, true},
    {ALIPAY_CALL_PRECREATE, REFUSAL("40004", "ACQ.ACCESS_FORBIDDEN"), PAY_REFUSED, true},
    {ALIPAY_CALL_PRECREATE, REFUSAL("40004", "ACQ.SYSTEM_ERROR"), PAY_UNKNOWN, false},
    {ALIPAY_CALL_PRECREATE, REFUSAL("40004", "AQC.SYSTEM_ERROR"), PAY_UNKNOWN, false},
    {ALIPAY_CALL_PRECREATE, REFUSAL("40004", "ACQ.SOMETHING_NEW"), PAY_UNKNOWN, true},
    {ALIPAY_CALL_PRECREATE, REFUSAL("20000", "isp.unknow-error"), PAY_UNKNOWN, false},
    {ALIPAY_CALL_PRECREATE, REFUSAL("40002", "isv.invalid-signature"), PAY_REFUSED, true},
    {ALIPAY_CALL_PRECREATE, REFUSAL("40006", "isv.insufficient"), PAY_REFUSED, true},
    {ALIPAY_CALL_PRECREATE, REFUSAL("20001", "aop.invalid-auth-token"), PAY_REFUSED, true},
    {ALIPAY_CALL_PRECREATE, REFUSAL("40005", "isv.app-call-limited"), PAY_UNKNOWN, false},
    {ALIPAY_CALL_PRECREATE, "{}", PAY_UNKNOWN, true},
    {ALIPAY_CALL_QUERY, FINE("\"trade_status\":\"WAIT_BUYER_PAY\""), PAY_UNPAID, false},
    {ALIPAY_CALL_QUERY, FINE("\"trade_status\":\"TRADE_SUCCESS\""), PAY_PAID, false},
    {ALIPAY_CALL_QUERY, FINE("\"trade_status\":\"TRADE_FINISHED\""), PAY_PAID, false},
    {ALIPAY_CALL_QUERY, FINE("\"trade_status\":\"TRADE_CLOSED\""), PAY_CLOSED, false},
    {ALIPAY_CALL_QUERY, FINE("\"trade_status\":\"TRADE_CLOSED\",\"send_pay_date\":\"2026\""),
     PAY_REFUNDED, false},
    {ALIPAY_CALL_QUERY, FINE("\"trade_status\":\"TRADE_CLOSED\",\"send_pay_date\":\"\""),
     PAY_CLOSED, false},
    {ALIPAY_CALL_QUERY, FINE("\"trade_status\":\"NEWS\""), PAY_UNKNOWN, false},
    {ALIPAY_CALL_QUERY, "{\"code\":\"10000\",\"trade_status\":\"TRADE_SUCCESS\"}", PAY_UNKNOWN,
     true},
    {ALIPAY_CALL_QUERY, REFUSAL("40004", "ACQ.TRADE_NOT_EXIST"), PAY_NOT_EXIST, false},
    {ALIPAY_CALL_QUERY, REFUSAL("40002", "isv.invalid-signature"), PAY_UNKNOWN, true},
    {ALIPAY_CALL_CLOSE, FINE("\"trade_no\":\"T\""), PAY_CLOSED, false},
    {ALIPAY_CALL_CLOSE, REFUSAL("40004", "ACQ.TRADE_NOT_EXIST"), PAY_NOT_EXIST, false},
    {ALIPAY_CALL_CLOSE, REFUSAL("40004", "ACQ.TRADE_STATUS_ERROR"), PAY_CLOSE_REFUSED, false},
    {ALIPAY_CALL_CLOSE, REFUSAL("40004", "ACQ.REASON_ILLEGAL_STATUS"), PAY_CLOSE_REFUSED, false},
    {ALIPAY_CALL_CLOSE, REFUSAL("40004", "ACQ.REASON_TRADE_STATUS_INVALID"), PAY_CLOSE_REFUSED,
     false},
    {ALIPAY_CALL_REFUND, FINE("\"fund_change\":\"Y\",\"refund_fee\":\"1.00\""), PAY_REFUNDED,
     false},
    {ALIPAY_CALL_REFUND, FINE("\"fund_change\":\"N\",\"refund_fee\":\"1.00\""), PAY_UNKNOWN, false},
    {ALIPAY_CALL_REFUND, FINE("\"refund_fee\":\"1.00\""), PAY_UNKNOWN, false},
    {ALIPAY_CALL_REFUND, REFUSAL("40004", "ACQ.SELLER_BALANCE_NOT_ENOUGH"), PAY_REFUND_LOW_BALANCE,
     true},
    {ALIPAY_CALL_REFUND, REFUSAL("40004", "ACQ.REASON_TRADE_BEEN_FREEZEN"), PAY_REFUND_NOT_ALLOWED,
     true},
    {ALIPAY_CALL_REFUND, REFUSAL("40004", "ACQ.DISCORDANT_REPEAT_REQUEST"), PAY_REFUND_NOT_ALLOWED,
     true},
    {ALIPAY_CALL_REFUND, REFUSAL("40004", "ACQ.TRADE_HAS_FINISHED"), PAY_REFUND_DOUBTFUL, false},
    {ALIPAY_CALL_REFUND, REFUSAL("40004", "ACQ.TRADE_NOT_EXIST"), PAY_REFUND_DOUBTFUL, true},
    {ALIPAY_CALL_REFUND, REFUSAL("40004", "ACQ.REASON_TRADE_REFUND_FEE_ERR"), PAY_REFUND_DOUBTFUL,
     true},
    {ALIPAY_CALL_REFUND, REFUSAL("40006", "isv.insufficient"), PAY_UNKNOWN, true},
    {ALIPAY_CALL_REFUND_QUERY, FINE("\"refund_status\":\"REFUND_SUCCESS\""), PAY_REFUNDED, false},
    {ALIPAY_CALL_REFUND_QUERY, FINE("\"refund_amount\":\"1.00\""), PAY_REFUNDED, false},
    {ALIPAY_CALL_REFUND_QUERY, FINE("\"refund_status\":\"REFUND_PROCESSING\""), PAY_UNKNOWN, false},
    {ALIPAY_CALL_REFUND_QUERY, "{\"code\":\"10000\",\"msg\":\"Success\"}", PAY_NOT_EXIST, false},
    {ALIPAY_CALL_REFUND_QUERY,
     "{\"code\":\"10000\",\"out_trade_no\":\"N1\",\"refund_amount\":\"1.00\"}", PAY_UNKNOWN, true},
    {ALIPAY_CALL_BILL, "{\"code\":\"10000\",\"bill_download_url\":\"https:\\/\\/x\"}", PAY_QR,
     false},
    {ALIPAY_CALL_BILL, REFUSAL("40004", "BILL_NOT_EXIST"), PAY_NOT_EXIST, false},
};

TEST(every_answer_has_its_meaning)
{
    for (size_t i = 0; i < ARRAY_COUNT(MEANINGS); i++) {
        const struct meaning *m = &MEANINGS[i];
        bool about_order = m->call != ALIPAY_CALL_BILL;
        const struct alipay_asked asked = {
            .call = m->call, .order_no = about_order ? "N1" : NULL, .refund_no = "N1R1"};
        struct alipay_answer answer;
        alipay_answer_read(&asked, (struct alipay_slice){m->signed_bytes, strlen(m->signed_bytes)},
                           &answer);
        if (answer.result != m->result || answer.alarm != m->alarm) {
            TEST_FAIL("%s: %s%s, not %s", m->signed_bytes, pay_result_name(answer.result),
                      answer.alarm ? " with alarm" : "", pay_result_name(m->result));
        }
    }
}

static int64_t amount_of(const char *amount)
{
    char json[256];
    struct alipay_answer answer;
    const struct alipay_asked asked = {.call = ALIPAY_CALL_QUERY, .order_no = "N1"};
    str_format_cut(json, sizeof(json),
                   "{\"code\":\"10000\",\"out_trade_no\":\"N1\",\"trade_status\":\"TRADE_SUCCESS\","
                   "\"total_amount\":%s}",
                   amount);
    alipay_answer_read(&asked, (struct alipay_slice){json, strlen(json)}, &answer);
    CHECK_EQ_I64(answer.result, PAY_PAID);
    return answer.amount_fen;
}

TEST(amounts_as_texts_and_numbers)
{
    CHECK_EQ_I64(amount_of("\"88.88\""), 8888);
    CHECK_EQ_I64(amount_of("88.88"), 8888);
    CHECK_EQ_I64(amount_of("88"), 8800);
    CHECK_EQ_I64(amount_of("4.35"), 435); /* 434 in floating point */
    CHECK_EQ_I64(amount_of("8.888e1"), -1);
    CHECK_EQ_I64(amount_of("\"-1.00\""), -1);
    CHECK_EQ_I64(amount_of("\"1.005\""), -1);
    CHECK_EQ_I64(amount_of("null"), -1);
    CHECK_EQ_I64(amount_of("{\"a\":1}"), -1);
}

/* ---- Notifies ---- */

/* Add a signature to the form, over the reading that @p without says. */
static void sign_form(unsigned without)
{
    char sign[RSA_SIGN_TEXT_SIZE];
    const char *text = signed_text(without | ALIPAY_WITHOUT_SIGN_TYPE);
    const struct rsa_part part = {text, strlen(text)};
    CHECK(rsa_sign_base64(vector_key("alipay_platform.pkcs8.pem", true), &part, 1, sign));
    CHECK_EQ_I64(alipay_form_put(&form, "sign", sign), OK);
}

static enum alipay_verdict check(enum alipay_rule *ret_rule)
{
    return alipay_notify_check(&form, vector_key("alipay_platform.pub.pem", false), scratch,
                               sizeof(scratch), ret_rule);
}

TEST(notify_readings_of_empty_values)
{
    static const struct {
        unsigned without;
        enum alipay_rule rule;
    } cases[] = {
        {ALIPAY_WITHOUT_EMPTY, ALIPAY_RULE_DROP_EMPTY},
        {0, ALIPAY_RULE_KEEP_EMPTY},
        {ALIPAY_WITHOUT_EMPTY | ALIPAY_WITHOUT_CERT_SN, ALIPAY_RULE_DROP_CERT_SN},
    };
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        enum alipay_rule rule = ALIPAY_RULE_COUNT;
        CHECK_EQ_I64(parse("a=1&b=&alipay_cert_sn=ab&sign_type=RSA2"), OK);
        sign_form(cases[i].without);
        CHECK_EQ_I64(check(&rule), ALIPAY_VERIFIED);
        CHECK_EQ_I64(rule, cases[i].rule);
    }
}

TEST(notify_in_gbk_is_verified_as_it_came)
{
    enum alipay_rule rule = ALIPAY_RULE_COUNT;
    CHECK_EQ_I64(parse("charset=GBK&subject=%CB%AE%B7%D1+%D4%A4&sign_type=RSA2"), OK);
    sign_form(ALIPAY_WITHOUT_EMPTY);
    CHECK_EQ_I64(check(&rule), ALIPAY_VERIFIED);
}

TEST(notify_that_is_not_alipays)
{
    enum alipay_rule rule = ALIPAY_RULE_COUNT;
    CHECK_EQ_I64(parse("a=1&sign_type=RSA2"), OK);
    CHECK_EQ_I64(check(&rule), ALIPAY_NO_SIGN);
    CHECK_EQ_I64(parse("a=1&sign_type=RSA2&sign="), OK);
    CHECK_EQ_I64(check(&rule), ALIPAY_NO_SIGN);
    static const char *const types[] = {"a=1", "a=1&sign_type=", "a=1&sign_type=RSA",
                                        "a=1&sign_type=rsa2", "a=1&sign_type=RSA2%00"};
    for (size_t i = 0; i < ARRAY_COUNT(types); i++) {
        CHECK_EQ_I64(parse(types[i]), OK);
        sign_form(ALIPAY_WITHOUT_EMPTY);
        CHECK_EQ_I64(check(&rule), ALIPAY_SIGN_TYPE);
    }
    CHECK_EQ_I64(parse("a=1&sign_type=RSA2&sign=AAAA"), OK);
    CHECK_EQ_I64(check(&rule), ALIPAY_BAD_SIGNATURE);
    CHECK_EQ_I64(rule, ALIPAY_RULE_COUNT);
}

TEST(notify_meanings)
{
    static const struct {
        const char *text;
        enum pay_result result;
        int64_t amount;
        int64_t refunded;
    } cases[] = {
        {"trade_status=WAIT_BUYER_PAY&total_amount=1.00", PAY_UNPAID, 100, -1},
        {"trade_status=TRADE_SUCCESS&total_amount=1.00&receipt_amount=0.10", PAY_PAID, 100, -1},
        {"trade_status=TRADE_FINISHED&total_amount=1.00", PAY_PAID, 100, -1},
        {"trade_status=TRADE_SUCCESS&total_amount=1.00&refund_fee=0.01", PAY_PARTLY_REFUNDED, 100,
         1},
        {"trade_status=TRADE_SUCCESS&total_amount=1.00&gmt_refund=2026", PAY_PARTLY_REFUNDED, 100,
         -1},
        {"trade_status=TRADE_SUCCESS&total_amount=1.00&refund_fee=0.00", PAY_PAID, 100, 0},
        {"trade_status=TRADE_CLOSED&total_amount=1.00", PAY_CLOSED, 100, -1},
        {"trade_status=TRADE_CLOSED&total_amount=1.00&gmt_payment=2026", PAY_REFUNDED, 100, -1},
        {"trade_status=TRADE_CLOSED&total_amount=1.00&refund_fee=1.00", PAY_REFUNDED, 100, 100},
        {"trade_status=TRADE_SUCCESS&total_amount=1e2", PAY_PAID, -1, -1},
        {"trade_status=TRADE_SUCCESS", PAY_PAID, -1, -1},
        {"trade_status=SOMETHING", PAY_UNKNOWN, -1, -1},
        {"total_amount=1.00", PAY_UNKNOWN, 100, -1},
    };
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        struct alipay_notify notify;
        CHECK_EQ_I64(parse(cases[i].text), OK);
        alipay_notify_read(&form, &notify);
        CHECK_EQ_STR(pay_result_name(notify.result), pay_result_name(cases[i].result));
        CHECK_EQ_I64(notify.amount_fen, cases[i].amount);
        CHECK_EQ_I64(notify.refunded_fen, cases[i].refunded);
    }
    struct alipay_notify notify;
    CHECK_EQ_I64(parse("trade_status=TRADE_SUCCESS&total_amount=1.00&out_trade_no=N1%00X"), OK);
    alipay_notify_read(&form, &notify);
    CHECK_EQ_I64(notify.result, PAY_UNKNOWN); /* a number that cannot be read is no number */
}

/* ---- Requests ---- */

TEST(biz_contents)
{
    char biz[ALIPAY_BIZ_SIZE];
    struct alipay_precreate order = {.order_no = "SH1",
                                     .amount_fen = 10,
                                     .subject = "\xE7\x94\xB5 A&B=C/\"x\"\n",
                                     .terminal_id = "K07",
                                     .expire_minutes = 10};
    CHECK(alipay_biz_precreate(&order, biz, sizeof(biz)));
    CHECK_EQ_STR(biz, "{\"out_trade_no\":\"SH1\",\"total_amount\":\"0.10\","
                      "\"subject\":\"\xE7\x94\xB5 A-B-C--x--\",\"terminal_id\":\"K07\","
                      "\"qr_code_timeout_express\":\"10m\",\"timeout_express\":\"10m\"}");
    order.amount_fen = 0;
    CHECK(!alipay_biz_precreate(&order, biz, sizeof(biz)));
    order.amount_fen = MONEY_WIRE_FEN_MAX + 1;
    CHECK(!alipay_biz_precreate(&order, biz, sizeof(biz)));
    order.amount_fen = MONEY_WIRE_FEN_MAX;
    CHECK(alipay_biz_precreate(&order, biz, sizeof(biz)));
    order.subject = "\xFF";
    CHECK(!alipay_biz_precreate(&order, biz, sizeof(biz)));
    order.subject = "";
    CHECK(!alipay_biz_precreate(&order, biz, sizeof(biz)));
    const struct alipay_refund refund = {.trade_no = "T1", .refund_no = "R1", .refund_fen = 7};
    CHECK(alipay_biz_refund(&refund, biz, sizeof(biz)));
    CHECK_EQ_STR(biz, "{\"trade_no\":\"T1\",\"out_request_no\":\"R1\",\"refund_amount\":\"0.07\"}");
    CHECK(!alipay_biz_refund(&refund, biz, 20));
}

TEST(request_is_split_between_url_and_body)
{
    static struct alipay_wire wire;
    const struct alipay_app app = {.app_id = "2021",
                                   .key = vector_key("alipay_app.pkcs8.pem", true)};
    const struct alipay_request request = {.method = "alipay.trade.query",
                                           .timestamp = "2026-11-20 12:00:00",
                                           .biz_content = "{\"out_trade_no\":\"A B\"}"};
    char sign[RSA_SIGN_TEXT_SIZE];
    CHECK(alipay_request_fill(&form, &app, &request));
    CHECK(alipay_request_sign(&form, app.key, scratch, sizeof(scratch), sign));
    CHECK(alipay_request_encode(&form, sign, &wire));
    CHECK(strstr(wire.query, "charset=utf-8") != NULL);
    CHECK(strstr(wire.query, "timestamp=2026-11-20%2012%3A00%3A00") != NULL);
    CHECK(strstr(wire.query, "&sign=") != NULL && strstr(wire.query, "biz_content") == NULL);
    CHECK_EQ_STR(wire.body, "biz_content=%7B%22out_trade_no%22%3A%22A%20B%22%7D");
    /* What was sent reads back as what was signed. */
    alipay_form_init(&form);
    CHECK_EQ_I64(alipay_form_parse(&form, wire.query, strlen(wire.query)), OK);
    CHECK_EQ_I64(alipay_form_parse(&form, wire.body, strlen(wire.body)), OK);
    const char *text = signed_text(ALIPAY_WITHOUT_EMPTY);
    const struct rsa_part part = {text, strlen(text)};
    const struct rsa_signed message = {&part, 1, sign, strlen(sign)};
    CHECK(rsa_verify_base64(vector_key("alipay_app.pub.pem", false), &message));
}

TEST_MAIN()
