/* SPDX-License-Identifier: Apache-2.0 */
#include "collector/roster.h"
#include "common/str.h"
#include "tests/unit/test.h"

static struct roster roster;
static struct bus_meter given[8];

static int bus_of(void *self, const char *name)
{
    (void)self;
    return str_equal(name, "a") ? 0 : str_equal(name, "b") ? 1 : ROSTER_NONE;
}

static void give(size_t at, const char *address, const char *bus, uint32_t schedule_s)
{
    given[at] = (struct bus_meter){.schedule_s = schedule_s, .item_count = 1};
    CHECK(str_copy(given[at].meter, BUS_METER_SIZE, address));
    CHECK(str_copy(given[at].bus, BUS_NAME_SIZE, bus));
    CHECK(str_copy(given[at].protocol, BUS_NAME_SIZE, "645-2007"));
    CHECK(str_copy(given[at].items[0], BUS_ITEM_SIZE, "00010000"));
}

static struct roster_news done(int index, bool scheduled, bool heard, bool garbled)
{
    const struct roster_outcome outcome = {
        .scheduled = scheduled, .heard = heard, .garbled = garbled};
    return roster_done(&roster, index, &outcome);
}

static size_t apply(size_t count, int64_t now_ms)
{
    struct bus_config config = {.version = "v", .meters = given, .meter_count = count};
    return roster_apply(&roster, &config, bus_of, NULL, now_ms);
}

TEST(meters_that_cannot_be_used_are_left_out)
{
    memset(&roster, 0, sizeof(roster));
    give(0, "000000000001", "a", 900);
    give(1, "000000000002", "nowhere", 900);
    give(2, "00000000000A", "a", 900);
    give(3, "000000000004", "a", 900);
    CHECK(str_copy(given[3].protocol, BUS_NAME_SIZE, "698.45"));
    give(4, "000000000005", "a", 900);
    CHECK(str_copy(given[4].items[0], BUS_ITEM_SIZE, "energy"));
    give(5, "999999999999", "a", 900); /* the broadcast address is no meter */
    CHECK_EQ_U64(apply(6, 0), 5);
    CHECK_EQ_U64(roster.count, 1);
    CHECK_EQ_I64(roster_find(&roster, "000000000001"), 0);
    CHECK_EQ_I64(roster_find(&roster, "000000000002"), ROSTER_NONE);
}

TEST(schedule_without_drift_and_without_catching_up)
{
    memset(&roster, 0, sizeof(roster));
    give(0, "000000000001", "a", 900);
    CHECK_EQ_U64(apply(1, 1000), 0);
    CHECK_EQ_I64(roster_due(&roster, 0, 1000), 0);
    CHECK_EQ_I64(roster_due(&roster, 1, 1000), ROSTER_NONE);
    roster_begin(&roster, 0, 1500);
    CHECK_EQ_I64(roster_due(&roster, 0, 10000000), ROSTER_NONE); /* on the way */
    CHECK_EQ_I64(roster_next_due_ms(&roster), INT64_MAX);
    (void)done(0, true, true, false);
    CHECK_EQ_I64(roster_next_due_ms(&roster), 901000); /* not 901500 */
    CHECK_EQ_I64(roster_due(&roster, 0, 900999), ROSTER_NONE);
    roster_begin(&roster, 0, 10000000); /* ten periods late */
    CHECK_EQ_I64(roster.meters[0].due_ms, 10900000);
}

TEST(most_overdue_first)
{
    memset(&roster, 0, sizeof(roster));
    give(0, "000000000001", "a", 900);
    give(1, "000000000002", "a", 900);
    CHECK_EQ_U64(apply(2, 0), 0);
    roster.meters[0].due_ms = 500;
    roster.meters[1].due_ms = 400;
    CHECK_EQ_I64(roster_due(&roster, 0, 600), 1);
    CHECK_EQ_I64(roster_next_due_ms(&roster), 400);
}

TEST(a_new_configuration_keeps_what_is_known)
{
    memset(&roster, 0, sizeof(roster));
    give(0, "000000000001", "a", 900);
    give(1, "000000000002", "a", 900);
    CHECK_EQ_U64(apply(2, 0), 0);
    roster_begin(&roster, 1, 0);
    for (int i = 0; i < ROSTER_SILENT_COUNT; i++) {
        (void)done(1, false, false, false);
    }
    give(0, "000000000002", "a", 60); /* moved up, and read more often */
    give(1, "000000000003", "a", 0);
    CHECK_EQ_U64(apply(2, 5000), 0);
    CHECK(roster.meters[0].in_flight);
    CHECK_EQ_I64(roster_tries(&roster, 0), 1);
    CHECK_EQ_I64(roster.meters[0].due_ms, 65000);
    CHECK_EQ_I64(roster.meters[1].due_ms, INT64_MAX);
    give(0, "000000000002", "a", 0); /* no longer scheduled */
    CHECK_EQ_U64(apply(1, 6000), 0);
    CHECK_EQ_I64(roster.meters[0].due_ms, INT64_MAX);
}

TEST(silent_is_told_once_and_its_end_once)
{
    memset(&roster, 0, sizeof(roster));
    give(0, "000000000001", "a", 900);
    give(1, "000000000002", "a", 900);
    CHECK_EQ_U64(apply(2, 0), 0);
    struct roster_news news = {0};
    for (int i = 1; i <= 5; i++) {
        (void)done(1, false, true, false); /* its neighbour is well */
        news = done(0, false, false, false);
        CHECK_EQ_I64(news.meter_silent, i == ROSTER_SILENT_COUNT);
        CHECK(!news.bus_silent && !news.bus_wrong_baud);
    }
    news = done(0, false, true, false);
    CHECK(news.meter_back && !news.bus_back);
    news = done(0, false, true, false);
    CHECK(!news.meter_back);
}

/* A meter may stay silent when it is asked for what it does not have. */
TEST(silence_to_a_special_question_is_no_failure)
{
    const struct roster_outcome silent = {.special = true};
    const struct roster_outcome answered = {.special = true, .heard = true};
    memset(&roster, 0, sizeof(roster));
    give(0, "000000000001", "a", 900);
    CHECK_EQ_U64(apply(1, 0), 0);
    for (int i = 0; i < 2 * ROSTER_SILENT_COUNT; i++) {
        struct roster_news news = roster_done(&roster, 0, &silent);
        CHECK(!news.meter_silent && !news.bus_silent);
    }
    CHECK(roster_tries(&roster, 0) > 1);
    for (int i = 0; i < ROSTER_SILENT_COUNT; i++) {
        (void)done(0, true, false, false);
    }
    CHECK(roster_done(&roster, 0, &answered).meter_back); /* but an answer is an answer */
}

TEST(a_read_that_could_not_be_tried_is_due_again)
{
    memset(&roster, 0, sizeof(roster));
    give(0, "000000000001", "a", 900);
    CHECK_EQ_U64(apply(1, 0), 0);
    roster_begin(&roster, 0, 0);
    roster_again(&roster, 0, 50);
    CHECK_EQ_I64(roster_due(&roster, 0, 50), 0);
}

TEST(a_dead_bus_is_told_and_garbage_means_wrong_baud)
{
    memset(&roster, 0, sizeof(roster));
    give(0, "000000000001", "a", 900);
    give(1, "000000000002", "a", 900);
    CHECK_EQ_U64(apply(2, 0), 0);
    CHECK(!done(0, false, false, false).bus_silent);
    CHECK(!done(1, false, false, false).bus_silent);
    CHECK(done(0, false, false, false).bus_silent);
    CHECK(!done(0, false, false, false).bus_silent);
    CHECK(done(1, false, true, false).bus_back);
    CHECK(!done(0, false, false, true).bus_wrong_baud);
    CHECK(!done(0, false, false, false).bus_wrong_baud);
    CHECK(done(0, false, false, false).bus_wrong_baud);
}

TEST(a_new_day_makes_all_due)
{
    memset(&roster, 0, sizeof(roster));
    give(0, "000000000001", "a", 900);
    give(1, "000000000002", "a", 0);
    CHECK_EQ_U64(apply(2, 0), 0);
    roster_begin(&roster, 0, 0);
    (void)done(0, true, true, false);
    roster_all_due(&roster, 77);
    CHECK_EQ_I64(roster.meters[0].due_ms, 77);
    CHECK_EQ_I64(roster.meters[1].due_ms, INT64_MAX);
}

TEST_MAIN()
