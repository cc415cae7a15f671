/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SHILLING_KIOSK_UI_PANEL_H
#define SHILLING_KIOSK_UI_PANEL_H

/*
 * Lengths. Designs are drawn in units (u): one pixel of the reference panel, 21.5" upright,
 * 1080 x 1920 at 4.03 px/mm. On another panel they scale with its pixels, so that a page fills it;
 * but letters, targets and gaps never become smaller than the millimetres that people need, so a
 * small panel gets relatively larger letters and the layout gives way elsewhere.
 */

#include <stdbool.h>

#include "common/compiler.h"
#include "kiosk/ui/ui.h"

struct panel {
    int width_px;
    int height_px;
    int width_mm;
    int distance_mm;
    int scale_q16; /* pixels per unit, 16 fractional bits */
    bool portrait;
    bool large;        /* the user's large mode */
    int letter_px_min; /* em size whose capitals are 5 mm (large: 7.5 mm, or 0.7 degrees) */
    int target_px_min; /* 20 mm (large: 25 mm) */
    int gap_px_min;    /* 3 mm (large: 5 mm) between targets */
    int cancel_px;     /* a finger that moved this far outside means nothing */
};

/** False for a panel outside ui_config's ranges. */
MUST_CHECK bool panel_init(struct panel *ret_panel, const struct ui_config *config, bool large);

/** Pixels of a length in units. */
int panel_px(const struct panel *panel, int units);

/** Pixels of a length in tenths of a millimetre. */
int panel_mm10(const struct panel *panel, int tenths_mm);

/** Em size in pixels of letters drawn at @p units in the design. */
int panel_letter_px(const struct panel *panel, int units);

#endif
