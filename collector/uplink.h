/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SHILLING_COLLECTOR_UPLINK_H
#define SHILLING_COLLECTOR_UPLINK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "collector/journal.h"
#include "common/clock.h"
#include "common/compiler.h"
#include "common/err.h"
#include "common/rng.h"
#include "drivers/mqtt/mqtt.h"
#include "protocol/bus/report.h"
#include "protocol/bus/topic.h"

/*
 * What leaves the collector: presence, readings and answers out of the journal until the cloud has
 * acknowledged them, events. Not thread safe: the main loop's.
 */
enum {
    UPLINK_EVENTS_MAX = 64,      /* waiting for a connection; the oldest make room */
    UPLINK_WINDOW = 64,          /* readings sent and not acknowledged */
    UPLINK_REPEAT_MS = 30000,    /* answers and readings that nobody acknowledged */
    UPLINK_TICK_MS = 5000,       /* how often it is looked whether something is overdue */
    UPLINK_REPLY_EXPIRY_S = 120, /* of an answer that is not journalled: nobody waits longer */
};

struct uplink;

struct uplink_config {
    const char *id; /* the collector's name */
    const char *version;
    struct mqtt_config mqtt; /* host to reconnect; identity, topics and will are set here */
    struct journal *journal;
    struct rng_port rng;
    struct clock_port clock;
    int64_t wall_ms; /* for the boot id */
};

/** @return as mqtt_create(). Blocks: no. Allocates: yes. */
MUST_CHECK enum err uplink_create(const struct uplink_config *config, struct uplink **ret_uplink);

/** Tell the broker that we go, and free everything; NULL is fine. */
void uplink_destroy(struct uplink *uplink);

/** The descriptor of mqtt_fd(). */
int uplink_fd(const struct uplink *uplink);

/** The next message from the cloud; connects and losses are handled inside. */
MUST_CHECK bool uplink_next(struct uplink *uplink, enum bus_topic *ret_topic,
                            struct mqtt_event *ret_event);

/** Which configuration is in force ("": none); told to the cloud. */
void uplink_config_version_set(struct uplink *uplink, const char *version);

/** Send an answer once. One that is journalled is repeated from the journal anyway. */
void uplink_reply(struct uplink *uplink, const char *text, size_t size);

/** Keep an event until it can be sent. Texts of the event are ours: short, ASCII. */
void uplink_event(struct uplink *uplink, const struct bus_event *event);

/** Send readings of the journal as far as the window allows. */
void uplink_readings(struct uplink *uplink);

/** The cloud has committed readings up to @p ack. */
void uplink_ack(struct uplink *uplink, const struct bus_ack *ack);

/** Repeat what is overdue. Returns when to call again (monotonic ms). */
int64_t uplink_tick(struct uplink *uplink, int64_t now_ms);

#endif
