/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Turns against a meter without a wire: every frame, every sync, and what is told in the end. The
 * trace of a turn is a text: s = a frame was sent, I = intent synced, R = result synced, q = quiet,
 * p = parked; so that the order of what matters can be compared at a glance.
 */
#include "collector/turn.h"
#include "common/str.h"
#include "protocol/dl645/request.h"
#include "tests/unit/collector/fake_meter.h"
#include "tests/unit/test.h"

#define ADDRESS "000000000002"
#define ID_A "018f3a1c-0000-7000-8000-00000000000a"

enum { STEPS_MAX = 2000, FRAME_MS = 200 };

static struct turn turn;
static struct job job;
static struct exchange x;
static struct fake_meter meter;
static int64_t now_ms;
static enum err intent_err;
static enum err result_err;
static bool line_fails; /* at the next frame */
static char trace_text[512];
static struct strbuf trace;

static void job_init(enum bus_op op)
{
    job = (struct job){.tries = 3, .prio = JOB_PRIO_COMMAND};
    CHECK(str_copy(job.command.id, ID_TEXT_SIZE, ID_A));
    CHECK(str_copy(job.meter.meter, BUS_METER_SIZE, ADDRESS));
    job.command.op = op;
    job.meter.password[0] = 0x02;
    job.meter.password[1] = 0x12;
    job.meter.password[2] = 0x34;
    job.meter.password[3] = 0x56;
    now_ms = 1000;
    job.begin_last_ms = now_ms + 30000;
    intent_err = OK;
    result_err = OK;
    line_fails = false;
    fake_meter_init(&meter, ADDRESS);
}

static void item_add(char items[][BUS_ITEM_SIZE], size_t *count, const char *item)
{
    CHECK(str_copy(items[(*count)++], BUS_ITEM_SIZE, item));
}

static void run_exchange(void)
{
    uint8_t answer[DL645_WIRE_SIZE_MAX];
    exchange_begin(&x, &turn.request);
    while (!exchange_is_over(&x)) {
        if (x.wants_send) {
            strbuf_add_char(&trace, 's');
            exchange_sent(&x, now_ms);
            if (line_fails) {
                exchange_fault(&x);
                return;
            }
            size_t size = fake_meter_hear(&meter, turn.request.wire, turn.request.wire_size, answer,
                                          sizeof(answer));
            now_ms += FRAME_MS;
            if (size > 0) {
                exchange_receive(&x, answer, size, now_ms);
            }
        } else {
            now_ms = x.deadline_ms;
            exchange_tick(&x, now_ms);
        }
    }
}

/* Carry the job out to its end. */
static void run(void)
{
    strbuf_init(&trace, trace_text, sizeof(trace_text));
    turn_begin(&turn, &job, 2400, 1000);
    for (int step = 0; step < STEPS_MAX; step++) {
        switch (turn_next(&turn, now_ms)) {
        case TURN_SEND:
            run_exchange();
            turn_exchanged(&turn, &x);
            break;
        case TURN_QUIET:
            strbuf_add_char(&trace, 'q');
            now_ms += turn.quiet_ms;
            break;
        case TURN_SYNC_INTENT:
            strbuf_add_char(&trace, 'I');
            turn_synced(&turn, intent_err);
            break;
        case TURN_SYNC_RESULT:
            strbuf_add_char(&trace, 'R');
            turn_synced(&turn, result_err);
            break;
        case TURN_PARK:
            strbuf_add_char(&trace, 'p');
            CHECK(turn.resume_ms > now_ms);
            now_ms = turn.resume_ms;
            break;
        case TURN_OVER:
            return;
        case TURN_ACTION_COUNT:
            TEST_FAIL("no action");
        }
    }
    TEST_FAIL("the turn never ends");
}

static void check_end(enum outcome outcome, const char *error, const char *wanted_trace)
{
    CHECK_EQ_STR(trace_text, wanted_trace);
    CHECK_EQ_STR(outcome_name(turn.reply.outcome), outcome_name(outcome));
    CHECK_EQ_STR(turn.reply.error, error);
}

static void check_value(enum bus_when when, const char *item, const char *wanted)
{
    const struct bus_value *value = bus_reply_value(&turn.reply, when, item);
    if (value == NULL) {
        TEST_FAIL("there is no %s", item);
    }
    CHECK_EQ_STR(value->v, wanted);
}

/* --- reads ----------------------------------------------------------------------------------- */

static void read_of(const char *first, const char *second)
{
    job_init(BUS_OP_READ);
    struct bus_read *read = &job.command.u.read;
    item_add(read->items, &read->item_count, first);
    item_add(read->items, &read->item_count, second);
}

TEST(read_takes_exact_texts)
{
    read_of("00010000", "00900200");
    run();
    check_end(OUTCOME_DONE, "", "ss");
    check_value(BUS_WHEN_NOW, "00010000", "1234.56");
    check_value(BUS_WHEN_NOW, "00900200", "10.00");
    CHECK_EQ_STR(turn.reply.values[1].unit, "yuan");
    CHECK(!turn.reply.sent);
    CHECK(turn.heard && !turn.garbled);
}

TEST(read_of_the_status_tells_the_relay)
{
    read_of("04000503", "00010000");
    meter.relay_open = true;
    meter.relay_target_open = true;
    run();
    check_value(BUS_WHEN_NOW, "relay", "open");
    CHECK_EQ_U64(turn.reply.value_count, 3);
}

TEST(an_item_the_meter_has_not_spoils_no_other)
{
    read_of("02010100", "00900200");
    run();
    check_end(OUTCOME_DONE, "", "ss");
    CHECK_EQ_U64(turn.reply.value_count, 1);
    CHECK(strstr(turn.reply.detail, "02010100") != NULL);
}

TEST(a_value_in_several_frames_is_put_together)
{
    read_of("0001FF00", "00010000");
    meter.part_size = 8;
    run();
    check_end(OUTCOME_DONE, "", "ssss"); /* 8, 8 and 4 bytes; then 4 */
    check_value(BUS_WHEN_NOW, "0001FF00", "1234.56,1234.57,1234.58,1234.59,1234.60");
    check_value(BUS_WHEN_NOW, "00010000", "1234.56");
}

/* It forgets in the middle: that item is missing, the next is read. */
TEST(a_value_whose_parts_end_too_early_spoils_no_other)
{
    read_of("0001FF00", "00010000");
    meter.part_size = 8;
    meter.fault = FAKE_REFUSE;
    meter.error_bits = 0x02;
    meter.fault_control = DL645_READ_FOLLOW;
    meter.fault_count = 1;
    run();
    check_end(OUTCOME_DONE, "", "sss");
    CHECK_EQ_U64(turn.reply.value_count, 1);
    check_value(BUS_WHEN_NOW, "00010000", "1234.56");
}

TEST(all_items_refused)
{
    read_of("02010100", "02020100");
    run();
    check_end(OUTCOME_NOT_DONE, BUS_ERROR_METER_REFUSED, "ss");
    CHECK(turn.heard);
}

TEST(a_silent_meter_costs_one_item_only)
{
    read_of("00010000", "00900200");
    meter.address = "000000000099";
    run();
    check_end(OUTCOME_UNKNOWN, BUS_ERROR_METER_SILENT, "sss");
    CHECK(!turn.heard);
}

TEST(a_known_silent_meter_gets_one_try)
{
    read_of("00010000", "00900200");
    meter.address = "000000000099";
    job.tries = 1;
    run();
    check_end(OUTCOME_UNKNOWN, BUS_ERROR_METER_SILENT, "s");
}

TEST(garbled_answers_are_told_apart_from_silence)
{
    read_of("00010000", "00900200");
    meter.fault = FAKE_GARBLED;
    meter.fault_control = DL645_READ;
    meter.fault_count = 3;
    run();
    check_end(OUTCOME_UNKNOWN, BUS_ERROR_GARBLED, "sss");
    CHECK(turn.garbled);
}

TEST(two_lost_answers_are_made_good)
{
    read_of("00010000", "00900200");
    meter.fault = FAKE_LOST_REPLY;
    meter.fault_control = DL645_READ;
    meter.fault_count = 2;
    run();
    check_end(OUTCOME_DONE, "", "ssss");
}

/* --- credits --------------------------------------------------------------------------------- */

static void credit_of(uint32_t amount_fen, bool with_auth)
{
    job_init(BUS_OP_CREDIT);
    struct bus_credit *credit = &job.command.u.credit;
    credit->has_expect_count = true;
    credit->expect_count = 3;
    credit->reply_timeout_ms = 5000;
    credit->send = 1;
    credit->frame.size =
        fake_credit_frame(ADDRESS, amount_fen, 4, credit->frame.bytes, sizeof(credit->frame.bytes));
    if (with_auth) {
        credit->auth[0].size =
            fake_auth_frame(ADDRESS, credit->auth[0].bytes, sizeof(credit->auth[0].bytes));
        credit->auth_count = 1;
    }
    item_add(credit->before, &credit->before_count, "00900200");
    item_add(credit->after, &credit->after_count, "00900200");
}

TEST(credit_in_its_order)
{
    credit_of(5000, true);
    run();
    /* authentication, balance, count | intent | frame | result | balance, count */
    check_end(OUTCOME_DONE, "", "sssIsRss");
    check_value(BUS_WHEN_BEFORE, "00900200", "10.00");
    check_value(BUS_WHEN_BEFORE, BUS_ITEM_COUNT, "3");
    check_value(BUS_WHEN_AFTER, "00900200", "60.00");
    check_value(BUS_WHEN_AFTER, BUS_ITEM_COUNT, "4");
    CHECK_EQ_I64(turn.reply.accepted, BUS_TRI_TRUE);
    CHECK(turn.reply.sent);
    CHECK(turn.reply.frame_reply.size > 0);
    CHECK_EQ_I64(meter.credits, 1);
    CHECK(turn_is_closed(&turn));
}

TEST(count_that_moved_sends_nothing)
{
    credit_of(5000, false);
    meter.count = 4;
    run();
    check_end(OUTCOME_NOT_DONE, BUS_ERROR_COUNT_CHANGED, "ss");
    CHECK_EQ_I64(meter.credits, 0);
    CHECK(!turn.reply.sent);
}

TEST(count_that_cannot_be_read_sends_nothing)
{
    credit_of(5000, false);
    meter.fault = FAKE_REFUSE;
    meter.error_bits = 0x02;
    meter.fault_control = DL645_READ;
    meter.fault_di = 0x03330201;
    meter.fault_count = 1;
    run();
    check_end(OUTCOME_NOT_DONE, BUS_ERROR_COUNT_UNREADABLE, "ss");
    CHECK_EQ_I64(meter.credits, 0);
}

TEST(no_count_is_read_where_none_is_expected)
{
    credit_of(5000, false);
    job.command.u.credit.has_expect_count = false;
    run();
    check_end(OUTCOME_DONE, "", "sIsRs");
}

TEST(authentication_refused_sends_nothing)
{
    credit_of(5000, true);
    meter.fault = FAKE_REFUSE;
    meter.error_bits = 0x0004;
    meter.fault_control = DL645_SECURITY_AUTH;
    meter.fault_count = 1;
    run();
    check_end(OUTCOME_NOT_DONE, BUS_ERROR_AUTH_REFUSED, "s");
    CHECK_EQ_I64(meter.credits, 0);
}

TEST(authentication_is_never_repeated)
{
    credit_of(5000, true);
    meter.fault = FAKE_SILENT;
    meter.fault_control = DL645_SECURITY_AUTH;
    meter.fault_count = 1;
    run();
    check_end(OUTCOME_NOT_DONE, BUS_ERROR_METER_SILENT, "s");
}

TEST(lost_answer_to_a_credit_is_unknown_and_sent_once)
{
    credit_of(5000, false);
    meter.fault = FAKE_LOST_REPLY;
    meter.fault_control = DL645_SECURITY_AUTH;
    meter.fault_count = 1;
    run();
    check_end(OUTCOME_UNKNOWN, BUS_ERROR_METER_SILENT, "ssIsRqss");
    CHECK_EQ_I64(meter.credits, 1);
    CHECK_EQ_I64(turn.reply.accepted, BUS_TRI_NULL);
    CHECK_EQ_U64(turn.reply.frame_reply.size, 0);
    check_value(BUS_WHEN_AFTER, "00900200", "60.00"); /* the read-back tells */
}

TEST(refused_credit_is_unknown_until_read_back)
{
    credit_of(5000, false);
    meter.fault = FAKE_REFUSE;
    meter.error_bits = 0x0022;
    meter.fault_control = DL645_SECURITY_AUTH;
    meter.fault_count = 1;
    run();
    check_end(OUTCOME_UNKNOWN, BUS_ERROR_METER_REFUSED, "ssIsRss");
    CHECK_EQ_I64(turn.reply.accepted, BUS_TRI_FALSE);
    CHECK(turn.reply.has_serr);
    CHECK_EQ_I64(turn.reply.serr, 0x0022);
    check_value(BUS_WHEN_AFTER, BUS_ITEM_COUNT, "3");
}

TEST(a_late_answer_cannot_be_taken_for_the_balance_after)
{
    credit_of(5000, false);
    meter.fault = FAKE_LOST_REPLY;
    meter.fault_control = DL645_READ;
    meter.fault_di = 0x00900200;
    meter.fault_count = 1;
    run();
    check_end(OUTCOME_DONE, "", "sssqIsRss"); /* listened before the intent */
}

TEST(meter_that_dies_after_the_credit)
{
    credit_of(5000, false);
    job.command.u.credit.before_count = 0;
    job.command.u.credit.has_expect_count = false;
    meter.fault = FAKE_SILENT;
    meter.fault_control = DL645_READ;
    meter.fault_count = 3;
    run();
    check_end(OUTCOME_DONE, "", "IsRsss");
    CHECK_EQ_U64(turn.reply.value_count, 0);
}

TEST(voided_in_the_queue_sends_nothing)
{
    credit_of(5000, false);
    intent_err = ERR_DENIED;
    run();
    check_end(OUTCOME_NOT_DONE, BUS_ERROR_VOIDED, "ssI");
    CHECK_EQ_I64(meter.credits, 0);
    CHECK(!turn.reply.sent);
}

TEST(intent_that_cannot_be_synced_sends_nothing)
{
    credit_of(5000, false);
    intent_err = ERR_FULL;
    run();
    check_end(OUTCOME_NOT_DONE, BUS_ERROR_JOURNAL, "ssI");
    CHECK_EQ_I64(meter.credits, 0);
}

TEST(result_that_cannot_be_synced_is_unknown)
{
    credit_of(5000, false);
    result_err = ERR_IO;
    run();
    check_end(OUTCOME_UNKNOWN, BUS_ERROR_JOURNAL, "ssIsR");
    CHECK_EQ_I64(turn.reply.accepted, BUS_TRI_NULL);
    CHECK_EQ_U64(turn.reply.frame_reply.size, 0);
    CHECK(turn.reply.sent);
}

TEST(too_late_to_begin)
{
    credit_of(5000, false);
    job.begin_last_ms = now_ms + FRAME_MS; /* the first read already takes as long */
    run();
    check_end(OUTCOME_NOT_DONE, BUS_ERROR_EXPIRED, "ss");
    CHECK_EQ_I64(meter.credits, 0);
}

TEST(line_lost_before_and_after_the_frame)
{
    credit_of(5000, false);
    line_fails = true;
    run();
    check_end(OUTCOME_NOT_DONE, BUS_ERROR_BUS_FAULT, "s");
    credit_of(5000, false);
    job.command.u.credit.before_count = 0;
    job.command.u.credit.has_expect_count = false;
    line_fails = true;
    run();
    check_end(OUTCOME_UNKNOWN, BUS_ERROR_METER_SILENT, "IsRs");
    CHECK(turn.reply.sent);
}

TEST(turn_fail_tells_the_truth_at_every_step)
{
    credit_of(5000, false);
    turn_begin(&turn, &job, 2400, 1000);
    turn_fail(&turn, BUS_ERROR_EXPIRED);
    CHECK_EQ_I64(turn.reply.outcome, OUTCOME_NOT_DONE);
    run();
    turn.phase = TURN_PHASE_AFTER; /* accepted and durable, the read-back is cut off */
    turn_fail(&turn, BUS_ERROR_BUS_FAULT);
    CHECK_EQ_I64(turn.reply.outcome, OUTCOME_DONE);
    turn.phase = TURN_PHASE_AFTER;
    turn.reply.accepted = BUS_TRI_NULL;
    turn_fail(&turn, BUS_ERROR_BUS_FAULT);
    CHECK_EQ_I64(turn.reply.outcome, OUTCOME_UNKNOWN);
}

/* --- relay ----------------------------------------------------------------------------------- */

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
