/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SHILLING_EMULATORS_METERBUS_REPLY_H
#define SHILLING_EMULATORS_METERBUS_REPLY_H

#include "emulators/meterbus/frame.h"

/*
 * A reply is begun with the meter's address and the request's control code; these two finish it.
 * Bit 7 says meter, bit 6 refused, bit 5 more follows.
 */
enum { REPLY_FROM_METER = 0x80, REPLY_REFUSED = 0x40, REPLY_MORE = 0x20 };

/* ERR: the one byte of a refused reply. */
enum {
    METER_ERR_OTHER = 0x01,
    METER_ERR_NO_DATA = 0x02,
    METER_ERR_PASSWORD = 0x04,
    METER_ERR_BAUD = 0x08
};

/** Accepted, with @p size bytes of data. */
void reply_accept(struct frame *reply, const uint8_t *data, size_t size);

/** Refused, with the error bytes. */
void reply_refuse(struct frame *reply, const uint8_t *error, size_t size);

/** Refused with one ERR byte. */
void reply_refuse_err(struct frame *reply, uint8_t err);

#endif
