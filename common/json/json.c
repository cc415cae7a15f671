/* SPDX-License-Identifier: Apache-2.0 */
#include "common/json/json.h"

#include <string.h>

#include "common/must.h"
#include "common/str.h"

json_t *json_parse_object(const char *text, size_t size, size_t size_max)
{
    if (size > size_max) {
        return NULL;
    }
    json_t *json = json_loadb(text, size, JSON_REJECT_DUPLICATES, NULL);
    if (json != NULL && !json_is_object(json)) {
        json_decref(json);
        return NULL;
    }
    return json;
}

struct json_reader json_reader(const json_t *object)
{
    return (struct json_reader){.object = object};
}

void json_refuse(struct json_reader *r, const char *name)
{
    if (r->field == NULL) {
        r->field = name;
    }
}

static const json_t *member(const struct json_reader *r, const char *name)
{
    const json_t *value = json_object_get(r->object, name);
    return json_is_null(value) ? NULL : value;
}

static void copy_text(struct json_reader *r, const char *name, const json_t *value, char *ret_text,
                      size_t size)
{
    ret_text[0] = '\0';
    if (!json_is_string(value) ||
        !str_copy_bytes(ret_text, size, json_string_value(value), json_string_length(value))) {
        json_refuse(r, name);
    }
}

void json_text(struct json_reader *r, const char *name, char *ret_text, size_t size)
{
    copy_text(r, name, member(r, name), ret_text, size);
}

void json_text_or_empty(struct json_reader *r, const char *name, char *ret_text, size_t size)
{
    const json_t *value = member(r, name);
    ret_text[0] = '\0';
    if (value != NULL) {
        copy_text(r, name, value, ret_text, size);
    }
}

static int64_t read_int(struct json_reader *r, const char *name, const json_t *value, int64_t min,
                        int64_t max)
{
    if (!json_is_integer(value)) {
        json_refuse(r, name);
        return 0;
    }
    int64_t number = json_integer_value(value);
    if (number < min || number > max) {
        json_refuse(r, name);
        return 0;
    }
    return number;
}

int64_t json_int(struct json_reader *r, const char *name, int64_t min, int64_t max)
{
    return read_int(r, name, member(r, name), min, max);
}

int64_t json_int_or(struct json_reader *r, const char *name, int64_t min, int64_t max,
                    int64_t fallback)
{
    const json_t *value = member(r, name);
    return value == NULL ? fallback : read_int(r, name, value, min, max);
}

bool json_flag(struct json_reader *r, const char *name)
{
    const json_t *value = member(r, name);
    if (!json_is_boolean(value)) {
        json_refuse(r, name);
        return false;
    }
    return json_is_true(value);
}

bool json_flag_or(struct json_reader *r, const char *name, bool fallback)
{
    return member(r, name) == NULL ? fallback : json_flag(r, name);
}

const json_t *json_object_at(struct json_reader *r, const char *name)
{
    const json_t *value = member(r, name);
    if (!json_is_object(value)) {
        json_refuse(r, name);
        return NULL;
    }
    return value;
}

const json_t *json_array_at(struct json_reader *r, const char *name)
{
    const json_t *value = member(r, name);
    if (!json_is_array(value)) {
        json_refuse(r, name);
        return NULL;
    }
    return value;
}

bool json_has(const struct json_reader *r, const char *name)
{
    return member(r, name) != NULL;
}

bool json_print(const json_t *json, char *ret_text, size_t size)
{
    MUST(size >= 1);
    size_t len = json_dumpb(json, ret_text, size - 1, JSON_COMPACT);
    if (len == 0 || len > size - 1) {
        ret_text[0] = '\0';
        return false;
    }
    ret_text[len] = '\0';
    return true;
}

void json_put(json_t *object, const char *name, json_t *value)
{
    MUST(value != NULL);
    int failed = json_object_set_new(object, name, value);
    MUST(failed == 0);
}

void json_put_text(json_t *object, const char *name, const char *text)
{
    json_put(object, name, text != NULL ? json_string(text) : json_null());
}

void json_put_int(json_t *object, const char *name, int64_t value)
{
    json_put(object, name, json_integer(value));
}

void json_put_flag(json_t *object, const char *name, bool value)
{
    json_put(object, name, json_boolean(value));
}

void json_put_null(json_t *object, const char *name)
{
    json_put(object, name, json_null());
}
