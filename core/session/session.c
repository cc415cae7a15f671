/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The door of the session: events come in here and go to the part that knows their page. Touches
 * that mean the same everywhere (language, large text, help, home) are answered here; the rest is
 * asked page by page, and a touch that no page knows changes nothing.
 */
#include "core/session/session.h"

#include "common/must.h"
#include "common/str.h"
#include "core/session/session_private.h"

enum { VOLUME_COUNT = 4, VOLUME_AT_START = 1 };

void session_init(struct session *ret_session, int64_t now_ms)
{
    MUST(ret_session != NULL);
    *ret_session = (struct session){
        .screen = SESSION_SCREEN_START,
        .screen_since_ms = now_ms,
        .touched_ms = now_ms,
        .comfort = {.language = SESSION_LANGUAGE_ZH, .volume = VOLUME_AT_START},
    };
    MUST(ret_session->screen_until_ms == 0);
}

struct session_effect *session_effect_add(struct session_effects *effects,
                                          enum session_effect_kind kind)
{
    MUST(effects->count < SESSION_EFFECTS_MAX);
    MUST(kind != SESSION_EFFECT_NONE);
    struct session_effect *effect = &effects->list[effects->count];
    *effect = (struct session_effect){.kind = kind};
    effects->count += 1;
    return effect;
}

void session_effect_sound(struct session_effects *effects, enum session_sound sound)
{
    struct session_effect *effect = session_effect_add(effects, SESSION_EFFECT_SOUND);
    effect->sound = sound;
}

void session_text_copy(char *ret_text, size_t size, const char *text)
{
    bool fits = str_copy(ret_text, size, text);
    MUST(fits);
}

struct session_effect *session_ask(struct session *session, struct session_effects *effects,
                                   enum session_effect_kind kind, const char *text)
{
    struct session_effect *effect = session_effect_add(effects, kind);
    session->request_serial += 1;
    effect->serial = session->request_serial;
    session_text_copy(effect->text, sizeof(effect->text), text);
    return effect;
}

void session_goto(struct session *session, enum session_screen screen, int64_t now_ms,
                  int64_t lasts_ms)
{
    MUST(screen < SESSION_SCREEN_COUNT);
    MUST(lasts_ms >= 0);
    session->screen = screen;
    session->screen_serial += 1;
    session->screen_since_ms = now_ms;
    session->screen_until_ms = lasts_ms > 0 ? now_ms + lasts_ms : 0;
    session->screen_total_ms = lasts_ms;
    session->overlay = SESSION_OVERLAY_NONE;
    session->overlay_until_ms = 0;
}

void session_overlay_open(struct session *session, enum session_overlay overlay, int64_t now_ms,
                          int64_t lasts_ms)
{
    MUST(overlay != SESSION_OVERLAY_NONE);
    session->overlay = overlay;
    session->screen_serial += 1;
    session->overlay_until_ms = lasts_ms > 0 ? now_ms + lasts_ms : 0;
    session->overlay_total_ms = lasts_ms;
}

void session_overlay_close(struct session *session)
{
    session->overlay = SESSION_OVERLAY_NONE;
    session->overlay_until_ms = 0;
    session->screen_serial += 1;
}

void session_problem_show(struct session *session, enum session_problem problem, const char *text,
                          int64_t now_ms)
{
    MUST(problem != SESSION_PROBLEM_NONE);
    session->problem = problem;
    str_format_cut(session->problem_text, sizeof(session->problem_text), "%s",
                   text != NULL ? text : "");
    session_goto(session, SESSION_SCREEN_PROBLEM, now_ms,
                 session_time(session, SESSION_PROBLEM_MS, SESSION_RESULT_ASSIST_MS));
}

int64_t session_time(const struct session *session, int64_t normal, int64_t assist)
{
    return session->comfort.large ? assist : normal;
}

/* The bottom band of every page. */
static bool comfort_touch(struct session *session, enum session_action action, uint32_t value)
{
    if (action == SESSION_ACTION_LANGUAGE && value < SESSION_LANGUAGE_COUNT) {
        session->comfort.language = (enum session_language)value;
    } else if (action == SESSION_ACTION_LARGE) {
        session->comfort.large = !session->comfort.large;
    } else if (action == SESSION_ACTION_CONTRAST) {
        session->comfort.contrast = !session->comfort.contrast;
    } else if (action == SESSION_ACTION_SOUND) {
        session->comfort.volume = (uint8_t)((session->comfort.volume + 1U) % VOLUME_COUNT);
    } else {
        return false;
    }
    session->screen_serial += 1;
    return true;
}

static bool overlay_touch(struct session *session, const struct session_event *event,
                          struct session_effects *effects)
{
    enum session_action action = event->touch.action;
    if (session->overlay == SESSION_OVERLAY_IDLE && action == SESSION_ACTION_END) {
        session_leave(session, effects, event->now_ms);
        return true;
    }
    bool closes = action == SESSION_ACTION_CLOSE || action == SESSION_ACTION_CONTINUE ||
                  session->overlay == SESSION_OVERLAY_IDLE;
    if (session->overlay != SESSION_OVERLAY_NONE && closes) {
        session_overlay_close(session);
        return true;
    }
    return false;
}

static bool home_touch(struct session *session, const struct session_event *event,
                       struct session_effects *effects)
{
    if (session->screen != SESSION_SCREEN_HOME) {
        return false;
    }
    enum session_action action = event->touch.action;
    if (action == SESSION_ACTION_TOP_UP || action == SESSION_ACTION_QUERY) {
        session->began_ms = event->now_ms;
        session_find_begin(session, effects, event->now_ms);
    } else if (action == SESSION_ACTION_FIND_ORDER) {
        session->began_ms = event->now_ms;
        session_orders_begin(session, event->now_ms);
    } else {
        return false;
    }
    return true;
}

static bool any_page_touch(struct session *session, const struct session_event *event,
                           struct session_effects *effects)
{
    enum session_action action = event->touch.action;
    if (comfort_touch(session, action, event->touch.value)) {
        return true;
    }
    if (session->screen == SESSION_SCREEN_ATTRACT) {
        session_goto(session, SESSION_SCREEN_HOME, event->now_ms, 0);
        return true;
    }
    if (action == SESSION_ACTION_HELP) {
        session_overlay_open(session, SESSION_OVERLAY_HELP, event->now_ms, SESSION_HELP_MS);
        return true;
    }
    /* Money on its way has no way home: those pages end by themselves or by "done". */
    if (action == SESSION_ACTION_HOME && !session_page_shows_order(session)) {
        session_go_home(session, effects, event->now_ms);
        return true;
    }
    return false;
}

static void touched(struct session *session, const struct session_event *event,
                    struct session_effects *effects)
{
    session->touched_ms = event->now_ms;
    if (event->touch.action == SESSION_ACTION_NONE) {
        return;
    }
    session_effect_sound(effects, SESSION_SOUND_CLICK);
    bool known = session_pay_touch(session, event, effects) ||
                 overlay_touch(session, event, effects) ||
                 any_page_touch(session, event, effects) || home_touch(session, event, effects) ||
                 session_card_touch(session, event, effects) ||
                 session_find_touch(session, event, effects) ||
                 session_meter_touch(session, event, effects) ||
                 session_orders_touch(session, event, effects) ||
                 session_result_touch(session, event, effects);
    (void)known; /* a touch on something that has just gone means nothing */
}

static void presence_noticed(struct session *session, const struct session_event *event)
{
    session->touched_ms = event->now_ms;
    if (session->overlay == SESSION_OVERLAY_IDLE) {
        session_overlay_close(session);
    } else if (session->screen == SESSION_SCREEN_ATTRACT) {
        session_goto(session, SESSION_SCREEN_HOME, event->now_ms, 0);
    }
}

static void question_failed(struct session *session, const struct session_event *event)
{
    if (event->failed.effect_kind == SESSION_EFFECT_FETCH_ORDERS &&
        session->intent.boot_id[0] != '\0') {
        session->intent.retry_ms = event->now_ms + SESSION_RETRY_MS;
        return;
    }
    if (event->failed.effect_kind == SESSION_EFFECT_MORE_TIME ||
        event->failed.effect_kind == SESSION_EFFECT_CANCEL) {
        session->order_asked = false;
        return;
    }
    if (event->serial != session->request_serial) {
        return;
    }
    session->find.waiting = false;
    session->find.failed = session->screen == SESSION_SCREEN_FIND;
    session->found.waiting = false;
    if (event->failed.effect_kind == SESSION_EFFECT_READ_METER) {
        session->reading.state = SESSION_READING_STORED;
        session->reading.reason = SESSION_REASON_NETWORK;
    } else if (event->failed.effect_kind == SESSION_EFFECT_FETCH_METER) {
        session_problem_show(session, SESSION_PROBLEM_NETWORK, NULL, event->now_ms);
    } else {
        session_pay_failed(session, event);
    }
}

static void service_changed(struct session *session, const struct session_event *event,
                            struct session_effects *effects)
{
    if (event->service == SESSION_SERVICE_OPEN) {
        bool closed = session->screen == SESSION_SCREEN_MAINTENANCE ||
                      session->screen == SESSION_SCREEN_OUT_OF_SERVICE;
        if (closed) {
            session_goto(session, SESSION_SCREEN_HOME, event->now_ms, 0);
        }
        return;
    }
    enum session_screen screen = event->service == SESSION_SERVICE_MAINTENANCE
                                     ? SESSION_SCREEN_MAINTENANCE
                                     : SESSION_SCREEN_OUT_OF_SERVICE;
    /* A payer sees his page to its end. */
    if (!session_page_shows_order(session) && session->screen != screen) {
        session_leave(session, effects, event->now_ms);
        session_goto(session, screen, event->now_ms, 0);
    }
}

static void receipt_changed(struct session *session, const struct session_event *event)
{
    /* A slip's verdict may come when the receipt is at the printer already. */
    const char *print_id = session->intent.print_id;
    if (print_id[0] == '\0' || !str_equal(event->receipt.job_id, print_id)) {
        return;
    }
    session->receipt = event->receipt.state;
    session->receipt_copy = event->receipt.copy;
    str_format_cut(session->receipt_url, sizeof(session->receipt_url), "%s",
                   event->receipt.url != NULL ? event->receipt.url : "");
    bool lost = event->receipt.state == SESSION_RECEIPT_FAILED;
    if (lost && session->receipt_url[0] != '\0' && session_page_shows_order(session)) {
        session_overlay_open(session, SESSION_OVERLAY_RECEIPT_CODE, event->now_ms,
                             SESSION_RECEIPT_CODE_MS);
    }
}

static void orders_arrived(struct session *session, const struct session_event *event,
                           struct session_effects *effects)
{
    if (session->intent.boot_id[0] != '\0') {
        session_boot_found(session, event, effects);
    } else if (event->serial == session->request_serial) {
        session->found = *event->found;
        session->found.loaded = true;
        session->found.waiting = false;
    }
}

/* News of the world around the order: none of it is an answer to a question. */
static void world_changed(struct session *session, const struct session_event *event,
                          struct session_effects *effects)
{
    switch (event->kind) {
    case SESSION_EVENT_PROFILE:
        session->profile = *event->profile;
        session->profile.known = true;
        break;
    case SESSION_EVENT_ONLINE:
        session->online = event->online;
        break;
    case SESSION_EVENT_PRINTER:
        session->printer = event->printer;
        break;
    case SESSION_EVENT_READER:
        session_card_reader(session, event, effects);
        break;
    case SESSION_EVENT_RECEIPT:
        receipt_changed(session, event);
        break;
    case SESSION_EVENT_SERVICE:
        service_changed(session, event, effects);
        break;
    case SESSION_EVENT_TOUCH_DEAD:
        presence_noticed(session, event);
        break;
    case SESSION_EVENT_TICK:
    case SESSION_EVENT_TOUCH:
    case SESSION_EVENT_BOOT:
    case SESSION_EVENT_ROOMS:
    case SESSION_EVENT_METER:
    case SESSION_EVENT_READING:
    case SESSION_EVENT_ORDER:
    case SESSION_EVENT_REFUSED:
    case SESSION_EVENT_FOUND_ORDERS:
    case SESSION_EVENT_FAILED:
    case SESSION_EVENT_CARD:
    case SESSION_EVENT_CARD_VIEW:
    case SESSION_EVENT_CARD_FAILED:
    case SESSION_EVENT_CARD_TOKEN:
    case SESSION_EVENT_CARD_RESULT:
    case SESSION_EVENT_CARD_TOLD:
    case SESSION_EVENT_COUNT:
        MUST_NOT_REACH();
    }
}

void session_apply(struct session *session, const struct session_event *event,
                   struct session_effects *ret_effects)
{
    MUST(event->kind < SESSION_EVENT_COUNT);
    MUST(session->screen < SESSION_SCREEN_COUNT);
    ret_effects->count = 0;
    switch (event->kind) {
    case SESSION_EVENT_TICK:
        session_order_tick(session, event->now_ms, ret_effects);
        session_card_tick(session, event->now_ms, ret_effects);
        session_end_tick(session, event->now_ms, ret_effects);
        break;
    case SESSION_EVENT_TOUCH:
        touched(session, event, ret_effects);
        break;
    case SESSION_EVENT_BOOT:
        session_boot(session, event, ret_effects);
        break;
    case SESSION_EVENT_ROOMS:
        session_find_rooms(session, event);
        break;
    case SESSION_EVENT_METER:
        session_meter_arrived(session, event, ret_effects);
        break;
    case SESSION_EVENT_READING:
        session_reading_arrived(session, event);
        break;
    case SESSION_EVENT_ORDER:
        session_order_arrived(session, event, ret_effects);
        break;
    case SESSION_EVENT_REFUSED:
        session_pay_refused(session, event, ret_effects);
        break;
    case SESSION_EVENT_FOUND_ORDERS:
        orders_arrived(session, event, ret_effects);
        break;
    case SESSION_EVENT_FAILED:
        question_failed(session, event);
        break;
    case SESSION_EVENT_TOUCH_DEAD:
    case SESSION_EVENT_PROFILE:
    case SESSION_EVENT_ONLINE:
    case SESSION_EVENT_PRINTER:
    case SESSION_EVENT_READER:
    case SESSION_EVENT_RECEIPT:
    case SESSION_EVENT_SERVICE:
        world_changed(session, event, ret_effects);
        break;
    case SESSION_EVENT_CARD:
        session_card_pad(session, event, ret_effects);
        break;
    case SESSION_EVENT_CARD_VIEW:
        session_card_view_arrived(session, event, ret_effects);
        break;
    case SESSION_EVENT_CARD_FAILED:
        session_card_failed(session, event, ret_effects);
        break;
    case SESSION_EVENT_CARD_TOKEN:
        session_card_token(session, event, ret_effects);
        break;
    case SESSION_EVENT_CARD_RESULT:
        session_card_result(session, event, ret_effects);
        break;
    case SESSION_EVENT_CARD_TOLD:
        session_card_told(session, event, ret_effects);
        break;
    case SESSION_EVENT_COUNT:
        MUST_NOT_REACH();
    }
    session_card_settle(session, ret_effects, event->now_ms);
}

int64_t session_next_deadline_ms(const struct session *session)
{
    int64_t end_ms = session_end_deadline_ms(session);
    int64_t order_ms = session_order_deadline_ms(session);
    int64_t card_ms = session_card_deadline_ms(session);
    int64_t next_ms = end_ms < order_ms ? end_ms : order_ms;
    return card_ms < next_ms ? card_ms : next_ms;
}

bool session_is_busy(const struct session *session)
{
    switch (session->screen) {
    case SESSION_SCREEN_CHECKING:
    case SESSION_SCREEN_CREDITING:
    case SESSION_SCREEN_SLOW:
    case SESSION_SCREEN_DONE:
    case SESSION_SCREEN_REFUND:
    case SESSION_SCREEN_REFUNDED:
    case SESSION_SCREEN_REVIEW:
    case SESSION_SCREEN_CARD_BACK:
    case SESSION_SCREEN_CARD_WRITE:
    case SESSION_SCREEN_CARD_DONE:
    case SESSION_SCREEN_CARD_OWED:
        return true;
    case SESSION_SCREEN_CARD_PLACE:
    case SESSION_SCREEN_CARD:
    case SESSION_SCREEN_START:
    case SESSION_SCREEN_ATTRACT:
    case SESSION_SCREEN_HOME:
    case SESSION_SCREEN_FIND:
    case SESSION_SCREEN_METER:
    case SESSION_SCREEN_AMOUNT:
    case SESSION_SCREEN_WALLET:
    case SESSION_SCREEN_PAY:
    case SESSION_SCREEN_CLOSED:
    case SESSION_SCREEN_PROBLEM:
    case SESSION_SCREEN_ORDERS:
    case SESSION_SCREEN_MAINTENANCE:
    case SESSION_SCREEN_OUT_OF_SERVICE:
    case SESSION_SCREEN_COUNT:
        break;
    }
    return false;
}
