/* SPDX-License-Identifier: Apache-2.0 */
#include "cloud/payments/pay.h"

#include <stdlib.h>
#include <string.h>

#include "cloud/payments/wallet.h"
#include "common/money.h"
#include "common/must.h"
#include "common/str.h"
#include "protocol/bill/bill.h"

enum {
    ORDER_NO_LEN_MIN = 6, /* WeChat */
    EXPIRE_S_MIN = 60,
    EXPIRE_S_MAX = 7200,
    HTTP_NOT_FOUND = 404,
    BILL_ROWS_MAX = 1000000, /* 64 MiB of rows of about 60 bytes: more cannot come */
};

struct pay {
    struct gate *gate;
    struct alipay_wallet *alipay;
    struct wechat_wallet *wechat;
};

const char *pay_wallet_name(enum pay_wallet wallet)
{
    static const char *const names[PAY_WALLET_COUNT] = {
        [PAY_ALIPAY] = "alipay", [PAY_WECHAT] = "wechat"};
    MUST((size_t)wallet < PAY_WALLET_COUNT);
    return names[wallet];
}

/* ---- Life ---- */

static enum err create_wallets(struct pay *pay, const struct pay_config *config,
                               const struct wallet_world *world, const struct key_message *message)
{
    enum err err = OK;
    if (config->alipay.enabled) {
        err = alipay_wallet_create(&config->alipay, world, message, &pay->alipay);
    }
    if (err == OK && config->wechat.enabled) {
        err = wechat_wallet_create(&config->wechat, world, message, &pay->wechat);
    }
    return err;
}

enum err pay_create(const struct pay_config *config, const struct clock_port *clock,
                    const struct rng_port *rng, char *ret_message, size_t message_size,
                    struct pay **ret_pay)
{
    const struct key_message message = {.text = ret_message, .size = message_size};
    struct pay *pay = calloc(1, sizeof(*pay));
    str_format_cut(ret_message, message_size, "no memory");
    if (pay == NULL) {
        return ERR_MEMORY;
    }
    enum err err = gate_create(config->ca_file, &pay->gate);
    if (err != OK) {
        str_format_cut(ret_message, message_size, "%s: cannot be read (%s)", config->ca_file,
                       err_name(err));
    } else {
        const struct wallet_world world = {
            .gate = pay->gate,
            .clock = clock,
            .rng = rng,
            .allow_test_keys = config->mode != PAY_MODE_LIVE,
        };
        err = create_wallets(pay, config, &world, &message);
    }
    if (err != OK) {
        pay_destroy(pay);
        return err;
    }
    ret_message[0] = '\0';
    *ret_pay = pay;
    return OK;
}

void pay_stop(struct pay *pay)
{
    gate_stop(pay->gate);
}

void pay_destroy(struct pay *pay)
{
    if (pay != NULL) {
        alipay_wallet_destroy(pay->alipay);
        wechat_wallet_destroy(pay->wechat);
        gate_destroy(pay->gate);
        free(pay);
    }
}

bool pay_has(const struct pay *pay, enum pay_wallet wallet)
{
    return wallet == PAY_ALIPAY ? pay->alipay != NULL : pay->wechat != NULL;
}

/* ---- Answers ---- */

void wallet_answer_init(struct pay_answer *ret_answer)
{
    *ret_answer = (struct pay_answer){
        .result = PAY_UNKNOWN, .amount_fen = -1, .refunded_fen = -1, .currency_ok = true};
}

void wallet_keep_evidence(struct pay_answer *answer, struct https_answer *http, bool verified)
{
    answer->evidence.body = (uint8_t *)http->body;
    answer->evidence.body_size = http->body_size;
    answer->evidence.verified = verified;
    http->body = NULL;
}

void pay_answer_finish(struct pay_answer *answer)
{
    free(answer->evidence.body);
    wallet_answer_init(answer);
}

/* ---- Requests ---- */

static bool is_number(const char *text, size_t len_min, size_t len_max)
{
    size_t len = strlen(text);
    if (len < len_min || len > len_max) {
        return false;
    }
    for (size_t i = 0; i < len; i++) {
        char c = text[i];
        bool ok =
            (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '_';
        if (!ok) {
            return false;
        }
    }
    return true;
}

static bool is_order_no(const char *order_no)
{
    return is_number(order_no, ORDER_NO_LEN_MIN, PAY_ORDER_NO_SIZE - 1);
}

/* Taken out of the configuration while documents of it are open: nobody knows, and people hear. */
static bool is_missing(const struct pay *pay, enum pay_wallet wallet, struct pay_answer *ret_answer)
{
    if (pay_has(pay, wallet)) {
        return false;
    }
    wallet_answer_init(ret_answer);
    ret_answer->alarm = true;
    str_format_cut(ret_answer->log_text, sizeof(ret_answer->log_text), "%s is not configured",
                   pay_wallet_name(wallet));
    return true;
}

bool pay_precreate_body(const struct pay *pay, enum pay_wallet wallet,
                        const struct pay_order *order, char ret_body[PAY_BODY_SIZE])
{
    if (!pay_has(pay, wallet) || !is_order_no(order->order_no) || order->amount_fen < 1 ||
        order->amount_fen > MONEY_WIRE_FEN_MAX || order->expire_s < EXPIRE_S_MIN ||
        order->expire_s > EXPIRE_S_MAX || strlen(order->subject) >= PAY_SUBJECT_SIZE) {
        return false;
    }
    return wallet == PAY_ALIPAY ? alipay_wallet_precreate_body(order, ret_body)
                                : wechat_wallet_precreate_body(pay->wechat, order, ret_body);
}

void pay_precreate(struct pay *pay, enum pay_wallet wallet, const char *order_no, const char *body,
                   struct pay_answer *ret_answer)
{
    if (is_missing(pay, wallet, ret_answer)) {
        return;
    }
    if (wallet == PAY_ALIPAY) {
        alipay_wallet_precreate(pay->alipay, order_no, body, ret_answer);
    } else {
        wechat_wallet_precreate(pay->wechat, order_no, body, ret_answer);
    }
}

void pay_query(struct pay *pay, enum pay_wallet wallet, const char *order_no,
               struct pay_answer *ret_answer)
{
    MUST(is_order_no(order_no));
    if (is_missing(pay, wallet, ret_answer)) {
        return;
    }
    if (wallet == PAY_ALIPAY) {
        alipay_wallet_query(pay->alipay, order_no, ret_answer);
    } else {
        wechat_wallet_query(pay->wechat, order_no, ret_answer);
    }
}

/* It came from a wallet, and goes into a path. */
static bool is_trade_no(const char *trade_no, struct pay_answer *ret_answer)
{
    if (is_number(trade_no, 1, PAY_TRADE_NO_SIZE - 1)) {
        return true;
    }
    wallet_answer_init(ret_answer);
    ret_answer->alarm = true;
    str_format_cut(ret_answer->log_text, sizeof(ret_answer->log_text),
                   "the trade number cannot be sent");
    return false;
}

void pay_query_trade(struct pay *pay, enum pay_wallet wallet, const char *trade_no,
                     struct pay_answer *ret_answer)
{
    if (is_missing(pay, wallet, ret_answer) || !is_trade_no(trade_no, ret_answer)) {
        return;
    }
    if (wallet == PAY_ALIPAY) {
        alipay_wallet_query_trade(pay->alipay, trade_no, ret_answer);
    } else {
        wechat_wallet_query_trade(pay->wechat, trade_no, ret_answer);
    }
}

void pay_close(struct pay *pay, enum pay_wallet wallet, const char *order_no,
               struct pay_answer *ret_answer)
{
    MUST(is_order_no(order_no));
    if (is_missing(pay, wallet, ret_answer)) {
        return;
    }
    if (wallet == PAY_ALIPAY) {
        alipay_wallet_close(pay->alipay, order_no, ret_answer);
    } else {
        wechat_wallet_close(pay->wechat, order_no, ret_answer);
    }
}

bool pay_refund_body(const struct pay *pay, enum pay_wallet wallet, const struct pay_refund *refund,
                     char ret_body[PAY_BODY_SIZE])
{
    if (!pay_has(pay, wallet) || (refund->order_no == NULL && refund->trade_no == NULL) ||
        !is_number(refund->refund_no, 1, PAY_REFUND_NO_SIZE - 1) || refund->refund_fen < 1 ||
        refund->refund_fen > refund->total_fen || refund->total_fen > MONEY_WIRE_FEN_MAX) {
        return false;
    }
    return wallet == PAY_ALIPAY ? alipay_wallet_refund_body(refund, ret_body)
                                : wechat_wallet_refund_body(pay->wechat, refund, ret_body);
}

void pay_refund(struct pay *pay, enum pay_wallet wallet, const char *refund_no, const char *body,
                struct pay_answer *ret_answer)
{
    if (is_missing(pay, wallet, ret_answer)) {
        return;
    }
    if (wallet == PAY_ALIPAY) {
        alipay_wallet_refund(pay->alipay, refund_no, body, ret_answer);
    } else {
        wechat_wallet_refund(pay->wechat, refund_no, body, ret_answer);
    }
}

void pay_refund_query(struct pay *pay, enum pay_wallet wallet, const struct pay_refund *refund,
                      struct pay_answer *ret_answer)
{
    MUST(refund->order_no != NULL || refund->trade_no != NULL);
    MUST(is_number(refund->refund_no, 1, PAY_REFUND_NO_SIZE - 1));
    if (is_missing(pay, wallet, ret_answer)) {
        return;
    }
    if (wallet == PAY_ALIPAY) {
        alipay_wallet_refund_query(pay->alipay, refund, ret_answer);
    } else {
        wechat_wallet_refund_query(pay->wechat, refund, ret_answer);
    }
}

/* ---- Notifies ---- */

static const char WECHAT_FAIL[] = "{\"code\":\"FAIL\",\"message\":\"refused\"}";

void pay_notify_fail(enum pay_wallet wallet, struct pay_notify *notify)
{
    notify->http_status = 500;
    notify->reply = wallet == PAY_ALIPAY ? "failure" : WECHAT_FAIL;
}

void pay_notify_read(struct pay *pay, enum pay_wallet wallet, const struct pay_notify_in *in,
                     struct pay_notify *ret_notify)
{
    bool alipay = wallet == PAY_ALIPAY;
    /* What is said until something better is proven. Alipay reads the text, not the status. */
    *ret_notify = (struct pay_notify){
        .verdict = PAY_NOTIFY_REFUSED,
        .result = PAY_UNKNOWN,
        .amount_fen = -1,
        .refunded_fen = -1,
        .http_status = alipay ? 200 : 500,
        .reply = alipay ? "failure" : WECHAT_FAIL,
        .reply_type = alipay ? "text/plain" : "application/json",
    };
    if (!pay_has(pay, wallet)) {
        ret_notify->http_status = HTTP_NOT_FOUND;
        str_format_cut(ret_notify->log_text, sizeof(ret_notify->log_text), "%s is not configured",
                       pay_wallet_name(wallet));
    } else if (alipay) {
        alipay_wallet_notify(pay->alipay, in, ret_notify);
    } else {
        wechat_wallet_notify(pay->wechat, in, ret_notify);
    }
}

bool pay_keys_refresh(struct pay *pay, char ret_log[PAY_LOG_SIZE])
{
    ret_log[0] = '\0';
    bool alipay = pay->alipay == NULL || alipay_wallet_refresh(pay->alipay, ret_log);
    bool wechat = pay->wechat == NULL || wechat_wallet_refresh(pay->wechat, ret_log);
    return alipay && wechat;
}

/* ---- Bills ---- */

void wallet_bill_row(void *self, const struct bill_row *row)
{
    struct bill_rows *rows = self;
    struct pay_bill *bill = rows->bill;
    if (rows->failed || row->kind == BILL_REVOKED) {
        return; /* revoked: barcode payments of somebody else's system */
    }
    if (bill->row_count == rows->room) {
        size_t room = rows->room == 0 ? 64 : rows->room * 2;
        struct pay_bill_row *longer =
            room <= BILL_ROWS_MAX ? realloc(bill->rows, room * sizeof(*longer)) : NULL;
        if (longer == NULL) {
            rows->failed = true;
            return;
        }
        bill->rows = longer;
        rows->room = room;
    }
    struct pay_bill_row *place = &bill->rows[bill->row_count++];
    place->kind = row->kind == BILL_REFUND ? PAY_BILL_REFUND : PAY_BILL_PAYMENT;
    place->state = row->refund == BILL_REFUND_DONE      ? PAY_BILL_DONE
                   : row->refund == BILL_REFUND_PENDING ? PAY_BILL_PENDING
                                                        : PAY_BILL_FAILED;
    place->fen = row->fen;
    place->fee_e5 = row->fee_e5;
    memcpy(place->order_no, row->order_no, sizeof(place->order_no));
    memcpy(place->refund_no, row->refund_no, sizeof(place->refund_no));
    memcpy(place->trade_no, row->trade_no, sizeof(place->trade_no));
}

void pay_bill_fetch(struct pay *pay, enum pay_wallet wallet, const char *day,
                    struct pay_bill *ret_bill)
{
    *ret_bill = (struct pay_bill){.result = PAY_BILL_UNKNOWN};
    if (!pay_has(pay, wallet)) {
        str_format_cut(ret_bill->log_text, sizeof(ret_bill->log_text), "%s is not configured",
                       pay_wallet_name(wallet));
        return;
    }
    if (strlen(day) != PAY_DAY_SIZE - 1 || strspn(day, "0123456789-") != PAY_DAY_SIZE - 1) {
        str_format_cut(ret_bill->log_text, sizeof(ret_bill->log_text), "no such day");
        return;
    }
    if (wallet == PAY_ALIPAY) {
        alipay_wallet_bill(pay->alipay, day, ret_bill);
    } else {
        wechat_wallet_bill(pay->wechat, day, ret_bill);
    }
    if (ret_bill->result != PAY_BILL_OK) {
        ret_bill->row_count = 0; /* rows of a refused file are worth nothing */
    }
}

void pay_bill_finish(struct pay_bill *bill)
{
    free(bill->rows);
    free(bill->raw);
    *bill = (struct pay_bill){.result = PAY_BILL_UNKNOWN};
}
