/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/cloud_orders/double_pay.h"

#include <stdlib.h>
#include <string.h>

#include <pthread.h>

#include "common/must.h"
#include "common/str.h"

enum { TRADES_MAX = 64 };

struct trade {
    char order_no[PAY_TRADE_NO_SIZE];
    char refund_no[PAY_REFUND_NO_SIZE];
    bool scanned;
    struct double_trade truth;
};

struct forced {
    enum pay_result result;
    int times;
    bool effect;
};

struct pay {
    pthread_mutex_t mutex;
    struct trade trades[TRADES_MAX];
    size_t trade_count;
    struct forced forced[CALL_COUNT];
    int calls[CALL_COUNT];
    struct pay_notify notify;
    bool notify_repeated;
    bool lacks[PAY_WALLET_COUNT];
    enum pay_bill_result bill;
    struct pay_bill_row bill_rows[8];
    size_t bill_row_count;
    bool fees_stated;
    int64_t fees_stated_e5;
};

static struct pay the_pay = {.mutex = PTHREAD_MUTEX_INITIALIZER};

static void enter(void)
{
    (void)pthread_mutex_lock(&the_pay.mutex);
}

static void leave(void)
{
    (void)pthread_mutex_unlock(&the_pay.mutex);
}

void double_pay_reset(void)
{
    enter();
    memset(the_pay.trades, 0, sizeof(the_pay.trades));
    memset(the_pay.forced, 0, sizeof(the_pay.forced));
    memset(the_pay.calls, 0, sizeof(the_pay.calls));
    memset(the_pay.lacks, 0, sizeof(the_pay.lacks));
    the_pay.trade_count = 0;
    the_pay.bill = PAY_BILL_UNKNOWN;
    the_pay.bill_row_count = 0;
    leave();
}

struct pay *double_pay(void)
{
    return &the_pay;
}

/* Inside: the trade of a number, or by trade number. */
static struct trade *find(const char *order_no, const char *trade_no)
{
    for (size_t i = 0; i < the_pay.trade_count; i++) {
        struct trade *trade = &the_pay.trades[i];
        if ((order_no != NULL && str_equal(trade->order_no, order_no)) ||
            (trade_no != NULL && str_equal(trade->truth.trade_no, trade_no))) {
            return trade;
        }
    }
    return NULL;
}

static struct trade *find_or_add(const char *order_no)
{
    struct trade *trade = find(order_no, NULL);
    if (trade == NULL) {
        MUST(the_pay.trade_count < TRADES_MAX);
        trade = &the_pay.trades[the_pay.trade_count];
        the_pay.trade_count += 1;
        str_format_cut(trade->order_no, sizeof(trade->order_no), "%s", order_no);
        str_format_cut(trade->truth.trade_no, sizeof(trade->truth.trade_no), "T%s", order_no);
    }
    return trade;
}

void double_pay_force(enum double_call call, enum pay_result result, int times, bool effect)
{
    enter();
    the_pay.forced[call] = (struct forced){result, times, effect};
    leave();
}

int double_pay_calls(enum double_call call)
{
    enter();
    int calls = the_pay.calls[call];
    leave();
    return calls;
}

void double_pay_settle(const char *order_no, int64_t fen)
{
    enter();
    struct trade *trade = find_or_add(order_no);
    trade->truth.known = true;
    trade->truth.paid_fen = fen > 0 ? fen : trade->truth.asked_fen;
    leave();
}

void double_pay_return(const char *order_no)
{
    enter();
    struct trade *trade = find_or_add(order_no);
    trade->truth.refunded_fen = trade->truth.paid_fen;
    leave();
}

void double_pay_scan(const char *order_no)
{
    enter();
    find_or_add(order_no)->scanned = true;
    leave();
}

struct double_trade double_pay_trade(const char *order_no)
{
    enter();
    struct double_trade truth = {0};
    const struct trade *trade = find(order_no, NULL);
    if (trade != NULL) {
        truth = trade->truth;
    }
    leave();
    return truth;
}

void double_pay_notify(const struct pay_notify *notify)
{
    enter();
    the_pay.notify = *notify;
    leave();
}

bool double_pay_notify_repeated(void)
{
    enter();
    const bool repeated = the_pay.notify_repeated;
    leave();
    return repeated;
}

void double_pay_has(enum pay_wallet wallet, bool has)
{
    enter();
    the_pay.lacks[wallet] = !has;
    leave();
}

/* Inside: true if this call must answer @p ret_result; false and it answers by itself. */
static bool is_forced(enum double_call call, enum pay_result *ret_result, bool *ret_effect)
{
    struct forced *forced = &the_pay.forced[call];
    the_pay.calls[call] += 1;
    *ret_effect = true;
    if (forced->times <= 0) {
        return false;
    }
    forced->times -= 1;
    *ret_result = forced->result;
    *ret_effect = forced->effect;
    return true;
}

static void begin(struct pay_answer *answer)
{
    *answer = (struct pay_answer){.amount_fen = -1, .refunded_fen = -1, .currency_ok = true};
}

static void finish(struct pay_answer *answer, enum pay_result result)
{
    answer->result = result;
    answer->evidence.verified = result != PAY_UNKNOWN;
    str_format_cut(answer->log_text, sizeof(answer->log_text), "double says %d", (int)result);
}

/* ---- the interface of cloud/payments/pay.h ---- */

const char *pay_wallet_name(enum pay_wallet wallet)
{
    return wallet == PAY_ALIPAY ? "alipay" : "wechat";
}

bool pay_has(const struct pay *pay, enum pay_wallet wallet)
{
    enter();
    const bool has = !pay->lacks[wallet];
    leave();
    return has;
}

bool pay_precreate_body(const struct pay *pay, enum pay_wallet wallet,
                        const struct pay_order *order, char ret_body[PAY_BODY_SIZE])
{
    (void)pay;
    (void)wallet;
    return str_format(ret_body, PAY_BODY_SIZE, "%s %lld", order->order_no,
                      (long long)order->amount_fen);
}

void pay_precreate(struct pay *pay, enum pay_wallet wallet, const char *order_no, const char *body,
                   struct pay_answer *ret_answer)
{
    (void)pay;
    (void)wallet;
    enum pay_result result = PAY_QR;
    bool effect = true;
    begin(ret_answer);
    enter();
    (void)is_forced(CALL_PRECREATE, &result, &effect);
    if (effect) {
        struct trade *trade = find_or_add(order_no);
        trade->truth.known = true;
        trade->truth.asked_fen = strtoll(strchr(body, ' '), NULL, 10);
    }
    leave();
    str_format_cut(ret_answer->qr_text, sizeof(ret_answer->qr_text), "qr:%s", order_no);
    finish(ret_answer, result);
}

static void query(const char *order_no, const char *trade_no, struct pay_answer *ret_answer)
{
    enum pay_result result = PAY_NOT_EXIST;
    bool effect = true;
    begin(ret_answer);
    enter();
    const struct trade *trade = find(order_no, trade_no);
    if (trade != NULL && trade->truth.known) {
        const struct double_trade *truth = &trade->truth;
        result = truth->refunded_fen > 0 ? PAY_REFUNDED
                 : truth->paid_fen > 0   ? PAY_PAID
                 : truth->closed         ? PAY_CLOSED
                                         : PAY_UNPAID;
        ret_answer->amount_fen = truth->paid_fen;
        ret_answer->refunded_fen = truth->refunded_fen > 0 ? truth->refunded_fen : -1;
        ret_answer->scanned = trade->scanned;
        str_format_cut(ret_answer->trade_no, sizeof(ret_answer->trade_no), "%s", truth->trade_no);
    }
    (void)is_forced(CALL_QUERY, &result, &effect);
    leave();
    finish(ret_answer, result);
}

void pay_query(struct pay *pay, enum pay_wallet wallet, const char *order_no,
               struct pay_answer *ret_answer)
{
    (void)pay;
    (void)wallet;
    query(order_no, NULL, ret_answer);
}

void pay_query_trade(struct pay *pay, enum pay_wallet wallet, const char *trade_no,
                     struct pay_answer *ret_answer)
{
    (void)pay;
    (void)wallet;
    query(NULL, trade_no, ret_answer);
}

void pay_close(struct pay *pay, enum pay_wallet wallet, const char *order_no,
               struct pay_answer *ret_answer)
{
    (void)pay;
    (void)wallet;
    enum pay_result result = PAY_NOT_EXIST;
    bool effect = true;
    begin(ret_answer);
    enter();
    struct trade *trade = find(order_no, NULL);
    if (trade != NULL) {
        result = trade->truth.paid_fen > 0 ? PAY_CLOSE_REFUSED : PAY_CLOSED;
    }
    (void)is_forced(CALL_CLOSE, &result, &effect);
    if (trade != NULL && effect && trade->truth.paid_fen == 0) {
        trade->truth.closed = true;
    }
    leave();
    finish(ret_answer, result);
}

bool pay_refund_body(const struct pay *pay, enum pay_wallet wallet, const struct pay_refund *refund,
                     char ret_body[PAY_BODY_SIZE])
{
    (void)pay;
    (void)wallet;
    return str_format(
        ret_body, PAY_BODY_SIZE, "%s %s %lld", refund->order_no != NULL ? refund->order_no : "-",
        refund->trade_no != NULL ? refund->trade_no : "-", (long long)refund->refund_fen);
}

/* Inside: the trade that a refund's body names. */
static struct trade *find_by_body(const char *body, int64_t *ret_fen)
{
    char order_no[PAY_TRADE_NO_SIZE];
    char trade_no[PAY_TRADE_NO_SIZE];
    const char *first = strchr(body, ' ');
    const char *second = strchr(first + 1, ' ');
    if (!str_copy_bytes(order_no, sizeof(order_no), body, (size_t)(first - body)) ||
        !str_copy_bytes(trade_no, sizeof(trade_no), first + 1, (size_t)(second - first - 1))) {
        return NULL;
    }
    *ret_fen = strtoll(second + 1, NULL, 10);
    return find(order_no, trade_no);
}

void pay_refund(struct pay *pay, enum pay_wallet wallet, const char *refund_no, const char *body,
                struct pay_answer *ret_answer)
{
    (void)pay;
    (void)wallet;
    enum pay_result result = PAY_REFUNDED;
    bool effect = true;
    int64_t fen = 0;
    begin(ret_answer);
    enter();
    struct trade *trade = find_by_body(body, &fen);
    (void)is_forced(CALL_REFUND, &result, &effect);
    if (trade != NULL && effect && !str_equal(trade->refund_no, refund_no)) {
        str_format_cut(trade->refund_no, sizeof(trade->refund_no), "%s", refund_no);
        trade->truth.refunded_fen += fen;
        trade->truth.refund_numbers += 1;
    }
    leave();
    finish(ret_answer, result);
}

void pay_refund_query(struct pay *pay, enum pay_wallet wallet, const struct pay_refund *refund,
                      struct pay_answer *ret_answer)
{
    (void)pay;
    (void)wallet;
    enum pay_result result = PAY_NOT_EXIST;
    bool effect = true;
    begin(ret_answer);
    enter();
    const struct trade *trade = find(refund->order_no, refund->trade_no);
    if (trade != NULL && str_equal(trade->refund_no, refund->refund_no)) {
        result = PAY_REFUNDED;
    }
    (void)is_forced(CALL_REFUND_QUERY, &result, &effect);
    leave();
    finish(ret_answer, result);
}

void pay_answer_finish(struct pay_answer *answer)
{
    free(answer->evidence.body);
    answer->evidence.body = NULL;
}

void pay_notify_read(struct pay *pay, enum pay_wallet wallet, const struct pay_notify_in *in,
                     struct pay_notify *ret_notify)
{
    MUST(pay_has(pay, wallet));
    enter();
    pay->notify_repeated = in->repeated;
    *ret_notify = pay->notify;
    leave();
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

void double_pay_bill(enum pay_bill_result result, const struct double_bill_row *rows,
                     size_t row_count)
{
    enter();
    the_pay.bill = result;
    the_pay.bill_row_count = row_count;
    the_pay.fees_stated = false;
    int refunds = 0;
    for (size_t i = 0; i < row_count; i++) {
        struct pay_bill_row *row = &the_pay.bill_rows[i];
        *row = (struct pay_bill_row){.kind = rows[i].kind, .fen = rows[i].fen};
        str_format_cut(row->order_no, sizeof(row->order_no), "%s", rows[i].order_no);
        str_format_cut(row->trade_no, sizeof(row->trade_no), "T%s", rows[i].order_no);
        if (row->kind == PAY_BILL_REFUND) {
            refunds += 1;
            str_format_cut(row->refund_no, sizeof(row->refund_no), "%sR%d", rows[i].order_no,
                           refunds);
        }
    }
    leave();
}

void double_pay_bill_state(size_t index, enum pay_bill_state state)
{
    enter();
    the_pay.bill_rows[index].state = state;
    leave();
}

void double_pay_bill_fees(int64_t fee_e5, int64_t stated_e5)
{
    enter();
    the_pay.bill_rows[0].fee_e5 = fee_e5;
    the_pay.fees_stated = true;
    the_pay.fees_stated_e5 = stated_e5;
    leave();
}

void pay_bill_fetch(struct pay *pay, enum pay_wallet wallet, const char *day,
                    struct pay_bill *ret_bill)
{
    (void)day;
    *ret_bill = (struct pay_bill){.result = PAY_BILL_EMPTY};
    if (wallet != PAY_ALIPAY) {
        return;
    }
    enter();
    ret_bill->result = pay->bill;
    ret_bill->row_count = pay->bill_row_count;
    ret_bill->fees_stated = pay->fees_stated;
    ret_bill->fees_stated_e5 = pay->fees_stated ? pay->fees_stated_e5 : 0;
    ret_bill->rows = calloc(pay->bill_row_count + 1, sizeof(*ret_bill->rows));
    memcpy(ret_bill->rows, pay->bill_rows, pay->bill_row_count * sizeof(*ret_bill->rows));
    leave();
}

void pay_bill_finish(struct pay_bill *bill)
{
    free(bill->rows);
    free(bill->raw);
    bill->rows = NULL;
    bill->raw = NULL;
}
