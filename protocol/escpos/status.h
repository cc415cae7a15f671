/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SHILLING_PROTOCOL_ESCPOS_STATUS_H
#define SHILLING_PROTOCOL_ESCPOS_STATUS_H

#include <stdbool.h>
#include <stdint.h>

#include "common/compiler.h"

/*
 * What the status bytes mean. DLE EOT 1..4 answer one byte each; automatic status (ASB) is four
 * bytes at each change. Both say the same things in different bits.
 */

enum { ESCPOS_EOT_COUNT = 4, ESCPOS_ASB_SIZE = 4 };

struct escpos_status {
    bool off_line;
    bool cover_open;
    bool paper_end;      /* the sensor sees no paper */
    bool paper_stop;     /* printing was stopped by the end of the paper */
    bool near_end;       /* the roll is nearly used up */
    bool cutter;         /* the cutter is jammed */
    bool unrecoverable;  /* needs a power cycle or service */
    bool auto_recovers;  /* the head is hot, or the cover was opened while printing */
    bool error;          /* off-line because of any error */
    bool waits_recovery; /* the cause is gone, the printer is about to go on */
};

/** Fold the answer @p byte to DLE EOT @p which (1..4) into @p status. */
void escpos_status_take_eot(struct escpos_status *status, uint8_t which, uint8_t byte);

/** Fold four bytes of automatic status into @p status. */
void escpos_status_take_asb(struct escpos_status *status, const uint8_t asb[ESCPOS_ASB_SIZE]);

/** True if nothing keeps the printer from printing a whole receipt and cutting it. */
bool escpos_status_is_clear(const struct escpos_status *status);

#endif
