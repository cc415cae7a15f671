/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Every hour, for each wallet: of the last days that have no bill yet, or one whose questions the
 * provider has not all answered, one is fetched. Yesterday counts from 10:30 on and is late at
 * 18:00. The days before it were missed, because this server or the provider was away; they take
 * turns, so one that never comes holds no other up, and after each that is done the next follows
 * at once.
 */
#include "cloud/orders/alarm.h"
#include "cloud/orders/bill.h"
#include "cloud/orders/bill_items.h"
#include "common/civil.h"
#include "common/log.h"
#include "common/must.h"
#include "common/str.h"

#define JOB_BILL "bill" /* key: wallet */

enum {
    LEASE_MS = 10 * 60 * 1000,
    HOUR_S = 60 * 60,
    DAY_S = 86400,
    BEIJING_S = 8 * 60 * 60,
    READY_MINUTE = 10 * 60 + 30, /* of the day in Beijing */
    DAYS_BACK_MAX = 30,          /* the providers keep bills for three months */
};

struct turn {
    struct orders *orders;
    enum pay_wallet wallet;
    char day[PAY_DAY_SIZE]; /* to be fetched now; "" = none */
    bool late;              /* it should be there by now */
    bool got;
    bool done; /* and every question was answered */
};

/* ---- which day ---- */

static enum err is_done(struct db *db, enum pay_wallet wallet, const char *day, bool *ret_done)
{
    struct sql *sql = sql_begin(db, "SELECT 1 FROM bill WHERE channel = ?1 AND day = ?2"
                                    " AND done_at IS NOT NULL");
    sql_bind_text(sql, 1, pay_wallet_name(wallet));
    sql_bind_text(sql, 2, day);
    enum err err = sql_one(sql);
    sql_end(sql);
    *ret_done = err == OK;
    return err == ERR_NOT_FOUND ? OK : err;
}

/*
 * How many days back a bill can matter: to the first order, and at least yesterday. Orders of both
 * wallets count: a payment may come to one that no order was ever for.
 */
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

static enum err choose(struct db *db, void *arg)
{
    struct turn *turn = arg;
    const int64_t now_s = db_wall_s(db);
    const struct civil today = civil_beijing(now_s);
    const int minute = today.hour * 60 + today.minute;
    char open[DAYS_BACK_MAX][PAY_DAY_SIZE];
    int64_t count = 0;
    int64_t days = 0;
    char yesterday[PAY_DAY_SIZE];
    bill_day_text(now_s - DAY_S, yesterday);
    enum err err = count_back(db, &days);
    for (int64_t back = minute >= READY_MINUTE ? 1 : 2; back <= days && err == OK; back++) {
        bool done = false;
        bill_day_text(now_s - back * DAY_S, open[count]);
        err = is_done(db, turn->wallet, open[count], &done);
        count += done ? 0 : 1;
    }
    if (err == OK && count > 0) {
        bool fits = str_copy(turn->day, sizeof(turn->day), open[now_s / HOUR_S % count]);
        MUST(fits);
        turn->late = minute >= BILL_LATE_MINUTE || !str_equal(turn->day, yesterday);
    }
    return err;
}

/* ---- the job ---- */

static enum err go_on(struct db *db, void *arg)
{
    const struct turn *turn = arg;
    const char *channel = pay_wallet_name(turn->wallet);
    const int64_t wait_ms = turn->done ? 0 : (int64_t)HOUR_S * 1000;
    enum err err = bill_items_sweep(db);
    if (err == OK && turn->day[0] != '\0' && !turn->done && turn->late) {
        err = alarm_raise(db, turn->got ? "bill_open" : "bill_missing", channel, turn->day);
    }
    return err == OK ? job_put(turn->orders->setup.jobs, db, JOB_BILL, channel,
                               db_service_ms(db) + wait_ms)
                     : err;
}

static void work(void *self, const char *channel)
{
    struct turn turn = {.orders = self};
    struct store *store = turn.orders->setup.store;
    if (!wallet_parse(channel, &turn.wallet)) {
        return;
    }
    enum err err =
        pay_has(turn.orders->setup.pay, turn.wallet) ? store_read(store, choose, &turn) : OK;
    if (err == OK && turn.day[0] != '\0') {
        struct bill_result result = {.fetched = PAY_BILL_UNKNOWN};
        enum err run_err = bill_run(turn.orders, turn.wallet, turn.day, &result);
        turn.got =
            run_err == OK && (result.fetched == PAY_BILL_OK || result.fetched == PAY_BILL_EMPTY);
        turn.done = turn.got && result.done;
        log_info("bill of %s, %s: %s, %zu findings%s", channel, turn.day,
                 turn.got ? "compared" : result.log_text, result.finding_count,
                 turn.got && !turn.done ? ", not all answered" : "");
    }
    if (err == OK) {
        err = store_run(store, go_on, &turn);
    }
    if (err != OK) {
        log_warn("bill of %s: %s; again after its lease", channel, err_name(err));
    }
}

static void on_job(const struct job *job, void *self)
{
    struct orders *orders = self;
    if (!pool_submit(orders->pay_pool, work, orders, job->key)) {
        log_warn("payment workers are all busy; the bill of %s waits", job->key);
    }
}

void bill_jobs(struct orders *orders)
{
    const struct job_kind kind = {
        .kind = JOB_BILL, .lease_ms = LEASE_MS, .handler = on_job, .self = orders};
    jobs_register(orders->setup.jobs, &kind);
}

enum err bill_resume(struct orders *orders, struct db *db)
{
    enum err err = OK;
    for (int i = 0; i < PAY_WALLET_COUNT && err == OK; i++) {
        err = job_ensure(orders, db, JOB_BILL, pay_wallet_name((enum pay_wallet)i),
                         db_service_ms(db));
    }
    return err;
}
