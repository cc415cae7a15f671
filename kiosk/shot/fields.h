/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SHILLING_KIOSK_SHOT_FIELDS_H
#define SHILLING_KIOSK_SHOT_FIELDS_H

#include <stdbool.h>
#include <stdint.h>

#include <jansson.h>

#include "core/session/session.h"

/** Set one plain member by its name; false if there is none or the value does not fit it. */
bool fields_load_session(struct session *session, const char *name, json_t *value, int64_t now_ms);

/** Set the members of an order from an object. */
bool fields_load_order(struct session_order *order, json_t *object, int64_t now_ms);

#endif
