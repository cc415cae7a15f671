/* SPDX-License-Identifier: Apache-2.0 */
/*
 * drivers/thread and drivers/clock, as the simulated world has them. Linked in front of the real
 * ones, so that the programs find these.
 */
#include <stdlib.h>
#include <string.h>

#include "common/must.h"
#include "drivers/clock/clock_system.h"
#include "drivers/thread/monitor.h"
#include "drivers/thread/thread.h"
#include "sim/kernel/kernel.h"

/* Lives in the bytes of the monitor's mutex, which nobody else looks at here. */
struct lock {
    uint64_t taken; /* 0: free */
};

_Static_assert(sizeof(struct lock) <= sizeof(pthread_mutex_t), "a lock must fit its place");

static struct lock lock_get(const struct monitor *monitor)
{
    struct lock lock;
    memcpy(&lock, &monitor->mutex, sizeof(lock));
    return lock;
}

static void lock_put(struct monitor *monitor, struct lock lock)
{
    memcpy(&monitor->mutex, &lock, sizeof(lock));
}

/* What those wait for who want to enter; those who wait for a change wait for the monitor. */
static const void *door(const struct monitor *monitor)
{
    return &monitor->changed;
}

void monitor_init(struct monitor *monitor)
{
    memset(monitor, 0, sizeof(*monitor));
}

void monitor_finish(struct monitor *monitor)
{
    MUST(lock_get(monitor).taken == 0);
}

void monitor_enter(struct monitor *monitor)
{
    kernel_preempt();
    while (lock_get(monitor).taken != 0) {
        (void)kernel_wait(door(monitor), -1);
    }
    lock_put(monitor, (struct lock){.taken = 1});
}

void monitor_leave(struct monitor *monitor)
{
    MUST(lock_get(monitor).taken == 1);
    lock_put(monitor, (struct lock){.taken = 0});
    kernel_wake(door(monitor));
}

static bool wait_until(struct monitor *monitor, int64_t deadline_ns)
{
    monitor_leave(monitor);
    bool in_time = kernel_wait(monitor, deadline_ns);
    while (lock_get(monitor).taken != 0) {
        (void)kernel_wait(door(monitor), -1);
    }
    lock_put(monitor, (struct lock){.taken = 1});
    return in_time;
}

void monitor_wait(struct monitor *monitor)
{
    (void)wait_until(monitor, -1);
}

bool monitor_wait_until(struct monitor *monitor, int64_t deadline_ns)
{
    return wait_until(monitor, deadline_ns > 0 ? deadline_ns : 0);
}

bool monitor_wait_ms(struct monitor *monitor, int64_t timeout_ms)
{
    MUST(timeout_ms >= 0);
    return monitor_wait_until(monitor, clock_system_mono_ns() + timeout_ms * KERNEL_MS);
}

void monitor_notify(struct monitor *monitor)
{
    kernel_wake(monitor);
}

/* ---- threads ---- */

struct start {
    void *(*body)(void *arg);
    void *arg;
};

_Static_assert(sizeof(pthread_t) == sizeof(uint64_t), "a fiber's number must fit its place");

/* The body's result is nobody's business: thread.h has no way to ask for it. */
static void run_body(void *arg)
{
    const struct start start = *(struct start *)arg;
    free(arg);
    (void)start.body(start.arg);
}

bool thread_start(struct thread *ret_thread, void *(*body)(void *arg), void *arg)
{
    struct start *start = malloc(sizeof(*start));
    MUST(start != NULL);
    *start = (struct start){.body = body, .arg = arg};
    ret_thread->id = kernel_spawn(kernel_node(), run_body, start);
    return true;
}

void thread_join(struct thread *thread)
{
    kernel_join(thread->id);
}

bool thread_is_self(const struct thread *thread)
{
    return kernel_self() == thread->id;
}

/* ---- clocks ---- */

static int64_t mono_ms(void *self)
{
    (void)self;
    return kernel_mono_ms(kernel_node());
}

static int64_t wall_s(void *self)
{
    (void)self;
    return kernel_wall_ms(kernel_node()) / 1000;
}

struct clock_port clock_system(void)
{
    return (struct clock_port){.mono_ms = mono_ms, .wall_s = wall_s};
}

int64_t clock_system_wall_ms(void)
{
    return kernel_wall_ms(kernel_node());
}

int64_t clock_system_mono_ns(void)
{
    return kernel_now_ns();
}

void clock_system_wait_ms(int64_t duration_ms)
{
    MUST(duration_ms >= 0);
    kernel_sleep(duration_ms * KERNEL_MS);
}
