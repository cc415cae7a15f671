/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The bus thread, as collector/line.c has it: one turn a priority, always the most urgent, relay
 * commands that wait for their effect put aside. It differs in what it touches: a wire that is a
 * model, and a disk that may lose power between any two frames.
 */
#include "common/must.h"
#include "common/str.h"
#include "sim/disk/memdisk.h"
#include "sim/kernel/kernel.h"
#include "sim/world/field_life.h"

enum {
    BAUD = 2400,
    REPLY_TIMEOUT_MS = 1000,
    READ_SIZE = 256,
    TURNS_MAX = JOB_PRIO_COUNT + FIELD_PARKED_MAX,
};

static int64_t now_of(const struct collector_life *life)
{
    return clock_mono_ms(&life->clock);
}

bool field_line_push(struct collector_life *life, const struct job *job)
{
    bool taken = queue_push(&life->queue, job);
    kernel_wake(&life->queue);
    return taken;
}

/* ---- one exchange ---- */

static void exchange_run(struct collector_life *life, const struct exchange_request *request)
{
    struct meters *meters = life->field->meters;
    struct exchange *x = &life->x;
    exchange_begin(x, request);
    while (!exchange_is_over(x)) {
        uint8_t bytes[READ_SIZE];
        if (x->wants_send) {
            meters_discard(meters);
            meters_transmit(meters, request->wire, request->wire_size, request->baud);
            exchange_sent(x, now_of(life));
        }
        const int64_t wait_ms = x->deadline_ms - now_of(life);
        if (meters->arrived_size == 0 && wait_ms > 0) {
            (void)kernel_wait(meters, kernel_now_ns() + wait_ms * KERNEL_MS);
        }
        const size_t size = meters_receive(meters, bytes, sizeof(bytes));
        if (size > 0) {
            exchange_receive(x, bytes, size, now_of(life));
        }
        exchange_tick(x, now_of(life));
    }
}

/* ---- turns ---- */

static struct turn *turn_alloc(struct collector_life *life)
{
    for (size_t i = 0; i < TURNS_MAX; i++) {
        if (!life->turn_used[i]) {
            life->turn_used[i] = true;
            return &life->turns[i];
        }
    }
    MUST_NOT_REACH();
}

static void finish_turn(struct collector_life *life, enum job_prio prio)
{
    struct turn *turn = life->active[prio];
    while (life->result_count == FIELD_RESULTS_MAX) {
        (void)kernel_wait(life->results, -1); /* the main loop stands at its disk */
    }
    const size_t place = (life->result_first + life->result_count) % FIELD_RESULTS_MAX;
    struct job_result *result = &life->results[place];
    *result = (struct job_result){
        .reply = turn->reply,
        .op = turn->job.command.op,
        .prio = turn->job.prio,
        .scheduled = turn->job.command.id[0] == '\0',
        .heard = turn->heard,
        .garbled = turn->garbled,
        .accepted_ms = turn->job.accepted_ms,
    };
    MUST(str_copy(result->meter, sizeof(result->meter), turn->job.meter.meter));
    life->result_count += 1;
    life->active[prio] = NULL;
    life->turn_used[turn - life->turns] = false;
    kernel_wake(life->inbox);
}

static void send_turn(struct collector_life *life, struct turn *turn)
{
    const bool changes = turn->phase == TURN_PHASE_FRAME;
    if (changes && !memdisk_is_durable(FIELD_NODE)) {
        field_fail(life->field, "I8: a frame leaves before its intent is durable");
    }
    if (changes && turn->job.command.op == BUS_OP_RELAY) {
        field_relay_sent(life->field, turn->job.meter.meter, turn->job.command.u.relay.generation);
    }
    exchange_run(life, &turn->request);
    if (changes) {
        journal_sent(life->journal, turn->job.command.id, life->x.sent_end_ms);
    }
    turn_exchanged(turn, &life->x);
}

static bool park(struct collector_life *life, struct turn *turn)
{
    for (size_t i = 0; i < FIELD_PARKED_MAX; i++) {
        if (life->parked[i] == NULL) {
            life->parked[i] = turn;
            return true;
        }
    }
    return false;
}

static void step_turn(struct collector_life *life, enum job_prio prio)
{
    struct turn *turn = life->active[prio];
    const char *id = turn->job.command.id;
    switch (turn_next(turn, now_of(life))) {
    case TURN_SEND:
        send_turn(life, turn);
        return;
    case TURN_QUIET:
        kernel_sleep(turn->quiet_ms * KERNEL_MS);
        meters_discard(life->field->meters);
        return;
    case TURN_SYNC_INTENT:
        turn_synced(turn, journal_intent(life->journal, id, &turn->frame));
        return;
    case TURN_SYNC_RESULT:
        turn_synced(turn, journal_result(life->journal, id, &turn->reply.frame_reply));
        return;
    case TURN_PARK:
        if (park(life, turn)) {
            life->active[prio] = NULL;
        } else {
            turn_fail(turn, BUS_ERROR_RELAY_MISMATCH);
        }
        return;
    case TURN_OVER:
        finish_turn(life, prio);
        return;
    case TURN_ACTION_COUNT:
        break;
    }
    MUST_NOT_REACH();
}

static bool begin_job(struct collector_life *life, enum job_prio prio)
{
    if (!queue_pop(&life->queue, prio, &life->job)) {
        return false;
    }
    struct turn *turn = turn_alloc(life);
    turn_begin(turn, &life->job, BAUD, REPLY_TIMEOUT_MS);
    life->active[prio] = turn;
    if (now_of(life) > life->job.begin_last_ms) {
        const bool read = life->job.command.op == BUS_OP_READ;
        turn_fail(turn, read ? BUS_ERROR_BUSY : BUS_ERROR_EXPIRED);
    }
    return true;
}

static bool resume_parked(struct collector_life *life)
{
    for (size_t i = 0; i < FIELD_PARKED_MAX; i++) {
        struct turn *turn = life->parked[i];
        if (turn != NULL && turn->resume_ms <= now_of(life)) {
            life->parked[i] = NULL;
            life->active[JOB_PRIO_COMMAND] = turn;
            return true;
        }
    }
    return false;
}

static bool step(struct collector_life *life)
{
    for (int prio = 0; prio < JOB_PRIO_COUNT; prio++) {
        const bool busy = life->active[prio] != NULL || begin_job(life, (enum job_prio)prio) ||
                          (prio == JOB_PRIO_COMMAND && resume_parked(life));
        if (busy) {
            step_turn(life, (enum job_prio)prio);
            return true;
        }
    }
    return false;
}

static int64_t idle_until_ns(const struct collector_life *life)
{
    int64_t until_ns = -1;
    for (size_t i = 0; i < FIELD_PARKED_MAX; i++) {
        if (life->parked[i] != NULL) {
            const int64_t wait_ms = life->parked[i]->resume_ms - now_of(life);
            const int64_t at_ns = kernel_now_ns() + (wait_ms > 0 ? wait_ms : 0) * KERNEL_MS;
            until_ns = until_ns < 0 || at_ns < until_ns ? at_ns : until_ns;
        }
    }
    return until_ns;
}

void field_line_main(void *arg)
{
    struct collector_life *life = arg;
    for (;;) {
        if (!step(life)) {
            (void)kernel_wait(&life->queue, idle_until_ns(life));
        }
    }
}
