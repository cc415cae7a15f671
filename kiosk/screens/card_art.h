/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SHILLING_KIOSK_SCREENS_CARD_ART_H
#define SHILLING_KIOSK_SCREENS_CARD_ART_H

/*
 * Pictures of what to do with a card, drawn by the draw list: a reader, a card, a meter. Where
 * they move, the picture is a function of the time since the page came up; nothing is drawn while
 * nothing moves.
 */

#include "kiosk/ui/build.h"

enum card_art {
    CARD_ART_LAY,   /* the card comes and lies down */
    CARD_ART_READ,  /* it lies, and is being read */
    CARD_ART_KEEP,  /* it lies, is being written, and a hand is told to stay away */
    CARD_ART_TAKE,  /* it is lifted */
    CARD_ART_METER, /* it goes into the meter, which beeps */
    CARD_ART_STILL, /* the card alone */
    CARD_ART_COUNT
};

/**
 * A picture that takes the room it gets, in the proportion 1000 to 640.
 *
 * @param size_u    its width; the height follows
 * @param tail      the end of the card's number, to be seen on it; "" for none. Borrowed for the
 *                  frame
 * @param since_ms  monotonic time at which its movement began
 */
void card_art(struct ui_build *build, enum card_art art, int size_u, const char *tail,
              int64_t since_ms);

/** The same on a sunk stage that fills its column; smaller where words need the room, then
 * dropped. */
void card_stage(struct ui_build *build, enum card_art art, int size_u, const char *tail,
                int64_t since_ms);

#endif
