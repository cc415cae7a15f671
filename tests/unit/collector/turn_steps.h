/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SHILLING_TESTS_UNIT_COLLECTOR_TURN_STEPS_H
#define SHILLING_TESTS_UNIT_COLLECTOR_TURN_STEPS_H

/*
 * A turn against a meter without a wire. Its trace is a text: s = a frame was sent, I = intent
 * synced, R = result synced, q = quiet, p = parked; so that the order of what matters can be
 * compared at a glance.
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

static inline void job_init(enum bus_op op)
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

static inline void item_add(char items[][BUS_ITEM_SIZE], size_t *count, const char *item)
{
    CHECK(str_copy(items[(*count)++], BUS_ITEM_SIZE, item));
}

static inline void run_exchange(void)
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
static inline void run(void)
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

static inline void check_end(enum outcome outcome, const char *error, const char *wanted_trace)
{
    CHECK_EQ_STR(trace_text, wanted_trace);
    CHECK_EQ_STR(outcome_name(turn.reply.outcome), outcome_name(outcome));
    CHECK_EQ_STR(turn.reply.error, error);
}

static inline void check_value(enum bus_when when, const char *item, const char *wanted)
{
    const struct bus_value *value = bus_reply_value(&turn.reply, when, item);
    if (value == NULL) {
        TEST_FAIL("there is no %s", item);
    }
    CHECK_EQ_STR(value->v, wanted);
}

#endif
