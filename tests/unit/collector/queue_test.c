/* SPDX-License-Identifier: Apache-2.0 */
#include "collector/queue.h"
#include "tests/unit/test.h"

static struct queue queue;
static struct job job;

static bool push(enum job_prio prio, uint32_t tag)
{
    job = (struct job){.prio = prio};
    job.command.deadline_ms = tag;
    return queue_push(&queue, &job);
}

/* Tag of the next job of that priority; 0: none. */
static uint32_t pop(enum job_prio prio)
{
    return queue_pop(&queue, prio, &job) ? job.command.deadline_ms : 0;
}

TEST(first_in_first_out_in_each_priority)
{
    queue_init(&queue);
    CHECK(push(JOB_PRIO_SCHEDULE, 1));
    CHECK(push(JOB_PRIO_LIVE, 2));
    CHECK(push(JOB_PRIO_LIVE, 3));
    CHECK(push(JOB_PRIO_COMMAND, 4));
    CHECK_EQ_U64(pop(JOB_PRIO_COMMAND), 4);
    CHECK_EQ_U64(pop(JOB_PRIO_COMMAND), 0);
    CHECK_EQ_U64(pop(JOB_PRIO_LIVE), 2);
    CHECK(push(JOB_PRIO_LIVE, 5)); /* takes an earlier place, but not an earlier turn */
    CHECK_EQ_U64(pop(JOB_PRIO_LIVE), 3);
    CHECK_EQ_U64(pop(JOB_PRIO_LIVE), 5);
    CHECK_EQ_U64(pop(JOB_PRIO_SCHEDULE), 1);
    CHECK_EQ_U64(queue.count, 0);
}

TEST(reads_cannot_lock_commands_out)
{
    queue_init(&queue);
    uint32_t reads = 0;
    while (push(JOB_PRIO_LIVE, 1)) {
        reads += 1;
    }
    CHECK_EQ_U64(reads, QUEUE_JOBS_MAX - QUEUE_COMMANDS_KEPT);
    uint32_t commands = 0;
    while (push(JOB_PRIO_COMMAND, 2)) {
        commands += 1;
    }
    CHECK_EQ_U64(commands, QUEUE_COMMANDS_KEPT);
    CHECK(!push(JOB_PRIO_COMMAND, 2));
    CHECK_EQ_U64(pop(JOB_PRIO_COMMAND), 2);
    CHECK(!push(JOB_PRIO_SCHEDULE, 3));
    CHECK(push(JOB_PRIO_COMMAND, 2));
}

TEST_MAIN()
