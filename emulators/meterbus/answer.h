/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SHILLING_EMULATORS_METERBUS_ANSWER_H
#define SHILLING_EMULATORS_METERBUS_ANSWER_H

#include "emulators/meterbus/meter.h"

/** True if the frame is for this meter: its address, wildcards, or broadcast. */
bool meter_addressed(const struct meter *meter, const struct frame *request);

/**
 * Carry out @p request, which meter_addressed(); the meter has been advanced to now. Sets
 * meter->dirty if something changed that must be stored before the reply leaves.
 * @return true if @p ret_reply is to be sent, false if the meter stays silent
 */
MUST_CHECK bool meter_answer(struct meter *meter, const struct frame *request,
                             struct frame *ret_reply);

/* The parts, by control code. Same contract. */
MUST_CHECK bool relay_answer(struct meter *meter, const struct frame *request,
                             struct frame *ret_reply);
MUST_CHECK bool write_answer(struct meter *meter, const struct frame *request,
                             struct frame *ret_reply);
MUST_CHECK bool clear_answer(struct meter *meter, const struct frame *request,
                             struct frame *ret_reply);
MUST_CHECK bool password_answer(struct meter *meter, const struct frame *request,
                                struct frame *ret_reply);

/** C0..C3 at @p bytes are this meter's, or it does not look at them. */
bool meter_operator_is_right(const struct meter *meter, const uint8_t *bytes);

/** PA P0 P1 P2 C0..C3 at @p bytes are this meter's. */
bool meter_authorised(const struct meter *meter, const uint8_t *bytes);

/** Set the meter's clock (not the time it lives in). */
void meter_clock_set(struct meter *meter, int64_t shown_ms);

#endif
