/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Alipay's calls and notifies. Only what is verified reaches the classification.
 */

#include <stdlib.h>
#include <string.h>

#include "cloud/payments/alipay_link.h"
#include "common/str.h"
#include "protocol/alipay/notify.h"
#include "protocol/alipay/response.h"

enum err alipay_wallet_create(const struct pay_alipay_config *config,
                              const struct wallet_world *world, const struct key_message *message,
                              struct alipay_wallet **ret_wallet)
{
    struct alipay_wallet *wallet = calloc(1, sizeof(*wallet));
    if (wallet == NULL) {
        return ERR_MEMORY;
    }
    wallet->config = *config;
    wallet->world = *world;
    enum err err = alipay_keys_create(config, world->allow_test_keys, message, &wallet->keys);
    if (err != OK) {
        alipay_wallet_destroy(wallet);
        return err;
    }
    *ret_wallet = wallet;
    return OK;
}

void alipay_wallet_destroy(struct alipay_wallet *wallet)
{
    if (wallet != NULL) {
        alipay_keys_destroy(wallet->keys);
        free(wallet);
    }
}

static void classify(const struct alipay_question *question, const struct alipay_reply *reply,
                     struct pay_answer *answer)
{
    struct alipay_answer read;
    alipay_answer_read(&question->asked, reply->signed_bytes, &read);
    answer->result = read.result;
    answer->amount_fen = read.amount_fen;
    answer->refunded_fen = read.refunded_fen;
    answer->scanned = read.scanned;
    answer->alarm = read.alarm;
    memcpy(answer->trade_no, read.trade_no, sizeof(answer->trade_no));
    memcpy(answer->qr_text, read.qr_code, sizeof(answer->qr_text));
    str_format_cut(answer->log_text, sizeof(answer->log_text), "%s %s: %s (%s %s) trace %.64s",
                   alipay_call_method(question->asked.call), question->subject,
                   pay_result_name(read.result), read.code, read.sub_code, reply->http.wanted[0]);
}

/* Ask and classify. */
static void call(struct alipay_wallet *wallet, const struct alipay_question *question,
                 struct pay_answer *answer)
{
    struct alipay_work *work = calloc(1, sizeof(*work));
    wallet_answer_init(answer);
    if (work == NULL) {
        str_format_cut(answer->log_text, sizeof(answer->log_text), "alipay: no memory");
        return;
    }
    alipay_wallet_ask(wallet, question, work);
    if (work->reply.verified) {
        classify(question, &work->reply, answer);
    } else {
        str_format_cut(answer->log_text, sizeof(answer->log_text), "%s %s: unknown (%s)",
                       alipay_call_method(question->asked.call), question->subject,
                       work->reply.why);
    }
    if (work->reply.came) {
        wallet_keep_evidence(answer, &work->reply.http, work->reply.verified);
    }
    alipay_work_destroy(work);
}

static void refuse(struct pay_answer *answer, const char *what)
{
    wallet_answer_init(answer);
    answer->alarm = true;
    str_format_cut(answer->log_text, sizeof(answer->log_text), "alipay: %s", what);
}

/* ---- The calls ---- */

bool alipay_wallet_precreate_body(const struct pay_order *order, char *ret_body)
{
    const struct alipay_precreate biz = {
        .order_no = order->order_no,
        .amount_fen = order->amount_fen,
        .subject = order->subject,
        .terminal_id = order->terminal_id,
        .expire_minutes = (order->expire_s + 59) / 60,
    };
    return alipay_biz_precreate(&biz, ret_body, PAY_BODY_SIZE);
}

void alipay_wallet_precreate(struct alipay_wallet *wallet, const char *order_no, const char *body,
                             struct pay_answer *ret_answer)
{
    const struct alipay_question question = {
        .asked = {.call = ALIPAY_CALL_PRECREATE, .order_no = order_no},
        .biz = body,
        .subject = order_no,
        .with_notify_url = true,
    };
    call(wallet, &question, ret_answer);
}

static void call_about_order(struct alipay_wallet *wallet, enum alipay_call which,
                             const char *order_no, struct pay_answer *ret_answer)
{
    char biz[ALIPAY_BIZ_SIZE];
    if (!alipay_biz_order(order_no, biz, sizeof(biz))) {
        refuse(ret_answer, "the order number cannot be sent");
        return;
    }
    const struct alipay_question question = {
        .asked = {.call = which, .order_no = order_no},
        .biz = biz,
        .subject = order_no,
    };
    call(wallet, &question, ret_answer);
}

void alipay_wallet_query(struct alipay_wallet *wallet, const char *order_no,
                         struct pay_answer *ret_answer)
{
    call_about_order(wallet, ALIPAY_CALL_QUERY, order_no, ret_answer);
}

void alipay_wallet_query_trade(struct alipay_wallet *wallet, const char *trade_no,
                               struct pay_answer *ret_answer)
{
    char biz[ALIPAY_BIZ_SIZE];
    if (!alipay_biz_trade(trade_no, biz, sizeof(biz))) {
        refuse(ret_answer, "the trade number cannot be sent");
        return;
    }
    const struct alipay_question question = {
        .asked = {.call = ALIPAY_CALL_QUERY, .trade_no = trade_no},
        .biz = biz,
        .subject = trade_no,
    };
    call(wallet, &question, ret_answer);
}

void alipay_wallet_close(struct alipay_wallet *wallet, const char *order_no,
                         struct pay_answer *ret_answer)
{
    call_about_order(wallet, ALIPAY_CALL_CLOSE, order_no, ret_answer);
}

static struct alipay_refund refund_of(const struct pay_refund *refund)
{
    return (struct alipay_refund){
        .order_no = refund->order_no,
        .trade_no = refund->order_no == NULL ? refund->trade_no : NULL,
        .refund_no = refund->refund_no,
        .refund_fen = refund->refund_fen,
        .reason = refund->reason,
    };
}

bool alipay_wallet_refund_body(const struct pay_refund *refund, char *ret_body)
{
    const struct alipay_refund biz = refund_of(refund);
    return alipay_biz_refund(&biz, ret_body, PAY_BODY_SIZE);
}

void alipay_wallet_refund(struct alipay_wallet *wallet, const char *refund_no, const char *body,
                          struct pay_answer *ret_answer)
{
    /* The answer does not repeat the refund number, so what it must be about is taken from the
     * stored body: its order or trade number. */
    char number[ALIPAY_ANSWER_NUMBER_SIZE];
    const struct alipay_slice biz = {body, strlen(body)};
    struct alipay_slice value;
    struct alipay_question question = {
        .asked = {.call = ALIPAY_CALL_REFUND}, .biz = body, .subject = refund_no};
    if (alipay_scan_find(biz, "out_trade_no", &value)) {
        question.asked.order_no = number;
    } else if (alipay_scan_find(biz, "trade_no", &value)) {
        question.asked.trade_no = number;
    } else {
        refuse(ret_answer, "a refund's body names no payment");
        return;
    }
    if (!alipay_scan_text(value, number, sizeof(number))) {
        refuse(ret_answer, "a refund's body names no payment");
        return;
    }
    call(wallet, &question, ret_answer);
}

void alipay_wallet_refund_query(struct alipay_wallet *wallet, const struct pay_refund *refund,
                                struct pay_answer *ret_answer)
{
    char biz[ALIPAY_BIZ_SIZE];
    const struct alipay_refund numbers = refund_of(refund);
    if (!alipay_biz_refund_query(&numbers, biz, sizeof(biz))) {
        refuse(ret_answer, "the refund number cannot be sent");
        return;
    }
    const struct alipay_question question = {
        .asked = {.call = ALIPAY_CALL_REFUND_QUERY,
                  .order_no = numbers.order_no,
                  .trade_no = numbers.trade_no,
                  .refund_no = numbers.refund_no},
        .biz = biz,
        .subject = refund->refund_no,
    };
    call(wallet, &question, ret_answer);
}

/* ---- Notifies ---- */

static void classify_notify(const struct alipay_wallet *wallet, const struct alipay_form *form,
                            struct pay_notify *notify)
{
    struct alipay_notify read;
    alipay_notify_read(form, &read);
    bool ours = str_equal(read.app_id, wallet->config.app_id) &&
                str_equal(read.seller_id, wallet->config.seller_id);
    bool news = read.result == PAY_UNKNOWN || read.result == PAY_UNPAID;
    notify->verdict = !ours ? PAY_NOTIFY_FOREIGN : news ? PAY_NOTIFY_NEWS : PAY_NOTIFY_GENUINE;
    notify->result = read.result;
    notify->amount_fen = read.amount_fen;
    notify->refunded_fen = read.refunded_fen;
    notify->currency_ok = true;
    memcpy(notify->order_no, read.order_no, sizeof(notify->order_no));
    memcpy(notify->trade_no, read.trade_no, sizeof(notify->trade_no));
    memcpy(notify->refund_no, read.refund_no, sizeof(notify->refund_no));
    str_format_cut(notify->log_text, sizeof(notify->log_text), "alipay notify %.64s: %s%s",
                   read.order_no, pay_result_name(read.result), ours ? "" : " (not for us)");
}

static enum alipay_verdict check_notify(struct alipay_wallet *wallet,
                                        const struct pay_notify_in *in, struct alipay_work *work,
                                        bool *ret_keys_wanted)
{
    enum alipay_rule rule = ALIPAY_RULE_DROP_EMPTY;
    char sn[ALIPAY_CERT_SN_SIZE];
    alipay_form_init(&work->form);
    if (alipay_form_parse(&work->form, (const char *)in->body, in->body_size) != OK ||
        !alipay_form_text(&work->form, "alipay_cert_sn", sn, sizeof(sn))) {
        return ALIPAY_MALFORMED;
    }
    const struct rsa_key *key =
        alipay_keys_find(wallet->keys, sn, clock_wall_s(wallet->world.clock));
    if (key == NULL) {
        *ret_keys_wanted = alipay_keys_want(wallet->keys, sn, clock_mono_ms(wallet->world.clock));
        return ALIPAY_BAD_SIGNATURE;
    }
    return alipay_notify_check(&work->form, key, work->scratch, sizeof(work->scratch), &rule);
}

void alipay_wallet_notify(struct alipay_wallet *wallet, const struct pay_notify_in *in,
                          struct pay_notify *notify)
{
    struct alipay_work *work = calloc(1, sizeof(*work));
    if (work == NULL) {
        str_format_cut(notify->log_text, sizeof(notify->log_text), "alipay notify: no memory");
        return;
    }
    enum alipay_verdict verdict = check_notify(wallet, in, work, &notify->keys_wanted);
    if (verdict == ALIPAY_VERIFIED) {
        notify->reply = "success";
        classify_notify(wallet, &work->form, notify);
    } else {
        str_format_cut(notify->log_text, sizeof(notify->log_text), "alipay notify refused: %s",
                       alipay_verdict_name(verdict));
    }
    alipay_work_destroy(work);
}

bool alipay_wallet_refresh(struct alipay_wallet *wallet, char ret_log[PAY_LOG_SIZE])
{
    char sn[CERT_SN_SIZE];
    const int64_t now_ms = clock_mono_ms(wallet->world.clock);
    if (!alipay_keys_take_wanted(wallet->keys, now_ms, sn)) {
        return true;
    }
    bool ok = alipay_keys_find(wallet->keys, sn, clock_wall_s(wallet->world.clock)) != NULL ||
              alipay_wallet_download_key(wallet, sn) != NULL;
    if (!ok) {
        alipay_keys_refuse(wallet->keys, sn, now_ms);
    }
    str_format_cut(ret_log, PAY_LOG_SIZE, "alipay certificate %s: %s", sn,
                   ok ? "taken up" : "not to be had");
    return ok;
}
