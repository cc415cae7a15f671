/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SHILLING_DRIVERS_CARDD_PORT_H
#define SHILLING_DRIVERS_CARDD_PORT_H

#include <stdbool.h>
#include <stdint.h>

#include "drivers/nfc/answer.h"
#include "protocol/card/apdu.h"
#include "protocol/card/keys.h"
#include "protocol/card/record.h"
#include "protocol/card/uid.h"

/*
 * The card as the plans see it: the worker has a reader behind it, tests and the simulation a
 * model. Every call may block for a while. SILENT and LINE mean that the reader is lost: a plan
 * ends then, and the port opens the reader again before the next one. A single such error is
 * told as RADIO, because it is mended like one.
 */
struct card_port {
    /**
     * Wake and select; NONE: that card is not there.
     *
     * Blocks: yes. Allocates: no.
     */
    enum card_answer (*select)(void *self, const struct card_uid *uid);
    /**
     * Field off and on: every card begins anew.
     *
     * Blocks: yes. Allocates: no.
     */
    enum card_answer (*reset)(void *self);
    enum card_answer (*authenticate)(void *self, uint8_t block, char kind,
                                     const uint8_t key[CARD_SECTOR_KEY_SIZE]);
    enum card_answer (*read)(void *self, uint8_t block, uint8_t ret_bytes[CARD_BLOCK_SIZE]);
    enum card_answer (*write)(void *self, uint8_t block, const uint8_t bytes[CARD_BLOCK_SIZE]);
    enum card_answer (*apdu)(void *self, const struct apdu *command, struct apdu *ret_answer);
    void *self;
};

/* What a plan notes while it works. */
struct card_notes {
    /**
     * From now on a cut leaves this slot in doubt (@p suspect) or proven good.
     *
     * Blocks: yes. Allocates: no.
     */
    void (*slot)(void *self, uint8_t slot, bool suspect);
    void (*read_retry)(void *self);
    void (*write_retry)(void *self);
    void *self;
};

#endif
