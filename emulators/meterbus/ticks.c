/* SPDX-License-Identifier: Apache-2.0 */
/* Method: meters in China show UTC+8 all the year, so local time is a constant away from UTC. */
#include "emulators/meterbus/ticks.h"

#include <time.h>

enum { BEIJING_MS = 8 * 3600 * 1000 };

static int64_t clock_ns(clockid_t clock)
{
    struct timespec ts = {0};
    (void)clock_gettime(clock, &ts);
    return (int64_t)ts.tv_sec * NS_PER_S + ts.tv_nsec;
}

int64_t ticks_now_ns(void)
{
    return clock_ns(CLOCK_MONOTONIC);
}

int64_t ticks_wall_ms(void)
{
    return clock_ns(CLOCK_REALTIME) / NS_PER_MS + BEIJING_MS;
}
