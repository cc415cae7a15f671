/* SPDX-License-Identifier: Apache-2.0 */
#include "kiosk/flow/flow.h"

#include <stdlib.h>
#include <string.h>

#include "common/id.h"
#include "common/log.h"
#include "common/must.h"
#include "common/str.h"
#include "core/session/names.h"
#include "drivers/clock/clock_system.h"
#include "drivers/rng/rng_system.h"
#include "kiosk/flow/asker.h"
#include "kiosk/flow/card_gate.h"
#include "kiosk/flow/card_jobs.h"
#include "kiosk/flow/convert.h"
#include "kiosk/flow/message.h"
#include "kiosk/flow/paper.h"
#include "kiosk/flow/reader.h"
#include "kiosk/flow/sound.h"
#include "kiosk/journal/journal.h"

enum { CLOCK_WRONG_S = 120 /* E20: told to the log, never to the tenant */ };

struct flow {
    struct flow_config config;
    struct clock_port clock;
    struct rng_port rng;
    struct session session;
    struct message_queue *queue;
    struct journal *journal;
    struct asker *asker;
    struct paper *paper;
    struct reader *reader;
    struct session_card_result unsaved; /* of a write that could not be journalled */
    char *card_body; /* of the CARD_RESULT that is applied; @own by its message */
    struct sound sound;
    int64_t wall_offset_s; /* the server's wall time minus ours */
    bool clock_told;
    struct card_gate gate;
    bool wipe;
};

static void apply(struct flow *flow, struct session_event *event);

struct flow *flow_create(const struct flow_config *config, void (*wake)(void *self), void *self)
{
    struct flow *flow = calloc(1, sizeof(*flow));
    if (flow == NULL) {
        return NULL;
    }
    flow->config = *config;
    flow->clock = clock_system();
    flow->rng = rng_system();
    flow->queue = message_queue_create(wake, self);
    if (flow->queue == NULL) {
        free(flow);
        return NULL;
    }
    session_init(&flow->session, clock_mono_ms(&flow->clock));
    return flow;
}

void flow_destroy(struct flow *flow)
{
    if (flow == NULL) {
        return;
    }
    asker_stop(flow->asker);
    paper_stop(flow->paper);
    reader_stop(flow->reader);
    journal_close(flow->journal);
    sound_close(&flow->sound);
    message_queue_destroy(flow->queue);
    free(flow);
}

const struct session *flow_session(const struct flow *flow)
{
    return &flow->session;
}

struct ui_now flow_now(const struct flow *flow)
{
    return (struct ui_now){
        .mono_ms = clock_mono_ms(&flow->clock),
        .wall_s = clock_wall_s(&flow->clock) + flow->wall_offset_s,
    };
}

int64_t flow_next_deadline_ms(const struct flow *flow)
{
    int64_t session_ms = session_next_deadline_ms(&flow->session);
    int64_t sound_ms = sound_deadline_ms(&flow->sound);
    return sound_ms < session_ms ? sound_ms : session_ms;
}

bool flow_take_wipe(struct flow *flow)
{
    bool wipe = flow->wipe;
    flow->wipe = false;
    return wipe;
}

/* ---- effects ---- */

static void out_of_service(struct flow *flow)
{
    struct session_event event = {.kind = SESSION_EVENT_SERVICE, .service = SESSION_SERVICE_OUT};
    apply(flow, &event);
}

/*
 * SAVE and what it protects: if the number cannot be made durable, the request must not leave. The
 * rest of the list is then dropped, and the page says that nothing was taken.
 */
static bool save(struct flow *flow, const struct session_effect *effect)
{
    enum err err = journal_save(flow->journal, &effect->create, clock_wall_s(&flow->clock));
    if (err == OK) {
        return true;
    }
    log_error("the journal cannot be written (%s): no new orders; free the disk of %s",
              err_name(err), flow->config.state_dir);
    return false;
}

/* The token of a write, before the reader gets it. */
static bool card_save(struct flow *flow, const struct session_effect *effect)
{
    enum err err = journal_card_begin(flow->journal, &effect->write, clock_wall_s(&flow->clock));
    if (err != OK) {
        log_error(
            "the journal cannot be written (%s): the card is not written; free the disk of %s",
            err_name(err), flow->config.state_dir);
    }
    return err == OK;
}

/* How it ended; a journal that fails here still holds the token, and the server hears "unknown". */
static void card_end(struct flow *flow, const struct session_effect *effect)
{
    if (flow->card_body != NULL &&
        journal_card_end(flow->journal, effect->result.id, flow->card_body) != OK) {
        log_warn("how a card was written could not be kept in the journal");
    }
}

static void card_tell(struct flow *flow, const struct session_effect *effect)
{
    char *body = flow->card_body != NULL ? strdup(flow->card_body) : NULL;
    if (body != NULL && flow->reader != NULL) {
        reader_tell(flow->reader, effect->result.id, effect->result.order_no, body);
    } else {
        free(body);
    }
}

static const struct session_card_result *card_unsaved(struct flow *flow,
                                                      const struct session_card_write *write)
{
    flow->unsaved = (struct session_card_result){.outcome = SESSION_CARD_NOT_DONE,
                                                 .trouble = SESSION_CARD_DISK};
    bool fits = str_copy(flow->unsaved.id, sizeof(flow->unsaved.id), write->id) &&
                str_copy(flow->unsaved.order_no, sizeof(flow->unsaved.order_no), write->order_no);
    MUST(fits);
    return &flow->unsaved;
}

/* What was dropped with the first of a pair, as the refusal that the session must hear. */
static bool pair_dropped(struct flow *flow, const struct session_effects *effects,
                         struct session_event *ret_event)
{
    for (size_t i = 0; i < effects->count; i++) {
        if (effects->list[i].kind == SESSION_EFFECT_CREATE) {
            *ret_event = (struct session_event){.kind = SESSION_EVENT_REFUSED,
                                                .serial = effects->list[i].serial};
            ret_event->refused.code = SESSION_REFUSAL_DISK_FULL;
            return true;
        }
        if (effects->list[i].kind == SESSION_EFFECT_CARD_WRITE) {
            *ret_event = (struct session_event){.kind = SESSION_EVENT_CARD_RESULT};
            ret_event->card_result = card_unsaved(flow, &effects->list[i].write);
            return true;
        }
    }
    return false;
}

static void settle(struct flow *flow, const struct session_effect *effect)
{
    if (effect->id[0] != '\0' && journal_settle(flow->journal, effect->id) != OK) {
        log_warn("an order could not be settled in the journal; it may be shown once more");
    }
}

/* False: the rest of the list must not be carried out. */
static bool carry(struct flow *flow, const struct session_effect *effect)
{
    switch (effect->kind) {
    case SESSION_EFFECT_FETCH_ROOMS:
    case SESSION_EFFECT_FETCH_METER:
    case SESSION_EFFECT_READ_METER:
    case SESSION_EFFECT_CREATE:
    case SESSION_EFFECT_WATCH:
    case SESSION_EFFECT_UNWATCH:
    case SESSION_EFFECT_CANCEL:
    case SESSION_EFFECT_MORE_TIME:
    case SESSION_EFFECT_FETCH_ORDERS:
    case SESSION_EFFECT_FIND_ORDERS:
        asker_ask(flow->asker, effect);
        break;
    case SESSION_EFFECT_SAVE:
        return save(flow, effect);
    case SESSION_EFFECT_PRINT:
        if (flow->paper != NULL) {
            paper_print(flow->paper, effect);
        }
        break;
    case SESSION_EFFECT_SETTLED:
        settle(flow, effect);
        break;
    case SESSION_EFFECT_SOUND:
        sound_play(&flow->sound, effect->sound, flow->session.comfort.volume,
                   clock_mono_ms(&flow->clock));
        break;
    case SESSION_EFFECT_WIPE:
        flow->wipe = true;
        break;
    case SESSION_EFFECT_CARD_POLL:
    case SESSION_EFFECT_CARD_OPEN:
    case SESSION_EFFECT_CARD_ASK:
    case SESSION_EFFECT_CARD_WRITE:
        if (flow->reader != NULL) {
            reader_take(flow->reader, effect);
        }
        break;
    case SESSION_EFFECT_CARD_SAVE:
        return card_save(flow, effect);
    case SESSION_EFFECT_CARD_RESULT:
        card_end(flow, effect);
        break;
    case SESSION_EFFECT_CARD_TELL:
        card_tell(flow, effect);
        break;
    case SESSION_EFFECT_NONE:
    case SESSION_EFFECT_COUNT:
        MUST_NOT_REACH();
    }
    return true;
}

static void tell_state(struct flow *flow)
{
    if (flow->asker != NULL) {
        struct asker_state state = {.screen = session_screen_name(flow->session.screen),
                                    .printer = session_printer_name(flow->session.printer),
                                    .reader = session_reader_name(flow->session.reader),
                                    .open_order_no = flow->session.order.order_no};
        asker_set_state(flow->asker, &state);
    }
}

/* True if something could not be carried out, and @p ret_next is what the session must hear. */
static bool apply_one(struct flow *flow, struct session_event *event,
                      struct session_event *ret_next)
{
    event->now_ms = clock_mono_ms(&flow->clock);
    event->wall_s = clock_wall_s(&flow->clock) + flow->wall_offset_s;
    struct session_effects effects;
    session_apply(&flow->session, event, &effects);
    for (size_t i = 0; i < effects.count; i++) {
        if (!carry(flow, &effects.list[i])) {
            return pair_dropped(flow, &effects, ret_next);
        }
    }
    return false;
}

static void apply(struct flow *flow, struct session_event *event)
{
    struct session_event next;
    bool more = apply_one(flow, event, &next);
    while (more) {
        struct session_event now = next;
        more = apply_one(flow, &now, &next);
    }
    tell_state(flow);
}

/* ---- events ---- */

void flow_touch(struct flow *flow, enum session_action action, uint32_t value)
{
    struct session_event event = {.kind = SESSION_EVENT_TOUCH};
    if (action == SESSION_ACTION_NONE) {
        event.kind = SESSION_EVENT_TOUCH_DEAD;
    } else {
        event.touch.action = action;
        event.touch.value = value;
        for (size_t i = 0; i < ARRAY_COUNT(event.touch.ids); i++) {
            id_make(&flow->rng, clock_system_wall_ms(), event.touch.ids[i]);
        }
    }
    apply(flow, &event);
}

void flow_tick(struct flow *flow)
{
    sound_tick(&flow->sound, clock_mono_ms(&flow->clock));
    struct session_event event = {.kind = SESSION_EVENT_TICK};
    apply(flow, &event);
}

/* The server's time is the one people see; a terminal whose own clock is far off says so once. */
static void clock_correct(struct flow *flow, int64_t server_time)
{
    flow->wall_offset_s = server_time - clock_wall_s(&flow->clock);
    bool wrong = flow->wall_offset_s > CLOCK_WRONG_S || flow->wall_offset_s < -CLOCK_WRONG_S;
    if (wrong && !flow->clock_told) {
        log_warn("this terminal's clock is %lld s off the server's; the server's is shown, set "
                 "the clock (timedatectl)",
                 (long long)-flow->wall_offset_s);
    }
    flow->clock_told = wrong;
    struct session_event events[CARD_GATE_EVENTS_MAX];
    size_t count = card_gate_clock(&flow->gate, flow->wall_offset_s, events);
    if (count > 0) {
        log_warn("cards %s", flow->gate.shut ? "are not topped up until this clock is set"
                                             : "are topped up again: this clock was set");
    }
    for (size_t i = 0; i < count; i++) {
        apply(flow, &events[i]);
    }
}

static void message_apply(struct flow *flow, struct message *message)
{
    if (message->server_time_known) {
        clock_correct(flow, message->server_time);
    }
    if (message->profile_json != NULL &&
        journal_put_profile(flow->journal, message->profile_json) != OK) {
        log_warn("the profile could not be kept for the next start");
    }
    bool numbered = message->event.kind == SESSION_EVENT_ORDER &&
                    message->value.order.client_request_id[0] != '\0';
    if (numbered && journal_set_order_no(flow->journal, message->value.order.client_request_id,
                                         message->value.order.order_no) != OK) {
        log_warn("an order's number could not be kept in the journal");
    }
    bool told = message->event.kind == SESSION_EVENT_CARD_TOLD;
    if (told && journal_card_told(flow->journal, message->event.card_told.id,
                                  message->card_refused) != OK) {
        log_warn("a told card write stays in the journal; the server hears of it once more");
    }
    flow->card_body = message->card_body;
    if (card_gate_pass(&flow->gate, &message->event)) {
        apply(flow, &message->event);
    }
    flow->card_body = NULL;
}

void flow_take_messages(struct flow *flow)
{
    for (struct message *message = message_take(flow->queue); message != NULL;
         message = message_take(flow->queue)) {
        message_apply(flow, message);
        message_destroy(message);
    }
}

/* ---- opening ---- */

static void profile_restore(struct flow *flow)
{
    char *json = malloc(JOURNAL_PROFILE_SIZE);
    struct api_profile api;
    struct api_fault fault;
    if (json != NULL && journal_get_profile(flow->journal, json) == OK &&
        api_profile_decode(json, strlen(json), &api, &fault) == OK) {
        struct session_profile profile;
        convert_profile(&api, &profile);
        struct session_event event = {.kind = SESSION_EVENT_PROFILE, .profile = &profile};
        apply(flow, &event);
    }
    free(json);
}

static void boot(struct flow *flow)
{
    struct session_event event = {.kind = SESSION_EVENT_BOOT};
    struct journal_order open;
    if (journal_find_open(flow->journal, &open) == OK) {
        int64_t age_s = clock_wall_s(&flow->clock) - open.begun_wall_s;
        event.boot.order_open = true;
        event.boot.age_ms = age_s > 0 ? age_s * 1000 : 0;
        bool fits = str_copy(event.boot.client_request_id, sizeof(event.boot.client_request_id),
                             open.client_request_id) &&
                    str_copy(event.boot.order_no, sizeof(event.boot.order_no), open.order_no);
        MUST(fits);
    }
    apply(flow, &event);
}

static bool journal_begin(struct flow *flow)
{
    char path[FLOW_PATH_SIZE + 16];
    char why[JOURNAL_WHY_SIZE];
    bool fits = str_format(path, sizeof(path), "%s/journal.db", flow->config.state_dir);
    MUST(fits);
    enum err err = journal_open(path, clock_wall_s(&flow->clock), &flow->journal, why);
    if (err != OK) {
        log_error("%s", why[0] != '\0' ? why : err_name(err));
        return false;
    }
    if (why[0] != '\0') {
        log_warn("%s", why);
    }
    return true;
}

/* What the server has not heard of the writes before this start. */
static void cards_tell(struct flow *flow)
{
    struct journal_card *card = calloc(1, sizeof(*card));
    int64_t seq = 0;
    while (card != NULL) {
        enum err err = journal_card_next(flow->journal, seq, card);
        if (err != OK && err != ERR_NOT_FOUND) {
            log_error("card write behind %lld of the journal cannot be told: %s", (long long)seq,
                      err_name(err));
        }
        if (err != OK && err != ERR_FORMAT) {
            break;
        }
        seq = card->seq;
        if (err == ERR_FORMAT) {
            continue; /* one row that makes no sense hides none behind it */
        }
        char *body = card->body[0] != '\0' ? strdup(card->body)
                                           : card_jobs_unknown_body(card->id, card->uid);
        if (body != NULL) {
            reader_tell(flow->reader, card->id, card->order_no, body);
        }
    }
    free(card);
}

/* Also without a reader of its own a terminal tells what an earlier one has written. */
static void reader_begin(struct flow *flow)
{
    const struct cardd_place place = {.socket_path = flow->config.cardd_socket,
                                      .uid = flow->config.cardd_uid};
    flow->reader = reader_start(&place, &flow->config.server, flow->queue);
    if (flow->reader == NULL) {
        log_warn("the card reader's thread could not be started; going on without cards");
        return;
    }
    asker_set_reader(flow->asker, flow->reader);
    cards_tell(flow);
}

bool flow_open(struct flow *flow)
{
    if (!journal_begin(flow)) {
        out_of_service(flow);
        return false;
    }
    flow->asker = asker_start(&flow->config.server, flow->queue);
    if (flow->asker == NULL) {
        log_error("the key %s or the certificate %s cannot be read: enrol this terminal again",
                  flow->config.server.key_file, flow->config.server.cert_file);
        out_of_service(flow);
        return false;
    }
    profile_restore(flow);
    if (flow->config.printd_socket[0] != '\0') {
        flow->paper = paper_start(flow->config.printd_socket, &flow->config.server, flow->queue);
        if (flow->paper == NULL) {
            log_warn("the printer's thread could not be started; going on without paper");
        }
    }
    reader_begin(flow);
    boot(flow);
    return true;
}
