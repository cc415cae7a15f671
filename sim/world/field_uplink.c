/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The schedule's reads and their way to the cloud, as collector/buses.c and collector/uplink.c have
 * them: the bus is kept two meters ahead, a reading is on the disk before it leaves, and it leaves
 * again until the cloud says that it is stored.
 */
#include <string.h>

#include "common/must.h"
#include "common/str.h"
#include "sim/kernel/kernel.h"
#include "sim/world/field_life.h"

enum {
    SCHEDULE_AHEAD = 2,
    SCHEDULE_PATIENCE_MS = 600000,
    WINDOW = 64,
    REPEAT_MS = 30000,
};

static int64_t now_of(const struct collector_life *life)
{
    return clock_mono_ms(&life->clock);
}

/* ---- the schedule ---- */

static bool schedule_one(struct collector_life *life, int meter)
{
    const struct roster_meter *entry = &life->roster.meters[meter];
    struct job *job = &life->scheduled_job;
    memset(job, 0, sizeof(*job));
    job->command.op = BUS_OP_READ;
    memcpy(job->command.u.read.items, entry->meter.items, sizeof(job->command.u.read.items));
    job->command.u.read.item_count = entry->meter.item_count;
    job->meter = entry->meter;
    job->prio = JOB_PRIO_SCHEDULE;
    job->tries = roster_tries(&life->roster, meter);
    job->accepted_ms = now_of(life);
    job->begin_last_ms = job->accepted_ms + SCHEDULE_PATIENCE_MS;
    if (!field_line_push(life, job)) {
        return false;
    }
    roster_begin(&life->roster, meter, job->accepted_ms);
    life->scheduled += 1;
    return true;
}

void field_uplink_schedule(struct collector_life *life)
{
    bool pushed = true;
    while (pushed && life->scheduled < SCHEDULE_AHEAD) {
        const int meter = roster_due(&life->roster, 0, now_of(life));
        pushed = meter != ROSTER_NONE && schedule_one(life, meter);
    }
}

/* ---- readings ---- */

static void store_reading(struct collector_life *life, const struct job_result *result)
{
    struct bus_reading *reading = &life->reading;
    *reading = (struct bus_reading){.ts = clock_wall_s(&life->clock)};
    MUST(str_copy(reading->meter, sizeof(reading->meter), result->meter));
    for (size_t i = 0; i < result->reply.value_count && i < ARRAY_COUNT(reading->values); i++) {
        reading->values[i] = result->reply.values[i];
        reading->value_count += 1;
    }
    reading->silent = reading->value_count == 0;
    /* What cannot be stored is read again one period later. */
    (void)!journal_reading_add(life->journal, reading, 1);
}

void field_uplink_result(struct collector_life *life, const struct job_result *result)
{
    const int meter = roster_find(&life->roster, result->meter);
    const struct roster_outcome outcome = {.scheduled = result->scheduled,
                                           .special =
                                               !result->scheduled && result->prio > JOB_PRIO_LIVE,
                                           .heard = result->heard,
                                           .garbled = result->garbled};
    const bool tried =
        result->heard || result->garbled || str_equal(result->reply.error, BUS_ERROR_METER_SILENT);
    MUST(meter != ROSTER_NONE);
    if (tried) {
        (void)roster_done(&life->roster, meter, &outcome);
    } else if (result->scheduled) {
        roster_again(&life->roster, meter, now_of(life));
    }
    if (result->scheduled) {
        life->scheduled -= 1;
        store_reading(life, result);
        field_uplink_readings(life);
    }
}

void field_uplink_readings(struct collector_life *life)
{
    char text[DESK_TEXT_SIZE];
    size_t size = 0;
    uint64_t seq = 0;
    while (life->seq_sent < life->seq_acked + WINDOW &&
           journal_reading_next(life->journal, life->seq_sent, &seq, text, sizeof(text), &size) ==
               OK) {
        if (life->seq_sent == life->seq_acked) {
            life->seq_acked = seq - 1;
            life->readings_ms = now_of(life);
        }
        life->seq_sent = seq;
        field_reading(life->field, text, size);
    }
}

void field_uplink_ack(struct collector_life *life, const char *text, size_t size)
{
    struct bus_ack ack;
    struct bus_fault fault;
    const bool ours = bus_ack_decode(text, size, &ack, &fault) == OK &&
                      ack.epoch == journal_epoch(life->journal) && ack.seq > life->seq_acked;
    if (!ours) {
        return;
    }
    const uint64_t seq = ack.seq < life->seq_sent ? ack.seq : life->seq_sent;
    if (journal_reading_ack(life->journal, seq) == OK) {
        life->seq_acked = seq;
        life->readings_ms = now_of(life);
        field_uplink_readings(life);
    }
}

void field_uplink_repeat(struct collector_life *life)
{
    if (life->seq_sent > life->seq_acked && now_of(life) >= life->readings_ms + REPEAT_MS) {
        life->seq_sent = life->seq_acked;
        life->readings_ms = now_of(life);
        field_uplink_readings(life);
    }
}
