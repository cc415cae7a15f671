/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The last days as bars: today in jade, days above the average in brass, a dashed line at the
 * average. Values are decimal texts; they are read as whole thousandths, floats stay out.
 */
#include <string.h>

#include "common/parse.h"
#include "common/str.h"
#include "kiosk/screens/views.h"
#include "kiosk/screens/widgets.h"

enum {
    LABEL_EVERY = 3,  /* days between two labels below */
    BAR_PERCENT = 62, /* of a day's room */
    MILLI_MAX = 1000000000,
};

struct chart {
    const struct session_meter *meter;
    int64_t milli[SESSION_DAYS_MAX]; /* -1: not known */
    int64_t average;
    int64_t highest;
};

/* "6.30" -> 6300; -1 for anything that is no such number. */
static int64_t milli_of(const char *text)
{
    char whole[SESSION_QUANTITY_SIZE];
    const char *point = strchr(text, '.');
    size_t len = point == NULL ? strlen(text) : (size_t)(point - text);
    uint32_t units = 0;
    if (!str_copy_bytes(whole, sizeof whole, text, len) ||
        !parse_u32(whole, MILLI_MAX / 1000, &units)) {
        return -1;
    }
    int64_t milli = (int64_t)units * 1000;
    int64_t weight = 100;
    for (const char *at = point == NULL ? "" : point + 1; *at != '\0' && weight > 0; at++) {
        if (*at < '0' || *at > '9') {
            return -1;
        }
        milli += (*at - '0') * weight;
        weight /= 10;
    }
    return milli;
}

static void chart_fill(struct chart *chart, const struct session_meter *meter)
{
    chart->meter = meter;
    chart->average = milli_of(meter->usage_average);
    chart->highest = chart->average > 0 ? chart->average : 1;
    for (size_t i = 0; i < meter->day_count; i++) {
        chart->milli[i] = milli_of(meter->days[i].amount);
        chart->highest = chart->milli[i] > chart->highest ? chart->milli[i] : chart->highest;
    }
}

struct bars {
    struct ui_rect area; /* between the captions above and the days below */
    int step;
    int bar;
};

static int bar_height(const struct chart *chart, const struct bars *bars, int64_t milli)
{
    int height = milli > 0 ? (int)(bars->area.h * milli / chart->highest) : 0;
    return height > 4 ? height : 4;
}

static void day_label(struct ui_build *build, const struct chart *chart, size_t i, int x, int y)
{
    bool today = i + 1 == chart->meter->day_count;
    const char *day = chart->meter->days[i].day;
    const char *text = TC("chart", "today");
    if (!today) {
        const char *number = words_tail(day, 2);
        text = WORDS(build, TC("chart", "{1}"), number[0] == '0' ? number + 1 : number);
    }
    ui_draw_text(build, UI_STYLE_CAPTION, UI_COLOR_WEAK, text, x, y);
}

static void bar_paint(struct ui_build *build, const struct chart *chart, const struct bars *bars,
                      size_t i, bool named)
{
    bool today = i + 1 == chart->meter->day_count;
    bool high = chart->average > 0 && chart->milli[i] > chart->average;
    enum ui_color color = high ? UI_COLOR_BAR_HIGH : UI_COLOR_BAR;
    int height = bar_height(chart, bars, chart->milli[i]);
    int x = bars->area.x + (int)i * bars->step + (bars->step - bars->bar) / 2;
    int y = bars->area.y + bars->area.h - height;
    ui_draw(build, (struct draw_cmd){
                       .op = DRAW_FILL,
                       .rect = {x, y, bars->bar, height},
                       .radius = bars->bar * 3 / 10,
                       .color = ui_color_value(build, today ? UI_COLOR_BAR_TODAY : color),
                   });
    if (named) {
        const char *amount = chart->meter->days[i].amount;
        ui_draw_text(build, UI_STYLE_SMALL_BOLD, UI_COLOR_INK, amount, x + bars->bar / 2,
                     y - ui_px(build, 22));
    }
}

static void chart_paint(struct ui_build *build, struct ui_rect rect, const void *data)
{
    const struct chart *chart = data;
    size_t count = chart->meter->day_count;
    int above = ui_px(build, 44);
    int below = ui_px(build, 50);
    if (count == 0 || rect.h < above + below + ui_px(build, 40)) {
        return;
    }
    struct bars bars = {.area = {rect.x, rect.y + above, rect.w, rect.h - above - below},
                        .step = rect.w / (int)count};
    bars.bar = bars.step * BAR_PERCENT / 100;
    int floor_y = bars.area.y + bars.area.h;
    size_t peak = 0;
    for (size_t i = 0; i < count; i++) {
        peak = chart->milli[i] > chart->milli[peak] ? i : peak;
    }
    ui_draw(build, (struct draw_cmd){.op = DRAW_FILL,
                                     .rect = {rect.x, floor_y, rect.w, 2},
                                     .color = ui_color_value(build, UI_COLOR_TRACK)});
    if (chart->average > 0) {
        int y = floor_y - bar_height(chart, &bars, chart->average);
        ui_draw(build, (struct draw_cmd){.op = DRAW_DASH,
                                         .rect = {rect.x, y, rect.w, 2},
                                         .thickness = 2,
                                         .color = ui_color_value(build, UI_COLOR_BRASS)});
    }
    for (size_t i = 0; i < count; i++) {
        bool last = i + 1 == count;
        if (chart->milli[i] >= 0) {
            bar_paint(build, chart, &bars, i, last || (i == peak && i + 2 < count));
        }
        if (last || (i % LABEL_EVERY == 1 && i + 2 < count)) {
            day_label(build, chart, i, bars.area.x + (int)i * bars.step + bars.step / 2,
                      floor_y + ui_px(build, 30));
        }
    }
}

void view_chart(struct ui_build *build, const struct session *session)
{
    const struct session_meter *meter = &session->meter;
    struct chart *chart = ui_alloc(build, sizeof *chart);
    if (chart == NULL || meter->day_count == 0) {
        return;
    }
    chart_fill(chart, meter);
    bool water = meter->utility == SESSION_WATER;
    ui_open(build, &(struct ui_box){.direction = LAYOUT_COLUMN,
                                    .w = UI_GROW(1),
                                    .h = {LAYOUT_GROW, 100, 240, 420},
                                    .pad_x = 40,
                                    .pad_top = 24,
                                    .pad_bottom = 12,
                                    .surface = UI_SURFACE_CARD,
                                    .radius = 36,
                                    .drop = 5});
    ui_open(build,
            &(struct ui_box){.w = UI_GROW(1), .justify = LAYOUT_BETWEEN, .align = LAYOUT_BASELINE});
    ui_text(build, UI_STYLE_STRONG, UI_COLOR_INK,
            WORDS(build, water ? T("Water, last {1} days") : T("Power, last {1} days"),
                  words_number(build, (int64_t)meter->day_count)));
    if (meter->usage_average[0] != '\0') {
        ui_label(build, &(struct ui_label){.style = UI_STYLE_SMALL,
                                           .color = UI_COLOR_WEAK,
                                           .text = WORDS(build, T("{1} {2} a day"),
                                                         meter->usage_average, meter->usage_unit),
                                           .drop = 2});
    }
    ui_close(build);
    ui_paint(build, &(struct ui_box){.w = UI_GROW(1), .h = UI_GROW(1)}, chart_paint, chart);
    ui_close(build);
}
