/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SHILLING_CLOUD_COMMAND_REVIEW_H
#define SHILLING_CLOUD_COMMAND_REVIEW_H

#include "cloud/app.h"
#include "cloud/settings.h"
#include "common/compiler.h"

/**
 * review ...: list and settle open items. Looking works also while the service is down; deciding
 * does not, because a decision leads to work that only the service can do.
 *
 * @param words the words behind "review"
 */
MUST_CHECK enum app_exit command_review(const struct settings *settings, const char *const *words,
                                        int word_count);

/** ledger [epoch]: audit the books; exit code 1 if something is found. */
MUST_CHECK enum app_exit command_ledger(const struct settings *settings, const char *const *words,
                                        int word_count);

#endif
