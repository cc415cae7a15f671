/* SPDX-License-Identifier: Apache-2.0 */
#include "common/log.h"
#include "common/str.h"
#include "drivers/cardd/power.h"
#include "drivers/clock/clock_system.h"
#include "tests/unit/test.h"

static struct settings settings;
static struct power power;

static void begin(const char *program)
{
    settings = (struct settings){.power_reset_ms = 20000};
    CHECK(str_copy(settings.power_reset, sizeof(settings.power_reset), program));
    CHECK(str_copy(settings.connstring, sizeof(settings.connstring), "pn532_uart:/dev/r"));
    log_init("test", LOG_LEVEL_ERROR);
    power_init(&power, &settings);
}

/* How many more openings in vain it takes. */
static size_t failures_until_due(void)
{
    size_t count = 0;
    while (!power_is_due(&power) && count < 1000) {
        power_reader_failed(&power);
        count += 1;
    }
    return count;
}

static void run_to_its_end(void)
{
    CHECK(power_begin(&power, 0));
    CHECK(power_runs(&power));
    CHECK(!power_is_due(&power));
    while (!power_look(&power, 10)) {
        clock_system_wait_ms(5);
    }
    CHECK(!power_runs(&power));
    CHECK(!power_look(&power, 20));
}

TEST(once_in_a_round_and_the_next_one_is_twice_as_long)
{
    static const size_t rounds[] = {5, 10, 20, 40, 80, 80};
    begin("/bin/true");
    for (size_t i = 0; i < ARRAY_COUNT(rounds); i++) {
        CHECK_EQ_U64(failures_until_due(), rounds[i]);
        run_to_its_end();
    }
    power_reader_opened(&power);
    CHECK_EQ_U64(failures_until_due(), 5);
}

TEST(an_opening_ends_a_round)
{
    begin("/bin/true");
    for (size_t i = 0; i < 4; i++) {
        power_reader_failed(&power);
    }
    power_reader_opened(&power);
    CHECK_EQ_U64(failures_until_due(), 5);
}

TEST(not_while_it_runs)
{
    begin("/bin/cat"); /* its input is empty */
    CHECK_EQ_U64(failures_until_due(), 5);
    CHECK(power_begin(&power, 0));
    for (size_t i = 0; i < 100; i++) {
        power_reader_failed(&power);
    }
    CHECK(!power_is_due(&power));
    power_stop(&power, 5000);
    CHECK(!power_runs(&power));
    CHECK(power_is_due(&power));
}

TEST(without_a_program_never)
{
    begin("");
    CHECK_EQ_U64(failures_until_due(), 1000);
    power_stop(&power, 1000);
}

TEST(a_program_that_cannot_be_run_is_no_run)
{
    static const char *const programs[] = {"/nowhere/reader-power", "/etc/passwd", "/"};
    for (size_t i = 0; i < ARRAY_COUNT(programs); i++) {
        begin(programs[i]);
        CHECK_EQ_U64(failures_until_due(), 5);
        CHECK(!power_begin(&power, 0));
        CHECK(!power_runs(&power));
        CHECK(!power_look(&power, 10));
        CHECK_EQ_U64(failures_until_due(), 10);
    }
}

TEST(names_of_programs)
{
    static const char *const bad[] = {"",
                                      "reader-power",
                                      "./reader-power",
                                      "bin/reader-power",
                                      "/bin/sh -c x",
                                      "/bin/true\n",
                                      "/a\tb",
                                      "~/reader-power"};
    CHECK(settings_program_trouble("/usr/local/sbin/reader-power") == NULL);
    for (size_t i = 0; i < ARRAY_COUNT(bad); i++) {
        CHECK(settings_program_trouble(bad[i]) != NULL);
    }
}

TEST_MAIN()
