/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SHILLING_TESTS_UNIT_PRINTER_ENGINE_STEPS_H
#define SHILLING_TESTS_UNIT_PRINTER_ENGINE_STEPS_H

/*
 * A scripted printer: it answers DLE EOT from a row of the state table, counts what it is sent, and
 * confirms body and cut when the test says so. Time is the test's.
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

static inline void printer_is(const uint8_t state[5])
{
    memcpy(eot, state, sizeof(eot));
}

static inline void build(enum engine_proof proof)
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

static inline void begin(enum engine_proof proof)
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

static inline void hear(const void *bytes, size_t size)
{
    engine_take(&engine, bytes, size, now_ms);
}

static inline void hear_mark(const char *id)
{
    uint8_t block[7] = {0x37, 0x22};
    memcpy(block + 2, id, 4);
    hear(block, sizeof(block));
}

/* Take what the engine sends; answer questions. */
static inline void take_output(void)
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
static inline void pass(int64_t ms)
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

static inline void expect(enum printjob_state state, const char *detail)
{
    struct printjob_answer verdict;
    if (!engine_verdict(&engine, &verdict)) {
        TEST_FAIL("no verdict, %s was expected", printjob_state_name(state));
    }
    CHECK_EQ_STR(printjob_state_name(verdict.state), printjob_state_name(state));
    CHECK_EQ_STR(verdict.detail, detail);
    verdict_is_part = verdict.part;
}

static inline void expect_none(void)
{
    struct printjob_answer verdict;
    CHECK(!engine_verdict(&engine, &verdict));
}

static inline void start_and_send(void)
{
    pass(100);
    engine_job_start(&engine, &plan, now_ms);
    pass(100);
    CHECK(went);
    CHECK_EQ_U64(job_bytes, job.size);
    expect_none();
}

#endif
