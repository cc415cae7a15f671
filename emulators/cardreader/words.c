/* SPDX-License-Identifier: Apache-2.0 */
#include "emulators/cardreader/words.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "emulators/cardreader/bytes.h"

void words_init(struct words *words, const uint8_t *image, size_t size)
{
    words->image = image;
    words->size = size;
    words->at = 0;
    words->count = 0;
}

bool words_next(struct words *words)
{
    const uint8_t *line = words->image + words->at;
    size_t rest = words->size - words->at;
    const uint8_t *end = rest == 0 ? NULL : memchr(line, '\n', rest);
    size_t length = end == NULL ? 0 : (size_t)(end - line);
    words->count = 0;
    if (end == NULL || length == 0 || length >= sizeof(words->text) ||
        memchr(line, '\0', length) != NULL) {
        return false;
    }
    memcpy(words->text, line, length);
    words->text[length] = '\0';
    char *word = words->text;
    while (word != NULL && words->count < WORDS_MAX) {
        char *blank = strchr(word, ' ');
        words->word[words->count++] = word;
        if (blank != NULL) {
            *blank++ = '\0';
        }
        word = blank;
    }
    if (word != NULL) {
        return false;
    }
    words->at += length + 1;
    return true;
}

bool words_ended(const struct words *words)
{
    return words->at == words->size;
}

bool words_are(const struct words *words, const char *name, size_t count)
{
    return words->count == count && strcmp(words->word[0], name) == 0;
}

bool words_hex(const struct words *words, size_t index, uint8_t *ret_bytes, size_t size)
{
    size_t got = 0;
    if (size == 0) {
        return strcmp(words->word[index], "-") == 0;
    }
    return strlen(words->word[index]) == 2 * size &&
           bytes_from_hex(words->word[index], ret_bytes, size, &got);
}

bool words_number(const struct words *words, size_t index, uint32_t max, uint32_t *ret_number)
{
    return bytes_number(words->word[index], max, ret_number);
}

void words_add(struct words_out *out, const char *format, ...)
{
    va_list values;
    va_start(values, format);
    size_t room = out->room - out->size;
    int length = vsnprintf(out->text + out->size, room, format, values);
    va_end(values);
    if (length < 0 || (size_t)length >= room) {
        out->is_full = true;
        return;
    }
    out->size += (size_t)length;
}

void words_add_hex(struct words_out *out, const uint8_t *bytes, size_t size)
{
    if (size == 0) {
        words_add(out, "-");
        return;
    }
    if (2 * size + 1 > out->room - out->size) {
        out->is_full = true;
        return;
    }
    bytes_to_hex(bytes, size, out->text + out->size);
    out->size += 2 * size;
}
