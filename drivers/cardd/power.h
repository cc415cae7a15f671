/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SHILLING_DRIVERS_CARDD_POWER_H
#define SHILLING_DRIVERS_CARDD_POWER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <sys/types.h>

#include "common/compiler.h"
#include "drivers/cardd/settings.h"

/*
 * A reader that only a loss of power cures: when it could not be opened several times in a row, a
 * program of the machine's builder is run (reader.power_reset), once per round of such failures.
 */

enum {
    POWER_ROUND = 5,      /* openings in vain until it is run */
    POWER_ROUND_MAX = 80, /* a round that changed nothing is followed by one twice as long */
    POWER_LOOK_MS = 100,  /* while it runs: so often whether it has ended */
};

struct power {
    const struct settings *settings; /* borrowed */
    size_t failures;                 /* openings in vain since the round began */
    size_t round;                    /* so many end it */
    pid_t pid;                       /* of the program; 0: it does not run */
    int64_t begun_ms;
    bool killed;
};

/**
 * @p settings is borrowed for as long as @p ret_power is used.
 *
 * Blocks: no. Allocates: no.
 */
void power_init(struct power *ret_power, const struct settings *settings);
/**
 * The reader is open: a round of failures that had begun is over.
 *
 * Blocks: no. Allocates: no.
 */
void power_reader_opened(struct power *power);
/**
 * The reader did not let itself be opened, or whoever tried died of it.
 *
 * Blocks: no. Allocates: no.
 */
void power_reader_failed(struct power *power);

/**
 * True if the program is to be run as soon as nothing is done to a card.
 *
 * Blocks: no. Allocates: no.
 */
bool power_is_due(const struct power *power);
/**
 * Run it, and begin a new round of failures. False if it cannot be run, which is logged.
 *
 * Blocks: no. Allocates: yes.
 */
MUST_CHECK bool power_begin(struct power *power, int64_t now_ms);
/**
 * True while it runs: the reader may lose its power at any moment.
 *
 * Blocks: no. Allocates: no.
 */
bool power_runs(const struct power *power);
/**
 * Look whether it has ended, and kill it if its time is over. True once, when it is over.
 *
 * Blocks: no. Allocates: no.
 */
MUST_CHECK bool power_look(struct power *power, int64_t now_ms);
/**
 * Let it come to its end, but kill it after @p wait_ms.
 *
 * Blocks: at most so long, and a second more.  Allocates: no.
 */
void power_stop(struct power *power, int64_t wait_ms);

#endif
