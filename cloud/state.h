/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SHILLING_CLOUD_STATE_H
#define SHILLING_CLOUD_STATE_H

#include "cloud/identity/pki.h"
#include "cloud/settings.h"
#include "cloud/store/store.h"
#include "common/clock.h"
#include "common/compiler.h"
#include "common/err.h"

/* What lies in state_dir, opened the same way by the service and by the subcommands. */

enum { STATE_WHY_SIZE = 600 };

/** The database; @p on_failed may be NULL. Makes state_dir if it is not there. */
MUST_CHECK enum err state_open_store(const struct settings *settings,
                                     const struct clock_port *clock,
                                     void (*on_failed)(void *self, enum err err), void *self,
                                     struct store **ret_store, char ret_why[STATE_WHY_SIZE]);

/** Keys and certificates. */
MUST_CHECK enum err state_open_pki(const struct settings *settings, const struct clock_port *clock,
                                   struct pki **ret_pki, char ret_why[STATE_WHY_SIZE]);

/** The money side of a seed (cloud/catalog/seed.h). */
MUST_CHECK enum err state_opening(struct db *db, const char *meter_id, int64_t balance_fen);

/** Read a seed file and take it in. */
MUST_CHECK enum err state_seed_file(struct store *store, const char *path,
                                    char ret_why[STATE_WHY_SIZE]);

#endif
