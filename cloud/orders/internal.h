/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SHILLING_CLOUD_ORDERS_INTERNAL_H
#define SHILLING_CLOUD_ORDERS_INTERNAL_H

#include "cloud/orders/news.h"
#include "cloud/orders/orders.h"
#include "cloud/orders/pool.h"
#include "cloud/orders/presence.h"
#include "common/id.h"
#include "core/order/order_number.h"
#include "drivers/thread/monitor.h"

/* What the files of cloud/orders share with each other and with cloud/review. */

/* The kinds of jobs. The key is an order number unless it says otherwise. */
#define JOB_PAY "pay"                 /* the next question to the payment provider */
#define JOB_WINDOW "pay_window"       /* the end of the time on the screen */
#define JOB_QR_DEAD "pay_qr_dead"     /* nobody can pay the code any more */
#define JOB_REFUND "refund"           /* key: document number */
#define JOB_DELIVER "deliver"         /* the next step of the delivery */
#define JOB_DELIVER_END "deliver_end" /* 24 hours */
#define JOB_CARD_OWED "card_owed"     /* issued a day ago, and not seen on the card */
#define JOB_RELAY "relay"             /* key: meter */
#define JOB_NOTICE "notice"           /* key: order number "/" fact */
#define JOB_REVIEW "review"           /* key: document number; overdue alarm */

/* How well a payment provider answers; guarded by orders->monitor. */
struct provider_health {
    uint32_t unknown_count; /* precreates without an answer in a row */
    int64_t last_unknown_ms;
};

struct orders {
    struct orders_setup setup;
    struct pool *pay_pool;
    struct pool *meter_pool;
    struct news *news;
    struct presence presence;
    struct card_port cards; /* .gate NULL: no cards */
    struct monitor monitor;
    struct provider_health health[PAY_WALLET_COUNT];
};

static inline const struct timers *orders_timers(const struct orders *orders)
{
    return &orders->setup.options.timers;
}

/** Register routes, jobs and sink: each file its own. */
void create_routes(struct orders *orders);
void view_routes(struct orders *orders);
void wish_routes(struct orders *orders);
void receipt_routes(struct orders *orders);
void notify_routes(struct orders *orders);
void pay_jobs(struct orders *orders);
void window_jobs(struct orders *orders);
void refund_jobs(struct orders *orders);
void deliver_jobs(struct orders *orders);
void relay_jobs(struct orders *orders);
void card_jobs(struct orders *orders);
void notice_jobs(struct orders *orders);
void review_jobs(struct orders *orders);
void bill_jobs(struct orders *orders);

/** See to it that the bills are looked for. In a writing transaction. */
MUST_CHECK enum err bill_resume(struct orders *orders, struct db *db);

/** The answer of the news thread to a terminal that waits for an order (look_call.c). */
bool look_answer(void *orders, struct http_ticket ticket, const char *order_no, int64_t version,
                 bool timed_out);

/** A job of its kind if there is none: never moves an existing one. */
MUST_CHECK enum err job_ensure(struct orders *orders, struct db *db, const char *kind,
                               const char *key, int64_t due_ms);

/** False with a word if this wallet is not configured or does not answer. Any thread. */
bool orders_wallet_open(struct orders *orders, enum pay_wallet wallet,
                        char ret_reason[API_WORD_SIZE]);

/** "alipay" or "wechat" to wallet; false for any other text. */
MUST_CHECK bool wallet_parse(const char *name, enum pay_wallet *ret_wallet);

#endif
