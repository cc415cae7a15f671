/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The typed members are written first and read back at once: if they do not give the same bytes
 * again (a minus zero, a digit above 9), the bytes are added as "value_hex", so that an object
 * always encodes to the frame that it came from.
 */

#include "tools/frame/value_json.h"

#include <string.h>

#include "common/bytes.h"
#include "common/must.h"
#include "common/str.h"
#include "protocol/dl645/message.h"
#include "protocol/dl645/status.h"
#include "protocol/dl645/value.h"
#include "tools/frame/hex_json.h"

static const char *const value_keys[] = {
    "value",   "unit",           "values", "times",     "time",        "date",
    "weekday", "count",          "number", "baud_code", "baud",        "status",
    "relay",   "purchase_count", "name",   "value_hex", "freeze_time",
};

bool value_json_has_key(const char *key)
{
    for (size_t i = 0; i < ARRAY_COUNT(value_keys); i++) {
        if (str_equal(value_keys[i], key)) {
            return true;
        }
    }
    return false;
}

static json_t *text_or_null(const struct dl645_value *value, const char *text)
{
    return value->present ? json_string(text) : json_null();
}

/* The member that carries an item's text, "" for kinds that have none. */
static const char *text_key(enum dl645_kind kind)
{
    switch (kind) {
    case DL645_KIND_NUMBER:
    case DL645_KIND_DEMAND:
    case DL645_KIND_TEXT:
        return "value";
    case DL645_KIND_COUNTER:
        return "count";
    case DL645_KIND_DIGITS:
        return "number";
    case DL645_KIND_BAUD:
        return "baud_code";
    case DL645_KIND_DATE:
    case DL645_KIND_TIME:
    case DL645_KIND_DATE_TIME:
    case DL645_KIND_MOMENT:
    case DL645_KIND_FREEZE_TIME:
    case DL645_KIND_BITS:
    case DL645_KIND_BYTES:
    case DL645_KIND_COUNT:
        break;
    }
    return "";
}

static const char *time_key(enum dl645_kind kind)
{
    switch (kind) {
    case DL645_KIND_DEMAND:
    case DL645_KIND_TIME:
    case DL645_KIND_DATE_TIME:
    case DL645_KIND_MOMENT:
        return "time";
    case DL645_KIND_FREEZE_TIME:
        return "freeze_time";
    case DL645_KIND_NUMBER:
    case DL645_KIND_COUNTER:
    case DL645_KIND_DATE:
    case DL645_KIND_DIGITS:
    case DL645_KIND_TEXT:
    case DL645_KIND_BAUD:
    case DL645_KIND_BITS:
    case DL645_KIND_BYTES:
    case DL645_KIND_COUNT:
        break;
    }
    return "";
}

static bool has_date(enum dl645_kind kind)
{
    return kind == DL645_KIND_DATE || kind == DL645_KIND_DATE_TIME;
}

static bool has_unit(enum dl645_kind kind)
{
    return kind == DL645_KIND_NUMBER || kind == DL645_KIND_DEMAND;
}

static void item_add(json_t *object, const struct dl645_di *di, const struct dl645_value *value)
{
    const char *text = text_key(di->kind);
    const char *time = time_key(di->kind);
    if (text[0] != '\0') {
        json_put(object, text, text_or_null(value, value->text));
    }
    if (time[0] != '\0') {
        json_put(object, time, text_or_null(value, value->time));
    }
    if (has_date(di->kind)) {
        json_put(object, "date", text_or_null(value, value->date));
        json_put(object, "weekday", value->present ? json_integer(value->weekday) : json_null());
    }
    if ((di->di & 0xFFFFFF00U) == (DL645_DI_PURCHASE_COUNT & 0xFFFFFF00U) && value->present) {
        json_put_int(object, "purchase_count", value->scaled);
    }
    if (di->kind == DL645_KIND_BAUD && value->present) {
        uint8_t code = 0;
        size_t size = 0;
        uint32_t baud = 0;
        if (hex_parse(value->text, strlen(value->text), &code, 1, &size, /* ret_at= */ NULL) &&
            dl645_baud_from_code(code, &baud)) {
            json_put_int(object, "baud", baud);
        }
    }
}

static void element_add(json_t *object, const struct dl645_di *di, const struct dl645_value *value)
{
    if (text_key(di->kind)[0] != '\0') {
        json_put_element(object, "values", text_or_null(value, value->text));
    }
    if (time_key(di->kind)[0] != '\0') {
        json_put_element(object, "times", text_or_null(value, value->time));
    }
}

static bool is_row(const struct dl645_di *di, size_t count)
{
    /* Event counters come alone or, for three phases, as a row. */
    return di->is_block && (di->kind != DL645_KIND_COUNTER || count > 1);
}

static void bits_add(json_t *object, const struct dl645_di *di, const uint8_t *bytes)
{
    unsigned word = di->di & 0xFFU;
    if (word < 1 || word > DL645_STATUS_WORD_COUNT) {
        return;
    }
    json_put(object, "status", json_array());
    unsigned bits = get_le16(bytes);
    for (unsigned bit = 0; bit < 16; bit++) {
        const char *name = dl645_status_bit_name(word, bit);
        if ((bits >> bit & 1U) != 0 && name != NULL) {
            json_put_element(object, "status", json_string(name));
        }
    }
    if (di->di == DL645_DI_STATUS_3) {
        json_put_text(object, "relay", dl645_status_relay_is_open(bytes) ? "open" : "closed");
    }
}

/* Bytes that have no typed value, cut to their size where the table knows it. */
static size_t untyped_add(json_t *object, const struct dl645_di *di, const uint8_t *bytes,
                          size_t size)
{
    bool is_sized = di->item_size > 0 && size >= di->item_size && !di->is_block;
    size_t used = is_sized ? di->item_size : size;
    if (used > 0) {
        json_put_hex(object, "value_hex", bytes, used, '\0');
    }
    if (is_sized && di->kind == DL645_KIND_BITS) {
        bits_add(object, di, bytes);
    }
    return size - used;
}

static bool items_add(json_t *object, const struct dl645_di *di, const uint8_t *bytes, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct dl645_value value;
        if (dl645_value_decode(di, bytes + i * di->item_size, di->item_size, &value) != OK) {
            return false;
        }
        if (is_row(di, count)) {
            element_add(object, di, &value);
        } else {
            item_add(object, di, &value);
        }
    }
    if (has_unit(di->kind)) {
        json_put_text(object, "unit", di->unit);
    }
    return true;
}

size_t value_json_add(json_t *object, const struct dl645_di *di, const uint8_t *bytes, size_t size)
{
    if (di->name[0] != '\0') {
        json_put_text(object, "name", di->name);
    }
    size_t count = dl645_value_count(di, size);
    if (di->kind == DL645_KIND_BITS || di->kind == DL645_KIND_BYTES || count == 0) {
        return untyped_add(object, di, bytes, size);
    }
    json_t *typed = json_object();
    MUST(typed != NULL);
    size_t used = count * di->item_size;
    uint8_t again[DL645_DATA_SIZE_MAX];
    size_t again_size = 0;
    const char *wrong = "";
    bool is_typed = items_add(typed, di, bytes, count);
    bool is_same = is_typed &&
                   value_json_get(typed, di, again, sizeof(again), &again_size, &wrong) &&
                   again_size == used && memcmp(again, bytes, used) == 0;
    if (is_typed) {
        bool merged = json_object_update(object, typed) == 0;
        MUST(merged);
    }
    json_decref(typed);
    if (!is_typed) {
        json_put_text(object, "problem", "the value's bytes are not what this identifier has");
    }
    if (!is_same) {
        json_put_hex(object, "value_hex", bytes, used, '\0');
    }
    return size - used;
}

static bool text_get(const json_t *value, char *ret_text, size_t size)
{
    if (json_is_integer(value)) {
        return str_format(ret_text, size, "%lld", (long long)json_integer_value(value));
    }
    return json_is_string(value) && str_copy(ret_text, size, json_string_value(value));
}

/* One member into one text of an item; null makes the item absent. */
static bool part_get(const json_t *value, char *ret_text, size_t size, bool *present)
{
    if (json_is_null(value)) {
        *present = false;
        return true;
    }
    return text_get(value, ret_text, size);
}

static bool item_get(const json_t *object, const struct dl645_di *di, struct dl645_value *value,
                     const char **ret_wrong)
{
    const char *text = text_key(di->kind);
    const char *time = time_key(di->kind);
    value->present = true;
    if (text[0] != '\0' && !part_get(json_object_get(object, text), value->text,
                                     sizeof(value->text), &value->present)) {
        *ret_wrong = text;
        return false;
    }
    if (time[0] != '\0' && !part_get(json_object_get(object, time), value->time,
                                     sizeof(value->time), &value->present)) {
        *ret_wrong = time;
        return false;
    }
    if (!has_date(di->kind)) {
        return true;
    }
    if (!part_get(json_object_get(object, "date"), value->date, sizeof(value->date),
                  &value->present)) {
        *ret_wrong = "date";
        return false;
    }
    const json_t *weekday = json_object_get(object, "weekday");
    bool is_day = json_is_integer(weekday) && json_integer_value(weekday) >= 0 &&
                  json_integer_value(weekday) <= 6;
    if (value->present && !is_day) {
        *ret_wrong = "weekday";
        return false;
    }
    value->weekday = value->present ? (uint8_t)json_integer_value(weekday) : 0;
    return true;
}

static bool element_get(const json_t *object, const struct dl645_di *di, size_t index,
                        struct dl645_value *value, const char **ret_wrong)
{
    value->present = true;
    if (text_key(di->kind)[0] != '\0' &&
        !part_get(json_array_get(json_object_get(object, "values"), index), value->text,
                  sizeof(value->text), &value->present)) {
        *ret_wrong = "values";
        return false;
    }
    if (time_key(di->kind)[0] != '\0' &&
        !part_get(json_array_get(json_object_get(object, "times"), index), value->time,
                  sizeof(value->time), &value->present)) {
        *ret_wrong = "times";
        return false;
    }
    return true;
}

static const char *first_key(const struct dl645_di *di)
{
    if (text_key(di->kind)[0] != '\0') {
        return text_key(di->kind);
    }
    return time_key(di->kind)[0] != '\0' ? time_key(di->kind) : "date";
}

bool value_json_get(const json_t *object, const struct dl645_di *di, uint8_t *ret_bytes,
                    size_t bytes_size, size_t *ret_size, const char **ret_wrong)
{
    const json_t *hex = json_object_get(object, "value_hex");
    if (hex != NULL) {
        *ret_wrong = "value_hex";
        return json_get_hex(hex, ret_bytes, bytes_size, ret_size);
    }
    const json_t *array = json_object_get(object, "values");
    array = array != NULL ? array : json_object_get(object, "times");
    bool is_array = json_is_array(array);
    size_t count = is_array ? json_array_size(array) : 1;
    size_t used = 0;
    bool is_untyped = di->kind == DL645_KIND_BITS || di->kind == DL645_KIND_BYTES;
    if (is_untyped || (!is_array && json_object_get(object, first_key(di)) == NULL)) {
        *ret_size = 0;
        return true;
    }
    for (size_t i = 0; i < count; i++) {
        struct dl645_value value = {0};
        bool read = is_array ? element_get(object, di, i, &value, ret_wrong)
                             : item_get(object, di, &value, ret_wrong);
        if (!read) {
            return false;
        }
        size_t size = 0;
        *ret_wrong = is_array ? "values" : first_key(di);
        if (dl645_value_encode(di, &value, ret_bytes + used, bytes_size - used, &size) != OK) {
            return false;
        }
        used += size;
    }
    *ret_size = used;
    return true;
}
