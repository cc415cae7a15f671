/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SHILLING_TESTS_UNIT_COLLECTOR_WORLD_PARTS_H
#define SHILLING_TESTS_UNIT_COLLECTOR_WORLD_PARTS_H

/* What the files of the world share: its processes, its ports, and the cloud's connection. */

#include <stdint.h>

#include <sys/types.h>

#include "drivers/mqtt/mqtt.h"
#include "tests/unit/collector/scratch.h"

struct world {
    char dir[SCRATCH_SIZE];
    uint16_t collector_port;
    uint16_t cloud_port;
    pid_t broker;
    pid_t bus;
    pid_t collector;
    struct mqtt *cloud;
    struct mqtt_event event;
};

/** End the program and say what went wrong, and with what. */
void world_fail(const char *what, const char *detail);

#endif
