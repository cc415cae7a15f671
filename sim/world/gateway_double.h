/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SHILLING_SIM_WORLD_GATEWAY_DOUBLE_H
#define SHILLING_SIM_WORLD_GATEWAY_DOUBLE_H

#include <stddef.h>

#include "cloud/meters/gateway.h"
#include "sim/world/meters.h"

/*
 * cloud/meters/gateway.h over the simulated broker: the same texts as on the wire, encoded and
 * decoded by protocol/bus, without the MQTT client.
 */
enum { GATEWAY_DOUBLE_QUESTIONS = 256 };

struct world;

struct gateway_question {
    char id[ID_TEXT_SIZE]; /* "": place free */
    gateway_answer answer;
    void *self;
};

/* The newest frame that a meter was given, for planted bugs. */
struct gateway_given {
    struct bus_frame frame;
    uint32_t life; /* of the server that gave it first */
};

struct gateway {
    struct world *world;
    gateway_sink sink;
    void *sink_self;
    bool online;
    uint32_t epoch;
    uint32_t run; /* which start of the collector this is */
    struct gateway_question questions[GATEWAY_DOUBLE_QUESTIONS];
    struct gateway_given given[METERS_MAX];
    struct bus_command credit;          /* the newest one that counts, for planted bugs */
    char credit_answered[ID_TEXT_SIZE]; /* the newest credit that was answered */
    /* What the broker retains of the collector, also while the server is down. */
    bool retained;
    uint32_t retained_epoch;
    uint32_t retained_run;
};

/** The server has died or stopped: nothing is known any more but what the broker retains. */
void gateway_double_reset(struct gateway *gateway);
/** The server is connected: the retained state comes. */
void gateway_double_connected(struct gateway *gateway);

/** Hand a command to the broker. */
void gateway_double_publish(struct world *world, const struct bus_command *command);

/** The collector's side: its presence, and an answer. */
void gateway_double_state(struct world *world, uint32_t epoch);
void gateway_double_reading(struct world *world, const char *text, size_t size);
/** The server has stored readings; @p world is a struct world. */
void gateway_double_acknowledge(void *world, const char *text, size_t size);
void gateway_double_reply(struct world *world, const char *text, size_t size);

#endif
