/* SPDX-License-Identifier: Apache-2.0 */
/* Picture and sentence, what has come true, buttons: upright below each other, across in columns.
 */
#include "kiosk/screens/card_page.h"

#include "kiosk/screens/card_words.h"
#include "kiosk/screens/page.h"
#include "kiosk/screens/result_parts.h"
#include "kiosk/screens/views.h"
#include "kiosk/screens/widgets.h"

static void frame_paint(struct ui_build *build, struct ui_rect rect, const void *data)
{
    (void)data;
    ui_draw(build, (struct draw_cmd){.op = DRAW_BORDER,
                                     .rect = rect,
                                     .radius = ui_px(build, 36),
                                     .thickness = ui_px(build, 14),
                                     .color = ui_color_value(build, UI_COLOR_ERROR)});
}

static int art_units(const struct ui_build *build, const struct card_page *page)
{
    if (page->talks) {
        return ui_is_large(build) ? 360 : 520;
    }
    if (ui_is_portrait(build)) {
        return ui_is_large(build) ? 520 : 820;
    }
    return ui_is_large(build) ? 480 : 680;
}

static void picture(struct ui_build *build, const struct card_page *page)
{
    ui_open(build, &(struct ui_box){.direction = LAYOUT_STACK, .w = UI_GROW(1), .h = UI_GROW(1)});
    ui_open(build, &(struct ui_box){.direction = LAYOUT_COLUMN,
                                    .w = UI_GROW(1),
                                    .h = UI_GROW(1),
                                    .pad = 28,
                                    .gap = 12,
                                    .justify = LAYOUT_CENTER,
                                    .align = LAYOUT_CENTER,
                                    .surface = UI_SURFACE_CARD,
                                    .top_line = true,
                                    .radius = 36});
    card_stage(build, page->art, art_units(build, page), page->tail, page->since_ms);
    ui_space(build, 4);
    ui_para_center(build, UI_STYLE_HEADLINE, page->alarm ? UI_COLOR_ERROR : UI_COLOR_INK,
                   page->words);
    if (page->small != NULL) {
        ui_para_center(build, UI_STYLE_LABEL, UI_COLOR_TEXT, page->small);
    }
    if (page->promise != NULL && !ui_is_portrait(build)) {
        ui_para_center(build, UI_STYLE_LABEL, UI_COLOR_TEXT, page->promise);
    }
    ui_close(build);
    if (page->alarm) {
        ui_paint(build, &(struct ui_box){.w = UI_GROW(1), .h = UI_GROW(1)}, frame_paint, NULL);
    }
    ui_close(build);
}

static void ticks_card(struct ui_build *build, const struct session *session,
                       const struct card_page *page)
{
    ui_open(build, &(struct ui_box){.direction = LAYOUT_COLUMN,
                                    .w = UI_GROW(1),
                                    .pad_x = 40,
                                    .pad_y = ui_is_portrait(build) ? 24 : 20,
                                    .gap = ui_is_portrait(build) ? 10 : 6,
                                    .surface = UI_SURFACE_CARD,
                                    .radius = 36});
    page->ticks(build, session);
    ui_close(build);
}

static void page_top(struct ui_build *build, const struct session *session, int step)
{
    if (session->order_reopened) {
        ui_open(build, &(struct ui_box){.w = UI_GROW(1), .drop = 5});
        widget_note(build, WIDGET_NOTE_INFO, T("This is your earlier order, found again."));
        ui_close(build);
    } else if (!session->card.repair) { /* for that nobody has chosen or paid anything */
        page_steps(build, session, step);
    }
}

void card_page_add(struct ui_build *build, const struct session *session,
                   const struct card_page *page, int step)
{
    bool portrait = ui_is_portrait(build);
    page_top(build, session, step);
    page_columns_begin(build, portrait ? 100 : 50);
    picture(build, page);
    page_columns_next(build, portrait ? 0 : 50);
    if (!portrait) {
        ui_open(build, &(struct ui_box){.w = UI_GROW(1), .drop = 7});
        view_summary(build, session);
        ui_close(build);
    }
    ticks_card(build, session, page);
    if (!portrait) {
        ui_fill(build);
    }
    if (page->buttons != NULL) {
        page->buttons(build, session);
    }
    view_order_line(build, session);
    page_columns_end(build);
}

void card_page_hint(struct ui_build *build, const struct session *session)
{
    const char *hint = card_hint(session);
    if (hint[0] != '\0') {
        widget_note(build, WIDGET_NOTE_WARN, hint);
    }
}

void card_page_tick_paid(struct ui_build *build, const struct session *session)
{
    const struct session_order *order = &session->order;
    if (session->card.repair) {
        return;
    }
    if (!session->card.owed) {
        result_tick_paid(build, session);
        return;
    }
    struct money paid = order->paid.fen > 0 ? order->paid : order->amount;
    widget_tick(build, &(struct widget_tick){
                           .state = WIDGET_TICK_DONE,
                           .text = WORDS(build, T("Paid earlier: {1}"), words_money(build, paid)),
                           .detail = T("Nothing more is to be paid")});
}
