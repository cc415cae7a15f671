/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The configuration of the money path. Every wait has the value of docs/money.md unless the group
 * `timers` says otherwise (tests shorten them); rows of waits are not configurable one by one, but
 * `speed` divides all of them at once. What does not fit together is refused with its name.
 */
#include "cloud/orders/orders.h"

enum { PAY_THREADS = 8, METER_THREADS = 4, SPEED_MAX = 1000 };

struct wait_row {
    const char *path;
    int64_t *wait_ms;
};

static void read_wait(struct config *cfg, const char *path, int64_t *wait_ms)
{
    const struct config_int range = {
        .min = 1, .max = INT64_C(10) * 24 * 3600 * 1000, .optional = true, .fallback = *wait_ms};
    *wait_ms = config_int(cfg, path, range);
}

static void divide_row(struct timers_row *row, int64_t speed)
{
    for (uint32_t i = 0; i < row->count; i++) {
        const int64_t wait_ms = row->wait_ms[i] / speed;
        row->wait_ms[i] = row->wait_ms[i] > 0 && wait_ms == 0 ? 1 : wait_ms;
    }
}

static void divide_rows(struct timers *timers, int64_t speed)
{
    struct timers_row *rows[] = {&timers->precreate,    &timers->closing,   &timers->closed,
                                 &timers->refund_query, &timers->read_back, &timers->assign};
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        divide_row(rows[i], speed);
    }
}

static void read_timers(struct config *cfg, struct timers *timers)
{
    const struct wait_row rows[] = {
        {"timers.window_ms", &timers->window_ms},
        {"timers.more_time_ms", &timers->more_time_ms},
        {"timers.scanned_ms", &timers->scanned_ms},
        {"timers.window_total_ms", &timers->window_total_ms},
        {"timers.kiosk_silent_ms", &timers->kiosk_silent_ms},
        {"timers.expiry_ms", &timers->expiry_ms},
        {"timers.qr_dead_ms", &timers->qr_dead_ms},
        {"timers.precreate_give_up_ms", &timers->precreate_give_up_ms},
        {"timers.slow_ms", &timers->slow_ms},
        {"timers.poll_ms", &timers->poll_ms},
        {"timers.poll_later_ms", &timers->poll_later_ms},
        {"timers.poll_change_ms", &timers->poll_change_ms},
        {"timers.closing_dead_ms", &timers->closing_dead_ms},
        {"timers.closing_alarm_ms", &timers->closing_alarm_ms},
        {"timers.reply_ms", &timers->reply_ms},
        {"timers.command_ms", &timers->command_ms},
        {"timers.quiet_ms", &timers->quiet_ms},
        {"timers.quiet_link_ms", &timers->quiet_link_ms},
        {"timers.quiet_esam_ms", &timers->quiet_esam_ms},
        {"timers.delivery_ms", &timers->delivery_ms},
        {"timers.review_ms", &timers->review_ms},
    };
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        read_wait(cfg, rows[i].path, rows[i].wait_ms);
    }
    const struct config_int speed = {.min = 1, .max = SPEED_MAX, .optional = true, .fallback = 1};
    divide_rows(timers, config_int(cfg, "timers.speed", speed));
}

static uint32_t read_threads(struct config *cfg, const char *path, int64_t fallback)
{
    const struct config_int range = {.min = 1, .max = 32, .optional = true, .fallback = fallback};
    return (uint32_t)config_int(cfg, path, range);
}

void orders_options_read(struct config *cfg, struct orders_options *ret_options)
{
    struct orders_options options = {.timers = timers_default()};
    read_timers(cfg, &options.timers);
    options.pay_threads = read_threads(cfg, "orders.pay_threads", PAY_THREADS);
    options.meter_threads = read_threads(cfg, "orders.meter_threads", METER_THREADS);
    options.cut_off = config_bool(cfg, "orders.cut_off", /* fallback= */ false);
    if (!timers_is_sound(&options.timers)) {
        config_fail(cfg, "timers",
                    "the waits do not fit together: window <= window_total <"
                    " expiry < qr_dead, and none of them 0");
    }
    *ret_options = options;
}
