/* SPDX-License-Identifier: Apache-2.0 */
/*
 * S5, S6 and everything an order can come to. Three ticks come true separately: paid, credited,
 * printed; none of them before the server (or the printer) has said so. The words promise no more
 * than docs/money.md does: no "refunded" before it is, no promise of a refund while a meter may
 * have taken the money.
 */
#include <string.h>

#include "kiosk/screens/page.h"
#include "kiosk/screens/result_parts.h"
#include "kiosk/screens/views.h"
#include "kiosk/screens/widgets.h"

enum { SECOND_MS = 1000, CHECKING_MS = 15 * SECOND_MS };

static const char *credited_detail(const struct session *session)
{
    bool water = words_measures(&session->meter, SESSION_WATER);
    switch (session->order.relay) {
    case SESSION_RELAY_CLOSED:
        if (words_measures(&session->meter, SESSION_ELECTRICITY)) {
            return T("Power is on");
        }
        return water ? T("Water is on") : T("Supply is on");
    case SESSION_RELAY_OPEN: /* still owing: nobody has ordered it to be switched on */
        if (words_measures(&session->meter, SESSION_ELECTRICITY)) {
            return T("Power is cut off");
        }
        return water ? T("Water is cut off") : T("Supply is cut off");
    case SESSION_RELAY_CLOSING:
        return T("Supply is being switched on");
    case SESSION_RELAY_UNKNOWN:
    case SESSION_RELAY_COUNT:
        break;
    }
    return NULL;
}

/* Nothing was taken: the same purchase once more, under a number of its own. */
static void pay_again(struct ui_build *build)
{
    ui_open(build, &(struct ui_box){.w = UI_GROW(1), .gap = 24, .touch_gap = true});
    widget_button(build, &(struct widget_button){.surface = UI_SURFACE_SECONDARY,
                                                 .text = TC("button", "Done"),
                                                 .w = UI_GROW(1),
                                                 .action = SESSION_ACTION_FINISH});
    widget_button(build, &(struct widget_button){.surface = UI_SURFACE_PRIMARY,
                                                 .style = UI_STYLE_BUTTON_LARGE,
                                                 .text = T("Pay again"),
                                                 .w = UI_GROW(1),
                                                 .action = SESSION_ACTION_CONFIRM});
    ui_close(build);
}

/* A page around one card: in portrait all in one column, in landscape the meter on the left. */
struct result {
    const char *title;
    int step; /* 1..5 of the steps above; 0: none */
    void (*card)(struct ui_build *build, const struct session *session);
    const char *note; /* under the card, may be NULL */
    bool ends;        /* has "done" */
    bool prints;      /* has "print" */
    bool again;       /* has "pay again" */
};

static void result_top(struct ui_build *build, const struct session *session, int step)
{
    if (session->order_reopened) {
        ui_open(build, &(struct ui_box){.w = UI_GROW(1), .drop = 5});
        widget_note(build, WIDGET_NOTE_INFO, T("This is your earlier order, found again."));
        ui_close(build);
    } else if (step > 0) {
        page_steps(build, session, step);
    }
}

static void result_card(struct ui_build *build, const struct session *session,
                        const struct result *result)
{
    ui_open(build, &(struct ui_box){.direction = LAYOUT_COLUMN,
                                    .w = UI_GROW(1),
                                    .pad_x = 40,
                                    .pad_y = ui_is_portrait(build) ? 40 : 24,
                                    .gap = ui_is_portrait(build) ? 18 : 8,
                                    .surface = UI_SURFACE_CARD,
                                    .radius = 36});
    result->card(build, session);
    ui_close(build);
    if (result->note != NULL) {
        ui_open(build, &(struct ui_box){.w = UI_GROW(1), .drop = 5});
        widget_note(build, WIDGET_NOTE_OK, result->note);
        ui_close(build);
    }
}

/* What is being paid for; right after a start it is not known yet. */
static void result_summary(struct ui_build *build, const struct session *session)
{
    if (session->meter.place[0] != '\0' || session->order.place[0] != '\0') {
        view_summary(build, session);
    }
}

static void result_view(struct ui_build *build, const struct session *session,
                        const struct result *result)
{
    bool portrait = ui_is_portrait(build);
    struct page page = {.title = result->title};
    page_begin(build, session, &page);
    result_ring(build, session);
    page_body(build, session);
    result_top(build, session, result->step);
    page_columns_begin(build, portrait ? 0 : 36);
    if (!portrait) {
        result_summary(build, session);
        ui_fill(build);
        view_order_line(build, session);
    }
    page_columns_next(build, 64);
    ui_fill(build);
    result_card(build, session, result);
    if (portrait) {
        result_summary(build, session);
    }
    ui_fill(build);
    if (result->again) {
        pay_again(build);
    } else if (result->ends) {
        result_ending(build, session, result->prints);
    }
    if (portrait) {
        view_order_line(build, session);
    }
    page_columns_end(build);
    page_end(build, session, &page);
}

/* Whom to call, and about what. */
static void quote(struct ui_build *build, const struct session *session)
{
    if (session->order.order_no[0] != '\0') {
        widget_pair(build, T("Quote this number"), result_tail(session), false);
    }
    widget_pair(build, T("Service phone"), result_phone(session), true);
}

/*
 * This page is also that of a silent server and of a start: "not paid so far" is the server's to
 * say, and only as long as its word is fresh.
 */
static void card_checking(struct ui_build *build, const struct session *session)
{
    bool heard = session->order.state == SESSION_ORDER_CLOSING && !session->order_stale;
    int64_t settled_ms = session->screen_since_ms + CHECKING_MS;
    if (heard && ui_now(build).mono_ms >= settled_ms) {
        result_head(build, UI_SURFACE_TINT_INFO, UI_ICON_CLOCK, UI_COLOR_INFO,
                    T("Not paid so far"));
        result_words(build,
                     T("Money that still arrives goes to the meter or back to you, by itself."));
        return;
    }
    ui_wake_at(build, settled_ms);
    result_head(build, UI_SURFACE_NONE, UI_ICON_NONE, UI_COLOR_PRIMARY, T("Checking"));
    result_words(build, T("If you have paid, please do not pay again."));
    if (!heard) {
        quote(build, session);
    }
}

void view_checking(struct ui_build *build, const struct session *session)
{
    /* A page without an end waits for an answer: "done" would be a guess. */
    bool late = ui_now(build).mono_ms >= session->screen_since_ms + CHECKING_MS;
    result_view(build, session,
                &(struct result){.title = T("Checking the payment"),
                                 .step = 3,
                                 .card = card_checking,
                                 .ends = late && session->screen_until_ms != 0});
}

static void card_closed(struct ui_build *build, const struct session *session)
{
    (void)session;
    result_head(build, UI_SURFACE_TINT_INFO, UI_ICON_INFO, UI_COLOR_INFO, T("No money was taken"));
    result_words(build,
                 T("The code is no longer valid. Money that arrives late goes back to you by "
                   "itself."));
}

void view_closed(struct ui_build *build, const struct session *session)
{
    result_view(build, session,
                &(struct result){.title = T("Not paid"),
                                 .card = card_closed,
                                 .ends = true,
                                 .again = session->amount.fen > 0});
}

static const char *sending_words(const struct session *session)
{
    if (words_measures(&session->meter, SESSION_ELECTRICITY)) {
        return T("Sending it to the meter");
    }
    return words_measures(&session->meter, SESSION_WATER) ? T("Sending it to the water meter")
                                                          : T("Sending it to your meter");
}

static void card_crediting(struct ui_build *build, const struct session *session)
{
    result_tick_paid(build, session);
    widget_tick(build, &(struct widget_tick){.state = WIDGET_TICK_BUSY,
                                             .text = sending_words(session),
                                             .detail = T("Usually a few seconds")});
    widget_tick(build, &(struct widget_tick){.state = WIDGET_TICK_WAITING, .text = T("Receipt")});
}

void view_crediting(struct ui_build *build, const struct session *session)
{
    result_view(
        build, session,
        &(struct result){.title = T("Topping up"),
                         .step = 4,
                         .card = card_crediting,
                         .note = T("Your money has arrived. It is safe even if you leave now.")});
}

static const char *slow_words(struct ui_build *build, const struct session *session)
{
    /* What was true when the line broke promises nothing now. */
    if (!session->order_stale && session->order.stage == SESSION_STAGE_NOTHING_SENT) {
        return T("The meter does not answer just now. We keep trying; if it does not work within "
                 "24 hours, the money goes back to you by itself.");
    }
    if (session->order_stale) {
        return WORDS(build, T("Please do not pay again. Quote number {1} if you call {2}."),
                     result_tail(session), result_phone(session));
    }
    return WORDS(build,
                 T("We are asking the meter whether it has arrived. Please do not pay again. "
                   "Quote number {1} if you call {2}."),
                 result_tail(session), result_phone(session));
}

static void card_slow(struct ui_build *build, const struct session *session)
{
    result_tick_paid(build, session);
    widget_tick(build, &(struct widget_tick){.state = WIDGET_TICK_WAITING,
                                             .text = T("Not at the meter yet")});
    result_tick_slip(build, session);
    result_words(build, slow_words(build, session));
}

static const char *slow_note(const struct session *session)
{
    if (session->receipt == SESSION_RECEIPT_PRINTING ||
        session->receipt == SESSION_RECEIPT_PRINTED) {
        return T("Please keep the receipt. Nothing else is needed of you.");
    }
    return T("Please keep the order number. Nothing else is needed of you.");
}

void view_slow(struct ui_build *build, const struct session *session)
{
    result_view(build, session,
                &(struct result){.title = T("Your money has arrived"),
                                 .step = 4,
                                 .card = card_slow,
                                 .note = slow_note(session),
                                 .ends = true,
                                 .prints = true});
}

static bool is_for_a_card(const struct session_order *order)
{
    return order->card_tail[0] != '\0';
}

static void card_refund(struct ui_build *build, const struct session *session)
{
    const struct session_order *order = &session->order;
    const char *failed = is_for_a_card(order) ? T("It could not be written to the card")
                                              : T("It could not be credited to the meter");
    const char *number = order->refund_no[0] != '\0' ? order->refund_no : result_tail(session);
    result_tick_paid(build, session);
    widget_tick(build, &(struct widget_tick){.state = WIDGET_TICK_NOT, .text = failed});
    widget_tick(build, &(struct widget_tick){.state = WIDGET_TICK_WAITING,
                                             .text = T("The refund is ordered"),
                                             .detail = WORDS(build, T("to your {1}; number {2}"),
                                                             words_wallet(order->wallet), number)});
    result_tick_slip(build, session);
}

void view_refund(struct ui_build *build, const struct session *session)
{
    result_view(build, session,
                &(struct result){.title = T("Your money goes back to you"),
                                 .card = card_refund,
                                 .ends = true,
                                 .prints = true});
}

static void card_refunded(struct ui_build *build, const struct session *session)
{
    const struct session_order *order = &session->order;
    struct money back = order->refunded.fen > 0 ? order->refunded : order->paid;
    result_head(build, UI_SURFACE_TINT_OK, UI_ICON_TICK_CIRCLE, UI_COLOR_OK,
                WORDS(build, T("{1} went back to your {2}"), words_money(build, back),
                      words_wallet(order->wallet)));
    result_words(
        build, is_for_a_card(order)
                   ? T("It could not be written to the card. Look at the bill in your wallet.")
                   : T("It could not be credited to the meter. Look at the bill in your wallet."));
}

void view_refunded(struct ui_build *build, const struct session *session)
{
    result_view(build, session,
                &(struct result){
                    .title = T("Refunded"), .card = card_refunded, .ends = true, .prints = true});
}

static void card_review(struct ui_build *build, const struct session *session)
{
    result_head(build, UI_SURFACE_TINT_INFO, UI_ICON_SEARCH, UI_COLOR_INFO,
                T("Your payment is being checked by our staff"));
    result_words(build,
                 T("Please do not pay again. Nothing is lost: it is credited or paid back."));
    result_tick_slip(build, session);
    quote(build, session);
}

void view_review(struct ui_build *build, const struct session *session)
{
    result_view(build, session,
                &(struct result){.title = T("A person is looking into it"),
                                 .card = card_review,
                                 .ends = true,
                                 .prints = true});
}

/* S6: the balance that was read back, the three ticks, what was bought. */

static void success_paint(struct ui_build *build, struct ui_rect rect, const void *data)
{
    (void)data;
    ui_draw(build, (struct draw_cmd){.op = DRAW_RING,
                                     .rect = rect,
                                     .thickness = ui_px(build, 18),
                                     .permille = 1000,
                                     .color = ui_color_value(build, UI_COLOR_OK_ON_NIGHT)});
    int side = rect.w * 6 / 10;
    ui_draw(build, (struct draw_cmd){.op = DRAW_ICON,
                                     .icon = UI_ICON_CHECK,
                                     .rect = {rect.x + (rect.w - side) / 2,
                                              rect.y + (rect.h - side) / 2, side, side},
                                     .color = ui_color_value(build, UI_COLOR_OK_ON_NIGHT)});
}

static void new_balance(struct ui_build *build, const struct session *session)
{
    const struct session_order *order = &session->order;
    ui_open(build, &(struct ui_box){.direction = LAYOUT_COLUMN, .w = UI_GROW(1)});
    if (order->balance_after_known) {
        ui_text(build, UI_STYLE_LABEL, UI_COLOR_ON_NIGHT_WEAK, T("Balance now"));
        widget_amount(build, order->balance_after, &widget_amount_balance);
    } else {
        ui_text(build, UI_STYLE_LABEL, UI_COLOR_ON_NIGHT_WEAK, T("Credited to the meter"));
        widget_amount(build, order->amount, &widget_amount_balance);
    }
    ui_label(build, &(struct ui_label){.style = UI_STYLE_STRONG,
                                       .color = UI_COLOR_ON_NIGHT,
                                       .text = order->place,
                                       .kind = UI_LABEL_WRAP,
                                       .personal = true});
    ui_text(build, UI_STYLE_SMALL, UI_COLOR_ON_NIGHT_WEAK,
            words_meter(build, order->meter_address));
    ui_close(build);
}

/* Upright in normal letters the page has room to spare. */
static bool done_room(const struct ui_build *build)
{
    return ui_is_portrait(build) && !ui_is_large(build);
}

static void done_card(struct ui_build *build, const struct session *session)
{
    widget_night_begin(build, 48, done_room(build) ? 48 : 24);
    new_balance(build, session);
    ui_paint(build, &(struct ui_box){.w = UI_UNITS(220), .h = UI_UNITS(220), .drop = 4},
             success_paint, NULL);
    widget_night_end(build);
}

static void done_ticks(struct ui_build *build, const struct session *session)
{
    /* They take what the page has to spare, before the empty room above the buttons does. */
    const struct ui_size ticks = {LAYOUT_GROW, 100, ui_is_large(build) ? 540 : 430,
                                  ui_is_large(build) ? 620 : 520};
    ui_open(build, &(struct ui_box){.direction = LAYOUT_COLUMN,
                                    .w = UI_GROW(1),
                                    .pad_x = 40,
                                    .h = ui_is_portrait(build) ? ticks : UI_FIT,
                                    .pad_y = ui_is_portrait(build) ? 28 : 20,
                                    .gap = ui_is_portrait(build) ? 14 : 6,
                                    .justify = LAYOUT_BETWEEN,
                                    .surface = UI_SURFACE_CARD,
                                    .radius = 36});
    result_tick_paid(build, session);
    widget_tick(build, &(struct widget_tick){.state = WIDGET_TICK_DONE,
                                             .text = T("Credited to the meter"),
                                             .detail = credited_detail(session)});
    result_tick_receipt(build, session);
    ui_close(build);
}

static void done_details(struct ui_build *build, const struct session *session)
{
    const struct session_order *order = &session->order;
    widget_pairs_begin(build);
    if (order->balance_before_known) {
        widget_pair(build, T("Balance before"), words_money(build, order->balance_before), false);
    }
    widget_pair(build, T("Topped up with"), words_money(build, order->amount), false);
    widget_pair(build, T("Paid at"),
                words_time(build, order->paid_at > 0 ? order->paid_at : order->created_at), false);
    widget_pair(build, T("Order number ends in"), result_tail(session), true);
    widget_pairs_end(build);
}

void view_done(struct ui_build *build, const struct session *session)
{
    bool portrait = ui_is_portrait(build);
    struct page page = {.title = T("Topped up")};
    page_begin(build, session, &page);
    result_ring(build, session);
    page_body(build, session);
    result_top(build, session, 5);
    page_columns_begin(build, portrait ? 0 : 48);
    done_card(build, session);
    if (session->order.arrears.fen > 0) {
        widget_note(build, WIDGET_NOTE_INFO,
                    WORDS(build, T("{1} of it went to what was owed."),
                          words_money(build, session->order.arrears)));
    }
    if (!portrait) {
        done_details(build, session);
        ui_fill(build);
        view_order_line(build, session);
    }
    page_columns_next(build, 52);
    done_ticks(build, session);
    if (portrait) {
        done_details(build, session);
    }
    ui_fill(build);
    result_ending(build, session, /* can_print= */ true);
    if (portrait) {
        view_order_line(build, session);
    }
    page_columns_end(build);
    page_end(build, session, &page);
}
