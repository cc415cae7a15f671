/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The configuration of the money path. Every wait has the value of docs/money.md unless the group
 * `timers` says otherwise; all of them are whole seconds, rows of waits are lists:
 *
 *     timers = { poll = 1; closing = [1, 5, 30]; delivery = 3600; };
 *     orders = { pay_threads = 8; meter_threads = 4; cut_off = true; };
 */
#include "cloud/orders/orders.h"
#include "common/must.h"
#include "common/str.h"

enum {
    PAY_THREADS = 8,
    METER_THREADS = 4,
    THREADS_MAX = 32,
    WAIT_S_MAX = 30 * 24 * 3600,
    PATH_SIZE = 64,
};

struct wait_member {
    const char *path;
    int64_t *wait_ms;
};

struct row_member {
    const char *path;
    struct timers_row *row;
};

static int64_t read_seconds(struct config *cfg, const char *path, int64_t min, int64_t wait_ms)
{
    const struct config_int range = {
        .min = min, .max = WAIT_S_MAX, .optional = true, .fallback = -1};
    const int64_t wait_s = config_int(cfg, path, range);
    return wait_s < 0 ? wait_ms : wait_s * 1000;
}

static void read_row(struct config *cfg, const char *path, struct timers_row *row)
{
    char member[PATH_SIZE];
    const size_t count = config_count(cfg, path, TIMERS_STEPS_MAX);
    if (count == 0) {
        return;
    }
    row->count = (uint32_t)count;
    for (size_t i = 0; i < count && i < TIMERS_STEPS_MAX; i++) {
        /* The first wait may be "at once"; what repeats must not spin. */
        bool fits = str_format(member, sizeof(member), "%s.[%zu]", path, i);
        MUST(fits);
        row->wait_ms[i] = read_seconds(cfg, member, i == 0 && count > 1 ? 0 : 1, 0);
    }
}

static void read_rows(struct config *cfg, struct timers *timers)
{
    const struct row_member rows[] = {
        {"timers.precreate", &timers->precreate}, {"timers.closing", &timers->closing},
        {"timers.closed", &timers->closed},       {"timers.refund_query", &timers->refund_query},
        {"timers.read_back", &timers->read_back}, {"timers.assign", &timers->assign},
    };
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        read_row(cfg, rows[i].path, rows[i].row);
    }
}

static void read_waits(struct config *cfg, struct timers *timers)
{
    const struct wait_member waits[] = {
        {"timers.window", &timers->window_ms},
        {"timers.more_time", &timers->more_time_ms},
        {"timers.window_assist", &timers->window_assist_ms},
        {"timers.more_time_assist", &timers->more_time_assist_ms},
        {"timers.scanned", &timers->scanned_ms},
        {"timers.window_total", &timers->window_total_ms},
        {"timers.kiosk_silent", &timers->kiosk_silent_ms},
        {"timers.expiry", &timers->expiry_ms},
        {"timers.qr_dead", &timers->qr_dead_ms},
        {"timers.precreate_give_up", &timers->precreate_give_up_ms},
        {"timers.slow", &timers->slow_ms},
        {"timers.poll", &timers->poll_ms},
        {"timers.poll_later", &timers->poll_later_ms},
        {"timers.poll_change", &timers->poll_change_ms},
        {"timers.closing_dead", &timers->closing_dead_ms},
        {"timers.closing_alarm", &timers->closing_alarm_ms},
        {"timers.reply", &timers->reply_ms},
        {"timers.command", &timers->command_ms},
        {"timers.quiet", &timers->quiet_ms},
        {"timers.quiet_link", &timers->quiet_link_ms},
        {"timers.quiet_esam", &timers->quiet_esam_ms},
        {"timers.quiet_lost", &timers->quiet_lost_ms},
        {"timers.delivery", &timers->delivery_ms},
        {"timers.card_owed", &timers->card_owed_ms},
        {"timers.card_review", &timers->card_review_ms},
        {"timers.relay_alarm", &timers->relay.alarm_ms},
        {"timers.review", &timers->review_ms},
    };
    for (size_t i = 0; i < ARRAY_COUNT(waits); i++) {
        *waits[i].wait_ms = read_seconds(cfg, waits[i].path, 1, *waits[i].wait_ms);
    }
}

static uint32_t read_threads(struct config *cfg, const char *path, int64_t fallback)
{
    const struct config_int range = {
        .min = 1, .max = THREADS_MAX, .optional = true, .fallback = fallback};
    return (uint32_t)config_int(cfg, path, range);
}

void orders_options_read(struct config *cfg, struct orders_options *ret_options)
{
    struct orders_options options = {.timers = timers_default()};
    read_waits(cfg, &options.timers);
    read_rows(cfg, &options.timers);
    options.pay_threads = read_threads(cfg, "orders.pay_threads", PAY_THREADS);
    options.meter_threads = read_threads(cfg, "orders.meter_threads", METER_THREADS);
    options.cut_off = config_bool(cfg, "orders.cut_off", /* fallback= */ false);
    if (!timers_is_sound(&options.timers)) {
        config_fail(cfg, "timers",
                    "the waits do not fit together: window <= window_total <"
                    " expiry < qr_dead");
    }
    *ret_options = options;
}
