/* SPDX-License-Identifier: Apache-2.0 */
#include "kiosk/flow/card_gate.h"

bool card_gate_pass(struct card_gate *gate, struct session_event *event)
{
    if (event->kind == SESSION_EVENT_READER) {
        gate->reader = event->reader;
        if (event->reader != SESSION_READER_READY) {
            gate->last_card.card.pad = SESSION_PAD_EMPTY; /* a new laying comes with a new line */
        } else if (gate->shut) {
            event->reader = SESSION_READER_ERROR;
        }
        return true;
    }
    if (event->kind == SESSION_EVENT_CARD) {
        gate->last_card = *event;
        return !gate->shut;
    }
    return true;
}

size_t card_gate_clock(struct card_gate *gate, int64_t offset_s,
                       struct session_event ret_events[CARD_GATE_EVENTS_MAX])
{
    bool wrong = offset_s > CARD_GATE_WRONG_S || offset_s < -CARD_GATE_WRONG_S;
    bool same = wrong == gate->shut;
    size_t count = 0;
    gate->shut = wrong;
    if (same || gate->reader != SESSION_READER_READY) {
        return 0;
    }
    ret_events[count++] = (struct session_event){
        .kind = SESSION_EVENT_READER, .reader = wrong ? SESSION_READER_ERROR : gate->reader};
    if (!wrong && gate->last_card.card.pad != SESSION_PAD_EMPTY) {
        ret_events[count++] = gate->last_card;
    }
    return count;
}
