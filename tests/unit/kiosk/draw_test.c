/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The draw list, its comparison and its painting. The heart is one property: painting only the
 * dirty areas of a picture gives the same pixels as painting all of it.
 */
#include <stdlib.h>

#include "kiosk/ui/diff.h"
#include "kiosk/ui/raster.h"
#include "tests/unit/test.h"

enum {
    WIDTH = 400,
    HEIGHT = 300,
    SCENES = 200,
    LEVELS_MAX = 6 /* of 255: cairo rounds coverage differently at a clip */
};

static struct diff diff;
static struct draw_list list;
static struct ui_rects rects;

static struct draw_cmd fill(int x, int y, int w, int h, uint32_t color)
{
    return (struct draw_cmd){.op = DRAW_FILL, .rect = {x, y, w, h}, .color = color};
}

static void add_page(void)
{
    draw_reset(&list);
    draw_add(&list, fill(0, 0, WIDTH, HEIGHT, 0xFFF5F4F0));
}

TEST(first_picture_is_painted_whole)
{
    diff_init(&diff, WIDTH, HEIGHT);
    add_page();
    diff_update(&diff, &list, &rects);
    CHECK_EQ_U64(rects.count, 1);
    CHECK_EQ_I64(rects.list[0].w, WIDTH);
    CHECK_EQ_I64(rects.list[0].h, HEIGHT);
}

TEST(the_same_picture_is_not_painted_again)
{
    diff_init(&diff, WIDTH, HEIGHT);
    add_page();
    diff_update(&diff, &list, &rects);
    diff_update(&diff, &list, &rects);
    CHECK_EQ_U64(rects.count, 0);
    diff_invalidate(&diff);
    diff_update(&diff, &list, &rects);
    CHECK_EQ_U64(rects.count, 1);
}

TEST(a_small_change_dirties_its_cells_only)
{
    diff_init(&diff, WIDTH, HEIGHT);
    add_page();
    draw_add(&list, fill(70, 70, 10, 10, 0xFF000000));
    diff_update(&diff, &list, &rects);
    add_page();
    draw_add(&list, fill(70, 70, 10, 10, 0xFF000001));
    diff_update(&diff, &list, &rects);
    CHECK_EQ_U64(rects.count, 1);
    CHECK_EQ_I64(rects.list[0].x, 64);
    CHECK_EQ_I64(rects.list[0].y, 64);
    CHECK_EQ_I64(rects.list[0].w, 64);
    CHECK_EQ_I64(rects.list[0].h, 64);
}

TEST(something_that_moved_dirties_both_places)
{
    diff_init(&diff, WIDTH, HEIGHT);
    add_page();
    draw_add(&list, fill(10, 10, 10, 10, 0xFF000000));
    diff_update(&diff, &list, &rects);
    add_page();
    draw_add(&list, fill(330, 200, 10, 10, 0xFF000000));
    diff_update(&diff, &list, &rects);
    CHECK_EQ_U64(rects.count, 2);
}

TEST(order_matters)
{
    diff_init(&diff, WIDTH, HEIGHT);
    add_page();
    draw_add(&list, fill(10, 10, 10, 10, 0xFF000000));
    draw_add(&list, fill(15, 15, 10, 10, 0xFFFFFFFF));
    diff_update(&diff, &list, &rects);
    add_page();
    draw_add(&list, fill(15, 15, 10, 10, 0xFFFFFFFF));
    draw_add(&list, fill(10, 10, 10, 10, 0xFF000000));
    diff_update(&diff, &list, &rects);
    CHECK_EQ_U64(rects.count, 1);
}

TEST(scattered_changes_never_overflow_the_list)
{
    diff_init(&diff, WIDTH, HEIGHT);
    add_page();
    diff_update(&diff, &list, &rects);
    add_page();
    for (int y = 0; y < HEIGHT; y += 128) {
        for (int x = 0; x < WIDTH; x += 128) {
            draw_add(&list, fill(x, y, 4, 4, 0xFF123456));
        }
    }
    for (int i = 0; i < 40; i++) {
        draw_add(&list, fill(i * 10, (i * 37) % HEIGHT, 3, 3, 0xFF654321));
    }
    diff_update(&diff, &list, &rects);
    CHECK(rects.count >= 1);
    CHECK(rects.count <= UI_RECTS_MAX);
}

TEST(a_full_list_refuses_and_says_so)
{
    draw_reset(&list);
    for (int i = 0; i < DRAW_CMDS_MAX; i++) {
        draw_add(&list, fill(0, 0, 1, 1, 0xFF000000));
    }
    CHECK(!list.full);
    draw_add(&list, fill(0, 0, 1, 1, 0xFF000000));
    CHECK(list.full);
    CHECK_EQ_U64(list.count, DRAW_CMDS_MAX);
}

/* A fixed sequence: every run sees the same scenes. */
static uint32_t noise_state;

static int noise(int bound)
{
    noise_state = noise_state * 1664525U + 1013904223U;
    return (int)((noise_state >> 8) % (uint32_t)bound);
}

static void scene_add(void)
{
    static const char *const words[] = {"10:32", "Shilling", "\xE7\x94\xB5\xE8\xA1\xA8 5566"};
    static const enum text_weight weights[] = {TEXT_REGULAR, TEXT_BOLD, TEXT_FIGURE};
    struct draw_cmd cmd = {.rect = {noise(WIDTH), noise(HEIGHT), 20 + noise(150), 20 + noise(90)},
                           .color = 0xFF000000U | (uint32_t)noise(0xFFFFFF),
                           .radius = noise(20)};
    switch (noise(8)) {
    case 0:
        cmd.op = DRAW_FILL;
        break;
    case 1:
        cmd.op = DRAW_GRADIENT;
        cmd.color_end = 0xFF00FF00;
        break;
    case 2:
        cmd.op = DRAW_BORDER;
        cmd.thickness = 1 + noise(5);
        break;
    case 3:
        cmd.op = DRAW_SHADOW;
        cmd.color = 0x40000000;
        cmd.thickness = 4 + noise(8);
        cmd.bounds =
            (struct ui_rect){cmd.rect.x - 20, cmd.rect.y - 20, cmd.rect.w + 40, cmd.rect.h + 40};
        break;
    case 4:
        cmd.op = DRAW_ICON;
        cmd.icon = (enum ui_icon)(1 + noise(UI_ICON_COUNT - 1));
        cmd.rect.h = cmd.rect.w;
        break;
    case 5:
        cmd.op = DRAW_RING;
        cmd.rect.h = cmd.rect.w;
        cmd.thickness = 4;
        cmd.permille = noise(1001);
        cmd.color_end = 0xFFDDDDDD;
        break;
    case 6:
        cmd.op = DRAW_PICTURE;
        cmd.picture = (enum draw_picture)(1 + noise(DRAW_PICTURE_COUNT - 1));
        break;
    default:
        cmd.op = DRAW_TEXT;
        cmd.text = words[noise(3)];
        cmd.text_size = strlen(cmd.text);
        cmd.style = (struct text_style){
            .weight = weights[noise(3)], .px = 16 + noise(30), .tabular = noise(2) == 0};
        cmd.rect.w = 200;
        cmd.baseline = cmd.rect.y + cmd.style.px;
        break;
    }
    draw_add(&list, cmd);
}

static int levels_between(uint32_t a, uint32_t b)
{
    int most = 0;
    for (int shift = 0; shift < 24; shift += 8) {
        int levels = abs((int)((a >> shift) & 0xFFU) - (int)((b >> shift) & 0xFFU));
        most = levels > most ? levels : most;
    }
    return most;
}

TEST(dirty_areas_give_the_same_pixels_as_the_whole)
{
    struct text_engine *text = NULL;
    struct raster *raster = NULL;
    struct ui_config config = {.width_px = WIDTH, .height_px = HEIGHT};
    CHECK_EQ_I64(text_create(&config, &text), OK);
    CHECK_EQ_I64(raster_create(text, &raster), OK);
    static uint32_t partly[WIDTH * HEIGHT];
    static uint32_t wholly[WIDTH * HEIGHT];
    struct raster_target target = {
        .pixels = partly, .width = WIDTH, .height = HEIGHT, .stride_px = WIDTH};
    struct raster_target whole = target;
    whole.pixels = wholly;
    diff_init(&diff, WIDTH, HEIGHT);
    noise_state = 7;
    for (int i = 0; i < SCENES; i++) {
        uint32_t start = noise_state;
        if (i % 3 != 0) {
            noise_state = 12345; /* the background scene stays, something is added to it */
        }
        add_page();
        for (int n = 0; n < 6; n++) {
            scene_add();
        }
        noise_state = start + 1;
        scene_add();
        diff_update(&diff, &list, &rects);
        for (size_t r = 0; r < rects.count; r++) {
            raster_paint(raster, &list, &target, rects.list[r]);
        }
        raster_paint(raster, &list, &whole, (struct ui_rect){0, 0, WIDTH, HEIGHT});
        for (size_t p = 0; p < WIDTH * HEIGHT; p++) {
            if (levels_between(partly[p], wholly[p]) > LEVELS_MAX) {
                TEST_FAIL("scene %d differs at %zu,%zu: %06x, not %06x", i, p % WIDTH, p / WIDTH,
                          (unsigned)(partly[p] & 0xFFFFFFU), (unsigned)(wholly[p] & 0xFFFFFFU));
            }
        }
    }
    raster_destroy(raster);
    text_destroy(text);
}

TEST_MAIN()
