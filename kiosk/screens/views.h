/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SHILLING_KIOSK_SCREENS_VIEWS_H
#define SHILLING_KIOSK_SCREENS_VIEWS_H

/* One view a screen; screens.c has the table. Each is a pure function of the session. */

#include "core/session/session.h"
#include "kiosk/ui/build.h"

void view_start(struct ui_build *build, const struct session *session);
void view_attract(struct ui_build *build, const struct session *session);
void view_home(struct ui_build *build, const struct session *session);
void view_find(struct ui_build *build, const struct session *session);
void view_meter(struct ui_build *build, const struct session *session);
void view_amount(struct ui_build *build, const struct session *session);
void view_wallet(struct ui_build *build, const struct session *session);
void view_pay(struct ui_build *build, const struct session *session);
void view_checking(struct ui_build *build, const struct session *session);
void view_closed(struct ui_build *build, const struct session *session);
void view_crediting(struct ui_build *build, const struct session *session);
void view_slow(struct ui_build *build, const struct session *session);
void view_done(struct ui_build *build, const struct session *session);
void view_refund(struct ui_build *build, const struct session *session);
void view_refunded(struct ui_build *build, const struct session *session);
void view_review(struct ui_build *build, const struct session *session);
void view_problem(struct ui_build *build, const struct session *session);
void view_orders(struct ui_build *build, const struct session *session);
void view_card_place(struct ui_build *build, const struct session *session);
void view_card(struct ui_build *build, const struct session *session);
void view_card_back(struct ui_build *build, const struct session *session);
void view_card_write(struct ui_build *build, const struct session *session);
void view_card_done(struct ui_build *build, const struct session *session);
void view_card_owed(struct ui_build *build, const struct session *session);
void view_maintenance(struct ui_build *build, const struct session *session);
void view_out_of_service(struct ui_build *build, const struct session *session);

/** The overlay of the session, if any, over whatever was built before. */
void view_overlay(struct ui_build *build, const struct session *session);

/* The night head of home and attract: clock, date, lunar date, what is ahead, the week. */
void view_clock(struct ui_build *build, enum ui_style style);
void view_dates(struct ui_build *build, const struct session *session);
void view_week(struct ui_build *build, const struct session *session, bool narrow);

/* Parts of several pages */

/** The amounts that are sold here, and "other"; beside them once more @p whose meter it is, so that
 * nobody pays for another's. */
void view_amounts(struct ui_build *build, const struct session *session, const char *whose);
/** Among widget_pair()s, not the last; nothing if @p at is 0: no top-up is known. */
void view_last_top_up(struct ui_build *build, struct money amount, int64_t at);
/** The last days' use as bars. */
void view_chart(struct ui_build *build, const struct session *session);
/** Which meter this is about; from the order if there is one, else from the meter page. */
void view_summary(struct ui_build *build, const struct session *session);
/** "Order ... service phone ...", small, under a page. */
void view_order_line(struct ui_build *build, const struct session *session);

#endif
