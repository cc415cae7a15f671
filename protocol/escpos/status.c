/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Method: bit by bit from the tables of Epson's command reference (DLE EOT, GS a). Each source
 * overwrites only what it states, so that a status is the newest word about each thing.
 */
#include "protocol/escpos/status.h"

#include "common/must.h"

static bool any(uint8_t byte, unsigned mask)
{
    return (byte & mask) != 0;
}

void escpos_status_take_eot(struct escpos_status *status, uint8_t which, uint8_t byte)
{
    MUST(which >= 1 && which <= ESCPOS_EOT_COUNT);
    if (which == 1) {
        status->off_line = any(byte, 0x08);
        status->waits_recovery = any(byte, 0x20);
    } else if (which == 2) {
        status->cover_open = any(byte, 0x04);
        status->error = any(byte, 0x40);
        status->paper_stop = any(byte, 0x20);
    } else if (which == 3) {
        status->cutter = any(byte, 0x08);
        status->unrecoverable = any(byte, 0x20);
        status->auto_recovers = any(byte, 0x40);
    } else {
        status->near_end = any(byte, 0x0C);
        status->paper_end = any(byte, 0x60);
    }
}

void escpos_status_take_asb(struct escpos_status *status, const uint8_t asb[ESCPOS_ASB_SIZE])
{
    status->off_line = any(asb[0], 0x08);
    status->cover_open = any(asb[0], 0x20);
    status->waits_recovery = any(asb[1], 0x01);
    status->cutter = any(asb[1], 0x08);
    status->unrecoverable = any(asb[1], 0x20);
    status->auto_recovers = any(asb[1], 0x40);
    status->error = any(asb[1], 0x6C);
    status->near_end = any(asb[2], 0x03);
    status->paper_end = any(asb[2], 0x0C);
    status->paper_stop = false; /* not in these bytes; the sensor says it */
}

bool escpos_status_is_clear(const struct escpos_status *status)
{
    return !status->off_line && !status->cover_open && !status->paper_end && !status->paper_stop &&
           !status->cutter && !status->unrecoverable && !status->auto_recovers && !status->error;
}
