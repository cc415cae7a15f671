/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SHILLING_EMULATORS_METERBUS_PARAM_H
#define SHILLING_EMULATORS_METERBUS_PARAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Parameters (DI3 = 04) that a meter only keeps: a table of identifiers, sizes and first values. */
enum { PARAM_COUNT = 35, PARAM_SIZE_MAX = 32 };

struct param_row {
    uint32_t di;
    uint8_t size;
    bool ascii;
    bool writable;
    const char *initial; /* digits, highest first; for ASCII the text */
};

/** The row @p index of the table, 0..PARAM_COUNT - 1. */
const struct param_row *param_row_get(size_t index);

/** The index of @p di, or PARAM_COUNT. */
size_t param_find(uint32_t di);

/** Fill all values with their first ones. */
void param_init_all(uint8_t ret_values[PARAM_COUNT][PARAM_SIZE_MAX]);

#endif
