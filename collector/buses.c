/* SPDX-License-Identifier: Apache-2.0 */

/*
 * What the main loop does with its buses: feed them by the schedule, take their results.
 *
 * The schedule keeps each bus two meters ahead: one is being read while the other waits, so the bus
 * never idles while the loop syncs the journal, and the queue never fills with a thousand meters.
 */
#include <string.h>

#include <unistd.h>

#include "collector/collector_internal.h"
#include "common/log.h"
#include "common/must.h"
#include "common/str.h"

enum {
    SCHEDULE_AHEAD = 2,
    SCHEDULE_PATIENCE_MS = 600000, /* a scheduled read may wait behind everything else */
};

/* --- the schedule ---------------------------------------------------------------------------- */

static void schedule_one(struct collector *collector, int bus, int meter)
{
    const struct roster_meter *entry = &collector->roster->meters[meter];
    struct job job;
    memset(&job, 0, sizeof(job));
    job.command.op = BUS_OP_READ;
    memcpy(job.command.u.read.items, entry->meter.items, sizeof(job.command.u.read.items));
    job.command.u.read.item_count = entry->meter.item_count;
    job.meter = entry->meter;
    job.prio = JOB_PRIO_SCHEDULE;
    job.tries = roster_tries(collector->roster, meter);
    job.accepted_ms = collector_now_ms(collector);
    job.begin_last_ms = job.accepted_ms + SCHEDULE_PATIENCE_MS;
    if (line_push(collector->lines[bus].line, &job)) {
        roster_begin(collector->roster, meter, job.accepted_ms);
        collector->lines[bus].scheduled += 1;
    }
}

void collector_schedule(struct collector *collector, int bus)
{
    if (!line_status_get(collector->lines[bus].line).open) {
        return; /* its reads would fail at once, and be gone until their next time */
    }
    while (collector->lines[bus].scheduled < SCHEDULE_AHEAD) {
        int before = collector->lines[bus].scheduled;
        int meter = roster_due(collector->roster, bus, collector_now_ms(collector));
        if (meter == ROSTER_NONE) {
            return;
        }
        schedule_one(collector, bus, meter);
        if (collector->lines[bus].scheduled == before) {
            return; /* the queue is full; a result will bring us back */
        }
    }
}

static void reading_store(struct collector *collector, const struct job_result *result)
{
    struct bus_reading reading = {.ts = clock_wall_s(&collector->clock)};
    const struct bus_reply *reply = &result->reply;
    MUST(str_copy(reading.meter, sizeof(reading.meter), result->meter));
    for (size_t i = 0; i < reply->value_count && i < ARRAY_COUNT(reading.values); i++) {
        reading.values[i] = reply->values[i];
        reading.value_count += 1;
    }
    reading.silent = reading.value_count == 0;
    enum err err = journal_reading_add(collector->journal, &reading, 1);
    if (err == ERR_RANGE && !collector->readings_full_told) {
        collector->readings_full_told = true;
        collector_tell(collector, "readings_full", "", "",
                       "too many unacknowledged readings are kept");
    } else if (err == OK) {
        collector->readings_full_told = false;
    } else if (err != ERR_RANGE) {
        collector_tell_journal(collector, "readings cannot be stored");
    }
}

/* --- results --------------------------------------------------------------------------------- */

static void tell_news(struct collector *collector, int bus, const char *meter,
                      const struct roster_news *news)
{
    const char *name = collector->settings.buses[bus].name;
    if (news->meter_silent) {
        collector_tell(collector, "meter_silent", name, meter, "no answer three times in a row");
    }
    if (news->meter_back) {
        collector_tell(collector, "meter_back", name, meter, "it answers again");
    }
    if (news->bus_silent) {
        collector_tell(collector, "bus_silent", name, "",
                       "no meter of this bus answers: look at its wiring, power and baud rate");
    }
    if (news->bus_wrong_baud) {
        collector_tell(collector, "wrong_baud", name, "",
                       "no meter answers, but bytes come that are no frames: baud rate or parity");
    }
    if (news->bus_back) {
        collector_tell(collector, "bus_back", name, "", "meters answer again");
    }
}

void collector_result(struct collector *collector, int bus)
{
    struct job_result *result = &collector->result;
    if (result->scheduled) {
        collector->lines[bus].scheduled -= 1;
    }
    int meter = roster_find(collector->roster, result->meter);
    /* A missing device says nothing about its meters. */
    bool device = !str_equal(result->reply.error, BUS_ERROR_BUS_FAULT);
    bool tried = device && (result->heard || result->garbled ||
                            str_equal(result->reply.error, BUS_ERROR_METER_SILENT));
    struct roster_news news = {0};
    if (meter != ROSTER_NONE && collector->roster->meters[meter].bus == bus) {
        if (tried) {
            const struct roster_outcome outcome = {.scheduled = result->scheduled,
                                                   .special = !result->scheduled &&
                                                              result->prio > JOB_PRIO_LIVE,
                                                   .heard = result->heard,
                                                   .garbled = result->garbled};
            news = roster_done(collector->roster, meter, &outcome);
        } else if (result->scheduled) {
            roster_again(collector->roster, meter, collector_now_ms(collector));
        }
    }
    /* First the bus gets its next meter, then the disk its reading. */
    collector_schedule(collector, bus);
    if (!result->scheduled) {
        desk_result(&collector->desk, result);
    } else if (device) {
        reading_store(collector, result);
        uplink_readings(collector->uplink);
    }
    tell_news(collector, bus, result->meter, &news);
}

static void look_at_status(struct collector *collector, int bus)
{
    struct bus_line *line = &collector->lines[bus];
    const struct settings_bus *settings = &collector->settings.buses[bus];
    struct line_status status = line_status_get(line->line);
    if (status.change_count == line->status_seen) {
        return;
    }
    bool first = line->status_seen == 0;
    line->status_seen = status.change_count;
    if (!status.open) {
        char detail[BUS_DETAIL_SIZE];
        str_format_cut(detail, sizeof(detail), "%s: %s; trying again", settings->device,
                       err_name(status.why));
        collector_tell(collector, "bus_fault", settings->name, "", detail);
    } else {
        log_info("bus %s: %s at %u baud", settings->name, settings->device,
                 (unsigned)settings->baud);
        if (!status.parity_kept) {
            log_warn("bus %s: the device does not keep even parity, continuing", settings->name);
        }
        collector_schedule(collector, bus);
        if (!first) {
            collector_tell(collector, "bus_back", settings->name, "", "the device is there again");
        }
    }
}

void collector_notified(struct collector *collector)
{
    uint64_t count = 0;
    ssize_t ignored = read(collector->notify_fd, &count, sizeof(count));
    (void)ignored;
    for (size_t i = 0; i < collector->settings.bus_count; i++) {
        look_at_status(collector, (int)i);
        while (line_result_pop(collector->lines[i].line, &collector->result)) {
            collector_result(collector, (int)i);
        }
    }
}
