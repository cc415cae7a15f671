/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SHILLING_PRINTER_ENGINE_ENGINE_H
#define SHILLING_PRINTER_ENGINE_ENGINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/compiler.h"
#include "protocol/escpos/input.h"
#include "protocol/escpos/job.h"
#include "protocol/escpos/status.h"
#include "protocol/printjob/printjob.h"

/*
 * The dialogue with a receipt printer, without I/O: bytes and the time go in, bytes to send and
 * verdicts come out. One job at a time:
 *
 *   preflight   fresh status; anything in the way: FAILED, nothing was sent
 *   ready       the caller makes "begun" durable and says go, or gives up
 *   sending     whole commands; status requests only between them
 *   waiting     for the printer's own word that body and cut are done
 *   checking    a last look at the cutter
 *
 * The proof is an id that the printer echoes when all before it is on paper (GS ( H), or for
 * printers without it a status request that is answered in its turn (GS r). Bytes taken by the
 * line prove nothing. The engine never sends a job twice.
 */

enum engine_proof {
    ENGINE_PROOF_MARK,  /* GS ( H ids after the body and after the cut */
    ENGINE_PROOF_FENCE, /* GS r after the cut */
    ENGINE_PROOF_NONE,  /* the printer cannot say: every job ends UNKNOWN */
    ENGINE_PROOF_COUNT
};

enum {
    ENGINE_JOB_TIMEOUT_MS_MIN = 5000,
    ENGINE_JOB_TIMEOUT_MS_MAX = PRINTJOB_VERDICT_MS,
    /* More zeros than any command of ours has bytes: fills up one that was cut off. */
    ENGINE_RESYNC_SIZE = 4096,
};

struct engine_profile {
    enum engine_proof proof;
    int64_t job_timeout_ms; /* from the first byte to the verdict */
};

/* Where a job stands. */
enum engine_phase {
    ENGINE_FREE,
    ENGINE_PREFLIGHT,
    ENGINE_SYNC, /* preflight: an older job may still owe an answer to its fence */
    ENGINE_READY,
    ENGINE_SENDING,
    ENGINE_WAITING,
    ENGINE_CHECKING,
    ENGINE_DRAINING, /* the verdict is given; the cut of what is held goes after it */
    ENGINE_PHASE_COUNT
};

/* A job as bytes, and where its proof is. */
struct engine_job {
    const struct escpos_job *job; /* borrowed until engine_is_free() */
    size_t tail_piece;            /* the first piece of the cut: what a broken job still gets */
    char body_id[ESCPOS_ID_SIZE];
    char cut_id[ESCPOS_ID_SIZE];
};

/* A plain value of the caller's; its members are the engine's. */
struct engine {
    struct engine_profile profile;
    bool link_up;
    struct escpos_input input;
    struct escpos_status status; /* the newest word about each thing */
    struct escpos_status shown;  /* as of the last whole round or report: consistent in itself */

    /* status requests, one at a time (watch.c) */
    uint8_t asked;         /* 1..4: an answer is awaited; 0: none */
    uint8_t next_question; /* 1..4 */
    uint8_t request_sent;  /* bytes of the request that have left */
    bool request_wanted;
    int64_t asked_ms;
    int64_t quiet_until_ms; /* answers before this are too late and belong to nobody */
    int64_t round_due_ms;
    uint32_t rounds; /* complete ones since the link is up */
    uint32_t misses; /* questions without an answer, in a row */
    bool has_asb;    /* the printer reports changes by itself */

    /* the job */
    enum engine_phase phase;
    struct engine_job job;
    size_t sent;  /* bytes of the job that the line has taken */
    size_t piece; /* the piece that the next byte belongs to */
    uint32_t round_wanted;
    bool body_done; /* the printer said so */
    int64_t deadline_ms;
    int64_t moved_ms;       /* when the line last took a byte */
    int64_t cause_since_ms; /* what keeps the printer is there since; -1: nothing is */
    uint32_t fences_owed;
    bool sync_wanted; /* ENGINE_SYNC: its fence is still to be sent */
    uint8_t sync_sent;
    int64_t sync_heard_ms;
    bool dirty; /* a job was cut off: clear up before the next */

    bool has_verdict;
    struct printjob_answer verdict; /* job_id is the caller's business */
    bool has_late_mark;
    char late_mark[ESCPOS_ID_SIZE];
    bool wants_hang_up;
};

/** @param dirty a job of an earlier life may have been cut off */
void engine_init(struct engine *engine, const struct engine_profile *profile, bool dirty,
                 int64_t now_ms);

void engine_link_up(struct engine *engine, int64_t now_ms);
/** The link is gone: whatever was under way ends with the verdict that this allows. */
void engine_link_down(struct engine *engine, int64_t now_ms);

/** Bytes from the printer. */
void engine_take(struct engine *engine, const uint8_t *bytes, size_t size, int64_t now_ms);

/** Let time pass: call at least at engine_next_ms(). */
void engine_turn(struct engine *engine, int64_t now_ms);
int64_t engine_next_ms(const struct engine *engine, int64_t now_ms);

/** True if a job can be started. */
bool engine_is_free(const struct engine *engine);
/** Begin with @p job's preflight. The engine must be free. */
void engine_job_start(struct engine *engine, const struct engine_job *job, int64_t now_ms);
/** True if the preflight went well and engine_job_go() is awaited. */
bool engine_job_is_ready(const struct engine *engine);
/** The beginning is on record: the first byte may leave. */
void engine_job_go(struct engine *engine, int64_t now_ms);
/** Forget a ready job; nothing was sent. */
void engine_job_give_up(struct engine *engine);

/** What to send next: whole commands. 0: nothing. The bytes stay valid until engine_sent(). */
size_t engine_output(const struct engine *engine, const uint8_t **ret_bytes);
/** The line has taken @p size of those bytes. */
void engine_sent(struct engine *engine, size_t size, int64_t now_ms);

/** Fetch the verdict on the job; false if there is none (yet). */
MUST_CHECK bool engine_verdict(struct engine *engine, struct printjob_answer *ret_verdict);
/** Fetch the id of an earlier job that came out of the printer only now. */
MUST_CHECK bool engine_late_mark(struct engine *engine, char ret_id[ESCPOS_ID_SIZE]);
/** True once if the link should be closed and opened anew. */
MUST_CHECK bool engine_hang_up(struct engine *engine);

/** True if the next job must begin with clearing up (engine_resync_add()). */
bool engine_is_dirty(const struct engine *engine);
/** Append what clears up after a job that was cut off: fill, initialise, cut. */
void engine_resync_add(struct escpos_job *job);

/** The printer's state, with a word on the reason or "". */
enum printjob_device engine_device(const struct engine *engine, const char **ret_detail);

#endif
