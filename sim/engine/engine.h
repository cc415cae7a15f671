/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SHILLING_SIM_ENGINE_ENGINE_H
#define SHILLING_SIM_ENGINE_ENGINE_H

#include <stdio.h>

#include "sim/disk/memdisk.h"
#include "sim/world/world.h"

/*
 * Many histories: each in a child process of its own, because what dies in a history abandons its
 * memory, and because a failed MUST must not end the others. The parent has built the databases
 * that all of them begin with.
 */
enum { ENGINE_JOBS_MAX = 16 };

enum { ENGINE_FAILURE_SIZE = 512 };

/* The small, contended histories of the sweep. */
enum {
    SWEEP_TOPUPS = 3,
    SWEEP_ROOMS = 3,
    SWEEP_KIOSKS = 3,
    SWEEP_CARDS_TOPUPS = 6,
    SWEEP_CARDS_KIOSKS = 2,
};

struct engine_options {
    struct world_config world; /* of each history; the seed is the first one's */
    uint32_t seeds;            /* how many; 0: as many as fit into seconds */
    uint32_t seconds;
    uint32_t jobs;   /* processes at a time */
    uint32_t stride; /* sweep: one in so many places, drawn by ... */
    uint64_t draw;   /* ... this seed */
    uint64_t at;     /* sweep: only at this step; 0: at all of them */
    uint32_t victim; /* sweep: only this machine, of power.h, ... */
    bool has_victim; /* ... if there is one */
    uint32_t cases;  /* not 0: so many cases of the gate, every stride-th, in place of seeds */
    uint64_t budget; /* canaries: top-ups until one must be caught */
    bool stormy;     /* sweep: with the seed's weather, too */
    bool pairs;      /* sweep: and a second power cut some steps after the first */
};

/* What a child leaves behind, in shared memory. */
struct engine_result {
    bool ended; /* by itself, not by a signal */
    bool sound;
    uint64_t seed;
    uint64_t hash;
    uint32_t cuts; /* made by the sweep */
    struct counts counts;
    struct disk_counts disk;
    char failure[512];
};

/* One after the other, in the order of their seeds. */
struct engine_total {
    uint64_t histories;
    uint64_t failures;
    uint64_t first_failed_seed;
    uint64_t hash; /* of all hashes in order */
    struct counts counts;
    struct disk_counts disk;
    char failure[512]; /* the first one */
};

/** Run histories until one fails or all are done. False if one failed. */
bool engine_run(const struct engine_options *options, struct engine_total *ret_total);

/**
 * I16: of what was paid at most 6 % went back and at most 0.3 % is still open. The storm is rougher
 * than life, where 5 % and 0.2 % are the bounds; a few histories say nothing.
 */
bool engine_quality_is_good(const struct engine_total *total);

/**
 * I16 with healthy devices (engine_options.world.calm): at most 5 % back, 0.2 % open, and 99 % of
 * the credits within FAST_S seconds of their payment.
 */
bool engine_quality_is_healthy(const struct engine_total *total);

/** What was too much of it. */
void engine_quality_text(const struct engine_total *total, char *ret_text, size_t text_size);

/** Add what another run has come to. */
void engine_add_total(struct engine_total *sum, const struct engine_total *one);

/** What is wrong with a history that failed. */
const char *engine_said(const struct engine_result *result);
/** Both break the same rule: "I8: ..." and "I8: ...". What names none is taken without its numbers.
 */
bool engine_same_rule(const char *one, const char *other);

/** The smallest history that still breaks the rule that this one broke when it @p said so: fewer
 * top-ups, then fewer kinds of faults. */
void engine_shrink(const struct engine_options *options, const char *said,
                   struct world_config *config);

/** One history in this process, its last events on stdout if it fails. */
bool engine_replay(const struct engine_options *options);

/** A power cut at every step of a small history, of each machine that has power there. */
bool engine_sweep(const struct engine_options *options);
/** This planted bug must be found by power cuts alone, too. */
bool engine_sweep_hunts(enum canary canary, bool cards);
/** Look for it so, and print what came of it. True: caught within the budget. */
bool engine_sweep_hunt(const struct engine_options *options, enum canary canary);

/** All orders in which the messages of one order can come. */
bool engine_enumerate(const struct engine_options *options);

/** Every planted bug must be caught. */
bool engine_canaries(const struct engine_options *options);

void engine_print_total(const struct engine_options *options, const struct engine_total *total,
                        int64_t took_ms);
/** The line that repeats a history. */
void engine_print_replay(const struct world_config *config);
/** The end of such a line: " --mask ..." and " --canary ...", where there is one. */
void engine_print_plants(const struct world_config *config);

/** Milliseconds of the machine's own clock. */
int64_t engine_now_ms(void);

#endif
