/* SPDX-License-Identifier: Apache-2.0 */
/*
 * shilling-sim: the money path under a simulated sky. Without --seed it runs many histories and
 * stops at the first that loses a fen; with it, one, and shows its last events.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/log.h"
#include "common/must.h"
#include "common/parse.h"
#include "common/str.h"
#include "sim/engine/child.h"

enum {
    TOPUPS = 250, /* of one history, which has time for them and for its calm */
    ROOMS = 12,
    KIOSKS = 12,
    BUDGET = 10000,
    CANARY_TOPUPS = 100,
    CANARY_ROOMS = 6,
    CARDS_TOPUPS = SWEEP_CARDS_TOPUPS,
    CARDS_ROOMS = SWEEP_ROOMS,
    CARDS_KIOSKS = SWEEP_CARDS_KIOSKS,
    CARDS_CANARY_TOPUPS = 20,
};

enum mode { MODE_RUN, MODE_REPLAY, MODE_SWEEP, MODE_ENUMERATE, MODE_CANARIES };

static const char USAGE[] =
    "usage: shilling-sim [--seeds N | --seconds S] [--first SEED] [--jobs J]   many histories\n"
    "       shilling-sim --seed SEED            one history and its last events\n"
    "       shilling-sim --sweep [--stormy] [--pairs] [--stride N [--draw SEED]]   a power cut of\n"
    "               each machine at every step, or at one in N places that SEED draws\n"
    "       shilling-sim --sweep --at STEP [--victim cloud|collector|k1...]   only there\n"
    "       shilling-sim --enumerate [--stride N]   all orders of one order's messages\n"
    "       shilling-sim --canaries [--budget N]   every planted bug must be caught in N top-ups\n"
    "       shilling-sim --calm ...             many histories with healthy devices, tighter "
    "bounds\n"
    "       shilling-sim --cards ...            meters without a network, and cards\n"
    "each with [--topups N] [--rooms N] [--kiosks N] [--mask BITS] [--canary NAME]\n";

/* ---- children ---- */

void *child_memory(size_t size)
{
    void *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    MUST(memory != MAP_FAILED);
    return memory;
}

void child_memory_free(void *memory, size_t size)
{
    (void)munmap(memory, size);
}

void child_exit(bool sound)
{
    _exit(sound ? 0 : 1);
}

void child_finish(struct world *world, struct engine_result *ret_result, bool sound)
{
    ret_result->sound = sound;
    ret_result->hash = kernel_trace_hash();
    ret_result->cuts = world->cuts;
    ret_result->counts = world->counts;
    ret_result->counts.steps = kernel_steps();
    ret_result->disk = *memdisk_counts();
    str_format_cut(ret_result->failure, sizeof(ret_result->failure), "%s", world->failure);
    ret_result->ended = true;
    child_exit(sound);
}

pid_t child_split(void)
{
    (void)fflush(stdout);
    const pid_t pid = fork();
    MUST(pid >= 0);
    return pid;
}

pid_t child_begin(const struct world_config *config, struct engine_result *ret_result)
{
    static struct world world;
    const pid_t pid = child_split();
    if (pid == 0) {
        if (!config->talkative) {
            /* What a program has to complain about in a storm is no news. */
            log_init("sim", (enum log_level)(LOG_LEVEL_ERROR + 1));
        }
        bool sound = world_live(&world, config);
        if (config->talkative) {
            kernel_trace_print();
            (void)fflush(stdout);
        }
        child_finish(&world, ret_result, sound);
    }
    return pid;
}

void child_end(pid_t pid)
{
    int status = 0;
    const pid_t ended = waitpid(pid, &status, 0);
    MUST(ended == pid);
}

pid_t child_end_any(void)
{
    int status = 0;
    const pid_t ended = waitpid(-1, &status, 0);
    MUST(ended > 0);
    return ended;
}

/* ---- the command line ---- */

static bool read_number(const char *text, uint32_t *ret_number)
{
    return text != NULL && parse_u32(text, UINT32_MAX, ret_number);
}

static bool read_big(const char *text, uint64_t *ret_number)
{
    return text != NULL && parse_u64(text, UINT64_MAX, ret_number);
}

static bool read_world(const char *name, const char *value, struct world_config *world)
{
    if (str_equal(name, "--topups")) {
        return read_number(value, &world->topups) && world->topups > 0;
    }
    if (str_equal(name, "--rooms")) {
        return read_number(value, &world->rooms) && world->rooms > 0 && world->rooms <= METERS_MAX;
    }
    if (str_equal(name, "--kiosks")) {
        return read_number(value, &world->kiosks) && world->kiosks > 0 &&
               world->kiosks <= KIOSKS_MAX;
    }
    if (str_equal(name, "--gate")) {
        return read_number(value, &world->gate) && world->gate <= GATE_CASES;
    }
    if (str_equal(name, "--mask")) {
        return read_big(value, &world->masked);
    }
    return str_equal(name, "--canary") && value != NULL && canary_find(value, &world->canary);
}

static bool read_option(const char *name, const char *value, struct engine_options *options,
                        enum mode *mode)
{
    if (str_equal(name, "--seed")) {
        *mode = MODE_REPLAY;
        return read_big(value, &options->world.seed);
    }
    if (str_equal(name, "--first")) {
        return read_big(value, &options->world.seed);
    }
    if (str_equal(name, "--seeds")) {
        return read_number(value, &options->seeds) && options->seeds > 0;
    }
    if (str_equal(name, "--seconds")) {
        options->seeds = 0;
        return read_number(value, &options->seconds);
    }
    if (str_equal(name, "--jobs")) {
        return read_number(value, &options->jobs) && options->jobs > 0 &&
               options->jobs <= ENGINE_JOBS_MAX;
    }
    if (str_equal(name, "--stride")) {
        return read_number(value, &options->stride) && options->stride > 0;
    }
    if (str_equal(name, "--budget")) {
        return read_big(value, &options->budget) && options->budget > 0;
    }
    if (str_equal(name, "--at")) {
        return read_big(value, &options->at) && options->at > 0;
    }
    if (str_equal(name, "--draw")) {
        return read_big(value, &options->draw);
    }
    if (str_equal(name, "--victim")) {
        options->has_victim = value != NULL && power_find(value, &options->victim);
        return options->has_victim;
    }
    return read_world(name, value, &options->world);
}

static bool read_line(int argc, char **argv, struct engine_options *options, enum mode *mode)
{
    for (int i = 1; i < argc; i++) {
        if (str_equal(argv[i], "--sweep")) {
            *mode = MODE_SWEEP;
            options->world.topups = SWEEP_TOPUPS;
            options->world.rooms = SWEEP_ROOMS;
            options->world.kiosks = SWEEP_KIOSKS;
        } else if (str_equal(argv[i], "--stormy")) {
            options->stormy = true;
        } else if (str_equal(argv[i], "--pairs")) {
            options->pairs = true;
        } else if (str_equal(argv[i], "--enumerate")) {
            *mode = MODE_ENUMERATE;
            options->world.rooms = GATE_KINDS;
        } else if (str_equal(argv[i], "--calm")) {
            options->world.calm = true;
        } else if (str_equal(argv[i], "--cards")) {
            options->world.cards = true;
            options->world.topups = *mode == MODE_CANARIES ? CARDS_CANARY_TOPUPS : CARDS_TOPUPS;
            options->world.rooms = CARDS_ROOMS;
            options->world.kiosks = CARDS_KIOSKS;
        } else if (str_equal(argv[i], "--canaries")) {
            *mode = MODE_CANARIES;
            options->world.topups = CANARY_TOPUPS;
            options->world.rooms = CANARY_ROOMS;
            options->world.kiosks = CANARY_ROOMS;
        } else {
            const char *value = i + 1 < argc ? argv[i + 1] : NULL;
            if (!read_option(argv[i], value, options, mode)) {
                return false;
            }
            i += 1;
        }
    }
    return true;
}

/* ---- modes ---- */

/* The bounds are life's with a network; with cards, much waits for people. */
static bool is_good(const struct engine_options *options, const struct engine_total *total)
{
    if (options->world.cards) {
        return true;
    }
    return options->world.calm ? engine_quality_is_healthy(total) : engine_quality_is_good(total);
}

static bool run(const struct engine_options *options)
{
    struct engine_total total;
    const int64_t begun_ms = engine_now_ms();
    bool sound = engine_run(options, &total);
    engine_print_total(options, &total, engine_now_ms() - begun_ms);
    const bool good = is_good(options, &total);
    if (sound && good) {
        (void)printf("%" PRIu64 " passed, 0 failed\n", total.histories);
        return true;
    }
    if (sound) {
        (void)printf("I16: too much went back or is open, or came too late\n%" PRIu64
                     " passed, 1 failed\n",
                     total.histories);
        return false;
    }
    struct engine_options one = *options;
    one.world.seed = total.first_failed_seed;
    (void)printf("seed %" PRIu64 " failed: %s\n", total.first_failed_seed, total.failure);
    engine_print_replay(&one.world);
    engine_shrink(options, total.failure, &one.world);
    (void)printf("the smallest history found that breaks the same rule:\n");
    engine_print_replay(&one.world);
    (void)printf("%" PRIu64 " passed, %" PRIu64 " failed\n", total.histories - total.failures,
                 total.failures);
    return false;
}

int main(int argc, char **argv)
{
    static struct world world;
    enum mode mode = MODE_RUN;
    struct engine_options options = {
        .world = {.seed = 1, .topups = TOPUPS, .rooms = ROOMS, .kiosks = KIOSKS},
        .seeds = 20,
        .jobs = 1,
        .stride = 1,
        .budget = BUDGET,
    };
    if (!read_line(argc, argv, &options, &mode)) {
        (void)fputs(USAGE, stderr);
        return 2;
    }
    log_init("sim", LOG_LEVEL_ERROR);
    world_provision(&world, &options.world);
    switch (mode) {
    case MODE_REPLAY:
        return engine_replay(&options) ? 0 : 1;
    case MODE_SWEEP:
        log_init("sim", (enum log_level)(LOG_LEVEL_ERROR + 1));
        return engine_sweep(&options) ? 0 : 1;
    case MODE_ENUMERATE:
        log_init("sim", (enum log_level)(LOG_LEVEL_ERROR + 1));
        return engine_enumerate(&options) ? 0 : 1;
    case MODE_CANARIES:
        return engine_canaries(&options) ? 0 : 1;
    case MODE_RUN:
        break;
    }
    return run(&options) ? 0 : 1;
}
