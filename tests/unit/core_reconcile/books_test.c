/* SPDX-License-Identifier: Apache-2.0 */
#include "common/compiler.h"
#include "common/str.h"
#include "core/reconcile/books.h"
#include "tests/unit/test.h"

/* ---- words ---- */

TEST(every_finding_has_a_word_of_its_own)
{
    enum books_finding finding = BOOKS_FINDING_COUNT;
    for (int i = 0; i < BOOKS_FINDING_COUNT; i++) {
        CHECK(books_finding_parse(books_finding_name((enum books_finding)i), &finding));
        CHECK_EQ_I64(finding, i);
    }
    CHECK(!books_finding_parse("MISSING_IN_BILL", &finding));
    CHECK_EQ_STR(books_reason_name(BOOKS_NOTHING), "");
    for (int i = BOOKS_NOTHING + 1; i < BOOKS_REASON_COUNT; i++) {
        CHECK(books_reason_name((enum books_reason)i)[0] != '\0');
    }
}

TEST(whose_a_finding_is_and_how_long_it_stands)
{
    CHECK(books_is_of_day(BOOKS_DAY_PAID) && books_is_of_day(BOOKS_METER_TOTAL));
    CHECK(!books_is_of_day(BOOKS_RELAY_NOT_OPEN) && !books_is_of_day(BOOKS_HELD_OLD));
    CHECK(books_is_for_site(BOOKS_METER_COUNT) && books_is_for_site(BOOKS_RELAY_NOT_CLOSED));
    CHECK(!books_is_for_site(BOOKS_DAY_POSTING) && !books_is_for_site(BOOKS_SUSPENSE_OLD));
}

TEST(what_a_finding_is_worth)
{
    const struct money more = money_fen(700);
    const struct money less = money_fen(500);
    CHECK_EQ_I64(books_gain(BOOKS_DAY_PAID, more, less).fen, 200);
    CHECK_EQ_I64(books_gain(BOOKS_DAY_REFUNDED, more, less).fen, -200);
    CHECK_EQ_I64(books_gain(BOOKS_METER_TOTAL, more, less).fen, -200);
    CHECK_EQ_I64(books_gain(BOOKS_METER_COUNT, more, less).fen, 0);
    CHECK_EQ_I64(books_gain(BOOKS_HELD_OLD, more, less).fen, 0);
}

/* ---- the identity ---- */

TEST(a_day_that_adds_up)
{
    const struct books_sums sums = {.bill_paid = {10000},
                                    .bill_refunded = {2500},
                                    .held = {1000},
                                    .refpay = {-500},
                                    .suspense = {300},
                                    .cust = {4000},
                                    .meter = {2000},
                                    .card = {100},
                                    .loss = {900},
                                    .bank = {1500}};
    struct books_identity identity;
    CHECK(books_identity(&sums, &identity));
    CHECK_EQ_I64(identity.bills.fen, 7500);
    CHECK_EQ_I64(identity.books.fen, 7500);
    CHECK_EQ_I64(identity.difference.fen, 0);
}

TEST(sums_beyond_all_bounds)
{
    struct books_identity identity = {.bills = {7}};
    const struct books_sums adding = {.held = {INT64_MAX}, .refpay = {1}, .bank = {1}};
    const struct books_sums losing = {.held = {INT64_MIN}, .loss = {1}};
    const struct books_sums apart = {.bill_paid = {INT64_MAX}, .held = {-1}};
    CHECK(!books_identity(&adding, &identity));
    CHECK(!books_identity(&losing, &identity));
    CHECK(!books_identity(&apart, &identity));
    CHECK_EQ_I64(identity.bills.fen, 7);
}

/* ---- what explains a difference ---- */

static const char *why(struct books_side side)
{
    return books_reason_name(books_explain(&side));
}

/* A payment of 50 yuan that one side has on this day. */
#define BILLED .bill_day = {5000}, .bill_ever = {5000}
#define BOOKED .book_day = {5000}, .book_ever = {5000}

TEST(heard_of_on_another_day)
{
    CHECK_EQ_STR(why((struct books_side){BILLED, .book_ever = {5000}}), "other_day");
    CHECK_EQ_STR(why((struct books_side){BOOKED, .bill_ever = {5000}}), "other_day");
    CHECK_EQ_STR(why((struct books_side){BOOKED, .bill_ever = {5000}, .edge = true}), "midnight");
}

TEST(near_a_midnight_whose_other_bill_is_to_come)
{
    CHECK_EQ_STR(why((struct books_side){BOOKED, .edge = true, .bill_missing = true}), "next_bill");
    CHECK_EQ_STR(why((struct books_side){BOOKED, .edge = true}), "");
    CHECK_EQ_STR(why((struct books_side){BILLED, .edge = true, .bill_missing = true}), "");
}

TEST(an_item_explains_what_it_is_about_to_the_fen)
{
    struct books_side side = {BOOKED, .has_item = true, .items = {-5000}};
    CHECK_EQ_STR(why(side), "bill_item");
    side.items.fen = -4999;
    CHECK_EQ_STR(why(side), "");
    side.has_item = false;
    side.items.fen = 0;
    CHECK_EQ_STR(why(side), "");
}

TEST(a_number_of_somebody_else)
{
    CHECK_EQ_STR(why((struct books_side){BILLED, .foreign = true}), "");
    CHECK_EQ_STR(why((struct books_side){BILLED, .foreign = true, .has_item = true}), "bill_item");
}

TEST(a_refund_that_was_listed_as_begun)
{
    CHECK_EQ_STR(why((struct books_side){BOOKED, .begun = {5000}}), "refund_begun");
    CHECK_EQ_STR(why((struct books_side){BOOKED, .begun = {4000}}), "");
}

/* ---- meters ---- */

static struct books_look look(const char *order_no, enum books_moment moment, int64_t at,
                              int64_t value)
{
    return (struct books_look){true, at, order_no, moment, value};
}

static struct books_delivery done(const char *order_no, int64_t assigned_at, int64_t done_at)
{
    return (struct books_delivery){order_no, assigned_at, true, done_at, 1};
}

static const char *verdict_of(const struct books_meter *meter)
{
    static const char *const WORDS[BOOKS_VERDICT_COUNT] = {
        [BOOKS_UNSEEN] = "unseen",
        [BOOKS_EQUAL] = "equal",
        [BOOKS_OPEN] = "open",
        [BOOKS_DIFFERS] = "differs",
    };
    int64_t rise = 0;
    return WORDS[books_meter_judge(meter, &rise)];
}

TEST(a_meter_at_which_nobody_looked)
{
    struct books_meter meter = {.last = look("", BOOKS_OTHERWISE, 100, 3)};
    const struct books_delivery delivery = done("A", 10, 20);
    int64_t rise = 7;
    CHECK(books_meter_add(&meter, &delivery));
    CHECK_EQ_I64(books_meter_judge(&meter, &rise), BOOKS_UNSEEN);
    CHECK_EQ_I64(rise, 0);
    meter = (struct books_meter){.first = look("", BOOKS_OTHERWISE, 100, 3)};
    CHECK(books_meter_add(&meter, &delivery));
    CHECK_EQ_STR(verdict_of(&meter), "unseen");
}

/* All within one second: only the order of the journal tells. */
TEST(the_looks_of_our_own_journal_are_exact)
{
    struct books_meter meter = {.first = look("B", BOOKS_BEFORE_IT, 50, 1),
                                .last = look("C", BOOKS_PROVED_IT, 50, 3)};
    const struct books_delivery deliveries[] = {done("A", 50, 50), done("B", 50, 50),
                                                done("C", 50, 50), done("D", 50, 50)};
    for (size_t i = 0; i < ARRAY_COUNT(deliveries); i++) {
        CHECK(books_meter_add(&meter, &deliveries[i]));
    }
    CHECK_EQ_I64(meter.sure, 2);
    CHECK_EQ_U64(meter.open_count, 0);
    CHECK_EQ_STR(verdict_of(&meter), "equal");
    meter.last.value = 4; /* somebody else sold to it */
    int64_t rise = 0;
    CHECK_EQ_I64(books_meter_judge(&meter, &rise), BOOKS_DIFFERS);
    CHECK_EQ_I64(rise, 3);
    meter.last.value = 2; /* or it does not have one of ours */
    CHECK_EQ_STR(verdict_of(&meter), "differs");
    meter.last.value = 0; /* or is another meter */
    CHECK_EQ_STR(verdict_of(&meter), "differs");
}

TEST(what_was_under_way_at_a_look_may_be_in_it)
{
    struct books_meter meter = {.first = look("A", BOOKS_PROVED_IT, 10, 1),
                                .last = look("B", BOOKS_WHILE_IT, 60, 1)};
    struct books_delivery delivery = {.order_no = "B", .assigned_at = 50, .value = 700};
    CHECK(books_meter_add(&meter, &delivery));
    CHECK_EQ_STR(verdict_of(&meter), "equal");
    meter.last.value = 701;
    CHECK_EQ_STR(verdict_of(&meter), "open");
    meter.last.value = 702;
    CHECK_EQ_STR(verdict_of(&meter), "differs");
    delivery = (struct books_delivery){"C", 20, false, 0, 30}; /* a look for another one */
    CHECK(books_meter_add(&meter, &delivery));
    meter.last.value = 731;
    CHECK_EQ_STR(verdict_of(&meter), "open");
    meter.last.value = 31;
    CHECK_EQ_STR(verdict_of(&meter), "open");
}

/* Later by its number, and assigned before the look all the same. */
TEST(deliveries_that_overtook_each_other)
{
    struct books_meter meter = {.first = look("B", BOOKS_PROVED_IT, 100, 5),
                                .last = look("D", BOOKS_PROVED_IT, 300, 6)};
    const struct books_delivery before = done("C", 50, 60);
    const struct books_delivery between = done("A", 150, 200);
    const struct books_delivery after = done("A", 301, 302);
    CHECK(books_meter_add(&meter, &before));
    CHECK(books_meter_add(&meter, &between));
    CHECK(books_meter_add(&meter, &after));
    CHECK_EQ_I64(meter.sure, 1);
    CHECK_EQ_STR(verdict_of(&meter), "equal");
}

TEST(a_look_by_schedule_has_another_clock)
{
    struct books_meter meter = {.first = look("", BOOKS_OTHERWISE, 10000, 1),
                                .last = look("", BOOKS_OTHERWISE, 20000, 2)};
    const struct books_delivery within = done("A", 11000, 11001);
    const struct books_delivery near_first = done("B", 9990, 9999);
    const struct books_delivery near_last = done("C", 20300, 20301);
    const struct books_delivery early = done("D", 9000, 9001);
    const struct books_delivery late = done("E", 20601, 20602);
    CHECK(books_meter_add(&meter, &within) && books_meter_add(&meter, &early) &&
          books_meter_add(&meter, &late));
    CHECK_EQ_I64(meter.sure, 1);
    CHECK_EQ_U64(meter.open_count, 0);
    CHECK(books_meter_add(&meter, &near_first) && books_meter_add(&meter, &near_last));
    CHECK_EQ_STR(verdict_of(&meter), "equal");
    meter.last.value = 4;
    CHECK_EQ_STR(verdict_of(&meter), "open");
    meter.last.value = 5;
    CHECK_EQ_STR(verdict_of(&meter), "differs");
    CHECK(books_meter_add(&meter, &near_last) && books_meter_add(&meter, &near_last));
    CHECK(!books_meter_add(&meter, &near_last)); /* more than there can be */
}

TEST(amounts_beyond_all_bounds)
{
    struct books_meter meter = {.first = look("A", BOOKS_BEFORE_IT, 1, 0),
                                .last = look("A", BOOKS_PROVED_IT, 2, 0),
                                .sure = INT64_MAX};
    const struct books_delivery delivery = done("A", 1, 2);
    CHECK(!books_meter_add(&meter, &delivery));
    meter.first.value = 2;
    CHECK_EQ_STR(verdict_of(&meter), "differs");
    meter.sure = 0;
    meter.open_count = 2;
    meter.open[0] = INT64_MAX;
    meter.open[1] = INT64_MAX;
    CHECK_EQ_STR(verdict_of(&meter), "differs");
    const struct books_side side = {
        .bill_ever = {INT64_MIN}, .book_ever = {INT64_MAX}, .book_day = {1}};
    CHECK_EQ_I64(books_explain(&side), BOOKS_NOTHING);
}

TEST(a_relay_that_is_not_what_it_should_be)
{
    enum books_finding finding = BOOKS_FINDING_COUNT;
    struct books_relay relay = {.want_closed = true, .read_open = true, .wanted_ms = 3600000};
    CHECK(books_relay_judge(&relay, &finding));
    CHECK_EQ_I64(finding, BOOKS_RELAY_NOT_CLOSED);
    relay.wanted_ms -= 1;
    CHECK(!books_relay_judge(&relay, &finding));
    relay = (struct books_relay){.want_open = true, .read_closed = true, .wanted_ms = 3600000};
    CHECK(books_relay_judge(&relay, &finding));
    CHECK_EQ_I64(finding, BOOKS_RELAY_NOT_OPEN);
    relay.read_closed = false; /* not read */
    CHECK(!books_relay_judge(&relay, &finding));
    relay = (struct books_relay){.want_closed = true, .read_closed = true, .wanted_ms = 3600000};
    CHECK(!books_relay_judge(&relay, &finding));
    relay = (struct books_relay){.read_closed = true, .wanted_ms = 3600000}; /* nobody cares */
    CHECK(!books_relay_judge(&relay, &finding));
}

TEST(a_day_old)
{
    CHECK(!books_is_old(1000, 1000 + 86399));
    CHECK(books_is_old(1000, 1000 + 86400));
    CHECK(!books_is_old(1000, 0));
}

TEST_MAIN()
