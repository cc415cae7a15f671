/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SHILLING_COMMON_RNG_H
#define SHILLING_COMMON_RNG_H

#include <stddef.h>
#include <stdint.h>

/*
 * Randomness is given to the code. One draw per statement, so that the order of draws does not
 * depend on the compiler. The real source is drivers/rng (the system's CSPRNG).
 */
struct rng_port {
    void (*fill)(void *self, uint8_t *ret_bytes, size_t size); /* cannot fail */
    void *self;
};

static inline void rng_fill(const struct rng_port *rng, uint8_t *ret_bytes, size_t size)
{
    rng->fill(rng->self, ret_bytes, size);
}

/** A number in 0..bound-1, without bias; @p bound must be >= 1. */
uint32_t rng_below(const struct rng_port *rng, uint32_t bound);

#endif
