/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A lunar year's word holds the lengths of its 12 or 13 months; the date is found by walking them.
 * A term falls in a known week of a known month, so two bits say which day. No search is longer
 * than 13 steps; the festivals of the next 200 days are looked up day by day once an hour at most.
 */
#include "kiosk/ui/lunar.h"

#include "common/civil.h"
#include "kiosk/ui/lunar_table.h"

enum {
    MONTH_LONG = 30,
    DAY_S = 86400,
    FESTIVAL_AHEAD_MAX = 200, /* National Day to New Year is the longest gap, 92 days */
};

/* civil_beijing() of noon, Beijing time, of that day. */
static struct civil civil_of_day(int64_t day)
{
    return civil_beijing(day * DAY_S + DAY_S / 2 - CIVIL_BEIJING_OFFSET_S);
}

static int32_t leap_month(uint32_t word)
{
    return (int32_t)((word >> 13) & 0xFU);
}

static int64_t new_year_day(int32_t year)
{
    uint32_t word = lunar_years[year - LUNAR_YEAR_MIN];
    return civil_days(year, 1, 1) + (int64_t)((word >> 17) & 0x3FU);
}

bool lunar_from_day(int64_t day, struct lunar_date *ret_date)
{
    if (day < civil_days(LUNAR_YEAR_MIN, 1, 31) || day >= civil_days(LUNAR_YEAR_MAX, 12, 31)) {
        return false;
    }
    int32_t year = day < 0 ? LUNAR_YEAR_MIN + (int32_t)((day - civil_days(1900, 1, 1)) / 366)
                           : civil_of_day(day).year;
    while (year < LUNAR_YEAR_MAX && day >= new_year_day(year + 1)) {
        year += 1;
    }
    while (day < new_year_day(year)) {
        year -= 1;
    }
    uint32_t word = lunar_years[year - LUNAR_YEAR_MIN];
    int32_t leap = leap_month(word);
    int64_t left = day - new_year_day(year);
    int32_t months = leap != 0 ? 13 : 12;
    for (int32_t i = 0; i < months; i++) {
        int64_t length = MONTH_LONG - 1 + (int64_t)((word >> i) & 1U);
        if (left < length) {
            bool after_leap = leap != 0 && i >= leap;
            *ret_date = (struct lunar_date){.year = year,
                                            .month = (uint8_t)(after_leap ? i : i + 1),
                                            .day = (uint8_t)(left + 1),
                                            .leap = leap != 0 && i == leap};
            return true;
        }
        left -= length;
    }
    return false;
}

static int64_t term_day(int32_t year, int term)
{
    uint64_t word = lunar_terms[year - LUNAR_YEAR_MIN];
    int day = lunar_term_base[term] + (int)((word >> (2 * term)) & 3U);
    return civil_days(year, (uint8_t)(term / 2 + 1), (uint8_t)day);
}

int lunar_term_next(int64_t day, int *ret_days_until)
{
    if (day < 0 || day >= civil_days(LUNAR_YEAR_MAX, 12, 1)) {
        return -1;
    }
    struct civil civil = civil_of_day(day);
    int term = (civil.month - 1) * 2;
    int32_t year = civil.year;
    while (term_day(year, term) < day) {
        term += 1;
        if (term == LUNAR_TERMS) {
            term = 0;
            year += 1;
        }
    }
    *ret_days_until = (int)(term_day(year, term) - day);
    return term;
}

int lunar_term_on(int64_t day)
{
    int until = 0;
    int term = lunar_term_next(day, &until);
    return until == 0 ? term : -1;
}

bool lunar_festival_on(int64_t day, enum lunar_festival *ret_festival)
{
    enum { TERM_QINGMING = 6 };
    static const struct {
        bool lunar;
        uint8_t month;
        uint8_t day;
        enum lunar_festival festival;
    } rules[] = {
        {false, 1, 1, LUNAR_FESTIVAL_NEW_YEAR},   {true, 1, 1, LUNAR_FESTIVAL_SPRING},
        {false, 5, 1, LUNAR_FESTIVAL_LABOUR},     {true, 5, 5, LUNAR_FESTIVAL_DRAGON_BOAT},
        {true, 8, 15, LUNAR_FESTIVAL_MID_AUTUMN}, {false, 10, 1, LUNAR_FESTIVAL_NATIONAL},
    };
    struct lunar_date lunar = {0};
    if (day < 0 || !lunar_from_day(day, &lunar)) {
        return false;
    }
    struct civil civil = civil_of_day(day);
    for (size_t i = 0; i < sizeof rules / sizeof rules[0]; i++) {
        bool same = rules[i].lunar
                        ? !lunar.leap && lunar.month == rules[i].month && lunar.day == rules[i].day
                        : civil.month == rules[i].month && civil.day == rules[i].day;
        if (same) {
            *ret_festival = rules[i].festival;
            return true;
        }
    }
    if (lunar_term_on(day) == TERM_QINGMING) {
        *ret_festival = LUNAR_FESTIVAL_QINGMING;
        return true;
    }
    return false;
}

bool lunar_festival_next(int64_t day, enum lunar_festival *ret_festival, int *ret_days_until)
{
    for (int ahead = 0; ahead < FESTIVAL_AHEAD_MAX; ahead++) {
        if (lunar_festival_on(day + ahead, ret_festival)) {
            *ret_days_until = ahead;
            return true;
        }
    }
    return false;
}

enum lunar_day_kind lunar_day_kind(int64_t day)
{
    size_t low = 0;
    size_t high = lunar_holiday_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (lunar_holidays[middle].day < day) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    bool found = low < lunar_holiday_count && lunar_holidays[low].day == day;
    return found ? lunar_holidays[low].kind : LUNAR_DAY_PLAIN;
}
