/* SPDX-License-Identifier: Apache-2.0 */
/* SplitMix64: 64 bits of state, no tables, the same numbers on every compiler. */
#include "sim/kernel/dice.h"

#include "common/must.h"

enum { MILLION = 1000000 };

uint64_t dice_next(struct dice *dice)
{
    dice->state += UINT64_C(0x9E3779B97F4A7C15);
    uint64_t z = dice->state;
    z = (z ^ (z >> 30)) * UINT64_C(0xBF58476D1CE4E5B9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94D049BB133111EB);
    return z ^ (z >> 31);
}

struct dice dice_make(uint64_t seed, enum dice_concern concern)
{
    struct dice dice = {.state = seed * UINT64_C(0xD1342543DE82EF95) + (uint64_t)concern};
    dice.state = dice_next(&dice); /* neighbouring seeds must not share their first draws */
    return dice;
}

uint32_t dice_below(struct dice *dice, uint32_t bound)
{
    MUST(bound >= 1);
    return (uint32_t)((dice_next(dice) >> 32) * bound >> 32);
}

int64_t dice_between(struct dice *dice, int64_t low, int64_t high)
{
    MUST(low <= high);
    const uint64_t span = (uint64_t)(high - low) + 1;
    return low + (int64_t)(dice_next(dice) % span);
}

bool dice_chance(struct dice *dice, uint32_t ppm)
{
    /* Always one draw, so that a fault that is off does not shift the stream. */
    return dice_below(dice, MILLION) < ppm;
}

static void fill(void *self, uint8_t *ret_bytes, size_t size)
{
    struct dice *dice = self;
    for (size_t i = 0; i < size; i++) {
        ret_bytes[i] = (uint8_t)(dice_next(dice) >> 40);
    }
}

struct rng_port dice_port(struct dice *dice)
{
    return (struct rng_port){.fill = fill, .self = dice};
}
