/* SPDX-License-Identifier: Apache-2.0 */
#include "common/str.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "common/must.h"

bool str_copy(char *ret_text, size_t text_size, const char *text)
{
    return str_copy_bytes(ret_text, text_size, text, strlen(text));
}

bool str_copy_bytes(char *ret_text, size_t text_size, const char *bytes, size_t size)
{
    MUST(text_size >= 1);
    if (size >= text_size || memchr(bytes, '\0', size) != NULL) {
        ret_text[0] = '\0';
        return false;
    }
    memmove(ret_text, bytes, size);
    ret_text[size] = '\0';
    return true;
}

bool str_format(char *ret_text, size_t text_size, const char *format, ...)
{
    MUST(text_size >= 1);
    va_list values;
    va_start(values, format);
    int len = vsnprintf(ret_text, text_size, format, values);
    va_end(values);
    if (len < 0 || (size_t)len >= text_size) {
        ret_text[0] = '\0';
        return false;
    }
    return true;
}

void str_vformat_cut(char *ret_text, size_t text_size, const char *format, va_list values)
{
    MUST(text_size >= 1);
    int len = vsnprintf(ret_text, text_size, format, values);
    if (len < 0) {
        ret_text[0] = '\0';
        return;
    }
    if ((size_t)len < text_size) {
        return;
    }
    /* Take away the bytes of a character whose end was cut off. */
    size_t end = text_size - 1;
    size_t start = end;
    while (start > 0 && ((uint8_t)ret_text[start - 1] & 0xC0U) == 0x80U) {
        start -= 1;
    }
    if (start > 0 && ((uint8_t)ret_text[start - 1] & 0x80U) != 0 &&
        !str_is_utf8(ret_text + start - 1, end - start + 1)) {
        end = start - 1;
    }
    ret_text[end] = '\0';
}

void str_format_cut(char *ret_text, size_t text_size, const char *format, ...)
{
    va_list values;
    va_start(values, format);
    str_vformat_cut(ret_text, text_size, format, values);
    va_end(values);
}

bool str_equal(const char *a, const char *b)
{
    return strcmp(a, b) == 0;
}

bool str_starts_with(const char *text, const char *prefix)
{
    return strncmp(text, prefix, strlen(prefix)) == 0;
}

/* Size 1..4 of the character that begins with @p lead, and the smallest code it may stand for. */
static size_t utf8_size(uint8_t lead, uint32_t *ret_code_min)
{
    if (lead < 0x80U) {
        *ret_code_min = 1; /* no NUL */
        return 1;
    }
    if ((lead & 0xE0U) == 0xC0U) {
        *ret_code_min = 0x80;
        return 2;
    }
    if ((lead & 0xF0U) == 0xE0U) {
        *ret_code_min = 0x800;
        return 3;
    }
    if ((lead & 0xF8U) == 0xF0U) {
        *ret_code_min = 0x10000;
        return 4;
    }
    return 0;
}

bool str_is_utf8(const char *text, size_t size)
{
    const uint8_t *p = (const uint8_t *)text;
    size_t at = 0;
    while (at < size) {
        uint32_t code_min = 0;
        size_t len = utf8_size(p[at], &code_min);
        if (len == 0 || len > size - at) {
            return false;
        }
        uint32_t code = len == 1 ? p[at] : p[at] & (0x7FU >> len);
        for (size_t i = 1; i < len; i++) {
            if ((p[at + i] & 0xC0U) != 0x80U) {
                return false;
            }
            code = (code << 6) | (p[at + i] & 0x3FU);
        }
        bool surrogate = code >= 0xD800U && code <= 0xDFFFU;
        if (code < code_min || code > 0x10FFFFU || surrogate) {
            return false;
        }
        at += len;
    }
    return true;
}

void strbuf_init(struct strbuf *buf, char *text, size_t size)
{
    MUST(size >= 1);
    *buf = (struct strbuf){.text = text, .size = size};
    text[0] = '\0';
}

void strbuf_add_bytes(struct strbuf *buf, const char *bytes, size_t size)
{
    if (buf->failed || size >= buf->size - buf->len) {
        buf->failed = true;
        return;
    }
    memcpy(buf->text + buf->len, bytes, size);
    buf->len += size;
    buf->text[buf->len] = '\0';
}

void strbuf_add(struct strbuf *buf, const char *text)
{
    strbuf_add_bytes(buf, text, strlen(text));
}

void strbuf_add_char(struct strbuf *buf, char c)
{
    strbuf_add_bytes(buf, &c, 1);
}

void strbuf_addf(struct strbuf *buf, const char *format, ...)
{
    if (buf->failed) {
        return;
    }
    size_t room = buf->size - buf->len;
    va_list values;
    va_start(values, format);
    int len = vsnprintf(buf->text + buf->len, room, format, values);
    va_end(values);
    if (len < 0 || (size_t)len >= room) {
        buf->text[buf->len] = '\0';
        buf->failed = true;
        return;
    }
    buf->len += (size_t)len;
}
