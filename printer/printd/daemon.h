/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SHILLING_PRINTER_PRINTD_DAEMON_H
#define SHILLING_PRINTER_PRINTD_DAEMON_H

#include "common/compiler.h"
#include "printer/printd/settings.h"

/**
 * Open journal, socket and printer and serve until @p stop_fd becomes readable; then finish the
 * job that is under way, for at most its own time.
 *
 * @return false after an error that was logged and that only a person or a restart mends
 * Blocks: yes.
 */
MUST_CHECK bool daemon_run(const struct settings *settings, int stop_fd);

#endif
