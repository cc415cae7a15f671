/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SHILLING_CLOUD_COMMANDS_H
#define SHILLING_CLOUD_COMMANDS_H

#include "cloud/app.h"
#include "cloud/settings.h"
#include "common/compiler.h"

/*
 * The subcommands that change something. While the service is running they ask it to, over its
 * admin socket; otherwise they open the database themselves.
 */

/** seed FILE */
MUST_CHECK enum app_exit command_seed(const struct settings *settings, const char *file);

/** dev-enrol terminal|collector|broker NAME --out DIR */
MUST_CHECK enum app_exit command_dev_enrol(const struct settings *settings, const char *kind,
                                           const char *name, const char *out);

/** revoke terminal|collector|broker NAME */
MUST_CHECK enum app_exit command_revoke(const struct settings *settings, const char *kind,
                                        const char *name);

#endif
