/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SHILLING_EMULATORS_METERBUS_READ_H
#define SHILLING_EMULATORS_METERBUS_READ_H

#include "emulators/meterbus/meter.h"

/** A value being put together: bytes as they go on the wire, low byte first. */
struct value {
    uint8_t bytes[METER_READ_MAX];
    size_t size;
};

/** The value of @p di (DI3 in the top byte) as the meter has it now; false: no such data. */
MUST_CHECK bool meter_value_read(const struct meter *meter, uint32_t di, struct value *ret_value);

/** Append @p size bytes of BCD, low byte first. */
void value_add_bcd(struct value *value, size_t size, uint64_t number);

/** Append @p size bytes. */
void value_add_bytes(struct value *value, const uint8_t *bytes, size_t size);

/** Append @p size bytes FF: a field that does not exist in this meter. */
void value_add_missing(struct value *value, size_t size);

/** Append mm hh DD MM YY of a meter time; zeros for 0. */
void value_add_minute(struct value *value, int64_t shown_ms);

/* Parts of the table, by DI3. */
MUST_CHECK bool value_read_parameter(const struct meter *meter, uint32_t di,
                                     struct value *ret_value);
MUST_CHECK bool value_read_record(const struct meter *meter, uint32_t di, struct value *ret_value);

#endif
