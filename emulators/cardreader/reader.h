/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SHILLING_EMULATORS_CARDREADER_READER_H
#define SHILLING_EMULATORS_CARDREADER_READER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "emulators/cardreader/chip.h"
#include "emulators/cardreader/port.h"
#include "emulators/cardreader/shelf.h"

/* The whole thing on the table: plug, line, chip, field, cards, and what goes wrong with them. */
struct reader {
    struct faults faults;
    struct cells cells;
    struct field field;
    struct chip chip;
    struct line in;  /* from the host */
    struct line out; /* to the host */
    struct port port;
    struct shelf shelf;
    bool store_failed; /* a card's file could not be written: the program ends */
    bool logs;         /* frames to standard error */
    int64_t now_us;
};

struct reader_options {
    const char *link; /* NULL: the pseudo-terminal's own name */
    const char *dir;  /* of the cards; "" = none: cards live in memory */
    uint32_t baud;    /* 0: bytes take no time */
    uint32_t exchange_us;
    uint32_t seed;
};

/** Everything but the plug; false if an option does not fit. */
bool reader_init(struct reader *reader, const struct reader_options *options);

/** Lay the card of that name; false with *ret_why set. */
bool reader_lay(struct reader *reader, const char *name, const char **ret_why);

/** Take one card away, or with NULL all; false if it does not lie there. */
bool reader_take(struct reader *reader, const char *name);

/** Pull the plug or plug it in; false with errno set. */
void reader_unplug(struct reader *reader);
bool reader_plug(struct reader *reader);

/** Carry what is due both ways. */
void reader_turn(struct reader *reader, int64_t now_us);

/** When reader_turn() must be called at the latest; INT64_MAX: when something comes. */
int64_t reader_next_us(const struct reader *reader);

#endif
