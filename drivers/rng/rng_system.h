/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SHILLING_DRIVERS_RNG_RNG_SYSTEM_H
#define SHILLING_DRIVERS_RNG_RNG_SYSTEM_H

#include "common/rng.h"

/**
 * The kernel's CSPRNG (getrandom). A machine that cannot give random bytes cannot take money: the
 * program ends.
 *
 * Blocks: only in the first seconds after boot. Allocates: no.
 */
struct rng_port rng_system(void);

#endif
