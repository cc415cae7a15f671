/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The parts that the pages of an order are made of: what is said large, the ticks that come true
 * one by one, the buttons and the ring of a page that ends.
 */
#include "kiosk/screens/result_parts.h"

#include "common/must.h"
#include "kiosk/screens/views.h"
#include "kiosk/screens/widgets.h"

void result_head(struct ui_build *build, enum ui_surface_id surface, enum ui_icon icon,
                 enum ui_color color, const char *title)
{
    ui_open(build,
            &(struct ui_box){.w = UI_GROW(1), .gap = 32, .pad_y = 12, .align = LAYOUT_CENTER});
    if (icon == UI_ICON_NONE) {
        widget_spinner(build, 116, 14, UI_COLOR_PRIMARY);
    } else {
        widget_badge(build, surface, icon, color, 116);
    }
    widget_headline(build, title);
    ui_close(build);
}

void result_words(struct ui_build *build, const char *text)
{
    ui_para(build, ui_is_portrait(build) ? UI_STYLE_BODY : UI_STYLE_LABEL, UI_COLOR_TEXT, text);
}

const char *result_phone(const struct session *session)
{
    return session->order.phone[0] != '\0' ? session->order.phone : session->profile.phone;
}

const char *result_tail(const struct session *session)
{
    return words_tail(session->order.order_no, SESSION_ORDER_TAIL_COUNT);
}

/* Ticks */

void result_tick_paid(struct ui_build *build, const struct session *session)
{
    const struct session_order *order = &session->order;
    struct money paid = order->paid.fen > 0 ? order->paid : order->amount;
    widget_tick(build,
                &(struct widget_tick){.state = WIDGET_TICK_DONE,
                                      .text = WORDS(build, T("Paid {1}"), words_money(build, paid)),
                                      .detail = words_wallet(order->wallet)});
}

static bool printer_works(const struct session *session)
{
    return session->printer == SESSION_PRINTER_READY ||
           session->printer == SESSION_PRINTER_NEAR_END;
}

/* What is said of the receipt; the button for it is there only if the printer works. */
static enum session_receipt receipt_said(const struct session *session)
{
    bool offered =
        session->receipt == SESSION_RECEIPT_NONE || session->receipt == SESSION_RECEIPT_OFFERED;
    return offered && !printer_works(session) ? SESSION_RECEIPT_NO_PRINTER : session->receipt;
}

void result_tick_receipt(struct ui_build *build, const struct session *session)
{
    static const char offered[] = TN("Receipt: touch \"Print receipt\" if you want one");
    static const char later[] = TN("You can have it printed within 30 days");
    static const struct widget_tick ticks[SESSION_RECEIPT_COUNT] = {
        [SESSION_RECEIPT_NONE] = {WIDGET_TICK_WAITING, offered, NULL},
        [SESSION_RECEIPT_OFFERED] = {WIDGET_TICK_WAITING, offered, NULL},
        [SESSION_RECEIPT_PRINTING] = {WIDGET_TICK_BUSY, TN("Printing the receipt"), NULL},
        [SESSION_RECEIPT_PRINTED] = {WIDGET_TICK_DONE, TN("Receipt printed, please take it"), NULL},
        [SESSION_RECEIPT_FAILED] = {WIDGET_TICK_NOT, TN("The receipt could not be printed"), later},
        [SESSION_RECEIPT_UNKNOWN] = {WIDGET_TICK_NOT,
                                     TN("Receipt sent, but the printer did not confirm it"), later},
        [SESSION_RECEIPT_NO_PRINTER] = {WIDGET_TICK_NOT, TN("No printing here at the moment"),
                                        later},
        [SESSION_RECEIPT_HELD] = {WIDGET_TICK_WAITING,
                                  TN("Your receipt is still inside the printer"),
                                  TN("It comes out when the printer works again")},
        [SESSION_RECEIPT_NO_MORE] = {WIDGET_TICK_NOT,
                                     TN("Printed as often as machines may print it"),
                                     TN("Our office prints it for you")},
    };
    struct widget_tick tick = ticks[receipt_said(session)];
    MUST(tick.text != NULL);
    tick.text = T(tick.text);
    tick.detail = tick.detail != NULL ? T(tick.detail) : NULL;
    widget_tick(build, &tick);
}

/* The slip of a page without a receipt; where room is short, the money's words come first. */
void result_tick_slip(struct ui_build *build, const struct session *session)
{
    ui_open(build, &(struct ui_box){.w = UI_GROW(1), .drop = 4});
    result_tick_receipt(build, session);
    ui_close(build);
}

void result_print(struct ui_build *build, const struct session *session)
{
    bool printer = printer_works(session);
    bool rests =
        session->receipt == SESSION_RECEIPT_PRINTING || session->receipt == SESSION_RECEIPT_NO_MORE;
    const char *again =
        session->receipt == SESSION_RECEIPT_PRINTED ? T("Print again") : T("Print receipt");
    if (session->receipt_url[0] != '\0' && !printer) {
        widget_button(build, &(struct widget_button){.surface = UI_SURFACE_SECONDARY,
                                                     .icon = UI_ICON_QR,
                                                     .text = T("Receipt code"),
                                                     .w = UI_GROW(1),
                                                     .action = SESSION_ACTION_RECEIPT_CODE});
    } else if (printer) {
        widget_button(build, &(struct widget_button){.surface = rests ? UI_SURFACE_DISABLED
                                                                      : UI_SURFACE_SECONDARY,
                                                     .icon = UI_ICON_PRINTER,
                                                     .text = again,
                                                     .w = UI_GROW(1),
                                                     .action = SESSION_ACTION_PRINT});
    }
}

/* Buttons of a page that ends: print, and done with its ring. */
void result_ending(struct ui_build *build, const struct session *session, bool can_print)
{
    ui_open(build, &(struct ui_box){.w = UI_GROW(1), .gap = 24, .touch_gap = true});
    if (can_print) {
        result_print(build, session);
    }
    widget_button(build, &(struct widget_button){.surface = UI_SURFACE_PRIMARY,
                                                 .style = UI_STYLE_BUTTON_LARGE,
                                                 .text = TC("button", "Done"),
                                                 .w = UI_GROW(1),
                                                 .action = SESSION_ACTION_FINISH});
    ui_close(build);
}

/* The ring of a page that ends by itself, in the header. */
void result_ring(struct ui_build *build, const struct session *session)
{
    if (session->screen_until_ms == 0) {
        return;
    }
    ui_open(build, &(struct ui_box){.gap = 18, .align = LAYOUT_CENTER});
    int left = widget_countdown(build, session->screen_until_ms, session->screen_total_ms, 72, 9);
    ui_label(build, &(struct ui_label){.style = UI_STYLE_SECONDS,
                                       .color = UI_COLOR_INK,
                                       .text = words_number(build, left),
                                       .tabular = true});
    ui_close(build);
}
