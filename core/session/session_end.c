/* SPDX-License-Identifier: Apache-2.0 */

/*
 * How pages end: by "done", by their ring, by nobody being there any more; and how a session begins
 * again after the machine was switched off in the middle of one (E4).
 */
#include "common/must.h"
#include "common/str.h"
#include "core/session/session_private.h"

bool session_page_shows_order(const struct session *session)
{
    return session->screen == SESSION_SCREEN_PAY || session->screen == SESSION_SCREEN_CLOSED ||
           session_is_busy(session);
}

/* Pages that wait for a person. The others end by themselves or by the server's word. */
static bool page_has_idle_end(const struct session *session)
{
    switch (session->screen) {
    case SESSION_SCREEN_FIND:
    case SESSION_SCREEN_METER:
    case SESSION_SCREEN_AMOUNT:
    case SESSION_SCREEN_WALLET:
    case SESSION_SCREEN_ORDERS:
    case SESSION_SCREEN_CARD:
        return true;
    case SESSION_SCREEN_START:
    case SESSION_SCREEN_ATTRACT:
    case SESSION_SCREEN_HOME:
    case SESSION_SCREEN_PAY:
    case SESSION_SCREEN_CHECKING:
    case SESSION_SCREEN_CLOSED:
    case SESSION_SCREEN_CREDITING:
    case SESSION_SCREEN_SLOW:
    case SESSION_SCREEN_DONE:
    case SESSION_SCREEN_REFUND:
    case SESSION_SCREEN_REFUNDED:
    case SESSION_SCREEN_REVIEW:
    case SESSION_SCREEN_PROBLEM:
    case SESSION_SCREEN_CARD_PLACE:
    case SESSION_SCREEN_CARD_BACK:
    case SESSION_SCREEN_CARD_WRITE:
    case SESSION_SCREEN_CARD_DONE:
    case SESSION_SCREEN_CARD_OWED:
    case SESSION_SCREEN_MAINTENANCE:
    case SESSION_SCREEN_OUT_OF_SERVICE:
    case SESSION_SCREEN_COUNT:
        break;
    }
    return false;
}

/* Forget the person: nothing of him may reach the next one. */
static void forget(struct session *session)
{
    session->find = (struct session_find){0};
    session->meter = (struct session_meter){0};
    session->reading = (struct session_reading){0};
    session->order = (struct session_order){0};
    session->found = (struct session_found_orders){0};
    session_card_forget(session);
    session->intent = (struct session_intent){0};
    session->comfort = (struct session_comfort){.volume = 1};
    session->amount = money_fen(0);
    session->amount_entry[0] = '\0';
    session->wallet = SESSION_WALLET_NONE;
    session->problem = SESSION_PROBLEM_NONE;
    session->problem_text[0] = '\0';
    session->receipt = SESSION_RECEIPT_NONE;
    session->receipt_copy = 0;
    session->receipt_url[0] = '\0';
    session->room_waiting = false;
    session->no_paper_accepted = false;
    session->order_waiting = false;
    session->order_stale = false;
    session->order_asked = false;
    session->order_reopened = false;
    session->paid_seen_ms = 0;
    session->began_ms = 0;
    session->request_serial += 1; /* answers that are still on their way belong to nobody */
}

bool session_is_nobodys(const struct session *session)
{
    const struct session_find *find = &session->find;
    bool keyed_in = find->entry[0] != '\0' || find->searched[0] != '\0' ||
                    session->amount_entry[0] != '\0' || session->amount.fen != 0;
    bool has_room = session->room_waiting || session->meter.room_id[0] != '\0' ||
                    session->meter.place[0] != '\0';
    bool has_order = session->intent.started || session->order.order_no[0] != '\0' ||
                     session->order_waiting || session->found.count > 0 ||
                     session_card_is_known(session);
    return !keyed_in && !has_room && !has_order && session->problem_text[0] == '\0';
}

void session_settled(struct session *session, struct session_effects *effects)
{
    struct session_effect *settled = session_effect_add(effects, SESSION_EFFECT_SETTLED);
    session_text_copy(settled->text, sizeof(settled->text), session->order.order_no);
    session_text_copy(settled->id, sizeof(settled->id), session->intent.client_request_id);
}

void session_leave(struct session *session, struct session_effects *effects, int64_t now_ms)
{
    MUST(effects->count <= SESSION_EFFECTS_MAX - 3);
    bool had_order = session->intent.started || session->order.order_no[0] != '\0';
    if (had_order) {
        struct session_effect *unwatch = session_effect_add(effects, SESSION_EFFECT_UNWATCH);
        session_text_copy(unwatch->text, sizeof(unwatch->text), session->order.order_no);
        session_settled(session, effects);
    }
    (void)session_effect_add(effects, SESSION_EFFECT_WIPE);
    forget(session);
    session_goto(session, SESSION_SCREEN_HOME, now_ms, 0);
    session->touched_ms = now_ms;
    MUST(session->order.order_no[0] == '\0');
}

void session_go_home(struct session *session, struct session_effects *effects, int64_t now_ms)
{
    struct session_comfort comfort = session->comfort;
    session_leave(session, effects, now_ms);
    session->comfort = comfort;
}

static int64_t idle_at_ms(const struct session *session)
{
    return session->touched_ms + session_time(session, SESSION_IDLE_MS, SESSION_IDLE_ASSIST_MS);
}

static void idle_tick(struct session *session, int64_t now_ms, struct session_effects *effects)
{
    if (session->screen == SESSION_SCREEN_HOME) {
        bool quiet = now_ms - session->touched_ms >= SESSION_HOME_TO_ATTRACT_MS;
        if (quiet && session->overlay != SESSION_OVERLAY_IDLE) {
            forget(session);
            session_goto(session, SESSION_SCREEN_ATTRACT, now_ms, 0);
        }
    } else if (page_has_idle_end(session) && session->overlay != SESSION_OVERLAY_IDLE &&
               now_ms >= idle_at_ms(session)) {
        session_overlay_open(session, SESSION_OVERLAY_IDLE, now_ms,
                             session_time(session, SESSION_PROMPT_MS, SESSION_PROMPT_ASSIST_MS));
        session_effect_sound(effects, SESSION_SOUND_ATTENTION);
    }
}

/* When the page ends; one on which an order is looked for waits for the answer. */
static int64_t page_until_ms(const struct session *session)
{
    if (session->intent.boot_id[0] != '\0') {
        return session->intent.look_until_ms;
    }
    return session->screen_until_ms != 0 ? session->screen_until_ms : INT64_MAX;
}

void session_end_tick(struct session *session, int64_t now_ms, struct session_effects *effects)
{
    if (session->intent.retry_ms != 0 && now_ms >= session->intent.retry_ms) {
        session->intent.retry_ms = 0;
        (void)session_ask(session, effects, SESSION_EFFECT_FETCH_ORDERS, "");
    }
    if (session->overlay_until_ms != 0 && now_ms >= session->overlay_until_ms) {
        bool idle = session->overlay == SESSION_OVERLAY_IDLE;
        session_overlay_close(session);
        if (idle) {
            session_leave(session, effects, now_ms);
            return;
        }
    }
    if (now_ms >= page_until_ms(session) && session->overlay == SESSION_OVERLAY_NONE) {
        session_leave(session, effects, now_ms);
        return;
    }
    idle_tick(session, now_ms, effects);
}

int64_t session_end_deadline_ms(const struct session *session)
{
    int64_t next_ms = INT64_MAX;
    if (session->intent.retry_ms != 0) {
        next_ms = session->intent.retry_ms;
    }
    if (session->overlay_until_ms != 0) {
        return session->overlay_until_ms < next_ms ? session->overlay_until_ms : next_ms;
    }
    int64_t until_ms = page_until_ms(session);
    if (session->overlay == SESSION_OVERLAY_NONE && until_ms < next_ms) {
        next_ms = until_ms;
    }
    if (session->screen == SESSION_SCREEN_HOME) {
        int64_t attract_ms = session->touched_ms + SESSION_HOME_TO_ATTRACT_MS;
        next_ms = attract_ms < next_ms ? attract_ms : next_ms;
    } else if (page_has_idle_end(session)) {
        int64_t idle_ms = idle_at_ms(session);
        next_ms = idle_ms < next_ms ? idle_ms : next_ms;
    }
    return next_ms;
}

bool session_result_touch(struct session *session, const struct session_event *event,
                          struct session_effects *effects)
{
    enum session_action action = event->touch.action;
    bool stays =
        session->screen == SESSION_SCREEN_PAY || session->screen == SESSION_SCREEN_CREDITING ||
        session->screen == SESSION_SCREEN_CARD_BACK || session->screen == SESSION_SCREEN_CARD_WRITE;
    bool result =
        session->screen == SESSION_SCREEN_PROBLEM || (session_page_shows_order(session) && !stays);
    if (!result) {
        return false;
    }
    bool ends = action == SESSION_ACTION_FINISH || action == SESSION_ACTION_CONFIRM;
    bool goes = action == SESSION_ACTION_BACK || action == SESSION_ACTION_HOME;
    if ((ends || goes) && session->intent.boot_id[0] != '\0') {
        return true; /* whose order it is, and whether it was paid, is not known yet */
    }
    if ((ends || goes) && session_card_lies_on_done(session)) {
        return true; /* the page says "take your card" until it is taken */
    }
    if (ends) {
        session_leave(session, effects, event->now_ms);
    } else if (goes) {
        session_go_home(session, effects, event->now_ms);
    } else if (action == SESSION_ACTION_RECEIPT_CODE && session->receipt_url[0] != '\0') {
        session_overlay_open(session, SESSION_OVERLAY_RECEIPT_CODE, event->now_ms,
                             SESSION_RECEIPT_CODE_MS);
    } else if (action == SESSION_ACTION_PRINT && session->order.order_no[0] != '\0' &&
               session->receipt != SESSION_RECEIPT_PRINTING) {
        session_print(session, effects, event->touch.ids[0]);
    } else {
        return false;
    }
    return true;
}

void session_look_for(struct session *session, struct session_effects *effects, int64_t now_ms,
                      int64_t until_ms)
{
    MUST(session->intent.boot_id[0] != '\0');
    MUST(until_ms > now_ms);
    session->order_reopened = true;
    session_text_copy(session->intent.client_request_id, sizeof(session->intent.client_request_id),
                      session->intent.boot_id);
    session->intent.started = true;
    session->intent.unheard = true;
    session->intent.look_until_ms = until_ms;
    session->news_ms = now_ms;
    session_goto(session, SESSION_SCREEN_CHECKING, now_ms, 0);
    (void)session_ask(session, effects, SESSION_EFFECT_FETCH_ORDERS, "");
}

void session_boot(struct session *session, const struct session_event *event,
                  struct session_effects *effects)
{
    MUST(session->screen == SESSION_SCREEN_START);
    bool fresh = event->boot.order_open && event->boot.age_ms < SESSION_REOPEN_AGE_MS;
    if (event->boot.order_open && !fresh) {
        struct session_effect *settled = session_effect_add(effects, SESSION_EFFECT_SETTLED);
        session_text_copy(settled->text, sizeof(settled->text), event->boot.order_no);
        session_text_copy(settled->id, sizeof(settled->id), event->boot.client_request_id);
    }
    if (!fresh) {
        session_goto(session, SESSION_SCREEN_HOME, event->now_ms, 0);
        session->touched_ms = event->now_ms;
        return;
    }
    /* Until the server tells, the page says that we are looking, and not to pay again. */
    session_text_copy(session->intent.boot_id, sizeof(session->intent.boot_id),
                      event->boot.client_request_id);
    session_text_copy(session->order.order_no, sizeof(session->order.order_no),
                      event->boot.order_no);
    session_look_for(session, effects, event->now_ms,
                     event->now_ms + SESSION_REOPEN_AGE_MS - event->boot.age_ms);
}

static bool is_looked_for(const struct session_intent *intent, const struct session_order *order)
{
    bool ours = str_equal(order->client_request_id, intent->boot_id);
    for (size_t i = 0; i < intent->earlier_count && !ours; i++) {
        ours = str_equal(order->client_request_id, intent->earlier_ids[i]);
    }
    return ours;
}

/* The order that was looked for; of several attempts the one that was paid. */
static const struct session_order *look_in(const struct session_found_orders *found,
                                           const struct session_intent *intent)
{
    const struct session_order *newest = NULL;
    for (size_t i = 0; i < found->count; i++) {
        const struct session_order *one = &found->orders[i];
        if (is_looked_for(intent, one)) {
            bool unpaid = one->state == SESSION_ORDER_NEW || one->state == SESSION_ORDER_WAIT_PAY ||
                          one->state == SESSION_ORDER_CLOSING || one->state == SESSION_ORDER_CLOSED;
            if (!unpaid) {
                return one;
            }
            newest = newest == NULL ? one : newest;
        }
    }
    return newest;
}

void session_boot_found(struct session *session, const struct session_event *event,
                        struct session_effects *effects)
{
    const struct session_order *order = look_in(event->found, &session->intent);
    session->intent.boot_id[0] = '\0';
    if (order == NULL && session->intent.purchase_id[0] != '\0') {
        /* Paid by an attempt that is not among them: what it came to cannot be said here. */
        session_goto(session, SESSION_SCREEN_CHECKING, event->now_ms, SESSION_REOPENED_MS);
        return;
    }
    if (order == NULL) {
        /* The number never reached the server: nothing was shown, nothing can be paid. */
        session_leave(session, effects, event->now_ms);
        return;
    }
    session->order = *order;
    session_text_copy(session->intent.client_request_id, sizeof(session->intent.client_request_id),
                      order->client_request_id);
    session->order.seen_ms = event->now_ms;
    session->news_ms = event->now_ms;
    session->receipt = SESSION_RECEIPT_OFFERED;
    struct session_effect *watch = session_effect_add(effects, SESSION_EFFECT_WATCH);
    session_text_copy(watch->text, sizeof(watch->text), order->order_no);
    watch->version = order->version;
    session_order_show(session, effects, event->now_ms);
    MUST(session->order.order_no[0] != '\0');
}
