/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SHILLING_COMMON_CLOCK_H
#define SHILLING_COMMON_CLOCK_H

#include <stdint.h>

/*
 * Time is given to the code, never fetched by it. Durations come from the monotonic clock, read
 * once per turn of a loop; wall time is for people, records and the texts of the wallets, and
 * decides nothing about money. The real clock is drivers/clock.
 */
struct clock_port {
    int64_t (*mono_ms)(void *self); /* never goes back; its zero means nothing */
    int64_t (*wall_s)(void *self);  /* seconds since 1970-01-01 00:00 UTC; may jump */
    void *self;
};

static inline int64_t clock_mono_ms(const struct clock_port *clock)
{
    return clock->mono_ms(clock->self);
}

static inline int64_t clock_wall_s(const struct clock_port *clock)
{
    return clock->wall_s(clock->self);
}

#endif
