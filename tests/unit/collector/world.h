/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SHILLING_TESTS_UNIT_COLLECTOR_WORLD_H
#define SHILLING_TESTS_UNIT_COLLECTOR_WORLD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "drivers/mqtt/mqtt.h"
#include "protocol/bus/command.h"
#include "protocol/bus/reply.h"
#include "protocol/bus/report.h"

/*
 * The real programs around a test that plays the cloud: mosquitto with the product's own templates
 * and a CA made for the test, an emulated bus, the collector. All on loopback, ports from the
 * system. A step that does not happen within WORLD_WAIT_MS ends the program with a message.
 */
enum {
    WORLD_WAIT_MS = 60000, /* the collector repeats after 30 s what nobody acknowledged */
    WORLD_PATH_SIZE = 384,
};

#define WORLD_COLLECTOR "col-1"

struct world;

struct world *world_create(void);
void world_destroy(struct world *world);

/** Path of a file in the world's folder. Returns @p ret_path. */
char *world_path(const struct world *world, const char *name, char ret_path[WORLD_PATH_SIZE]);

void world_broker_start(struct world *world);
void world_broker_kill(struct world *world);

/** @p meters: the list inside `meters = ( ... )` of the emulator's configuration. */
void world_bus_start(struct world *world, uint32_t baud, const char *meters);
void world_bus_stop(struct world *world);
/** One command to the emulator's control socket; its answer in @p ret_answer. */
void world_bus_say(struct world *world, const char *command, char *ret_answer, size_t answer_size);

/** Start the collector with its bus at @p baud; @p limit_bytes > 0 limits the size of its files. */
void world_collector_start(struct world *world, uint32_t baud, uint64_t limit_bytes);
void world_collector_kill(struct world *world, int signal_number);
/** Run the collector with these arguments to its end; returns its exit code. */
int world_collector_run(struct world *world, const char *config, char *ret_output,
                        size_t output_size);

/** Connect as the cloud, or with another identity (the common name of a certificate). */
struct mqtt *world_connect(struct world *world, const char *identity, bool as_collector);

/* What the cloud has heard. Each waits; what is not waited for is passed over. */
void world_wait_state(struct world *world, bool online, struct bus_state *ret_state);
void world_wait_reply(struct world *world, const char *id, struct bus_reply *ret_reply);
void world_wait_reading(struct world *world, uint64_t seq_min, struct bus_readings *ret_readings);
void world_wait_event(struct world *world, const char *kind, struct bus_event *ret_event);
/** True if a reply to @p id comes within @p ms. */
bool world_hears_reply(struct world *world, const char *id, int ms, struct bus_reply *ret_reply);

/* What the cloud says. */
void world_say(struct world *world, const char *what, const char *text);
void world_say_command(struct world *world, const struct bus_command *command);
void world_ack(struct world *world, uint32_t epoch, uint64_t seq);

#endif
