/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SHILLING_CORE_DELIVERY_READING_H
#define SHILLING_CORE_DELIVERY_READING_H

#include <stdbool.h>
#include <stdint.h>

#include "common/compiler.h"
#include "common/money.h"

/*
 * What a meter that keeps its own balance says about itself, and what that proves about one
 * credit of ours. All sums are integer fen and 0.01 kWh: a proof is exact or it is none.
 */
struct delivery_reading {
    bool has_count;
    uint32_t count; /* purchase count (03330201, or the count of 078102FF) */
    bool has_last;
    struct money last_amount; /* amount of the last purchase (03330301) */
    bool has_balance;
    struct money balance; /* net: remaining (00900200) - overdraft (00900201) */
    bool has_total;
    struct money total; /* total bought so far (03330601); does not fall with use */
    bool has_energy;
    int64_t energy_centi_kwh; /* register 00010000 in 0.01 kWh */
};

/* What the meter may have used up between two readings, apart from energy. */
struct delivery_use {
    int64_t price_e4_yuan_kwh; /* the highest price in force, 0.0001 yuan per kWh, >= 0 */
    struct money fixed;        /* fixed charges that may fall due in between, >= 0 */
    int64_t energy_step;       /* resolution of the energy register in 0.01 kWh, >= 1 */
};

enum delivery_verdict {
    VERDICT_UNREADABLE, /* the reading lacks what it takes: read again */
    VERDICT_OURS,       /* the meter has our credit */
    VERDICT_NOT_DONE,   /* the meter does not have it at this moment; says nothing of later */
    VERDICT_BEATEN,     /* somebody else used our count: our frame is dead */
    VERDICT_ODD,        /* the meter's record contradicts everything we did */
    VERDICT_UNDECIDED,  /* read well, and it still cannot be told */
    VERDICT_COUNT
};

/**
 * Judge by the purchase count: still n, or n + 1 with our amount, or n + 1 with another.
 *
 * @param before the reading that was stored with the assignment; has a count
 * @param after  the reading now
 * @param amount ours, > 0
 * Source: docs/money.md, "Purchase-count meter"; Q/GDW 365 family, the count must be stored + 1.
 * Blocks: no. Allocates: no.
 */
enum delivery_verdict delivery_judge_count(const struct delivery_reading *before,
                                           const struct delivery_reading *after,
                                           struct money amount, const struct delivery_use *use);

/**
 * Judge by money: total bought if both readings have it, else the balance window
 * B0 + A - U <= B1 <= B0 + A (ours), B0 - U <= B1 <= B0 (not done), with
 * U = (E1 - E0 + one step) x highest price + fixed charges + 0.01 yuan, and only if A > U.
 * Source: docs/money.md, "Order-number meter".
 * Blocks: no. Allocates: no.
 */
enum delivery_verdict delivery_judge_window(const struct delivery_reading *before,
                                            const struct delivery_reading *after,
                                            struct money amount, const struct delivery_use *use);

/**
 * The most that the meter can have used up between two readings; false if it cannot be said
 * (no energy, register fell, overflow).
 * Blocks: no. Allocates: no.
 */
MUST_CHECK bool delivery_use_max(const struct delivery_reading *before,
                                 const struct delivery_reading *after,
                                 const struct delivery_use *use, struct money *ret_use);

/**
 * "ours", "not_done", ...; never NULL.
 * Blocks: no. Allocates: no.
 */
const char *delivery_verdict_name(enum delivery_verdict verdict);

#endif
