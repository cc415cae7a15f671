/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SHILLING_KIOSK_FLOW_CARD_GATE_H
#define SHILLING_KIOSK_FLOW_CARD_GATE_H

/*
 * Whether the session may know of the card reader at all. The right to write a card ends at a time
 * of the server's clock, and the driver holds it against this machine's: where the two are far
 * apart, credit would be paid and then not be written. So as long as they are, the reader is "under
 * repair" to the session, which sells nothing by card then. Pure.
 */

#include <stdbool.h>
#include <stdint.h>

#include "common/compiler.h"
#include "core/session/session.h"

enum {
    CARD_GATE_WRONG_S = 300, /* an authorisation lives ten minutes */
    CARD_GATE_EVENTS_MAX = 2,
};

/* All zero: open, and nothing is known of a reader. */
struct card_gate {
    bool shut;
    enum session_reader reader;     /* as it is, whatever the session was told */
    struct session_event last_card; /* what lies on it */
};

/** False if the session must not hear @p event; a reader's state may be replaced in it. */
MUST_CHECK bool card_gate_pass(struct card_gate *gate, struct session_event *event);

/** The server's wall time minus ours was measured anew: what the session must hear now.
 *
 * @return how many events, 0..CARD_GATE_EVENTS_MAX
 */
MUST_CHECK size_t card_gate_clock(struct card_gate *gate, int64_t offset_s,
                                  struct session_event ret_events[CARD_GATE_EVENTS_MAX]);

#endif
