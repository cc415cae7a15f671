/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SHILLING_CLOUD_METERS_HISTORY_H
#define SHILLING_CLOUD_METERS_HISTORY_H

#include "cloud/jobs/jobs.h"
#include "cloud/meters/gateway.h"
#include "cloud/store/store.h"
#include "common/clock.h"
#include "common/compiler.h"
#include "common/err.h"
#include "common/rng.h"

/*
 * A meter remembers its register at the end of each of the last days (DL/T 645-2007, daily
 * freezes). When it is new to us, those days are read once, at the lowest priority, so that the
 * bars of its page need not wait two weeks for our own readings.
 */
struct history;

struct history_config {
    struct store *store; /* all borrowed until history_destroy() */
    struct jobs *jobs;
    struct gateway *gateway;
    const struct clock_port *clock;
    const struct rng_port *rng;
};

/** Registers the job kind. Before jobs_start(). */
MUST_CHECK enum err history_create(const struct history_config *config,
                                   struct history **ret_history);

/** Put the first look into the database. After store_open(), before jobs_start(). */
MUST_CHECK enum err history_start(struct history *history);

/** NULL is allowed. After jobs_stop(), gateway_stop() and store_close(). */
void history_destroy(struct history *history);

#endif
