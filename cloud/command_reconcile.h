/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SHILLING_CLOUD_COMMAND_RECONCILE_H
#define SHILLING_CLOUD_COMMAND_RECONCILE_H

#include "cloud/app.h"
#include "cloud/settings.h"
#include "common/compiler.h"

/**
 * reconcile --day DAY ...: fetch the bills of a day, compare them with our books, and print what
 * came of it. May be run again at any time. Without the service it prints what the last
 * comparison left in the database.
 *
 * @param words the words behind "reconcile"
 * @return APP_EXIT_OK nothing is open, APP_EXIT_FAILED there are open findings, APP_EXIT_USAGE it
 *         could not be done, or not be asked for so; said on standard error
 * Blocks: up to a minute for each wallet.
 */
MUST_CHECK enum app_exit command_reconcile(const struct settings *settings,
                                           const char *const *words, int word_count);

#endif
