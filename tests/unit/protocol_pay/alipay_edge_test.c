/* SPDX-License-Identifier: Apache-2.0 */

/* The seldom halves of Alipay's protocol: odd spellings, members of other types, full buffers. */
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>

#include "common/money.h"
#include "common/str.h"
#include "protocol/alipay/answer.h"
#include "protocol/alipay/cert_sn.h"
#include "protocol/alipay/notify.h"
#include "protocol/alipay/request.h"
#include "protocol/alipay/response.h"
#include "tests/unit/common_crypto/vector_keys.h"
#include "tests/unit/test.h"

static struct alipay_form form;

static struct alipay_slice slice_of(const char *text)
{
    return (struct alipay_slice){text, strlen(text)};
}

/* ---- scanning ---- */

static bool is_object(const char *json)
{
    struct alipay_scan scan = alipay_scan_begin(slice_of(json));
    struct alipay_member member;
    while (alipay_scan_next(&scan, &member)) {
    }
    bool ok = alipay_scan_ok(&scan);
    CHECK(!alipay_scan_next(&scan, &member)); /* an end stays one */
    return ok;
}

TEST(only_a_whole_object_is_one)
{
    CHECK(is_object("{}"));
    CHECK(is_object("{ \t\r\n\"a\" : [1,{\"b\":\"]\"}] ,\"c\":true }"));
    static const char *const wrong[] = {"",
                                        "{",
                                        "{\"a\"}",
                                        "{\"a\" 1}",
                                        "{\"a\":}",
                                        "{\"a\":[",
                                        "{\"a\":[}",
                                        "{\"a\":{]}",
                                        "{\"a\":\"x}",
                                        "{\"a\":\"x\\",
                                        "{\"a\":1,}",
                                        "{,\"a\":1}",
                                        "{\"a\":1}{}",
                                        "{\"a\\u0062\":1}",
                                        "{\"a\":?}",
                                        "{\"a\":[\"x]}"};
    for (size_t i = 0; i < ARRAY_COUNT(wrong); i++) {
        if (is_object(wrong[i])) {
            TEST_FAIL("%s was taken", wrong[i]);
        }
    }
    CHECK(is_object("{\"\":1}")); /* an empty name is a name */
    struct alipay_scan zero = alipay_scan_begin((struct alipay_slice){"{\0}", 3});
    struct alipay_member member;
    CHECK(!alipay_scan_next(&zero, &member) && !alipay_scan_ok(&zero));
    struct alipay_scan word = alipay_scan_begin((struct alipay_slice){"{\"a\":1\0}", 8});
    CHECK(alipay_scan_next(&word, &member) && !alipay_scan_next(&word, &member));
    CHECK(!alipay_scan_ok(&word));
}

TEST(an_object_has_256_members_at_most)
{
    static char many[16 * (ALIPAY_SCAN_MEMBERS_MAX + 2)];
    struct strbuf text;
    strbuf_init(&text, many, sizeof(many));
    strbuf_add_char(&text, '{');
    for (int i = 0; i < ALIPAY_SCAN_MEMBERS_MAX; i++) {
        strbuf_addf(&text, "%s\"m%d\":1", i > 0 ? "," : "", i);
    }
    strbuf_add_char(&text, '}');
    CHECK(!text.failed && is_object(many));
    many[text.len - 1] = '\0';
    text.len -= 1;
    strbuf_add(&text, ",\"m\":1}");
    CHECK(!text.failed && !is_object(many));
}

static bool reads(const char *literal, const char *wanted)
{
    char text[16] = "before";
    bool ok = alipay_scan_text(slice_of(literal), text, sizeof(text));
    CHECK_EQ_STR(text, wanted == NULL ? "" : wanted);
    return ok;
}

TEST(escapes_of_plain_characters_only)
{
    CHECK(reads("\"\\u002f\\u004A\\u005a\"", "/JZ"));
    CHECK(reads("\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"", "\"\\/\b\f\n\r\t"));
    static const char *const wrong[] = {
        "\"\\u0080\"", "\"\\u00g0\"", "\"\\u000g\"", "\"\\u00/0\"", "\"\\u00`0\"",
        "\"\\u0000\"", "\"\\u0141\"", "\"\\u1041\"", "\"\\u004\"",  "\"\\x41\"",
        "\"\\\"",      "\"",          "x\"",         "\"x",         "",
        "\"\\u00G0\"", "\"\\u00:0\""};
    for (size_t i = 0; i < ARRAY_COUNT(wrong); i++) {
        CHECK(!reads(wrong[i], NULL));
    }
    char text[8];
    CHECK(!alipay_scan_text((struct alipay_slice){"\"\\\0\"", 4}, text, sizeof(text)));
}

/* ---- responses ---- */

static bool response(const char *body)
{
    struct alipay_response ret;
    return alipay_response_read("alipay.trade.query", body, strlen(body), &ret);
}

TEST(a_response_has_each_member_once)
{
#define QUERY "\"alipay_trade_query_response\":{}"
    CHECK(response("{" QUERY ",\"sign\":\"x\"}"));
    CHECK(response("{\"error_response\":{},\"sign\":\"x\"}"));
    CHECK(!response("{" QUERY "," QUERY ",\"sign\":\"x\"}"));
    CHECK(!response("{" QUERY "," QUERY ",\"sign\":\"x\",\"sign\":\"x\"}"));
    CHECK(!response("{\"error_response\":{},\"error_response\":{},\"sign\":\"x\"}"));
    CHECK(!response("{\"sign\":\"x\",\"sign\":\"x\",\"error_response\":{}}"));
    CHECK(!response("{" QUERY ",\"alipay_cert_sn\":\"a\",\"alipay_cert_sn\":\"a\"}"));
    CHECK(!response("{\"sign\":\"x\",\"sign\":\"x\",\"alipay_cert_sn\":\"a\"," QUERY "}"));
    CHECK(!response("{" QUERY ",\"alipay_cert_sn\":7,\"sign\":\"x\"}"));
    char method[2 * ALIPAY_METHOD_SIZE];
    memset(method, 'a', sizeof(method));
    method[sizeof(method) - 1] = '\0';
    struct alipay_response ret;
    CHECK(!alipay_response_read(method, "{}", 2, &ret));
}

TEST(an_answer_to_an_unknown_trade_is_unknown)
{
    static const struct {
        enum alipay_call call;
        const char *text;
        enum pay_result result;
    } cases[] = {
        {ALIPAY_CALL_QUERY, "{\"code\":\"10000\",\"out_trade_no\":\"N1\"}", PAY_UNKNOWN},
        {ALIPAY_CALL_QUERY, "{\"code\":\"10000\",\"out_trade_no\":\"N1\",\"trade_status\":7}",
         PAY_UNKNOWN},
        {ALIPAY_CALL_QUERY,
         "{\"code\":\"10000\",\"out_trade_no\":\"N1\",\"trade_status\":\"TRADE_CLOSED\","
         "\"gmt_payment\":\"2026\"}",
         PAY_REFUNDED},
        {ALIPAY_CALL_QUERY,
         "{\"code\":\"10000\",\"out_trade_no\":\"N1\",\"trade_status\":\"TRADE_CLOSED\","
         "\"gmt_refund_pay\":\"2026\"}",
         PAY_REFUNDED},
        {ALIPAY_CALL_QUERY,
         "{\"code\":\"10000\",\"out_trade_no\":\"N1\",\"trade_status\":\"TRADE_CLOSED\","
         "\"refund_fee\":\"0.01\"}",
         PAY_REFUNDED},
        {ALIPAY_CALL_QUERY,
         "{\"code\":\"10000\",\"out_trade_no\":\"N1\",\"trade_status\":\"TRADE_CLOSED\","
         "\"send_pay_date\":7}",
         PAY_CLOSED},
        {ALIPAY_CALL_PRECREATE, "{\"code\":\"10000\",\"out_trade_no\":\"N1\"}", PAY_UNKNOWN},
        {ALIPAY_CALL_REFUND_QUERY,
         "{\"code\":\"10000\",\"out_trade_no\":\"N1\",\"out_request_no\":\"N1R1\","
         "\"refund_status\":\"\",\"refund_amount\":\"1.00\"}",
         PAY_REFUNDED},
    };
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        const struct alipay_asked asked = {
            .call = cases[i].call, .order_no = "N1", .refund_no = "N1R1"};
        struct alipay_answer answer;
        alipay_answer_read(&asked, slice_of(cases[i].text), &answer);
        CHECK_EQ_STR(pay_result_name(answer.result), pay_result_name(cases[i].result));
    }
}

TEST(a_certificate_is_asked_for_by_its_number)
{
    const struct alipay_asked asked = {.call = ALIPAY_CALL_CERT};
    struct alipay_answer answer;
    alipay_answer_read(&asked, slice_of("{\"code\":\"10000\",\"alipay_cert_content\":\"LS0=\"}"),
                       &answer);
    CHECK_EQ_I64(answer.result, PAY_QR);
    alipay_answer_read(&asked, slice_of("{\"code\":\"10000\",\"alipay_cert_content\":\"\"}"),
                       &answer);
    CHECK_EQ_I64(answer.result, PAY_UNKNOWN);
    const struct alipay_asked bill = {.call = ALIPAY_CALL_BILL};
    alipay_answer_read(&bill, slice_of("{\"code\":\"10000\"}"), &answer);
    CHECK_EQ_I64(answer.result, PAY_UNKNOWN);
}

TEST(an_amount_that_is_no_text_is_no_amount)
{
    const struct alipay_asked asked = {.call = ALIPAY_CALL_QUERY, .order_no = "N1"};
    struct alipay_answer answer;
    alipay_answer_read(&asked,
                       slice_of("{\"code\":\"10000\",\"out_trade_no\":\"N1\",\"trade_status\":"
                                "\"TRADE_SUCCESS\",\"total_amount\":\"1.\\u4e00\"}"),
                       &answer);
    CHECK_EQ_I64(answer.result, PAY_PAID);
    CHECK_EQ_I64(answer.amount_fen, -1);
}

TEST(every_call_has_its_method)
{
    CHECK_EQ_STR(alipay_call_method(ALIPAY_CALL_QUERY), "alipay.trade.query");
    for (int call = 0; call < ALIPAY_CALL_COUNT; call++) {
        CHECK(str_starts_with(alipay_call_method((enum alipay_call)call), "alipay."));
    }
}

/* ---- forms ---- */

static enum err parse(const char *text)
{
    alipay_form_init(&form);
    return alipay_form_parse(&form, text, strlen(text));
}

TEST(percent_signs_in_either_case)
{
    char text[16];
    CHECK_EQ_I64(parse("a=%4a%4A%c3%BF"), OK);
    CHECK(alipay_form_text(&form, "a", text, sizeof(text)));
    CHECK_EQ_STR(text, "JJ\xC3\xBF");
    static const char *const wrong[] = {"a=%g0", "a=%`0", "a=%@0", "a=%/0", "a=%:0",
                                        "a=%0g", "%=1",   "%4=1",  "%xx=1", "a=%G0"};
    for (size_t i = 0; i < ARRAY_COUNT(wrong); i++) {
        CHECK_EQ_I64(parse(wrong[i]), ERR_FORMAT);
    }
}

TEST(a_full_form_takes_no_more)
{
    static char long_text[sizeof(form.text) + 1];
    memset(long_text, 'x', sizeof(long_text) - 1);
    alipay_form_init(&form);
    CHECK_EQ_I64(alipay_form_put(&form, "a", long_text), ERR_FULL);
    alipay_form_init(&form);
    long_text[sizeof(form.text) - 3] = '\0'; /* "a", its NUL, the value, its NUL */
    CHECK_EQ_I64(alipay_form_put(&form, "a", long_text), OK);
    CHECK_EQ_I64(alipay_form_put(&form, "b", ""), ERR_FULL);
    long_text[0] = 'a';
    long_text[1] = '=';
    memset(long_text + 2, 'x', sizeof(form.text) - 2);
    long_text[sizeof(form.text)] = '\0';
    CHECK_EQ_I64(parse(long_text), ERR_FULL); /* no room for the value's NUL */
    static char scratch[64];
    struct alipay_param zero = {"a", 1, "\0", 1};
    struct strbuf out;
    strbuf_init(&out, scratch, sizeof(scratch));
    alipay_form_encode(&zero, &out);
    CHECK_EQ_STR(scratch, "a=%00");
}

TEST(a_notify_without_a_readable_state_is_unknown)
{
    struct alipay_notify notify;
    CHECK_EQ_I64(parse("trade_status=TRADE_SUCCESS%00&refund_fee=&total_amount=1.00"), OK);
    alipay_notify_read(&form, &notify);
    CHECK_EQ_I64(notify.result, PAY_UNKNOWN);
    CHECK_EQ_I64(parse("trade_status=TRADE_SUCCESS&gmt_refund=&total_amount=1.00"), OK);
    alipay_notify_read(&form, &notify);
    CHECK_EQ_I64(notify.result, PAY_PAID);
}

TEST(a_notify_too_long_for_the_scratch_is_not_verified)
{
    char scratch[8];
    enum alipay_rule rule = ALIPAY_RULE_COUNT;
    CHECK_EQ_I64(parse("a=123456789&sign_type=RSA2&sign=AAAA"), OK);
    CHECK_EQ_I64(alipay_notify_check(&form, vector_key("alipay_platform.pub.pem", false), scratch,
                                     sizeof(scratch), &rule),
                 ALIPAY_BAD_SIGNATURE);
    CHECK_EQ_I64(rule, ALIPAY_RULE_COUNT);
}

/* ---- requests ---- */

TEST(the_biz_contents_of_every_call)
{
    char biz[ALIPAY_BIZ_SIZE];
    CHECK(alipay_biz_order("SH1", biz, sizeof(biz)));
    CHECK_EQ_STR(biz, "{\"out_trade_no\":\"SH1\"}");
    CHECK(alipay_biz_trade("T1", biz, sizeof(biz)));
    CHECK_EQ_STR(biz, "{\"trade_no\":\"T1\"}");
    CHECK(!alipay_biz_trade("T1", biz, 8));
    CHECK(alipay_biz_bill("2026-11-19", biz, sizeof(biz)));
    CHECK_EQ_STR(biz, "{\"bill_type\":\"trade\",\"bill_date\":\"2026-11-19\"}");
    CHECK(alipay_biz_cert("ab12", biz, sizeof(biz)));
    CHECK_EQ_STR(biz, "{\"alipay_cert_sn\":\"ab12\"}");
    struct alipay_refund refund = {
        .order_no = "SH1", .refund_no = "R1", .refund_fen = 7, .reason = "why"};
    CHECK(alipay_biz_refund(&refund, biz, sizeof(biz)));
    CHECK_EQ_STR(biz, "{\"out_trade_no\":\"SH1\",\"out_request_no\":\"R1\","
                      "\"refund_amount\":\"0.07\",\"refund_reason\":\"why\"}");
    CHECK(alipay_biz_refund_query(&refund, biz, sizeof(biz)));
    CHECK_EQ_STR(biz, "{\"out_trade_no\":\"SH1\",\"out_request_no\":\"R1\"}");
    refund.refund_fen = 0;
    CHECK(!alipay_biz_refund(&refund, biz, sizeof(biz)));
}

TEST(an_order_has_its_bounds)
{
    char biz[ALIPAY_BIZ_SIZE];
    char subject[ALIPAY_SUBJECT_SIZE + 1];
    struct alipay_precreate order = {
        .order_no = "SH1", .amount_fen = 10, .subject = "x", .expire_minutes = 1};
    CHECK(alipay_biz_precreate(&order, biz, sizeof(biz)));
    CHECK(strstr(biz, "terminal_id") == NULL);
    order.expire_minutes = 120;
    CHECK(alipay_biz_precreate(&order, biz, sizeof(biz)));
    order.expire_minutes = 121;
    CHECK(!alipay_biz_precreate(&order, biz, sizeof(biz)));
    order.expire_minutes = 0;
    CHECK(!alipay_biz_precreate(&order, biz, sizeof(biz)));
    order.expire_minutes = 1;
    memset(subject, 'x', sizeof(subject));
    subject[ALIPAY_SUBJECT_SIZE] = '\0';
    order.subject = subject;
    CHECK(!alipay_biz_precreate(&order, biz, sizeof(biz)));
}

TEST(what_does_not_fit_is_not_signed_nor_sent)
{
    static struct alipay_wire wire;
    static char large[ALIPAY_FORM_SIZE_MAX + 1024];
    char scratch[16];
    char sign[RSA_SIGN_TEXT_SIZE];
    const struct rsa_key *key = vector_key("alipay_app.pkcs8.pem", true);
    const struct alipay_app app = {.app_id = "2021", .key = key};
    struct alipay_request request = {
        .method = "alipay.trade.query", .timestamp = "now", .biz_content = large};
    memset(large, 'x', sizeof(large) - 1);
    CHECK(!alipay_request_fill(&form, &app, &request));
    large[ALIPAY_BODY_SIZE] = '\0';
    CHECK(alipay_request_fill(&form, &app, &request));
    CHECK(!alipay_request_encode(&form, "sign", &wire)); /* the body */
    CHECK(!alipay_request_sign(&form, key, scratch, sizeof(scratch), sign));
    large[ALIPAY_QUERY_SIZE] = '\0';
    request.method = large;
    request.biz_content = "{}";
    CHECK(alipay_request_fill(&form, &app, &request));
    CHECK(!alipay_request_encode(&form, "sign", &wire)); /* the query */
}

/* ---- certificates ---- */

TEST(numbers_of_certificates)
{
    struct cert_list *list = NULL;
    char sn[CERT_SN_SIZE];
    char root_sn[ALIPAY_ROOT_SN_SIZE];
    const char *bundle = vector_key_text("alipay_root_bundle.crt");
    CHECK_EQ_I64(cert_list_read(bundle, strlen(bundle), &list), OK);
    CHECK(alipay_cert_sn(list, sn));
    CHECK(alipay_root_cert_sn(list, root_sn));
    CHECK(str_starts_with(root_sn, sn)); /* the first of its RSA certificates */
    CHECK_EQ_U64(strlen(root_sn), 2 * (CERT_SN_SIZE - 1) + 1);
    cert_list_destroy(list);
}

/* A certificate whose issuer is longer than any that we can compute a number of. */
static struct cert_list *long_winded(void)
{
    static char pem[16384];
    struct cert_list *list = NULL;
    X509 *cert = X509_new();
    X509_NAME *issuer = X509_NAME_new();
    EVP_PKEY *key = EVP_RSA_gen(2048);
    BIO *out = BIO_new(BIO_s_mem());
    for (int i = 0; i < 20; i++) {
        CHECK(
            X509_NAME_add_entry_by_txt(
                issuer, "O", MBSTRING_ASC,
                (const uint8_t *)"0123456789012345678901234567890123456789012345678901234567890123",
                -1, -1, 0) == 1);
    }
    CHECK(ASN1_INTEGER_set(X509_get_serialNumber(cert), 7) == 1);
    CHECK(X509_gmtime_adj(X509_getm_notBefore(cert), 0) != NULL);
    CHECK(X509_gmtime_adj(X509_getm_notAfter(cert), 86400) != NULL);
    CHECK(X509_set_issuer_name(cert, issuer) == 1 && X509_set_pubkey(cert, key) == 1);
    CHECK(X509_sign(cert, key, EVP_sha256()) > 0 && PEM_write_bio_X509(out, cert) == 1);
    int size = BIO_read(out, pem, sizeof(pem));
    CHECK(size > 0 && (size_t)size < sizeof(pem));
    CHECK_EQ_I64(cert_list_read(pem, (size_t)size, &list), OK);
    X509_free(cert);
    X509_NAME_free(issuer);
    EVP_PKEY_free(key);
    BIO_free(out);
    return list;
}

TEST(certificates_without_a_number_of_ours)
{
    struct cert_list *list = long_winded();
    char sn[CERT_SN_SIZE];
    char root_sn[ALIPAY_ROOT_SN_SIZE];
    CHECK(cert_is_rsa_signed(list, 0));
    CHECK(!alipay_cert_sn(list, sn));
    CHECK(!alipay_root_cert_sn(list, root_sn));
    cert_list_destroy(list);
    const char *bundle = vector_key_text("alipay_root_bundle.crt");
    const char *second = strstr(bundle + 1, "-----BEGIN"); /* ECDSA: none that counts */
    const char *third = strstr(second + 1, "-----BEGIN");
    CHECK_EQ_I64(cert_list_read(second, (size_t)(third - second), &list), OK);
    CHECK(!alipay_root_cert_sn(list, root_sn));
    cert_list_destroy(list);
}

TEST_MAIN()
