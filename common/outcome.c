/* SPDX-License-Identifier: Apache-2.0 */
#include "common/outcome.h"

#include <string.h>

static const char *const OUTCOME_NAMES[OUTCOME_COUNT] = {
    [OUTCOME_UNKNOWN] = "unknown",
    [OUTCOME_DONE] = "done",
    [OUTCOME_NOT_DONE] = "not_done",
};

const char *outcome_name(enum outcome outcome)
{
    return outcome < OUTCOME_COUNT ? OUTCOME_NAMES[outcome] : "unknown";
}

bool outcome_parse(const char *name, enum outcome *ret_outcome)
{
    for (int i = 0; i < OUTCOME_COUNT; i++) {
        if (strcmp(name, OUTCOME_NAMES[i]) == 0) {
            *ret_outcome = (enum outcome)i;
            return true;
        }
    }
    return false;
}
