/* SPDX-License-Identifier: Apache-2.0 */
#include "drivers/clock/clock_system.h"

#include <errno.h>
#include <time.h>

#include "common/must.h"

static int64_t read_ns(clockid_t id)
{
    struct timespec now = {0};
    int failed = clock_gettime(id, &now);
    MUST(failed == 0);
    return (int64_t)now.tv_sec * INT64_C(1000000000) + now.tv_nsec;
}

static int64_t system_mono_ms(void *self)
{
    (void)self;
    return read_ns(CLOCK_BOOTTIME) / 1000000;
}

static int64_t system_wall_s(void *self)
{
    (void)self;
    return read_ns(CLOCK_REALTIME) / INT64_C(1000000000);
}

struct clock_port clock_system(void)
{
    return (struct clock_port){.mono_ms = system_mono_ms, .wall_s = system_wall_s};
}

int64_t clock_system_wall_ms(void)
{
    return read_ns(CLOCK_REALTIME) / 1000000;
}

int64_t clock_system_mono_ns(void)
{
    return read_ns(CLOCK_MONOTONIC);
}

void clock_system_wait_ms(int64_t duration_ms)
{
    MUST(duration_ms >= 0);
    struct timespec left = {.tv_sec = (time_t)(duration_ms / 1000),
                            .tv_nsec = (long)(duration_ms % 1000) * 1000000L};
    while (nanosleep(&left, &left) != 0 && errno == EINTR) {
    }
}
