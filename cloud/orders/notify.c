/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Notifies of the payment providers. Checked first (no database, no network), then one commit with
 * the raw bytes, the event and the new state, and only then the answer that makes the provider
 * stop repeating itself. What is not genuine changes nothing and is counted; what is genuine but
 * belongs to no order becomes a stray payment.
 */
#include <stdlib.h>
#include <string.h>

#include "cloud/orders/alarm.h"
#include "cloud/orders/evidence.h"
#include "cloud/orders/refund_store.h"
#include "cloud/orders/stray_store.h"
#include "common/log.h"
#include "common/must.h"
#include "common/str.h"
#include "protocol/payments/result.h"

#define TIMESTAMP "Wechatpay-Timestamp"
#define NONCE "Wechatpay-Nonce"
#define SERIAL "Wechatpay-Serial"
#define SIGNATURE "Wechatpay-Signature"

enum { ANSWER_MS_MAX = 4000 /* WeChat gives us 5 s, and an answer that is late is none */ };

struct notify {
    struct orders *orders;
    struct http_ticket ticket;
    enum pay_wallet wallet;
    struct pay_notify read;
    char document_no[PAY_TRADE_NO_SIZE]; /* what it is about; as the wallet says if we know none */
    bool is_our_refund;                  /* it came with the number of a refund of ours */
    bool is_stray;                       /* that is a stray payment of ours */
    size_t body_size;
    uint8_t body[]; /* the raw bytes */
};

/* ---- what it means ---- */

static enum err tell_order(struct notify *notify, struct db *db, int64_t inbox_id)
{
    const struct pay_notify *read = &notify->read;
    struct money_case c;
    enum err err = case_open(&c, notify->orders, db, read->order_no);
    if (err != OK) {
        return err;
    }
    if (c.row.wallet != notify->wallet) {
        return ERR_NOT_FOUND; /* the other wallet's order of that number: not this payment's */
    }
    const struct statement statement = {
        .result = read->result,
        .amount_fen = read->amount_fen,
        .refunded_fen = read->refunded_fen,
        .currency_ok = read->currency_ok,
        .trade_no = read->trade_no,
    };
    err = evidence_tell(&c, &statement, inbox_id);
    return err == OK ? case_commit(&c) : err;
}

/* That it was paid is known; what of it went back, by no refund of ours, is for people. */
static enum err tell_stray(struct notify *notify, struct db *db)
{
    return notify->read.result == PAY_PAID
               ? OK
               : alarm_raise(db, "stray_notify", notify->document_no, notify->read.log_text);
}

/* Nobody knows the number: money without an order is owned all the same. */
static enum err tell_nobody(struct notify *notify, struct db *db, int64_t inbox_id)
{
    const struct pay_notify *read = &notify->read;
    const bool paid = read->result == PAY_PAID || read->result == PAY_PAID_REFUND_SEEN;
    if (paid && read->amount_fen > 0 && read->currency_ok && read->trade_no[0] != '\0') {
        const struct stray_payment stray = {.wallet = notify->wallet,
                                            .trade_no = read->trade_no,
                                            .seen_as = read->order_no,
                                            .amount = money_fen(read->amount_fen)};
        return stray_found(notify->orders, db, &stray, inbox_id);
    }
    return alarm_raise(db, "unknown_order", read->order_no, read->log_text);
}

static bool is_refund_word(enum pay_result result)
{
    return result == PAY_REFUNDED || result == PAY_REFUND_ABNORMAL || result == PAY_REFUND_CLOSED;
}

static enum order_event_kind refund_event(enum pay_result result)
{
    if (result == PAY_REFUNDED) {
        return ORDER_EV_REFUND_OK;
    }
    return result == PAY_REFUND_ABNORMAL ? ORDER_EV_REFUND_ABNORMAL : ORDER_EV_REFUND_CLOSED;
}

/*
 * The wallet names a stray payment by the order number that was no order of ours, or the one of
 * another payment: our refund's number or the trade number tells which document it is about.
 */
static enum err find_document(struct notify *notify, struct db *db)
{
    const struct pay_notify *read = &notify->read;
    char document_no[ORDER_NUMBER_SIZE];
    enum err err = ERR_NOT_FOUND;
    if (read->refund_no[0] != '\0') {
        err = refund_find(db, notify->wallet, read->refund_no, document_no);
        notify->is_our_refund = err == OK;
    }
    if (err == ERR_NOT_FOUND) {
        err = stray_find(db, notify->wallet, read->trade_no, document_no);
    }
    if (err == OK) {
        notify->is_stray = refund_is_stray(document_no);
        str_format_cut(notify->document_no, sizeof(notify->document_no), "%s", document_no);
    }
    return err == ERR_NOT_FOUND ? OK : err;
}

/* To the refund if it is a word about one of ours, else to the payment. */
static enum err tell(struct notify *notify, struct db *db, int64_t inbox_id)
{
    const enum pay_result result = notify->read.result;
    if (notify->is_our_refund && is_refund_word(result)) {
        return refund_tell(notify->orders, db, notify->document_no, refund_event(result), inbox_id);
    }
    if (notify->is_stray) {
        return tell_stray(notify, db);
    }
    const enum err err = tell_order(notify, db, inbox_id);
    return err == ERR_NOT_FOUND ? tell_nobody(notify, db, inbox_id) : err;
}

static enum err store(struct db *db, void *arg)
{
    struct notify *notify = arg;
    const bool genuine = notify->read.verdict == PAY_NOTIFY_GENUINE;
    enum err err = genuine ? find_document(notify, db) : OK;
    if (err != OK) {
        return err;
    }
    const struct evidence evidence = {
        .wallet = notify->wallet,
        .source = "notify",
        .result = notify->read.result,
        .document_no = notify->document_no,
        .headers = notify->read.headers,
        .body = notify->body,
        .body_size = notify->body_size,
    };
    int64_t inbox_id = 0;
    err = evidence_store(db, &evidence, &inbox_id);
    if (err != OK) {
        return err;
    }
    if (!genuine) {
        return notify->read.verdict == PAY_NOTIFY_FOREIGN
                   ? alarm_raise(db, "foreign_notify", pay_wallet_name(notify->wallet),
                                 notify->read.log_text)
                   : OK;
    }
    return tell(notify, db, inbox_id);
}

/* ---- the answer ---- */

static void reply(struct http_request *request, const struct pay_notify *read)
{
    if (read->reply[0] == '\0') {
        http_reply_empty(request, read->http_status);
    } else {
        http_reply_text(request, read->http_status, read->reply_type, read->reply,
                        strlen(read->reply));
    }
}

static void stored(enum err err, void *arg)
{
    struct notify *notify = arg;
    if (err != OK) {
        log_warn("notify of %s not stored: %s; it will come again", pay_wallet_name(notify->wallet),
                 err_name(err));
        pay_notify_fail(notify->wallet, &notify->read);
    }
    struct http_request *request = http_take(notify->orders->setup.http, notify->ticket);
    if (request != NULL) {
        reply(request, &notify->read);
    }
    free(notify);
}

/* Not proven to be the provider's: refused without a trace in the database but a counter. */
static void refuse(struct http_request *request, struct notify *notify)
{
    if (notify->read.verdict == PAY_NOTIFY_REFUSED) {
        log_warn("notify of %s refused: %s", pay_wallet_name(notify->wallet),
                 notify->read.log_text);
    }
    reply(request, &notify->read);
    free(notify);
}

static struct notify *take(struct http_request *request, struct orders *orders,
                           enum pay_wallet wallet)
{
    size_t size = 0;
    const char *body = http_body_raw(request, &size);
    struct notify *notify = calloc(1, sizeof(*notify) + size + 1);
    if (notify == NULL) {
        return NULL;
    }
    notify->orders = orders;
    notify->wallet = wallet;
    notify->body_size = size;
    memcpy(notify->body, body, size);
    const struct pay_notify_in in = {
        .timestamp = http_header(request, TIMESTAMP),
        .nonce = http_header(request, NONCE),
        .serial = http_header(request, SERIAL),
        .signature = http_header(request, SIGNATURE),
        .repeated =
            http_header_count(request, TIMESTAMP) > 1 || http_header_count(request, NONCE) > 1 ||
            http_header_count(request, SERIAL) > 1 || http_header_count(request, SIGNATURE) > 1,
        .body = notify->body,
        .body_size = notify->body_size,
    };
    pay_notify_read(orders->setup.pay, wallet, &in, &notify->read);
    str_format_cut(notify->document_no, sizeof(notify->document_no), "%s", notify->read.order_no);
    return notify;
}

static void refresh_keys(void *self, const char *key)
{
    struct orders *orders = self;
    char log_text[PAY_LOG_SIZE];
    (void)key;
    if (!pay_keys_refresh(orders->setup.pay, log_text)) {
        log_warn("platform certificates: %s; trying again later", log_text);
    }
}

static void on_notify(struct http_request *request, struct orders *orders, enum pay_wallet wallet)
{
    if (!pay_has(orders->setup.pay, wallet)) {
        http_reply_empty(request, 404); /* the routes stand for both wallets, whichever is here */
        return;
    }
    struct notify *notify = take(request, orders, wallet);
    if (notify == NULL) {
        http_reply_empty(request, 503);
        return;
    }
    if (notify->read.keys_wanted && !pool_submit(orders->pay_pool, refresh_keys, orders, "keys")) {
        log_warn("platform certificates: no worker is free; the next notify asks again");
    }
    if (notify->read.verdict == PAY_NOTIFY_REFUSED || notify->read.verdict == PAY_NOTIFY_PROBE) {
        refuse(request, notify);
        return;
    }
    notify->ticket = http_park(request, ANSWER_MS_MAX, NULL, NULL);
    if (store_submit(orders->setup.store, store, stored, notify) != OK) {
        stored(ERR_UNAVAILABLE, notify);
    }
}

static void on_alipay(struct http_request *request, void *self)
{
    on_notify(request, self, PAY_ALIPAY);
}

static void on_wechat(struct http_request *request, void *self)
{
    on_notify(request, self, PAY_WECHAT);
}

void notify_routes(struct orders *orders)
{
    const struct http_route routes[] = {
        {HTTP_POST, "/pay/alipay/notify", HTTP_FOR_PUBLIC, HTTP_BODY_RAW, 0, on_alipay, orders},
        {HTTP_POST, "/pay/wechat/notify", HTTP_FOR_PUBLIC, HTTP_BODY_RAW, 0, on_wechat, orders},
        {HTTP_POST, "/pay/wechat/refund-notify", HTTP_FOR_PUBLIC, HTTP_BODY_RAW, 0, on_wechat,
         orders},
    };
    http_route_add(orders->setup.http, routes, ARRAY_COUNT(routes));
}
