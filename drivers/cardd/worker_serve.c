/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Method: a request is refused before the first byte leaves unless the laying, the authorisation
 * and the token are right; then its plan does the work through the reader.
 */
#include <string.h>

#include <sys/timex.h>

#include "common/log.h"
#include "common/must.h"
#include "common/str.h"
#include "drivers/cardd/worker_inside.h"

/* --- what a plan notes ----------------------------------------------------------------------- */

/* The supervisor hears of it before the first byte is written: it outlives us. */
static void note_slot(void *self, uint8_t slot, bool suspect)
{
    struct worker *worker = self;
    struct wire_suspect now = wire_suspects_find(&worker->suspects, &worker->card.uid);
    char text[WIRE_SUSPECT_SIZE];
    now.slot[slot] = suspect;
    wire_suspects_note(&worker->suspects, &now);
    wire_suspect_format(&now, text);
    if (!wire_send(worker->start->channel, WIRE_SUSPECT, text, strlen(text), /* wait= */ true)) {
        worker->over = true;
    }
}

static void note_read_retry(void *self)
{
    worker_count(self, CARDLINK_READ_RETRIES);
}

static void note_write_retry(void *self)
{
    worker_count(self, CARDLINK_WRITE_RETRIES);
}

/* --- authorisation --------------------------------------------------------------------------- */

static bool clock_is_set(void)
{
    struct timex state = {.modes = 0};
    return adjtimex(&state) >= 0 && (state.status & STA_UNSYNC) == 0;
}

static enum cardlink_error authorise(struct worker *worker, enum cardauth_what what,
                                     const uint8_t *bytes, size_t size)
{
    const struct cardauth_deed deed = {
        .what = what,
        .terminal = worker->start->settings->terminal_id,
        .uid = &worker->card.uid,
        .bytes = bytes,
        .size = size,
        .wall_s = clock_wall_s(&worker->clock),
        .clock_is_set = clock_is_set(),
    };
    switch (cardauth_check(worker->request.authorisation, worker->start->authority, &deed)) {
    case CARDAUTH_ALLOWED:
        return CARDLINK_OK;
    case CARDAUTH_FORGED:
        log_warn("a write was asked for that the server did not authorise");
        return CARDLINK_FORGED;
    case CARDAUTH_WRONG_CARD:
        return CARDLINK_WRONG_CARD;
    case CARDAUTH_EXPIRED:
        return CARDLINK_EXPIRED;
    case CARDAUTH_VERDICT_COUNT:
        break;
    }
    MUST_NOT_REACH();
}

static enum cardlink_error authorise_write(struct worker *worker)
{
    struct card_credit credit;
    if (card_credit_decode(worker->request.token, &credit) != CARD_SLOT_WHOLE) {
        return CARDLINK_FORGED;
    }
    return authorise(worker, CARDAUTH_WRITE, worker->request.token, CARD_RECORD_SIZE);
}

static enum cardlink_error authorise_relay(struct worker *worker)
{
    const struct cardlink_request *request = &worker->request;
    uint8_t bound[APDU_COUNT_MAX * APDU_BOUND_SIZE_MAX];
    size_t size = 0;
    if (request->authorisation[0] == '\0') {
        bool harmless = plan_relay_is_harmless(request->apdus, request->apdu_count);
        return harmless ? CARDLINK_OK : CARDLINK_FORGED;
    }
    for (size_t i = 0; i < request->apdu_count; i++) {
        const struct cardlink_apdu *apdu = &request->apdus[i];
        size += apdu_bind(&apdu->apdu, apdu->expects ? &apdu->expect : NULL, bound + size);
    }
    return authorise(worker, CARDAUTH_RELAY, bound, size);
}

/* --- doing ----------------------------------------------------------------------------------- */

static void count_torn(struct worker *worker)
{
    const struct card_slots slots = cardlink_slots(worker->report.credit);
    struct card_judgement judgement = card_slots_judge(CARD_RECORD_CREDIT, &slots);
    for (size_t i = 0; i < CARD_SLOTS; i++) {
        if (slots.read[i] && judgement.state[i] == CARD_SLOT_TORN) {
            worker_count(worker, CARDLINK_TORN_SLOTS);
        }
    }
}

static void serve_write(struct worker *worker, const struct plan_card *card)
{
    struct wire_suspect suspect = wire_suspects_find(&worker->suspects, card->uid);
    const struct cardlink_request *request = &worker->request;
    struct plan_token token = {.bytes = request->token,
                               .doubts = {.suspect = {suspect.slot[0], suspect.slot[1]}}};
    if (request->has_first) {
        token.doubts.untrue[request->first] = true;
    }
    plan_write(card, &token, &worker->report);
    if (worker->report.outcome == OUTCOME_DONE) {
        worker_count(worker, CARDLINK_WRITES);
    }
}

static void serve_relay(struct worker *worker, const struct plan_card *card)
{
    const struct plan_relay relay = {.apdus = worker->request.apdus,
                                     .count = worker->request.apdu_count,
                                     .is_active = worker->card_is_active};
    plan_relay_run(card, &relay, &worker->report);
    worker->card_is_active =
        worker->report.error == CARDLINK_OK || worker->report.error == CARDLINK_REFUSED;
    if (worker->report.outcome == OUTCOME_DONE) {
        worker_count(worker, CARDLINK_RELAYS);
    }
}

static void serve_read(struct worker *worker, const struct plan_card *card)
{
    plan_read(card, &worker->report);
    count_torn(worker);
    if (worker->report.outcome == OUTCOME_DONE) {
        worker_count(worker, CARDLINK_READS);
    }
}

static void serve_card(struct worker *worker)
{
    const struct card_port port = worker_port(worker);
    const struct card_notes notes = {.slot = note_slot,
                                     .read_retry = note_read_retry,
                                     .write_retry = note_write_retry,
                                     .self = worker};
    const struct plan_card card = {
        .port = &port, .notes = &notes, .uid = &worker->card.uid, .keys = &worker->request.keys};
    worker->deadline_ms = clock_mono_ms(&worker->clock) + CARDLINK_WORK_MS;
    if (worker->request.op == CARDLINK_OP_RELAY) {
        serve_relay(worker, &card);
        return;
    }
    worker->card_is_active = false;
    if (worker->request.op == CARDLINK_OP_WRITE) {
        serve_write(worker, &card);
    } else {
        serve_read(worker, &card);
    }
}

/* Why the request cannot even begin. */
static enum cardlink_error refusal(struct worker *worker)
{
    if (worker->reader == NULL) {
        return CARDLINK_READER;
    }
    if (worker->presence.state != PRESENCE_ONE || worker->presence.number != worker->request.card) {
        return CARDLINK_CARD_GONE;
    }
    if (worker->request.op == CARDLINK_OP_WRITE) {
        return authorise_write(worker);
    }
    return worker->request.op == CARDLINK_OP_RELAY ? authorise_relay(worker) : CARDLINK_OK;
}

static enum cardlink_say say_of(enum cardlink_op op)
{
    return op == CARDLINK_OP_READ    ? CARDLINK_SAY_READ
           : op == CARDLINK_OP_WRITE ? CARDLINK_SAY_WRITE
                                     : CARDLINK_SAY_RELAY;
}

void worker_serve(struct worker *worker)
{
    struct cardlink_report *report = &worker->report;
    memset(report, 0, sizeof(*report));
    report->say = say_of(worker->request.op);
    bool fits = str_copy(report->id, sizeof(report->id), worker->request.id);
    MUST(fits);
    report->error = refusal(worker);
    report->outcome = OUTCOME_NOT_DONE;
    if (report->error == CARDLINK_OK) {
        serve_card(worker);
    }
    worker_report(worker);
    worker->look_at_ms = clock_mono_ms(&worker->clock); /* is it still there? */
    if (worker_reader_is_lost(worker)) {
        worker_reader_close(worker, clock_mono_ms(&worker->clock));
    }
}
