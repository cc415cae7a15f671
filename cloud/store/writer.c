/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The writer thread: group commit. One turn takes what is in the queue, function by function, into
 * one transaction, until the queue is empty or the batch is full; stores the service clock with
 * it; commits; and then tells everybody. While a commit syncs, the next batch gathers by itself.
 *
 * The order inside a turn is the promise of store.h: no callback before the commit has returned.
 * A lost transaction (disk full, I/O error, failed sync) ends the service, because what SQLite or
 * the kernel still hold in memory can no longer be told from what is on the disk.
 */

#include "cloud/store/store_internal.h"
#include "common/log.h"
#include "common/must.h"
#include "drivers/clock/clock_system.h"

enum { IDLE_WAIT_MS = STORE_CLOCK_STEP_MS * 3 / 4 /* the rest is for a slow disk */ };

/* Wait for work, but only until the stored clock must be renewed. */
static void wait_for_work(struct store *store)
{
    int64_t deadline_ns = clock_system_mono_ns() + (int64_t)IDLE_WAIT_MS * 1000000;
    bool in_time = true;
    while (store->queue_count == 0 && !store->stopping && in_time) {
        in_time = monitor_wait_until(&store->monitor, deadline_ns);
    }
}

static bool take_item(struct store *store, struct queue_item *ret_item)
{
    monitor_enter(&store->monitor);
    bool taken = store->queue_count > 0;
    if (taken) {
        *ret_item = store->queue[store->queue_first];
        store->queue_first = (store->queue_first + 1) % STORE_QUEUE_MAX;
        store->queue_count -= 1;
    }
    monitor_leave(&store->monitor);
    return taken;
}

/* Run one function under its savepoint. False if the whole transaction is lost. */
static bool run_item(struct store *store, struct queue_item *item)
{
    struct db *db = &store->writer;
    if (db_step(db, "SAVEPOINT item") != OK) {
        return false;
    }
    size_t hook_count = db->hook_count;
    db->service_ms = store_service_ms(store);
    db->wall_s = clock_wall_s(store->config.clock);
    item->result = item->fn(db, item->arg);
    db_reset_statements(db);
    if (db->fatal != OK || sqlite3_get_autocommit(db->handle) != 0) {
        return false;
    }
    if (item->result == OK) {
        return db_step(db, "RELEASE item") == OK;
    }
    db->hook_count = hook_count;
    return db_step(db, "ROLLBACK TO item") == OK && db_step(db, "RELEASE item") == OK;
}

static enum err keep_clock(struct store *store)
{
    struct sql *sql =
        sql_begin(&store->writer, "UPDATE service_clock SET running_ms = ?1, wall_s = ?2");
    sql_bind_i64(sql, 1, store_service_ms(store));
    sql_bind_i64(sql, 2, clock_wall_s(store->config.clock));
    enum err err = sql_run(sql);
    db_reset_statements(&store->writer);
    return err;
}

static void count_batch(struct store *store, const struct batch *batch, uint64_t commit_us)
{
    struct store_counters *counters = &store->counters;
    monitor_enter(&store->monitor);
    counters->batches += 1;
    counters->functions += batch->count;
    counters->refused += batch->refused;
    counters->commit_us_sum += commit_us;
    if (batch->count > counters->batch_max) {
        counters->batch_max = batch->count;
    }
    if (commit_us > counters->commit_us_max) {
        counters->commit_us_max = commit_us;
    }
    monitor_leave(&store->monitor);
}

/* True if the batch (maybe an empty one: only the clock) is durable. */
static bool run_batch(struct store *store, struct batch *batch)
{
    struct db *db = &store->writer;
    batch->count = 0;
    batch->refused = 0;
    db->hook_count = 0;
    if (db_step(db, "BEGIN IMMEDIATE") != OK) {
        return false;
    }
    while (batch->count < STORE_BATCH_MAX && take_item(store, &batch->items[batch->count])) {
        struct queue_item *item = &batch->items[batch->count];
        batch->count += 1;
        if (!run_item(store, item)) {
            return false;
        }
        batch->refused += item->result == OK ? 0 : 1;
    }
    int64_t begun_ns = clock_system_mono_ns();
    if (keep_clock(store) != OK || db_step(db, "COMMIT") != OK) {
        return false;
    }
    count_batch(store, batch, (uint64_t)(clock_system_mono_ns() - begun_ns) / 1000);
    return true;
}

static void tell_all(struct store *store, struct batch *batch)
{
    for (size_t i = 0; i < batch->count; i++) {
        if (batch->items[i].done != NULL) {
            batch->items[i].done(batch->items[i].result, batch->items[i].arg);
        }
    }
    struct db *db = &store->writer;
    for (size_t i = 0; i < db->hook_count; i++) {
        db->hooks[i].hook(db->hooks[i].arg);
    }
}

static void refuse(const struct queue_item *item)
{
    if (item->done != NULL) {
        item->done(ERR_UNAVAILABLE, item->arg);
    }
}

/* The end: nothing more is taken, and everybody who waits hears that nothing is known. */
static void fail(struct store *store, struct batch *batch)
{
    struct db *db = &store->writer;
    enum err err = db->fatal != OK ? db->fatal : ERR_INTERNAL;
    log_error("store: %s; out of service. Free the disk or repair it, then start again",
              db->message[0] != '\0' ? db->message : err_name(err));
    monitor_enter(&store->monitor);
    store->failed = true;
    monitor_leave(&store->monitor);
    if (store->config.on_failed != NULL) {
        store->config.on_failed(store->config.self, err);
    }
    /* The log may have a hole that only a power cut shows: the next start settles it. */
    (void)sqlite3_db_config(db->handle, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
    db_reset_statements(db);
    if (sqlite3_get_autocommit(db->handle) == 0) {
        (void)sqlite3_exec(db->handle, "ROLLBACK", NULL, NULL, NULL);
    }
    for (size_t i = 0; i < batch->count; i++) {
        refuse(&batch->items[i]);
    }
    struct queue_item item;
    while (take_item(store, &item)) {
        refuse(&item);
    }
}

/* Nothing waits: move the WAL into the database now, so that no commit has to. */
static void checkpoint_idle(struct store *store)
{
    int log_pages = 0;
    int done_pages = 0;
    int code = sqlite3_wal_checkpoint_v2(store->writer.handle, NULL, SQLITE_CHECKPOINT_PASSIVE,
                                         &log_pages, &done_pages);
    if (code != SQLITE_OK && code != SQLITE_BUSY && code != SQLITE_LOCKED) {
        log_warn("store: checkpoint: %s; the log grows until one succeeds",
                 sqlite3_errmsg(store->writer.handle));
    }
}

void *store_writer_main(void *arg)
{
    struct store *store = arg;
    for (;;) {
        monitor_enter(&store->monitor);
        wait_for_work(store);
        bool idle = store->queue_count == 0;
        bool stop = idle && store->stopping;
        monitor_leave(&store->monitor);
        if (stop) {
            break;
        }
        if (!run_batch(store, &store->batch)) {
            fail(store, &store->batch);
            break;
        }
        tell_all(store, &store->batch);
        if (idle) {
            checkpoint_idle(store);
        }
    }
    return NULL;
}
