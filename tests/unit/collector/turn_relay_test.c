/* SPDX-License-Identifier: Apache-2.0 */

/* Turns of a relay: the command, and the looks that say whether it moved. */
#include "tests/unit/collector/turn_steps.h"

static void relay_of(enum bus_relay_how how)
{
    job_init(BUS_OP_RELAY);
    job.command.u.relay = (struct bus_relay){
        .want_closed = how != BUS_RELAY_OPEN, .generation = 1, .how = how, .expiry_s = 600};
    meter.relay_open = how != BUS_RELAY_OPEN;
    meter.relay_target_open = meter.relay_open;
}

TEST(relay_opens_and_is_read)
{
    relay_of(BUS_RELAY_OPEN);
    run();
    check_end(OUTCOME_DONE, "", "ssIsRs");
    check_value(BUS_WHEN_NOW, "relay", "open");
    CHECK_EQ_I64(meter.relays, 1);
    /* 2026-12-31 23:50:30 and ten minutes: over the end of the year, by the meter's clock */
    CHECK_EQ_I64(meter.expires.year, 0x27);
    CHECK_EQ_I64(meter.expires.month, 0x01);
    CHECK_EQ_I64(meter.expires.day, 0x01);
    CHECK_EQ_I64(meter.expires.hour, 0x00);
    CHECK_EQ_I64(meter.expires.minute, 0x00);
    CHECK_EQ_I64(meter.expires.second, 0x30);
}

TEST(relay_that_takes_its_time)
{
    relay_of(BUS_RELAY_CLOSE);
    meter.relay_delay_looks = 2;
    run();
    check_end(OUTCOME_DONE, "", "ssIsRspsps");
    CHECK_EQ_U64(turn.reply.value_count, 2); /* the newest look only */
}

TEST(relay_that_never_moves)
{
    relay_of(BUS_RELAY_CLOSE);
    meter.relay_delay_looks = 1000;
    int64_t begun_ms = now_ms;
    run();
    CHECK_EQ_STR(turn.reply.error, BUS_ERROR_RELAY_MISMATCH);
    CHECK_EQ_I64(turn.reply.outcome, OUTCOME_UNKNOWN);
    check_value(BUS_WHEN_NOW, "relay", "open");
    CHECK(now_ms - begun_ms >= TURN_RELAY_CHECK_MS);
    CHECK(now_ms - begun_ms <= TURN_RELAY_CHECK_MS + 3000);
    CHECK_EQ_I64(meter.relays, 1); /* never sent twice */
}

TEST(button_is_waited_for_two_minutes)
{
    relay_of(BUS_RELAY_ALLOW);
    meter.relay_delay_looks = 1000;
    int64_t begun_ms = now_ms;
    run();
    CHECK_EQ_STR(turn.reply.error, BUS_ERROR_RELAY_MISMATCH);
    CHECK(now_ms - begun_ms >= TURN_BUTTON_CHECK_MS);
    CHECK(now_ms - begun_ms <= TURN_BUTTON_CHECK_MS + 10000);
    int looks = meter.frames - 3; /* date, time, command */
    CHECK(looks > 24 && looks < 40);
}

TEST(relay_refused_is_looked_at_once)
{
    relay_of(BUS_RELAY_CLOSE);
    meter.fault = FAKE_REFUSE;
    meter.error_bits = 0x04;
    meter.fault_control = DL645_RELAY;
    meter.fault_count = 1;
    run();
    check_end(OUTCOME_UNKNOWN, BUS_ERROR_METER_REFUSED, "ssIsRs");
}

TEST(relay_whose_answer_is_lost_is_settled_by_looking)
{
    relay_of(BUS_RELAY_OPEN);
    meter.fault = FAKE_LOST_REPLY;
    meter.fault_control = DL645_RELAY;
    meter.fault_count = 1;
    run();
    check_end(OUTCOME_DONE, "", "ssIsRs");
}

TEST(relay_without_a_clock_is_not_sent)
{
    relay_of(BUS_RELAY_OPEN);
    meter.clock[4] = 0x13; /* month 13 */
    run();
    check_end(OUTCOME_NOT_DONE, BUS_ERROR_CLOCK_UNREADABLE, "ss");
    CHECK_EQ_I64(meter.relays, 0);
    relay_of(BUS_RELAY_OPEN);
    meter.fault = FAKE_REFUSE;
    meter.error_bits = 0x02;
    meter.fault_control = DL645_READ;
    meter.fault_count = 1;
    run();
    check_end(OUTCOME_NOT_DONE, BUS_ERROR_CLOCK_UNREADABLE, "s");
}

TEST(older_generation_is_dropped_at_the_intent)
{
    relay_of(BUS_RELAY_OPEN);
    intent_err = ERR_CONFLICT;
    run();
    check_end(OUTCOME_NOT_DONE, BUS_ERROR_OLD_GENERATION, "ssI");
    CHECK_EQ_I64(meter.relays, 0);
}

TEST_MAIN()
