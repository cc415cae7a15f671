/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Method: send once, then query on the schedule of waits; only the provider's "no such refund" and
 * "balance too low" lead to another send, under the same number. Both count on the schedule, so
 * that every refund ends in a final word or with people.
 */
#include "core/refund/refund.h"

#include "common/must.h"

static enum order_event_kind event_of(enum refund_answer answer)
{
    static const enum order_event_kind EVENTS[REFUND_ANSWER_COUNT] = {
        [REFUND_ANSWER_UNKNOWN] = ORDER_EV_REFUND_UNKNOWN,
        [REFUND_ANSWER_NOT_EXIST] = ORDER_EV_REFUND_UNKNOWN,
        [REFUND_ANSWER_PROCESSING] = ORDER_EV_REFUND_PROCESSING,
        [REFUND_ANSWER_OK] = ORDER_EV_REFUND_OK,
        [REFUND_ANSWER_LOW_BALANCE] = ORDER_EV_REFUND_LOW_BALANCE,
        [REFUND_ANSWER_ABNORMAL] = ORDER_EV_REFUND_ABNORMAL,
        [REFUND_ANSWER_CLOSED] = ORDER_EV_REFUND_CLOSED,
        [REFUND_ANSWER_NOT_ALLOWED] = ORDER_EV_REFUND_NOT_ALLOWED,
        [REFUND_ANSWER_DOUBTFUL] = ORDER_EV_REFUND_UNKNOWN,
    };
    MUST(answer < REFUND_ANSWER_COUNT);
    return EVENTS[answer];
}

static bool is_open(enum order_event_kind event)
{
    return event == ORDER_EV_REFUND_UNKNOWN || event == ORDER_EV_REFUND_PROCESSING ||
           event == ORDER_EV_REFUND_LOW_BALANCE;
}

/* The next call. A refusal that was not cleared up yet stays in doubt: it is never sent again. */
static enum refund_call next_call(enum refund_call call, enum refund_answer answer)
{
    if (answer == REFUND_ANSWER_LOW_BALANCE) {
        return REFUND_CALL_SEND;
    }
    if (answer == REFUND_ANSWER_DOUBTFUL || call == REFUND_CALL_QUERY_REFUSED) {
        return REFUND_CALL_QUERY_REFUSED;
    }
    const bool none = call == REFUND_CALL_QUERY && answer == REFUND_ANSWER_NOT_EXIST;
    return none ? REFUND_CALL_SEND : REFUND_CALL_QUERY;
}

struct refund_step refund_decide(const struct refund_progress *progress, enum refund_answer answer,
                                 const struct timers *timers)
{
    MUST(progress->call < REFUND_CALL_COUNT);
    MUST(timers->refund_query_count >= 1);
    struct refund_step step = {.event = event_of(answer), .next = *progress};
    if (progress->call == REFUND_CALL_QUERY_REFUSED && answer == REFUND_ANSWER_NOT_EXIST) {
        step.event = ORDER_EV_REFUND_NOT_ALLOWED;
    }
    if (!is_open(step.event)) {
        return step;
    }
    const bool asked = progress->call != REFUND_CALL_SEND;
    if (asked || answer == REFUND_ANSWER_LOW_BALANCE) {
        step.next.queries += 1;
    }
    if (step.next.queries >= timers->refund_query_count) {
        step.event = ORDER_EV_REFUND_OVERDUE;
        return step;
    }
    step.next.call = next_call(progress->call, answer);
    step.wait_ms = timers_row_wait(&timers->refund_query, step.next.queries);
    return step;
}
