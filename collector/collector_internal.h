/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SHILLING_COLLECTOR_COLLECTOR_INTERNAL_H
#define SHILLING_COLLECTOR_COLLECTOR_INTERNAL_H

#include <stdbool.h>
#include <stdint.h>

#include "collector/collector.h"
#include "collector/desk.h"
#include "collector/journal.h"
#include "collector/line.h"
#include "collector/roster.h"
#include "collector/uplink.h"
#include "common/clock.h"

/* Inside of the main loop, shared by its two files. */

struct bus_line {
    struct line *line;
    uint32_t status_seen;
    int scheduled; /* reads of the schedule that are on the way */
};

struct collector {
    struct settings settings;
    struct clock_port clock;
    struct journal *journal;
    struct uplink *uplink;
    struct roster *roster;
    struct desk desk;
    struct bus_line lines[SETTINGS_BUSES_MAX];
    int notify_fd;
    int64_t day;
    int64_t probe_ms;
    int64_t uplink_ms;
    bool journal_told;
    bool readings_full_told;
    struct job_result result;
    struct bus_meter *meters; /* room for decoding a configuration */
};

static inline int64_t collector_now_ms(const struct collector *collector)
{
    return clock_mono_ms(&collector->clock);
}

/** Log it and tell the cloud. @p bus and @p meter may be "". */
void collector_tell(struct collector *collector, const char *kind, const char *bus,
                    const char *meter, const char *detail);

/** The journal is in trouble: told once, until it can be written again. */
void collector_tell_journal(struct collector *collector, const char *detail);

/** Give the bus what the schedule wants, up to two meters ahead. */
void collector_schedule(struct collector *collector, int bus);

/** Take collector->result, of @p bus. */
void collector_result(struct collector *collector, int bus);

/** Results or a new status are there. */
void collector_notified(struct collector *collector);

#endif
