/* SPDX-License-Identifier: Apache-2.0 */

/* Turns that read and credit: every frame, every sync, and what is told in the end. */
#include "tests/unit/collector/turn_steps.h"

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

TEST_MAIN()
