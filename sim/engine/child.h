/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SHILLING_SIM_ENGINE_CHILD_H
#define SHILLING_SIM_ENGINE_CHILD_H

#include <stddef.h>

#include <sys/types.h>

#include "sim/engine/engine.h"

/** Memory that parent and children share, zeroed. Lack of it ends the program. */
void *child_memory(size_t size);
void child_memory_free(void *memory, size_t size);

/** Live one history in a child; @p ret_result (shared) tells what came of it. */
pid_t child_begin(const struct world_config *config, struct engine_result *ret_result);
/** Split a child off that goes on from here: 0 in the child. */
pid_t child_split(void);
/** Wait for its end. */
void child_end(pid_t pid);
/** Wait for the first one to end. @return who it was */
pid_t child_end_any(void);

/** In a child: its end. */
_Noreturn void child_exit(bool sound);
/** In a child: write down what the history has come to, and end the process. */
_Noreturn void child_finish(struct world *world, struct engine_result *ret_result, bool sound);

#endif
