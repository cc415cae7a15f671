/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SHILLING_COMMON_CIVIL_H
#define SHILLING_COMMON_CIVIL_H

#include <stdbool.h>
#include <stdint.h>

#include "common/compiler.h"

/*
 * Calendar dates without the C library's time zones: China has used UTC+8 without summer time
 * since 1992, so Beijing time is the UTC calendar of (seconds + 28800).
 */
struct civil {
    int32_t year;    /* 1970..9999 */
    uint8_t month;   /* 1..12 */
    uint8_t day;     /* 1..31 */
    uint8_t hour;    /* 0..23 */
    uint8_t minute;  /* 0..59 */
    uint8_t second;  /* 0..59 */
    uint8_t weekday; /* 0 = Sunday .. 6 */
};

enum { CIVIL_BEIJING_OFFSET_S = 28800, CIVIL_TEXT_SIZE = 48 };

/** Beijing calendar date and time of @p wall_s (>= 0). */
struct civil civil_beijing(int64_t wall_s);

/** Seconds since 1970 UTC of a Beijing date and time; false if it names no moment. */
MUST_CHECK bool civil_to_wall_s(const struct civil *civil, int64_t *ret_wall_s);

/** Days since 1970-01-01 of a calendar date (proleptic Gregorian). */
int64_t civil_days(int32_t year, uint8_t month, uint8_t day);

/** "2026-11-20 12:00:00" in Beijing time. Returns @p ret_text. */
char *civil_format_beijing(int64_t wall_s, char ret_text[CIVIL_TEXT_SIZE]);

/** RFC 3339 in Beijing time: "2026-11-20T12:00:00+08:00". Returns @p ret_text. */
char *civil_format_rfc3339(int64_t wall_s, char ret_text[CIVIL_TEXT_SIZE]);

#endif
