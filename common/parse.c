/* SPDX-License-Identifier: Apache-2.0 */
#include "common/parse.h"

bool parse_u64(const char *text, uint64_t max, uint64_t *ret_value)
{
    if (*text == '\0') {
        return false;
    }
    uint64_t value = 0;
    for (const char *p = text; *p != '\0'; p++) {
        if (*p < '0' || *p > '9') {
            return false;
        }
        uint64_t digit = (uint64_t)(*p - '0');
        if (__builtin_mul_overflow(value, UINT64_C(10), &value) ||
            __builtin_add_overflow(value, digit, &value)) {
            return false;
        }
    }
    if (value > max) {
        return false;
    }
    *ret_value = value;
    return true;
}

bool parse_u32(const char *text, uint32_t max, uint32_t *ret_value)
{
    uint64_t value = 0;
    if (!parse_u64(text, max, &value)) {
        return false;
    }
    *ret_value = (uint32_t)value;
    return true;
}

bool parse_i64(const char *text, int64_t min, int64_t max, int64_t *ret_value)
{
    bool negative = *text == '-';
    uint64_t magnitude = 0;
    uint64_t limit = negative ? (uint64_t)INT64_MAX + 1U : (uint64_t)INT64_MAX;
    if (!parse_u64(negative ? text + 1 : text, limit, &magnitude)) {
        return false;
    }
    int64_t value = negative ? (int64_t)(0U - magnitude) : (int64_t)magnitude;
    if (value < min || value > max) {
        return false;
    }
    *ret_value = value;
    return true;
}
