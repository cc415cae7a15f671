/* SPDX-License-Identifier: Apache-2.0 */
/* The table of waits, and the few questions that are asked of it. */
#include "core/timers/timers.h"

#include <stddef.h>

#include "common/must.h"

#define S INT64_C(1000)
#define MIN (60 * S)
#define HOUR (60 * MIN)
#define DAY (24 * HOUR)

struct timers timers_default(void)
{
    struct timers timers = {
        .window_ms = 180 * S,
        .more_time_ms = 120 * S,
        .more_time_count = 2,
        .window_assist_ms = 300 * S,
        .more_time_assist_ms = 180 * S,
        .more_time_assist_count = 1,
        .scanned_ms = 120 * S,
        .window_total_ms = 540 * S,
        .kiosk_silent_ms = 60 * S,
        .expiry_ms = 600 * S,
        .qr_dead_ms = 1500 * S,
        .precreate = {5, {0, 1 * S, 2 * S, 4 * S, 8 * S}},
        .precreate_give_up_ms = 20 * S,
        .slow_ms = 8 * S,
        .poll_ms = 3 * S,
        .poll_later_ms = 5 * S,
        .poll_change_ms = 60 * S,
        .closing = {3, {3 * S, 15 * S, 60 * S}},
        .closing_dead_ms = 10 * MIN,
        .closing_alarm_ms = 2 * HOUR,
        .closed = {4, {5 * MIN, 25 * MIN, 90 * MIN, 22 * HOUR}},
        .refund_query = {5, {10 * S, 1 * MIN, 10 * MIN, 1 * HOUR, 1 * DAY}},
        .refund_query_count = 18, /* the first four, then daily for 14 days */
        .reply_ms = 5 * S,
        .command_ms = 30 * S,
        .quiet_ms = 10 * S,
        .quiet_link_ms = 120 * S,
        .quiet_esam_ms = 5 * MIN,
        .quiet_lost_ms = 10 * MIN,
        .read_back = {6, {2 * S, 5 * S, 15 * S, 60 * S, 5 * MIN, 15 * MIN}},
        .assign = {5, {0, 5 * S, 15 * S, 60 * S, 5 * MIN}},
        .delivery_ms = 1 * DAY,
        .relay = {{5 * S, 15 * S, 60 * S}, 5 * MIN, 130 * S, 15 * MIN},
        .card_owed_ms = 1 * DAY,
        .card_review_ms = 30 * DAY,
        .review_ms = 3 * DAY,
    };
    MUST(timers_is_sound(&timers));
    return timers;
}

int64_t timers_row_wait(const struct timers_row *row, uint32_t step)
{
    MUST(row->count >= 1);
    MUST(row->count <= TIMERS_STEPS_MAX);
    return row->wait_ms[step < row->count ? step : row->count - 1];
}

bool timers_row_is_over(const struct timers_row *row, uint32_t step)
{
    MUST(row->count >= 1);
    MUST(row->count <= TIMERS_STEPS_MAX);
    return step >= row->count;
}

uint32_t timers_more_time_max(const struct timers *timers, bool assist)
{
    MUST(timers->more_time_ms > 0);
    MUST(timers->more_time_assist_ms > 0);
    return assist ? timers->more_time_assist_count : timers->more_time_count;
}

int64_t timers_window_ms(const struct timers *timers, struct timers_use use)
{
    MUST(timers->window_ms > 0);
    MUST(use.more_time <= timers_more_time_max(timers, use.assist));
    const int64_t first_ms = use.assist ? timers->window_assist_ms : timers->window_ms;
    const int64_t each_ms = use.assist ? timers->more_time_assist_ms : timers->more_time_ms;
    const int64_t wished =
        first_ms + (int64_t)use.more_time * each_ms + (use.scanned ? timers->scanned_ms : 0);
    return wished < timers->window_total_ms ? wished : timers->window_total_ms;
}

static bool row_is_sound(const struct timers_row *row)
{
    if (row->count < 1 || row->count > TIMERS_STEPS_MAX) {
        return false;
    }
    for (uint32_t i = 0; i < row->count; i++) {
        /* The first may be "at once"; what repeats must not spin. */
        if (row->wait_ms[i] < 0 || (i > 0 && row->wait_ms[i] == 0)) {
            return false;
        }
    }
    return row->wait_ms[row->count - 1] > 0;
}

bool timers_is_sound(const struct timers *timers)
{
    const int64_t positive[] = {
        timers->window_ms,
        timers->more_time_ms,
        timers->window_assist_ms,
        timers->more_time_assist_ms,
        timers->scanned_ms,
        timers->kiosk_silent_ms,
        timers->precreate_give_up_ms,
        timers->slow_ms,
        timers->poll_ms,
        timers->poll_later_ms,
        timers->poll_change_ms,
        timers->closing_dead_ms,
        timers->closing_alarm_ms,
        timers->reply_ms,
        timers->command_ms,
        timers->quiet_ms,
        timers->quiet_link_ms,
        timers->quiet_esam_ms,
        timers->quiet_lost_ms,
        timers->delivery_ms,
        timers->card_owed_ms,
        timers->card_review_ms,
        timers->relay.repeat_ms[0],
        timers->relay.repeat_ms[1],
        timers->relay.repeat_ms[2],
        timers->relay.repeat_last_ms,
        timers->relay.button_ms,
        timers->relay.alarm_ms,
        timers->review_ms,
    };
    for (size_t i = 0; i < ARRAY_COUNT(positive); i++) {
        if (positive[i] <= 0) {
            return false;
        }
    }
    const struct timers_row *rows[] = {&timers->precreate,    &timers->closing,   &timers->closed,
                                       &timers->refund_query, &timers->read_back, &timers->assign};
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        if (!row_is_sound(rows[i])) {
            return false;
        }
    }
    return timers->window_ms <= timers->window_total_ms &&
           timers->window_total_ms < timers->expiry_ms && timers->expiry_ms < timers->qr_dead_ms &&
           timers->refund_query_count >= 1;
}
