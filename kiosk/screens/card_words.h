/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SHILLING_KIOSK_SCREENS_CARD_WORDS_H
#define SHILLING_KIOSK_SCREENS_CARD_WORDS_H

/* Why a card cannot go on, and what one can do about it. */

#include "core/session/session.h"
#include "kiosk/ui/build.h"

struct card_words {
    enum ui_icon icon;
    const char *title; /* what is the matter */
    const char *text;  /* what to do */
};

/** What is the matter with the card of this session; the texts last as long as the frame. */
struct card_words card_words(struct ui_build *build, const struct session *session);

/** True if this card can be finished at no terminal: card_words() says what to do instead. */
bool card_is_hopeless(const struct session *session);

/** What stands beside a card that is lying wrong, or "" if all is well. */
const char *card_hint(const struct session *session);

/** The end of the card's number, for the card in the picture; "" if none is known. */
const char *card_tail(const struct session *session);

#endif
