/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Method: one table. ASCII values travel low byte first like all others, so the text stands
 * reversed and is filled up with NUL.
 */
#include "emulators/meterbus/param.h"

#include <string.h>

#include "common/must.h"
#include "emulators/meterbus/bcd.h"

static const struct param_row ROWS[PARAM_COUNT] = {
    {.di = 0x04000103, .size = 1, .writable = true, .initial = "15"},
    {.di = 0x04000104, .size = 1, .writable = true, .initial = "01"},
    {.di = 0x04000106, .size = 5, .writable = true, .initial = "0000000000"},
    {.di = 0x04000107, .size = 5, .writable = true, .initial = "0000000000"},
    {.di = 0x04000108, .size = 5, .writable = true, .initial = "0000000000"},
    {.di = 0x04000201, .size = 1, .writable = true, .initial = "02"},
    {.di = 0x04000202, .size = 1, .writable = true, .initial = "02"},
    {.di = 0x04000203, .size = 1, .writable = true, .initial = "08"},
    {.di = 0x04000204, .size = 1, .writable = true, .initial = "04"},
    {.di = 0x04000205, .size = 2, .writable = true, .initial = "0000"},
    {.di = 0x04000206, .size = 1, .writable = true, .initial = "00"},
    {.di = 0x04000306, .size = 3, .writable = true, .initial = "000001"},
    {.di = 0x04000307, .size = 3, .writable = true, .initial = "000001"},
    {.di = 0x04000402, .size = 6, .writable = true, .initial = "000000000000"},
    {.di = 0x04000403, .size = 32, .ascii = true, .writable = true, .initial = "EMULATED"},
    {.di = 0x04000404, .size = 6, .ascii = true, .initial = "220V"},
    {.di = 0x04000405, .size = 6, .ascii = true, .initial = "5A"},
    {.di = 0x04000406, .size = 6, .ascii = true, .initial = "60A"},
    {.di = 0x04000407, .size = 4, .ascii = true, .initial = "1.0"},
    {.di = 0x04000408, .size = 4, .ascii = true, .initial = "2.0"},
    {.di = 0x04000409, .size = 3, .initial = "001200"},
    {.di = 0x0400040A, .size = 3, .initial = "001200"},
    {.di = 0x0400040B, .size = 10, .ascii = true, .initial = "EMU-645"},
    {.di = 0x0400040C, .size = 10, .ascii = true, .initial = "2026-01-01"},
    {.di = 0x0400040D, .size = 16, .ascii = true, .initial = "DL/T645-2007"},
    {.di = 0x04000B01, .size = 2, .writable = true, .initial = "0100"},
    {.di = 0x04000B02, .size = 2, .writable = true, .initial = "9999"},
    {.di = 0x04000B03, .size = 2, .writable = true, .initial = "9999"},
    {.di = 0x04001101, .size = 1, .writable = true, .initial = "00"},
    {.di = 0x04001104, .size = 8, .writable = true, .initial = "0000000000000000"},
    {.di = 0x04001501, .size = 12, .initial = "000000000000000000000000"},
    {.di = 0x04060001, .size = 4, .writable = true, .initial = "00000000"},
    {.di = 0x04060002, .size = 4, .writable = true, .initial = "00000000"},
    {.di = 0x04060101, .size = 4, .writable = true, .initial = "00000000"},
    {.di = 0x04060102, .size = 4, .writable = true, .initial = "00000000"},
};

const struct param_row *param_row_get(size_t index)
{
    MUST(index < PARAM_COUNT);
    return &ROWS[index];
}

size_t param_find(uint32_t di)
{
    size_t index = 0;
    while (index < PARAM_COUNT && ROWS[index].di != di) {
        index += 1;
    }
    return index;
}

static bool text_write(const char *text, uint8_t *ret_bytes, size_t size)
{
    size_t length = strlen(text);
    for (size_t i = 0; i < length && length <= size; i++) {
        ret_bytes[length - 1 - i] = (uint8_t)text[i];
    }
    return length <= size;
}

void param_init_all(uint8_t ret_values[PARAM_COUNT][PARAM_SIZE_MAX])
{
    for (size_t i = 0; i < PARAM_COUNT; i++) {
        const struct param_row *row = &ROWS[i];
        MUST(row->initial != NULL && row->size <= PARAM_SIZE_MAX);
        memset(ret_values[i], 0, PARAM_SIZE_MAX);
        bool ok = row->ascii ? text_write(row->initial, ret_values[i], row->size)
                             : digits_write(row->initial, ret_values[i], row->size);
        MUST(ok);
    }
}
