/* SPDX-License-Identifier: Apache-2.0 */
/* One finger: press, release, wander off, bounce, come too early. */
#include "kiosk/ui/build.h"
#include "kiosk/ui/inspect.h"
#include "kiosk/ui/ui.h"
#include "tests/unit/test.h"

enum { WIDTH = 1080, HEIGHT = 1920, ACTION_TOP = 1, ACTION_KEY = 2, ACTION_SHEET = 3 };

static uint32_t pixels[WIDTH * HEIGHT];
static struct ui *ui;
static bool sheet_open;

/* A button, a key below it, and perhaps a sheet over both. */
static void view(struct ui_build *build, const void *state)
{
    (void)state;
    ui_open(build, &(struct ui_box){.direction = LAYOUT_COLUMN, .w = UI_GROW(1), .h = UI_GROW(1)});
    ui_open(build, &(struct ui_box){.w = UI_UNITS(400),
                                    .h = UI_UNITS(200),
                                    .surface = UI_SURFACE_PRIMARY,
                                    .action = ACTION_TOP,
                                    .value = 7});
    ui_close(build);
    ui_space(build, 100);
    ui_open(build, &(struct ui_box){.w = UI_UNITS(400),
                                    .h = UI_UNITS(200),
                                    .surface = UI_SURFACE_SECONDARY,
                                    .action = ACTION_KEY,
                                    .repeats = true});
    ui_close(build);
    ui_close(build);
    if (sheet_open) {
        ui_open(build,
                &(struct ui_box){
                    .direction = LAYOUT_STACK, .w = UI_GROW(1), .h = UI_GROW(1), .modal = true});
        ui_open(build, &(struct ui_box){.w = UI_UNITS(200),
                                        .h = UI_UNITS(200),
                                        .place_x = LAYOUT_END,
                                        .action = ACTION_SHEET});
        ui_close(build);
        ui_close(build);
    }
}

static struct ui_rects show(uint32_t page, int64_t now_ms)
{
    struct ui_rects rects = {0};
    if (ui == NULL) {
        struct ui_config config = {.width_px = WIDTH, .height_px = HEIGHT};
        CHECK_EQ_I64(ui_create(&config, &ui), OK);
        ui_set_look(ui, &(struct ui_look){.language = "en"});
    }
    struct ui_scene scene = {
        .view = view, .page = page, .now = {.mono_ms = now_ms, .wall_s = 1795141920}};
    ui_render(ui, &scene, (struct ui_canvas){pixels, WIDTH * 4}, &rects);
    return rects;
}

static void begin(void)
{
    ui_destroy(ui);
    ui = NULL;
    sheet_open = false;
    (void)show(1, 1000);
}

static uint16_t tap(int x, int y, int64_t now_ms)
{
    struct ui_hit hit = {0};
    (void)ui_pointer_down(ui, x, y, now_ms);
    (void)ui_pointer_up(ui, x, y, now_ms + 60, &hit);
    return hit.action;
}

TEST(a_tap_acts_on_release)
{
    begin();
    struct ui_hit hit = {0};
    CHECK(ui_pointer_down(ui, 10, 10, 2000));
    CHECK_EQ_U64(hit.action, 0);
    CHECK(ui_pointer_up(ui, 12, 12, 2060, &hit));
    CHECK_EQ_U64(hit.action, ACTION_TOP);
    CHECK_EQ_U64(hit.value, 7);
}

TEST(a_press_is_seen_at_once_and_only_there)
{
    begin();
    CHECK_EQ_U64(show(1, 1500).count, 0);
    CHECK(ui_pointer_down(ui, 10, 10, 2000));
    struct ui_rects rects = show(1, 2000);
    CHECK(rects.count >= 1);
    for (size_t i = 0; i < rects.count; i++) {
        CHECK(rects.list[i].y + rects.list[i].h <= 320);
    }
    CHECK(ui_pointer_cancel(ui));
    CHECK(show(1, 2010).count >= 1);
    CHECK_EQ_U64(show(1, 2020).count, 0);
}

TEST(wandering_off_means_nothing)
{
    begin();
    struct ui_hit hit = {0};
    CHECK(ui_pointer_down(ui, 10, 10, 2000));
    CHECK(ui_pointer_move(ui, 10, 400));
    (void)ui_pointer_up(ui, 10, 400, 2100, &hit);
    CHECK_EQ_U64(hit.action, 0);
    /* A little beside it is still meant. */
    CHECK(ui_pointer_down(ui, 10, 10, 3000));
    (void)ui_pointer_up(ui, 10, 200 + 20, 3060, &hit);
    CHECK_EQ_U64(hit.action, ACTION_TOP);
}

TEST(a_new_page_rests_for_150_ms)
{
    begin();
    (void)show(2, 5000);
    CHECK_EQ_U64(tap(10, 10, 5100), 0);
    CHECK_EQ_U64(tap(10, 10, 5151), ACTION_TOP);
}

TEST(a_press_does_not_live_through_a_change_of_page)
{
    begin();
    struct ui_hit hit = {0};
    CHECK(ui_pointer_down(ui, 10, 10, 2000));
    (void)show(2, 2020);
    (void)ui_pointer_up(ui, 10, 10, 2400, &hit);
    CHECK_EQ_U64(hit.action, 0);
}

TEST(the_same_control_twice_is_a_shaking_hand_but_keys_are_typed)
{
    begin();
    CHECK_EQ_U64(tap(10, 10, 2000), ACTION_TOP);
    CHECK_EQ_U64(tap(10, 10, 2200), 0);
    CHECK_EQ_U64(tap(10, 10, 2500), ACTION_TOP);
    CHECK_EQ_U64(tap(10, 310, 3000), ACTION_KEY);
    CHECK_EQ_U64(tap(10, 310, 3090), ACTION_KEY);
}

TEST(contacts_that_bounce_and_second_fingers_are_ignored)
{
    begin();
    struct ui_hit hit = {0};
    CHECK(ui_pointer_down(ui, 10, 310, 2000));
    CHECK(!ui_pointer_down(ui, 10, 10, 2005)); /* a second finger */
    (void)ui_pointer_up(ui, 10, 310, 2010, &hit);
    CHECK_EQ_U64(hit.action, ACTION_KEY);
    CHECK(!ui_pointer_down(ui, 10, 310, 2025)); /* the first one bouncing */
}

TEST(nothing_below_a_sheet_can_be_touched)
{
    begin();
    sheet_open = true;
    (void)show(1, 2000);
    CHECK_EQ_U64(tap(10, 10, 3000), 0);
    CHECK_EQ_U64(tap(WIDTH - 10, 10, 4000), ACTION_SHEET);
}

TEST(releases_without_a_press_do_no_harm)
{
    begin();
    struct ui_hit hit = {.action = 9};
    CHECK(!ui_pointer_up(ui, 10, 10, 2000, &hit));
    CHECK_EQ_U64(hit.action, 0);
    CHECK(!ui_pointer_cancel(ui));
    CHECK(!ui_pointer_move(ui, 10, 10));
    ui_destroy(ui);
    ui = NULL;
}

TEST_MAIN()
