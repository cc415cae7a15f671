/* SPDX-License-Identifier: Apache-2.0 */
#include "drivers/thread/monitor.h"

#include <errno.h>
#include <time.h>

#include "common/must.h"
#include "drivers/clock/clock_system.h"

enum { NS_PER_MS = 1000000, NS_PER_S = 1000000000 };

void monitor_init(struct monitor *monitor)
{
    pthread_condattr_t attributes;
    int failed = pthread_condattr_init(&attributes);
    MUST(failed == 0);
    failed = pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    MUST(failed == 0);
    failed = pthread_cond_init(&monitor->changed, &attributes);
    MUST(failed == 0);
    failed = pthread_mutex_init(&monitor->mutex, NULL);
    MUST(failed == 0);
    (void)pthread_condattr_destroy(&attributes);
}

void monitor_finish(struct monitor *monitor)
{
    int failed = pthread_cond_destroy(&monitor->changed);
    MUST(failed == 0);
    failed = pthread_mutex_destroy(&monitor->mutex);
    MUST(failed == 0);
}

void monitor_enter(struct monitor *monitor)
{
    int failed = pthread_mutex_lock(&monitor->mutex);
    MUST(failed == 0);
}

void monitor_leave(struct monitor *monitor)
{
    int failed = pthread_mutex_unlock(&monitor->mutex);
    MUST(failed == 0);
}

void monitor_wait(struct monitor *monitor)
{
    int failed = pthread_cond_wait(&monitor->changed, &monitor->mutex);
    MUST(failed == 0);
}

bool monitor_wait_until(struct monitor *monitor, int64_t deadline_ns)
{
    struct timespec until = {.tv_sec = (time_t)(deadline_ns / NS_PER_S),
                             .tv_nsec = (long)(deadline_ns % NS_PER_S)};
    int code = pthread_cond_timedwait(&monitor->changed, &monitor->mutex, &until);
    MUST(code == 0 || code == ETIMEDOUT);
    return code == 0;
}

bool monitor_wait_ms(struct monitor *monitor, int64_t timeout_ms)
{
    MUST(timeout_ms >= 0);
    return monitor_wait_until(monitor, clock_system_mono_ns() + timeout_ms * NS_PER_MS);
}

void monitor_notify(struct monitor *monitor)
{
    int failed = pthread_cond_broadcast(&monitor->changed);
    MUST(failed == 0);
}
