/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SHILLING_COLLECTOR_COLLECTOR_H
#define SHILLING_COLLECTOR_COLLECTOR_H

#include <stddef.h>

#include "collector/settings.h"
#include "common/compiler.h"
#include "common/err.h"

/* The program's parts put together, and its loop. */
struct collector;

/**
 * Open the journal, start the buses and the connection.
 * @return OK, or why not, with a sentence in @p ret_message
 * Blocks: for the journal. Allocates: yes.
 */
MUST_CHECK enum err collector_create(const struct settings *settings, const char *version,
                                     struct collector **ret_collector, char *ret_message,
                                     size_t message_size);

/** Work until @p stop_fd becomes readable. */
void collector_run(struct collector *collector, int stop_fd);

/** Finish running credits, say good-bye to the broker, free everything; NULL is fine. */
void collector_destroy(struct collector *collector);

#endif
