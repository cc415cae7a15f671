/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SHILLING_KIOSK_SCREENS_RESULT_PARTS_H
#define SHILLING_KIOSK_SCREENS_RESULT_PARTS_H

/* The parts of a page that shows what an order has come to. */

#include "core/session/session.h"
#include "kiosk/ui/build.h"

/** A badge (UI_ICON_NONE: a spinner) and a large line beside it. */
void result_head(struct ui_build *build, enum ui_surface_id surface, enum ui_icon icon,
                 enum ui_color color, const char *title);
/** A paragraph under it. */
void result_words(struct ui_build *build, const char *text);

/** Whom to call, and what to quote: the end of the order's number. */
const char *result_phone(const struct session *session);
const char *result_tail(const struct session *session);

void result_tick_paid(struct ui_build *build, const struct session *session);
void result_tick_receipt(struct ui_build *build, const struct session *session);
/** The slip of a page without a receipt; where room is short, the money's words come first. */
void result_tick_slip(struct ui_build *build, const struct session *session);

/** "Print", or the receipt's code where nothing can be printed; nothing where neither is. */
void result_print(struct ui_build *build, const struct session *session);
/** Buttons of a page that ends: print, and done. */
void result_ending(struct ui_build *build, const struct session *session, bool can_print);
/** The ring of a page that ends by itself, for its header. */
void result_ring(struct ui_build *build, const struct session *session);

#endif
