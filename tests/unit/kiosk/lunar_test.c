/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The tables against astronomy (tests/vectors/almanac, computed with PyEphem by the rules of
 * GB/T 33661). Two cases cannot be decided by either: the month that begins at 2057-09-28 (its new
 * moon is 0.2 minutes from midnight) and the winter solstice of 1951 (0.1 minutes).
 */
#include "common/civil.h"
#include "common/parse.h"
#include "kiosk/ui/lunar.h"
#include "tests/unit/test.h"

static int64_t day_of(const char *text)
{
    int32_t year = 0;
    uint8_t month = 0;
    uint8_t day = 0;
    for (int i = 0; i < 4; i++) {
        year = year * 10 + (text[i] - '0');
    }
    month = (uint8_t)((text[5] - '0') * 10 + (text[6] - '0'));
    day = (uint8_t)((text[8] - '0') * 10 + (text[9] - '0'));
    return civil_days(year, month, day);
}

TEST(agrees_with_astronomy)
{
    FILE *file = fopen("tests/vectors/almanac/sample.txt", "re");
    CHECK(file != NULL);
    char line[128];
    int lines = 0;
    while (fgets(line, sizeof line, file) != NULL) {
        int64_t want[5] = {0};
        char *word = strtok(line + 11, " \n");
        for (int i = 0; i < 5; i++) {
            CHECK(word != NULL && parse_i64(word, -1, 3000, &want[i]));
            word = strtok(NULL, " \n");
        }
        line[10] = '\0';
        struct lunar_date date = {0};
        int64_t day = day_of(line);
        CHECK(lunar_from_day(day, &date));
        bool same = date.year == want[0] && date.month == want[1] && date.day == want[2] &&
                    date.leap == (want[3] == 1) && lunar_term_on(day) == want[4];
        if (!same) {
            TEST_FAIL("%s is lunar %d-%d-%d%s, term %d", line, date.year, date.month, date.day,
                      date.leap ? " leap" : "", lunar_term_on(day));
        }
        lines += 1;
    }
    (void)fclose(file);
    CHECK(lines > 400);
}

TEST(known_days)
{
    struct lunar_date date = {0};
    CHECK(lunar_from_day(day_of("2026-02-17"), &date)); /* New Year of the Horse */
    CHECK_EQ_I64(date.year, 2026);
    CHECK_EQ_I64(date.month, 1);
    CHECK_EQ_I64(date.day, 1);
    CHECK(lunar_from_day(day_of("2025-07-25"), &date)); /* leap sixth month of 2025 */
    CHECK_EQ_I64(date.month, 6);
    CHECK(date.leap);
    CHECK(lunar_from_day(day_of("2025-08-23"), &date));
    CHECK_EQ_I64(date.month, 7);
    CHECK(!date.leap);
    CHECK_EQ_I64(lunar_term_on(day_of("2026-06-05")), 10); /* Grain in Ear 2026 */
}

TEST(days_of_a_lunar_year_follow_each_other)
{
    struct lunar_date last = {0};
    int64_t day = day_of("1971-01-01");
    CHECK(lunar_from_day(day - 1, &last));
    for (; day < day_of("2099-12-31"); day++) {
        struct lunar_date date = {0};
        CHECK(lunar_from_day(day, &date));
        bool next_day = date.day == last.day + 1 && date.month == last.month &&
                        date.leap == last.leap && date.year == last.year;
        bool next_month = date.day == 1 && last.day >= 29 && last.day <= 30;
        CHECK(next_day || next_month);
        last = date;
    }
}

TEST(terms_come_every_fortnight)
{
    int64_t day = day_of("1971-01-01");
    int until = 0;
    int term = lunar_term_next(day, &until);
    for (int i = 0; i < 24 * 120; i++) {
        day += until + 1;
        int next = lunar_term_next(day, &until);
        CHECK_EQ_I64(next, (term + 1) % LUNAR_TERMS);
        CHECK(until >= 12 && until <= 16);
        term = next;
    }
}

TEST(what_is_ahead_on_20_november_2026)
{
    int64_t day = day_of("2026-11-20");
    int until = 0;
    CHECK_EQ_I64(lunar_term_next(day, &until), 21); /* light snow */
    CHECK_EQ_I64(until, 2);
    enum lunar_festival festival = LUNAR_FESTIVAL_NATIONAL;
    CHECK(lunar_festival_next(day, &festival, &until));
    CHECK_EQ_I64(festival, LUNAR_FESTIVAL_NEW_YEAR);
    CHECK_EQ_I64(until, 42);
}

TEST(festivals_by_rule)
{
    static const struct {
        const char *day;
        enum lunar_festival festival;
    } known[] = {
        {"2026-01-01", LUNAR_FESTIVAL_NEW_YEAR},    {"2026-02-17", LUNAR_FESTIVAL_SPRING},
        {"2026-04-05", LUNAR_FESTIVAL_QINGMING},    {"2026-05-01", LUNAR_FESTIVAL_LABOUR},
        {"2026-06-19", LUNAR_FESTIVAL_DRAGON_BOAT}, {"2026-09-25", LUNAR_FESTIVAL_MID_AUTUMN},
        {"2026-10-01", LUNAR_FESTIVAL_NATIONAL},
    };
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
        enum lunar_festival festival = LUNAR_FESTIVAL_COUNT;
        CHECK(lunar_festival_on(day_of(known[i].day), &festival));
        CHECK_EQ_I64(festival, known[i].festival);
    }
    enum lunar_festival none = LUNAR_FESTIVAL_COUNT;
    CHECK(!lunar_festival_on(day_of("2026-11-20"), &none));
}

TEST(days_off_are_marked_in_known_years_only)
{
    CHECK_EQ_I64(lunar_day_kind(day_of("2026-10-01")), LUNAR_DAY_REST);
    CHECK_EQ_I64(lunar_day_kind(day_of("2026-10-10")), LUNAR_DAY_WORK);
    CHECK_EQ_I64(lunar_day_kind(day_of("2026-11-20")), LUNAR_DAY_PLAIN);
    CHECK_EQ_I64(lunar_day_kind(day_of("2027-10-01")), LUNAR_DAY_PLAIN); /* not announced yet */
}

TEST(outside_the_tables_there_is_no_answer)
{
    struct lunar_date date = {.year = -1};
    int until = -1;
    CHECK(!lunar_from_day(day_of("1900-01-30"), &date));
    CHECK(!lunar_from_day(day_of("2101-01-01"), &date));
    CHECK_EQ_I64(date.year, -1);
    CHECK_EQ_I64(lunar_term_next(day_of("2101-01-01"), &until), -1);
    CHECK_EQ_I64(lunar_term_next(-1, &until), -1);
}

TEST_MAIN()
