/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Nothing was taken, and why. In this order: your money, what is the matter, what you can do, whom
 * to call. A code alone is never shown.
 */
#include "kiosk/screens/card_words.h"
#include "kiosk/screens/page.h"
#include "kiosk/screens/views.h"
#include "kiosk/screens/widgets.h"

struct problem_words {
    enum ui_icon icon;
    const char *title;
    const char *text;
};

static struct problem_words problem_words(struct ui_build *build, const struct session *session)
{
    if (session->problem == SESSION_PROBLEM_CARD) {
        struct card_words card = card_words(build, session);
        return (struct problem_words){card.icon, card.title, card.text};
    }
    switch (session->problem) {
    case SESSION_PROBLEM_NETWORK:
        return (struct problem_words){UI_ICON_WIFI_OFF, T("The server cannot be reached"),
                                      T("Please try again in a moment.")};
    case SESSION_PROBLEM_CHANNEL:
        return (struct problem_words){UI_ICON_WALLET,
                                      T("This way of paying does not work just now"),
                                      T("Please try again, or choose the other wallet.")};
    case SESSION_PROBLEM_METER_UNKNOWN:
        return (struct problem_words){UI_ICON_SEARCH, T("This meter is not known here"),
                                      T("Please check room and number, or call us.")};
    case SESSION_PROBLEM_METER_SILENT:
        return (struct problem_words){
            UI_ICON_CLOCK, T("The meter does not answer"),
            T("This meter keeps its balance inside, so it must answer before you pay. Please try "
              "again later.")};
    case SESSION_PROBLEM_METER_BLOCKED:
        return (struct problem_words){
            UI_ICON_HOURGLASS, T("An earlier top-up of this meter is not finished"),
            T("Please wait until it is settled, so that nothing is paid twice.")};
    case SESSION_PROBLEM_SALE_REFUSED:
        return (struct problem_words){UI_ICON_INFO, T("This meter cannot be topped up here"),
                                      T("Please ask the office.")};
    case SESSION_PROBLEM_AMOUNT:
        return (struct problem_words){UI_ICON_INFO, T("This amount is not possible"),
                                      T("Please choose another amount.")};
    case SESSION_PROBLEM_PAYMENTS_CLOSED:
        return (struct problem_words){UI_ICON_HOURGLASS, T("Top-up is paused"),
                                      T("Querying the meter still works.")};
    case SESSION_PROBLEM_ORDER_NOT_FOUND:
        return (struct problem_words){UI_ICON_SEARCH, T("No such order at this machine"),
                                      T("Please check the number on your slip.")};
    case SESSION_PROBLEM_NONE:
    case SESSION_PROBLEM_SERVER:
    case SESSION_PROBLEM_CARD:
    case SESSION_PROBLEM_COUNT:
        break;
    }
    return (struct problem_words){UI_ICON_WARNING, T("That did not work"),
                                  T("Please try again in a moment.")};
}

static bool has_other_wallet(const struct session *session)
{
    return session->problem == SESSION_PROBLEM_CHANNEL &&
           session->profile.wallets[SESSION_WALLET_ALIPAY] &&
           session->profile.wallets[SESSION_WALLET_WECHAT];
}

static void problem_buttons(struct ui_build *build, const struct session *session)
{
    bool retry = session->problem == SESSION_PROBLEM_CHANNEL;
    ui_open(build, &(struct ui_box){
                       .direction = LAYOUT_COLUMN, .w = UI_GROW(1), .gap = 24, .touch_gap = true});
    if (has_other_wallet(session)) {
        enum session_wallet other = session->wallet == SESSION_WALLET_ALIPAY
                                        ? SESSION_WALLET_WECHAT
                                        : SESSION_WALLET_ALIPAY;
        widget_button(build, &(struct widget_button){
                                 .surface = UI_SURFACE_SECONDARY,
                                 .icon = UI_ICON_WALLET,
                                 .text = WORDS(build, T("Pay with {1}"), words_wallet(other)),
                                 .w = UI_GROW(1),
                                 .action = SESSION_ACTION_WALLET,
                                 .value = (uint32_t)other});
    }
    ui_open(build, &(struct ui_box){.w = UI_GROW(1), .gap = 24, .touch_gap = true});
    widget_button(
        build, &(struct widget_button){.surface = retry ? UI_SURFACE_SECONDARY : UI_SURFACE_PRIMARY,
                                       .icon = UI_ICON_HOME,
                                       .text = T("First page"),
                                       .w = UI_GROW(1),
                                       .action = SESSION_ACTION_HOME});
    if (retry) {
        widget_button(build, &(struct widget_button){.surface = UI_SURFACE_PRIMARY,
                                                     .style = UI_STYLE_BUTTON_LARGE,
                                                     .text = T("Try again"),
                                                     .w = UI_GROW(1),
                                                     .action = SESSION_ACTION_WALLET,
                                                     .value = (uint32_t)session->wallet});
    }
    ui_close(build);
    ui_close(build);
}

void view_problem(struct ui_build *build, const struct session *session)
{
    struct page page = {.title = T("No money was taken"), .back = true};
    struct problem_words what = problem_words(build, session);
    page_begin(build, session, &page);
    page_body(build, session);
    page_columns_begin(build, 54);
    ui_fill(build);
    ui_open(build, &(struct ui_box){.direction = LAYOUT_COLUMN,
                                    .w = UI_GROW(1),
                                    .pad = 48,
                                    .gap = 24,
                                    .align = LAYOUT_CENTER,
                                    .surface = UI_SURFACE_CARD,
                                    .radius = 36});
    widget_badge(build, UI_SURFACE_TINT_WARN, what.icon, UI_COLOR_WARN, 160);
    ui_para_center(build, UI_STYLE_HEADLINE, UI_COLOR_INK, what.title);
    ui_para_center(build, UI_STYLE_BODY, UI_COLOR_TEXT,
                   session->problem_text[0] != '\0' ? session->problem_text : what.text);
    ui_close(build);
    ui_fill(build);
    page_columns_next(build, ui_is_portrait(build) ? 0 : 46);
    if (session->meter.place[0] != '\0') {
        view_summary(build, session);
    }
    if (!ui_is_portrait(build)) {
        ui_fill(build);
    }
    problem_buttons(build, session);
    view_order_line(build, session);
    page_columns_end(build);
    page_end(build, session, &page);
}
