/* SPDX-License-Identifier: Apache-2.0 */
/* The balance that the server keeps: what is used is charged, and the supply follows it. */
#include "tests/unit/cloud_orders/rig.h"
#include "tests/unit/test.h"

static const char SEEN[] = "SELECT seen FROM relay_job WHERE meter_id = 'm1'";

TEST(a_dark_flat_is_switched_on_after_the_credit)
{
    struct rig rig;
    char no[33];
    rig_begin(&rig);
    double_gateway_relay(CLOUD_ADDRESS, true);
    rig_exec(&rig, "INSERT INTO meter_state (meter_id, relay, relay_at) VALUES ('m1', 'open', 1)");
    double_gateway_fault(CLOUD_ADDRESS, FAULT_LOST_REQUEST, 2); /* the relay needs three tries */
    CHECK(rig_pay(&rig, 1, FEN, "DONE", no)); /* the credit does not wait for the light */
    CHECK(rig_until_number(&rig, SEEN, NULL, 1));
    CHECK(!double_gateway_meter(CLOUD_ADDRESS).relay_open);
    CHECK_EQ_I64(rig_number(&rig, "SELECT settled FROM relay_job", NULL), 1);
    CHECK_EQ_I64(rig_number(&rig, "SELECT relay = 'closed' FROM meter_state", NULL), 1);
    CHECK(rig_until_number(&rig, "SELECT count(*) FROM job WHERE kind = 'relay'", NULL, 0));
    rig_end(&rig);
}

TEST(a_relay_that_does_not_move_is_an_alarm)
{
    struct rig rig;
    char no[33];
    rig_begin(&rig);
    double_gateway_relay(CLOUD_ADDRESS, true);
    rig_exec(&rig, "INSERT INTO meter_state (meter_id, relay, relay_at) VALUES ('m1', 'open', 1)");
    double_gateway_fault(CLOUD_ADDRESS, FAULT_LOST_REQUEST, 1000);
    CHECK(rig_pay(&rig, 1, FEN, "DONE", no));
    CHECK(rig_until_number(&rig, "SELECT count(*) FROM alarm WHERE kind = 'relay_stuck'", NULL, 1));
    double_gateway_fault(CLOUD_ADDRESS, FAULT_NONE, 0);
    CHECK(rig_until_number(&rig, SEEN, NULL, 1));
    rig_end(&rig);
}

TEST(a_restored_database_wishes_above_the_lost_one)
{
    struct rig rig;
    char no[33];
    rig_begin(&rig);
    double_gateway_relay(CLOUD_ADDRESS, true);
    rig_exec(&rig, "INSERT INTO meter_state (meter_id, relay, relay_at) VALUES ('m1', 'open', 1)");
    double_gateway_fault(CLOUD_ADDRESS, FAULT_LOST_REQUEST, 1000);
    CHECK(rig_pay(&rig, 1, FEN, "DONE", no));
    CHECK(rig_until_number(&rig, "SELECT generation FROM relay_job", NULL, 1));
    rig_exec(&rig, "UPDATE number_series SET epoch = 2");
    CHECK(rig_until_number(&rig, "SELECT max(generation) FROM device_command", NULL, 2 << 24));
    double_gateway_fault(CLOUD_ADDRESS, FAULT_NONE, 0);
    CHECK(rig_until_number(&rig, SEEN, NULL, 1));
    rig_end(&rig);
}

struct used {
    struct rig *rig;
    int64_t energy_e4;
};

static enum err use(struct db *db, void *arg)
{
    const struct used *used = arg;
    const struct account_port *accounts = &used->rig->accounts;
    return accounts->use(accounts->self, db, "m1", used->energy_e4, 0);
}

static void read_energy(struct rig *rig, int64_t energy_e4)
{
    struct used used = {rig, energy_e4};
    CHECK_EQ_I64(store_run(rig->store, use, &used), OK);
}

static int64_t balance(const struct rig *rig)
{
    return -rig_number(rig, "SELECT fen FROM account_sum WHERE account = 'CUST'", NULL);
}

TEST(use_is_charged_once_and_to_the_last_fen)
{
    struct rig rig;
    char no[33];
    rig_begin(&rig);
    CHECK(rig_pay(&rig, 1, FEN, "DONE", no));
    read_energy(&rig, 10000000); /* the first reading is where charging begins */
    CHECK_EQ_I64(balance(&rig), FEN);
    read_energy(&rig, 10010000); /* 1 kWh at 0.55 yuan */
    CHECK_EQ_I64(balance(&rig), FEN - 55);
    read_energy(&rig, 10010000);
    read_energy(&rig, 10000000);
    CHECK_EQ_I64(balance(&rig), FEN - 55);
    for (int i = 1; i <= 100; i++) {
        read_energy(&rig, 10010000 + i * 100); /* a hundredth at a time */
    }
    CHECK_EQ_I64(balance(&rig), FEN - 110);
    CHECK(rig_books_are_clean(&rig));
    rig_end(&rig);
}

TEST(a_balance_that_is_used_up_cuts_the_supply)
{
    struct rig rig;
    char no[33];
    rig_cut_off(true);
    rig_begin(&rig);
    CHECK(rig_pay(&rig, 1, FEN, "DONE", no));
    read_energy(&rig, 10000000);
    read_energy(&rig, 10000000 + 900000); /* 90 kWh: 49.50 */
    CHECK(!double_gateway_meter(CLOUD_ADDRESS).relay_open);
    read_energy(&rig, 10000000 + 1000000);
    CHECK(rig_until_number(&rig, SEEN, NULL, 2));
    CHECK(double_gateway_meter(CLOUD_ADDRESS).relay_open);
    CHECK(rig_pay(&rig, 1, FEN, "DONE", no));
    CHECK(rig_until_number(&rig, SEEN, NULL, 1));
    CHECK_EQ_I64(rig_number(&rig, "SELECT arrears_fen FROM pay_order WHERE order_no = ?1", no),
                 500);
    rig_end(&rig);
}

static enum err open_balance(struct db *db, void *arg)
{
    const int64_t *fen = arg;
    return orders_open_balance(db, "m1", money_fen(*fen));
}

TEST(a_balance_from_a_former_system_is_entered_once)
{
    struct rig rig;
    int64_t fen = -1200;
    rig_begin(&rig);
    CHECK_EQ_I64(store_run(rig.store, open_balance, &fen), OK);
    CHECK_EQ_I64(store_run(rig.store, open_balance, &fen), OK);
    CHECK_EQ_I64(balance(&rig), -1200);
    fen = 5;
    CHECK_EQ_I64(store_run(rig.store, open_balance, &fen), ERR_EXISTS);
    CHECK_EQ_I64(balance(&rig), -1200);
    CHECK(rig_books_are_clean(&rig));
    rig_end(&rig);
}

TEST_MAIN()
