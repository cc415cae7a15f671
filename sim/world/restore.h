/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SHILLING_SIM_WORLD_RESTORE_H
#define SHILLING_SIM_WORLD_RESTORE_H

#include <stdbool.h>

#include "common/compiler.h"

/*
 * The server's disk is lost, and a backup of its database comes back: what was ordered in between
 * is in the provider's books, in the meters and in nobody's database. Between storms, when the
 * books are drained, because of what was under way at a backup no database can tell later.
 */
struct trade;
struct world;

/** Copy the server's database away. */
void restore_backup(struct world *world);

/** Lose the server's disk, bring the copy back and raise the epoch of its numbers. */
void restore_run(struct world *world);

/** True if this order was made after the copy: the database that came back never had it. */
bool restore_lost(const struct world *world, const struct trade *trade);

#endif
