/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SHILLING_EMULATORS_METERBUS_BCD_H
#define SHILLING_EMULATORS_METERBUS_BCD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "common/compiler.h"

/*
 * The meters' own number formats, written here a second time on purpose: an emulator that used
 * the product's helpers would agree with their mistakes.
 */

/** Write @p value as @p size BCD bytes, low byte first; digits that do not fit are dropped. */
static inline void bcd_write(uint8_t *ret_bytes, size_t size, uint64_t value)
{
    for (size_t i = 0; i < size; i++) {
        ret_bytes[i] = (uint8_t)(((value / 10 % 10) << 4) | (value % 10));
        value /= 100;
    }
}

/** Value of @p size BCD bytes, low byte first; false if a nibble is above 9. */
MUST_CHECK static inline bool bcd_read(const uint8_t *bytes, size_t size, uint64_t *ret_value)
{
    uint64_t value = 0;
    for (size_t i = size; i > 0; i--) {
        unsigned int high = bytes[i - 1] >> 4;
        unsigned int low = bytes[i - 1] & 0x0FU;
        if (high > 9 || low > 9) {
            return false;
        }
        value = value * 100 + (uint64_t)high * 10 + low;
    }
    *ret_value = value;
    return true;
}

/** Write a signed quantity: magnitude in BCD, sign in the top bit of the last byte. */
static inline void bcd_write_signed(uint8_t *ret_bytes, size_t size, int64_t value)
{
    bcd_write(ret_bytes, size, (uint64_t)(value < 0 ? -value : value));
    ret_bytes[size - 1] = (uint8_t)(ret_bytes[size - 1] | (value < 0 ? 0x80U : 0U));
}

/** Write a binary number, low byte first. */
static inline void binary_write(uint8_t *ret_bytes, size_t size, uint64_t value)
{
    for (size_t i = 0; i < size; i++) {
        ret_bytes[i] = (uint8_t)(value >> (8 * i));
    }
}

/** Read a binary number of @p size (1..8) bytes, low byte first. */
static inline uint64_t binary_read(const uint8_t *bytes, size_t size)
{
    uint64_t value = 0;
    for (size_t i = size; i > 0; i--) {
        value = value << 8 | bytes[i - 1];
    }
    return value;
}

/** Write the digits of @p digits (2 * @p size of them, highest first) as BCD, low byte first. */
MUST_CHECK static inline bool digits_write(const char *digits, uint8_t *ret_bytes, size_t size)
{
    if (strlen(digits) != 2 * size) {
        return false;
    }
    for (size_t i = 0; i < size; i++) {
        char high = digits[2 * (size - 1 - i)];
        char low = digits[2 * (size - 1 - i) + 1];
        if (high < '0' || high > '9' || low < '0' || low > '9') {
            return false;
        }
        unsigned int tens = (unsigned int)(high - '0');
        unsigned int ones = (unsigned int)(low - '0');
        ret_bytes[i] = (uint8_t)(tens << 4 | ones);
    }
    return true;
}

/** The text of @p size BCD bytes, highest digit first, with a NUL: 2 * @p size + 1 characters. */
static inline void digits_read(const uint8_t *bytes, size_t size, char *ret_digits)
{
    static const char HEX[] = "0123456789ABCDEF";
    for (size_t i = 0; i < size; i++) {
        ret_digits[2 * i] = HEX[bytes[size - 1 - i] >> 4];
        ret_digits[2 * i + 1] = HEX[bytes[size - 1 - i] & 0x0FU];
    }
    ret_digits[2 * size] = '\0';
}

#endif
