/* SPDX-License-Identifier: Apache-2.0 */

/*
 * From bytes to an object: first what the wrapping says, then the fields of the message in the
 * order of their table, then the value behind the DI. A bad frame stops where it breaks off.
 */

#include <string.h>

#include "common/bytes.h"
#include "common/must.h"
#include "common/str.h"
#include "protocol/dl645/address.h"
#include "protocol/dl645/field.h"
#include "protocol/dl645/status.h"
#include "tools/frame/frame_json.h"
#include "tools/frame/hex_json.h"
#include "tools/frame/time_json.h"
#include "tools/frame/value_json.h"

enum {
    OFFSET_ADDRESS_END = 6,
    OFFSET_CONTROL = 8,
    OFFSET_LENGTH = 9,
};

static void int_put(json_t *object, const struct dl645_field_info *info, uint32_t value)
{
    char text[MONEY_TEXT_SIZE];
    if (info->kind == DL645_FIELD_KIND_DECIMAL) {
        json_put_int(object, info->name, (int64_t)value);
    } else if (info->kind == DL645_FIELD_KIND_FEN) {
        json_put_text(object, info->name, money_format_yuan(money_fen((int64_t)value), text));
    } else {
        str_format_cut(text, sizeof(text), "%0*X", (int)info->size * 2, (unsigned)value);
        json_put_text(object, info->name, text);
    }
}

static void field_put(json_t *object, enum dl645_field field, const struct dl645_message *message)
{
    const struct dl645_field_info *info = dl645_field_describe(field);
    const unsigned char *member = (const unsigned char *)message + info->offset;
    switch (info->kind) {
    case DL645_FIELD_KIND_HEX:
    case DL645_FIELD_KIND_DECIMAL:
    case DL645_FIELD_KIND_FEN: {
        uint32_t value = 0;
        memcpy(&value, member, sizeof(value));
        int_put(object, info, value);
        break;
    }
    case DL645_FIELD_KIND_DIGITS:
        json_put_text(object, info->name, (const char *)member);
        break;
    case DL645_FIELD_KIND_RAW:
        json_put_hex(object, info->name, member, info->size, '\0');
        break;
    case DL645_FIELD_KIND_TIME: {
        struct dl645_time time;
        char text[TIME_JSON_TEXT_SIZE];
        memcpy(&time, member, sizeof(time));
        json_put_text(object, info->name, time_json_format(&time, info->time_parts, text));
        break;
    }
    case DL645_FIELD_KIND_ERROR:
    case DL645_FIELD_KIND_REST:
    case DL645_FIELD_KIND_COUNT:
        MUST_NOT_REACH(); /* these have functions of their own */
    }
}

static bool has(const struct dl645_message *message, enum dl645_field field)
{
    return (message->fields & DL645_HAS(field)) != 0;
}

static void refusal_put(json_t *object, const struct dl645_message *message)
{
    if (!has(message, DL645_FIELD_ERROR)) {
        return;
    }
    uint8_t bytes[2];
    put_le16(bytes, message->error_bits);
    json_put_hex(object, "error_bits", bytes, message->error_size, '\0');
    json_put(object, "errors", json_array());
    unsigned bits = message->error_bits;
    for (unsigned bit = 0; bit < 8U * message->error_size; bit++) {
        const char *name = dl645_error_bit_name(message->error_size, bit);
        if ((bits >> bit & 1U) != 0 && name != NULL) {
            json_put_element(object, "errors", json_string(name));
        }
    }
}

/*
 * Only these carry what stands behind the DI in the standard's tables; data written with class 98
 * is ciphertext.
 */
static bool is_about_value(const struct dl645_message *message)
{
    enum { PA_CIPHER = 0x98 };
    bool is_read = message->function == DL645_READ || message->function == DL645_READ_FOLLOW;
    bool is_plain_write = message->function == DL645_WRITE && message->pa != PA_CIPHER;
    return has(message, DL645_FIELD_DI) && (is_read || is_plain_write);
}

static void rest_put(json_t *object, const struct dl645_message *message)
{
    uint8_t rest[2 * DL645_DATA_SIZE_MAX];
    size_t rest_size = 0;
    if (has(message, DL645_FIELD_VALUE) && is_about_value(message)) {
        struct dl645_di di;
        dl645_di_describe(message->di, &di);
        rest_size = value_json_add(object, &di, message->value, message->value_size);
        memcpy(rest, message->value + message->value_size - rest_size, rest_size);
    } else if (has(message, DL645_FIELD_VALUE)) {
        json_put_hex(object, "data_hex", message->value, message->value_size, '\0');
    }
    if (has(message, DL645_FIELD_TRAILING)) {
        memcpy(rest + rest_size, message->trailing, message->trailing_size);
        rest_size += message->trailing_size;
    }
    if (rest_size > 0) {
        json_put_hex(object, "trailing_hex", rest, rest_size, '\0');
    }
}

static void message_put(json_t *object, const struct dl645_frame *frame)
{
    struct dl645_message message;
    if (dl645_message_decode(frame, &message) != OK) {
        json_put_text(object, "problem", "DATA is too short for this function");
        return;
    }
    for (unsigned i = 0; i < DL645_FIELD_COUNT; i++) {
        enum dl645_field field = (enum dl645_field)i;
        enum dl645_field_kind kind = dl645_field_describe(field)->kind;
        if (has(&message, field) && kind != DL645_FIELD_KIND_REST &&
            kind != DL645_FIELD_KIND_ERROR) {
            field_put(object, field, &message);
        }
    }
    refusal_put(object, &message);
    rest_put(object, &message);
}

static void control_put(json_t *object, uint8_t control)
{
    json_put_hex(object, "control", &control, 1, '\0');
    bool is_reply = (control & DL645_CONTROL_REPLY) != 0;
    json_put_text(object, "direction", is_reply ? "response" : "request");
    json_put_text(object, "function", dl645_function_name(control & DL645_CONTROL_FUNCTION));
    if ((control & DL645_CONTROL_ERROR) != 0) {
        json_put_flag(object, "error_reply", true);
    }
    if ((control & DL645_CONTROL_MORE) != 0) {
        json_put_flag(object, "more_follows", true);
    }
}

static void verdict_put(json_t *object, const struct dl645_inspection *inspection)
{
    char text[DL645_FAULT_TEXT_SIZE];
    bool is_good = inspection->check == DL645_CHECK_OK;
    json_put_flag(object, "ok", is_good);
    if (!is_good) {
        json_put_text(object, "error", dl645_fault_format(inspection, text));
        json_put_int(object, "at", (int64_t)inspection->at);
    }
}

/* What stands around the frame, so that nothing of the input is lost silently. */
static void surroundings_put(json_t *object, const uint8_t *bytes, size_t size,
                             const struct dl645_inspection *inspection)
{
    enum { SHOWN_MAX = 256 };
    size_t noise = inspection->start - inspection->preamble;
    size_t end = inspection->start + inspection->size_read;
    if (noise > 0) {
        json_put_hex(object, "noise_hex", bytes, noise < SHOWN_MAX ? noise : SHOWN_MAX, '\0');
    }
    if (inspection->check == DL645_CHECK_OK && end < size) {
        size_t after = size - end < SHOWN_MAX ? size - end : SHOWN_MAX;
        json_put_hex(object, "after_hex", bytes + end, after, '\0');
    }
}

json_t *frame_json_decode(const uint8_t *bytes, size_t size)
{
    struct dl645_inspection inspection;
    dl645_inspect(bytes, size, &inspection);
    json_t *object = json_object();
    MUST(object != NULL);
    verdict_put(object, &inspection);
    if (inspection.check == DL645_CHECK_NO_START) {
        return object;
    }
    json_put_int(object, "preamble_fe", (int64_t)inspection.preamble);
    if (inspection.size_read > OFFSET_ADDRESS_END) {
        char address[DL645_ADDRESS_TEXT_SIZE];
        json_put_text(object, "address", dl645_address_format(inspection.address, address));
    }
    if (inspection.check == DL645_CHECK_START_2) {
        return object;
    }
    if (inspection.size_read > OFFSET_CONTROL) {
        control_put(object, inspection.control);
    }
    if (inspection.size_read > OFFSET_LENGTH) {
        json_put_int(object, "length", inspection.length);
    }
    if (inspection.sum_known) {
        const struct dl645_frame *frame = &inspection.frame;
        json_put_hex(object, "data_minus33", frame->data, frame->data_size, ' ');
        json_put_hex(object, "cs_computed", &inspection.sum_computed, 1, '\0');
        json_put_hex(object, "cs_printed", &inspection.sum_printed, 1, '\0');
        message_put(object, frame);
    }
    surroundings_put(object, bytes, size, &inspection);
    return object;
}
