/* SPDX-License-Identifier: Apache-2.0 */
#include "cloud/auditor/words.h"

#include <stdlib.h>
#include <string.h>

#include "cloud/auditor/scan.h"
#include "common/compiler.h"
#include "common/crypto/base64.h"
#include "common/crypto/gcm.h"
#include "common/money.h"
#include "common/str.h"
#include "common/text/text.h"

enum { BODY_SIZE_MAX = 256 * 1024 };

static int64_t yuan(const char *text)
{
    struct money money;
    const bool good = money_parse_yuan(text, strlen(text), /* allow_negative= */ false, &money);
    return good ? money.fen : -1;
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

/* Members of an answer of either wallet, by the names that they have there. */
struct members {
    bool answer; /* Alipay: there is a member "..._response" */
    char code[24];
    char status[24];        /* trade_status, trade_state */
    char refund_status[24]; /* refund_status, status */
    char changed[4];        /* fund_change */
    char sent_at[32];       /* send_pay_date */
    char total[24];         /* yuan */
    char refunded[24];      /* yuan: refund_amount, refund_fee */
    struct words *words;
};

static bool ends_in_response(struct scan_view name)
{
    return name.size > 9 && memcmp(name.at + name.size - 9, "_response", 9) == 0;
}

struct target {
    const char *name;
    char *text;
    size_t size;
};

static void take_text(const struct scan_member *member, const struct target *targets, size_t count)
{
    const struct scan_view name = scan_name(member);
    for (size_t i = 0; i < count; i++) {
        if (scan_is(name, targets[i].name)) {
            scan_copy(member, targets[i].text, targets[i].size);
            return;
        }
    }
}

static void alipay_member(void *self, const struct scan_member *member)
{
    struct members *m = self;
    if (member->depth != 2 || !ends_in_response(member->names[0])) {
        return;
    }
    m->answer = true;
    const struct target targets[] = {
        {"code", m->code, sizeof(m->code)},
        {"out_trade_no", m->words->order_no, WORDS_NUMBER_SIZE},
        {"trade_no", m->words->trade_no, WORDS_NUMBER_SIZE},
        {"total_amount", m->total, sizeof(m->total)},
        {"trade_status", m->status, sizeof(m->status)},
        {"send_pay_date", m->sent_at, sizeof(m->sent_at)},
        {"out_request_no", m->words->refund_no, WORDS_NUMBER_SIZE},
        {"refund_status", m->refund_status, sizeof(m->refund_status)},
        {"refund_amount", m->refunded, sizeof(m->refunded)},
        {"refund_fee", m->refunded, sizeof(m->refunded)},
        {"fund_change", m->changed, sizeof(m->changed)},
    };
    take_text(member, targets, ARRAY_COUNT(targets));
}

static void read_alipay_refund(const struct words_message *message, const struct members *m,
                               struct words *words)
{
    const bool query = is_source(message, "refund_query");
    words->refund_fen = yuan(m->refunded);
    if (query && words->refund_fen < 0) {
        return; /* a query without an amount: no such refund */
    }
    const bool moved = str_equal(m->changed, "Y");
    if (query ? m->refund_status[0] == '\0' || str_equal(m->refund_status, "REFUND_SUCCESS")
              : moved) {
        words->said = WORDS_REFUNDED;
    }
}

static void read_alipay_answer(const struct words_message *message, struct scan_view body,
                               struct words *words)
{
    struct members m = {.words = words};
    if (!scan_object(body.at, body.size, alipay_member, &m) || !m.answer) {
        *words = (struct words){.said = WORDS_UNREADABLE, .fen = -1, .refund_fen = -1};
        return;
    }
    if (!str_equal(m.code, "10000")) {
        *words = (struct words){.fen = -1, .refund_fen = -1};
        return;
    }
    words->fen = yuan(m.total);
    if (is_source(message, "refund") || is_source(message, "refund_query")) {
        read_alipay_refund(message, &m, words);
    } else if (is_paid_word(m.status)) {
        words->said = WORDS_PAID;
    } else if (str_equal(m.status, "TRADE_CLOSED") && words->fen > 0 && m.sent_at[0] != '\0') {
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

static void wechat_member(void *self, const struct scan_member *member)
{
    struct members *m = self;
    if (member->depth == 2 && scan_is(member->names[0], "amount")) {
        int64_t fen = 0;
        if (scan_is(member->names[1], "total") && scan_int(member, &fen)) {
            m->words->fen = fen;
        } else if (scan_is(member->names[1], "refund") && scan_int(member, &fen)) {
            m->words->refund_fen = fen;
        }
    }
    if (member->depth != 1) {
        return;
    }
    const struct target targets[] = {
        {"trade_state", m->status, sizeof(m->status)},
        {"status", m->refund_status, sizeof(m->refund_status)},
        {"refund_status", m->refund_status, sizeof(m->refund_status)},
        {"out_trade_no", m->words->order_no, WORDS_NUMBER_SIZE},
        {"transaction_id", m->words->trade_no, WORDS_NUMBER_SIZE},
        {"out_refund_no", m->words->refund_no, WORDS_NUMBER_SIZE},
        {"mchid", m->words->merchant, WORDS_NUMBER_SIZE},
    };
    take_text(member, targets, ARRAY_COUNT(targets));
}

static bool read_wechat_object(struct scan_view body, struct words *words)
{
    struct members m = {.words = words};
    if (!scan_object(body.at, body.size, wechat_member, &m)) {
        return false;
    }
    if (str_equal(m.status, "SUCCESS") || str_equal(m.status, "REFUND")) {
        words->said = WORDS_PAID;
    } else if (m.status[0] == '\0' && words->refund_no[0] != '\0' &&
               str_equal(m.refund_status, "SUCCESS")) {
        words->said = WORDS_REFUNDED;
    }
    return true;
}

/* The box of a notice; views into the message. */
struct box {
    struct scan_view sealed;
    struct scan_view nonce;
    struct scan_view aad;
};

static void box_member(void *self, const struct scan_member *member)
{
    struct box *box = self;
    if (member->depth != 2 || !scan_is(member->names[0], "resource")) {
        return;
    }
    if (scan_is(member->names[1], "ciphertext")) {
        box->sealed = member->value;
    } else if (scan_is(member->names[1], "nonce")) {
        box->nonce = member->value;
    } else if (scan_is(member->names[1], "associated_data")) {
        box->aad = member->value;
    }
}

/* Base64 in JSON may have its slashes escaped. */
static size_t without_escapes(struct scan_view text, char *ret_text)
{
    size_t size = 0;
    for (size_t i = 0; i < text.size; i++) {
        if (text.at[i] != '\\') {
            ret_text[size] = text.at[i];
            size += 1;
        }
    }
    return size;
}

/* Open the box. False if the key does not fit. */
static bool open_box(const struct box *box, const uint8_t *key, struct words *words)
{
    const size_t room = box->sealed.size + 1;
    char *text = malloc(room);
    uint8_t *sealed = malloc(room);
    uint8_t *plain = malloc(room);
    size_t size = 0;
    size_t plain_size = 0;
    bool good = text != NULL && sealed != NULL && plain != NULL &&
                base64_decode(text, without_escapes(box->sealed, text), sealed, room, &size);
    const struct gcm_box gcm = {.key = key,
                                .nonce = (const uint8_t *)box->nonce.at,
                                .nonce_size = box->nonce.size,
                                .aad = (const uint8_t *)box->aad.at,
                                .aad_size = box->aad.size,
                                .sealed = sealed,
                                .sealed_size = size};
    good = good && gcm_open(&gcm, plain, room, &plain_size) &&
           read_wechat_object((struct scan_view){(const char *)plain, plain_size}, words);
    free(text);
    free(sealed);
    free(plain);
    return good;
}

static void read_wechat(const struct words_message *message, struct scan_view body,
                        struct words *words)
{
    struct box box = {0};
    if (!is_source(message, "notify")) {
        if (!read_wechat_object(body, words)) {
            words->said = WORDS_UNREADABLE;
        }
    } else if (!scan_object(body.at, body.size, box_member, &box) || box.sealed.at == NULL) {
        words->said = WORDS_UNREADABLE;
    } else if (message->key == NULL || !open_box(&box, message->key, words)) {
        words->said = WORDS_SEALED;
    }
}

static void read_body(const struct words_message *message, struct scan_view body,
                      struct words *words)
{
    if (str_equal(message->channel, "alipay")) {
        read_alipay_answer(message, body, words);
    } else {
        read_wechat(message, body, words);
    }
}

/* Alipay answers in GBK now and then, whatever was asked for. */
static void read_gbk(const struct words_message *message, struct words *words)
{
    const size_t room = message->size * 3 / 2 + 2;
    char *utf8 = malloc(room);
    words->said = WORDS_UNREADABLE;
    if (utf8 != NULL &&
        text_from_gb18030((const char *)message->body, message->size, utf8, room) == OK) {
        words->said = WORDS_OTHER;
        read_body(message, (struct scan_view){utf8, strlen(utf8)}, words);
    }
    free(utf8);
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
    const struct scan_view body = {(const char *)message->body, message->size};
    if (str_is_utf8(body.at, body.size)) {
        read_body(message, body, ret_words);
    } else {
        read_gbk(message, ret_words);
    }
}
