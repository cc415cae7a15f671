/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SHILLING_TESTS_UNIT_DRIVERS_CARDD_MODEL_CARD_H
#define SHILLING_TESTS_UNIT_DRIVERS_CARDD_MODEL_CARD_H

#include "drivers/cardd/port.h"
#include "protocol/card/mifare.h"

/*
 * A card in memory behind the port of the plans. It demands what a real one does: selected, then
 * the sector's key, then its blocks; after any error it must be selected again. At a chosen call it
 * does something else.
 */

enum model_fault {
    MODEL_NONE,
    MODEL_GONE,   /* from that call on nobody is there */
    MODEL_LOST,   /* the card does it, the answer is lost */
    MODEL_RADIO,  /* not done, an error */
    MODEL_READER, /* from that call on the reader is silent */
    MODEL_TORN,   /* a write: half of the block, then gone */
    MODEL_WEAK,   /* a write: reads well until the field is switched, then torn */
    MODEL_FAULT_COUNT
};

struct model_card {
    uint8_t bytes[MIFARE_CARD_SIZE];
    struct card_uid uid;
    uint8_t key[CARD_SECTOR_KEY_SIZE]; /* of all sectors */
    bool dead[MIFARE_SECTORS];         /* no key opens it */
    bool stuck[MIFARE_SECTORS];        /* writes are acknowledged and change nothing */
    uint8_t weak[MIFARE_CARD_SIZE / CARD_BLOCK_SIZE];

    enum model_fault fault;
    size_t fault_at; /* call, from 1; for TORN and WEAK: write */

    size_t calls;
    size_t writes;
    uint8_t written[64]; /* numbers of the blocks, in order */
    bool selected;
    int open; /* sector; -1: none */
    bool gone;
    bool silent;

    bool suspect[2];
    size_t read_retries;
    size_t write_retries;
};

struct card_port model_port(struct model_card *model);
struct card_notes model_notes(struct model_card *model);

#endif
