/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SHILLING_COLLECTOR_TURN_H
#define SHILLING_COLLECTOR_TURN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "collector/exchange.h"
#include "collector/job.h"
#include "common/err.h"
#include "protocol/bus/reply.h"
#include "protocol/dl645/follow.h"

/*
 * A turn carries one job out, as a machine without I/O: asked what comes next it names one action,
 * and is told what came of it. The bus thread is its hands (collector/line), the journal its
 * memory. Nothing else uses the bus between two actions of a credit or relay; a turn that only
 * reads may be left between two frames.
 *
 *     turn_begin -> turn_next -> do it -> turn_exchanged / turn_synced -> turn_next -> ... OVER
 */
enum turn_action {
    TURN_SEND,        /* run an exchange of turn->request, then turn_exchanged() */
    TURN_QUIET,       /* listen for turn->quiet_ms and forget what comes, then turn_next() */
    TURN_SYNC_INTENT, /* make the intent to send turn->frame durable, then turn_synced() */
    TURN_SYNC_RESULT, /* make turn->reply.frame_reply durable, then turn_synced() */
    TURN_PARK,        /* leave the bus to others until turn->resume_ms, then turn_next() */
    TURN_OVER,        /* turn->reply is complete */
    TURN_ACTION_COUNT
};

enum {
    TURN_RELAY_CHECK_MS = 5000,    /* an accepted relay command takes effect within 5 s */
    TURN_RELAY_STEP_MS = 500,      /* read again after this */
    TURN_BUTTON_CHECK_MS = 120000, /* 1B: somebody has to walk to the meter */
    TURN_BUTTON_STEP_MS = 5000,
    TURN_VALUE_SIZE = 256,       /* a value in several frames: more than a text of it could hold */
    TURN_ESAM_TIMEOUT_MS = 5000, /* control 03, and 1C with PA 98, take longer */
};

/* Where a turn stands. Each kind of job uses some of them. */
enum turn_phase {
    TURN_PHASE_AUTH,   /* credit: authentication frames */
    TURN_PHASE_BEFORE, /* credit: reads; read: its only phase */
    TURN_PHASE_DATE,   /* relay: the meter's own clock */
    TURN_PHASE_TIME,
    TURN_PHASE_INTENT,
    TURN_PHASE_FRAME, /* the one frame that changes something */
    TURN_PHASE_RESULT,
    TURN_PHASE_AFTER, /* credit: reads; relay: status word 3, again and again */
    TURN_PHASE_OVER,
    TURN_PHASE_COUNT
};

struct turn {
    struct job job;
    uint32_t baud;
    uint32_t reply_timeout_ms; /* of ordinary requests */

    enum turn_phase phase;
    size_t index;     /* which auth frame or item */
    int64_t now_ms;   /* of the newest turn_next() */
    bool heard;       /* the meter answered */
    bool garbled;     /* bytes came that were no answer */
    bool late_is_due; /* a try had no answer, which may still come and be taken for another's */

    struct exchange_request request;
    struct dl645_message frame_message; /* what the frame says */
    struct bus_frame frame;             /* the one that changes something, 68 to 16 */
    int64_t quiet_ms;
    int64_t resume_ms;
    int64_t check_until_ms; /* relay: give up reading the status then */
    bool following;         /* read: the next frame of a value that is longer than one */
    struct dl645_follow follow;
    uint8_t value[TURN_VALUE_SIZE];
    struct dl645_time meter_clock;
    struct bus_reply reply;
};

/** Begin @p job. Items and frames in it are valid (collector/desk checks them on acceptance). */
void turn_begin(struct turn *turn, const struct job *job, uint32_t bus_baud,
                uint32_t reply_timeout_ms);

/** What comes next. */
enum turn_action turn_next(struct turn *turn, int64_t now_ms);

/** The exchange of turn->request is over. */
void turn_exchanged(struct turn *turn, const struct exchange *x);

/**
 * The journal has answered.
 *
 * @param err  OK: durable. For an intent also ERR_DENIED: the id is in VOID; ERR_CONFLICT: a newer
 *             relay generation is accepted. Anything else: the journal failed.
 */
void turn_synced(struct turn *turn, enum err err);

/** End it now for @p error (a BUS_ERROR_...): the line is gone, or its time is over. */
void turn_fail(struct turn *turn, const char *error);

/** True if nothing may come between this turn's frames. */
bool turn_is_closed(const struct turn *turn);

#endif
