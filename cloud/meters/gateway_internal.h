/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SHILLING_CLOUD_METERS_GATEWAY_INTERNAL_H
#define SHILLING_CLOUD_METERS_GATEWAY_INTERNAL_H

#include <stdatomic.h>

#include "cloud/meters/gateway.h"
#include "drivers/mqtt/mqtt.h"
#include "drivers/thread/monitor.h"
#include "drivers/thread/thread.h"
#include "protocol/bus/report.h"
#include "protocol/bus/topic.h"
#include "protocol/bus/value.h"

/* What the gateway's files share with each other and with nobody else. */

struct question {
    char id[ID_TEXT_SIZE]; /* empty: place free */
    int64_t deadline_ms;   /* monotonic */
    gateway_answer answer;
    void *self;
};

struct collector {
    char id[BUS_COLLECTOR_SIZE];
    bool trusted; /* it has a key that is not revoked, or no keys are wanted */
    bool online;
    uint32_t epoch;
    char boot[ID_TEXT_SIZE];        /* of the run that spoke last, and of the one before it */
    char boot_before[ID_TEXT_SIZE]; /* while it never went offline; empty: none */
    char config[BUS_NAME_SIZE];     /* version it says it has; empty: none */
    char sent[BUS_NAME_SIZE];       /* version sent last ... */
    int64_t sent_ms;                /* ... and when; it has not been able to say so yet */
    int64_t double_told_ms;         /* when two under one name were last reported; 0: never */
};

struct gateway {
    struct gateway_config config;
    struct mqtt *mqtt;
    gateway_sink sink;
    void *sink_self;
    struct thread thread;
    bool started;
    int wake_fd;
    char text[BUS_TEXT_SIZE_MAX]; /* the thread's own */
    bool said_offline;            /* the log has it already */
    bool said_full;

    struct monitor monitor; /* guards what follows */
    bool stopping;
    bool catalog_changed;
    struct question questions[GATEWAY_QUESTIONS_MAX];
    size_t question_count;
    struct collector collectors[GATEWAY_COLLECTORS_MAX];
    size_t collector_count;
    struct gateway_counters counters;
};

/** Publish an encoded message; the broker drops it after @p expiry_s (0: never). */
MUST_CHECK enum err gateway_publish(struct gateway *gateway, const char *collector_id,
                                    enum bus_topic topic, const char *text, size_t size,
                                    uint32_t expiry_s);

/* gateway_collectors.c */
/** Inside the monitor: the collector, or NULL. */
struct collector *gateway_find(struct gateway *gateway, const char *collector_id);
/** True if what this collector says may be taken. */
bool gateway_admits(struct gateway *gateway, const char *collector_id);
/** Load the list from the database; what is known of those that stay is kept. */
void gateway_load_collectors(struct gateway *gateway);
/** A new connection to the broker: who lives is told by the states that come now. */
void gateway_forget_presence(struct gateway *gateway);
void gateway_on_state(struct gateway *gateway, const char *collector_id, const char *text,
                      size_t size);
void gateway_on_hello(struct gateway *gateway, const char *collector_id, const char *text,
                      size_t size);
/** Send its configuration to a collector unless it says that it has it. */
void gateway_push_config(struct gateway *gateway, const char *collector_id);

/* gateway_ingest.c */
void gateway_on_readings(struct gateway *gateway, const char *collector_id, const char *text,
                         size_t size);
void gateway_on_event(struct gateway *gateway, const char *collector_id, const char *text,
                      size_t size);

/** Count and log a message that could not be read. */
void gateway_refuse(struct gateway *gateway, const char *collector_id, const char *what,
                    const struct bus_fault *fault);

#endif
