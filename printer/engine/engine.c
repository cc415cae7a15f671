/* SPDX-License-Identifier: Apache-2.0 */
#include "printer/engine/engine.h"

#include <string.h>

#include "common/must.h"
#include "printer/engine/engine_parts.h"

enum {
    WRITE_SIZE_MAX = 4096, /* commands handed over at once; a receipt is one or two such writes */
    JOB_TICK_MS = 100,
};

/* DLE EOT 1..4 and GS r 1, as they go out; engine_output() points into them. */
static const uint8_t REQUESTS[ESCPOS_EOT_COUNT + 1][ESCPOS_STATUS_REQUEST_SIZE] = {
    {0}, {0x10, 0x04, 1}, {0x10, 0x04, 2}, {0x10, 0x04, 3}, {0x10, 0x04, 4},
};
static const uint8_t SYNC_FENCE[3] = {0x1D, 0x72, 0x31};

void engine_init(struct engine *engine, const struct engine_profile *profile, bool dirty,
                 int64_t now_ms)
{
    MUST(profile->proof < ENGINE_PROOF_COUNT);
    MUST(profile->job_timeout_ms >= ENGINE_JOB_TIMEOUT_MS_MIN &&
         profile->job_timeout_ms <= ENGINE_JOB_TIMEOUT_MS_MAX);
    *engine = (struct engine){.profile = *profile,
                              .next_question = 1,
                              .round_due_ms = now_ms,
                              .cause_since_ms = -1,
                              .dirty = dirty};
    /* What an earlier life sent may still be answered: that answer must not confirm a new job. */
    engine->fences_owed = dirty && profile->proof == ENGINE_PROOF_FENCE ? 1 : 0;
}

void engine_link_up(struct engine *engine, int64_t now_ms)
{
    MUST(!engine->link_up);
    engine->link_up = true;
    engine->input = (struct escpos_input){0};
    engine->status = (struct escpos_status){0};
    engine->shown = engine->status;
    engine->asked = 0;
    engine->next_question = 1;
    engine->request_wanted = false;
    engine->request_sent = 0;
    engine->quiet_until_ms = now_ms;
    engine->round_due_ms = now_ms;
    engine->rounds = 0;
    engine->misses = 0;
    engine->has_asb = false;
    engine->wants_hang_up = false;
}

void engine_link_down(struct engine *engine, int64_t now_ms)
{
    (void)now_ms;
    engine->link_up = false;
    engine->request_wanted = false;
    engine->asked = 0;
    judge_lost(engine, "link_lost");
}

bool engine_is_free(const struct engine *engine)
{
    return engine->phase == ENGINE_FREE && !engine->has_verdict;
}

void engine_job_start(struct engine *engine, const struct engine_job *job, int64_t now_ms)
{
    MUST(engine_is_free(engine));
    MUST(job->tail_piece < job->job->piece_count && !job->job->failed);
    engine->job = *job;
    engine->sent = 0;
    engine->piece = 0;
    engine->body_done = false;
    engine->phase = ENGINE_PREFLIGHT;
    if (!engine->link_up) {
        judge_lost(engine, "offline");
        return;
    }
    watch_round_now(engine, now_ms);
    engine_turn(engine, now_ms);
}

bool engine_job_is_ready(const struct engine *engine)
{
    return engine->phase == ENGINE_READY;
}

void engine_job_go(struct engine *engine, int64_t now_ms)
{
    MUST(engine->phase == ENGINE_READY);
    MUST(engine->sent == 0);
    engine->phase = ENGINE_SENDING;
    engine->deadline_ms = now_ms + engine->profile.job_timeout_ms;
    engine->moved_ms = now_ms;
}

void engine_job_give_up(struct engine *engine)
{
    MUST(engine->phase == ENGINE_READY);
    engine->phase = ENGINE_FREE;
}

static bool is_sending(const struct engine *engine)
{
    return engine->phase == ENGINE_SENDING || engine->phase == ENGINE_DRAINING;
}

/* True if no command is half sent. */
static bool at_piece_start(const struct engine *engine)
{
    if (!is_sending(engine) || engine->piece == 0) {
        return engine->sent == 0 || !is_sending(engine);
    }
    return engine->sent == engine->job.job->ends[engine->piece - 1];
}

/* Where the last whole piece ends that fits one write; the current piece in any case. */
static size_t write_end(const struct engine *engine)
{
    const struct escpos_job *job = engine->job.job;
    size_t piece = engine->piece;
    size_t end = job->ends[piece];
    bool cutting_short = engine->phase == ENGINE_DRAINING && piece < engine->job.tail_piece;
    while (!cutting_short && piece + 1 < job->piece_count &&
           job->ends[piece + 1] - engine->sent <= WRITE_SIZE_MAX) {
        piece += 1;
        end = job->ends[piece];
    }
    return end;
}

size_t engine_output(const struct engine *engine, const uint8_t **ret_bytes)
{
    if (!engine->link_up) {
        return 0;
    }
    if (engine->sync_wanted && (engine->sync_sent > 0 || engine->request_sent == 0)) {
        *ret_bytes = SYNC_FENCE + engine->sync_sent;
        return sizeof(SYNC_FENCE) - engine->sync_sent;
    }
    if (engine->request_wanted && at_piece_start(engine)) {
        *ret_bytes = REQUESTS[engine->next_question] + engine->request_sent;
        return (size_t)ESCPOS_STATUS_REQUEST_SIZE - engine->request_sent;
    }
    if (!is_sending(engine) || engine->piece == engine->job.job->piece_count) {
        return 0;
    }
    *ret_bytes = engine->job.job->bytes + engine->sent;
    return write_end(engine) - engine->sent;
}

static void request_sent(struct engine *engine, size_t size, int64_t now_ms)
{
    engine->request_sent = (uint8_t)(engine->request_sent + size);
    if (engine->request_sent == ESCPOS_STATUS_REQUEST_SIZE) {
        engine->request_wanted = false;
        engine->request_sent = 0;
        engine->asked = engine->next_question;
        engine->asked_ms = now_ms;
    }
}

static void job_all_sent(struct engine *engine, int64_t now_ms)
{
    bool has_fence = engine->profile.proof == ENGINE_PROOF_FENCE;
    engine->fences_owed += has_fence ? 1 : 0;
    if (engine->phase == ENGINE_DRAINING) {
        engine->phase = ENGINE_FREE;
        return;
    }
    engine->phase = ENGINE_WAITING;
    engine->dirty = false; /* what cleared up went in front of this job */
    watch_round_now(engine, now_ms);
}

static void job_sent(struct engine *engine, size_t size, int64_t now_ms)
{
    const struct escpos_job *job = engine->job.job;
    engine->sent += size;
    engine->moved_ms = now_ms;
    while (engine->piece < job->piece_count && job->ends[engine->piece] <= engine->sent) {
        engine->piece += 1;
    }
    bool between = engine->piece > 0 && engine->sent == job->ends[engine->piece - 1];
    if (engine->phase == ENGINE_DRAINING && between && engine->piece < engine->job.tail_piece) {
        engine->piece = engine->job.tail_piece;
        engine->sent = job->ends[engine->piece - 1];
    }
    if (engine->piece == job->piece_count) {
        job_all_sent(engine, now_ms);
    }
}

void engine_sent(struct engine *engine, size_t size, int64_t now_ms)
{
    const uint8_t *bytes = NULL;
    MUST(size <= engine_output(engine, &bytes));
    if (size == 0) {
        return;
    }
    if (engine->sync_wanted && bytes == SYNC_FENCE + engine->sync_sent) {
        engine->sync_sent = (uint8_t)(engine->sync_sent + size);
        if (engine->sync_sent == sizeof(SYNC_FENCE)) {
            engine->sync_wanted = false;
            engine->fences_owed += 1;
        }
    } else if (engine->request_wanted && at_piece_start(engine)) {
        request_sent(engine, size, now_ms);
    } else {
        job_sent(engine, size, now_ms);
    }
}

static void begin_check(struct engine *engine, int64_t now_ms)
{
    engine->body_done = true;
    engine->phase = ENGINE_CHECKING;
    watch_round_now(engine, now_ms);
}

static void take_mark(struct engine *engine, const char id[ESCPOS_ID_SIZE], int64_t now_ms)
{
    bool running = engine->phase == ENGINE_SENDING || engine->phase == ENGINE_WAITING;
    if (running && memcmp(id, engine->job.cut_id, ESCPOS_ID_SIZE) == 0) {
        begin_check(engine, now_ms);
    } else if (running && memcmp(id, engine->job.body_id, ESCPOS_ID_SIZE) == 0) {
        engine->body_done = true;
    } else {
        memcpy(engine->late_mark, id, ESCPOS_ID_SIZE);
        engine->has_late_mark = true;
    }
}

static void take_fence(struct engine *engine, int64_t now_ms)
{
    if (engine->fences_owed == 0) {
        return; /* nobody asked: noise */
    }
    engine->fences_owed -= 1;
    if (engine->phase == ENGINE_SYNC) {
        engine->sync_heard_ms = now_ms;
    } else if (engine->phase == ENGINE_WAITING && engine->fences_owed == 0 &&
               engine->profile.proof == ENGINE_PROOF_FENCE) {
        begin_check(engine, now_ms);
    }
}

static void take_event(struct engine *engine, const struct escpos_event *event, int64_t now_ms)
{
    switch (event->kind) {
    case ESCPOS_EVENT_EOT:
        watch_take_answer(engine, event->byte, now_ms);
        return;
    case ESCPOS_EVENT_ASB:
        engine->has_asb = true;
        escpos_status_take_asb(&engine->status, event->asb);
        engine->shown = engine->status;
        return;
    case ESCPOS_EVENT_FENCE:
        take_fence(engine, now_ms);
        return;
    case ESCPOS_EVENT_MARK:
        take_mark(engine, event->id, now_ms);
        return;
    case ESCPOS_EVENT_POWER_OFF:
        judge_lost(engine, "power_off");
        engine->wants_hang_up = true;
        return;
    case ESCPOS_EVENT_FLOW: /* the line's driver deals with it */
    case ESCPOS_EVENT_OTHER:
    case ESCPOS_EVENT_COUNT:
        return;
    }
    MUST_NOT_REACH();
}

void engine_take(struct engine *engine, const uint8_t *bytes, size_t size, int64_t now_ms)
{
    for (size_t i = 0; i < size; i++) {
        struct escpos_event event;
        if (escpos_input_take(&engine->input, bytes[i], &event)) {
            take_event(engine, &event, now_ms);
        }
    }
    engine_turn(engine, now_ms);
}

void engine_turn(struct engine *engine, int64_t now_ms)
{
    if (!engine->link_up) {
        return;
    }
    watch_turn(engine, now_ms);
    judge_turn(engine, now_ms);
}

int64_t engine_next_ms(const struct engine *engine, int64_t now_ms)
{
    int64_t next_ms = watch_next_ms(engine);
    if (next_ms <= now_ms) {
        /* Due, and not possible: the line is blocked. Only bytes or time change that. */
        next_ms = now_ms + JOB_TICK_MS;
    }
    bool has_job = engine->phase != ENGINE_FREE && engine->phase != ENGINE_DRAINING;
    return has_job && next_ms > now_ms + JOB_TICK_MS ? now_ms + JOB_TICK_MS : next_ms;
}

bool engine_verdict(struct engine *engine, struct printjob_answer *ret_verdict)
{
    if (!engine->has_verdict) {
        return false;
    }
    engine->has_verdict = false;
    *ret_verdict = engine->verdict;
    return true;
}

bool engine_late_mark(struct engine *engine, char ret_id[ESCPOS_ID_SIZE])
{
    if (!engine->has_late_mark) {
        return false;
    }
    engine->has_late_mark = false;
    memcpy(ret_id, engine->late_mark, ESCPOS_ID_SIZE);
    return true;
}

bool engine_hang_up(struct engine *engine)
{
    bool wanted = engine->wants_hang_up && engine->link_up;
    engine->wants_hang_up = false;
    return wanted;
}

bool engine_is_dirty(const struct engine *engine)
{
    return engine->dirty;
}

void engine_resync_add(struct escpos_job *job)
{
    escpos_fill(job, ENGINE_RESYNC_SIZE);
    escpos_job_start(job);
    escpos_cut(job, 0);
}

enum printjob_device engine_device(const struct engine *engine, const char **ret_detail)
{
    const struct escpos_status *status = &engine->shown;
    *ret_detail = "";
    if (!engine->link_up) {
        *ret_detail = "link";
        return PRINTJOB_OFFLINE;
    }
    if (watch_is_silent(engine) || engine->rounds == 0) {
        *ret_detail = "no_answer";
        return PRINTJOB_OFFLINE;
    }
    const char *cause = judge_cause(status);
    if (cause == NULL) {
        return status->near_end ? PRINTJOB_NEAR_END : PRINTJOB_READY;
    }
    if (status->cover_open) {
        return PRINTJOB_COVER_OPEN;
    }
    if (status->paper_end || status->paper_stop) {
        return PRINTJOB_PAPER_OUT;
    }
    *ret_detail = cause;
    return PRINTJOB_ERROR;
}
