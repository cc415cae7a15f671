/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SHILLING_SIM_KERNEL_DICE_H
#define SHILLING_SIM_KERNEL_DICE_H

#include <stdbool.h>
#include <stdint.h>

#include "common/rng.h"

/*
 * Seeded randomness, one stream a concern (schedule, network, disk, users, ...), so that a fault
 * more in one of them does not reshuffle the others. One draw per statement.
 */
enum dice_concern {
    DICE_WEATHER,
    DICE_SCHEDULE,
    DICE_DISK,
    DICE_NETWORK,
    DICE_PROVIDER,
    DICE_USERS,
    DICE_METERS,
    DICE_OPERATORS,
    DICE_CRASHES,
    DICE_NODES, /* what the programs themselves draw: identifiers, epochs */
    DICE_CARDS, /* people with cards, in a world that has them */
    DICE_CONCERN_COUNT
};

struct dice {
    uint64_t state;
};

struct dice dice_make(uint64_t seed, enum dice_concern concern);
uint64_t dice_next(struct dice *dice);
/** 0..@p bound - 1; @p bound >= 1. */
uint32_t dice_below(struct dice *dice, uint32_t bound);
/** @p low..@p high, both included. */
int64_t dice_between(struct dice *dice, int64_t low, int64_t high);
/** True @p ppm times in a million. */
bool dice_chance(struct dice *dice, uint32_t ppm);
/** For the product: borrows @p dice. */
struct rng_port dice_port(struct dice *dice);

#endif
