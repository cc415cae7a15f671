/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SHILLING_TOOLS_CARDCTL_LAYOUT_H
#define SHILLING_TOOLS_CARDCTL_LAYOUT_H

#include <stdbool.h>
#include <stdint.h>

#include "common/compiler.h"
#include "protocol/card/mifare.h"
#include "protocol/card/record.h"
#include "protocol/card/uid.h"
#include "tools/cardctl/seat.h"

/* What stands on a MIFARE Classic card, sector by sector, as far as our keys and the factory's open
 * it. */

/* What the register says must stand on a card. Holds keys: bytes_wipe(). */
struct layout_plan {
    uint8_t issue[CARD_RECORD_SIZE];
    uint8_t trailer[MIFARE_SECTORS][CARD_BLOCK_SIZE];
};

enum sector_state {
    SECTOR_SHUT,    /* neither our keys nor the factory's open it */
    SECTOR_BLANK,   /* the factory's key and access bits */
    SECTOR_BEGUN,   /* in between: our trailer was cut while it was written, and can be written */
    SECTOR_OURS,    /* both our keys and our access bits */
    SECTOR_STRANGE, /* one of those keys opens it, but the access bits are somebody else's */
};

struct layout_sector {
    enum sector_state state;
    struct seat_key key; /* that writes data and trailer; not in SHUT and STRANGE */
    bool read;           /* the data */
    uint8_t data[CARD_RECORD_SIZE];
};

/* A card. Holds keys: bytes_wipe(). */
struct layout {
    struct layout_sector sector[MIFARE_SECTORS];
};

/**
 * Look at all sectors of the card that lies there; nothing is written.
 *
 * @param plan  NULL: the register does not know the card, only the factory's key is tried
 * @return SEAT_OK, SEAT_AWAY or SEAT_BROKEN
 */
MUST_CHECK enum seat_answer layout_look(struct seat *seat, const struct layout_plan *plan,
                                        struct layout *ret_layout);

/** Look at one sector anew. */
MUST_CHECK enum seat_answer layout_look_at(struct seat *seat, const struct layout_plan *plan,
                                           uint8_t sector, struct layout_sector *ret_sector);

/** How many sectors are in that state. */
int layout_count(const struct layout *layout, enum sector_state state);

/** True if a sector holds nothing but zeros (sector 0: behind the manufacturer's block). */
bool layout_is_empty(const struct layout *layout, uint8_t sector);

/** "shut", "blank", "begun", "ours", "strange". */
const char *layout_state_name(enum sector_state state);

/** True if the trailer is exactly what every sector of SHL-C1 has: before it may be written. */
bool layout_trailer_is_sound(const uint8_t trailer[CARD_BLOCK_SIZE]);

#endif
