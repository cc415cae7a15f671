/* SPDX-License-Identifier: Apache-2.0 */
/* Just as much of Unicode as laying out Chinese and English lines needs. */
#include "kiosk/ui/utf8.h"

enum { UTF8_REPLACEMENT = 0xFFFD };

uint32_t utf8_get(const char *text, size_t size, size_t *ret_size)
{
    uint8_t lead = (uint8_t)text[0];
    *ret_size = 1;
    if (lead < 0x80U) {
        return lead;
    }
    size_t need = lead >= 0xF0U ? 4 : lead >= 0xE0U ? 3 : 2;
    static const uint8_t lead_bits[] = {0, 0, 0x1F, 0x0F, 0x07};
    if (lead < 0xC2U || lead > 0xF4U || need > size) {
        return UTF8_REPLACEMENT;
    }
    uint32_t code = lead & lead_bits[need];
    for (size_t i = 1; i < need; i++) {
        uint8_t byte = (uint8_t)text[i];
        if ((byte & 0xC0U) != 0x80U) {
            return UTF8_REPLACEMENT;
        }
        code = (code << 6) | (byte & 0x3FU);
    }
    *ret_size = need;
    return code;
}

bool utf8_is_wide(uint32_t code)
{
    return (code >= 0x2E80U && code <= 0xA4CFU) || (code >= 0xAC00U && code <= 0xD7A3U) ||
           (code >= 0xF900U && code <= 0xFAFFU) || (code >= 0xFE30U && code <= 0xFE4FU) ||
           (code >= 0xFF00U && code <= 0xFF60U) || (code >= 0xFFE0U && code <= 0xFFE6U) ||
           (code >= 0x20000U && code <= 0x3FFFDU);
}

bool utf8_is_closing(uint32_t code)
{
    static const uint16_t signs[] = {0x3001, 0x3002, 0x3009, 0x300B, 0x300D, 0x300F, 0x3011,
                                     0xFF01, 0xFF09, 0xFF0C, 0xFF0E, 0xFF1A, 0xFF1B, 0xFF1F,
                                     0x2019, 0x201D, 0x2026, ')',    ',',    '.',    ':',
                                     ';',    '!',    '?',    '%'};
    for (size_t i = 0; i < sizeof signs / sizeof signs[0]; i++) {
        if (code == signs[i]) {
            return true;
        }
    }
    return false;
}

bool utf8_is_unsafe(uint32_t code)
{
    return code < 0x20U || (code >= 0x7FU && code < 0xA0U) ||
           (code >= 0x200BU && code <= 0x200FU) || (code >= 0x202AU && code <= 0x202EU) ||
           (code >= 0x2066U && code <= 0x2069U) || code == 0xFEFFU;
}
