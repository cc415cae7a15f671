/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The gateway with a real broker (mosquitto on loopback, without TLS) and a collector that the test
 * plays by hand: configuration, questions and their deadlines, replies of journalled commands.
 */

#include "tests/unit/cloud/gateway_steps.h"

TEST(a_collector_gets_its_meters_once)
{
    CHECK(open_all());
    bool online = say_online();
    bool sent = wait_for(&bench.configs, 1);
    bool hello = say("up/c1/hello", "{\"epoch\":7,\"boot\":\"" UUID "9\",\"config\":null}", false);
    clock_system_wait_ms(300);
    collector_turn();
    int configs = bench.configs;
    struct bus_meter meters[4];
    struct bus_config config = {.meters = meters};
    struct bus_fault fault;
    enum err read = bus_config_decode(bench.config, strlen(bench.config), 4, &config, &fault);
    close_all();
    CHECK(online && sent && hello);
    CHECK_EQ_I64(configs, 1);
    CHECK_EQ_I64(read, OK);
    CHECK_EQ_U64(config.meter_count, 1);
    CHECK_EQ_STR(meters[0].meter, "000000000001");
    CHECK_EQ_I64(meters[0].kind, BUS_METER_CLOUD);
    CHECK_EQ_I64(meters[0].password[0], 0x02);
    CHECK_EQ_STR(meters[0].items[0], "00010000");
}

/* Say the state of a run and wait until the gateway knows it. */
static bool say_run(const char *boot)
{
    char text[256];
    struct gateway_collector collector = {0};
    (void)snprintf(text, sizeof(text),
                   "{\"online\":true,\"epoch\":7,\"boot\":\"%s\",\"version\":\"0.1\","
                   "\"config\":null}",
                   boot);
    bool said = say("up/c1/state", text, true);
    for (int waited = 0; waited < WAIT_MS && !str_equal(collector.boot, boot); waited += STEP_MS) {
        clock_system_wait_ms(STEP_MS);
        said = said && gateway_collector_get(bench.gateway, "c1", &collector) == OK;
    }
    return said && str_equal(collector.boot, boot);
}

TEST(a_run_that_comes_back_is_a_copy)
{
    CHECK(open_all());
    struct gateway_counters restarted;
    struct gateway_counters copied;
    bool said = say_run(UUID "8") && say_run(UUID "9"); /* a restart before the will */
    gateway_get_counters(bench.gateway, &restarted);
    said = said && say_run(UUID "8");
    gateway_get_counters(bench.gateway, &copied);
    close_all();
    CHECK(said);
    CHECK_EQ_U64(restarted.doubles, 0);
    CHECK_EQ_U64(copied.doubles, 1);
}

/* The broker is started anew and forgets everything; the collector has gone meanwhile. */
TEST(a_collector_that_went_with_the_broker_is_offline)
{
    CHECK(open_all());
    bool online = say_online();
    mqtt_destroy(bench.collector);
    bench.collector = NULL;
    broker_stop(&bench.broker);
    bool started = broker_start(&bench.broker);
    for (int waited = 0; waited < WAIT_MS && !gateway_is_connected(bench.gateway);
         waited += STEP_MS) {
        clock_system_wait_ms(STEP_MS);
    }
    struct gateway_collector collector = {.online = true};
    for (int waited = 0; waited < WAIT_MS && collector.online; waited += STEP_MS) {
        clock_system_wait_ms(STEP_MS);
        CHECK_EQ_I64(gateway_collector_get(bench.gateway, "c1", &collector), OK);
    }
    close_all();
    CHECK(online && started);
    CHECK(!collector.online);
}

TEST(questions_are_answered_once_or_end_in_time)
{
    CHECK(open_all());
    struct bus_command command = read_command(5000);
    enum err offline = gateway_ask(bench.gateway, "c1", &command, on_answer, NULL);
    enum err unknown = gateway_ask(bench.gateway, "c9", &command, on_answer, NULL);
    bool online = say_online();
    enum err asked = gateway_ask(bench.gateway, "c1", &command, on_answer, NULL);
    int received = 0;
    for (int waited = 0; waited < WAIT_MS && bench.command[0] == '\0'; waited += STEP_MS) {
        collector_turn();
        clock_system_wait_ms(STEP_MS);
    }
    received = bench.command[0] != '\0' ? 1 : 0;
    char id[ID_TEXT_SIZE];
    (void)snprintf(id, sizeof(id), "%s", command_id());
    bool replied = say_reply(id, "12.34") && wait_for(&answers, 1);
    bool value = str_equal(answer_value, "12.34");
    /* The same reply again is nobody's: it must reach neither the asker nor the sink. */
    bool again = say_reply(id, "99.99");
    clock_system_wait_ms(300);
    int after_again = answers + sunk;
    command = read_command(200);
    int64_t begun_ms = clock_mono_ms(&bench.clock);
    enum err silent = gateway_ask(bench.gateway, "c1", &command, on_answer, NULL);
    bool ended = wait_for(&answers, 2);
    int64_t took_ms = clock_mono_ms(&bench.clock) - begun_ms;
    enum err why = answer_why;
    close_all();
    CHECK(offline == ERR_UNAVAILABLE);
    CHECK(unknown == ERR_NOT_FOUND || unknown == ERR_UNAVAILABLE);
    CHECK(online && received == 1 && replied && value && again);
    CHECK_EQ_I64(asked, OK);
    CHECK_EQ_I64(after_again, 1);
    CHECK_EQ_I64(silent, OK);
    CHECK(ended);
    CHECK_EQ_I64(why, ERR_TIMEOUT);
    CHECK(took_ms >= 200 && took_ms < 2000);
}

TEST(journalled_replies_go_to_the_sink_and_are_confirmed)
{
    CHECK(open_all());
    bool online = say_online();
    bool said = say_reply(UUID "5", "1.00");
    bool sink_called = wait_for(&sunk, 1);
    for (int waited = 0; waited < WAIT_MS && bench.replied[0] == '\0'; waited += STEP_MS) {
        collector_turn();
        clock_system_wait_ms(STEP_MS);
    }
    bool nonsense = say("up/c1/reply", "{\"id\":5}", false) && say("up/c1/reading", "[]", false) &&
                    say("up/c1/event", "", false);
    struct gateway_counters counters = {0};
    for (int waited = 0; waited < WAIT_MS && counters.refused < 2; waited += STEP_MS) {
        clock_system_wait_ms(STEP_MS);
        gateway_get_counters(bench.gateway, &counters);
    }
    close_all();
    CHECK(online && said && sink_called && nonsense);
    CHECK_EQ_STR(sunk_id, UUID "5");
    CHECK_EQ_STR(bench.replied, "{\"id\":\"" UUID "5\"}");
    CHECK(counters.refused >= 2);
}

TEST(stopping_ends_open_questions)
{
    CHECK(open_all());
    bool online = say_online();
    struct bus_command command = read_command(60000);
    enum err asked = gateway_ask(bench.gateway, "c1", &command, on_answer, NULL);
    gateway_stop(bench.gateway);
    int told = answers;
    enum err why = answer_why;
    close_all();
    CHECK(online);
    CHECK_EQ_I64(asked, OK);
    CHECK_EQ_I64(told, 1);
    CHECK_EQ_I64(why, ERR_UNAVAILABLE);
}

TEST_MAIN()
