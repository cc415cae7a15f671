/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The tables are kept in the order in which things came, not by time, and an index by time would
 * cost every reading something. So each table is eaten from its old end: of the oldest rows those
 * go that come before the first one that is to stay. Readings that are not yet acknowledged stay,
 * whatever their time says: the acknowledgement is made from them.
 */

#include "cloud/meters/retention.h"

#include <inttypes.h>
#include <stdlib.h>

#include "common/log.h"

enum {
    LEASE_MS = 600000,
    FIRST_MS = 60000, /* a start has more urgent things to do */
    MORE_MS = 1000,
    DAY_MS = 24 * 3600 * 1000,
    DAY_S = 24 * 3600,
};

#define JOB_RETENTION "retention"
#define JOB_KEY "sweep"

struct retention {
    struct retention_config config;
    int64_t deleted; /* since the last line in the log; the writer's own */
};

static enum err sweep_readings(struct db *db, const char *collector_id, int64_t epoch,
                               int64_t acked, int64_t oldest_at, int64_t *ret_deleted)
{
    struct sql *sql = sql_begin(
        db, "DELETE FROM reading WHERE collector_id = ?1 AND epoch = ?2 AND seq <= ?3"
            " AND seq < (SELECT coalesce(min(CASE WHEN read_at >= ?4 THEN seq END), max(seq) + 1)"
            " FROM (SELECT seq, read_at FROM reading WHERE collector_id = ?1 AND epoch = ?2"
            " ORDER BY seq LIMIT ?5))");
    sql_bind_text(sql, 1, collector_id);
    sql_bind_i64(sql, 2, epoch);
    sql_bind_i64(sql, 3, acked);
    sql_bind_i64(sql, 4, oldest_at);
    sql_bind_i64(sql, 5, RETENTION_BATCH);
    return sql_run_counted(sql, ret_deleted);
}

static enum err sweep_events(struct db *db, int64_t oldest_at, int64_t *ret_deleted)
{
    struct sql *sql =
        sql_begin(db, "DELETE FROM event WHERE event_id <= (SELECT max(event_id) FROM"
                      " (SELECT event_id, stored_at FROM event ORDER BY event_id LIMIT ?2)"
                      " WHERE stored_at < ?1)");
    sql_bind_i64(sql, 1, oldest_at);
    sql_bind_i64(sql, 2, RETENTION_BATCH);
    return sql_run_counted(sql, ret_deleted);
}

/* Each journal of each collector, until one of them had something to delete. */
static enum err sweep_journals(struct db *db, int64_t oldest_at, int64_t *ret_deleted)
{
    struct sql *sql = sql_begin(db, "SELECT collector_id, epoch, seq FROM reading_progress");
    bool row = false;
    int64_t deleted = 0;
    enum err err = sql_next(sql, &row);
    while (err == OK && row && deleted == 0) {
        err = sweep_readings(db, sql_text(sql, 0), sql_i64(sql, 1), sql_i64(sql, 2), oldest_at,
                             &deleted);
        if (err == OK && deleted == 0) {
            err = sql_next(sql, &row);
        }
    }
    sql_end(sql);
    *ret_deleted = deleted;
    return err;
}

static enum err sweep(struct db *db, void *arg)
{
    struct retention *retention = arg;
    const int64_t oldest_at = db_wall_s(db) - (int64_t)retention->config.keep_days * DAY_S;
    int64_t readings = 0;
    int64_t events = 0;
    enum err err = sweep_journals(db, oldest_at, &readings);
    if (err == OK) {
        err = sweep_events(db, oldest_at, &events);
    }
    if (err != OK) {
        return err;
    }
    retention->deleted += readings + events;
    bool more = readings + events > 0;
    if (!more && retention->deleted > 0) {
        log_info("%" PRId64 " readings and events older than %u days were deleted",
                 retention->deleted, (unsigned)retention->config.keep_days);
        retention->deleted = 0;
    }
    return job_retry(retention->config.jobs, db, JOB_RETENTION, JOB_KEY,
                     db_service_ms(db) + (more ? MORE_MS : DAY_MS));
}

static void swept(enum err err, void *arg)
{
    (void)arg;
    if (err != OK) {
        log_warn("old readings were not deleted (%s); again later", err_name(err));
    }
}

static void on_job(const struct job *job, void *self)
{
    (void)job;
    struct retention *retention = self;
    enum err err = store_submit(retention->config.store, sweep, swept, retention);
    (void)err; /* the lease brings the job again */
}

enum err retention_create(const struct retention_config *config, struct retention **ret_retention)
{
    struct retention *retention = calloc(1, sizeof(*retention));
    if (retention == NULL) {
        return ERR_MEMORY;
    }
    retention->config = *config;
    struct job_kind kind = {
        .kind = JOB_RETENTION, .lease_ms = LEASE_MS, .handler = on_job, .self = retention};
    jobs_register(config->jobs, &kind);
    *ret_retention = retention;
    return OK;
}

static enum err put_sweep(struct db *db, void *arg)
{
    const struct retention *retention = arg;
    return retention->config.keep_days > 0 ? job_put(retention->config.jobs, db, JOB_RETENTION,
                                                     JOB_KEY, db_service_ms(db) + FIRST_MS)
                                           : job_delete(db, JOB_RETENTION, JOB_KEY);
}

enum err retention_start(struct retention *retention)
{
    return store_run(retention->config.store, put_sweep, retention);
}

void retention_destroy(struct retention *retention)
{
    free(retention);
}
