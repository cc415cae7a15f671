/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SHILLING_CORE_RELAY_RELAY_H
#define SHILLING_CORE_RELAY_RELAY_H

#include <stdbool.h>
#include <stdint.h>

#include "common/compiler.h"

/*
 * The wish for a meter's relay (or valve): a level, not an edge. Whoever wants another state
 * raises the generation; only the newest generation is ever sent, and the collector refuses older
 * ones. The job is settled when the relay, read back, is what we want. Repeating a close is
 * harmless, so UNKNOWN needs no fence here: it is about light, not about money.
 */
enum relay_state { RELAY_UNKNOWN, RELAY_CLOSED, RELAY_OPEN, RELAY_STATE_COUNT };

enum relay_event {
    RELAY_EV_WANT_CLOSED, /* raises the generation, unless closed is wanted already */
    RELAY_EV_WANT_OPEN,
    RELAY_EV_DUE, /* the wait is over: send or read again */
    RELAY_EV_READ_CLOSED,
    RELAY_EV_READ_OPEN,
    RELAY_EV_READ_FAILED, /* no reading: the relay is unknown */
    RELAY_EV_COUNT
};

enum relay_intent {
    RELAY_DO_SEND = 1U << 0U,  /* a RELAY_EV_DUE is wanted now; on one: send, then read the relay */
    RELAY_DO_WAIT = 1U << 1U,  /* come back after relay_wait_ms() */
    RELAY_DO_ALARM = 1U << 2U, /* a person must look: 15 minutes without success */
    RELAY_DO_NEWS = 1U << 3U,  /* tell the screens: the relay as read has changed */
};

struct relay_job {
    enum relay_state want; /* RELAY_UNKNOWN: nobody ever wanted anything */
    enum relay_state seen; /* as last read */
    uint32_t generation;   /* 0: none yet */
    uint32_t tries;        /* sends of this generation */
    bool settled;
    bool button;  /* the model needs its button pressed (1B): a person is the slow part */
    bool alarmed; /* for this generation */
};

struct relay_step {
    bool changed;
    uint32_t intents; /* enum relay_intent */
};

/* Durations in ms; the defaults of docs/money.md section 5 are in core/timers. */
struct relay_waits {
    int64_t repeat_ms[3];   /* after the 1st, 2nd, 3rd send: 5, 15, 60 s */
    int64_t repeat_last_ms; /* for ever after: 5 min */
    /* Button models, after the 1st send: the collector watches the relay for 2 min by itself, and
     * a second command meanwhile would only take the bus from the live reads. */
    int64_t button_ms;
    int64_t alarm_ms; /* 15 min */
};

/**
 * The job after @p event.
 *
 * @param age_ms how long the present generation has been wanted; decides about the alarm only
 * Blocks: no. Allocates: no.
 */
struct relay_job relay_apply(const struct relay_job *job, enum relay_event event, int64_t age_ms,
                             const struct relay_waits *waits, struct relay_step *ret_step);

/**
 * How long to wait before the next RELAY_EV_DUE.
 * Blocks: no. Allocates: no.
 */
int64_t relay_wait_ms(const struct relay_job *job, const struct relay_waits *waits);

/**
 * "unknown", "closed", "open", and "closing" while closed is wanted and not yet seen.
 * Blocks: no. Allocates: no.
 */
const char *relay_word(const struct relay_job *job);

#endif
