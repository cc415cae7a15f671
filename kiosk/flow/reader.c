/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Jobs are done in order (card_jobs.h). What is to be told waits in a list of its own, with times
 * of its own, and stands behind them; a card that is laid meanwhile waits for one answer at most,
 * or for the end of its time (CARD_TIMEOUT_MS of kiosk/net).
 */
#include "kiosk/flow/reader.h"

#include <stdlib.h>
#include <string.h>

#include <pthread.h>

#include "common/log.h"
#include "common/must.h"
#include "common/str.h"
#include "drivers/clock/clock_system.h"
#include "drivers/thread/monitor.h"
#include "kiosk/flow/card_jobs.h"
#include "kiosk/flow/cardd.h"
#include "kiosk/flow/question.h"
#include "kiosk/net/server_card.h"

enum {
    JOBS_MAX = 16,
    TELLS_MAX = 64, /* more stay in the journal until the next start */
    TELL_RETRY_MS = 3000,
    TELL_RETRY_MS_MAX = 60000,
};

struct tell {
    char id[SESSION_UUID_SIZE];
    char order_no[SESSION_ORDER_NO_SIZE];
    char *body; /* @own */
    int64_t at_ms;
    int64_t wait_ms;
};

struct reader {
    struct monitor monitor; /* guards jobs, tells and stopping */
    bool stopping;
    struct session_effect jobs[JOBS_MAX]; /* oldest first */
    size_t job_count;
    struct tell tells[TELLS_MAX];
    size_t tell_count;

    struct message_queue *queue;
    struct server *server;
    struct cardd *cardd; /* NULL: no reader here */
    pthread_t thread;
    bool started;

    /* Of the thread alone. */
    struct card_jobs *card_jobs;  /* @own; NULL: no reader here */
    struct api_card_proof *proof; /* @own, the server's answer to what was told */
};

static int64_t now_ms(void)
{
    return clock_system_mono_ns() / 1000000;
}

/* ---- telling ---- */

static void told_put(struct reader *reader, const struct tell *tell, bool refused)
{
    const struct api_card_proof *proof = reader->proof;
    if (!refused && proof->has_order) {
        message_put(reader->queue, question_order_message(&proof->order, 0));
    }
    struct message *message = message_create(SESSION_EVENT_CARD_TOLD);
    bool fits =
        str_copy(message->event.card_told.id, sizeof(message->event.card_told.id), tell->id);
    MUST(fits);
    message->event.card_told.written = !refused && proof->written;
    message->card_refused = refused;
    message_put(reader->queue, message);
}

/* True if it need not be told again. */
static bool tell_once(struct reader *reader, const struct tell *tell)
{
    struct api_error error = {0};
    enum server_result result =
        server_card_written(reader->server, tell->order_no, tell->body, reader->proof, &error);
    if (result == SERVER_NOTHING) {
        return false;
    }
    bool refused = result == SERVER_REFUSED;
    if (refused && !str_equal(error.code, API_ERROR_NOT_FOUND) &&
        !str_equal(error.code, API_ERROR_MISMATCH) &&
        !str_equal(error.code, API_ERROR_BAD_REQUEST) &&
        !str_equal(error.code, API_ERROR_NOT_PAID) && /* a server set back to an older day */
        !str_equal(error.code, API_ERROR_WRONG_CARD)) {
        return false; /* not this message's fault: a disk that is full, a certificate */
    }
    if (refused) {
        log_warn("the server refuses to hear how order %s was written: %s", tell->order_no,
                 error.code);
    }
    told_put(reader, tell, refused);
    return true;
}

/* The first that is due; false: none. It is taken out of the list. */
static bool tell_take(struct reader *reader, struct tell *ret_tell)
{
    int64_t now = now_ms();
    monitor_enter(&reader->monitor);
    bool found = false;
    for (size_t i = 0; i < reader->tell_count && !found; i++) {
        if (reader->tells[i].at_ms <= now) {
            *ret_tell = reader->tells[i];
            reader->tell_count -= 1;
            memmove(&reader->tells[i], &reader->tells[i + 1],
                    (reader->tell_count - i) * sizeof(reader->tells[0]));
            found = true;
        }
    }
    monitor_leave(&reader->monitor);
    return found;
}

static bool tell_put(struct reader *reader, const struct tell *tell)
{
    monitor_enter(&reader->monitor);
    bool room = reader->tell_count < TELLS_MAX;
    if (room) {
        reader->tells[reader->tell_count] = *tell;
        reader->tell_count += 1;
    }
    monitor_leave(&reader->monitor);
    monitor_notify(&reader->monitor);
    return room;
}

static void tell_due(struct reader *reader)
{
    struct tell tell;
    if (!tell_take(reader, &tell)) {
        return;
    }
    if (tell_once(reader, &tell)) {
        free(tell.body);
        return;
    }
    tell.at_ms = now_ms() + tell.wait_ms;
    tell.wait_ms = 2 * tell.wait_ms < TELL_RETRY_MS_MAX ? 2 * tell.wait_ms : TELL_RETRY_MS_MAX;
    if (!tell_put(reader, &tell)) {
        free(tell.body); /* the journal has it, and the next start tells it */
    }
}

/* ---- the thread ---- */

/* Inside the monitor: when something is to be told; INT64_MAX: nothing waits. */
static int64_t tell_at_ms(const struct reader *reader)
{
    int64_t at_ms = INT64_MAX;
    for (size_t i = 0; i < reader->tell_count; i++) {
        at_ms = reader->tells[i].at_ms < at_ms ? reader->tells[i].at_ms : at_ms;
    }
    return at_ms;
}

/* False when the program ends. @p ret_some: there is a job, else something is to be told. */
static bool work_wait(struct reader *reader, struct session_effect *ret_job, bool *ret_some)
{
    monitor_enter(&reader->monitor);
    for (;;) {
        int64_t at_ms = tell_at_ms(reader);
        if (reader->stopping || reader->job_count > 0 || at_ms <= now_ms()) {
            break;
        }
        if (at_ms == INT64_MAX) {
            monitor_wait(&reader->monitor);
        } else {
            (void)monitor_wait_until(&reader->monitor, at_ms * INT64_C(1000000));
        }
    }
    bool going = !reader->stopping;
    *ret_some = going && reader->job_count > 0;
    if (*ret_some) {
        *ret_job = reader->jobs[0];
        reader->job_count -= 1;
        memmove(reader->jobs, reader->jobs + 1, reader->job_count * sizeof(reader->jobs[0]));
    }
    monitor_leave(&reader->monitor);
    return going;
}

static void *reader_run(void *arg)
{
    struct reader *reader = arg;
    struct session_effect job;
    bool some = false;
    while (work_wait(reader, &job, &some)) {
        if (some) {
            card_jobs_do(reader->card_jobs, &job);
        } else {
            tell_due(reader);
        }
    }
    return NULL;
}

/* ---- life ---- */

struct reader *reader_start(const struct cardd_place *place, const struct server_config *server,
                            struct message_queue *queue)
{
    struct reader *reader = calloc(1, sizeof(*reader));
    if (reader == NULL) {
        return NULL;
    }
    monitor_init(&reader->monitor);
    reader->queue = queue;
    reader->proof = calloc(1, sizeof(*reader->proof));
    reader->server = server_create(server);
    bool here = place->socket_path[0] != '\0';
    reader->cardd = here ? cardd_start(place, queue) : NULL;
    if (reader->cardd != NULL) {
        reader->card_jobs = card_jobs_create(reader->server, reader->cardd, queue);
    }
    bool ready =
        reader->proof != NULL && reader->server != NULL && (reader->card_jobs != NULL || !here);
    reader->started = ready && pthread_create(&reader->thread, NULL, reader_run, reader) == 0;
    if (!reader->started) {
        reader_stop(reader);
        return NULL;
    }
    return reader;
}

void reader_stop(struct reader *reader)
{
    if (reader == NULL) {
        return;
    }
    monitor_enter(&reader->monitor);
    reader->stopping = true;
    monitor_leave(&reader->monitor);
    monitor_notify(&reader->monitor);
    cardd_stop_waiting(reader->cardd);
    if (reader->started) {
        (void)pthread_join(reader->thread, NULL);
    }
    card_jobs_destroy(reader->card_jobs);
    cardd_stop(reader->cardd);
    server_destroy(reader->server);
    for (size_t i = 0; i < reader->tell_count; i++) {
        free(reader->tells[i].body);
    }
    monitor_finish(&reader->monitor);
    free(reader->proof);
    free(reader);
}

void reader_take(struct reader *reader, const struct session_effect *effect)
{
    if (reader->cardd == NULL) {
        return;
    }
    if (effect->kind == SESSION_EFFECT_CARD_POLL) {
        cardd_poll(reader->cardd, effect->poll);
        return;
    }
    monitor_enter(&reader->monitor);
    if (reader->job_count == JOBS_MAX) {
        reader->job_count -= 1; /* the session has long given up the newest but this one */
    }
    reader->jobs[reader->job_count] = *effect;
    reader->job_count += 1;
    monitor_leave(&reader->monitor);
    monitor_notify(&reader->monitor);
}

void reader_counts(struct reader *reader, struct api_reader_counts *ret_counts)
{
    *ret_counts = (struct api_reader_counts){0};
    if (reader->cardd != NULL) {
        cardd_counts(reader->cardd, ret_counts);
    }
}

void reader_tell(struct reader *reader, const char *id, const char *order_no, char *body)
{
    MUST(body != NULL);
    struct tell tell = {.body = body, .wait_ms = TELL_RETRY_MS};
    bool fits = str_copy(tell.id, sizeof(tell.id), id) &&
                str_copy(tell.order_no, sizeof(tell.order_no), order_no);
    MUST(fits);
    if (!tell_put(reader, &tell)) {
        free(body);
    }
}
