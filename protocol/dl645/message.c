/* SPDX-License-Identifier: Apache-2.0 */

/*
 * A message is taken apart and put together by walking its layout; the one field without a fixed
 * size, the value, gets what the others leave.
 */

#include "protocol/dl645/message.h"

#include <string.h>

#include "common/bytes.h"
#include "common/must.h"
#include "protocol/dl645/address.h"
#include "protocol/dl645/field.h"
#include "protocol/dl645/layout.h"

enum {
    ERR_SIZE = 1,
    SERR_SIZE = 2,
    FIELD_SIZE_MAX = 16, /* the ciphertext of a relay command */
    YEAR_BASE = 2000,
};

struct function_name {
    uint8_t function;
    const char *name;
};

static const struct function_name function_names[] = {
    {DL645_SECURITY_AUTH, "security auth"},
    {DL645_BROADCAST_TIME, "broadcast time"},
    {DL645_READ, "read"},
    {DL645_READ_FOLLOW, "read follow-on"},
    {DL645_READ_ADDRESS, "read address"},
    {DL645_WRITE, "write"},
    {DL645_WRITE_ADDRESS, "write address"},
    {DL645_FREEZE, "freeze"},
    {DL645_CHANGE_BAUD, "change baud"},
    {DL645_CHANGE_PASSWORD, "change password"},
    {DL645_CLEAR_DEMAND, "clear max demand"},
    {DL645_CLEAR_METER, "clear meter"},
    {DL645_CLEAR_EVENTS, "clear events"},
    {DL645_RELAY, "relay/alarm/hold control"},
    {DL645_OUTPUT, "multi-function output"},
};

const char *dl645_function_name(uint8_t function)
{
    for (size_t i = 0; i < ARRAY_COUNT(function_names); i++) {
        if (function_names[i].function == function) {
            return function_names[i].name;
        }
    }
    return "vendor";
}

bool dl645_function_parse(const char *name, uint8_t *ret_function)
{
    for (size_t i = 0; i < ARRAY_COUNT(function_names); i++) {
        if (strcmp(function_names[i].name, name) == 0) {
            *ret_function = function_names[i].function;
            return true;
        }
    }
    return false;
}

/* Bytes for which the standard has no layout are carried as they are. */
static bool has_layouts(const struct dl645_message *message)
{
    if (message->error) {
        return message->reply;
    }
    return strcmp(dl645_function_name(message->function), "vendor") != 0 &&
           !(message->function == DL645_BROADCAST_TIME && message->reply);
}

static void head_get(const struct dl645_frame *frame, struct dl645_message *ret_message)
{
    *ret_message = (struct dl645_message){
        .function = frame->control & DL645_CONTROL_FUNCTION,
        .reply = (frame->control & DL645_CONTROL_REPLY) != 0,
        .error = (frame->control & DL645_CONTROL_ERROR) != 0,
        .more = (frame->control & DL645_CONTROL_MORE) != 0,
    };
    (void)dl645_address_format(frame->address, ret_message->address);
}

static void value_get(struct dl645_message *message, const uint8_t *bytes, size_t size)
{
    MUST(size <= sizeof(message->value));
    if (size > 0) {
        memcpy(message->value, bytes, size);
        message->value_size = (uint8_t)size;
        message->fields |= DL645_HAS(DL645_FIELD_VALUE);
    }
}

static void trailing_get(struct dl645_message *message, const uint8_t *bytes, size_t size)
{
    MUST(size <= sizeof(message->trailing));
    if (size > 0) {
        memcpy(message->trailing, bytes, size);
        message->trailing_size = (uint8_t)size;
        message->fields |= DL645_HAS(DL645_FIELD_TRAILING);
    }
}

/* ERR is one byte; SERR, behind control 03 and 1C, is two, but some vendors send one there too. */
static void refusal_get(struct dl645_message *message, const uint8_t *data, size_t size)
{
    bool may_be_serr = message->function == DL645_SECURITY_AUTH || message->function == DL645_RELAY;
    size_t error_size = may_be_serr && size >= SERR_SIZE ? SERR_SIZE : ERR_SIZE;
    if (size < error_size) {
        return; /* refused without a reason */
    }
    message->error_size = (uint8_t)error_size;
    message->error_bits = error_size == SERR_SIZE ? get_le16(data) : data[0];
    message->fields |= DL645_HAS(DL645_FIELD_ERROR);
    trailing_get(message, data + error_size, size - error_size);
}

void dl645_message_raw(const struct dl645_frame *frame, struct dl645_message *ret_message)
{
    MUST(frame->data_size <= DL645_DATA_SIZE_MAX);
    head_get(frame, ret_message);
    value_get(ret_message, frame->data, frame->data_size);
}

enum err dl645_message_decode(const struct dl645_frame *frame, struct dl645_message *ret_message)
{
    MUST(frame->data_size <= DL645_DATA_SIZE_MAX);
    struct dl645_message message;
    head_get(frame, &message);
    const uint8_t *data = frame->data;
    size_t size = frame->data_size;
    if (!has_layouts(&message)) {
        value_get(&message, data, size);
        *ret_message = message;
        return OK;
    }
    if (message.error) {
        refusal_get(&message, data, size);
        *ret_message = message;
        return OK;
    }
    struct dl645_layout layout;
    if (!dl645_layout_of_data(message.function, message.reply, data, size, &layout)) {
        return ERR_FORMAT;
    }
    size_t left = size - layout.size_min;
    for (size_t i = 0; i < layout.field_count; i++) {
        enum dl645_field field = layout.fields[i];
        if (field == DL645_FIELD_VALUE) {
            value_get(&message, data, left);
            data += left;
            left = 0;
        } else {
            dl645_field_get(field, data, &message);
            data += dl645_field_describe(field)->size;
        }
    }
    trailing_get(&message, data, left);
    MUST(data + left == frame->data + size);
    *ret_message = message;
    return OK;
}

static bool has(const struct dl645_message *message, enum dl645_field field)
{
    return (message->fields & DL645_HAS(field)) != 0;
}

static enum err bytes_put(struct dl645_frame *frame, const uint8_t *bytes, size_t size)
{
    if (frame->data_size + size > DL645_DATA_SIZE_MAX) {
        return ERR_RANGE;
    }
    memcpy(frame->data + frame->data_size, bytes, size);
    frame->data_size = (uint8_t)(frame->data_size + size);
    return OK;
}

static enum err value_put(const struct dl645_message *message, struct dl645_frame *frame)
{
    size_t size = has(message, DL645_FIELD_VALUE) ? message->value_size : 0;
    return bytes_put(frame, message->value, size);
}

static enum err refusal_put(const struct dl645_message *message, struct dl645_frame *frame)
{
    if ((message->fields & ~(DL645_HAS(DL645_FIELD_ERROR) | DL645_HAS(DL645_FIELD_TRAILING))) !=
        0) {
        return ERR_UNSUPPORTED;
    }
    if (!has(message, DL645_FIELD_ERROR)) {
        return OK;
    }
    uint8_t bytes[SERR_SIZE];
    put_le16(bytes, message->error_bits);
    if (message->error_size == ERR_SIZE && bytes[1] == 0) {
        return bytes_put(frame, bytes, ERR_SIZE);
    }
    return message->error_size == SERR_SIZE ? bytes_put(frame, bytes, SERR_SIZE) : ERR_RANGE;
}

static enum err field_put(const struct dl645_message *message, enum dl645_field field,
                          struct dl645_frame *frame)
{
    uint8_t bytes[FIELD_SIZE_MAX];
    size_t size = dl645_field_describe(field)->size;
    if (field == DL645_FIELD_VALUE) {
        return value_put(message, frame);
    }
    MUST(size <= sizeof(bytes));
    enum err err = dl645_field_put(field, message, bytes);
    return err == OK ? bytes_put(frame, bytes, size) : err;
}

static enum err layout_put(const struct dl645_message *message, struct dl645_frame *frame)
{
    struct dl645_layout layout;
    if (!dl645_layout_of_message(message, &layout)) {
        return ERR_UNSUPPORTED;
    }
    enum err err = OK;
    for (size_t i = 0; i < layout.field_count && err == OK; i++) {
        err = field_put(message, layout.fields[i], frame);
    }
    return err;
}

static enum err data_put(const struct dl645_message *message, struct dl645_frame *frame)
{
    uint64_t raw = DL645_HAS(DL645_FIELD_VALUE) | DL645_HAS(DL645_FIELD_TRAILING);
    if (!has_layouts(message)) {
        return (message->fields & ~raw) == 0 ? value_put(message, frame) : ERR_UNSUPPORTED;
    }
    return message->error ? refusal_put(message, frame) : layout_put(message, frame);
}

enum err dl645_message_encode(const struct dl645_message *message, struct dl645_frame *ret_frame)
{
    if (message->function > DL645_CONTROL_FUNCTION) {
        return ERR_RANGE;
    }
    struct dl645_frame frame = {0};
    unsigned control = message->function;
    control |= message->reply ? DL645_CONTROL_REPLY : 0U;
    control |= message->error ? DL645_CONTROL_ERROR : 0U;
    control |= message->more ? DL645_CONTROL_MORE : 0U;
    frame.control = (uint8_t)control;
    if (!dl645_address_parse(message->address, frame.address)) {
        return ERR_FORMAT;
    }
    enum err err = data_put(message, &frame);
    if (err == OK && has(message, DL645_FIELD_TRAILING)) {
        err = bytes_put(&frame, message->trailing, message->trailing_size);
    }
    if (err == OK) {
        *ret_frame = frame;
    }
    return err;
}

bool dl645_time_from_civil(const struct civil *civil, struct dl645_time *ret_time)
{
    if (civil->year < YEAR_BASE || civil->year > YEAR_BASE + 99) {
        return false;
    }
    *ret_time = (struct dl645_time){
        .year = bcd_put((uint8_t)(civil->year - YEAR_BASE)),
        .month = bcd_put(civil->month),
        .day = bcd_put(civil->day),
        .hour = bcd_put(civil->hour),
        .minute = bcd_put(civil->minute),
        .second = bcd_put(civil->second),
    };
    return true;
}

bool dl645_time_to_civil(const struct dl645_time *time, struct civil *ret_civil)
{
    struct civil civil = {0};
    uint8_t year = 0;
    if (!bcd_get(time->year, &year) || !bcd_get(time->month, &civil.month) ||
        !bcd_get(time->day, &civil.day) || !bcd_get(time->hour, &civil.hour) ||
        !bcd_get(time->minute, &civil.minute) || !bcd_get(time->second, &civil.second)) {
        return false;
    }
    civil.year = YEAR_BASE + year;
    int64_t wall_s = 0;
    if (!civil_to_wall_s(&civil, &wall_s)) {
        return false;
    }
    *ret_civil = civil_beijing(wall_s);
    return true;
}

static const uint16_t bauds[] = {600, 1200, 2400, 4800, 9600, 19200};

bool dl645_baud_to_code(uint32_t baud, uint8_t *ret_code)
{
    for (size_t i = 0; i < ARRAY_COUNT(bauds); i++) {
        if (bauds[i] == baud) {
            *ret_code = (uint8_t)(2U << i);
            return true;
        }
    }
    return false;
}

bool dl645_baud_from_code(uint8_t code, uint32_t *ret_baud)
{
    for (size_t i = 0; i < ARRAY_COUNT(bauds); i++) {
        if ((2U << i) == code) {
            *ret_baud = bauds[i];
            return true;
        }
    }
    return false;
}
