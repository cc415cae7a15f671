/* SPDX-License-Identifier: Apache-2.0 */

/*
 * One thread sleeps until the earliest job is due, claims what is due in one transaction, and then
 * calls the handlers. Of each kind it remembers before when nothing is due; whoever commits a job
 * (db_on_commit) tells that moment, and wakes the thread if it is earlier than all others. So the
 * database is asked only about kinds of which something is due, and now and then about all of
 * them, as a belt to that brace. Claims are limited to the registered kinds, so that a program
 * that lost a kind leaves its jobs for one that has it.
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
    LOOK_MS = 30000,             /* between two looks at all kinds */
    SLEEP_MS_AFTER_ERROR = 1000, /* the store is full or out of service: no hurry */
    ATTEMPTS_RELEASED_MAX = 3,   /* a job claimed more often in vain waits out its lease */
};

/* What is known of one kind. All times are by the service clock; INT64_MAX: none. */
struct outlook {
    int64_t put_ms;   /* the earliest one in transactions that may not be durable yet (writer) */
    int64_t found_ms; /* by the question that is being asked (jobs thread) */
    bool asked;       /* in this turn (jobs thread) */
    int64_t next_ms;  /* nothing is due before; guarded by the monitor */
};

struct jobs {
    struct store *store;
    struct job_kind kinds[JOBS_KINDS_MAX];
    struct outlook outlooks[JOBS_KINDS_MAX]; /* of the kind with the same index */
    size_t kind_count;
    struct thread thread;
    bool started;

    /* One turn of the thread. */
    struct job claimed[JOBS_CLAIM_MAX];
    size_t claimed_count;
    int64_t look_ms; /* service clock: the next look at all kinds */

    struct monitor monitor; /* guards what follows, and next_ms above */
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
    jobs->outlooks[jobs->kind_count] = (struct outlook){.put_ms = INT64_MAX, .next_ms = INT64_MAX};
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

static enum err find_next_due(struct jobs *jobs, struct db *db, size_t kind)
{
    struct sql *sql = sql_begin(db, "SELECT min(due_ms) FROM job WHERE kind = ?1");
    sql_bind_text(sql, 1, jobs->kinds[kind].kind);
    enum err err = sql_one(sql);
    if (err == OK) {
        jobs->outlooks[kind].found_ms = sql_is_null(sql, 0) ? INT64_MAX : sql_i64(sql, 0);
    }
    return err;
}

static enum err claim_asked(struct db *db, void *arg)
{
    struct jobs *jobs = arg;
    enum err err = OK;
    jobs->claimed_count = 0;
    for (size_t i = 0; i < jobs->kind_count && err == OK; i++) {
        if (!jobs->outlooks[i].asked) {
            continue;
        }
        if (jobs->claimed_count < JOBS_CLAIM_MAX) {
            err = claim_kind(jobs, db, &jobs->kinds[i]);
        }
        if (err == OK) {
            err = find_next_due(jobs, db, i);
        }
    }
    return err;
}

/* On a read-only connection, so that an idle turn writes nothing. */
static enum err look_asked(struct db *db, void *arg)
{
    struct jobs *jobs = arg;
    enum err err = OK;
    for (size_t i = 0; i < jobs->kind_count && err == OK; i++) {
        if (jobs->outlooks[i].asked) {
            err = find_next_due(jobs, db, i);
        }
    }
    return err;
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

/*
 * Choose the kinds of which something is due by @p until_ms, and forget what is known of them:
 * what is committed from now on is told to us, and what was committed before will be found. False
 * if there are none.
 */
static bool begin_asking(struct jobs *jobs, int64_t until_ms)
{
    bool any = false;
    monitor_enter(&jobs->monitor);
    for (size_t i = 0; i < jobs->kind_count; i++) {
        struct outlook *outlook = &jobs->outlooks[i];
        outlook->asked = outlook->next_ms <= until_ms;
        if (outlook->asked) {
            outlook->next_ms = INT64_MAX;
            any = true;
        }
    }
    monitor_leave(&jobs->monitor);
    return any;
}

static void end_asking(struct jobs *jobs)
{
    monitor_enter(&jobs->monitor);
    for (size_t i = 0; i < jobs->kind_count; i++) {
        struct outlook *outlook = &jobs->outlooks[i];
        if (outlook->asked && outlook->found_ms < outlook->next_ms) {
            outlook->next_ms = outlook->found_ms;
        }
    }
    monitor_leave(&jobs->monitor);
}

/* In the monitor. */
static int64_t earliest_ms(const struct jobs *jobs)
{
    int64_t next_ms = INT64_MAX;
    for (size_t i = 0; i < jobs->kind_count; i++) {
        const int64_t one_ms = jobs->outlooks[i].next_ms;
        next_ms = one_ms < next_ms ? one_ms : next_ms;
    }
    return next_ms;
}

static enum err look_at_all(struct jobs *jobs)
{
    (void)begin_asking(jobs, INT64_MAX);
    enum err err = store_read(jobs->store, look_asked, jobs);
    if (err == OK) {
        end_asking(jobs);
        jobs->look_ms = store_service_ms(jobs->store) + LOOK_MS;
    }
    return err;
}

static enum err claim_due(struct jobs *jobs)
{
    if (!begin_asking(jobs, store_service_ms(jobs->store))) {
        return OK;
    }
    enum err err = store_run(jobs->store, claim_asked, jobs);
    if (err == OK) {
        end_asking(jobs);
        call_handlers(jobs);
    }
    return err;
}

/* One turn; returns how long to sleep. */
static int64_t run_turn(struct jobs *jobs)
{
    enum err err = OK;
    if (store_service_ms(jobs->store) >= jobs->look_ms) {
        err = look_at_all(jobs);
    }
    if (err == OK) {
        err = claim_due(jobs);
    }
    if (err != OK) {
        jobs->look_ms = 0; /* what was known of some kinds is forgotten */
        return SLEEP_MS_AFTER_ERROR;
    }
    monitor_enter(&jobs->monitor);
    int64_t next_ms = earliest_ms(jobs);
    monitor_leave(&jobs->monitor);
    next_ms = next_ms < jobs->look_ms ? next_ms : jobs->look_ms;
    const int64_t sleep_ms = next_ms - store_service_ms(jobs->store);
    return sleep_ms > 0 ? sleep_ms : 0;
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

/* After a commit: what it has put is durable. */
static void tell_put(void *arg)
{
    struct jobs *jobs = arg;
    monitor_enter(&jobs->monitor);
    const int64_t before_ms = earliest_ms(jobs);
    for (size_t i = 0; i < jobs->kind_count; i++) {
        struct outlook *outlook = &jobs->outlooks[i];
        if (outlook->put_ms < outlook->next_ms) {
            outlook->next_ms = outlook->put_ms;
        }
        outlook->put_ms = INT64_MAX;
    }
    if (earliest_ms(jobs) < before_ms) {
        jobs->woken = true;
        monitor_notify(&jobs->monitor);
    }
    monitor_leave(&jobs->monitor);
}

/* If the transaction is rolled back the next commit tells of it: one question in vain. */
static void note_put(struct jobs *jobs, struct db *db, const char *kind, int64_t due_ms)
{
    for (size_t i = 0; i < jobs->kind_count; i++) {
        struct outlook *outlook = &jobs->outlooks[i];
        if (str_equal(jobs->kinds[i].kind, kind) && due_ms < outlook->put_ms) {
            outlook->put_ms = due_ms;
        }
    }
    db_on_commit(db, tell_put, jobs);
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
    note_put(jobs, db, kind, due_ms);
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
    note_put(jobs, db, kind, due_ms);
    return sql_run(sql);
}

enum err job_delete(struct db *db, const char *kind, const char *key)
{
    struct sql *sql = sql_begin(db, "DELETE FROM job WHERE kind = ?1 AND key = ?2");
    sql_bind_text(sql, 1, kind);
    sql_bind_text(sql, 2, key);
    return sql_run(sql);
}
