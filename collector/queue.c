/* SPDX-License-Identifier: Apache-2.0 */
#include "collector/queue.h"

#include <string.h>

#include "common/must.h"

void queue_init(struct queue *queue)
{
    memset(queue, 0, sizeof(*queue));
    queue->order_next = 1;
}

static bool has_room(const struct queue *queue, enum job_prio prio)
{
    size_t kept = prio == JOB_PRIO_COMMAND ? 0 : QUEUE_COMMANDS_KEPT;
    return queue->count + kept < QUEUE_JOBS_MAX;
}

bool queue_push(struct queue *queue, const struct job *job)
{
    MUST(job->prio < JOB_PRIO_COUNT);
    MUST(queue->count <= QUEUE_JOBS_MAX);
    if (!has_room(queue, job->prio)) {
        return false;
    }
    size_t place = 0;
    while (queue->order[place] != 0) {
        place += 1;
        MUST(place < QUEUE_JOBS_MAX);
    }
    queue->jobs[place] = *job;
    queue->order[place] = queue->order_next++;
    queue->count += 1;
    return true;
}

bool queue_pop(struct queue *queue, enum job_prio prio, struct job *ret_job)
{
    MUST(prio < JOB_PRIO_COUNT);
    size_t oldest = QUEUE_JOBS_MAX;
    for (size_t i = 0; i < QUEUE_JOBS_MAX && queue->count > 0; i++) {
        bool candidate = queue->order[i] != 0 && queue->jobs[i].prio == prio;
        if (candidate && (oldest == QUEUE_JOBS_MAX || queue->order[i] < queue->order[oldest])) {
            oldest = i;
        }
    }
    if (oldest == QUEUE_JOBS_MAX) {
        return false;
    }
    *ret_job = queue->jobs[oldest];
    queue->order[oldest] = 0;
    queue->count -= 1;
    return true;
}
