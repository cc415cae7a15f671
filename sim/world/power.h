/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SHILLING_SIM_WORLD_POWER_H
#define SHILLING_SIM_WORLD_POWER_H

#include <stdbool.h>
#include <stdint.h>

#include "common/compiler.h"
#include "sim/world/kiosk.h"

/*
 * The machines of a world, each with a power of its own that may go: the server, the collector (a
 * world with cards has none) and the terminals "k1", "k2", ... with their journals.
 */
enum {
    POWER_CLOUD,
    POWER_COLLECTOR,
    POWER_TERMINAL, /* the first one */
    POWER_MACHINES = POWER_TERMINAL + KIOSKS_MAX,
    POWER_NAME_SIZE = 16,
};

struct world;
struct world_config;

/* A power cut to come: after so many steps in which that machine is on. */
struct power_plan {
    uint32_t machine;
    uint64_t steps; /* 0: none is planned */
};

/** A world of that kind has such a machine. */
bool power_exists(const struct world_config *config, uint32_t machine);
/** It has power now: there is something to cut. */
bool power_is_on(const struct world *world, uint32_t machine);
/** Cut it. Does not return if the caller runs on it. It comes up again by itself. */
void power_cut(struct world *world, uint32_t machine);
/** At every step: cut what is planned when its time has come. May not return. */
void power_step(struct world *world);

/** "cloud", "collector", "k1", ... */
void power_name(uint32_t machine, char ret_name[POWER_NAME_SIZE]);
MUST_CHECK bool power_find(const char *name, uint32_t *ret_machine);

#endif
