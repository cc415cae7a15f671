/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Open a laying, ask for a token, write it - or, where the server speaks to the card itself, carry
 * the rounds in which that is done. The card session of the server and the write that it
 * gave are remembered here between the three; what had keys in it is wiped after each.
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
#include "kiosk/net/server_card.h"

enum {
    ROUNDS_MAX = API_CARD_ROUNDS_MAX, /* of a relay: reading takes two, a write eight at most */
    ROUND_TRIES = 2,                  /* the card waits, and the server's word stays the same */
    BODY_SIZE = 12288,
};

/* The large values of one job. */
struct desk {
    struct cardlink_request request;
    struct cardlink_report report;
    struct api_card_session session;
    struct api_card_read read;
    struct api_card_view view;
    struct api_card_written written;
    struct api_card_round round;
    struct api_card_step step;
};

struct card_jobs {
    struct server *server;            /* borrowed */
    struct cardd *cardd;              /* borrowed */
    struct message_queue *queue;      /* borrowed */
    char session_id[SESSION_ID_SIZE]; /* of the server, for the laying that was opened */
    char uid[SESSION_UID_SIZE];       /* of that card */
    struct api_card_write write;      /* what the server gave to be written */
    char write_id[SESSION_UUID_SIZE]; /* empty: nothing */
    struct desk desk;
};

static void id_fresh(char ret_id[ID_TEXT_SIZE])
{
    struct rng_port rng = rng_system();
    id_make(&rng, clock_system_wall_ms(), ret_id);
}

/* ---- what the session is told ---- */

static void tell_failed(struct card_jobs *jobs, const struct session_effect *job,
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
    tell_failed(jobs, job, refused ? convert_card_refusal(error->code) : SESSION_CARD_NETWORK,
                refused ? error->message : "");
}

static void tell_token(struct card_jobs *jobs, const struct session_effect *job)
{
    struct message *message = message_create(SESSION_EVENT_CARD_TOKEN);
    message->event.serial = job->serial;
    struct session_card_write *write = &message->value.card_write;
    id_fresh(jobs->write_id);
    bool fits = str_copy(write->id, sizeof(write->id), jobs->write_id) &&
                str_copy(write->order_no, sizeof(write->order_no), jobs->write.order_no) &&
                str_copy(write->uid, sizeof(write->uid), jobs->uid) &&
                str_copy(write->token, sizeof(write->token), jobs->write.token);
    MUST(fits);
    write->amount = money_fen(jobs->write.amount_fen);
    message->event.card_write = write;
    message_put(jobs->queue, message);
}

/* ---- reading ---- */

static void session_end(struct card_jobs *jobs)
{
    jobs->session_id[0] = '\0';
    jobs->write_id[0] = '\0';
    bytes_wipe(&jobs->write, sizeof(jobs->write));
}

static void request_begin(struct card_jobs *jobs, enum cardlink_op op, uint32_t number)
{
    struct cardlink_request *request = &jobs->desk.request;
    bytes_wipe(request, sizeof(*request));
    request->op = op;
    request->card = number;
    id_fresh(request->id);
}

/* SESSION_CARD_FINE if the report of the last request is a good one. */
static enum session_card_trouble ask_card(struct card_jobs *jobs)
{
    struct desk *desk = &jobs->desk;
    if (!cardd_call(jobs->cardd, &desk->request, &desk->report)) {
        return SESSION_CARD_READER;
    }
    return desk->report.outcome == OUTCOME_DONE ? SESSION_CARD_FINE
                                                : convert_card_error(desk->report.error);
}

static enum session_card_trouble read_classic(struct card_jobs *jobs, uint32_t number)
{
    struct desk *desk = &jobs->desk;
    request_begin(jobs, CARDLINK_OP_READ, number);
    if (!convert_card_keys(&desk->session.keys, &desk->request.keys)) {
        return SESSION_CARD_REFUSED;
    }
    enum session_card_trouble trouble = ask_card(jobs);
    if (trouble == SESSION_CARD_FINE) {
        convert_card_read(&desk->report, &desk->read);
    }
    return trouble;
}

/* Commands of the server, and the right to carry them; empty: they need none. */
struct round {
    const struct api_card_script *script;
    const char *authorisation;
};

/* An unexpected answer goes up too: the server knows what it means. */
static enum session_card_trouble read_relay(struct card_jobs *jobs, uint32_t number,
                                            const struct round *round)
{
    struct desk *desk = &jobs->desk;
    struct cardlink_request *request = &desk->request;
    request_begin(jobs, CARDLINK_OP_RELAY, number);
    if (!convert_card_script(round->script, request) ||
        !str_copy(request->authorisation, sizeof(request->authorisation), round->authorisation)) {
        return SESSION_CARD_REFUSED;
    }
    enum session_card_trouble trouble = ask_card(jobs);
    bool said = trouble == SESSION_CARD_FINE || desk->report.error == CARDLINK_REFUSED;
    if (said && desk->report.answer_count > 0) {
        desk->read = (struct api_card_read){0};
        desk->read.round = round->script->round;
        desk->read.answer_count = convert_card_answers(&desk->report, desk->read.answers);
        return SESSION_CARD_FINE;
    }
    return trouble;
}

/* Read and ask, in as many rounds as the server wants. False: the session was told why not. */
static bool read_rounds(struct card_jobs *jobs, const struct session_effect *job)
{
    struct desk *desk = &jobs->desk;
    struct round round = {.script = &desk->session.script, .authorisation = ""};
    for (int i = 0; i < ROUNDS_MAX; i++) {
        enum session_card_trouble trouble = desk->session.media == API_CARD_CLASSIC
                                                ? read_classic(jobs, job->number)
                                                : read_relay(jobs, job->number, &round);
        if (trouble != SESSION_CARD_FINE) {
            tell_failed(jobs, job, trouble, "");
            return false;
        }
        struct api_error error = {0};
        enum server_result result = server_card_read(jobs->server, desk->session.session_id,
                                                     &desk->read, &desk->view, &error);
        if (result != SERVER_ANSWER) {
            tell_refused(jobs, job, result, &error);
            return false;
        }
        if (desk->view.state != API_CARD_MORE) {
            return true;
        }
        round = (struct round){&desk->view.script, desk->view.authorisation};
    }
    tell_failed(jobs, job, SESSION_CARD_REFUSED, "");
    return false;
}

static void view_tell(struct card_jobs *jobs, const struct session_effect *job)
{
    struct desk *desk = &jobs->desk;
    struct message *message = message_create(SESSION_EVENT_CARD_VIEW);
    message->event.serial = job->serial;
    convert_card_view(&desk->view, jobs->uid, &message->value.card_view);
    message->event.card_view = &message->value.card_view;
    bool writes = message->value.card_view.has_write;
    message_put(jobs->queue, message);
    if (writes) {
        jobs->write = desk->view.write;
        tell_token(jobs, job);
    }
}

static bool laid_fill(const struct cardd_laying *laying, struct api_card_laid *ret_laid)
{
    *ret_laid = (struct api_card_laid){0};
    id_fresh(ret_laid->client_request_id);
    card_uid_format(&laying->uid, ret_laid->uid);
    return str_format(ret_laid->atqa, sizeof(ret_laid->atqa), "%04X", laying->atqa) &&
           str_format(ret_laid->sak, sizeof(ret_laid->sak), "%02X", laying->sak) &&
           hex_format(laying->ats, laying->ats_size, '\0', ret_laid->ats, sizeof(ret_laid->ats)) &&
           str_copy(ret_laid->family, sizeof(ret_laid->family),
                    cardlink_family_name(laying->family));
}

static void job_open(struct card_jobs *jobs, const struct session_effect *job)
{
    struct desk *desk = &jobs->desk;
    struct cardd_laying laying;
    struct api_card_laid laid;
    struct api_error error = {0};
    session_end(jobs);
    if (!cardd_laying(jobs->cardd, job->number, &laying)) {
        tell_failed(jobs, job, SESSION_CARD_LEFT_EARLY, "");
        return;
    }
    bool fits = laid_fill(&laying, &laid) && str_copy(jobs->uid, sizeof(jobs->uid), laid.uid);
    MUST(fits);
    enum server_result result = server_card_lay(jobs->server, &laid, &desk->session, &error);
    if (result != SERVER_ANSWER) {
        tell_refused(jobs, job, result, &error);
    } else if (desk->session.standing != API_CARD_OURS) {
        tell_failed(jobs, job, convert_card_standing(desk->session.standing), "");
    } else if (read_rounds(jobs, job)) {
        fits = str_copy(jobs->session_id, sizeof(jobs->session_id), desk->session.session_id);
        MUST(fits);
        view_tell(jobs, job);
    }
}

/* ---- the token ---- */

static void job_ask(struct card_jobs *jobs, const struct session_effect *job)
{
    struct api_card_issue issue = {0};
    struct api_error error = {0};
    bool known = jobs->session_id[0] != '\0' &&
                 str_copy(issue.session_id, sizeof(issue.session_id), jobs->session_id);
    if (!known) {
        tell_failed(jobs, job, SESSION_CARD_SESSION_OVER, "");
        return;
    }
    id_fresh(issue.client_request_id);
    jobs->write_id[0] = '\0';
    enum server_result result =
        server_card_issue(jobs->server, job->text, &issue, &jobs->write, &error);
    if (result == SERVER_ANSWER) {
        tell_token(jobs, job);
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
    request_begin(jobs, CARDLINK_OP_WRITE, number);
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
                                             const struct round *round)
{
    struct desk *desk = &jobs->desk;
    struct cardlink_request *request = &desk->request;
    request_begin(jobs, CARDLINK_OP_RELAY, number);
    if (!str_copy(request->authorisation, sizeof(request->authorisation), round->authorisation) ||
        !convert_card_script(round->script, request)) {
        desk->report = (struct cardlink_report){.outcome = OUTCOME_NOT_DONE};
        return SESSION_CARD_EXPIRED;
    }
    desk->report = (struct cardlink_report){.outcome = OUTCOME_UNKNOWN}; /* until it answers */
    enum session_card_trouble trouble = ask_card(jobs);
    desk->round.round = round->script->round;
    desk->round.answer_count = convert_card_answers(&desk->report, desk->round.answers);
    bool said = desk->report.error == CARDLINK_REFUSED && desk->round.answer_count > 0;
    return said ? SESSION_CARD_FINE : trouble;
}

static enum session_card_trouble round_tell(struct card_jobs *jobs)
{
    struct desk *desk = &jobs->desk;
    struct api_error error = {0};
    enum server_result result = SERVER_NOTHING;
    for (int i = 0; i < ROUND_TRIES && result == SERVER_NOTHING; i++) {
        result = server_card_round(jobs->server, jobs->write.order_no, &desk->round, &desk->step,
                                   &error);
    }
    if (result == SERVER_NOTHING) {
        return SESSION_CARD_NETWORK;
    }
    return result == SERVER_ANSWER ? SESSION_CARD_FINE : convert_card_refusal(error.code);
}

/* A write in rounds. Only one that is signed for can change the card; nothing but the server's word
 * makes it done. */
static void write_rounds(struct card_jobs *jobs, uint32_t number,
                         struct session_card_result *result)
{
    struct desk *desk = &jobs->desk;
    struct round round = {&jobs->write.script, jobs->write.authorisation};
    bool fits = str_copy(desk->round.session_id, sizeof(desk->round.session_id), jobs->session_id);
    MUST(fits);
    for (int i = 0; i < ROUNDS_MAX; i++) {
        result->trouble = round_carry(jobs, number, &round);
        if (round.authorisation[0] != '\0' && desk->report.outcome != OUTCOME_NOT_DONE) {
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
        round = (struct round){&desk->step.script, desk->step.authorisation};
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
        job_open(jobs, job);
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
