/* SPDX-License-Identifier: Apache-2.0 */
#include "common/bytes.h"

#include "common/must.h"

bool hex_format(const uint8_t *bytes, size_t size, char separator, char *ret_text, size_t text_size)
{
    static const char digits[] = "0123456789ABCDEF";
    size_t each = separator != '\0' ? 3 : 2;
    size_t need = size == 0 ? 1 : size * each + (each == 2 ? 1 : 0);
    if (text_size < need) {
        return false;
    }
    size_t at = 0;
    for (size_t i = 0; i < size; i++) {
        if (i > 0 && separator != '\0') {
            ret_text[at++] = separator;
        }
        ret_text[at++] = digits[bytes[i] >> 4];
        ret_text[at++] = digits[bytes[i] & 0x0FU];
    }
    ret_text[at] = '\0';
    return true;
}

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    if (c >= 'A' && c <= 'F') {
        return c - 'A' + 10;
    }
    if (c >= 'a' && c <= 'f') {
        return c - 'a' + 10;
    }
    return -1;
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

bool hex_parse(const char *text, size_t text_size, uint8_t *ret_bytes, size_t bytes_size,
               size_t *ret_size, size_t *ret_at)
{
    size_t count = 0;
    size_t at = 0;
    while (at < text_size) {
        if (is_blank(text[at])) {
            at += 1;
            continue;
        }
        int high = hex_digit(text[at]);
        int low = at + 1 < text_size ? hex_digit(text[at + 1]) : -1;
        if (high < 0 || low < 0 || count == bytes_size) {
            if (ret_at != NULL) {
                *ret_at = high < 0 || count == bytes_size ? at : at + 1;
            }
            return false;
        }
        ret_bytes[count++] = (uint8_t)(high * 16 + low);
        at += 2;
    }
    *ret_size = count;
    return true;
}

bool bcd_get(uint8_t byte, uint8_t *ret_value)
{
    uint8_t high = byte >> 4;
    uint8_t low = byte & 0x0FU;
    if (high > 9 || low > 9) {
        return false;
    }
    *ret_value = (uint8_t)(high * 10U + low);
    return true;
}

uint8_t bcd_put(uint8_t value)
{
    MUST(value <= 99);
    return (uint8_t)(((value / 10U) << 4) | (value % 10U));
}

bool bcd_get_le(const uint8_t *bytes, size_t size, uint64_t *ret_value)
{
    MUST(size >= 1 && size <= 9);
    uint64_t value = 0;
    for (size_t i = size; i > 0; i--) {
        uint8_t pair = 0;
        if (!bcd_get(bytes[i - 1], &pair)) {
            return false;
        }
        value = value * 100U + pair;
    }
    *ret_value = value;
    return true;
}

bool bcd_put_le(uint64_t value, uint8_t *ret_bytes, size_t size)
{
    MUST(size >= 1 && size <= 9);
    uint8_t digits[9] = {0};
    for (size_t i = 0; i < size; i++) {
        digits[i] = bcd_put((uint8_t)(value % 100U));
        value /= 100U;
    }
    if (value != 0) {
        return false;
    }
    for (size_t i = 0; i < size; i++) {
        ret_bytes[i] = digits[i];
    }
    return true;
}

bool bytes_equal_secret(const uint8_t *a, const uint8_t *b, size_t size)
{
    uint8_t difference = 0;
    for (size_t i = 0; i < size; i++) {
        difference |= (uint8_t)(a[i] ^ b[i]);
    }
    return difference == 0;
}

bool bytes_are_zero(const uint8_t *bytes, size_t size)
{
    uint8_t any = 0;
    for (size_t i = 0; i < size; i++) {
        any |= bytes[i];
    }
    return any == 0;
}

void bytes_wipe(void *area, size_t size)
{
    volatile uint8_t *p = area;
    for (size_t i = 0; i < size; i++) {
        p[i] = 0;
    }
}
