/* SPDX-License-Identifier: Apache-2.0 */
/* Contrast by WCAG 2.1 (relative luminance): 7:1 for texts, 4.5:1 for captions of 5 mm and more. */
#include <math.h>

#include "kiosk/ui/icon.h"
#include "kiosk/ui/theme.h"
#include "tests/unit/test.h"

static double channel(uint32_t value)
{
    double c = (double)(value & 0xFFU) / 255.0;
    return c <= 0.03928 ? c / 12.92 : pow((c + 0.055) / 1.055, 2.4);
}

static double luminance(uint32_t color)
{
    return 0.2126 * channel(color >> 16) + 0.7152 * channel(color >> 8) + 0.0722 * channel(color);
}

static double contrast(uint32_t a, uint32_t b)
{
    double la = luminance(a);
    double lb = luminance(b);
    return la > lb ? (la + 0.05) / (lb + 0.05) : (lb + 0.05) / (la + 0.05);
}

struct pair {
    enum ui_color text;
    enum ui_surface_id on;
    double least;
};

static const struct pair pairs[] = {
    {UI_COLOR_INK, UI_SURFACE_CARD, 7},
    {UI_COLOR_INK, UI_SURFACE_PAGE, 7},
    {UI_COLOR_INK, UI_SURFACE_TILE, 7},
    {UI_COLOR_INK, UI_SURFACE_SECONDARY, 7},
    {UI_COLOR_INK, UI_SURFACE_SHEET, 7},
    {UI_COLOR_TEXT, UI_SURFACE_CARD, 7},
    {UI_COLOR_TEXT, UI_SURFACE_TILE, 7},
    {UI_COLOR_TEXT, UI_SURFACE_SUNK, 7},
    {UI_COLOR_TEXT, UI_SURFACE_SECONDARY, 7},
    {UI_COLOR_WEAK, UI_SURFACE_CARD, 4.5},
    {UI_COLOR_WEAK, UI_SURFACE_TILE, 4.5},
    {UI_COLOR_WEAK, UI_SURFACE_PAGE, 4.5},
    {UI_COLOR_WEAK, UI_SURFACE_SUNK, 4.5},
    {UI_COLOR_DISABLED, UI_SURFACE_DISABLED, 4.5},
    {UI_COLOR_ON_NIGHT, UI_SURFACE_NIGHT, 7},
    {UI_COLOR_ON_NIGHT_WEAK, UI_SURFACE_NIGHT, 7},
    {UI_COLOR_BRASS_ON_NIGHT, UI_SURFACE_NIGHT, 7},
    {UI_COLOR_OK_ON_NIGHT, UI_SURFACE_NIGHT, 4.5},
    {UI_COLOR_ON_TODAY, UI_SURFACE_TODAY, 7},
    {UI_COLOR_ON_TODAY_WEAK, UI_SURFACE_TODAY, 4.5},
    {UI_COLOR_ON_PRIMARY, UI_SURFACE_HERO_TILE, 7},
    {UI_COLOR_ON_PRIMARY_WEAK, UI_SURFACE_HERO_TILE, 4.5},
    {UI_COLOR_ON_PRIMARY, UI_SURFACE_STEP_NOW, 7},
    {UI_COLOR_ON_PILL, UI_SURFACE_PILL, 7},
    {UI_COLOR_ON_SELECTED, UI_SURFACE_SELECTED, 7},
    {UI_COLOR_ERROR, UI_SURFACE_DANGER, 7},
    {UI_COLOR_OK, UI_SURFACE_TINT_OK, 7},
    {UI_COLOR_INFO, UI_SURFACE_TINT_INFO, 7},
    {UI_COLOR_WARN, UI_SURFACE_TINT_WARN, 7},
    {UI_COLOR_ERROR, UI_SURFACE_TINT_ERROR, 7},
    {UI_COLOR_WARN, UI_SURFACE_PAGE, 7},
    {UI_COLOR_ON_INK, UI_SURFACE_INK, 7},
    {UI_COLOR_CODE, UI_SURFACE_PAPER, 20},
};

TEST(every_text_is_readable_on_its_surface)
{
    for (int t = 0; t < UI_THEME_COUNT; t++) {
        const struct ui_theme *theme = ui_theme_get((enum ui_theme_id)t);
        for (size_t i = 0; i < sizeof pairs / sizeof pairs[0]; i++) {
            uint32_t text = theme->colors[pairs[i].text];
            uint32_t on = theme->surfaces[pairs[i].on].fill;
            double got = contrast(text, on);
            if (got < pairs[i].least) {
                TEST_FAIL("theme %d pair %zu: %06X on %06X is only %.2f", t, i,
                          (unsigned)(text & 0xFFFFFFU), (unsigned)(on & 0xFFFFFFU), got);
            }
        }
    }
}

/* The primary button's gradient: white must be readable at its lighter end too. */
TEST(gradients_are_readable_at_both_ends)
{
    const struct ui_theme *day = ui_theme_get(UI_THEME_DAY);
    const struct ui_surface *primary = &day->surfaces[UI_SURFACE_PRIMARY];
    CHECK(contrast(day->colors[UI_COLOR_ON_PRIMARY], primary->fill) >= 6.3); /* 42 px bold */
    CHECK(contrast(day->colors[UI_COLOR_ON_PRIMARY], primary->fill_end) >= 7);
}

TEST(every_colour_and_surface_is_given)
{
    for (int t = 0; t < UI_THEME_COUNT; t++) {
        const struct ui_theme *theme = ui_theme_get((enum ui_theme_id)t);
        for (int i = 1; i < UI_COLOR_COUNT; i++) {
            CHECK(theme->colors[i] != 0);
        }
        for (int i = 1; i < UI_SURFACE_COUNT; i++) {
            CHECK(theme->surfaces[i].fill != 0 || theme->surfaces[i].border != 0);
        }
    }
}

TEST(the_contrast_theme_has_borders_instead_of_shadows)
{
    const struct ui_theme *theme = ui_theme_get(UI_THEME_CONTRAST);
    for (int i = 1; i < UI_SURFACE_COUNT; i++) {
        CHECK_EQ_I64(theme->surfaces[i].shadow, UI_SHADOW_NONE);
    }
    CHECK(theme->surfaces[UI_SURFACE_CARD].border_u >= 8);
}

/* Pictures have no words beside them that could stand in for a lost outline: 3:1 (WCAG 1.4.11). */
TEST(pictures_of_the_card_stand_out)
{
    static const enum ui_color art[][2] = {
        {UI_COLOR_ART_CARD_TEXT, UI_COLOR_ART_CARD},   {UI_COLOR_ART_WAVE, UI_COLOR_ART_PAD_END},
        {UI_COLOR_ART_STRIPE, UI_COLOR_ART_CARD_END},  {UI_COLOR_ART_CHIP, UI_COLOR_ART_CARD},
        {UI_COLOR_ART_GLASS_TEXT, UI_COLOR_ART_GLASS},
    };
    for (int t = 0; t < UI_THEME_COUNT; t++) {
        const struct ui_theme *theme = ui_theme_get((enum ui_theme_id)t);
        for (size_t i = 0; i < sizeof art / sizeof art[0]; i++) {
            CHECK(contrast(theme->colors[art[i][0]], theme->colors[art[i][1]]) >= 3);
        }
    }
}

TEST(every_icon_has_a_path_that_ends_painted)
{
    for (int i = 1; i < UI_ICON_COUNT; i++) {
        struct ui_icon_path path = ui_icon_path((enum ui_icon)i);
        CHECK(path.count > 5);
        CHECK_EQ_I64(path.data[path.count - 2], UI_PATH_PAINT);
    }
    CHECK_EQ_U64(ui_icon_path(UI_ICON_NONE).count, 0);
}

TEST_MAIN()
