/* SPDX-License-Identifier: Apache-2.0 */
/* One table; the panel turns units into pixels and keeps letters at their least size. */
#include "kiosk/ui/style.h"

#include "common/must.h"

struct style_row {
    int units;
    enum text_weight weight;
    int line_permille;    /* line height, of the em */
    int spacing_permille; /* letter spacing, of the em */
    bool tabular;
};

static const struct style_row rows[UI_STYLE_COUNT] = {
    [UI_STYLE_CLOCK] = {196, TEXT_FIGURE, 1000, -41, true},
    [UI_STYLE_CLOCK_SMALL] = {150, TEXT_FIGURE, 1000, -41, true},
    [UI_STYLE_CLOCK_HUGE] = {300, TEXT_FIGURE, 1000, -41, true},
    [UI_STYLE_AMOUNT] = {150, TEXT_FIGURE, 1150, -33, true},
    [UI_STYLE_AMOUNT_SIGN] = {72, TEXT_FIGURE, 1150, 0, false},
    [UI_STYLE_AMOUNT_CENTS] = {92, TEXT_FIGURE, 1150, -33, true},
    [UI_STYLE_PAY] = {132, TEXT_FIGURE, 1150, -30, true},
    [UI_STYLE_PAY_SIGN] = {68, TEXT_FIGURE, 1150, 0, false},
    [UI_STYLE_PAY_CENTS] = {84, TEXT_FIGURE, 1150, -30, true},
    [UI_STYLE_RING_FIGURE] = {104, TEXT_FIGURE, 1050, 0, false},
    [UI_STYLE_HERO_TILE] = {68, TEXT_BOLD, 1250, 0, false},
    [UI_STYLE_PAGE_TITLE] = {56, TEXT_BOLD, 1300, 0, false},
    [UI_STYLE_TILE] = {54, TEXT_BOLD, 1250, 0, false},
    [UI_STYLE_HEADLINE] = {52, TEXT_BOLD, 1300, 0, false},
    [UI_STYLE_BUTTON_LARGE] = {48, TEXT_BOLD, 1250, 0, false},
    [UI_STYLE_BUTTON] = {42, TEXT_BOLD, 1250, 0, false},
    [UI_STYLE_KEY] = {64, TEXT_FIGURE, 1100, 0, false},
    [UI_STYLE_KPI] = {54, TEXT_FIGURE, 1200, -18, false},
    [UI_STYLE_SECONDS] = {40, TEXT_FIGURE, 1300, 0, true},
    [UI_STYLE_DAY] = {50, TEXT_FIGURE, 1200, 0, false},
    [UI_STYLE_DATE] = {44, TEXT_BOLD, 1400, 0, false},
    [UI_STYLE_STRONG] = {40, TEXT_BOLD, 1400, 0, false},
    [UI_STYLE_BODY] = {36, TEXT_REGULAR, 1400, 0, false},
    [UI_STYLE_BODY_BOLD] = {36, TEXT_BOLD, 1400, 0, false},
    [UI_STYLE_LABEL] = {34, TEXT_REGULAR, 1400, 0, false},
    [UI_STYLE_LABEL_BOLD] = {34, TEXT_BOLD, 1400, 0, false},
    [UI_STYLE_NOTE] = {32, TEXT_REGULAR, 1450, 0, false},
    [UI_STYLE_SMALL] = {30, TEXT_REGULAR, 1400, 0, false},
    [UI_STYLE_SMALL_BOLD] = {30, TEXT_BOLD, 1400, 0, false},
    [UI_STYLE_SMALL_FIGURE] = {32, TEXT_FIGURE, 1400, 0, true},
    [UI_STYLE_CAPTION] = {28, TEXT_REGULAR, 1300, 0, false},
    [UI_STYLE_CAPTION_BOLD] = {28, TEXT_BOLD, 1300, 0, false},
};

struct text_style style_resolve(const struct panel *panel, enum ui_style style, int *ret_line_px)
{
    MUST((unsigned)style < UI_STYLE_COUNT);
    const struct style_row *row = &rows[style];
    int px = panel_letter_px(panel, row->units);
    *ret_line_px = px * row->line_permille / 1000;
    return (struct text_style){
        .weight = row->weight,
        .px = px,
        .spacing_px = px * row->spacing_permille / 1000,
        .tabular = row->tabular,
    };
}
