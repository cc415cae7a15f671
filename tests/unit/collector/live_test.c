/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The collector as it runs: the real program, a real broker with the product's templates and
 * client certificates, an emulated bus at 9600 baud. The test is the cloud.
 */
#include <signal.h>

#include "common/bytes.h"
#include "common/str.h"
#include "drivers/clock/clock_system.h"
#include "drivers/rng/rng_system.h"
#include "protocol/dl645/prepay.h"
#include "tests/unit/collector/world.h"
#include "tests/unit/test.h"

#define CLOUD_METER "000000000001"
#define ORDER_METER "000000000003"

enum {
    BAUD = 9600,
    QUIET_MS = 300, /* what is still on the wire when a collector dies arrives within this */
};

static struct world *world;
static struct bus_state state;
static struct bus_reply reply;
static struct bus_readings readings;
static struct bus_event event;
static struct bus_command command;
static char id[ID_TEXT_SIZE];
static char answer[8192];
static uint32_t order_next = 1;
static uint32_t epoch; /* of the world's journal */

static const char meters[] =
    "{ address = \"" CLOUD_METER "\"; kind = \"cloud\"; energy = \"1234.56\"; load_w = 0;"
    "  button = \"manual\"; },"
    "{ address = \"" ORDER_METER "\"; kind = \"order\"; balance_fen = 2000; price = \"0.5500\";"
    "  load_w = 0; repeat_order = \"accept\"; }";

static const char config[] =
    "{\"version\":\"v1\",\"meters\":["
    "{\"meter\":\"" CLOUD_METER "\",\"bus\":\"bus1\",\"protocol\":\"645-2007\",\"kind\":\"cloud\","
    "\"password\":\"02123456\",\"schedule_s\":10,\"items\":[\"00010000\"]},"
    "{\"meter\":\"" ORDER_METER "\",\"bus\":\"bus1\",\"protocol\":\"645-2007\",\"kind\":\"order\","
    "\"password\":\"02123456\",\"schedule_s\":0,\"items\":[]}]}";

/* Everything runs, the collector has its meters. */
static void begin(void)
{
    world_destroy(world);
    world = world_create();
    world_bus_start(world, BAUD, meters);
    world_collector_start(world, BAUD, 0);
    world_wait_state(world, true, &state);
    world_say(world, "config", config);
    do {
        world_wait_state(world, true, &state);
    } while (!str_equal(state.config, "v1"));
    epoch = state.epoch;
}

static void command_init(enum bus_op op, const char *meter)
{
    struct rng_port rng = rng_system();
    id_make(&rng, clock_system_wall_ms(), id);
    command = (struct bus_command){.op = op, .epoch = epoch, .deadline_ms = 20000};
    CHECK(str_copy(command.id, sizeof(command.id), id));
    CHECK(str_copy(command.meter, sizeof(command.meter), meter));
}

static void read_init(const char *meter, const char *item)
{
    command_init(BUS_OP_READ, meter);
    CHECK(str_copy(command.u.read.items[0], BUS_ITEM_SIZE, item));
    command.u.read.item_count = 1;
}

static void credit_init(uint32_t amount_fen)
{
    command_init(BUS_OP_CREDIT, ORDER_METER);
    struct bus_credit *credit = &command.u.credit;
    char order[DL645_ORDER_TEXT_SIZE];
    CHECK(str_format(order, sizeof(order), "%016u", (unsigned)order_next++));
    struct dl645_recharge recharge = {
        .address = ORDER_METER, .amount = {.fen = amount_fen}, .order = order};
    struct dl645_frame frame = {0};
    CHECK_EQ_I64(
        dl645_recharge_build(dl645_prepay_find("q"), DL645_RECHARGE, &recharge, NULL, &frame), OK);
    CHECK_EQ_I64(dl645_frame_encode(&frame, 0, credit->frame.bytes, sizeof(credit->frame.bytes),
                                    &credit->frame.size),
                 OK);
    CHECK(str_copy(credit->before[credit->before_count++], BUS_ITEM_SIZE, "00900200"));
    CHECK(str_copy(credit->after[credit->after_count++], BUS_ITEM_SIZE, "00900200"));
    credit->reply_timeout_ms = 1000;
    credit->send = 1;
}

/* How often the meter itself says that it was topped up. */
static int purchases(void)
{
    int count = 0;
    world_bus_say(world, "purchases " ORDER_METER, answer, sizeof(answer));
    for (const char *at = strstr(answer, "amount_fen"); at != NULL;
         at = strstr(at + 1, "amount_fen")) {
        count += 1;
    }
    return count;
}

static void bus_say(const char *text)
{
    world_bus_say(world, text, answer, sizeof(answer));
}

TEST(live_read_credit_and_relay)
{
    begin();
    read_init(CLOUD_METER, "00010000");
    world_say_command(world, &command);
    world_wait_reply(world, id, &reply);
    CHECK_EQ_I64(reply.outcome, OUTCOME_DONE);
    CHECK_EQ_STR(bus_reply_value(&reply, BUS_WHEN_NOW, "00010000")->v, "1234.56");

    credit_init(1234);
    world_say_command(world, &command);
    world_wait_reply(world, id, &reply);
    CHECK_EQ_I64(reply.outcome, OUTCOME_DONE);
    CHECK_EQ_STR(bus_reply_value(&reply, BUS_WHEN_BEFORE, "00900200")->v, "20.00");
    CHECK_EQ_STR(bus_reply_value(&reply, BUS_WHEN_AFTER, "00900200")->v, "32.34");
    world_say_command(world, &command); /* again: the answer again, no second credit */
    world_wait_reply(world, id, &reply);
    CHECK_EQ_I64(reply.outcome, OUTCOME_DONE);
    CHECK_EQ_I64(purchases(), 1);

    command_init(BUS_OP_RELAY, CLOUD_METER);
    command.u.relay = (struct bus_relay){.how = BUS_RELAY_OPEN, .generation = 1, .expiry_s = 600};
    world_say_command(world, &command);
    world_wait_reply(world, id, &reply);
    CHECK_EQ_I64(reply.outcome, OUTCOME_DONE);
    CHECK_EQ_STR(bus_reply_value(&reply, BUS_WHEN_NOW, BUS_ITEM_RELAY)->v, "open");
}

/* Somebody has to walk to the meter: meanwhile the bus is free, and asking again ends the first. */
TEST(a_button_meter_leaves_the_bus_to_live_reads)
{
    begin();
    bus_say("set " CLOUD_METER " relay open");
    char first[ID_TEXT_SIZE] = "";
    for (int i = 0; i < 2; i++) {
        CHECK(str_copy(first, sizeof(first), i == 0 ? "" : id));
        command_init(BUS_OP_RELAY, CLOUD_METER);
        command.u.relay = (struct bus_relay){
            .want_closed = true, .how = BUS_RELAY_ALLOW, .generation = 1, .expiry_s = 600};
        world_say_command(world, &command);
    }
    char second[ID_TEXT_SIZE];
    CHECK(str_copy(second, sizeof(second), id));
    world_wait_reply(world, first, &reply);
    CHECK_EQ_STR(reply.error, BUS_ERROR_OLD_GENERATION);
    CHECK_EQ_STR(bus_reply_value(&reply, BUS_WHEN_NOW, BUS_ITEM_RELAY)->v, "open");
    for (int i = 0; i < 5; i++) {
        read_init(CLOUD_METER, "00010000");
        world_say_command(world, &command);
        world_wait_reply(world, id, &reply);
        CHECK_EQ_I64(reply.outcome, OUTCOME_DONE);
    }
    bus_say("button " CLOUD_METER);
    CHECK_EQ_STR(answer, "ok\n");
    world_wait_reply(world, second, &reply);
    CHECK_EQ_I64(reply.outcome, OUTCOME_DONE);
    CHECK_EQ_STR(bus_reply_value(&reply, BUS_WHEN_NOW, BUS_ITEM_RELAY)->v, "closed");
}

TEST(answers_are_repeated_until_the_cloud_has_them)
{
    char body[128];
    begin();
    credit_init(100);
    world_say_command(world, &command);
    world_wait_reply(world, id, &reply);
    world_collector_kill(world, SIGTERM);
    world_wait_state(world, false, &state);
    world_collector_start(world, BAUD, 0);
    world_wait_reply(world, id, &reply); /* nobody said "replied" */
    CHECK_EQ_I64(reply.outcome, OUTCOME_DONE);
    CHECK(str_format(body, sizeof(body), "{\"id\":\"%s\"}", id));
    world_say(world, "replied", body);
    read_init(CLOUD_METER, "00010000"); /* by its answer we know that "replied" was handled */
    char first[ID_TEXT_SIZE];
    CHECK(str_copy(first, sizeof(first), reply.id));
    world_say_command(world, &command);
    world_wait_reply(world, id, &reply);
    world_collector_kill(world, SIGKILL);
    world_collector_start(world, BAUD, 0);
    CHECK(!world_hears_reply(world, first, 2000, &reply));
}

TEST(lost_answer_is_unknown_and_the_meter_knows)
{
    begin();
    bus_say("fault lost_reply meter=" ORDER_METER " control=03");
    credit_init(500);
    world_say_command(world, &command);
    world_wait_reply(world, id, &reply);
    CHECK_EQ_I64(reply.outcome, OUTCOME_UNKNOWN);
    CHECK(reply.sent);
    CHECK_EQ_I64(reply.accepted, BUS_TRI_NULL);
    CHECK_EQ_STR(bus_reply_value(&reply, BUS_WHEN_AFTER, "00900200")->v, "25.00");
    CHECK_EQ_I64(purchases(), 1);
}

TEST(a_void_that_overtakes_is_kept_over_kill_9)
{
    begin();
    credit_init(700);
    struct bus_command credit = command;
    command_init(BUS_OP_VOID, "");
    CHECK(str_copy(command.u.voiding.target, ID_TEXT_SIZE, credit.id));
    world_say_command(world, &command);
    world_wait_reply(world, id, &reply);
    CHECK_EQ_I64(reply.fate, BUS_FATE_NEVER_SENT);
    world_collector_kill(world, SIGKILL);
    world_collector_start(world, BAUD, 0);
    world_wait_state(world, true, &state);
    CHECK_EQ_U64(state.epoch, credit.epoch);
    world_say_command(world, &credit);
    world_wait_reply(world, credit.id, &reply);
    CHECK_EQ_STR(reply.error, BUS_ERROR_VOIDED);
    CHECK_EQ_I64(purchases(), 0);
}

/* Killed at some moment of a credit: at most one purchase, and never a false "nothing was sent". */
TEST(killed_in_the_middle_of_credits)
{
    begin();
    int before = 0;
    for (uint32_t round = 0; round < 6; round++) {
        struct bus_reply first = {0};
        uint32_t pause_ms = 30 + round * 55;
        credit_init(100);
        world_say_command(world, &command);
        clock_system_wait_ms(pause_ms);
        world_collector_kill(world, SIGKILL);
        world_collector_start(world, BAUD, 0);
        world_wait_state(world, true, &state);
        world_say_command(world, &command); /* the cloud asks again under the same id */
        world_wait_reply(world, id, &first);
        clock_system_wait_ms(QUIET_MS);
        int after = purchases();
        (void)printf("# killed after %u ms: %s %s sent=%d, purchases +%d\n", (unsigned)pause_ms,
                     outcome_name(first.outcome), first.error, first.sent, after - before);
        CHECK(after - before <= 1);
        if (after > before) {
            CHECK(first.outcome != OUTCOME_NOT_DONE);
            CHECK(first.sent);
        }
        if (first.outcome == OUTCOME_DONE) {
            CHECK_EQ_I64(after - before, 1);
        }
        before = after;
    }
}

TEST(readings_survive_broker_and_collector)
{
    begin();
    world_wait_reading(world, 1, &readings);
    uint64_t seq = readings.seq;
    CHECK_EQ_STR(readings.d[0].values[0].v, "1234.56");
    world_broker_kill(world);
    clock_system_wait_ms(11000); /* at least one more reading is taken meanwhile */
    world_collector_kill(world, SIGKILL);
    world_collector_start(world, BAUD, 0);
    world_broker_start(world);
    world_wait_state(world, true, &state);
    CHECK_EQ_STR(state.config, "v1"); /* its meters are in its journal */
    do {
        world_wait_reading(world, seq, &readings);
    } while (readings.seq != seq); /* not acknowledged: it comes again, the same */
    CHECK_EQ_STR(readings.d[0].values[0].v, "1234.56");
    world_wait_reading(world, seq + 1, &readings);
    world_ack(world, readings.epoch, readings.seq);
    uint64_t acked = readings.seq;
    read_init(CLOUD_METER, "00010000"); /* its answer comes after the acknowledgement */
    world_say_command(world, &command);
    world_wait_reply(world, id, &reply);
    world_collector_kill(world, SIGKILL);
    world_collector_start(world, BAUD, 0);
    world_wait_reading(world, 1, &readings);
    CHECK(readings.seq > acked);
}

TEST(presence_and_its_will)
{
    begin();
    world_collector_kill(world, SIGKILL);
    world_wait_state(world, false, &state); /* the broker says it */
    world_collector_start(world, BAUD, 0);
    world_wait_state(world, true, &state);
}

TEST(commands_expire_and_arrive_late_when_they_may)
{
    begin();
    world_collector_kill(world, SIGTERM);
    world_wait_state(world, false, &state);
    read_init(CLOUD_METER, "00010000");
    world_say_command(world, &command); /* waits at the broker: it has 60 s */
    world_collector_start(world, BAUD, 0);
    world_wait_reply(world, id, &reply);
    CHECK_EQ_I64(reply.outcome, OUTCOME_DONE);
}

TEST(another_collector_cannot_speak_for_it)
{
    begin();
    struct mqtt *stranger = world_connect(world, "col-2", true);
    while (!mqtt_is_connected(stranger)) {
        clock_system_wait_ms(10);
    }
    struct mqtt_message forged = {.topic = "up/" WORLD_COLLECTOR "/state",
                                  .payload = "{\"online\":false}",
                                  .size = 16,
                                  .retain = true};
    CHECK_EQ_I64(mqtt_publish(stranger, &forged), OK);
    forged.topic = "down/" WORLD_COLLECTOR "/cmd";
    CHECK_EQ_I64(mqtt_publish(stranger, &forged), OK);
    read_init(CLOUD_METER, "00010000");
    world_say_command(world, &command);
    bool heard_forgery = false;
    struct mqtt_event message = {0};
    /* The stranger subscribed to down/#: it must hear nothing of col-1's commands. */
    world_wait_reply(world, id, &reply);
    while (mqtt_next(stranger, &message)) {
        heard_forgery = heard_forgery || message.kind == MQTT_EVENT_MESSAGE;
        mqtt_event_finish(&message);
    }
    CHECK(!heard_forgery);
    struct mqtt *late = world_connect(world, "cloud", false);
    mqtt_destroy(late);
    mqtt_destroy(stranger);
    CHECK_EQ_I64(reply.outcome, OUTCOME_DONE);
}

TEST(a_bus_that_is_pulled_is_told)
{
    begin();
    world_bus_stop(world);
    world_wait_event(world, "bus_fault", &event);
    CHECK_EQ_STR(event.bus, "bus1");
    read_init(CLOUD_METER, "00010000");
    world_say_command(world, &command);
    world_wait_reply(world, id, &reply);
    CHECK_EQ_STR(reply.error, BUS_ERROR_BUS_FAULT);
    world_bus_start(world, BAUD, meters);
    world_wait_event(world, "bus_back", &event);
    read_init(CLOUD_METER, "00010000");
    world_say_command(world, &command);
    world_wait_reply(world, id, &reply);
    CHECK_EQ_I64(reply.outcome, OUTCOME_DONE);
}

/* What the schedule wanted meanwhile is read then, not an hour later. */
TEST(a_bus_that_comes_late_is_read_at_once)
{
    static const char hourly[] =
        "{\"version\":\"v1\",\"meters\":[{\"meter\":\"" CLOUD_METER "\",\"bus\":\"bus1\","
        "\"protocol\":\"645-2007\",\"kind\":\"cloud\",\"password\":\"02123456\","
        "\"schedule_s\":3600,\"items\":[\"00010000\"]}]}";
    world_destroy(world);
    world = world_create();
    world_collector_start(world, BAUD, 0);
    world_wait_state(world, true, &state);
    world_say(world, "config", hourly);
    do {
        world_wait_state(world, true, &state);
    } while (!str_equal(state.config, "v1"));
    clock_system_wait_ms(500); /* it is due, and the device is missing */
    world_bus_start(world, BAUD, meters);
    world_wait_reading(world, 1, &readings);
    CHECK_EQ_STR(readings.d[0].values[0].v, "1234.56");
}

TEST(wrong_baud_rate_is_told)
{
    begin();
    world_collector_kill(world, SIGTERM);
    world_wait_state(world, false, &state);
    world_collector_start(world, 2400, 0);
    world_wait_state(world, true, &state);
    for (int i = 0; i < 4; i++) {
        read_init(CLOUD_METER, "00010000");
        world_say_command(world, &command);
    }
    world_wait_event(world, "bus_silent", &event);
    CHECK_EQ_STR(event.bus, "bus1");
    world_wait_reply(world, id, &reply);
    CHECK_EQ_STR(reply.error, BUS_ERROR_METER_SILENT);
}

TEST(a_full_disk_refuses_before_anything_is_sent)
{
    begin();
    world_collector_kill(world, SIGTERM);
    world_wait_state(world, false, &state);
    world_collector_start(world, BAUD, 65536); /* no file of it may grow beyond this */
    bool refused = false;
    for (int i = 0; i < 40 && !refused; i++) {
        credit_init(100);
        world_say_command(world, &command);
        world_wait_reply(world, id, &reply);
        refused = str_equal(reply.error, BUS_ERROR_JOURNAL);
        CHECK(refused || reply.outcome == OUTCOME_DONE);
    }
    CHECK(refused);
    int before = purchases();
    credit_init(100);
    world_say_command(world, &command);
    world_wait_reply(world, id, &reply);
    CHECK_EQ_STR(reply.error, BUS_ERROR_JOURNAL);
    CHECK_EQ_I64(reply.outcome, OUTCOME_NOT_DONE);
    CHECK_EQ_I64(purchases(), before);
    read_init(CLOUD_METER, "00010000"); /* reading goes on */
    world_say_command(world, &command);
    world_wait_reply(world, id, &reply);
    CHECK_EQ_I64(reply.outcome, OUTCOME_DONE);
}

TEST(a_wrong_configuration_is_one_clear_line)
{
    world_destroy(world);
    world = world_create();
    CHECK_EQ_I64(world_collector_run(world, "id = 5;\n", answer, sizeof(answer)), 2);
    CHECK(strstr(answer, "try.cfg:1") != NULL && strstr(answer, "id") != NULL);
    CHECK_EQ_I64(world_collector_run(world,
                                     "id = \"c\";\nstate = \"/nowhere\";\nmqtt = { host = \"h\"; "
                                     "ca = \"a\"; cert = \"c\"; key = \"k\"; };\nbuses = ( { name "
                                     "= \"b\"; device = \"/dev/null\"; } );\n",
                                     answer, sizeof(answer)),
                 1);
    CHECK(strstr(answer, "/nowhere/lock") != NULL);
    world_destroy(world);
    world = NULL;
}

TEST_MAIN()
