/* SPDX-License-Identifier: Apache-2.0 */
/* Millimetres: what must hold on every panel that we say we run on. */
#include "kiosk/ui/panel.h"
#include "tests/unit/test.h"

struct known {
    int w, h, mm;
};

static const struct known panels[] = {
    {1080, 1920, 0},   /* 21.5" upright, the reference */
    {1920, 1080, 476}, /* 21.5" across */
    {1080, 1920, 194}, /* 15.6" upright */
    {1920, 1080, 345}, /* 15.6" across */
    {1280, 1024, 376}, /* 19" 5:4 */
    {1080, 1920, 398}, /* 32" upright */
    {2160, 3840, 336}, /* 27" 4K upright */
};

static struct panel make(struct known k, bool large)
{
    struct panel panel;
    struct ui_config config = {.width_px = k.w, .height_px = k.h, .width_mm = k.mm};
    CHECK(panel_init(&panel, &config, large));
    return panel;
}

TEST(the_reference_panel_draws_units_as_pixels)
{
    struct panel panel = make(panels[0], false);
    CHECK(panel.portrait);
    CHECK_EQ_I64(panel_px(&panel, 100), 100);
    CHECK_EQ_I64(panel_px(&panel, -46), -46);
    CHECK_EQ_I64(panel_letter_px(&panel, 56), 56);
    CHECK_EQ_I64(panel.letter_px_min, 28); /* 5 mm capitals */
    CHECK_EQ_I64(panel.target_px_min, 81); /* 20 mm */
    CHECK_EQ_I64(panel.gap_px_min, 13);    /* 3 mm */
}

TEST(large_mode_on_the_reference_panel)
{
    struct panel panel = make(panels[0], true);
    CHECK(panel.letter_px_min >= 41); /* 7.5 mm capitals */
    CHECK(panel.target_px_min >= 101);
    CHECK(panel.gap_px_min >= 20);
    CHECK_EQ_I64(panel_letter_px(&panel, 36), 48);
    CHECK_EQ_I64(panel_letter_px(&panel, 150), 150); /* large figures stay */
}

TEST(farther_eyes_need_larger_letters)
{
    struct ui_config config = {.width_px = 1080, .height_px = 1920, .view_distance_mm = 700};
    struct panel panel;
    CHECK(panel_init(&panel, &config, true));
    CHECK(panel.letter_px_min >= 47); /* 0.7 degrees at 700 mm: 8.55 mm */
}

TEST(no_panel_goes_below_the_millimetres)
{
    for (size_t i = 0; i < sizeof panels / sizeof panels[0]; i++) {
        struct panel panel = make(panels[i], false);
        double px_mm = (double)panel.width_px / panel.width_mm;
        CHECK(panel_letter_px(&panel, 1) >= (int)(5.0 * px_mm / 0.727) - 1);
        CHECK(panel.target_px_min >= (int)(20.0 * px_mm));
        CHECK(panel.gap_px_min >= (int)(3.0 * px_mm));
        struct panel large = make(panels[i], true);
        CHECK(large.letter_px_min >= panel.letter_px_min);
        CHECK(large.target_px_min >= panel.target_px_min);
        CHECK(large.gap_px_min >= panel.gap_px_min);
    }
}

TEST(impossible_panels_are_refused)
{
    static const struct ui_config wrong[] = {
        {.width_px = 0, .height_px = 1920},
        {.width_px = 1080, .height_px = 200},
        {.width_px = 5000, .height_px = 1920},
        {.width_px = 1080, .height_px = 1920, .width_mm = 5},
        {.width_px = 1080, .height_px = 1920, .view_distance_mm = 10},
    };
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        struct panel panel = {.width_px = -1};
        CHECK(!panel_init(&panel, &wrong[i], false));
        CHECK_EQ_I64(panel.width_px, -1);
    }
}

TEST_MAIN()
