/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SHILLING_COMMON_BYTES_H
#define SHILLING_COMMON_BYTES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/compiler.h"

/* Wire integers, hex text and BCD. Bytes are uint8_t; no struct is ever laid over them. */

static inline uint16_t get_le16(const uint8_t *p)
{
    return (uint16_t)((uint16_t)p[0] | (uint16_t)((uint16_t)p[1] << 8));
}

static inline uint32_t get_le32(const uint8_t *p)
{
    return (uint32_t)p[0] | ((uint32_t)p[1] << 8) | ((uint32_t)p[2] << 16) | ((uint32_t)p[3] << 24);
}

static inline uint16_t get_be16(const uint8_t *p)
{
    return (uint16_t)((uint16_t)((uint16_t)p[0] << 8) | (uint16_t)p[1]);
}

static inline uint32_t get_be32(const uint8_t *p)
{
    return ((uint32_t)p[0] << 24) | ((uint32_t)p[1] << 16) | ((uint32_t)p[2] << 8) | (uint32_t)p[3];
}

static inline void put_le16(uint8_t *p, uint16_t v)
{
    p[0] = (uint8_t)(v & 0xFFU);
    p[1] = (uint8_t)(v >> 8);
}

static inline void put_le32(uint8_t *p, uint32_t v)
{
    p[0] = (uint8_t)(v & 0xFFU);
    p[1] = (uint8_t)((v >> 8) & 0xFFU);
    p[2] = (uint8_t)((v >> 16) & 0xFFU);
    p[3] = (uint8_t)(v >> 24);
}

static inline void put_be16(uint8_t *p, uint16_t v)
{
    p[0] = (uint8_t)(v >> 8);
    p[1] = (uint8_t)(v & 0xFFU);
}

static inline void put_be32(uint8_t *p, uint32_t v)
{
    p[0] = (uint8_t)(v >> 24);
    p[1] = (uint8_t)((v >> 16) & 0xFFU);
    p[2] = (uint8_t)((v >> 8) & 0xFFU);
    p[3] = (uint8_t)(v & 0xFFU);
}

/**
 * Hex text of @p size bytes, upper case, two characters a byte, with a NUL.
 * @p separator stands between bytes; 0 for none. @p text_size must hold it all, or false.
 */
MUST_CHECK bool hex_format(const uint8_t *bytes, size_t size, char separator, char *ret_text,
                           size_t text_size);

/**
 * Bytes of hex text. Blanks, tabs and line ends between bytes are allowed, nothing else.
 *
 * @param ret_size   bytes written
 * @param ret_at     offset in @p text of the first character that is wrong, when false is
 *                   returned; may be NULL
 */
MUST_CHECK bool hex_parse(const char *text, size_t text_size, uint8_t *ret_bytes, size_t bytes_size,
                          size_t *ret_size, size_t *ret_at);

/** Value 0..99 of one BCD byte; false if a nibble is above 9. */
MUST_CHECK bool bcd_get(uint8_t byte, uint8_t *ret_value);

/** BCD byte of @p value, which must be 0..99. */
uint8_t bcd_put(uint8_t value);

/** Value of @p size (1..9) BCD bytes, lowest byte first; false if a nibble is above 9. */
MUST_CHECK bool bcd_get_le(const uint8_t *bytes, size_t size, uint64_t *ret_value);

/** Write @p value as @p size (1..9) BCD bytes, lowest byte first; false if it does not fit. */
MUST_CHECK bool bcd_put_le(uint64_t value, uint8_t *ret_bytes, size_t size);

/** True if the two areas are equal; the time taken does not depend on their content. */
bool bytes_equal_secret(const uint8_t *a, const uint8_t *b, size_t size);

/** True if all bytes are 0; the time taken does not depend on them. */
bool bytes_are_zero(const uint8_t *bytes, size_t size);

/** Overwrite secrets so that the compiler cannot leave it out. */
void bytes_wipe(void *area, size_t size);

#endif
