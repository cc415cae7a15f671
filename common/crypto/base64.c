/* SPDX-License-Identifier: Apache-2.0 */
#include "common/crypto/base64.h"

static const char ALPHABET[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

enum { NOT_BASE64 = 64 };

bool base64_encode(const uint8_t *bytes, size_t size, char *ret_text, size_t text_size)
{
    if (text_size < BASE64_TEXT_SIZE(size)) {
        return false;
    }
    size_t at = 0;
    for (size_t i = 0; i < size; i += 3) {
        size_t left = size - i;
        uint32_t group = (uint32_t)bytes[i] << 16;
        group |= left > 1 ? (uint32_t)bytes[i + 1] << 8 : 0;
        group |= left > 2 ? (uint32_t)bytes[i + 2] : 0;
        ret_text[at] = ALPHABET[group >> 18];
        ret_text[at + 1] = ALPHABET[(group >> 12) & 63U];
        ret_text[at + 2] = '=';
        ret_text[at + 3] = '=';
        if (left > 1) {
            ret_text[at + 2] = ALPHABET[(group >> 6) & 63U];
        }
        if (left > 2) {
            ret_text[at + 3] = ALPHABET[group & 63U];
        }
        at += 4;
    }
    ret_text[at] = '\0';
    return true;
}

static uint32_t value_of(char c)
{
    if (c >= 'A' && c <= 'Z') {
        return (uint32_t)(c - 'A');
    }
    if (c >= 'a' && c <= 'z') {
        return (uint32_t)(c - 'a') + 26;
    }
    if (c >= '0' && c <= '9') {
        return (uint32_t)(c - '0') + 52;
    }
    if (c == '+') {
        return 62;
    }
    return c == '/' ? 63 : NOT_BASE64;
}

/* Four characters of which the first @p count (2..4) carry data; false if one is foreign or bits
 * that belong to no byte are set. */
static bool decode_group(const char *text, size_t count, uint8_t *ret_bytes)
{
    uint32_t group = 0;
    for (size_t i = 0; i < 4; i++) {
        uint32_t value = i < count ? value_of(text[i]) : 0;
        if (value == NOT_BASE64) {
            return false;
        }
        group = group << 6 | value;
    }
    size_t bytes = count - 1;
    uint32_t unused = bytes == 1 ? 0xFFFFU : bytes == 2 ? 0xFFU : 0;
    if ((group & unused) != 0) {
        return false;
    }
    for (size_t i = 0; i < bytes; i++) {
        ret_bytes[i] = (uint8_t)(group >> (16 - 8 * i) & 0xFFU);
    }
    return true;
}

bool base64_decode(const char *text, size_t text_size, uint8_t *ret_bytes, size_t bytes_size,
                   size_t *ret_size)
{
    if (text_size % 4 != 0) {
        return false;
    }
    size_t padding = 0;
    while (padding < 2 && padding < text_size && text[text_size - 1 - padding] == '=') {
        padding += 1;
    }
    size_t size = text_size / 4 * 3 - padding;
    if (size > bytes_size) {
        return false;
    }
    for (size_t group = 0; group < text_size / 4; group++) {
        bool last = group + 1 == text_size / 4;
        if (!decode_group(text + group * 4, last ? 4 - padding : 4, ret_bytes + group * 3)) {
            return false;
        }
    }
    *ret_size = size;
    return true;
}
