/* SPDX-License-Identifier: Apache-2.0 */

/*
 * One thread sleeps until the earliest job is due, claims what is due in one transaction, and then
 * calls the handlers. It is woken early by whoever commits a job (db_on_commit), so nothing is
 * polled; the sleep is bounded all the same, as a belt to that brace. Claims are limited to the
 * registered kinds, so that a program that lost a kind leaves its jobs for one that has it.
 */

#include "cloud/jobs/jobs.h"

#include <stdlib.h>
#include <string.h>

#include "common/must.h"
#include "common/str.h"
#include "drivers/clock/clock_system.h"
#include "drivers/thread/monitor.h"
#include "drivers/thread/thread.h"

enum {
    SLEEP_MS_MAX = 30000,
    SLEEP_MS_AFTER_ERROR = 1000, /* the store is full or out of service: no hurry */
    ATTEMPTS_RELEASED_MAX = 3,   /* a job claimed more often in vain waits out its lease */
};

struct jobs {
    struct store *store;
    struct job_kind kinds[JOBS_KINDS_MAX];
    size_t kind_count;
    struct thread thread;
    bool started;

    /* One turn of the thread. */
    struct job claimed[JOBS_CLAIM_MAX];
    size_t claimed_count;
    int64_t next_due_ms; /* service clock; INT64_MAX: none */

    struct monitor monitor; /* guards what follows */
    bool woken;
    bool stopping;
};

enum err jobs_create(struct store *store, struct jobs **ret_jobs)
{
    struct jobs *jobs = calloc(1, sizeof(*jobs));
    if (jobs == NULL) {
        return ERR_MEMORY;
    }
    jobs->store = store;
    monitor_init(&jobs->monitor);
    *ret_jobs = jobs;
    return OK;
}

void jobs_register(struct jobs *jobs, const struct job_kind *kind)
{
    MUST(!jobs->started && jobs->kind_count < JOBS_KINDS_MAX);
    MUST(strlen(kind->kind) < JOB_KIND_SIZE && kind->lease_ms >= 1000 && kind->handler != NULL);
    jobs->kinds[jobs->kind_count++] = *kind;
}

/* Claim up to the free places of jobs->claimed of one kind. */
static enum err claim_kind(struct jobs *jobs, struct db *db, const struct job_kind *kind)
{
    struct sql *due = sql_begin(db, "SELECT job_id, key, due_ms, attempts FROM job"
                                    " WHERE kind = ?1 AND due_ms <= ?2 ORDER BY due_ms LIMIT ?3");
    sql_bind_text(due, 1, kind->kind);
    sql_bind_i64(due, 2, db_service_ms(db));
    sql_bind_i64(due, 3, (int64_t)(JOBS_CLAIM_MAX - jobs->claimed_count));
    bool row = true;
    for (;;) {
        enum err err = sql_next(due, &row);
        if (err != OK || !row) {
            return err;
        }
        struct job *job = &jobs->claimed[jobs->claimed_count];
        *job = (struct job){.due_ms = sql_i64(due, 2), .attempts = sql_i64(due, 3) + 1};
        bool fits = str_copy(job->kind, sizeof(job->kind), kind->kind) &&
                    sql_copy_text(due, 1, job->key, sizeof(job->key));
        MUST(fits); /* job_put() let nothing longer in */
        struct sql *claim = sql_begin(
            db, "UPDATE job SET attempts = ?2, due_ms = ?3, leased = 1 WHERE job_id = ?1");
        sql_bind_i64(claim, 1, sql_i64(due, 0));
        sql_bind_i64(claim, 2, job->attempts);
        sql_bind_i64(claim, 3, db_service_ms(db) + kind->lease_ms);
        err = sql_run(claim);
        if (err != OK) {
            return err;
        }
        jobs->claimed_count += 1;
    }
}

static enum err find_next_due(struct jobs *jobs, struct db *db, const struct job_kind *kind)
{
    struct sql *sql = sql_begin(db, "SELECT min(due_ms) FROM job WHERE kind = ?1");
    sql_bind_text(sql, 1, kind->kind);
    enum err err = sql_one(sql);
    if (err == OK && !sql_is_null(sql, 0) && sql_i64(sql, 0) < jobs->next_due_ms) {
        jobs->next_due_ms = sql_i64(sql, 0);
    }
    return err;
}

static enum err claim_all(struct db *db, void *arg)
{
    struct jobs *jobs = arg;
    jobs->claimed_count = 0;
    jobs->next_due_ms = INT64_MAX;
    for (size_t i = 0; i < jobs->kind_count; i++) {
        enum err err = OK;
        if (jobs->claimed_count < JOBS_CLAIM_MAX) {
            err = claim_kind(jobs, db, &jobs->kinds[i]);
        }
        if (err == OK) {
            err = find_next_due(jobs, db, &jobs->kinds[i]);
        }
        if (err != OK) {
            return err;
        }
    }
    return OK;
}

/* Asked on a read-only connection first, so that an idle turn writes nothing. */
static enum err look_all(struct db *db, void *arg)
{
    struct jobs *jobs = arg;
    jobs->next_due_ms = INT64_MAX;
    for (size_t i = 0; i < jobs->kind_count; i++) {
        enum err err = find_next_due(jobs, db, &jobs->kinds[i]);
        if (err != OK) {
            return err;
        }
    }
    return OK;
}

static void call_handlers(struct jobs *jobs)
{
    for (size_t i = 0; i < jobs->claimed_count; i++) {
        const struct job *job = &jobs->claimed[i];
        for (size_t k = 0; k < jobs->kind_count; k++) {
            if (str_equal(jobs->kinds[k].kind, job->kind)) {
                jobs->kinds[k].handler(job, jobs->kinds[k].self);
                break;
            }
        }
    }
}

/* One turn; returns how long to sleep. */
static int64_t run_turn(struct jobs *jobs)
{
    enum err err = store_read(jobs->store, look_all, jobs);
    if (err == OK && jobs->next_due_ms <= store_service_ms(jobs->store)) {
        err = store_run(jobs->store, claim_all, jobs);
        if (err == OK) {
            call_handlers(jobs);
        }
    }
    if (err != OK) {
        return SLEEP_MS_AFTER_ERROR;
    }
    if (jobs->next_due_ms == INT64_MAX) {
        return SLEEP_MS_MAX;
    }
    int64_t sleep_ms = jobs->next_due_ms - store_service_ms(jobs->store);
    if (sleep_ms < 0) {
        sleep_ms = 0;
    }
    return sleep_ms < SLEEP_MS_MAX ? sleep_ms : SLEEP_MS_MAX;
}

static void *jobs_main(void *arg)
{
    struct jobs *jobs = arg;
    bool stop = false;
    while (!stop) {
        monitor_enter(&jobs->monitor);
        jobs->woken = false;
        monitor_leave(&jobs->monitor);

        int64_t sleep_ms = run_turn(jobs);

        int64_t deadline_ns = clock_system_mono_ns() + sleep_ms * 1000000;
        monitor_enter(&jobs->monitor);
        bool in_time = true;
        while (!jobs->woken && !jobs->stopping && in_time) {
            in_time = monitor_wait_until(&jobs->monitor, deadline_ns);
        }
        stop = jobs->stopping;
        monitor_leave(&jobs->monitor);
    }
    return NULL;
}

/* Who had claimed them has ended: they are due now, not at the end of the lease. A job that may
 * itself be what ends the service keeps its lease, so that the service has some time to work. */
static enum err release_all(struct db *db, void *arg)
{
    (void)arg;
    struct sql *sql = sql_begin(db, "UPDATE job SET due_ms = min(due_ms, ?1), leased = 0"
                                    " WHERE leased = 1 AND attempts <= ?2");
    sql_bind_i64(sql, 1, db_service_ms(db));
    sql_bind_i64(sql, 2, ATTEMPTS_RELEASED_MAX);
    return sql_run(sql);
}

enum err jobs_start(struct jobs *jobs)
{
    MUST(!jobs->started);
    enum err err = store_run(jobs->store, release_all, NULL);
    if (err != OK) {
        return err;
    }
    if (!thread_start(&jobs->thread, jobs_main, jobs)) {
        return ERR_MEMORY;
    }
    jobs->started = true;
    return OK;
}

static void wake(void *arg)
{
    struct jobs *jobs = arg;
    monitor_enter(&jobs->monitor);
    jobs->woken = true;
    monitor_notify(&jobs->monitor);
    monitor_leave(&jobs->monitor);
}

void jobs_stop(struct jobs *jobs)
{
    if (!jobs->started) {
        return;
    }
    monitor_enter(&jobs->monitor);
    jobs->stopping = true;
    monitor_notify(&jobs->monitor);
    monitor_leave(&jobs->monitor);
    thread_join(&jobs->thread);
    jobs->started = false;
}

void jobs_destroy(struct jobs *jobs)
{
    if (jobs == NULL) {
        return;
    }
    MUST(!jobs->started);
    monitor_finish(&jobs->monitor);
    free(jobs);
}

enum err job_put(struct jobs *jobs, struct db *db, const char *kind, const char *key,
                 int64_t due_ms)
{
    MUST(strlen(kind) < JOB_KIND_SIZE && strlen(key) < JOB_KEY_SIZE);
    struct sql *sql =
        sql_begin(db, "INSERT INTO job (kind, key, due_ms) VALUES (?1, ?2, ?3)"
                      " ON CONFLICT (kind, key) DO UPDATE SET due_ms = ?3, attempts = 0,"
                      " leased = 0");
    sql_bind_text(sql, 1, kind);
    sql_bind_text(sql, 2, key);
    sql_bind_i64(sql, 3, due_ms);
    db_on_commit(db, wake, jobs);
    return sql_run(sql);
}

enum err job_retry(struct jobs *jobs, struct db *db, const char *kind, const char *key,
                   int64_t due_ms)
{
    struct sql *sql =
        sql_begin(db, "UPDATE job SET due_ms = ?3, leased = 0 WHERE kind = ?1 AND key = ?2");
    sql_bind_text(sql, 1, kind);
    sql_bind_text(sql, 2, key);
    sql_bind_i64(sql, 3, due_ms);
    db_on_commit(db, wake, jobs);
    return sql_run(sql);
}

enum err job_delete(struct db *db, const char *kind, const char *key)
{
    struct sql *sql = sql_begin(db, "DELETE FROM job WHERE kind = ?1 AND key = ?2");
    sql_bind_text(sql, 1, kind);
    sql_bind_text(sql, 2, key);
    return sql_run(sql);
}
