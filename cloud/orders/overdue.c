/* SPDX-License-Identifier: Apache-2.0 */
/* Open items that nobody has settled in time: an alarm, and the item stays open. */
#include <stdlib.h>

#include "cloud/orders/alarm.h"
#include "cloud/orders/bill_items.h"
#include "cloud/orders/internal.h"
#include "common/log.h"
#include "common/str.h"

enum { LEASE_MS = 60000 };

struct overdue {
    struct orders *orders;
    char document_no[ORDER_NUMBER_SIZE];
};

static enum err store(struct db *db, void *arg)
{
    const struct overdue *overdue = arg;
    struct sql *sql = sql_begin(db, "UPDATE review_item SET overdue = 1"
                                    " WHERE document_no = ?1 AND closed_at IS NULL");
    sql_bind_text(sql, 1, overdue->document_no);
    int64_t open = 0;
    enum err err = sql_run_counted(sql, &open);
    bool bill_item_open = false;
    if (err == OK && bill_item_is(overdue->document_no)) {
        err = bill_item_overdue(db, overdue->document_no, &bill_item_open);
    }
    if (err == OK && bill_item_open) {
        err = alarm_raise(db, "reconcile_overdue", overdue->document_no,
                          "a difference between a bill and our books was not settled in time");
    }
    if (err == OK && open > 0) {
        err = alarm_raise(db, "review_overdue", overdue->document_no,
                          "an open item was not settled in time");
    }
    return err == OK ? job_delete(db, JOB_REVIEW, overdue->document_no) : err;
}

static void stored(enum err err, void *arg)
{
    struct overdue *overdue = arg;
    if (err != OK) {
        log_warn("open item %s: %s; again soon", overdue->document_no, err_name(err));
    }
    free(overdue);
}

static void on_job(const struct job *job, void *self)
{
    struct orders *orders = self;
    struct overdue *overdue = calloc(1, sizeof(*overdue));
    if (overdue == NULL) {
        return; /* the job comes again */
    }
    overdue->orders = orders;
    if (!str_copy(overdue->document_no, sizeof(overdue->document_no), job->key) ||
        store_submit(orders->setup.store, store, stored, overdue) != OK) {
        free(overdue);
    }
}

void review_jobs(struct orders *orders)
{
    const struct job_kind kind = {
        .kind = JOB_REVIEW, .lease_ms = LEASE_MS, .handler = on_job, .self = orders};
    jobs_register(orders->setup.jobs, &kind);
}
