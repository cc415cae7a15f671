/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SHILLING_SIM_WORLD_BUFFERED_H
#define SHILLING_SIM_WORLD_BUFFERED_H

#include <stddef.h>
#include <stdint.h>

/*
 * In some skies one meter hangs behind a link that holds frames back - a radio unit, a serial
 * server - for longer than any quiet time. A reading that shows no credit proves nothing there.
 */
enum { BUFFERED_ROOM = 4 };

struct meters;
struct world;

/** Before the first tenant comes: the server is told of it, too. */
void buffered_begin(struct world *world);

/** How long the link holds the request @p bytes back, in ms; mostly 0. */
int64_t buffered_held_ms(struct meters *meters, const uint8_t *bytes, size_t size);

#endif
