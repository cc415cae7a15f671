/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Every hour: of the last days one whose books are not added up yet, or whose bill was compared
 * again since; it comes again once a day while it has open items, or something in it is not decided
 * yet (a top-up on its way, a bill to come). A day waits for its bills (bill_job.c); yesterday's
 * are late at 18:00, and then the books that lack them are, too.
 */
#include "cloud/orders/alarm.h"
#include "cloud/orders/bill.h"
#include "cloud/orders/books.h"
#include "cloud/orders/books_work.h"
#include "common/civil.h"
#include "common/log.h"
#include "common/must.h"
#include "common/str.h"

#define JOB_BOOKS "books" /* key: "all" */

enum {
    LEASE_MS = 10 * 60 * 1000,
    HOUR_S = 60 * 60,
    NEXT_S = 60, /* to the next day of several */
    DAY_S = 86400,
    BEIJING_S = 8 * 60 * 60,
    AGAIN_S = 23 * 60 * 60, /* of a day with open items, so that it comes once a day */
    DAYS_BACK_MAX = 30,
};

struct turn {
    struct orders *orders;
    char day[PAY_DAY_SIZE]; /* to be added up now; "": none */
    bool late;              /* a bill that must be there by now is missing: */
    char missing[PAY_DAY_SIZE];
    bool failed;
};

/* What a day needs. */
struct need {
    bool bills; /* all are here */
    bool run;
};

/* Books that are as new as their bills need nothing, unless something in them is still open. */
static enum err look_at_day(struct db *db, const struct orders *orders, const char *day,
                            struct need *ret_need)
{
    enum err err = books_bills_there(db, orders, day, &ret_need->bills);
    if (err != OK) {
        return err;
    }
    struct sql *sql = sql_begin(
        db, "SELECT 1 FROM books_day b WHERE b.day = ?1 AND b.judged = 1 AND b.whole = 1"
            " AND NOT EXISTS (SELECT 1 FROM bill WHERE day = ?1 AND compared_at > b.ran_at"
            "  AND compared_at <= ?3)"
            " AND (b.ran_at > ?2 OR NOT (EXISTS (SELECT 1 FROM bill_item i"
            "   WHERE i.channel = 'books' AND i.day = ?1 AND i.closed_at IS NULL)"
            "  OR EXISTS (SELECT 1 FROM books_line l WHERE l.day = ?1"
            "   AND l.reason IN ('on_its_way', 'next_bill'))))");
    sql_bind_text(sql, 1, day);
    sql_bind_i64(sql, 2, db_wall_s(db) - AGAIN_S);
    sql_bind_i64(sql, 3, db_wall_s(db)); /* a clock that ran ahead must not have it done for ever */
    err = sql_one(sql);
    sql_end(sql);
    ret_need->run = err == ERR_NOT_FOUND && ret_need->bills;
    return err == ERR_NOT_FOUND ? OK : err;
}

/* How many days back there can be books: to the first order, and at least yesterday. */
static enum err count_back(struct db *db, int64_t *ret_days)
{
    const int64_t now_s = db_wall_s(db);
    struct sql *sql = sql_begin(db, "SELECT coalesce(min(created_at), ?1) FROM pay_order");
    sql_bind_i64(sql, 1, now_s);
    enum err err = sql_one(sql);
    if (err == OK) {
        const int64_t days = (now_s + BEIJING_S) / DAY_S - (sql_i64(sql, 0) + BEIJING_S) / DAY_S;
        *ret_days = days < 1 ? 1 : days > DAYS_BACK_MAX ? DAYS_BACK_MAX : days;
    }
    sql_end(sql);
    return err;
}

/* The oldest day comes first, so that what stands is found on the newest one last. */
static enum err choose(struct db *db, void *arg)
{
    struct turn *turn = arg;
    const int64_t now_s = db_wall_s(db);
    const struct civil today = civil_beijing(now_s);
    int64_t days = 0;
    enum err err = count_back(db, &days);
    for (int64_t back = days; back >= 1 && err == OK && turn->day[0] == '\0'; back--) {
        char day[PAY_DAY_SIZE];
        struct need need = {0};
        bill_day_text(now_s - back * DAY_S, day);
        err = look_at_day(db, turn->orders, day, &need);
        if (err == OK && need.run) {
            str_format_cut(turn->day, sizeof(turn->day), "%s", day);
        }
        if (!need.bills && (back > 1 || today.hour * 60 + today.minute >= BILL_LATE_MINUTE)) {
            turn->late = true;
            str_format_cut(turn->missing, sizeof(turn->missing), "%s", day);
        }
    }
    return err;
}

static enum err go_on(struct db *db, void *arg)
{
    const struct turn *turn = arg;
    const bool more = turn->day[0] != '\0' && !turn->failed;
    enum err err = OK;
    if (turn->failed) {
        err = alarm_raise(db, "books_failed", "books", turn->day);
    }
    if (err == OK && turn->late) {
        err = alarm_raise(db, "books_missing", "books", turn->missing);
    }
    return err == OK ? job_put(turn->orders->setup.jobs, db, JOB_BOOKS, "all",
                               db_service_ms(db) + (int64_t)(more ? NEXT_S : HOUR_S) * 1000)
                     : err;
}

static void work(void *self, const char *key)
{
    struct turn turn = {.orders = self};
    struct store *store = turn.orders->setup.store;
    struct books_result result = {0};
    (void)key;
    enum err err = store_read(store, choose, &turn);
    if (err == OK && turn.day[0] != '\0') {
        enum err run_err = books_run(turn.orders, turn.day, &result);
        turn.failed = run_err != OK || !result.whole;
        log_info("books of %s: %s, %zu findings", turn.day,
                 run_err == OK ? "added up" : err_name(run_err), result.finding_count);
    }
    turn.failed = turn.failed || err != OK;
    err = store_run(store, go_on, &turn);
    if (err != OK) {
        log_warn("books of the day: %s; again after the lease", err_name(err));
    }
}

static void on_job(const struct job *job, void *self)
{
    struct orders *orders = self;
    if (!pool_submit(orders->pay_pool, work, orders, job->key)) {
        log_warn("payment workers are all busy; the books of the day wait");
    }
}

static enum err ensure(struct db *db, void *arg)
{
    struct orders *orders = arg;
    return job_ensure(orders, db, JOB_BOOKS, "all", db_service_ms(db));
}

enum err books_start(struct orders *orders)
{
    const struct job_kind kind = {
        .kind = JOB_BOOKS, .lease_ms = LEASE_MS, .handler = on_job, .self = orders};
    jobs_register(orders->setup.jobs, &kind);
    return store_run(orders->setup.store, ensure, orders);
}
