/* SPDX-License-Identifier: Apache-2.0 */

/*
 * A printer that says anything at any time. Each input byte below 80h is heard; a higher one lets
 * time pass, takes what the engine sends, cuts the link or starts a job. Whatever happens: no job
 * is handed out beyond its bytes, and a job that ended PRINTED was confirmed by its own mark or
 * fence.
 */
#include <stdint.h>
#include <string.h>

#include "common/must.h"
#include "printer/engine/engine.h"

static struct engine engine;
static struct escpos_job job;
static volatile uint8_t sink;

static void job_make(enum engine_proof proof, struct engine_job *ret_plan)
{
    *ret_plan = (struct engine_job){
        .job = &job, .body_id = {'0', '0', '0', '2'}, .cut_id = {'0', '0', '0', '3'}};
    escpos_job_init(&job);
    escpos_job_start(&job);
    escpos_text(&job, (const uint8_t *)"text", 4);
    escpos_line_end(&job);
    escpos_mark(&job, ret_plan->body_id);
    ret_plan->tail_piece = job.piece_count;
    escpos_cut(&job, 0);
    if (proof == ENGINE_PROOF_FENCE) {
        escpos_fence(&job);
    } else {
        escpos_mark(&job, ret_plan->cut_id);
    }
}

static void take_output(uint8_t part, int64_t now_ms)
{
    const uint8_t *bytes = NULL;
    size_t size = engine_output(&engine, &bytes);
    size_t taken = part == 0 || size < part ? size : part;
    for (size_t i = 0; i < taken; i++) {
        sink = bytes[i]; /* reads them, so that a sanitizer looks */
    }
    engine_sent(&engine, taken, now_ms);
}

static void act(uint8_t what, const struct engine_job *plan, int64_t *now_ms, bool *heard_proof)
{
    switch (what & 0x07U) {
    case 0:
        *now_ms += (int64_t)(what >> 3 & 0x0FU) * 700;
        break;
    case 1:
        take_output(what >> 3 & 0x0FU, *now_ms);
        break;
    case 2:
        if (engine.link_up) {
            engine_link_down(&engine, *now_ms);
        } else {
            engine_link_up(&engine, *now_ms);
        }
        break;
    case 3:
        if (engine_is_free(&engine)) {
            *heard_proof = false;
            engine_job_start(&engine, plan, *now_ms);
        }
        break;
    case 4:
        if (engine_job_is_ready(&engine)) {
            engine_job_go(&engine, *now_ms);
        }
        break;
    default:
        *now_ms += 100;
        break;
    }
    engine_turn(&engine, *now_ms);
}

static void hear(uint8_t byte, int64_t now_ms, bool *heard_proof)
{
    enum engine_phase before = engine.phase;
    engine_take(&engine, &byte, 1, now_ms);
    bool was_running = before == ENGINE_SENDING || before == ENGINE_WAITING;
    bool confirmed = engine.phase == ENGINE_CHECKING;
    /* Only the last byte of a mark, or a fence's answer, can do that. */
    MUST(!was_running || !confirmed || byte == 0 || engine.profile.proof == ENGINE_PROOF_FENCE);
    *heard_proof = *heard_proof || (was_running && engine.body_done);
}

static void judge(bool heard_proof)
{
    struct printjob_answer verdict;
    char mark[ESCPOS_ID_SIZE];
    const char *detail = NULL;
    if (engine_verdict(&engine, &verdict)) {
        MUST(verdict.state != PRINTJOB_QUEUED);
        MUST(verdict.state != PRINTJOB_PRINTED || heard_proof);
    }
    MUST(engine_device(&engine, &detail) < PRINTJOB_DEVICE_COUNT && detail != NULL);
    MUST(!engine_late_mark(&engine, mark) || mark[0] != '\0');
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0) {
        return 0;
    }
    const struct engine_profile profile = {
        .proof = (enum engine_proof)(data[0] % ENGINE_PROOF_COUNT), .job_timeout_ms = 25000};
    struct engine_job plan;
    int64_t now_ms = 1000;
    bool heard_proof = false;
    job_make(profile.proof, &plan);
    engine_init(&engine, &profile, (data[0] & 0x40U) != 0, now_ms);
    engine_link_up(&engine, now_ms);
    for (size_t i = 1; i < size; i++) {
        if (data[i] < 0x80) {
            hear(data[i], now_ms, &heard_proof);
        } else {
            act(data[i], &plan, &now_ms, &heard_proof);
        }
        judge(heard_proof);
    }
    return 0;
}
