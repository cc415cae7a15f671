/* SPDX-License-Identifier: Apache-2.0 */
/* Characters, lines, widths, and a cache that stays small. */
#include "kiosk/ui/text.h"
#include "kiosk/ui/utf8.h"
#include "tests/unit/test.h"

#define DIAN_BIAO "\xE7\x94\xB5\xE8\xA1\xA8" /* "electricity meter" */
#define COMMA "\xEF\xBC\x8C"

static struct text_engine *engine;
static const struct text_style body = {.weight = TEXT_REGULAR, .px = 36};

static void open_engine(void)
{
    if (engine == NULL) {
        struct ui_config config = {.width_px = 1080, .height_px = 1920};
        CHECK_EQ_I64(text_create(&config, &engine), OK);
    }
}

TEST(utf8_reads_one_to_four_bytes)
{
    size_t size = 0;
    CHECK_EQ_U64(utf8_get("A", 1, &size), 'A');
    CHECK_EQ_U64(utf8_get("\xC2\xA5", 2, &size), 0xA5);
    CHECK_EQ_U64(size, 2);
    CHECK_EQ_U64(utf8_get(DIAN_BIAO, 6, &size), 0x7535);
    CHECK_EQ_U64(size, 3);
    CHECK_EQ_U64(utf8_get("\xF0\xA0\xAE\xB7", 4, &size), 0x20BB7);
    CHECK_EQ_U64(size, 4);
}

TEST(utf8_survives_anything)
{
    size_t size = 0;
    for (int lead = 0x80; lead <= 0xFF; lead++) {
        char text[4] = {(char)lead, 'x', 'x', 'x'};
        CHECK_EQ_U64(utf8_get(text, 4, &size), 0xFFFD);
        CHECK_EQ_U64(size, 1);
        CHECK_EQ_U64(utf8_get(text, 1, &size), 0xFFFD); /* cut off */
    }
}

TEST(a_missing_font_is_an_error)
{
    struct ui_config config = {
        .width_px = 1080, .height_px = 1920, .font_cjk_bold = "/nowhere/font.ttc"};
    struct text_engine *none = NULL;
    CHECK_EQ_I64(text_create(&config, &none), ERR_NOT_FOUND);
    CHECK(none == NULL);
}

TEST(chinese_letters_are_one_em_wide)
{
    open_engine();
    CHECK_EQ_I64(text_width(engine, &body, DIAN_BIAO, 6), 72);
    CHECK_EQ_I64(text_width(engine, &body, "", 0), 0);
    int latin = text_width(engine, &body, "kWh", 3);
    CHECK(latin > 36 && latin < 90);
    int both = text_width(engine, &body, "kWh" DIAN_BIAO, 9);
    CHECK_EQ_I64(both, latin + 72);
}

TEST(tabular_figures_do_not_dance)
{
    open_engine();
    struct text_style clock = {.weight = TEXT_FIGURE, .px = 196, .spacing_px = -8, .tabular = true};
    int width = text_width(engine, &clock, "10:32", 5);
    CHECK_EQ_I64(text_width(engine, &clock, "11:11", 5), width);
    CHECK_EQ_I64(text_width(engine, &clock, "08:59", 5), width);
}

static size_t line_of(const char *text, int width, size_t *ret_next)
{
    return text_break(engine, &body, text, width, ret_next);
}

TEST(lines_break_between_chinese_letters_and_after_words)
{
    open_engine();
    size_t next = 0;
    CHECK_EQ_U64(line_of(DIAN_BIAO DIAN_BIAO, 110, &next), 9);
    CHECK_EQ_U64(next, 9);
    CHECK_EQ_U64(line_of("pay now please", 150, &next), 7);
    CHECK_EQ_U64(next, 8);
    CHECK_EQ_U64(line_of("a\nb", 500, &next), 1);
    CHECK_EQ_U64(next, 2);
}

TEST(a_comma_never_begins_a_line)
{
    open_engine();
    size_t next = 0;
    /* Two letters would fit, but the comma belongs to the second. */
    CHECK_EQ_U64(line_of(DIAN_BIAO COMMA DIAN_BIAO, 80, &next), 3);
    CHECK_EQ_U64(next, 3);
}

/* The lines of @p text at @p width, joined by bars. */
static const char *lines_of(const char *text, int width)
{
    static char joined[256];
    struct text_lines lines = {.rest = text, .width = width};
    const char *line = NULL;
    size_t size = 0;
    size_t used = 0;
    open_engine();
    while (text_lines_next(engine, &body, &lines, &line, &size)) {
        if (used > 0) {
            joined[used++] = '|';
        }
        CHECK(used + size + 2 < sizeof joined);
        memcpy(joined + used, line, size);
        used += size;
    }
    joined[used] = '\0';
    return joined;
}

TEST(no_letter_stands_alone_on_the_last_line)
{
    /* Nine characters in room for eight: five and four, not eight and one. */
    CHECK_EQ_STR(lines_of(DIAN_BIAO DIAN_BIAO DIAN_BIAO DIAN_BIAO "\xE8\xA1\xA8", 8 * 36),
                 DIAN_BIAO DIAN_BIAO "\xE7\x94\xB5|\xE8\xA1\xA8" DIAN_BIAO "\xE8\xA1\xA8");
    /* A last line that is long enough stays as it is, and so does what fits. */
    CHECK_EQ_STR(lines_of(DIAN_BIAO DIAN_BIAO DIAN_BIAO, 4 * 36),
                 DIAN_BIAO DIAN_BIAO "|" DIAN_BIAO);
    CHECK_EQ_STR(lines_of(DIAN_BIAO DIAN_BIAO, 4 * 36), DIAN_BIAO DIAN_BIAO);
    CHECK_EQ_STR(lines_of("", 100), "");
    /* Each paragraph by itself. */
    CHECK_EQ_STR(lines_of(DIAN_BIAO "\n" DIAN_BIAO DIAN_BIAO "\xE7\x94\xB5", 4 * 36),
                 DIAN_BIAO "|" DIAN_BIAO "\xE7\x94\xB5|\xE8\xA1\xA8\xE7\x94\xB5");
    /* A word that is wider than the room does not end the walk. */
    CHECK_EQ_STR(lines_of("electricity", 20), "electricity");
}

TEST(a_masked_name_stays_whole)
{
    open_engine();
    size_t next = 0;
    const char *text = "\xE5\xAE\xA4 \xE7\x8E\x8B*\xE6\x98\x8E"; /* "room Wang*ming" */
    CHECK_EQ_U64(line_of(text, 110, &next), 3);
    CHECK_EQ_U64(next, 4);
}

TEST(one_letter_always_fits_somehow)
{
    open_engine();
    size_t next = 0;
    CHECK_EQ_U64(line_of(DIAN_BIAO, 1, &next), 3); /* or the caller would never come to an end */
    CHECK_EQ_U64(next, 3);
}

TEST(controls_and_marks_that_turn_text_round_are_not_shown)
{
    open_engine();
    int plain = text_width(engine, &body, "3-1502", 6);
    const char *hostile = "3-\xE2\x80\xAE"
                          "15\x01"
                          "02\xE2\x81\xA6"; /* U+202E, U+0001, U+2066 */
    int width = text_width(engine, &body, hostile, strlen(hostile));
    CHECK(width - plain < 4 && plain - width < 4); /* only the kerning between runs differs */
}

TEST(need_is_the_widest_word)
{
    open_engine();
    int need = text_width_need(engine, &body, "a receipt " DIAN_BIAO);
    CHECK_EQ_I64(need, text_width(engine, &body, "receipt", 7));
}

static int painted;

static void count_mask(void *self, int x, int y, const struct text_mask *mask)
{
    (void)self;
    (void)x;
    (void)y;
    painted += mask->w > 0 && mask->h > 0 ? 1 : 0;
}

TEST(a_ticking_clock_leaves_ten_masks_behind)
{
    open_engine();
    text_wipe(engine);
    CHECK_EQ_U64(text_cache_size(engine), 0);
    struct text_style clock = {.weight = TEXT_FIGURE, .px = 196, .tabular = true};
    char text[6];
    size_t after_hour = 0;
    for (int minute = 0; minute < 24 * 60; minute++) {
        (void)snprintf(text, sizeof text, "%02d:%02d", minute / 60, minute % 60);
        struct text_line line = {&clock, text, 5, 0, 200};
        text_draw(engine, &line, count_mask, NULL);
        if (minute == 11 * 60) {
            after_hour = text_cache_size(engine);
        }
    }
    CHECK(painted > 0);
    CHECK_EQ_U64(text_cache_size(engine), after_hour);
    CHECK(after_hour < 400000);
}

TEST(the_cache_has_a_limit_and_can_be_wiped)
{
    open_engine();
    char text[32];
    for (int i = 0; i < 3000; i++) {
        (void)snprintf(text, sizeof text, "secret number %d", i);
        struct text_line line = {&body, text, strlen(text), 0, 100};
        text_draw(engine, &line, count_mask, NULL);
        CHECK(text_cache_size(engine) <= TEXT_CACHE_SIZE_MAX);
    }
    text_wipe(engine);
    CHECK_EQ_U64(text_cache_size(engine), 0);
    text_destroy(engine);
    engine = NULL;
}

TEST(only_nobodys_texts_outlive_a_wipe)
{
    open_engine();
    struct text_line wording = {&body, "wording", 7, 0, 100};
    struct text_line secret = {&body, "secret", 6, 0, 100};
    text_set_keep(engine, true);
    text_draw(engine, &wording, count_mask, NULL);
    size_t kept = text_cache_size(engine);
    text_set_keep(engine, false);
    text_draw(engine, &wording, count_mask, NULL);
    text_draw(engine, &secret, count_mask, NULL);
    CHECK(text_cache_size(engine) > kept);
    text_wipe(engine);
    CHECK_EQ_U64(text_cache_size(engine), kept);
    text_destroy(engine);
    engine = NULL;
}

TEST_MAIN()
