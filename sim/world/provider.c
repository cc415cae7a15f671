/* SPDX-License-Identifier: Apache-2.0 */
/* The provider's books, the notices that it sends, and what it does when it is asked. */
#include "sim/world/provider.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/must.h"
#include "common/str.h"
#include "sim/world/provider_call.h"
#include "sim/world/world.h"

enum {
    NOTIFY_TRIES_MAX = 8,
    REFUND_SLOW_S_MAX = 600,
    WRONG_BY_FEN = 7,
    AT_ONCE_MS_MAX = 15000,
};

/* ---- the books ---- */

struct trade *provider_find(struct pay *pay, const char *order_no)
{
    for (size_t i = 0; i < pay->trade_count; i++) {
        if (str_equal(pay->trades[i].order_no, order_no)) {
            return &pay->trades[i];
        }
    }
    return NULL;
}

static struct trade *find_by_trade(struct pay *pay, const char *trade_no)
{
    for (size_t i = 0; i < pay->trade_count; i++) {
        if (str_equal(pay->trades[i].trade_no, trade_no)) {
            return &pay->trades[i];
        }
    }
    return NULL;
}

static struct trade *add(struct pay *pay, const char *order_no, enum pay_wallet wallet, int64_t fen)
{
    if (pay->trade_count == pay->trade_room) {
        pay->trade_room = pay->trade_room == 0 ? 64 : pay->trade_room * 2;
        pay->trades = realloc(pay->trades, pay->trade_room * sizeof(*pay->trades));
        MUST(pay->trades != NULL);
    }
    struct trade *trade = &pay->trades[pay->trade_count++];
    *trade = (struct trade){.wallet = wallet,
                            .asked_fen = fen,
                            .made_ns = kernel_now_ns(),
                            .expires_ns = kernel_now_ns() + PROVIDER_EXPIRY_S * KERNEL_S};
    str_format_cut(trade->order_no, sizeof(trade->order_no), "%s", order_no);
    str_format_cut(trade->trade_no, sizeof(trade->trade_no), "T%06zu", pay->trade_count);
    return trade;
}

static void note_fate(struct trade *trade)
{
    trade->fate_ns = kernel_now_ns();
}

int64_t provider_refunded_fen(const struct trade *trade, bool only_done)
{
    int64_t fen = 0;
    for (size_t i = 0; i < trade->refund_count; i++) {
        const enum trade_refund_state state = trade->refunds[i].state;
        const bool counts =
            state == TRADE_REFUND_DONE || (!only_done && state == TRADE_REFUND_PROCESSING);
        fen += counts ? trade->refunds[i].fen : 0;
    }
    return fen;
}

void provider_finish(struct pay *pay)
{
    free(pay->trades);
    *pay = (struct pay){0};
}

/* ---- notifies ---- */

struct notice {
    struct pay *pay;
    size_t trade; /* its place: the array may move */
};

static void notify_later(struct pay *pay, const struct trade *trade, int64_t delay_ms);

static void notify_answered(struct world *world, uint64_t id, unsigned status, const char *text)
{
    (void)text;
    if (status == 200) {
        world->pay.trades[id].acknowledged = true;
    }
}

static void send_notify(struct pay *pay, size_t place)
{
    const struct trade *trade = &pay->trades[place];
    struct http_wish wish = {
        .method = HTTP_POST, .link = LINK_PROVIDER, .answered = notify_answered, .id = place};
    str_format_cut(wish.path, sizeof(wish.path), "/pay/%s/notify", pay_wallet_name(trade->wallet));
    str_format_cut(wish.body, sizeof(wish.body), "%s %s %" PRId64, trade->order_no, trade->trade_no,
                   trade->paid_fen);
    http_double_send(pay->world, &wish);
}

static void notify(void *arg)
{
    static const int64_t WAITS_MS[NOTIFY_TRIES_MAX] = {15000,  30000,  180000,  600000,
                                                       600000, 900000, 1800000, 3600000};
    const struct notice notice = *(struct notice *)arg;
    struct pay *pay = notice.pay;
    struct trade *trade = &pay->trades[notice.trade];
    free(arg);
    if (trade->acknowledged || trade->notify_tries == NOTIFY_TRIES_MAX) {
        return;
    }
    send_notify(pay, notice.trade);
    if (world_strikes(pay->world, FAULT_NOTIFY_DOUBLE, DICE_PROVIDER)) {
        send_notify(pay, notice.trade);
    }
    const int64_t wait_ms = WAITS_MS[trade->notify_tries];
    trade->notify_tries += 1;
    notify_later(pay, trade, wait_ms);
}

static void notify_later(struct pay *pay, const struct trade *trade, int64_t delay_ms)
{
    struct notice *notice = malloc(sizeof(*notice));
    MUST(notice != NULL);
    *notice = (struct notice){pay, (size_t)(trade - pay->trades)};
    kernel_after(KERNEL_WORLD, delay_ms * KERNEL_MS, notify, notice);
}

/* ---- what people do ---- */

static void refund_now(void *arg)
{
    const struct notice notice = *(struct notice *)arg;
    free(arg);
    provider_refund_outside(notice.pay, &notice.pay->trades[notice.trade]);
}

static void refund_soon(struct pay *pay, const struct trade *trade, int64_t wait_ms)
{
    struct notice *notice = malloc(sizeof(*notice));
    MUST(notice != NULL);
    *notice = (struct notice){pay, (size_t)(trade - pay->trades)};
    kernel_after(KERNEL_WORLD, wait_ms * KERNEL_MS, refund_now, notice);
}

static void take_money(struct pay *pay, struct trade *trade, int64_t fen)
{
    trade->exists = true;
    trade->paid_fen = fen;
    trade->paid_ns = kernel_now_ns();
    trade->paid_wall_s = kernel_wall_ms(KERNEL_WORLD) / 1000;
    const bool unbilled = world_strikes(pay->world, FAULT_BILL_ROW_MISSING, DICE_PROVIDER);
    /* A bill that lacks a payment is asked about only if another message told of it. */
    trade->unbilled = unbilled && !trade->stray;
    kernel_trace("paid", trade->order_no, fen, trade->wallet);
    gate_close(pay->world, trade->order_no);
    const bool at_once = world_strikes(pay->world, FAULT_NOTIFY_FIRST, DICE_PROVIDER);
    const int64_t delay_ms = dice_between(&pay->world->dice[DICE_PROVIDER], 0, 4000);
    const bool never = world_strikes(pay->world, FAULT_NOTIFY_NEVER, DICE_PROVIDER);
    if (never) {
        trade->notify_tries = NOTIFY_TRIES_MAX;
    }
    notify_later(pay, trade, at_once ? 0 : delay_ms);
    if (world_strikes(pay->world, FAULT_REFUND_AT_ONCE, DICE_PROVIDER)) {
        const int64_t wait_ms = dice_between(&pay->world->dice[DICE_PROVIDER], 0, AT_ONCE_MS_MAX);
        refund_soon(pay, trade, wait_ms);
    }
}

bool provider_pay(struct pay *pay, const char *order_no)
{
    struct trade *trade = provider_find(pay, order_no);
    if (trade == NULL || trade->closed || trade->paid_fen > 0 ||
        trade->expires_ns <= kernel_now_ns()) {
        return false;
    }
    const bool wrong = world_strikes(pay->world, FAULT_PAY_WRONG_AMOUNT, DICE_PROVIDER);
    take_money(pay, trade, wrong ? trade->asked_fen - WRONG_BY_FEN : trade->asked_fen);
    return true;
}

void provider_pay_stray(struct pay *pay)
{
    struct dice *dice = &pay->world->dice[DICE_PROVIDER];
    char number[PAY_ORDER_NO_SIZE];
    str_format_cut(number, sizeof(number), "OLD%08zu", pay->trade_count);
    const int64_t fen = dice_between(dice, 100, 90000);
    struct trade *trade = add(pay, number, PAY_WECHAT, fen);
    trade->stray = true;
    take_money(pay, trade, fen);
}

static struct trade_refund *add_refund(struct trade *trade, const char *refund_no, int64_t fen)
{
    MUST(trade->refund_count < TRADE_REFUNDS_MAX);
    struct trade_refund *refund = &trade->refunds[trade->refund_count++];
    *refund = (struct trade_refund){
        .fen = fen, .state = TRADE_REFUND_DONE, .wall_s = kernel_wall_ms(KERNEL_WORLD) / 1000};
    str_format_cut(refund->refund_no, sizeof(refund->refund_no), "%s", refund_no);
    return refund;
}

void provider_refund_outside(struct pay *pay, struct trade *trade)
{
    (void)pay;
    const int64_t left_fen = trade->paid_fen - provider_refunded_fen(trade, false);
    if (left_fen == trade->paid_fen && left_fen > 0 && trade->repaid_fen == 0) {
        kernel_trace("refunded outside", trade->order_no, left_fen, 0);
        (void)add_refund(trade, "outside", left_fen);
        if (trade->fate_ns == 0) {
            note_fate(trade); /* what was credited before has had its fate */
        }
    }
}

/* ---- what the server asks ---- */

static void act_precreate(struct provider_call *call)
{
    struct trade *trade = provider_find(call->pay, call->order_no);
    if (trade == NULL && world_strikes(call->pay->world, FAULT_PAY_REFUSED, DICE_PROVIDER)) {
        call->answer.result = PAY_REFUSED;
        return;
    }
    if (trade == NULL) {
        trade = add(call->pay, call->order_no, call->wallet, call->fen);
        trade->exists = call->wallet == PAY_WECHAT;
    }
    if (trade->paid_fen > 0 || trade->closed) {
        call->answer.result = PAY_QUERY_FIRST;
        return;
    }
    call->answer.result = PAY_QR;
    str_format_cut(call->answer.qr_text, sizeof(call->answer.qr_text), "qr:%s", call->order_no);
}

static enum pay_result state_of(const struct trade *trade)
{
    const int64_t refunded_fen = provider_refunded_fen(trade, /* only_done= */ true);
    if (trade->paid_fen == 0) {
        const bool over = trade->closed || trade->expires_ns <= kernel_now_ns();
        return over ? PAY_CLOSED : PAY_UNPAID;
    }
    if (trade->wallet == PAY_WECHAT) {
        return provider_refunded_fen(trade, false) > 0 ? PAY_PAID_REFUND_SEEN : PAY_PAID;
    }
    return refunded_fen == trade->paid_fen ? PAY_REFUNDED
           : refunded_fen > 0              ? PAY_PARTLY_REFUNDED
                                           : PAY_PAID;
}

static void act_query(struct provider_call *call)
{
    const struct trade *trade = call->trade_no[0] != '\0'
                                    ? find_by_trade(call->pay, call->trade_no)
                                    : provider_find(call->pay, call->order_no);
    struct pay_answer *answer = &call->answer;
    if (trade == NULL || !trade->exists) {
        answer->result = PAY_NOT_EXIST;
        return;
    }
    answer->result = state_of(trade);
    answer->amount_fen = trade->paid_fen > 0 ? trade->paid_fen : trade->asked_fen;
    if (answer->result == PAY_REFUNDED || answer->result == PAY_PARTLY_REFUNDED) {
        answer->refunded_fen = provider_refunded_fen(trade, /* only_done= */ true);
    }
    str_format_cut(answer->trade_no, sizeof(answer->trade_no), "%s",
                   trade->paid_fen > 0 ? trade->trade_no : "");
}

static void act_close(struct provider_call *call)
{
    struct trade *trade = provider_find(call->pay, call->order_no);
    if (trade == NULL || !trade->exists) {
        call->answer.result = PAY_NOT_EXIST;
    } else if (trade->paid_fen > 0) {
        call->answer.result = PAY_CLOSE_REFUSED;
    } else {
        trade->closed = true;
        kernel_trace("closed", trade->order_no, 0, 0);
        call->answer.result = PAY_CLOSED;
    }
}

struct slow_refund {
    struct pay *pay;
    size_t trade;
    size_t refund;
};

static void refund_done(void *arg)
{
    const struct slow_refund slow = *(struct slow_refund *)arg;
    free(arg);
    struct trade_refund *refund = &slow.pay->trades[slow.trade].refunds[slow.refund];
    refund->state = TRADE_REFUND_DONE;
    note_fate(&slow.pay->trades[slow.trade]);
    refund->wall_s = kernel_wall_ms(KERNEL_WORLD) / 1000;
}

static void refund_slowly(struct pay *pay, const struct trade *trade, struct trade_refund *refund)
{
    struct slow_refund *slow = malloc(sizeof(*slow));
    MUST(slow != NULL);
    *slow =
        (struct slow_refund){pay, (size_t)(trade - pay->trades), (size_t)(refund - trade->refunds)};
    refund->state = TRADE_REFUND_PROCESSING;
    const int64_t wait_s = dice_between(&pay->world->dice[DICE_PROVIDER], 1, REFUND_SLOW_S_MAX);
    kernel_after(KERNEL_WORLD, wait_s * KERNEL_S, refund_done, slow);
}

static enum pay_result refund_word(const struct trade_refund *refund)
{
    switch (refund->state) {
    case TRADE_REFUND_PROCESSING:
        return PAY_REFUND_PROCESSING;
    case TRADE_REFUND_DONE:
        return PAY_REFUNDED;
    case TRADE_REFUND_ABNORMAL:
        break;
    }
    return PAY_REFUND_ABNORMAL;
}

static struct trade_refund *find_refund(struct trade *trade, const char *refund_no)
{
    for (size_t i = 0; i < trade->refund_count; i++) {
        if (str_equal(trade->refunds[i].refund_no, refund_no)) {
            return &trade->refunds[i];
        }
    }
    return NULL;
}

static struct trade *trade_of(struct provider_call *call)
{
    return call->order_no[0] != '\0' ? provider_find(call->pay, call->order_no)
                                     : find_by_trade(call->pay, call->trade_no);
}

static void act_refund(struct provider_call *call)
{
    struct world *world = call->pay->world;
    struct trade *trade = trade_of(call);
    struct trade_refund *refund = trade != NULL ? find_refund(trade, call->refund_no) : NULL;
    call->answer.result = PAY_REFUND_NOT_ALLOWED;
    if (refund != NULL) {
        call->answer.result = refund_word(refund);
        return;
    }
    if (trade == NULL || trade->paid_fen - provider_refunded_fen(trade, false) < call->fen) {
        return;
    }
    if (world_strikes(world, FAULT_REFUND_LOW_BALANCE, DICE_PROVIDER)) {
        call->answer.result = PAY_REFUND_LOW_BALANCE;
        return;
    }
    refund = add_refund(trade, call->refund_no, call->fen);
    note_fate(trade);
    kernel_trace("refund", trade->order_no, call->fen, 0);
    if (world_strikes(world, FAULT_REFUND_ABNORMAL, DICE_PROVIDER)) {
        refund->state = TRADE_REFUND_ABNORMAL;
    } else if (world_strikes(world, FAULT_REFUND_SLOW, DICE_PROVIDER)) {
        refund_slowly(call->pay, trade, refund);
    }
    call->answer.result = refund_word(refund);
    call->answer.refunded_fen = call->fen;
}

static void act_refund_query(struct provider_call *call)
{
    struct trade *trade = trade_of(call);
    const struct trade_refund *refund = trade != NULL ? find_refund(trade, call->refund_no) : NULL;
    call->answer.result = refund != NULL ? refund_word(refund) : PAY_NOT_EXIST;
    call->answer.refunded_fen = refund != NULL ? refund->fen : -1;
}

void provider_act(struct provider_call *call)
{
    static void (*const ACTS[])(struct provider_call * call) = {
        [PROVIDER_PRECREATE] = act_precreate,
        [PROVIDER_QUERY] = act_query,
        [PROVIDER_CLOSE] = act_close,
        [PROVIDER_REFUND] = act_refund,
        [PROVIDER_REFUND_QUERY] = act_refund_query,
    };
    ACTS[call->op](call);
}

/* ---- what others come to know ---- */

void provider_note_told(struct pay *pay, const char *order_no)
{
    struct trade *trade = provider_find(pay, order_no);
    if (trade != NULL) {
        trade->told = true;
    }
}

void provider_note_fate(struct pay *pay, const char *order_no)
{
    struct trade *trade = provider_find(pay, order_no);
    if (trade != NULL) {
        note_fate(trade);
    }
}

void provider_check_bought(struct pay *pay, int64_t fen)
{
    for (size_t i = 0; i < pay->trade_count; i++) {
        struct trade *trade = &pay->trades[i];
        if (!trade->stray && trade->asked_fen == fen) {
            note_fate(trade);
        }
        const bool gone = trade->refund_count > 0 && !trade->told;
        if (!trade->stray && trade->asked_fen == fen && gone) {
            world_fail(pay->world, "I1: %s is credited, and every word about it was of a refund",
                       trade->order_no);
        }
    }
}
