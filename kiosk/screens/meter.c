/* SPDX-License-Identifier: Apache-2.0 */
/*
 * S3: identify once, act once. The live balance (or the last one with its age, honestly), what was
 * used, and the amounts to top up in the bottom row. Nothing here decides whether a sale is
 * possible: it shows what the server said and why.
 */
#include <string.h>

#include "kiosk/screens/page.h"
#include "kiosk/screens/views.h"
#include "kiosk/screens/widgets.h"

enum { DAYS_WHOLE = 30, /* a full ring */ SECOND_MS = 1000, TENTH_MS = 100 };

static const char *silent_words(const struct session *session)
{
    switch (session->reading.reason) {
    case SESSION_REASON_METER_SILENT:
        return T("The meter does not answer just now.");
    case SESSION_REASON_COLLECTOR_OFFLINE:
        return T("The line to the meters is down.");
    case SESSION_REASON_BUSY:
        return T("The line to the meters is busy.");
    case SESSION_REASON_NETWORK:
        return T("The server cannot be reached.");
    case SESSION_REASON_NONE:
    case SESSION_REASON_COUNT:
        break;
    }
    return T("The meter could not be read.");
}

/* How long ago the shown value was true. */
static const char *age_words(struct ui_build *build, const struct session_reading *reading)
{
    enum { MINUTE_MS = 60000 };
    int64_t now_ms = ui_now(build).mono_ms;
    int64_t age_ms = reading->age_ms + (now_ms - reading->arrived_ms);
    ui_wake_at(build, now_ms + MINUTE_MS - age_ms % MINUTE_MS);
    return words_age(build, age_ms > 0 ? age_ms : 0);
}

static void reading_waiting(struct ui_build *build)
{
    ui_open(build, &(struct ui_box){.pad_x = 26,
                                    .pad_y = 10,
                                    .gap = 14,
                                    .align = LAYOUT_CENTER,
                                    .surface = UI_SURFACE_SUNK,
                                    .radius = 60});
    widget_spinner(build, 40, 6, UI_COLOR_PRIMARY);
    ui_label(build, &(struct ui_label){.style = UI_STYLE_SMALL_BOLD,
                                       .color = UI_COLOR_TEXT,
                                       .text = T("Reading the meter"),
                                       .drop = 2});
    ui_close(build);
}

/* The state of the reading, right in the header. */
static void reading_chip(struct ui_build *build, const struct session *session)
{
    const struct session_reading *reading = &session->reading;
    switch (reading->state) {
    case SESSION_READING_NONE:
    case SESSION_READING_COUNT:
        break;
    case SESSION_READING_WAITING:
        reading_waiting(build);
        break;
    case SESSION_READING_LIVE: {
        const char *took = ui_format(build, "%lld.%lld", (long long)(reading->took_ms / SECOND_MS),
                                     (long long)(reading->took_ms % SECOND_MS / TENTH_MS));
        const char *age = age_words(build, reading);
        bool fresh = reading->took_ms > 0 &&
                     ui_now(build).mono_ms - reading->arrived_ms < INT64_C(60) * SECOND_MS;
        widget_chip(build, &(struct widget_chip){
                               .surface = UI_SURFACE_TINT_OK,
                               .color = UI_COLOR_OK,
                               .icon = UI_ICON_CHECK,
                               .text = fresh ? WORDS(build, T("Read live \xC2\xB7 {1} s"), took)
                                             : WORDS(build, T("Read {1}"), age),
                               .bold = true,
                               .text_drop = 2});
        break;
    }
    case SESSION_READING_STORED:
        widget_button(build, &(struct widget_button){.surface = UI_SURFACE_SECONDARY,
                                                     .style = UI_STYLE_SMALL_BOLD,
                                                     .icon = UI_ICON_REFRESH,
                                                     .text = T("Read again"),
                                                     .height_u = 96,
                                                     .action = SESSION_ACTION_REFRESH});
        break;
    }
}

static void relay_chip(struct ui_build *build, const struct session *session)
{
    if (session->reading.state != SESSION_READING_LIVE) {
        return; /* whether the supply is on now is not known */
    }
    bool water = session->meter.utility == SESSION_WATER;
    struct widget_chip chip = {.surface = UI_SURFACE_CHIP_NIGHT, .color = UI_COLOR_ON_NIGHT};
    switch (session->reading.relay) {
    case SESSION_RELAY_UNKNOWN:
    case SESSION_RELAY_COUNT:
        return;
    case SESSION_RELAY_CLOSED:
        chip.icon = UI_ICON_TICK_CIRCLE;
        chip.text = water ? T("Water is on") : T("Power is on");
        break;
    case SESSION_RELAY_OPEN:
        chip.surface = UI_SURFACE_CHIP_BRASS;
        chip.color = UI_COLOR_BRASS_ON_NIGHT;
        chip.icon = UI_ICON_WARNING;
        chip.text = water ? T("Water is cut off") : T("Power is cut off");
        break;
    case SESSION_RELAY_CLOSING:
        chip.icon = UI_ICON_CLOCK;
        chip.text = T("Being switched on");
        break;
    }
    widget_chip(build, &chip);
}

static void alarm_chip(struct ui_build *build, const struct session *session)
{
    const struct session_meter *meter = &session->meter;
    if (meter->alarm.fen <= 0 || !session->reading.balance_known) {
        return;
    }
    bool low = session->reading.balance.fen < meter->alarm.fen;
    const char *limit = words_money_short(build, meter->alarm);
    widget_chip(build,
                &(struct widget_chip){.surface = UI_SURFACE_CHIP_BRASS,
                                      .color = UI_COLOR_BRASS_ON_NIGHT,
                                      .icon = low ? UI_ICON_WARNING : UI_ICON_NONE,
                                      .text = low ? WORDS(build, T("Low: below {1}"), limit)
                                                  : WORDS(build, T("Warns below {1}"), limit),
                                      .bold = low});
}

struct days_ring {
    int permille;
};

static void days_paint(struct ui_build *build, struct ui_rect rect, const void *data)
{
    const struct days_ring *ring = data;
    ui_draw(build, (struct draw_cmd){.op = DRAW_RING,
                                     .rect = rect,
                                     .thickness = ui_px(build, 24),
                                     .permille = ring->permille,
                                     .color = ui_color_value(build, UI_COLOR_OK_ON_NIGHT),
                                     .color_end = ui_color_value(build, UI_COLOR_TRACK_ON_NIGHT)});
}

static void days_left(struct ui_build *build, const struct session *session)
{
    struct days_ring *ring = ui_alloc(build, sizeof *ring);
    const struct session_meter *meter = &session->meter;
    if (ring == NULL || !meter->days_left_known) {
        return;
    }
    int days = meter->days_left < 999 ? (int)meter->days_left : 999;
    ring->permille = days < DAYS_WHOLE ? days * 1000 / DAYS_WHOLE : 1000;
    ui_open(build,
            &(struct ui_box){
                .direction = LAYOUT_STACK, .w = UI_UNITS(300), .h = UI_UNITS(300), .drop = 4});
    ui_paint(build, &(struct ui_box){.w = UI_GROW(1), .h = UI_GROW(1)}, days_paint, ring);
    ui_open(build, &(struct ui_box){.direction = LAYOUT_COLUMN,
                                    .w = UI_UNITS(236),
                                    .place_x = LAYOUT_CENTER,
                                    .place_y = LAYOUT_CENTER,
                                    .align = LAYOUT_CENTER});
    ui_text(build, UI_STYLE_SMALL, UI_COLOR_ON_NIGHT_WEAK, TC("days left, above", "about"));
    ui_text(build, UI_STYLE_RING_FIGURE, UI_COLOR_ON_NIGHT, words_number(build, days));
    ui_text(build, UI_STYLE_SMALL, UI_COLOR_ON_NIGHT_WEAK,
            days == 1 ? TC("days left, below", "day") : TC("days left, below", "days"));
    ui_close(build);
    ui_close(build);
}

/* What the large figure is; while the meter is being asked, an older one with its age. */
static const char *balance_name(struct ui_build *build, const struct session_reading *reading)
{
    bool owed = reading->balance_known && reading->balance.fen < 0;
    if (reading->state == SESSION_READING_WAITING && reading->balance_known) {
        const char *age = age_words(build, reading);
        return owed ? WORDS(build, T("Owed {1}"), age) : WORDS(build, T("Balance {1}"), age);
    }
    return owed ? T("Owed") : T("Balance");
}

static void balance_words(struct ui_build *build, const struct session *session)
{
    const struct session_meter *meter = &session->meter;
    const struct session_reading *reading = &session->reading;
    ui_text(build, UI_STYLE_LABEL, UI_COLOR_ON_NIGHT_WEAK, balance_name(build, reading));
    if (reading->balance_known) {
        widget_amount(build, reading->balance, &widget_amount_balance);
    } else {
        ui_text(build, UI_STYLE_AMOUNT, UI_COLOR_ON_NIGHT_WEAK, "\xE2\x80\x93 \xE2\x80\x93");
    }
    ui_space(build, 24);
    ui_open(build, &(struct ui_box){.w = UI_GROW(1), .gap = 18, .wrap = true, .drop = 6});
    relay_chip(build, session);
    alarm_chip(build, session);
    ui_close(build);
    ui_space(build, 24);
    ui_label(build, &(struct ui_label){.style = UI_STYLE_STRONG,
                                       .color = UI_COLOR_ON_NIGHT,
                                       .text = words_whose(build, meter->place, meter->customer),
                                       .kind = UI_LABEL_WRAP,
                                       .personal = true});
    const char *protocol = ui_is_large(build) ? "" : meter->protocol;
    ui_label(build, &(struct ui_label){
                        .style = UI_STYLE_SMALL,
                        .color = UI_COLOR_ON_NIGHT_WEAK,
                        .text = ui_format(build, "%s%s%s", words_meter(build, meter->address),
                                          protocol[0] == '\0' ? "" : "   ", protocol),
                        .kind = UI_LABEL_WRAP,
                        .personal = true});
}

static void balance_card(struct ui_build *build, const struct session *session)
{
    widget_night_begin(build, ui_is_large(build) ? 36 : 48, ui_is_portrait(build) ? 44 : 24);
    ui_open(build, &(struct ui_box){.direction = LAYOUT_COLUMN, .w = UI_GROW(1)});
    balance_words(build, session);
    ui_close(build);
    days_left(build, session);
    widget_night_end(build);
}

static void kpi(struct ui_build *build, const char *name, const char *value, const char *unit)
{
    if (value[0] == '\0') {
        return;
    }
    ui_open(build, &(struct ui_box){.direction = LAYOUT_COLUMN,
                                    .w = UI_GROW(1),
                                    .pad_x = 32,
                                    .pad_y = 22,
                                    .surface = UI_SURFACE_CARD,
                                    .radius = 32});
    ui_text(build, UI_STYLE_SMALL, UI_COLOR_WEAK, name);
    ui_open(build, &(struct ui_box){.gap = 8, .align = LAYOUT_BASELINE});
    ui_text(build, UI_STYLE_KPI, UI_COLOR_INK, value);
    ui_text(build, UI_STYLE_CAPTION, UI_COLOR_WEAK, unit);
    ui_close(build);
    ui_close(build);
}

static void kpis(struct ui_build *build, const struct session_meter *meter)
{
    bool water = meter->utility == SESSION_WATER;
    ui_open(build, &(struct ui_box){.w = UI_GROW(1), .gap = 20, .drop = 6});
    kpi(build, water ? T("Water today") : T("Energy today"), meter->usage_today, meter->usage_unit);
    kpi(build, water ? T("Water this month") : T("Energy this month"), meter->usage_month,
        meter->usage_unit);
    kpi(build, water ? T("Water in all") : T("Energy in all"), meter->usage_total,
        meter->usage_unit);
    ui_close(build);
}

static void details(struct ui_build *build, const struct session *session)
{
    const struct session_meter *meter = &session->meter;
    const struct session_reading *reading = &session->reading;
    bool live = reading->voltage[0] != '\0';
    widget_pairs_begin(build);
    view_last_top_up(build, meter->last_top_up, meter->last_top_up_at);
    widget_pair(
        build, T("Price"),
        ui_format(build, "%s / %s", words_price(build, meter->price_e4_yuan), meter->usage_unit),
        !live);
    if (live) {
        widget_pair(build, T("Voltage / current / power"),
                    ui_format(build, "%s V / %s A / %s kW", reading->voltage, reading->current,
                              reading->power),
                    true);
    }
    widget_pairs_end(build);
}

/* Why nothing can be sold here now, or NULL. */
static const char *refusal(const struct session *session)
{
    if (!session->profile.payments_open) {
        return session->profile.payments_reason[0] != '\0' ? session->profile.payments_reason
                                                           : T("Top-up is paused");
    }
    if (!session->meter.sale_open && session->meter.sale_blocked) {
        return T("An earlier top-up of this meter is not finished");
    }
    if (!session->meter.sale_open) {
        return session->meter.sale_reason[0] != '\0' ? session->meter.sale_reason
                                                     : T("This meter cannot be topped up here");
    }
    return session->online ? NULL : T("The network is down");
}

static void top_up(struct ui_build *build, const struct session *session)
{
    const struct session_meter *meter = &session->meter;
    const char *why_not = refusal(session);
    ui_open(build, &(struct ui_box){
                       .direction = LAYOUT_COLUMN, .w = UI_GROW(1), .gap = 16, .touch_gap = true});
    if (why_not != NULL) {
        widget_note(build, WIDGET_NOTE_INFO, why_not);
    } else {
        if (meter->arrears.fen > 0) {
            widget_note(build, WIDGET_NOTE_WARN,
                        WORDS(build, T("{1} of your payment goes to what is owed."),
                              words_money(build, meter->arrears)));
        }
        view_amounts(build, session, words_whose(build, meter->place, meter->customer));
    }
    ui_close(build);
}

static void meter_loading(struct ui_build *build)
{
    ui_fill(build);
    ui_open(build,
            &(struct ui_box){
                .direction = LAYOUT_COLUMN, .w = UI_GROW(1), .gap = 30, .align = LAYOUT_CENTER});
    widget_spinner(build, 140, 14, UI_COLOR_PRIMARY);
    ui_para_center(build, UI_STYLE_STRONG, UI_COLOR_TEXT, T("Reading the meter"));
    ui_close(build);
    ui_fill(build);
}

static void meter_content(struct ui_build *build, const struct session *session)
{
    bool silent = session->reading.state == SESSION_READING_STORED;
    page_columns_begin(build, ui_is_portrait(build) ? 0 : 48);
    balance_card(build, session);
    if (silent) {
        widget_note(build, WIDGET_NOTE_WARN,
                    session->reading.balance_known
                        ? WORDS(build, T("{1} This value is from {2}."), silent_words(session),
                                age_words(build, &session->reading))
                        : silent_words(session));
    }
    kpis(build, &session->meter);
    page_columns_next(build, 52);
    view_chart(build, session);
    details(build, session);
    ui_fill(build);
    top_up(build, session);
    view_order_line(build, session);
    page_columns_end(build);
}

void view_meter(struct ui_build *build, const struct session *session)
{
    bool water = session->meter.utility == SESSION_WATER;
    struct page page = {
        .title = water ? T("Water meter") : T("Electricity meter"), .back = true, .home = true};
    page_begin(build, session, &page);
    if (!session->room_waiting) {
        reading_chip(build, session);
    }
    page_body(build, session);
    if (session->room_waiting) {
        meter_loading(build);
    } else {
        meter_content(build, session);
    }
    page_end(build, session, &page);
}
