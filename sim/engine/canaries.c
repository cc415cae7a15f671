/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The proof that the audit sees: each planted bug must be found within its budget, by name, and by
 * the rule that is meant to see it. Most lose money, and some history shows it. Others lose none
 * and only make people wait or send money back that could have been credited: those break the bound
 * on what many histories may cost. What a bug does besides - another rule sees it, a program dies
 * of it - proves nothing of its rule: then the search goes on behind that history.
 */
#include <inttypes.h>

#include "common/str.h"
#include "sim/engine/engine.h"

struct catch
{
    const char *engine; /* what found it; NULL: nothing did */
    uint64_t topups;    /* lived until then, all histories together */
    uint64_t others;    /* histories that failed otherwise */
    char said[ENGINE_FAILURE_SIZE];
};

/* As many top-ups as the bound on many histories wants to be asked. */
enum { BATCH_TOPUPS = 4000 };

/* Histories of one batch; 0: none fits into the budget any more. */
static uint32_t seeds_for(const struct engine_options *options, uint64_t lived)
{
    const uint64_t left = options->budget > lived ? options->budget - lived : 0;
    return (uint32_t)((left < BATCH_TOPUPS ? left : BATCH_TOPUPS) / options->world.topups);
}

static void judge(const struct engine_options *options, const struct engine_total *batch,
                  const struct engine_total *all, struct catch *found)
{
    const enum canary canary = options->world.canary;
    const bool failed = batch->failures > 0;
    found->topups = all->counts.orders;
    if (found->topups > options->budget) {
        return; /* a history may have wanted more than it was asked for: too late */
    }
    if (failed && canary_is_seen(canary, batch->failure)) {
        found->engine = "random";
        str_format_cut(found->said, sizeof(found->said), "%s", batch->failure);
        return;
    }
    found->others += failed ? 1 : 0;
    if (canary_breaks_bound(canary) && !engine_quality_is_good(all)) {
        engine_quality_text(all, found->said, sizeof(found->said));
        found->engine = canary_is_seen(canary, found->said) ? "bounds" : NULL;
    }
}

/* Batches of histories until one of them fails as it should, or all together break the bound. */
static struct catch hunt(const struct engine_options *options)
{
    struct engine_options batch = *options;
    struct engine_total all = {.histories = 0};
    struct catch found = {.engine = NULL, .said = "nothing found"};
    batch.seeds = seeds_for(options, 0);
    while (found.engine == NULL && batch.seeds > 0) {
        struct engine_total total;
        (void)engine_run(&batch, &total);
        engine_add_total(&all, &total);
        judge(options, &total, &all, &found);
        if (found.engine == NULL && total.failures > 0) {
            str_format_cut(found.said, sizeof(found.said), "not by its rule: %s", total.failure);
        }
        batch.world.seed += total.histories;
        batch.seeds = seeds_for(options, found.topups);
    }
    return found;
}

static bool hunt_one(const struct engine_options *options, enum canary canary)
{
    static struct world world;
    struct engine_options one = *options;
    const int64_t begun_ms = engine_now_ms();
    one.world.canary = canary;
    one.world.topups = canary_topups(canary, options->world.topups);
    world_provision(&world, &one.world);
    const struct catch found = hunt(&one);
    (void)printf("%-6s %-22s %-6s %6" PRIu64 " top-ups %2" PRIu64 " other %4" PRId64 " s  %s: %s\n",
                 found.engine != NULL ? "caught" : "MISSED", canary_name(canary),
                 found.engine != NULL ? found.engine : "-", found.topups, found.others,
                 (engine_now_ms() - begun_ms) / 1000, canary_about(canary), found.said);
    (void)fflush(stdout);
    return found.engine != NULL;
}

bool engine_canaries(const struct engine_options *options)
{
    uint32_t caught = 0;
    uint32_t missed = 0;
    for (int i = CANARY_NONE + 1; i < CANARY_COUNT; i++) {
        const bool asked =
            canary_shows((enum canary)i, options->world.cards) &&
            (options->world.canary == CANARY_NONE || options->world.canary == (enum canary)i);
        if (asked && hunt_one(options, (enum canary)i)) {
            caught += 1;
        } else if (asked) {
            missed += 1;
        }
        const bool swept =
            engine_sweep_hunts((enum canary)i, options->world.cards) &&
            (options->world.canary == CANARY_NONE || options->world.canary == (enum canary)i);
        if (swept && engine_sweep_hunt(options, (enum canary)i)) {
            caught += 1;
        } else if (swept) {
            missed += 1;
        }
    }
    (void)printf("%u passed, %u failed\n", caught, missed);
    return caught > 0 && missed == 0;
}
