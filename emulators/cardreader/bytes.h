/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SHILLING_EMULATORS_CARDREADER_BYTES_H
#define SHILLING_EMULATORS_CARDREADER_BYTES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Numbers on the wire and in images, and hex texts. */

static inline uint16_t bytes_be16(const uint8_t *at)
{
    return (uint16_t)(at[0] << 8 | at[1]);
}

static inline uint32_t bytes_le24(const uint8_t *at)
{
    return (uint32_t)at[0] | (uint32_t)at[1] << 8 | (uint32_t)at[2] << 16;
}

static inline uint32_t bytes_le32(const uint8_t *at)
{
    return bytes_le24(at) | (uint32_t)at[3] << 24;
}

static inline void bytes_put_le16(uint8_t *at, uint32_t value)
{
    at[0] = (uint8_t)value;
    at[1] = (uint8_t)(value >> 8);
}

static inline void bytes_put_le24(uint8_t *at, uint32_t value)
{
    bytes_put_le16(at, value);
    at[2] = (uint8_t)(value >> 16);
}

static inline void bytes_put_le32(uint8_t *at, uint32_t value)
{
    bytes_put_le24(at, value);
    at[3] = (uint8_t)(value >> 24);
}

/** The whole of @p hex (an even number of digits) as bytes; false if it is none or too long. */
bool bytes_from_hex(const char *hex, uint8_t *ret_bytes, size_t room, size_t *ret_size);

/** @p size bytes as lower-case hex; @p ret_text has 2 * size + 1 places. */
void bytes_to_hex(const uint8_t *bytes, size_t size, char *ret_text);

/** A decimal number 0..max that is the whole of @p text. */
bool bytes_number(const char *text, uint32_t max, uint32_t *ret_number);

/** A copy that always ends in NUL; false if it did not fit. */
bool bytes_text_copy(char *ret_text, size_t room, const char *text);

/** The same, behind what is there. */
bool bytes_text_add(char *text, size_t room, const char *more);

#endif
