/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SHILLING_EMULATORS_CARDMETER_TOUCH_H
#define SHILLING_EMULATORS_CARDMETER_TOUCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "emulators/cardreader/shelf.h"

/*
 * The meter's own reader: a card is held to it and may be pulled away at any exchange. The cards
 * are those of emulators/cardreader; a card must not lie on that reader at the same time.
 */
struct touch {
    struct faults faults;
    struct fault_hits hits;
    struct cells cells;
    struct shelf shelf;
    struct card *card; /* NULL: none is held there */
    bool gone;         /* it was pulled away during this visit */
    bool store_failed;
};

bool touch_init(struct touch *touch, const char *dir, uint64_t seed);

/** Hold the card of that name to the meter; false with *ret_why set. */
bool touch_begin(struct touch *touch, const char *name, const char **ret_why);

/** Switch the field off and on and select the card again; false if it is gone. */
bool touch_reset(struct touch *touch);

/** One exchange; false if the card is gone, silent or refuses. */
bool touch_exchange(struct touch *touch, const uint8_t *bytes, size_t size,
                    struct card_answer *ret_answer);

#endif
