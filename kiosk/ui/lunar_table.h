/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SHILLING_KIOSK_UI_LUNAR_TABLE_H
#define SHILLING_KIOSK_UI_LUNAR_TABLE_H

/* The generated tables behind kiosk/ui/lunar.h. */

#include <stddef.h>
#include <stdint.h>

#include "kiosk/ui/lunar.h"

enum { LUNAR_YEARS = LUNAR_YEAR_MAX - LUNAR_YEAR_MIN + 1 };

struct lunar_holiday {
    int32_t day; /* since 1970-01-01 */
    enum lunar_day_kind kind;
};

extern const uint32_t lunar_years[LUNAR_YEARS];
extern const uint64_t lunar_terms[LUNAR_YEARS];
extern const uint8_t lunar_term_base[LUNAR_TERMS];
extern const int32_t lunar_holidays_first_year;
extern const int32_t lunar_holidays_last_year;
extern const size_t lunar_holiday_count;
extern const struct lunar_holiday lunar_holidays[];

#endif
