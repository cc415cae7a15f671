/* SPDX-License-Identifier: Apache-2.0 */
/* Phases of a history: storm, until the tenants are done; heal; drain; audit. */
#include "sim/world/world.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "common/must.h"
#include "common/str.h"
#include "sim/cards/card_wraps.h"
#include "sim/disk/memdisk.h"
#include "sim/world/buffered.h"
#include "sim/world/morning.h"
#include "sim/world/open_items.h"
#include "sim/world/restore.h"
#include "sim/world/wraps.h"

enum {
    LOOK_S = 300,         /* how often it is looked whether all is done */
    STORM_HOURS_MAX = 24, /* a bound, far above what the tenants need */
    DRAIN_HOURS_MAX = 12, /* in the shortened waits of cloud_timers() */
    TAIL_S = 400,         /* what a tenant may still do with a code in his hand */
    GONE_METER = 1,
    MONO_AHEAD_MS = 864000, /* machines were not switched on at one moment */
};

void world_fail(struct world *world, const char *format, ...)
{
    va_list values;
    if (world->failure[0] != '\0') {
        return;
    }
    va_start(values, format);
    str_vformat_cut(world->failure, sizeof(world->failure), format, values);
    va_end(values);
    kernel_trace("FAILURE", world->failure, 0, 0);
}

void world_count(struct world *world, enum fault fault)
{
    world->counts.faults[fault] += 1;
}

bool world_strikes(struct world *world, enum fault fault, enum dice_concern concern)
{
    const bool strikes = dice_chance(&world->dice[concern], world->weather.ppm[fault]);
    world->counts.faults[fault] += strikes ? 1 : 0;
    return strikes;
}

bool world_is_up(const struct world *world, int node)
{
    return node == KERNEL_WORLD || (node == NODE_CLOUD && world->cloud.up) ||
           (node == NODE_COLLECTOR && world->field.life != NULL);
}

/* ---- beginning ---- */

static void on_step(void *self, uint64_t step)
{
    struct world *world = self;
    if (world->config.on_step != NULL && !world->over) {
        world->config.on_step(world->config.self, step);
    }
    power_step(world);
    if (step == world->cut_cloud_at) {
        cloud_crash(&world->cloud, /* power= */ true);
    }
    if (step == world->cut_collector_at) {
        field_crash(&world->field, /* power= */ true);
    }
}

static void begin(struct world *world, const struct world_config *config)
{
    const struct kernel_config kernel = {.seed = config->seed,
                                         .preempt_ppm = world->weather.preempt_ppm,
                                         .on_step = on_step,
                                         .self = world};
    world->config = *config;
    world->counts = (struct counts){.orders = 0};
    world->failure[0] = '\0';
    world->over = false;
    world->broker_life = 0;
    world->cut_cloud_at = 0;
    world->cut_collector_at = 0;
    world->planned = (struct power_plan){.steps = 0};
    world->cuts = 0;
    world->at_block = false;
    world->copied_ns = 0;
    world->restored_ns = 0;
    memset(world->kiosks, 0, sizeof(world->kiosks));
    memset(world->link_down_until_ns, 0, sizeof(world->link_down_until_ns));
    memset(world->flows, 0, sizeof(world->flows));
    for (int i = 0; i < DICE_CONCERN_COUNT; i++) {
        world->dice[i] = dice_make(config->seed, (enum dice_concern)i);
    }
    kernel_begin(&kernel);
    world->cloud = (struct cloud){.world = world, .timers = cloud_timers()};
    world->cloud.rng = dice_port(&world->dice[DICE_NODES]);
    world->field = (struct field){.world = world, .meters = &world->meters};
    world->field.rng = dice_port(&world->dice[DICE_NODES]);
    gate_begin(world);
    world->gateway = (struct gateway){.world = world};
    world->http = (struct http_server){.world = world};
    world->pay = (struct pay){.world = world};
    world->carded = NULL;
    if (config->cards) {
        world->carded = calloc(1, sizeof(*world->carded));
        MUST(world->carded != NULL);
    }
    card_wraps_tell(world);
    wraps_tell(&world->pay);
}

void world_provision(struct world *world, const struct world_config *config)
{
    struct world_config first = *config;
    first.seed = 0; /* the same databases for every seed, or a history could not be repeated */
    first.on_step = NULL;
    memset(world, 0, sizeof(*world));
    memdisk_begin(first.seed);
    canary_plant(config->canary);
    for (int node = NODE_CLOUD; node <= NODE_COLLECTOR; node++) {
        memdisk_faults(node)->folder_is_a_lie = canary_is(CANARY_FOLDER_NOT_SYNCED);
    }
    for (int i = 0; i < KIOSKS_MAX; i++) {
        memdisk_faults(TERMINAL_NODE_FIRST + i)->sync_is_a_lie =
            canary_is(CANARY_REQUEST_NOT_SYNCED);
    }
    begin(world, &first);
    cloud_provision(&world->cloud, config->rooms, config->cards);
}

static void set_weather(struct world *world, const struct weather *weather)
{
    world->weather = *weather;
    for (int node = NODE_CLOUD; node <= NODE_COLLECTOR; node++) {
        struct disk_faults *faults = memdisk_faults(node);
        faults->sync_error_ppm = weather->ppm[FAULT_SYNC_ERROR];
        faults->stall_ppm = weather->ppm[FAULT_SYNC_STALLED];
        faults->sync_error_is_ok = canary_is(CANARY_SYNC_ERROR_IGNORED);
        faults->sync_is_a_lie = node == NODE_COLLECTOR && canary_is(CANARY_INTENT_NOT_SYNCED);
        faults->full = false;
        /* The collector's journal has one lock, which its two fibers would wait for in vain. */
        faults->sync_ns_max = node == NODE_CLOUD ? weather->sync_ns_max : 0;
    }
}

/* ---- the phases ---- */

struct look {
    struct world *world;
    bool last; /* who is not done now has somebody who sees to him */
    bool done;
    bool asked;
    struct open_items items;
};

static enum err count_open(struct db *db, void *arg)
{
    int64_t *count = arg;
    struct sql *sql =
        sql_begin(db, "SELECT (SELECT count(*) FROM pay_order WHERE state NOT IN ('DONE', 'CLOSED',"
                      " 'REFUNDED')) + (SELECT count(*) FROM review_item WHERE closed_at IS NULL)"
                      " + (SELECT count(*) FROM stray WHERE state NOT IN ('REFUNDED'))"
                      " + (SELECT count(*) FROM job WHERE kind IN ('pay', 'refund', 'deliver'))");
    enum err err = sql_one(sql);
    if (err == OK) {
        *count = sql_i64(sql, 0);
    }
    sql_end(sql);
    return err;
}

/* Value that waits for a card has an owner after a while, and waits on. */
static enum err count_open_cards(struct db *db, void *arg)
{
    int64_t *count = arg;
    struct sql *sql =
        sql_begin(db, "SELECT (SELECT count(*) FROM pay_order o WHERE state NOT IN ('DONE',"
                      " 'CLOSED', 'REFUNDED') AND NOT EXISTS (SELECT 1 FROM card_owed w WHERE"
                      " w.order_no = o.order_no AND w.closed_at IS NULL))"
                      " + (SELECT count(*) FROM review_item r WHERE closed_at IS NULL AND NOT"
                      " EXISTS (SELECT 1 FROM card_owed w WHERE w.order_no = r.document_no AND"
                      " w.closed_at IS NULL))"
                      " + (SELECT count(*) FROM stray WHERE state NOT IN ('REFUNDED'))"
                      " + (SELECT count(*) FROM job WHERE kind IN ('pay', 'refund', 'deliver'))");
    enum err err = sql_one(sql);
    if (err == OK) {
        *count = sql_i64(sql, 0);
    }
    sql_end(sql);
    return err;
}

static enum err look_at(struct db *db, void *arg)
{
    struct look *look = arg;
    int64_t count = 0;
    enum err err =
        look->world->carded != NULL ? count_open_cards(db, &count) : count_open(db, &count);
    look->done = err == OK && count == 0;
    return err == OK && look->last && !look->done ? open_items_load(db, &look->items) : err;
}

static void look_main(void *arg)
{
    struct look *look = arg;
    (void)!store_read(look->world->cloud.store, look_at, look);
    look->asked = true;
}

static bool is_drained(struct world *world, bool last)
{
    struct look look = {.world = world, .last = last};
    if (world->cloud.up) {
        (void)kernel_spawn(NODE_CLOUD, look_main, &look);
    }
    const int64_t until_ns = kernel_now_ns() + KERNEL_MINUTE;
    while (world->cloud.up && !look.asked && kernel_now_ns() < until_ns) {
        kernel_run(kernel_now_ns() + KERNEL_S);
    }
    if (last && look.items.failure[0] != '\0') {
        world_fail(world, "%s", look.items.failure);
    }
    return look.done && world->cloud.up; /* it may have lost its power behind the look */
}

static bool tenants_are_done(const struct world *world)
{
    if (world->carded != NULL) {
        return cards_are_done(world);
    }
    bool busy = world->wishes.count < world->config.topups;
    for (uint32_t i = 0; i < world->config.kiosks; i++) {
        busy = busy || world->kiosks[i].busy;
    }
    return !busy;
}

/* Until so many of the tenants have had their wish; all in one storm, or in several. */
static void storm(struct world *world, uint32_t topups)
{
    const int64_t end_ns = kernel_now_ns() + STORM_HOURS_MAX * KERNEL_HOUR;
    world->config.topups = topups;
    world->storm = true;
    storm_begin(world);
    for (uint32_t i = 0; i < world->config.kiosks && world->carded == NULL; i++) {
        if (world->kiosks[i].world == NULL) {
            kiosk_begin(&world->kiosks[i], world, i);
        } else {
            kiosk_resume(&world->kiosks[i]);
        }
    }
    while (!tenants_are_done(world) && kernel_now_ns() < end_ns && world->failure[0] == '\0') {
        kernel_run(kernel_now_ns() + KERNEL_MINUTE);
    }
    kernel_run(kernel_now_ns() + TAIL_S * KERNEL_S);
    world->storm = false;
}

static void heal(struct world *world)
{
    const struct weather calm = weather_calm(&world->weather);
    set_weather(world, &calm);
    memset(world->link_down_until_ns, 0, sizeof(world->link_down_until_ns));
    memset(world->meters.dead_until_ns, 0, sizeof(world->meters.dead_until_ns));
    if (world->weather.meter_gone && world->meters.count > 1) {
        world->meters.dead_until_ns[GONE_METER] = INT64_MAX;
    }
    world->pay.down_until_ns = 0;
    world->cut_cloud_at = 0;
    world->cut_collector_at = 0;
    kernel_trace("calm", "", (int64_t)world->wishes.count, (int64_t)world->pay.trade_count);
}

/* False: something is open still, which at the end of that time must be somebody's. */
static bool drain(struct world *world)
{
    const int64_t end_ns = kernel_now_ns() + DRAIN_HOURS_MAX * KERNEL_HOUR;
    bool drained = false;
    while (!drained && kernel_now_ns() < end_ns && world->failure[0] == '\0') {
        kernel_run(kernel_now_ns() + LOOK_S * KERNEL_S);
        drained = is_drained(world, /* last= */ kernel_now_ns() + KERNEL_MINUTE >= end_ns);
    }
    kernel_trace(drained ? "drained" : "not drained", "", 0, 0);
    return drained;
}

/* A storm, a backup, a storm that only the world remembers, and one after that. */
static void lose_a_storm(struct world *world, uint32_t topups)
{
    storm(world, topups / 3);
    heal(world);
    if (drain(world) && world->cloud.up) {
        restore_backup(world);
    }
    set_weather(world, &world->drawn);
    storm(world, topups / 3 * 2);
    heal(world);
    (void)drain(world);
    if (world->copied_ns > 0) {
        restore_run(world);
    }
    set_weather(world, &world->drawn);
    storm(world, topups);
}

bool world_live(struct world *world, const struct world_config *config)
{
    struct dice dice = dice_make(config->seed, DICE_WEATHER);
    struct weather drawn = weather_draw(&dice);
    if (config->cards) {
        struct dice apart = dice_make(config->seed, DICE_CARDS);
        weather_draw_cards(&apart, &drawn);
    }
    struct weather weather = config->calm ? weather_calm(&drawn) : drawn;
    memdisk_reseed(config->seed);
    for (int i = 0; i < FAULT_COUNT; i++) {
        weather.ppm[i] = (config->masked >> i & 1) != 0 ? 0 : weather.ppm[i];
    }
    canary_weather(config->canary, &weather);
    world->weather = weather;
    world->drawn = weather;
    begin(world, config);
    set_weather(world, &weather);
    kernel_clock_set(NODE_CLOUD, 0, MONO_AHEAD_MS);
    if (config->cards) {
        plastic_begin(config->seed);
        cloud_start(&world->cloud);
        cards_begin(world);
    } else {
        meters_begin(&world->meters, world, config->rooms);
        cloud_start(&world->cloud);
        field_start(&world->field);
    }
    operators_begin(world);
    if (!config->calm && !config->cards) {
        buffered_begin(world);
    }
    if (weather.restored && !config->calm) {
        lose_a_storm(world, config->topups);
    } else {
        storm(world, config->topups);
    }
    heal(world);
    (void)drain(world);
    if (config->cards) {
        cards_end(world);
        (void)drain(world);
    }
    if (world->failure[0] == '\0' && !morning_bills(world)) {
        world_fail(world, "I12: the bills are not worked off within a day");
    }
    (void)drain(world);
    world->over = true;
    if (world->failure[0] == '\0') {
        audit_world(world);
    }
    world->counts.steps = kernel_steps();
    return world->failure[0] == '\0';
}
