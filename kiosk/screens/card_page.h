/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SHILLING_KIOSK_SCREENS_CARD_PAGE_H
#define SHILLING_KIOSK_SCREENS_CARD_PAGE_H

/* The plan that the pages of a paid order and its card share. */

#include "core/session/session.h"
#include "kiosk/screens/card_art.h"
#include "kiosk/ui/build.h"

/* One page: picture and sentence, what has come true, buttons. */
struct card_page {
    const char *title;
    enum card_art art;
    int64_t since_ms;
    const char *tail;
    const char *words;   /* large, under the picture */
    const char *small;   /* below them; NULL: none */
    const char *promise; /* across, where the ticks leave no room for it; NULL: none */
    bool alarm;          /* a red frame around the picture */
    bool talks;          /* more words than usual: the picture is smaller */
    void (*ticks)(struct ui_build *build, const struct session *session);
    void (*buttons)(struct ui_build *build, const struct session *session);
};

/**
 * The page's picture, ticks and buttons, under the steps of the way.
 *
 * @param page  borrowed for the frame, its texts too
 * @param step  from 1, of those that stand above the page
 */
void card_page_add(struct ui_build *build, const struct session *session,
                   const struct card_page *page, int step);

/** What stands beside a card that lies wrong; nothing if all is well. */
void card_page_hint(struct ui_build *build, const struct session *session);

/** The money that came, today or earlier; nothing where none was asked for. */
void card_page_tick_paid(struct ui_build *build, const struct session *session);

#endif
