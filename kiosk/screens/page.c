/* SPDX-License-Identifier: Apache-2.0 */
/* Sizes: bar 104, header 124, band 100 and 30 below it, margins 48, all in units. */
#include "kiosk/screens/page.h"

#include "kiosk/screens/widgets.h"

enum { MARGIN_U = 48, BAR_U = 104, BAR_FLAT_U = 92, BAND_U = 100, BAND_FLAT_U = 92, STEPS = 4 };

static void status_item(struct ui_build *build, enum ui_icon icon, const char *text, bool good)
{
    enum ui_color color = good ? UI_COLOR_ON_NIGHT_WEAK : UI_COLOR_BRASS_ON_NIGHT;
    ui_open(build, &(struct ui_box){.gap = 10, .align = LAYOUT_CENTER});
    ui_icon(build, icon, 34, color);
    ui_label(build, &(struct ui_label){.style = good ? UI_STYLE_CAPTION : UI_STYLE_CAPTION_BOLD,
                                       .color = color,
                                       .text = text,
                                       .drop = good ? 3 : 2});
    ui_close(build);
}

static const char *printer_words(enum session_printer printer)
{
    switch (printer) {
    case SESSION_PRINTER_NONE:
    case SESSION_PRINTER_READY:
    case SESSION_PRINTER_NEAR_END:
        return TC("device", "Printer");
    case SESSION_PRINTER_PAPER_OUT:
        return T("Out of paper");
    case SESSION_PRINTER_COVER_OPEN:
        return T("Cover open");
    case SESSION_PRINTER_ERROR:
    case SESSION_PRINTER_OFFLINE:
    case SESSION_PRINTER_COUNT:
        break;
    }
    return T("No printing");
}

static void status_devices(struct ui_build *build, const struct session *session)
{
    bool printer_good =
        session->printer == SESSION_PRINTER_READY || session->printer == SESSION_PRINTER_NEAR_END;
    ui_open(build, &(struct ui_box){.gap = 26, .align = LAYOUT_CENTER});
    status_item(build, session->online ? UI_ICON_WIFI : UI_ICON_WIFI_OFF,
                session->online ? TC("device", "Network") : T("Offline"), session->online);
    if (session->printer != SESSION_PRINTER_NONE) {
        status_item(build, UI_ICON_PRINTER, printer_words(session->printer), printer_good);
    }
    if (session->reader != SESSION_READER_NONE) {
        bool good = session->reader == SESSION_READER_READY;
        status_item(build, UI_ICON_CARD, good ? TC("device", "Cards") : T("No cards"), good);
    }
    ui_close(build);
}

bool page_is_small(const struct ui_build *build)
{
    enum { REFERENCE_TARGET_U = 104 };
    return ui_panel(build)->target_px_min > ui_px(build, REFERENCE_TARGET_U);
}

void page_status(struct ui_build *build, const struct session *session)
{
    const struct session_profile *profile = &session->profile;
    ui_open(build,
            &(struct ui_box){.w = UI_GROW(1),
                             .h = {LAYOUT_FIT, 0, ui_is_portrait(build) ? BAR_U : BAR_FLAT_U, 0},
                             .gap = 20,
                             .align = LAYOUT_CENTER});
    ui_open(build, &(struct ui_box){.w = UI_UNITS(60),
                                    .h = UI_UNITS(60),
                                    .picture = DRAW_PICTURE_LOGO,
                                    .surface = UI_SURFACE_TODAY,
                                    .radius = 17});
    ui_close(build);
    ui_open(build, &(struct ui_box){.w = UI_GROW(1), .gap = 16, .align = LAYOUT_BASELINE});
    ui_label(build, &(struct ui_label){.style = UI_STYLE_LABEL_BOLD,
                                       .color = UI_COLOR_ON_NIGHT,
                                       .text = profile->company,
                                       .kind = UI_LABEL_CUT});
    ui_label(build, &(struct ui_label){.style = UI_STYLE_CAPTION,
                                       .color = UI_COLOR_ON_NIGHT_WEAK,
                                       .text = profile->site,
                                       .kind = UI_LABEL_CUT,
                                       .drop = 2});
    ui_close(build);
    status_devices(build, session);
    ui_close(build);
}

/* One control of the band: icon over text where there are many, beside it where there is room. */
struct band_control {
    enum ui_icon icon;
    const char *text;
    bool on;
    uint16_t action;
    uint32_t value;
};

/* How a control of the band is drawn: icon over text, beside it, or beside it in little room. */
enum band_look { BAND_STACKED, BAND_ROW, BAND_ROW_TIGHT };

static void band_control(struct ui_build *build, enum band_look look,
                         const struct band_control *control)
{
    static const struct {
        int icon_u;
        int gap_u;
        enum ui_style style;
    } looks[] = {
        [BAND_STACKED] = {38, 2, UI_STYLE_CAPTION},
        [BAND_ROW] = {40, 12, UI_STYLE_LABEL},
        [BAND_ROW_TIGHT] = {34, 8, UI_STYLE_SMALL},
    };
    bool rests = control->action == SESSION_ACTION_NONE;
    enum ui_color color = control->on ? UI_COLOR_ON_SELECTED : UI_COLOR_TEXT;
    enum ui_surface_id surface = control->on ? UI_SURFACE_SELECTED : UI_SURFACE_SECONDARY;
    color = rests ? UI_COLOR_DISABLED : color;
    surface = rests ? UI_SURFACE_DISABLED : surface;
    ui_open(build,
            &(struct ui_box){.direction = look == BAND_STACKED ? LAYOUT_COLUMN : LAYOUT_ROW,
                             .w = UI_GROW(1),
                             .h = {LAYOUT_FIT, 0, ui_is_portrait(build) ? BAND_U : BAND_FLAT_U, 0},
                             .pad_x = 6,
                             .pad_y = 8,
                             .gap = looks[look].gap_u,
                             .justify = LAYOUT_CENTER,
                             .align = LAYOUT_CENTER,
                             .surface = surface,
                             .radius = 28,
                             .action = control->action,
                             .value = control->value});
    ui_icon(build, control->icon, looks[look].icon_u, color);
    ui_text(build, looks[look].style, color, control->text);
    ui_close(build);
}

void page_band(struct ui_build *build, const struct session *session, const struct page *page)
{
    static const enum ui_icon volumes[] = {UI_ICON_SOUND_0, UI_ICON_SOUND_1, UI_ICON_SOUND_2,
                                           UI_ICON_SOUND_3};
    const struct session_comfort *comfort = &session->comfort;
    bool chinese = comfort->language == SESSION_LANGUAGE_ZH;
    bool stacked = ui_is_portrait(build) && (page->back || comfort->large || !chinese);
    enum band_look row = page->half ? BAND_ROW_TIGHT : BAND_ROW;
    bool narrow = page->half && comfort->large && !page_is_small(build);
    enum band_look look = stacked || narrow ? BAND_STACKED : row;
    const struct band_control controls[] = {
        {UI_ICON_ARROW_LEFT, T("Back"), false,
         page->rests ? SESSION_ACTION_NONE : SESSION_ACTION_BACK, 0},
        /* The other language in its own letters: whoever needs it can read it. */
        {UI_ICON_GLOBE, chinese ? "English" : "\xE4\xB8\xAD\xE6\x96\x87", false,
         SESSION_ACTION_LANGUAGE, chinese ? SESSION_LANGUAGE_EN : SESSION_LANGUAGE_ZH},
        {UI_ICON_LETTERS, TC("control", "Large"), comfort->large, SESSION_ACTION_LARGE, 0},
        {UI_ICON_CONTRAST, TC("control", "Contrast"), comfort->contrast, SESSION_ACTION_CONTRAST,
         0},
        {volumes[comfort->volume % 4U], TC("control", "Sound"), false, SESSION_ACTION_SOUND, 0},
        {UI_ICON_PHONE, TC("control", "Help"), false, SESSION_ACTION_HELP, 0},
    };
    ui_open(build, &(struct ui_box){.w = UI_GROW(1), .gap = 16, .touch_gap = true});
    for (size_t i = page->back ? 0 : 1; i < ARRAY_COUNT(controls); i++) {
        band_control(build, look, &controls[i]);
    }
    ui_close(build);
}

static void header_button(struct ui_build *build, enum ui_icon icon, uint16_t action)
{
    bool rests = action == SESSION_ACTION_NONE;
    ui_open(build, &(struct ui_box){.w = UI_UNITS(96),
                                    .h = UI_UNITS(96),
                                    .justify = LAYOUT_CENTER,
                                    .align = LAYOUT_CENTER,
                                    .surface = rests ? UI_SURFACE_DISABLED : UI_SURFACE_SECONDARY,
                                    .radius = 28,
                                    .action = action});
    ui_icon(build, icon, 52, rests ? UI_COLOR_DISABLED : UI_COLOR_INK);
    ui_close(build);
}

void page_begin(struct ui_build *build, const struct session *session, const struct page *page)
{
    ui_open(build, &(struct ui_box){.direction = LAYOUT_COLUMN, .w = UI_GROW(1), .h = UI_GROW(1)});
    ui_open(build,
            &(struct ui_box){.w = UI_GROW(1), .pad_x = MARGIN_U, .surface = UI_SURFACE_NIGHT});
    page_status(build, session);
    ui_close(build);
    ui_open(build, &(struct ui_box){.w = UI_GROW(1),
                                    .h = {LAYOUT_FIT, 0, ui_is_portrait(build) ? 124 : 100, 0},
                                    .pad_x = MARGIN_U,
                                    .gap = page->home ? 24 : 32,
                                    .align = LAYOUT_CENTER});
    if (page->back) {
        ui_open(build, &(struct ui_box){.gap = 16, .touch_gap = true});
        header_button(build, UI_ICON_ARROW_LEFT,
                      page->rests ? SESSION_ACTION_NONE : SESSION_ACTION_BACK);
        if (page->home) {
            header_button(build, UI_ICON_HOME,
                          page->rests ? SESSION_ACTION_NONE : SESSION_ACTION_HOME);
        }
        ui_close(build);
    }
    ui_label(build, &(struct ui_label){.style = UI_STYLE_PAGE_TITLE,
                                       .color = UI_COLOR_INK,
                                       .text = page->title,
                                       .w = UI_GROW(1)});
}

void page_body(struct ui_build *build, const struct session *session)
{
    ui_close(build);
    ui_open(build, &(struct ui_box){.direction = LAYOUT_COLUMN,
                                    .w = UI_GROW(1),
                                    .h = UI_GROW(1),
                                    .pad_x = MARGIN_U,
                                    .pad_bottom = 24,
                                    .gap = 20,
                                    .touch_gap = true});
    /* The pay page says it in its card. */
    if (!session->online && session->screen != SESSION_SCREEN_PAY) {
        widget_note(build, WIDGET_NOTE_WARN,
                    session->order.order_no[0] == '\0'
                        ? T("The network is down. Nothing can be paid now.")
                        : T("The network is down. What you have paid stays valid: do not pay "
                            "again."));
    }
}

void page_end(struct ui_build *build, const struct session *session, const struct page *page)
{
    ui_close(build);
    ui_open(build, &(struct ui_box){.w = UI_GROW(1),
                                    .pad_x = MARGIN_U,
                                    .pad_bottom = ui_is_portrait(build) ? 30 : 24});
    page_band(build, session, page);
    ui_close(build);
    ui_close(build);
}

static void step_add(struct ui_build *build, int number, int now, const char *name)
{
    bool done = number < now;
    bool is_now = number == now;
    enum ui_surface_id surface = UI_SURFACE_STEP_NEXT;
    surface = done ? UI_SURFACE_TINT_OK : surface;
    surface = is_now ? UI_SURFACE_STEP_NOW : surface;
    ui_open(build, &(struct ui_box){.gap = 16, .align = LAYOUT_CENTER});
    if (done) {
        widget_number_done(build, surface, UI_COLOR_OK);
    } else {
        widget_number(build, surface, is_now ? UI_COLOR_ON_PRIMARY : UI_COLOR_WEAK, number);
    }
    ui_text(build, is_now ? UI_STYLE_SMALL_BOLD : UI_STYLE_SMALL,
            is_now ? UI_COLOR_INK : UI_COLOR_WEAK, name);
    ui_close(build);
}

void page_steps(struct ui_build *build, const struct session *session, int now)
{
    bool card = session->order.by_card || session->card.stage != SESSION_CARD_STAGE_NONE;
    const char *const names[STEPS] = {card ? TC("step", "Card") : TC("step", "Meter"),
                                      TC("step", "Amount"), TC("step", "Pay"),
                                      card ? TC("step", "Write card") : TC("step", "Done")};
    ui_open(build, &(struct ui_box){.w = UI_GROW(1),
                                    .h = {LAYOUT_FIT, 0, 64, 0},
                                    .gap = 18,
                                    .align = LAYOUT_CENTER,
                                    .drop = 6});
    for (int i = 0; i < STEPS; i++) {
        step_add(build, i + 1, now, names[i]);
        if (i + 1 < STEPS) {
            ui_open(build, &(struct ui_box){.w = UI_GROW(1),
                                            .h = UI_UNITS(3),
                                            .surface = i + 1 < now ? UI_SURFACE_STEP_NOW
                                                                   : UI_SURFACE_LINE});
            ui_close(build);
        }
    }
    ui_close(build);
}

static void column_open(struct ui_build *build, int weight)
{
    bool portrait = ui_is_portrait(build);
    ui_open(build, &(struct ui_box){.direction = LAYOUT_COLUMN,
                                    .w = portrait ? UI_GROW(1) : UI_GROW(weight),
                                    .h = portrait && weight == 0 ? UI_FIT : UI_GROW(1),
                                    .gap = 20,
                                    .touch_gap = true});
}

void page_columns_begin(struct ui_build *build, int left_weight)
{
    bool portrait = ui_is_portrait(build);
    ui_open(build, &(struct ui_box){.direction = portrait ? LAYOUT_COLUMN : LAYOUT_ROW,
                                    .w = UI_GROW(1),
                                    .h = UI_GROW(1),
                                    .gap = portrait ? 20 : 32});
    column_open(build, left_weight);
}

void page_columns_next(struct ui_build *build, int right_weight)
{
    ui_close(build);
    column_open(build, right_weight);
}

void page_columns_end(struct ui_build *build)
{
    ui_close(build);
    ui_close(build);
}
