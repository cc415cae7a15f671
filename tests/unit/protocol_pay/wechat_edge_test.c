/* SPDX-License-Identifier: Apache-2.0 */

/* The seldom halves of WeChat Pay's protocol. What WeChat seals is sealed here with OpenSSL. */
#include <openssl/evp.h>

#include "common/bytes.h"
#include "common/crypto/base64.h"
#include "common/json/json.h"
#include "common/money.h"
#include "common/str.h"
#include "protocol/wechat/answer.h"
#include "protocol/wechat/certificates.h"
#include "protocol/wechat/notify.h"
#include "protocol/wechat/request.h"
#include "protocol/wechat/sign.h"
#include "tests/unit/common_crypto/vector_keys.h"
#include "tests/unit/test.h"

static const int64_t NOW = INT64_C(1795147200);
static const struct wechat_apiv3 APIV3 = {.keys = {"0123456789abcdef0123456789abcde"}, .count = 1};
static struct wechat_box_work work;

/* {"algorithm":...}: @p plain as WeChat seals it. */
static json_t *sealed(const char *plain)
{
    static uint8_t bytes[WECHAT_SEALED_SIZE_MAX];
    static char text[2 * WECHAT_SEALED_SIZE_MAX];
    int size = 0;
    int more = 0;
    EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
    bool good =
        EVP_EncryptInit_ex(ctx, EVP_aes_256_gcm(), NULL, APIV3.keys[0],
                           (const uint8_t *)"123456789012") == 1 &&
        EVP_EncryptUpdate(ctx, NULL, &more, (const uint8_t *)"aad", 3) == 1 &&
        EVP_EncryptUpdate(ctx, bytes, &size, (const uint8_t *)plain, (int)strlen(plain)) == 1 &&
        EVP_EncryptFinal_ex(ctx, bytes + size, &more) == 1 &&
        EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_GCM_GET_TAG, 16, bytes + size + more) == 1;
    EVP_CIPHER_CTX_free(ctx);
    CHECK(good);
    CHECK(base64_encode(bytes, (size_t)(size + more) + 16, text, sizeof(text)));
    json_t *box = json_object();
    json_put_text(box, "algorithm", "AEAD_AES_256_GCM");
    json_put_text(box, "nonce", "123456789012");
    json_put_text(box, "associated_data", "aad");
    json_put_text(box, "ciphertext", text);
    return box;
}

/* ---- the platform's certificates ---- */

static enum wechat_certificates_fault list_of(const char *serial, const char *pem,
                                              struct wechat_certificate_list *ret_list)
{
    static char body[4 * WECHAT_SEALED_SIZE_MAX];
    json_t *item = json_object();
    json_put_text(item, "serial_no", serial);
    json_put(item, "encrypt_certificate", sealed(pem));
    json_t *data = json_array();
    CHECK(json_array_append_new(data, item) == 0);
    json_t *root = json_object();
    json_put(root, "data", data);
    CHECK(json_print(root, body, sizeof(body)));
    json_decref(root);
    return wechat_certificates_read(body, strlen(body), &APIV3, NOW, &work, ret_list);
}

TEST(a_certificate_is_read_with_its_key)
{
    static struct wechat_certificate_list list;
    const char *pem = vector_key_text("wx_plat_new.crt");
    struct cert_list *certificate = NULL;
    char serial[CERT_SERIAL_SIZE];
    char zeros[CERT_SERIAL_SIZE + 2];
    CHECK_EQ_I64(cert_list_read(pem, strlen(pem), &certificate), OK);
    CHECK(cert_serial_hex(certificate, 0, serial));
    cert_list_destroy(certificate);
    CHECK_EQ_I64(list_of(serial, pem, &list), WECHAT_CERTIFICATES_OK);
    CHECK_EQ_U64(list.count, 1);
    CHECK(list.items[0].key != NULL && !list.items[0].expired);
    wechat_certificates_finish(&list);
    CHECK_EQ_U64(list.count, 0);
    CHECK(str_format(zeros, sizeof(zeros), "00%s", serial)); /* as numbers they are equal */
    CHECK_EQ_I64(list_of(zeros, pem, &list), WECHAT_CERTIFICATES_OK);
    wechat_certificates_finish(&list);
    CHECK_EQ_I64(list_of("AB", pem, &list), WECHAT_CERTIFICATES_SERIAL_MISMATCH);
    CHECK_EQ_I64(list_of(serial, "no certificate", &list), WECHAT_CERTIFICATES_MALFORMED);
    char long_serial[256];
    memset(long_serial, 'A', sizeof(long_serial));
    long_serial[sizeof(long_serial) - 1] = '\0';
    CHECK_EQ_I64(list_of(long_serial, pem, &list), WECHAT_CERTIFICATES_MALFORMED);
}

TEST(a_certificate_of_another_family_has_no_key_for_us)
{
    static struct wechat_certificate_list list;
    const char *bundle = vector_key_text("alipay_root_bundle.crt");
    const char *second = strstr(bundle + 1, "-----BEGIN"); /* ECDSA */
    struct cert_list *certificate = NULL;
    char serial[CERT_SERIAL_SIZE];
    CHECK(second != NULL);
    CHECK_EQ_I64(cert_list_read(second, strlen(second), &certificate), OK);
    CHECK(cert_serial_hex(certificate, 0, serial));
    cert_list_destroy(certificate);
    CHECK_EQ_I64(list_of(serial, second, &list), WECHAT_CERTIFICATES_MALFORMED);
    static const char other_key[] =
        "{\"data\":[{\"serial_no\":\"AB\",\"encrypt_certificate\":{\"algorithm\":"
        "\"AEAD_AES_256_GCM\",\"nonce\":\"123456789012\",\"associated_data\":null,"
        "\"ciphertext\":\"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\"}}]}";
    CHECK_EQ_I64(wechat_certificates_read(other_key, strlen(other_key), &APIV3, NOW, &work, &list),
                 WECHAT_CERTIFICATES_AEAD);
}

/* ---- notifies ---- */

static enum wechat_opened open_notify(const char *event_type, const char *plain,
                                      struct wechat_trade *ret_trade)
{
    static char body[4 * WECHAT_SEALED_SIZE_MAX];
    json_t *root = json_object();
    json_put_text(root, "event_type", event_type);
    json_put(root, "resource", sealed(plain));
    CHECK(json_print(root, body, sizeof(body)));
    json_decref(root);
    return wechat_notify_open(body, strlen(body), &APIV3, &work, ret_trade);
}

TEST(event_and_content_must_say_the_same)
{
    static const struct {
        const char *event;
        const char *plain;
        enum pay_result result;
    } cases[] = {
        {"TRANSACTION.SUCCESS", "{\"trade_state\":\"SUCCESS\"}", PAY_PAID},
        {"TRANSACTION.SUCCESS", "{\"trade_state\":\"NOTPAY\"}", PAY_UNKNOWN},
        {"TRANSACTION.SUCCESS", "{\"trade_state\":1}", PAY_UNKNOWN},
        {"REFUND.SUCCESS", "{\"refund_status\":\"SUCCESS\"}", PAY_REFUNDED},
        {"REFUND.SUCCESS", "{\"refund_status\":\"ABNORMAL\"}", PAY_UNKNOWN},
        {"REFUND.ABNORMAL", "{\"refund_status\":\"ABNORMAL\"}", PAY_REFUND_ABNORMAL},
        {"NEWS.TODAY", "{\"trade_state\":\"SUCCESS\"}", PAY_UNKNOWN},
    };
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        struct wechat_trade trade;
        CHECK_EQ_I64(open_notify(cases[i].event, cases[i].plain, &trade), WECHAT_OPENED);
        CHECK_EQ_STR(pay_result_name(trade.result), pay_result_name(cases[i].result));
    }
    struct wechat_trade trade;
    CHECK_EQ_I64(open_notify("REFUND.SUCCESS", "[]", &trade), WECHAT_OPEN_MALFORMED);
    CHECK_EQ_I64(open_notify("TRANSACTION.SUCCESS",
                             "{\"trade_state\":\"SUCCESS\",\"out_trade_no\":\"0123456789012345678"
                             "90123456789012345678901234567890123456789012345\"}",
                             &trade),
                 WECHAT_OPENED);
    CHECK_EQ_STR(trade.order_no, ""); /* a number that is too long is none */
}

TEST(a_box_is_empty_or_text)
{
    static const char *const bodies[] = {
        "{\"algorithm\":\"AEAD_AES_256_GCM\",\"nonce\":\"123456789012\",\"ciphertext\":\"\"}",
        "{\"algorithm\":\"AEAD_AES_256_GCM\",\"nonce\":\"123456789012\",\"ciphertext\":7}",
    };
    for (size_t i = 0; i < ARRAY_COUNT(bodies); i++) {
        json_t *box = json_loads(bodies[i], 0, NULL);
        const char *plain = NULL;
        size_t size = 0;
        CHECK(!wechat_box_open(box, &APIV3, &work, &plain, &size));
        json_decref(box);
    }
}

/* ---- answers ---- */

/* The last answer; it is overwritten by the next. */
static const struct wechat_answer *answer_of(enum wechat_call call, long status, const char *body)
{
    static struct wechat_answer answer;
    const struct wechat_asked asked = {.call = call,
                                       .mchid = "M",
                                       .appid = "A",
                                       .order_no = "N1",
                                       .trade_no = "T1",
                                       .refund_no = "R1"};
    wechat_answer_read(&asked, status, body, strlen(body), &answer);
    return &answer;
}

TEST(an_answer_to_another_question_is_an_alarm)
{
    static const struct {
        enum wechat_call call;
        const char *body;
    } cases[] = {
        {WECHAT_CALL_QUERY, "{\"trade_state\":7,\"mchid\":\"M\"}"},
        {WECHAT_CALL_QUERY, "{\"trade_state\":\"\",\"mchid\":\"M\"}"},
        {WECHAT_CALL_QUERY, "{\"trade_state\":\"SUCCESS\",\"mchid\":\"X\"}"},
        {WECHAT_CALL_QUERY, "{\"trade_state\":\"SUCCESS\",\"mchid\":\"M\",\"appid\":\"X\"}"},
        {WECHAT_CALL_QUERY, "{\"trade_state\":\"SUCCESS\",\"mchid\":\"M\",\"appid\":\"A\","
                            "\"out_trade_no\":\"X\"}"},
        {WECHAT_CALL_QUERY, "{\"trade_state\":\"0123456789012345678901234567890123456789012345678"
                            "9012345678901234567890123456789\"}"},
        {WECHAT_CALL_REFUND, "{\"out_refund_no\":\"R1\"}"},
        {WECHAT_CALL_REFUND, "{\"status\":\"SUCCESS\",\"out_refund_no\":\"X\"}"},
        {WECHAT_CALL_REFUND_QUERY,
         "{\"status\":\"SUCCESS\",\"out_refund_no\":\"R1\",\"out_trade_no\":\"X\"}"},
        {WECHAT_CALL_REFUND_QUERY, "{\"status\":\"SUCCESS\",\"out_refund_no\":\"R1\","
                                   "\"out_trade_no\":\"N1\",\"transaction_id\":\"X\"}"},
    };
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        const struct wechat_answer *answer = answer_of(cases[i].call, 200, cases[i].body);
        CHECK_EQ_I64(answer->result, PAY_UNKNOWN);
        CHECK(answer->alarm);
    }
}

TEST(answers_that_say_little)
{
    CHECK_EQ_I64(answer_of(WECHAT_CALL_CLOSE, 200, "{}")->result, PAY_CLOSED);
    CHECK_EQ_I64(answer_of(WECHAT_CALL_NATIVE, 200, "{\"code_url\":7}")->result, PAY_UNKNOWN);
    CHECK_EQ_I64(answer_of(WECHAT_CALL_BILL, 200, "{}")->result, PAY_UNKNOWN);
    CHECK_EQ_I64(answer_of(WECHAT_CALL_BILL, 200, "{\"hash_type\":\"MD5\"}")->result, PAY_UNKNOWN);
    CHECK_EQ_I64(answer_of(WECHAT_CALL_BILL, 200, "{\"hash_type\":\"SHA1\"}")->result, PAY_UNKNOWN);
    CHECK_EQ_I64(
        answer_of(WECHAT_CALL_BILL, 200, "{\"hash_type\":\"SHA1\",\"hash_value\":\"a\"}")->result,
        PAY_UNKNOWN);
    CHECK(!answer_of(WECHAT_CALL_BILL, 404, "{\"code\":\"OTHER\"}")->no_bill);
    CHECK(!answer_of(WECHAT_CALL_QUERY, 404, "{\"code\":\"NO_STATEMENT_EXIST\"}")->no_bill);
    CHECK_EQ_STR(answer_of(WECHAT_CALL_QUERY, 400, "{}")->code, "");
    CHECK_EQ_STR(answer_of(WECHAT_CALL_QUERY, 400,
                           "{\"code\":\"0123456789012345678901234567890123456789012345678901234567"
                           "8901234567890123456789\"}")
                     ->code,
                 "");
    CHECK(answer_of(WECHAT_CALL_QUERY, 400, "{\"code\":\"NEWS\"}")->alarm);
    CHECK(!answer_of(WECHAT_CALL_QUERY, 403, "{\"code\":\"FREQUENCY_LIMITED\"}")->alarm);
    CHECK_EQ_STR(
        answer_of(WECHAT_CALL_QUERY, 400, "{\"code\":\"X\",\"message\":\"a\\tb\xE7\x94\xB5\"}")
            ->message,
        "a b\xE7\x94\xB5");
}

/* ---- requests ---- */

TEST(bodies_and_paths_of_every_call)
{
    char body[WECHAT_BODY_SIZE];
    char path[WECHAT_PATH_SIZE];
    CHECK(wechat_path_close("SH0001", path));
    CHECK_EQ_STR(path, "/v3/pay/transactions/out-trade-no/SH0001/close");
    CHECK(wechat_body_close("M", body, sizeof(body)));
    CHECK_EQ_STR(body, "{\"mchid\":\"M\"}");
    CHECK(wechat_path_refund_query("R1", path));
    CHECK_EQ_STR(path, "/v3/refund/domestic/refunds/R1");
    struct wechat_refund refund = {.order_no = "SH0001",
                                   .refund_no = "R1",
                                   .reason = "why",
                                   .notify_url = "https://n",
                                   .refund_fen = 1,
                                   .total_fen = 2};
    CHECK(wechat_body_refund(&refund, body, sizeof(body)));
    CHECK_EQ_STR(body, "{\"out_trade_no\":\"SH0001\",\"out_refund_no\":\"R1\",\"reason\":\"why\","
                       "\"notify_url\":\"https://n\","
                       "\"amount\":{\"refund\":1,\"total\":2,\"currency\":\"CNY\"}}");
    refund.order_no = NULL; /* and no trade number either */
    CHECK(!wechat_body_refund(&refund, body, sizeof(body)));
    refund.trade_no = "T1";
    refund.total_fen = MONEY_WIRE_FEN_MAX + 1;
    CHECK(!wechat_body_refund(&refund, body, sizeof(body)));
    refund.refund_fen = 0;
    CHECK(!wechat_body_refund(&refund, body, sizeof(body)));
}

TEST(an_order_has_its_bounds)
{
    char body[WECHAT_BODY_SIZE];
    struct wechat_native order = {.appid = "A",
                                  .mchid = "M",
                                  .description = "x",
                                  .order_no = "SH0001",
                                  .expire_wall_s = NOW,
                                  .notify_url = "https://n",
                                  .amount_fen = 1};
    CHECK(wechat_body_native(&order, body, sizeof(body)));
    CHECK(strstr(body, "scene_info") == NULL);
    order.device_id = "K07"; /* whose address is not known */
    CHECK(wechat_body_native(&order, body, sizeof(body)));
    CHECK(strstr(body, "scene_info") == NULL);
    order.amount_fen = MONEY_WIRE_FEN_MAX + 1;
    CHECK(!wechat_body_native(&order, body, sizeof(body)));
    order.amount_fen = 1;
    order.description = "";
    CHECK(!wechat_body_native(&order, body, sizeof(body)));
    order.description = "\xFF";
    CHECK(!wechat_body_native(&order, body, sizeof(body)));
}

TEST(an_authorization_that_fits_nowhere)
{
    char text[WECHAT_AUTHORIZATION_SIZE];
    char long_serial[WECHAT_AUTHORIZATION_SIZE];
    memset(long_serial, 'A', sizeof(long_serial));
    long_serial[sizeof(long_serial) - 1] = '\0';
    const struct wechat_request request = {
        .method = "GET", .path = "/", .timestamp_s = INT64_MAX, .nonce = "n", .body = ""};
    struct wechat_merchant merchant = {
        .mchid = "M", .serial = long_serial, .key = vector_key("wx_merchant.pkcs8.pem", true)};
    CHECK(!wechat_authorization(&request, &merchant, text));
    merchant.serial = "A";
    CHECK(wechat_authorization(&request, &merchant, text));
    struct wechat_auth auth;
    CHECK(wechat_auth_parse(text, &auth));
    CHECK(!wechat_auth_parse("WECHATPAY2-SHA256-RSA2048 mchid=\"1", &auth));
    CHECK(str_format(text, sizeof(text), "WECHATPAY2-SHA256-RSA2048 nonce_str=\"%s",
                     long_serial + 512));
    CHECK(!wechat_auth_parse(text, &auth));
}

TEST_MAIN()
