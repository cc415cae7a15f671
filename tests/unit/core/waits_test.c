/* SPDX-License-Identifier: Apache-2.0 */
/* The small deciders around the two machines: waits, refunds, the relay job, figures for people. */
#include "core/estimate/estimate.h"
#include "core/refund/refund.h"
#include "core/relay/relay.h"
#include "core/timers/timers.h"
#include "tests/unit/test.h"

/* ---- timers ---- */

TEST(the_table_of_waits_is_sound)
{
    struct timers timers = timers_default();
    CHECK(timers_is_sound(&timers));
    CHECK(timers.relay.button_ms > 120000); /* the collector watches so long by itself */
    CHECK_EQ_I64(timers_row_wait(&timers.read_back, 0), 2000);
    CHECK_EQ_I64(timers_row_wait(&timers.read_back, 5), 900000);
    CHECK_EQ_I64(timers_row_wait(&timers.read_back, 500), 900000);
    CHECK(!timers_row_is_over(&timers.closed, 3));
    CHECK(timers_row_is_over(&timers.closed, 4));
    int64_t sum = 0;
    for (uint32_t i = 0; i < timers.closed.count; i++) {
        sum += timers_row_wait(&timers.closed, i);
    }
    CHECK_EQ_I64(sum, 24 * 3600 * 1000);
}

TEST(the_window_is_never_above_its_total)
{
    struct timers timers = timers_default();
    CHECK_EQ_I64(timers_window_ms(&timers, (struct timers_use){0}), 180000);
    CHECK_EQ_I64(timers_window_ms(&timers, (struct timers_use){.more_time = 1}), 300000);
    CHECK_EQ_I64(timers_window_ms(&timers, (struct timers_use){.more_time = 2}), 420000);
    CHECK_EQ_I64(timers_window_ms(&timers, (struct timers_use){.more_time = 2, .scanned = true}),
                 540000);
    timers.scanned_ms = 500000;
    CHECK_EQ_I64(timers_window_ms(&timers, (struct timers_use){.scanned = true}), 540000);
}

TEST(the_large_mode_has_more_time_at_once_and_asks_once)
{
    struct timers timers = timers_default();
    CHECK_EQ_I64(timers_more_time_max(&timers, false), 2);
    CHECK_EQ_I64(timers_more_time_max(&timers, true), 1);
    CHECK_EQ_I64(timers_window_ms(&timers, (struct timers_use){.assist = true}), 300000);
    CHECK_EQ_I64(timers_window_ms(&timers, (struct timers_use){.more_time = 1, .assist = true}),
                 480000);
    CHECK_EQ_I64(timers_window_ms(&timers, (struct timers_use){1, true, true}), 540000);
    timers.window_assist_ms = 0;
    CHECK(!timers_is_sound(&timers));
}

TEST(waits_that_do_not_fit_together)
{
    struct timers timers = timers_default();
    timers.window_total_ms = timers.expiry_ms;
    CHECK(!timers_is_sound(&timers));
    timers = timers_default();
    timers.expiry_ms = timers.qr_dead_ms;
    CHECK(!timers_is_sound(&timers));
    timers = timers_default();
    timers.window_ms = timers.window_total_ms + 1;
    CHECK(!timers_is_sound(&timers));
    timers = timers_default();
    timers.poll_ms = 0;
    CHECK(!timers_is_sound(&timers));
    timers = timers_default();
    timers.read_back.count = 0;
    CHECK(!timers_is_sound(&timers));
    timers = timers_default();
    timers.read_back.count = TIMERS_STEPS_MAX + 1;
    CHECK(!timers_is_sound(&timers));
    timers = timers_default();
    timers.closing.wait_ms[1] = 0;
    CHECK(!timers_is_sound(&timers));
    timers = timers_default();
    timers.assign = (struct timers_row){1, {0}};
    CHECK(!timers_is_sound(&timers));
    timers = timers_default();
    timers.refund_query_count = 0;
    CHECK(!timers_is_sound(&timers));
}

/* ---- refunds ---- */

static struct refund_step decide(enum refund_call call, uint32_t queries, enum refund_answer answer)
{
    struct timers timers = timers_default();
    struct refund_progress progress = {call, queries};
    return refund_decide(&progress, answer, &timers);
}

TEST(final_answers_of_a_refund)
{
    CHECK_EQ_I64(decide(REFUND_CALL_SEND, 0, REFUND_ANSWER_OK).event, ORDER_EV_REFUND_OK);
    CHECK_EQ_I64(decide(REFUND_CALL_QUERY, 3, REFUND_ANSWER_OK).event, ORDER_EV_REFUND_OK);
    CHECK_EQ_I64(decide(REFUND_CALL_QUERY, 3, REFUND_ANSWER_ABNORMAL).event,
                 ORDER_EV_REFUND_ABNORMAL);
    CHECK_EQ_I64(decide(REFUND_CALL_QUERY, 3, REFUND_ANSWER_CLOSED).event, ORDER_EV_REFUND_CLOSED);
    CHECK_EQ_I64(decide(REFUND_CALL_SEND, 3, REFUND_ANSWER_NOT_ALLOWED).event,
                 ORDER_EV_REFUND_NOT_ALLOWED);
}

TEST(after_a_lost_answer_comes_a_query)
{
    struct refund_step step = decide(REFUND_CALL_SEND, 0, REFUND_ANSWER_UNKNOWN);
    CHECK_EQ_I64(step.event, ORDER_EV_REFUND_UNKNOWN);
    CHECK_EQ_I64(step.next.call, REFUND_CALL_QUERY);
    CHECK_EQ_I64(step.wait_ms, 10000);
    step = decide(REFUND_CALL_QUERY, 0, REFUND_ANSWER_UNKNOWN);
    CHECK_EQ_I64(step.next.call, REFUND_CALL_QUERY);
    CHECK_EQ_U64(step.next.queries, 1);
    CHECK_EQ_I64(step.wait_ms, 60000);
}

TEST(the_same_number_goes_again_only_when_the_provider_has_none)
{
    struct refund_step step = decide(REFUND_CALL_QUERY, 0, REFUND_ANSWER_NOT_EXIST);
    CHECK_EQ_I64(step.next.call, REFUND_CALL_SEND);
    CHECK_EQ_I64(step.event, ORDER_EV_REFUND_UNKNOWN);
    /* "No such order" to the refund itself proves nothing. */
    step = decide(REFUND_CALL_SEND, 0, REFUND_ANSWER_NOT_EXIST);
    CHECK_EQ_I64(step.next.call, REFUND_CALL_QUERY);
    step = decide(REFUND_CALL_SEND, 2, REFUND_ANSWER_LOW_BALANCE);
    CHECK_EQ_I64(step.next.call, REFUND_CALL_SEND);
    CHECK_EQ_I64(step.event, ORDER_EV_REFUND_LOW_BALANCE);
    CHECK_EQ_U64(step.next.queries, 3);
    CHECK_EQ_I64(step.wait_ms, 3600000);
}

TEST(an_empty_account_is_asked_ever_more_rarely)
{
    struct timers timers = timers_default();
    struct refund_progress progress = {REFUND_CALL_SEND, 0};
    int64_t wait_ms = 0;
    for (uint32_t i = 0; i < timers.refund_query_count; i++) {
        struct refund_step step = refund_decide(&progress, REFUND_ANSWER_LOW_BALANCE, &timers);
        const bool last = i + 1 == timers.refund_query_count;
        CHECK_EQ_I64(step.event, last ? ORDER_EV_REFUND_OVERDUE : ORDER_EV_REFUND_LOW_BALANCE);
        CHECK_EQ_I64(step.next.call, REFUND_CALL_SEND);
        CHECK(last || step.wait_ms >= wait_ms);
        wait_ms = step.wait_ms;
        progress = step.next;
    }
}

TEST(a_doubtful_refusal_is_final_when_a_query_knows_nothing)
{
    struct refund_step step = decide(REFUND_CALL_SEND, 0, REFUND_ANSWER_DOUBTFUL);
    CHECK_EQ_I64(step.event, ORDER_EV_REFUND_UNKNOWN);
    CHECK_EQ_I64(step.next.call, REFUND_CALL_QUERY_REFUSED);
    CHECK_EQ_I64(step.wait_ms, 10000); /* earlier, "none" is not to be believed */
    step = decide(REFUND_CALL_QUERY_REFUSED, 0, REFUND_ANSWER_UNKNOWN);
    CHECK_EQ_I64(step.next.call, REFUND_CALL_QUERY_REFUSED);
    CHECK_EQ_U64(step.next.queries, 1);
    step = decide(REFUND_CALL_QUERY_REFUSED, 0, REFUND_ANSWER_NOT_EXIST);
    CHECK_EQ_I64(step.event, ORDER_EV_REFUND_NOT_ALLOWED);
    step = decide(REFUND_CALL_QUERY_REFUSED, 0, REFUND_ANSWER_OK);
    CHECK_EQ_I64(step.event, ORDER_EV_REFUND_OK);
}

TEST(the_queries_end_in_review)
{
    struct timers timers = timers_default();
    struct refund_progress progress = {REFUND_CALL_QUERY, 0};
    int64_t total = 0;
    for (uint32_t i = 0; i < timers.refund_query_count; i++) {
        struct refund_step step = refund_decide(&progress, REFUND_ANSWER_PROCESSING, &timers);
        progress = step.next;
        total += step.wait_ms;
        bool last = i + 1 == timers.refund_query_count;
        CHECK_EQ_I64(step.event, last ? ORDER_EV_REFUND_OVERDUE : ORDER_EV_REFUND_PROCESSING);
    }
    CHECK(total > INT64_C(13) * 24 * 3600 * 1000);
}

/* ---- the relay job ---- */

static const struct relay_waits WAITS = {{5000, 15000, 60000}, 300000, 130000, 900000};

static struct relay_step feed(struct relay_job *job, enum relay_event event, int64_t age_ms)
{
    struct relay_step step = {0};
    *job = relay_apply(job, event, age_ms, &WAITS, &step);
    return step;
}

TEST(a_wish_raises_the_generation_once)
{
    struct relay_job job = {0};
    CHECK_EQ_STR(relay_word(&job), "unknown");
    CHECK_EQ_U64(feed(&job, RELAY_EV_WANT_CLOSED, 0).intents, RELAY_DO_SEND);
    CHECK_EQ_U64(job.generation, 1);
    CHECK(!feed(&job, RELAY_EV_WANT_CLOSED, 0).changed);
    CHECK_EQ_U64(feed(&job, RELAY_EV_WANT_OPEN, 0).intents, RELAY_DO_SEND);
    CHECK_EQ_U64(job.generation, 2);
    CHECK_EQ_U64(job.tries, 0);
}

TEST(the_waits_of_a_relay)
{
    struct relay_job job = {0};
    (void)feed(&job, RELAY_EV_WANT_CLOSED, 0);
    static const int64_t EXPECTED[] = {5000, 15000, 60000, 300000, 300000};
    for (size_t i = 0; i < ARRAY_COUNT(EXPECTED); i++) {
        CHECK((feed(&job, RELAY_EV_DUE, 0).intents & RELAY_DO_SEND) != 0);
        CHECK_EQ_I64(relay_wait_ms(&job, &WAITS), EXPECTED[i]);
    }
    job.tries = 0; /* before the first send it waits as behind it */
    CHECK_EQ_I64(relay_wait_ms(&job, &WAITS), 5000);
    job.button = true;
    job.tries = 1;
    CHECK_EQ_I64(relay_wait_ms(&job, &WAITS), 130000);
    job.tries = 2;
    CHECK_EQ_I64(relay_wait_ms(&job, &WAITS), 300000);
    job.tries = UINT32_MAX;
    (void)feed(&job, RELAY_EV_DUE, 0);
    CHECK_EQ_U64(job.tries, UINT32_MAX);
}

TEST(only_a_reading_settles_the_relay)
{
    struct relay_job job = {0};
    (void)feed(&job, RELAY_EV_READ_OPEN, 0);
    CHECK_EQ_STR(relay_word(&job), "open");
    (void)feed(&job, RELAY_EV_WANT_CLOSED, 0);
    CHECK_EQ_STR(relay_word(&job), "closing");
    CHECK_EQ_U64(feed(&job, RELAY_EV_READ_OPEN, 0).intents, RELAY_DO_WAIT);
    CHECK_EQ_U64(feed(&job, RELAY_EV_READ_FAILED, 0).intents, RELAY_DO_WAIT | RELAY_DO_NEWS);
    CHECK_EQ_STR(relay_word(&job), "closing");
    CHECK_EQ_U64(feed(&job, RELAY_EV_READ_CLOSED, 0).intents, RELAY_DO_NEWS);
    CHECK(job.settled);
    CHECK_EQ_STR(relay_word(&job), "closed");
    CHECK(!feed(&job, RELAY_EV_DUE, 0).changed);
    CHECK(!feed(&job, RELAY_EV_READ_CLOSED, 0).changed);
    /* A relay that opened by itself is news; a new wish is a new generation. */
    CHECK_EQ_U64(feed(&job, RELAY_EV_READ_OPEN, 0).intents, RELAY_DO_NEWS);
    CHECK_EQ_U64(feed(&job, RELAY_EV_WANT_CLOSED, 0).intents, RELAY_DO_SEND);
    CHECK_EQ_U64(job.generation, 2);
}

TEST(one_alarm_after_a_quarter_of_an_hour)
{
    struct relay_job job = {0};
    CHECK(!feed(&job, RELAY_EV_DUE, 900000).changed);
    (void)feed(&job, RELAY_EV_WANT_CLOSED, 0);
    CHECK_EQ_U64(feed(&job, RELAY_EV_DUE, 899999).intents, RELAY_DO_SEND);
    CHECK_EQ_U64(feed(&job, RELAY_EV_DUE, 900000).intents, RELAY_DO_SEND | RELAY_DO_ALARM);
    CHECK_EQ_U64(feed(&job, RELAY_EV_DUE, 1200000).intents, RELAY_DO_SEND);
}

/* ---- figures for people ---- */

TEST(days_left)
{
    int64_t days = -1;
    /* 30 days, 180 kWh, 0.50 yuan: 3 yuan a day. */
    struct estimate_history month = {180000, 30, 5000};
    CHECK(estimate_days_left(money_fen(4200), &month, &days));
    CHECK_EQ_I64(days, 14);
    CHECK(estimate_days_left(money_fen(299), &month, &days));
    CHECK_EQ_I64(days, 0);
    CHECK(estimate_days_left(money_fen(-5), &month, &days));
    CHECK_EQ_I64(days, 0);
    CHECK(estimate_days_left(money_fen(INT64_C(100000000000)), &month, &days));
    CHECK_EQ_I64(days, ESTIMATE_DAYS_MAX);
    CHECK(estimate_days_left(money_fen(INT64_MAX), &month, &days));
    CHECK_EQ_I64(days, ESTIMATE_DAYS_MAX);
}

TEST(days_that_cannot_be_said)
{
    int64_t days = -1;
    struct estimate_history none = {0, 30, 5000};
    CHECK(!estimate_days_left(money_fen(1), &none, &days));
    none = (struct estimate_history){1000, 0, 5000};
    CHECK(!estimate_days_left(money_fen(1), &none, &days));
    none = (struct estimate_history){1000, 367, 5000};
    CHECK(!estimate_days_left(money_fen(1), &none, &days));
    none = (struct estimate_history){1000, 30, 0};
    CHECK(!estimate_days_left(money_fen(1), &none, &days));
    none = (struct estimate_history){INT64_MAX, 30, 5000};
    CHECK(!estimate_days_left(money_fen(1), &none, &days));
    CHECK_EQ_I64(days, -1);
}

TEST(arrears_are_filled_first)
{
    struct estimate_split split = estimate_arrears(money_fen(-3000), money_fen(5000));
    CHECK_EQ_I64(split.arrears.fen, 3000);
    CHECK_EQ_I64(split.credit.fen, 2000);
    split = estimate_arrears(money_fen(-9000), money_fen(5000));
    CHECK_EQ_I64(split.arrears.fen, 5000);
    CHECK_EQ_I64(split.credit.fen, 0);
    split = estimate_arrears(money_fen(100), money_fen(5000));
    CHECK_EQ_I64(split.arrears.fen, 0);
    CHECK_EQ_I64(split.credit.fen, 5000);
}

TEST_MAIN()
