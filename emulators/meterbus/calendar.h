/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SHILLING_EMULATORS_METERBUS_CALENDAR_H
#define SHILLING_EMULATORS_METERBUS_CALENDAR_H

#include <stdbool.h>
#include <stdint.h>

#include "common/compiler.h"

/* A meter's local date and time, and the milliseconds since 1970-01-01 00:00 local time. */
struct calendar {
    int year; /* 2000..2099 on the wire */
    int month;
    int day;
    int hour;
    int minute;
    int second;
    int weekday; /* 0 = Sunday */
};

enum { MS_PER_SECOND = 1000, MS_PER_MINUTE = 60000, MS_PER_HOUR = 3600000, MS_PER_DAY = 86400000 };

struct calendar calendar_from_ms(int64_t ms);

/** False if the fields name no moment between 2000 and 2099; the weekday is not looked at. */
MUST_CHECK bool calendar_to_ms(const struct calendar *calendar, int64_t *ret_ms);

/** "2026-11-20 08:00:00"; false if the text is anything else. */
MUST_CHECK bool calendar_parse(const char *text, int64_t *ret_ms);

enum { CALENDAR_TEXT_SIZE = 80 };
void calendar_format(int64_t ms, char ret_text[CALENDAR_TEXT_SIZE]);

#endif
