/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The payment worker. A job says that an order is due for a question; the state of the order says
 * which one: NEW asks for the QR, WAIT_PAY and CLOSED query, CLOSING makes a round of query, close
 * and query. Each answer is stored and told to the order in one commit, which also sets the time
 * of the next question; no call is ever made inside it.
 */
#include "cloud/orders/alarm.h"
#include "cloud/orders/evidence.h"
#include "common/log.h"
#include "common/must.h"
#include "common/str.h"
#include "protocol/payments/result.h"

enum { LEASE_MS = 60000 /* above the longest round: query, close, query, 11 s each */ };

/* One question and its answer. */
struct ask {
    struct orders *orders;
    const char *order_no;
    enum pay_wallet wallet;
    enum order_state state;
    bool closes_next; /* the first query of a round: the close follows whatever it says */
    char body[PAY_BODY_SIZE];
    struct pay_answer answer;
    const char *source;
    uint32_t intents; /* of the order, after its answer was told */
};

/* ---- before ---- */

static enum err load_ask(struct db *db, void *arg)
{
    struct ask *ask = arg;
    struct order_row row;
    enum err err = order_row_load(db, ask->order_no, &row);
    if (err != OK) {
        return err;
    }
    ask->wallet = row.wallet;
    ask->state = row.order.state;
    struct sql *sql = sql_begin(db, "SELECT body FROM pay_order WHERE order_no = ?1");
    sql_bind_text(sql, 1, ask->order_no);
    err = sql_one(sql);
    if (err == OK && !sql_copy_text(sql, 0, ask->body, sizeof(ask->body))) {
        err = ERR_CHECKSUM;
    }
    sql_end(sql);
    return err;
}

/* ---- after ---- */

static enum err commit_told(struct ask *ask, struct money_case *c)
{
    enum err err = case_commit(c);
    ask->intents = c->order_intents;
    ask->state = c->row.order.state;
    return err;
}

static enum err store_answer(struct ask *ask, struct db *db, int64_t *ret_inbox_id)
{
    return evidence_store_answer(db, ask->wallet, ask->source, ask->order_no, &ask->answer,
                                 ret_inbox_id);
}

static enum order_event_kind precreate_event(enum pay_result result)
{
    if (result == PAY_QR) {
        return ORDER_EV_PRECREATE_OK;
    }
    return result == PAY_REFUSED ? ORDER_EV_PRECREATE_REJECT : ORDER_EV_PRECREATE_UNKNOWN;
}

static enum err tell_precreate(struct db *db, void *arg)
{
    struct ask *ask = arg;
    struct money_case c;
    int64_t inbox_id = 0;
    enum err err = case_open(&c, ask->orders, db, ask->order_no);
    if (err == OK) {
        err = store_answer(ask, db, &inbox_id);
    }
    if (err == OK && ask->answer.result == PAY_QR) {
        err = order_row_set_qr(db, ask->order_no, ask->answer.qr_text);
    }
    if (err == OK) {
        const struct order_event event = {.kind = precreate_event(ask->answer.result)};
        err = case_tell_order(&c, &event, inbox_id, "");
    }
    return err == OK ? commit_told(ask, &c) : err;
}

/* The state may have no use for the answer; the next question is due all the same. */
static void go_on(struct money_case *c)
{
    if (c->row.order.state == ORDER_CLOSED) {
        c->order_intents |= ORDER_DO_WATCH_CLOSED;
    } else if (c->row.order.state == ORDER_NEW) {
        c->order_intents |= ORDER_DO_PRECREATE;
    }
}

/* The close has the last word in its round: it sets the time of the next one. */
static void leave_to_close(const struct ask *ask, struct money_case *c)
{
    if (ask->closes_next && c->row.order.state == ORDER_CLOSING &&
        (c->order_intents & ORDER_DO_QUERY_LATER) != 0) {
        c->order_intents &= ~(uint32_t)ORDER_DO_QUERY_LATER;
        c->order_intents |= ORDER_DO_CLOSE;
    }
}

static enum err watch_closing(struct ask *ask, struct money_case *c)
{
    const bool late = c->now_ms - c->row.state_ms > orders_timers(ask->orders)->closing_alarm_ms;
    return c->row.order.state == ORDER_CLOSING && late
               ? alarm_raise(c->db, "closing", c->row.order_no,
                             "the provider does not say for two hours whether it was paid")
               : OK;
}

static enum err tell_query(struct db *db, void *arg)
{
    struct ask *ask = arg;
    struct money_case c;
    int64_t inbox_id = 0;
    enum err err = case_open(&c, ask->orders, db, ask->order_no);
    if (err == OK && ask->answer.result != PAY_UNPAID) {
        err = store_answer(ask, db, &inbox_id); /* "not yet" every three seconds proves nothing */
    }
    if (err != OK) {
        return err;
    }
    const struct statement statement = {
        .result = ask->answer.result,
        .amount_fen = ask->answer.amount_fen,
        .refunded_fen = ask->answer.refunded_fen,
        .currency_ok = ask->answer.currency_ok,
        .trade_no = ask->answer.trade_no,
    };
    err = evidence_tell(&c, &statement, inbox_id);
    if (ask->answer.scanned && !c.row.scanned && c.row.order.state == ORDER_WAIT_PAY) {
        c.row.scanned = true;
        case_touch(&c);
    }
    go_on(&c);
    leave_to_close(ask, &c);
    if (err == OK) {
        err = watch_closing(ask, &c);
    }
    return err == OK ? commit_told(ask, &c) : err;
}

static enum order_event_kind close_event(enum pay_result result)
{
    if (result == PAY_CLOSED) {
        return ORDER_EV_CLOSE_OK;
    }
    return result == PAY_CLOSE_REFUSED ? ORDER_EV_CLOSE_REFUSED : ORDER_EV_CLOSE_UNKNOWN;
}

static enum err tell_close(struct db *db, void *arg)
{
    struct ask *ask = arg;
    struct money_case c;
    int64_t inbox_id = 0;
    enum err err = case_open(&c, ask->orders, db, ask->order_no);
    if (err == OK) {
        err = store_answer(ask, db, &inbox_id);
    }
    if (err == OK) {
        const struct order_event event = {.kind = close_event(ask->answer.result)};
        err = case_tell_order(&c, &event, inbox_id, "");
    }
    return err == OK ? commit_told(ask, &c) : err;
}

/* ---- the calls ---- */

/* Store what was heard; the job comes again if that fails. */
static bool tell(struct ask *ask, store_fn fn)
{
    if (ask->answer.alarm) {
        log_error("%s %s: %s", ask->source, ask->order_no, ask->answer.log_text);
    } else if (ask->answer.result == PAY_UNKNOWN) {
        log_warn("%s %s: %s; asking again", ask->source, ask->order_no, ask->answer.log_text);
    }
    enum err err = store_run(ask->orders->setup.store, fn, ask);
    if (err != OK) {
        log_warn("%s %s: not stored, %s; asking again", ask->source, ask->order_no, err_name(err));
    }
    pay_answer_finish(&ask->answer);
    return err == OK;
}

static bool query(struct ask *ask)
{
    ask->source = "query";
    pay_query(ask->orders->setup.pay, ask->wallet, ask->order_no, &ask->answer);
    return tell(ask, tell_query);
}

static void note_health(struct orders *orders, enum pay_wallet wallet, enum pay_result result)
{
    monitor_enter(&orders->monitor);
    struct provider_health *health = &orders->health[wallet];
    health->unknown_count = result == PAY_UNKNOWN ? health->unknown_count + 1 : 0;
    health->last_unknown_ms = store_service_ms(orders->setup.store);
    monitor_leave(&orders->monitor);
}

static void precreate(struct ask *ask)
{
    ask->source = "precreate";
    pay_precreate(ask->orders->setup.pay, ask->wallet, ask->order_no, ask->body, &ask->answer);
    const enum pay_result result = ask->answer.result;
    note_health(ask->orders, ask->wallet, result);
    if (result == PAY_QUERY_FIRST) {
        /* The provider knows this number in another way than as a new one. */
        pay_answer_finish(&ask->answer);
        (void)query(ask);
    } else if (tell(ask, tell_precreate) && (ask->intents & ORDER_DO_QUERY) != 0 &&
               ask->state == ORDER_NEW) {
        (void)query(ask); /* refused, but an earlier try is open */
    }
}

/* Query, close, query: a payment can slip in before the close, and then the close is refused. */
static void closing_round(struct ask *ask)
{
    ask->closes_next = true;
    bool told = query(ask);
    ask->closes_next = false;
    if (!told || ask->state != ORDER_CLOSING || (ask->intents & ORDER_DO_CLOSE) == 0) {
        return;
    }
    ask->source = "close";
    pay_close(ask->orders->setup.pay, ask->wallet, ask->order_no, &ask->answer);
    if (tell(ask, tell_close) && ask->state == ORDER_CLOSING &&
        (ask->intents & ORDER_DO_QUERY) != 0) {
        (void)query(ask);
    }
}

static void work(void *self, const char *order_no)
{
    struct ask ask = {.orders = self, .order_no = order_no, .source = "load"};
    enum err err = store_read(ask.orders->setup.store, load_ask, &ask);
    if (err != OK) {
        log_warn("order %s: %s", order_no, err_name(err));
        return;
    }
    switch (ask.state) {
    case ORDER_NEW:
        precreate(&ask);
        break;
    case ORDER_CLOSING:
        closing_round(&ask);
        break;
    case ORDER_WAIT_PAY:
    case ORDER_CLOSED:
        (void)query(&ask);
        break;
    case ORDER_PAID:
    case ORDER_CREDITING:
    case ORDER_DONE:
    case ORDER_REFUND_DUE:
    case ORDER_REFUNDING:
    case ORDER_REFUNDED:
    case ORDER_REVIEW:
    case ORDER_STATE_COUNT:
        break; /* the commit that left the earlier state has dropped the job */
    }
}

static void on_job(const struct job *job, void *self)
{
    struct orders *orders = self;
    if (!pool_submit(orders->pay_pool, work, orders, job->key)) {
        log_warn("payment workers are all busy; order %s waits", job->key);
    }
}

void pay_jobs(struct orders *orders)
{
    const struct job_kind kind = {
        .kind = JOB_PAY, .lease_ms = LEASE_MS, .handler = on_job, .self = orders};
    jobs_register(orders->setup.jobs, &kind);
    window_jobs(orders);
}
