/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SHILLING_CLOUD_IDENTITY_EXPIRY_H
#define SHILLING_CLOUD_IDENTITY_EXPIRY_H

#include <stddef.h>
#include <stdint.h>

#include "cloud/identity/pki.h"
#include "cloud/jobs/jobs.h"
#include "cloud/store/store.h"
#include "common/compiler.h"
#include "common/err.h"

/*
 * Certificates end after 397 days, and then a site stands still. Once a day the log names the
 * devices whose certificate ends within EXPIRY_WARN_DAYS, and the server's own is made anew; the
 * running service goes on with the one it began with, so it says that it wants to be restarted.
 */
struct expiry;

enum { EXPIRY_WARN_DAYS = 30 };

struct expiry_config {
    struct store *store; /* all borrowed until expiry_destroy() */
    struct jobs *jobs;
    struct pki *pki;
};

/** Registers the job kind. Before jobs_start(). */
MUST_CHECK enum err expiry_create(const struct expiry_config *config, struct expiry **ret_expiry);

/** Put the first look into the database. After store_open(), before jobs_start(). */
MUST_CHECK enum err expiry_start(struct expiry *expiry);

/** NULL is allowed. After jobs_stop() and store_close(). */
void expiry_destroy(struct expiry *expiry);

/** How many devices have no good key that lasts longer than EXPIRY_WARN_DAYS from @p now_s. */
MUST_CHECK enum err expiry_count(struct store *store, int64_t now_s, size_t *ret_count);

#endif
