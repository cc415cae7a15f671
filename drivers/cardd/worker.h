/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SHILLING_DRIVERS_CARDD_WORKER_H
#define SHILLING_DRIVERS_CARDD_WORKER_H

#include <stdint.h>

#include "common/crypto/ed25519.h"
#include "drivers/cardd/settings.h"

/*
 * The process that speaks to the reader. It may hang or die at any instant: whatever must outlive
 * it is told to the supervisor before it is done.
 */

struct worker_start {
    const struct settings *settings;     /* borrowed */
    const struct ed25519_key *authority; /* borrowed */
    int channel;                         /* to the supervisor */
    uint32_t card;                       /* number of the last laying */
};

/**
 * Work until the supervisor hangs up.
 *
 * Blocks: yes. Allocates: yes.
 */
void worker_run(const struct worker_start *start);

#endif
