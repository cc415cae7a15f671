/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SHILLING_EMULATORS_METERBUS_PREPAY_H
#define SHILLING_EMULATORS_METERBUS_PREPAY_H

#include "emulators/meterbus/meter.h"

/** SERR: the two bytes of a refused control 03, as bits. */
enum serr {
    SERR_OTHER = 1 << 0,
    SERR_REPEATED = 1 << 1,
    SERR_MAC = 1 << 2,
    SERR_NOT_AUTHENTICATED = 1 << 3,
    SERR_CUSTOMER = 1 << 4,
    SERR_COUNT = 1 << 5,
    SERR_LIMIT = 1 << 6,
    SERR_ADDRESS = 1 << 7,
    SERR_SUSPENDED = 1 << 8
};

/**
 * Answer control 03 as a meter with a security chip and a purchase count does (the standard
 * layout); the chip's codes are those of emulators/esam. False: no reply.
 */
MUST_CHECK bool prepay_answer(struct meter *meter, const struct frame *request,
                              struct frame *ret_reply);

#endif
