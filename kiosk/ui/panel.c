/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Norms behind the numbers: 20 mm targets with 3 mm gaps (Colle and Hiszem 2004, standing at a
 * kiosk); capitals of 5 mm (Section 508: 4.8 mm); large mode: EN 301 549 clause 5.1.4, capitals of
 * 0.7 degrees at the stated distance, at least 7.5 mm. Capitals of Noto Sans CJK and Inter are
 * 0.733 and 0.727 em high; 0.727 is used.
 */
#include "kiosk/ui/panel.h"

enum {
    REF_SHORT_PX = 1080,
    REF_LONG_PX = 1920,
    REF_SHORT_MM10 = 2677, /* 267.7 mm x 475.9 mm */
    REF_LONG_MM10 = 4759,
    CAP_PERMILLE = 727,
    CAP_MM10 = 50,
    CAP_LARGE_MM10 = 75,
    TARGET_MM10 = 200,
    TARGET_LARGE_MM10 = 250,
    GAP_MM10 = 30,
    GAP_LARGE_MM10 = 50,
    CANCEL_MM10 = 60,
    DISTANCE_MM = 600,
    TAN_07_DEG_PER_100000 = 1222, /* tan(0.7 degrees) = 0.012217 */
    REF_LETTER_LARGE_PX = 48,     /* on the reference panel: 8.7 mm capitals, 710 mm distance */
    REF_TARGET_LARGE_PX = 102,
    REF_GAP_LARGE_PX = 21,
    LARGE_PERCENT = 135,
    FIGURE_U = 90, /* letters drawn larger than this do not grow in the large mode */
};

static int div_up(int a, int b)
{
    return (a + b - 1) / b;
}

int panel_mm10(const struct panel *panel, int tenths_mm)
{
    return div_up(tenths_mm * panel->width_px, panel->width_mm * 10);
}

int panel_px(const struct panel *panel, int units)
{
    int rounding = units < 0 ? -(1 << 15) : 1 << 15;
    return (units * panel->scale_q16 + rounding) / (1 << 16);
}

int panel_letter_px(const struct panel *panel, int units)
{
    int px = panel_px(panel, units);
    if (panel->large && units <= FIGURE_U) {
        px = px * LARGE_PERCENT / 100;
    }
    return px > panel->letter_px_min ? px : panel->letter_px_min;
}

static bool in_range(int value, int min, int max)
{
    return value >= min && value <= max;
}

/*
 * A panel smaller than the reference cannot show a page in the large mode's millimetres: there the
 * large sizes keep the reference's proportions, but never below what the normal mode grants.
 */
static int floor_large(const struct panel *panel, int mm10, int ref_px, int normal_px)
{
    int px = panel_mm10(panel, mm10);
    int limit = panel_px(panel, ref_px);
    px = px < limit ? px : limit;
    return px > normal_px ? px : normal_px;
}

static void floors_set(struct panel *panel)
{
    int letter = panel_mm10(panel, CAP_MM10) * 1000 / CAP_PERMILLE;
    int target = panel_mm10(panel, TARGET_MM10);
    int gap = panel_mm10(panel, GAP_MM10);
    if (panel->large) {
        int angle_mm10 = div_up(panel->distance_mm * 10 * TAN_07_DEG_PER_100000, 100000);
        int cap_mm10 = angle_mm10 > CAP_LARGE_MM10 ? angle_mm10 : CAP_LARGE_MM10;
        letter = floor_large(panel, cap_mm10 * 1000 / CAP_PERMILLE, REF_LETTER_LARGE_PX, letter);
        target = floor_large(panel, TARGET_LARGE_MM10, REF_TARGET_LARGE_PX, target);
        gap = floor_large(panel, GAP_LARGE_MM10, REF_GAP_LARGE_PX, gap);
    }
    panel->letter_px_min = letter;
    panel->target_px_min = target;
    panel->gap_px_min = gap;
}

bool panel_init(struct panel *ret_panel, const struct ui_config *config, bool large)
{
    struct panel panel = {
        .width_px = config->width_px,
        .height_px = config->height_px,
        .width_mm = config->width_mm,
        .distance_mm = config->view_distance_mm,
        .portrait = config->height_px >= config->width_px,
        .large = large,
    };
    int ref_width = panel.portrait ? REF_SHORT_PX : REF_LONG_PX;
    int ref_height = panel.portrait ? REF_LONG_PX : REF_SHORT_PX;
    if (panel.width_mm == 0) {
        panel.width_mm = (panel.portrait ? REF_SHORT_MM10 : REF_LONG_MM10) / 10;
    }
    if (panel.distance_mm == 0) {
        panel.distance_mm = DISTANCE_MM;
    }
    if (!in_range(panel.width_px, 640, 4096) || !in_range(panel.height_px, 480, 4096) ||
        !in_range(panel.width_mm, 100, 3000) || !in_range(panel.distance_mm, 300, 2000)) {
        return false;
    }
    int by_width = (int)(((int64_t)panel.width_px << 16) / ref_width);
    int by_height = (int)(((int64_t)panel.height_px << 16) / ref_height);
    panel.scale_q16 = by_width < by_height ? by_width : by_height;
    floors_set(&panel);
    panel.cancel_px = panel_mm10(&panel, CANCEL_MM10);
    *ret_panel = panel;
    return true;
}
