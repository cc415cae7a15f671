/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SHILLING_CLOUD_API_TERMINAL_STATUS_H
#define SHILLING_CLOUD_API_TERMINAL_STATUS_H

#include <stddef.h>
#include <stdint.h>

#include "cloud/store/store.h"
#include "common/compiler.h"
#include "protocol/api/terminal.h"

/* What each terminal last said of itself. */

/** "error" in heartbeats: the card reader does not work, and nothing is sold by card there. */
#define TERMINAL_READER_ERROR "error"

/** The alarm of such a terminal; its subject is the terminal. */
#define TERMINAL_ALARM_READER "card_reader"

struct terminal_heard {
    char terminal_id[API_ID_SIZE];
    struct api_heartbeat heartbeat;
};

/**
 * Keep it. A card reader that fails in two heartbeats running is an alarm, until it works again.
 * In a writing transaction.
 *
 * @param heard  a struct terminal_heard
 */
MUST_CHECK enum err terminal_status_keep(struct db *db, void *heard);

/** How many of the terminals that were heard within the last minute have a card reader that fails.
 * Blocks: for the database. Allocates: no. */
MUST_CHECK enum err terminal_status_readers_down(struct store *store, size_t *ret_count);

#endif
