/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SHILLING_SIM_WORLD_GATEWAY_CANARY_H
#define SHILLING_SIM_WORLD_GATEWAY_CANARY_H

#include <stdbool.h>

#include "protocol/bus/command.h"
#include "protocol/bus/reply.h"

/* Planted bugs between server and collector. Each does nothing unless it is planted. */
struct world;

/** A command leaves the server, changed or not. True: it is answered here and goes no further. */
bool gateway_canary_send(struct world *world, struct bus_command *command);
/** A reply reaches the server; @p meter: its address, "" if it is not a question's. */
void gateway_canary_reply(struct world *world, struct bus_reply *reply);

#endif
