/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The order's views as they come, and the page of each state. What is shown is what the newest
 * view names; what cannot be known any more is not shown any longer. Paper comes by itself where
 * something has been decided.
 */
#include "common/must.h"
#include "common/str.h"
#include "core/session/session_private.h"

static bool order_is_ours(const struct session *session, const struct session_order *order)
{
    if (session->order.order_no[0] != '\0') {
        return str_equal(order->order_no, session->order.order_no);
    }
    return session->intent.started &&
           str_equal(order->client_request_id, session->intent.client_request_id);
}

static void watch(struct session *session, struct session_effects *effects)
{
    struct session_effect *effect = session_effect_add(effects, SESSION_EFFECT_WATCH);
    session_text_copy(effect->text, sizeof(effect->text), session->order.order_no);
    effect->version = session->order.version;
}

/*
 * A view tells how long the code lives from now on; the ring's whole is what the first view told,
 * and grows when "more time" moves the end.
 */
static void ring_keep(const struct session_order *known, struct session_order *order)
{
    if (known->qr_total_ms <= 0 || order->qr_total_ms <= 0) {
        return;
    }
    int64_t moved_ms = order->qr_until_ms - known->qr_until_ms;
    bool extended = moved_ms > SESSION_RING_SLACK_MS;
    order->qr_total_ms = known->qr_total_ms + (extended ? moved_ms : 0);
    MUST(order->qr_total_ms > 0);
}

void session_order_arrived(struct session *session, const struct session_event *event,
                           struct session_effects *effects)
{
    const struct session_order *order = event->order;
    MUST(order->state < SESSION_ORDER_STATE_COUNT);
    bool older = order->version < session->order.version;
    if (!order_is_ours(session, order) || older) {
        return;
    }
    bool first = session->order.order_no[0] == '\0';
    session->news_ms = event->now_ms;
    session->order_stale = false;
    session->order_waiting = false;
    session->order.seen_ms = event->now_ms;
    if (!first && order->version == session->order.version) {
        /* The same version is the same view: only its freshness is news. */
        if (session->intent.unheard) {
            session_order_show(session, effects, event->now_ms);
        }
        return;
    }
    struct session_order known = session->order;
    session->order = *order;
    session->order.seen_ms = event->now_ms;
    session->order_asked = false;
    ring_keep(&known, &session->order);
    if (session->order.qr_total_ms > known.qr_total_ms) {
        session->intent.qr_prompted = false;
    }
    if (order->state == SESSION_ORDER_WAIT_PAY && order->qr_text[0] != '\0') {
        session->intent.qr_seen = true;
    }
    if (first) {
        watch(session, effects);
    }
    session_order_show(session, effects, event->now_ms);
    MUST(session->order.order_no[0] != '\0');
}

static enum session_screen screen_of(const struct session *session, int64_t now_ms)
{
    if (session_card_holds(session)) {
        return SESSION_SCREEN_CARD_WRITE;
    }
    switch (session->order.state) {
    case SESSION_ORDER_NEW:
    case SESSION_ORDER_WAIT_PAY:
        return SESSION_SCREEN_PAY;
    case SESSION_ORDER_CLOSING:
        return SESSION_SCREEN_CHECKING;
    case SESSION_ORDER_CLOSED:
        return SESSION_SCREEN_CLOSED;
    case SESSION_ORDER_PAID:
    case SESSION_ORDER_CREDITING: {
        if (session->order.by_card) {
            return session_card_screen(session);
        }
        int64_t slow_ms = session_time(session, SESSION_SLOW_MS, SESSION_SLOW_ASSIST_MS);
        bool slow = session->paid_seen_ms > 0 && now_ms - session->paid_seen_ms >= slow_ms;
        return slow ? SESSION_SCREEN_SLOW : SESSION_SCREEN_CREDITING;
    }
    case SESSION_ORDER_DONE:
        return session->order.by_card ? SESSION_SCREEN_CARD_DONE : SESSION_SCREEN_DONE;
    case SESSION_ORDER_REFUND_DUE:
    case SESSION_ORDER_REFUNDING:
        return SESSION_SCREEN_REFUND;
    case SESSION_ORDER_REFUNDED:
        return SESSION_SCREEN_REFUNDED;
    case SESSION_ORDER_REVIEW: {
        bool on_card = session->order.by_card && session->card.proved;
        return on_card ? SESSION_SCREEN_CARD_DONE : SESSION_SCREEN_REVIEW;
    }
    case SESSION_ORDER_STATE_COUNT:
        break;
    }
    MUST_NOT_REACH();
}

static int64_t lasts_ms(const struct session *session, enum session_screen screen)
{
    bool stays = screen == SESSION_SCREEN_PAY || screen == SESSION_SCREEN_CREDITING ||
                 screen == SESSION_SCREEN_CARD_BACK || screen == SESSION_SCREEN_CARD_WRITE;
    bool taken = screen != SESSION_SCREEN_CARD_DONE || !session_card_is_to_take(session);
    if (stays || !taken) {
        return 0;
    }
    if (session->order_reopened) {
        return SESSION_REOPENED_MS;
    }
    if (screen == SESSION_SCREEN_CLOSED) {
        return session_time(session, SESSION_CLOSED_MS, SESSION_RESULT_ASSIST_MS);
    }
    int64_t result_ms = session_time(session, SESSION_RESULT_MS, SESSION_RESULT_ASSIST_MS);
    return screen == SESSION_SCREEN_CHECKING ? SESSION_CHECKING_MS + result_ms : result_ms;
}

void session_print(struct session *session, struct session_effects *effects, const char *job_id)
{
    MUST(session->order.order_no[0] != '\0');
    struct session_effect *print = session_effect_add(effects, SESSION_EFFECT_PRINT);
    session_text_copy(print->text, sizeof(print->text), session->order.order_no);
    session_text_copy(print->id, sizeof(print->id), job_id);
    print->card_unsure = session->card.unsure;
    session_text_copy(session->intent.print_id, sizeof(session->intent.print_id), job_id);
    session->receipt = SESSION_RECEIPT_PRINTING;
}

/* Paper comes by itself: a receipt once it is credited, else a slip that says what is true now. */
static void print_by_itself(struct session *session, enum session_screen screen,
                            struct session_effects *effects)
{
    bool looked_at = session->order.state == SESSION_ORDER_REVIEW; /* no receipt before its end */
    bool done = screen == SESSION_SCREEN_DONE || (screen == SESSION_SCREEN_CARD_DONE && !looked_at);
    bool slip = looked_at || screen == SESSION_SCREEN_SLOW || screen == SESSION_SCREEN_REFUND ||
                screen == SESSION_SCREEN_REVIEW || screen == SESSION_SCREEN_CARD_OWED;
    if ((!done && !slip) || session->order_reopened) {
        return;
    }
    /* An order of an earlier day that is finished here has no numbers of this session. */
    const char *own_id = done ? session->intent.client_request_id : session->intent.slip_id;
    const char *card_id = done ? session->card.write.id : session->card.paper_id;
    const char *job_id = own_id[0] != '\0' ? own_id : card_id;
    bool works =
        session->printer == SESSION_PRINTER_READY || session->printer == SESSION_PRINTER_NEAR_END;
    if (!works) {
        session->receipt = SESSION_RECEIPT_NO_PRINTER;
        return;
    }
    if ((!session->profile.receipt_auto && done) || session->card.repair || job_id[0] == '\0') {
        session->receipt = SESSION_RECEIPT_OFFERED;
        return;
    }
    session_print(session, effects, job_id);
}

void session_order_show(struct session *session, struct session_effects *effects, int64_t now_ms)
{
    enum session_order_state state = session->order.state;
    bool paid = state == SESSION_ORDER_PAID || state == SESSION_ORDER_CREDITING;
    if (paid && session->paid_seen_ms == 0) {
        session->paid_seen_ms = now_ms;
    }
    if (paid && session->order.by_card) {
        session_card_paid(session, effects, now_ms);
    }
    enum session_screen screen = screen_of(session, now_ms);
    /* CHECKING without the server's word becomes one with it: its time begins anew. */
    bool heard = session->intent.unheard;
    session->intent.unheard = false;
    if (screen == session->screen && !heard) {
        return;
    }
    if (screen == SESSION_SCREEN_CLOSED && !session->intent.qr_seen && !session->order_reopened) {
        /* The wallet refused before any code was on the screen: E5, offer the other one. */
        session_problem_show(session, SESSION_PROBLEM_CHANNEL, NULL, now_ms);
        return;
    }
    session_goto(session, screen, now_ms, lasts_ms(session, screen));
    if (screen == SESSION_SCREEN_CARD_DONE) {
        session_card_done(session, now_ms);
    } else if (screen == SESSION_SCREEN_REFUND || screen == SESSION_SCREEN_REFUNDED) {
        session_card_refunded(session);
    }
    if (screen == SESSION_SCREEN_DONE || screen == SESSION_SCREEN_CARD_DONE) {
        session_effect_sound(effects, SESSION_SOUND_SUCCESS);
    } else if (screen == SESSION_SCREEN_REVIEW || screen == SESSION_SCREEN_REFUND) {
        session_effect_sound(effects, SESSION_SOUND_PROBLEM);
    }
    print_by_itself(session, screen, effects);
    MUST(session->screen == screen);
}

static bool watching(const struct session *session)
{
    return session->order.order_no[0] != '\0' && session_page_shows_order(session);
}

/* S4: the code is about to go, and whoever stands there may ask for more time. */
static int64_t prompt_at_ms(const struct session *session)
{
    bool shown = session->screen == SESSION_SCREEN_PAY && !session->order_stale &&
                 session->order.state == SESSION_ORDER_WAIT_PAY &&
                 session->order.qr_text[0] != '\0' && !session->order.scanned;
    return shown && !session->intent.qr_prompted ? session->order.qr_until_ms - SESSION_QR_PROMPT_MS
                                                 : INT64_MAX;
}

void session_order_tick(struct session *session, int64_t now_ms, struct session_effects *effects)
{
    if (session->order_waiting && session->screen == SESSION_SCREEN_PAY) {
        session->order.slow = now_ms - session->screen_since_ms >= SESSION_CREATE_SLOW_MS;
    }
    if (!watching(session)) {
        return;
    }
    int64_t silent_ms = now_ms - session->news_ms;
    session->order_stale = silent_ms >= SESSION_STALE_MS;
    if (now_ms >= prompt_at_ms(session)) {
        session->intent.qr_prompted = true;
        session_effect_sound(effects, SESSION_SOUND_ATTENTION);
    }
    if (session->screen == SESSION_SCREEN_PAY && silent_ms >= SESSION_SILENT_MS) {
        /* The server has ended the window by now; what it found, it will tell. */
        session->intent.unheard = true;
        session_goto(session, SESSION_SCREEN_CHECKING, now_ms,
                     lasts_ms(session, SESSION_SCREEN_CHECKING));
    } else if (session->screen == SESSION_SCREEN_CREDITING) {
        session_order_show(session, effects, now_ms);
    }
}

int64_t session_order_deadline_ms(const struct session *session)
{
    int64_t next_ms = INT64_MAX;
    if (session->order_waiting && !session->order.slow) {
        next_ms = session->screen_since_ms + SESSION_CREATE_SLOW_MS;
    }
    if (!watching(session)) {
        return next_ms;
    }
    int64_t prompt_ms = prompt_at_ms(session);
    next_ms = prompt_ms < next_ms ? prompt_ms : next_ms;
    int64_t stale_ms = session->news_ms + SESSION_STALE_MS;
    int64_t silent_ms = session->news_ms + SESSION_SILENT_MS;
    if (!session->order_stale) {
        next_ms = stale_ms < next_ms ? stale_ms : next_ms;
    } else if (session->screen == SESSION_SCREEN_PAY) {
        next_ms = silent_ms < next_ms ? silent_ms : next_ms;
    }
    if (session->screen == SESSION_SCREEN_CREDITING && session->paid_seen_ms > 0) {
        int64_t slow_ms =
            session->paid_seen_ms + session_time(session, SESSION_SLOW_MS, SESSION_SLOW_ASSIST_MS);
        next_ms = slow_ms < next_ms ? slow_ms : next_ms;
    }
    return next_ms;
}
