/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SHILLING_KIOSK_UI_LUNAR_H
#define SHILLING_KIOSK_UI_LUNAR_H

/*
 * The Chinese calendar from tables: lunar dates and solar terms of 1900 to 2100, festivals by
 * rule, and the days off that the State Council announces year by year (known years only: outside
 * them no day is marked). Days are counted from 1970-01-01, as civil_days() does.
 */

#include <stdbool.h>
#include <stdint.h>

#include "common/compiler.h"

enum { LUNAR_YEAR_MIN = 1900, LUNAR_YEAR_MAX = 2100, LUNAR_TERMS = 24 };

struct lunar_date {
    int32_t year; /* the lunar year, named after the civil year in which it begins */
    uint8_t month;
    uint8_t day;
    bool leap; /* the second month of this number */
};

enum lunar_day_kind { LUNAR_DAY_PLAIN, LUNAR_DAY_REST, LUNAR_DAY_WORK };

enum lunar_festival {
    LUNAR_FESTIVAL_NEW_YEAR,
    LUNAR_FESTIVAL_SPRING,
    LUNAR_FESTIVAL_QINGMING,
    LUNAR_FESTIVAL_LABOUR,
    LUNAR_FESTIVAL_DRAGON_BOAT,
    LUNAR_FESTIVAL_MID_AUTUMN,
    LUNAR_FESTIVAL_NATIONAL,
    LUNAR_FESTIVAL_COUNT
};

/** False outside the tables (before 1900-01-31, after the lunar year 2099). */
MUST_CHECK bool lunar_from_day(int64_t day, struct lunar_date *ret_date);

/** The solar term that begins on @p day, 0 (lesser cold, January) .. 23; -1 if none does. */
int lunar_term_on(int64_t day);

/** The first term on or after @p day. @return its number, or -1 outside the tables */
int lunar_term_next(int64_t day, int *ret_days_until);

/** The festival that is on @p day; false if it is none. */
MUST_CHECK bool lunar_festival_on(int64_t day, enum lunar_festival *ret_festival);

/** The first festival on or after @p day, at most 200 days ahead. */
MUST_CHECK bool lunar_festival_next(int64_t day, enum lunar_festival *ret_festival,
                                    int *ret_days_until);

/** Day off or moved working day, as announced; PLAIN for ordinary days and unknown years. */
enum lunar_day_kind lunar_day_kind(int64_t day);

#endif
