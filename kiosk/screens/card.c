/* SPDX-License-Identifier: Apache-2.0 */
/*
 * B1: lay the card, in a picture and few words; it is read as soon as it lies there. B2: whose it
 * is, whether the last purchase has reached the meter, and how much it is to be.
 */
#include "common/compiler.h"
#include "kiosk/screens/card_art.h"
#include "kiosk/screens/card_words.h"
#include "kiosk/screens/page.h"
#include "kiosk/screens/result_parts.h"
#include "kiosk/screens/views.h"
#include "kiosk/screens/widgets.h"

static bool is_reading(const struct session *session)
{
    return session->card.stage == SESSION_CARD_STAGE_READING;
}

/* As large as the page lets it be. */
static int place_art_units(const struct ui_build *build)
{
    if (ui_is_portrait(build)) {
        return ui_is_large(build) ? 800 : 920;
    }
    return ui_is_large(build) ? 640 : 760;
}

static void place_words(struct ui_build *build, const struct session *session)
{
    bool reading = is_reading(session);
    const char *hint = card_hint(session);
    ui_para_center(build, UI_STYLE_HERO_TILE, UI_COLOR_INK,
                   reading ? T("Reading your card") : T("Lay your meter card flat on the reader"));
    ui_open(build, &(struct ui_box){.direction = LAYOUT_COLUMN,
                                    .w = UI_GROW(1),
                                    .align = LAYOUT_CENTER,
                                    .drop = hint[0] != '\0' ? 7 : 0});
    ui_para_center(build, UI_STYLE_BODY, UI_COLOR_TEXT,
                   reading ? T("Please leave it there for a moment.")
                           : T("Leave it there until we say that you can take it."));
    ui_close(build);
    if (hint[0] != '\0') {
        ui_space(build, 8);
        widget_note(build, WIDGET_NOTE_WARN, hint);
    }
}

static void place_picture(struct ui_build *build, const struct session *session)
{
    ui_open(build, &(struct ui_box){.direction = LAYOUT_COLUMN,
                                    .w = UI_GROW(1),
                                    .h = UI_GROW(1),
                                    .pad = 32,
                                    .gap = 24,
                                    .justify = LAYOUT_CENTER,
                                    .align = LAYOUT_CENTER,
                                    .surface = UI_SURFACE_CARD,
                                    .top_line = true,
                                    .radius = 36});
    card_stage(build, is_reading(session) ? CARD_ART_READ : CARD_ART_LAY, place_art_units(build),
               "", session->screen_since_ms);
    if (ui_is_portrait(build)) {
        place_words(build, session);
        ui_space(build, 16);
    }
    ui_close(build);
}

void view_card_place(struct ui_build *build, const struct session *session)
{
    struct page page = {.title = T("Card top-up"), .back = true, .home = true};
    page_begin(build, session, &page);
    result_ring(build, session);
    page_body(build, session);
    page_steps(build, session, 1);
    if (ui_is_portrait(build)) {
        place_picture(build, session);
        view_order_line(build, session);
    } else {
        page_columns_begin(build, 54);
        place_picture(build, session);
        page_columns_next(build, 46);
        ui_fill(build);
        place_words(build, session);
        ui_fill(build);
        view_order_line(build, session);
        page_columns_end(build);
    }
    page_end(build, session, &page);
}

/* ---- B2 ---- */

static void loaded_chip(struct ui_build *build, const struct session *session)
{
    switch (session->card.view.loaded) {
    case SESSION_LOADED_YES:
        widget_chip(build, &(struct widget_chip){.surface = UI_SURFACE_TINT_OK,
                                                 .color = UI_COLOR_OK,
                                                 .icon = UI_ICON_CHECK,
                                                 .text = T("Last top-up is in the meter"),
                                                 .bold = true,
                                                 .text_drop = 2});
        break;
    case SESSION_LOADED_NO:
        widget_chip(build, &(struct widget_chip){.surface = UI_SURFACE_TINT_WARN,
                                                 .color = UI_COLOR_WARN,
                                                 .icon = UI_ICON_HOURGLASS,
                                                 .text = T("Top-up not in the meter yet"),
                                                 .bold = true,
                                                 .text_drop = 2});
        break;
    case SESSION_LOADED_NEVER:
    case SESSION_LOADED_COUNT:
        break;
    }
}

static void owner_balance(struct ui_build *build, const struct session_card_view *view)
{
    if (view->balance_known) {
        ui_text(build, UI_STYLE_LABEL, UI_COLOR_ON_NIGHT_WEAK,
                view->balance_at > 0
                    ? WORDS(build, T("In the meter on {1}"), words_day(build, view->balance_at))
                    : T("In the meter"));
        widget_amount(build, view->balance, &widget_amount_balance);
    } else {
        ui_text(build, UI_STYLE_LABEL, UI_COLOR_ON_NIGHT_WEAK, T("This card is for"));
    }
    ui_space(build, 16);
}

static void owner_words(struct ui_build *build, const struct session *session)
{
    const struct session_card_view *view = &session->card.view;
    ui_open(build, &(struct ui_box){.direction = LAYOUT_COLUMN, .w = UI_GROW(1)});
    owner_balance(build, view);
    ui_label(build, &(struct ui_label){.style = UI_STYLE_STRONG,
                                       .color = UI_COLOR_ON_NIGHT,
                                       .text = words_whose(build, view->place, view->customer),
                                       .kind = UI_LABEL_WRAP,
                                       .w = UI_GROW(1),
                                       .personal = true});
    ui_label(build, &(struct ui_label){.style = UI_STYLE_SMALL,
                                       .color = UI_COLOR_ON_NIGHT_WEAK,
                                       .text = words_meter(build, view->meter_tail),
                                       .kind = UI_LABEL_WRAP,
                                       .w = UI_GROW(1),
                                       .personal = true});
    ui_close(build);
}

static void owner_card(struct ui_build *build, const struct session *session)
{
    bool room = !ui_is_large(build);
    widget_night_begin(build, room ? 48 : 36, ui_is_portrait(build) ? 44 : 28);
    owner_words(build, session);
    if (room) {
        ui_open(build, &(struct ui_box){.drop = 4});
        card_art(build, CARD_ART_STILL, ui_is_portrait(build) ? 420 : 300, "", 0);
        ui_close(build);
    }
    widget_night_end(build);
}

static void details(struct ui_build *build, const struct session *session)
{
    const struct session_card_view *view = &session->card.view;
    widget_pairs_begin(build);
    view_last_top_up(build, view->last_top_up, view->last_top_up_at);
    if (view->headroom_known) {
        widget_pair(build, T("The meter can still take"), words_money(build, view->headroom),
                    false);
    }
    widget_pair(build, T("Card number ends in"), card_tail(session), true);
    widget_pairs_end(build);
}

/* The way from here: the card may go while one pays, and goes to the meter in the end. */
static void way_ahead(struct ui_build *build)
{
    const char *const steps[] = {T("Choose an amount"),
                                 T("Pay with your phone: you may take the card meanwhile"),
                                 T("Lay the same card back, and wait until it is written"),
                                 T("Put the card into your meter: done when it beeps")};
    ui_open(build, &(struct ui_box){.direction = LAYOUT_COLUMN,
                                    .w = UI_GROW(1),
                                    .h = {LAYOUT_GROW, 100, 0, 0},
                                    .pad_x = 40,
                                    .pad_y = 24,
                                    .gap = 12,
                                    .justify = LAYOUT_BETWEEN,
                                    .surface = UI_SURFACE_CARD,
                                    .radius = 36,
                                    .drop = 9});
    for (size_t i = 0; i < ARRAY_COUNT(steps); i++) {
        ui_open(build, &(struct ui_box){.w = UI_GROW(1), .gap = 24, .align = LAYOUT_CENTER});
        widget_number(build, i == 0 ? UI_SURFACE_STEP_NOW : UI_SURFACE_INK,
                      i == 0 ? UI_COLOR_ON_PRIMARY : UI_COLOR_ON_INK, (int)i + 1);
        ui_label(build, &(struct ui_label){.style = UI_STYLE_BODY,
                                           .color = UI_COLOR_TEXT,
                                           .text = steps[i],
                                           .kind = UI_LABEL_WRAP,
                                           .w = UI_GROW(1)});
        ui_close(build);
    }
    ui_close(build);
}

/* Why nothing can be bought on it now, or NULL. */
static const char *refusal(const struct session *session)
{
    const struct session_profile *profile = &session->profile;
    if (!profile->payments_open) {
        return profile->payments_reason[0] != '\0' ? profile->payments_reason
                                                   : T("Top-up is paused");
    }
    if (!session->online) {
        return T("The network is down");
    }
    if (session_card_is_out_of_reach(session)) {
        return T("Card reader under repair");
    }
    return session_card_takes(session, profile->amount_min)
               ? NULL
               : T("Your meter cannot take more just now. Please come back when some of it is used "
                   "up.");
}

static void choose(struct ui_build *build, const struct session *session)
{
    const char *why_not = refusal(session);
    const struct session_card_view *view = &session->card.view;
    ui_open(build, &(struct ui_box){
                       .direction = LAYOUT_COLUMN, .w = UI_GROW(1), .gap = 16, .touch_gap = true});
    if (why_not != NULL) {
        widget_note(build, WIDGET_NOTE_INFO, why_not);
    } else {
        view_amounts(build, session, words_whose(build, view->place, view->customer));
    }
    ui_close(build);
}

void view_card(struct ui_build *build, const struct session *session)
{
    struct page page = {.title = T("Your meter card"), .back = true, .home = true};
    bool portrait = ui_is_portrait(build);
    page_begin(build, session, &page);
    loaded_chip(build, session);
    page_body(build, session);
    page_steps(build, session, 2);
    page_columns_begin(build, portrait ? 0 : 48);
    owner_card(build, session);
    if (session->card.view.loaded == SESSION_LOADED_NO) {
        ui_open(build, &(struct ui_box){.w = UI_GROW(1), .drop = 5});
        widget_note(build, WIDGET_NOTE_INFO,
                    T("Your last top-up is on the card and goes into the meter when you put the "
                      "card there. You can top up more now."));
        ui_close(build);
    }
    page_columns_next(build, 52);
    details(build, session);
    way_ahead(build);
    ui_fill(build);
    choose(build, session);
    view_order_line(build, session);
    page_columns_end(build);
    page_end(build, session, &page);
}
