/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SHILLING_CLOUD_COMMAND_CARD_H
#define SHILLING_CLOUD_COMMAND_CARD_H

#include "cloud/app.h"
#include "cloud/settings.h"

/**
 * shilling-cloud card ...: the issuing desk. @p words are what follows "card", borrowed. Answers
 * are one JSON object on standard output. Blocks: until the service has answered.
 */
enum app_exit command_card(const struct settings *settings, const char *const *words,
                           int word_count);

#endif
