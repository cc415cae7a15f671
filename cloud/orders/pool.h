/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SHILLING_CLOUD_ORDERS_POOL_H
#define SHILLING_CLOUD_ORDERS_POOL_H

#include <stdbool.h>
#include <stddef.h>

#include "common/compiler.h"
#include "common/err.h"

/*
 * Threads for work that waits for the world: a payment provider, a meter. A piece of work is a
 * function and a number (of an order, of a meter). The work about one number never runs beside
 * itself: one that is waiting already is not taken twice, and one that is being worked on is
 * worked on once more afterwards. Nothing is kept here that the database does not know: what a
 * full pool refuses, its job brings again.
 */
struct pool;

enum {
    POOL_KEY_SIZE = 80, /* as a job's key */
    POOL_QUEUE_MAX = 1024,
    POOL_THREADS_MAX = 32,
};

typedef void (*pool_fn)(void *self, const char *key);

/** @p thread_count 1..POOL_THREADS_MAX. */
MUST_CHECK enum err pool_create(size_t thread_count, struct pool **ret_pool);

/**
 * Have @p fn(@p self, @p key) called by one of the threads. False if the queue is full or the pool
 * stops; true also if that key is there already. Any thread. Blocks: no.
 */
MUST_CHECK bool pool_submit(struct pool *pool, pool_fn fn, void *self, const char *key);

/**
 * Let running work end and drop the rest; from now on nothing is taken. NULL is allowed, and so is
 * a second time. Blocks: as long as the running work.
 */
void pool_stop(struct pool *pool);

/** Stop, and free what is left. Nobody may submit any more. NULL is allowed. */
void pool_destroy(struct pool *pool);

#endif
