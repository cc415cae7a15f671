/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The dialogue against a scripted printer: it answers DLE EOT from a row of the state table, counts
 * what it is sent, and confirms body and cut when the test says so. Time is the test's.
 */
#include "printer/engine/engine.h"
#include "tests/unit/test.h"

enum { STEP_MS = 20 };

static struct engine engine;
static struct escpos_job job;
static struct engine_job plan;
static int64_t now_ms;

/* The scripted printer. */
static uint8_t eot[5];
static bool answers;
static bool takes_bytes;
static size_t job_bytes; /* of the job, taken */
static size_t questions; /* DLE EOT requests seen */
static bool went;        /* engine_job_go() was called */

static const uint8_t READY[5] = {0, 0x12, 0x12, 0x12, 0x12};
static const uint8_t PAPER_OUT[5] = {0, 0x1A, 0x32, 0x12, 0x7E};
static const uint8_t NEAR_END[5] = {0, 0x12, 0x12, 0x12, 0x1E};
static const uint8_t COVER[5] = {0, 0x1A, 0x16, 0x12, 0x12};
static const uint8_t CUTTER[5] = {0, 0x1A, 0x52, 0x1A, 0x12};
static const uint8_t HOT[5] = {0, 0x1A, 0x52, 0x52, 0x12};
static const uint8_t BROKEN[5] = {0, 0x1A, 0x52, 0x32, 0x12};
static const uint8_t OFF_LINE[5] = {0, 0x1A, 0x12, 0x12, 0x12};

static void printer_is(const uint8_t state[5])
{
    memcpy(eot, state, sizeof(eot));
}

static void build(enum engine_proof proof)
{
    escpos_job_init(&job);
    escpos_job_start(&job);
    for (int i = 0; i < 20; i++) {
        escpos_text(&job, (const uint8_t *)"line", 4);
        escpos_line_end(&job);
    }
    plan = (struct engine_job){
        .job = &job, .body_id = {'0', '0', '0', '2'}, .cut_id = {'0', '0', '0', '3'}};
    if (proof == ENGINE_PROOF_MARK) {
        escpos_mark(&job, plan.body_id);
    }
    plan.tail_piece = job.piece_count;
    escpos_cut(&job, 20);
    if (proof == ENGINE_PROOF_MARK) {
        escpos_mark(&job, plan.cut_id);
    } else if (proof == ENGINE_PROOF_FENCE) {
        escpos_fence(&job);
    }
}

static void begin(enum engine_proof proof)
{
    const struct engine_profile profile = {.proof = proof, .job_timeout_ms = 25000};
    now_ms = 1000000;
    answers = true;
    takes_bytes = true;
    job_bytes = 0;
    questions = 0;
    went = false;
    printer_is(READY);
    build(proof);
    engine_init(&engine, &profile, /* dirty= */ false, now_ms);
    engine_link_up(&engine, now_ms);
}

static void hear(const void *bytes, size_t size)
{
    engine_take(&engine, bytes, size, now_ms);
}

static void hear_mark(const char *id)
{
    uint8_t block[7] = {0x37, 0x22};
    memcpy(block + 2, id, 4);
    hear(block, sizeof(block));
}

/* Take what the engine sends; answer questions. */
static void take_output(void)
{
    const uint8_t *bytes = NULL;
    size_t size = takes_bytes ? engine_output(&engine, &bytes) : 0;
    while (size > 0) {
        bool question = size == 3 && bytes[0] == 0x10 && bytes[1] == 0x04;
        bool sync = size == 3 && bytes[0] == 0x1D && bytes[1] == 0x72 && engine.sync_wanted;
        uint8_t which = question ? bytes[2] : 0;
        job_bytes += question || sync ? 0 : size;
        questions += question ? 1 : 0;
        engine_sent(&engine, size, now_ms);
        if (question && answers) {
            CHECK(which >= 1 && which <= 4);
            hear(&eot[which], 1);
        }
        size = engine_output(&engine, &bytes);
    }
}

/* Let @p ms pass; say go when asked. */
static void pass(int64_t ms)
{
    for (int64_t until = now_ms + ms; now_ms < until; now_ms += STEP_MS) {
        engine_turn(&engine, now_ms);
        CHECK(engine_next_ms(&engine, now_ms) > now_ms); /* a loop would spin */
        if (engine_job_is_ready(&engine)) {
            CHECK_EQ_U64(job_bytes, 0); /* nothing before it is on record */
            engine_job_go(&engine, now_ms);
            went = true;
        }
        take_output();
    }
}

static bool verdict_is_part; /* of the newest one */

static void expect(enum printjob_state state, const char *detail)
{
    struct printjob_answer verdict;
    if (!engine_verdict(&engine, &verdict)) {
        TEST_FAIL("no verdict, %s was expected", printjob_state_name(state));
    }
    CHECK_EQ_STR(printjob_state_name(verdict.state), printjob_state_name(state));
    CHECK_EQ_STR(verdict.detail, detail);
    verdict_is_part = verdict.part;
}

static void expect_none(void)
{
    struct printjob_answer verdict;
    CHECK(!engine_verdict(&engine, &verdict));
}

static void start_and_send(void)
{
    pass(100);
    engine_job_start(&engine, &plan, now_ms);
    pass(100);
    CHECK(went);
    CHECK_EQ_U64(job_bytes, job.size);
    expect_none();
}

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
