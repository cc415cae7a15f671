/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SHILLING_SIM_WORLD_FIELD_LIFE_H
#define SHILLING_SIM_WORLD_FIELD_LIFE_H

#include "collector/desk.h"
#include "collector/exchange.h"
#include "collector/queue.h"
#include "collector/turn.h"
#include "sim/world/field.h"

/* What field.c and field_line.c share: one life of the collector, from its start to its death. */
enum { FIELD_NODE = 2, FIELD_INBOX_MAX = 64, FIELD_RESULTS_MAX = 32, FIELD_PARKED_MAX = 16 };

#define FIELD_FOLDER "/sim/c"

struct field_message {
    char *text; /* @own */
    size_t size;
    enum field_topic topic;
};

struct collector_life {
    struct field *field;
    struct journal *journal;
    struct roster roster;
    struct desk desk;
    struct clock_port clock;
    struct field_message inbox[FIELD_INBOX_MAX];
    size_t inbox_first;
    size_t inbox_count;
    struct job_result results[FIELD_RESULTS_MAX];
    size_t result_first;
    size_t result_count;
    int64_t repeat_ms; /* when unacknowledged answers go out again */
    int scheduled;     /* reads of the schedule on their way */
    struct job scheduled_job;
    struct bus_reading reading;
    uint64_t seq_sent;   /* readings: all up to this are sent, all up to ... */
    uint64_t seq_acked;  /* ... this acknowledged */
    int64_t readings_ms; /* since when nothing more is */
    struct queue queue;
    struct exchange x;
    struct turn turns[JOB_PRIO_COUNT + FIELD_PARKED_MAX];
    bool turn_used[JOB_PRIO_COUNT + FIELD_PARKED_MAX];
    struct turn *active[JOB_PRIO_COUNT];
    struct turn *parked[FIELD_PARKED_MAX];
    struct job job;
};

/** Planted bug: a start finds no tombstone that the last life made. */
void field_forget_voids(struct journal *journal);

/* The schedule and its readings (field_uplink.c). */
void field_uplink_schedule(struct collector_life *life);
void field_uplink_result(struct collector_life *life, const struct job_result *result);
void field_uplink_readings(struct collector_life *life);
void field_uplink_ack(struct collector_life *life, const char *text, size_t size);
void field_uplink_repeat(struct collector_life *life);

void field_line_main(void *life);
bool field_line_push(struct collector_life *life, const struct job *job);

#endif
