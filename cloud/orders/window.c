/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The server's own clock on an attempt: how long the QR may be shown, whether anybody still looks
 * at it, and when nobody can pay it any more. All three only ask for the truth to be found out;
 * none of them decides that an order was not paid.
 */
#include <stdlib.h>

#include "cloud/orders/case.h"
#include "common/log.h"
#include "common/str.h"

enum { LEASE_MS = 10000 };

struct tick {
    struct orders *orders;
    char order_no[ORDER_NUMBER_SIZE];
};

static int64_t sooner(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

/* NEW: slow, then given up. The time of the next look, or 0 if the order was told. */
static enum err look_new(struct money_case *c, int64_t *ret_due_ms)
{
    const struct timers *timers = orders_timers(c->orders);
    const int64_t slow_ms = c->row.created_ms + timers->slow_ms;
    const int64_t end_ms = c->row.created_ms + timers->precreate_give_up_ms;
    if (c->now_ms >= end_ms) {
        return case_tell(c, ORDER_EV_TIMEOUT);
    }
    if (c->now_ms >= slow_ms && !c->row.slow) {
        c->row.slow = true;
        case_touch(c);
    }
    *ret_due_ms = c->row.slow ? end_ms : sooner(slow_ms, end_ms);
    return OK;
}

static enum err look_wait_pay(struct money_case *c, int64_t *ret_due_ms)
{
    const struct timers *timers = orders_timers(c->orders);
    const int64_t end_ms = c->row.qr_ms + timers_window_ms(timers, order_row_use(&c->row));
    const int64_t seen_ms = presence_seen_ms(&c->orders->presence, c->row.terminal_id);
    if (c->now_ms >= end_ms) {
        return case_tell(c, ORDER_EV_TIMEOUT);
    }
    if (seen_ms < c->now_ms && c->now_ms - seen_ms >= timers->kiosk_silent_ms) {
        return case_tell(c, ORDER_EV_KIOSK_GONE);
    }
    const bool ahead = seen_ms >= c->now_ms; /* seen this very moment, or it cannot be said */
    *ret_due_ms = sooner(end_ms, (ahead ? c->now_ms : seen_ms) + timers->kiosk_silent_ms);
    return OK;
}

static enum err look(struct db *db, void *arg)
{
    const struct tick *tick = arg;
    struct money_case c;
    int64_t due_ms = 0;
    enum err err = case_open(&c, tick->orders, db, tick->order_no);
    if (err != OK) {
        return err;
    }
    if (c.row.order.state == ORDER_NEW) {
        err = look_new(&c, &due_ms);
    } else if (c.row.order.state == ORDER_WAIT_PAY) {
        err = look_wait_pay(&c, &due_ms);
    }
    if (err == OK) {
        err = due_ms == 0
                  ? job_delete(db, JOB_WINDOW, tick->order_no)
                  : job_put(tick->orders->setup.jobs, db, JOB_WINDOW, tick->order_no, due_ms);
    }
    return err == OK ? case_commit(&c) : err;
}

/* From now on "no such trade" is final: that word is asked for at once, not with the next round. */
static enum err die(struct db *db, void *arg)
{
    const struct tick *tick = arg;
    struct money_case c;
    enum err err = case_open(&c, tick->orders, db, tick->order_no);
    if (err == OK) {
        err = case_tell(&c, ORDER_EV_QR_DEAD);
    }
    if (err == OK) {
        err = job_delete(db, JOB_QR_DEAD, tick->order_no);
    }
    if (err == OK) {
        err = case_commit(&c);
    }
    return err == OK && c.row.order.state == ORDER_CLOSING
               ? job_put(tick->orders->setup.jobs, db, JOB_PAY, tick->order_no, c.now_ms)
               : err;
}

static void done(enum err err, void *arg)
{
    struct tick *tick = arg;
    if (err != OK) {
        log_warn("order %s: its time was not looked at, %s; again soon", tick->order_no,
                 err_name(err));
    }
    free(tick);
}

static void submit(const struct job *job, struct orders *orders, store_fn fn)
{
    struct tick *tick = calloc(1, sizeof(*tick));
    if (tick == NULL) {
        return; /* the job comes again */
    }
    tick->orders = orders;
    if (!str_copy(tick->order_no, sizeof(tick->order_no), job->key) ||
        store_submit(orders->setup.store, fn, done, tick) != OK) {
        free(tick);
    }
}

static void on_window(const struct job *job, void *self)
{
    submit(job, self, look);
}

static void on_qr_dead(const struct job *job, void *self)
{
    submit(job, self, die);
}

void window_jobs(struct orders *orders)
{
    const struct job_kind window = {
        .kind = JOB_WINDOW, .lease_ms = LEASE_MS, .handler = on_window, .self = orders};
    const struct job_kind qr_dead = {
        .kind = JOB_QR_DEAD, .lease_ms = LEASE_MS, .handler = on_qr_dead, .self = orders};
    jobs_register(orders->setup.jobs, &window);
    jobs_register(orders->setup.jobs, &qr_dead);
}
