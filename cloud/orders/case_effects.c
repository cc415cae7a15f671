/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The intents of a case, carried out as part of its commit: jobs for the workers, notices, open
 * items, alarms. Everything here only writes rows; the world hears of it from the workers, later.
 */
#include "cloud/orders/alarm.h"
#include "cloud/orders/card_owed.h"
#include "cloud/orders/case.h"
#include "cloud/orders/notice.h"
#include "cloud/orders/review_store.h"
#include "common/must.h"
#include "common/str.h"

static enum err put(struct money_case *c, const char *kind, int64_t due_ms)
{
    return job_put(c->orders->setup.jobs, c->db, kind, c->row.order_no, due_ms);
}

static enum err drop(struct money_case *c, const char *kind)
{
    return job_delete(c->db, kind, c->row.order_no);
}

enum err job_ensure(struct orders *orders, struct db *db, const char *kind, const char *key,
                    int64_t due_ms)
{
    struct sql *sql = sql_begin(db, "SELECT 1 FROM job WHERE kind = ?1 AND key = ?2");
    sql_bind_text(sql, 1, kind);
    sql_bind_text(sql, 2, key);
    enum err err = sql_one(sql);
    sql_end(sql);
    return err == ERR_NOT_FOUND ? job_put(orders->setup.jobs, db, kind, key, due_ms) : err;
}

bool case_next_due(const struct money_case *c, const struct timers_row *row, uint32_t *step,
                   int64_t *ret_due_ms)
{
    *ret_due_ms = c->now_ms + timers_row_wait(row, *step);
    if (timers_row_is_over(row, *step)) {
        return false;
    }
    *step += 1;
    return true;
}

int64_t case_poll_due(const struct money_case *c)
{
    const struct timers *timers = orders_timers(c->orders);
    const bool fresh = c->now_ms - c->row.qr_ms < timers->poll_change_ms;
    return c->now_ms + (fresh ? timers->poll_ms : timers->poll_later_ms);
}

/* ---- the order ---- */

/* The first round at once, then on the row of waits; a dead QR is asked about more rarely. */
static int64_t closing_due(struct money_case *c)
{
    const struct timers *timers = orders_timers(c->orders);
    int64_t due_ms = c->now_ms;
    if (c->state_before != ORDER_CLOSING) {
        return due_ms;
    }
    c->order_changed = c->order_changed || !timers_row_is_over(&timers->closing, c->row.pay_try);
    const bool early = case_next_due(c, &timers->closing, &c->row.pay_try, &due_ms);
    return !early && c->row.order.qr_dead ? c->now_ms + timers->closing_dead_ms : due_ms;
}

/* When the payment worker asks next. */
static enum err do_payment(struct money_case *c)
{
    const struct timers *timers = orders_timers(c->orders);
    int64_t due_ms = c->now_ms;
    switch (c->row.order.state) {
    case ORDER_NEW:
        if (!case_next_due(c, &timers->precreate, &c->row.pay_try, &due_ms)) {
            return drop(c, JOB_PAY); /* the window's end takes over */
        }
        c->order_changed = true;
        return put(c, JOB_PAY, due_ms);
    case ORDER_WAIT_PAY:
        return put(c, JOB_PAY, case_poll_due(c));
    case ORDER_CLOSING:
        return put(c, JOB_PAY, closing_due(c));
    case ORDER_CLOSED:
        if (!case_next_due(c, &timers->closed, &c->row.pay_try, &due_ms)) {
            return drop(c, JOB_PAY); /* from here on the daily bill */
        }
        c->order_changed = true;
        return put(c, JOB_PAY, due_ms);
    case ORDER_PAID:
    case ORDER_CREDITING:
    case ORDER_DONE:
    case ORDER_REFUND_DUE:
    case ORDER_REFUNDING:
    case ORDER_REFUNDED:
    case ORDER_REVIEW:
    case ORDER_STATE_COUNT:
        break;
    }
    return drop(c, JOB_PAY);
}

/* When the time on the screen is looked at first: it may be over, or nobody may look at it. */
static int64_t first_look_ms(const struct money_case *c)
{
    const struct timers *timers = orders_timers(c->orders);
    return timers->window_ms < timers->kiosk_silent_ms ? timers->window_ms
                                                       : timers->kiosk_silent_ms;
}

/* Timers that belong to a state end with it. */
static enum err do_state(struct money_case *c)
{
    const enum order_state state = c->row.order.state;
    enum err err = OK;
    if (state == c->state_before) {
        return OK;
    }
    if (state == ORDER_WAIT_PAY) {
        err = put(c, JOB_WINDOW, c->now_ms + first_look_ms(c));
    } else if (c->state_before == ORDER_NEW || c->state_before == ORDER_WAIT_PAY) {
        err = drop(c, JOB_WINDOW);
    }
    if (err == OK && state != ORDER_NEW && state != ORDER_WAIT_PAY && state != ORDER_CLOSING &&
        state != ORDER_CLOSED) {
        err = drop(c, JOB_PAY);
    }
    if (err == OK && state != ORDER_WAIT_PAY && state != ORDER_CLOSING) {
        err = drop(c, JOB_QR_DEAD);
    }
    if (err == OK && c->state_before == ORDER_REVIEW) {
        err = review_close(c->db, c->row.order_no, order_state_name(state));
    }
    return err;
}

static enum err do_credit(struct money_case *c)
{
    if (c->has_delivery) {
        return put(c, JOB_DELIVER, c->now_ms);
    }
    struct delivery_row row = {.version = 1,
                               .delivery = delivery_create(c->row.kind, c->row.order.amount)};
    bool fits = str_copy(row.order_no, sizeof(row.order_no), c->row.order_no) &&
                str_copy(row.meter_id, sizeof(row.meter_id), c->row.meter_id);
    MUST(fits);
    enum err err = delivery_row_insert(c->db, &row);
    if (err == OK) {
        c->has_delivery = true;
        c->delivery = row;
        err = put(c, JOB_DELIVER, c->now_ms);
    }
    const int64_t end_ms = c->now_ms + orders_timers(c->orders)->delivery_ms;
    return err == OK ? put(c, JOB_DELIVER_END, end_ms) : err;
}

static enum err do_notices(struct money_case *c)
{
    static const struct {
        uint32_t intent;
        enum notice_fact fact;
    } NOTICES[] = {
        {ORDER_DO_NOTICE_CREDITED, NOTICE_CREDITED},
        {ORDER_DO_NOTICE_REFUND_ORDERED, NOTICE_REFUND_ORDERED},
        {ORDER_DO_NOTICE_REFUNDED, NOTICE_REFUNDED},
        {ORDER_DO_NOTICE_REVIEW, NOTICE_IN_REVIEW},
    };
    for (size_t i = 0; i < ARRAY_COUNT(NOTICES); i++) {
        if ((c->order_intents & NOTICES[i].intent) != 0) {
            enum err err = notice_add(c->orders, c->db, c->row.order_no, NOTICES[i].fact);
            if (err != OK) {
                return err;
            }
        }
    }
    return OK;
}

static enum err do_review(struct money_case *c)
{
    const uint32_t intents = c->order_intents;
    enum err err = OK;
    if ((intents & ORDER_DO_REVIEW) != 0) {
        err = review_open(c->orders, c->db, "order", c->row.order_no,
                          review_reason(c->row.order.flags));
    }
    if (err == OK && (intents & ORDER_DO_SIGN_DONE) != 0) {
        err = review_sign_machine(c->db, c->row.order_no, REVIEW_DONE, c->row.version);
    }
    if (err == OK && (intents & ORDER_DO_SIGN_REFUND) != 0) {
        err = review_sign_machine(c->db, c->row.order_no, REVIEW_REFUND, c->row.version);
    }
    return err;
}

/* The newest trouble, in one word. */
static const char *alarm_word(const struct order *order)
{
    if ((order->flags & ORDER_REFUNDED_AFTER_CREDIT) != 0) {
        return "refunded_after_credit";
    }
    if (order->state == ORDER_REFUNDED && (order->flags & ORDER_EXTERNAL_REFUND) != 0) {
        return "external_refund";
    }
    if (order->state == ORDER_REFUNDING) {
        return "refund_waits";
    }
    return review_reason(order->flags);
}

static enum err do_alarm(struct money_case *c)
{
    char text[160];
    str_format_cut(text, sizeof(text), "order is %s, amount %lld fen, paid %lld fen, flags %x",
                   order_state_name(c->row.order.state), (long long)c->row.order.amount.fen,
                   (long long)c->row.order.paid.fen, (unsigned)c->row.order.flags);
    return alarm_raise(c->db, alarm_word(&c->row.order), c->row.order_no, text);
}

enum err case_do_order(struct money_case *c)
{
    const uint32_t asks = ORDER_DO_PRECREATE | ORDER_DO_POLL | ORDER_DO_QUERY |
                          ORDER_DO_WATCH_CLOSED | ORDER_DO_QUERY_LATER;
    const uint32_t intents = c->order_intents;
    enum err err = do_state(c);
    if (err == OK && (intents & asks) != 0) {
        err = do_payment(c);
    }
    /* What was to be credited a moment ago may have gone back in the same commit. */
    if (err == OK && (intents & ORDER_DO_CREDIT) != 0 && c->row.order.state == ORDER_PAID) {
        err = do_credit(c);
    }
    if (err == OK && (intents & (ORDER_DO_REFUND | ORDER_DO_REFUND_QUERY)) != 0) {
        err = job_ensure(c->orders, c->db, JOB_REFUND, c->row.order_no, c->now_ms);
    }
    if (err == OK) {
        err = do_notices(c);
    }
    if (err == OK) {
        err = do_review(c);
    }
    return err == OK && (intents & ORDER_DO_ALARM) != 0 ? do_alarm(c) : err;
}

/* ---- the delivery ---- */

/* The meter is free: the delivery that has waited longest for it may begin. */
static enum err free_meter(struct money_case *c)
{
    enum err err = drop(c, JOB_DELIVER);
    if (err == OK) {
        err = drop(c, JOB_DELIVER_END);
    }
    if (err != OK) {
        return err;
    }
    struct sql *sql = sql_begin(c->db, "SELECT order_no FROM delivery WHERE meter_id = ?1"
                                       " AND stage = 'READY' AND order_no <> ?2"
                                       " AND kind <> 'card'"
                                       " ORDER BY created_ms, order_no LIMIT 1");
    sql_bind_text(sql, 1, c->row.meter_id);
    sql_bind_text(sql, 2, c->row.order_no);
    err = sql_one(sql);
    if (err != OK) {
        return err == ERR_NOT_FOUND ? OK : err;
    }
    char next[ORDER_NUMBER_SIZE];
    bool fits = sql_copy_text(sql, 0, next, sizeof(next));
    sql_end(sql);
    return fits ? job_put(c->orders->setup.jobs, c->db, JOB_DELIVER, next, c->now_ms)
                : ERR_CHECKSUM;
}

static enum err do_read(struct money_case *c)
{
    int64_t due_ms = 0;
    const bool fenced = (c->delivery_intents & DELIVERY_DO_READ_FENCED) != 0;
    const bool first = c->delivery.work_try == 0;
    (void)case_next_due(c, &orders_timers(c->orders)->read_back, &c->delivery.work_try, &due_ms);
    c->delivery_changed = true;
    return put(c, JOB_DELIVER, fenced && first ? c->now_ms : due_ms);
}

/* How often a command of this delivery was given out. */
static enum err count_sends(struct money_case *c, uint32_t *ret_count)
{
    struct sql *sql = sql_begin(c->db, "SELECT count(*) FROM device_command WHERE order_no = ?1"
                                       " AND order_no <> '' AND op = 'credit'");
    sql_bind_text(sql, 1, c->row.order_no);
    enum err err = sql_one(sql);
    *ret_count = err == OK ? (uint32_t)sql_i64(sql, 0) : 0;
    sql_end(sql);
    return err;
}

/* A send that came to nothing is not repeated in the same breath, and each one later than before:
 * some meters are authenticated anew with every try. */
static enum err do_dispatch(struct money_case *c)
{
    uint32_t count = 0;
    enum err err = count_sends(c, &count);
    const int64_t wait_ms = timers_row_wait(&orders_timers(c->orders)->assign, count);
    return err == OK ? put(c, JOB_DELIVER, c->now_ms + wait_ms) : err;
}

enum err case_do_delivery(struct money_case *c)
{
    const uint32_t intents = c->delivery_intents;
    const uint32_t now = DELIVERY_DO_ASSIGN | DELIVERY_DO_POST | DELIVERY_DO_VOID;
    enum err err = c->delivery.delivery.kind == DELIVERY_CARD_TOKEN ? card_owed_follow(c) : OK;
    if (err == OK && (intents & now) != 0) {
        err = put(c, JOB_DELIVER, c->now_ms);
    }
    if (err == OK && (intents & DELIVERY_DO_DISPATCH) != 0 &&
        c->delivery.delivery.stage == DELIVERY_ASSIGNED) {
        err = do_dispatch(c);
    }
    if (err == OK && (intents & DELIVERY_DO_WAIT_QUIET) != 0) {
        err = put(c, JOB_DELIVER, c->delivery.quiet_until_ms);
    }
    if (err == OK && (intents & (DELIVERY_DO_READ | DELIVERY_DO_READ_FENCED)) != 0) {
        err = do_read(c);
    }
    if (err == OK && c->delivery.delivery.stage == DELIVERY_SENT && c->delivery_changed) {
        const struct timers *timers = orders_timers(c->orders);
        err = put(c, JOB_DELIVER, c->now_ms + timers->command_ms + timers->reply_ms);
    }
    return err == OK && (intents & DELIVERY_DO_FREE) != 0 ? free_meter(c) : err;
}
