/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The waits of an issued token. After a day somebody calls the tenant: an item with an owner, which
 * changes nothing for order and card. After thirty days the delivery's deadline brings the order
 * before two persons; the token may still be written.
 */
#include "cloud/orders/card_owed.h"

#include <stdlib.h>

#include "cloud/orders/alarm.h"
#include "common/log.h"
#include "common/must.h"
#include "common/str.h"

#define OWNER "site operator"

enum { LEASE_MS = 60000 };

static enum err close_item(struct money_case *c)
{
    struct sql *sql = sql_begin(c->db, "UPDATE card_owed SET closed_at = ?2 WHERE order_no = ?1"
                                       " AND closed_at IS NULL");
    sql_bind_text(sql, 1, c->row.order_no);
    sql_bind_i64(sql, 2, db_wall_s(c->db));
    enum err err = sql_run(sql);
    return err == OK ? job_delete(c->db, JOB_CARD_OWED, c->row.order_no) : err;
}

/*
 * The money went back, so the value is no part of T any more; the next token says so, and one is
 * made when the card is read. A return case has taken it out of T already.
 */
static enum err take_out(struct money_case *c)
{
    struct sql *sql = sql_begin(
        c->db, "UPDATE card_account SET total_fen = total_fen - ?2 WHERE meter_id = ?1 AND NOT"
               " EXISTS (SELECT 1 FROM card_return_case r WHERE r.order_no = ?3"
               " AND r.stage IN ('REVERSAL_ISSUED', 'REVERSED'))");
    sql_bind_text(sql, 1, c->row.meter_id);
    sql_bind_i64(sql, 2, c->row.order.amount.fen);
    sql_bind_text(sql, 3, c->row.order_no);
    return sql_run(sql);
}

enum err card_owed_follow(struct money_case *c)
{
    const enum delivery_stage stage = c->delivery.delivery.stage;
    const struct timers *timers = orders_timers(c->orders);
    struct jobs *jobs = c->orders->setup.jobs;
    if (stage == c->stage_before) {
        return OK;
    }
    if (stage == DELIVERY_ASSIGNED) {
        enum err err = job_put(jobs, c->db, JOB_DELIVER_END, c->row.order_no,
                               c->now_ms + timers->card_review_ms);
        return err == OK ? job_put(jobs, c->db, JOB_CARD_OWED, c->row.order_no,
                                   c->now_ms + timers->card_owed_ms)
                         : err;
    }
    MUST(stage == DELIVERY_DELIVERED || stage == DELIVERY_VOID);
    enum err err = close_item(c);
    const bool issued = c->stage_before == DELIVERY_ASSIGNED;
    return err == OK && issued && c->given_back ? take_out(c) : err;
}

/* ---- after a day ---- */

struct owed {
    struct orders *orders;
    char order_no[ORDER_NUMBER_SIZE];
};

static enum err open_item(struct db *db, const struct owed *owed)
{
    const struct timers *timers = orders_timers(owed->orders);
    struct sql *sql =
        sql_begin(db, "INSERT INTO card_owed (order_no, owner, opened_at, due_ms)"
                      " SELECT ?1, ?2, ?3, coalesce((SELECT due_ms FROM job WHERE kind = ?4"
                      " AND key = ?1), ?5) FROM delivery WHERE order_no = ?1 AND kind = 'card'"
                      " AND stage = 'ASSIGNED' ON CONFLICT (order_no) DO NOTHING");
    sql_bind_text(sql, 1, owed->order_no);
    sql_bind_text(sql, 2, OWNER);
    sql_bind_i64(sql, 3, db_wall_s(db));
    sql_bind_text(sql, 4, JOB_DELIVER_END);
    sql_bind_i64(sql, 5, db_service_ms(db) + timers->card_review_ms);
    int64_t opened = 0;
    enum err err = sql_run_counted(sql, &opened);
    return err == OK && opened > 0
               ? alarm_raise(db, "card_owed", owed->order_no,
                             "paid and issued a day ago, and not seen on the card: call the tenant")
               : err;
}

static enum err store(struct db *db, void *arg)
{
    const struct owed *owed = arg;
    enum err err = open_item(db, owed);
    return err == OK ? job_delete(db, JOB_CARD_OWED, owed->order_no) : err;
}

static void stored(enum err err, void *arg)
{
    struct owed *owed = arg;
    if (err != OK) {
        log_warn("owed card credit %s: %s; again soon", owed->order_no, err_name(err));
    }
    free(owed);
}

static void on_job(const struct job *job, void *self)
{
    struct orders *orders = self;
    struct owed *owed = calloc(1, sizeof(*owed));
    if (owed == NULL) {
        return; /* the job comes again */
    }
    owed->orders = orders;
    if (!str_copy(owed->order_no, sizeof(owed->order_no), job->key) ||
        store_submit(orders->setup.store, store, stored, owed) != OK) {
        free(owed);
    }
}

void card_jobs(struct orders *orders)
{
    const struct job_kind kind = {
        .kind = JOB_CARD_OWED, .lease_ms = LEASE_MS, .handler = on_job, .self = orders};
    jobs_register(orders->setup.jobs, &kind);
}
