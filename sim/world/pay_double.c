/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cloud/payments/pay.h over the world's network. A call is an object that outlives its caller: the
 * request travels, the provider acts, the answer travels, and the server may have given up or died
 * anywhere in between.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "common/must.h"
#include "common/parse.h"
#include "common/str.h"
#include "sim/world/provider_call.h"
#include "sim/world/world.h"

enum { CALL_TIMEOUT_S = 8, GATE_MS = 100 };

/* ---- the way there and back ---- */

static void answer_arrived(void *arg)
{
    struct provider_call *call = arg;
    const bool tells = call->op == PROVIDER_QUERY && call->answer.result == PAY_PAID;
    if (tells && !call->left && gate_holds(call->pay->world, GATE_POLL)) {
        kernel_after(KERNEL_WORLD, GATE_MS * KERNEL_MS, answer_arrived, call);
        return;
    }
    if (tells) {
        provider_note_told(call->pay, call->order_no);
    }
    call->answered = true;
    kernel_wake(call);
    if (call->left) {
        free(call);
    }
}

static void request_arrived(void *arg)
{
    struct provider_call *call = arg;
    struct world *world = call->pay->world;
    provider_act(call);
    call->answer.evidence.verified = true;
    if (!world_strikes(world, FAULT_PAY_LOST_ANSWER, DICE_PROVIDER)) {
        const int64_t delay_ms = dice_between(&world->dice[DICE_PROVIDER], 1, 600);
        kernel_after(KERNEL_WORLD, delay_ms * KERNEL_MS, answer_arrived, call);
    } else if (call->left) {
        free(call);
    } else {
        call->lost = true;
    }
}

/* Canary: what was given up once is closed for ever, whatever the provider would say. */
static bool is_given_up(const struct provider_call *call)
{
    const struct trade *trade = provider_find(call->pay, call->order_no);
    return canary_is(CANARY_CLOSE_ON_TIMEOUT) && trade != NULL && trade->given_up;
}

static void give_up(const struct provider_call *call, struct pay_answer *ret_answer)
{
    struct trade *trade = provider_find(call->pay, call->order_no);
    if (canary_is(CANARY_CLOSE_ON_TIMEOUT) && call->op == PROVIDER_CLOSE && trade != NULL) {
        trade->given_up = true;
        ret_answer->result = PAY_CLOSED;
        ret_answer->evidence.verified = true;
    }
}

static void make_call(const struct provider_call *question, struct pay_answer *ret_answer)
{
    if (is_given_up(question)) {
        *ret_answer = (struct pay_answer){.result = PAY_CLOSED, .currency_ok = true};
        ret_answer->evidence.verified = true;
        return;
    }
    struct world *world = question->pay->world;
    struct provider_call *call = malloc(sizeof(*call));
    MUST(call != NULL);
    *call = *question;
    call->answer = (struct pay_answer){.amount_fen = -1, .refunded_fen = -1, .currency_ok = true};
    const bool cut = question->pay->down_until_ns > kernel_now_ns();
    const bool dropped = world_strikes(world, FAULT_PAY_LOST_CALL, DICE_PROVIDER);
    call->lost = cut || dropped;
    if (cut && !dropped) {
        world_count(world, FAULT_NET_PARTITION);
    }
    if (!call->lost) {
        const bool late = world_strikes(world, FAULT_PAY_LATE, DICE_PROVIDER);
        const int64_t delay_ms = dice_between(&world->dice[DICE_PROVIDER], 1, late ? 20000 : 400);
        kernel_after(KERNEL_WORLD, delay_ms * KERNEL_MS, request_arrived, call);
    }
    const int64_t deadline_ns = kernel_now_ns() + CALL_TIMEOUT_S * KERNEL_S;
    bool in_time = true;
    while (!call->answered && in_time) {
        in_time = kernel_wait(call, deadline_ns);
    }
    if (call->answered) {
        *ret_answer = call->answer;
    } else {
        *ret_answer = (struct pay_answer){.amount_fen = -1, .refunded_fen = -1};
        give_up(question, ret_answer);
    }
    str_format_cut(ret_answer->log_text, sizeof(ret_answer->log_text), "provider says %d",
                   (int)ret_answer->result);
    if (call->answered || call->lost) {
        free(call);
    } else {
        call->left = true; /* its request may still arrive and have its effect */
    }
}

/* ---- as the server calls it ---- */

const char *pay_wallet_name(enum pay_wallet wallet)
{
    return wallet == PAY_ALIPAY ? "alipay" : "wechat";
}

bool pay_has(const struct pay *pay, enum pay_wallet wallet)
{
    (void)pay;
    (void)wallet;
    return true;
}

bool pay_precreate_body(const struct pay *pay, enum pay_wallet wallet,
                        const struct pay_order *order, char ret_body[PAY_BODY_SIZE])
{
    (void)pay;
    (void)wallet;
    return str_format(ret_body, PAY_BODY_SIZE, "%" PRId64, order->amount_fen);
}

void pay_precreate(struct pay *pay, enum pay_wallet wallet, const char *order_no, const char *body,
                   struct pay_answer *ret_answer)
{
    struct provider_call call = {.pay = pay, .op = PROVIDER_PRECREATE, .wallet = wallet};
    MUST(parse_i64(body, 1, INT64_MAX, &call.fen));
    str_format_cut(call.order_no, sizeof(call.order_no), "%s", order_no);
    make_call(&call, ret_answer);
}

static void ask_about_order(struct pay *pay, enum provider_op op, enum pay_wallet wallet,
                            const char *order_no, struct pay_answer *ret_answer)
{
    struct provider_call call = {.pay = pay, .op = op, .wallet = wallet};
    str_format_cut(call.order_no, sizeof(call.order_no), "%s", order_no);
    make_call(&call, ret_answer);
}

void pay_query(struct pay *pay, enum pay_wallet wallet, const char *order_no,
               struct pay_answer *ret_answer)
{
    ask_about_order(pay, PROVIDER_QUERY, wallet, order_no, ret_answer);
}

void pay_query_trade(struct pay *pay, enum pay_wallet wallet, const char *trade_no,
                     struct pay_answer *ret_answer)
{
    struct provider_call call = {.pay = pay, .op = PROVIDER_QUERY, .wallet = wallet};
    str_format_cut(call.trade_no, sizeof(call.trade_no), "%s", trade_no);
    make_call(&call, ret_answer);
}

void pay_close(struct pay *pay, enum pay_wallet wallet, const char *order_no,
               struct pay_answer *ret_answer)
{
    ask_about_order(pay, PROVIDER_CLOSE, wallet, order_no, ret_answer);
}

bool pay_refund_body(const struct pay *pay, enum pay_wallet wallet, const struct pay_refund *refund,
                     char ret_body[PAY_BODY_SIZE])
{
    (void)pay;
    (void)wallet;
    return str_format(ret_body, PAY_BODY_SIZE, "%s %s %" PRId64,
                      refund->order_no != NULL ? refund->order_no : "-",
                      refund->trade_no != NULL ? refund->trade_no : "-", refund->refund_fen);
}

/* "ORDER TRADE FEN" into the call; "-" is none. */
static void read_body(const char *body, struct provider_call *call)
{
    const char *trade = strchr(body, ' ');
    MUST(trade != NULL);
    const char *fen = strchr(trade + 1, ' ');
    MUST(fen != NULL && parse_i64(fen + 1, 1, INT64_MAX, &call->fen));
    if (body[0] != '-') {
        MUST(str_copy_bytes(call->order_no, sizeof(call->order_no), body, (size_t)(trade - body)));
    }
    if (trade[1] != '-') {
        MUST(str_copy_bytes(call->trade_no, sizeof(call->trade_no), trade + 1,
                            (size_t)(fen - trade - 1)));
    }
}

void pay_refund(struct pay *pay, enum pay_wallet wallet, const char *refund_no, const char *body,
                struct pay_answer *ret_answer)
{
    struct provider_call call = {.pay = pay, .op = PROVIDER_REFUND, .wallet = wallet};
    str_format_cut(call.refund_no, sizeof(call.refund_no), "%s", refund_no);
    read_body(body, &call);
    make_call(&call, ret_answer);
}

void pay_refund_query(struct pay *pay, enum pay_wallet wallet, const struct pay_refund *refund,
                      struct pay_answer *ret_answer)
{
    struct provider_call call = {.pay = pay, .op = PROVIDER_REFUND_QUERY, .wallet = wallet};
    str_format_cut(call.refund_no, sizeof(call.refund_no), "%s", refund->refund_no);
    str_format_cut(call.order_no, sizeof(call.order_no), "%s",
                   refund->order_no != NULL ? refund->order_no : "");
    str_format_cut(call.trade_no, sizeof(call.trade_no), "%s",
                   refund->trade_no != NULL ? refund->trade_no : "");
    make_call(&call, ret_answer);
}

void pay_answer_finish(struct pay_answer *answer)
{
    free(answer->evidence.body);
    answer->evidence.body = NULL;
}

void pay_notify_read(struct pay *pay, enum pay_wallet wallet, const struct pay_notify_in *in,
                     struct pay_notify *ret_notify)
{
    struct provider_call call = {.pay = pay};
    char text[256];
    (void)wallet;
    MUST(str_copy_bytes(text, sizeof(text), (const char *)in->body, in->body_size));
    read_body(text, &call);
    provider_note_told(pay, call.order_no);
    *ret_notify = (struct pay_notify){.verdict = PAY_NOTIFY_GENUINE,
                                      .result = PAY_PAID,
                                      .amount_fen = call.fen,
                                      .refunded_fen = -1,
                                      .currency_ok = true,
                                      .http_status = 200,
                                      .reply = "success",
                                      .reply_type = "text/plain"};
    const struct trade *trade = provider_find(pay, call.order_no);
    if (is_given_up(&call) || (canary_is(CANARY_STRAY_DROPPED) && trade != NULL && trade->stray)) {
        ret_notify->verdict = PAY_NOTIFY_NEWS;
    }
    str_format_cut(ret_notify->order_no, sizeof(ret_notify->order_no), "%s", call.order_no);
    str_format_cut(ret_notify->trade_no, sizeof(ret_notify->trade_no), "%s", call.trade_no);
}

void pay_notify_fail(enum pay_wallet wallet, struct pay_notify *notify)
{
    (void)wallet;
    notify->http_status = 500;
    notify->reply = "";
}

bool pay_keys_refresh(struct pay *pay, char ret_log[PAY_LOG_SIZE])
{
    (void)pay;
    ret_log[0] = '\0';
    return true;
}
