/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Control 03 on the two kinds of meter that hold money: what they accept, the exact bit of every
 * refusal, and that whatever was executed stands in the meter's own list, killed or not.
 */
#include <signal.h>

#include "tests/unit/emulators/rig.h"
#include "tests/unit/test.h"

#define COUNT_METER "000000000002"
#define ORDER_METER "000000000003"
#define CUSTOMER "000000123456"
#define CONFIG                                                                                     \
    "bus = { baud = 115200; td_ms = 1; clock = \"2026-11-20 08:00:00\"; speed = 0; "               \
    "relay_delay_ms = 0; load_w = 1000; };"                                                        \
    "meters = ( { address = \"000000000001\"; kind = \"cloud\"; },"                                \
    "{ address = \"000000000002\"; kind = \"count\"; customer = \"000000123456\"; count = 7;"      \
    "  balance_fen = 5000; hoarding_fen = 100000; price = \"1.0000\"; },"                          \
    "{ address = \"000000000003\"; kind = \"order\"; balance_fen = 2000;"                          \
    "  hoarding_fen = 100000; price = \"1.0000\"; } );"

enum serr {
    SERR_OTHER = 0x0001,
    SERR_REPEATED = 0x0002,
    SERR_MAC = 0x0004,
    SERR_NOT_AUTHENTICATED = 0x0008,
    SERR_CUSTOMER = 0x0010,
    SERR_COUNT = 0x0020,
    SERR_LIMIT = 0x0040,
    SERR_SUSPENDED = 0x0100
};

enum { DI_AUTHENTICATE = 0x070000FF, DI_END = 0x070002FF, DI_OPEN = 0x070101FF };
enum { DI_RECHARGE = 0x070102FF, DI_REFUND = 0x070108FF, DI_STATUS = 0x078102FF };

static struct rig rig;
static struct rig_frame reply;
static uint8_t operator_c0; /* of the frames made from now on */

static void start(void)
{
    CHECK(rig_start(&rig, CONFIG, 115200));
    CHECK(rig_esam_start(&rig));
}

/* 0 = accepted (83), -1 = silent, otherwise the SERR bytes. */
static int ask_03(const char *meter, const uint8_t *data, size_t size)
{
    if (!rig_ask(&rig, meter, 0x03, data, size, &reply)) {
        return -1;
    }
    if (reply.control == 0x83) {
        return 0;
    }
    return reply.control == 0xC3 ? reply.data[0] | (reply.size > 1 ? reply.data[1] << 8 : 0) : -2;
}

static int authenticate(void)
{
    uint8_t data[32] = {0};
    rig_put(data, 4, DI_AUTHENTICATE);
    data[4] = operator_c0;
    (void)rig_ask_esam(&rig, "{\"op\":\"identity\",\"meter\":\"%s\",\"esam\":\"\"}", COUNT_METER);
    CHECK(rig_hex(&rig, "cipher1", data + 8, 8) && rig_hex(&rig, "random1", data + 16, 8) &&
          rig_hex(&rig, "factor", data + 24, 8));
    return ask_03(COUNT_METER, data, sizeof(data));
}

/* A recharge frame's data, with MACs of the key service. */
static void recharge_make(uint32_t fen, uint32_t count, const char *customer, uint8_t data[30])
{
    memset(data, 0, 30);
    rig_put(data, 4, DI_RECHARGE);
    rig_put(data + 8, 4, fen);
    rig_put(data + 12, 4, count);
    for (size_t i = 0; i < 6; i++) {
        char pair[3] = {customer[10 - 2 * i], customer[11 - 2 * i], '\0'};
        data[20 + i] = (uint8_t)strtoul(pair, NULL, 16);
    }
    (void)rig_ask_esam(&rig,
                       "{\"op\":\"recharge\",\"meter\":\"%s\",\"customer\":\"%s\","
                       "\"amount_fen\":%u,\"count\":%u}",
                       COUNT_METER, customer, fen, count);
    CHECK(rig_hex(&rig, "mac1", data + 16, 4) && rig_hex(&rig, "mac2", data + 26, 4));
}

static int recharge(uint32_t fen, uint32_t count)
{
    uint8_t data[30];
    recharge_make(fen, count, CUSTOMER, data);
    return ask_03(COUNT_METER, data, sizeof(data));
}

static int64_t fact(const char *meter, const char *name)
{
    (void)rig_tell(&rig, "get %s", meter);
    return rig_number(&rig, name);
}

/* How many purchases the meter itself has on record. */
static size_t purchases(const char *meter)
{
    size_t count = 0;
    for (const char *p = rig_tell(&rig, "purchases %s", meter);
         (p = strstr(p, "\"amount_fen\"")) != NULL; p++) {
        count++;
    }
    return count;
}

TEST(a_recharge_raises_balance_and_count_and_is_on_record)
{
    uint8_t data[8] = {0};
    start();
    CHECK_EQ_I64(authenticate(), 0);
    CHECK_EQ_U64(reply.size, 4 + 4 + 8);
    CHECK_EQ_I64(recharge(12345, 8), 0);
    CHECK_EQ_U64(reply.size, 4);
    CHECK_EQ_I64(rig_read_bcd(&rig, COUNT_METER, 0x00900200, 4), 17345);
    CHECK_EQ_I64(rig_read_bcd(&rig, COUNT_METER, 0x03330201, 2), 8);
    CHECK_EQ_I64(rig_read_bcd(&rig, COUNT_METER, 0x03330301, 4), 12345);
    CHECK_EQ_I64(rig_read_bcd(&rig, COUNT_METER, 0x03330401, 4), 5000);
    CHECK_EQ_I64(rig_read_bcd(&rig, COUNT_METER, 0x03330501, 4), 17345);
    CHECK_EQ_I64(rig_read_bcd(&rig, COUNT_METER, 0x03330601, 4), 12345);
    CHECK(rig_read_di(&rig, COUNT_METER, 0x03330101, &reply));
    static const uint8_t DATE[5] = {0x00, 0x08, 0x20, 0x11, 0x26};
    CHECK_EQ_MEM(reply.data + 4, DATE, sizeof(DATE));
    rig_put(data, 4, DI_STATUS);
    CHECK_EQ_I64(ask_03(COUNT_METER, data, 8), 0);
    CHECK_EQ_U64(reply.size, 30);
    CHECK_EQ_U64(reply.data[4] | reply.data[5] << 8, 17345);
    CHECK_EQ_U64(reply.data[12], 8);
    CHECK_EQ_U64(purchases(COUNT_METER), 1);
    CHECK(rig_said(&rig, "\"time\":\"2026-11-20 08:00:00\""));
    rig_finish(&rig);
}

TEST(each_refusal_has_its_own_bit_and_changes_nothing)
{
    uint8_t data[30];
    start();
    CHECK_EQ_I64(recharge(100, 8), SERR_NOT_AUTHENTICATED);
    CHECK_EQ_I64(authenticate(), 0);
    CHECK_EQ_I64(recharge(100, 7), SERR_REPEATED);
    CHECK_EQ_I64(recharge(100, 9), SERR_COUNT);
    CHECK_EQ_I64(recharge(100, 6), SERR_COUNT);
    CHECK_EQ_I64(recharge(95001, 8), SERR_LIMIT);
    CHECK_EQ_I64(recharge(0, 8), SERR_OTHER);
    recharge_make(100, 8, "000000123457", data);
    CHECK_EQ_I64(ask_03(COUNT_METER, data, 30), SERR_CUSTOMER);
    recharge_make(100, 8, CUSTOMER, data);
    data[8] ^= 1; /* another amount than the MAC covers */
    CHECK_EQ_I64(ask_03(COUNT_METER, data, 30), SERR_MAC);
    data[8] ^= 1;
    CHECK_EQ_I64(ask_03(COUNT_METER, data, 29), SERR_OTHER);
    CHECK_EQ_STR(rig_tell(&rig, "set %s suspended 1", COUNT_METER), "ok");
    CHECK_EQ_I64(ask_03(COUNT_METER, data, 30), SERR_SUSPENDED);
    CHECK_EQ_STR(rig_tell(&rig, "set %s suspended 0", COUNT_METER), "ok");
    rig_put(data, 4, DI_OPEN);
    CHECK_EQ_I64(ask_03(COUNT_METER, data, 30), SERR_OTHER); /* is open already */
    CHECK_EQ_I64(fact(COUNT_METER, "balance_fen"), 5000);
    CHECK_EQ_I64(fact(COUNT_METER, "count"), 7);
    CHECK_EQ_U64(purchases(COUNT_METER), 0);
    CHECK_EQ_I64(recharge(95000, 8), 0); /* exactly up to the limit */
    rig_finish(&rig);
}

TEST(a_lost_reply_leaves_the_money_in_the_meter_and_a_resend_does_not_double_it)
{
    uint8_t data[30];
    start();
    CHECK_EQ_I64(authenticate(), 0);
    recharge_make(10000, 8, CUSTOMER, data);
    (void)rig_tell(&rig, "fault lost_reply meter=%s control=03 di=070102FF", COUNT_METER);
    CHECK(rig_silent(&rig, COUNT_METER, 0x03, data, 30));
    CHECK_EQ_I64(rig_read_bcd(&rig, COUNT_METER, 0x03330201, 2), 8);
    CHECK_EQ_I64(ask_03(COUNT_METER, data, 30), SERR_REPEATED);
    CHECK_EQ_U64(purchases(COUNT_METER), 1);
    CHECK_EQ_I64(fact(COUNT_METER, "balance_fen"), 15000);
    rig_finish(&rig);
}

TEST(the_same_frame_is_good_in_a_new_session)
{
    uint8_t data[30];
    uint8_t end[8] = {0};
    start();
    CHECK_EQ_I64(authenticate(), 0);
    recharge_make(10000, 8, CUSTOMER, data);
    (void)rig_tell(&rig, "fault lost_request control=03");
    CHECK(rig_silent(&rig, COUNT_METER, 0x03, data, 30));
    rig_put(end, 4, DI_END);
    CHECK_EQ_I64(ask_03(COUNT_METER, end, 8), 0);
    CHECK_EQ_U64(reply.size, 4 + 6 + 4 + 4 + 4);
    CHECK_EQ_I64(ask_03(COUNT_METER, data, 30), SERR_NOT_AUTHENTICATED);
    CHECK_EQ_I64(authenticate(), 0);
    CHECK_EQ_I64(ask_03(COUNT_METER, data, 30), 0);
    CHECK_EQ_U64(purchases(COUNT_METER), 1);
    rig_finish(&rig);
}

TEST(a_session_ends_after_five_minutes_of_the_meters_time)
{
    start();
    CHECK_EQ_I64(authenticate(), 0);
    CHECK_EQ_STR(rig_tell(&rig, "pass %s 299", COUNT_METER), "ok");
    CHECK_EQ_I64(recharge(100, 8), 0);
    CHECK_EQ_STR(rig_tell(&rig, "pass %s 1", COUNT_METER), "ok");
    CHECK_EQ_I64(recharge(100, 9), SERR_NOT_AUTHENTICATED);
    rig_finish(&rig);
}

TEST(fifteen_failures_lock_the_meter_for_the_hour)
{
    uint8_t data[32] = {0};
    start();
    rig_put(data, 4, DI_AUTHENTICATE);
    for (size_t i = 0; i < 15; i++) {
        CHECK_EQ_I64(ask_03(COUNT_METER, data, 32), SERR_MAC);
    }
    CHECK_EQ_I64(authenticate(), SERR_NOT_AUTHENTICATED);
    CHECK_EQ_STR(rig_tell(&rig, "pass %s 3600", COUNT_METER), "ok");
    CHECK_EQ_I64(authenticate(), 0);
    rig_finish(&rig);
}

TEST(an_overdraft_is_paid_off_first_and_the_supply_comes_back)
{
    start();
    CHECK_EQ_STR(rig_tell(&rig, "set %s overdraft_fen 3000", COUNT_METER), "ok");
    CHECK_EQ_STR(rig_tell(&rig, "pass %s 720000", COUNT_METER), "ok");
    CHECK_EQ_I64(rig_read_bcd(&rig, COUNT_METER, 0x00900200, 4), 0);
    CHECK_EQ_I64(rig_read_bcd(&rig, COUNT_METER, 0x00900201, 4), 3000);
    CHECK_EQ_I64(rig_read_bcd(&rig, COUNT_METER, 0x02030000, 3), 0);
    CHECK_EQ_I64(authenticate(), 0);
    CHECK_EQ_I64(recharge(10000, 8), 0);
    CHECK_EQ_I64(rig_read_bcd(&rig, COUNT_METER, 0x00900200, 4), 7000);
    CHECK_EQ_I64(rig_read_bcd(&rig, COUNT_METER, 0x00900201, 4), 0);
    CHECK_EQ_I64(rig_read_bcd(&rig, COUNT_METER, 0x03330401, 4), 0);
    CHECK_EQ_I64(rig_read_bcd(&rig, COUNT_METER, 0x02030000, 3), 10000);
    (void)rig_tell(&rig, "purchases %s", COUNT_METER);
    CHECK_EQ_I64(rig_number(&rig, "before_fen"), -3000);
    CHECK_EQ_I64(rig_number(&rig, "after_fen"), 7000);
    rig_finish(&rig);
}

TEST(an_account_is_opened_once_and_binds_its_customer)
{
    uint8_t data[30];
    start();
    CHECK_EQ_STR(rig_tell(&rig, "set %s opened 0", COUNT_METER), "ok");
    CHECK_EQ_I64(authenticate(), 0);
    CHECK_EQ_I64(recharge(100, 8), SERR_OTHER);
    recharge_make(2000, 8, "000000777777", data);
    rig_put(data, 4, DI_OPEN);
    (void)rig_ask_esam(&rig,
                       "{\"op\":\"open\",\"meter\":\"%s\",\"customer\":\"000000777777\","
                       "\"amount_fen\":2000,\"count\":8}",
                       COUNT_METER);
    CHECK(rig_hex(&rig, "mac1", data + 16, 4) && rig_hex(&rig, "mac2", data + 26, 4));
    CHECK_EQ_I64(ask_03(COUNT_METER, data, 30), 0);
    CHECK_EQ_I64(recharge(100, 9), SERR_CUSTOMER);
    recharge_make(100, 9, "000000777777", data);
    CHECK_EQ_I64(ask_03(COUNT_METER, data, 30), 0);
    CHECK_EQ_I64(fact(COUNT_METER, "balance_fen"), 7100);
    rig_finish(&rig);
}

TEST(purchases_survive_a_kill_at_the_worst_moments)
{
    static const char *const FAULTS[] = {"crash_before", "crash_after"};
    uint8_t data[30];
    uint8_t bytes[RIG_BYTES_MAX];
    start();
    for (uint32_t i = 0; i < 6; i++) {
        int64_t energy_before = rig_read_bcd(&rig, COUNT_METER, 0x00010000, 4);
        uint32_t count = (uint32_t)fact(COUNT_METER, "count");
        size_t known = purchases(COUNT_METER);
        CHECK_EQ_I64(authenticate(), 0);
        recharge_make(1000 + i, count + 1, CUSTOMER, data);
        (void)rig_tell(&rig, "fault %s di=070102FF", FAULTS[i % 2]);
        rig_write(&rig, bytes, rig_frame_make(COUNT_METER, 0x03, data, 30, bytes));
        CHECK(rig_bus_was_killed(&rig));
        CHECK(rig_bus_start(&rig, 115200));
        CHECK_EQ_I64(fact(COUNT_METER, "count"), count + (i % 2));
        CHECK_EQ_U64(purchases(COUNT_METER), known + (i % 2));
        CHECK(rig_read_bcd(&rig, COUNT_METER, 0x00010000, 4) >= energy_before);
    }
    CHECK_EQ_I64(fact(COUNT_METER, "balance_fen"), 5000 + 1001 + 1003 + 1005);
    CHECK_EQ_I64(fact(COUNT_METER, "total_fen"), 1001 + 1003 + 1005);
    rig_finish(&rig);
}

/* L = 22H: DI, operator, amount, order number, MAC1 = 0, own address, MAC2 = 0. */
static int order(uint32_t di, uint32_t fen, uint64_t number)
{
    uint8_t data[34] = {0};
    rig_put(data, 4, di);
    data[4] = operator_c0;
    rig_put(data + 8, 4, fen);
    for (size_t i = 0; i < 8; i++, number /= 100) {
        data[12 + i] = (uint8_t)(number % 100 / 10 << 4 | number % 10);
    }
    data[24] = 0x03;
    return ask_03(ORDER_METER, data, sizeof(data));
}

TEST(an_order_is_credited_once_where_the_meter_remembers)
{
    start();
    CHECK_EQ_I64(order(DI_RECHARGE, 10000, 1240826202124138), 0);
    CHECK_EQ_U64(reply.size, 4);
    CHECK_EQ_I64(order(DI_RECHARGE, 10000, 1240826202124138), 0x02);
    CHECK_EQ_U64(reply.size, 1);
    CHECK_EQ_I64(order(DI_RECHARGE, 10000, 1240826202124139), 0);
    CHECK_EQ_I64(rig_read_bcd(&rig, ORDER_METER, 0x00900200, 4), 22000);
    CHECK_EQ_U64(purchases(ORDER_METER), 2);
    CHECK(rig_said(&rig, "\"order\":\"1240826202124138\""));
    rig_finish(&rig);
}

TEST(an_order_is_credited_twice_where_the_meter_forgets)
{
    start();
    CHECK_EQ_STR(rig_tell(&rig, "set %s repeat_order accept", ORDER_METER), "ok");
    CHECK_EQ_I64(order(DI_RECHARGE, 10000, 42), 0);
    CHECK_EQ_I64(order(DI_RECHARGE, 10000, 42), 0);
    CHECK_EQ_I64(fact(ORDER_METER, "balance_fen"), 22000);
    CHECK_EQ_U64(purchases(ORDER_METER), 2);
    rig_finish(&rig);
}

TEST(orders_are_refused_for_address_limit_and_form)
{
    uint8_t data[34] = {0};
    start();
    rig_put(data, 4, DI_RECHARGE);
    rig_put(data + 8, 4, 100);
    data[24] = 0x04;
    CHECK_EQ_I64(ask_03(ORDER_METER, data, 34), 0x10);
    data[24] = 0x03;
    data[12] = 0x0A; /* no BCD */
    CHECK_EQ_I64(ask_03(ORDER_METER, data, 34), 0x01);
    CHECK_EQ_I64(ask_03(ORDER_METER, data, 33), 0x01);
    CHECK_EQ_I64(order(DI_RECHARGE, 98001, 1), 0x40);
    CHECK_EQ_I64(order(DI_RECHARGE, 0, 1), 0x01);
    CHECK_EQ_I64(order(DI_REFUND, 2001, 1), 0x40);
    CHECK_EQ_I64(order(DI_STATUS, 1, 1), 0x02);
    CHECK_EQ_I64(fact(ORDER_METER, "balance_fen"), 2000);
    CHECK_EQ_I64(order(DI_REFUND, 2000, 1), 0);
    CHECK_EQ_I64(fact(ORDER_METER, "balance_fen"), 0);
    (void)rig_tell(&rig, "purchases %s", ORDER_METER);
    CHECK(rig_said(&rig, "\"kind\":\"refund\""));
    rig_finish(&rig);
}

TEST(orders_survive_a_kill)
{
    start();
    CHECK_EQ_I64(order(DI_RECHARGE, 777, 9), 0);
    (void)rig_bus_stop(&rig, SIGKILL);
    CHECK(rig_bus_start(&rig, 115200));
    CHECK_EQ_I64(fact(ORDER_METER, "balance_fen"), 2777);
    CHECK_EQ_I64(order(DI_RECHARGE, 777, 9), 0x02);
    rig_finish(&rig);
}

TEST(purchase_records_can_be_missing_or_there)
{
    start();
    CHECK_EQ_I64(order(DI_RECHARGE, 777, 9), 0);
    CHECK_EQ_I64(rig_read_bcd(&rig, ORDER_METER, 0x03330601, 4), -1);
    CHECK_EQ_STR(rig_tell(&rig, "set %s purchase_records 1", ORDER_METER), "ok");
    CHECK_EQ_I64(rig_read_bcd(&rig, ORDER_METER, 0x03330601, 4), 777);
    (void)rig_bus_stop(&rig, SIGKILL); /* and stay so */
    CHECK(rig_bus_start(&rig, 115200));
    CHECK_EQ_I64(rig_read_bcd(&rig, ORDER_METER, 0x03330601, 4), 777);
    rig_finish(&rig);
}

TEST(both_kinds_look_at_the_operator_where_told_to)
{
    uint8_t data[30];
    CHECK(rig_start(&rig,
                    "bus = { baud = 115200; td_ms = 1; clock = \"2026-11-20 08:00:00\"; "
                    "operator = \"00000001\"; check_operator = true; };"
                    "meters = ( { address = \"000000000002\"; kind = \"count\"; "
                    "customer = \"000000123456\"; count = 7; hoarding_fen = 100000; "
                    "price = \"1.0000\"; }, { address = \"000000000003\"; kind = \"order\"; "
                    "hoarding_fen = 100000; price = \"1.0000\"; } );",
                    115200));
    CHECK(rig_esam_start(&rig));
    operator_c0 = 0x02;
    CHECK_EQ_I64(authenticate(), SERR_OTHER);
    CHECK_EQ_I64(order(DI_RECHARGE, 100, 1), SERR_OTHER);
    operator_c0 = 0x01; /* the lowest byte of 00000001 comes first */
    CHECK_EQ_I64(authenticate(), 0);
    CHECK_EQ_I64(order(DI_RECHARGE, 100, 1), 0);
    recharge_make(100, 8, CUSTOMER, data);
    data[4] = 0x02;
    CHECK_EQ_I64(ask_03(COUNT_METER, data, sizeof(data)), SERR_OTHER);
    data[4] = 0x01;
    CHECK_EQ_I64(ask_03(COUNT_METER, data, sizeof(data)), 0);
    operator_c0 = 0;
    rig_finish(&rig);
}

TEST(the_parameter_block_is_read_and_written)
{
    uint8_t data[8 + 143] = {0};
    start();
    CHECK(rig_read_di(&rig, ORDER_METER, 0x070104FF, &reply));
    CHECK_EQ_U64(reply.size, 4 + 143);
    CHECK_EQ_I64(rig_bcd(&reply, 4), 10000);
    rig_put(data, 4, 0x070104FF);
    memcpy(data + 8, reply.data + 4, 143);
    data[8] = 0x50; /* price 1.0050 */
    CHECK_EQ_I64(ask_03(ORDER_METER, data, sizeof(data)), 0);
    CHECK_EQ_I64(rig_read_bcd(&rig, ORDER_METER, 0x04050101, 4), 10050);
    rig_finish(&rig);
}

TEST(a_meter_without_money_refuses_control_03)
{
    const uint8_t data[8] = {0xFF, 0x02, 0x81, 0x07};
    start();
    CHECK_EQ_I64(ask_03("000000000001", data, 8), SERR_OTHER);
    rig_finish(&rig);
}

TEST_MAIN()
