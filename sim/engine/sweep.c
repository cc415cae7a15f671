/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The sweep: a small, contended history in calm weather, in which the crash is the only fault. The
 * history is lived once; at each step a child is split off in which one machine dies there and
 * then, and which lives on to its own audit. So every point is tried without living its past again.
 */
#include <inttypes.h>
#include <string.h>

#include <sys/types.h>

#include "common/must.h"
#include "common/str.h"
#include "sim/engine/child.h"

enum { SECOND_STEPS_MAX = 400 };

enum victim { VICTIM_CLOUD, VICTIM_COLLECTOR, VICTIM_COUNT };

struct point {
    pid_t pid; /* 0: place free */
    uint64_t step;
    enum victim victim;
};

struct sweep {
    const struct engine_options *options;
    struct world world;
    struct engine_result *results; /* shared, one a place */
    struct point points[ENGINE_JOBS_MAX];
    struct engine_total total;
    struct engine_result *own_result; /* in a child; NULL in the parent */
    uint64_t failed_step;
    enum victim failed_victim;
};

static const char *victim_name(enum victim victim)
{
    return victim == VICTIM_CLOUD ? "cloud" : "collector";
}

static void collect(struct sweep *sweep, uint32_t place)
{
    struct point *point = &sweep->points[place];
    const struct engine_result *result = &sweep->results[place];
    child_end(point->pid);
    point->pid = 0;
    sweep->total.histories += 1;
    sweep->total.counts.orders += result->counts.orders;
    sweep->total.counts.paid += result->counts.paid;
    sweep->total.counts.credited += result->counts.credited;
    sweep->total.counts.refunded += result->counts.refunded;
    sweep->total.counts.open += result->counts.open;
    if (result->ended && result->sound) {
        return;
    }
    sweep->total.failures += 1;
    if (sweep->total.failures == 1) {
        sweep->failed_step = point->step;
        sweep->failed_victim = point->victim;
        str_format_cut(sweep->total.failure, sizeof(sweep->total.failure), "%s",
                       result->ended ? result->failure : "the process was ended by a signal");
    }
}

/* A place for a child: a free one, or that of the one which was begun first. */
static uint32_t place_for_child(struct sweep *sweep)
{
    uint32_t oldest = 0;
    for (uint32_t i = 0; i < sweep->options->jobs; i++) {
        if (sweep->points[i].pid == 0) {
            return i;
        }
        if (sweep->points[i].step < sweep->points[oldest].step) {
            oldest = i;
        }
    }
    collect(sweep, oldest);
    return oldest;
}

/* One of the two machines dies again: in the middle of its start, or of what comes after it. */
static void plan_second(struct world *world, uint64_t step, enum victim victim)
{
    struct dice dice = dice_make(step * VICTIM_COUNT + (uint64_t)victim, DICE_CRASHES);
    const uint32_t other = dice_below(&dice, VICTIM_COUNT);
    const uint64_t at = step + 1 + dice_below(&dice, SECOND_STEPS_MAX);
    if (other == VICTIM_CLOUD) {
        world->cut_cloud_at = at;
    } else {
        world->cut_collector_at = at;
    }
}

/* In the child: the power of that machine goes, now. */
static void strike(struct sweep *sweep, uint64_t step, enum victim victim)
{
    struct world *world = &sweep->world;
    if (sweep->options->pairs) {
        plan_second(world, step, victim);
    }
    if (victim == VICTIM_CLOUD) {
        cloud_crash(&world->cloud, /* power= */ true);
    } else {
        field_crash(&world->field, /* power= */ true);
    }
}

static void split(struct sweep *sweep, uint64_t step, enum victim victim)
{
    const uint32_t place = place_for_child(sweep);
    struct engine_result *result = &sweep->results[place];
    memset(result, 0, sizeof(*result));
    result->seed = step;
    const pid_t pid = child_split();
    if (pid != 0) {
        sweep->points[place] = (struct point){.pid = pid, .step = step, .victim = victim};
        return;
    }
    sweep->own_result = result;
    strike(sweep, step, victim); /* may not return: the caller ran on that machine */
}

static void on_step(void *self, uint64_t step)
{
    struct sweep *sweep = self;
    const struct engine_options *options = sweep->options;
    const bool wanted = options->at > 0 ? step == options->at : step % options->stride == 0;
    for (int victim = 0; victim < VICTIM_COUNT && wanted && sweep->own_result == NULL; victim++) {
        split(sweep, step, (enum victim)victim);
    }
}

static void report(const struct sweep *sweep, int64_t took_ms)
{
    const struct engine_total *total = &sweep->total;
    (void)printf("sweep: %" PRIu64 " %s, %" PRIu64 " paid = credited %" PRIu64
                 " + refunded %" PRIu64 " + open %" PRIu64 ", %" PRId64 " s\n",
                 total->histories, sweep->options->pairs ? "pairs of power cuts" : "power cuts",
                 total->counts.paid, total->counts.credited, total->counts.refunded,
                 total->counts.open, took_ms / 1000);
    if (total->failures > 0) {
        (void)printf("step %" PRIu64 ", %s: %s\n", sweep->failed_step,
                     victim_name(sweep->failed_victim), total->failure);
        (void)printf("replay: shilling-sim --sweep%s%s%s --at %" PRIu64 " --topups %u --rooms %u"
                     " --kiosks %u --first %" PRIu64 "\n",
                     sweep->options->world.cards ? " --cards" : "",
                     sweep->options->stormy ? " --stormy" : "",
                     sweep->options->pairs ? " --pairs" : "", sweep->failed_step,
                     sweep->options->world.topups, sweep->options->world.rooms,
                     sweep->options->world.kiosks, sweep->options->world.seed);
    }
    (void)printf("%" PRIu64 " passed, %" PRIu64 " failed\n", total->histories - total->failures,
                 total->failures);
}

bool engine_sweep(const struct engine_options *options)
{
    static struct sweep sweep;
    const int64_t begun_ms = engine_now_ms();
    struct world_config config = options->world;
    sweep.options = options;
    sweep.results = child_memory(ENGINE_JOBS_MAX * sizeof(*sweep.results));
    config.calm = !options->stormy;
    config.on_step = on_step;
    config.self = &sweep;
    bool sound = world_live(&sweep.world, &config);
    if (sweep.own_result != NULL) {
        if (options->at > 0) {
            kernel_trace_print();
            (void)fflush(stdout);
        }
        child_finish(&sweep.world, sweep.own_result, sound);
    }
    for (uint32_t i = 0; i < options->jobs; i++) {
        if (sweep.points[i].pid != 0) {
            collect(&sweep, i);
        }
    }
    report(&sweep, engine_now_ms() - begun_ms);
    return sound && sweep.total.failures == 0;
}
