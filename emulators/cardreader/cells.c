/* SPDX-License-Identifier: Apache-2.0 */
#include "emulators/cardreader/cells.h"

void cells_begin(struct cells *cells)
{
    cells->torn = false;
    cells->torn_stays = false;
    cells->changed = false;
}

static bool is_new(enum fault_tear how, size_t k, size_t at, size_t size)
{
    return how == TEAR_AFTER || how == TEAR_WEAK || (how == TEAR_FRONT && at < k) ||
           (how == TEAR_BACK && at + k >= size);
}

static void mark(uint8_t *mask, size_t at, uint8_t bits)
{
    if (mask != NULL) {
        mask[at] = bits;
    }
}

/* The byte at @p at after a write that was cut off as @p tear says. */
static uint8_t torn_byte(struct cells *cells, const struct fault *tear,
                         const struct cells_area *area, const uint8_t *value, size_t at)
{
    uint8_t old = area->bytes[at];
    uint8_t differ = (uint8_t)(old ^ value[at]);
    if (tear->tear == TEAR_ZEROS || tear->tear == TEAR_ONES) {
        return tear->tear == TEAR_ZEROS ? 0x00 : 0xFF;
    }
    if (tear->tear == TEAR_RANDOM || tear->tear == TEAR_UNSTABLE) {
        uint8_t taken = (uint8_t)(faults_random(cells->faults) >> 24);
        mark(area->unstable, at, tear->tear == TEAR_UNSTABLE ? differ : 0);
        return (uint8_t)(old ^ (differ & taken));
    }
    mark(area->weak, at, tear->tear == TEAR_WEAK ? differ : 0);
    return is_new(tear->tear, tear->value, at, area->size) ? value[at] : old;
}

/* True if this write is torn. */
static bool write_event(struct cells *cells)
{
    cells->hits->by_kind[FAULT_TEAR] = false; /* one of an earlier write is done with */
    faults_event(cells->faults, FAULT_AT_WRITE, cells->hits);
    return cells->hits->by_kind[FAULT_TEAR];
}

bool cells_write(struct cells *cells, const struct cells_area *area, const uint8_t *value)
{
    if (cells->torn) {
        return false;
    }
    bool hit = write_event(cells);
    const struct fault *tear = &cells->hits->last[FAULT_TEAR];
    bool touched = !hit || tear->tear != TEAR_BEFORE;
    for (size_t i = 0; touched && i < area->size; i++) {
        mark(area->unstable, i, 0);
        mark(area->weak, i, 0);
        area->bytes[i] = hit ? torn_byte(cells, tear, area, value, i) : value[i];
    }
    cells->changed = cells->changed || touched;
    cells->torn = hit && tear->tear != TEAR_WEAK;
    cells->torn_stays = hit && tear->stay;
    return !cells->torn;
}

bool cells_commit(struct cells *cells)
{
    if (cells->torn) {
        return false;
    }
    bool hit = write_event(cells);
    /* The chip's own anti-tear: a commit is whole or not at all. */
    bool happens = !hit || cells->hits->last[FAULT_TEAR].tear != TEAR_BEFORE;
    cells->changed = cells->changed || happens;
    cells->torn = hit;
    cells->torn_stays = hit && cells->hits->last[FAULT_TEAR].stay;
    return happens;
}

void cells_read(struct cells *cells, const struct cells_area *area, uint8_t *ret_value)
{
    for (size_t i = 0; i < area->size; i++) {
        uint8_t drawn = area->unstable != NULL && area->unstable[i] != 0
                            ? (uint8_t)(faults_random(cells->faults) >> 24)
                            : 0;
        uint8_t mask = area->unstable != NULL ? area->unstable[i] : 0;
        ret_value[i] = (uint8_t)(area->bytes[i] ^ (drawn & mask));
    }
}
