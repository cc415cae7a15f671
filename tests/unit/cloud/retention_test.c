/* SPDX-License-Identifier: Apache-2.0 */

/* Old readings and events go, a batch at a time; what is young or not acknowledged stays. */

#include <stdarg.h>

#include "cloud/meters/retention.h"
#include "drivers/clock/clock_system.h"
#include "tests/unit/cloud/temp_folder.h"
#include "tests/unit/test.h"

enum { WAIT_MS = 20000, STEP_MS = 10, KEEP_DAYS = 10, DAY_S = 24 * 3600 };
enum { TEXTS_MAX = 32, TEXT_SIZE = 512 };

struct bench {
    struct store *store;
    struct jobs *jobs;
    struct retention *retention;
    struct clock_port clock;
};

static enum err exec(struct db *db, void *arg)
{
    return sql_run(sql_begin(db, arg));
}

static enum err count(struct db *db, void *arg)
{
    struct sql *sql = sql_begin(
        db, "SELECT (SELECT count(*) FROM reading WHERE epoch = 1),"
            " (SELECT count(*) FROM reading WHERE epoch = 2),"
            " (SELECT count(*) FROM event), (SELECT count(*) FROM job WHERE due_ms > ?1)");
    sql_bind_i64(sql, 1, db_service_ms(db) + 1000000); /* the next look is tomorrow's */
    enum err err = sql_one(sql);
    for (int i = 0; i < 4 && err == OK; i++) {
        ((int64_t *)arg)[i] = sql_i64(sql, i);
    }
    sql_end(sql);
    return err;
}

static void open_bench(struct bench *bench, uint32_t keep_days)
{
    static char folder[TEMP_PATH_SIZE];
    static char path[TEMP_PATH_SIZE];
    char why[STORE_WHY_SIZE];
    bench->clock = clock_system();
    struct store_config store = {.path = temp_path(temp_folder_make(folder), "r.db", path),
                                 .clock = &bench->clock,
                                 .reader_count = 1};
    CHECK_EQ_I64(store_open(&store, &bench->store, why), OK);
    CHECK_EQ_I64(jobs_create(bench->store, &bench->jobs), OK);
    struct retention_config config = {
        .store = bench->store, .jobs = bench->jobs, .keep_days = keep_days};
    CHECK_EQ_I64(retention_create(&config, &bench->retention), OK);
    CHECK_EQ_I64(retention_start(bench->retention), OK);
}

/* A text of its own for each statement: the store keeps them by their address. */
static char *next_text(void)
{
    static char texts[TEXTS_MAX][TEXT_SIZE];
    static size_t next;
    CHECK(next < TEXTS_MAX);
    return texts[next++];
}

static void close_bench(struct bench *bench)
{
    jobs_stop(bench->jobs);
    store_close(bench->store);
    jobs_destroy(bench->jobs);
    retention_destroy(bench->retention);
}

/* @p rows numbered readings of an epoch, one a minute, the newest @p newest_days ago. */
static void fill(struct bench *bench, int epoch, int rows, int newest_days)
{
    char *text = next_text();
    (void)snprintf(text, TEXT_SIZE,
                   "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < %d)"
                   " INSERT INTO reading (collector_id, epoch, seq, part, address, read_at,"
                   " quality, vals) SELECT 'c1', %d, i, 0, 'a', %lld - (%d - i) * 60, 'ok', '{}'"
                   " FROM n",
                   rows, epoch,
                   (long long)clock_wall_s(&bench->clock) - (int64_t)newest_days * DAY_S, rows);
    CHECK_EQ_I64(store_run(bench->store, exec, text), OK);
}

static PRINTF_LIKE(2, 3) void do_sql(struct bench *bench, const char *format, ...)
{
    char *text = next_text();
    va_list values;
    va_start(values, format);
    (void)vsnprintf(text, TEXT_SIZE, format, values);
    va_end(values);
    CHECK_EQ_I64(store_run(bench->store, exec, text), OK);
}

TEST(old_readings_and_events_go)
{
    struct bench bench = {0};
    int64_t left[4] = {0};
    open_bench(&bench, KEEP_DAYS);
    const int64_t now_s = clock_wall_s(&bench.clock);
    fill(&bench, 1, RETENTION_BATCH + 500, KEEP_DAYS + 1); /* all too old; more than a batch */
    do_sql(&bench,
           "INSERT INTO reading (collector_id, epoch, seq, part, address, read_at, quality, vals)"
           " VALUES ('c1', 1, 9000, 0, 'a', %lld, 'ok', '{}')",
           (long long)now_s);
    fill(&bench, 2, 100, KEEP_DAYS + 1); /* too old, but only 40 are acknowledged */
    do_sql(&bench,
           "INSERT INTO reading_progress (collector_id, epoch, seq) VALUES ('c1', 1, 9000)");
    do_sql(&bench, "INSERT INTO reading_progress (collector_id, epoch, seq) VALUES ('c1', 2, 40)");
    for (int i = 0; i < 3; i++) {
        do_sql(&bench,
               "INSERT INTO event (collector_id, at, kind, stored_at) VALUES ('c1', 0, 'k', %lld)",
               (long long)(i < 2 ? now_s - (KEEP_DAYS + 1) * DAY_S : now_s));
    }
    do_sql(&bench, "UPDATE job SET due_ms = 0");
    CHECK_EQ_I64(jobs_start(bench.jobs), OK);
    for (int waited = 0; waited < WAIT_MS && left[3] == 0; waited += STEP_MS) {
        clock_system_wait_ms(STEP_MS);
        CHECK_EQ_I64(store_read(bench.store, count, left), OK);
    }
    close_bench(&bench);
    CHECK_EQ_I64(left[0], 1);
    CHECK_EQ_I64(left[1], 60);
    CHECK_EQ_I64(left[2], 1);
    CHECK_EQ_I64(left[3], 1);
}

TEST(nothing_goes_where_all_is_kept)
{
    struct bench bench = {0};
    int64_t left[4] = {0};
    open_bench(&bench, 0);
    CHECK_EQ_I64(store_read(bench.store, count, left), OK);
    do_sql(&bench, "UPDATE job SET due_ms = 0");
    close_bench(&bench);
    CHECK_EQ_I64(left[3], 0);
}

TEST_MAIN()
