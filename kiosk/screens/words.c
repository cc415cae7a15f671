/* SPDX-License-Identifier: Apache-2.0 */
/* Own formats for each language: the C library's locales are neither installed nor trusted here. */
#include "kiosk/screens/words.h"

#include <string.h>

#include "common/civil.h"
#include "common/str.h"
#include "kiosk/ui/lunar.h"

#define YUAN "\xC2\xA5"

enum { DAY_S = 86400, MINUTE_MS = 60000 };

const char *words_fill(struct ui_build *build, const char *template, const char *const *values,
                       size_t count)
{
    enum { TEXT_SIZE = 512 /* the longest sentence has 150 characters */ };
    char *text = ui_alloc(build, TEXT_SIZE);
    if (text == NULL) {
        return "";
    }
    struct strbuf buf;
    strbuf_init(&buf, text, TEXT_SIZE);
    for (const char *at = template; *at != '\0'; at++) {
        size_t place = at[0] == '{' && at[1] >= '1' && at[1] <= '9' && at[2] == '}'
                           ? (size_t)(at[1] - '0')
                           : 0;
        if (place == 0 || place > count) {
            strbuf_add_char(&buf, *at);
        } else {
            strbuf_add(&buf, values[place - 1]);
            at += 2;
        }
    }
    return text;
}

const char *words_number(struct ui_build *build, int64_t number)
{
    return ui_format(build, "%lld", (long long)number);
}

const char *words_money(struct ui_build *build, struct money money)
{
    char text[MONEY_TEXT_SIZE];
    bool debt = money.fen < 0;
    (void)money_format_yuan(money_fen(debt ? -money.fen : money.fen), text);
    return ui_format(build, "%s" YUAN "%s", debt ? "-" : "", text);
}

const char *words_money_short(struct ui_build *build, struct money money)
{
    if (money.fen % 100 != 0 || money.fen < 0) {
        return words_money(build, money);
    }
    return ui_format(build, YUAN "%lld", (long long)(money.fen / 100));
}

const char *words_price(struct ui_build *build, int64_t price_e4_yuan)
{
    char text[MONEY_TEXT_SIZE];
    return ui_format(build, YUAN "%s", money_format_price(price_e4_yuan, text));
}

struct words_amount words_amount(struct ui_build *build, struct money money)
{
    bool debt = money.fen < 0;
    int64_t fen = debt ? -money.fen : money.fen;
    return (struct words_amount){
        .sign = debt ? "-" YUAN : YUAN,
        .yuan = ui_format(build, "%lld", (long long)(fen / 100)),
        .fen = ui_format(build, ".%02d", (int)(fen % 100)),
    };
}

const char *words_time(struct ui_build *build, int64_t wall_s)
{
    struct civil civil = civil_beijing(wall_s);
    return ui_format(build, "%02d:%02d", civil.hour, civil.minute);
}

static const char *weekday_name(uint8_t weekday)
{
    static const char *const names[7] = {TN("Sunday"),    TN("Monday"),   TN("Tuesday"),
                                         TN("Wednesday"), TN("Thursday"), TN("Friday"),
                                         TN("Saturday")};
    return T(names[weekday % 7]);
}

const char *words_weekday_short(uint8_t weekday)
{
    static const char *const names[7] = {TN("Sun"), TN("Mon"), TN("Tue"), TN("Wed"),
                                         TN("Thu"), TN("Fri"), TN("Sat")};
    return T(names[weekday % 7]);
}

static const char *month_name(uint8_t month)
{
    static const char *const names[12] = {
        TCN("month", "January"), TCN("month", "February"), TCN("month", "March"),
        TCN("month", "April"),   TCN("month", "May"),      TCN("month", "June"),
        TCN("month", "July"),    TCN("month", "August"),   TCN("month", "September"),
        TCN("month", "October"), TCN("month", "November"), TCN("month", "December")};
    return TC("month", names[(month - 1) % 12]);
}

const char *words_date(struct ui_build *build, int64_t wall_s)
{
    struct civil civil = civil_beijing(wall_s);
    /* 1 weekday, 2 day, 3 month: each language orders them as it likes. */
    return WORDS(build, TC("date", "{1} {2} {3}"), weekday_name(civil.weekday),
                 words_number(build, civil.day), month_name(civil.month));
}

const char *words_day(struct ui_build *build, int64_t wall_s)
{
    struct civil civil = civil_beijing(wall_s);
    return WORDS(build, TC("day and month", "{1} {2}"), words_number(build, civil.day),
                 month_name(civil.month));
}

const char *words_age(struct ui_build *build, int64_t age_ms)
{
    int64_t minutes = age_ms / MINUTE_MS;
    if (minutes < 1) {
        return T("just now");
    }
    if (minutes < 60) {
        return WORDS(build, T("{1} min ago"), words_number(build, minutes));
    }
    if (minutes < INT64_C(48) * 60) {
        return WORDS(build, T("{1} h ago"), words_number(build, (minutes / 60)));
    }
    return WORDS(build, T("{1} days ago"), words_number(build, (minutes / (INT64_C(24) * 60))));
}

static const char *lunar_month_name(const struct lunar_date *date)
{
    static const char *const names[12] = {
        TCN("lunar month", "1st"),  TCN("lunar month", "2nd"),  TCN("lunar month", "3rd"),
        TCN("lunar month", "4th"),  TCN("lunar month", "5th"),  TCN("lunar month", "6th"),
        TCN("lunar month", "7th"),  TCN("lunar month", "8th"),  TCN("lunar month", "9th"),
        TCN("lunar month", "10th"), TCN("lunar month", "11th"), TCN("lunar month", "12th")};
    return TC("lunar month", names[date->month - 1]);
}

static const char *lunar_day_name(uint8_t day)
{
    static const char *const names[30] = {
        TCN("lunar day", "1"),  TCN("lunar day", "2"),  TCN("lunar day", "3"),
        TCN("lunar day", "4"),  TCN("lunar day", "5"),  TCN("lunar day", "6"),
        TCN("lunar day", "7"),  TCN("lunar day", "8"),  TCN("lunar day", "9"),
        TCN("lunar day", "10"), TCN("lunar day", "11"), TCN("lunar day", "12"),
        TCN("lunar day", "13"), TCN("lunar day", "14"), TCN("lunar day", "15"),
        TCN("lunar day", "16"), TCN("lunar day", "17"), TCN("lunar day", "18"),
        TCN("lunar day", "19"), TCN("lunar day", "20"), TCN("lunar day", "21"),
        TCN("lunar day", "22"), TCN("lunar day", "23"), TCN("lunar day", "24"),
        TCN("lunar day", "25"), TCN("lunar day", "26"), TCN("lunar day", "27"),
        TCN("lunar day", "28"), TCN("lunar day", "29"), TCN("lunar day", "30")};
    return TC("lunar day", names[(day - 1) % 30]);
}

const char *words_lunar_date(struct ui_build *build, int64_t day)
{
    static const char *const stems[10] = {
        TCN("stem", "Jia"), TCN("stem", "Yi"), TCN("stem", "Bing"), TCN("stem", "Ding"),
        TCN("stem", "Wu"),  TCN("stem", "Ji"), TCN("stem", "Geng"), TCN("stem", "Xin"),
        TCN("stem", "Ren"), TCN("stem", "Gui")};
    static const char *const branches[12] = {
        TCN("branch", "zi"),   TCN("branch", "chou"), TCN("branch", "yin"), TCN("branch", "mao"),
        TCN("branch", "chen"), TCN("branch", "si"),   TCN("branch", "wu"),  TCN("branch", "wei"),
        TCN("branch", "shen"), TCN("branch", "you"),  TCN("branch", "xu"),  TCN("branch", "hai")};
    static const char *const animals[12] = {
        TCN("animal", "Rat"),     TCN("animal", "Ox"),     TCN("animal", "Tiger"),
        TCN("animal", "Rabbit"),  TCN("animal", "Dragon"), TCN("animal", "Snake"),
        TCN("animal", "Horse"),   TCN("animal", "Goat"),   TCN("animal", "Monkey"),
        TCN("animal", "Rooster"), TCN("animal", "Dog"),    TCN("animal", "Pig")};
    struct lunar_date date = {0};
    if (!lunar_from_day(day, &date)) {
        return "";
    }
    int sixty = (date.year - 4) % 60;
    /* 1 stem, 2 branch, 3 animal, 4 "leap " or nothing, 5 month, 6 day */
    return WORDS(build, T("Lunar {4}{5} month, day {6}, Year of the {3}"),
                 TC("stem", stems[sixty % 10]), TC("branch", branches[sixty % 12]),
                 TC("animal", animals[sixty % 12]), date.leap ? T("leap ") : "",
                 lunar_month_name(&date), lunar_day_name(date.day));
}

static const char *term_name(int term)
{
    static const char *const names[LUNAR_TERMS] = {
        TCN("solar term", "Minor Cold"),       TCN("solar term", "Major Cold"),
        TCN("solar term", "Start of Spring"),  TCN("solar term", "Rain Water"),
        TCN("solar term", "Insects Awaken"),   TCN("solar term", "Spring Equinox"),
        TCN("solar term", "Clear and Bright"), TCN("solar term", "Grain Rain"),
        TCN("solar term", "Start of Summer"),  TCN("solar term", "Grain Buds"),
        TCN("solar term", "Grain in Ear"),     TCN("solar term", "Summer Solstice"),
        TCN("solar term", "Minor Heat"),       TCN("solar term", "Major Heat"),
        TCN("solar term", "Start of Autumn"),  TCN("solar term", "End of Heat"),
        TCN("solar term", "White Dew"),        TCN("solar term", "Autumn Equinox"),
        TCN("solar term", "Cold Dew"),         TCN("solar term", "Frost's Descent"),
        TCN("solar term", "Start of Winter"),  TCN("solar term", "Light Snow"),
        TCN("solar term", "Heavy Snow"),       TCN("solar term", "Winter Solstice")};
    return TC("solar term", names[term]);
}

static const char *festival_name(enum lunar_festival festival)
{
    static const char *const names[LUNAR_FESTIVAL_COUNT] = {
        TCN("festival", "New Year"),        TCN("festival", "Spring Festival"),
        TCN("festival", "Qingming"),        TCN("festival", "Labour Day"),
        TCN("festival", "Dragon Boat Day"), TCN("festival", "Mid-Autumn Festival"),
        TCN("festival", "National Day")};
    return TC("festival", names[festival]);
}

const char *words_lunar_day(struct ui_build *build, int64_t day, bool names, bool *ret_special)
{
    enum lunar_festival festival = LUNAR_FESTIVAL_NEW_YEAR;
    struct lunar_date date = {0};
    *ret_special = true;
    if (names && lunar_festival_on(day, &festival)) {
        return festival_name(festival);
    }
    int term = lunar_term_on(day);
    if (names && term >= 0) {
        return term_name(term);
    }
    *ret_special = false;
    if (!lunar_from_day(day, &date)) {
        return "";
    }
    if (names && date.day == 1) {
        return WORDS(build, T("{1}{2} mo."), date.leap ? T("leap ") : "", lunar_month_name(&date));
    }
    return lunar_day_name(date.day);
}

static const char *in_days(struct ui_build *build, int days)
{
    switch (days) {
    case 0:
        return T("today");
    case 1:
        return T("tomorrow");
    case 2:
        return T("in two days");
    default:
        return WORDS(build, T("in {1} days"), words_number(build, days));
    }
}

struct words_ahead words_ahead(struct ui_build *build, int64_t day)
{
    struct words_ahead ahead = {"", "", ""};
    int days = 0;
    int term = lunar_term_next(day, &days);
    if (term >= 0) {
        ahead.before = in_days(build, days);
        ahead.term = term_name(term);
    }
    enum lunar_festival festival = LUNAR_FESTIVAL_NEW_YEAR;
    if (lunar_festival_next(day + 1, &festival, &days)) {
        ahead.after = WORDS(build, T("{1} in {2} days"), festival_name(festival),
                            words_number(build, days + 1));
    }
    return ahead;
}

const char *words_wallet(enum session_wallet wallet)
{
    switch (wallet) {
    case SESSION_WALLET_ALIPAY:
        return T("Alipay");
    case SESSION_WALLET_WECHAT:
        return T("WeChat Pay");
    case SESSION_WALLET_NONE:
    case SESSION_WALLET_COUNT:
        break;
    }
    return "";
}

bool words_measures(const struct session_meter *meter, enum session_utility utility)
{
    return meter->place[0] != '\0' && meter->utility == utility;
}

/* Blanks that do not break a line; what is no plain number is left as it is. */
static const char *in_fours(struct ui_build *build, const char *number)
{
    enum { GROUP = 4, BLANK_SIZE = 2 };
    size_t size = strlen(number);
    char *text = ui_alloc(build, size + size / GROUP * BLANK_SIZE + 1);
    if (text == NULL || strspn(number, "0123456789") != size) {
        return number;
    }
    char *to = text;
    for (size_t i = 0; i < size; i++) {
        if (i > 0 && i % GROUP == 0) {
            *to++ = '\xC2';
            *to++ = '\xA0';
        }
        *to++ = number[i];
    }
    return text;
}

const char *words_meter(struct ui_build *build, const char *address)
{
    return WORDS(build, T("Meter {1}"), in_fours(build, address));
}

const char *words_whose(struct ui_build *build, const char *place, const char *customer)
{
    return customer[0] == '\0' ? place : ui_format(build, "%s \xC2\xB7 %s", place, customer);
}

const char *words_tail(const char *text, size_t count)
{
    size_t size = strlen(text);
    return size > count ? text + size - count : text;
}

int64_t words_today(const struct ui_build *build)
{
    return (ui_now(build).wall_s + CIVIL_BEIJING_OFFSET_S) / DAY_S;
}
