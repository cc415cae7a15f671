/* SPDX-License-Identifier: Apache-2.0 */
#include "cloud/auditor/words.h"

#include <stdlib.h>
#include <string.h>

#include "common/crypto/base64.h"
#include "common/crypto/gcm.h"
#include "common/json/json.h"
#include "common/money.h"
#include "common/str.h"
#include "common/text/text.h"

enum { BODY_SIZE_MAX = 256 * 1024, VALUE_SIZE = 64, NONCE_SIZE = 64 };

static const char *text_at(const json_t *object, const char *name)
{
    const char *text = json_string_value(json_object_get(object, name));
    return text != NULL ? text : "";
}

static void copy_at(const json_t *object, const char *name, char ret_text[WORDS_NUMBER_SIZE])
{
    str_format_cut(ret_text, WORDS_NUMBER_SIZE, "%s", text_at(object, name));
}

static int64_t yuan(const char *text)
{
    struct money money;
    const bool good = money_parse_yuan(text, strlen(text), /* allow_negative= */ false, &money);
    return good ? money.fen : -1;
}

static int64_t fen_at(const json_t *object, const char *name)
{
    const json_t *value = json_object_get(object, name);
    return json_is_integer(value) ? json_integer_value(value) : -1;
}

static bool is_source(const struct words_message *message, const char *source)
{
    return str_equal(message->source, source);
}

/* ---- Alipay: answers ---- */

static bool is_paid_word(const char *status)
{
    return str_equal(status, "TRADE_SUCCESS") || str_equal(status, "TRADE_FINISHED");
}

/* The one member that is an answer; its name ends in "_response". */
static const json_t *answer_in(json_t *root)
{
    const char *name = NULL;
    json_t *value = NULL;
    json_object_foreach(root, name, value)
    {
        const size_t size = strlen(name);
        if (json_is_object(value) && size > 9 && str_equal(name + size - 9, "_response")) {
            return value;
        }
    }
    return NULL;
}

static void read_alipay_refund(const struct words_message *message, const json_t *answer,
                               struct words *words)
{
    const bool query = is_source(message, "refund_query");
    const char *status = text_at(answer, "refund_status");
    copy_at(answer, "out_request_no", words->refund_no);
    words->refund_fen = yuan(text_at(answer, query ? "refund_amount" : "refund_fee"));
    if (query && words->refund_fen < 0) {
        return; /* a query without an amount: no such refund */
    }
    const bool moved = str_equal(text_at(answer, "fund_change"), "Y");
    if (query ? status[0] == '\0' || str_equal(status, "REFUND_SUCCESS") : moved) {
        words->said = WORDS_REFUNDED;
    }
}

static void read_alipay_answer(const struct words_message *message, json_t *root,
                               struct words *words)
{
    const json_t *answer = answer_in(root);
    words->said = answer == NULL ? WORDS_UNREADABLE : WORDS_OTHER;
    if (answer == NULL || !str_equal(text_at(answer, "code"), "10000")) {
        return;
    }
    copy_at(answer, "out_trade_no", words->order_no);
    copy_at(answer, "trade_no", words->trade_no);
    words->fen = yuan(text_at(answer, "total_amount"));
    if (is_source(message, "refund") || is_source(message, "refund_query")) {
        read_alipay_refund(message, answer, words);
    } else if (is_paid_word(text_at(answer, "trade_status"))) {
        words->said = WORDS_PAID;
    } else if (str_equal(text_at(answer, "trade_status"), "TRADE_CLOSED") && words->fen > 0 &&
               text_at(answer, "send_pay_date")[0] != '\0') {
        words->said = WORDS_REFUNDED; /* closed after it had been paid */
    }
}

/* ---- Alipay: notices ---- */

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    if (c >= 'A' && c <= 'F') {
        return c - 'A' + 10;
    }
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* The value of a form's field, decoded and cut; "" if it is not there. */
static void form_value(const struct words_message *message, const char *name,
                       char ret_text[WORDS_NUMBER_SIZE])
{
    const char *form = (const char *)message->body;
    const size_t name_size = strlen(name);
    size_t at = 0;
    size_t out = 0;
    ret_text[0] = '\0';
    while (at < message->size &&
           !(message->size - at > name_size && memcmp(form + at, name, name_size) == 0 &&
             form[at + name_size] == '=')) {
        const char *next = memchr(form + at, '&', message->size - at);
        at = next != NULL ? (size_t)(next - form) + 1 : message->size;
    }
    for (at += name_size + 1; at < message->size && form[at] != '&'; at++) {
        char c = form[at];
        if (c == '+') {
            c = ' ';
        } else if (c == '%' && message->size - at > 2) {
            const int high = hex_digit(form[at + 1]);
            const int low = hex_digit(form[at + 2]);
            c = '?'; /* numbers are ASCII; what is not need not be read */
            if (high >= 0 && high < 8 && low >= 0) {
                c = (char)(high * 16 + low);
            }
            at += 2;
        }
        if (out + 1 < WORDS_NUMBER_SIZE) {
            ret_text[out] = c;
            out += 1;
            ret_text[out] = '\0';
        }
    }
}

static void read_alipay_notice(const struct words_message *message, struct words *words)
{
    char status[WORDS_NUMBER_SIZE];
    char value[WORDS_NUMBER_SIZE];
    form_value(message, "trade_status", status);
    form_value(message, "out_trade_no", words->order_no);
    form_value(message, "trade_no", words->trade_no);
    form_value(message, "app_id", words->merchant);
    form_value(message, "total_amount", value);
    words->fen = yuan(value);
    form_value(message, "refund_fee", value);
    words->refund_fen = value[0] != '\0' ? yuan(value) : -1;
    form_value(message, "out_biz_no", words->refund_no);
    if (status[0] == '\0') {
        words->said = WORDS_UNREADABLE;
    } else if (words->refund_fen > 0) {
        words->said = WORDS_REFUNDED;
    } else if (is_paid_word(status)) {
        words->said = WORDS_PAID;
    }
}

/* ---- WeChat ---- */

static void read_wechat_object(const json_t *object, struct words *words)
{
    const json_t *amount = json_object_get(object, "amount");
    const char *state = text_at(object, "trade_state");
    const char *status = text_at(object, "status");
    if (status[0] == '\0') {
        status = text_at(object, "refund_status");
    }
    copy_at(object, "out_trade_no", words->order_no);
    copy_at(object, "transaction_id", words->trade_no);
    copy_at(object, "out_refund_no", words->refund_no);
    copy_at(object, "mchid", words->merchant);
    words->fen = fen_at(amount, "total");
    words->refund_fen = fen_at(amount, "refund");
    if (str_equal(state, "SUCCESS") || str_equal(state, "REFUND")) {
        words->said = WORDS_PAID;
    } else if (state[0] == '\0' && words->refund_no[0] != '\0' && str_equal(status, "SUCCESS")) {
        words->said = WORDS_REFUNDED;
    }
}

/* Open the box. False if the key does not fit or it is no box. */
static bool open_box(const json_t *resource, const uint8_t *key, struct words *words)
{
    const char *sealed = text_at(resource, "ciphertext");
    const char *nonce = text_at(resource, "nonce");
    const char *aad = text_at(resource, "associated_data");
    const size_t room = strlen(sealed) + 1;
    uint8_t *bytes = malloc(2 * room);
    size_t size = 0;
    size_t plain_size = 0;
    if (bytes == NULL) {
        return false;
    }
    bool good = base64_decode(sealed, strlen(sealed), bytes, room, &size);
    const struct gcm_box box = {.key = key,
                                .nonce = (const uint8_t *)nonce,
                                .nonce_size = strlen(nonce),
                                .aad = (const uint8_t *)aad,
                                .aad_size = strlen(aad),
                                .sealed = bytes,
                                .sealed_size = size};
    good = good && gcm_open(&box, bytes + room, room, &plain_size);
    if (good) {
        json_t *object =
            json_loadb((const char *)bytes + room, plain_size, JSON_REJECT_DUPLICATES, NULL);
        good = object != NULL;
        if (good) {
            read_wechat_object(object, words);
        }
        json_decref(object);
    }
    free(bytes);
    return good;
}

static void read_wechat(const struct words_message *message, json_t *root, struct words *words)
{
    const json_t *resource = json_object_get(root, "resource");
    if (!is_source(message, "notify")) {
        read_wechat_object(root, words);
    } else if (!json_is_object(resource)) {
        words->said = WORDS_UNREADABLE;
    } else if (message->key == NULL || !open_box(resource, message->key, words)) {
        words->said = WORDS_SEALED;
    }
}

/* Alipay answers in GBK now and then, whatever was asked for. */
static json_t *parse_body(const struct words_message *message)
{
    const char *body = (const char *)message->body;
    if (str_is_utf8(body, message->size)) {
        return json_loadb(body, message->size, 0, NULL);
    }
    const size_t room = message->size * 3 / 2 + 2;
    char *utf8 = malloc(room);
    json_t *root = NULL;
    if (utf8 != NULL && text_from_gb18030(body, message->size, utf8, room) == OK) {
        root = json_loads(utf8, 0, NULL);
    }
    free(utf8);
    return root;
}

void words_read(const struct words_message *message, struct words *ret_words)
{
    const bool alipay = str_equal(message->channel, "alipay");
    const bool notice = is_source(message, "notify");
    *ret_words = (struct words){.fen = -1, .refund_fen = -1};
    if (!notice && !is_source(message, "query") && !is_source(message, "refund") &&
        !is_source(message, "refund_query")) {
        return; /* about codes and closing: no money moves by them */
    }
    if (alipay && notice) {
        read_alipay_notice(message, ret_words);
        return;
    }
    if (message->size == 0 || message->size > BODY_SIZE_MAX) {
        ret_words->said = message->size == 0 ? WORDS_OTHER : WORDS_UNREADABLE;
        return;
    }
    json_t *root = parse_body(message);
    if (root == NULL) {
        ret_words->said = WORDS_UNREADABLE;
    } else if (alipay) {
        read_alipay_answer(message, root, ret_words);
    } else {
        read_wechat(message, root, ret_words);
    }
    json_decref(root);
}
