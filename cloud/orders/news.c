/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Waiters stand in a table; a commit marks those of its order, and the thread looks at the marked
 * ones and at those whose time is over. A waiter is looked at once when it comes, too, so a change
 * that was committed between its own look and its waiting is not missed. The thread answers
 * without the monitor, from a copy of the waiter: a ticket is taken by exactly one answer anyway.
 */
#include "cloud/orders/news.h"

#include <stdlib.h>

#include "common/must.h"
#include "common/str.h"
#include "drivers/clock/clock_system.h"
#include "drivers/thread/monitor.h"
#include "drivers/thread/thread.h"
#include "protocol/api/value.h"

enum { CHANGES_MAX = 1024 /* of one batch; above it everybody is looked at */ };

struct waiter {
    struct http_ticket ticket; /* id 0: free */
    char order_no[API_ORDER_NO_SIZE];
    int64_t version;
    int64_t until_ns;
    bool marked;
};

struct changes {
    char order_no[CHANGES_MAX][API_ORDER_NO_SIZE];
    size_t count;
    bool all; /* too many: everybody is looked at */
};

struct news {
    news_answer answer;
    void *self;
    struct thread thread;
    bool started;
    struct monitor monitor; /* guards what follows */
    struct waiter waiters[NEWS_WAITERS_MAX];
    size_t used;              /* waiters[used] and beyond were never used */
    struct changes noted;     /* in transactions that may not be durable yet */
    struct changes committed; /* to be looked at */
    bool newcomer;            /* a waiter that was not looked at yet */
    bool stopping;
};

static void note(struct changes *changes, const char *order_no)
{
    if (changes->count == CHANGES_MAX) {
        changes->all = true;
        return;
    }
    bool fits = str_copy(changes->order_no[changes->count], API_ORDER_NO_SIZE, order_no);
    MUST(fits);
    changes->count += 1;
}

static bool is_among(const struct changes *changes, const char *order_no)
{
    for (size_t i = 0; i < changes->count; i++) {
        if (str_equal(changes->order_no[i], order_no)) {
            return true;
        }
    }
    return changes->all;
}

static bool is_empty(const struct changes *changes)
{
    return changes->count == 0 && !changes->all;
}

static void empty(struct changes *changes)
{
    changes->count = 0;
    changes->all = false;
}

static void mark_changed(struct news *news)
{
    if (is_empty(&news->committed)) {
        return;
    }
    for (size_t i = 0; i < news->used; i++) {
        struct waiter *waiter = &news->waiters[i];
        if (waiter->ticket.id != 0 && is_among(&news->committed, waiter->order_no)) {
            waiter->marked = true;
        }
    }
    empty(&news->committed);
}

/* Look at one waiter outside the monitor; free its place if it was answered. */
static void look(struct news *news, size_t at, bool timed_out)
{
    const struct waiter waiter = news->waiters[at];
    news->waiters[at].marked = false;
    monitor_leave(&news->monitor);
    bool answered =
        news->answer(news->self, waiter.ticket, waiter.order_no, waiter.version, timed_out);
    monitor_enter(&news->monitor);
    if (answered && news->waiters[at].ticket.id == waiter.ticket.id) {
        news->waiters[at].ticket.id = 0;
    }
}

/* One round over the table; the earliest end of waiting that is left. */
static int64_t round_all(struct news *news)
{
    const int64_t now_ns = clock_system_mono_ns();
    int64_t next_ns = INT64_MAX;
    news->newcomer = false;
    mark_changed(news);
    for (size_t i = 0; i < news->used && !news->stopping; i++) {
        const struct waiter *waiter = &news->waiters[i];
        if (waiter->ticket.id == 0) {
            continue;
        }
        const bool timed_out = waiter->until_ns <= now_ns;
        if (waiter->marked || timed_out) {
            look(news, i, timed_out);
        }
        if (waiter->ticket.id != 0 && waiter->until_ns < next_ns) {
            next_ns = waiter->until_ns;
        }
    }
    return next_ns;
}

static bool has_work(const struct news *news)
{
    return news->stopping || news->newcomer || !is_empty(&news->committed);
}

static void *news_main(void *arg)
{
    struct news *news = arg;
    monitor_enter(&news->monitor);
    while (!news->stopping) {
        const int64_t next_ns = round_all(news);
        bool in_time = true;
        while (in_time && !has_work(news)) {
            if (next_ns == INT64_MAX) {
                monitor_wait(&news->monitor);
            } else {
                in_time = monitor_wait_until(&news->monitor, next_ns);
            }
        }
    }
    monitor_leave(&news->monitor);
    return NULL;
}

enum err news_create(news_answer answer, void *self, struct news **ret_news)
{
    struct news *news = calloc(1, sizeof(*news));
    if (news == NULL) {
        return ERR_MEMORY;
    }
    news->answer = answer;
    news->self = self;
    monitor_init(&news->monitor);
    if (!thread_start(&news->thread, news_main, news)) {
        news_destroy(news);
        return ERR_MEMORY;
    }
    news->started = true;
    *ret_news = news;
    return OK;
}

static struct waiter *free_place(struct news *news)
{
    for (size_t i = 0; i < news->used; i++) {
        if (news->waiters[i].ticket.id == 0) {
            return &news->waiters[i];
        }
    }
    if (news->used == NEWS_WAITERS_MAX) {
        return NULL;
    }
    news->used += 1;
    return &news->waiters[news->used - 1];
}

bool news_wait(struct news *news, struct http_ticket ticket, const char *order_no, int64_t version,
               int64_t wait_ms)
{
    MUST(ticket.id != 0);
    monitor_enter(&news->monitor);
    struct waiter *waiter = free_place(news);
    if (waiter != NULL) {
        *waiter = (struct waiter){.ticket = ticket,
                                  .version = version,
                                  .until_ns = clock_system_mono_ns() + wait_ms * 1000000};
        bool fits = str_copy(waiter->order_no, sizeof(waiter->order_no), order_no);
        MUST(fits);
        waiter->marked = true;
        news->newcomer = true;
        monitor_notify(&news->monitor);
    }
    monitor_leave(&news->monitor);
    return waiter != NULL;
}

/* After the commit, in the writer thread: what its transactions noted can be seen now. */
static void wake(void *arg)
{
    struct news *news = arg;
    monitor_enter(&news->monitor);
    for (size_t i = 0; i < news->noted.count; i++) {
        note(&news->committed, news->noted.order_no[i]);
    }
    news->committed.all = news->committed.all || news->noted.all;
    empty(&news->noted);
    monitor_notify(&news->monitor);
    monitor_leave(&news->monitor);
}

void news_changed(struct news *news, struct db *db, const char *order_no)
{
    monitor_enter(&news->monitor);
    note(&news->noted, order_no);
    monitor_leave(&news->monitor);
    db_on_commit(db, wake, news);
}

void news_stop(struct news *news)
{
    if (news == NULL) {
        return;
    }
    monitor_enter(&news->monitor);
    news->stopping = true;
    monitor_notify(&news->monitor);
    monitor_leave(&news->monitor);
    if (news->started) {
        thread_join(&news->thread);
        news->started = false;
    }
}

void news_destroy(struct news *news)
{
    if (news == NULL) {
        return;
    }
    news_stop(news);
    monitor_finish(&news->monitor);
    free(news);
}
