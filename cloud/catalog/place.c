/* SPDX-License-Identifier: Apache-2.0 */
#include "cloud/catalog/place.h"

#include <string.h>

#include "common/str.h"

static bool is_upper(char c)
{
    return c >= 'A' && c <= 'Z';
}

static bool is_word(char c)
{
    return is_upper(c) || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}

bool place_join(const char *const *parts, size_t count, char *ret_place, size_t size)
{
    struct strbuf place;
    strbuf_init(&place, ret_place, size);
    for (size_t i = 0; i < count; i++) {
        bool touches = place.len > 0 && is_word(place.text[place.len - 1]) && is_word(parts[i][0]);
        strbuf_add(&place, touches ? " " : "");
        strbuf_add(&place, parts[i]);
    }
    return !place.failed;
}

bool place_search_key(const char *text, char *ret_key, size_t size)
{
    struct strbuf key;
    strbuf_init(&key, ret_key, size);
    for (const char *at = text; *at != '\0'; at++) {
        if (is_upper(*at)) {
            strbuf_add_char(&key, (char)(*at - 'A' + 'a'));
        } else if (is_word(*at)) {
            strbuf_add_char(&key, *at);
        }
    }
    return !key.failed;
}

bool place_is_ascii(const char *text)
{
    bool ascii = true;
    for (const char *at = text; *at != '\0'; at++) {
        ascii = ascii && (unsigned char)*at < 0x80;
    }
    return ascii;
}

size_t place_count_characters(const char *text)
{
    size_t count = 0;
    for (const char *at = text; *at != '\0'; at++) {
        count += ((unsigned char)*at & 0xC0U) != 0x80U ? 1 : 0;
    }
    return count;
}
