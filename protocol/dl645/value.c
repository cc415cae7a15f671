/* SPDX-License-Identifier: Apache-2.0 */

/*
 * One reader and one writer a kind. Numbers go digit by digit from BCD to text; moments are BCD
 * pairs put into a pattern, without asking whether the calendar has such a day: a meter that never
 * saw a demand says 00-00, and that is what it said.
 */

#include "protocol/dl645/value.h"

#include <string.h>

#include "common/bytes.h"
#include "common/must.h"
#include "common/str.h"

enum {
    SIGN_BIT = 0x80,
    NUMBER_SIZE_MAX = 4,
    DEMAND_VALUE_SIZE = 3,
    TEXT_SIZE_MAX = 32,
    FEN_DECIMALS = 2,
    DIGIT_COUNT_MAX = 16, /* far below 2^63, far above what four bytes hold */
};

size_t dl645_value_count(const struct dl645_di *di, size_t size)
{
    if (di->item_size == 0 || size < di->item_size) {
        return 0;
    }
    return di->is_block ? size / di->item_size : 1;
}

static bool is_all_ff(const uint8_t *bytes, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        if (bytes[i] != 0xFF) {
            return false;
        }
    }
    return true;
}

/* BCD to "-12.3456": at least one digit before the point, no leading zeros, no minus zero. */
static enum err number_decode(const struct dl645_di *di, const uint8_t *bytes, size_t size,
                              struct dl645_value *value)
{
    MUST(size >= 1 && size <= NUMBER_SIZE_MAX);
    uint8_t magnitude[NUMBER_SIZE_MAX];
    memcpy(magnitude, bytes, size);
    bool negative = di->is_signed && (magnitude[size - 1] & SIGN_BIT) != 0;
    if (negative) {
        magnitude[size - 1] &= (uint8_t)~SIGN_BIT;
    }
    uint64_t digits = 0;
    if (!bcd_get_le(magnitude, size, &digits)) {
        return ERR_FORMAT;
    }
    uint64_t scale = 1;
    for (uint8_t i = 0; i < di->decimals; i++) {
        scale *= 10;
    }
    const char *sign = negative && digits != 0 ? "-" : "";
    bool fits = di->decimals == 0
                    ? str_format(value->text, sizeof(value->text), "%s%llu", sign,
                                 (unsigned long long)digits)
                    : str_format(value->text, sizeof(value->text), "%s%llu.%0*llu", sign,
                                 (unsigned long long)(digits / scale), (int)di->decimals,
                                 (unsigned long long)(digits % scale));
    MUST(fits);
    value->scaled = negative ? -(int64_t)digits : (int64_t)digits;
    return OK;
}

/* The digits of decimal text without its point, filled up to @p decimals; false if malformed. */
static bool number_parse(const char *text, unsigned decimals, bool *ret_negative,
                         uint64_t *ret_digits)
{
    bool negative = text[0] == '-';
    const char *at = text + (negative ? 1 : 0);
    uint64_t digits = 0;
    unsigned count = 0;
    unsigned behind_point = 0;
    bool has_point = false;
    for (; *at != '\0'; at++) {
        if (*at == '.' && !has_point && count > 0) {
            has_point = true;
        } else if (*at >= '0' && *at <= '9' && count < DIGIT_COUNT_MAX) {
            digits = digits * 10 + (uint64_t)(*at - '0');
            count += 1;
            behind_point += has_point ? 1 : 0;
        } else {
            return false;
        }
    }
    if (count == 0 || behind_point > decimals || (has_point && behind_point == 0)) {
        return false;
    }
    for (; behind_point < decimals; behind_point++) {
        digits *= 10;
    }
    *ret_negative = negative;
    *ret_digits = digits;
    return true;
}

static enum err number_encode(const struct dl645_di *di, const char *text, size_t size,
                              uint8_t *ret_bytes)
{
    bool negative = false;
    uint64_t digits = 0;
    if (!number_parse(text, di->decimals, &negative, &digits)) {
        return ERR_FORMAT;
    }
    if ((negative && !di->is_signed) || !bcd_put_le(digits, ret_bytes, size)) {
        return ERR_RANGE;
    }
    if (di->is_signed && (ret_bytes[size - 1] & SIGN_BIT) != 0) {
        return ERR_RANGE; /* the digit reaches into the sign */
    }
    ret_bytes[size - 1] |= (uint8_t)(negative ? SIGN_BIT : 0);
    return OK;
}

/*
 * A pattern is the text with a letter for each BCD pair (Y M D h m s, W one digit) and the wire
 * order of the letters beside it.
 */
struct pattern {
    const char *text;
    const char *wire;
};

static const struct pattern moment_pattern = {"20Y-M-D h:m", "mhDMY"};
static const struct pattern clock_pattern = {"h:m:s", "smh"};
static const struct pattern date_pattern = {"20Y-M-D", "DMY"};

static enum err pattern_decode(const struct pattern *pattern, const uint8_t *bytes,
                               char ret_text[DL645_VALUE_TIME_SIZE])
{
    struct strbuf out;
    strbuf_init(&out, ret_text, DL645_VALUE_TIME_SIZE);
    for (const char *at = pattern->text; *at != '\0'; at++) {
        const char *place = strchr(pattern->wire, *at);
        if (place == NULL) {
            strbuf_add_char(&out, *at);
            continue;
        }
        uint8_t pair = 0;
        if (!bcd_get(bytes[place - pattern->wire], &pair)) {
            ret_text[0] = '\0';
            return ERR_FORMAT;
        }
        strbuf_addf(&out, "%02u", (unsigned)pair);
    }
    MUST(!out.failed);
    return OK;
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static enum err pattern_encode(const struct pattern *pattern, const char *text, uint8_t *ret_bytes)
{
    const char *from = text;
    for (const char *at = pattern->text; *at != '\0'; at++) {
        const char *place = strchr(pattern->wire, *at);
        if (place == NULL) {
            if (*from != *at) {
                return ERR_FORMAT;
            }
            from += 1;
            continue;
        }
        if (!is_digit(from[0]) || !is_digit(from[1])) {
            return ERR_FORMAT;
        }
        ret_bytes[place - pattern->wire] = (uint8_t)((from[0] - '0') << 4 | (from[1] - '0'));
        from += 2;
    }
    return *from == '\0' ? OK : ERR_FORMAT;
}

static enum err demand_decode(const struct dl645_di *di, const uint8_t *bytes,
                              struct dl645_value *value)
{
    enum err err = number_decode(di, bytes, DEMAND_VALUE_SIZE, value);
    return err != OK ? err
                     : pattern_decode(&moment_pattern, bytes + DEMAND_VALUE_SIZE, value->time);
}

static enum err date_decode(const uint8_t *bytes, struct dl645_value *value)
{
    enum { WEEKDAY_MAX = 6 };
    uint8_t weekday = 0;
    if (!bcd_get(bytes[0], &weekday) || weekday > WEEKDAY_MAX) {
        return ERR_FORMAT;
    }
    value->weekday = weekday;
    return pattern_decode(&date_pattern, bytes + 1, value->date);
}

/* Highest byte first, as people write it. */
static enum err digits_decode(const uint8_t *bytes, size_t size, struct dl645_value *value)
{
    struct strbuf out;
    strbuf_init(&out, value->text, sizeof(value->text));
    for (size_t i = size; i > 0; i--) {
        uint8_t pair = 0;
        if (!bcd_get(bytes[i - 1], &pair)) {
            return ERR_FORMAT;
        }
        strbuf_addf(&out, "%02u", (unsigned)pair);
    }
    MUST(!out.failed);
    return OK;
}

/* The last character comes first; what is shorter than its field has zeros at the far end. */
static enum err text_decode(const uint8_t *bytes, size_t size, struct dl645_value *value)
{
    MUST(size <= TEXT_SIZE_MAX);
    size_t used = size;
    while (used > 0 && bytes[used - 1] == 0) {
        used -= 1;
    }
    for (size_t i = 0; i < used; i++) {
        uint8_t c = bytes[used - 1 - i];
        if (c < ' ' || c > '~') {
            value->text[0] = '\0';
            return ERR_FORMAT;
        }
        value->text[i] = (char)c;
    }
    value->text[used] = '\0';
    return OK;
}

static enum err item_decode(const struct dl645_di *di, const uint8_t *bytes,
                            struct dl645_value *value)
{
    switch (di->kind) {
    case DL645_KIND_NUMBER:
    case DL645_KIND_COUNTER:
        return number_decode(di, bytes, di->item_size, value);
    case DL645_KIND_DEMAND:
        return demand_decode(di, bytes, value);
    case DL645_KIND_DATE:
        return date_decode(bytes, value);
    case DL645_KIND_TIME:
        return pattern_decode(&clock_pattern, bytes, value->time);
    case DL645_KIND_DATE_TIME: {
        enum err err = pattern_decode(&clock_pattern, bytes, value->time);
        return err != OK ? err : date_decode(bytes + 3, value);
    }
    case DL645_KIND_MOMENT:
    case DL645_KIND_FREEZE_TIME:
        return pattern_decode(&moment_pattern, bytes, value->time);
    case DL645_KIND_DIGITS:
        return digits_decode(bytes, di->item_size, value);
    case DL645_KIND_TEXT:
        return text_decode(bytes, di->item_size, value);
    case DL645_KIND_BAUD:
        str_format_cut(value->text, sizeof(value->text), "%02X", (unsigned)bytes[0]);
        return OK;
    case DL645_KIND_BITS:
    case DL645_KIND_BYTES:
    case DL645_KIND_COUNT:
        break;
    }
    MUST_NOT_REACH(); /* has_typed_value() came first */
}

static bool has_typed_value(const struct dl645_di *di)
{
    return di->kind != DL645_KIND_BITS && di->kind != DL645_KIND_BYTES;
}

enum err dl645_value_decode(const struct dl645_di *di, const uint8_t *bytes, size_t size,
                            struct dl645_value *ret_value)
{
    if (!has_typed_value(di)) {
        return ERR_UNSUPPORTED;
    }
    if (size < di->item_size) {
        return ERR_INCOMPLETE;
    }
    struct dl645_value value = {0};
    value.present = !is_all_ff(bytes, di->item_size);
    enum err err = value.present ? item_decode(di, bytes, &value) : OK;
    if (err == OK) {
        *ret_value = value;
    }
    return err;
}

static enum err digits_encode(const char *text, size_t size, uint8_t *ret_bytes)
{
    if (strlen(text) != 2 * size) {
        return ERR_FORMAT;
    }
    for (size_t i = 0; i < size; i++) {
        const char *pair = text + 2 * (size - 1 - i);
        if (!is_digit(pair[0]) || !is_digit(pair[1])) {
            return ERR_FORMAT;
        }
        ret_bytes[i] = (uint8_t)((pair[0] - '0') << 4 | (pair[1] - '0'));
    }
    return OK;
}

static enum err text_encode(const char *text, size_t size, uint8_t *ret_bytes)
{
    size_t used = strlen(text);
    if (used > size) {
        return ERR_RANGE;
    }
    memset(ret_bytes, 0, size);
    for (size_t i = 0; i < used; i++) {
        char c = text[used - 1 - i];
        if (c < ' ' || c > '~') {
            return ERR_FORMAT;
        }
        ret_bytes[i] = (uint8_t)c;
    }
    return OK;
}

static enum err date_encode(const struct dl645_value *value, uint8_t *ret_bytes)
{
    if (value->weekday > 6) {
        return ERR_RANGE;
    }
    ret_bytes[0] = value->weekday;
    return pattern_encode(&date_pattern, value->date, ret_bytes + 1);
}

static enum err baud_encode(const char *text, uint8_t *ret_bytes)
{
    size_t size = 0;
    return hex_parse(text, strlen(text), ret_bytes, 1, &size, /* ret_at= */ NULL) && size == 1
               ? OK
               : ERR_FORMAT;
}

static enum err item_encode(const struct dl645_di *di, const struct dl645_value *value,
                            uint8_t *ret_bytes)
{
    enum err err = OK;
    switch (di->kind) {
    case DL645_KIND_NUMBER:
    case DL645_KIND_COUNTER:
        return number_encode(di, value->text, di->item_size, ret_bytes);
    case DL645_KIND_DEMAND:
        err = number_encode(di, value->text, DEMAND_VALUE_SIZE, ret_bytes);
        return err != OK
                   ? err
                   : pattern_encode(&moment_pattern, value->time, ret_bytes + DEMAND_VALUE_SIZE);
    case DL645_KIND_DATE:
        return date_encode(value, ret_bytes);
    case DL645_KIND_TIME:
        return pattern_encode(&clock_pattern, value->time, ret_bytes);
    case DL645_KIND_DATE_TIME:
        err = pattern_encode(&clock_pattern, value->time, ret_bytes);
        return err != OK ? err : date_encode(value, ret_bytes + 3);
    case DL645_KIND_MOMENT:
    case DL645_KIND_FREEZE_TIME:
        return pattern_encode(&moment_pattern, value->time, ret_bytes);
    case DL645_KIND_DIGITS:
        return digits_encode(value->text, di->item_size, ret_bytes);
    case DL645_KIND_TEXT:
        return text_encode(value->text, di->item_size, ret_bytes);
    case DL645_KIND_BAUD:
        return baud_encode(value->text, ret_bytes);
    case DL645_KIND_BITS:
    case DL645_KIND_BYTES:
    case DL645_KIND_COUNT:
        break;
    }
    MUST_NOT_REACH(); /* has_typed_value() came first */
}

enum err dl645_value_encode(const struct dl645_di *di, const struct dl645_value *value,
                            uint8_t *ret_bytes, size_t bytes_size, size_t *ret_size)
{
    uint8_t bytes[TEXT_SIZE_MAX] = {0};
    if (!has_typed_value(di)) {
        return ERR_UNSUPPORTED;
    }
    MUST(di->item_size >= 1 && di->item_size <= sizeof(bytes));
    if (bytes_size < di->item_size) {
        return ERR_FULL;
    }
    if (value->present) {
        enum err err = item_encode(di, value, bytes);
        if (err != OK) {
            return err;
        }
    } else {
        memset(bytes, 0xFF, di->item_size);
    }
    memcpy(ret_bytes, bytes, di->item_size);
    *ret_size = di->item_size;
    return OK;
}

/* The one text of an item that stands for it in a reading. */
static const char *main_text(const struct dl645_di *di, const struct dl645_value *value)
{
    switch (di->kind) {
    case DL645_KIND_DATE:
        return value->date;
    case DL645_KIND_TIME:
    case DL645_KIND_DATE_TIME:
    case DL645_KIND_MOMENT:
    case DL645_KIND_FREEZE_TIME:
        return value->time;
    case DL645_KIND_NUMBER:
    case DL645_KIND_DEMAND:
    case DL645_KIND_COUNTER:
    case DL645_KIND_DIGITS:
    case DL645_KIND_TEXT:
    case DL645_KIND_BAUD:
    case DL645_KIND_BITS:
    case DL645_KIND_BYTES:
    case DL645_KIND_COUNT:
        break;
    }
    return value->text;
}

enum err dl645_value_to_text(const struct dl645_di *di, const uint8_t *bytes, size_t size,
                             char *ret_text, size_t text_size)
{
    if (!has_typed_value(di)) {
        return hex_format(bytes, size, /* separator= */ '\0', ret_text, text_size) ? OK : ERR_FULL;
    }
    size_t count = dl645_value_count(di, size);
    if (count == 0) {
        return ERR_INCOMPLETE;
    }
    struct strbuf out;
    strbuf_init(&out, ret_text, text_size);
    for (size_t i = 0; i < count; i++) {
        struct dl645_value value;
        enum err err = dl645_value_decode(di, bytes + i * di->item_size, di->item_size, &value);
        if (err != OK) {
            ret_text[0] = '\0';
            return err;
        }
        if (i > 0) {
            strbuf_add_char(&out, ',');
        }
        if (di->kind == DL645_KIND_DATE_TIME) {
            strbuf_addf(&out, "%s ", value.date);
        }
        strbuf_add(&out, main_text(di, &value));
    }
    if (out.failed) {
        ret_text[0] = '\0';
        return ERR_FULL;
    }
    return OK;
}

bool dl645_value_to_money(const struct dl645_di *di, const struct dl645_value *value,
                          struct money *ret_money)
{
    bool is_amount = di->kind == DL645_KIND_NUMBER && di->decimals == FEN_DECIMALS &&
                     str_equal(di->unit, "yuan");
    if (!is_amount || !value->present) {
        return false;
    }
    *ret_money = money_fen(value->scaled);
    return true;
}
