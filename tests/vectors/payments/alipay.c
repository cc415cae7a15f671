/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "common/crypto/digest.h"
#include "common/json/json.h"
#include "common/str.h"
#include "protocol/alipay/cert_sn.h"
#include "protocol/alipay/notify.h"
#include "protocol/alipay/request.h"
#include "protocol/alipay/response.h"
#include "protocol/bill/bill.h"
#include "protocol/bill/pack.h"
#include "tests/vectors/payments/accept.h"
#include "tests/vectors/payments/run.h"

static void request_sign(const struct run *run, const json_t *in, json_t *got)
{
    struct alipay_form *form = &run->work->form;
    struct rsa_key *key = key_read(run, in_text(in, "private_key"), /* is_private= */ true);
    const char *name = NULL;
    json_t *value = NULL;
    bool ok = key != NULL;
    alipay_form_init(form);
    json_object_foreach(json_object_get(in, "params"), name, value)
    {
        ok = ok && json_is_string(value) &&
             alipay_form_put(form, name, json_string_value(value)) == OK;
    }
    struct strbuf text;
    strbuf_init(&text, run->work->scratch, sizeof(run->work->scratch));
    alipay_form_signed_text(form, ALIPAY_WITHOUT_EMPTY, &text);
    json_put_text(got, "string_to_sign", text.text);
    char sign[RSA_SIGN_TEXT_SIZE];
    if (ok &&
        alipay_request_sign(form, key, run->work->scratch, sizeof(run->work->scratch), sign)) {
        json_put_text(got, "sign", sign);
        json_put_int(got, "sign_b64_len", (int64_t)strlen(sign));
    }
    rsa_key_destroy(key);
}

static void gateway_accept(const struct run *run, const json_t *in, json_t *got)
{
    struct rsa_key *key = key_read(run, in_text(in, "public_key"), /* is_private= */ false);
    const json_t *http = json_object_get(in, "http");
    if (key == NULL) {
        return;
    }
    const struct gateway_request request = {
        .method = in_text(http, "method"),
        .target = in_text(http, "target"),
        .body = in_text(http, "body"),
    };
    const char *why = gateway_refusal(&request, key, &run->work->form, run->work->scratch,
                                      sizeof(run->work->scratch));
    json_put_flag(got, "accept", why == NULL);
    json_put_text(got, "why", why);
    rsa_key_destroy(key);
}

static void response_verify(const struct run *run, const json_t *in, json_t *got)
{
    struct rsa_key *key = key_read(run, in_text(in, "public_key"), /* is_private= */ false);
    const json_t *body = json_object_get(in, "body");
    struct alipay_response response;
    enum alipay_verdict verdict = ALIPAY_MALFORMED;
    if (key != NULL && alipay_response_read(in_text(in, "method"), json_string_value(body),
                                            json_string_length(body), &response)) {
        char hex[DIGEST_HEX_SIZE];
        verdict = alipay_response_check(&response, key);
        if (digest_hex(DIGEST_SHA256, response.signed_bytes.at, response.signed_bytes.size, hex)) {
            json_put_int(got, "signed_len", (int64_t)response.signed_bytes.size);
            json_put_text(got, "signed_sha256", hex);
        }
    }
    json_put_flag(got, "verified", verdict == ALIPAY_VERIFIED);
    json_put_text(got, "why", alipay_verdict_name(verdict));
    rsa_key_destroy(key);
}

/* What a genuine notify means for the order of the vector. */
static const char *business(const json_t *order, const struct alipay_notify *notify)
{
    if (!str_equal(notify->app_id, in_text(order, "app_id"))) {
        return "wrong_app";
    }
    if (!str_equal(notify->seller_id, in_text(order, "seller_id"))) {
        return "wrong_seller";
    }
    if (!str_equal(notify->order_no, in_text(order, "out_trade_no"))) {
        return "unknown_order";
    }
    if (notify->amount_fen != json_integer_value(json_object_get(order, "amount_fen"))) {
        return "amount_mismatch";
    }
    switch (notify->result) {
    case PAY_PAID:
        return "paid";
    case PAY_CLOSED:
        return "closed_unpaid";
    case PAY_REFUNDED:
        return "refunded";
    case PAY_PARTLY_REFUNDED:
        return "partly_refunded";
    case PAY_UNPAID:
        return "nothing";
    case PAY_UNKNOWN:
    case PAY_QR:
    case PAY_REFUSED:
    case PAY_QUERY_FIRST:
    case PAY_PAID_REFUND_SEEN:
    case PAY_NOT_EXIST:
    case PAY_CLOSE_REFUSED:
    case PAY_REFUND_PROCESSING:
    case PAY_REFUND_ABNORMAL:
    case PAY_REFUND_CLOSED:
    case PAY_REFUND_NOT_ALLOWED:
    case PAY_REFUND_LOW_BALANCE:
    case PAY_REFUND_DOUBTFUL:
    case PAY_RESULT_COUNT:
        break;
    }
    return pay_result_name(notify->result);
}

static void notify_verify(const struct run *run, const json_t *in, json_t *got)
{
    struct alipay_form *form = &run->work->form;
    struct rsa_key *key = key_read(run, in_text(in, "public_key"), /* is_private= */ false);
    const json_t *body = json_object_get(in, "body");
    enum alipay_rule rule = ALIPAY_RULE_DROP_EMPTY;
    enum alipay_verdict verdict = ALIPAY_MALFORMED;
    alipay_form_init(form);
    if (key != NULL &&
        alipay_form_parse(form, json_string_value(body), json_string_length(body)) == OK) {
        verdict =
            alipay_notify_check(form, key, run->work->scratch, sizeof(run->work->scratch), &rule);
    }
    bool verified = verdict == ALIPAY_VERIFIED;
    json_put_flag(got, "verified", verified);
    json_put_text(got, "answer", verified ? "success" : "failure");
    if (verified) {
        struct alipay_notify notify;
        alipay_notify_read(form, &notify);
        json_put_text(got, "rule", alipay_rule_name(rule));
        json_put_text(got, "business", business(json_object_get(in, "order"), &notify));
    } else {
        json_put_text(got, "why", alipay_verdict_name(verdict));
    }
    rsa_key_destroy(key);
}

static void cert_sn(const struct run *run, const json_t *in, json_t *got)
{
    (void)run;
    const char *pem = in_text(in, "pem");
    struct cert_list *list = NULL;
    if (cert_list_read(pem, strlen(pem), &list) != OK) {
        return;
    }
    char sn[ALIPAY_ROOT_SN_SIZE];
    char text[CERT_NAME_SIZE];
    char serial[CERT_SERIAL_SIZE];
    bool root = json_is_true(json_object_get(in, "root"));
    if (root ? alipay_root_cert_sn(list, sn) : alipay_cert_sn(list, sn)) {
        json_put_text(got, "sn", sn);
    }
    if (cert_issuer(list, 0, text) && cert_serial_decimal(list, 0, serial)) {
        json_put_text(got, "issuer", text);
        json_put_text(got, "serial_decimal", serial);
    }
    cert_list_destroy(list);
}

struct rows {
    json_t *rows;
    json_t *got;
};

/* [order, "pay" or "refund", fen (refunds negative), refund number] */
static void add_row(void *self, const struct bill_row *row)
{
    struct rows *rows = self;
    int64_t fen = row->kind == BILL_REFUND ? -row->fen : row->fen;
    if (json_array_size(rows->rows) == 0) {
        json_put_text(rows->got, "trade_no_first", row->trade_no);
    }
    (void)json_array_append_new(rows->rows,
                                json_pack("[s,s,I,s]", row->order_no, bill_kind_name(row->kind),
                                          (json_int_t)fen, row->refund_no));
}

static void bill(const struct run *run, const json_t *in, json_t *got)
{
    struct rows rows = {.rows = json_array(), .got = got};
    const struct bill_sink sink = {.row = add_row, .self = &rows};
    struct bill_archive archive;
    struct bill_entry entry;
    struct bill_summary summary = {0};
    size_t size = 0;
    enum bill_fault fault = BILL_NOT_PACKED;
    if (file_read(run, in, "zip_b64", &size)) {
        fault = bill_archive_details(run->work->file, size, &archive, &entry);
    }
    if (fault == BILL_OK && entry.size > sizeof(run->work->unpacked)) {
        fault = BILL_TOO_LARGE;
    }
    if (fault == BILL_OK) {
        fault =
            bill_archive_unpack(&archive, &entry, run->work->unpacked, sizeof(run->work->unpacked));
    }
    if (fault == BILL_OK) {
        fault = bill_alipay_read((const char *)run->work->unpacked, entry.size, &sink, &summary);
    }
    if (fault == BILL_OK) {
        json_put(got, "counts",
                 json_pack("[I,I]", (json_int_t)summary.payment_count,
                           (json_int_t)summary.refund_count));
        json_put(got, "rows", rows.rows);
    } else {
        json_put_text(got, "reject", bill_fault_name(fault));
        json_decref(rows.rows);
    }
}

static const char *const REQUEST_SIGN[] = {"string_to_sign", "sign", "sign_b64_len", NULL};
static const char *const GATEWAY_ACCEPT[] = {"accept", "why", NULL};
static const char *const RESPONSE_VERIFY[] = {"verified", "why", "signed_len", "signed_sha256",
                                              NULL};
static const char *const NOTIFY_VERIFY[] = {"verified", "why", "rule", "business", "answer", NULL};
static const char *const CERT_SN[] = {"sn", "issuer", "serial_decimal", NULL};
static const char *const BILL[] = {"rows", "counts", "trade_no_first", "reject", NULL};

const struct category ALIPAY_CATEGORIES[] = {
    {"alipay.request.sign", REQUEST_SIGN, request_sign},
    {"alipay.gateway.accept", GATEWAY_ACCEPT, gateway_accept},
    {"alipay.response.verify", RESPONSE_VERIFY, response_verify},
    {"alipay.notify.verify", NOTIFY_VERIFY, notify_verify},
    {"alipay.cert_sn", CERT_SN, cert_sn},
    {"alipay.bill", BILL, bill},
};
const size_t ALIPAY_CATEGORY_COUNT = ARRAY_COUNT(ALIPAY_CATEGORIES);
