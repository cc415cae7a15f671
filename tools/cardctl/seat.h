/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SHILLING_TOOLS_CARDCTL_SEAT_H
#define SHILLING_TOOLS_CARDCTL_SEAT_H

#include <stdbool.h>
#include <stdint.h>

#include "common/compiler.h"
#include "drivers/nfc/nfc_reader.h"
#include "protocol/card/apdu.h"
#include "protocol/card/mifare.h"
#include "protocol/card/uid.h"
#include "tools/cardctl/exit.h"
#include "tools/cardctl/options.h"

/*
 * The desk's reader and the one card on it. Every call blocks, for as long as drivers/nfc says and,
 * where it waits for a card, for the time that the options give.
 */

enum seat_answer {
    SEAT_OK,
    SEAT_REFUSED, /* the card is there and does not allow it */
    SEAT_AWAY,    /* the card is gone, or did not understand: look again */
    SEAT_BROKEN,  /* the reader does not answer any more */
};

enum seat_family {
    SEAT_CLASSIC, /* MIFARE Classic 1K */
    SEAT_LARGE,   /* MIFARE Classic 4K: another layout */
    SEAT_ISO,     /* ISO/IEC 14443-4: DESFire, CPU cards, bank cards */
    SEAT_PHONE,   /* a new number at each laying */
    SEAT_OTHER,
};

struct seat {
    const struct options *options; /* borrowed */
    struct nfc_reader *reader;     /* @own */
    int lock_fd;
    struct nfc_card card; /* the one that lies there */
};

/**
 * Lock the reader and open it; on failure what is wrong, and what to do, is said.
 *
 * @param ret_seat  seat_close() whatever is returned
 */
MUST_CHECK enum ctl_exit seat_open(const struct options *options, struct seat *ret_seat);
void seat_close(struct seat *seat);

/** Wait for exactly one card; on failure it is said why. */
MUST_CHECK enum ctl_exit seat_wait(struct seat *seat);

/**
 * Wait for the same card again, after it left or the reader broke: that is opened anew once.
 *
 * @return CTL_UNFINISHED, and it is said, if the card does not come back
 */
MUST_CHECK enum ctl_exit seat_wait_back(struct seat *seat, enum seat_answer why);

/** What kind of card lies there. */
enum seat_family seat_family(const struct seat *seat);
/** "classic", "classic4k", "iso", "phone", "unknown". */
const char *seat_family_name(enum seat_family family);

/** Take the power from the card and give it back: what reads well afterwards is well written. */
MUST_CHECK enum seat_answer seat_reset(struct seat *seat);

struct seat_key {
    char kind; /* 'A' or 'B' */
    uint8_t bytes[CARD_SECTOR_KEY_SIZE];
};

/** Select the card and open a sector. SEAT_REFUSED: that is not its key. */
MUST_CHECK enum seat_answer seat_enter(struct seat *seat, uint8_t sector,
                                       const struct seat_key *key);
/** In an open sector. SEAT_REFUSED also where its access bits forbid it; it is closed then. */
MUST_CHECK enum seat_answer seat_read(struct seat *seat, uint8_t block,
                                      uint8_t ret_bytes[CARD_BLOCK_SIZE]);
/** After anything but SEAT_OK nothing is known about the block. */
MUST_CHECK enum seat_answer seat_write(struct seat *seat, uint8_t block,
                                       const uint8_t bytes[CARD_BLOCK_SIZE]);

/** A command to a card of ISO/IEC 14443-4, and its answer, which may be a refusal. */
MUST_CHECK enum seat_answer seat_apdu(struct seat *seat, const struct apdu *command,
                                      struct apdu *ret_answer);

#endif
