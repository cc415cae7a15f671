/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The sweep: a small, contended history in calm weather, in which the crash is the only fault. The
 * history is lived once; at each step, or at those that are drawn, a child is split off for each
 * machine that has power: it dies there and then, and the child lives on to its own audit. So every
 * place is tried without living its past again. What has no power cannot lose it: that is no cut.
 */
#include "sim/engine/sweep.h"

#include <inttypes.h>
#include <string.h>

#include <sys/types.h>

#include "common/log.h"
#include "common/must.h"
#include "common/str.h"
#include "sim/engine/child.h"

enum { SECOND_STEPS_MAX = 400, PLACE_BITS = 32 };

/* Children under way. */
struct point {
    pid_t pid; /* 0: place free */
    uint64_t step;
    uint32_t machine;
};

struct sweep {
    const struct engine_options *options;
    const struct sweep_wish *wish;
    struct world world;
    struct engine_result *results; /* shared, one a place */
    struct sweep_total *total;     /* shared */
    struct point points[ENGINE_JOBS_MAX];
    struct engine_result *own_result; /* in a child; NULL in the one that splits them off */
};

/* ---- what came of the cuts ---- */

static uint32_t cuts_wanted(const struct engine_options *options)
{
    return options->pairs ? 2 : 1;
}

static bool has_failed(const struct engine_result *result)
{
    return !result->ended || !result->sound;
}

static void note_failure(struct sweep *sweep, const struct point *point, const char *said)
{
    struct sweep_total *total = sweep->total;
    if (sweep->wish != NULL && !engine_same_rule(said, sweep->wish->said)) {
        total->others += 1;
        return;
    }
    total->failures += 1;
    if (total->failures == 1) {
        total->failed_step = point->step;
        total->failed_machine = point->machine;
        str_format_cut(total->failure, sizeof(total->failure), "%s", said);
    }
}

static void add_result(struct sweep *sweep, const struct point *point,
                       const struct engine_result *result)
{
    struct sweep_total *total = sweep->total;
    total->paid += result->counts.paid;
    total->credited += result->counts.credited;
    total->refunded += result->counts.refunded;
    total->open += result->counts.open;
    total->topups += result->counts.orders;
    total->first[point->machine < POWER_TERMINAL ? point->machine : POWER_TERMINAL] += 1;
    if (has_failed(result)) {
        total->cuts += 1;
        note_failure(sweep, point, engine_said(result));
    } else if (result->cuts == cuts_wanted(sweep->options)) {
        total->cuts += 1;
    } else {
        total->alone += 1; /* the second one would have come behind the end */
    }
}

/* It is enough: who looks for one failure has it, or has no top-ups left. */
static bool is_over(const struct sweep *sweep)
{
    const struct sweep_total *total = sweep->total;
    return sweep->wish != NULL && (total->failures > 0 || total->topups >= sweep->wish->topups_max);
}

/* In the order in which they were begun, so that what is counted depends on no processor. */
static void collect(struct sweep *sweep, uint32_t place)
{
    const struct point point = sweep->points[place];
    child_end(point.pid);
    sweep->points[place].pid = 0;
    if (!is_over(sweep)) {
        add_result(sweep, &point, &sweep->results[place]);
    }
}

static bool is_before(const struct point *a, const struct point *b)
{
    return a->step != b->step ? a->step < b->step : a->machine < b->machine;
}

/* The child that was begun first; ENGINE_JOBS_MAX if there is none. */
static uint32_t oldest_point(const struct sweep *sweep)
{
    uint32_t oldest = ENGINE_JOBS_MAX;
    for (uint32_t i = 0; i < sweep->options->jobs; i++) {
        const struct point *point = &sweep->points[i];
        if (point->pid != 0 &&
            (oldest == ENGINE_JOBS_MAX || is_before(point, &sweep->points[oldest]))) {
            oldest = i;
        }
    }
    return oldest;
}

/* A place for a child: a free one, or that of the one which was begun first. */
static uint32_t place_for_child(struct sweep *sweep)
{
    for (uint32_t i = 0; i < sweep->options->jobs; i++) {
        if (sweep->points[i].pid == 0) {
            return i;
        }
    }
    const uint32_t oldest = oldest_point(sweep);
    collect(sweep, oldest);
    return oldest;
}

/* ---- the cuts ---- */

/* Some machine dies again, perhaps the same: in the middle of its start, or of what comes then. */
static void plan_second(struct world *world, uint64_t step, uint32_t machine)
{
    struct dice dice = dice_make(step * POWER_MACHINES + machine, DICE_CRASHES);
    uint32_t there[POWER_MACHINES];
    uint32_t count = 0;
    for (uint32_t i = 0; i < POWER_MACHINES; i++) {
        if (power_exists(&world->config, i)) {
            there[count++] = i;
        }
    }
    const uint32_t other = there[dice_below(&dice, count)];
    const uint64_t steps = 1 + dice_below(&dice, SECOND_STEPS_MAX);
    world->planned = (struct power_plan){.machine = other, .steps = steps};
}

/* In the child: the power of that machine goes, now. May not return: the caller may run on it. */
static void strike(struct sweep *sweep, uint64_t step, uint32_t machine)
{
    if (sweep->options->pairs) {
        plan_second(&sweep->world, step, machine);
    }
    power_cut(&sweep->world, machine);
}

static void split(struct sweep *sweep, uint64_t step, uint32_t machine)
{
    const uint32_t place = place_for_child(sweep);
    struct engine_result *result = &sweep->results[place];
    if (is_over(sweep)) {
        return;
    }
    memset(result, 0, sizeof(*result));
    result->seed = step;
    const pid_t pid = child_split();
    if (pid != 0) {
        sweep->points[place] = (struct point){.pid = pid, .step = step, .machine = machine};
        return;
    }
    sweep->own_result = result;
    strike(sweep, step, machine);
}

/* One in so many places, which ones the seed says. */
static bool is_drawn(const struct engine_options *options, uint64_t step, uint32_t machine)
{
    const uint64_t place = step * POWER_MACHINES + machine;
    struct dice dice = dice_make((options->draw << PLACE_BITS) + place, DICE_CRASHES);
    return dice_below(&dice, options->stride) == 0;
}

/* Few places are in the middle of a card, and much depends on them: all of those are tried. */
static bool is_in_card(const struct world *world, uint32_t machine)
{
    return world->at_block && world->at_machine == machine;
}

static bool is_asked_for(const struct engine_options *options, uint32_t machine)
{
    return !options->has_victim || options->victim == machine;
}

static void on_step(void *self, uint64_t step)
{
    struct sweep *sweep = self;
    const struct engine_options *options = sweep->options;
    for (uint32_t machine = 0; machine < POWER_MACHINES && sweep->own_result == NULL; machine++) {
        if (power_is_on(&sweep->world, machine) && is_asked_for(options, machine)) {
            sweep->total->places += 1;
            const bool taken =
                is_drawn(options, step, machine) || is_in_card(&sweep->world, machine);
            if (taken && !is_over(sweep)) {
                sweep->total->blocks += is_in_card(&sweep->world, machine) ? 1 : 0;
                split(sweep, step, machine);
            }
        }
    }
}

/* In a process of its own: the history, and those that are split off it. */
static _Noreturn void live(struct sweep *sweep)
{
    struct world_config config = sweep->options->world;
    config.calm = !sweep->options->stormy;
    config.swept = true;
    config.on_step = on_step;
    config.self = sweep;
    log_init("sim", (enum log_level)(LOG_LEVEL_ERROR + 1));
    bool sound = world_live(&sweep->world, &config);
    if (sweep->own_result != NULL) {
        child_finish(&sweep->world, sweep->own_result, sound);
    }
    for (uint32_t i = oldest_point(sweep); i < ENGINE_JOBS_MAX; i = oldest_point(sweep)) {
        collect(sweep, i);
    }
    if (!sound) {
        str_format_cut(sweep->total->uncut, sizeof(sweep->total->uncut), "%s",
                       sweep->world.failure);
    }
    sweep->total->ended = true;
    child_exit(sound);
}

void sweep_history(const struct engine_options *options, const struct sweep_wish *wish,
                   struct sweep_total *ret_total)
{
    static struct sweep sweep;
    memset(&sweep, 0, sizeof(sweep));
    sweep.options = options;
    sweep.wish = wish;
    sweep.results = child_memory(ENGINE_JOBS_MAX * sizeof(*sweep.results));
    sweep.total = child_memory(sizeof(*sweep.total));
    const pid_t pid = child_split();
    if (pid == 0) {
        live(&sweep);
    }
    child_end(pid);
    *ret_total = *sweep.total;
    child_memory_free(sweep.total, sizeof(*sweep.total));
    child_memory_free(sweep.results, ENGINE_JOBS_MAX * sizeof(*sweep.results));
}

/* ---- one cut ---- */

static void on_one_step(void *self, uint64_t step)
{
    struct sweep *sweep = self;
    const struct engine_options *options = sweep->options;
    if (step == options->at && power_is_on(&sweep->world, options->victim)) {
        strike(sweep, step, options->victim);
    }
}

struct engine_result sweep_one_cut(const struct engine_options *options, bool talkative)
{
    static struct sweep sweep;
    struct engine_result *result = child_memory(sizeof(*result));
    memset(&sweep, 0, sizeof(sweep));
    sweep.options = options;
    result->seed = options->at;
    const pid_t pid = child_split();
    if (pid == 0) {
        struct world_config config = options->world;
        config.calm = !options->stormy;
        config.swept = true;
        config.on_step = on_one_step;
        config.self = &sweep;
        bool sound = world_live(&sweep.world, &config);
        if (talkative) {
            kernel_trace_print();
            (void)fflush(stdout);
        }
        child_finish(&sweep.world, result, sound);
    }
    child_end(pid);
    const struct engine_result seen = *result;
    child_memory_free(result, sizeof(*result));
    return seen;
}
