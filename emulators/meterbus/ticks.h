/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SHILLING_EMULATORS_METERBUS_TICKS_H
#define SHILLING_EMULATORS_METERBUS_TICKS_H

#include <stdint.h>

/* The two clocks of the machine, in one place. */
enum { NS_PER_MS = 1000000, NS_PER_US = 1000, NS_PER_S = 1000000000 };

/** Monotonic nanoseconds. */
int64_t ticks_now_ns(void);

/** Local (Beijing) milliseconds since 1970-01-01 00:00 local time, by the wall clock. */
int64_t ticks_wall_ms(void);

#endif
