/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SHILLING_CLOUD_CATALOG_USAGE_H
#define SHILLING_CLOUD_CATALOG_USAGE_H

#include <stdbool.h>
#include <stdint.h>

#include "cloud/store/db.h"
#include "common/compiler.h"
#include "common/err.h"

/*
 * What a meter used a day, from the registers stored in meter_day. A day's use is its last value
 * less the last value of the day before; if that day has none, less its own first value, so that a
 * gap in the readings makes a short bar and never a false tall one.
 */
enum { USAGE_DAYS = 14 /* bars on the meter page */ };

struct usage_day {
    int64_t day; /* days since 1970-01-01, Beijing */
    int64_t use_e4;
};

struct usage {
    struct usage_day days[USAGE_DAYS]; /* oldest first; days without readings are absent */
    uint32_t day_count;
    bool has_today;
    int64_t today_e4;
    bool has_month;
    int64_t month_e4;         /* since the first of this month */
    uint32_t whole_day_count; /* of days[], without today */
    int64_t whole_days_e4;
};

/** The days up to and with the one of @p wall_s. */
MUST_CHECK enum err usage_get(struct db *db, const char *meter_id, int64_t wall_s,
                              struct usage *ret_usage);

/**
 * In a writing transaction: a register was read. Keeps the day's first and last value; a value
 * older than what is there, or lower (an exchanged meter begins anew), is handled quietly.
 */
MUST_CHECK enum err usage_note(struct db *db, const char *meter_id, int64_t energy_e4,
                               int64_t read_at);

/**
 * In a writing transaction: the register as it was at midnight @p midnight_s (a meter's own daily
 * freeze), which ends the day before. A value that readings brought for that day and that is not
 * lower stays.
 */
MUST_CHECK enum err usage_note_midnight(struct db *db, const char *meter_id, int64_t energy_e4,
                                        int64_t midnight_s);

#endif
