/* SPDX-License-Identifier: Apache-2.0 */

/* The pages of a card in pixels: what to do is drawn, it moves, and nothing else does. */
#include "kiosk/ui/frame.h"
#include "tests/unit/kiosk/pages.h"

enum {
    LONG_PX = 1280, /* small panels: every pixel of every frame is compared */
    SHORT_PX = 720,
    WALK_MS = 4000, /* longer than any round of a movement */
    FRAME_MS = 80,  /* a glide or a wave that waits longer is seen to jerk */
    RED_MS = 20000, /* UX of "written": a card that still lies there gets a red frame */
    LEAST_INK = 75, /* of 1000 pixels of the stage; the smallest picture fills 90 */
};

enum { LARGE = 2 /* of the dresses below */ };

static const struct dress dresses[] = {
    {.width = SHORT_PX, .height = LONG_PX},
    {.width = LONG_PX, .height = SHORT_PX},
    [LARGE] = {.width = SHORT_PX, .height = LONG_PX, .large = true, .contrast = true},
};

static uint32_t before[LONG_PX * SHORT_PX];

/* The session of a sample without its countdowns: they tick beside the picture. */
static struct ui_now load(struct ui *ui, const char *name, const struct dress *dress)
{
    char wrong[PATH_SIZE] = "";
    struct ui_now now = {0};
    if (shot_states_get(states, name, &session, &now, wrong, sizeof wrong) != OK) {
        TEST_FAIL("%s: %s", name, wrong);
    }
    session.screen_until_ms = 0;
    session.card.give_up_ms = 0;
    session.comfort.large = dress->large;
    session.comfort.contrast = dress->contrast;
    struct ui_look look = screens_look(&session);
    ui_set_look(ui, &look);
    ui_invalidate(ui);
    return now;
}

static size_t paint(struct ui *ui, struct ui_now now, const struct dress *dress)
{
    struct ui_rects rects;
    memcpy(before, pixels, sizeof before);
    render(ui, 1, now, dress->width, &rects);
    return rects.count;
}

static bool holds(struct ui_rect outer, struct ui_rect inner)
{
    return inner.x >= outer.x && inner.y >= outer.y && inner.x + inner.w <= outer.x + outer.w &&
           inner.y + inner.h <= outer.y + outer.h;
}

/* Where a card is drawn: the stage below it; where it has none, the card. Empty: no picture. */
static struct ui_rect picture_of(const struct ui *ui)
{
    const struct ui_build *build = ui_inspect(ui);
    struct ui_rect stage = {0};
    for (size_t i = 0; i < build->list.count; i++) {
        const struct draw_cmd *cmd = &build->list.cmds[i];
        if (cmd->op == DRAW_FILL && cmd->color == build->theme->surfaces[UI_SURFACE_SUNK].fill) {
            stage = cmd->rect;
        }
        if (cmd->op == DRAW_GRADIENT && cmd->color == ui_color_value(build, UI_COLOR_ART_CARD)) {
            return holds(stage, cmd->rect) ? stage : cmd->rect;
        }
    }
    return (struct ui_rect){0};
}

/* What else a page may move: the ring beside "writing". */
static struct ui_rect spinner_of(const struct ui *ui, struct ui_rect picture)
{
    const struct ui_build *build = ui_inspect(ui);
    struct ui_rect rings = {0};
    for (size_t i = 0; i < build->list.count; i++) {
        const struct draw_cmd *cmd = &build->list.cmds[i];
        if (cmd->op == DRAW_RING && rect_is_empty(rect_intersect(cmd->rect, picture))) {
            rings = rect_union(rings, cmd->rect);
        }
    }
    return rings;
}

static bool is_in(struct ui_rect rect, int x, int y)
{
    return x >= rect.x && x < rect.x + rect.w && y >= rect.y && y < rect.y + rect.h;
}

/* By more than one level of a colour: a gradient that is painted again in part rounds otherwise. */
static bool differs(uint32_t a, uint32_t b)
{
    for (int shift = 0; shift < 24; shift += 8) {
        int step = (int)(a >> shift & 0xFFU) - (int)(b >> shift & 0xFFU);
        if (step > 1 || step < -1) {
            return true;
        }
    }
    return false;
}

/* Pixels that differ from the frame before: inside @p picture, and outside it and @p spinner. */
struct change {
    int inside;
    int outside;
};

static struct change change_of(const struct dress *dress, struct ui_rect picture,
                               struct ui_rect spinner)
{
    struct change change = {0};
    for (int i = 0; i < dress->width * dress->height; i++) {
        if (pixels[i] != before[i] && differs(pixels[i], before[i])) {
            bool in = is_in(picture, i % dress->width, i / dress->width);
            change.inside += in ? 1 : 0;
            change.outside += in || is_in(spinner, i % dress->width, i / dress->width) ? 0 : 1;
        }
    }
    return change;
}

/* How many of 1000 pixels of the picture's place are not its ground. */
static int ink_of(const struct ui *ui, const struct dress *dress, struct ui_rect picture)
{
    uint32_t ground = ui_inspect(ui)->theme->surfaces[UI_SURFACE_SUNK].fill & 0xFFFFFFU;
    int64_t ink = 0;
    for (int y = picture.y; y < picture.y + picture.h; y++) {
        for (int x = picture.x; x < picture.x + picture.w; x++) {
            ink += (pixels[y * dress->width + x] & 0xFFFFFFU) != ground ? 1 : 0;
        }
    }
    return (int)(ink * 1000 / ((int64_t)picture.w * picture.h + 1));
}

/* A page that moves. In WALK_MS each makes at least this many steps that the eye runs together. */
struct moving {
    const char *name;
    int steps;
    bool spins;
};

static void walk(struct ui *ui, const struct moving *page, const struct dress *dress)
{
    struct ui_now now = load(ui, page->name, dress);
    (void)paint(ui, now, dress);
    const struct ui_rect picture = picture_of(ui);
    const struct ui_rect spinner = page->spins ? spinner_of(ui, picture) : (struct ui_rect){0};
    const int ink = ink_of(ui, dress, picture);
    if (ink < LEAST_INK) {
        TEST_FAIL("%s %dx%d has no picture but %d of 1000 pixels in %dx%d", page->name,
                  dress->width, dress->height, ink, picture.w, picture.h);
    }
    int steps = 0;
    for (const int64_t end_ms = now.mono_ms + WALK_MS; now.mono_ms < end_ms;) {
        int64_t next_ms = ui_next_deadline_ms(ui);
        if (next_ms <= now.mono_ms || next_ms > now.mono_ms + WALK_MS) {
            TEST_FAIL("%s %dx%d: the next frame is not asked for", page->name, dress->width,
                      dress->height);
        }
        struct ui_now just_before = {.mono_ms = next_ms - 1, .wall_s = now.wall_s};
        bool rests = next_ms - now.mono_ms > FRAME_MS;
        if (rests && paint(ui, just_before, dress) != 0) {
            TEST_FAIL("%s moves before it is woken", page->name);
        }
        bool runs = next_ms - now.mono_ms <= FRAME_MS;
        now.mono_ms = next_ms;
        (void)paint(ui, now, dress);
        struct change change = change_of(dress, picture, spinner);
        steps += runs && change.inside > 0 ? 1 : 0;
        if (change.outside > 0) {
            TEST_FAIL("%s %dx%d: %d pixels change outside the picture", page->name, dress->width,
                      dress->height, change.outside);
        }
    }
    if (steps < page->steps) {
        TEST_FAIL("%s %dx%d: %d steps", page->name, dress->width, dress->height, steps);
    }
}

static void each_dress(const struct moving *pages, size_t count, size_t dress_count)
{
    open_states();
    for (size_t d = 0; d < dress_count; d++) {
        struct ui *ui = open_ui(dresses[d].width, dresses[d].height);
        for (size_t i = 0; i < count; i++) {
            walk(ui, &pages[i], &dresses[d]);
        }
        ui_destroy(ui);
    }
}

TEST(a_picture_shows_how_a_card_is_laid_and_read)
{
    static const struct moving pages[] = {
        {"card-place", 40, false},         {"card-place-two", 40, false},
        {"card-place-reading", 45, false}, {"card-back", 40, false},
        {"card-back-early", 40, false},    {"card-back-repair", 40, false},
    };
    each_dress(pages, ARRAY_COUNT(pages), ARRAY_COUNT(dresses));
}

TEST(a_picture_shows_that_a_card_stays_while_it_is_written)
{
    static const struct moving pages[] = {
        {"card-asking", 45, true},       {"card-write", 45, true},
        {"card-confirming", 45, true},   {"card-write-owed", 45, true},
        {"card-write-repair", 45, true},
    };
    each_dress(pages, ARRAY_COUNT(pages), ARRAY_COUNT(dresses));
}

TEST(a_picture_shows_how_a_card_is_taken_and_put_into_the_meter)
{
    static const struct moving pages[] = {
        {"card-done", 15, false},        {"card-done-late", 15, false},
        {"card-done-repair", 15, false}, {"card-done-taken", 20, false},
        {"card-done-found", 20, false},  {"card-done-return-taken", 20, false},
    };
    each_dress(pages, ARRAY_COUNT(pages), ARRAY_COUNT(dresses));
}

/* In the large letters their words need the room. */
TEST(a_picture_shows_what_to_do_with_a_card_that_was_not_finished)
{
    static const struct moving pages[] = {{"card-owed", 40, false},
                                          {"card-owed-repair", 40, false},
                                          {"card-owed-written", 15, false}};
    each_dress(pages, ARRAY_COUNT(pages), LARGE);
}

/* Whose card it is, and a card that nothing can be done about here: nobody is woken for them. */
TEST(a_card_that_rests_wakes_nobody)
{
    static const char *const pages[] = {"card", "card-owed-damaged"};
    const struct dress *dress = &dresses[0];
    open_states();
    struct ui *ui = open_ui(dress->width, dress->height);
    for (size_t i = 0; i < ARRAY_COUNT(pages); i++) {
        struct ui_now now = load(ui, pages[i], dress);
        (void)paint(ui, now, dress);
        CHECK(!rect_is_empty(picture_of(ui)));
        CHECK(ui_next_deadline_ms(ui) >= now.mono_ms + (60 - now.wall_s % 60) * 1000);
        now.mono_ms += WALK_MS;
        CHECK_EQ_U64(paint(ui, now, dress), 0);
    }
    ui_destroy(ui);
}

/* ---- the red frame ---- */

/* The red border on the page; h 0 if there is none. */
static struct draw_cmd red_frame(const struct ui *ui)
{
    const struct ui_build *build = ui_inspect(ui);
    for (size_t i = 0; i < build->list.count; i++) {
        const struct draw_cmd *cmd = &build->list.cmds[i];
        if (cmd->op == DRAW_BORDER && cmd->color == ui_color_value(build, UI_COLOR_ERROR)) {
            return *cmd;
        }
    }
    return (struct draw_cmd){0};
}

/* How many of 1000 pixels are red from (@p x, @p y) on, @p count of them to the right or down. */
static int red_of(const struct draw_cmd *frame, const struct dress *dress, int x, int y, int count,
                  bool down)
{
    int red = 0;
    for (int i = 0; i < count; i++) {
        int at = down ? (y + i) * dress->width + x : y * dress->width + x + i;
        red += (pixels[at] & 0xFFFFFFU) == (frame->color & 0xFFFFFFU) ? 1 : 0;
    }
    return red * 1000 / count;
}

/* Left, right, top, bottom, without the round corners. */
static void edges_of(const struct draw_cmd *frame, const struct dress *dress, int ret_red[4])
{
    const struct ui_rect at = frame->rect;
    const int half = frame->thickness / 2;
    const int w = at.w - 2 * frame->radius;
    const int h = at.h - 2 * frame->radius;
    ret_red[0] = red_of(frame, dress, at.x + half, at.y + frame->radius, h, true);
    ret_red[1] = red_of(frame, dress, at.x + at.w - 1 - half, at.y + frame->radius, h, true);
    ret_red[2] = red_of(frame, dress, at.x + frame->radius, at.y + half, w, false);
    ret_red[3] = red_of(frame, dress, at.x + frame->radius, at.y + at.h - 1 - half, w, false);
}

static void turns_red(struct ui *ui, const char *name, const struct dress *dress)
{
    struct ui_now now = load(ui, name, dress);
    int64_t red_ms = session.screen_since_ms + RED_MS;
    now.mono_ms = red_ms - 1;
    (void)paint(ui, now, dress);
    CHECK_EQ_I64(ui_next_deadline_ms(ui), red_ms);
    CHECK_EQ_I64(red_frame(ui).rect.h, 0);
    int red_before[4];
    int red[4];
    struct draw_cmd frame;
    now.mono_ms = red_ms;
    (void)paint(ui, now, dress);
    frame = red_frame(ui);
    CHECK(frame.rect.h > 0 && frame.thickness >= 4);
    CHECK(holds(frame.rect, picture_of(ui)));
    CHECK_EQ_I64(change_of(dress, frame.rect, (struct ui_rect){0}).outside, 0);
    edges_of(&frame, dress, red);
    ui_invalidate(ui);
    now.mono_ms = red_ms - 1;
    (void)paint(ui, now, dress);
    edges_of(&frame, dress, red_before);
    for (size_t i = 0; i < ARRAY_COUNT(red); i++) {
        CHECK_EQ_I64(red_before[i], 0);
        CHECK_EQ_I64(red[i], 1000);
    }
}

TEST(a_card_that_is_not_taken_gets_a_red_frame_at_twenty_seconds)
{
    static const char *const pages[] = {"card-done", "card-done-owed", "card-done-repair",
                                        "card-done-return"};
    open_states();
    for (size_t d = 0; d < ARRAY_COUNT(dresses); d++) {
        struct ui *ui = open_ui(dresses[d].width, dresses[d].height);
        for (size_t i = 0; i < ARRAY_COUNT(pages); i++) {
            turns_red(ui, pages[i], &dresses[d]);
        }
        /* Who has it is told nothing of the kind, however long the page stands. */
        struct ui_now now = load(ui, "card-done-taken", &dresses[d]);
        session.screen_since_ms = now.mono_ms - 2 * RED_MS;
        (void)paint(ui, now, &dresses[d]);
        CHECK_EQ_I64(red_frame(ui).rect.h, 0);
        ui_destroy(ui);
    }
}

TEST_MAIN()
