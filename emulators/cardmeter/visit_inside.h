/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SHILLING_EMULATORS_CARDMETER_VISIT_INSIDE_H
#define SHILLING_EMULATORS_CARDMETER_VISIT_INSIDE_H

#include "emulators/cardmeter/visit.h"

/* What the visits of both kinds of SHL-C1 card have in common. */

struct token_uid visit_uid(const struct touch *touch);

/** The error word of a slot that does not count. */
uint8_t visit_error_of(enum token_fault fault);

/** Judge the winning credit and change the books by it. */
void visit_take(struct book *book, const struct token_credit *credit, int64_t now_s,
                struct visit_report *report);

/** The return record of this moment. */
void visit_record(const struct book *book, const struct touch *touch, int64_t now_s,
                  uint8_t ret_slot[TOKEN_SIZE]);

#endif
