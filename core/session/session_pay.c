/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The order on the screen. It is the server's: this part asks for it, shows the state that the
 * newest view names, and asks for more time or the end of it. It never concludes anything about
 * money by itself, and what it cannot know any more it stops showing (MONEY, sections 2, 4, 5).
 */
#include <string.h>

#include "common/must.h"
#include "common/str.h"
#include "core/session/session_private.h"

static void create_fill(const struct session *session, struct session_create *ret_create)
{
    *ret_create = (struct session_create){
        .amount = session->amount,
        .wallet = session->wallet,
        .accept_offline = session->intent.accept_offline,
        .accept_open_elsewhere = session->intent.accept_open_elsewhere,
        .assist = session->comfort.large,
    };
    session_text_copy(ret_create->client_request_id, sizeof(ret_create->client_request_id),
                      session->intent.client_request_id);
    session_text_copy(ret_create->purchase_id, sizeof(ret_create->purchase_id),
                      session->intent.purchase_id);
    session_text_copy(ret_create->room_id, sizeof(ret_create->room_id), session->meter.room_id);
    session_text_copy(ret_create->meter_id, sizeof(ret_create->meter_id), session->meter.meter_id);
    session_text_copy(ret_create->card_session, sizeof(ret_create->card_session),
                      session->card.view.session_id);
}

/* The attempt before the new one: should the server say that it was paid, it is looked for. */
static void earlier_keep(struct session_intent *intent)
{
    if (intent->client_request_id[0] == '\0') {
        return;
    }
    if (intent->earlier_count == SESSION_ATTEMPTS_MAX) {
        memmove(intent->earlier_ids[0], intent->earlier_ids[1],
                sizeof(intent->earlier_ids) - sizeof(intent->earlier_ids[0]));
        intent->earlier_count -= 1;
    }
    session_text_copy(intent->earlier_ids[intent->earlier_count], SESSION_UUID_SIZE,
                      intent->client_request_id);
    intent->earlier_count += 1;
    MUST(intent->earlier_count <= SESSION_ATTEMPTS_MAX);
}

/*
 * Begin one payment attempt under a number of its own. SAVE stands before CREATE: the number is on
 * this terminal's disk before its first byte leaves.
 */
static void attempt_begin(struct session *session, const struct session_event *event,
                          struct session_effects *effects)
{
    MUST(session->amount.fen > 0);
    MUST(session->wallet != SESSION_WALLET_NONE);
    earlier_keep(&session->intent);
    session_text_copy(session->intent.client_request_id, sizeof(session->intent.client_request_id),
                      event->touch.ids[0]);
    session_text_copy(session->intent.slip_id, sizeof(session->intent.slip_id),
                      event->touch.ids[1]);
    session->intent.started = true;
    session->intent.unheard = false;
    session->intent.qr_seen = false;
    session->intent.qr_prompted = false;
    session->intent.print_id[0] = '\0';
    session->order = (struct session_order){0};
    session->order_waiting = true;
    session->order_stale = false;
    session->order_asked = false;
    session->order_reopened = false;
    session->paid_seen_ms = 0;
    session->news_ms = event->now_ms;
    session->receipt = SESSION_RECEIPT_NONE;
    session->receipt_copy = 0;
    session_goto(session, SESSION_SCREEN_PAY, event->now_ms, 0);
    struct session_effect *save = session_effect_add(effects, SESSION_EFFECT_SAVE);
    create_fill(session, &save->create);
    struct session_effect *create = session_ask(session, effects, SESSION_EFFECT_CREATE, "");
    create_fill(session, &create->create);
}

static bool is_wallet_chosen(const struct session *session, const struct session_event *event)
{
    uint32_t value = event->touch.value;
    return event->touch.action == SESSION_ACTION_WALLET && value > SESSION_WALLET_NONE &&
           value < SESSION_WALLET_COUNT && session->profile.wallets[value];
}

static bool wallet_touch(struct session *session, const struct session_event *event,
                         struct session_effects *effects)
{
    if (is_wallet_chosen(session, event)) {
        session->wallet = (enum session_wallet)event->touch.value;
        attempt_begin(session, event, effects);
    } else if (event->touch.action == SESSION_ACTION_BACK) {
        session_meter_return(session, effects, event->now_ms);
    } else {
        return false;
    }
    return true;
}

static void order_ask(struct session *session, const struct session_event *event,
                      struct session_effects *effects, enum session_effect_kind kind)
{
    if (session->order.order_no[0] == '\0' || session->order_asked) {
        return;
    }
    session->order_asked = true;
    struct session_effect *ask = session_effect_add(effects, kind);
    ask->serial = session->request_serial;
    session_text_copy(ask->text, sizeof(ask->text), session->order.order_no);
    session_text_copy(ask->id, sizeof(ask->id), event->touch.ids[0]);
}

static bool pay_touch(struct session *session, const struct session_event *event,
                      struct session_effects *effects)
{
    enum session_action action = event->touch.action;
    bool leaving = action == SESSION_ACTION_CANCEL || action == SESSION_ACTION_BACK ||
                   action == SESSION_ACTION_HOME;
    if (leaving && session->overlay == SESSION_OVERLAY_NONE) {
        if (session->order.order_no[0] != '\0' && !session->order_asked) {
            session_overlay_open(session, SESSION_OVERLAY_CANCEL, event->now_ms, 0);
        }
    } else if (action == SESSION_ACTION_MORE_TIME && session->order.more_time_left > 0) {
        order_ask(session, event, effects, SESSION_EFFECT_MORE_TIME);
    } else {
        return false;
    }
    return true;
}

/* "Yes" on a question that lies over the page. */
static bool overlay_confirmed(struct session *session, const struct session_event *event,
                              struct session_effects *effects)
{
    switch (session->overlay) {
    case SESSION_OVERLAY_CANCEL:
        session_overlay_close(session);
        order_ask(session, event, effects, SESSION_EFFECT_CANCEL);
        return true;
    case SESSION_OVERLAY_METER_OFFLINE:
        session->intent.accept_offline = true;
        attempt_begin(session, event, effects);
        return true;
    case SESSION_OVERLAY_OPEN_ELSEWHERE:
        session->intent.accept_open_elsewhere = true;
        attempt_begin(session, event, effects);
        return true;
    case SESSION_OVERLAY_NO_PRINTER:
        session->no_paper_accepted = true;
        session_overlay_close(session);
        return true;
    case SESSION_OVERLAY_NONE:
    case SESSION_OVERLAY_IDLE:
    case SESSION_OVERLAY_HELP:
    case SESSION_OVERLAY_RECEIPT_CODE:
    case SESSION_OVERLAY_COUNT:
        break;
    }
    return false;
}

/* "No" on those questions: back to where nothing was begun. */
static bool overlay_declined(struct session *session, struct session_effects *effects,
                             int64_t now_ms)
{
    bool to_meter = session->overlay == SESSION_OVERLAY_METER_OFFLINE ||
                    session->overlay == SESSION_OVERLAY_OPEN_ELSEWHERE ||
                    session->overlay == SESSION_OVERLAY_NO_PRINTER;
    if (to_meter) {
        session_meter_return(session, effects, now_ms);
    }
    return to_meter;
}

/* An attempt that came to nothing is left; its view is not watched any more. */
static void attempt_leave(struct session *session, struct session_effects *effects)
{
    struct session_effect *unwatch = session_effect_add(effects, SESSION_EFFECT_UNWATCH);
    session_text_copy(unwatch->text, sizeof(unwatch->text), session->order.order_no);
    if (session->order.state == SESSION_ORDER_CLOSED && session->order.order_no[0] != '\0') {
        session_settled(session, effects);
    }
}

/* Pages on which nothing was taken, and the same purchase may be tried again. */
static bool again_touch(struct session *session, const struct session_event *event,
                        struct session_effects *effects)
{
    bool channel =
        session->screen == SESSION_SCREEN_PROBLEM && session->problem == SESSION_PROBLEM_CHANNEL;
    bool again = channel || session->screen == SESSION_SCREEN_CLOSED;
    if (!again || session->amount.fen <= 0) {
        return false;
    }
    if (event->touch.action == SESSION_ACTION_CONFIRM) {
        attempt_leave(session, effects);
        session_goto(session, SESSION_SCREEN_WALLET, event->now_ms, 0);
        return true;
    }
    if (channel && is_wallet_chosen(session, event)) {
        attempt_leave(session, effects);
        session->wallet = (enum session_wallet)event->touch.value;
        attempt_begin(session, event, effects);
        return true;
    }
    return false;
}

bool session_pay_touch(struct session *session, const struct session_event *event,
                       struct session_effects *effects)
{
    enum session_action action = event->touch.action;
    if (session->overlay != SESSION_OVERLAY_NONE) {
        if (action == SESSION_ACTION_CONFIRM) {
            return overlay_confirmed(session, event, effects);
        }
        bool no = action == SESSION_ACTION_CLOSE || action == SESSION_ACTION_BACK;
        return no && overlay_declined(session, effects, event->now_ms);
    }
    if (session->screen == SESSION_SCREEN_WALLET) {
        return wallet_touch(session, event, effects);
    }
    if (session->screen == SESSION_SCREEN_PAY) {
        return pay_touch(session, event, effects);
    }
    return again_touch(session, event, effects);
}

static enum session_problem problem_of(enum session_refusal code)
{
    switch (code) {
    case SESSION_REFUSAL_METER_BLOCKED:
        return SESSION_PROBLEM_METER_BLOCKED;
    case SESSION_REFUSAL_SALE_REFUSED:
        return SESSION_PROBLEM_SALE_REFUSED;
    case SESSION_REFUSAL_AMOUNT:
        return SESSION_PROBLEM_AMOUNT;
    case SESSION_REFUSAL_PAYMENTS_CLOSED:
    case SESSION_REFUSAL_DISK_FULL:
        return SESSION_PROBLEM_PAYMENTS_CLOSED;
    case SESSION_REFUSAL_NOT_FOUND:
        return SESSION_PROBLEM_METER_UNKNOWN;
    case SESSION_REFUSAL_METER_SILENT:
    case SESSION_REFUSAL_SILENT_REFUSED:
        return SESSION_PROBLEM_METER_SILENT;
    case SESSION_REFUSAL_CHANNEL:
        return SESSION_PROBLEM_CHANNEL;
    case SESSION_REFUSAL_CARD:
    case SESSION_REFUSAL_CARD_SESSION_OVER:
        return SESSION_PROBLEM_CARD;
    case SESSION_REFUSAL_OTHER:
    case SESSION_REFUSAL_OPEN_ELSEWHERE:
    case SESSION_REFUSAL_NO_MORE_TIME:
    case SESSION_REFUSAL_PURCHASE_PAID:
    case SESSION_REFUSAL_COUNT:
        break;
    }
    return SESSION_PROBLEM_SERVER;
}

/* The server's words are for a person only where they say more than ours. */
static void refusal_show(struct session *session, const struct session_event *event)
{
    enum session_problem problem = problem_of(event->refused.code);
    bool says_why =
        problem == SESSION_PROBLEM_SALE_REFUSED || problem == SESSION_PROBLEM_PAYMENTS_CLOSED;
    session_problem_show(session, problem, says_why ? event->refused.text : NULL, event->now_ms);
}

/* Money was taken, by an attempt before this one: its page, and never "nothing was taken". */
static void paid_look(struct session *session, struct session_effects *effects, int64_t now_ms)
{
    struct session_intent *intent = &session->intent;
    if (intent->earlier_count > 0) {
        session_text_copy(intent->boot_id, sizeof(intent->boot_id),
                          intent->earlier_ids[intent->earlier_count - 1]);
    } else {
        /* Not one of ours in mind: nothing will match, and the page goes on saying "checking". */
        session_text_copy(intent->boot_id, sizeof(intent->boot_id), intent->purchase_id);
    }
    session->order = (struct session_order){0};
    session_look_for(session, effects, now_ms, now_ms + SESSION_REOPEN_AGE_MS);
}

static void create_refused(struct session *session, const struct session_event *event,
                           struct session_effects *effects)
{
    enum session_refusal code = event->refused.code;
    session->order_waiting = false;
    session->intent.started = false;
    session_settled(session, effects); /* nothing was created under this number */
    session->intent.client_request_id[0] = '\0';
    enum session_overlay question = SESSION_OVERLAY_NONE;
    if (code == SESSION_REFUSAL_METER_SILENT && !session->intent.accept_offline) {
        question = SESSION_OVERLAY_METER_OFFLINE;
    } else if (code == SESSION_REFUSAL_OPEN_ELSEWHERE && !session->intent.accept_open_elsewhere) {
        question = SESSION_OVERLAY_OPEN_ELSEWHERE;
    }
    if (question != SESSION_OVERLAY_NONE) {
        session_goto(session, SESSION_SCREEN_WALLET, event->now_ms, 0);
        session_overlay_open(session, question, event->now_ms, 0);
    } else if (code == SESSION_REFUSAL_PURCHASE_PAID) {
        paid_look(session, effects, event->now_ms);
    } else if (code == SESSION_REFUSAL_CARD_SESSION_OVER) {
        session_card_begin(session, effects, event->now_ms); /* what lies there is read again */
    } else {
        if (code == SESSION_REFUSAL_CARD) {
            session_card_trouble_set(session, SESSION_CARD_REFUSED, event->refused.text);
        }
        refusal_show(session, event);
    }
}

void session_pay_refused(struct session *session, const struct session_event *event,
                         struct session_effects *effects)
{
    if (event->refused.code == SESSION_REFUSAL_NO_MORE_TIME) {
        session->order_asked = false;
        session->order.more_time_left = 0;
        return;
    }
    if (event->serial != session->request_serial) {
        return;
    }
    if (session->order_waiting && session->screen == SESSION_SCREEN_PAY) {
        create_refused(session, event, effects);
    } else if (session->screen == SESSION_SCREEN_METER) {
        refusal_show(session, event);
    } else {
        session->order_asked = false; /* the wish may be repeated */
    }
}

void session_pay_failed(struct session *session, const struct session_event *event)
{
    /* No code was ever shown, so nobody can have paid, even if the order exists over there. */
    if (session->order_waiting && session->screen == SESSION_SCREEN_PAY) {
        session->order_waiting = false;
        session->intent.started = false;
        session_problem_show(session, SESSION_PROBLEM_NETWORK, NULL, event->now_ms);
    }
}

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
    /* While the reader writes, whatever the order has come to, the card must not be taken. */
    if (session->order.by_card && session->card.stage == SESSION_CARD_STAGE_WRITING) {
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
    case SESSION_ORDER_REVIEW:
        return SESSION_SCREEN_REVIEW;
    case SESSION_ORDER_STATE_COUNT:
        break;
    }
    MUST_NOT_REACH();
}

static int64_t lasts_ms(const struct session *session, enum session_screen screen)
{
    bool stays = screen == SESSION_SCREEN_PAY || screen == SESSION_SCREEN_CREDITING ||
                 screen == SESSION_SCREEN_CARD_BACK || screen == SESSION_SCREEN_CARD_WRITE;
    bool taken = screen != SESSION_SCREEN_CARD_DONE || session->card.pad == SESSION_PAD_EMPTY;
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
    session_text_copy(session->intent.print_id, sizeof(session->intent.print_id), job_id);
    session->receipt = SESSION_RECEIPT_PRINTING;
}

/* Paper comes by itself: a receipt once it is credited, else a slip that says what is true now. */
static void print_by_itself(struct session *session, enum session_screen screen,
                            struct session_effects *effects)
{
    bool done = screen == SESSION_SCREEN_DONE || screen == SESSION_SCREEN_CARD_DONE;
    bool slip = screen == SESSION_SCREEN_SLOW || screen == SESSION_SCREEN_REFUND ||
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
