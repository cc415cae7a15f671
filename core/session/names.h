/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SHILLING_CORE_SESSION_NAMES_H
#define SHILLING_CORE_SESSION_NAMES_H

#include <stdbool.h>

#include "common/compiler.h"
#include "core/session/session.h"

/* Names for logs, heartbeats (`screen`), tests and the names of pictures; never NULL. */

/** "home", "meter", ... Blocks: no. Allocates: no. */
const char *session_screen_name(enum session_screen screen);

/** "none", "idle", ... Blocks: no. Allocates: no. */
const char *session_overlay_name(enum session_overlay overlay);

/** "home", "digit", ... Blocks: no. Allocates: no. */
const char *session_action_name(enum session_action action);

/** "none", "ready", "paper_out", ... as in heartbeats. Blocks: no. Allocates: no. */
const char *session_printer_name(enum session_printer printer);

/** "none", "ready", "error" as in heartbeats. Blocks: no. Allocates: no. */
const char *session_reader_name(enum session_reader reader);

/** "fine", "two", "left_early", ... Blocks: no. Allocates: no. */
const char *session_card_trouble_name(enum session_card_trouble trouble);

/** "NEW" .. "REVIEW" as on the wire. Blocks: no. Allocates: no. */
const char *session_order_state_name(enum session_order_state state);

/** Reverse of session_order_state_name(); false for any other text. Blocks: no. Allocates: no. */
MUST_CHECK bool session_order_state_parse(const char *name, enum session_order_state *ret_state);

#endif
