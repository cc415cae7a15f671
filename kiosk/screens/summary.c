/* SPDX-License-Identifier: Apache-2.0 */
/* Which meter and which order a page is about: beside every amount, so that nobody pays for
 * another's. */
#include "kiosk/screens/views.h"
#include "kiosk/screens/widgets.h"

static bool has_order(const struct session *session)
{
    return session->order.order_no[0] != '\0';
}

static const char *meter_line(struct ui_build *build, const struct session *session)
{
    bool order = has_order(session);
    const char *address = order ? session->order.meter_address : session->meter.address;
    bool known = order ? session->order.balance_before_known : session->reading.balance_known;
    struct money balance = order ? session->order.balance_before : session->reading.balance;
    const char *meter = words_meter(build, address);
    if (!known) {
        return meter;
    }
    return ui_format(build, "%s   %s", meter,
                     WORDS(build, T("balance {1}"), words_money(build, balance)));
}

static enum ui_icon meter_icon(const struct session *session)
{
    if (words_measures(&session->meter, SESSION_WATER)) {
        return UI_ICON_DROP;
    }
    return words_measures(&session->meter, SESSION_ELECTRICITY) ? UI_ICON_BOLT : UI_ICON_BUILDING;
}

/* Before money moves: nobody should pay for another's meter. */
static bool asks_to_check(const struct session *session)
{
    return session->screen == SESSION_SCREEN_AMOUNT || session->screen == SESSION_SCREEN_WALLET ||
           session->screen == SESSION_SCREEN_PAY;
}

void view_summary(struct ui_build *build, const struct session *session)
{
    bool order = has_order(session);
    const char *place = order ? session->order.place : session->meter.place;
    const char *whose = words_whose(build, place, session->meter.customer);
    bool check = asks_to_check(session) && (ui_is_portrait(build) || !ui_is_large(build));
    ui_open(build, &(struct ui_box){.w = UI_GROW(1),
                                    .pad_x = 40,
                                    .pad_y = 26,
                                    .gap = 32,
                                    .align = LAYOUT_CENTER,
                                    .surface = UI_SURFACE_CARD,
                                    .radius = 36});
    widget_badge(build, UI_SURFACE_TINT_INFO, meter_icon(session), UI_COLOR_INFO, 96);
    ui_open(build, &(struct ui_box){.direction = LAYOUT_COLUMN, .w = UI_GROW(1)});
    ui_label(build,
             &(struct ui_label){.style = UI_STYLE_STRONG,
                                .color = UI_COLOR_INK,
                                .text = check ? WORDS(build, T("Please check: {1}"), whose) : whose,
                                .kind = UI_LABEL_WRAP,
                                .personal = true});
    ui_label(build, &(struct ui_label){.style = UI_STYLE_SMALL,
                                       .color = UI_COLOR_WEAK,
                                       .text = meter_line(build, session),
                                       .kind = UI_LABEL_WRAP,
                                       .drop = 2,
                                       .personal = true});
    ui_close(build);
    ui_close(build);
}

void view_order_line(struct ui_build *build, const struct session *session)
{
    const struct session_order *order = &session->order;
    const char *phone = order->phone[0] != '\0' ? order->phone : session->profile.phone;
    const char *text = "";
    bool has_number = has_order(session) && !session->card.repair; /* that of a document, else */
    if (has_number && phone[0] != '\0') {
        text = WORDS(build, T("Order {1}  \xC2\xB7  service {2}"), order->order_no, phone);
    } else if (has_number) {
        text = WORDS(build, T("Order {1}"), order->order_no);
    } else if (phone[0] != '\0') {
        text = WORDS(build, T("Service phone {1}"), phone);
    }
    ui_label(build, &(struct ui_label){.style = UI_STYLE_CAPTION,
                                       .color = UI_COLOR_WEAK,
                                       .text = text,
                                       .kind = UI_LABEL_WRAP,
                                       .align = LAYOUT_CENTER,
                                       .w = UI_GROW(1),
                                       .drop = 3});
}
