/* SPDX-License-Identifier: Apache-2.0 */
/*
 * S5, S6 and everything an order can come to. Three ticks come true separately: paid, credited,
 * printed; none of them before the server (or the printer) has said so. The words are those of
 * MONEY, section 2: no "refunded" before it is, no promise of a refund while a meter may have
 * taken the money.
 */
#include <string.h>

#include "kiosk/screens/page.h"
#include "kiosk/screens/views.h"
#include "kiosk/screens/widgets.h"

enum { SECOND_MS = 1000, CHECKING_MS = 15 * SECOND_MS };

static void head(struct ui_build *build, enum ui_surface_id surface, enum ui_icon icon,
                 enum ui_color color, const char *title)
{
    ui_open(build,
            &(struct ui_box){.w = UI_GROW(1), .gap = 32, .pad_y = 12, .align = LAYOUT_CENTER});
    if (icon == UI_ICON_NONE) {
        widget_spinner(build, 116, 14, UI_COLOR_PRIMARY);
    } else {
        widget_badge(build, surface, icon, color, 116);
    }
    ui_label(build, &(struct ui_label){.style = UI_STYLE_HEADLINE,
                                       .color = UI_COLOR_INK,
                                       .text = title,
                                       .kind = UI_LABEL_WRAP,
                                       .w = UI_GROW(1)});
    ui_close(build);
}

static void words(struct ui_build *build, const char *text)
{
    ui_para(build, ui_is_portrait(build) ? UI_STYLE_BODY : UI_STYLE_LABEL, UI_COLOR_TEXT, text);
}

static const char *phone_of(const struct session *session)
{
    return session->order.phone[0] != '\0' ? session->order.phone : session->profile.phone;
}

static const char *order_tail(const struct session *session)
{
    return words_tail(session->order.order_no, SESSION_ORDER_TAIL_COUNT);
}

/* Ticks */

static void tick_paid(struct ui_build *build, const struct session *session)
{
    const struct session_order *order = &session->order;
    struct money paid = order->paid.fen > 0 ? order->paid : order->amount;
    widget_tick(build,
                &(struct widget_tick){.state = WIDGET_TICK_DONE,
                                      .text = WORDS(build, T("Paid {1}"), words_money(build, paid)),
                                      .detail = words_wallet(order->wallet)});
}

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

static bool printer_works(const struct session *session)
{
    return session->printer == SESSION_PRINTER_READY ||
           session->printer == SESSION_PRINTER_NEAR_END;
}

static void tick_receipt(struct ui_build *build, const struct session *session)
{
    struct widget_tick tick = {.state = WIDGET_TICK_WAITING, .text = T("Receipt")};
    enum session_receipt receipt = session->receipt;
    bool offered = receipt == SESSION_RECEIPT_NONE || receipt == SESSION_RECEIPT_OFFERED;
    if (offered && !printer_works(session)) {
        receipt = SESSION_RECEIPT_NO_PRINTER; /* the button is not there either */
    }
    switch (receipt) {
    case SESSION_RECEIPT_NONE:
    case SESSION_RECEIPT_OFFERED:
    case SESSION_RECEIPT_COUNT:
        tick.text = T("Receipt: touch \"Print receipt\" if you want one");
        break;
    case SESSION_RECEIPT_PRINTING:
        tick.state = WIDGET_TICK_BUSY;
        tick.text = T("Printing the receipt");
        break;
    case SESSION_RECEIPT_PRINTED:
        tick.state = WIDGET_TICK_DONE;
        tick.text = T("Receipt printed, please take it");
        break;
    case SESSION_RECEIPT_FAILED:
        tick.state = WIDGET_TICK_NOT;
        tick.text = T("The receipt could not be printed");
        tick.detail = T("You can have it printed within 30 days");
        break;
    case SESSION_RECEIPT_UNKNOWN:
        tick.state = WIDGET_TICK_NOT;
        tick.text = T("Receipt sent, but the printer did not confirm it");
        tick.detail = T("You can have it printed within 30 days");
        break;
    case SESSION_RECEIPT_NO_PRINTER:
        tick.state = WIDGET_TICK_NOT;
        tick.text = T("No printing here at the moment");
        tick.detail = T("You can have it printed within 30 days");
        break;
    case SESSION_RECEIPT_HELD:
        tick.state = WIDGET_TICK_WAITING;
        tick.text = T("Your receipt is still inside the printer");
        tick.detail = T("It comes out when the printer works again");
        break;
    case SESSION_RECEIPT_NO_MORE:
        tick.state = WIDGET_TICK_NOT;
        tick.text = T("Printed as often as machines may print it");
        tick.detail = T("Our office prints it for you");
        break;
    }
    widget_tick(build, &tick);
}

/* The slip of a page without a receipt; where room is short, the money's words come first. */
static void tick_slip(struct ui_build *build, const struct session *session)
{
    ui_open(build, &(struct ui_box){.w = UI_GROW(1), .drop = 4});
    tick_receipt(build, session);
    ui_close(build);
}

/* Buttons of a page that ends: print, and done with its ring. */
static void ending(struct ui_build *build, const struct session *session, bool can_print)
{
    bool printer = printer_works(session);
    bool rests =
        session->receipt == SESSION_RECEIPT_PRINTING || session->receipt == SESSION_RECEIPT_NO_MORE;
    const char *again =
        session->receipt == SESSION_RECEIPT_PRINTED ? T("Print again") : T("Print receipt");
    ui_open(build, &(struct ui_box){.w = UI_GROW(1), .gap = 24, .touch_gap = true});
    if (can_print && session->receipt_url[0] != '\0' && !printer) {
        widget_button(build, &(struct widget_button){.surface = UI_SURFACE_SECONDARY,
                                                     .icon = UI_ICON_QR,
                                                     .text = T("Receipt code"),
                                                     .w = UI_GROW(1),
                                                     .action = SESSION_ACTION_RECEIPT_CODE});
    } else if (can_print && printer) {
        widget_button(build, &(struct widget_button){.surface = rests ? UI_SURFACE_DISABLED
                                                                      : UI_SURFACE_SECONDARY,
                                                     .icon = UI_ICON_PRINTER,
                                                     .text = again,
                                                     .w = UI_GROW(1),
                                                     .action = SESSION_ACTION_PRINT});
    }
    widget_button(build, &(struct widget_button){.surface = UI_SURFACE_PRIMARY,
                                                 .style = UI_STYLE_BUTTON_LARGE,
                                                 .text = TC("button", "Done"),
                                                 .w = UI_GROW(1),
                                                 .action = SESSION_ACTION_FINISH});
    ui_close(build);
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

/* The ring of a page that ends by itself, in the header. */
static void end_ring(struct ui_build *build, const struct session *session)
{
    if (session->screen_until_ms == 0) {
        return;
    }
    ui_open(build, &(struct ui_box){.gap = 18, .align = LAYOUT_CENTER});
    int left = widget_countdown(build, session->screen_until_ms, session->screen_total_ms, 72, 9);
    ui_label(build, &(struct ui_label){.style = UI_STYLE_SECONDS,
                                       .color = UI_COLOR_INK,
                                       .text = words_number(build, left),
                                       .tabular = true});
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
        page_steps(build, step);
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
    end_ring(build, session);
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
        ending(build, session, result->prints);
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
        widget_pair(build, T("Quote this number"), order_tail(session), false);
    }
    widget_pair(build, T("Service phone"), phone_of(session), true);
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
        head(build, UI_SURFACE_TINT_INFO, UI_ICON_CLOCK, UI_COLOR_INFO, T("Not paid so far"));
        words(build, T("Money that still arrives goes to the meter or back to you, by itself."));
        return;
    }
    ui_wake_at(build, settled_ms);
    head(build, UI_SURFACE_NONE, UI_ICON_NONE, UI_COLOR_PRIMARY, T("Checking"));
    words(build, T("If you have paid, please do not pay again."));
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
    head(build, UI_SURFACE_TINT_INFO, UI_ICON_INFO, UI_COLOR_INFO, T("No money was taken"));
    words(build, T("The code is no longer valid. Money that arrives late goes back to you by "
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
    tick_paid(build, session);
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
                     order_tail(session), phone_of(session));
    }
    return WORDS(build,
                 T("We are asking the meter whether it has arrived. Please do not pay again. "
                   "Quote number {1} if you call {2}."),
                 order_tail(session), phone_of(session));
}

static void card_slow(struct ui_build *build, const struct session *session)
{
    tick_paid(build, session);
    widget_tick(build, &(struct widget_tick){.state = WIDGET_TICK_WAITING,
                                             .text = T("Not at the meter yet")});
    tick_slip(build, session);
    words(build, slow_words(build, session));
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

static void card_refund(struct ui_build *build, const struct session *session)
{
    const struct session_order *order = &session->order;
    const char *number = order->refund_no[0] != '\0' ? order->refund_no : order_tail(session);
    tick_paid(build, session);
    widget_tick(build, &(struct widget_tick){.state = WIDGET_TICK_NOT,
                                             .text = T("It could not be credited to the meter")});
    widget_tick(build, &(struct widget_tick){.state = WIDGET_TICK_WAITING,
                                             .text = T("The refund is ordered"),
                                             .detail = WORDS(build, T("to your {1}; number {2}"),
                                                             words_wallet(order->wallet), number)});
    tick_slip(build, session);
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
    head(build, UI_SURFACE_TINT_OK, UI_ICON_TICK_CIRCLE, UI_COLOR_OK,
         WORDS(build, T("{1} went back to your {2}"), words_money(build, back),
               words_wallet(order->wallet)));
    words(build, T("It could not be credited to the meter. Look at the bill in your wallet."));
}

void view_refunded(struct ui_build *build, const struct session *session)
{
    result_view(build, session,
                &(struct result){
                    .title = T("Refunded"), .card = card_refunded, .ends = true, .prints = true});
}

static void card_review(struct ui_build *build, const struct session *session)
{
    head(build, UI_SURFACE_TINT_INFO, UI_ICON_SEARCH, UI_COLOR_INFO,
         T("Your payment is being checked by our staff"));
    words(build, T("Please do not pay again. Nothing is lost: it is credited or paid back."));
    tick_slip(build, session);
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
    ui_open(build, &(struct ui_box){.w = UI_GROW(1),
                                    .pad_x = 48,
                                    .pad_y = done_room(build) ? 48 : 24,
                                    .gap = 24,
                                    .align = LAYOUT_CENTER,
                                    .surface = UI_SURFACE_NIGHT,
                                    .picture = DRAW_PICTURE_NIGHT,
                                    .radius = 40});
    new_balance(build, session);
    ui_paint(build, &(struct ui_box){.w = UI_UNITS(220), .h = UI_UNITS(220), .drop = 4},
             success_paint, NULL);
    ui_close(build);
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
    tick_paid(build, session);
    widget_tick(build, &(struct widget_tick){.state = WIDGET_TICK_DONE,
                                             .text = T("Credited to the meter"),
                                             .detail = credited_detail(session)});
    tick_receipt(build, session);
    ui_close(build);
}

static void done_details(struct ui_build *build, const struct session *session)
{
    const struct session_order *order = &session->order;
    ui_open(build, &(struct ui_box){.direction = LAYOUT_COLUMN,
                                    .w = UI_GROW(1),
                                    .pad_x = 40,
                                    .pad_y = 14,
                                    .surface = UI_SURFACE_CARD,
                                    .radius = 36,
                                    .drop = 8});
    if (order->balance_before_known) {
        widget_pair(build, T("Balance before"), words_money(build, order->balance_before), false);
    }
    widget_pair(build, T("Topped up with"), words_money(build, order->amount), false);
    widget_pair(build, T("Paid at"),
                words_time(build, order->paid_at > 0 ? order->paid_at : order->created_at), false);
    widget_pair(build, T("Order number ends in"), order_tail(session), true);
    ui_close(build);
}

void view_done(struct ui_build *build, const struct session *session)
{
    bool portrait = ui_is_portrait(build);
    struct page page = {.title = T("Topped up")};
    page_begin(build, session, &page);
    end_ring(build, session);
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
    ending(build, session, /* can_print= */ true);
    if (portrait) {
        view_order_line(build, session);
    }
    page_columns_end(build);
    page_end(build, session, &page);
}
