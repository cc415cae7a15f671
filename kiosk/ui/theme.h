/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SHILLING_KIOSK_UI_THEME_H
#define SHILLING_KIOSK_UI_THEME_H

/*
 * Colours and surfaces by meaning. A theme is data (ui-assets/themes/NAME.json, turned into C
 * tables when the kiosk is built), so that a view never names a colour and the high-contrast theme
 * is not a second set of screens. Contrasts are checked by tests/unit/kiosk/theme_test.c.
 */

#include <stdint.h>

enum ui_theme_id { UI_THEME_DAY, UI_THEME_CONTRAST, UI_THEME_COUNT };

enum ui_color {
    UI_COLOR_NONE,
    UI_COLOR_PAGE, /* behind everything */
    UI_COLOR_INK,  /* strong text */
    UI_COLOR_TEXT,
    UI_COLOR_WEAK, /* captions, 5 mm letters and more */
    UI_COLOR_LINE,
    UI_COLOR_ON_NIGHT, /* texts on the night-blue head */
    UI_COLOR_ON_NIGHT_WEAK,
    UI_COLOR_BRASS_ON_NIGHT,
    UI_COLOR_PRIMARY, /* jade: icons, rings, marks */
    UI_COLOR_ON_PRIMARY,
    UI_COLOR_ON_PRIMARY_WEAK,
    UI_COLOR_OK,
    UI_COLOR_INFO,
    UI_COLOR_WARN,
    UI_COLOR_ERROR,
    UI_COLOR_BRASS,
    UI_COLOR_ON_WARN_SOLID,
    UI_COLOR_ON_ERROR_SOLID,
    UI_COLOR_OK_ON_NIGHT,    /* a ring or dot on night */
    UI_COLOR_TRACK_ON_NIGHT, /* the unfilled part of a ring */
    UI_COLOR_TRACK,
    UI_COLOR_BAR,      /* chart: an ordinary day */
    UI_COLOR_BAR_HIGH, /* above the average */
    UI_COLOR_BAR_TODAY,
    UI_COLOR_DISABLED,   /* text of a control that rests */
    UI_COLOR_ON_PICTURE, /* text on the media picture */
    UI_COLOR_ON_PICTURE_WEAK,
    UI_COLOR_PRESS, /* laid over a pressed control; carries alpha */
    UI_COLOR_SCRIM, /* laid over the page under a sheet; carries alpha */
    UI_COLOR_ALIPAY,
    UI_COLOR_WECHAT,
    UI_COLOR_ON_WALLET,
    UI_COLOR_ON_SELECTED,
    UI_COLOR_ON_TODAY,
    UI_COLOR_ON_TODAY_WEAK,
    UI_COLOR_ON_PILL,
    UI_COLOR_ON_ICON_HERO,
    UI_COLOR_ON_INK, /* digits in number badges */
    UI_COLOR_CODE,   /* QR modules: black on white in every theme */
    UI_COLOR_PAPER,
    UI_COLOR_ART_PAD, /* pictures of what to do with a card: the reader, the card, the meter */
    UI_COLOR_ART_PAD_END,
    UI_COLOR_ART_PAD_EDGE,
    UI_COLOR_ART_CARD,
    UI_COLOR_ART_CARD_END,
    UI_COLOR_ART_CARD_EDGE,
    UI_COLOR_ART_CARD_TEXT,
    UI_COLOR_ART_STRIPE,
    UI_COLOR_ART_CHIP,
    UI_COLOR_ART_WAVE,
    UI_COLOR_ART_BODY,
    UI_COLOR_ART_BODY_END,
    UI_COLOR_ART_BODY_EDGE,
    UI_COLOR_ART_GLASS,
    UI_COLOR_ART_GLASS_TEXT,
    UI_COLOR_COUNT
};

enum ui_surface_id {
    UI_SURFACE_NONE,
    UI_SURFACE_PAGE,
    UI_SURFACE_NIGHT,      /* status bar */
    UI_SURFACE_GLASS,      /* on night */
    UI_SURFACE_TODAY,      /* the day in the week strip */
    UI_SURFACE_CHIP_BRASS, /* on night */
    UI_SURFACE_CHIP_NIGHT, /* on night */
    UI_SURFACE_CARD,
    UI_SURFACE_SUNK,
    UI_SURFACE_TILE,      /* a card that can be touched */
    UI_SURFACE_PRIMARY,   /* the one primary button */
    UI_SURFACE_HERO_TILE, /* the large tile at home */
    UI_SURFACE_PILL,      /* on the hero tile */
    UI_SURFACE_ICON_ON_HERO,
    UI_SURFACE_SECONDARY,
    UI_SURFACE_SELECTED, /* a toggle that is on */
    UI_SURFACE_DISABLED,
    UI_SURFACE_DANGER,
    UI_SURFACE_TINT_OK,
    UI_SURFACE_TINT_INFO,
    UI_SURFACE_TINT_WARN,
    UI_SURFACE_TINT_ERROR,
    UI_SURFACE_TINT_BRASS,
    UI_SURFACE_STEP_NOW,
    UI_SURFACE_STEP_NEXT,
    UI_SURFACE_LINE, /* hairlines */
    UI_SURFACE_INK,  /* number badges */
    UI_SURFACE_WARN_SOLID,
    UI_SURFACE_ERROR_SOLID,
    UI_SURFACE_PAPER, /* under a QR code, always white */
    UI_SURFACE_SHEET, /* a modal card */
    UI_SURFACE_ALIPAY,
    UI_SURFACE_WECHAT,
    UI_SURFACE_COUNT
};

enum ui_shadow {
    UI_SHADOW_NONE,
    UI_SHADOW_CARD,
    UI_SHADOW_PRIMARY,
    UI_SHADOW_SHEET,
    UI_SHADOW_COUNT
};

struct ui_surface {
    uint32_t fill;     /* 0xAARRGGBB; alpha 0: not filled */
    uint32_t fill_end; /* 0: plain; else a gradient downwards (hero tile: along 150 degrees) */
    uint32_t border;
    uint8_t border_u; /* width in half design units; 0: none */
    uint8_t shadow;   /* enum ui_shadow */
};

struct ui_theme {
    uint32_t colors[UI_COLOR_COUNT];
    struct ui_surface surfaces[UI_SURFACE_COUNT];
};

/** The baked table of a theme. */
const struct ui_theme *ui_theme_get(enum ui_theme_id id);

#endif
