/* SPDX-License-Identifier: Apache-2.0 */

/*
 * A canvas of 1000 x 640 points, laid into whatever rectangle the layout found. A movement is a
 * table of moments: between two of them things glide (25 pictures a second) or rest (none).
 */
#include "kiosk/screens/card_art.h"

#include "common/must.h"
#include "kiosk/ui/i18n.h"

enum {
    CANVAS_W = 1000,
    CANVAS_H = 640,
    FRAME_MS = 40,
    WAVE_FRAME_MS = 80, /* slower things need fewer pictures */
    WHOLE = 1000,       /* all of a way, or of a turn */
    CARD_W = 540,
    CARD_H = 340, /* as ISO/IEC 7810 has it: 85.6 to 54 */
    PAD_X = 140,
    PAD_Y = 150,
    PAD_W = 720,
    PAD_H = 430,
    CARD_Y = PAD_Y + 45, /* the card on the pad */
    LIFT_X = 110,        /* where the hand holds it */
    LIFT_Y = 172,
    LIES_UP = 40,             /* without a way to go the picture stands in the middle */
    STAGE_LEAST_PERCENT = 60, /* of its width, before words need the room */
    WAVES = 3,
    WAVE_MS = 1500,
};

/* What the painter needs; lives as long as the frame. */
struct scene {
    enum card_art art;
    const char *tail;
    const char *name; /* on the card */
    int way;          /* 0..WHOLE of the movement of this picture */
    int wave_ms;      /* -1: none; else the age of the newest wave */
    bool beeps;
};

/* The canvas on the panel. */
struct canvas {
    struct ui_build *build;
    int x;
    int y;
    int w; /* pixels of CANVAS_W */
};

static int px(const struct canvas *canvas, int points)
{
    return (int)((int64_t)points * canvas->w / CANVAS_W);
}

static struct ui_rect rect_of(const struct canvas *canvas, struct ui_rect points)
{
    int x = canvas->x + px(canvas, points.x);
    int y = canvas->y + px(canvas, points.y);
    return (struct ui_rect){x, y, px(canvas, points.w), px(canvas, points.h)};
}

static uint32_t faded(uint32_t color, int permille)
{
    uint32_t alpha = (color >> 24) * (uint32_t)permille / WHOLE;
    return (color & 0xFFFFFFU) | (alpha << 24);
}

/* Fast first, then slower: how a hand lays something down. */
static int eased(int way)
{
    int64_t left = WHOLE - way;
    return WHOLE - (int)(left * left * left / (INT64_C(1) * WHOLE * WHOLE));
}

static void box(const struct canvas *canvas, struct ui_rect points, int radius, enum ui_color color,
                enum ui_color end)
{
    bool plain = end == UI_COLOR_NONE;
    ui_draw(canvas->build,
            (struct draw_cmd){.op = plain ? DRAW_FILL : DRAW_GRADIENT,
                              .rect = rect_of(canvas, points),
                              .radius = px(canvas, radius),
                              .color = ui_color_value(canvas->build, color),
                              .color_end = plain ? 0 : ui_color_value(canvas->build, end)});
}

static void edge(const struct canvas *canvas, struct ui_rect points, int radius,
                 enum ui_color color)
{
    int thin = px(canvas, 3);
    int thick = px(canvas, 6);
    int thickness = ui_is_contrast(canvas->build) ? thick : thin;
    ui_draw(canvas->build, (struct draw_cmd){.op = DRAW_BORDER,
                                             .rect = rect_of(canvas, points),
                                             .radius = px(canvas, radius),
                                             .thickness = thickness > 1 ? thickness : 1,
                                             .color = ui_color_value(canvas->build, color)});
}

static void shadow(const struct canvas *canvas, struct ui_rect points, int radius, int height)
{
    if (ui_is_contrast(canvas->build)) {
        return;
    }
    int offset = px(canvas, 8 + height * 40 / WHOLE);
    int blur = px(canvas, 24 + height * 40 / WHOLE);
    struct ui_rect rect = rect_of(canvas, points);
    rect.y += offset;
    int reach = blur * 3 / 2 + 2;
    ui_draw(canvas->build, (struct draw_cmd){.op = DRAW_SHADOW,
                                             .rect = rect,
                                             .bounds = {rect.x - reach, rect.y - reach,
                                                        rect.w + 2 * reach, rect.h + 2 * reach},
                                             .color = 0x520C1B2A,
                                             .radius = px(canvas, radius),
                                             .thickness = blur,
                                             .offset = offset});
}

/* A whole circle, or of a turn the part that begins at @p offset. */
static void arc(const struct canvas *canvas, struct ui_rect points, int thickness, uint32_t color,
                int offset, int permille)
{
    int pixels = px(canvas, thickness);
    ui_draw(canvas->build, (struct draw_cmd){.op = DRAW_RING,
                                             .rect = rect_of(canvas, points),
                                             .thickness = pixels > 1 ? pixels : 1,
                                             .permille = permille,
                                             .offset = offset,
                                             .color = color});
}

static struct ui_rect around(int x, int y, int radius)
{
    return (struct ui_rect){x - radius, y - radius, 2 * radius, 2 * radius};
}

/* The sign of contactless cards: three arcs, open to the left. */
static void sign(const struct canvas *canvas, int x, int y, int size, uint32_t color)
{
    for (int i = 1; i <= WAVES; i++) {
        arc(canvas, around(x, y, size * i / WAVES), size / 10, color, 125, 250);
    }
}

static void pad(const struct canvas *canvas)
{
    const struct ui_rect foot = {PAD_X, PAD_Y + 22, PAD_W, PAD_H};
    const struct ui_rect top = {PAD_X, PAD_Y, PAD_W, PAD_H};
    const int middle_x = PAD_X + PAD_W / 2;
    const int middle_y = PAD_Y + PAD_H / 2;
    uint32_t wave = ui_color_value(canvas->build, UI_COLOR_ART_WAVE);
    shadow(canvas, foot, 64, 300);
    box(canvas, foot, 64, UI_COLOR_ART_PAD_EDGE, UI_COLOR_NONE);
    box(canvas, top, 64, UI_COLOR_ART_PAD, UI_COLOR_ART_PAD_END);
    edge(canvas, top, 64, UI_COLOR_ART_PAD_EDGE);
    arc(canvas, around(middle_x, middle_y, 160), 5, faded(wave, 380), 0, WHOLE);
    arc(canvas, around(middle_x, middle_y, 110), 5, faded(wave, 620), 0, WHOLE);
    sign(canvas, middle_x - 28, middle_y, 74, wave);
    box(canvas, (struct ui_rect){middle_x - 40, PAD_Y + PAD_H - 30, 80, 10}, 5, UI_COLOR_ART_WAVE,
        UI_COLOR_NONE);
}

/* Rings that leave the card and fade. */
static void waves(const struct canvas *canvas, const struct scene *scene)
{
    uint32_t color = ui_color_value(canvas->build, UI_COLOR_ART_WAVE);
    for (int i = 0; i < WAVES && scene->wave_ms >= 0; i++) {
        int age = (scene->wave_ms + i * WAVE_MS / WAVES) % WAVE_MS;
        int radius = 178 + 84 * age / WAVE_MS;
        int left = WHOLE - age * WHOLE / WAVE_MS;
        arc(canvas, around(PAD_X + PAD_W / 2, PAD_Y + PAD_H / 2, radius), 7,
            faded(color, left * 8 / 10), 0, WHOLE);
    }
}

static bool card_fits(const struct canvas *canvas, const char *text, int card_w)
{
    return ui_draw_width(canvas->build, UI_STYLE_SMALL_BOLD, text) <= px(canvas, card_w * 38 / 100);
}

static void card_text(const struct canvas *canvas, const char *text, int x, int y)
{
    if (text[0] != '\0') {
        struct ui_rect at = rect_of(canvas, (struct ui_rect){x, y, 0, 0});
        ui_draw_text(canvas->build, UI_STYLE_SMALL_BOLD, UI_COLOR_ART_CARD_TEXT, text, at.x, at.y);
    }
}

/* Letters do not get smaller than people can read: a small card bears none. */
static void card_texts(const struct canvas *canvas, const struct scene *scene, struct ui_rect at)
{
    if (card_fits(canvas, scene->name, at.w) && card_fits(canvas, scene->tail, at.w)) {
        card_text(canvas, scene->name, at.x + at.w * 22 / 100, at.y + at.h * 18 / 100);
        card_text(canvas, scene->tail, at.x + at.w * 78 / 100, at.y + at.h * 87 / 100);
    }
}

/* @p height 0: it lies; WHOLE: well above, with a larger shadow. */
static void card(const struct canvas *canvas, const struct scene *scene, struct ui_rect at,
                 int height)
{
    int radius = at.w * 6 / 100;
    int chip = at.w * 15 / 100;
    shadow(canvas, at, radius, height);
    box(canvas, at, radius, UI_COLOR_ART_CARD, UI_COLOR_ART_CARD_END);
    box(canvas, (struct ui_rect){at.x, at.y + at.h * 70 / 100, at.w, at.h * 5 / 100}, 0,
        UI_COLOR_ART_STRIPE, UI_COLOR_NONE);
    edge(canvas, at, radius, UI_COLOR_ART_CARD_EDGE);
    box(canvas, (struct ui_rect){at.x + at.w * 9 / 100, at.y + at.h * 34 / 100, chip, chip * 3 / 4},
        chip / 6, UI_COLOR_ART_CHIP, UI_COLOR_NONE);
    sign(canvas, at.x + at.w * 80 / 100, at.y + at.h * 44 / 100, at.w * 11 / 100,
         ui_color_value(canvas->build, UI_COLOR_ART_CARD_TEXT));
    if (scene->art != CARD_ART_METER && scene->art != CARD_ART_STILL) {
        card_texts(canvas, scene, at);
    }
}

/* "Hands off": a hand in a red ring. */
static void hand(const struct canvas *canvas, int x, int y)
{
    enum { R = 84 };
    struct ui_build *build = canvas->build;
    uint32_t warn = ui_color_value(build, UI_COLOR_ERROR);
    box(canvas, around(x, y, R), R, UI_COLOR_PAPER, UI_COLOR_NONE);
    struct ui_rect icon = rect_of(canvas, around(x, y, R * 62 / 100));
    icon.h = icon.w;
    ui_draw(build, (struct draw_cmd){.op = DRAW_ICON,
                                     .rect = icon,
                                     .icon = UI_ICON_HAND,
                                     .color = ui_color_value(build, UI_COLOR_CODE)});
    bool contrast = ui_is_contrast(build);
    arc(canvas, around(x, y, R), 11, contrast ? 0xFFB93219U : warn, 0, WHOLE);
}

/* Where the card is on its way from the hand (0) to the pad (WHOLE). */
static struct ui_rect card_on_way(int way)
{
    int left = WHOLE - way;
    return (struct ui_rect){PAD_X + (PAD_W - CARD_W) / 2 + left * LIFT_X / WHOLE,
                            CARD_Y - left * LIFT_Y / WHOLE, CARD_W, CARD_H};
}

static void paint_reader(struct canvas *canvas, const struct scene *scene)
{
    bool lies = scene->art == CARD_ART_READ || scene->art == CARD_ART_KEEP;
    canvas->y -= lies ? px(canvas, LIES_UP) : 0;
    int way = lies ? WHOLE : eased(scene->way);
    way = scene->art == CARD_ART_TAKE ? WHOLE - way : way;
    pad(canvas);
    waves(canvas, scene);
    card(canvas, scene, card_on_way(way), WHOLE - way);
    if (scene->art == CARD_ART_KEEP) {
        hand(canvas, PAD_X + PAD_W - 20, PAD_Y + 16);
    }
}

static void meter_body(const struct canvas *canvas, const struct scene *scene)
{
    const struct ui_rect body = {290, 10, 420, 440};
    const struct ui_rect glass = {340, 60, 320, 140};
    shadow(canvas, body, 48, 400);
    box(canvas, body, 48, UI_COLOR_ART_BODY, UI_COLOR_ART_BODY_END);
    edge(canvas, body, 48, UI_COLOR_ART_BODY_EDGE);
    box(canvas, glass, 18, UI_COLOR_ART_GLASS, UI_COLOR_NONE);
    edge(canvas, glass, 18, UI_COLOR_ART_BODY_EDGE);
    struct ui_rect icon = rect_of(canvas, around(500, 130, 54));
    icon.h = icon.w;
    ui_draw(canvas->build,
            (struct draw_cmd){.op = DRAW_ICON,
                              .rect = icon,
                              .icon = scene->beeps ? UI_ICON_CHECK : UI_ICON_BOLT,
                              .color = ui_color_value(canvas->build, UI_COLOR_ART_GLASS_TEXT)});
    box(canvas, around(384, 262, 16), 16, scene->beeps ? UI_COLOR_ART_WAVE : UI_COLOR_ART_BODY_EDGE,
        UI_COLOR_NONE);
    sign(canvas, 560, 290, 58, ui_color_value(canvas->build, UI_COLOR_ART_BODY_EDGE));
    box(canvas, (struct ui_rect){352, 420, 296, 12}, 6, UI_COLOR_ART_PAD_END, UI_COLOR_NONE);
}

/* The card comes from below and goes behind the meter's front. What is below the picture is cut
 * off, with room for its shadow. */
static void paint_meter(const struct canvas *canvas, const struct scene *scene)
{
    int y = 560 - eased(scene->way) * 260 / WHOLE;
    card(canvas, scene, (struct ui_rect){365, y, 270, CANVAS_H - 48 - y}, 0);
    meter_body(canvas, scene);
    if (scene->beeps) {
        uint32_t color = ui_color_value(canvas->build, UI_COLOR_OK);
        for (int i = 1; i <= WAVES; i++) {
            arc(canvas, around(680, 130, 60 + 46 * i), 11, color, 180, 140);
        }
    }
}

static void paint(struct ui_build *build, struct ui_rect rect, const void *data)
{
    const struct scene *scene = data;
    struct canvas canvas = {.build = build, .w = rect.w};
    int least = rect.h * CANVAS_W / CANVAS_H;
    canvas.w = canvas.w < least ? canvas.w : least;
    canvas.x = rect.x + (rect.w - canvas.w) / 2;
    canvas.y = rect.y + (rect.h - px(&canvas, CANVAS_H)) / 2;
    if (scene->art == CARD_ART_METER) {
        paint_meter(&canvas, scene);
    } else if (scene->art == CARD_ART_STILL) {
        card(&canvas, scene, (struct ui_rect){30, 22, 940, 592}, WHOLE / 2);
    } else {
        paint_reader(&canvas, scene);
    }
}

/* One round of a movement: it waits, glides, and rests until the round is over. */
struct movement {
    int wait_ms;
    int glide_ms;
    int round_ms;
    bool waves; /* while it rests */
};

static const struct movement movements[CARD_ART_COUNT] = {
    [CARD_ART_LAY] = {500, 700, 3600, true},    [CARD_ART_READ] = {0, 0, WAVE_MS, true},
    [CARD_ART_KEEP] = {0, 0, WAVE_MS, true},    [CARD_ART_TAKE] = {600, 700, 2600, false},
    [CARD_ART_METER] = {600, 900, 3600, false}, [CARD_ART_STILL] = {0, 0, 0, false},
};

static void scene_move(struct ui_build *build, struct scene *scene, int64_t since_ms)
{
    const struct movement *movement = &movements[scene->art];
    scene->wave_ms = -1;
    scene->way = WHOLE;
    if (movement->round_ms == 0) {
        return;
    }
    int64_t now_ms = ui_now(build).mono_ms;
    int64_t age_ms = now_ms > since_ms ? now_ms - since_ms : 0;
    int at_ms = (int)(age_ms % movement->round_ms);
    int rest_ms = at_ms - movement->wait_ms - movement->glide_ms;
    if (at_ms < movement->wait_ms) {
        scene->way = 0;
        ui_wake_at(build, now_ms + movement->wait_ms - at_ms);
    } else if (rest_ms < 0) {
        scene->way = (at_ms - movement->wait_ms) * WHOLE / movement->glide_ms;
        ui_wake_at(build, now_ms + FRAME_MS);
    } else {
        scene->beeps = true;
        scene->wave_ms = movement->waves ? rest_ms : -1;
        int64_t next_ms = movement->waves ? WAVE_FRAME_MS : movement->round_ms - at_ms;
        ui_wake_at(build, now_ms + next_ms);
    }
}

static void scene_add(struct ui_build *build, const struct ui_box *box, enum card_art art,
                      const char *tail, int64_t since_ms)
{
    MUST(art < CARD_ART_COUNT);
    struct scene *scene = ui_alloc(build, sizeof *scene);
    if (scene == NULL) {
        return;
    }
    *scene = (struct scene){.art = art, .tail = tail, .name = TC("on the card", "Meter card")};
    scene_move(build, scene, since_ms);
    ui_paint(build, box, paint, scene);
}

void card_stage(struct ui_build *build, enum card_art art, int size_u, const char *tail,
                int64_t since_ms)
{
    const struct ui_size height = {.sizing = LAYOUT_GROW,
                                   .value = 1,
                                   .min = size_u * STAGE_LEAST_PERCENT / 100 * CANVAS_H / CANVAS_W,
                                   .max = size_u * CANVAS_H / CANVAS_W};
    ui_open(build, &(struct ui_box){.direction = LAYOUT_COLUMN,
                                    .w = UI_GROW(1),
                                    .h = UI_GROW(1),
                                    .justify = LAYOUT_CENTER,
                                    .surface = UI_SURFACE_SUNK,
                                    .radius = 28,
                                    .drop = 6});
    scene_add(build, &(struct ui_box){.w = UI_GROW(1), .h = height}, art, tail, since_ms);
    ui_close(build);
}

void card_art(struct ui_build *build, enum card_art art, int size_u, const char *tail,
              int64_t since_ms)
{
    scene_add(build,
              &(struct ui_box){.w = UI_UNITS(size_u), .h = UI_UNITS(size_u * CANVAS_H / CANVAS_W)},
              art, tail, since_ms);
}
