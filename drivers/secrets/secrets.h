/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SHILLING_DRIVERS_SECRETS_SECRETS_H
#define SHILLING_DRIVERS_SECRETS_SECRETS_H

#include <stdbool.h>

#include "common/compiler.h"

/**
 * Keep what this process knows out of core files, and out of the reach of other programs of the
 * same user (ptrace, /proc/PID/mem). Root may still look. From now on JSON values are wiped when
 * they are freed, for keys stand in some. Called at the start of main, before a key is read and
 * before any JSON; a child inherits the limit, and needs a call of its own after exec().
 *
 * The core limit alone does not stop a core_pattern that is a pipe, the other does: core(5),
 * PR_SET_DUMPABLE(2const).
 *
 * Blocks: no. Allocates: no.
 *
 * @return false if the kernel refuses (which it has no reason to)
 */
MUST_CHECK bool secrets_guard(void);

/**
 * free() of what malloc() gave, wiped before. What realloc() leaves behind it cannot know: grow
 * such areas by malloc(), a copy, and this. NULL is allowed.
 *
 * Blocks: no. Allocates: no.
 */
void secrets_free(void *area);

#endif
