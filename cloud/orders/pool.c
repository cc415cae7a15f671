/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A ring of waiting work and, per thread, the key it works on. To find a key twice both are
 * searched: a thousand short compares beside work that takes a hundred milliseconds.
 */
#include "cloud/orders/pool.h"

#include <stdlib.h>

#include "common/must.h"
#include "common/str.h"
#include "drivers/thread/monitor.h"
#include "drivers/thread/thread.h"

struct piece {
    pool_fn fn;
    void *self;
    char key[POOL_KEY_SIZE];
};

struct worker {
    struct pool *pool;
    struct thread thread;
    bool busy;
    bool again;         /* asked for once more while busy */
    struct piece piece; /* while busy */
};

struct pool {
    struct monitor monitor; /* guards what follows */
    struct piece queue[POOL_QUEUE_MAX];
    size_t first;
    size_t count;
    bool stopping;
    struct worker workers[POOL_THREADS_MAX];
    size_t worker_count;
};

static void *work(void *arg)
{
    struct worker *worker = arg;
    struct pool *pool = worker->pool;
    monitor_enter(&pool->monitor);
    while (!pool->stopping) {
        if (pool->count == 0) {
            monitor_wait(&pool->monitor);
            continue;
        }
        worker->piece = pool->queue[pool->first];
        pool->first = (pool->first + 1) % POOL_QUEUE_MAX;
        pool->count -= 1;
        worker->busy = true;
        do {
            worker->again = false;
            monitor_leave(&pool->monitor);
            worker->piece.fn(worker->piece.self, worker->piece.key);
            monitor_enter(&pool->monitor);
        } while (worker->again && !pool->stopping);
        worker->busy = false;
    }
    monitor_leave(&pool->monitor);
    return NULL;
}

enum err pool_create(size_t thread_count, struct pool **ret_pool)
{
    MUST(thread_count >= 1 && thread_count <= POOL_THREADS_MAX);
    struct pool *pool = calloc(1, sizeof(*pool));
    if (pool == NULL) {
        return ERR_MEMORY;
    }
    monitor_init(&pool->monitor);
    for (size_t i = 0; i < thread_count; i++) {
        struct worker *worker = &pool->workers[i];
        worker->pool = pool;
        if (!thread_start(&worker->thread, work, worker)) {
            pool_destroy(pool);
            return ERR_MEMORY;
        }
        pool->worker_count += 1;
    }
    *ret_pool = pool;
    return OK;
}

static bool is_same(const struct piece *piece, pool_fn fn, const char *key)
{
    return piece->fn == fn && str_equal(piece->key, key);
}

/* Waiting already, or being worked on: then it is worked on once more, since whoever asks may know
 * something that the running work has not seen. */
static bool is_known(struct pool *pool, pool_fn fn, const char *key)
{
    for (size_t i = 0; i < pool->worker_count; i++) {
        if (pool->workers[i].busy && is_same(&pool->workers[i].piece, fn, key)) {
            pool->workers[i].again = true;
            return true;
        }
    }
    for (size_t i = 0; i < pool->count; i++) {
        if (is_same(&pool->queue[(pool->first + i) % POOL_QUEUE_MAX], fn, key)) {
            return true;
        }
    }
    return false;
}

bool pool_submit(struct pool *pool, pool_fn fn, void *self, const char *key)
{
    monitor_enter(&pool->monitor);
    bool known = is_known(pool, fn, key);
    bool taken = known;
    if (!known && !pool->stopping && pool->count < POOL_QUEUE_MAX) {
        struct piece *piece = &pool->queue[(pool->first + pool->count) % POOL_QUEUE_MAX];
        *piece = (struct piece){.fn = fn, .self = self};
        taken = str_copy(piece->key, sizeof(piece->key), key);
        pool->count += taken ? 1 : 0;
        monitor_notify(&pool->monitor);
    }
    monitor_leave(&pool->monitor);
    return taken;
}

void pool_stop(struct pool *pool)
{
    if (pool == NULL) {
        return;
    }
    monitor_enter(&pool->monitor);
    pool->stopping = true;
    monitor_notify(&pool->monitor);
    monitor_leave(&pool->monitor);
    for (size_t i = 0; i < pool->worker_count; i++) {
        thread_join(&pool->workers[i].thread);
    }
    monitor_enter(&pool->monitor);
    pool->worker_count = 0;
    monitor_leave(&pool->monitor);
}

void pool_destroy(struct pool *pool)
{
    if (pool == NULL) {
        return;
    }
    pool_stop(pool);
    monitor_finish(&pool->monitor);
    free(pool);
}
