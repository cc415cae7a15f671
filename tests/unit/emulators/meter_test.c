/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A meter by itself: what it counts is a function of time alone, exact to the last unit, however
 * often it is looked at.
 */
#include <unistd.h>

#include "emulators/meterbus/busconfig.h"
#include "emulators/meterbus/meter.h"
#include "emulators/meterbus/state.h"
#include "tests/unit/test.h"

enum { HOUR_MS = 3600000, DAY_MS = 86400000 };

static struct meter meter;
static struct meter other;

/* 2026-11-20 08:00:00 */
static int64_t start_ms(void)
{
    int64_t ms = 0;
    CHECK(calendar_parse("2026-11-20 08:00:00", &ms));
    return ms;
}

static struct meter_cfg config_make(enum meter_kind kind)
{
    struct meter_cfg cfg = {
        .name = "m",
        .kind = kind,
        .address = {1},
        .load_w = 1000,
        .phase_count = 1,
        .voltage_dv = 2200,
        .power_factor_e3 = 980,
        .balance_fen = 10000,
        .opened = true,
        .price_e4 = {5500, 5500, 5500, 5500},
        .hoarding_fen = 99999999,
        .speed = 1,
        .baud = 2400,
        .reply_bytes_max = 200,
        .button_auto = true,
        .serr_bytes = 2,
    };
    for (size_t i = 0; i < 24; i++) {
        cfg.profile_percent[i] = 100;
        cfg.tariff_of_hour[i] = 2;
    }
    return cfg;
}

TEST(calendar_goes_there_and_back_over_a_century)
{
    int64_t ms = 0;
    CHECK(calendar_parse("2000-01-01 00:00:00", &ms));
    CHECK_EQ_I64(ms, 946684800000);
    struct calendar before = calendar_from_ms(ms - 1000);
    CHECK_EQ_I64(before.year, 1999);
    for (int64_t day = 0; day < 36525; day++) {
        int64_t back = 0;
        struct calendar c = calendar_from_ms(ms + day * DAY_MS + 45296000);
        CHECK(calendar_to_ms(&c, &back));
        CHECK_EQ_I64(back, ms + day * DAY_MS + 45296000);
        CHECK_EQ_I64(c.weekday, (6 + day) % 7); /* 2000-01-01 was a Saturday */
    }
    CHECK(!calendar_parse("2026-02-29 00:00:00", &ms));
    CHECK(!calendar_parse("2026-11-20 24:00:00", &ms));
    CHECK(!calendar_parse("2026-11-20", &ms));
}

TEST(one_kilowatt_for_one_hour_is_one_kilowatt_hour_and_its_price)
{
    struct meter_cfg cfg = config_make(METER_COUNT);
    meter_init(&meter, &cfg, start_ms());
    meter_advance(&meter, start_ms() + HOUR_MS);
    CHECK_EQ_U64(energy_steps(meter.energy_mj, TARIFF_COUNT), 100);
    CHECK_EQ_I64(meter_balance_fen(&meter), 10000 - 55);
    CHECK_EQ_I64(meter.balance_micros, 100000000 - 550000);
}

TEST(many_small_steps_equal_one_large_one)
{
    struct meter_cfg cfg = config_make(METER_COUNT);
    cfg.load_w = 3217;
    cfg.vary_percent = 40;
    cfg.balance_fen = 4000;
    for (size_t i = 0; i < 24; i++) {
        cfg.profile_percent[i] = (uint16_t)(20 + 7 * i);
        cfg.tariff_of_hour[i] = (uint8_t)(i % 4);
    }
    meter_init(&meter, &cfg, start_ms());
    meter_init(&other, &cfg, start_ms());
    int64_t end_ms = start_ms() + 3 * (int64_t)DAY_MS;
    meter_advance(&meter, end_ms);
    for (int64_t at = start_ms(); at < end_ms; at += 97531) {
        meter_advance(&other, at);
    }
    meter_advance(&other, end_ms);
    CHECK_EQ_MEM(meter.energy_mj, other.energy_mj, sizeof(meter.energy_mj));
    CHECK_EQ_I64(meter.balance_micros, other.balance_micros);
    CHECK_EQ_U64(meter.relay.open, other.relay.open);
    CHECK(meter.relay.open); /* 40 yuan do not last three days at this load */
    CHECK_EQ_MEM(&meter.snapshots, &other.snapshots, sizeof(meter.snapshots));
}

TEST(supply_ends_exactly_where_the_money_ends)
{
    struct meter_cfg cfg = config_make(METER_ORDER);
    cfg.balance_fen = 55; /* one kilowatt hour */
    meter_init(&meter, &cfg, start_ms());
    meter_advance(&meter, start_ms() + HOUR_MS - 1);
    CHECK(!meter.relay.open);
    meter_advance(&meter, start_ms() + 10 * HOUR_MS);
    CHECK(meter.relay.open);
    CHECK(meter.relay.by_arrears);
    CHECK_EQ_I64(meter.balance_micros, 0);
    CHECK_EQ_U64(energy_steps(meter.energy_mj, TARIFF_COUNT), 100);
    CHECK_EQ_U64(meter_power_w(&meter), 0);
}

TEST(overdraft_goes_down_to_its_limit_and_no_further)
{
    struct meter_cfg cfg = config_make(METER_ORDER);
    cfg.balance_fen = 55;
    cfg.overdraft_fen = 110;
    meter_init(&meter, &cfg, start_ms());
    meter_advance(&meter, start_ms() + 10 * HOUR_MS);
    CHECK_EQ_I64(meter_balance_fen(&meter), -110);
    CHECK_EQ_U64(energy_steps(meter.energy_mj, TARIFF_COUNT), 300);
    CHECK(meter.relay.open);
}

TEST(kept_power_outlasts_the_money)
{
    struct meter_cfg cfg = config_make(METER_ORDER);
    cfg.balance_fen = 55;
    meter_init(&meter, &cfg, start_ms());
    meter.relay.keep_power = true;
    meter_advance(&meter, start_ms() + 3 * HOUR_MS);
    CHECK(!meter.relay.open);
    CHECK_EQ_I64(meter_balance_fen(&meter), -110);
    meter.relay.keep_power = false;
    meter_advance(&meter, start_ms() + 3 * HOUR_MS + 1000);
    CHECK(meter.relay.open);
}

TEST(a_cloud_meter_counts_and_never_trips)
{
    struct meter_cfg cfg = config_make(METER_CLOUD);
    cfg.balance_fen = 0;
    meter_init(&meter, &cfg, start_ms());
    meter_advance(&meter, start_ms() + 100 * (int64_t)DAY_MS);
    CHECK(!meter.relay.open);
    CHECK_EQ_U64(energy_steps(meter.energy_mj, TARIFF_COUNT), 240000);
}

TEST(days_and_months_are_frozen_at_midnight)
{
    struct meter_cfg cfg = config_make(METER_CLOUD);
    meter_init(&meter, &cfg, start_ms());
    meter_advance(&meter, start_ms() + 20 * (int64_t)DAY_MS); /* 2026-12-10 08:00 */
    const struct snapshot *day = meter.snapshots[SNAPSHOT_DAILY];
    struct calendar c = calendar_from_ms(day[0].at_ms);
    CHECK_EQ_I64(c.day, 10);
    CHECK_EQ_I64(c.hour, 0);
    CHECK_EQ_U64(energy_steps(day[0].energy_mj, TARIFF_COUNT) -
                     energy_steps(day[1].energy_mj, TARIFF_COUNT),
                 2400);
    const struct snapshot *month = meter.snapshots[SNAPSHOT_SETTLEMENT];
    CHECK_EQ_I64(calendar_from_ms(month[0].at_ms).month, 12);
    CHECK_EQ_I64(calendar_from_ms(month[0].at_ms).day, 1);
    CHECK_EQ_I64(month[1].at_ms, 0);
}

TEST(history_lies_behind_a_new_meter)
{
    struct meter_cfg cfg = config_make(METER_COUNT);
    cfg.history_days = 40;
    meter_init(&meter, &cfg, start_ms());
    CHECK_EQ_I64(meter.sim_ms, start_ms());
    CHECK_EQ_U64(energy_steps(meter.energy_mj, TARIFF_COUNT), 40 * 2400);
    CHECK_EQ_I64(meter_balance_fen(&meter), 10000);
    CHECK(meter.snapshots[SNAPSHOT_DAILY][39].at_ms != 0);
}

TEST(speed_multiplies_time)
{
    struct meter_cfg cfg = config_make(METER_CLOUD);
    cfg.speed = 3600;
    meter_init(&meter, &cfg, start_ms());
    meter_clock_anchor(&meter, 5000000000, start_ms());
    CHECK_EQ_I64(meter_clock_sim_ms(&meter, 5000000000), start_ms());
    CHECK_EQ_I64(meter_clock_sim_ms(&meter, 6000000000), start_ms() + HOUR_MS);
}

static bool purchases_equal(const struct purchase *a, const struct purchase *b)
{
    return a->at_ms == b->at_ms && a->amount_fen == b->amount_fen && a->count == b->count &&
           memcmp(a->order, b->order, sizeof(a->order)) == 0 && a->before_fen == b->before_fen &&
           a->after_fen == b->after_fen && a->total_fen == b->total_fen && a->kind == b->kind;
}

TEST(a_stored_meter_comes_back_whole)
{
    char dir[] = "/tmp/shilling-meter-XXXXXX";
    char path[64];
    int64_t wall_ms = 0;
    struct meter_cfg cfg = config_make(METER_COUNT);
    CHECK(mkdtemp(dir) != NULL);
    meter_init(&meter, &cfg, start_ms());
    meter_init(&other, &cfg, start_ms());
    meter_advance(&meter, start_ms() + 30 * HOUR_MS + 1);
    meter.offset_ms = -77;
    meter.relay.keep_power = true;
    meter.params[13][2] = 0x42;
    for (uint32_t i = 1; i <= 3; i++) {
        struct purchase purchase = {.at_ms = 1000 * i,
                                    .amount_fen = i,
                                    .count = i,
                                    .before_fen = -5,
                                    .after_fen = 7,
                                    .total_fen = 11};
        purchase.order[3] = (uint8_t)i;
        CHECK(meter_purchase_add(&meter, &purchase));
    }
    CHECK_EQ_I64(state_load(&other, dir, &wall_ms), STATE_ABSENT);
    CHECK(state_save(&meter, dir, 4711));
    CHECK_EQ_I64(state_load(&other, dir, &wall_ms), STATE_LOADED);
    CHECK_EQ_I64(wall_ms, 4711);
    CHECK_EQ_U64(other.purchase_count, 3);
    for (size_t i = 0; i < 3; i++) {
        CHECK(purchases_equal(&other.purchases[i], &meter.purchases[i]));
    }
    CHECK_EQ_I64(other.balance_micros, meter.balance_micros);
    CHECK_EQ_I64(other.offset_ms, -77);
    CHECK(other.relay.keep_power);
    CHECK_EQ_MEM(other.params, meter.params, sizeof(meter.params));
    CHECK_EQ_MEM(other.energy_mj, meter.energy_mj, sizeof(meter.energy_mj));
    CHECK_EQ_MEM(other.snapshots, meter.snapshots, sizeof(meter.snapshots));
    meter_finish(&meter);
    meter_finish(&other);
    (void)snprintf(path, sizeof(path), "%s/m.json", dir);
    CHECK(unlink(path) == 0 && rmdir(dir) == 0);
}

TEST(a_torn_or_foreign_state_is_refused)
{
    static const char *const TEXTS[] = {"", "{", "[]", "{\"version\":1}", "{\"version\":2}"};
    char dir[] = "/tmp/shilling-meter-XXXXXX";
    char path[64];
    int64_t wall_ms = 0;
    struct meter_cfg cfg = config_make(METER_COUNT);
    CHECK(mkdtemp(dir) != NULL);
    (void)snprintf(path, sizeof(path), "%s/m.json", dir);
    for (size_t i = 0; i < sizeof(TEXTS) / sizeof(TEXTS[0]); i++) {
        FILE *file = fopen(path, "we");
        CHECK(file != NULL);
        CHECK(fputs(TEXTS[i], file) >= 0 && fclose(file) == 0);
        meter_init(&meter, &cfg, start_ms());
        CHECK_EQ_I64(state_load(&meter, dir, &wall_ms), STATE_BROKEN);
        meter_finish(&meter);
    }
    CHECK(!state_save(&meter, "/nonexistent", 1));
    CHECK(unlink(path) == 0 && rmdir(dir) == 0);
}

TEST(decimals_are_read_strictly)
{
    static const char *const BAD[] = {
        "", ".", "1.234", "-1", "1,5", "1.2.3", "1e3", " 1", "99999999999999999999"};
    uint64_t number = 0;
    CHECK(decimal_parse("1234.56", 2, &number));
    CHECK_EQ_U64(number, 123456);
    CHECK(decimal_parse("7", 4, &number));
    CHECK_EQ_U64(number, 70000);
    CHECK(decimal_parse("0.5", 4, &number));
    CHECK_EQ_U64(number, 5000);
    for (size_t i = 0; i < sizeof(BAD) / sizeof(BAD[0]); i++) {
        CHECK(!decimal_parse(BAD[i], 2, &number));
    }
}

TEST_MAIN()
