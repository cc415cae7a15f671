/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SHILLING_DRIVERS_CARDD_SPAWN_H
#define SHILLING_DRIVERS_CARDD_SPAWN_H

#include <stdbool.h>

#include <sys/types.h>

#include "common/compiler.h"

/* Starting another program, without a shell. */

enum { SPAWN_CHANNEL = 3 /* the descriptor under which a program finds its channel */ };

struct spawn {
    char *const *argv; /* [0] is the path of the program; NULL at the end */
    char *const *environment;
    int channel;    /* given to it as SPAWN_CHANNEL; -1: none */
    bool own_group; /* to be killed with all that it started; reads nothing, obeys all signals */
};

/**
 * Start it, with none of our blocked signals and no descriptor that is closed at exec().
 *
 * @return 0, or what errno would be
 *
 * Blocks: no. Allocates: yes.
 */
MUST_CHECK int spawn_program(const struct spawn *spawn, pid_t *ret_pid);

#endif
