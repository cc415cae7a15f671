/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SHILLING_COLLECTOR_TURN_PARTS_H
#define SHILLING_COLLECTOR_TURN_PARTS_H

#include "collector/turn.h"

/* Shared by the turn's own files: what reads, credits and relay commands have in common. */

/** What came of reading one item. */
enum turn_taken {
    TURN_TAKEN_VALUE,
    TURN_TAKEN_REFUSED, /* the meter does not have it, or we cannot read its bytes */
    TURN_TAKEN_NOTHING, /* no answer; the reply's error says why */
};

/** Make turn->request a read of @p item. */
void turn_read_item(struct turn *turn, const char *item);

/** Make turn->request of a reading @p message, with the timeout and tries of reads. */
void turn_read_request(struct turn *turn, const struct dl645_message *message);

/* What a meter told. */
struct turn_value {
    uint32_t di;
    const uint8_t *bytes; /* borrowed */
    size_t size;
};

/** Take it into the reply's values, as a text. */
enum turn_taken turn_take_value(struct turn *turn, const struct turn_value *value,
                                enum bus_when when, const char *item);

/** Take the answer (of one frame) to turn_read_item() into the reply's values. */
enum turn_taken turn_take_item(struct turn *turn, const struct exchange *x, enum bus_when when,
                               const char *item);

/** Add a value; what does not fit is left out. */
void turn_value_add(struct turn *turn, enum bus_when when, const char *item, const char *text,
                    const char *unit);

/** End the turn. An empty @p error goes with OUTCOME_DONE only. */
enum turn_action turn_end(struct turn *turn, enum outcome outcome, const char *error);

/** The error word for an exchange without an answer. */
const char *turn_silence_word(enum exchange_verdict verdict);

/** Add to the reply's detail, separated by "; ". */
void turn_detail(struct turn *turn, const char *format, ...) PRINTF_LIKE(2, 3);

enum turn_action turn_read_next(struct turn *turn);
void turn_read_exchanged(struct turn *turn, const struct exchange *x);

enum turn_action turn_credit_next(struct turn *turn);
void turn_credit_exchanged(struct turn *turn, const struct exchange *x);

enum turn_action turn_relay_next(struct turn *turn);
void turn_relay_exchanged(struct turn *turn, const struct exchange *x);

#endif
