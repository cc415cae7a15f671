/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "common/crypto/base64.h"
#include "common/crypto/digest.h"
#include "common/crypto/gcm.h"
#include "common/json/json.h"
#include "common/str.h"
#include "protocol/bill/bill.h"
#include "protocol/bill/pack.h"
#include "protocol/wechat/certificates.h"
#include "protocol/wechat/notify.h"
#include "protocol/wechat/sign.h"
#include "protocol/wechat/verify.h"
#include "tests/vectors/payments/run.h"

static void request_sign(const struct run *run, const json_t *in, json_t *got)
{
    struct rsa_key *key = key_read(run, in_text(in, "private_key"), /* is_private= */ true);
    const struct wechat_request request = {
        .method = in_text(in, "method"),
        .path = in_text(in, "url"),
        .timestamp_s = json_integer_value(json_object_get(in, "timestamp")),
        .nonce = in_text(in, "nonce"),
        .body = in_text(in, "body"),
    };
    struct strbuf message;
    strbuf_init(&message, run->work->scratch, sizeof(run->work->scratch));
    wechat_request_message(&request, &message);
    json_put_text(got, "message", message.text);
    const struct wechat_merchant merchant = {
        .mchid = in_text(in, "mchid"), .serial = in_text(in, "serial_no"), .key = key};
    char signature[RSA_SIGN_TEXT_SIZE];
    char authorization[WECHAT_AUTHORIZATION_SIZE];
    if (key != NULL && wechat_request_sign(&request, key, signature) &&
        wechat_authorization(&request, &merchant, authorization)) {
        json_put_text(got, "signature", signature);
        json_put_text(got, "authorization_example", authorization);
    }
    rsa_key_destroy(key);
}

static void auth_parse(const struct run *run, const json_t *in, json_t *got)
{
    (void)run;
    struct wechat_auth auth;
    bool ok = wechat_auth_parse(in_text(in, "authorization"), &auth);
    json_put_flag(got, "ok", ok);
    if (ok) {
        json_put_text(got, "mchid", auth.mchid);
        json_put_text(got, "nonce_str", auth.nonce);
        json_put_text(got, "timestamp", auth.timestamp);
        json_put_text(got, "serial_no", auth.serial);
        json_put_text(got, "signature", auth.signature);
    }
}

/* The four headers of a vector, found without regard to case. An array is a repeated header. */
static struct wechat_headers headers_of(const json_t *in)
{
    struct wechat_headers headers = {0};
    struct {
        const char *name;
        const char **text;
    } const wanted[] = {
        {"wechatpay-timestamp", &headers.timestamp},
        {"wechatpay-nonce", &headers.nonce},
        {"wechatpay-serial", &headers.serial},
        {"wechatpay-signature", &headers.signature},
    };
    const char *name = NULL;
    json_t *value = NULL;
    json_object_foreach(json_object_get(in, "headers"), name, value)
    {
        for (size_t i = 0; i < ARRAY_COUNT(wanted); i++) {
            if (!wechat_serial_equal(name, wanted[i].name)) {
                continue;
            }
            headers.repeated =
                headers.repeated || *wanted[i].text != NULL || json_array_size(value) > 1;
            json_t *one = json_is_array(value) ? json_array_get(value, 0) : value;
            *wanted[i].text = json_string_value(one);
        }
    }
    return headers;
}

static enum wechat_verdict verify(const struct run *run, const json_t *in)
{
    struct key_map map;
    const json_t *body = json_object_get(in, "body");
    struct wechat_headers headers = headers_of(in);
    key_map_read(run, in, &map);
    struct wechat_keys keys = key_map_find(&map);
    enum wechat_verdict verdict =
        wechat_verify(&headers, json_string_value(body), json_string_length(body), &keys,
                      json_integer_value(json_object_get(in, "now")));
    key_map_finish(&map);
    return verdict;
}

static void response_verify(const struct run *run, const json_t *in, json_t *got)
{
    enum wechat_verdict verdict = verify(run, in);
    json_put_flag(got, "verified", verdict == WECHAT_VERIFIED);
    json_put_text(got, "why", wechat_verdict_name(verdict));
}

static struct wechat_apiv3 apiv3_of(const json_t *in, const char *name)
{
    struct wechat_apiv3 apiv3 = {0};
    const char *key = in_text(in, name);
    if (strlen(key) == WECHAT_APIV3_KEY_SIZE) {
        memcpy(apiv3.keys[0], key, WECHAT_APIV3_KEY_SIZE);
        apiv3.count = 1;
    }
    return apiv3;
}

/* What a genuine notify means for the order of the vector. */
static const char *business(const json_t *order, const struct wechat_trade *trade)
{
    if (!str_equal(trade->mchid, in_text(order, "mchid"))) {
        return "wrong_merchant";
    }
    if (trade->appid[0] != '\0' && !str_equal(trade->appid, in_text(order, "appid"))) {
        return "wrong_app";
    }
    if (!str_equal(trade->order_no, in_text(order, "out_trade_no"))) {
        return "unknown_order";
    }
    if (trade->refund_no[0] != '\0' &&
        !str_equal(trade->refund_no, in_text(order, "out_refund_no"))) {
        return "unknown_refund";
    }
    int64_t amount = json_integer_value(json_object_get(order, "amount_fen"));
    bool refund = trade->refund_no[0] != '\0';
    if (trade->amount_fen != amount || !trade->currency_ok ||
        (refund && trade->refunded_fen != amount)) {
        return "amount_mismatch";
    }
    return pay_result_name(trade->result);
}

static void notify(const struct run *run, const json_t *in, json_t *got)
{
    const json_t *body = json_object_get(in, "body");
    enum wechat_verdict verdict = verify(run, in);
    bool verified = verdict == WECHAT_VERIFIED;
    json_put_flag(got, "verified", verified);
    if (!verified) {
        json_put_text(got, "why", wechat_verdict_name(verdict));
        json_put_int(got, "http_status", 401);
        return;
    }
    struct wechat_apiv3 apiv3 = apiv3_of(in, "apiv3_key");
    struct wechat_trade trade;
    enum wechat_opened opened = wechat_notify_open(
        json_string_value(body), json_string_length(body), &apiv3, &run->work->box, &trade);
    json_put_flag(got, "decrypted", opened == WECHAT_OPENED);
    json_put_int(got, "http_status", opened == WECHAT_OPENED ? 200 : 500);
    if (opened == WECHAT_OPENED) {
        json_put_text(got, "business", business(json_object_get(in, "order"), &trade));
    } else {
        json_put_text(got, "why", wechat_opened_name(opened));
    }
}

static void gcm(const struct run *run, const json_t *in, json_t *got)
{
    const char *key = in_text(in, "key");
    const char *nonce = in_text(in, "nonce");
    const char *aad = in_text(in, "aad");
    struct gcm_box box = {
        .key = (const uint8_t *)key,
        .nonce = (const uint8_t *)nonce,
        .nonce_size = strlen(nonce),
        .aad = (const uint8_t *)aad,
        .aad_size = strlen(aad),
        .sealed = run->work->file,
    };
    uint8_t *plain = run->work->unpacked;
    size_t size = 0;
    bool ok = strlen(key) == GCM_KEY_SIZE && file_read(run, in, "ciphertext", &box.sealed_size) &&
              gcm_open(&box, plain, sizeof(run->work->unpacked), &size);
    json_put(got, "plaintext", ok ? json_stringn((const char *)plain, size) : json_null());
}

static void certificates(const struct run *run, const json_t *in, json_t *got)
{
    const json_t *body = json_object_get(in, "body");
    struct wechat_apiv3 apiv3 = apiv3_of(in, "apiv3_key");
    int64_t now_s = json_integer_value(json_object_get(in, "now"));
    struct wechat_certificate_list list;
    json_t *serials = json_array();
    enum wechat_certificates_fault fault = wechat_certificates_read(
        json_string_value(body), json_string_length(body), &apiv3, now_s, &run->work->box, &list);
    const char *reject = wechat_certificates_fault_name(fault);
    if (fault == WECHAT_CERTIFICATES_OK) {
        struct key_map map = {.count = list.count};
        for (size_t i = 0; i < list.count; i++) {
            map.serials[i] = list.items[i].serial;
            map.keys[i] = list.items[i].key;
        }
        struct wechat_headers headers = headers_of(in);
        struct wechat_keys keys = key_map_find(&map);
        enum wechat_verdict verdict = wechat_verify(&headers, json_string_value(body),
                                                    json_string_length(body), &keys, now_s);
        for (size_t i = 0; verdict == WECHAT_VERIFIED && i < list.count; i++) {
            (void)json_array_append_new(serials, json_string(list.items[i].serial));
        }
        json_put_flag(got, "verified", verdict == WECHAT_VERIFIED);
        reject = verdict == WECHAT_VERIFIED ? NULL : wechat_verdict_name(verdict);
        wechat_certificates_finish(&list);
    }
    json_put(got, "serials", serials);
    json_put_text(got, "reject", reject);
}

/* [order, state, fen, refund number] */
static void add_row(void *self, const struct bill_row *row)
{
    static const char *const states[BILL_KIND_COUNT] = {
        [BILL_PAYMENT] = "SUCCESS", [BILL_REFUND] = "REFUND", [BILL_REVOKED] = "REVOKED"};
    json_t *rows = self;
    (void)json_array_append_new(rows, json_pack("[s,s,I,s]", row->order_no, states[row->kind],
                                                (json_int_t)row->fen, row->refund_no));
}

static void bill(const struct run *run, const json_t *in, json_t *got)
{
    char hex[DIGEST_HEX_SIZE];
    size_t packed_size = 0;
    size_t size = 0;
    enum bill_fault fault = BILL_NOT_PACKED;
    if (file_read(run, in, "gzip_b64", &packed_size)) {
        fault = bill_gunzip(run->work->file, packed_size, run->work->unpacked,
                            sizeof(run->work->unpacked), &size);
    }
    bool hash_ok = fault == BILL_OK && str_equal(in_text(in, "hash_type"), "SHA1") &&
                   digest_hex(DIGEST_SHA1, run->work->unpacked, size, hex) &&
                   wechat_serial_equal(hex, in_text(in, "hash_value"));
    json_put_flag(got, "hash_ok", hash_ok);
    json_t *rows = json_array();
    const struct bill_sink sink = {.row = add_row, .self = rows};
    struct bill_summary summary = {0};
    if (hash_ok) {
        fault = bill_wechat_read((const char *)run->work->unpacked, size, &sink, &summary);
    }
    if (hash_ok && fault == BILL_OK) {
        json_put_int(got, "summary_count", (int64_t)summary.total_count);
        json_put(got, "rows", rows);
    } else {
        json_put_text(got, "reject", hash_ok ? bill_fault_name(fault) : "hash");
        json_decref(rows);
    }
}

static const char *const REQUEST_SIGN[] = {"message", "signature", "authorization_example", NULL};
static const char *const AUTH_PARSE[] = {"ok",        "mchid",     "nonce_str", "timestamp",
                                         "serial_no", "signature", NULL};
static const char *const RESPONSE_VERIFY[] = {"verified", "why", NULL};
static const char *const NOTIFY[] = {"verified", "why",         "decrypted",
                                     "business", "http_status", NULL};
static const char *const GCM[] = {"plaintext", NULL};
static const char *const CERTIFICATES[] = {"serials", "reject", "verified", NULL};
static const char *const BILL[] = {"hash_ok", "rows", "summary_count", "reject", NULL};

const struct category WECHAT_CATEGORIES[] = {
    {"wechat.request.sign", REQUEST_SIGN, request_sign},
    {"wechat.auth.parse", AUTH_PARSE, auth_parse},
    {"wechat.response.verify", RESPONSE_VERIFY, response_verify},
    {"wechat.notify", NOTIFY, notify},
    {"wechat.gcm", GCM, gcm},
    {"wechat.certificates", CERTIFICATES, certificates},
    {"wechat.bill", BILL, bill},
};
const size_t WECHAT_CATEGORY_COUNT = ARRAY_COUNT(WECHAT_CATEGORIES);
