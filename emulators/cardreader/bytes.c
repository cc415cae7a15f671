/* SPDX-License-Identifier: Apache-2.0 */
#include "emulators/cardreader/bytes.h"

#include <string.h>

static int digit_value(char digit)
{
    if (digit >= '0' && digit <= '9') {
        return digit - '0';
    }
    if (digit >= 'a' && digit <= 'f') {
        return digit - 'a' + 10;
    }
    return digit >= 'A' && digit <= 'F' ? digit - 'A' + 10 : -1;
}

bool bytes_from_hex(const char *hex, uint8_t *ret_bytes, size_t room, size_t *ret_size)
{
    size_t length = strlen(hex);
    if (length % 2 != 0 || length / 2 > room) {
        return false;
    }
    for (size_t i = 0; i < length; i++) {
        if (digit_value(hex[i]) < 0) {
            return false;
        }
    }
    for (size_t i = 0; i < length / 2; i++) {
        unsigned high = (unsigned)digit_value(hex[2 * i]);
        unsigned low = (unsigned)digit_value(hex[2 * i + 1]);
        ret_bytes[i] = (uint8_t)(high << 4 | low);
    }
    *ret_size = length / 2;
    return true;
}

void bytes_to_hex(const uint8_t *bytes, size_t size, char *ret_text)
{
    static const char DIGITS[] = "0123456789abcdef";
    for (size_t i = 0; i < size; i++) {
        ret_text[2 * i] = DIGITS[bytes[i] >> 4];
        ret_text[2 * i + 1] = DIGITS[bytes[i] & 0x0FU];
    }
    ret_text[2 * size] = '\0';
}

bool bytes_number(const char *text, uint32_t max, uint32_t *ret_number)
{
    uint64_t value = 0;
    size_t length = strlen(text);
    if (length == 0 || length > 10) {
        return false;
    }
    for (size_t i = 0; i < length; i++) {
        if (text[i] < '0' || text[i] > '9') {
            return false;
        }
        value = value * 10 + (uint64_t)(text[i] - '0');
    }
    if (value > max) {
        return false;
    }
    *ret_number = (uint32_t)value;
    return true;
}

bool bytes_text_copy(char *ret_text, size_t room, const char *text)
{
    size_t length = strlen(text);
    size_t taken = length < room ? length : room - 1;
    memcpy(ret_text, text, taken);
    ret_text[taken] = '\0';
    return taken == length;
}

bool bytes_text_add(char *text, size_t room, const char *more)
{
    size_t length = strlen(text);
    return bytes_text_copy(text + length, room - length, more);
}
