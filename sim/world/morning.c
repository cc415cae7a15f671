/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The morning after: the server's wall clock is past 10:30 of the day behind the last payment, and
 * the bills come. They must tell of everything that no message told. The night itself is left out:
 * the books are drained, and no monotonic wait depends on it.
 */
#include "sim/world/morning.h"

#include "common/civil.h"
#include "common/must.h"
#include "common/str.h"
#include "sim/world/world.h"

enum {
    DAY_S = 86400,
    READY_S = 11 * 3600, /* of the day in Beijing */
    HOURS_MAX = 24,      /* the job comes hourly, and a bill may be late a few times */
};

/* ---- the night ---- */

static int64_t last_wall_s(const struct world *world)
{
    int64_t last_s = kernel_wall_ms(KERNEL_WORLD) / 1000;
    for (size_t i = 0; i < world->pay.trade_count; i++) {
        const struct trade *trade = &world->pay.trades[i];
        for (size_t k = 0; k < trade->refund_count; k++) {
            last_s = trade->refunds[k].wall_s > last_s ? trade->refunds[k].wall_s : last_s;
        }
    }
    return last_s;
}

/* The day of the last payment, whose bills come now; in days since 1970, in Beijing. */
static int64_t pass_night(const struct world *world)
{
    const int64_t day = (last_wall_s(world) + CIVIL_BEIJING_OFFSET_S) / DAY_S;
    const int64_t morning_s = (day + 1) * DAY_S + READY_S - CIVIL_BEIJING_OFFSET_S;
    const int64_t ahead_s = morning_s - kernel_wall_ms(KERNEL_WORLD) / 1000;
    const int64_t mono_ahead_ms = kernel_mono_ms(NODE_CLOUD) - kernel_now_ns() / KERNEL_MS;
    kernel_clock_set(NODE_CLOUD, ahead_s, mono_ahead_ms);
    kernel_trace("morning", "", day, ahead_s);
    return day;
}

/* ---- waiting for the bills ---- */

struct look {
    struct world *world;
    int64_t day;
    int64_t open; /* wallets whose bill of that day is not done */
    bool asked;
};

static enum err count_open(struct db *db, void *arg)
{
    struct look *look = arg;
    const struct civil civil = civil_beijing(look->day * DAY_S - CIVIL_BEIJING_OFFSET_S);
    char day[PAY_DAY_SIZE];
    str_format_cut(day, sizeof(day), "%04d-%02d-%02d", (int)civil.year, (int)civil.month,
                   (int)civil.day);
    struct sql *sql =
        sql_begin(db, "SELECT ?2 - count(*) FROM bill WHERE day = ?1 AND done_at IS NOT NULL");
    sql_bind_text(sql, 1, day);
    sql_bind_i64(sql, 2, PAY_WALLET_COUNT);
    enum err err = sql_one(sql);
    if (err == OK) {
        look->open = sql_i64(sql, 0);
        look->asked = true;
    }
    sql_end(sql);
    return err;
}

static void look_main(void *arg)
{
    struct look *look = arg;
    (void)!store_read(look->world->cloud.store, count_open, look);
}

static bool bills_are_done(struct world *world, int64_t day)
{
    struct look look = {.world = world, .day = day};
    (void)kernel_spawn(NODE_CLOUD, look_main, &look);
    kernel_run(kernel_now_ns() + KERNEL_MINUTE);
    return look.asked && look.open == 0;
}

bool morning_bills(struct world *world)
{
    const int64_t end_ns = kernel_now_ns() + HOURS_MAX * KERNEL_HOUR;
    bool done = false;
    const int64_t day = pass_night(world);
    world->weather.ppm[FAULT_BILL_LATE] = world->drawn.ppm[FAULT_BILL_LATE];
    while (!done && kernel_now_ns() < end_ns && world->failure[0] == '\0') {
        kernel_run(kernel_now_ns() + KERNEL_HOUR / 2);
        done = world->cloud.up && bills_are_done(world, day);
    }
    kernel_trace(done ? "bills done" : "bills not done", "", 0, 0);
    return done;
}

/* ---- what they must have told ---- */

struct finding {
    const struct trade *trade;
    const char *word;
    bool found;
};

static enum err find(struct db *db, void *arg)
{
    struct finding *finding = arg;
    struct sql *sql = sql_begin(db, "SELECT 1 FROM bill_finding WHERE channel = ?1 AND order_no ="
                                    " ?2 AND finding = ?3 LIMIT 1");
    sql_bind_text(sql, 1, pay_wallet_name(finding->trade->wallet));
    sql_bind_text(sql, 2, finding->trade->order_no);
    sql_bind_text(sql, 3, finding->word);
    enum err err = sql_one(sql);
    sql_end(sql);
    finding->found = err == OK;
    return err == ERR_NOT_FOUND ? OK : err;
}

bool morning_found(struct world *world, const struct trade *trade, const char *word)
{
    struct finding finding = {.trade = trade, .word = word};
    return store_read(world->cloud.store, find, &finding) == OK && finding.found;
}
