/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SHILLING_DRIVERS_CLOCK_CLOCK_SYSTEM_H
#define SHILLING_DRIVERS_CLOCK_CLOCK_SYSTEM_H

#include <stdint.h>

#include "common/clock.h"

/**
 * The machine's clocks: CLOCK_BOOTTIME for durations (it goes on while the machine sleeps and is
 * never set) and CLOCK_REALTIME for people.
 *
 * Blocks: no. Allocates: no.
 */
struct clock_port clock_system(void);

/**
 * Wall time in milliseconds, for identifiers that sort by time.
 *
 * Blocks: no. Allocates: no.
 */
int64_t clock_system_wall_ms(void);

/**
 * Monotonic nanoseconds, for measuring and for pacing.
 *
 * Blocks: no. Allocates: no.
 */
int64_t clock_system_mono_ns(void);

/**
 * Wait @p duration_ms (>= 0). For driver threads with nothing to poll.
 *
 * Blocks: yes. Allocates: no.
 */
void clock_system_wait_ms(int64_t duration_ms);

#endif
