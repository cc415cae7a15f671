/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SHILLING_TESTS_UNIT_CORE_DRAW_H
#define SHILLING_TESTS_UNIT_CORE_DRAW_H

#include <stdint.h>

/* SplitMix64: a small generator, the same on every compiler. One draw a statement. */
struct draw {
    uint64_t state;
};

static inline uint64_t draw_u64(struct draw *draw)
{
    draw->state += UINT64_C(0x9E3779B97F4A7C15);
    uint64_t z = draw->state;
    z = (z ^ (z >> 30)) * UINT64_C(0xBF58476D1CE4E5B9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94D049BB133111EB);
    return z ^ (z >> 31);
}

/* 0..bound-1 */
static inline uint32_t draw_below(struct draw *draw, uint32_t bound)
{
    return (uint32_t)(draw_u64(draw) % bound);
}

#endif
