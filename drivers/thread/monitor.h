/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SHILLING_DRIVERS_THREAD_MONITOR_H
#define SHILLING_DRIVERS_THREAD_MONITOR_H

#include <stdbool.h>
#include <stdint.h>

#include <pthread.h>

/*
 * A mutex and a condition that belong together, waiting on the monotonic clock, so that setting
 * the wall clock neither shortens nor lengthens a wait.
 */
struct monitor {
    pthread_mutex_t mutex;
    pthread_cond_t changed;
};

/** Ready to use afterwards. Lack of resources ends the program. Blocks: no. Allocates: no. */
void monitor_init(struct monitor *monitor);

/** Nobody may be inside or waiting. Blocks: no. Allocates: no. */
void monitor_finish(struct monitor *monitor);

/** Take the mutex. Blocks: until it is free. Allocates: no. */
void monitor_enter(struct monitor *monitor);

/** Give the mutex back. Blocks: no. Allocates: no. */
void monitor_leave(struct monitor *monitor);

/**
 * Inside: let others in until somebody calls monitor_notify(). May also return without one, so
 * the caller looks at its condition in a loop. Blocks: yes. Allocates: no.
 */
void monitor_wait(struct monitor *monitor);

/**
 * As monitor_wait(), but not beyond @p deadline_ns on clock_system_mono_ns(); false when that has
 * passed. Blocks: yes. Allocates: no.
 */
bool monitor_wait_until(struct monitor *monitor, int64_t deadline_ns);

/** As monitor_wait_until(), @p timeout_ms (>= 0) from now. Blocks: yes. Allocates: no. */
bool monitor_wait_ms(struct monitor *monitor, int64_t timeout_ms);

/** Inside or outside: wake all who wait. Blocks: no. Allocates: no. */
void monitor_notify(struct monitor *monitor);

#endif
