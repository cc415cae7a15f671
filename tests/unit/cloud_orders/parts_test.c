/* SPDX-License-Identifier: Apache-2.0 */
/* The small parts: workers, presence, numbers, configuration, who waits for news. */
#include <stdatomic.h>
#include <string.h>

#include "cloud/orders/device.h"
#include "cloud/orders/frame_build.h"
#include "cloud/orders/number.h"
#include "cloud/orders/pool.h"
#include "cloud/orders/presence.h"
#include "common/config/config.h"
#include "common/must.h"
#include "common/str.h"
#include "tests/unit/cloud_orders/rig.h"
#include "tests/unit/test.h"

/* ---- workers ---- */

struct load {
    atomic_int running;
    atomic_int same; /* pieces about "one" at the same time */
    atomic_int same_max;
    atomic_int done;
    atomic_bool go;
};

static void piece(void *self, const char *key)
{
    struct load *load = self;
    if (str_equal(key, "one")) {
        const int now = atomic_fetch_add(&load->same, 1) + 1;
        if (now > atomic_load(&load->same_max)) {
            atomic_store(&load->same_max, now);
        }
    }
    (void)atomic_fetch_add(&load->running, 1);
    while (!atomic_load(&load->go)) {
        rig_sleep_ms(1);
    }
    if (str_equal(key, "one")) {
        (void)atomic_fetch_sub(&load->same, 1);
    }
    (void)atomic_fetch_add(&load->done, 1);
}

static bool until(atomic_int *value, int wanted)
{
    for (int i = 0; i < 5000 && atomic_load(value) != wanted; i++) {
        rig_sleep_ms(1);
    }
    return atomic_load(value) == wanted;
}

TEST(one_number_is_worked_on_by_one_thread)
{
    struct load load = {0};
    struct pool *pool = NULL;
    CHECK_EQ_I64(pool_create(4, &pool), OK);
    CHECK(pool_submit(pool, piece, &load, "one"));
    CHECK(until(&load.running, 1));
    CHECK(pool_submit(pool, piece, &load, "one")); /* once more afterwards, ... */
    CHECK(pool_submit(pool, piece, &load, "one")); /* ... not twice */
    CHECK(pool_submit(pool, piece, &load, "two"));
    CHECK(until(&load.running, 2));
    atomic_store(&load.go, true);
    CHECK(until(&load.done, 3));
    rig_sleep_ms(20);
    CHECK_EQ_I64(atomic_load(&load.done), 3);
    CHECK_EQ_I64(atomic_load(&load.same_max), 1);
    pool_destroy(pool);
    pool_destroy(NULL);
}

TEST(a_full_pool_says_no)
{
    struct load load = {0};
    struct pool *pool = NULL;
    char key[32];
    int taken = 0;
    CHECK_EQ_I64(pool_create(1, &pool), OK);
    CHECK(pool_submit(pool, piece, &load, "first"));
    CHECK(until(&load.running, 1));
    for (int i = 0; i < POOL_QUEUE_MAX + 5; i++) {
        str_format_cut(key, sizeof(key), "k%d", i);
        taken += pool_submit(pool, piece, &load, key) ? 1 : 0;
    }
    CHECK_EQ_I64(taken, POOL_QUEUE_MAX);
    CHECK(pool_submit(pool, piece, &load, "k5")); /* it waits already */
    atomic_store(&load.go, true);
    pool_destroy(pool);
}

TEST(a_stopped_pool_takes_nothing)
{
    struct load load = {0};
    struct pool *pool = NULL;
    CHECK_EQ_I64(pool_create(1, &pool), OK);
    CHECK(pool_submit(pool, piece, &load, "running"));
    CHECK(until(&load.running, 1));
    CHECK(pool_submit(pool, piece, &load, "waiting"));
    atomic_store(&load.go, true);
    pool_stop(pool);
    int done = atomic_load(&load.done);
    CHECK(done == 1 || done == 2); /* what runs ends; what waits may be dropped */
    CHECK(!pool_submit(pool, piece, &load, "late"));
    pool_stop(pool);
    pool_destroy(pool);
    CHECK_EQ_I64(atomic_load(&load.done), done);
}

/* ---- who is there ---- */

TEST(a_terminal_that_was_never_seen_was_seen_at_the_start)
{
    struct presence presence;
    char name[API_ID_SIZE];
    CHECK(presence_init(&presence, 1000));
    CHECK_EQ_I64(presence_seen_ms(&presence, "k1"), 1000);
    presence_mark(&presence, "k1", 2000);
    presence_mark(&presence, "k1", 3000);
    CHECK_EQ_I64(presence_seen_ms(&presence, "k1"), 3000);
    CHECK_EQ_I64(presence_seen_ms(&presence, "k2"), 1000);
    for (int i = 0; i < PRESENCE_MAX; i++) {
        str_format_cut(name, sizeof(name), "terminal-%d", i);
        presence_mark(&presence, name, 4000 + i);
    }
    CHECK_EQ_I64(presence_seen_ms(&presence, "terminal-77"), 4077);
    CHECK_EQ_I64(presence_seen_ms(&presence, "k1"), 3000);
    /* The table is full: of a newcomer nobody can say that it is gone. */
    CHECK_EQ_I64(presence_seen_ms(&presence, "newcomer"), INT64_MAX);
    presence_finish(&presence);
}

/* ---- numbers ---- */

struct numbers {
    char first[ORDER_NUMBER_SIZE];
    char second[ORDER_NUMBER_SIZE];
    char device[DL645_ORDER_TEXT_SIZE];
    int64_t epoch;
    struct orders *orders;
};

static enum err draw(struct db *db, void *arg)
{
    struct numbers *numbers = arg;
    enum err err = number_next(numbers->orders, db, numbers->first);
    if (err == OK) {
        err = number_next(numbers->orders, db, numbers->second);
    }
    if (err == OK) {
        err = number_raise_epoch(db, &numbers->epoch);
    }
    return err == OK ? number_next_device(db, numbers->device) : err;
}

TEST(numbers_are_never_given_twice)
{
    struct rig rig;
    rig_begin(&rig);
    struct numbers numbers = {.orders = rig.orders};
    CHECK_EQ_I64(store_run(rig.store, draw, &numbers), OK);
    CHECK(order_number_is_valid(numbers.first));
    CHECK(!str_equal(numbers.first, numbers.second));
    CHECK_EQ_I64(numbers.epoch, 1);
    CHECK_EQ_STR(numbers.device, "0100000000000003");
    rig_exec(&rig, "UPDATE number_series SET epoch = 35");
    CHECK(store_run(rig.store, draw, &numbers) != OK); /* epochs are used up: nothing is given */
    rig_end(&rig);
}

/* ---- configuration ---- */

static bool read_options(const char *text, struct orders_options *ret_options, const char *expected)
{
    char message[CONFIG_MESSAGE_SIZE] = "";
    struct config *cfg = config_open_text(text, "test.cfg", message, sizeof(message));
    MUST(cfg != NULL);
    orders_options_read(cfg, ret_options);
    const bool good = config_finish(cfg, message, sizeof(message));
    if (expected == NULL) {
        return good;
    }
    if (good || strstr(message, expected) == NULL) {
        (void)printf("# message is \"%s\"\n", message);
        return false;
    }
    return true;
}

TEST(the_configuration_of_the_waits)
{
    struct orders_options options;
    CHECK(read_options("", &options, NULL));
    CHECK_EQ_I64(options.timers.window_ms, 180000);
    CHECK(!options.cut_off);
    CHECK(read_options("timers = { poll = 1; closing = [1, 2, 5]; closed = [7]; delivery = 60; };\n"
                       "orders = { pay_threads = 2; meter_threads = 3; cut_off = true; };\n",
                       &options, NULL));
    CHECK_EQ_I64(options.timers.poll_ms, 1000);
    CHECK_EQ_U64(options.timers.closing.count, 3);
    CHECK_EQ_I64(options.timers.closing.wait_ms[2], 5000);
    CHECK_EQ_U64(options.timers.closed.count, 1);
    CHECK_EQ_I64(options.timers.delivery_ms, 60000);
    CHECK_EQ_U64(options.pay_threads, 2);
    CHECK(options.cut_off);
}

TEST(a_configuration_that_does_not_fit_together)
{
    struct orders_options options;
    CHECK(read_options("timers = { poll = 0; };", &options, "timers.poll"));
    CHECK(read_options("timers = { poll = -3; };", &options, "timers.poll"));
    CHECK(read_options("timers = { read_back = [0]; };", &options, "timers.read_back"));
    CHECK(read_options("timers = { read_back = [1, 0]; };", &options, "timers.read_back"));
    CHECK(read_options("timers = { window_total = 600; };", &options, "do not fit together"));
    CHECK(read_options("timers = { closing = [1, 1, 1, 1, 1, 1, 1, 1, 1]; };", &options,
                       "timers.closing"));
    CHECK(read_options("orders = { pay_threads = 0; };", &options, "orders.pay_threads"));
    CHECK(read_options("orders = { cut_of = true; pay_threads = 2; };", &options, "orders.cut_of"));
}

/* ---- may anybody pay? ---- */

TEST(payments_are_open_while_somebody_answers)
{
    struct rig rig;
    char reason[API_WORD_SIZE];
    char no[33];
    rig_begin(&rig);
    CHECK(orders_payments_open(rig.orders, reason));
    CHECK_EQ_STR(reason, "");
    double_pay_force(CALL_PRECREATE, PAY_UNKNOWN, 100, false);
    rig_create(1, 5000, no);
    for (int i = 0; i < 500 && double_pay_calls(CALL_PRECREATE) < 5; i++) {
        rig_sleep_ms(10);
    }
    rig_sleep_ms(50);
    CHECK(orders_payments_open(rig.orders, reason)); /* the other wallet is not known to be down */
    rig_end(&rig);
}

/* ---- models ---- */

TEST(a_model_that_does_not_count_in_fen_is_not_sold_to)
{
    const char *reason = "";
    struct catalog_meter meter = {.profile = {.kind = BUS_METER_ORDER}};
    CHECK(str_copy(meter.profile.layout, sizeof(meter.profile.layout), "q"));
    CHECK(device_is_sellable(&meter, &reason));
    meter.profile.amount_unit = CATALOG_AMOUNT_YUAN_E2;
    CHECK(!device_is_sellable(&meter, &reason));
    CHECK_EQ_STR(reason, "amount_unit");
    meter.profile.amount_unit = CATALOG_AMOUNT_ENERGY_E2;
    CHECK(!device_is_sellable(&meter, &reason));
}

/* ---- frames ---- */

/* Operator 11223344, as collectors put it into relay commands: 44 33 22 11 on the wire. */
TEST(the_operator_of_a_credit_is_the_one_of_a_relay_command)
{
    static const char *const layouts[] = {"standard", "q"};
    static const uint8_t wire[] = {0x44 + 0x33, 0x33 + 0x33, 0x22 + 0x33, 0x11 + 0x33};
    enum { AT_OPERATOR = 14 /* 68, address, 68, C, L, DI */ };
    for (size_t i = 0; i < ARRAY_COUNT(layouts); i++) {
        struct catalog_meter meter = {.address = "000000000002",
                                      .profile = {.operator_code = {0x11, 0x22, 0x33, 0x44}}};
        CHECK(str_copy(meter.profile.layout, sizeof(meter.profile.layout), layouts[i]));
        const struct mac_codes macs = {0};
        struct frame_purchase purchase = {.meter = &meter,
                                          .amount = {.fen = 100},
                                          .count = 4,
                                          .customer = "000000000001",
                                          .order_number = "0000000000000001",
                                          .macs = i == 0 ? &macs : NULL};
        struct delivery_frames frames;
        CHECK_EQ_I64(frame_build(&purchase, &frames), OK);
        CHECK(memcmp(frames.frame.bytes + AT_OPERATOR, wire, sizeof(wire)) == 0);
        if (frames.auth_count > 0) {
            CHECK(memcmp(frames.auth[0].bytes + AT_OPERATOR, wire, sizeof(wire)) == 0);
        }
    }
}

TEST_MAIN()
