/* SPDX-License-Identifier: Apache-2.0 */
/* Clock and calendar. The picture changes at the minute; nobody wakes in between. */
#include "common/civil.h"
#include "kiosk/screens/views.h"
#include "kiosk/screens/widgets.h"
#include "kiosk/ui/lunar.h"

enum { MINUTE_S = 60, SECOND_MS = 1000, WEEK = 7, DAY_S = 86400 };

void view_clock(struct ui_build *build, enum ui_style style)
{
    struct ui_now now = ui_now(build);
    ui_wake_at(build, now.mono_ms + (MINUTE_S - now.wall_s % MINUTE_S) * SECOND_MS);
    ui_text(build, style, UI_COLOR_ON_NIGHT, words_time(build, now.wall_s));
}

/* The next term, and the days to the next festival: large letters go on to a second line. */
static void ahead_words(struct ui_build *build)
{
    struct words_ahead ahead = words_ahead(build, words_today(build));
    bool large = ui_is_large(build);
    int gap = ui_is_portrait(build) ? 10 : 8;
    ui_open(build,
            &(struct ui_box){.align = LAYOUT_BASELINE, .gap = large ? 16 : gap, .wrap = large});
    ui_open(build, &(struct ui_box){.align = LAYOUT_BASELINE, .gap = gap});
    ui_text(build, UI_STYLE_SMALL, UI_COLOR_BRASS_ON_NIGHT, ahead.before);
    ui_text(build, UI_STYLE_SMALL_BOLD, UI_COLOR_BRASS_ON_NIGHT, ahead.term);
    ui_close(build);
    const char *after = large ? ahead.after : ui_format(build, "\xC2\xB7 %s", ahead.after);
    ui_label(build, &(struct ui_label){.style = UI_STYLE_SMALL,
                                       .color = UI_COLOR_BRASS_ON_NIGHT,
                                       .text = after,
                                       .drop = large ? 0 : 3});
    ui_close(build);
}

static void ahead_chip(struct ui_build *build)
{
    bool portrait = ui_is_portrait(build);
    ui_open(build, &(struct ui_box){.pad_left = portrait ? 18 : 14,
                                    .pad_right = portrait ? 24 : 18,
                                    .pad_y = 9,
                                    .gap = portrait ? 12 : 8,
                                    .align = LAYOUT_CENTER,
                                    .surface = UI_SURFACE_CHIP_BRASS,
                                    .radius = 32,
                                    .drop = 8});
    ui_icon(build, UI_ICON_CLOCK, 32, UI_COLOR_BRASS_ON_NIGHT);
    ahead_words(build);
    ui_close(build);
}

void view_dates(struct ui_build *build, const struct session *session)
{
    bool chinese = session->comfort.language == SESSION_LANGUAGE_ZH;
    ui_open(build, &(struct ui_box){.direction = LAYOUT_COLUMN, .w = UI_GROW(1)});
    ui_label(build, &(struct ui_label){.style = UI_STYLE_DATE,
                                       .color = UI_COLOR_ON_NIGHT,
                                       .text = words_date(build, ui_now(build).wall_s),
                                       .kind = chinese ? UI_LABEL_LINE : UI_LABEL_WRAP,
                                       .w = UI_GROW(1)});
    ui_space(build, 8);
    ui_label(build, &(struct ui_label){.style = UI_STYLE_LABEL,
                                       .color = UI_COLOR_ON_NIGHT_WEAK,
                                       .text = words_lunar_date(build, words_today(build)),
                                       .kind = UI_LABEL_WRAP,
                                       .drop = 7});
    ui_space(build, 18);
    ahead_chip(build);
    ui_close(build);
}

/* Day off or moved working day, as announced. */
static void day_badge(struct ui_build *build, enum lunar_day_kind kind)
{
    if (kind == LUNAR_DAY_PLAIN) {
        return;
    }
    bool rest = kind == LUNAR_DAY_REST;
    ui_open(build, &(struct ui_box){.pad_x = 6,
                                    .place_x = LAYOUT_END,
                                    .place_y = LAYOUT_START,
                                    .surface = rest ? UI_SURFACE_TINT_OK : UI_SURFACE_TINT_WARN,
                                    .radius = 10});
    ui_text(build, UI_STYLE_CAPTION_BOLD, rest ? UI_COLOR_OK : UI_COLOR_WARN,
            rest ? TC("day off", "off") : TC("working day", "work"));
    ui_close(build);
}

static void day_add(struct ui_build *build, int64_t day, bool today, bool names, bool narrow)
{
    struct civil civil = civil_beijing(day * DAY_S);
    bool special = false;
    const char *below = words_lunar_day(build, day, names, &special);
    bool crowds = narrow && !today && !special; /* names of neighbours would run into each other */
    enum ui_color weak = today ? UI_COLOR_ON_TODAY_WEAK : UI_COLOR_ON_NIGHT_WEAK;
    enum ui_color marked = today ? UI_COLOR_ON_TODAY : UI_COLOR_BRASS_ON_NIGHT;
    ui_open(build, &(struct ui_box){.direction = LAYOUT_STACK,
                                    .w = UI_GROW(1),
                                    .surface = today ? UI_SURFACE_TODAY : UI_SURFACE_NONE,
                                    .radius = 22});
    ui_open(build,
            &(struct ui_box){
                .direction = LAYOUT_COLUMN, .w = UI_GROW(1), .pad_y = 10, .align = LAYOUT_CENTER});
    ui_text(build, UI_STYLE_CAPTION, weak, words_weekday_short(civil.weekday));
    ui_text(build, UI_STYLE_DAY, today ? UI_COLOR_ON_TODAY : UI_COLOR_ON_NIGHT,
            words_number(build, civil.day));
    ui_text(build, special ? UI_STYLE_CAPTION_BOLD : UI_STYLE_CAPTION, special ? marked : weak,
            crowds ? "" : below);
    ui_close(build);
    day_badge(build, names ? lunar_day_kind(day) : LUNAR_DAY_PLAIN);
    ui_close(build);
}

void view_week(struct ui_build *build, const struct session *session, bool narrow)
{
    int64_t today = words_today(build);
    int64_t monday = today - (civil_beijing(today * DAY_S).weekday + WEEK - 1) % WEEK;
    ui_open(build, &(struct ui_box){.w = UI_GROW(1),
                                    .pad = 14,
                                    .gap = 6,
                                    .surface = UI_SURFACE_GLASS,
                                    .radius = 30,
                                    .drop = 9});
    for (int i = 0; i < WEEK; i++) {
        day_add(build, monday + i, monday + i == today,
                session->comfort.language == SESSION_LANGUAGE_ZH, narrow);
    }
    ui_close(build);
}
