/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The relay worker: says "due" to the job, writes the command down, sends it. The collector sends
 * the frame, reads the relay and reports what it saw; the next try is set before the command
 * leaves, so a lost one costs a wait and nothing else.
 */
#include "cloud/catalog/catalog.h"
#include "cloud/orders/relay_store.h"
#include "common/log.h"
#include "common/must.h"
#include "common/str.h"

enum {
    LEASE_MS = 30000,
    DEADLINE_MS = 30000,
    EXPIRY_S = 600, /* the meter's own clock + 10 min */
};

struct relay_send {
    struct orders *orders;
    const char *meter_id;
    bool ready;
    struct catalog_meter meter;
    struct bus_command command;
};

static enum bus_relay_how how_of(const struct catalog_meter *meter, bool closed)
{
    if (!closed) {
        return BUS_RELAY_OPEN;
    }
    return meter->profile.relay_how == CATALOG_RELAY_1B ? BUS_RELAY_ALLOW : BUS_RELAY_CLOSE;
}

static enum err write_down(struct relay_send *send, struct db *db)
{
    struct sql *sql = sql_begin(
        db, "INSERT INTO device_command (command_id, op, collector_id, meter_id, generation,"
            " created_at) VALUES (?1, 'relay', ?2, ?3, ?4, ?5)");
    sql_bind_text(sql, 1, send->command.id);
    sql_bind_text(sql, 2, send->meter.collector_id);
    sql_bind_text(sql, 3, send->meter_id);
    sql_bind_i64(sql, 4, send->command.u.relay.generation);
    sql_bind_i64(sql, 5, db_wall_s(db));
    return sql_run(sql);
}

static void make_command(struct relay_send *send, struct db *db, const struct relay_job *job)
{
    const bool closed = job->want == RELAY_CLOSED;
    struct bus_command *command = &send->command;
    command->op = BUS_OP_RELAY;
    command->deadline_ms = DEADLINE_MS;
    id_make(send->orders->setup.rng, db_wall_s(db) * 1000, command->id);
    bool fits = str_copy(command->meter, sizeof(command->meter), send->meter.address);
    MUST(fits);
    command->u.relay = (struct bus_relay){.want_closed = closed,
                                          .generation = job->generation,
                                          .how = how_of(&send->meter, closed),
                                          .expiry_s = EXPIRY_S};
}

static enum err prepare(struct db *db, void *arg)
{
    struct relay_send *send = arg;
    struct relay_row row;
    enum err err = relay_store_tell(send->orders, db, send->meter_id, RELAY_EV_DUE, "");
    if (err == OK) {
        err = relay_store_load(db, send->meter_id, &row);
    }
    if (err == OK) {
        err = catalog_meter_get(db, send->meter_id, &send->meter);
    }
    if (err != OK) {
        return err;
    }
    if (row.job.settled || row.job.want == RELAY_UNKNOWN) {
        return job_delete(db, JOB_RELAY, send->meter_id);
    }
    make_command(send, db, &row.job);
    err = write_down(send, db);
    send->ready = err == OK;
    const int64_t wait_ms = relay_wait_ms(&row.job, &orders_timers(send->orders)->relay);
    return err == OK ? job_put(send->orders->setup.jobs, db, JOB_RELAY, send->meter_id,
                               db_service_ms(db) + wait_ms)
                     : err;
}

static void work(void *self, const char *meter_id)
{
    struct orders *orders = self;
    struct relay_send send = {.orders = orders, .meter_id = meter_id};
    struct gateway_collector collector = {0};
    enum err err = store_run(orders->setup.store, prepare, &send);
    if (err == OK && send.ready) {
        err = gateway_collector_get(orders->setup.gateway, send.meter.collector_id, &collector);
        send.command.epoch = collector.epoch;
        if (err == OK && collector.epoch != 0) {
            err = gateway_send(orders->setup.gateway, send.meter.collector_id, &send.command);
        }
    }
    if (err != OK) {
        log_info("relay of %s: %s; again later", meter_id, err_name(err));
    }
}

static void on_job(const struct job *job, void *self)
{
    struct orders *orders = self;
    if (!pool_submit(orders->meter_pool, work, orders, job->key)) {
        log_warn("meter workers are all busy; the relay of %s waits", job->key);
    }
}

void relay_jobs(struct orders *orders)
{
    const struct job_kind kind = {
        .kind = JOB_RELAY, .lease_ms = LEASE_MS, .handler = on_job, .self = orders};
    jobs_register(orders->setup.jobs, &kind);
}
