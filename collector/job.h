/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SHILLING_COLLECTOR_JOB_H
#define SHILLING_COLLECTOR_JOB_H

#include <stdbool.h>
#include <stdint.h>

#include "protocol/bus/command.h"
#include "protocol/bus/config.h"
#include "protocol/bus/reply.h"

/* What is to be done on a bus, and what came of it. Plain values that cross between threads. */

/* The order on a bus: what was paid for first. */
enum job_prio {
    JOB_PRIO_COMMAND,
    JOB_PRIO_LIVE,
    JOB_PRIO_CHECK,
    JOB_PRIO_SCHEDULE,
    JOB_PRIO_COUNT
};

struct job {
    struct bus_command command; /* read, credit or relay; id "" for the schedule's own reads */
    struct bus_meter meter;     /* a copy: the configuration may change meanwhile */
    enum job_prio prio;
    uint8_t tries;         /* for each read: 1 for a meter known to be silent, else 3 */
    int64_t accepted_ms;   /* when the command reached us */
    int64_t begin_last_ms; /* not begun until then: it must not be begun any more */
};

struct job_result {
    struct bus_reply reply; /* epoch and ms are the receiver's to fill in */
    char meter[BUS_METER_SIZE];
    enum bus_op op;
    enum job_prio prio;
    bool scheduled; /* a read of the schedule: a reading, not a reply */
    bool heard;     /* the meter answered at least once, also with a refusal */
    bool garbled;   /* bytes came that were no answer */
    int64_t accepted_ms;
};

#endif
