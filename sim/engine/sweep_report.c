/* SPDX-License-Identifier: Apache-2.0 */
/* What is said about a sweep, the smallest failure of one, and planted bugs that it must find. */
#include <inttypes.h>

#include "common/must.h"
#include "common/str.h"
#include "sim/engine/sweep.h"

/* ---- a failure ---- */

static void print_line(const struct engine_options *options)
{
    const struct world_config *world = &options->world;
    char name[POWER_NAME_SIZE];
    power_name(options->victim, name);
    (void)printf("replay: shilling-sim --sweep%s%s%s --first %" PRIu64 " --at %" PRIu64
                 " --victim %s --topups %u --rooms %u --kiosks %u",
                 world->cards ? " --cards" : "", options->stormy ? " --stormy" : "",
                 options->pairs ? " --pairs" : "", world->seed, options->at, name, world->topups,
                 world->rooms, world->kiosks);
    engine_print_plants(world);
    (void)printf("\n");
}

static bool still_fails(const struct engine_options *options, const char *said)
{
    const struct engine_result result = sweep_one_cut(options, /* talkative= */ false);
    const bool failed = !result.ended || (result.cuts > 0 && !result.sound);
    return failed && engine_same_rule(engine_said(&result), said);
}

/* One cut in place of two, fewer top-ups, fewer kinds of faults: while it breaks the same rule. */
static void shrink(struct engine_options *options, const char *said)
{
    struct engine_options tried = *options;
    tried.pairs = false;
    if (options->pairs && still_fails(&tried, said)) {
        *options = tried;
    }
    for (uint32_t topups = 1; topups < options->world.topups; topups++) {
        tried = *options;
        tried.world.topups = topups;
        if (still_fails(&tried, said)) {
            *options = tried;
        }
    }
    for (int i = 0; i < FAULT_COUNT && options->stormy; i++) {
        tried = *options;
        tried.world.masked |= UINT64_C(1) << i;
        if (still_fails(&tried, said)) {
            *options = tried;
        }
    }
}

static void print_failure(const struct engine_options *options, const struct sweep_total *total)
{
    struct engine_options one = *options;
    char name[POWER_NAME_SIZE];
    one.at = total->failed_step;
    one.victim = total->failed_machine;
    power_name(one.victim, name);
    (void)printf("step %" PRIu64 ", %s: %s\n", one.at, name, total->failure);
    print_line(&one);
    shrink(&one, total->failure);
    (void)printf("the smallest history found that breaks the same rule:\n");
    print_line(&one);
}

/* ---- a whole sweep ---- */

static void print_total(const struct engine_options *options, const struct sweep_total *total,
                        int64_t took_ms)
{
    (void)printf("sweep: %" PRIu64 " %s at %" PRIu64 " places, %" PRIu64 " paid = credited %" PRIu64
                 " + refunded %" PRIu64 " + open %" PRIu64 ", %" PRId64 " s\n",
                 total->cuts, options->pairs ? "pairs of power cuts" : "power cuts", total->places,
                 total->paid, total->credited, total->refunded, total->open, took_ms / 1000);
    (void)printf("first cut: server %" PRIu64 ", collector %" PRIu64 ", terminals %" PRIu64,
                 total->first[POWER_CLOUD], total->first[POWER_COLLECTOR],
                 total->first[POWER_TERMINAL]);
    if (options->world.cards) {
        (void)printf(", of them before a block of a card %" PRIu64, total->blocks);
    }
    if (options->pairs) {
        (void)printf("; %" PRIu64 " without a second one do not count", total->alone);
    }
    (void)printf("\n");
}

/* Each kind of machine that there is has been cut; or else the share that was drawn is too small.
 */
static bool is_whole(const struct engine_options *options, const struct sweep_total *total)
{
    const bool in_cards = options->world.cards && !options->has_victim;
    bool whole = total->cuts > 0 && (!in_cards || total->blocks > 0);
    for (uint32_t machine = POWER_CLOUD; machine <= POWER_TERMINAL; machine++) {
        const bool wanted = power_exists(&options->world, machine) && !options->has_victim;
        whole = whole && (!wanted || total->first[machine] > 0);
    }
    return whole;
}

static bool sweep_whole(const struct engine_options *options)
{
    struct sweep_total total;
    const int64_t begun_ms = engine_now_ms();
    sweep_history(options, /* wish= */ NULL, &total);
    print_total(options, &total, engine_now_ms() - begun_ms);
    uint64_t failures = total.failures;
    if (total.failures > 0) {
        print_failure(options, &total);
    }
    if (!total.ended || total.uncut[0] != '\0') {
        (void)printf("without a cut: %s\n",
                     total.ended ? total.uncut : "the process was ended by a signal");
        failures += 1;
    } else if (!is_whole(options, &total)) {
        (void)printf("some kind of machine has lost its power nowhere\n");
        failures += 1;
    }
    (void)printf("%" PRIu64 " passed, %" PRIu64 " failed\n", total.cuts - total.failures, failures);
    return failures == 0;
}

/* ---- one step ---- */

static bool replay_one(const struct engine_options *options, uint32_t machine)
{
    struct engine_options one = *options;
    char name[POWER_NAME_SIZE];
    one.victim = machine;
    power_name(machine, name);
    const struct engine_result result = sweep_one_cut(&one, /* talkative= */ true);
    const bool sound = result.ended && result.sound && result.cuts > 0;
    (void)printf("step %" PRIu64 ", %s: %s, %u power cuts, hash %016" PRIx64 ", %" PRIu64
                 " orders, %" PRIu64 " paid, %" PRIu64 " credited, %" PRIu64 " refunded, %" PRIu64
                 " open\n",
                 one.at, name,
                 !result.ended || !result.sound ? engine_said(&result)
                 : sound                        ? "sound"
                                                : "it has no power there",
                 result.cuts, result.hash, result.counts.orders, result.counts.paid,
                 result.counts.credited, result.counts.refunded, result.counts.open);
    return sound;
}

static bool replay(const struct engine_options *options)
{
    uint32_t passed = 0;
    uint32_t failed = 0;
    for (uint32_t machine = 0; machine < POWER_MACHINES; machine++) {
        const bool asked = options->has_victim ? machine == options->victim
                                               : power_exists(&options->world, machine);
        if (asked && replay_one(options, machine)) {
            passed += 1;
        } else if (asked) {
            failed += 1;
        }
    }
    (void)printf("%u passed, %u failed\n", passed, failed);
    return passed > 0 && failed == 0;
}

bool engine_sweep(const struct engine_options *options)
{
    return options->at > 0 ? replay(options) : sweep_whole(options);
}

/* ---- planted bugs ---- */

/* Those that show in calm weather only where the power is cut, and the rule that must see them. */
struct plant {
    enum canary canary;
    bool cards;
    const char *said;
};

enum { HUNT_STRIDE = 31 };

static const struct plant PLANTS[] = {
    {CANARY_FOLDER_NOT_SYNCED, false, "I8:"},
    {CANARY_REQUEST_NOT_SYNCED, false, "I8:"},
    {CANARY_CARD_INTENT_NOT_SYNCED, true, "I8:"},
    {CANARY_CARD_SINGLE_SLOT, true, "I7:"},
};

static const struct plant *plant_of(enum canary canary, bool cards)
{
    for (size_t i = 0; i < ARRAY_COUNT(PLANTS); i++) {
        if (PLANTS[i].canary == canary && PLANTS[i].cards == cards) {
            return &PLANTS[i];
        }
    }
    return NULL;
}

bool engine_sweep_hunts(enum canary canary, bool cards)
{
    return plant_of(canary, cards) != NULL;
}

bool engine_sweep_hunt(const struct engine_options *options, enum canary canary)
{
    static struct world world;
    const struct plant *plant = plant_of(canary, options->world.cards);
    MUST(plant != NULL);
    const struct sweep_wish wish = {.said = plant->said, .topups_max = options->budget};
    struct engine_options one = *options;
    struct sweep_total total;
    const int64_t begun_ms = engine_now_ms();
    one.world.canary = canary;
    one.world.topups = options->world.cards ? SWEEP_CARDS_TOPUPS : SWEEP_TOPUPS;
    one.world.rooms = SWEEP_ROOMS;
    one.world.kiosks = options->world.cards ? SWEEP_CARDS_KIOSKS : SWEEP_KIOSKS;
    one.stride = HUNT_STRIDE;
    world_provision(&world, &one.world);
    sweep_history(&one, &wish, &total);
    const bool caught =
        total.failures > 0 && total.topups <= options->budget && total.uncut[0] == '\0';
    (void)printf("%-6s %-22s %-6s %6" PRIu64 " top-ups %4" PRId64 " s  %s: %s\n",
                 caught ? "caught" : "MISSED", canary_name(canary), "sweep", total.topups,
                 (engine_now_ms() - begun_ms) / 1000, canary_about(canary),
                 caught ? total.failure : "nothing found");
    (void)fflush(stdout);
    return caught;
}
