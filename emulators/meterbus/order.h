/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SHILLING_EMULATORS_METERBUS_ORDER_H
#define SHILLING_EMULATORS_METERBUS_ORDER_H

#include "emulators/meterbus/read.h"

/*
 * A simple prepaid meter without a security chip: control 03 with an order number instead of a
 * purchase count. Recharge and refund carry L = 22H: DI, operator, amount (binary fen), order
 * number (8, BCD), MAC1 = 0, the meter's own address (6), MAC2 = 0.
 */

/** Answer control 03. False: no reply. */
MUST_CHECK bool order_answer(struct meter *meter, const struct frame *request,
                             struct frame *ret_reply);

/** The 143 bytes of the parameter block 070104FF; false for the other kinds of meter. */
MUST_CHECK bool order_block_read(const struct meter *meter, struct value *ret_value);

#endif
