/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The sender of this release writes to the log what it would send, with the number cut short; a
 * sender of short messages takes its place without anything else changing. A notice without a
 * phone on file is done at once.
 */
#include "cloud/orders/notice.h"

#include <stdlib.h>
#include <string.h>

#include "cloud/catalog/catalog.h"
#include "cloud/orders/order_row.h"
#include "common/log.h"
#include "common/must.h"
#include "common/str.h"

enum { LEASE_MS = 60000 };

static const char *const FACTS[NOTICE_FACT_COUNT] = {
    [NOTICE_CREDITED] = "credited",
    [NOTICE_REFUND_ORDERED] = "refund_ordered",
    [NOTICE_REFUNDED] = "refunded",
    [NOTICE_IN_REVIEW] = "in_review",
};

enum err notice_add(struct orders *orders, struct db *db, const char *order_no,
                    enum notice_fact fact)
{
    MUST(fact < NOTICE_FACT_COUNT);
    struct sql *sql = sql_begin(db, "INSERT INTO notice (order_no, fact, created_at)"
                                    " VALUES (?1, ?2, ?3) ON CONFLICT (order_no, fact) DO NOTHING");
    sql_bind_text(sql, 1, order_no);
    sql_bind_text(sql, 2, FACTS[fact]);
    sql_bind_i64(sql, 3, db_wall_s(db));
    int64_t added = 0;
    enum err err = sql_run_counted(sql, &added);
    if (err != OK || added == 0) {
        return err;
    }
    char key[JOB_KEY_SIZE];
    bool fits = str_format(key, sizeof(key), "%s/%s", order_no, FACTS[fact]);
    MUST(fits);
    return job_put(orders->setup.jobs, db, JOB_NOTICE, key, db_service_ms(db));
}

struct send {
    char order_no[ORDER_NUMBER_SIZE];
    char fact[24];
    char key[JOB_KEY_SIZE];
};

static bool send_parse(const char *key, struct send *ret_send)
{
    const char *slash = strchr(key, '/');
    return slash != NULL &&
           str_copy_bytes(ret_send->order_no, sizeof(ret_send->order_no), key,
                          (size_t)(slash - key)) &&
           str_copy(ret_send->fact, sizeof(ret_send->fact), slash + 1) &&
           str_copy(ret_send->key, sizeof(ret_send->key), key);
}

/* One commit: the notice is sent, and its job is gone. */
static enum err send_one(struct db *db, void *arg)
{
    const struct send *send = arg;
    struct order_row row;
    struct catalog_meter meter;
    enum err err = order_row_load(db, send->order_no, &row);
    if (err == OK) {
        err = catalog_meter_get(db, row.meter_id, &meter);
    }
    if (err != OK) {
        return err;
    }
    size_t len = strlen(meter.customer_phone);
    if (len > 4) {
        log_info("notice to ...%s: order %s %s, %lld fen", meter.customer_phone + len - 4,
                 send->order_no, send->fact, (long long)row.order.amount.fen);
    }
    struct sql *sql =
        sql_begin(db, "UPDATE notice SET sent_at = ?3 WHERE order_no = ?1 AND fact = ?2");
    sql_bind_text(sql, 1, send->order_no);
    sql_bind_text(sql, 2, send->fact);
    sql_bind_i64(sql, 3, db_wall_s(db));
    err = sql_run(sql);
    return err == OK ? job_delete(db, JOB_NOTICE, send->key) : err;
}

static void sent(enum err err, void *arg)
{
    struct send *send = arg;
    if (err != OK) {
        log_warn("notice %s: %s, trying again later", send->key, err_name(err));
    }
    free(send);
}

static void on_job(const struct job *job, void *self)
{
    struct orders *orders = self;
    struct send *send = calloc(1, sizeof(*send));
    if (send == NULL || !send_parse(job->key, send) ||
        store_submit(orders->setup.store, send_one, sent, send) != OK) {
        free(send); /* the job comes again */
    }
}

void notice_jobs(struct orders *orders)
{
    const struct job_kind kind = {
        .kind = JOB_NOTICE, .lease_ms = LEASE_MS, .handler = on_job, .self = orders};
    jobs_register(orders->setup.jobs, &kind);
}
