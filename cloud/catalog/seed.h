/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SHILLING_CLOUD_CATALOG_SEED_H
#define SHILLING_CLOUD_CATALOG_SEED_H

#include <stdbool.h>
#include <stddef.h>

#include "cloud/store/store.h"
#include "common/compiler.h"
#include "common/config/config.h"
#include "common/err.h"

/*
 * The seed file: sites, rooms, customers, meters, tariffs, collectors and terminals in libconfig's
 * syntax (docs: cloud/catalog/README.md). Taking it in is one transaction: all of it or nothing.
 * It adds and changes by id and removes nothing, so it can be taken in any number of times.
 */
enum { SEED_TEXT_SIZE_MAX = 1 << 20 };

/**
 * The money side: enter a customer's balance from a former system, in the seed's transaction; once
 * a meter. ERR_EXISTS: another amount was entered before.
 */
typedef enum err (*seed_opening)(struct db *db, const char *meter_id, int64_t balance_fen);

struct seed_source {
    const char *text; /* the file's content */
    const char *name; /* stands for the file in messages */
    seed_opening opening;
};

/**
 * @param ret_changed  false if this very text was taken in last time
 * @param ret_message  on failure: "FILE:LINE: field: what is wrong"
 * @return ERR_FORMAT for anything wrong in the text; otherwise the store's error
 * Blocks: waits for the writer. Not from its thread.
 */
MUST_CHECK enum err seed_apply(struct store *store, const struct seed_source *source,
                               bool *ret_changed, char ret_message[CONFIG_MESSAGE_SIZE]);

#endif
