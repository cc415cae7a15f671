/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SHILLING_CORE_ESTIMATE_ESTIMATE_H
#define SHILLING_CORE_ESTIMATE_ESTIMATE_H

#include <stdbool.h>
#include <stdint.h>

#include "common/compiler.h"
#include "common/money.h"

/* Figures for people: they are shown and printed, nothing is decided by them. */

enum { ESTIMATE_DAYS_MAX = 999 /* three digits on the screen */ };

/* What the meter used up lately. */
struct estimate_history {
    int64_t use_milli;     /* sum of the days, in 0.001 units (kWh, m3), >= 0 */
    uint32_t days;         /* how many days that were */
    int64_t price_e4_yuan; /* 0.0001 yuan per unit, >= 0 */
};

/**
 * Whole days that @p balance will last at the average use, rounded down, at most ESTIMATE_DAYS_MAX.
 *
 * @return false if it cannot be said: no history, no use, no price
 * Blocks: no. Allocates: no.
 */
MUST_CHECK bool estimate_days_left(struct money balance, const struct estimate_history *history,
                                   int64_t *ret_days);

struct estimate_split {
    struct money arrears; /* part of the payment that fills the debt */
    struct money credit;  /* part that is left over */
};

/**
 * How a payment of @p amount (> 0) divides on a @p balance before it (negative: debt).
 * Blocks: no. Allocates: no.
 */
struct estimate_split estimate_arrears(struct money balance, struct money amount);

#endif
