/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The parts that several bus messages have in common. A reader of common/json carries the first
 * wrong member through a whole decoder, so the functions here report by json_refuse() only, and
 * write empty values where they refuse.
 */
#include "protocol/bus/codec.h"

#include <string.h>

#include "common/bytes.h"
#include "common/must.h"
#include "common/str.h"

enum { FRAME_HEX_SIZE = 2 * BUS_FRAME_SIZE_MAX + 1, HEX_SIZE_MAX = 32 };

enum err codec_print(json_t *json, char *ret_text, size_t text_size, size_t *ret_size)
{
    MUST(json != NULL);
    bool fits = json_print(json, ret_text, text_size);
    json_decref(json);
    if (!fits) {
        return ERR_FULL;
    }
    *ret_size = strlen(ret_text);
    return OK;
}

json_t *codec_parse(const char *text, size_t size, size_t size_max, struct bus_fault *ret_fault)
{
    *ret_fault = (struct bus_fault){0};
    json_t *root = json_parse_object(text, size, size_max);
    if (root == NULL) {
        str_format_cut(ret_fault->field, sizeof(ret_fault->field), "(body)");
    }
    return root;
}

enum err codec_finish(const struct json_reader *r, struct bus_fault *ret_fault)
{
    if (!json_failed(r)) {
        return OK;
    }
    str_format_cut(ret_fault->field, sizeof(ret_fault->field), "%s", json_field(r));
    return ERR_FORMAT;
}

void codec_put_text(json_t *object, const char *name, const char *text)
{
    json_put_text(object, name, text[0] != '\0' ? text : NULL);
}

void codec_id(struct json_reader *r, const char *name, char ret_id[ID_TEXT_SIZE])
{
    json_text(r, name, ret_id, ID_TEXT_SIZE);
    if (!json_failed(r) && !id_is_valid(ret_id)) {
        ret_id[0] = '\0';
        json_refuse(r, name);
    }
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

void codec_meter(struct json_reader *r, const char *name, char ret_meter[BUS_METER_SIZE])
{
    json_text(r, name, ret_meter, BUS_METER_SIZE);
    bool good = ret_meter[0] != '\0';
    for (const char *c = ret_meter; *c != '\0'; c++) {
        good = good && (is_digit(*c) || (*c >= 'A' && *c <= 'F'));
    }
    if (!good) {
        json_refuse(r, name);
    }
}

void codec_name(struct json_reader *r, const char *name, char *ret_text, size_t size)
{
    json_text(r, name, ret_text, size);
    bool good = ret_text[0] != '\0';
    for (const char *c = ret_text; *c != '\0'; c++) {
        good = good && *c > ' ' && *c < '\x7f';
    }
    if (!good) {
        json_refuse(r, name);
    }
}

bool codec_item_is_valid(const char *text)
{
    size_t len = strlen(text);
    if (len == 0 || len >= BUS_ITEM_SIZE) {
        return false;
    }
    for (size_t i = 0; i < len; i++) {
        char lower = (char)(text[i] | ' ');
        if (!is_digit(text[i]) && (lower < 'a' || lower > 'z')) {
            return false;
        }
    }
    return true;
}

static bool item_add(const json_t *json, char items[][BUS_ITEM_SIZE], size_t count)
{
    const char *text = json_string_value(json);
    if (text == NULL || strlen(text) != json_string_length(json) || !codec_item_is_valid(text)) {
        return false;
    }
    for (size_t i = 0; i < count; i++) {
        if (str_equal(items[i], text)) {
            return false;
        }
    }
    return str_copy(items[count], BUS_ITEM_SIZE, text);
}

void codec_items(struct json_reader *r, const char *name, size_t count_min,
                 char ret_items[][BUS_ITEM_SIZE], size_t *ret_count)
{
    *ret_count = 0;
    const json_t *array = json_array_at(r, name);
    size_t count = json_array_size(array);
    if (array == NULL || count < count_min || count > BUS_ITEMS_MAX) {
        json_refuse(r, name);
        return;
    }
    for (size_t i = 0; i < count; i++) {
        if (!item_add(json_array_get(array, i), ret_items, i)) {
            json_refuse(r, name);
            return;
        }
    }
    *ret_count = count;
}

void codec_put_items(json_t *object, const char *name, const char items[][BUS_ITEM_SIZE],
                     size_t count)
{
    MUST(count <= BUS_ITEMS_MAX);
    json_t *array = json_array();
    MUST(array != NULL);
    for (size_t i = 0; i < count; i++) {
        MUST(json_array_append_new(array, json_string(items[i])) == 0);
    }
    json_put(object, name, array);
}

bool codec_frame_of(const json_t *json, struct bus_frame *ret_frame)
{
    const char *text = json_string_value(json);
    struct bus_frame frame = {0};
    size_t at = 0;
    if (text == NULL || !hex_parse(text, json_string_length(json), frame.bytes, sizeof(frame.bytes),
                                   &frame.size, &at)) {
        return false;
    }
    if (frame.size == 0) {
        return false;
    }
    *ret_frame = frame;
    return true;
}

void codec_frame(struct json_reader *r, const char *name, bool may_be_null,
                 struct bus_frame *ret_frame)
{
    *ret_frame = (struct bus_frame){0};
    if (may_be_null && !json_has(r, name)) {
        return;
    }
    if (!codec_frame_of(json_object_get(r->object, name), ret_frame)) {
        json_refuse(r, name);
    }
}

json_t *codec_new_frame(const struct bus_frame *frame)
{
    MUST(frame->size <= BUS_FRAME_SIZE_MAX);
    if (frame->size == 0) {
        return json_null();
    }
    char text[FRAME_HEX_SIZE];
    MUST(hex_format(frame->bytes, frame->size, /* separator= */ 0, text, sizeof(text)));
    json_t *json = json_string(text);
    MUST(json != NULL);
    return json;
}

void codec_hex(struct json_reader *r, const char *name, uint8_t *ret_bytes, size_t size)
{
    MUST(size <= HEX_SIZE_MAX);
    char text[2 * HEX_SIZE_MAX + 1];
    size_t got = 0;
    size_t at = 0;
    uint8_t bytes[HEX_SIZE_MAX];
    json_text(r, name, text, sizeof(text));
    if (json_failed(r) || !hex_parse(text, strlen(text), bytes, sizeof(bytes), &got, &at) ||
        got != size) {
        json_refuse(r, name);
        memset(ret_bytes, 0, size);
        return;
    }
    memcpy(ret_bytes, bytes, size);
}

void codec_put_hex(json_t *object, const char *name, const uint8_t *bytes, size_t size)
{
    MUST(size <= HEX_SIZE_MAX);
    char text[2 * HEX_SIZE_MAX + 1];
    MUST(hex_format(bytes, size, /* separator= */ 0, text, sizeof(text)));
    json_put_text(object, name, text);
}
