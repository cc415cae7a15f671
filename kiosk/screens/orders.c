/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An order found again by the end of its number, so that nobody can leaf through other people's:
 * this site's of the last 30 days. For older ones the page says honestly where to ask.
 */
#include <string.h>

#include "kiosk/screens/page.h"
#include "kiosk/screens/views.h"
#include "kiosk/screens/widgets.h"

/* Tiles beside the keypad, newest first. Six random digits mean one order; two of a site in 30 days
 * share them by a rare chance. */
enum { SHOWN_MAX_UPRIGHT = 3, SHOWN_MAX_ACROSS = 2 };

static const char *state_words(const struct session_order *order)
{
    switch (order->state) {
    case SESSION_ORDER_NEW:
    case SESSION_ORDER_WAIT_PAY:
        return T("Waiting for payment");
    case SESSION_ORDER_CLOSING:
        return T("Checking");
    case SESSION_ORDER_CLOSED:
        return T("Not paid");
    case SESSION_ORDER_PAID:
    case SESSION_ORDER_CREDITING:
        return order->by_card ? T("Paid, waits for its card") : T("Paid, on its way to the meter");
    case SESSION_ORDER_DONE:
        return order->by_card ? T("Written to the card") : T("Credited to the meter");
    case SESSION_ORDER_REFUND_DUE:
    case SESSION_ORDER_REFUNDING:
        return T("The refund is ordered");
    case SESSION_ORDER_REFUNDED:
        return T("Refunded");
    case SESSION_ORDER_REVIEW:
    case SESSION_ORDER_STATE_COUNT:
        break;
    }
    return T("A person is looking into it");
}

static enum ui_icon state_icon(enum session_order_state state)
{
    static const enum ui_icon icons[SESSION_ORDER_STATE_COUNT] = {
        [SESSION_ORDER_NEW] = UI_ICON_CLOCK,         [SESSION_ORDER_WAIT_PAY] = UI_ICON_CLOCK,
        [SESSION_ORDER_CLOSING] = UI_ICON_HOURGLASS, [SESSION_ORDER_CLOSED] = UI_ICON_INFO,
        [SESSION_ORDER_PAID] = UI_ICON_HOURGLASS,    [SESSION_ORDER_CREDITING] = UI_ICON_HOURGLASS,
        [SESSION_ORDER_DONE] = UI_ICON_TICK_CIRCLE,  [SESSION_ORDER_REFUND_DUE] = UI_ICON_REFRESH,
        [SESSION_ORDER_REFUNDING] = UI_ICON_REFRESH, [SESSION_ORDER_REFUNDED] = UI_ICON_TICK_CIRCLE,
        [SESSION_ORDER_REVIEW] = UI_ICON_SEARCH,
    };
    return icons[state];
}

static void order_tile(struct ui_build *build, const struct session_order *order, size_t idx)
{
    ui_open(build, &(struct ui_box){.w = UI_GROW(1),
                                    .h = {LAYOUT_FIT, 0, 140, 0},
                                    .pad_x = 36,
                                    .pad_y = 14,
                                    .gap = 28,
                                    .align = LAYOUT_CENTER,
                                    .surface = UI_SURFACE_TILE,
                                    .radius = 32,
                                    .action = SESSION_ACTION_ORDER,
                                    .value = (uint32_t)idx});
    widget_badge(build, UI_SURFACE_TINT_INFO, state_icon(order->state), UI_COLOR_INFO, 84);
    ui_open(build, &(struct ui_box){.direction = LAYOUT_COLUMN, .w = UI_GROW(1)});
    ui_label(build, &(struct ui_label){.style = UI_STYLE_STRONG,
                                       .color = UI_COLOR_INK,
                                       .text = state_words(order),
                                       .kind = UI_LABEL_WRAP});
    ui_text(build, UI_STYLE_SMALL, UI_COLOR_WEAK,
            ui_format(build, "%s %s   \xE2\x80\xA6%s", words_day(build, order->created_at),
                      words_time(build, order->created_at),
                      words_tail(order->order_no, SESSION_ORDER_TAIL_COUNT)));
    ui_close(build);
    ui_text(build, UI_STYLE_KPI, UI_COLOR_INK, words_money_short(build, order->amount));
    ui_close(build);
}

static void explain(struct ui_build *build, enum widget_note_kind kind, const char *text)
{
    ui_fill(build);
    widget_note(build, kind, text);
    ui_fill(build);
}

/* Something went wrong that may go well the next time. */
static void offer_again(struct ui_build *build, const char *text)
{
    ui_fill(build);
    widget_note(build, WIDGET_NOTE_WARN, text);
    widget_button(build, &(struct widget_button){.surface = UI_SURFACE_SECONDARY,
                                                 .icon = UI_ICON_REFRESH,
                                                 .text = T("Try again"),
                                                 .w = UI_GROW(1),
                                                 .action = SESSION_ACTION_CONFIRM});
    ui_fill(build);
}

static void tiles_add(struct ui_build *build, const struct session_found_orders *found)
{
    const size_t shown_max = ui_is_portrait(build) ? SHOWN_MAX_UPRIGHT : SHOWN_MAX_ACROSS;
    for (size_t i = 0; i < found->count && i < shown_max; i++) {
        order_tile(build, &found->orders[i], i);
    }
    ui_fill(build);
}

static void found_add(struct ui_build *build, const struct session *session)
{
    const struct session_found_orders *found = &session->found;
    if (strlen(session->find.entry) < SESSION_ORDER_TAIL_COUNT) {
        explain(build, WIDGET_NOTE_INFO,
                T("Orders of the last 30 days, paid at any machine here. The number is on your "
                  "slip, and in the bill of your wallet as the merchant's order number."));
    } else if (found->waiting) {
        ui_fill(build);
        widget_spinner(build, 120, 12, UI_COLOR_PRIMARY);
        ui_fill(build);
    } else if (found->limited) {
        offer_again(build, T("Too many numbers were tried at this machine. Please wait a minute."));
    } else if (!found->loaded) {
        offer_again(build, T("The server cannot be reached. Please try again."));
    } else if (found->count == 0) {
        explain(build, WIDGET_NOTE_WARN,
                WORDS(build,
                      T("No order paid here within the last 30 days ends in these digits. Please "
                        "check them; for older orders call {1}."),
                      session->profile.phone));
    } else {
        tiles_add(build, found);
    }
}

void view_orders(struct ui_build *build, const struct session *session)
{
    struct page page = {.title = T("Find order, reprint"), .back = true};
    page_begin(build, session, &page);
    page_body(build, session);
    page_columns_begin(build, 46);
    widget_entry(build, UI_ICON_RECEIPT, session->find.entry,
                 T("The last 6 digits of the order number"));
    ui_open(build, &(struct ui_box){.direction = LAYOUT_COLUMN,
                                    .w = UI_GROW(1),
                                    .h = UI_GROW(1),
                                    .gap = 16,
                                    .touch_gap = true});
    found_add(build, session);
    ui_close(build);
    page_columns_next(build, 54);
    widget_keypad(build, /* with_double_zero= */ false);
    page_columns_end(build);
    page_end(build, session, &page);
}
