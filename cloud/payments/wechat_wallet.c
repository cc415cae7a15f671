/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>

#include "cloud/payments/wechat_link.h"
#include "common/must.h"
#include "common/str.h"
#include "protocol/wechat/answer.h"
#include "protocol/wechat/notify.h"
#include "protocol/wechat/request.h"

enum err wechat_wallet_create(const struct pay_wechat_config *config,
                              const struct wallet_world *world, const struct key_message *message,
                              struct wechat_wallet **ret_wallet)
{
    struct wechat_wallet *wallet = calloc(1, sizeof(*wallet));
    if (wallet == NULL) {
        return ERR_MEMORY;
    }
    MUST(pthread_mutex_init(&wallet->link.refresh_lock, NULL) == 0);
    wallet->link.config = *config;
    wallet->link.world = *world;
    const struct wechat_keyring_world keys = {.config = &wallet->link.config,
                                              .clock = world->clock,
                                              .allow_test = world->allow_test_keys};
    enum err err = wechat_keyring_create(&keys, message, &wallet->link.keyring);
    if (err != OK) {
        wechat_wallet_destroy(wallet);
        return err;
    }
    *ret_wallet = wallet;
    return OK;
}

void wechat_wallet_destroy(struct wechat_wallet *wallet)
{
    if (wallet != NULL) {
        wechat_keyring_destroy(wallet->link.keyring);
        MUST(pthread_mutex_destroy(&wallet->link.refresh_lock) == 0);
        free(wallet);
    }
}

bool wechat_wallet_refresh(struct wechat_wallet *wallet, char ret_log[PAY_LOG_SIZE])
{
    return wechat_link_refresh(&wallet->link, ret_log, PAY_LOG_SIZE);
}

/* ---- Calls ---- */

/* One call: the question, and what its answer must be about. */
struct call {
    struct wechat_question question;
    struct wechat_asked asked;
    const char *subject; /* for the log: the number it is about */
};

static const char *call_name(enum wechat_call call)
{
    static const char *const names[WECHAT_CALL_COUNT] = {
        [WECHAT_CALL_NATIVE] = "native", [WECHAT_CALL_QUERY] = "query",
        [WECHAT_CALL_CLOSE] = "close",   [WECHAT_CALL_REFUND] = "refund",
        [WECHAT_CALL_BILL] = "bill",     [WECHAT_CALL_REFUND_QUERY] = "refund query",
    };
    MUST(names[call] != NULL);
    return names[call];
}

static void copy_answer(const struct wechat_answer *read, struct pay_answer *answer)
{
    answer->result = read->result;
    answer->amount_fen = read->amount_fen;
    answer->refunded_fen = read->refunded_fen;
    answer->currency_ok = read->currency_ok;
    answer->alarm = read->alarm;
    memcpy(answer->trade_no, read->trade_no, sizeof(answer->trade_no));
    MUST(str_copy(answer->qr_text, sizeof(answer->qr_text), read->qr_text));
}

static void classify(const struct call *call, const struct wechat_reply *reply,
                     struct pay_answer *answer)
{
    struct wechat_answer read;
    wechat_answer_read(&call->asked, reply->http.status, reply->http.body, reply->http.body_size,
                       &read);
    copy_answer(&read, answer);
    str_format_cut(answer->log_text, sizeof(answer->log_text), "wechat %s %s: %s (%ld %s) %s",
                   call_name(call->asked.call), call->subject, pay_result_name(read.result),
                   reply->http.status, read.code, read.message);
}

/* Nothing is known. What an unsigned 401 says about our signature helps people, and only them. */
static void say_unknown(const struct call *call, const struct wechat_reply *reply,
                        struct pay_answer *answer)
{
    struct wechat_answer read = {0};
    if (reply->came && reply->http.status == 401) {
        wechat_answer_read(&call->asked, reply->http.status, reply->http.body,
                           reply->http.body_size, &read);
    }
    str_format_cut(answer->log_text, sizeof(answer->log_text), "wechat %s %s: unknown (%s)%s%s",
                   call_name(call->asked.call), call->subject, reply->why,
                   read.message[0] != '\0' ? " " : "", read.message);
}

static void run(struct wechat_wallet *wallet, const struct call *call, struct pay_answer *answer)
{
    struct wechat_reply *reply = calloc(1, sizeof(*reply));
    wallet_answer_init(answer);
    if (reply == NULL) {
        str_format_cut(answer->log_text, sizeof(answer->log_text), "wechat: no memory");
        return;
    }
    wechat_link_ask(&wallet->link, &call->question, reply);
    if (reply->verified) {
        classify(call, reply, answer);
    } else {
        /* 401 is about our clock, serial or key, whether it is signed or not. */
        answer->alarm = reply->clock_wrong || (reply->came && reply->http.status == 401);
        say_unknown(call, reply, answer);
    }
    if (reply->came) {
        struct wechat_headers headers = wechat_reply_headers(&reply->http);
        wechat_headers_text(&headers, answer->evidence.headers, sizeof(answer->evidence.headers));
        wallet_keep_evidence(answer, &reply->http, reply->verified);
        wechat_reply_finish(reply);
    }
    free(reply);
}

static void refuse(struct pay_answer *answer, const char *what)
{
    wallet_answer_init(answer);
    answer->alarm = true;
    str_format_cut(answer->log_text, sizeof(answer->log_text), "wechat: %s", what);
}

bool wechat_wallet_precreate_body(const struct wechat_wallet *wallet, const struct pay_order *order,
                                  char *ret_body)
{
    const struct wechat_native native = {
        .appid = wallet->link.config.appid,
        .mchid = wallet->link.config.mchid,
        .description = order->subject,
        .order_no = order->order_no,
        .expire_wall_s = order->now_wall_s + order->expire_s,
        .notify_url = wallet->link.config.notify_url,
        .amount_fen = order->amount_fen,
        .device_id = order->terminal_id,
        .payer_ip = order->terminal_ip,
    };
    return wechat_body_native(&native, ret_body, PAY_BODY_SIZE);
}

void wechat_wallet_precreate(struct wechat_wallet *wallet, const char *order_no, const char *body,
                             struct pay_answer *ret_answer)
{
    const struct call call = {
        .question = {"POST", WECHAT_PATH_NATIVE, body, WALLET_TIMEOUT_MS},
        .asked = {.call = WECHAT_CALL_NATIVE},
        .subject = order_no,
    };
    run(wallet, &call, ret_answer);
}

/* By the one number or by the other; the other is NULL. */
static void query(struct wechat_wallet *wallet, const char *path, const char *order_no,
                  const char *trade_no, struct pay_answer *ret_answer)
{
    const struct call call = {
        .question = {"GET", path, "", WALLET_TIMEOUT_MS},
        .asked = {.call = WECHAT_CALL_QUERY,
                  .mchid = wallet->link.config.mchid,
                  .appid = wallet->link.config.appid,
                  .order_no = order_no,
                  .trade_no = trade_no},
        .subject = order_no != NULL ? order_no : trade_no,
    };
    run(wallet, &call, ret_answer);
}

void wechat_wallet_query(struct wechat_wallet *wallet, const char *order_no,
                         struct pay_answer *ret_answer)
{
    char path[WECHAT_PATH_SIZE];
    if (!wechat_path_query(order_no, wallet->link.config.mchid, path)) {
        refuse(ret_answer, "the order number cannot be sent");
        return;
    }
    query(wallet, path, order_no, NULL, ret_answer);
}

void wechat_wallet_query_trade(struct wechat_wallet *wallet, const char *trade_no,
                               struct pay_answer *ret_answer)
{
    char path[WECHAT_PATH_SIZE];
    if (!wechat_path_query_trade(trade_no, wallet->link.config.mchid, path)) {
        refuse(ret_answer, "the trade number cannot be sent");
        return;
    }
    query(wallet, path, NULL, trade_no, ret_answer);
}

void wechat_wallet_close(struct wechat_wallet *wallet, const char *order_no,
                         struct pay_answer *ret_answer)
{
    char path[WECHAT_PATH_SIZE];
    char body[WECHAT_BODY_SIZE];
    if (!wechat_path_close(order_no, path) ||
        !wechat_body_close(wallet->link.config.mchid, body, sizeof(body))) {
        refuse(ret_answer, "the order number cannot be sent");
        return;
    }
    const struct call call = {
        .question = {"POST", path, body, WALLET_TIMEOUT_MS},
        .asked = {.call = WECHAT_CALL_CLOSE},
        .subject = order_no,
    };
    run(wallet, &call, ret_answer);
}

bool wechat_wallet_refund_body(const struct wechat_wallet *wallet, const struct pay_refund *refund,
                               char *ret_body)
{
    const struct wechat_refund body = {
        .order_no = refund->order_no,
        .trade_no = refund->trade_no,
        .refund_no = refund->refund_no,
        .reason = refund->reason,
        .notify_url = wallet->link.config.refund_notify_url,
        .refund_fen = refund->refund_fen,
        .total_fen = refund->total_fen,
    };
    return wechat_body_refund(&body, ret_body, PAY_BODY_SIZE);
}

void wechat_wallet_refund(struct wechat_wallet *wallet, const char *refund_no, const char *body,
                          struct pay_answer *ret_answer)
{
    const struct call call = {
        .question = {"POST", WECHAT_PATH_REFUND, body, WALLET_REFUND_TIMEOUT_MS},
        .asked = {.call = WECHAT_CALL_REFUND, .refund_no = refund_no},
        .subject = refund_no,
    };
    run(wallet, &call, ret_answer);
}

void wechat_wallet_refund_query(struct wechat_wallet *wallet, const struct pay_refund *refund,
                                struct pay_answer *ret_answer)
{
    char path[WECHAT_PATH_SIZE];
    if (!wechat_path_refund_query(refund->refund_no, path)) {
        refuse(ret_answer, "the refund number cannot be sent");
        return;
    }
    const struct call call = {
        .question = {"GET", path, "", WALLET_TIMEOUT_MS},
        .asked = {.call = WECHAT_CALL_REFUND_QUERY,
                  .order_no = refund->order_no,
                  .trade_no = refund->order_no == NULL ? refund->trade_no : NULL,
                  .refund_no = refund->refund_no},
        .subject = refund->refund_no,
    };
    run(wallet, &call, ret_answer);
}

/* ---- Notifies ---- */

/* Less than all of it went back: that is never a refund of ours. */
static enum pay_result notify_result(const struct wechat_trade *trade)
{
    bool partly = trade->result == PAY_REFUNDED && trade->refunded_fen >= 0 &&
                  trade->refunded_fen < trade->amount_fen;
    return partly ? PAY_PARTLY_REFUNDED : trade->result;
}

static void classify_notify(const struct wechat_wallet *wallet, const struct wechat_trade *trade,
                            struct pay_notify *notify)
{
    /* A refund's notify has no appid; every other must name ours. */
    const bool bare = trade->appid[0] == '\0' && trade->refund_no[0] != '\0';
    bool ours = str_equal(trade->mchid, wallet->link.config.mchid) &&
                (bare || str_equal(trade->appid, wallet->link.config.appid));
    notify->result = notify_result(trade);
    notify->verdict = !ours                           ? PAY_NOTIFY_FOREIGN
                      : notify->result == PAY_UNKNOWN ? PAY_NOTIFY_NEWS
                                                      : PAY_NOTIFY_GENUINE;
    notify->amount_fen = trade->amount_fen;
    notify->refunded_fen = trade->refunded_fen;
    notify->currency_ok = trade->currency_ok;
    memcpy(notify->order_no, trade->order_no, sizeof(notify->order_no));
    memcpy(notify->trade_no, trade->trade_no, sizeof(notify->trade_no));
    memcpy(notify->refund_no, trade->refund_no, sizeof(notify->refund_no));
    str_format_cut(notify->log_text, sizeof(notify->log_text), "wechat notify %.64s: %s%s",
                   trade->order_no, pay_result_name(notify->result), ours ? "" : " (not for us)");
}

static void open_notify(struct wechat_wallet *wallet, const struct pay_notify_in *in,
                        struct pay_notify *notify)
{
    struct wechat_box_work *work = calloc(1, sizeof(*work));
    struct wechat_trade trade;
    if (work == NULL) {
        str_format_cut(notify->log_text, sizeof(notify->log_text), "wechat notify: no memory");
        return;
    }
    enum wechat_opened opened =
        wechat_notify_open((const char *)in->body, in->body_size,
                           wechat_keyring_apiv3(wallet->link.keyring), work, &trade);
    free(work);
    if (opened == WECHAT_OPENED) {
        notify->http_status = 200;
        notify->reply = "";
        classify_notify(wallet, &trade, notify);
    } else {
        /* Signed, so it is WeChat's: most likely the APIv3 key was changed and not told to us. */
        notify->verdict = PAY_NOTIFY_FOREIGN;
        str_format_cut(notify->log_text, sizeof(notify->log_text),
                       "wechat notify cannot be opened: %s", wechat_opened_name(opened));
    }
}

void wechat_wallet_notify(struct wechat_wallet *wallet, const struct pay_notify_in *in,
                          struct pay_notify *notify)
{
    const struct wechat_headers headers = {.timestamp = in->timestamp,
                                           .nonce = in->nonce,
                                           .serial = in->serial,
                                           .signature = in->signature,
                                           .repeated = in->repeated};
    struct wechat_keys keys = wechat_keyring_map(wallet->link.keyring);
    wechat_headers_text(&headers, notify->headers, sizeof(notify->headers));
    enum wechat_verdict verdict = wechat_verify(&headers, in->body, in->body_size, &keys,
                                                clock_wall_s(wallet->link.world.clock));
    if (verdict == WECHAT_VERIFIED) {
        open_notify(wallet, in, notify);
        return;
    }
    notify->http_status = 401;
    notify->verdict = verdict == WECHAT_PROBE ? PAY_NOTIFY_PROBE : PAY_NOTIFY_REFUSED;
    notify->keys_wanted = verdict == WECHAT_UNKNOWN_SERIAL && wallet->link.config.platform_certs;
    str_format_cut(notify->log_text, sizeof(notify->log_text), "wechat notify refused: %s",
                   wechat_verdict_name(verdict));
}
