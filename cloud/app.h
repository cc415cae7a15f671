/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SHILLING_CLOUD_APP_H
#define SHILLING_CLOUD_APP_H

#include "cloud/settings.h"
#include "common/compiler.h"

/* The service as a whole: every part made, joined, started, and stopped again in order. */

enum { APP_WHY_SIZE = 600 };

/** Exit codes of the program. */
enum app_exit {
    APP_EXIT_OK = 0,
    APP_EXIT_FAILED = 1, /* something the operator must put right; said on standard error */
    APP_EXIT_USAGE = 2,  /* wrong command line or configuration */
};

/** Run until SIGTERM or SIGINT. Blocks both in all threads; call it before any is started. */
MUST_CHECK enum app_exit app_run(const struct settings *settings, const char *version);

#endif
