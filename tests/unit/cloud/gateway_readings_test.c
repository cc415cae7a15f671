/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Readings through the gateway with a real broker: none is acknowledged before it and all before
 * it are in the database.
 */

#include "tests/unit/cloud/gateway_steps.h"

/* Readings of one second each, so that their order by time is the one of their numbers. */
static int64_t first_reading_s;

static bool say_reading(int seq, const char *energy)
{
    char text[512];
    (void)snprintf(text, sizeof(text),
                   "{\"epoch\":%d,\"seq\":%d,\"d\":[{\"meter\":\"000000000001\",\"ts\":%lld,"
                   "\"values\":{\"00010000\":\"%s\"},\"q\":\"ok\"}]}",
                   EPOCH, seq, (long long)first_reading_s + seq, energy);
    return say("up/c1/reading", text, false);
}

static enum err load_state(struct db *db, void *arg)
{
    return catalog_state_get(db, "m1", arg);
}

static enum err count_readings(struct db *db, void *arg)
{
    struct sql *sql = sql_begin(db, "SELECT count(*) + (SELECT count(*) FROM event) FROM reading");
    enum err err = sql_one(sql);
    if (err == OK) {
        *(int64_t *)arg = sql_i64(sql, 0);
    }
    return err;
}

TEST(readings_are_acknowledged_up_to_the_first_gap)
{
    CHECK(open_all());
    first_reading_s = clock_wall_s(&bench.clock) - 100;
    /* Online by the retained message: from then on the gateway hears what is said. */
    bool first = say_online() && say_reading(41, "10.00") && wait_for(&bench.acks, 1);
    uint64_t ack_first = bench.ack.seq;
    bool gap = say_reading(43, "12.00") && wait_for(&bench.acks, 2);
    uint64_t ack_gap = bench.ack.seq;
    bool again = say_reading(43, "13.00") && wait_for(&bench.acks, 3);
    uint64_t ack_again = bench.ack.seq;
    bool filled = say_reading(42, "11.00") && wait_for(&bench.acks, 4);
    uint64_t ack_filled = bench.ack.seq;
    struct catalog_state state;
    int64_t count = 0;
    enum err loaded = store_read(bench.store, load_state, &state);
    enum err counted = store_read(bench.store, count_readings, &count);
    close_all();
    CHECK(first && gap && again && filled);
    CHECK_EQ_U64(ack_first, 41);
    CHECK_EQ_U64(ack_gap, 41);
    CHECK_EQ_U64(ack_again, 41);
    CHECK_EQ_U64(ack_filled, 43);
    CHECK_EQ_I64(loaded, OK);
    CHECK_EQ_I64(counted, OK);
    CHECK_EQ_I64(count, 3);
    CHECK_EQ_STR(state.energy, "12.00"); /* the repetition changed nothing, the late one neither */
    CHECK_EQ_I64(charged_e4, 110000);    /* but its use was handed over for charging */
}

TEST(a_nearly_full_disk_leaves_readings_with_the_collector)
{
    disk_free_min = UINT64_MAX;
    bool opened = open_all();
    disk_free_min = 0;
    CHECK(opened);
    first_reading_s = clock_wall_s(&bench.clock) - 100;
    bool said = say_online() && say_reading(41, "10.00") &&
                say("up/c1/event",
                    "{\"ts\":1,\"kind\":\"meter_back\",\"meter\":null,"
                    "\"bus\":null,\"detail\":null}",
                    false);
    struct bus_command command = read_command(5000);
    bool passed = gateway_ask(bench.gateway, "c1", &command, on_answer, NULL) == OK;
    for (int waited = 0; waited < WAIT_MS && bench.command[0] == '\0'; waited += STEP_MS) {
        collector_turn();
        clock_system_wait_ms(STEP_MS);
    }
    /* Its answer comes behind the reading, so that was seen by then. */
    bool answered = passed && say_reply(command_id(), "1.00") && wait_for(&answers, 1);
    int acks = bench.acks;
    gateway_stop(bench.gateway);
    int64_t rows = -1;
    enum err counted = store_read(bench.store, count_readings, &rows);
    close_all();
    CHECK(said && answered);
    CHECK_EQ_I64(acks, 0);
    CHECK_EQ_I64(counted, OK);
    CHECK_EQ_I64(rows, 0);
}

TEST_MAIN()
