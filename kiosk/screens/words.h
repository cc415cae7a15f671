/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SHILLING_KIOSK_SCREENS_WORDS_H
#define SHILLING_KIOSK_SCREENS_WORDS_H

/* Money, dates, ages and the calendar in the reader's language. Texts live as long as the frame. */

#include <stdint.h>

#include "core/session/model.h"
#include "kiosk/ui/build.h"
#include "kiosk/ui/i18n.h"

/**
 * A translated template with its places filled in: "{1}" is the first value, up to "{9}". Values
 * are texts; a translation can order them as its language does and can never be a printf format.
 */
const char *words_fill(struct ui_build *build, const char *template, const char *const *values,
                       size_t count);
#define WORDS(build, template, ...)                                                                \
    words_fill(build, template, (const char *const[]){__VA_ARGS__},                                \
               sizeof((const char *const[]){__VA_ARGS__}) / sizeof(const char *))

/** A whole number as text. */
const char *words_number(struct ui_build *build, int64_t number);

/** "Y86.42" (Y: the sign of the yuan); a debt is "-Y3.10" . */
const char *words_money(struct ui_build *build, struct money money);
/** "Y100" if there are no fen, else as words_money(). */
const char *words_money_short(struct ui_build *build, struct money money);
/** "Y0.5469" of a price in 0.0001 yuan. */
const char *words_price(struct ui_build *build, int64_t price_e4_yuan);

/** The parts of an amount that is shown large: "-", "86", ".42". */
struct words_amount {
    const char *sign;
    const char *yuan;
    const char *fen;
};
struct words_amount words_amount(struct ui_build *build, struct money money);

/** "10:32" of a moment, Beijing time. */
const char *words_time(struct ui_build *build, int64_t wall_s);
/** Month, day and weekday. */
const char *words_date(struct ui_build *build, int64_t wall_s);
/** Month and day. */
const char *words_day(struct ui_build *build, int64_t wall_s);
/** "just read", "5 minutes ago", "2 days ago". */
const char *words_age(struct ui_build *build, int64_t age_ms);

/** Year and date of the lunar calendar; empty outside its tables. @p day since 1970-01-01. */
const char *words_lunar_date(struct ui_build *build, int64_t day);
/**
 * Below a day in the week strip: its festival, solar term or lunar day. Without @p names (there is
 * no room for the English ones) always the lunar day.
 */
const char *words_lunar_day(struct ui_build *build, int64_t day, bool names, bool *ret_special);
/** "Light snow in 2 days, New Year in 42 days"; parts may be empty. */
struct words_ahead {
    const char *before; /* "in 2 days" */
    const char *term;
    const char *after; /* the next festival */
};
struct words_ahead words_ahead(struct ui_build *build, int64_t day);

/** Weekday by its short name, 0 Sunday. */
const char *words_weekday_short(uint8_t weekday);

const char *words_wallet(enum session_wallet wallet);
/** True if the meter is known to measure this: an order found again comes without its meter. */
bool words_measures(const struct session_meter *meter, enum session_utility utility);
/** "Meter 1122 3344 5566": in fours, as it is printed on the meter. */
const char *words_meter(struct ui_build *build, const char *address);
/** "Building 3 Room 1502, Wang*" with a raised dot, or the place alone. */
const char *words_whose(struct ui_build *build, const char *place, const char *customer);
/** The last @p count characters of @p text. */
const char *words_tail(const char *text, size_t count);

/** Today, Beijing time, in days since 1970-01-01. */
int64_t words_today(const struct ui_build *build);

#endif
