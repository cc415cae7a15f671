/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SHILLING_DRIVERS_CARDD_SUPERVISOR_H
#define SHILLING_DRIVERS_CARDD_SUPERVISOR_H

#include "common/compiler.h"
#include "drivers/cardd/settings.h"

/**
 * Open the socket, start the worker and serve until @p stop_fd becomes readable; then let the
 * request under way come to its end.
 *
 * @param config  path of the configuration, which the worker reads too
 * @return false after an error that was logged and that only a person or a restart mends
 *
 * Blocks: yes. Allocates: yes.
 */
MUST_CHECK bool supervisor_run(const struct settings *settings, const char *config, int stop_fd);

#endif
