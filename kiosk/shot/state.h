/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SHILLING_KIOSK_SHOT_STATE_H
#define SHILLING_KIOSK_SHOT_STATE_H

/*
 * A session from JSON, for pictures and tests: {"base": {...}, "samples": {"home": {...}, ...}}.
 * A sample is the base with the sample's members laid over it. Members are named after those of
 * struct session ("meter.place"); times are milliseconds from the picture's moment.
 */

#include <stddef.h>

#include "common/compiler.h"
#include "common/err.h"
#include "core/session/session.h"
#include "kiosk/ui/ui.h"

struct shot_states;

/** Read a file of samples. @param ret_states [@own given]; @p ret_wrong says what is wrong. */
MUST_CHECK enum err shot_states_open(const char *path, struct shot_states **ret_states,
                                     char *ret_wrong, size_t wrong_size);
void shot_states_close(struct shot_states *states);

size_t shot_states_count(const struct shot_states *states);
/** Name of a sample; borrowed. */
const char *shot_states_name(const struct shot_states *states, size_t idx);

/** The sample as a session, and the moment it is meant for. */
MUST_CHECK enum err shot_states_get(const struct shot_states *states, const char *name,
                                    struct session *ret_session, struct ui_now *ret_now,
                                    char *ret_wrong, size_t wrong_size);

#endif
