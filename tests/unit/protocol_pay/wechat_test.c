/* SPDX-License-Identifier: Apache-2.0 */
#include <inttypes.h>

#include "common/str.h"
#include "protocol/wechat/answer.h"
#include "protocol/wechat/certificates.h"
#include "protocol/wechat/notify.h"
#include "protocol/wechat/request.h"
#include "protocol/wechat/sign.h"
#include "protocol/wechat/verify.h"
#include "tests/unit/common_crypto/vector_keys.h"
#include "tests/unit/test.h"

static const int64_t NOW = INT64_C(1795147200);
static const char SERIAL[] = "7132D72A03E93CDDF8C03BBD1F37EEDFAABBCCDD";

static const struct rsa_key *find(void *self, const char *serial)
{
    (void)self;
    return wechat_serial_equal(serial, SERIAL) ? vector_key("wx_plat_new.crt", false) : NULL;
}

static const struct wechat_keys KEYS = {.find = find};

/* The signature of a message by WeChat's new platform key. */
static const char *sign(const char *timestamp, const char *nonce, const char *body)
{
    static char text[RSA_SIGN_TEXT_SIZE];
    const struct rsa_part parts[] = {{timestamp, strlen(timestamp)}, {"\n", 1},
                                     {nonce, strlen(nonce)},         {"\n", 1},
                                     {body, strlen(body)},           {"\n", 1}};
    CHECK(rsa_sign_base64(vector_key("wx_plat_new.pkcs8.pem", true), parts, ARRAY_COUNT(parts),
                          text));
    return text;
}

static enum wechat_verdict verdict_at(int64_t timestamp_s)
{
    char timestamp[24];
    str_format_cut(timestamp, sizeof(timestamp), "%" PRId64, timestamp_s);
    const struct wechat_headers headers = {.timestamp = timestamp,
                                           .nonce = "n",
                                           .serial = SERIAL,
                                           .signature = sign(timestamp, "n", "{}")};
    return wechat_verify(&headers, "{}", 2, &KEYS, NOW);
}

TEST(verify_edges_of_time)
{
    CHECK_EQ_I64(verdict_at(NOW), WECHAT_VERIFIED);
    CHECK_EQ_I64(verdict_at(NOW - 300), WECHAT_VERIFIED);
    CHECK_EQ_I64(verdict_at(NOW + 300), WECHAT_VERIFIED);
    CHECK_EQ_I64(verdict_at(NOW - 301), WECHAT_STALE);
    CHECK_EQ_I64(verdict_at(NOW + 301), WECHAT_STALE);
    CHECK_EQ_I64(verdict_at(NOW * 1000), WECHAT_BAD_TIMESTAMP);
    CHECK_EQ_I64(verdict_at(-1), WECHAT_BAD_TIMESTAMP);
    CHECK_EQ_I64(verdict_at(0), WECHAT_BAD_TIMESTAMP);
    CHECK_EQ_I64(verdict_at(INT64_C(9999999999)), WECHAT_STALE);
}

TEST(verify_headers_one_by_one)
{
    const struct wechat_headers good = {.timestamp = "1795147200",
                                        .nonce = "n",
                                        .serial = SERIAL,
                                        .signature = sign("1795147200", "n", "{}")};
    struct wechat_headers headers = good;
    CHECK_EQ_I64(wechat_verify(&headers, "{}", 2, &KEYS, NOW), WECHAT_VERIFIED);
    CHECK_EQ_I64(wechat_verify(&headers, "{} ", 3, &KEYS, NOW), WECHAT_BAD_SIGNATURE);
    const char **const fields[] = {&headers.timestamp, &headers.nonce, &headers.serial,
                                   &headers.signature};
    for (size_t i = 0; i < ARRAY_COUNT(fields); i++) {
        headers = good;
        *fields[i] = NULL;
        CHECK_EQ_I64(wechat_verify(&headers, "{}", 2, &KEYS, NOW), WECHAT_MISSING_HEADER);
        *fields[i] = "";
        CHECK_EQ_I64(wechat_verify(&headers, "{}", 2, &KEYS, NOW), WECHAT_MISSING_HEADER);
    }
    headers = good;
    headers.repeated = true;
    CHECK_EQ_I64(wechat_verify(&headers, "{}", 2, &KEYS, NOW), WECHAT_REPEATED_HEADER);
    headers = good;
    headers.signature = "WECHATPAY/SIGNTEST/AAAA";
    CHECK_EQ_I64(wechat_verify(&headers, "{}", 2, &KEYS, NOW), WECHAT_PROBE);
    headers = good;
    headers.signature = "not base64";
    CHECK_EQ_I64(wechat_verify(&headers, "{}", 2, &KEYS, NOW), WECHAT_BAD_SIGNATURE);
    headers = good;
    headers.serial = "07132D72A03E93CDDF8C03BBD1F37EEDFAABBCCDD"; /* a leading zero counts */
    CHECK_EQ_I64(wechat_verify(&headers, "{}", 2, &KEYS, NOW), WECHAT_UNKNOWN_SERIAL);
    headers = good;
    headers.timestamp = "+179514720";
    CHECK_EQ_I64(wechat_verify(&headers, "{}", 2, &KEYS, NOW), WECHAT_BAD_TIMESTAMP);
}

TEST(serials_without_case)
{
    CHECK(wechat_serial_equal("0aB", "0Ab"));
    CHECK(!wechat_serial_equal("0aB", "aB"));
    CHECK(!wechat_serial_equal("0aB", "0aBc"));
    CHECK(wechat_serial_equal("", ""));
}

TEST(authorization_taken_apart)
{
    static const char good[] = "WECHATPAY2-SHA256-RSA2048 mchid=\"1\",nonce_str=\"n\","
                               "timestamp=\"2\",serial_no=\"A\",signature=\"c2ln\"";
    static const char *const bad[] = {
        "",
        "WECHATPAY2-SHA256-RSA2048",
        "WECHATPAY2-SHA256-RSA2048 ",
        "wechatpay2-sha256-rsa2048 mchid=\"1\",nonce_str=\"n\",timestamp=\"2\",serial_no=\"A\","
        "signature=\"c2ln\"",
        "WECHATPAY2-SHA256-RSA2048  mchid=\"1\",nonce_str=\"n\",timestamp=\"2\",serial_no=\"A\","
        "signature=\"c2ln\"",
        "WECHATPAY2-SHA256-RSA2048 mchid=\"1\",nonce_str=\"n\",timestamp=\"2\",serial_no=\"A\"",
        "WECHATPAY2-SHA256-RSA2048 mchid=\"\",nonce_str=\"n\",timestamp=\"2\",serial_no=\"A\","
        "signature=\"c2ln\"",
        "WECHATPAY2-SHA256-RSA2048 mchid=1,nonce_str=\"n\",timestamp=\"2\",serial_no=\"A\","
        "signature=\"c2ln\"",
        "WECHATPAY2-SHA256-RSA2048 mchid=\"1\",nonce_str=\"n\",timestamp=\"2\",serial_no=\"A\","
        "signature=\"c2ln\",x=\"1\"",
        "WECHATPAY2-SHA256-RSA2048 mchid=\"1\",mchid=\"1\",timestamp=\"2\",serial_no=\"A\","
        "signature=\"c2ln\"",
        "WECHATPAY2-SHA256-RSA2048 mchid=\"1\",nonce_str=\"n\",timestamp=\"2\",serial_no=\"A\","
        "signature=\"c2ln\" ",
    };
    struct wechat_auth auth;
    CHECK(wechat_auth_parse(good, &auth));
    CHECK_EQ_STR(auth.mchid, "1");
    CHECK_EQ_STR(auth.signature, "c2ln");
    for (size_t i = 0; i < ARRAY_COUNT(bad); i++) {
        if (wechat_auth_parse(bad[i], &auth)) {
            TEST_FAIL("%s was taken", bad[i]);
        }
    }
}

/* ---- What answers mean ---- */

#define TRADE "\"mchid\":\"M\",\"appid\":\"A\",\"out_trade_no\":\"N1\""
#define REFUND "\"out_trade_no\":\"N1\",\"out_refund_no\":\"N1R1\",\"transaction_id\":\"T1\""

static const struct {
    enum wechat_call call;
    long status;
    const char *body;
    enum pay_result result;
    bool alarm;
} MEANINGS[] = {
    {WECHAT_CALL_NATIVE, 200, "{\"code_url\":\"weixin://wxpay/x\"}", PAY_QR, false},
    {WECHAT_CALL_NATIVE, 200, "{}", PAY_UNKNOWN, false},
    {WECHAT_CALL_NATIVE, 200, "", PAY_UNKNOWN, false},
    {WECHAT_CALL_NATIVE, 204, "", PAY_UNKNOWN, false},
    {WECHAT_CALL_NATIVE, 400, "{\"code\":\"PARAM_ERROR\"}", PAY_REFUSED, true},
    {WECHAT_CALL_NATIVE, 400, "{\"code\":\"INVALID_REQUEST\"}", PAY_QUERY_FIRST, true},
    {WECHAT_CALL_NATIVE, 403, "{\"code\":\"OUT_TRADE_NO_USED\"}", PAY_QUERY_FIRST, false},
    {WECHAT_CALL_NATIVE, 400, "{\"code\":\"ORDERPAID\"}", PAY_QUERY_FIRST, false},
    {WECHAT_CALL_NATIVE, 403, "{\"code\":\"ORDER_PAID\"}", PAY_QUERY_FIRST, false},
    {WECHAT_CALL_NATIVE, 400, "{\"code\":\"ORDERCLOSED\"}", PAY_QUERY_FIRST, false},
    {WECHAT_CALL_NATIVE, 401, "{\"code\":\"SIGN_ERROR\"}", PAY_REFUSED, true},
    {WECHAT_CALL_NATIVE, 403, "{\"code\":\"NO_AUTH\"}", PAY_REFUSED, true},
    {WECHAT_CALL_NATIVE, 403, "{\"code\":\"NEW_WORD\"}", PAY_UNKNOWN, true},
    {WECHAT_CALL_NATIVE, 429, "{\"code\":\"RATELIMIT_EXCEEDED\"}", PAY_UNKNOWN, false},
    {WECHAT_CALL_NATIVE, 429, "{\"code\":\"PARAM_ERROR\"}", PAY_UNKNOWN, false},
    {WECHAT_CALL_NATIVE, 500, "{\"code\":\"SYSTEM_ERROR\"}", PAY_UNKNOWN, false},
    {WECHAT_CALL_NATIVE, 502, "<html>", PAY_UNKNOWN, false},
    {WECHAT_CALL_NATIVE, 202, "{\"code\":\"USERPAYING\"}", PAY_UNKNOWN, false},
    {WECHAT_CALL_QUERY, 200, "{" TRADE ",\"trade_state\":\"SUCCESS\"}", PAY_PAID, false},
    {WECHAT_CALL_QUERY, 200, "{" TRADE ",\"trade_state\":\"REFUND\"}", PAY_PAID_REFUND_SEEN, false},
    {WECHAT_CALL_QUERY, 200, "{" TRADE ",\"trade_state\":\"NOTPAY\"}", PAY_UNPAID, false},
    {WECHAT_CALL_QUERY, 200, "{" TRADE ",\"trade_state\":\"CLOSED\"}", PAY_CLOSED, false},
    {WECHAT_CALL_QUERY, 200, "{" TRADE ",\"trade_state\":\"USERPAYING\"}", PAY_UNPAID, false},
    {WECHAT_CALL_QUERY, 200, "{" TRADE ",\"trade_state\":\"PAYERROR\"}", PAY_UNPAID, false},
    {WECHAT_CALL_QUERY, 200, "{" TRADE ",\"trade_state\":\"REVOKED\"}", PAY_CLOSED, false},
    {WECHAT_CALL_QUERY, 200, "{" TRADE ",\"trade_state\":\"NEWS\"}", PAY_UNKNOWN, false},
    {WECHAT_CALL_QUERY, 200, "{\"mchid\":\"M\",\"trade_state\":\"SUCCESS\"}", PAY_UNKNOWN, true},
    {WECHAT_CALL_QUERY, 404, "{\"code\":\"ORDER_NOT_EXIST\"}", PAY_NOT_EXIST, false},
    {WECHAT_CALL_QUERY, 404, "{\"code\":\"RESOURCE_NOT_EXISTS\"}", PAY_NOT_EXIST, false},
    {WECHAT_CALL_QUERY, 400, "{\"code\":\"PARAM_ERROR\"}", PAY_UNKNOWN, true},
    {WECHAT_CALL_CLOSE, 204, "", PAY_CLOSED, false},
    {WECHAT_CALL_CLOSE, 400, "{\"code\":\"ORDERPAID\"}", PAY_CLOSE_REFUSED, false},
    {WECHAT_CALL_CLOSE, 400, "{\"code\":\"INVALID_REQUEST\"}", PAY_CLOSE_REFUSED, true},
    {WECHAT_CALL_CLOSE, 404, "{\"code\":\"ORDER_NOT_EXIST\"}", PAY_NOT_EXIST, false},
    {WECHAT_CALL_CLOSE, 500, "{\"code\":\"SYSTEM_ERROR\"}", PAY_UNKNOWN, false},
    {WECHAT_CALL_REFUND, 200, "{" REFUND ",\"status\":\"PROCESSING\"}", PAY_REFUND_PROCESSING,
     false},
    {WECHAT_CALL_REFUND, 200, "{" REFUND ",\"status\":\"SUCCESS\"}", PAY_REFUNDED, false},
    {WECHAT_CALL_REFUND, 200, "{" REFUND ",\"status\":\"ABNORMAL\"}", PAY_REFUND_ABNORMAL, false},
    {WECHAT_CALL_REFUND, 200, "{" REFUND ",\"status\":\"CLOSED\"}", PAY_REFUND_CLOSED, false},
    {WECHAT_CALL_REFUND, 200, "{" REFUND ",\"status\":\"NEWS\"}", PAY_UNKNOWN, false},
    {WECHAT_CALL_REFUND, 200, "{\"status\":\"SUCCESS\"}", PAY_UNKNOWN, true},
    {WECHAT_CALL_REFUND, 403, "{\"code\":\"NOT_ENOUGH\"}", PAY_REFUND_LOW_BALANCE, true},
    {WECHAT_CALL_REFUND, 400, "{\"code\":\"INVALID_REQUEST\"}", PAY_REFUND_DOUBTFUL, true},
    {WECHAT_CALL_REFUND, 429, "{\"code\":\"FREQUENCY_LIMITED\"}", PAY_UNKNOWN, false},
    {WECHAT_CALL_REFUND, 404, "{\"code\":\"RESOURCE_NOT_EXISTS\"}", PAY_REFUND_DOUBTFUL, true},
    {WECHAT_CALL_REFUND_QUERY, 404, "{\"code\":\"RESOURCE_NOT_EXISTS\"}", PAY_NOT_EXIST, false},
    {WECHAT_CALL_REFUND_QUERY, 200, "{" REFUND ",\"status\":\"SUCCESS\"}", PAY_REFUNDED, false},
    {WECHAT_CALL_BILL, 200,
     "{\"hash_type\":\"SHA1\",\"hash_value\":\"ab\",\"download_url\":\"https://x/y\"}", PAY_QR,
     false},
    {WECHAT_CALL_BILL, 200, "{\"hash_type\":\"MD5\",\"hash_value\":\"ab\",\"download_url\":\"x\"}",
     PAY_UNKNOWN, false},
};

TEST(every_answer_has_its_meaning)
{
    for (size_t i = 0; i < ARRAY_COUNT(MEANINGS); i++) {
        bool query = MEANINGS[i].call == WECHAT_CALL_QUERY;
        const struct wechat_asked asked = {.call = MEANINGS[i].call,
                                           .mchid = query ? "M" : NULL,
                                           .appid = query ? "A" : NULL,
                                           .order_no = "N1",
                                           .refund_no = "N1R1"};
        struct wechat_answer answer;
        wechat_answer_read(&asked, MEANINGS[i].status, MEANINGS[i].body, strlen(MEANINGS[i].body),
                           &answer);
        if (answer.result != MEANINGS[i].result || answer.alarm != MEANINGS[i].alarm) {
            TEST_FAIL("%ld %s: %s%s, not %s", MEANINGS[i].status, MEANINGS[i].body,
                      pay_result_name(answer.result), answer.alarm ? " with alarm" : "",
                      pay_result_name(MEANINGS[i].result));
        }
    }
    struct wechat_answer answer;
    const struct wechat_asked asked = {.call = WECHAT_CALL_BILL};
    const char *none = "{\"code\":\"NO_STATEMENT_EXIST\"}";
    wechat_answer_read(&asked, 400, none, strlen(none), &answer);
    CHECK(answer.no_bill);
}

/* Asked by its trade number, an answer about another payment is none. */
TEST(a_query_by_trade_number)
{
    static const char body[] = "{" TRADE ",\"transaction_id\":\"T1\",\"trade_state\":\"SUCCESS\"}";
    struct wechat_asked asked = {
        .call = WECHAT_CALL_QUERY, .mchid = "M", .appid = "A", .trade_no = "T1"};
    struct wechat_answer answer;
    wechat_answer_read(&asked, 200, body, strlen(body), &answer);
    CHECK_EQ_I64(answer.result, PAY_PAID);
    asked.trade_no = "T2";
    wechat_answer_read(&asked, 200, body, strlen(body), &answer);
    CHECK_EQ_I64(answer.result, PAY_UNKNOWN);
    CHECK(answer.alarm);
}

TEST(a_refused_signature_is_explained)
{
    static const char body[] =
        "{\"code\":\"SIGN_ERROR\",\"message\":\"wrong\",\"detail\":{\"sign_information\":{"
        "\"method\":\"GET\",\"url\":\"/v3/a\",\"sign_message_length\":37,"
        "\"truncated_sign_message\":\"GET\\n/v3/a\\n17\"}}}";
    static const char bare[] = "{\"code\":\"SIGN_ERROR\",\"message\":\"wrong\","
                               "\"detail\":{\"sign_information\":[]}}";
    struct wechat_answer answer;
    const struct wechat_asked asked = {.call = WECHAT_CALL_QUERY};
    wechat_answer_read(&asked, 401, body, strlen(body), &answer);
    CHECK_EQ_STR(answer.message, "they read 37 bytes: GET /v3/a 17");
    CHECK_EQ_STR(answer.code, "SIGN_ERROR");
    wechat_answer_read(&asked, 401, bare, strlen(bare), &answer);
    CHECK_EQ_STR(answer.message, "wrong");
}

static const struct wechat_answer *paid_with(const char *amount)
{
    static struct wechat_answer answer;
    char body[256];
    const struct wechat_asked asked = {.call = WECHAT_CALL_QUERY, .order_no = "N1"};
    str_format_cut(body, sizeof(body), "{" TRADE ",\"trade_state\":\"SUCCESS\",\"amount\":%s}",
                   amount);
    wechat_answer_read(&asked, 200, body, strlen(body), &answer);
    CHECK_EQ_I64(answer.result, PAY_PAID);
    return &answer;
}

TEST(amounts_are_integers_of_fen)
{
    CHECK_EQ_I64(paid_with("{\"total\":435,\"currency\":\"CNY\"}")->amount_fen, 435);
    CHECK(paid_with("{\"total\":435,\"currency\":\"CNY\"}")->currency_ok);
    CHECK(!paid_with("{\"total\":435,\"currency\":\"USD\"}")->currency_ok);
    CHECK(!paid_with("{\"total\":435}")->currency_ok);
    CHECK_EQ_I64(paid_with("{\"total\":\"435\",\"currency\":\"CNY\"}")->amount_fen, -1);
    CHECK_EQ_I64(paid_with("{\"total\":435.0,\"currency\":\"CNY\"}")->amount_fen, -1);
    CHECK_EQ_I64(paid_with("{\"total\":-1,\"currency\":\"CNY\"}")->amount_fen, -1);
    CHECK_EQ_I64(paid_with("{}")->amount_fen, -1);
    CHECK_EQ_I64(paid_with("null")->amount_fen, -1);
}

/* ---- Requests ---- */

TEST(bodies_and_paths)
{
    char body[WECHAT_BODY_SIZE];
    char path[WECHAT_PATH_SIZE];
    struct wechat_native order = {.appid = "A",
                                  .mchid = "M",
                                  .description = "x",
                                  .order_no = "SH0001",
                                  .expire_wall_s = NOW,
                                  .notify_url = "https://n",
                                  .amount_fen = 1,
                                  .device_id = "K07",
                                  .payer_ip = "10.0.0.7"};
    CHECK(wechat_body_native(&order, body, sizeof(body)));
    CHECK_EQ_STR(body, "{\"appid\":\"A\",\"mchid\":\"M\",\"description\":\"x\","
                       "\"out_trade_no\":\"SH0001\","
                       "\"time_expire\":\"2026-11-20T12:00:00+08:00\",\"notify_url\":\"https://n\","
                       "\"amount\":{\"total\":1,\"currency\":\"CNY\"},"
                       "\"scene_info\":{\"payer_client_ip\":\"10.0.0.7\",\"device_id\":\"K07\"}}");
    static char longer[200];
    memset(longer, 'a', 126);
    memcpy(longer + 126, "\xE7\x94\xB5\xE7\x94\xB5", 6); /* the limit falls inside a character */
    order.description = longer;
    CHECK(wechat_body_native(&order, body, sizeof(body)));
    CHECK(strstr(body, "a\",\"out_trade_no\"") != NULL);
    order.amount_fen = 0;
    CHECK(!wechat_body_native(&order, body, sizeof(body)));
    struct wechat_refund refund = {
        .trade_no = "T1", .refund_no = "R1", .refund_fen = 2, .total_fen = 2};
    CHECK(wechat_body_refund(&refund, body, sizeof(body)));
    CHECK_EQ_STR(body, "{\"transaction_id\":\"T1\",\"out_refund_no\":\"R1\","
                       "\"amount\":{\"refund\":2,\"total\":2,\"currency\":\"CNY\"}}");
    refund.refund_fen = 3;
    CHECK(!wechat_body_refund(&refund, body, sizeof(body)));
    CHECK(wechat_path_query("SH0001", "M", path));
    CHECK_EQ_STR(path, "/v3/pay/transactions/out-trade-no/SH0001?mchid=M");
    CHECK(wechat_path_query_trade("T1", "M", path));
    CHECK_EQ_STR(path, "/v3/pay/transactions/id/T1?mchid=M");
    CHECK(wechat_path_bill("2026-11-19", path));
    CHECK_EQ_STR(path, "/v3/bill/tradebill?bill_date=2026-11-19&bill_type=ALL&tar_type=GZIP");
}

/* ---- Sealed things that are broken ---- */

TEST(notifies_that_cannot_be_opened)
{
    static struct wechat_box_work work;
    static const char *const bodies[] = {
        "",
        "[]",
        "{\"event_type\":\"TRANSACTION.SUCCESS\"}",
        "{\"event_type\":1,\"resource\":{}}",
        "{\"event_type\":\"TRANSACTION.SUCCESS\",\"resource\":[]}",
    };
    static const char *const resources[] = {
        "{}",
        "{\"algorithm\":\"AES\",\"nonce\":\"123456789012\",\"ciphertext\":\"AAAA\"}",
        "{\"algorithm\":\"AEAD_AES_256_GCM\",\"nonce\":\"123456789012\"}",
        "{\"algorithm\":\"AEAD_AES_256_GCM\",\"nonce\":\"1\","
        "\"ciphertext\":\"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\"}",
        "{\"algorithm\":\"AEAD_AES_256_GCM\",\"nonce\":\"123456789012\",\"ciphertext\":\"A A=\"}",
        "{\"algorithm\":\"AEAD_AES_256_GCM\",\"nonce\":12,\"ciphertext\":\"AAAA\"}",
        "{\"algorithm\":\"AEAD_AES_256_GCM\",\"nonce\":\"123456789012\","
        "\"associated_data\":{},\"ciphertext\":\"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\"}",
    };
    struct wechat_apiv3 apiv3 = {.count = 1};
    struct wechat_trade trade;
    char body[512];
    for (size_t i = 0; i < ARRAY_COUNT(bodies); i++) {
        CHECK_EQ_I64(wechat_notify_open(bodies[i], strlen(bodies[i]), &apiv3, &work, &trade),
                     WECHAT_OPEN_MALFORMED);
    }
    for (size_t i = 0; i < ARRAY_COUNT(resources); i++) {
        str_format_cut(body, sizeof(body),
                       "{\"event_type\":\"TRANSACTION.SUCCESS\",\"resource\":%s}", resources[i]);
        CHECK_EQ_I64(wechat_notify_open(body, strlen(body), &apiv3, &work, &trade),
                     WECHAT_OPEN_AEAD);
    }
}

TEST(certificate_lists_that_are_none)
{
    static struct wechat_box_work work;
    static const char *const bodies[] = {
        "",
        "{}",
        "{\"data\":[]}",
        "{\"data\":{}}",
        "{\"data\":[1]}",
        "{\"data\":[{\"serial_no\":\"AB\"}]}",
        "{\"data\":[{\"encrypt_certificate\":{}}]}",
        "{\"data\":[{},{},{},{},{},{},{},{},{}]}",
    };
    struct wechat_apiv3 apiv3 = {.count = 1};
    static struct wechat_certificate_list list;
    for (size_t i = 0; i < ARRAY_COUNT(bodies); i++) {
        CHECK_EQ_I64(
            wechat_certificates_read(bodies[i], strlen(bodies[i]), &apiv3, NOW, &work, &list),
            WECHAT_CERTIFICATES_MALFORMED);
    }
    CHECK_EQ_U64(list.count, 0);
}

TEST_MAIN()
