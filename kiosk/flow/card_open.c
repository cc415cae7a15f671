/* SPDX-License-Identifier: Apache-2.0 */

/*
 * A card that was laid is shown to the server and read, in as many rounds as it wants. A card that
 * the server speaks to itself keeps a state from round to round, which a disturbance or a short
 * lift takes away: while it still lies there, it is read again from round 1, a few times.
 */
#include <string.h>

#include "common/bytes.h"
#include "common/must.h"
#include "common/str.h"
#include "kiosk/flow/card_convert.h"
#include "kiosk/flow/card_jobs_inside.h"

enum {
    READ_TRIES = 3,
    READ_PAUSE_MS = 400, /* a card that is put right meanwhile is read at the next try */
};

/* Why a card could not be read. */
struct reading_end {
    enum session_card_trouble trouble; /* FINE: it could, and the view says what it is */
    const char *text;                  /* the server's, or empty */
    bool cut;                          /* from round 1 it may go through */
};

static void session_end(struct card_jobs *jobs)
{
    jobs->session_id[0] = '\0';
    jobs->write_id[0] = '\0';
    bytes_wipe(&jobs->write, sizeof(jobs->write));
}

static enum session_card_trouble read_classic(struct card_jobs *jobs, uint32_t number)
{
    struct desk *desk = &jobs->desk;
    card_jobs_request_begin(jobs, CARDLINK_OP_READ, number);
    if (!convert_card_keys(&desk->session.keys, &desk->request.keys)) {
        return SESSION_CARD_REFUSED;
    }
    enum session_card_trouble trouble = card_jobs_ask_card(jobs);
    if (trouble == SESSION_CARD_FINE) {
        convert_card_read(&desk->report, &desk->read);
    }
    return trouble;
}

/* An unexpected answer goes up too: the server knows what it means. */
static enum session_card_trouble read_relay(struct card_jobs *jobs, uint32_t number,
                                            const struct card_round *round)
{
    struct desk *desk = &jobs->desk;
    struct cardlink_request *request = &desk->request;
    card_jobs_request_begin(jobs, CARDLINK_OP_RELAY, number);
    if (!convert_card_script(round->script, request) ||
        !str_copy(request->authorisation, sizeof(request->authorisation), round->authorisation)) {
        return SESSION_CARD_REFUSED;
    }
    enum session_card_trouble trouble = card_jobs_ask_card(jobs);
    bool said = trouble == SESSION_CARD_FINE || desk->report.error == CARDLINK_REFUSED;
    if (said && desk->report.answer_count > 0) {
        desk->read = (struct api_card_read){0};
        desk->read.round = round->script->round;
        desk->read.answer_count = convert_card_answers(&desk->report, desk->read.answers);
        return SESSION_CARD_FINE;
    }
    return trouble;
}

static bool laid_fill(const struct cardd_laying *laying, struct api_card_laid *ret_laid)
{
    *ret_laid = (struct api_card_laid){0};
    card_jobs_id_fresh(ret_laid->client_request_id);
    card_uid_format(&laying->uid, ret_laid->uid);
    return str_format(ret_laid->atqa, sizeof(ret_laid->atqa), "%04X", laying->atqa) &&
           str_format(ret_laid->sak, sizeof(ret_laid->sak), "%02X", laying->sak) &&
           hex_format(laying->ats, laying->ats_size, '\0', ret_laid->ats, sizeof(ret_laid->ats)) &&
           str_copy(ret_laid->family, sizeof(ret_laid->family),
                    cardlink_family_name(laying->family));
}

static struct reading_end ended(enum session_card_trouble trouble)
{
    return (struct reading_end){.trouble = trouble, .text = ""};
}

/* A "no" of the server, or its silence. */
static struct reading_end refused(enum server_result result, const struct api_error *error)
{
    return result == SERVER_REFUSED
               ? (struct reading_end){convert_card_refusal(error->code), error->message, false}
               : ended(SESSION_CARD_NETWORK);
}

/* One round: what the card said goes up, and what the server makes of it comes back. */
static struct reading_end round_do(struct card_jobs *jobs, uint32_t number,
                                   const struct card_round *round, struct api_error *error)
{
    struct desk *desk = &jobs->desk;
    bool relayed = desk->session.media != API_CARD_CLASSIC;
    struct reading_end end =
        ended(relayed ? read_relay(jobs, number, round) : read_classic(jobs, number));
    if (end.trouble != SESSION_CARD_FINE) {
        end.cut = relayed && end.trouble == SESSION_CARD_LEFT_EARLY;
        return end;
    }
    enum server_result result =
        server_card_read(jobs->server, desk->session.session_id, &desk->read, &desk->view, error);
    if (result != SERVER_ANSWER) {
        return refused(result, error);
    }
    end.cut = relayed && desk->view.state == API_CARD_REFUSED &&
              convert_card_reason(desk->view.reason) == SESSION_CARD_DAMAGED;
    return end;
}

/* Lay, read and ask, in as many rounds as the server wants. */
static struct reading_end read_once(struct card_jobs *jobs, uint32_t number,
                                    const struct cardd_laying *laying, struct api_error *error)
{
    struct desk *desk = &jobs->desk;
    struct api_card_laid laid;
    bool fits = laid_fill(laying, &laid) && str_copy(jobs->uid, sizeof(jobs->uid), laid.uid);
    MUST(fits);
    enum server_result result = server_card_lay(jobs->server, &laid, &desk->session, error);
    if (result != SERVER_ANSWER) {
        return refused(result, error);
    }
    if (desk->session.standing != API_CARD_OURS) {
        return ended(convert_card_standing(desk->session.standing));
    }
    struct card_round round = {.script = &desk->session.script, .authorisation = ""};
    for (int i = 0; i < CARD_ROUNDS_MAX; i++) {
        struct reading_end end = round_do(jobs, number, &round, error);
        if (end.trouble != SESSION_CARD_FINE || desk->view.state != API_CARD_MORE) {
            return end;
        }
        round = (struct card_round){&desk->view.script, desk->view.authorisation};
    }
    return ended(SESSION_CARD_REFUSED);
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
        card_jobs_tell_token(jobs, job);
    }
}

void card_jobs_open(struct card_jobs *jobs, const struct session_effect *job)
{
    struct reading_end end = {.cut = true};
    struct api_error error = {0};
    session_end(jobs);
    for (int i = 0; i < READ_TRIES && end.cut; i++) {
        struct cardd_laying laying;
        bool going = i == 0 || cardd_pause(jobs->cardd, READ_PAUSE_MS);
        if (!going || !cardd_laying(jobs->cardd, job->number, &laying)) {
            end = ended(SESSION_CARD_LEFT_EARLY);
            break;
        }
        end = read_once(jobs, job->number, &laying, &error);
    }
    if (end.trouble != SESSION_CARD_FINE) {
        card_jobs_tell_failed(jobs, job, end.trouble, end.text);
        return;
    }
    bool fits = str_copy(jobs->session_id, sizeof(jobs->session_id), jobs->desk.session.session_id);
    MUST(fits);
    view_tell(jobs, job);
}
