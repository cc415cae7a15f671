/* SPDX-License-Identifier: Apache-2.0 */

/* Jobs come when they are due, again when nobody settled them, and never after they are deleted. */

#include <stdatomic.h>

#include "cloud/jobs/jobs.h"
#include "drivers/clock/clock_system.h"
#include "tests/unit/cloud/temp_folder.h"
#include "tests/unit/test.h"

struct bench {
    struct store *store;
    struct jobs *jobs;
    struct clock_port clock;
    char path[TEMP_PATH_SIZE];
    atomic_int calls;
    atomic_int attempts_seen;
    bool settle;      /* the handler deletes the job */
    int64_t lease_ms; /* 0: a second */
    char key[JOB_KEY_SIZE];
};

struct change {
    struct bench *bench;
    const char *key;
    int64_t in_ms;
};

static enum err put_job(struct db *db, void *arg)
{
    const struct change *change = arg;
    return job_put(change->bench->jobs, db, "test", change->key, db_service_ms(db) + change->in_ms);
}

static enum err delete_job(struct db *db, void *arg)
{
    const struct change *change = arg;
    return job_delete(db, "test", change->key);
}

static void on_job(const struct job *job, void *self)
{
    struct bench *bench = self;
    (void)snprintf(bench->key, sizeof(bench->key), "%s", job->key);
    atomic_store(&bench->attempts_seen, (int)job->attempts);
    if (bench->settle) {
        struct change change = {.bench = bench, .key = job->key};
        enum err err = store_run(bench->store, delete_job, &change);
        if (err != OK) {
            return;
        }
    }
    atomic_fetch_add(&bench->calls, 1);
}

static bool open_bench(struct bench *bench)
{
    char why[STORE_WHY_SIZE];
    bench->clock = clock_system();
    struct store_config config = {.path = bench->path, .clock = &bench->clock, .reader_count = 1};
    struct job_kind kind = {.kind = "test", .lease_ms = 1000, .handler = on_job, .self = bench};
    kind.lease_ms = bench->lease_ms > 0 ? bench->lease_ms : kind.lease_ms;
    if (store_open(&config, &bench->store, why) != OK ||
        jobs_create(bench->store, &bench->jobs) != OK) {
        return false;
    }
    jobs_register(bench->jobs, &kind);
    return jobs_start(bench->jobs) == OK;
}

static void close_bench(struct bench *bench)
{
    jobs_stop(bench->jobs);
    jobs_destroy(bench->jobs);
    store_close(bench->store);
}

static bool wait_for_calls(struct bench *bench, int calls, int limit_ms)
{
    for (int waited = 0; waited < limit_ms && atomic_load(&bench->calls) < calls; waited += 5) {
        clock_system_wait_ms(5);
    }
    return atomic_load(&bench->calls) >= calls;
}

TEST(a_job_comes_when_it_is_due)
{
    static struct bench bench;
    char folder[TEMP_PATH_SIZE];
    (void)temp_path(temp_folder_make(folder), "j.db", bench.path);
    bench.settle = true;
    CHECK(open_bench(&bench));
    struct change far = {.bench = &bench, .key = "far", .in_ms = 3600000};
    struct change near = {.bench = &bench, .key = "near", .in_ms = 3000};
    CHECK_EQ_I64(store_run(bench.store, put_job, &far), OK);
    CHECK_EQ_I64(store_run(bench.store, put_job, &near), OK);
    clock_system_wait_ms(50);
    CHECK_EQ_I64(bench.calls, 0);
    CHECK(wait_for_calls(&bench, 1, 20000));
    CHECK_EQ_STR(bench.key, "near");
    CHECK_EQ_I64(bench.attempts_seen, 1);
    /* Moving a job to now calls it at once. */
    far.in_ms = 0;
    CHECK_EQ_I64(store_run(bench.store, put_job, &far), OK);
    CHECK(wait_for_calls(&bench, 2, 3000));
    CHECK_EQ_STR(bench.key, "far");
    clock_system_wait_ms(1300);
    close_bench(&bench);
    CHECK_EQ_I64(bench.calls, 2);
}

TEST(an_unsettled_job_comes_again_also_after_a_restart)
{
    static struct bench bench;
    char folder[TEMP_PATH_SIZE];
    (void)temp_path(temp_folder_make(folder), "j.db", bench.path);
    CHECK(open_bench(&bench));
    struct change change = {.bench = &bench, .key = "k"};
    CHECK_EQ_I64(store_run(bench.store, put_job, &change), OK);
    CHECK(wait_for_calls(&bench, 2, 5000));
    CHECK_EQ_I64(bench.attempts_seen, 2);
    close_bench(&bench);
    bench.settle = true;
    CHECK(open_bench(&bench));
    CHECK(wait_for_calls(&bench, 3, 5000));
    CHECK_EQ_I64(bench.attempts_seen, 3);
    close_bench(&bench);
}

TEST(a_claimed_job_does_not_wait_out_its_lease_after_a_restart)
{
    static struct bench bench;
    char folder[TEMP_PATH_SIZE];
    (void)temp_path(temp_folder_make(folder), "j.db", bench.path);
    bench.lease_ms = 3600000;
    CHECK(open_bench(&bench));
    struct change claimed = {.bench = &bench, .key = "claimed"};
    struct change later = {.bench = &bench, .key = "later", .in_ms = 3600000};
    CHECK_EQ_I64(store_run(bench.store, put_job, &claimed), OK);
    CHECK_EQ_I64(store_run(bench.store, put_job, &later), OK);
    CHECK(wait_for_calls(&bench, 1, 5000));
    close_bench(&bench);
    bench.settle = true;
    CHECK(open_bench(&bench));
    CHECK(wait_for_calls(&bench, 2, 5000));
    CHECK_EQ_STR(bench.key, "claimed");
    clock_system_wait_ms(100);
    close_bench(&bench);
    CHECK_EQ_I64(bench.calls, 2); /* what was to wait still waits */
}

TEST_MAIN()
