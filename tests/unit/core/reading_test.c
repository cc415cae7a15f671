/* SPDX-License-Identifier: Apache-2.0 */
#include "core/delivery/reading.h"
#include "tests/unit/test.h"

/* 0.80 yuan/kWh, steps of 0.01 kWh: use between equal registers is at most 0.02 yuan. */
static const struct delivery_use USE = {.price_e4_yuan_kwh = 8000, .energy_step = 1};

static struct delivery_reading meter(uint32_t count, int64_t balance, int64_t energy)
{
    return (struct delivery_reading){.has_count = true,
                                     .count = count,
                                     .has_balance = true,
                                     .balance = {balance},
                                     .has_energy = true,
                                     .energy_centi_kwh = energy};
}

static enum delivery_verdict by_count(struct delivery_reading before, struct delivery_reading after,
                                      int64_t fen)
{
    return delivery_judge_count(&before, &after, money_fen(fen), &USE);
}

static enum delivery_verdict by_window(struct delivery_reading before,
                                       struct delivery_reading after, int64_t fen)
{
    return delivery_judge_window(&before, &after, money_fen(fen), &USE);
}

TEST(use_is_rounded_up)
{
    struct delivery_reading before = meter(0, 0, 1000);
    struct delivery_reading after = meter(0, 0, 1000);
    struct money use = money_fen(0);
    /* (0 + 1 step) x 0.80 / 100 = 0.008 -> 1 fen, + 1 unit */
    CHECK(delivery_use_max(&before, &after, &USE, &use));
    CHECK_EQ_I64(use.fen, 2);
    after.energy_centi_kwh = 1099; /* 1 kWh with the step: 80 fen + 1 */
    CHECK(delivery_use_max(&before, &after, &USE, &use));
    CHECK_EQ_I64(use.fen, 81);
    struct delivery_use fixed = USE;
    fixed.fixed = money_fen(500);
    CHECK(delivery_use_max(&before, &after, &fixed, &use));
    CHECK_EQ_I64(use.fen, 581);
}

TEST(use_that_cannot_be_said)
{
    struct delivery_reading before = meter(0, 0, 1000);
    struct delivery_reading after = meter(0, 0, 999);
    struct money use = money_fen(7);
    CHECK(!delivery_use_max(&before, &after, &USE, &use));
    after.has_energy = false;
    CHECK(!delivery_use_max(&before, &after, &USE, &use));
    after = meter(0, 0, 100000000);
    CHECK(!delivery_use_max(&before, &after, &USE, &use));
    before.energy_centi_kwh = -1;
    after = meter(0, 0, 1000);
    CHECK(!delivery_use_max(&before, &after, &USE, &use));
    before = meter(0, 0, 0);
    struct delivery_use dear = {.price_e4_yuan_kwh = 100000000, .energy_step = 1};
    CHECK(!delivery_use_max(&before, &after, &dear, &use));
    dear.price_e4_yuan_kwh = -1;
    CHECK(!delivery_use_max(&before, &after, &dear, &use));
    struct delivery_use far = {.price_e4_yuan_kwh = 1, .energy_step = 1, .fixed = {INT64_MAX}};
    CHECK(!delivery_use_max(&before, &after, &far, &use));
    CHECK_EQ_I64(use.fen, 7);
}

TEST(the_count_decides)
{
    CHECK_EQ_I64(by_count(meter(7, 0, 0), meter(7, 900, 0), 500), VERDICT_NOT_DONE);
    CHECK_EQ_I64(by_count(meter(7, 0, 0), meter(9, 500, 0), 500), VERDICT_ODD);
    CHECK_EQ_I64(by_count(meter(7, 0, 0), meter(6, 500, 0), 500), VERDICT_ODD);
    struct delivery_reading silent = meter(8, 500, 0);
    silent.has_count = false;
    CHECK_EQ_I64(by_count(meter(7, 0, 0), silent, 500), VERDICT_UNREADABLE);
    CHECK_EQ_I64(by_count(meter(UINT32_MAX, 0, 0), meter(0, 500, 0), 500), VERDICT_ODD);
}

TEST(a_used_count_must_show_our_amount)
{
    struct delivery_reading after = meter(8, 0, 0);
    after.has_last = true;
    after.last_amount = money_fen(500);
    CHECK_EQ_I64(by_count(meter(7, 0, 0), after, 500), VERDICT_OURS);
    after.last_amount = money_fen(501);
    CHECK_EQ_I64(by_count(meter(7, 0, 0), after, 500), VERDICT_BEATEN);
}

TEST(a_used_count_without_a_record_needs_the_window)
{
    CHECK_EQ_I64(by_count(meter(7, 100, 10), meter(8, 600, 10), 500), VERDICT_OURS);
    CHECK_EQ_I64(by_count(meter(7, 100, 10), meter(8, 100, 10), 500), VERDICT_UNDECIDED);
    CHECK_EQ_I64(by_count(meter(7, 100, 10), meter(8, 350, 10), 500), VERDICT_UNDECIDED);
    struct delivery_reading dark = meter(8, 0, 0);
    dark.has_balance = false;
    CHECK_EQ_I64(by_count(meter(7, 100, 10), dark, 500), VERDICT_UNREADABLE);
}

TEST(the_edges_of_the_window)
{
    const struct delivery_reading b = meter(0, 1000, 50);
    CHECK_EQ_I64(by_window(b, meter(0, 1500, 50), 500), VERDICT_OURS);
    CHECK_EQ_I64(by_window(b, meter(0, 1498, 50), 500), VERDICT_OURS);
    CHECK_EQ_I64(by_window(b, meter(0, 1497, 50), 500), VERDICT_UNDECIDED);
    CHECK_EQ_I64(by_window(b, meter(0, 1501, 50), 500), VERDICT_UNDECIDED);
    CHECK_EQ_I64(by_window(b, meter(0, 1000, 50), 500), VERDICT_NOT_DONE);
    CHECK_EQ_I64(by_window(b, meter(0, 998, 50), 500), VERDICT_NOT_DONE);
    CHECK_EQ_I64(by_window(b, meter(0, 997, 50), 500), VERDICT_UNDECIDED);
    CHECK_EQ_I64(by_window(b, meter(0, 1001, 50), 500), VERDICT_UNDECIDED);
}

TEST(a_small_amount_or_a_long_silence_proves_nothing)
{
    const struct delivery_reading b = meter(0, 1000, 50);
    CHECK_EQ_I64(by_window(b, meter(0, 1002, 50), 2), VERDICT_UNDECIDED);
    CHECK_EQ_I64(by_window(b, meter(0, 1003, 50), 3), VERDICT_OURS);
    /* 6.25 kWh later, the use may hide 5 yuan. */
    CHECK_EQ_I64(by_window(b, meter(0, 1000, 50 + 625), 500), VERDICT_UNDECIDED);
    CHECK_EQ_I64(by_window(b, meter(0, 1000, 40), 500), VERDICT_UNDECIDED);
}

TEST(total_bought_beats_the_window)
{
    struct delivery_reading b = meter(0, 1000, 50);
    struct delivery_reading a = meter(0, 1000, 90000);
    b.has_total = true;
    a.has_total = true;
    b.total = money_fen(70000);
    a.total = money_fen(70500);
    CHECK_EQ_I64(by_window(b, a, 500), VERDICT_OURS);
    a.total = money_fen(70000);
    CHECK_EQ_I64(by_window(b, a, 500), VERDICT_NOT_DONE);
    a.total = money_fen(70400);
    CHECK_EQ_I64(by_window(b, a, 500), VERDICT_ODD);
    a.total = money_fen(INT64_MAX);
    b.total = money_fen(-1);
    CHECK_EQ_I64(by_window(b, a, 500), VERDICT_ODD);
}

TEST(readings_that_lack_something)
{
    struct delivery_reading b = meter(0, 1000, 50);
    struct delivery_reading a = meter(0, 1500, 50);
    a.has_energy = false;
    CHECK_EQ_I64(by_window(b, a, 500), VERDICT_UNREADABLE);
    a = meter(0, 1500, 50);
    b.has_balance = false;
    CHECK_EQ_I64(by_window(b, a, 500), VERDICT_UNDECIDED);
    b = meter(0, INT64_MAX, 50);
    CHECK_EQ_I64(by_window(b, a, 500), VERDICT_ODD);
    b = meter(0, INT64_MIN, 50);
    CHECK_EQ_I64(by_window(b, a, 500), VERDICT_ODD);
}

TEST(verdict_words)
{
    for (int v = 0; v < VERDICT_COUNT; v++) {
        CHECK(strlen(delivery_verdict_name((enum delivery_verdict)v)) > 2);
    }
}

TEST_MAIN()
