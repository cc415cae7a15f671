/* SPDX-License-Identifier: Apache-2.0 */

/* The dialogue: what is asked before a job, what proves its print, and whose answer is whose. */
#include "tests/unit/printer/engine_steps.h"

TEST(printed_needs_the_cut_and_a_last_look)
{
    begin(ENGINE_PROOF_MARK);
    start_and_send();
    hear_mark("0002");
    pass(200);
    expect_none();
    size_t before = questions;
    hear_mark("0003");
    expect_none(); /* the cutter is looked at first */
    pass(100);
    CHECK(questions >= before + 4);
    expect(PRINTJOB_PRINTED, "");
    CHECK(engine_is_free(&engine));
    CHECK_EQ_U64(job_bytes, job.size);
}

TEST(newest_mark_stands_for_all_before)
{
    begin(ENGINE_PROOF_MARK);
    start_and_send();
    hear_mark("0003");
    pass(100);
    expect(PRINTJOB_PRINTED, "");
}

TEST(marks_of_others_prove_nothing)
{
    char late[4];
    begin(ENGINE_PROOF_MARK);
    start_and_send();
    hear_mark("0001");
    pass(300);
    expect_none();
    CHECK(engine_late_mark(&engine, late));
    CHECK_EQ_MEM(late, "0001", 4);
    CHECK(!engine_late_mark(&engine, late));
}

TEST(fences_prove_nothing_where_marks_are_the_proof)
{
    const uint8_t fence = 0x00;
    begin(ENGINE_PROOF_MARK);
    start_and_send();
    hear(&fence, 1);
    pass(300);
    expect_none();
}

TEST(preflight_refuses_and_sends_nothing)
{
    static const struct {
        const uint8_t *state;
        const char *detail;
    } rows[] = {{PAPER_OUT, "paper_out"}, {COVER, "cover_open"},     {CUTTER, "cutter"},
                {HOT, "head_hot"},        {BROKEN, "unrecoverable"}, {OFF_LINE, "off_line"}};
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        begin(ENGINE_PROOF_MARK);
        pass(100);
        printer_is(rows[i].state); /* after the last heartbeat: preflight must ask anew */
        engine_job_start(&engine, &plan, now_ms);
        pass(300);
        expect(PRINTJOB_FAILED, rows[i].detail);
        CHECK(!went);
        CHECK_EQ_U64(job_bytes, 0);
    }
}

TEST(near_end_prints)
{
    const char *detail = NULL;
    begin(ENGINE_PROOF_MARK);
    printer_is(NEAR_END);
    start_and_send();
    CHECK(engine_device(&engine, &detail) == PRINTJOB_NEAR_END);
    hear_mark("0003");
    pass(100);
    expect(PRINTJOB_PRINTED, "");
}

TEST(silent_printer_fails_before_anything_is_sent)
{
    begin(ENGINE_PROOF_MARK);
    answers = false;
    engine_job_start(&engine, &plan, now_ms);
    pass(3000);
    expect(PRINTJOB_FAILED, "no_answer");
    CHECK_EQ_U64(job_bytes, 0);
}

TEST(no_link_fails_at_once)
{
    begin(ENGINE_PROOF_MARK);
    engine_link_down(&engine, now_ms);
    engine_job_start(&engine, &plan, now_ms);
    expect(PRINTJOB_FAILED, "offline");
    const char *detail = NULL;
    CHECK(engine_device(&engine, &detail) == PRINTJOB_OFFLINE);
}

TEST(fence_proves_where_marks_are_unknown)
{
    const uint8_t fence = 0x00;
    begin(ENGINE_PROOF_FENCE);
    start_and_send();
    hear(&fence, 1);
    pass(100);
    expect(PRINTJOB_PRINTED, "");
}

TEST(fence_and_jammed_cutter)
{
    begin(ENGINE_PROOF_FENCE);
    start_and_send();
    printer_is(CUTTER);
    pass(3000);
    expect(PRINTJOB_PRINTED_NOT_CUT, "cutter");
}

/* The answer that a held job still owes must not confirm the next one. */
TEST(owed_fence_does_not_confirm_the_next_job)
{
    const uint8_t fence = 0x00;
    begin(ENGINE_PROOF_FENCE);
    start_and_send();
    printer_is(PAPER_OUT);
    pass(3000);
    expect(PRINTJOB_HELD, "paper_out");
    printer_is(READY);
    pass(3000);
    job_bytes = 0;
    went = false;
    engine_job_start(&engine, &plan, now_ms);
    pass(1000);
    CHECK(!went);    /* it waits for the old answer */
    hear(&fence, 1); /* the held job's */
    hear(&fence, 1); /* of the fence that was sent to find out */
    pass(200);
    CHECK(went);
    pass(500);
    expect_none();
    hear(&fence, 1);
    pass(100);
    expect(PRINTJOB_PRINTED, "");
}

TEST(owed_fence_that_died_with_the_power)
{
    const uint8_t fence = 0x00;
    begin(ENGINE_PROOF_FENCE);
    start_and_send();
    engine_link_down(&engine, now_ms);
    expect(PRINTJOB_UNKNOWN, "link_lost");
    engine_link_up(&engine, now_ms);
    job_bytes = 0;
    went = false;
    engine_job_start(&engine, &plan, now_ms);
    pass(300);
    hear(&fence, 1); /* only the new one is answered */
    pass(300);
    CHECK(!went); /* was that the old one? a moment more */
    pass(500);
    CHECK(went);
    hear(&fence, 1);
    pass(100);
    expect(PRINTJOB_PRINTED, "");
}

TEST(without_proof_every_job_is_unknown)
{
    begin(ENGINE_PROOF_NONE);
    pass(100);
    engine_job_start(&engine, &plan, now_ms);
    pass(1000);
    CHECK_EQ_U64(job_bytes, job.size);
    expect(PRINTJOB_UNKNOWN, "not_confirmed");
}

/* A line that takes a few bytes a step: questions stand between whole pieces only. */
TEST(questions_stand_between_pieces_only)
{
    begin(ENGINE_PROOF_MARK);
    pass(100);
    engine_job_start(&engine, &plan, now_ms);
    size_t seen = 0;
    bool asked_on_the_way = false;
    for (int i = 0; i < 20000 && seen < job.size; i++) {
        const uint8_t *bytes = NULL;
        engine_turn(&engine, now_ms);
        if (engine_job_is_ready(&engine)) {
            engine_job_go(&engine, now_ms);
        }
        size_t size = engine_output(&engine, &bytes);
        if (size > 0 && bytes[0] == 0x10) {
            bool at_border = seen == 0;
            for (size_t k = 0; k < job.piece_count; k++) {
                at_border = at_border || job.ends[k] == seen;
            }
            CHECK(at_border);
            asked_on_the_way = asked_on_the_way || seen > 0;
            uint8_t which = bytes[2];
            engine_sent(&engine, size, now_ms);
            hear(&eot[which], 1);
        } else if (size > 0) {
            size_t part = size > 3 ? 3 : size;
            seen += part;
            engine_sent(&engine, part, now_ms);
            now_ms += 1500; /* so slow that the watch grows uneasy */
            engine.deadline_ms = now_ms + 25000;
        } else {
            now_ms += STEP_MS;
        }
    }
    CHECK_EQ_U64(seen, job.size);
    CHECK(asked_on_the_way);
}

/* A late answer must not be taken for that of the next question. */
TEST(late_answers_belong_to_nobody)
{
    const char *detail = NULL;
    begin(ENGINE_PROOF_MARK);
    pass(100);
    answers = false;
    pass(4000); /* a question goes unanswered */
    const uint8_t stale = 0x7E;
    hear(&stale, 1);
    answers = true;
    pass(4000);
    CHECK(engine_device(&engine, &detail) == PRINTJOB_READY);
}

TEST(silence_hangs_up_in_the_end)
{
    const char *detail = NULL;
    begin(ENGINE_PROOF_MARK);
    pass(100);
    CHECK(engine_device(&engine, &detail) == PRINTJOB_READY);
    answers = false;
    pass(5000);
    CHECK(engine_device(&engine, &detail) == PRINTJOB_OFFLINE);
    CHECK_EQ_STR(detail, "no_answer");
    pass(10000);
    CHECK(engine_hang_up(&engine));
}

TEST(device_never_shows_half_a_round)
{
    const char *detail = NULL;
    begin(ENGINE_PROOF_MARK);
    pass(100);
    printer_is(COVER);
    for (int i = 0; i < 400; i++) {
        engine_turn(&engine, now_ms);
        const uint8_t *bytes = NULL;
        if (engine_output(&engine, &bytes) == 3) {
            uint8_t which = bytes[2];
            engine_sent(&engine, 3, now_ms);
            hear(&eot[which], 1);
        }
        enum printjob_device device = engine_device(&engine, &detail);
        CHECK(device == PRINTJOB_READY || device == PRINTJOB_COVER_OPEN);
        now_ms += STEP_MS;
    }
    CHECK(engine_device(&engine, &detail) == PRINTJOB_COVER_OPEN);
}

TEST_MAIN()
