/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Asking for the status. An answer to DLE EOT does not say which question it answers, so there is
 * one question at a time, and after one that was not answered everything that comes within a quiet
 * time is thrown away: otherwise every later answer would be taken for that of the question before
 * it, which is what drivers that "always show the previous status" do.
 */
#include "common/must.h"
#include "printer/engine/engine_parts.h"

enum {
    ANSWER_TIMEOUT_MS = 500, /* printers answer in 20 ms; a serial server adds up to 200 */
    QUIET_MS = 500,
    ROUND_IDLE_MS = 2000,      /* nobody else tells us that the paper is out */
    ROUND_IDLE_ASB_MS = 10000, /* the printer does; this only proves that it is alive */
    ROUND_JOB_MS = 500,
    STALLED_MS = 1000,
    MISSES_SILENT = 2,
    MISSES_HANG_UP = 6, /* a TCP connection whose other end vanished looks alive for ever */
};

static bool has_job(const struct engine *engine)
{
    return engine->phase != ENGINE_FREE && engine->phase != ENGINE_DRAINING;
}

void watch_round_now(struct engine *engine, int64_t now_ms)
{
    /* What is being answered now was asked too early to count. */
    bool under_way = engine->asked != 0 || engine->request_wanted || engine->next_question != 1;
    engine->round_wanted = engine->rounds + (under_way ? 2 : 1);
    engine->round_due_ms = now_ms;
}

static void round_end(struct engine *engine, int64_t now_ms)
{
    engine->rounds += 1;
    engine->shown = engine->status;
    engine->next_question = 1;
    int64_t pause_ms = engine->has_asb ? ROUND_IDLE_ASB_MS : ROUND_IDLE_MS;
    if (has_job(engine)) {
        pause_ms = engine->rounds < engine->round_wanted ? 0 : ROUND_JOB_MS;
    }
    engine->round_due_ms = now_ms + pause_ms;
}

void watch_take_answer(struct engine *engine, uint8_t byte, int64_t now_ms)
{
    if (engine->asked == 0 || now_ms < engine->quiet_until_ms) {
        return;
    }
    MUST(engine->asked <= ESCPOS_EOT_COUNT);
    escpos_status_take_eot(&engine->status, engine->asked, byte);
    engine->misses = 0;
    engine->asked = 0;
    if (engine->next_question == ESCPOS_EOT_COUNT) {
        round_end(engine, now_ms);
    } else {
        engine->next_question = (uint8_t)(engine->next_question + 1);
    }
}

bool watch_is_silent(const struct engine *engine)
{
    return engine->misses >= MISSES_SILENT;
}

/* While a job's bytes flow nothing is asked: the answer would come behind them anyway. */
static bool may_ask(const struct engine *engine, int64_t now_ms)
{
    bool flowing = engine->phase == ENGINE_SENDING && now_ms - engine->moved_ms < STALLED_MS;
    return engine->link_up && engine->asked == 0 && !engine->request_wanted && !flowing &&
           engine->phase != ENGINE_READY && now_ms >= engine->quiet_until_ms;
}

/*
 * A printer that said by itself why it stands still may have its buffer full of what it holds: the
 * question then waits behind it. That is no silence.
 */
static bool is_silence_explained(const struct engine *engine)
{
    return engine->has_asb && judge_cause(&engine->shown) != NULL;
}

void watch_turn(struct engine *engine, int64_t now_ms)
{
    if (engine->asked != 0 && now_ms - engine->asked_ms >= ANSWER_TIMEOUT_MS) {
        engine->asked = 0;
        engine->next_question = 1;
        engine->misses += is_silence_explained(engine) ? 0 : 1;
        engine->quiet_until_ms = now_ms + QUIET_MS;
        engine->round_due_ms = engine->quiet_until_ms;
        if (engine->misses == MISSES_HANG_UP) {
            engine->wants_hang_up = true;
        }
    }
    bool due = engine->next_question != 1 || now_ms >= engine->round_due_ms;
    if (due && may_ask(engine, now_ms)) {
        engine->request_wanted = true;
        engine->request_sent = 0;
    }
}

int64_t watch_next_ms(const struct engine *engine)
{
    if (!engine->link_up) {
        return INT64_MAX;
    }
    if (engine->asked != 0) {
        return engine->asked_ms + ANSWER_TIMEOUT_MS;
    }
    return engine->round_due_ms > engine->quiet_until_ms ? engine->round_due_ms
                                                         : engine->quiet_until_ms;
}
