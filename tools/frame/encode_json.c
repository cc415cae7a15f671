/* SPDX-License-Identifier: Apache-2.0 */

/*
 * From an object to bytes. Control comes from "control" or from "direction" and "function"; the
 * fields are those that the function's layouts have; what follows from others is not read.
 */

#include <string.h>

#include "common/bytes.h"
#include "common/must.h"
#include "common/str.h"
#include "protocol/dl645/address.h"
#include "protocol/dl645/field.h"
#include "protocol/dl645/layout.h"
#include "tools/frame/frame_json.h"
#include "tools/frame/hex_json.h"
#include "tools/frame/time_json.h"
#include "tools/frame/value_json.h"

struct encoder {
    json_t *object; /* borrowed; not const, for jansson's iterators want it so */
    struct dl645_message message;
    char *error; /* FRAME_ERROR_SIZE */
};

/* Members that say something about a frame without being part of what is encoded. */
static const char *const derived_keys[] = {
    "ok",          "error",        "at",       "length",       "data_minus33", "cs_computed",
    "cs_printed",  "errors",       "problem",  "noise_hex",    "after_hex",    "control",
    "direction",   "function",     "address",  "more_follows", "error_reply",  "error_bits",
    "preamble_fe", "trailing_hex", "data_hex",
};

static bool fail(struct encoder *e, const char *key, const char *why)
{
    str_format_cut(e->error, FRAME_ERROR_SIZE, "%s: %s", key, why);
    return false;
}

static bool is_known_key(const char *key)
{
    for (size_t i = 0; i < ARRAY_COUNT(derived_keys); i++) {
        if (str_equal(derived_keys[i], key)) {
            return true;
        }
    }
    for (unsigned i = 0; i < DL645_FIELD_COUNT; i++) {
        if (str_equal(dl645_field_describe((enum dl645_field)i)->name, key)) {
            return true;
        }
    }
    return value_json_has_key(key);
}

static bool check_keys(struct encoder *e)
{
    const char *key = NULL;
    const json_t *value = NULL;
    json_object_foreach(e->object, key, value)
    {
        if (!is_known_key(key)) {
            return fail(e, key, "is not a member of a frame");
        }
    }
    return true;
}

static bool flag_get(struct encoder *e, const char *key, bool *ret_flag)
{
    const json_t *value = json_object_get(e->object, key);
    if (value != NULL && !json_is_boolean(value)) {
        return fail(e, key, "must be true or false");
    }
    if (value != NULL) {
        *ret_flag = json_is_true(value);
    }
    return true;
}

/* "control" decides; without it, direction, function and the two flags do. */
static bool control_get(struct encoder *e)
{
    struct dl645_message *m = &e->message;
    const json_t *control = json_object_get(e->object, "control");
    const json_t *function = json_object_get(e->object, "function");
    const json_t *direction = json_object_get(e->object, "direction");
    uint8_t byte = 0;
    size_t size = 0;
    if (control != NULL) {
        if (!json_get_hex(control, &byte, 1, &size) || size != 1) {
            return fail(e, "control", "must be two hex digits");
        }
        m->function = byte & DL645_CONTROL_FUNCTION;
        m->reply = (byte & DL645_CONTROL_REPLY) != 0;
        m->error = (byte & DL645_CONTROL_ERROR) != 0;
        m->more = (byte & DL645_CONTROL_MORE) != 0;
    } else if (!json_is_string(function)) {
        return fail(e, "control", "is missing, and there is no \"function\" either");
    } else if (!dl645_function_parse(json_string_value(function), &m->function)) {
        return fail(e, "function", "has no code of its own: give \"control\"");
    } else if (direction != NULL) {
        m->reply = json_is_string(direction) && str_equal(json_string_value(direction), "response");
    }
    if (control == NULL &&
        (!flag_get(e, "error_reply", &m->error) || !flag_get(e, "more_follows", &m->more))) {
        return false;
    }
    if (json_is_string(function) &&
        !str_equal(json_string_value(function), dl645_function_name(m->function))) {
        return fail(e, "function", "is not what \"control\" says");
    }
    if (json_is_string(direction) &&
        !str_equal(json_string_value(direction), m->reply ? "response" : "request")) {
        return fail(e, "direction", "is not \"request\" or \"response\" as \"control\" says");
    }
    return true;
}

static bool hex_int_get(const json_t *value, size_t size, uint32_t *ret_value)
{
    uint8_t bytes[4] = {0};
    size_t count = 0;
    if (!json_is_string(value) || json_string_length(value) != 2 * size ||
        !json_get_hex(value, bytes + sizeof(bytes) - size, size, &count) || count != size) {
        return false;
    }
    *ret_value = get_be32(bytes);
    return true;
}

static bool fen_get(const json_t *value, uint32_t *ret_value)
{
    struct money money = {0};
    if (!json_is_string(value) ||
        !money_parse_yuan(json_string_value(value), json_string_length(value),
                          /* allow_negative= */ false, &money) ||
        money.fen > (int64_t)UINT32_MAX) {
        return false;
    }
    *ret_value = (uint32_t)money.fen;
    return true;
}

static bool decimal_get(const json_t *value, size_t size, uint32_t *ret_value)
{
    int64_t max = size == 1 ? UINT8_MAX : (int64_t)UINT32_MAX;
    if (!json_is_integer(value) || json_integer_value(value) < 0 ||
        json_integer_value(value) > max) {
        return false;
    }
    *ret_value = (uint32_t)json_integer_value(value);
    return true;
}

/* BCD digits; what a decoded frame had beyond 9 is allowed, so that it can be encoded again. */
static bool is_digits(const json_t *value, size_t count)
{
    return json_is_string(value) && json_string_length(value) == count &&
           strspn(json_string_value(value), "0123456789ABCDEF") == count;
}

/* The member at @p key into the message; false and a reason if it has not the field's form. */
static bool field_get(struct encoder *e, enum dl645_field field, const json_t *value)
{
    const struct dl645_field_info *info = dl645_field_describe(field);
    unsigned char *member = (unsigned char *)&e->message + info->offset;
    uint32_t number = 0;
    size_t size = 0;
    struct dl645_time time = {0};
    switch (info->kind) {
    case DL645_FIELD_KIND_HEX:
        if (!hex_int_get(value, info->size, &number)) {
            return fail(e, info->name, "must be hex digits, two for each byte, highest first");
        }
        memcpy(member, &number, sizeof(number));
        break;
    case DL645_FIELD_KIND_DECIMAL:
        if (!decimal_get(value, info->size, &number)) {
            return fail(e, info->name, "must be an integer that fits its bytes");
        }
        memcpy(member, &number, sizeof(number));
        break;
    case DL645_FIELD_KIND_FEN:
        if (!fen_get(value, &number)) {
            return fail(e, info->name, "must be an amount like \"100.00\"");
        }
        memcpy(member, &number, sizeof(number));
        break;
    case DL645_FIELD_KIND_DIGITS:
        size = (size_t)2 * info->size;
        if (!is_digits(value, size)) {
            return fail(e, info->name, "must be all its digits as text, highest first");
        }
        memcpy(member, json_string_value(value), size + 1);
        break;
    case DL645_FIELD_KIND_RAW:
        if (!json_get_hex(value, member, info->size, &size) || size != info->size) {
            return fail(e, info->name, "must be all its bytes in hex");
        }
        break;
    case DL645_FIELD_KIND_TIME:
        if (!json_is_string(value) ||
            !time_json_parse(json_string_value(value), info->time_parts, &time)) {
            return fail(e, info->name,
                        "must be a time like \"2026-11-20 12:00:00\" (a freeze: "
                        "\"11-20 12:00\")");
        }
        memcpy(member, &time, sizeof(time));
        break;
    case DL645_FIELD_KIND_ERROR:
    case DL645_FIELD_KIND_REST:
    case DL645_FIELD_KIND_COUNT:
        MUST_NOT_REACH();
    }
    e->message.fields |= DL645_HAS(field);
    return true;
}

static bool fields_get(struct encoder *e)
{
    uint64_t wanted = dl645_layout_fields(e->message.function, e->message.reply);
    for (unsigned i = 0; i < DL645_FIELD_COUNT && !e->message.error; i++) {
        enum dl645_field field = (enum dl645_field)i;
        const struct dl645_field_info *info = dl645_field_describe(field);
        const json_t *value = json_object_get(e->object, info->name);
        if (value == NULL || (wanted & DL645_HAS(field)) == 0 ||
            info->kind == DL645_FIELD_KIND_REST) {
            continue;
        }
        if (!field_get(e, field, value)) {
            return false;
        }
    }
    return true;
}

static bool refusal_get(struct encoder *e)
{
    const json_t *bits = json_object_get(e->object, "error_bits");
    uint8_t bytes[2] = {0};
    size_t size = 0;
    if (!e->message.error || bits == NULL) {
        return true;
    }
    if (!json_get_hex(bits, bytes, sizeof(bytes), &size) || size == 0) {
        return fail(e, "error_bits", "must be one or two bytes in hex");
    }
    e->message.error_bits = get_le16(bytes);
    e->message.error_size = (uint8_t)size;
    e->message.fields |= DL645_HAS(DL645_FIELD_ERROR);
    return true;
}

static bool bytes_get(struct encoder *e, const char *key, uint8_t *ret_bytes, uint8_t *ret_size)
{
    const json_t *value = json_object_get(e->object, key);
    size_t size = 0;
    if (value == NULL) {
        return true;
    }
    if (!json_get_hex(value, ret_bytes, DL645_DATA_SIZE_MAX, &size)) {
        return fail(e, key, "must be at most 200 bytes in hex");
    }
    *ret_size = (uint8_t)size;
    return true;
}

static bool rest_get(struct encoder *e)
{
    struct dl645_message *m = &e->message;
    if (!bytes_get(e, "data_hex", m->value, &m->value_size) ||
        !bytes_get(e, "trailing_hex", m->trailing, &m->trailing_size)) {
        return false;
    }
    bool can_have_value =
        dl645_layout_fields(m->function, m->reply) == 0 ||
        (dl645_layout_fields(m->function, m->reply) & DL645_HAS(DL645_FIELD_VALUE)) != 0;
    if (m->value_size == 0 && (m->fields & DL645_HAS(DL645_FIELD_DI)) != 0 && can_have_value) {
        struct dl645_di di;
        size_t size = 0;
        const char *wrong = "";
        dl645_di_describe(m->di, &di);
        if (!value_json_get(e->object, &di, m->value, sizeof(m->value), &size, &wrong)) {
            return fail(e, wrong, "is not a value that this identifier can have");
        }
        m->value_size = (uint8_t)size;
    }
    m->fields |= m->value_size > 0 ? DL645_HAS(DL645_FIELD_VALUE) : 0;
    m->fields |= m->trailing_size > 0 ? DL645_HAS(DL645_FIELD_TRAILING) : 0;
    return true;
}

/* An object without any field may still say its DATA: for what no layout describes. */
static bool data_get(struct encoder *e, struct dl645_frame *frame)
{
    size_t size = 0;
    const json_t *data = json_object_get(e->object, "data_minus33");
    if (!json_get_hex(data, frame->data, sizeof(frame->data), &size)) {
        return fail(e, "data_minus33", "must be at most 200 bytes in hex");
    }
    frame->data_size = (uint8_t)size;
    return true;
}

static bool frame_get(struct encoder *e, struct dl645_frame *ret_frame)
{
    struct dl645_message *m = &e->message;
    struct dl645_frame frame = {0};
    enum err err = dl645_message_encode(m, &frame);
    if (err == ERR_UNSUPPORTED && m->fields == 0 &&
        json_object_get(e->object, "data_minus33") != NULL) {
        unsigned control = (unsigned)m->function | (m->reply ? DL645_CONTROL_REPLY : 0U) |
                           (m->error ? DL645_CONTROL_ERROR : 0U) |
                           (m->more ? DL645_CONTROL_MORE : 0U);
        frame.control = (uint8_t)control;
        bool parsed = dl645_address_parse(m->address, frame.address);
        err = parsed && data_get(e, &frame) ? OK : ERR_FORMAT;
    }
    if (err == ERR_UNSUPPORTED) {
        return fail(e, dl645_function_name(m->function),
                    "no layout of DATA has exactly these members (one is missing or too many)");
    }
    if (err == ERR_RANGE) {
        return fail(e, "DATA", "is longer than 200 bytes");
    }
    if (err != OK) {
        return false; /* data_get() said why: every text was looked at when it was read */
    }
    *ret_frame = frame;
    return true;
}

bool frame_json_encode(json_t *object, uint8_t *ret_bytes, size_t *ret_size,
                       char ret_error[FRAME_ERROR_SIZE])
{
    struct encoder e = {.object = object, .error = ret_error};
    if (!json_is_object(object)) {
        return fail(&e, "input", "is not a JSON object");
    }
    const json_t *address = json_object_get(object, "address");
    if (!is_digits(address, DL645_ADDRESS_TEXT_SIZE - 1) ||
        !str_copy(e.message.address, sizeof(e.message.address), json_string_value(address))) {
        return fail(&e, "address", "must be 12 digits (AA for each wildcard pair)");
    }
    const json_t *preamble = json_object_get(object, "preamble_fe");
    json_int_t preamble_count =
        preamble != NULL ? json_integer_value(preamble) : DL645_PREAMBLE_SENT;
    if ((preamble != NULL && !json_is_integer(preamble)) || preamble_count < 0 ||
        preamble_count > DL645_PREAMBLE_SENT_MAX) {
        return fail(&e, "preamble_fe", "must be 0 to 16");
    }
    struct dl645_frame frame;
    if (!check_keys(&e) || !control_get(&e) || !fields_get(&e) || !refusal_get(&e) ||
        !rest_get(&e) || !frame_get(&e, &frame)) {
        return false;
    }
    enum err err = dl645_frame_encode(&frame, (size_t)preamble_count, ret_bytes,
                                      DL645_WIRE_SIZE_MAX, ret_size);
    MUST(err == OK);
    return true;
}
