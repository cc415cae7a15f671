/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SHILLING_COLLECTOR_QUEUE_H
#define SHILLING_COLLECTOR_QUEUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "collector/job.h"
#include "common/compiler.h"

/*
 * The jobs that wait for one bus, in the order of their priority, and within it of their arrival.
 * A plain value, sized for its worst case; the caller locks.
 */
enum {
    /* 32 meters of a bus, each with a command, a live read, a check; the schedule is fed by twos */
    QUEUE_JOBS_MAX = 128,
    /* Places kept for what was paid for, so that reads can never lock it out. */
    QUEUE_COMMANDS_KEPT = 32,
};

struct queue {
    struct job jobs[QUEUE_JOBS_MAX];
    uint64_t order[QUEUE_JOBS_MAX]; /* 0: free place */
    uint64_t order_next;
    size_t count;
};

void queue_init(struct queue *queue);

/** Add a copy of @p job; false if there is no room for its priority. */
MUST_CHECK bool queue_push(struct queue *queue, const struct job *job);

/** Take the oldest job of exactly @p prio; false if there is none. */
MUST_CHECK bool queue_pop(struct queue *queue, enum job_prio prio, struct job *ret_job);

#endif
