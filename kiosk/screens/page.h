/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SHILLING_KIOSK_SCREENS_PAGE_H
#define SHILLING_KIOSK_SCREENS_PAGE_H

/*
 * What every page has: the status bar, a header with the title, and the band at the bottom with
 * the controls that never move: language, large text, contrast, sound, help, and "back".
 */

#include "core/session/session.h"
#include "kiosk/ui/build.h"

struct page {
    const char *title;
    bool back;  /* an arrow in the header and a button in the band */
    bool home;  /* beside the arrow: straight to the first page */
    bool rests; /* neither of them can be touched just now */
    bool half;  /* the band has half the panel's width */
};

/** Open a page; what follows goes into the right side of the header. */
void page_begin(struct ui_build *build, const struct session *session, const struct page *page);
/** The header is done; what follows goes into the body, a column. */
void page_body(struct ui_build *build, const struct session *session);
/** Close body and page. */
void page_end(struct ui_build *build, const struct session *session, const struct page *page);

/** The panel is smaller than the reference: a finger takes more of it, and less stands on it. */
bool page_is_small(const struct ui_build *build);

/** The status bar alone, on whatever is behind it. */
void page_status(struct ui_build *build, const struct session *session);
/** The band alone; @p page says whether it has "back". */
void page_band(struct ui_build *build, const struct session *session, const struct page *page);

/** The four steps over the pages of a payment, to a meter or to a card; @p now 1..4, all done: 5.
 */
void page_steps(struct ui_build *build, const struct session *session, int now);

/**
 * Two columns beside each other in landscape, one below the other in portrait. Open the first
 * column, switch, close.
 */
void page_columns_begin(struct ui_build *build, int left_weight);
void page_columns_next(struct ui_build *build, int right_weight);
void page_columns_end(struct ui_build *build);

#endif
