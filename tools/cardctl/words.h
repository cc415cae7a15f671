/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SHILLING_TOOLS_CARDCTL_WORDS_H
#define SHILLING_TOOLS_CARDCTL_WORDS_H

#include <stdio.h>

#include "common/json/json.h"

/** Print the report of explain_json() in plain words. */
void words_print(FILE *out, const json_t *report);

/** Print a JSON value, indented, with a line end. False: no memory. */
MUST_CHECK bool words_print_json(FILE *out, const json_t *json);

#endif
