/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SHILLING_KIOSK_UI_ICON_H
#define SHILLING_KIOSK_UI_ICON_H

/*
 * Icons are strokes on a 24-unit grid, drawn in ui-assets/icons/NAME.svg and turned into tables
 * when the kiosk is built, so that no file is missing at run time and none is parsed.
 */

#include <stddef.h>
#include <stdint.h>

enum ui_icon {
    UI_ICON_NONE,
    UI_ICON_ARROW_LEFT,
    UI_ICON_BELL,
    UI_ICON_BOLT,
    UI_ICON_BUILDING,
    UI_ICON_CARD,
    UI_ICON_CHECK,
    UI_ICON_CHEVRON_LEFT,
    UI_ICON_CHEVRON_RIGHT,
    UI_ICON_CLOCK,
    UI_ICON_CLOSE,
    UI_ICON_CONTRAST,
    UI_ICON_DOCUMENT_SEARCH,
    UI_ICON_DROP,
    UI_ICON_ERASE,
    UI_ICON_ERROR,
    UI_ICON_FINGER,
    UI_ICON_GLOBE,
    UI_ICON_HAND,
    UI_ICON_HOME,
    UI_ICON_HOURGLASS,
    UI_ICON_INFO,
    UI_ICON_KEYPAD,
    UI_ICON_LETTERS,
    UI_ICON_PHONE,
    UI_ICON_PRINTER,
    UI_ICON_QR,
    UI_ICON_RECEIPT,
    UI_ICON_REFRESH,
    UI_ICON_SEARCH,
    UI_ICON_SHIELD,
    UI_ICON_SMARTPHONE,
    UI_ICON_SOUND_0,
    UI_ICON_SOUND_1,
    UI_ICON_SOUND_2,
    UI_ICON_SOUND_3,
    UI_ICON_TICK_CIRCLE,
    UI_ICON_TOOLS,
    UI_ICON_WAIT,
    UI_ICON_WALLET,
    UI_ICON_WARNING,
    UI_ICON_WIFI,
    UI_ICON_WIFI_OFF,
    UI_ICON_COUNT
};

/*
 * A path as numbers: an operator, then its points in 1/1000 of a grid unit. UI_PATH_PAINT ends a
 * shape and says how it is painted: 0 stroked, 1 filled.
 */
enum ui_path_op {
    UI_PATH_MOVE,  /* x y */
    UI_PATH_LINE,  /* x y */
    UI_PATH_CURVE, /* x1 y1 x2 y2 x y */
    UI_PATH_CLOSE,
    UI_PATH_PAINT, /* 0 or 1 */
};

struct ui_icon_path {
    const int16_t *data;
    size_t count;
};

/** The path of an icon; count 0 for UI_ICON_NONE. */
struct ui_icon_path ui_icon_path(enum ui_icon icon);

#endif
