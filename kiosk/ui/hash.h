/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SHILLING_KIOSK_UI_HASH_H
#define SHILLING_KIOSK_UI_HASH_H

#include <stddef.h>
#include <stdint.h>

/* FNV-1a, 32 bits: for tables and for "is it the same as before", never against an enemy. */

#define HASH_START UINT32_C(2166136261)

static inline uint32_t hash_byte(uint32_t hash, uint8_t byte)
{
    return (hash ^ byte) * UINT32_C(16777619);
}

static inline uint32_t hash_u32(uint32_t hash, uint32_t value)
{
    for (int i = 0; i < 4; i++) {
        hash = hash_byte(hash, (uint8_t)(value & 0xFFU));
        value >>= 8;
    }
    return hash;
}

static inline uint32_t hash_bytes(uint32_t hash, const void *bytes, size_t size)
{
    const uint8_t *at = bytes;
    for (size_t i = 0; i < size; i++) {
        hash = hash_byte(hash, at[i]);
    }
    return hash;
}

#endif
