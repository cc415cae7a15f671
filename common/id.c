/* SPDX-License-Identifier: Apache-2.0 */
#include "common/id.h"

#include <stddef.h>

static bool is_dash_at(size_t at)
{
    return at == 8 || at == 13 || at == 18 || at == 23;
}

void id_make(const struct rng_port *rng, int64_t wall_ms, char ret_id[ID_TEXT_SIZE])
{
    static const char digits[] = "0123456789abcdef";
    uint8_t bytes[16];
    rng_fill(rng, bytes, sizeof(bytes));
    uint64_t ms = (uint64_t)wall_ms;
    for (size_t i = 0; i < 6; i++) {
        bytes[i] = (uint8_t)((ms >> (40U - 8U * i)) & 0xFFU);
    }
    bytes[6] = (uint8_t)((bytes[6] & 0x0FU) | 0x70U); /* version 7 */
    bytes[8] = (uint8_t)((bytes[8] & 0x3FU) | 0x80U); /* variant of RFC 9562 */
    size_t nibble = 0;
    for (size_t at = 0; at < ID_TEXT_SIZE - 1; at++) {
        if (is_dash_at(at)) {
            ret_id[at] = '-';
            continue;
        }
        uint8_t byte = bytes[nibble / 2];
        ret_id[at] = digits[nibble % 2 == 0 ? byte >> 4 : byte & 0x0FU];
        nibble += 1;
    }
    ret_id[ID_TEXT_SIZE - 1] = '\0';
}

bool id_is_valid(const char *text)
{
    for (size_t at = 0; at < ID_TEXT_SIZE - 1; at++) {
        char c = text[at];
        bool hex = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
        if (is_dash_at(at) ? c != '-' : !hex) {
            return false;
        }
    }
    return text[ID_TEXT_SIZE - 1] == '\0';
}
