/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The proof that the audit sees: each planted bug must be found within its budget, by name. Most
 * lose money, and some history shows it. Others lose none and only make people wait or send money
 * back that could have been credited: those break the bound on what many histories may cost.
 */
#include <inttypes.h>

#include "common/str.h"
#include "sim/engine/engine.h"

struct catch
{
    const char *engine; /* what found it; NULL: nothing did */
    uint64_t topups;
    char said[ENGINE_FAILURE_SIZE];
};

/* As many top-ups as the bound on many histories wants to be asked. */
enum { BATCH_TOPUPS = 4000 };

static uint32_t seeds_for(const struct engine_options *options, uint64_t topups)
{
    return (uint32_t)(topups / options->world.topups) + 1;
}

/* Batches of histories until one of them fails, or all together break the bound. */
static struct catch hunt(const struct engine_options *options)
{
    struct engine_options batch = *options;
    struct engine_total all = {.histories = 0};
    struct catch found = {.engine = NULL};
    batch.seeds = seeds_for(options, BATCH_TOPUPS);
    while (found.engine == NULL && found.topups < options->budget) {
        struct engine_total total;
        const bool sound = engine_run(&batch, &total);
        engine_add_total(&all, &total);
        found.topups = all.counts.orders;
        if (!sound) {
            found.engine = "random";
            str_format_cut(found.said, sizeof(found.said), "%s", total.failure);
        } else if (!options->world.cards && !engine_quality_is_good(&all)) {
            found.engine = "bounds";
            engine_quality_text(&all, found.said, sizeof(found.said));
        }
        batch.world.seed += batch.seeds;
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
    (void)printf("%-6s %-22s %-6s %6" PRIu64 " top-ups %4" PRId64 " s  %s: %s\n",
                 found.engine != NULL ? "caught" : "MISSED", canary_name(canary),
                 found.engine != NULL ? found.engine : "-", found.topups,
                 (engine_now_ms() - begun_ms) / 1000, canary_about(canary),
                 found.engine != NULL ? found.said : "nothing found");
    (void)fflush(stdout);
    return found.engine != NULL;
}

bool engine_canaries(const struct engine_options *options)
{
    uint32_t caught = 0;
    uint32_t missed = 0;
    for (int i = CANARY_NONE + 1; i < CANARY_COUNT; i++) {
        const bool fits = canary_is_of_cards((enum canary)i) == options->world.cards;
        const bool asked = fits && (options->world.canary == CANARY_NONE ||
                                    options->world.canary == (enum canary)i);
        if (asked && hunt_one(options, (enum canary)i)) {
            caught += 1;
        } else if (asked) {
            missed += 1;
        }
    }
    (void)printf("%u passed, %u failed\n", caught, missed);
    return missed == 0;
}
