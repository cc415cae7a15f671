/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SHILLING_SIM_WORLD_MORNING_H
#define SHILLING_SIM_WORLD_MORNING_H

#include <stdbool.h>

#include "common/compiler.h"

struct trade;
struct world;

/** Let the night pass and both wallets' bills be worked off. False: they were not. */
MUST_CHECK bool morning_bills(struct world *world);

/** On the server: did a bill raise the question @p word ("NOT_OURS", ...) about this payment? */
bool morning_found(struct world *world, const struct trade *trade, const char *word);

#endif
