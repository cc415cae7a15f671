/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The payment. The order is the server's: this part asks for it, for more time and for the end of
 * it, and takes its refusals. It never concludes anything about money by itself (docs/money.md);
 * what the server says of the order is shown by session_order.c.
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
    if (session_card_is_out_of_reach(session)) { /* before any money moves */
        session_card_problem(session, effects, SESSION_CARD_READER, NULL, event->now_ms);
        return;
    }
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
            enum session_card_trouble trouble = event->refused.card_trouble;
            session_card_trouble_set(session,
                                     trouble != SESSION_CARD_FINE ? trouble : SESSION_CARD_REFUSED,
                                     event->refused.text);
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
