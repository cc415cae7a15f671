/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A paid order and its card: "lay it back", B4 "leave it there", B5 "take it, and put it into the
 * meter", and the page of an order that could not be finished here. Each has one picture, one
 * sentence that says what to do, and the ticks that have come true.
 */
#include "kiosk/screens/card_page.h"
#include "kiosk/screens/card_words.h"
#include "kiosk/screens/page.h"
#include "kiosk/screens/result_parts.h"
#include "kiosk/screens/views.h"
#include "kiosk/screens/widgets.h"

enum { RED_MS = 20000 /* B5: a card that is not taken gets a red frame */ };

/* Nothing was bought: no money is spoken of, and no paper. */
static bool is_repair(const struct session *session)
{
    return session->card.repair;
}

static const char *repair_title(const struct session *session)
{
    return session->card.takes_back ? T("A top-up is being taken back")
                                    : T("Putting your card in order");
}

/* ---- lay it back ---- */

static void back_ticks(struct ui_build *build, const struct session *session)
{
    card_page_tick_paid(build, session);
    widget_tick(build, &(struct widget_tick){.state = WIDGET_TICK_WAITING,
                                             .text = T("Waiting for your card")});
    card_page_hint(build, session);
}

static void back_buttons(struct ui_build *build, const struct session *session)
{
    widget_button(build, &(struct widget_button){
                             .surface = UI_SURFACE_SECONDARY,
                             .icon = UI_ICON_CLOCK,
                             .text = is_repair(session) ? T("Not now") : T("Later: give me a slip"),
                             .w = UI_GROW(1),
                             .action = SESSION_ACTION_FINISH});
}

static void give_up_ring(struct ui_build *build, const struct session *session)
{
    const struct session_card *card = &session->card;
    if (card->give_up_ms == 0) {
        return;
    }
    ui_open(build, &(struct ui_box){.gap = 18, .align = LAYOUT_CENTER});
    int left = widget_countdown(build, card->give_up_ms, card->give_up_total_ms, 72, 9);
    ui_label(build, &(struct ui_label){.style = UI_STYLE_SECONDS,
                                       .color = UI_COLOR_INK,
                                       .text = words_number(build, left),
                                       .tabular = true});
    ui_close(build);
}

void view_card_back(struct ui_build *build, const struct session *session)
{
    struct page page = {.title = is_repair(session) ? repair_title(session)
                                                    : T("Your money has arrived")};
    const struct card_page paid = {
        .art = CARD_ART_LAY,
        .since_ms = session->screen_since_ms,
        .tail = card_tail(session),
        .words = T("Now lay the same card back"),
        .small = card_tail(session)[0] != '\0'
                     ? WORDS(build, T("Its number ends in {1}."), card_tail(session))
                     : NULL,
        .ticks = back_ticks,
        .buttons = back_buttons,
    };
    page_begin(build, session, &page);
    give_up_ring(build, session);
    page_body(build, session);
    card_page_add(build, session, &paid, 4);
    page_end(build, session, &page);
}

/* ---- B4 ---- */

static const char *write_words(const struct session *session)
{
    switch (session->card.stage) {
    case SESSION_CARD_STAGE_WRITING:
        return T("Writing to the card (about 3 seconds)");
    case SESSION_CARD_STAGE_CONFIRMING:
        return T("Written. Checking it with the server");
    case SESSION_CARD_STAGE_NONE:
    case SESSION_CARD_STAGE_WAITING:
    case SESSION_CARD_STAGE_READING:
    case SESSION_CARD_STAGE_KNOWN:
    case SESSION_CARD_STAGE_RETRY:
    case SESSION_CARD_STAGE_ASKING:
    case SESSION_CARD_STAGE_LEFT:
    case SESSION_CARD_STAGE_COUNT:
        break;
    }
    return T("Checking the card");
}

static void write_ticks(struct ui_build *build, const struct session *session)
{
    card_page_tick_paid(build, session);
    widget_tick(build,
                &(struct widget_tick){.state = WIDGET_TICK_BUSY, .text = write_words(session)});
    if (!is_repair(session)) {
        widget_tick(build,
                    &(struct widget_tick){.state = WIDGET_TICK_WAITING, .text = T("Receipt")});
    }
}

static const char *write_title(const struct session *session)
{
    if (is_repair(session)) {
        return repair_title(session);
    }
    return session->card.owed ? T("Finishing your earlier top-up") : T("Writing your card");
}

void view_card_write(struct ui_build *build, const struct session *session)
{
    const struct session_card *card = &session->card;
    struct page page = {.title = write_title(session)};
    const char *owed =
        WORDS(build, T("{1} that you paid earlier is written now. Nothing more is to be paid."),
              words_money(build, session->order.amount));
    const struct card_page paid = {
        .art = CARD_ART_KEEP,
        .since_ms = session->screen_since_ms,
        .tail = card_tail(session),
        .words = T("Please do not take the card away"),
        .small = card->owed ? owed : T("It is safe: even a card taken too early loses nothing."),
        .ticks = write_ticks,
    };
    page_begin(build, session, &page);
    page_body(build, session);
    card_page_add(build, session, &paid, 4);
    page_end(build, session, &page);
}

/* ---- B5 ---- */

static bool lies(const struct session *session)
{
    return session_card_is_to_take(session);
}

/* An order of another day: where its card is now, nobody knows. */
static bool is_old(const struct session *session)
{
    return session->order_reopened && session->card.view.session_id[0] == '\0';
}

static const char *done_words(const struct session *session)
{
    if (is_old(session)) {
        return T("This top-up was written to your card");
    }
    return lies(session) ? T("Please take your card") : T("Now put the card into your meter");
}

static const char *done_so_far(struct ui_build *build, const struct session *session)
{
    if (session->card.takes_back) {
        return T("Your card now tells the meter to give it back");
    }
    return is_repair(session)
               ? T("Your card is in order again")
               : WORDS(build, T("{1} is on your card"), words_money(build, session->order.amount));
}

static void done_ticks(struct ui_build *build, const struct session *session)
{
    const struct session_order *order = &session->order;
    bool repair = is_repair(session);
    card_page_tick_paid(build, session);
    widget_tick(build,
                &(struct widget_tick){.state = WIDGET_TICK_DONE,
                                      .text = done_so_far(build, session),
                                      .detail = order->place[0] != '\0' ? order->place : NULL});
    if (!repair) {
        result_tick_receipt(build, session);
    }
}

/* While it lies there the page does not end. */
static void done_buttons(struct ui_build *build, const struct session *session)
{
    const struct session_card *card = &session->card;
    if (!lies(session)) {
        result_ending(build, session, /* can_print= */ !is_repair(session));
        return;
    }
    ui_open(build, &(struct ui_box){.w = UI_GROW(1), .gap = 24, .touch_gap = true});
    if (!is_repair(session)) {
        result_print(build, session);
    }
    if ((card->owed || is_repair(session)) && !card->takes_back) {
        widget_button(build, &(struct widget_button){.surface = UI_SURFACE_PRIMARY,
                                                     .text = T("Top up more"),
                                                     .icon_after = UI_ICON_CHEVRON_RIGHT,
                                                     .w = UI_GROW(1),
                                                     .action = SESSION_ACTION_CONFIRM});
    }
    ui_close(build);
}

static const char *done_title(const struct session *session)
{
    if (session->card.takes_back) {
        return repair_title(session);
    }
    return is_repair(session) ? T("Your card is in order again") : T("Written to your card");
}

static const char *done_next(const struct session *session)
{
    if (session->card.takes_back) {
        return lies(session) ? T("Please put the card into your meter first, then see the office.")
                             : T("When the meter has beeped, take the card to the office.");
    }
    if (is_old(session)) {
        return T("It is in the meter once you have put the card there.");
    }
    return lies(session) ? T("Then put it into your meter: it beeps when it is done.")
                         : T("It is done when the meter beeps.");
}

void view_card_done(struct ui_build *build, const struct session *session)
{
    struct page page = {.title = done_title(session)};
    bool here = lies(session);
    int64_t red_ms = session->screen_since_ms + RED_MS;
    bool late = here && ui_now(build).mono_ms >= red_ms;
    if (here && !late) {
        ui_wake_at(build, red_ms);
    }
    const struct card_page paid = {
        .art = here ? CARD_ART_TAKE : CARD_ART_METER,
        .since_ms =
            here ? session->screen_since_ms : session->screen_until_ms - session->screen_total_ms,
        .tail = card_tail(session),
        .words = done_words(session),
        .small = done_next(session),
        .alarm = late,
        .ticks = done_ticks,
        .buttons = done_buttons,
    };
    page_begin(build, session, &page);
    result_ring(build, session);
    page_body(build, session);
    card_page_add(build, session, &paid, 5);
    page_end(build, session, &page);
}

/* ---- not finished here ---- */

static const char *claim_code(const struct session *session)
{
    const char *code = session->order.claim_code;
    return code[0] != '\0' ? code : result_tail(session);
}

/* A plain refund is promised only where nothing was given out yet, and on fresh news. */
static const char *owed_promise(struct ui_build *build, const struct session *session)
{
    bool refund = !session->order_stale && !session->card.written && !session->card.unsure &&
                  session->order.stage == SESSION_STAGE_NOTHING_SENT;
    return refund ? T("If it is not written within 24 hours, the money goes back to you by itself.")
                  : WORDS(build,
                          T("It stays yours, however long it takes. Please do not pay again. "
                            "Quote {1} if you call {2}."),
                          claim_code(session), result_phone(session));
}

/* A hint is on this page: else the page itself says why it could not be finished. */
static bool owed_has_hint(const struct session *session)
{
    return card_hint(session)[0] != '\0' && !card_is_hopeless(session);
}

static const char *owed_so_far(const struct session *session)
{
    if (session->card.written) {
        return T("On the card, not confirmed yet");
    }
    if (is_repair(session) && !session->card.takes_back) {
        return T("Your card is not in order yet");
    }
    if (session->card.unsure) { /* nobody knows, and another laying tells */
        bool told = owed_has_hint(session) || card_is_hopeless(session);
        return told ? T("It may be on the card already")
                    : T("It may be on the card already: lay it again to be sure");
    }
    return T("Not on the card yet");
}

static void owed_ticks(struct ui_build *build, const struct session *session)
{
    card_page_tick_paid(build, session);
    /* A hint says it as well, where there is no room for both; but not that it may be there. */
    uint8_t drop = owed_has_hint(session) && !session->card.unsure ? 7 : 0;
    ui_open(build, &(struct ui_box){.w = UI_GROW(1), .drop = drop});
    widget_tick(build,
                &(struct widget_tick){.state = WIDGET_TICK_WAITING, .text = owed_so_far(session)});
    ui_close(build);
    if (!card_is_hopeless(session)) { /* else the page itself says it */
        card_page_hint(build, session);
    }
    if (is_repair(session)) {
        return;
    }
    if (ui_is_portrait(build)) {
        ui_para(build, UI_STYLE_BODY, UI_COLOR_TEXT, owed_promise(build, session));
    }
    ui_open(build, &(struct ui_box){.direction = LAYOUT_COLUMN, .w = UI_GROW(1), .drop = 8});
    widget_pair(build, T("Claim code"), claim_code(session), true);
    ui_close(build);
    result_tick_slip(build, session);
}

static void owed_buttons(struct ui_build *build, const struct session *session)
{
    result_ending(build, session, /* can_print= */ !is_repair(session));
}

static struct card_words owed_advice(struct ui_build *build, const struct session *session)
{
    if (session->card.written) {
        return (struct card_words){.title = T("You can take your card and put it into the meter"),
                                   .text = T("The server is told of it by itself.")};
    }
    if (card_is_hopeless(session)) {
        return card_words(build, session);
    }
    const char *text = T("It is then written by itself, without paying again.");
    if (is_repair(session)) {
        text = session->card.takes_back
                   ? T("It is then written by itself. There is nothing to pay.")
                   : T("It is then put in order by itself. There is nothing to pay.");
    }
    return (struct card_words){.title = T("Lay this card on any of our machines"), .text = text};
}

static const char *owed_title(const struct session *session)
{
    if (session->card.takes_back) {
        return repair_title(session);
    }
    return is_repair(session) ? T("Your card is not in order yet") : T("Your money has arrived");
}

static enum card_art owed_art(const struct session *session)
{
    if (session->card.written) {
        return CARD_ART_TAKE;
    }
    return card_is_hopeless(session) ? CARD_ART_STILL : CARD_ART_LAY;
}

void view_card_owed(struct ui_build *build, const struct session *session)
{
    bool repair = is_repair(session);
    struct page page = {.title = owed_title(session)};
    const struct card_words advice = owed_advice(build, session);
    const struct card_page paid = {
        .art = owed_art(session),
        .since_ms = session->screen_since_ms,
        .tail = card_tail(session),
        .words = advice.title,
        .small = advice.text,
        .promise = repair ? NULL : owed_promise(build, session),
        .talks = true,
        .ticks = owed_ticks,
        .buttons = owed_buttons,
    };
    page_begin(build, session, &page);
    result_ring(build, session);
    page_body(build, session);
    card_page_add(build, session, &paid, 4);
    page_end(build, session, &page);
}
