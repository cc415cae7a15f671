/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SHILLING_SIM_ENGINE_SWEEP_H
#define SHILLING_SIM_ENGINE_SWEEP_H

#include "sim/engine/engine.h"

/* Who looks for one failure only: the sweep ends with the first that has the same rule. */
struct sweep_wish {
    const char *said;    /* "I8: ...": others are counted apart */
    uint64_t topups_max; /* and after so many top-ups without it */
};

/* What a sweep has come to. */
struct sweep_total {
    bool ended;      /* the history that was split, and all of them were waited for */
    uint64_t places; /* at each step, each machine with power */
    uint64_t cuts;   /* histories with the cut, or both, in them */
    uint64_t alone;  /* pairs whose second cut did not come any more: they prove nothing */
    uint64_t first[POWER_TERMINAL + 1]; /* of the server, of the collector, of terminals */
    uint64_t blocks;                    /* cuts before a block of a card: all there are */
    uint64_t topups;
    uint64_t paid;
    uint64_t credited;
    uint64_t refunded;
    uint64_t open;
    uint64_t failures;
    uint64_t others; /* failures by another rule than the one that is looked for */
    uint64_t failed_step;
    uint32_t failed_machine;
    char failure[ENGINE_FAILURE_SIZE];
    char uncut[ENGINE_FAILURE_SIZE]; /* what is wrong with the history without any cut */
};

/** Cut the power at one in options.stride of all places. @param wish NULL: everything counts */
void sweep_history(const struct engine_options *options, const struct sweep_wish *wish,
                   struct sweep_total *ret_total);

/** Only the cut of options.victim at step options.at; result.cuts is 0 if it had no power then. */
struct engine_result sweep_one_cut(const struct engine_options *options, bool talkative);

#endif
