/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SHILLING_EMULATORS_CARDREADER_CELLS_H
#define SHILLING_EMULATORS_CARDREADER_CELLS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "emulators/cardreader/fault.h"

/*
 * The memory cells of a card. Every programming goes through here, so that a tear can hit any of
 * them. A mask bit set means that the cell was left half programmed: it reads as it likes.
 */
struct cells {
    struct faults *faults;   /* borrowed */
    struct fault_hits *hits; /* borrowed: of the command under way */
    bool torn;               /* the field went during a write of this command */
    bool torn_stays;         /* ... but the card stays where it is */
    bool changed;            /* something was written by this command */
};

struct cells_area {
    uint8_t *bytes;
    uint8_t *unstable; /* NULL: unknown to the card; a half write is then a random mix */
    uint8_t *weak;     /* what becomes unstable when the field goes; NULL as above */
    size_t size;
};

/** Before a command. */
void cells_begin(struct cells *cells);

/** Program an area; false if the field went before, during or right after it. */
bool cells_write(struct cells *cells, const struct cells_area *area, const uint8_t *value);

/** Count a write that programs many cells at once (a commit); false if it must not happen. */
bool cells_commit(struct cells *cells);

/** Read an area; unstable bits are drawn anew. */
void cells_read(struct cells *cells, const struct cells_area *area, uint8_t *ret_value);

#endif
