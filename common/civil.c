/* SPDX-License-Identifier: Apache-2.0 */
#include "common/civil.h"

#include <stdio.h>

#include "common/must.h"

enum { DAY_S = 86400, DAYS_PER_400_YEARS = 146097, DAYS_TO_1970 = 719468 };

/*
 * Both directions count years from March, so that the leap day is the last day of a year and the
 * length of the months before a month m follows (153 * m + 2) / 5.
 */
int64_t civil_days(int32_t year, uint8_t month, uint8_t day)
{
    int64_t y = year - (month <= 2 ? 1 : 0);
    int64_t era = y / 400;
    int64_t year_of_era = y - era * 400;
    int64_t month_from_march = (month + 9) % 12;
    int64_t day_of_year = (153 * month_from_march + 2) / 5 + day - 1;
    int64_t day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    return era * DAYS_PER_400_YEARS + day_of_era - DAYS_TO_1970;
}

static void civil_from_days(int64_t days, struct civil *ret_civil)
{
    int64_t shifted = days + DAYS_TO_1970;
    int64_t era = shifted / DAYS_PER_400_YEARS;
    int64_t day_of_era = shifted - era * DAYS_PER_400_YEARS;
    int64_t year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
    int64_t day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    int64_t month_from_march = (5 * day_of_year + 2) / 153;
    ret_civil->day = (uint8_t)(day_of_year - (153 * month_from_march + 2) / 5 + 1);
    ret_civil->month =
        (uint8_t)(month_from_march < 10 ? month_from_march + 3 : month_from_march - 9);
    int64_t year = year_of_era + era * 400 + (ret_civil->month <= 2 ? 1 : 0);
    ret_civil->year = (int32_t)year;
}

struct civil civil_beijing(int64_t wall_s)
{
    MUST(wall_s >= 0);
    int64_t local = wall_s + CIVIL_BEIJING_OFFSET_S;
    int64_t days = local / DAY_S;
    int64_t rest = local % DAY_S;
    struct civil civil = {
        .hour = (uint8_t)(rest / 3600),
        .minute = (uint8_t)(rest / 60 % 60),
        .second = (uint8_t)(rest % 60),
        .weekday = (uint8_t)((days + 4) % 7), /* 1970-01-01 was a Thursday */
    };
    civil_from_days(days, &civil);
    return civil;
}

bool civil_to_wall_s(const struct civil *civil, int64_t *ret_wall_s)
{
    static const uint8_t month_days[12] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    bool date_ok = civil->year >= 1970 && civil->year <= 9999 && civil->month >= 1 &&
                   civil->month <= 12 && civil->day >= 1;
    if (!date_ok || civil->hour > 23 || civil->minute > 59 || civil->second > 59) {
        return false;
    }
    bool leap = (civil->year % 4 == 0 && civil->year % 100 != 0) || civil->year % 400 == 0;
    uint8_t days_max = month_days[civil->month - 1];
    if (civil->month == 2 && leap) {
        days_max = 29;
    }
    if (civil->day > days_max) {
        return false;
    }
    int64_t days = civil_days(civil->year, civil->month, civil->day);
    int64_t rest = civil->hour * INT64_C(3600) + civil->minute * INT64_C(60) + civil->second;
    *ret_wall_s = days * DAY_S + rest - CIVIL_BEIJING_OFFSET_S;
    return true;
}

char *civil_format_beijing(int64_t wall_s, char ret_text[CIVIL_TEXT_SIZE])
{
    struct civil c = civil_beijing(wall_s);
    (void)snprintf(ret_text, CIVIL_TEXT_SIZE, "%04d-%02u-%02u %02u:%02u:%02u", (int)c.year,
                   (unsigned)c.month, (unsigned)c.day, (unsigned)c.hour, (unsigned)c.minute,
                   (unsigned)c.second);
    return ret_text;
}

char *civil_format_rfc3339(int64_t wall_s, char ret_text[CIVIL_TEXT_SIZE])
{
    struct civil c = civil_beijing(wall_s);
    (void)snprintf(ret_text, CIVIL_TEXT_SIZE, "%04d-%02u-%02uT%02u:%02u:%02u+08:00", (int)c.year,
                   (unsigned)c.month, (unsigned)c.day, (unsigned)c.hour, (unsigned)c.minute,
                   (unsigned)c.second);
    return ret_text;
}
