/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Ask for a token, write it - or, where the server speaks to the card itself, carry the rounds in
 * which that is done. The card session of the server and the write that it gave are remembered
 * between the jobs; what had keys in it is wiped after each.
 */
#include "kiosk/flow/card_jobs.h"

#include <stdlib.h>
#include <string.h>

#include "common/bytes.h"
#include "common/must.h"
#include "common/str.h"
#include "drivers/clock/clock_system.h"
#include "drivers/rng/rng_system.h"
#include "kiosk/flow/card_convert.h"
#include "kiosk/flow/card_jobs_inside.h"

enum {
    ROUND_TRIES = 4,       /* to tell one: the card waits, and the server's word stays the same */
    ROUND_PAUSE_MS = 1000, /* a server that is busy or starts anew */
    ROUND_TIME_MS = 10000, /* no further try after that: a silent server takes its time */
    BODY_SIZE = 12288,
};

void card_jobs_id_fresh(char ret_id[ID_TEXT_SIZE])
{
    struct rng_port rng = rng_system();
    id_make(&rng, clock_system_wall_ms(), ret_id);
}

/* ---- what the session is told ---- */

void card_jobs_tell_failed(struct card_jobs *jobs, const struct session_effect *job,
                           enum session_card_trouble trouble, const char *text)
{
    struct message *message = message_create(SESSION_EVENT_CARD_FAILED);
    message->event.serial = job->serial;
    message->event.card_failed.trouble = trouble;
    convert_card_text(message->text, sizeof(message->text), text);
    message->event.card_failed.text = message->text;
    message_put(jobs->queue, message);
}

/* A "no" of the server, or its silence. */
static void tell_refused(struct card_jobs *jobs, const struct session_effect *job,
                         enum server_result result, const struct api_error *error)
{
    bool refused = result == SERVER_REFUSED;
    card_jobs_tell_failed(jobs, job,
                          refused ? convert_card_refusal(error->code) : SESSION_CARD_NETWORK,
                          refused ? error->message : "");
}

void card_jobs_tell_token(struct card_jobs *jobs, const struct session_effect *job)
{
    struct message *message = message_create(SESSION_EVENT_CARD_TOKEN);
    message->event.serial = job->serial;
    struct session_card_write *write = &message->value.card_write;
    card_jobs_id_fresh(jobs->write_id);
    bool fits = str_copy(write->id, sizeof(write->id), jobs->write_id) &&
                str_copy(write->order_no, sizeof(write->order_no), jobs->write.order_no) &&
                str_copy(write->uid, sizeof(write->uid), jobs->uid) &&
                str_copy(write->token, sizeof(write->token), jobs->write.token);
    MUST(fits);
    write->amount = money_fen(jobs->write.amount_fen);
    message->event.card_write = write;
    message_put(jobs->queue, message);
}

/* ---- the driver ---- */

void card_jobs_request_begin(struct card_jobs *jobs, enum cardlink_op op, uint32_t number)
{
    struct cardlink_request *request = &jobs->desk.request;
    bytes_wipe(request, sizeof(*request));
    request->op = op;
    request->card = number;
    card_jobs_id_fresh(request->id);
}

enum session_card_trouble card_jobs_ask_card(struct card_jobs *jobs)
{
    struct desk *desk = &jobs->desk;
    if (!cardd_call(jobs->cardd, &desk->request, &desk->report)) {
        return SESSION_CARD_READER;
    }
    return desk->report.outcome == OUTCOME_DONE ? SESSION_CARD_FINE
                                                : convert_card_error(desk->report.error);
}

/* ---- the token ---- */

static void job_ask(struct card_jobs *jobs, const struct session_effect *job)
{
    struct api_card_issue issue = {0};
    struct api_error error = {0};
    bool known = jobs->session_id[0] != '\0' &&
                 str_copy(issue.session_id, sizeof(issue.session_id), jobs->session_id);
    if (!known) {
        card_jobs_tell_failed(jobs, job, SESSION_CARD_SESSION_OVER, "");
        return;
    }
    card_jobs_id_fresh(issue.client_request_id);
    jobs->write_id[0] = '\0';
    enum server_result result =
        server_card_issue(jobs->server, job->text, &issue, &jobs->write, &error);
    if (result == SERVER_ANSWER) {
        card_jobs_tell_token(jobs, job);
    } else {
        tell_refused(jobs, job, result, &error);
    }
}

/* ---- writing ---- */

/* False if what the server gave cannot be written by anybody. */
static bool write_request(struct card_jobs *jobs, uint32_t number)
{
    const struct api_card_write *write = &jobs->write;
    struct cardlink_request *request = &jobs->desk.request;
    card_jobs_request_begin(jobs, CARDLINK_OP_WRITE, number);
    if (!str_copy(request->authorisation, sizeof(request->authorisation), write->authorisation)) {
        return false;
    }
    size_t size = 0;
    request->has_first = write->has_first;
    request->first = (uint8_t)write->first;
    return convert_card_keys(&write->keys, &request->keys) &&
           hex_parse(write->token, strlen(write->token), request->token, sizeof(request->token),
                     &size, NULL) &&
           size == sizeof(request->token);
}

static bool write_slots(struct card_jobs *jobs, uint32_t number, struct session_card_result *result)
{
    if (!write_request(jobs, number)) {
        return false;
    }
    bool answered = cardd_call(jobs->cardd, &jobs->desk.request, &jobs->desk.report);
    result->outcome = SESSION_CARD_UNSURE; /* an unanswered driver may have written */
    result->trouble = SESSION_CARD_READER;
    if (answered) {
        convert_card_result(&jobs->desk.report, result);
    }
    return answered;
}

/* Let the card hear one round. FINE: it said something, be it unexpected. */
static enum session_card_trouble round_carry(struct card_jobs *jobs, uint32_t number,
                                             const struct card_round *round)
{
    struct desk *desk = &jobs->desk;
    struct cardlink_request *request = &desk->request;
    card_jobs_request_begin(jobs, CARDLINK_OP_RELAY, number);
    if (!str_copy(request->authorisation, sizeof(request->authorisation), round->authorisation) ||
        !convert_card_script(round->script, request)) {
        desk->report = (struct cardlink_report){.outcome = OUTCOME_NOT_DONE};
        return SESSION_CARD_EXPIRED;
    }
    desk->report = (struct cardlink_report){.outcome = OUTCOME_UNKNOWN}; /* until it answers */
    enum session_card_trouble trouble = card_jobs_ask_card(jobs);
    desk->round.round = round->script->round;
    desk->round.answer_count = convert_card_answers(&desk->report, desk->round.answers);
    bool said = desk->report.error == CARDLINK_REFUSED && desk->round.answer_count > 0;
    return said ? SESSION_CARD_FINE : trouble;
}

/* One telling. NETWORK: the server did not take it now, and may in a moment. */
static enum session_card_trouble round_tell_once(struct card_jobs *jobs)
{
    struct desk *desk = &jobs->desk;
    struct api_error error = {0};
    switch (
        server_card_round(jobs->server, jobs->write.order_no, &desk->round, &desk->step, &error)) {
    case SERVER_ANSWER:
        return SESSION_CARD_FINE;
    case SERVER_REFUSED:
        return convert_card_refusal(error.code);
    case SERVER_NOTHING:
    case SERVER_RESULT_COUNT:
        break;
    }
    return SESSION_CARD_NETWORK;
}

static enum session_card_trouble round_tell(struct card_jobs *jobs)
{
    int64_t until_ms = clock_system_mono_ns() / 1000000 + ROUND_TIME_MS;
    enum session_card_trouble trouble = round_tell_once(jobs);
    for (int i = 1; i < ROUND_TRIES && trouble == SESSION_CARD_NETWORK; i++) {
        bool time = clock_system_mono_ns() / 1000000 < until_ms;
        if (!time || !cardd_pause(jobs->cardd, ROUND_PAUSE_MS)) {
            break;
        }
        trouble = round_tell_once(jobs);
    }
    return trouble;
}

/* Whether the round that was carried last may have left something else in the card's files. A round
 * that only opens it to the server is signed for, too. */
static bool round_may_have_written(const struct desk *desk)
{
    const struct cardlink_request *request = &desk->request;
    bool writes = false;
    for (size_t i = 0; i < request->apdu_count; i++) {
        writes = writes || apdu_may_write(&request->apdus[i].apdu);
    }
    return writes && desk->report.outcome != OUTCOME_NOT_DONE;
}

/* A write in rounds; nothing but the server's word makes it done. */
static void write_rounds(struct card_jobs *jobs, uint32_t number,
                         struct session_card_result *result)
{
    struct desk *desk = &jobs->desk;
    struct card_round round = {&jobs->write.script, jobs->write.authorisation};
    bool fits = str_copy(desk->round.session_id, sizeof(desk->round.session_id), jobs->session_id);
    MUST(fits);
    for (int i = 0; i < CARD_ROUNDS_MAX; i++) {
        result->trouble = round_carry(jobs, number, &round);
        if (round_may_have_written(desk)) {
            result->outcome = SESSION_CARD_UNSURE;
        }
        if (result->trouble == SESSION_CARD_FINE) {
            result->trouble = round_tell(jobs);
        }
        if (result->trouble != SESSION_CARD_FINE) {
            return;
        }
        if (desk->step.progress == API_CARD_WRITTEN) {
            result->outcome = SESSION_CARD_DONE;
            return;
        }
        result->trouble = SESSION_CARD_EXPIRED;
        if (desk->step.progress == API_CARD_FAILED) {
            return;
        }
        round = (struct card_round){&desk->step.script, desk->step.authorisation};
    }
}

static enum api_card_outcome outcome_told(enum session_card_outcome outcome)
{
    switch (outcome) {
    case SESSION_CARD_DONE:
        return API_CARD_DONE;
    case SESSION_CARD_NOT_DONE:
        return API_CARD_NOT_DONE;
    case SESSION_CARD_UNSURE:
    case SESSION_CARD_OUTCOME_COUNT:
        break;
    }
    return API_CARD_UNKNOWN;
}

/* What the server is told of this write, in its own words; @p slots: with what was read back. */
static char *written_body(struct card_jobs *jobs, const struct session_effect *job,
                          enum api_card_outcome outcome, bool slots)
{
    struct desk *desk = &jobs->desk;
    struct api_card_written *written = &desk->written;
    memset(written, 0, sizeof(*written));
    written->outcome = outcome;
    bool fits =
        str_copy(written->client_request_id, sizeof(written->client_request_id), job->write.id) &&
        str_copy(written->uid, sizeof(written->uid), job->write.uid);
    MUST(fits);
    if (slots) {
        convert_card_written(&desk->report, written);
    }
    char *body = malloc(BODY_SIZE);
    size_t size = 0;
    if (body != NULL && api_card_written_encode(written, body, BODY_SIZE, &size) != OK) {
        free(body);
        body = NULL;
    }
    return body;
}

static void job_write(struct card_jobs *jobs, const struct session_effect *job)
{
    struct message *message = message_create(SESSION_EVENT_CARD_RESULT);
    struct session_card_result *result = &message->value.card_result;
    message->event.card_result = result;
    bool fits = str_copy(result->id, sizeof(result->id), job->write.id) &&
                str_copy(result->order_no, sizeof(result->order_no), job->write.order_no);
    MUST(fits);
    result->outcome = SESSION_CARD_NOT_DONE;
    result->trouble = SESSION_CARD_EXPIRED;
    bool classic = jobs->write.media == API_CARD_CLASSIC;
    bool known = str_equal(job->write.id, jobs->write_id);
    bool slots = known && classic && write_slots(jobs, job->number, result);
    enum api_card_outcome outcome = API_CARD_UNKNOWN;
    if (known && !classic) {
        write_rounds(jobs, job->number, result);
        outcome = outcome_told(result->outcome);
    }
    message->card_body = written_body(jobs, job, outcome, slots);
    jobs->write_id[0] = '\0';
    bytes_wipe(&jobs->write, sizeof(jobs->write));
    message_put(jobs->queue, message);
}

/* ---- life ---- */

struct card_jobs *card_jobs_create(struct server *server, struct cardd *cardd,
                                   struct message_queue *queue)
{
    struct card_jobs *jobs = calloc(1, sizeof(*jobs));
    if (jobs != NULL) {
        jobs->server = server;
        jobs->cardd = cardd;
        jobs->queue = queue;
    }
    return jobs;
}

void card_jobs_destroy(struct card_jobs *jobs)
{
    if (jobs != NULL) {
        bytes_wipe(jobs, sizeof(*jobs));
        free(jobs);
    }
}

void card_jobs_do(struct card_jobs *jobs, const struct session_effect *job)
{
    if (job->kind == SESSION_EFFECT_CARD_OPEN) {
        card_jobs_open(jobs, job);
    } else if (job->kind == SESSION_EFFECT_CARD_ASK) {
        job_ask(jobs, job);
    } else {
        MUST(job->kind == SESSION_EFFECT_CARD_WRITE);
        job_write(jobs, job);
    }
    bytes_wipe(&jobs->desk, sizeof(jobs->desk)); /* keys and authorisations */
}

char *card_jobs_unknown_body(const char *id, const char *uid)
{
    struct api_card_written *written = calloc(1, sizeof(*written));
    char *body = malloc(BODY_SIZE);
    size_t size = 0;
    bool made = written != NULL && body != NULL;
    if (made) {
        written->outcome = API_CARD_UNKNOWN;
        made = str_copy(written->client_request_id, sizeof(written->client_request_id), id) &&
               str_copy(written->uid, sizeof(written->uid), uid) &&
               api_card_written_encode(written, body, BODY_SIZE, &size) == OK;
    }
    free(written);
    if (!made) {
        free(body);
        body = NULL;
    }
    return body;
}
