/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The enumerator: a world so small that everything in it can be tried. One tenant, one order, calm
 * weather; notify, answer to a query, result of the delivery, cancel and power cut reach the server
 * in each order that there is, for each kind of meter and with four distances between them.
 */
#include <inttypes.h>

#include "sim/engine/engine.h"

bool engine_enumerate(const struct engine_options *options)
{
    struct engine_options all = *options;
    struct engine_total total;
    const int64_t begun_ms = engine_now_ms();
    all.world.calm = true;
    all.world.topups = 1;
    all.world.kiosks = 1;
    all.world.rooms = GATE_KINDS;
    all.cases = (GATE_CASES + options->stride - 1) / options->stride;
    all.seeds = all.cases;
    const bool sound = engine_run(&all, &total);
    const struct counts *counts = &total.counts;
    (void)printf("enumerator: %" PRIu64 " of %d cases, %" PRIu64 " paid = credited %" PRIu64
                 " + refunded %" PRIu64 " + open %" PRIu64 ", %" PRId64 " s, hash %016" PRIx64 "\n",
                 total.histories, (int)GATE_CASES, counts->paid, counts->credited, counts->refunded,
                 counts->open, (engine_now_ms() - begun_ms) / 1000, total.hash);
    if (!sound) {
        struct world_config failed = all.world;
        failed.gate = (uint32_t)total.first_failed_seed;
        (void)printf("case %u failed: %s\n", failed.gate, total.failure);
        engine_print_replay(&failed);
    }
    (void)printf("%" PRIu64 " passed, %" PRIu64 " failed\n", total.histories - total.failures,
                 total.failures);
    return sound;
}
