/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SHILLING_TESTS_UNIT_COLLECTOR_FAKE_BUS_H
#define SHILLING_TESTS_UNIT_COLLECTOR_FAKE_BUS_H

#include <stddef.h>
#include <stdint.h>

#include "tests/unit/collector/fake_meter.h"

/*
 * A bus on a pseudo-terminal with fake meters on it, served by a thread, without pacing: answers
 * come at once or after reply_ms. Lock it to look at the meters while it runs.
 */
enum { FAKE_BUS_METERS_MAX = 8, FAKE_BUS_PATH_SIZE = 64, FAKE_BUS_ORDER_MAX = 256 };

struct fake_bus;

struct fake_bus *fake_bus_create(int reply_ms);

/** The device to open. After fake_bus_unplug() and fake_bus_plug() it is the same path. */
const char *fake_bus_path(const struct fake_bus *bus);

/** Add a meter; returns it. Lock the bus for looking at it or changing it. */
struct fake_meter *fake_bus_add(struct fake_bus *bus, const char *address);

void fake_bus_lock(struct fake_bus *bus);
void fake_bus_unlock(struct fake_bus *bus);

/** The frames that came, in order: the last digit of the address and the control byte's letter:
 * r read, c control 03, o relay. Call locked. */
const char *fake_bus_order(const struct fake_bus *bus);

/** The adapter is pulled: the terminal's other end is closed. And put back. */
void fake_bus_unplug(struct fake_bus *bus);
void fake_bus_plug(struct fake_bus *bus);

void fake_bus_destroy(struct fake_bus *bus);

#endif
