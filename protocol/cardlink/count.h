/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SHILLING_PROTOCOL_CARDLINK_COUNT_H
#define SHILLING_PROTOCOL_CARDLINK_COUNT_H

/*
 * What the card driver tells of the reader's health, to the kiosk in its status line and through it
 * to the server in the heartbeat (protocol/MESSAGES.md, sections 6 and 1).
 */

enum { CARDLINK_CHIP_SIZE = 65 /* of the chip's name and firmware, as text */ };

/* Things that cardd counts since it was started, in this order in the status line. */
enum cardlink_count {
    CARDLINK_TIMEOUTS,      /* the chip did not answer (libnfc -6) */
    CARDLINK_LINE_ERRORS,   /* broken frames, lost device (libnfc -1) */
    CARDLINK_CARD_ERRORS,   /* radio errors (libnfc -20, -10) */
    CARDLINK_AUTH_ERRORS,   /* refused keys (libnfc -30) */
    CARDLINK_REOPENS,       /* the reader was opened again */
    CARDLINK_RESTARTS,      /* the worker was started again */
    CARDLINK_READ_RETRIES,  /* reads that were repeated */
    CARDLINK_WRITE_RETRIES, /* slots written again after a read-back that differed */
    CARDLINK_TORN_SLOTS,    /* torn slots found */
    CARDLINK_READS,         /* requests that were done */
    CARDLINK_WRITES,
    CARDLINK_RELAYS,
    CARDLINK_POWER_RESETS, /* the reader's power was reset, or that was tried */
    CARDLINK_COUNTS
};

/** The member of "counts" that holds this one: "timeouts", ... Blocks: no. Allocates: no. */
const char *cardlink_count_name(enum cardlink_count count);

#endif
