/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SHILLING_CLOUD_METERS_RETENTION_H
#define SHILLING_CLOUD_METERS_RETENTION_H

#include <stdint.h>

#include "cloud/jobs/jobs.h"
#include "cloud/store/store.h"
#include "common/compiler.h"
#include "common/err.h"

/*
 * Readings and events grow for ever, and nothing but people's curiosity needs old ones: what a
 * meter page, a bill or a charge is made of has tables of its own. Once a day what is older than
 * keep_days goes, a little at a time, so that nobody waits for the writer.
 */
struct retention;

enum { RETENTION_BATCH = 1000 /* rows a transaction: some milliseconds */ };

struct retention_config {
    struct store *store; /* borrowed until retention_destroy(), like the jobs */
    struct jobs *jobs;
    uint32_t keep_days; /* 0: for ever */
};

/** Registers the job kind. Before jobs_start(). */
MUST_CHECK enum err retention_create(const struct retention_config *config,
                                     struct retention **ret_retention);

/** Put the first look into the database. After store_open(), before jobs_start(). */
MUST_CHECK enum err retention_start(struct retention *retention);

/** NULL is allowed. After jobs_stop() and store_close(). */
void retention_destroy(struct retention *retention);

#endif
