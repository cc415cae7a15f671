/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SHILLING_SIM_WORLD_RELAYS_H
#define SHILLING_SIM_WORLD_RELAYS_H

struct world;

/** On the server, when all is over: relays and charges of the meters that keep no balance. */
void relays_check(struct world *world);

#endif
