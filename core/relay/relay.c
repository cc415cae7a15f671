/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Method: compare the relay as read with the relay as wanted, whenever either changes; while they
 * differ, send, wait, send again for ever. No state beyond that, so a lost answer or a restart
 * costs one more harmless command.
 */
#include "core/relay/relay.h"

#include "common/compiler.h"
#include "common/must.h"

static struct relay_job want(const struct relay_job *job, enum relay_state state,
                             struct relay_step *step)
{
    MUST(state != RELAY_UNKNOWN);
    if (job->want == state && !job->settled) {
        return *job; /* being worked on */
    }
    struct relay_job next = *job;
    MUST(next.generation < UINT32_MAX);
    next.want = state;
    next.generation += 1;
    next.tries = 0;
    next.settled = false;
    next.alarmed = false;
    step->changed = true;
    step->intents |= RELAY_DO_SEND;
    return next;
}

static struct relay_job seen(const struct relay_job *job, enum relay_state state,
                             struct relay_step *step)
{
    struct relay_job next = *job;
    if (next.seen != state) {
        next.seen = state;
        step->changed = true;
        step->intents |= RELAY_DO_NEWS;
    }
    if (next.want != RELAY_UNKNOWN && !next.settled) {
        if (state == next.want) {
            next.settled = true;
            step->changed = true;
        } else {
            step->intents |= RELAY_DO_WAIT;
        }
    }
    return next;
}

static struct relay_job due(const struct relay_job *job, bool alarm, struct relay_step *step)
{
    struct relay_job next = *job;
    if (next.want == RELAY_UNKNOWN || next.settled) {
        return next;
    }
    if (next.tries < UINT32_MAX) {
        next.tries += 1;
    }
    step->changed = true;
    step->intents |= RELAY_DO_SEND;
    if (alarm && !next.alarmed) {
        next.alarmed = true;
        step->intents |= RELAY_DO_ALARM;
    }
    return next;
}

struct relay_job relay_apply(const struct relay_job *job, enum relay_event event, int64_t age_ms,
                             const struct relay_waits *waits, struct relay_step *ret_step)
{
    MUST(event < RELAY_EV_COUNT);
    MUST(!job->settled || job->seen == job->want || job->generation > 0);
    *ret_step = (struct relay_step){0};
    switch (event) {
    case RELAY_EV_WANT_CLOSED:
        return want(job, RELAY_CLOSED, ret_step);
    case RELAY_EV_WANT_OPEN:
        return want(job, RELAY_OPEN, ret_step);
    case RELAY_EV_DUE:
        return due(job, age_ms >= waits->alarm_ms, ret_step);
    case RELAY_EV_READ_CLOSED:
        return seen(job, RELAY_CLOSED, ret_step);
    case RELAY_EV_READ_OPEN:
        return seen(job, RELAY_OPEN, ret_step);
    case RELAY_EV_READ_FAILED:
        return seen(job, RELAY_UNKNOWN, ret_step);
    case RELAY_EV_COUNT:
        break;
    }
    MUST_NOT_REACH();
}

int64_t relay_wait_ms(const struct relay_job *job, const struct relay_waits *waits)
{
    MUST(waits->repeat_last_ms > 0);
    if (job->button) {
        return job->tries <= 1 ? waits->button_ms : waits->repeat_last_ms;
    }
    const uint32_t done = job->tries > 0 ? job->tries - 1 : 0;
    return done < ARRAY_COUNT(waits->repeat_ms) ? waits->repeat_ms[done] : waits->repeat_last_ms;
}

const char *relay_word(const struct relay_job *job)
{
    MUST(job->seen < RELAY_STATE_COUNT);
    MUST(job->want < RELAY_STATE_COUNT);
    if (job->want == RELAY_CLOSED && job->seen != RELAY_CLOSED) {
        return "closing";
    }
    if (job->seen == RELAY_CLOSED) {
        return "closed";
    }
    return job->seen == RELAY_OPEN ? "open" : "unknown";
}
