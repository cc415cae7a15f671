/* SPDX-License-Identifier: Apache-2.0 */
#include "cloud/identity/expiry.h"

#include <inttypes.h>
#include <stdlib.h>

#include "common/log.h"
#include "common/str.h"

enum {
    LEASE_MS = 600000,
    FIRST_MS = 10000,
    DAY_MS = 24 * 3600 * 1000,
    DAY_S = 24 * 3600,
    NAMED_MAX = 50, /* lines in the log a day */
};

#define JOB_EXPIRY "expiry"
#define JOB_KEY "look"

/* Each device by its longest good key; keys that were added before their end was kept are not
 * looked at. */
#define ENDING                                                                                     \
    " FROM device_key WHERE revoked = 0 AND expires_at IS NOT NULL GROUP BY kind, name"            \
    " HAVING max(expires_at) < ?1"

struct expiry {
    struct expiry_config config;
};

struct count {
    int64_t before_s;
    size_t count;
};

static enum err count_ending(struct db *db, void *arg)
{
    struct count *count = arg;
    struct sql *sql = sql_begin(db, "SELECT count(*) FROM (SELECT 1" ENDING ")");
    sql_bind_i64(sql, 1, count->before_s);
    enum err err = sql_one(sql);
    if (err == OK) {
        count->count = (size_t)sql_i64(sql, 0);
    }
    return err;
}

enum err expiry_count(struct store *store, int64_t now_s, size_t *ret_count)
{
    struct count count = {.before_s = now_s + (int64_t)EXPIRY_WARN_DAYS * DAY_S};
    enum err err = store_read(store, count_ending, &count);
    if (err == OK) {
        *ret_count = count.count;
    }
    return err;
}

static enum err name_ending(struct db *db)
{
    struct sql *sql =
        sql_begin(db, "SELECT kind, name, max(expires_at)" ENDING " ORDER BY 3 LIMIT ?2");
    const int64_t now_s = db_wall_s(db);
    sql_bind_i64(sql, 1, now_s + (int64_t)EXPIRY_WARN_DAYS * DAY_S);
    sql_bind_i64(sql, 2, NAMED_MAX);
    bool row = false;
    enum err err = sql_next(sql, &row);
    while (err == OK && row) {
        log_warn("the certificate of %s %s ends in %" PRId64 " days: enrol it again",
                 sql_text(sql, 0), sql_text(sql, 1), (sql_i64(sql, 2) - now_s) / DAY_S);
        err = sql_next(sql, &row);
    }
    return err;
}

static enum err look(struct db *db, void *arg)
{
    const struct expiry *expiry = arg;
    enum err err = name_ending(db);
    return err == OK
               ? job_retry(expiry->config.jobs, db, JOB_EXPIRY, JOB_KEY, db_service_ms(db) + DAY_MS)
               : err;
}

static void on_job(const struct job *job, void *self)
{
    (void)job;
    struct expiry *expiry = self;
    char why[PKI_WHY_SIZE];
    bool renewed = false;
    if (pki_renew_server(expiry->config.pki, &renewed, why) != OK) {
        log_warn("the server's certificate is near its end and was not made anew: %s", why);
    } else if (renewed) {
        log_warn("the server's certificate was made anew: restart the service");
    }
    enum err err = store_submit(expiry->config.store, look, NULL, expiry);
    (void)err; /* the lease brings the job again */
}

enum err expiry_create(const struct expiry_config *config, struct expiry **ret_expiry)
{
    struct expiry *expiry = calloc(1, sizeof(*expiry));
    if (expiry == NULL) {
        return ERR_MEMORY;
    }
    expiry->config = *config;
    struct job_kind kind = {
        .kind = JOB_EXPIRY, .lease_ms = LEASE_MS, .handler = on_job, .self = expiry};
    jobs_register(config->jobs, &kind);
    *ret_expiry = expiry;
    return OK;
}

static enum err put_look(struct db *db, void *arg)
{
    const struct expiry *expiry = arg;
    return job_put(expiry->config.jobs, db, JOB_EXPIRY, JOB_KEY, db_service_ms(db) + FIRST_MS);
}

enum err expiry_start(struct expiry *expiry)
{
    return store_run(expiry->config.store, put_look, expiry);
}

void expiry_destroy(struct expiry *expiry)
{
    free(expiry);
}
