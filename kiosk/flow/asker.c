/* SPDX-License-Identifier: Apache-2.0 */

/*
 * One monitor guards the questions, the watched order and what the heartbeat tells; each thread
 * has a connection of its own and holds the monitor only to take its next piece of work. A watch
 * is known by its number: an answer to a watch that was replaced is dropped.
 */
#include "kiosk/flow/asker.h"

#include <stdlib.h>
#include <string.h>

#include <pthread.h>

#include "common/log.h"
#include "common/must.h"
#include "common/str.h"
#include "drivers/clock/clock_system.h"
#include "drivers/thread/monitor.h"
#include "kiosk/flow/convert.h"
#include "kiosk/flow/question.h"
#include "kiosk/journal/journal.h"

enum {
    ASKERS_COUNT = 3,   /* a live read may hold one for 12 s; a create must not wait for it */
    QUESTIONS_MAX = 32, /* one user makes a handful; more are dropped, oldest first */
    WATCH_WAIT_S = 4,   /* a code is shown on news of at most 5 s */
    WATCH_RETRY_MS = 1000,
    HEARTBEAT_MS = 15000,
    HEARTBEAT_RETRY_MS = 3000,
    OFFLINE_AFTER_MS = 10000, /* without any answer */
};

struct asker {
    struct monitor monitor;
    bool stopping;
    struct message_queue *queue;

    struct session_effect questions[QUESTIONS_MAX]; /* a ring */
    size_t question_first;
    size_t question_count;

    uint32_t watch_number;                      /* another one for each WATCH and UNWATCH */
    char watch_order_no[SESSION_ORDER_NO_SIZE]; /* empty: nothing to watch */
    uint64_t watch_version;

    char screen[API_WORD_SIZE];
    char printer[API_WORD_SIZE];
    char reader[API_WORD_SIZE];
    char open_order_no[API_ORDER_NO_SIZE];
    struct reader *counting; /* borrowed; NULL: no card reader */

    int64_t answered_ms;
    bool online;

    struct server *servers[ASKERS_COUNT + 2];
    pthread_t threads[ASKERS_COUNT + 2];
    size_t thread_count;
};

static int64_t now_ms(void)
{
    return clock_system_mono_ns() / 1000000;
}

/* Any answer, also a refusal, shows that the line works. */
static void note_result(struct asker *asker, enum server_result result)
{
    monitor_enter(&asker->monitor);
    int64_t now = now_ms();
    bool online = asker->online;
    if (result != SERVER_NOTHING) {
        asker->answered_ms = now;
        online = true;
    } else if (now - asker->answered_ms >= OFFLINE_AFTER_MS) {
        online = false;
    }
    bool changed = online != asker->online;
    asker->online = online;
    monitor_leave(&asker->monitor);
    if (changed) {
        struct message *message = message_create(SESSION_EVENT_ONLINE);
        message->event.online = online;
        message_put(asker->queue, message);
    }
}

bool asker_is_online(struct asker *asker)
{
    monitor_enter(&asker->monitor);
    bool online = asker->online;
    monitor_leave(&asker->monitor);
    return online;
}

/* ---- questions ---- */

static bool question_take(struct asker *asker, struct session_effect *ret_question)
{
    monitor_enter(&asker->monitor);
    while (asker->question_count == 0 && !asker->stopping) {
        monitor_wait(&asker->monitor);
    }
    bool some = !asker->stopping;
    if (some) {
        *ret_question = asker->questions[asker->question_first];
        asker->question_first = (asker->question_first + 1) % QUESTIONS_MAX;
        asker->question_count -= 1;
    }
    monitor_leave(&asker->monitor);
    return some;
}

static void question_put(struct asker *asker, const struct session_effect *question)
{
    monitor_enter(&asker->monitor);
    if (asker->question_count == QUESTIONS_MAX) {
        asker->question_first = (asker->question_first + 1) % QUESTIONS_MAX;
        asker->question_count -= 1;
    }
    size_t at = (asker->question_first + asker->question_count) % QUESTIONS_MAX;
    asker->questions[at] = *question;
    asker->question_count += 1;
    monitor_leave(&asker->monitor);
    monitor_notify(&asker->monitor);
}

/* False when the program ends meanwhile. */
static bool pause_ms(struct asker *asker, int64_t ms)
{
    monitor_enter(&asker->monitor);
    int64_t deadline_ns = clock_system_mono_ns() + ms * INT64_C(1000000);
    while (!asker->stopping && monitor_wait_until(&asker->monitor, deadline_ns)) {
    }
    bool stopping = asker->stopping;
    monitor_leave(&asker->monitor);
    return !stopping;
}

/*
 * Ask until somebody answers, within the question's own time. The body and its number stay the
 * same, so it does not matter how many of them arrive.
 */
static void question_answer(struct asker *asker, struct server *server,
                            const struct session_effect *question)
{
    const int64_t until_ms = now_ms() + question_patience_ms(question->kind);
    int64_t wait_ms = QUESTION_RETRY_MS;
    for (;;) {
        struct message *first = NULL;
        struct message *second = NULL;
        enum server_result result = question_perform(server, question, &first, &second);
        note_result(asker, result);
        bool again = result == SERVER_NOTHING && now_ms() + wait_ms < until_ms;
        if (!again) {
            if (result == SERVER_NOTHING) {
                first = message_create(SESSION_EVENT_FAILED);
                first->event.failed.effect_kind = (uint8_t)question->kind;
                first->event.serial = question->serial;
            }
            message_put(asker->queue, first);
            if (second != NULL) {
                message_put(asker->queue, second);
            }
            return;
        }
        if (!pause_ms(asker, wait_ms)) {
            return;
        }
        wait_ms *= 2;
    }
}

struct worker {
    struct asker *asker;
    struct server *server;
};

static void *ask_run(void *arg)
{
    struct worker worker = *(struct worker *)arg;
    free(arg);
    struct session_effect question;
    while (question_take(worker.asker, &question)) {
        question_answer(worker.asker, worker.server, &question);
    }
    return NULL;
}

/* ---- the open order ---- */

static bool watch_take(struct asker *asker, char ret_order_no[SESSION_ORDER_NO_SIZE],
                       uint64_t *ret_version, uint32_t *ret_number)
{
    monitor_enter(&asker->monitor);
    while (asker->watch_order_no[0] == '\0' && !asker->stopping) {
        monitor_wait(&asker->monitor);
    }
    bool some = !asker->stopping;
    bool fits = str_copy(ret_order_no, SESSION_ORDER_NO_SIZE, asker->watch_order_no);
    MUST(fits);
    *ret_version = asker->watch_version;
    *ret_number = asker->watch_number;
    monitor_leave(&asker->monitor);
    return some;
}

/* Keep the version for the next question, if this order is still the watched one. */
static bool watch_is_current(struct asker *asker, uint32_t number, uint64_t version)
{
    monitor_enter(&asker->monitor);
    bool current = number == asker->watch_number;
    if (current) {
        asker->watch_version = version;
    }
    monitor_leave(&asker->monitor);
    return current;
}

static void *watch_run(void *arg)
{
    struct worker worker = *(struct worker *)arg;
    free(arg);
    char order_no[SESSION_ORDER_NO_SIZE];
    uint64_t version = 0;
    uint32_t number = 0;
    while (watch_take(worker.asker, order_no, &version, &number)) {
        struct api_order_view view;
        enum server_result result =
            server_get_order(worker.server, order_no, WATCH_WAIT_S, version, &view);
        note_result(worker.asker, result);
        if (result != SERVER_ANSWER) {
            (void)pause_ms(worker.asker, WATCH_RETRY_MS);
            continue;
        }
        if (watch_is_current(worker.asker, number, (uint64_t)view.version)) {
            message_put(worker.asker->queue, question_order_message(&view, 0));
        }
    }
    return NULL;
}

/* ---- heartbeat and profile ---- */

bool asker_profile_is_old(const struct asker_profile *seen,
                          const struct api_heartbeat_answer *answer)
{
    return !seen->known || !str_equal(seen->version, answer->profile_version) ||
           seen->payments_open != answer->payments_open;
}

/* False if there was no answer: it is asked for again after the next heartbeat. */
static bool profile_fetch(struct asker *asker, struct server *server, bool *ret_payments_open)
{
    struct api_profile profile;
    char *json = NULL;
    enum server_result result = server_get_profile(server, &profile, &json);
    note_result(asker, result);
    if (result != SERVER_ANSWER) {
        return false;
    }
    struct message *message = message_create(SESSION_EVENT_PROFILE);
    convert_profile(&profile, &message->value.profile);
    message->event.profile = &message->value.profile;
    message->server_time = profile.server_time;
    message->server_time_known = true;
    if (json != NULL && strlen(json) < JOURNAL_PROFILE_SIZE) {
        message->profile_json = json;
    } else {
        free(json);
    }
    message_put(asker->queue, message);
    *ret_payments_open = profile.payments_open;
    return true;
}

static void heartbeat_fill(struct asker *asker, struct api_heartbeat *ret_heartbeat)
{
    *ret_heartbeat = (struct api_heartbeat){.uptime_s = now_ms() / 1000};
    monitor_enter(&asker->monitor);
    str_format_cut(ret_heartbeat->version, sizeof(ret_heartbeat->version), "%s", SHILLING_VERSION);
    str_format_cut(ret_heartbeat->screen, sizeof(ret_heartbeat->screen), "%s", asker->screen);
    str_format_cut(ret_heartbeat->printer_state, sizeof(ret_heartbeat->printer_state), "%s",
                   asker->printer);
    str_format_cut(ret_heartbeat->reader_state, sizeof(ret_heartbeat->reader_state), "%s",
                   asker->reader);
    str_format_cut(ret_heartbeat->open_order_no, sizeof(ret_heartbeat->open_order_no), "%s",
                   asker->open_order_no);
    struct reader *counting = asker->counting;
    monitor_leave(&asker->monitor);
    if (counting != NULL) {
        reader_counts(counting, &ret_heartbeat->reader);
    }
}

/* The server does not know this terminal, or no longer: it can sell nothing. */
static bool is_stranger(const struct api_error *error)
{
    return str_equal(error->code, API_ERROR_NO_CERTIFICATE) ||
           str_equal(error->code, API_ERROR_UNKNOWN_TERMINAL) ||
           str_equal(error->code, API_ERROR_TERMINAL_REVOKED);
}

static void service_put(struct asker *asker, enum session_service service)
{
    struct message *message = message_create(SESSION_EVENT_SERVICE);
    message->event.service = service;
    message_put(asker->queue, message);
}

static void profile_renew(const struct worker *worker, const struct api_heartbeat_answer *answer,
                          struct asker_profile *seen)
{
    bool open = false;
    if (asker_profile_is_old(seen, answer) && profile_fetch(worker->asker, worker->server, &open)) {
        *seen = (struct asker_profile){.known = true, .payments_open = open};
        bool fits = str_copy(seen->version, sizeof(seen->version), answer->profile_version);
        MUST(fits);
    }
}

/*
 * One heartbeat; the profile too when there is a newer one. True if the server answered.
 * @p shut: this terminal is out of service because the server does not know it.
 */
static bool heartbeat_send(const struct worker *worker, struct asker_profile *seen, bool *shut)
{
    struct api_heartbeat heartbeat;
    struct api_heartbeat_answer answer;
    struct api_error error = {0};
    heartbeat_fill(worker->asker, &heartbeat);
    enum server_result result = server_post_heartbeat(worker->server, &heartbeat, &answer, &error);
    note_result(worker->asker, result);
    if (result == SERVER_REFUSED && is_stranger(&error)) {
        service_put(worker->asker, SESSION_SERVICE_OUT);
        *shut = true;
    }
    if (result != SERVER_ANSWER) {
        return false;
    }
    if (*shut) {
        service_put(worker->asker, SESSION_SERVICE_OPEN);
        *shut = false;
    }
    profile_renew(worker, &answer, seen);
    return true;
}

/* Once when the server stops answering us, and once when it is back: the tenant sees less. */
static void heartbeat_tell(const struct worker *worker, bool well, bool *told)
{
    if (well && *told) {
        log_info("the server answers again");
    } else if (!well && !*told) {
        const char *trouble = server_trouble(worker->server);
        bool date = strstr(trouble, "not yet valid") != NULL || strstr(trouble, "expired") != NULL;
        log_warn("nothing useful from the server: %s%s", trouble,
                 date ? "; is this terminal's clock right (timedatectl)?" : "");
    }
    *told = !well;
}

static void *heartbeat_run(void *arg)
{
    struct worker worker = *(struct worker *)arg;
    free(arg);
    struct asker_profile seen = {0};
    bool going = true;
    bool told = false;
    bool shut = false;
    while (going) {
        bool well = heartbeat_send(&worker, &seen, &shut);
        heartbeat_tell(&worker, well, &told);
        going = pause_ms(worker.asker, well ? HEARTBEAT_MS : HEARTBEAT_RETRY_MS);
    }
    return NULL;
}

/* ---- life ---- */

static bool worker_start(struct asker *asker, const struct server_config *config,
                         void *(*run)(void *arg))
{
    size_t at = asker->thread_count;
    MUST(at < ARRAY_COUNT(asker->threads));
    struct worker *worker = calloc(1, sizeof(*worker));
    struct server *server = server_create(config);
    if (worker == NULL || server == NULL) {
        free(worker);
        server_destroy(server);
        return false;
    }
    *worker = (struct worker){.asker = asker, .server = server};
    if (pthread_create(&asker->threads[at], NULL, run, worker) != 0) {
        free(worker);
        server_destroy(server);
        return false;
    }
    asker->servers[at] = server;
    asker->thread_count += 1;
    return true;
}

struct asker *asker_start(const struct server_config *server, struct message_queue *queue)
{
    struct asker *asker = calloc(1, sizeof(*asker));
    if (asker == NULL) {
        return NULL;
    }
    monitor_init(&asker->monitor);
    asker->queue = queue;
    asker->answered_ms = now_ms();
    bool started =
        worker_start(asker, server, heartbeat_run) && worker_start(asker, server, watch_run);
    for (size_t i = 0; started && i < ASKERS_COUNT; i++) {
        started = worker_start(asker, server, ask_run);
    }
    if (!started) {
        asker_stop(asker);
        return NULL;
    }
    return asker;
}

void asker_stop(struct asker *asker)
{
    if (asker == NULL) {
        return;
    }
    monitor_enter(&asker->monitor);
    asker->stopping = true;
    monitor_leave(&asker->monitor);
    monitor_notify(&asker->monitor);
    for (size_t i = 0; i < asker->thread_count; i++) {
        (void)pthread_join(asker->threads[i], NULL);
        server_destroy(asker->servers[i]);
    }
    monitor_finish(&asker->monitor);
    free(asker);
}

static void watch_set(struct asker *asker, const char *order_no, uint64_t version)
{
    monitor_enter(&asker->monitor);
    asker->watch_number += 1;
    bool fits = str_copy(asker->watch_order_no, sizeof(asker->watch_order_no), order_no);
    MUST(fits);
    asker->watch_version = version;
    monitor_leave(&asker->monitor);
    monitor_notify(&asker->monitor);
}

void asker_ask(struct asker *asker, const struct session_effect *effect)
{
    if (effect->kind == SESSION_EFFECT_WATCH) {
        watch_set(asker, effect->text, effect->version);
    } else if (effect->kind == SESSION_EFFECT_UNWATCH) {
        watch_set(asker, "", 0);
    } else {
        question_put(asker, effect);
    }
}

void asker_set_state(struct asker *asker, const struct asker_state *state)
{
    monitor_enter(&asker->monitor);
    str_format_cut(asker->screen, sizeof(asker->screen), "%s", state->screen);
    str_format_cut(asker->printer, sizeof(asker->printer), "%s", state->printer);
    str_format_cut(asker->reader, sizeof(asker->reader), "%s", state->reader);
    str_format_cut(asker->open_order_no, sizeof(asker->open_order_no), "%s", state->open_order_no);
    monitor_leave(&asker->monitor);
}

void asker_set_reader(struct asker *asker, struct reader *reader)
{
    monitor_enter(&asker->monitor);
    asker->counting = reader;
    monitor_leave(&asker->monitor);
}
