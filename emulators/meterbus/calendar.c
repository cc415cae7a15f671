/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Method: days are counted in eras of 400 years that begin on 1 March, so that the leap day is
 * the last of its year (Hinnant's arithmetic). A meter knows no time zones.
 */
#include "emulators/meterbus/calendar.h"

#include <stdio.h>

enum { DAYS_PER_ERA = 146097, DAYS_TO_1970 = 719468, YEAR_MIN = 2000, YEAR_MAX = 2099 };

static int64_t days_from_date(int year, int month, int day)
{
    int64_t y = month <= 2 ? year - 1 : year;
    int64_t era = y / 400;
    int64_t year_of_era = y - era * 400;
    int64_t day_of_year = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1;
    int64_t day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    return era * DAYS_PER_ERA + day_of_era - DAYS_TO_1970;
}

struct calendar calendar_from_ms(int64_t ms)
{
    int64_t days = ms / MS_PER_DAY;
    int64_t rest_s = ms % MS_PER_DAY / MS_PER_SECOND;
    int64_t shifted = days + DAYS_TO_1970;
    int64_t era = shifted / DAYS_PER_ERA;
    int64_t day_of_era = shifted - era * DAYS_PER_ERA;
    int64_t year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
    int64_t day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    int64_t month_shifted = (5 * day_of_year + 2) / 153;
    int month = (int)(month_shifted < 10 ? month_shifted + 3 : month_shifted - 9);
    return (struct calendar){
        .year = (int)(year_of_era + era * 400 + (month <= 2 ? 1 : 0)),
        .month = month,
        .day = (int)(day_of_year - (153 * month_shifted + 2) / 5 + 1),
        .hour = (int)(rest_s / 3600),
        .minute = (int)(rest_s / 60 % 60),
        .second = (int)(rest_s % 60),
        .weekday = (int)((days + 4) % 7),
    };
}

static int days_in_month(int year, int month)
{
    static const int DAYS[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    return month == 2 && leap ? 29 : DAYS[month - 1];
}

bool calendar_to_ms(const struct calendar *calendar, int64_t *ret_ms)
{
    const struct calendar *c = calendar;
    bool ok = c->year >= YEAR_MIN && c->year <= YEAR_MAX && c->month >= 1 && c->month <= 12 &&
              c->day >= 1 && c->hour >= 0 && c->hour <= 23 && c->minute >= 0 && c->minute <= 59 &&
              c->second >= 0 && c->second <= 59;
    if (!ok || c->day > days_in_month(c->year, c->month)) {
        return false;
    }
    *ret_ms = days_from_date(c->year, c->month, c->day) * MS_PER_DAY +
              (int64_t)c->hour * MS_PER_HOUR + (int64_t)c->minute * MS_PER_MINUTE +
              (int64_t)c->second * MS_PER_SECOND;
    return true;
}

bool calendar_parse(const char *text, int64_t *ret_ms)
{
    static const char FORM[] = "0000-00-00 00:00:00";
    int fields[6] = {0}; /* each punctuation mark begins the next one */
    size_t field = 0;
    for (size_t i = 0; FORM[i] != '\0'; i++) {
        bool digit = FORM[i] == '0';
        if (digit ? text[i] < '0' || text[i] > '9' : text[i] != FORM[i]) {
            return false; /* also where the text ends too early */
        }
        field += digit ? 0 : 1;
        fields[field] = digit ? fields[field] * 10 + (text[i] - '0') : 0;
    }
    struct calendar c = {.year = fields[0],
                         .month = fields[1],
                         .day = fields[2],
                         .hour = fields[3],
                         .minute = fields[4],
                         .second = fields[5]};
    return text[sizeof(FORM) - 1] == '\0' && calendar_to_ms(&c, ret_ms);
}

void calendar_format(int64_t ms, char ret_text[CALENDAR_TEXT_SIZE])
{
    struct calendar c = calendar_from_ms(ms);
    (void)snprintf(ret_text, CALENDAR_TEXT_SIZE, "%04d-%02d-%02d %02d:%02d:%02d", c.year, c.month,
                   c.day, c.hour, c.minute, c.second);
}
