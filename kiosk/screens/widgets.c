/* SPDX-License-Identifier: Apache-2.0 */
/* Each widget is a few boxes; sizes are those of the design's pictures. */
#include "kiosk/screens/widgets.h"

enum {
    SECOND_MS = 1000,
    SPINNER_STEPS = 12,
    SPINNER_STEP_MS = 100,
    WHOLE = 1000, /* permille */
};

static enum ui_color color_on(enum ui_surface_id surface)
{
    static const enum ui_color colors[UI_SURFACE_COUNT] = {
        [UI_SURFACE_PRIMARY] = UI_COLOR_ON_PRIMARY,   [UI_SURFACE_HERO_TILE] = UI_COLOR_ON_PRIMARY,
        [UI_SURFACE_SELECTED] = UI_COLOR_ON_SELECTED, [UI_SURFACE_DISABLED] = UI_COLOR_DISABLED,
        [UI_SURFACE_DANGER] = UI_COLOR_ERROR,
    };
    return colors[surface] != UI_COLOR_NONE ? colors[surface] : UI_COLOR_INK;
}

void widget_button(struct ui_build *build, const struct widget_button *button)
{
    bool rests = button->surface == UI_SURFACE_DISABLED;
    enum ui_color color = color_on(button->surface);
    enum ui_style style =
        button->style == UI_STYLE_CLOCK ? UI_STYLE_BUTTON : button->style; /* 0: not given */
    int height = button->height_u != 0 ? button->height_u : 132;
    ui_open(build, &(struct ui_box){.w = button->w,
                                    .h = {LAYOUT_FIT, 0, height, 0},
                                    .pad_x = 28,
                                    .pad_y = 8,
                                    .gap = 18,
                                    .justify = LAYOUT_CENTER,
                                    .align = LAYOUT_CENTER,
                                    .surface = button->surface,
                                    .radius = 28,
                                    .action = rests ? 0 : button->action,
                                    .value = button->value,
                                    .repeats = button->repeats});
    if (button->icon != UI_ICON_NONE) {
        ui_icon(build, button->icon, 48, color);
    }
    if (button->text != NULL) {
        ui_text(build, style, color, button->text);
    }
    if (button->icon_after != UI_ICON_NONE) {
        ui_icon(build, button->icon_after, 48, color);
    }
    ui_close(build);
}

void widget_chip(struct ui_build *build, const struct widget_chip *chip)
{
    ui_open(build, &(struct ui_box){.pad_x = 26,
                                    .pad_y = 10,
                                    .gap = 14,
                                    .align = LAYOUT_CENTER,
                                    .surface = chip->surface,
                                    .radius = 60});
    if (chip->icon != UI_ICON_NONE) {
        ui_icon(build, chip->icon, 34, chip->color);
    }
    ui_label(build, &(struct ui_label){.style = chip->bold ? UI_STYLE_SMALL_BOLD : UI_STYLE_SMALL,
                                       .color = chip->color,
                                       .text = chip->text,
                                       .drop = chip->text_drop});
    ui_close(build);
}

void widget_badge(struct ui_build *build, enum ui_surface_id surface, enum ui_icon icon,
                  enum ui_color color, int units)
{
    ui_open(build, &(struct ui_box){.w = UI_UNITS(units),
                                    .h = UI_UNITS(units),
                                    .justify = LAYOUT_CENTER,
                                    .align = LAYOUT_CENTER,
                                    .surface = surface,
                                    .radius = units * 3 / 10});
    ui_icon(build, icon, units * 62 / 100, color);
    ui_close(build);
}

static void disc_begin(struct ui_build *build, enum ui_surface_id surface, int units)
{
    ui_open(build, &(struct ui_box){.w = UI_UNITS(units),
                                    .h = UI_UNITS(units),
                                    .justify = LAYOUT_CENTER,
                                    .align = LAYOUT_CENTER,
                                    .surface = surface,
                                    .radius = units / 2});
}

static int number_units(const struct ui_build *build)
{
    return ui_is_large(build) ? 76 : 52;
}

void widget_number(struct ui_build *build, enum ui_surface_id surface, enum ui_color color,
                   int number)
{
    disc_begin(build, surface, number_units(build));
    ui_text(build, UI_STYLE_CAPTION_BOLD, color, words_number(build, number));
    ui_close(build);
}

void widget_number_done(struct ui_build *build, enum ui_surface_id surface, enum ui_color color)
{
    disc_begin(build, surface, number_units(build));
    ui_icon(build, UI_ICON_CHECK, 34, color);
    ui_close(build);
}

const struct widget_amount widget_amount_balance = {
    .yuan = UI_STYLE_AMOUNT,
    .sign = UI_STYLE_AMOUNT_SIGN,
    .fen = UI_STYLE_AMOUNT_CENTS,
    .color = UI_COLOR_ON_NIGHT,
    .weak = UI_COLOR_ON_NIGHT_WEAK,
};

const struct widget_amount widget_amount_pay = {
    .yuan = UI_STYLE_PAY,
    .sign = UI_STYLE_PAY_SIGN,
    .fen = UI_STYLE_PAY_CENTS,
    .color = UI_COLOR_INK,
    .weak = UI_COLOR_WEAK,
};

void widget_amount(struct ui_build *build, struct money money, const struct widget_amount *look)
{
    struct words_amount words = words_amount(build, money);
    ui_open(build, &(struct ui_box){.align = LAYOUT_BASELINE});
    ui_text(build, look->sign, look->color, words.sign);
    ui_space(build, 8);
    ui_text(build, look->yuan, look->color, words.yuan);
    ui_text(build, look->fen, look->weak, words.fen);
    ui_close(build);
}

struct ring {
    int thickness_u;
    int permille;
    int offset;
    enum ui_color color;
    enum ui_color track;
};

static void paint_ring(struct ui_build *build, struct ui_rect rect, const void *data)
{
    const struct ring *ring = data;
    ui_draw(build, (struct draw_cmd){.op = DRAW_RING,
                                     .rect = rect,
                                     .thickness = ui_px(build, ring->thickness_u),
                                     .permille = ring->permille,
                                     .offset = ring->offset,
                                     .color = ui_color_value(build, ring->color),
                                     .color_end = ui_color_value(build, ring->track)});
}

static void ring_add(struct ui_build *build, int units, struct ring look)
{
    struct ring *ring = ui_alloc(build, sizeof *ring);
    if (ring != NULL) {
        *ring = look;
        ui_paint(build, &(struct ui_box){.w = UI_UNITS(units), .h = UI_UNITS(units)}, paint_ring,
                 ring);
    }
}

int widget_countdown(struct ui_build *build, int64_t until_ms, int64_t total_ms, int units,
                     int thickness_u)
{
    int64_t now_ms = ui_now(build).mono_ms;
    int64_t left_ms = until_ms > now_ms ? until_ms - now_ms : 0;
    int64_t left_s = (left_ms + SECOND_MS - 1) / SECOND_MS;
    int64_t total_s = total_ms > 0 ? (total_ms + SECOND_MS - 1) / SECOND_MS : 1;
    int64_t permille = left_s * WHOLE / total_s;
    if (left_ms > 0) {
        ui_wake_at(build, until_ms - (left_s - 1) * SECOND_MS);
    }
    ring_add(build, units,
             (struct ring){.thickness_u = thickness_u,
                           .permille = permille > WHOLE ? WHOLE : (int)permille,
                           .color = UI_COLOR_PRIMARY,
                           .track = UI_COLOR_TRACK});
    return (int)left_s;
}

void widget_spinner(struct ui_build *build, int units, int thickness_u, enum ui_color color)
{
    int64_t step = ui_now(build).mono_ms / SPINNER_STEP_MS;
    ui_wake_at(build, (step + 1) * SPINNER_STEP_MS);
    ring_add(build, units,
             (struct ring){.thickness_u = thickness_u,
                           .permille = WHOLE / 4,
                           .offset = (int)(step % SPINNER_STEPS) * WHOLE / SPINNER_STEPS,
                           .color = color,
                           .track = UI_COLOR_TRACK});
}

void widget_headline(struct ui_build *build, const char *title)
{
    ui_label(build, &(struct ui_label){.style = UI_STYLE_HEADLINE,
                                       .color = UI_COLOR_INK,
                                       .text = title,
                                       .kind = UI_LABEL_WRAP,
                                       .w = UI_GROW(1)});
}

void widget_entry(struct ui_build *build, enum ui_icon icon, const char *entry, const char *hint)
{
    bool empty = entry[0] == '\0';
    ui_open(build, &(struct ui_box){.w = UI_GROW(1),
                                    .h = {LAYOUT_FIT, 0, 132, 0},
                                    .pad_x = 40,
                                    .gap = 24,
                                    .align = LAYOUT_CENTER,
                                    .surface = UI_SURFACE_CARD,
                                    .radius = 32});
    ui_icon(build, icon, 56, UI_COLOR_WEAK);
    ui_label(build, &(struct ui_label){.style = empty ? UI_STYLE_LABEL : UI_STYLE_KEY,
                                       .color = empty ? UI_COLOR_WEAK : UI_COLOR_INK,
                                       .text = empty ? hint : entry,
                                       .kind = UI_LABEL_WRAP,
                                       .w = UI_GROW(1)});
    ui_close(build);
}

void widget_pair(struct ui_build *build, const char *name, const char *value, bool last)
{
    ui_open(build, &(struct ui_box){.h = {LAYOUT_FIT, 0, 60, 0},
                                    .w = UI_GROW(1),
                                    .gap = 20,
                                    .justify = LAYOUT_BETWEEN,
                                    .align = LAYOUT_CENTER});
    ui_text(build, UI_STYLE_NOTE, UI_COLOR_WEAK, name);
    ui_text(build, UI_STYLE_SMALL_FIGURE, UI_COLOR_INK, value);
    ui_close(build);
    if (!last) {
        ui_open(build,
                &(struct ui_box){.h = UI_UNITS(2), .w = UI_GROW(1), .surface = UI_SURFACE_SUNK});
        ui_close(build);
    }
}

void widget_pairs_begin(struct ui_build *build)
{
    ui_open(build, &(struct ui_box){.direction = LAYOUT_COLUMN,
                                    .w = UI_GROW(1),
                                    .pad_x = 40,
                                    .pad_y = 14,
                                    .surface = UI_SURFACE_CARD,
                                    .radius = 36,
                                    .drop = 8});
}

void widget_pairs_end(struct ui_build *build)
{
    ui_close(build);
}

void widget_night_begin(struct ui_build *build, int pad_x, int pad_y)
{
    ui_open(build, &(struct ui_box){.w = UI_GROW(1),
                                    .pad_x = pad_x,
                                    .pad_y = pad_y,
                                    .gap = 24,
                                    .align = LAYOUT_CENTER,
                                    .surface = UI_SURFACE_NIGHT,
                                    .picture = DRAW_PICTURE_NIGHT,
                                    .radius = 40});
}

void widget_night_end(struct ui_build *build)
{
    ui_close(build);
}

static void tick_mark(struct ui_build *build, enum widget_tick_state state)
{
    enum { SIDE_U = 84 };
    switch (state) {
    case WIDGET_TICK_WAITING:
        widget_badge(build, UI_SURFACE_SUNK, UI_ICON_CLOCK, UI_COLOR_WEAK, SIDE_U);
        break;
    case WIDGET_TICK_BUSY:
        widget_spinner(build, SIDE_U, 10, UI_COLOR_PRIMARY);
        break;
    case WIDGET_TICK_DONE:
        disc_begin(build, UI_SURFACE_STEP_NOW, SIDE_U);
        ui_icon(build, UI_ICON_CHECK, 56, UI_COLOR_ON_PRIMARY);
        ui_close(build);
        break;
    case WIDGET_TICK_NOT:
        widget_badge(build, UI_SURFACE_TINT_WARN, UI_ICON_WARNING, UI_COLOR_WARN, SIDE_U);
        break;
    }
}

void widget_tick(struct ui_build *build, const struct widget_tick *tick)
{
    bool open = tick->state == WIDGET_TICK_WAITING;
    ui_open(build, &(struct ui_box){.w = UI_GROW(1),
                                    .gap = 28,
                                    .align = LAYOUT_CENTER,
                                    .pad_y = ui_is_portrait(build) ? 8 : 2});
    tick_mark(build, tick->state);
    ui_open(build, &(struct ui_box){.direction = LAYOUT_COLUMN, .w = UI_GROW(1)});
    ui_para(build, open ? UI_STYLE_BODY : UI_STYLE_STRONG, open ? UI_COLOR_WEAK : UI_COLOR_INK,
            tick->text);
    if (tick->detail != NULL) {
        ui_label(build, &(struct ui_label){.style = UI_STYLE_SMALL,
                                           .color = UI_COLOR_WEAK,
                                           .text = tick->detail,
                                           .kind = UI_LABEL_WRAP,
                                           .w = UI_GROW(1),
                                           .drop = 4});
    }
    ui_close(build);
    ui_close(build);
}

void widget_note(struct ui_build *build, enum widget_note_kind kind, const char *text)
{
    static const struct {
        enum ui_surface_id surface;
        enum ui_icon icon;
        enum ui_color color;
    } looks[] = {
        [WIDGET_NOTE_INFO] = {UI_SURFACE_TINT_INFO, UI_ICON_INFO, UI_COLOR_INFO},
        [WIDGET_NOTE_WARN] = {UI_SURFACE_TINT_WARN, UI_ICON_WARNING, UI_COLOR_WARN},
        [WIDGET_NOTE_ERROR] = {UI_SURFACE_TINT_ERROR, UI_ICON_ERROR, UI_COLOR_ERROR},
        [WIDGET_NOTE_OK] = {UI_SURFACE_TINT_OK, UI_ICON_TICK_CIRCLE, UI_COLOR_OK},
    };
    ui_open(build, &(struct ui_box){.w = UI_GROW(1),
                                    .pad_x = 32,
                                    .pad_y = 22,
                                    .gap = 20,
                                    .align = LAYOUT_CENTER,
                                    .surface = looks[kind].surface,
                                    .radius = 28});
    ui_icon(build, looks[kind].icon, 48, looks[kind].color);
    ui_label(build, &(struct ui_label){.style = UI_STYLE_LABEL,
                                       .color = looks[kind].color,
                                       .text = text,
                                       .kind = UI_LABEL_WRAP,
                                       .w = UI_GROW(1)});
    ui_close(build);
}

static void key_add(struct ui_build *build, const struct widget_button *key)
{
    ui_open(build, &(struct ui_box){.w = UI_GROW(1),
                                    .h = {LAYOUT_GROW, 1, 100, 150},
                                    .justify = LAYOUT_CENTER,
                                    .align = LAYOUT_CENTER,
                                    .surface = UI_SURFACE_SECONDARY,
                                    .radius = 28,
                                    .action = key->action,
                                    .value = key->value,
                                    .repeats = true});
    if (key->icon != UI_ICON_NONE) {
        ui_icon(build, key->icon, 60, UI_COLOR_INK);
    } else {
        ui_text(build, key->style, UI_COLOR_INK, key->text);
    }
    ui_close(build);
}

static void key_digit(struct ui_build *build, int digit)
{
    key_add(build, &(struct widget_button){.style = UI_STYLE_KEY,
                                           .text = ui_format(build, "%d", digit),
                                           .action = SESSION_ACTION_DIGIT,
                                           .value = (uint32_t)digit});
}

void widget_keypad(struct ui_build *build, bool with_double_zero)
{
    ui_open(build, &(struct ui_box){.direction = LAYOUT_COLUMN,
                                    .w = UI_GROW(1),
                                    .h = UI_GROW(6),
                                    .gap = 16,
                                    .touch_gap = true,
                                    .justify = LAYOUT_END});
    for (int row = 0; row < 4; row++) {
        ui_open(build,
                &(struct ui_box){
                    .w = UI_GROW(1), .h = {LAYOUT_GROW, 1, 0, 150}, .gap = 16, .touch_gap = true});
        for (int column = 1; column <= 3 && row < 3; column++) {
            key_digit(build, row * 3 + column);
        }
        if (row == 3) {
            struct widget_button left = {
                .style = UI_STYLE_BUTTON, .text = T("Clear"), .action = SESSION_ACTION_CLEAR};
            if (with_double_zero) {
                left = (struct widget_button){
                    .style = UI_STYLE_KEY, .text = "00", .action = SESSION_ACTION_DOUBLE_ZERO};
            }
            key_add(build, &left);
            key_digit(build, 0);
            key_add(build,
                    &(struct widget_button){.icon = UI_ICON_ERASE, .action = SESSION_ACTION_ERASE});
        }
        ui_close(build);
    }
    ui_close(build);
}

void widget_wallet(struct ui_build *build, enum session_wallet wallet, int units)
{
    bool alipay = wallet == SESSION_WALLET_ALIPAY;
    units = ui_is_large(build) ? units * 135 / 100 : units;
    ui_open(build, &(struct ui_box){.w = UI_UNITS(units),
                                    .h = UI_UNITS(units),
                                    .justify = LAYOUT_CENTER,
                                    .align = LAYOUT_CENTER,
                                    .surface = alipay ? UI_SURFACE_ALIPAY : UI_SURFACE_WECHAT,
                                    .radius = units * 28 / 100});
    /* One character, in both languages as the wallets themselves write it. */
    ui_text(build, units > 100 ? UI_STYLE_PAGE_TITLE : UI_STYLE_NOTE, UI_COLOR_ON_WALLET,
            alipay ? "\xE6\x94\xAF" : "\xE5\xBE\xAE");
    ui_close(build);
}
