/* SPDX-License-Identifier: Apache-2.0 */

/*
 * One row a field, in the order of enum dl645_field. Members of struct dl645_message are reached
 * by offset and copied bytewise, so that one getter and one putter serve each kind.
 */

#include "protocol/dl645/field.h"

#include <string.h>

#include "common/bytes.h"
#include "common/must.h"

enum {
    INT_SIZE_MAX = 4,
    DIGIT_BYTES_MAX = 8,
};

#define AT(member) offsetof(struct dl645_message, member)

static const struct dl645_field_info fields[DL645_FIELD_COUNT] = {
    [DL645_FIELD_DI] = {"DI", DL645_FIELD_KIND_HEX, 4, "", AT(di)},
    [DL645_FIELD_VALUE] = {"value_hex", DL645_FIELD_KIND_REST, 0, "", AT(value)},
    [DL645_FIELD_SEQ] = {"seq", DL645_FIELD_KIND_DECIMAL, 1, "", AT(seq)},
    [DL645_FIELD_PA] = {"PA", DL645_FIELD_KIND_HEX, 1, "", AT(pa)},
    [DL645_FIELD_PASSWORD] = {"password", DL645_FIELD_KIND_HEX, 3, "", AT(password)},
    [DL645_FIELD_OPERATOR] = {"operator", DL645_FIELD_KIND_HEX, 4, "", AT(operator_code)},
    [DL645_FIELD_NEW_PA] = {"new_PA", DL645_FIELD_KIND_HEX, 1, "", AT(new_pa)},
    [DL645_FIELD_NEW_PASSWORD] = {"new_password", DL645_FIELD_KIND_HEX, 3, "", AT(new_password)},
    [DL645_FIELD_METER_ADDRESS] = {"meter_address", DL645_FIELD_KIND_DIGITS, 6, "",
                                   AT(meter_address)},
    [DL645_FIELD_NEW_ADDRESS] = {"new_address", DL645_FIELD_KIND_DIGITS, 6, "", AT(new_address)},
    [DL645_FIELD_N1] = {"N1", DL645_FIELD_KIND_HEX, 1, "", AT(n1)},
    [DL645_FIELD_N2] = {"N2", DL645_FIELD_KIND_HEX, 1, "", AT(n2)},
    [DL645_FIELD_EXPIRES] = {"expires", DL645_FIELD_KIND_TIME, 6, "smhDMY", AT(expires)},
    [DL645_FIELD_TIME] = {"time", DL645_FIELD_KIND_TIME, 6, "smhDMY", AT(time)},
    [DL645_FIELD_FREEZE_TIME] = {"freeze_time", DL645_FIELD_KIND_TIME, 4, "mhDM", AT(freeze_time)},
    [DL645_FIELD_BAUD_CODE] = {"baud_code", DL645_FIELD_KIND_HEX, 1, "", AT(baud_code)},
    [DL645_FIELD_OUTPUT_CODE] = {"output_code", DL645_FIELD_KIND_HEX, 1, "", AT(output_code)},
    [DL645_FIELD_BLOCK_COUNT] = {"block_count", DL645_FIELD_KIND_HEX, 1, "", AT(block_count)},
    [DL645_FIELD_BLOCK_TIME] = {"block_time", DL645_FIELD_KIND_TIME, 5, "mhDMY", AT(block_time)},
    [DL645_FIELD_AMOUNT] = {"amount", DL645_FIELD_KIND_FEN, 4, "", AT(amount)},
    [DL645_FIELD_REMAINING] = {"remaining", DL645_FIELD_KIND_FEN, 4, "", AT(remaining)},
    [DL645_FIELD_PURCHASE_COUNT] = {"purchase_count", DL645_FIELD_KIND_DECIMAL, 4, "",
                                    AT(purchase_count)},
    [DL645_FIELD_CUSTOMER] = {"customer", DL645_FIELD_KIND_DIGITS, 6, "", AT(customer)},
    [DL645_FIELD_ORDER] = {"order", DL645_FIELD_KIND_DIGITS, 8, "", AT(order)},
    [DL645_FIELD_METER] = {"meter", DL645_FIELD_KIND_DIGITS, 6, "", AT(meter)},
    [DL645_FIELD_MAC1] = {"mac1", DL645_FIELD_KIND_RAW, 4, "", AT(mac1)},
    [DL645_FIELD_MAC2] = {"mac2", DL645_FIELD_KIND_RAW, 4, "", AT(mac2)},
    [DL645_FIELD_KEY_INFO] = {"key_info", DL645_FIELD_KIND_RAW, 4, "", AT(key_info)},
    [DL645_FIELD_CIPHERTEXT] = {"ciphertext", DL645_FIELD_KIND_RAW, 16, "", AT(ciphertext)},
    [DL645_FIELD_CIPHER1] = {"cipher1", DL645_FIELD_KIND_RAW, 8, "", AT(cipher1)},
    [DL645_FIELD_RANDOM1] = {"random1", DL645_FIELD_KIND_RAW, 8, "", AT(random1)},
    [DL645_FIELD_DISPERSION] = {"dispersion", DL645_FIELD_KIND_RAW, 8, "", AT(dispersion)},
    [DL645_FIELD_RANDOM2] = {"random2", DL645_FIELD_KIND_RAW, 4, "", AT(random2)},
    [DL645_FIELD_ESAM_NUMBER] = {"esam_number", DL645_FIELD_KIND_RAW, 8, "", AT(esam_number)},
    [DL645_FIELD_VALID_MINUTES] = {"valid_minutes", DL645_FIELD_KIND_HEX, 2, "", AT(valid_minutes)},
    [DL645_FIELD_FILE_ADDRESS] = {"file_address", DL645_FIELD_KIND_RAW, 8, "", AT(file_address)},
    [DL645_FIELD_ERROR] = {"error_bits", DL645_FIELD_KIND_ERROR, 0, "", AT(error_bits)},
    [DL645_FIELD_TRAILING] = {"trailing_hex", DL645_FIELD_KIND_REST, 0, "", AT(trailing)},
};

const struct dl645_field_info *dl645_field_describe(enum dl645_field field)
{
    MUST((unsigned)field < DL645_FIELD_COUNT);
    return &fields[field];
}

/* Where the part @p letter of a moment lies. */
static uint8_t *time_part(struct dl645_time *time, char letter)
{
    switch (letter) {
    case 's':
        return &time->second;
    case 'm':
        return &time->minute;
    case 'h':
        return &time->hour;
    case 'D':
        return &time->day;
    case 'M':
        return &time->month;
    case 'Y':
        return &time->year;
    default: /* a letter is a char, not an enum: the table above is the only source */
        MUST_NOT_REACH();
    }
}

static uint32_t int_get(const uint8_t *bytes, size_t size)
{
    uint32_t value = 0;
    for (size_t i = size; i > 0; i--) {
        value = (value << 8) | bytes[i - 1];
    }
    return value;
}

static void digits_get(const uint8_t *bytes, size_t size, char *ret_text)
{
    uint8_t turned[DIGIT_BYTES_MAX];
    MUST(size <= sizeof(turned));
    for (size_t i = 0; i < size; i++) {
        turned[i] = bytes[size - 1 - i];
    }
    bool fits = hex_format(turned, size, /* separator= */ '\0', ret_text, 2 * size + 1);
    MUST(fits);
}

void dl645_field_get(enum dl645_field field, const uint8_t *bytes,
                     struct dl645_message *ret_message)
{
    const struct dl645_field_info *info = dl645_field_describe(field);
    unsigned char *member = (unsigned char *)ret_message + info->offset;
    switch (info->kind) {
    case DL645_FIELD_KIND_HEX:
    case DL645_FIELD_KIND_DECIMAL:
    case DL645_FIELD_KIND_FEN: {
        uint32_t value = int_get(bytes, info->size);
        memcpy(member, &value, sizeof(value));
        break;
    }
    case DL645_FIELD_KIND_DIGITS:
        digits_get(bytes, info->size, (char *)member);
        break;
    case DL645_FIELD_KIND_RAW:
        memcpy(member, bytes, info->size);
        break;
    case DL645_FIELD_KIND_TIME: {
        struct dl645_time time = {0};
        for (size_t i = 0; i < info->size; i++) {
            *time_part(&time, info->time_parts[i]) = bytes[i];
        }
        memcpy(member, &time, sizeof(time));
        break;
    }
    case DL645_FIELD_KIND_ERROR:
    case DL645_FIELD_KIND_REST:
    case DL645_FIELD_KIND_COUNT:
        MUST_NOT_REACH();
    }
    ret_message->fields |= DL645_HAS(field);
}

static enum err int_put(const unsigned char *member, size_t size, uint8_t *ret_bytes)
{
    uint32_t value = 0;
    memcpy(&value, member, sizeof(value));
    if (size < INT_SIZE_MAX && (value >> (8 * size)) != 0) {
        return ERR_RANGE;
    }
    for (size_t i = 0; i < size; i++) {
        ret_bytes[i] = (uint8_t)((value >> (8 * i)) & 0xFFU);
    }
    return OK;
}

static enum err digits_put(const char *text, size_t size, uint8_t *ret_bytes)
{
    uint8_t turned[DIGIT_BYTES_MAX] = {0};
    size_t turned_size = 0;
    if (memchr(text, '\0', 2 * size) != NULL || text[2 * size] != '\0' ||
        !hex_parse(text, 2 * size, turned, sizeof(turned), &turned_size, /* ret_at= */ NULL) ||
        turned_size != size) {
        return ERR_FORMAT;
    }
    for (size_t i = 0; i < size; i++) {
        ret_bytes[i] = turned[size - 1 - i];
    }
    return OK;
}

enum err dl645_field_put(enum dl645_field field, const struct dl645_message *message,
                         uint8_t *ret_bytes)
{
    const struct dl645_field_info *info = dl645_field_describe(field);
    const unsigned char *member = (const unsigned char *)message + info->offset;
    switch (info->kind) {
    case DL645_FIELD_KIND_HEX:
    case DL645_FIELD_KIND_DECIMAL:
    case DL645_FIELD_KIND_FEN:
        return int_put(member, info->size, ret_bytes);
    case DL645_FIELD_KIND_DIGITS:
        return digits_put((const char *)member, info->size, ret_bytes);
    case DL645_FIELD_KIND_RAW:
        memcpy(ret_bytes, member, info->size);
        return OK;
    case DL645_FIELD_KIND_TIME: {
        struct dl645_time time;
        memcpy(&time, member, sizeof(time));
        for (size_t i = 0; i < info->size; i++) {
            ret_bytes[i] = *time_part(&time, info->time_parts[i]);
        }
        return OK;
    }
    case DL645_FIELD_KIND_ERROR:
    case DL645_FIELD_KIND_REST:
    case DL645_FIELD_KIND_COUNT:
        break;
    }
    MUST_NOT_REACH();
}
