/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SHILLING_CLOUD_API_TERMINAL_READER_H
#define SHILLING_CLOUD_API_TERMINAL_READER_H

#include <stddef.h>
#include <stdint.h>

#include "cloud/store/store.h"
#include "common/compiler.h"
#include "common/err.h"
#include "common/str.h"
#include "protocol/api/terminal.h"

/*
 * What the terminals' card drivers count: the newest of each. The counts are the driver's own,
 * since it was started; a restart begins at zero, so they are never added up here.
 */

/** "none" in heartbeats: no card reader belongs to the terminal. */
#define TERMINAL_READER_NONE "none"

struct terminal_reader {
    char terminal_id[API_ID_SIZE];
    int64_t age_s; /* since the terminal told it */
    char chip[CARDLINK_CHIP_SIZE];
    int64_t counts[CARDLINK_COUNTS]; /* -1: the terminal knows of none */
};

struct terminal_readers {
    struct terminal_reader *all; /* @own */
    size_t count;
};

/**
 * Keep what a heartbeat tells, if it tells of counts; drop it if the terminal has no reader any
 * more. A chip that is not known now (the reader is away) stays what it was. In a writing
 * transaction. Blocks: for the database. Allocates: no.
 */
MUST_CHECK enum err terminal_reader_keep(struct db *db, const char *terminal_id,
                                         const struct api_heartbeat *heartbeat);

/** Add what is kept of one terminal's reader to a sentence for people; nothing if nothing is.
 * Blocks: for the database. Allocates: no. */
MUST_CHECK enum err terminal_reader_describe(struct db *db, const char *terminal_id,
                                             struct strbuf *sentence);

/** All, by terminal. @p ret_readers is empty if it fails. Blocks: for the database. Allocates: yes,
 * terminal_readers_free(). */
MUST_CHECK enum err terminal_readers_load(struct store *store,
                                          struct terminal_readers *ret_readers);
/** Leaves it empty. Blocks: no. Allocates: no. */
void terminal_readers_free(struct terminal_readers *readers);

#endif
