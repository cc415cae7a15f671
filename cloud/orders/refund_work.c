/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The refund worker, for orders and stray payments alike. First commit: the row with number and
 * body, refund_sent, and that a send is followed by a query. Then the call, then its answer;
 * core/refund says what comes next. After a crash anywhere the job is still there, the number is
 * the same, and a query comes before another send whenever an answer was lost.
 */
#include "cloud/orders/alarm.h"
#include "cloud/orders/case.h"
#include "cloud/orders/evidence.h"
#include "cloud/orders/refund_store.h"
#include "cloud/orders/stray_store.h"
#include "common/log.h"
#include "common/must.h"
#include "common/str.h"
#include "protocol/payments/result.h"

/* What the payer reads: "prepayment returned" */
#define REASON "\xE9\xA2\x84\xE4\xBB\x98\xE8\xB4\xB9\xE9\x80\x80\xE5\x9B\x9E"

enum {
    LEASE_MS = 60000,     /* above a refund, 15 s, at both hosts of a provider */
    WALLET_WAIT_STEP = 2, /* of the waits between queries: 10 min */
};

struct work {
    struct orders *orders;
    const char *document_no;
    bool due;  /* the document wants a refund that was not begun */
    bool open; /* the document is REFUNDING */
    struct refund_row row;
    char body[PAY_BODY_SIZE];
    struct pay_answer answer;
    enum refund_answer refund_answer;
};

/* ---- before the call ---- */

static enum err look_order(struct db *db, struct work *work)
{
    struct order_row row;
    enum err err = order_row_load(db, work->document_no, &row);
    if (err != OK) {
        return err;
    }
    work->due = row.order.state == ORDER_REFUND_DUE;
    work->open = row.order.state == ORDER_REFUNDING;
    work->row.wallet = row.wallet;
    work->row.fen = row.order.paid.fen;
    bool fits = str_copy(work->row.order_no, sizeof(work->row.order_no), row.order_no) &&
                str_copy(work->row.trade_no, sizeof(work->row.trade_no), row.order.trade_no);
    return fits ? OK : ERR_CHECKSUM;
}

static enum err look_stray(struct db *db, struct work *work)
{
    struct stray_row row;
    enum err err = stray_row_load(db, work->document_no, &row);
    if (err != OK) {
        return err;
    }
    work->due = row.stray.state == STRAY_REFUND_DUE;
    work->open = row.stray.state == STRAY_REFUNDING;
    work->row.wallet = row.wallet;
    work->row.fen = row.stray.amount.fen;
    work->row.order_no[0] = '\0';
    return str_copy(work->row.trade_no, sizeof(work->row.trade_no), row.trade_no) ? OK
                                                                                  : ERR_CHECKSUM;
}

static struct pay_refund numbers(const struct refund_row *row)
{
    return (struct pay_refund){
        .order_no = row->order_no[0] != '\0' ? row->order_no : NULL,
        .trade_no = row->order_no[0] != '\0' ? NULL : row->trade_no,
        .refund_no = row->refund_no,
        .total_fen = row->fen,
        .refund_fen = row->fen,
        .reason = REASON,
    };
}

/* The document wants its money back: number and bytes are made, once. */
static enum err begin_refund(struct db *db, struct work *work)
{
    struct refund_row *row = &work->row;
    if (!str_copy(row->document_no, sizeof(row->document_no), work->document_no) ||
        !order_number_of_refund(row->document_no, row->refund_no)) {
        return ERR_RANGE;
    }
    const struct pay_refund refund = numbers(row);
    if (!pay_refund_body(work->orders->setup.pay, row->wallet, &refund, work->body)) {
        return ERR_RANGE;
    }
    enum err err = refund_row_begin(db, row, work->body);
    return err == OK ? refund_tell(work->orders, db, work->document_no, ORDER_EV_REFUND_SENT, 0)
                     : err;
}

/* Its wallet was taken out of the configuration: the money stays owed, and people hear of it. */
static enum err wait_for_wallet(struct db *db, const struct work *work)
{
    const struct timers_row *row = &orders_timers(work->orders)->refund_query;
    const int64_t due_ms = db_service_ms(db) + timers_row_wait(row, WALLET_WAIT_STEP);
    enum err err =
        alarm_raise(db, "wallet_missing", work->document_no, pay_wallet_name(work->row.wallet));
    return err == OK ? job_put(work->orders->setup.jobs, db, JOB_REFUND, work->document_no, due_ms)
                     : err;
}

/*
 * The call about to be made, and its body. Before a send the row already says "query": if its
 * answer is lost with this process, the next one asks first.
 */
static enum err take_call(struct db *db, struct work *work)
{
    enum err err = refund_row_load(db, work->document_no, &work->row);
    if (err == OK && work->row.progress.call == REFUND_CALL_SEND) {
        struct refund_progress lost = work->row.progress;
        lost.call = REFUND_CALL_QUERY;
        err = refund_row_progress(db, work->document_no, &lost);
    }
    return err == OK ? refund_body_load(db, work->document_no, work->body) : err;
}

static enum err begin(struct db *db, void *arg)
{
    struct work *work = arg;
    enum err err = refund_is_stray(work->document_no) ? look_stray(db, work) : look_order(db, work);
    if (err == OK && work->due && !pay_has(work->orders->setup.pay, work->row.wallet)) {
        work->due = false;
        return wait_for_wallet(db, work);
    }
    if (err == OK && work->due) {
        err = begin_refund(db, work);
    }
    if (err == OK && !work->due && !work->open) {
        return job_delete(db, JOB_REFUND, work->document_no);
    }
    return err == OK ? take_call(db, work) : err;
}

/* ---- the call ---- */

static enum refund_answer answer_of(enum pay_result result)
{
    switch (result) {
    case PAY_REFUNDED:
        return REFUND_ANSWER_OK;
    case PAY_REFUND_PROCESSING:
        return REFUND_ANSWER_PROCESSING;
    case PAY_REFUND_ABNORMAL:
        return REFUND_ANSWER_ABNORMAL;
    case PAY_REFUND_CLOSED:
        return REFUND_ANSWER_CLOSED;
    case PAY_REFUND_NOT_ALLOWED:
        return REFUND_ANSWER_NOT_ALLOWED;
    case PAY_REFUND_LOW_BALANCE:
        return REFUND_ANSWER_LOW_BALANCE;
    case PAY_REFUND_DOUBTFUL:
        return REFUND_ANSWER_DOUBTFUL;
    case PAY_NOT_EXIST:
        return REFUND_ANSWER_NOT_EXIST;
    case PAY_UNKNOWN:
    case PAY_QR:
    case PAY_REFUSED:
    case PAY_QUERY_FIRST:
    case PAY_PAID:
    case PAY_PAID_REFUND_SEEN:
    case PAY_UNPAID:
    case PAY_CLOSED:
    case PAY_PARTLY_REFUNDED:
    case PAY_CLOSE_REFUSED:
    case PAY_RESULT_COUNT:
        break;
    }
    return REFUND_ANSWER_UNKNOWN;
}

static void call_query(struct work *work)
{
    const struct pay_refund refund = numbers(&work->row);
    pay_refund_query(work->orders->setup.pay, work->row.wallet, &refund, &work->answer);
    work->refund_answer = answer_of(work->answer.result);
}

static void call_send(struct work *work)
{
    pay_refund(work->orders->setup.pay, work->row.wallet, work->row.refund_no, work->body,
               &work->answer);
    work->refund_answer = answer_of(work->answer.result);
}

/* ---- after the call ---- */

static enum err finish(struct db *db, void *arg)
{
    struct work *work = arg;
    const char *source = work->row.progress.call == REFUND_CALL_SEND ? "refund" : "refund_query";
    const struct refund_step step =
        refund_decide(&work->row.progress, work->refund_answer, orders_timers(work->orders));
    int64_t inbox_id = 0;
    enum err err = evidence_store_answer(db, work->row.wallet, source, work->document_no,
                                         &work->answer, &inbox_id);
    if (err == OK) {
        err = refund_row_progress(db, work->document_no, &step.next);
    }
    if (err == OK) {
        err = refund_tell(work->orders, db, work->document_no, step.event, inbox_id);
    }
    if (err != OK) {
        return err;
    }
    const bool open = step.event == ORDER_EV_REFUND_UNKNOWN ||
                      step.event == ORDER_EV_REFUND_PROCESSING ||
                      step.event == ORDER_EV_REFUND_LOW_BALANCE;
    return open ? job_put(work->orders->setup.jobs, db, JOB_REFUND, work->document_no,
                          db_service_ms(db) + step.wait_ms)
                : job_delete(db, JOB_REFUND, work->document_no);
}

static void work_refund(void *self, const char *document_no)
{
    struct work work = {.orders = self, .document_no = document_no};
    struct store *store = work.orders->setup.store;
    enum err err = store_run(store, begin, &work);
    if (err != OK) {
        log_warn("refund of %s: %s; again later", document_no, err_name(err));
        return;
    }
    if (!work.due && !work.open) {
        return;
    }
    if (work.row.progress.call == REFUND_CALL_SEND) {
        call_send(&work);
    } else {
        call_query(&work);
    }
    if (work.answer.alarm) {
        log_error("refund of %s: %s", document_no, work.answer.log_text);
    }
    err = store_run(store, finish, &work);
    pay_answer_finish(&work.answer);
    if (err != OK) {
        log_warn("refund of %s: its answer is not stored, %s; asking again", document_no,
                 err_name(err));
    }
}

/* ---- one question outside the worker's rhythm ---- */

static enum err load_row(struct db *db, void *arg)
{
    struct work *work = arg;
    return refund_row_load(db, work->document_no, &work->row);
}

static enum err keep_answer(struct db *db, void *arg)
{
    struct work *work = arg;
    int64_t inbox_id = 0;
    return evidence_store_answer(db, work->row.wallet, "refund_query", work->document_no,
                                 &work->answer, &inbox_id);
}

enum err refund_ask(struct orders *orders, const char *document_no, enum refund_answer *ret_answer)
{
    struct work work = {.orders = orders, .document_no = document_no};
    enum err err = store_read(orders->setup.store, load_row, &work);
    if (err != OK) {
        return err;
    }
    call_query(&work);
    err = store_run(orders->setup.store, keep_answer, &work);
    pay_answer_finish(&work.answer);
    *ret_answer = work.refund_answer;
    return err;
}

static void on_job(const struct job *job, void *self)
{
    struct orders *orders = self;
    if (!pool_submit(orders->pay_pool, work_refund, orders, job->key)) {
        log_warn("payment workers are all busy; the refund of %s waits", job->key);
    }
}

void refund_jobs(struct orders *orders)
{
    const struct job_kind kind = {
        .kind = JOB_REFUND, .lease_ms = LEASE_MS, .handler = on_job, .self = orders};
    jobs_register(orders->setup.jobs, &kind);
}
