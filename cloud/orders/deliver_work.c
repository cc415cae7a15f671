/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The delivery worker: the stage says what the next step is. Every step ends in a commit that sets
 * the time of the step after it, or in deliver_later(); so a delivery always has a job until it is
 * DELIVERED or VOID.
 */
#include <stdlib.h>

#include "cloud/orders/deliver.h"
#include "cloud/orders/device.h"
#include "common/log.h"
#include "common/must.h"
#include "common/str.h"

enum { LEASE_MS = 40000 /* above a read with all its slack, and a few commits */ };

/* ---- shared ---- */

static enum err load(struct db *db, void *arg)
{
    struct deliver *deliver = arg;
    enum err err = delivery_row_load(db, deliver->order_no, &deliver->row);
    if (err == OK) {
        deliver->amount = deliver->row.delivery.amount;
        err = catalog_meter_get(db, deliver->row.meter_id, &deliver->meter);
    }
    struct order_row order;
    if (err == OK) {
        err = order_row_load(db, deliver->order_no, &order);
    }
    if (err == OK) {
        deliver->paid = order.order.state == ORDER_PAID;
    }
    return err;
}

enum err deliver_load(struct deliver *deliver)
{
    return store_read(deliver->orders->setup.store, load, deliver);
}

struct later {
    struct deliver *deliver;
    const struct timers_row *row;
};

static enum err put_later(struct db *db, void *arg)
{
    const struct later *later = arg;
    struct deliver *deliver = later->deliver;
    struct money_case c;
    int64_t due_ms = 0;
    enum err err = case_open(&c, deliver->orders, db, deliver->order_no);
    if (err != OK || !c.has_delivery) {
        return err;
    }
    /* The first wait of a row may be "at once": here something has just failed. */
    c.delivery.work_try += c.delivery.work_try == 0 ? 1 : 0;
    (void)case_next_due(&c, later->row, &c.delivery.work_try, &due_ms);
    c.delivery_changed = true;
    err = job_retry(deliver->orders->setup.jobs, db, JOB_DELIVER, deliver->order_no, due_ms);
    return err == OK ? case_commit(&c) : err;
}

void deliver_later(struct deliver *deliver, const struct timers_row *row, const char *why)
{
    struct later later = {deliver, row};
    enum err err = store_run(deliver->orders->setup.store, put_later, &later);
    if (err != OK) {
        log_warn("delivery %s: %s; again after its lease", deliver->order_no, err_name(err));
    } else if (why != NULL) {
        log_info("delivery %s: %s; again later", deliver->order_no, why);
    }
}

/* ---- steps that only tell ---- */

struct tell {
    struct deliver *deliver;
    struct delivery_event event;
    enum delivery_stage stage; /* the event is for a delivery in this stage only */
};

static enum err store_tell(struct db *db, void *arg)
{
    const struct tell *tell = arg;
    struct deliver *deliver = tell->deliver;
    struct money_case c;
    enum err err = case_open(&c, deliver->orders, db, deliver->order_no);
    if (err != OK || !c.has_delivery || c.delivery.delivery.stage != tell->stage) {
        return err;
    }
    if (tell->event.kind == DELIVERY_EV_SILENCE && c.now_ms < c.delivery.quiet_until_ms) {
        return OK; /* its time is not over: this job was claimed before it was moved */
    }
    err = case_tell_delivery(&c, &tell->event);
    if (err == OK && c.delivery.delivery.stage == DELIVERY_DELIVERED &&
        tell->event.reading.has_balance) {
        c.row.has_after = true;
        c.row.balance_after_fen = tell->event.reading.balance.fen;
        c.row.balance_at = db_wall_s(db);
    }
    return err == OK ? case_commit(&c) : err;
}

static void tell(struct deliver *deliver, const struct delivery_event *event)
{
    struct tell tell = {deliver, *event, deliver->row.delivery.stage};
    tell.event.use = device_use(&deliver->meter);
    enum err err = store_run(deliver->orders->setup.store, store_tell, &tell);
    if (err != OK) {
        log_warn("delivery %s: %s; again after its lease", deliver->order_no, err_name(err));
    }
}

static void tell_kind(struct deliver *deliver, enum delivery_event_kind kind)
{
    const struct delivery_event event = {.kind = kind};
    tell(deliver, &event);
}

/*
 * No quiet time empties the buffer of a link, so a reading behind one is never fenced: "not there"
 * stays open until a person decides. Burning the count would settle it, where a meter takes that.
 */
static void read_back(struct deliver *deliver, bool fenced)
{
    struct bus_reply reply;
    const bool direct = !deliver->meter.profile.buffered_link;
    struct delivery_event event = {.kind = DELIVERY_EV_READING, .fenced = fenced && direct};
    if (device_ask(deliver->orders, &deliver->meter, /* customer= */ false, &reply) == OK) {
        device_reading(&reply, BUS_WHEN_NOW, &event.reading);
    }
    tell(deliver, &event); /* an empty reading is "not readable": the next one is scheduled */
}

static void fence(struct deliver *deliver)
{
    const struct delivery *delivery = &deliver->row.delivery;
    const int64_t now_ms = store_service_ms(deliver->orders->setup.store);
    if (!delivery->voided) {
        deliver_void(deliver);
    } else if (delivery->quiet) {
        read_back(deliver, /* fenced= */ true);
    } else if (now_ms >= deliver->row.quiet_until_ms) {
        tell_kind(deliver, DELIVERY_EV_QUIET);
    } else {
        deliver_later(deliver, &orders_timers(deliver->orders)->read_back, NULL);
    }
}

/* ---- the worker ---- */

/* A card's next step is somebody laying it: nothing to do until then, and no job for it. */
static enum err rest(struct db *db, void *arg)
{
    const struct deliver *deliver = arg;
    return job_delete(db, JOB_DELIVER, deliver->order_no);
}

static void wait_for_card(struct deliver *deliver)
{
    if (deliver->row.delivery.stage == DELIVERY_READY && !deliver->paid) {
        tell_kind(deliver, DELIVERY_EV_STOP);
        return;
    }
    enum err err = store_run(deliver->orders->setup.store, rest, deliver);
    if (err != OK) {
        log_warn("delivery %s: %s; again after its lease", deliver->order_no, err_name(err));
    }
}

static void work(void *self, const char *order_no)
{
    struct deliver deliver = {.orders = self, .order_no = order_no};
    enum err err = deliver_load(&deliver);
    if (err != OK) {
        log_warn("delivery %s: %s", order_no, err_name(err));
        return;
    }
    if (deliver.row.delivery.kind == DELIVERY_CARD_TOKEN) {
        wait_for_card(&deliver);
        return;
    }
    switch (deliver.row.delivery.stage) {
    case DELIVERY_READY:
        if (!deliver.paid) {
            tell_kind(&deliver, DELIVERY_EV_STOP); /* whatever it was made for: not any more */
        } else if (deliver.row.delivery.kind == DELIVERY_CLOUD_BALANCE) {
            tell_kind(&deliver, DELIVERY_EV_POST);
        } else {
            deliver_assign(&deliver);
        }
        break;
    case DELIVERY_ASSIGNED:
        deliver_dispatch(&deliver);
        break;
    case DELIVERY_SENT:
        tell_kind(&deliver, DELIVERY_EV_SILENCE);
        break;
    case DELIVERY_UNKNOWN:
        read_back(&deliver, /* fenced= */ false);
        break;
    case DELIVERY_FENCING:
        fence(&deliver);
        break;
    case DELIVERY_DELIVERED:
    case DELIVERY_VOID:
    case DELIVERY_STAGE_COUNT:
        break;
    }
}

static void on_job(const struct job *job, void *self)
{
    struct orders *orders = self;
    if (!pool_submit(orders->meter_pool, work, orders, job->key)) {
        log_warn("meter workers are all busy; delivery %s waits", job->key);
    }
}

/* ---- 24 hours ---- */

struct end {
    struct orders *orders;
    char order_no[ORDER_NUMBER_SIZE];
    int64_t attempts; /* of the claim */
};

/* Between the claim and now the delivery may have ended, or begun: a card's token that was issued
 * has a wait of its own, under the same job. */
static enum err is_due(struct db *db, const struct end *end, bool *ret_due)
{
    struct sql *sql = sql_begin(db, "SELECT 1 FROM job WHERE kind = ?1 AND key = ?2 AND leased = 1"
                                    " AND attempts = ?3");
    sql_bind_text(sql, 1, JOB_DELIVER_END);
    sql_bind_text(sql, 2, end->order_no);
    sql_bind_i64(sql, 3, end->attempts);
    enum err err = sql_one(sql);
    sql_end(sql);
    *ret_due = err == OK;
    return err == ERR_NOT_FOUND ? OK : err;
}

static enum err store_end(struct db *db, void *arg)
{
    const struct end *end = arg;
    struct money_case c;
    bool due = false;
    const struct delivery_event event = {.kind = DELIVERY_EV_DEADLINE, .use = {.energy_step = 1}};
    enum err err = is_due(db, end, &due);
    if (err != OK || !due) {
        return err;
    }
    err = case_open(&c, end->orders, db, end->order_no);
    if (err == OK) {
        err = job_delete(db, JOB_DELIVER_END, end->order_no);
    }
    if (err != OK || !c.has_delivery) {
        return err;
    }
    err = case_tell_delivery(&c, &event);
    return err == OK ? case_commit(&c) : err;
}

static void ended(enum err err, void *arg)
{
    struct end *end = arg;
    if (err != OK) {
        log_warn("delivery %s: its deadline was not stored, %s; again soon", end->order_no,
                 err_name(err));
    }
    free(end);
}

static void on_end(const struct job *job, void *self)
{
    struct orders *orders = self;
    struct end *end = calloc(1, sizeof(*end));
    if (end == NULL) {
        return; /* the job comes again */
    }
    end->orders = orders;
    end->attempts = job->attempts;
    if (!str_copy(end->order_no, sizeof(end->order_no), job->key) ||
        store_submit(orders->setup.store, store_end, ended, end) != OK) {
        free(end);
    }
}

void deliver_jobs(struct orders *orders)
{
    const struct job_kind step = {
        .kind = JOB_DELIVER, .lease_ms = LEASE_MS, .handler = on_job, .self = orders};
    const struct job_kind end = {
        .kind = JOB_DELIVER_END, .lease_ms = LEASE_MS, .handler = on_end, .self = orders};
    jobs_register(orders->setup.jobs, &step);
    jobs_register(orders->setup.jobs, &end);
    gateway_set_sink(orders->setup.gateway, deliver_sink, orders);
}
