/* SPDX-License-Identifier: Apache-2.0 */
/* Questions over a page. Nothing below can be touched while one is open. */
#include "kiosk/screens/views.h"
#include "kiosk/screens/widgets.h"

static void scrim_paint(struct ui_build *build, struct ui_rect rect, const void *data)
{
    (void)data;
    ui_draw(build, (struct draw_cmd){.op = DRAW_FILL,
                                     .rect = rect,
                                     .color = ui_color_value(build, UI_COLOR_SCRIM)});
}

/* Darken the page and open a card in the lower part of the screen. */
static void sheet_begin(struct ui_build *build, uint16_t action_outside)
{
    ui_open(build, &(struct ui_box){.direction = LAYOUT_STACK,
                                    .w = UI_GROW(1),
                                    .h = UI_GROW(1),
                                    .modal = true,
                                    .action = action_outside});
    ui_paint(build, &(struct ui_box){.w = UI_GROW(1), .h = UI_GROW(1)}, scrim_paint, NULL);
    ui_open(build, &(struct ui_box){.direction = LAYOUT_COLUMN,
                                    .w = UI_GROW(1),
                                    .h = UI_GROW(1),
                                    .pad = 48,
                                    .align = LAYOUT_CENTER,
                                    .justify = LAYOUT_END});
    ui_open(build, &(struct ui_box){.direction = LAYOUT_COLUMN,
                                    .w = {LAYOUT_GROW, 1, 0, ui_is_portrait(build) ? 0 : 1300},
                                    .pad = ui_is_portrait(build) ? 56 : 44,
                                    .gap = ui_is_portrait(build) ? 30 : 20,
                                    .surface = UI_SURFACE_SHEET,
                                    .radius = 44});
}

static void sheet_end(struct ui_build *build)
{
    ui_close(build);
    ui_close(build);
    ui_close(build);
}

static void sheet_head(struct ui_build *build, enum ui_surface_id surface, enum ui_icon icon,
                       enum ui_color color, const char *title)
{
    ui_open(build, &(struct ui_box){.w = UI_GROW(1), .gap = 32, .align = LAYOUT_CENTER});
    widget_badge(build, surface, icon, color, 116);
    widget_headline(build, title);
    ui_close(build);
}

struct choice {
    const char *text;
    uint16_t action;
    enum ui_surface_id surface;
};

static void sheet_choices(struct ui_build *build, struct choice left, struct choice right)
{
    ui_open(build, &(struct ui_box){.w = UI_GROW(1), .gap = 24, .touch_gap = true});
    widget_button(build, &(struct widget_button){.surface = left.surface,
                                                 .text = left.text,
                                                 .w = UI_GROW(1),
                                                 .action = left.action});
    widget_button(build, &(struct widget_button){.surface = right.surface,
                                                 .text = right.text,
                                                 .w = UI_GROW(1),
                                                 .action = right.action});
    ui_close(build);
}

/* A question with two answers; the safe one is the primary. */
struct question {
    enum ui_icon icon;
    const char *title;
    const char *text;
    struct choice left;
    struct choice right;
};

static void ask(struct ui_build *build, const struct question *question)
{
    sheet_begin(build, SESSION_ACTION_NONE);
    sheet_head(build, UI_SURFACE_TINT_WARN, question->icon, UI_COLOR_WARN, question->title);
    ui_para(build, UI_STYLE_BODY, UI_COLOR_TEXT, question->text);
    sheet_choices(build, question->left, question->right);
    sheet_end(build);
}

/* The whole screen is "continue", a small button ends. */
static void overlay_idle(struct ui_build *build, const struct session *session)
{
    bool money = session_is_busy(session);
    sheet_begin(build, SESSION_ACTION_CONTINUE);
    ui_open(build,
            &(struct ui_box){
                .direction = LAYOUT_COLUMN, .w = UI_GROW(1), .gap = 26, .align = LAYOUT_CENTER});
    ui_open(build, &(struct ui_box){.gap = 36, .align = LAYOUT_CENTER});
    int left =
        widget_countdown(build, session->overlay_until_ms, session->overlay_total_ms, 180, 20);
    ui_label(build, &(struct ui_label){.style = UI_STYLE_RING_FIGURE,
                                       .color = UI_COLOR_INK,
                                       .text = words_number(build, left),
                                       .tabular = true});
    ui_close(build);
    ui_para_center(build, UI_STYLE_PAGE_TITLE, UI_COLOR_INK, T("Are you still there?"));
    ui_para_center(build, UI_STYLE_BODY, UI_COLOR_TEXT,
                   money ? T("Your payment is being processed; it is credited even if you leave.")
                         : T("Touch anywhere to go on. Otherwise this ends and your data is "
                             "cleared."));
    ui_close(build);
    ui_open(build, &(struct ui_box){.w = UI_GROW(1), .gap = 24, .touch_gap = true});
    widget_button(build, &(struct widget_button){.surface = UI_SURFACE_SECONDARY,
                                                 .text = T("End"),
                                                 .w = UI_GROW(1),
                                                 .action = SESSION_ACTION_END});
    widget_button(build, &(struct widget_button){.surface = UI_SURFACE_PRIMARY,
                                                 .style = UI_STYLE_BUTTON_LARGE,
                                                 .text = T("Continue"),
                                                 .w = UI_GROW(2),
                                                 .action = SESSION_ACTION_CONTINUE,
                                                 .value = 1});
    ui_close(build);
    sheet_end(build);
}

static void overlay_help(struct ui_build *build, const struct session *session)
{
    static const char *const steps[] = {
        TN("Choose \"Scan to top up\" and touch your room."),
        TN("Check the place and the name, then touch an amount."),
        TN("Choose your wallet and scan the code with your phone."),
        TN("Wait for the three ticks and take your receipt."),
    };
    sheet_begin(build, SESSION_ACTION_NONE);
    sheet_head(build, UI_SURFACE_TINT_INFO, UI_ICON_PHONE, UI_COLOR_INFO, T("How it works"));
    for (size_t i = 0; i < ARRAY_COUNT(steps); i++) {
        ui_open(build, &(struct ui_box){.w = UI_GROW(1), .gap = 24, .align = LAYOUT_CENTER});
        widget_number(build, UI_SURFACE_INK, UI_COLOR_ON_INK, (int)i + 1);
        ui_label(build,
                 &(struct ui_label){.style = ui_is_portrait(build) ? UI_STYLE_BODY : UI_STYLE_SMALL,
                                    .color = UI_COLOR_TEXT,
                                    .text = T(steps[i]),
                                    .kind = UI_LABEL_WRAP,
                                    .w = UI_GROW(1)});
        ui_close(build);
    }
    if (session->profile.phone[0] != '\0') {
        widget_note(build, WIDGET_NOTE_INFO,
                    WORDS(build, T("A person helps you: {1}"), session->profile.phone));
    }
    widget_button(build, &(struct widget_button){.surface = UI_SURFACE_PRIMARY,
                                                 .style = UI_STYLE_BUTTON_LARGE,
                                                 .text = T("Close"),
                                                 .w = UI_GROW(1),
                                                 .action = SESSION_ACTION_CLOSE});
    sheet_end(build);
}

static void code_paint(struct ui_build *build, struct ui_rect rect, const void *data)
{
    const char *text = data;
    size_t size = 0;
    while (text[size] != '\0') {
        size += 1;
    }
    ui_draw(build, (struct draw_cmd){.op = DRAW_CODE,
                                     .rect = rect,
                                     .color = ui_color_value(build, UI_COLOR_CODE),
                                     .text = text,
                                     .text_size = size,
                                     .personal = true});
}

static void overlay_receipt(struct ui_build *build, const struct session *session)
{
    enum { CODE_U = 520 };
    bool portrait = ui_is_portrait(build);
    sheet_begin(build, SESSION_ACTION_NONE);
    ui_open(build, &(struct ui_box){.direction = portrait ? LAYOUT_COLUMN : LAYOUT_ROW,
                                    .w = UI_GROW(1),
                                    .gap = 40,
                                    .align = LAYOUT_CENTER});
    ui_open(build, &(struct ui_box){.direction = LAYOUT_COLUMN, .w = UI_GROW(1), .gap = 24});
    sheet_head(build, UI_SURFACE_TINT_INFO, UI_ICON_RECEIPT, UI_COLOR_INFO,
               T("Your receipt as a code"));
    ui_para(build, UI_STYLE_BODY, UI_COLOR_TEXT,
            T("Scan it with your phone. The paper can be had within 30 days."));
    ui_close(build);
    ui_paint(build,
             &(struct ui_box){.w = UI_UNITS(CODE_U),
                              .h = UI_UNITS(CODE_U),
                              .surface = UI_SURFACE_PAPER,
                              .radius = 24},
             code_paint, session->receipt_url);
    ui_close(build);
    widget_button(build, &(struct widget_button){.surface = UI_SURFACE_PRIMARY,
                                                 .style = UI_STYLE_BUTTON_LARGE,
                                                 .text = T("Close"),
                                                 .w = UI_GROW(1),
                                                 .action = SESSION_ACTION_CLOSE});
    sheet_end(build);
}

static void overlay_cancel(struct ui_build *build)
{
    ask(build, &(struct question){
                   .icon = UI_ICON_WARNING,
                   .title = T("Cancel this payment?"),
                   .text = T("If you have already paid, please do not cancel: wait for the tick."),
                   .left = {T("Cancel payment"), SESSION_ACTION_CONFIRM, UI_SURFACE_DANGER},
                   .right = {T("Go on paying"), SESSION_ACTION_CLOSE, UI_SURFACE_PRIMARY}});
}

static void overlay_no_printer(struct ui_build *build)
{
    ask(build,
        &(struct question){
            .icon = UI_ICON_PRINTER,
            .title = T("No printing at the moment"),
            .text = T("You can top up all the same. Please note the order number on the screen: "
                      "with it the receipt can be printed later."),
            .left = {T("Back"), SESSION_ACTION_CLOSE, UI_SURFACE_SECONDARY},
            .right = {T("Continue"), SESSION_ACTION_CONFIRM, UI_SURFACE_PRIMARY}});
}

static void overlay_meter_offline(struct ui_build *build)
{
    ask(build,
        &(struct question){
            .icon = UI_ICON_CLOCK,
            .title = T("The meter is offline"),
            .text = T("You can top up all the same: it is credited as soon as the meter answers. "
                      "If it does not within 24 hours, the money goes back to you by itself."),
            .left = {T("Back"), SESSION_ACTION_CLOSE, UI_SURFACE_SECONDARY},
            .right = {T("Top up anyway"), SESSION_ACTION_CONFIRM, UI_SURFACE_PRIMARY}});
}

static void overlay_open_elsewhere(struct ui_build *build)
{
    ask(build, &(struct question){
                   .icon = UI_ICON_WARNING,
                   .title = T("This meter is being topped up elsewhere"),
                   .text = T("Somebody has an open payment for it. Each payment is credited to "
                             "the meter or goes back to whoever paid."),
                   .left = {T("Back"), SESSION_ACTION_CLOSE, UI_SURFACE_SECONDARY},
                   .right = {T("Top up anyway"), SESSION_ACTION_CONFIRM, UI_SURFACE_PRIMARY}});
}

void view_overlay(struct ui_build *build, const struct session *session)
{
    switch (session->overlay) {
    case SESSION_OVERLAY_NONE:
    case SESSION_OVERLAY_COUNT:
        break;
    case SESSION_OVERLAY_IDLE:
        overlay_idle(build, session);
        break;
    case SESSION_OVERLAY_CANCEL:
        overlay_cancel(build);
        break;
    case SESSION_OVERLAY_HELP:
        overlay_help(build, session);
        break;
    case SESSION_OVERLAY_NO_PRINTER:
        overlay_no_printer(build);
        break;
    case SESSION_OVERLAY_METER_OFFLINE:
        overlay_meter_offline(build);
        break;
    case SESSION_OVERLAY_OPEN_ELSEWHERE:
        overlay_open_elsewhere(build);
        break;
    case SESSION_OVERLAY_RECEIPT_CODE:
        overlay_receipt(build, session);
        break;
    }
}
