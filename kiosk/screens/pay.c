/* SPDX-License-Identifier: Apache-2.0 */
/*
 * S4: one code for the chosen wallet. It is shown only while the server's news is fresh and the
 * window is open; it is black on white in every theme, 60 mm at least, with whole pixels a module
 * and the quiet zone that scanners need. Once scanned (S4b) the code makes way for the phone.
 */
#include "kiosk/screens/page.h"
#include "kiosk/screens/views.h"
#include "kiosk/screens/widgets.h"

enum { LAST_MS = 45000 /* "more time" becomes the primary button */ };

static bool code_is_visible(const struct ui_build *build, const struct session *session)
{
    const struct session_order *order = &session->order;
    return order->qr_text[0] != '\0' && !session->order_stale && !order->scanned &&
           ui_now(build).mono_ms < order->qr_until_ms;
}

/* A reopened page was begun without choosing a wallet here. */
static enum session_wallet wallet_of(const struct session *session)
{
    enum session_wallet wallet = session->order.wallet;
    return wallet != SESSION_WALLET_NONE ? wallet : session->wallet;
}

static void code_paint(struct ui_build *build, struct ui_rect rect, const void *data)
{
    const struct session_order *order = data;
    size_t size = 0;
    while (order->qr_text[size] != '\0') {
        size += 1;
    }
    ui_draw(build, (struct draw_cmd){.op = DRAW_MARKS,
                                     .rect = rect,
                                     .radius = ui_px(build, 48),
                                     .thickness = ui_px(build, 10),
                                     .color = ui_color_value(build, UI_COLOR_PRIMARY)});
    int inset = ui_px(build, 12);
    ui_draw(build, (struct draw_cmd){.op = DRAW_CODE,
                                     .rect = {rect.x + inset, rect.y + inset, rect.w - 2 * inset,
                                              rect.h - 2 * inset},
                                     .color = ui_color_value(build, UI_COLOR_CODE),
                                     .text = order->qr_text,
                                     .text_size = size,
                                     .personal = true});
}

/* At least 60 mm (assist: 80) for the symbol itself, which is four fifths of the white square. */
static int code_units(const struct ui_build *build)
{
    int units = ui_is_portrait(build) ? 600 : 520;
    int least_px = panel_mm10(ui_panel(build), ui_is_large(build) ? 1000 : 750);
    while (ui_px(build, units) < least_px && units < 1000) {
        units += 10;
    }
    return units;
}

static void code_add(struct ui_build *build, const struct session *session)
{
    int units = code_units(build);
    ui_open(build, &(struct ui_box){
                       .direction = LAYOUT_STACK, .w = UI_UNITS(units), .h = UI_UNITS(units)});
    ui_open(build, &(struct ui_box){.w = UI_UNITS(units - 24),
                                    .h = UI_UNITS(units - 24),
                                    .place_x = LAYOUT_CENTER,
                                    .place_y = LAYOUT_CENTER,
                                    .surface = UI_SURFACE_PAPER,
                                    .radius = 32});
    ui_close(build);
    ui_paint(build, &(struct ui_box){.w = UI_GROW(1), .h = UI_GROW(1)}, code_paint,
             &session->order);
    ui_close(build);
}

/* Where the code would be: why it is not there. */
static void code_missing(struct ui_build *build, enum ui_icon icon, const char *title,
                         const char *text)
{
    ui_open(build, &(struct ui_box){.direction = LAYOUT_COLUMN,
                                    .w = UI_GROW(1),
                                    .h = UI_GROW(1),
                                    .pad_x = 40,
                                    .gap = 28,
                                    .justify = LAYOUT_CENTER,
                                    .align = LAYOUT_CENTER});
    if (icon == UI_ICON_NONE) {
        widget_spinner(build, 160, 16, UI_COLOR_PRIMARY);
    } else {
        widget_badge(build, UI_SURFACE_TINT_INFO, icon, UI_COLOR_INFO, 180);
    }
    ui_para_center(build, UI_STYLE_HEADLINE, UI_COLOR_INK, title);
    ui_para_center(build, UI_STYLE_BODY, UI_COLOR_TEXT, text);
    ui_close(build);
}

static void wallet_line(struct ui_build *build, enum session_wallet wallet)
{
    ui_open(build, &(struct ui_box){.gap = 18, .align = LAYOUT_CENTER});
    widget_wallet(build, wallet, 60);
    ui_text(build, UI_STYLE_BODY_BOLD, UI_COLOR_INK,
            WORDS(build, T("Scan with {1}"), words_wallet(wallet)));
    ui_label(build, &(struct ui_label){.style = UI_STYLE_LABEL,
                                       .color = UI_COLOR_WEAK,
                                       .text = T("\xC2\xB7 waiting for the payment"),
                                       .drop = 3});
    ui_close(build);
}

/* The server says so, or nothing has come for 8 seconds. */
static bool is_slow(struct ui_build *build, const struct session *session)
{
    enum { SLOW_MS = 8000 };
    int64_t slow_ms = session->screen_since_ms + SLOW_MS;
    if (session->order.slow || ui_now(build).mono_ms >= slow_ms) {
        return true;
    }
    ui_wake_at(build, slow_ms);
    return false;
}

/* The code, or why it is not there. */
static void code_or_why(struct ui_build *build, const struct session *session)
{
    const struct session_order *order = &session->order;
    if (code_is_visible(build, session)) {
        code_add(build, session);
        wallet_line(build, wallet_of(session));
    } else if (session->order_stale) {
        code_missing(build, UI_ICON_WIFI_OFF, T("The line to the server is interrupted"),
                     T("If you have paid, do not pay again: the payment is valid. Otherwise "
                       "please wait a moment."));
    } else if (order->scanned) {
        code_missing(build, UI_ICON_SMARTPHONE, T("Scanned"), T("Please confirm on your phone"));
    } else if (order->qr_text[0] != '\0') {
        /* Its time is over here; the server's is not, and a payment may be on its way. */
        code_missing(build, UI_ICON_CLOCK, T("The code is no longer valid"),
                     T("We are checking. If you have paid, please do not pay again."));
    } else {
        code_missing(build, UI_ICON_NONE, T("Making the code"),
                     is_slow(build, session)
                         ? T("The payment channel is slow, please wait a moment")
                         : T("Please have your phone ready"));
    }
}

static void pay_card(struct ui_build *build, const struct session *session)
{
    ui_open(build, &(struct ui_box){.direction = LAYOUT_COLUMN,
                                    .w = UI_GROW(1),
                                    .h = UI_GROW(1),
                                    .surface = UI_SURFACE_CARD,
                                    .top_line = true,
                                    .radius = 36});
    ui_open(build, &(struct ui_box){.direction = LAYOUT_COLUMN,
                                    .w = UI_GROW(1),
                                    .h = UI_GROW(1),
                                    .pad_x = 24,
                                    .pad_y = 24,
                                    .gap = 8,
                                    .justify = LAYOUT_CENTER,
                                    .align = LAYOUT_CENTER});
    if (ui_is_portrait(build)) {
        ui_label(build, &(struct ui_label){.style = UI_STYLE_LABEL,
                                           .color = UI_COLOR_WEAK,
                                           .text = T("To pay"),
                                           .drop = 4});
        widget_amount(build,
                      session->order.amount.fen > 0 ? session->order.amount : session->amount,
                      &widget_amount_pay);
    }
    code_or_why(build, session);
    ui_close(build);
    ui_close(build);
}

static void hint_add(struct ui_build *build, int number, const char *text)
{
    ui_open(build, &(struct ui_box){.w = UI_GROW(1),
                                    .h = {LAYOUT_FIT, 0, 104, 0},
                                    .pad_x = 20,
                                    .gap = 14,
                                    .align = LAYOUT_CENTER,
                                    .surface = UI_SURFACE_SUNK,
                                    .radius = 26});
    widget_number(build, UI_SURFACE_INK, UI_COLOR_ON_INK, number);
    ui_label(build, &(struct ui_label){.style = UI_STYLE_CAPTION,
                                       .color = UI_COLOR_TEXT,
                                       .text = text,
                                       .kind = UI_LABEL_WRAP,
                                       .w = UI_GROW(1)});
    ui_close(build);
}

static bool is_for_card(const struct session *session)
{
    return session->order.by_card || session->card.view.session_id[0] != '\0';
}

/*
 * B3: the card may go meanwhile; it must be the same one that comes back. The title says so too,
 * where large letters leave no room for this.
 */
static void card_note(struct ui_build *build, const struct session *session)
{
    if (!is_for_card(session)) {
        return;
    }
    ui_open(build, &(struct ui_box){.w = UI_GROW(1), .drop = 4});
    widget_note(build, WIDGET_NOTE_INFO,
                T("You may take the card now. After paying, lay the same card back."));
    ui_close(build);
}

static void hints(struct ui_build *build, const struct session *session)
{
    bool paper =
        session->printer == SESSION_PRINTER_READY || session->printer == SESSION_PRINTER_NEAR_END;
    bool portrait = ui_is_portrait(build);
    if (!code_is_visible(build, session)) {
        return;
    }
    ui_open(build, &(struct ui_box){.direction = portrait ? LAYOUT_ROW : LAYOUT_COLUMN,
                                    .w = UI_GROW(1),
                                    .gap = 16,
                                    .drop = 5});
    hint_add(build, 1, WORDS(build, T("Open {1}"), words_wallet(wallet_of(session))));
    hint_add(build, 2, portrait ? T("Scan the code above") : T("Scan the code on the right"));
    hint_add(build, 3, paper ? T("The receipt prints by itself") : T("Watch this screen"));
    ui_close(build);
}

static void buttons(struct ui_build *build, const struct session *session)
{
    const struct session_order *order = &session->order;
    bool more = order->more_time_left > 0 && code_is_visible(build, session);
    bool rests = session->order_asked || order->order_no[0] == '\0';
    bool last = order->qr_until_ms - ui_now(build).mono_ms <= LAST_MS;
    enum ui_surface_id more_surface = last ? UI_SURFACE_PRIMARY : UI_SURFACE_SECONDARY;
    ui_open(build, &(struct ui_box){.w = UI_GROW(1), .gap = 24, .touch_gap = true});
    widget_button(build, &(struct widget_button){.surface = rests ? UI_SURFACE_DISABLED
                                                                  : UI_SURFACE_SECONDARY,
                                                 .text = T("Cancel"),
                                                 .w = UI_GROW(1),
                                                 .action = SESSION_ACTION_CANCEL});
    if (more) {
        widget_button(build,
                      &(struct widget_button){.surface = session->order_asked ? UI_SURFACE_DISABLED
                                                                              : more_surface,
                                              .icon = UI_ICON_CLOCK,
                                              .text = T("More time"),
                                              .w = UI_GROW(1),
                                              .action = SESSION_ACTION_MORE_TIME});
    }
    ui_close(build);
}

static void countdown(struct ui_build *build, const struct session *session)
{
    const struct session_order *order = &session->order;
    if (!code_is_visible(build, session)) {
        return;
    }
    ui_open(build, &(struct ui_box){.gap = 18, .align = LAYOUT_CENTER});
    int left = widget_countdown(build, order->qr_until_ms, order->qr_total_ms, 72, 9);
    ui_open(build, &(struct ui_box){.gap = 10, .align = LAYOUT_BASELINE});
    ui_text(build, UI_STYLE_SMALL, UI_COLOR_WEAK, TC("countdown, before", "left"));
    ui_label(build, &(struct ui_label){.style = UI_STYLE_SECONDS,
                                       .color = UI_COLOR_INK,
                                       .text = words_number(build, left),
                                       .tabular = true});
    ui_text(build, UI_STYLE_SMALL, UI_COLOR_WEAK, TC("countdown, after", "s"));
    ui_close(build);
    ui_close(build);
}

/* Landscape: the amount stands on the left, the code alone on the right. */
static void amount_card(struct ui_build *build, const struct session *session)
{
    ui_open(build, &(struct ui_box){.direction = LAYOUT_COLUMN,
                                    .w = UI_GROW(1),
                                    .pad_x = 40,
                                    .pad_y = 24,
                                    .align = LAYOUT_CENTER,
                                    .surface = UI_SURFACE_CARD,
                                    .radius = 36});
    ui_label(build,
             &(struct ui_label){
                 .style = UI_STYLE_LABEL, .color = UI_COLOR_WEAK, .text = T("To pay"), .drop = 2});
    widget_amount(build, session->order.amount.fen > 0 ? session->order.amount : session->amount,
                  &widget_amount_pay);
    ui_close(build);
}

void view_pay(struct ui_build *build, const struct session *session)
{
    /* Both ways out ask first; while the code is being made there is nothing to leave. */
    struct page page = {.title = is_for_card(session) ? T("Pay, then card") : T("Scan to pay"),
                        .back = true,
                        .home = true,
                        .rests = session->order_asked || session->order.order_no[0] == '\0'};
    bool portrait = ui_is_portrait(build);
    page_begin(build, session, &page);
    countdown(build, session);
    page_body(build, session);
    if (portrait) {
        page_steps(build, session, 3);
        view_summary(build, session);
        pay_card(build, session);
        card_note(build, session);
        hints(build, session);
        buttons(build, session);
        view_order_line(build, session);
    } else {
        page_columns_begin(build, 46);
        view_summary(build, session);
        amount_card(build, session);
        card_note(build, session);
        hints(build, session);
        ui_fill(build);
        buttons(build, session);
        view_order_line(build, session);
        page_columns_next(build, 54);
        pay_card(build, session);
        page_columns_end(build);
    }
    page_end(build, session, &page);
}
