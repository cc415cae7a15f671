/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SHILLING_SIM_WORLD_FIELD_H
#define SHILLING_SIM_WORLD_FIELD_H

#include <stdbool.h>
#include <stddef.h>

#include "common/rng.h"
#include "sim/world/meters.h"

/*
 * The collector: its real desk, journal, queue, turns and exchanges, with two fibers in the place
 * of its two threads (main loop, bus) and the simulated wire and broker in the place of theirs.
 */
struct collector_life; /* what dies with the machine (field_life.h) */

/* What comes over the broker. */
enum field_topic { FIELD_COMMAND, FIELD_REPLIED, FIELD_ACK };

struct field {
    struct world *world;
    struct meters *meters;
    struct rng_port rng;
    struct collector_life *life;      /* NULL: down */
    uint32_t generations[METERS_MAX]; /* of the newest relay frame that left, by meter */
};

/** Switch the machine on. */
void field_start(struct field *field);
/** It dies; @p power: with its disk's unsynced writes. Starts again by itself. */
void field_crash(struct field *field, bool power);
/** Its disk is lost: it starts again with an empty one. */
void field_lose_disk(struct field *field);
/** A message of the broker's. */
void field_receive(struct field *field, const void *text, size_t size, enum field_topic topic);

/*
 * What it needs of the world (field_world.c). Server and collector both have a "struct job", so
 * their headers do not meet.
 */
void field_reply(struct field *field, const char *text, size_t size);
void field_reading(struct field *field, const char *text, size_t size);
void field_state(struct field *field, uint32_t epoch);
void field_fail(struct field *field, const char *what);
/** A relay frame leaves. */
void field_relay_sent(struct field *field, const char *address, uint32_t generation);
/** The cloud's configuration of a meter: seconds between scheduled reads. */
uint32_t field_schedule_s(void);
int64_t field_down_ms(struct field *field);

#endif
