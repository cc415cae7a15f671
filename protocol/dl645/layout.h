/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SHILLING_PROTOCOL_DL645_LAYOUT_H
#define SHILLING_PROTOCOL_DL645_LAYOUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "protocol/dl645/message.h"

/* Which fields DATA has, in wire order: the standard's tables, one row each. Used by message.c. */

enum {
    DL645_LAYOUT_FIELDS_MAX = 8, /* the status query's reply has seven */
};

struct dl645_layout {
    const enum dl645_field *fields;
    size_t field_count;
    size_t size_min;  /* bytes of all fields of fixed size */
    bool has_rest;    /* one of the fields is the value: it takes what is left */
    bool is_specific; /* chosen by its DI or its password class, not by the function alone */
};

/**
 * The layout of @p size bytes of DATA. The best match wins: one for this very DI or password
 * class first, then one that leaves no byte over, then the longest.
 * @return false if DATA is too short for every layout of the function
 */
MUST_CHECK bool dl645_layout_of_data(uint8_t function, bool reply, const uint8_t *data, size_t size,
                                     struct dl645_layout *ret_layout);

/** The layout that has exactly the fields of @p message; false if none has. */
MUST_CHECK bool dl645_layout_of_message(const struct dl645_message *message,
                                        struct dl645_layout *ret_layout);

/** All fields that any layout of the function has on this side; 0 for a vendor's function. */
uint64_t dl645_layout_fields(uint8_t function, bool reply);

#endif
