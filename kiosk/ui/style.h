/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SHILLING_KIOSK_UI_STYLE_H
#define SHILLING_KIOSK_UI_STYLE_H

/* The letters of the design, by what they are for. Sizes are in units (kiosk/ui/panel.h). */

#include "kiosk/ui/panel.h"
#include "kiosk/ui/text.h"

enum ui_style {
    UI_STYLE_CLOCK,
    UI_STYLE_CLOCK_SMALL, /* landscape */
    UI_STYLE_CLOCK_HUGE,  /* attract */
    UI_STYLE_AMOUNT,      /* balance: 10 mm and more */
    UI_STYLE_AMOUNT_SIGN,
    UI_STYLE_AMOUNT_CENTS,
    UI_STYLE_PAY, /* amount to pay: 14 mm */
    UI_STYLE_PAY_SIGN,
    UI_STYLE_PAY_CENTS,
    UI_STYLE_RING_FIGURE, /* days left */
    UI_STYLE_HERO_TILE,
    UI_STYLE_PAGE_TITLE,
    UI_STYLE_TILE,
    UI_STYLE_HEADLINE,
    UI_STYLE_BUTTON_LARGE,
    UI_STYLE_BUTTON,
    UI_STYLE_KEY,
    UI_STYLE_KPI,
    UI_STYLE_SECONDS, /* a countdown's figure */
    UI_STYLE_DAY,
    UI_STYLE_DATE,
    UI_STYLE_STRONG,
    UI_STYLE_BODY,
    UI_STYLE_BODY_BOLD,
    UI_STYLE_LABEL,
    UI_STYLE_LABEL_BOLD,
    UI_STYLE_NOTE,
    UI_STYLE_SMALL,
    UI_STYLE_SMALL_BOLD,
    UI_STYLE_SMALL_FIGURE,
    UI_STYLE_CAPTION,
    UI_STYLE_CAPTION_BOLD,
    UI_STYLE_COUNT
};

/** How @p style looks on @p panel. @param ret_line_px  [out] height of one line */
struct text_style style_resolve(const struct panel *panel, enum ui_style style, int *ret_line_px);

#endif
