/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Making, starting and stopping the money path. Starting looks once at everything that is not
 * final and makes sure that its job is there: jobs are stored with the states they belong to, so
 * normally nothing is missing, and what exists keeps its own time.
 */
#include "cloud/orders/orders.h"

#include <stdlib.h>

#include "cloud/orders/case.h"
#include "cloud/orders/internal.h"
#include "common/log.h"
#include "common/must.h"
#include "common/str.h"
#include "protocol/api/error.h"

enum {
    UNKNOWN_MAX = 5,          /* precreates without an answer in a row, then no new orders ... */
    UNKNOWN_REST_MS = 30000,  /* ... for so long; then one may try again */
    KEYS_MS = 60 * 60 * 1000, /* platform certificates are fetched every hour */
};

#define JOB_KEYS "pay_keys" /* key: "all" */

/* ---- keys of the providers ---- */

static enum err put_keys(struct db *db, void *arg)
{
    struct orders *orders = arg;
    return job_put(orders->setup.jobs, db, JOB_KEYS, "all", db_service_ms(db) + KEYS_MS);
}

static void refresh_keys(void *self, const char *key)
{
    struct orders *orders = self;
    char log_text[PAY_LOG_SIZE];
    (void)key;
    if (!pay_keys_refresh(orders->setup.pay, log_text)) {
        log_warn("platform certificates: %s; trying again later", log_text);
    }
    if (store_run(orders->setup.store, put_keys, orders) != OK) {
        log_warn("platform certificates: the next look is not stored; it comes all the same");
    }
}

static void on_keys(const struct job *job, void *self)
{
    struct orders *orders = self;
    if (!pool_submit(orders->pay_pool, refresh_keys, orders, job->key)) {
        log_warn("platform certificates: no worker is free; again later");
    }
}

static void keys_jobs(struct orders *orders)
{
    const struct job_kind kind = {
        .kind = JOB_KEYS, .lease_ms = 60000, .handler = on_keys, .self = orders};
    jobs_register(orders->setup.jobs, &kind);
}

/* ---- making ---- */

static void register_all(struct orders *orders)
{
    create_routes(orders);
    view_routes(orders);
    wish_routes(orders);
    receipt_routes(orders);
    notify_routes(orders);
    pay_jobs(orders);
    refund_jobs(orders);
    deliver_jobs(orders);
    relay_jobs(orders);
    card_jobs(orders);
    notice_jobs(orders);
    review_jobs(orders);
    bill_jobs(orders);
    keys_jobs(orders);
}

enum err orders_create(const struct orders_setup *setup, struct orders **ret_orders)
{
    MUST(timers_is_sound(&setup->options.timers));
    struct orders *orders = calloc(1, sizeof(*orders));
    if (orders == NULL) {
        return ERR_MEMORY;
    }
    orders->setup = *setup;
    monitor_init(&orders->monitor);
    bool made = presence_init(&orders->presence, store_service_ms(setup->store)) &&
                pool_create(setup->options.pay_threads, &orders->pay_pool) == OK &&
                pool_create(setup->options.meter_threads, &orders->meter_pool) == OK &&
                news_create(look_answer, orders, &orders->news) == OK;
    if (!made) {
        orders_stop(orders);
        orders_destroy(orders);
        return ERR_MEMORY;
    }
    register_all(orders);
    *ret_orders = orders;
    return OK;
}

void orders_set_cards(struct orders *orders, const struct card_port *cards)
{
    orders->cards = *cards;
}

/* ---- starting ---- */

/* What the machine of an order wants done after a crash. */
static enum err resume_order(struct orders *orders, struct db *db, const char *order_no)
{
    struct order_row row;
    struct order_step step = {0};
    const struct order_event crash = {.kind = ORDER_EV_CRASH};
    enum err err = order_row_load(db, order_no, &row);
    if (err != OK) {
        log_error("order %s cannot be read (%s): a person must look", order_no, err_name(err));
        return OK; /* one bad row must not keep all others from going on */
    }
    (void)order_apply(&row.order, &crash, &step);
    const uint32_t asks = ORDER_DO_PRECREATE | ORDER_DO_POLL | ORDER_DO_QUERY;
    const uint32_t deliver = ORDER_DO_CREDIT | ORDER_DO_READ_BACK;
    const uint32_t refund = ORDER_DO_REFUND | ORDER_DO_REFUND_QUERY;
    const int64_t now_ms = db_service_ms(db);
    if ((step.intents & asks) != 0) {
        err = job_ensure(orders, db, JOB_PAY, order_no, now_ms);
    }
    if (err == OK && (step.intents & (ORDER_DO_PRECREATE | ORDER_DO_POLL)) != 0) {
        err = job_ensure(orders, db, JOB_WINDOW, order_no, now_ms);
    }
    if (err == OK && (step.intents & deliver) != 0) {
        err = job_ensure(orders, db, JOB_DELIVER, order_no, now_ms);
    }
    return err == OK && (step.intents & refund) != 0
               ? job_ensure(orders, db, JOB_REFUND, order_no, now_ms)
               : err;
}

static enum err resume_all(struct db *db, void *arg)
{
    struct orders *orders = arg;
    char order_no[ORDER_NUMBER_SIZE];
    bool row = true;
    int64_t count = 0;
    struct sql *sql = sql_begin(db, "SELECT order_no FROM pay_order WHERE state NOT IN"
                                    " ('DONE', 'CLOSED', 'REFUNDED')");
    enum err err = sql_next(sql, &row);
    while (err == OK && row) {
        if (!sql_copy_text(sql, 0, order_no, sizeof(order_no))) {
            return ERR_CHECKSUM;
        }
        err = resume_order(orders, db, order_no);
        count += 1;
        if (err == OK) {
            err = sql_next(sql, &row);
        }
    }
    if (count > 0) {
        log_info("%lld orders are open", (long long)count);
    }
    if (err == OK) {
        err = bill_resume(orders, db);
    }
    return err == OK ? job_put(orders->setup.jobs, db, JOB_KEYS, "all", db_service_ms(db)) : err;
}

enum err orders_start(struct orders *orders)
{
    return store_run(orders->setup.store, resume_all, orders);
}

/* ---- stopping ---- */

void orders_stop(struct orders *orders)
{
    news_stop(orders->news);
    /* The writer still ends what it has taken, and may want to submit more: it is refused. */
    pool_stop(orders->pay_pool);
    pool_stop(orders->meter_pool);
}

void orders_destroy(struct orders *orders)
{
    if (orders == NULL) {
        return;
    }
    pool_destroy(orders->pay_pool);
    pool_destroy(orders->meter_pool);
    news_destroy(orders->news);
    presence_finish(&orders->presence);
    monitor_finish(&orders->monitor);
    free(orders);
}

/* ---- may anybody pay? ---- */

bool orders_wallet_open(struct orders *orders, enum pay_wallet wallet,
                        char ret_reason[API_WORD_SIZE])
{
    if (!pay_has(orders->setup.pay, wallet)) {
        str_format_cut(ret_reason, API_WORD_SIZE, "no_wallet");
        return false;
    }
    monitor_enter(&orders->monitor);
    const struct provider_health health = orders->health[wallet];
    monitor_leave(&orders->monitor);
    const int64_t rest_ms = store_service_ms(orders->setup.store) - health.last_unknown_ms;
    if (health.unknown_count >= UNKNOWN_MAX && rest_ms < UNKNOWN_REST_MS) {
        str_format_cut(ret_reason, API_WORD_SIZE, API_REASON_PROVIDER_DOWN);
        return false;
    }
    return true;
}

bool orders_payments_open(struct orders *orders, char ret_reason[API_WORD_SIZE])
{
    char reasons[PAY_WALLET_COUNT][API_WORD_SIZE];
    ret_reason[0] = '\0';
    if (!store_is_in_service(orders->setup.store)) {
        str_format_cut(ret_reason, API_WORD_SIZE, "out_of_service");
        return false;
    }
    if (!store_has_room(orders->setup.store)) {
        str_format_cut(ret_reason, API_WORD_SIZE, "disk_full");
        return false;
    }
    for (int i = 0; i < PAY_WALLET_COUNT; i++) {
        if (orders_wallet_open(orders, (enum pay_wallet)i, reasons[i])) {
            return true;
        }
    }
    const bool known =
        pay_has(orders->setup.pay, PAY_ALIPAY) || pay_has(orders->setup.pay, PAY_WECHAT);
    str_format_cut(ret_reason, API_WORD_SIZE, "%s", known ? API_REASON_PROVIDER_DOWN : "no_wallet");
    return false;
}
