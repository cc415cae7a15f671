/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/frame/hex_json.h"

#include "common/bytes.h"
#include "common/must.h"

enum {
    HEX_TEXT_SIZE = 3 * 1024 + 1, /* four frames and more */
};

void json_put_hex(json_t *object, const char *key, const uint8_t *bytes, size_t size,
                  char separator)
{
    char text[HEX_TEXT_SIZE];
    bool fits = hex_format(bytes, size, separator, text, sizeof(text));
    MUST(fits);
    json_put_text(object, key, text);
}

void json_put_element(json_t *object, const char *key, json_t *value)
{
    json_t *array = json_object_get(object, key);
    if (array == NULL) {
        array = json_array();
        json_put(object, key, array);
    }
    bool stored = value != NULL && json_array_append_new(array, value) == 0;
    MUST(stored);
}

bool json_get_hex(const json_t *value, uint8_t *ret_bytes, size_t bytes_size, size_t *ret_size)
{
    return json_is_string(value) && hex_parse(json_string_value(value), json_string_length(value),
                                              ret_bytes, bytes_size, ret_size, /* ret_at= */ NULL);
}
