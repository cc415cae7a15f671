/* SPDX-License-Identifier: Apache-2.0 */

/* What is said of a job that does not end well: held, not cut, or not known. */
#include "tests/unit/printer/engine_steps.h"

TEST(paper_out_in_the_middle_is_held)
{
    begin(ENGINE_PROOF_MARK);
    start_and_send();
    printer_is(PAPER_OUT);
    pass(1000);
    expect_none(); /* the echo may be on its way */
    pass(2000);
    expect(PRINTJOB_HELD, "paper_out");
    CHECK(!verdict_is_part);           /* the printer has it all */
    CHECK_EQ_U64(job_bytes, job.size); /* never a second time */
    CHECK(engine_is_free(&engine));
    char late[4];
    printer_is(READY);
    pass(3000);
    hear_mark("0003");
    CHECK(engine_late_mark(&engine, late)); /* it came out: on record, the verdict stays */
    expect_none();
    CHECK_EQ_U64(job_bytes, job.size);
}

TEST(cover_open_in_the_middle_is_held)
{
    begin(ENGINE_PROOF_MARK);
    start_and_send();
    printer_is(COVER);
    pass(3000);
    expect(PRINTJOB_HELD, "cover_open");
}

TEST(automatic_status_is_enough)
{
    static const uint8_t asb[] = {0x18, 0x00, 0x0F, 0x00};
    const char *detail = NULL;
    begin(ENGINE_PROOF_MARK);
    start_and_send();
    answers = false;
    hear(asb, sizeof(asb));
    CHECK(engine_device(&engine, &detail) == PRINTJOB_PAPER_OUT); /* at once */
    pass(2000);
    expect(PRINTJOB_HELD, "paper_out");
    /* Its buffer is full, so it hears no question: it is still known what is the matter. */
    pass(60000);
    CHECK(engine_device(&engine, &detail) == PRINTJOB_PAPER_OUT);
    CHECK(!engine_hang_up(&engine));
}

TEST(cover_that_is_closed_again_costs_nothing)
{
    begin(ENGINE_PROOF_MARK);
    start_and_send();
    printer_is(COVER);
    pass(1000);
    printer_is(READY);
    pass(3000);
    expect_none();
    hear_mark("0003");
    pass(100);
    expect(PRINTJOB_PRINTED, "");
}

TEST(hot_head_gets_time_to_cool)
{
    begin(ENGINE_PROOF_MARK);
    start_and_send();
    printer_is(HOT);
    pass(5000);
    expect_none();
    pass(5000);
    expect(PRINTJOB_HELD, "head_hot");
}

TEST(cutter_jam_after_the_body_is_printed_not_cut)
{
    begin(ENGINE_PROOF_MARK);
    start_and_send();
    hear_mark("0002");
    printer_is(CUTTER);
    pass(700);
    expect(PRINTJOB_PRINTED_NOT_CUT, "cutter");
}

TEST(cutter_jam_seen_in_the_last_look)
{
    begin(ENGINE_PROOF_MARK);
    start_and_send();
    printer_is(CUTTER);
    hear_mark("0003");
    pass(100);
    expect(PRINTJOB_PRINTED_NOT_CUT, "cutter");
}

TEST(paper_out_behind_the_body_is_no_second_paper)
{
    begin(ENGINE_PROOF_MARK);
    start_and_send();
    hear_mark("0002");
    printer_is(PAPER_OUT);
    pass(3000);
    expect(PRINTJOB_PRINTED_NOT_CUT, "paper_out");
}

TEST(link_lost_under_way_is_unknown)
{
    begin(ENGINE_PROOF_MARK);
    start_and_send();
    engine_link_down(&engine, now_ms);
    expect(PRINTJOB_UNKNOWN, "link_lost");
    CHECK(engine_is_dirty(&engine));
}

TEST(link_lost_after_the_body)
{
    begin(ENGINE_PROOF_MARK);
    start_and_send();
    hear_mark("0002");
    engine_link_down(&engine, now_ms);
    expect(PRINTJOB_PRINTED_NOT_CUT, "link_lost");
}

TEST(link_lost_before_the_first_byte_is_failed)
{
    begin(ENGINE_PROOF_MARK);
    pass(100);
    takes_bytes = false;
    engine_job_start(&engine, &plan, now_ms);
    takes_bytes = true;
    while (!engine_job_is_ready(&engine)) {
        engine_turn(&engine, now_ms);
        take_output();
        now_ms += STEP_MS;
    }
    engine_job_go(&engine, now_ms);
    engine_link_down(&engine, now_ms);
    expect(PRINTJOB_FAILED, "link_lost");
    CHECK(!engine_is_dirty(&engine));
}

TEST(power_off_notice_ends_the_job)
{
    static const uint8_t notice[] = {0x3B, 0x30, 0x00};
    begin(ENGINE_PROOF_MARK);
    start_and_send();
    hear(notice, sizeof(notice));
    expect(PRINTJOB_UNKNOWN, "power_off");
    CHECK(engine_hang_up(&engine));
}

TEST(lost_answer_is_unknown_after_the_deadline)
{
    begin(ENGINE_PROOF_MARK);
    start_and_send();
    pass(24000);
    expect_none();
    pass(2000);
    expect(PRINTJOB_UNKNOWN, "no_answer");
    CHECK_EQ_U64(job_bytes, job.size);
}

TEST(broken_printer_is_unknown_not_held)
{
    begin(ENGINE_PROOF_MARK);
    start_and_send();
    printer_is(BROKEN);
    pass(3000);
    expect(PRINTJOB_UNKNOWN, "unrecoverable");
}

/* The buffer is full when the paper ends: what follows is only the cut, when it takes bytes again.
 */
TEST(held_with_bytes_unsent_gets_only_its_cut)
{
    static const uint8_t asb[] = {0x18, 0x00, 0x0F, 0x00};
    begin(ENGINE_PROOF_MARK);
    pass(100);
    engine_job_start(&engine, &plan, now_ms);
    while (!engine_job_is_ready(&engine)) {
        engine_turn(&engine, now_ms);
        take_output();
        now_ms += STEP_MS;
    }
    engine_job_go(&engine, now_ms);
    size_t taken = job.ends[1] + 2;
    engine_sent(&engine, taken, now_ms);
    hear(asb, sizeof(asb));
    takes_bytes = false;
    pass(3000);
    expect(PRINTJOB_HELD, "paper_out");
    CHECK(verdict_is_part); /* what comes out is no receipt */
    CHECK(!engine_is_free(&engine));
    takes_bytes = true;
    answers = true;
    job_bytes = 0;
    take_output();
    size_t rest = job.ends[2] - taken;
    size_t tail = job.size - job.ends[plan.tail_piece - 1];
    CHECK_EQ_U64(job_bytes, rest + tail);
    CHECK(engine_is_free(&engine));
    CHECK(!engine_is_dirty(&engine));
}

TEST(stalled_without_a_reason_hangs_up)
{
    begin(ENGINE_PROOF_MARK);
    pass(100);
    engine_job_start(&engine, &plan, now_ms);
    while (!engine_job_is_ready(&engine)) {
        engine_turn(&engine, now_ms);
        take_output();
        now_ms += STEP_MS;
    }
    engine_job_go(&engine, now_ms);
    engine_sent(&engine, 7, now_ms);
    takes_bytes = false;
    pass(26000);
    expect(PRINTJOB_UNKNOWN, "no_answer");
    CHECK(engine_is_dirty(&engine));
    CHECK(engine_hang_up(&engine));
}

TEST_MAIN()
