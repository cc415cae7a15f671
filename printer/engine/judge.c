/* SPDX-License-Identifier: Apache-2.0 */

/*
 * What became of a job, from evidence alone:
 *
 *   the printer confirmed the cut, and the cutter is not jammed      PRINTED
 *   it confirmed the body, and something stopped the cut             PRINTED_NOT_CUT
 *   it confirmed nothing, and says what it waits for                 HELD: it is in its memory and
 *                                                                    comes out when that is mended
 *   it confirmed nothing, and the link or its power went             UNKNOWN
 *   it confirmed nothing in time, and gives no reason                UNKNOWN
 *   no byte had left                                                 FAILED
 *
 * A cause must last a moment before it decides, because a cover that is touched or a hot head mends
 * itself, and the echo of the body may be on its way.
 */
#include "common/must.h"
#include "common/str.h"
#include "printer/engine/engine_parts.h"

enum {
    CAUSE_MS = 1500,       /* paper, cover, cutter: needs a person */
    CAUSE_MENDS_MS = 8000, /* head hot, recovery, feed button: goes away by itself */
};

const char *judge_cause(const struct escpos_status *status)
{
    if (status->cover_open) {
        return "cover_open";
    }
    if (status->paper_end || status->paper_stop) {
        return "paper_out";
    }
    if (status->cutter) {
        return "cutter";
    }
    if (status->unrecoverable) {
        return "unrecoverable";
    }
    if (status->auto_recovers) {
        return "head_hot";
    }
    if (status->error) {
        return "error";
    }
    return status->off_line ? "off_line" : NULL;
}

static bool needs_a_person(const struct escpos_status *status)
{
    return status->cover_open || status->paper_end || status->paper_stop || status->cutter ||
           status->unrecoverable;
}

static void end(struct engine *engine, enum printjob_state state, const char *detail)
{
    MUST(!engine->has_verdict);
    engine->verdict = (struct printjob_answer){.state = state};
    bool fits = str_copy(engine->verdict.detail, sizeof(engine->verdict.detail), detail);
    MUST(fits);
    engine->has_verdict = true;
    bool unsent = engine->phase == ENGINE_SENDING && engine->sent > 0;
    engine->verdict.part = unsent && state == PRINTJOB_HELD;
    engine->phase = ENGINE_FREE;
    if (!unsent) {
        return;
    }
    if (state == PRINTJOB_HELD && engine->link_up) {
        engine->phase = ENGINE_DRAINING;
    } else {
        /* Only a new link can bring printer and us to the same place again. */
        engine->dirty = true;
        engine->wants_hang_up = engine->link_up;
    }
}

/* A job that is over without the printer's last word. */
static void end_without_proof(struct engine *engine, const char *cause)
{
    bool not_cut = engine->body_done;
    if (engine->profile.proof == ENGINE_PROOF_FENCE && engine->status.cutter) {
        /* The cutter was well before; only our cut, behind the whole body, can have jammed it. */
        not_cut = true;
    }
    if (not_cut) {
        end(engine, PRINTJOB_PRINTED_NOT_CUT, cause);
    } else if (engine->status.unrecoverable) {
        end(engine, PRINTJOB_UNKNOWN, cause); /* its memory will not survive the power cycle */
    } else {
        end(engine, PRINTJOB_HELD, cause);
    }
}

static void note_cause(struct engine *engine, int64_t now_ms)
{
    if (judge_cause(&engine->status) == NULL) {
        engine->cause_since_ms = -1;
    } else if (engine->cause_since_ms < 0) {
        engine->cause_since_ms = now_ms;
    }
}

static void judge_running(struct engine *engine, int64_t now_ms)
{
    const char *cause = judge_cause(&engine->status);
    if (engine->sent == 0) {
        if (cause != NULL || now_ms >= engine->deadline_ms) {
            end(engine, PRINTJOB_FAILED, cause != NULL ? cause : "no_answer");
        }
        return;
    }
    if (engine->body_done && engine->status.cutter) {
        end(engine, PRINTJOB_PRINTED_NOT_CUT, "cutter");
        return;
    }
    int64_t patience_ms = needs_a_person(&engine->status) ? CAUSE_MS : CAUSE_MENDS_MS;
    if (cause != NULL && now_ms - engine->cause_since_ms >= patience_ms) {
        end_without_proof(engine, cause);
        return;
    }
    bool waits_for_nothing = engine->profile.proof == ENGINE_PROOF_NONE &&
                             engine->phase == ENGINE_WAITING &&
                             engine->rounds >= engine->round_wanted && cause == NULL;
    if (waits_for_nothing) {
        end(engine, PRINTJOB_UNKNOWN, "not_confirmed");
        return;
    }
    if (now_ms < engine->deadline_ms) {
        return;
    }
    if (cause != NULL) {
        end_without_proof(engine, cause);
    } else if (engine->body_done) {
        end(engine, PRINTJOB_PRINTED_NOT_CUT, "no_answer");
    } else {
        end(engine, PRINTJOB_UNKNOWN, "no_answer");
    }
}

static void judge_checking(struct engine *engine, int64_t now_ms)
{
    bool silent = watch_is_silent(engine) || now_ms >= engine->deadline_ms;
    if (engine->rounds < engine->round_wanted && !silent) {
        return;
    }
    if (engine->status.cutter) {
        end(engine, PRINTJOB_PRINTED_NOT_CUT, "cutter");
    } else {
        end(engine, PRINTJOB_PRINTED, "");
    }
}

static void judge_preflight(struct engine *engine, int64_t now_ms)
{
    const char *cause = judge_cause(&engine->status);
    if (watch_is_silent(engine)) {
        end(engine, PRINTJOB_FAILED, "no_answer");
    } else if (engine->rounds >= engine->round_wanted) {
        if (cause != NULL) {
            end(engine, PRINTJOB_FAILED, cause);
        } else if (engine->fences_owed > 0) {
            engine->phase = ENGINE_SYNC;
            engine->sync_wanted = true;
            engine->sync_sent = 0;
            engine->sync_heard_ms = -1;
            engine->deadline_ms = now_ms + engine->profile.job_timeout_ms;
        } else {
            engine->phase = ENGINE_READY;
        }
    }
}

static void judge_sync(struct engine *engine, int64_t now_ms)
{
    enum { SYNC_QUIET_MS = 500 /* the answers of two fences in a row are milliseconds apart */ };
    bool all_heard = !engine->sync_wanted && engine->fences_owed == 0;
    bool last_heard = !engine->sync_wanted && engine->sync_heard_ms >= 0 &&
                      now_ms - engine->sync_heard_ms >= SYNC_QUIET_MS;
    if (all_heard || last_heard) {
        engine->fences_owed = 0;
        engine->phase = ENGINE_READY;
    } else if (judge_cause(&engine->shown) != NULL) {
        end(engine, PRINTJOB_FAILED, judge_cause(&engine->shown));
    } else if (now_ms >= engine->deadline_ms) {
        end(engine, PRINTJOB_FAILED, "no_answer");
    }
}

void judge_turn(struct engine *engine, int64_t now_ms)
{
    note_cause(engine, now_ms);
    switch (engine->phase) {
    case ENGINE_FREE:
    case ENGINE_READY:
    case ENGINE_DRAINING:
    case ENGINE_PHASE_COUNT:
        return;
    case ENGINE_PREFLIGHT:
        judge_preflight(engine, now_ms);
        return;
    case ENGINE_SYNC:
        judge_sync(engine, now_ms);
        return;
    case ENGINE_SENDING:
    case ENGINE_WAITING:
        judge_running(engine, now_ms);
        return;
    case ENGINE_CHECKING:
        judge_checking(engine, now_ms);
        return;
    }
    MUST_NOT_REACH();
}

void judge_lost(struct engine *engine, const char *detail)
{
    switch (engine->phase) {
    case ENGINE_FREE:
    case ENGINE_PHASE_COUNT:
        return;
    case ENGINE_DRAINING:
        engine->phase = ENGINE_FREE;
        engine->dirty = true;
        return;
    case ENGINE_PREFLIGHT:
    case ENGINE_SYNC:
    case ENGINE_READY:
        end(engine, PRINTJOB_FAILED, detail);
        return;
    case ENGINE_SENDING:
    case ENGINE_WAITING:
        if (engine->sent == 0) {
            end(engine, PRINTJOB_FAILED, detail);
            return;
        }
        engine->dirty = true;
        if (engine->body_done) {
            end(engine, PRINTJOB_PRINTED_NOT_CUT, detail);
        } else {
            end(engine, PRINTJOB_UNKNOWN, detail);
        }
        return;
    case ENGINE_CHECKING:
        end(engine, PRINTJOB_PRINTED, detail); /* the cut was confirmed before */
        return;
    }
    MUST_NOT_REACH();
}
