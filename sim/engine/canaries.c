/* SPDX-License-Identifier: Apache-2.0 */
/* The proof that the audit sees: each planted bug must be found within its budget, by name. */
#include <inttypes.h>

#include "sim/engine/engine.h"

static bool hunt(const struct engine_options *options, enum canary canary)
{
    static struct world world;
    struct engine_options one = *options;
    struct engine_total total;
    const int64_t begun_ms = engine_now_ms();
    one.world.canary = canary;
    one.seeds = (uint32_t)(options->budget / options->world.topups) + 1;
    world_provision(&world, &one.world);
    const bool caught = !engine_run(&one, &total);
    (void)printf("%-6s %-21s %6" PRIu64 " top-ups %4" PRId64 " s  %s: %s\n",
                 caught ? "caught" : "MISSED", canary_name(canary), total.counts.orders,
                 (engine_now_ms() - begun_ms) / 1000, canary_about(canary),
                 caught ? total.failure : "nothing found");
    (void)fflush(stdout);
    return caught;
}

bool engine_canaries(const struct engine_options *options)
{
    uint32_t caught = 0;
    uint32_t missed = 0;
    for (int i = CANARY_NONE + 1; i < CANARY_COUNT; i++) {
        const bool asked =
            options->world.canary == CANARY_NONE || options->world.canary == (enum canary)i;
        if (asked && hunt(options, (enum canary)i)) {
            caught += 1;
        } else if (asked) {
            missed += 1;
        }
    }
    (void)printf("%u passed, %u failed\n", caught, missed);
    return missed == 0;
}
