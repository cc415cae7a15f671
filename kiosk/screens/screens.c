/* SPDX-License-Identifier: Apache-2.0 */
/* One table from screens to views; the overlay lies over whatever it shows. */
#include "kiosk/screens/screens.h"

#include "common/must.h"
#include "kiosk/screens/views.h"

void screens_view(struct ui_build *build, const void *state)
{
    static void (*const views[SESSION_SCREEN_COUNT])(struct ui_build *, const struct session *) = {
        [SESSION_SCREEN_START] = view_start,
        [SESSION_SCREEN_ATTRACT] = view_attract,
        [SESSION_SCREEN_HOME] = view_home,
        [SESSION_SCREEN_FIND] = view_find,
        [SESSION_SCREEN_METER] = view_meter,
        [SESSION_SCREEN_AMOUNT] = view_amount,
        [SESSION_SCREEN_WALLET] = view_wallet,
        [SESSION_SCREEN_PAY] = view_pay,
        [SESSION_SCREEN_CHECKING] = view_checking,
        [SESSION_SCREEN_CLOSED] = view_closed,
        [SESSION_SCREEN_CREDITING] = view_crediting,
        [SESSION_SCREEN_SLOW] = view_slow,
        [SESSION_SCREEN_DONE] = view_done,
        [SESSION_SCREEN_REFUND] = view_refund,
        [SESSION_SCREEN_REFUNDED] = view_refunded,
        [SESSION_SCREEN_REVIEW] = view_review,
        [SESSION_SCREEN_PROBLEM] = view_problem,
        [SESSION_SCREEN_ORDERS] = view_orders,
        [SESSION_SCREEN_CARD_PLACE] = view_card_place,
        [SESSION_SCREEN_CARD] = view_card,
        [SESSION_SCREEN_CARD_BACK] = view_card_back,
        [SESSION_SCREEN_CARD_WRITE] = view_card_write,
        [SESSION_SCREEN_CARD_DONE] = view_card_done,
        [SESSION_SCREEN_CARD_OWED] = view_card_owed,
        [SESSION_SCREEN_MAINTENANCE] = view_maintenance,
        [SESSION_SCREEN_OUT_OF_SERVICE] = view_out_of_service,
    };
    const struct session *session = state;
    MUST((unsigned)session->screen < SESSION_SCREEN_COUNT);
    views[session->screen](build, session);
    view_overlay(build, session);
}

struct ui_look screens_look(const struct session *session)
{
    return (struct ui_look){
        .language = session->comfort.language == SESSION_LANGUAGE_EN ? "en" : "zh_CN",
        .large = session->comfort.large,
        .contrast = session->comfort.contrast,
    };
}
