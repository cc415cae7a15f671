/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SHILLING_DRIVERS_CARDD_CHILD_H
#define SHILLING_DRIVERS_CARDD_CHILD_H

#include <stdbool.h>
#include <stdint.h>

#include <sys/types.h>

#include "common/compiler.h"

/* Starting and ending the worker's process. */

struct child {
    pid_t pid;   /* 0: none */
    int channel; /* -1: none */
};

struct child_start {
    const char *config; /* path of the configuration */
    uint32_t card;      /* number of the last laying */
};

/**
 * Start shilling-cardd-worker, which lies beside this program. False if that fails.
 *
 * Blocks: no. Allocates: no.
 */
MUST_CHECK bool child_start(const struct child_start *start, struct child *ret_child);

/**
 * Kill it, wait for its end, log how it ended. Does not block longer than that takes.
 *
 * Blocks: yes. Allocates: no.
 */
void child_kill(struct child *child);
/**
 * Hang up and let it close the reader; kill it after @p wait_ms. Blocks at most so long.
 *
 * Blocks: yes. Allocates: no.
 */
void child_stop(struct child *child, int64_t wait_ms);

#endif
