/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SHILLING_COLLECTOR_ROSTER_H
#define SHILLING_COLLECTOR_ROSTER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/compiler.h"
#include "protocol/bus/config.h"

/*
 * The meters that the cloud gave us: which bus, when to be read next, how they answered lately.
 * Pure: time is given, nothing is done. Large (about 500 kB): allocate it.
 */
enum {
    ROSTER_BUSES_MAX = 32,
    ROSTER_SILENT_COUNT = 3, /* failures in a row that make a meter "silent" */
    ROSTER_NONE = -1,
};

struct roster_meter {
    struct bus_meter meter;
    int bus;           /* index in the collector's own buses */
    int64_t due_ms;    /* when the schedule wants it; INT64_MAX: never */
    bool in_flight;    /* its scheduled read is on the way */
    uint32_t failures; /* in a row, of any kind of job */
};

/* How a whole bus does. */
struct roster_bus {
    uint32_t failures; /* jobs in a row, of any meter, that nobody answered */
    bool garbled;      /* bytes came in one of them */
    bool is_dead;      /* told already */
};

struct roster {
    char version[BUS_NAME_SIZE]; /* of the configuration; empty: none */
    struct roster_meter meters[BUS_METERS_MAX];
    size_t count;
    struct roster_bus buses[ROSTER_BUSES_MAX];
};

/* What a job's outcome changed. */
struct roster_news {
    bool meter_silent; /* now, for the first time */
    bool meter_back;
    bool bus_silent;     /* no meter of the bus answers: cable, power */
    bool bus_wrong_baud; /* the same, but bytes came: speed or parity */
    bool bus_back;
};

/**
 * Take over a new configuration. A meter that was there before keeps its times. @p bus_of maps a
 * bus name to its index or ROSTER_NONE; meters of unknown buses or protocols are left out.
 *
 * @return how many were left out
 */
size_t roster_apply(struct roster *roster, const struct bus_config *config,
                    int (*bus_of)(void *self, const char *name), void *self, int64_t now_ms);

/** True if we can talk to this meter as configured. */
bool roster_meter_is_usable(const struct bus_meter *meter);

/** Index of a meter by its address; ROSTER_NONE. */
int roster_find(const struct roster *roster, const char *meter);

/** The most overdue meter of @p bus whose scheduled read is not on the way; ROSTER_NONE. */
int roster_due(const struct roster *roster, int bus, int64_t now_ms);

/** When roster_due() will have one for any bus; INT64_MAX: never. */
int64_t roster_next_due_ms(const struct roster *roster);

/** Its scheduled read goes out; it is due again one period later, without drift. */
void roster_begin(struct roster *roster, int index, int64_t now_ms);

/* How a job of a meter ended. */
struct roster_outcome {
    bool scheduled; /* it was the schedule's read */
    bool special;   /* it asked for things that not every meter has: silence is no failure */
    bool heard;     /* the meter answered at least once, also with a refusal */
    bool garbled;   /* bytes came that were no answer */
};

/** A job of this meter ended. */
struct roster_news roster_done(struct roster *roster, int index,
                               const struct roster_outcome *outcome);

/** Its scheduled read could not be tried: it is due again at once. */
void roster_again(struct roster *roster, int index, int64_t now_ms);

/** Tries for a scheduled or background read: a dead meter must not hold the bus. */
uint8_t roster_tries(const struct roster *roster, int index);

/** All meters with a schedule are due now (the day has changed). */
void roster_all_due(struct roster *roster, int64_t now_ms);

#endif
